"""Addresses for download, receipts and sessions in both databases, and under a race."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text

import postgres_server
from elicense import licence as licences
from elicense.crypto.ses import CHINA
from elicense.errors import Error, UsageError
from elicense.identifiers import format_identifier
from elicense.licence import Validity
from elicense.registry import (
    changes,
    credentials,
    database,
    downloads,
    handover,
    records,
    schema,
    sessions,
)
from elicense.registry.database import Registry
from elicense.registry.records import Record
from registry_world import CLERK, NOW, URI, made
from registry_world import enter as licence_entered
from test_dialect_a import TYPE, World, identifier, world  # noqa: F401 - a fixture
from test_handover import after, enter, first

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    why = postgres_server.missing()
    if why:
        pytest.skip(why)
    with postgres_server.running(durable=False) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'registry.db'}"
    else:
        url = request.getfixturevalue("postgres")
        engine = create_engine(database._dialect(url))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        engine.dispose()
    opened = database.create(url, name="tianjin-msa")
    with opened.change() as connection:
        changes.open_list(connection, URI, size=1000, actor=CLERK, now=NOW)
        credentials.create(connection, "window-1", name="w", scopes=["file"], actor=CLERK, now=NOW)
    yield opened
    opened.close()


def count(registry: Registry, table: Any) -> int:
    with registry.look() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def at_once(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
    """What each of several that begin together got: a value, or the error."""
    gate = threading.Barrier(threads)

    def one(number: int) -> Any:
        gate.wait(20)
        try:
            return work(number)
        except Error as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


# -- addresses for download -----------------------------------------------------------------


def address(registry: Registry, record: Record, *, caller: str = "window-1") -> str:
    with registry.change() as connection:
        return downloads.create(connection, record, caller=caller, purpose="核对", now=NOW,
                                until=NOW + 600 * SECOND)  # fmt: skip


def take(registry: Registry, token: str, *, now: datetime = NOW) -> downloads.Download | None:
    with registry.change() as connection:
        return downloads.take(connection, token, now=now)


def test_an_address_is_good_until_its_end_and_not_a_moment_longer(registry: Registry) -> None:
    record = licence_entered(registry)
    last = timedelta(microseconds=1)
    good = take(registry, address(registry, record), now=NOW + 600 * SECOND - last)
    assert good == downloads.Download(record.identifier, "window-1", "核对")
    for now in (NOW + 600 * SECOND, NOW + 601 * SECOND):
        token = address(registry, record)
        assert take(registry, token, now=now) is None
        assert take(registry, token) is None, "and is then used up"


def test_an_address_ends_with_the_credential_it_was_made_for(registry: Registry) -> None:
    record = licence_entered(registry)
    token, stranger = address(registry, record), address(registry, record, caller="nobody")
    with registry.change() as connection:
        credentials.revoke(connection, "window-1", actor=CLERK, now=NOW)
    assert take(registry, token) is None and take(registry, stranger) is None


def test_of_many_that_ask_at_once_one_gets_the_file(registry: Registry) -> None:
    token = address(registry, licence_entered(registry))
    found = at_once(lambda _: take(registry, token))
    assert [item is None for item in found].count(False) == 1
    assert not any(isinstance(item, Error) for item in found)
    assert count(registry, schema.downloads) == 0


def test_what_has_run_out_is_cleared_away(registry: Registry) -> None:
    record = licence_entered(registry)
    address(registry, record)
    with registry.change() as connection:
        late = NOW + 3600 * SECOND
        downloads.create(connection, record, caller="window-1", purpose="", now=late,
                         until=late + SECOND)  # fmt: skip
    assert count(registry, schema.downloads) == 1


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "字" * 300])
def test_a_made_up_address_is_unknown(registry: Registry, token: str) -> None:
    assert take(registry, token) is None


def path_of(world: World, until: str = "") -> str:  # noqa: F811
    asked = {"certIdentifier": identifier("good"), "useCause": "x"}
    status, data = world.ask("downloadUrl", asked | ({"expiryTime": until} if until else {}))
    assert status == 0
    return str(data["url"].removeprefix("http://127.0.0.1:8000"))


def test_an_address_that_ran_out_answers_no_more(world: World) -> None:  # noqa: F811
    soon = datetime.now(CHINA) + 2 * SECOND
    path = path_of(world, soon.strftime("%Y%m%d%H%M%S"))
    time.sleep(2.1)
    answer = world.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "download.address")


def test_of_many_requests_at_once_one_is_served(world: World) -> None:  # noqa: F811
    path = path_of(world)
    codes = at_once(lambda _: world.client.get(path).status_code)
    assert sorted(codes) == [200] + [404] * 7
    found = [entry for entry in world.log() if entry.operation == "dialect-a-download"]
    assert len([entry for entry in found if entry.purpose == "x"]) >= 1


# -- receipts -------------------------------------------------------------------------------


def test_a_matter_goes_its_way_in_either_database(registry: Registry) -> None:
    begun = first()
    enter(registry, begun)
    last = begun
    for state, region in (("received", "tianjin"), ("accepted", "tianjin"),
                          ("decided", "tianjin"), ("delivered", "tianjin")):  # fmt: skip
        last = after(last, state, region)
        assert enter(registry, last).state == state
    with registry.look() as connection:
        known = handover.find(connection, begun.id)
        assert known is not None and known.receipts[0].raw == begun.raw
        assert len(known.receipts) == 5
        assert handover.unfinished(connection, before=last.time + SECOND) == ()


def test_of_receipts_for_one_place_one_is_kept(registry: Registry) -> None:
    begun = first()
    enter(registry, begun)
    rivals = [after(begun, "received", "tianjin", note=f"no. {n}") for n in range(4)]
    found = at_once(lambda n: enter(registry, rivals[n % 4]))
    kept = {item.receipts[-1].digest for item in found if not isinstance(item, Error)}
    assert len(kept) == 1, "whoever came first, and the same again"
    assert all(item.code.startswith("handover.") for item in found if isinstance(item, Error))
    assert count(registry, schema.receipts) == 2


def test_a_first_receipt_that_comes_twice_at_once_makes_one_matter(registry: Registry) -> None:
    begun = first()
    found = at_once(lambda _: enter(registry, begun))
    assert [item for item in found if isinstance(item, Error)] == []
    assert count(registry, schema.handovers) == count(registry, schema.receipts) == 1


# -- sessions -------------------------------------------------------------------------------


def begin(registry: Registry, login: bytes = b"1" * 32, *, now: datetime = NOW) -> str:
    with registry.change() as connection:
        return sessions.create(connection, login=login, subject="u-7", name="王样例", now=now,
                               scopes=["query"], until=now + 600 * SECOND)  # fmt: skip


def find(registry: Registry, secret: str, now: datetime = NOW) -> sessions.Session | None:
    with registry.look() as connection:
        return sessions.find(connection, secret, now=now)


def test_a_session_lasts_until_its_end_or_log_out(registry: Registry) -> None:
    secret = begin(registry)
    found = find(registry, secret)
    assert found is not None
    assert (found.subject, found.name, found.scopes) == ("u-7", "王样例", {"query"})
    assert found.caller(9).access_id == "staff:u-7" and found.caller(9).per_minute == 9
    assert find(registry, secret, NOW + 599 * SECOND) is not None
    assert find(registry, secret, NOW + 600 * SECOND) is None
    assert find(registry, secret + "x") is None and find(registry, "\ud800") is None
    with registry.change() as connection:
        assert sessions.end(connection, secret, now=NOW)
        assert not sessions.end(connection, secret, now=NOW)
    assert find(registry, secret) is None


def test_one_log_in_makes_one_session_however_many_ask(registry: Registry) -> None:
    found = at_once(lambda _: begin(registry))
    assert [type(item) for item in found].count(str) == 1
    refused = [item for item in found if not isinstance(item, str)]
    assert {(type(item), item.code) for item in refused} == {(UsageError, "staff.replay")}
    begin(registry, b"2" * 32, now=NOW + timedelta(days=3))
    assert count(registry, schema.sessions) == 1, "what ended long ago is cleared away"


# -- licences of one holder -----------------------------------------------------------------


def test_other_licences_of_a_holder_hide_none(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_FOUND", 3)
    wanted = licence_entered(registry, 1, code="H")
    for serial in range(2, 8):  # newer ones, of another type
        licence = made(registry, serial, code="H")
        other = format_identifier(type="11100000000019713D993", issuer=licence.issuer.code,
                                  serial=f"2026{serial:06}", version=1)  # fmt: skip
        licence = replace(licence, type="msa-smc", identifier=other, validity=Validity(
            date(2026, 1, 1), date(2026, 1, 1), date(2030, 12, 31)))  # fmt: skip
        with registry.change() as connection:
            changes.add(connection, licences.dump(licence), {"ofd": b"x"}, actor=CLERK, now=NOW)
    with registry.look() as connection:
        assert wanted not in records.by_holder(connection, "H")
        assert records.by_holder(connection, "H", type_code=TYPE) == (wanted,)
        assert records.by_holder(connection, "H", type_code=TYPE, number="none") == ()
        assert records.by_holder(connection, "H", type_code=TYPE, code_type="111") == ()
        assert records.by_holder(connection, "H", number=wanted.number) == (wanted,)
        for hostile in ("%", "_" * 21, TYPE[:-1] + "_", "1"):
            assert records.by_holder(connection, "H", type_code=hostile) == ()
