"""``[retention]`` applied by the service itself: all of it, once, and not in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

import postgres_server
from elicense.errors import Error
from elicense.registry import accesses, audit, changes, database, records, retention
from elicense.registry.accesses import Access
from elicense.registry.database import Registry
from elicense.web import background
from elicense.web.app import create_app
from elicense.web.settings import Settings
from registry_world import CLERK, NOW, URI, enter
from service_world import prepare

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LATE = NOW + timedelta(days=2000)
DAY = timedelta(days=1)


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
    made = database.create(url, name="r")
    with made.change() as connection:
        changes.open_list(connection, URI, size=1000, actor=CLERK, now=NOW)
    yield made
    made.close()


def people(registry: Registry, count: int) -> list[str]:
    """Licences of natural persons that end on 2030-12-31."""
    return [
        enter(registry, n, name="张三", code=f"11010119900307{n:04}", code_type="111").identifier
        for n in range(1, count + 1)
    ]


def erased(registry: Registry, identifiers: list[str]) -> list[bool]:
    with registry.look() as connection:
        found = [records.needed(connection, identifier) for identifier in identifiers]
    return [record.erased is not None for record in found]


def sweep(registry: Registry, **more: Any) -> retention.Swept:
    return retention.sweep(registry, now=LATE, keep_accesses=DAY, keep_personal=DAY, **more)


def test_a_sweep_goes_on_until_nothing_is_left(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_STEP", 3)
    monkeypatch.setattr(retention, "_ACCESSES_STEP", 4)
    all_of = people(registry, 8)
    with registry.change() as connection:
        accesses.write(connection, [Access(NOW, "c", "query", "x", "why", "ok")] * 11)
    assert sweep(registry) == retention.Swept(11, 8)
    assert all(erased(registry, all_of))
    assert sweep(registry) == retention.Swept(0, 0)


def test_one_that_cannot_be_erased_keeps_none_of_the_others(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_of = people(registry, 5)
    real = changes.erase

    def faulty(connection: Any, identifier: str, **more: Any) -> Any:
        if identifier == all_of[1]:
            raise Error("registry.broken", "its row is damaged")
        return real(connection, identifier, **more)

    monkeypatch.setattr(changes, "erase", faulty)
    monkeypatch.setattr(retention, "_STEP", 2)
    with pytest.raises(Error, match="4 licences erased, 1 could not be") as caught:
        sweep(registry)
    assert (caught.value.code, caught.value.place) == ("registry.sweep", all_of[1])
    assert erased(registry, all_of) == [True, False, True, True, True]


def test_a_sweep_that_is_stopped_goes_on_where_it_was(registry: Registry) -> None:
    all_of = people(registry, 5)
    asked = iter([False, False, False, True])
    assert sweep(registry, stop=lambda: next(asked)).licences == 2
    assert erased(registry, all_of).count(True) == 2
    assert sweep(registry).licences == 3


def test_two_sweeps_at_once_erase_each_licence_once(registry: Registry) -> None:
    all_of = people(registry, 12)
    done: list[retention.Swept] = []
    threads = [threading.Thread(target=lambda: done.append(sweep(registry))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(item.licences for item in done) == len(all_of) and len(done) == 3
    with registry.look() as connection:
        audit.verify(connection)
        entries = [e.subject for e in audit.entries(connection) if e.action == "erase"]
    assert sorted(entries) == sorted(all_of)


@pytest.mark.slow
def test_of_several_processes_on_one_database_one_sweeps(postgres: str) -> None:
    first, second = (database._engine(postgres) for _ in range(2))
    one, two = Registry("r", first), Registry("r", second)
    with retention.alone(one) as ours:
        assert ours
        with retention.alone(two) as theirs:
            assert not theirs
    with retention.alone(two) as theirs:
        assert theirs, "the lock went with the end of the first"
    with pytest.raises(ZeroDivisionError), retention.alone(one):
        raise ZeroDivisionError
    with retention.alone(two) as theirs:
        assert theirs, "also where the sweep failed"
    with pytest.raises(Error) as caught, retention.alone(one):
        with second.begin() as connection:  # its connection is cut, as when a process dies
            connection.execute(text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        with retention.alone(two) as theirs:
            assert theirs
    assert caught.value.code == "registry.database", "the first is told when it gives it back"
    first.dispose()
    second.dispose()


# -- by the service -----------------------------------------------------------------------


def world(folder: Path, more: str) -> tuple[Any, dict[str, str], list[str]]:
    """An app whose registry holds an old query and a person's licence that was cancelled."""
    tokens = prepare(folder, more=more)
    registry = database.open_registry(f"sqlite:///{folder / 'registry.db'}")
    with registry.change() as connection:
        changes.open_list(connection, URI + "x", size=1000, actor=CLERK, now=NOW)
    found = people(registry, 1)
    before = datetime.now(UTC) - 30 * DAY
    with registry.change() as connection:
        changes.change_state(connection, found[0], "cancelled", reason="x", actor=CLERK, now=before)
        accesses.write(connection, [Access(before, "c", "query", "x", "why", "ok")])
    registry.close()
    return create_app(Settings.load(folder / "service.toml")), tokens, found


