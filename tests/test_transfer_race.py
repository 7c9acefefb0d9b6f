"""Transfers under contention: two steps at once, one registry for both sides, PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import postgres_server
import transfer_world as w
from elicense.errors import Error
from elicense.registry import changes, database, transfer_post, transfers
from test_transfer import At, at, base  # noqa: F401 - fixtures
from transfer_world import NOW, OLD, World


def at_once(*work: Callable[[], object]) -> list[str]:
    """Each in a thread of its own, begun together: the code each was refused with, or ``ok``."""
    gate, told = threading.Barrier(len(work)), [""] * len(work)

    def run(number: int) -> None:
        gate.wait()
        try:
            work[number]()
            told[number] = "ok"
        except Error as exc:
            told[number] = exc.code

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Two registries with nothing in them but a licence of Tianjin."""
    if request.param == "sqlite":
        world = World(w.office(tmp_path, "tianjin"), w.office(tmp_path, "shandong"))
        w.enter(world.old)
        yield world
        world.close()
        return
    why = postgres_server.missing()
    if why:
        pytest.skip(why)
    with postgres_server.running() as url:
        engine = create_engine(database._dialect(url), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE other"))
        engine.dispose()
        sides = []
        for region, address in (("tianjin", url), ("shandong", url[: -len("test")] + "other")):
            registry = database.create(address, name=region)
            with registry.change() as connection:
                changes.open_list(connection, f"https://status.{region}.example/1", size=1000,
                                  actor="x", now=NOW)  # fmt: skip
            sides.append(w.Office(registry, w.OFFICES[region][0], w.trust(),
                                  w.key(f"status/{region}-sm2")))  # fmt: skip
        world = World(sides[0], sides[1])
        w.enter(world.old)
        yield world
        world.close()


def test_the_whole_way(fresh: World) -> None:
    id = fresh.request(w.record(fresh.old, OLD)).id
    fresh.settle()
    new = fresh.issue(id).successor
    fresh.settle()
    assert w.in_force(fresh) == [new]
    assert (fresh.of_old(id).state, fresh.of_new(id).state) == ("completed", "completed")


def test_requested_twice_at_once(fresh: World) -> None:
    record = w.record(fresh.old, OLD)
    told = at_once(*[lambda: fresh.request(record)] * 4)
    assert sorted(told) == ["ok", *["transfer.under-way"] * 3]
    with fresh.old.registry.look() as connection:
        assert len(transfers.of_licence(connection, OLD, "out")) == 1


def test_cancelled_at_the_moment_it_is_issued(fresh: World) -> None:
    id = fresh.request(w.record(fresh.old, OLD)).id
    fresh.settle()
    fresh.issue(id)
    with fresh.new.registry.look() as connection:
        issued = transfers.text_of(connection, fresh.of_new(id), "issued")
    assert issued is not None
    told = at_once(
        lambda: transfer_post.receive(fresh.old, issued, now=NOW), lambda: fresh.cancel(id),
        lambda: transfer_post.receive(fresh.old, issued, now=NOW),
    )  # fmt: skip
    assert told[0] == told[2] == "ok" and told[1] in {"ok", "transfer.order"}
    fresh.settle()
    ends = (fresh.of_old(id).state, fresh.of_new(id).state)
    wanted = "cancelled" if told[1] == "ok" else "completed"
    assert ends == (wanted, wanted)
    assert w.in_force(fresh) == ([OLD] if wanted == "cancelled" else [w.NEW])


def test_issued_and_refused_at_once(fresh: World) -> None:
    id = fresh.request(w.record(fresh.old, OLD)).id
    fresh.settle()
    told = at_once(lambda: fresh.issue(id), lambda: fresh.refuse(id))
    assert sorted(told) in (["ok", "transfer.order"], ["ok", "transfer.erased"])
    fresh.settle()
    assert w.in_force(fresh) == ([w.NEW] if told[0] == "ok" else [OLD])


def test_offered_twice_at_once(at: At) -> None:  # noqa: F811
    world = at("offered")
    offer = w.said(world, "offer")
    other = w.forged(offer, id="a" * 32)
    told = at_once(*(
        lambda raw=raw: transfer_post.receive(world.new, raw, now=NOW)  # type: ignore[misc]
        for raw in (offer, other, offer, other)
    ))  # fmt: skip
    first = told[0] == "ok"
    assert told == (["ok", "transfer.under-way"] * 2 if first else ["transfer.under-way", "ok"] * 2)


def test_both_authorities_in_one_registry(fresh: World) -> None:
    world = World(fresh.old, replace(fresh.new, registry=fresh.old.registry))
    id = world.request(w.record(world.old, OLD)).id
    world.settle()
    new = world.issue(id).successor
    world.settle()
    assert (world.of_old(id).state, world.of_new(id).state) == ("completed", "completed")
    assert set(w.in_force(world)) == {new}