def health(client: TestClient, *, problem: str | None = None) -> Any:
    """What health tells after the first sweep."""
    end = time.monotonic() + 20
    while True:
        told = client.get("/api/health").json()
        if told["retention"]["last"] or told["retention"]["problem"]:
            assert told["retention"]["problem"] == problem
            return told
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_service_sweeps_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_SWEEP_SECONDS", 0.2)
    app, _, found = world(tmp_path, "[retention]\naccesses_days = 7\npersonal_days = 7")
    with TestClient(app) as client:
        assert health(client)["status"] == "ok"
        registry = app.state.service.registry
        with registry.look() as connection:
            assert list(accesses.read(connection)) == []
        assert erased(registry, found) == [True]


def test_without_a_period_for_persons_they_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FIRST_SWEEP_SECONDS", 0.2)
    app, _, found = world(tmp_path, "[retention]\naccesses_days = 60")
    with TestClient(app) as client:
        health(client)
        assert erased(app.state.service.registry, found) == [False]
        with app.state.service.registry.look() as connection:
            assert len(list(accesses.read(connection))) == 1


def test_a_sweep_that_fails_is_seen_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "FIRST_SWEEP_SECONDS", 0.2)
    app, tokens, found = world(tmp_path, "[retention]\npersonal_days = 7")
    app_settings = Settings.load(tmp_path / "service.toml")
    assert app_settings.retention.every == DAY
    real, broken = changes.erase, threading.Event()
    broken.set()

    def faulty(*arguments: Any, **more: Any) -> Any:
        if broken.is_set():
            raise Error("registry.broken", "its row is damaged")
        return real(*arguments, **more)

    monkeypatch.setattr(changes, "erase", faulty)
    with TestClient(app) as client:
        told = health(client, problem="registry.sweep")
        assert told["status"] == "degraded" and "its row is damaged" in caplog.text
        headers = {"Authorization": f"Bearer {tokens['metrics']}"}
        assert "elicense_retention_failed 1.0" in client.get("/metrics", headers=headers).text
        broken.clear()
        assert client.portal is not None
        client.portal.call(background.sweep, app.state.service)
        assert health(client)["status"] == "ok" and erased(app.state.service.registry, found)[0]


def test_a_service_that_ends_waits_for_the_licence_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FIRST_SWEEP_SECONDS", 0.05)
    app, _, found = world(tmp_path, "[retention]\npersonal_days = 7")
    begun, real = threading.Event(), changes.erase

    def slow(*arguments: Any, **more: Any) -> Any:
        begun.set()
        time.sleep(0.5)
        return real(*arguments, **more)

    monkeypatch.setattr(changes, "erase", slow)
    with TestClient(app):
        assert begun.wait(20)
    registry = database.open_registry(f"sqlite:///{tmp_path / 'registry.db'}")
    assert erased(registry, found) == [True]
    with registry.look() as connection:
        audit.verify(connection)
    registry.close()
