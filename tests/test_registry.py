"""The registry: what is entered stays, what changes is told, and nothing is half done."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

import postgres_server
from elicense import licence as licences
from elicense.errors import Error, UsageError
from elicense.licence import Endorsement, Party, StatusReference
from elicense.registry import audit, changes, database, publish, records
from elicense.registry.database import Registry
from elicense.registry.indices import place
from elicense.registry.states import OF_TRANSFER, states
from registry_world import CLERK, NOW, URI, enter, made


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    why = postgres_server.missing()
    if why:
        pytest.skip(why)
    with postgres_server.running() as url:
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
    made = database.create(url, name="tianjin-msa")
    with made.change() as connection:
        changes.open_list(connection, URI, size=1000, actor=CLERK, now=NOW)
    yield made
    made.close()


def state(registry: Registry, identifier: str, new: str, **other: str) -> records.Record:
    with registry.change() as connection:
        return changes.change_state(
            connection, identifier, new, reason=other.pop("reason", "ordered"), actor=CLERK,
            now=NOW, **other,
        )  # fmt: skip


# -- entering and finding -----------------------------------------------------------------


def test_what_is_entered_is_found_by_identifier_number_holder_and_file(
    registry: Registry,
) -> None:
    record = enter(registry, 7, code="91120000SAMPLE0007")
    with registry.look() as connection:
        assert records.licence(connection, record.identifier) == record
        assert records.by_number(connection, record.number) == (record,)
        assert records.by_holder(connection, "91120000SAMPLE0007", type="msa-doc") == (record,)
        assert records.by_holder(connection, "91120000SAMPLE0007", type="msa-smc") == ()
        stored = records.file(connection, record, "ofd")
        assert stored is not None and stored.data is not None
        assert stored.sha256 == hashlib.sha256(stored.data).digest()
        assert records.by_file(connection, stored.sha256) == record
        assert records.by_file(connection, bytes(32)) is None
        assert records.licence(connection, "1.2.156.3005.2.x") is None


def test_the_exact_data_comes_back(registry: Registry) -> None:
    data = licences.dump(made(registry, 3))
    with registry.change() as connection:
        changes.add(connection, data, {"pdf": b"%PDF"}, actor=CLERK, now=NOW)
    with registry.look() as connection:
        found = records.by_number(connection, "样例DOC000003")[0]
    assert found.data == data
    assert (found.status_list, found.created) == (URI, NOW)


@pytest.mark.parametrize("what", ["identifier", "place"])
def test_an_identifier_and_a_place_in_a_list_are_given_once(
    registry: Registry, what: str
) -> None:
    first, second = enter(registry, 1), made(registry, 2)
    if what == "identifier":
        second = replace(second, identifier=first.identifier)
    else:
        assert first.status_index is not None
        second = replace(second, status=StatusReference(URI, first.status_index))
    with pytest.raises(UsageError) as caught, registry.change() as connection:
        changes.add(connection, licences.dump(second), {"ofd": b"x"}, actor=CLERK, now=NOW)
    assert caught.value.code == "registry.duplicate"
    with registry.look() as connection:
        assert audit.verify(connection).sequence == 2  # the list and the first licence only


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": StatusReference("https://other.example/1", 3)}, "registry.list"),
        ({"status": StatusReference(URI, 1000)}, "registry.list"),
        ({"issuer": Party("天津海事局", region="120000")}, "registry.field"),
    ],
)
def test_a_licence_that_the_registry_cannot_answer_for_is_refused(
    registry: Registry, change: dict[str, object], code: str
) -> None:
    licence = replace(made(registry, 1), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError) as caught, registry.change() as connection:
        changes.add(connection, licences.dump(licence), {"ofd": b"x"}, actor=CLERK, now=NOW)
    assert caught.value.code == code


@pytest.mark.parametrize("sealed", [{}, {"exe": b"x"}, {"ofd": b""}])
def test_only_sealed_files_are_kept(registry: Registry, sealed: dict[str, bytes]) -> None:
    data = licences.dump(made(registry, 1))
    with pytest.raises(UsageError), registry.change() as connection:
        changes.add(connection, data, sealed, actor=CLERK, now=NOW)


# -- states -------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), list(itertools.product(states(), repeat=2)))
def test_every_pair_of_states_is_allowed_or_refused_as_the_table_says(
    tmp_path: Path, old: str, new: str
) -> None:
    ways = {
        "valid": [], "suspended": ["suspended"], "withdrawn": ["withdrawn"],
        "cancelled": ["cancelled"], "superseded": ["superseded"],
        "transferring": ["transferring"], "transferred": ["transferring", "transferred"],
        "pending": [],
    }  # fmt: skip
    registry = database.create(f"sqlite:///{tmp_path / 'r.db'}", name="r")
    with registry.change() as connection:
        changes.open_list(connection, URI, size=10, actor=CLERK, now=NOW)
    record = enter(registry, predecessor="old" if old == "pending" else "")
    for step in ways[old]:
        state(registry, record.identifier, step, transfer="t")
    if new in states()[old].next:
        if not OF_TRANSFER.isdisjoint({old, new}):
            with pytest.raises(UsageError) as caught:
                state(registry, record.identifier, new)
            assert caught.value.code == "registry.transfer"
        assert state(registry, record.identifier, new, transfer="t").state == new
    else:
        with pytest.raises(UsageError, match="may follow"):
            state(registry, record.identifier, new, transfer="t")
    registry.close()


def test_a_change_of_state_leaves_history_and_audit(registry: Registry) -> None:
    record = enter(registry)
    state(registry, record.identifier, "suspended", reason="overdue audit")
    state(registry, record.identifier, "valid", reason="audit done")
    with registry.look() as connection:
        told = records.history(connection, record)
        entries = list(audit.entries(connection, record.identifier))
    assert [(c.state, c.reason) for c in told] == [
        ("valid", "issued"), ("suspended", "overdue audit"), ("valid", "audit done"),
    ]  # fmt: skip
    assert [c.audit for c in told] == [e.sequence for e in entries]
    assert entries[1].detail == {"from": "valid", "to": "suspended", "reason": "overdue audit"}


@pytest.mark.parametrize(("reason", "code"), [("", "registry.reason"), ("  ", "registry.reason")])
def test_no_change_without_a_reason(registry: Registry, reason: str, code: str) -> None:
    record = enter(registry)
    with pytest.raises(UsageError) as caught:
        state(registry, record.identifier, "withdrawn", reason=reason)
    assert caught.value.code == code


def test_an_unknown_licence_or_state_is_told(registry: Registry) -> None:
    record = enter(registry)
    with pytest.raises(UsageError) as caught:
        state(registry, "1.2.156.3005.2.none", "withdrawn")
    assert caught.value.code == "registry.unknown"
    with pytest.raises(UsageError) as caught:
        state(registry, record.identifier, "lost")
    assert caught.value.code == "registry.state"


def test_the_next_version_supersedes_the_one_before_in_one_step(registry: Registry) -> None:
    first = enter(registry, 5)
    second = enter(registry, 5, version=2, supersedes=first.identifier)
    with registry.look() as connection:
        old = records.needed(connection, first.identifier)
        family = records.by_family(connection, changes.family_of(first.identifier))
    assert (old.state, old.successor) == ("superseded", second.identifier)
    assert [r.version for r in family] == [2, 1]


def test_a_version_that_supersedes_what_is_not_in_force_is_not_entered(
    registry: Registry,
) -> None:
    first = enter(registry, 5)
    state(registry, first.identifier, "withdrawn")
    with pytest.raises(UsageError):
        enter(registry, 5, version=2, supersedes=first.identifier)
    with registry.look() as connection:
        assert len(records.by_family(connection, changes.family_of(first.identifier))) == 1


def test_endorsed_files_stand_beside_those_before(registry: Registry) -> None:
    record = enter(registry)
    endorsement = Endorsement("annual-1", date=NOW.date(), place="天津")
    with registry.change() as connection:
        changes.add_endorsed(
            connection, record.identifier, {"ofd": b"endorsed"}, endorsement, actor=CLERK, now=NOW
        )
    with registry.look() as connection:
        latest = records.file(connection, record)
        assert latest is not None and (latest.revision, latest.data) == (2, b"endorsed")
        assert [e["kind"] for e in records.endorsed(connection, record)] == ["annual-1"]
    state(registry, record.identifier, "withdrawn")
    with pytest.raises(UsageError), registry.change() as connection:
        changes.add_endorsed(
            connection, record.identifier, {"ofd": b"more"}, endorsement, actor=CLERK, now=NOW
        )


def test_erasure_takes_the_person_and_leaves_the_answer(registry: Registry) -> None:
    record = enter(registry, name="张三", code="110101199003070011")
    with pytest.raises(UsageError) as caught, registry.change() as connection:
        changes.erase(connection, record.identifier, reason="x", actor=CLERK, now=NOW)
    assert caught.value.code == "registry.in-force"
    state(registry, record.identifier, "cancelled")
    with registry.change() as connection:
        changes.erase(connection, record.identifier, reason="retention", actor=CLERK, now=NOW)
    with registry.look() as connection:
        erased = records.needed(connection, record.identifier)
        stored = records.file(connection, record)
        assert audit.verify(connection).sequence == 4
    assert (erased.holder_name, erased.holder_code, erased.data) == ("", "", None)
    assert erased.state == "cancelled" and erased.erased == NOW
    assert stored is not None and stored.data is None
    with registry.engine.connect() as connection:
        for table in ("licences", "files", "audit", "state_changes"):
            for row in connection.execute(text(f"SELECT * FROM {table}")):
                assert "110101199003070011" not in repr(tuple(row))
                assert "张三" not in repr(tuple(row))


# -- the status list ----------------------------------------------------------------------


def test_a_list_says_what_the_registry_says(registry: Registry) -> None:
    kept, gone, held = (enter(registry, n) for n in (1, 2, 3))
    state(registry, gone.identifier, "withdrawn")
    state(registry, held.identifier, "suspended")
    with registry.look() as connection:
        told = publish.content(connection, URI)
        assert told.head == audit.verify(connection)
    assert told.codes == {gone.status_index: 1, held.status_index: 2}
    assert kept.status_index not in told.codes and told.size == 1000


def test_a_full_list_gives_nothing_away(tmp_path: Path) -> None:
    registry = database.create(f"sqlite:///{tmp_path / 'r.db'}", name="r")
    with registry.change() as connection:
        changes.open_list(connection, URI, size=4, actor=CLERK, now=NOW)
    found = {made(registry, n).status.index for n in range(4)}  # type: ignore[union-attr]
    assert found == {0, 1, 2, 3}
    with pytest.raises(UsageError) as caught:
        made(registry, 5)
    assert caught.value.code == "registry.list-full"


@given(size=st.integers(2, 300), key=st.binary(min_size=32, max_size=32))
def test_every_place_is_given_once(size: int, key: bytes) -> None:
    assert sorted(place(n, size, key) for n in range(size)) == list(range(size))


def test_places_tell_nothing_of_their_order() -> None:
    found = [place(n, 1_000_000, b"k" * 32) for n in range(2000)]
    steps = {b - a for a, b in itertools.pairwise(found)}
    assert len(steps) > 1950
    assert 400_000 < sum(found) / len(found) < 600_000


# -- the audit log ------------------------------------------------------------------------


def filled(registry: Registry) -> audit.Head:
    record = enter(registry)
    for new in ("suspended", "valid", "withdrawn"):
        state(registry, record.identifier, new)
    with registry.look() as connection:
        return audit.verify(connection)


def test_the_chain_runs_through_every_head_seen_before(registry: Registry) -> None:
    early = filled(registry)
    enter(registry, 9)
    with registry.look() as connection:
        assert audit.verify(connection, known=early).sequence == early.sequence + 1
        with pytest.raises(Error, match="not the one seen"):
            audit.verify(connection, known=replace(early, digest=bytes(32)))
        with pytest.raises(Error, match="tail"):
            audit.verify(connection, known=replace(early, sequence=99))
        with pytest.raises(Error, match="not other"):
            audit.verify(connection, known=replace(early, registry="other"))


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_rewrite_the_log(
    registry: Registry, statement: str
) -> None:
    filled(registry)
    with pytest.raises(Error, match="append-only"), registry.change() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET detail = '{}' WHERE sequence = 3",
        "UPDATE audit SET time = time + 1 WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence > 3",
        "DELETE FROM audit",
    ],
)
def test_whoever_gets_round_that_is_found_out(tmp_path: Path, statement: str) -> None:
    registry = database.create(f"sqlite:///{tmp_path / 'r.db'}", name="r")
    with registry.change() as connection:
        changes.open_list(connection, URI, size=10, actor=CLERK, now=NOW)
    filled(registry)
    with registry.change() as connection:
        for trigger in ("audit_no_update", "audit_no_delete"):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(statement))
    with registry.look() as connection, pytest.raises(Error) as caught:
        audit.verify(connection)
    assert caught.value.code == "registry.audit"


# -- the database -------------------------------------------------------------------------


def test_a_registry_is_made_once_and_opened_by_its_name(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    with pytest.raises(UsageError, match="no registry"):
        database.open_registry(url)
    database.create(url, name="tianjin-msa").close()
    assert database.open_registry(url).name == "tianjin-msa"
    with pytest.raises(UsageError) as caught:
        database.create(url, name="another")
    assert caught.value.code == "registry.exists"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "oracle://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        database.open_registry(url)
    assert caught.value.code == "registry.url"


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(Error) as caught:
        database.open_registry("postgresql://user:s3cret@127.0.0.1:1/none")
    assert caught.value.code == "registry.database"
    assert "s3cret" not in str(caught.value)


def test_what_fails_half_way_leaves_nothing(registry: Registry) -> None:
    data = licences.dump(made(registry, 1))
    with pytest.raises(RuntimeError), registry.change() as connection:
        changes.add(connection, data, {"ofd": b"x"}, actor=CLERK, now=NOW)
        raise RuntimeError
    with registry.look() as connection:
        assert records.by_number(connection, "样例DOC000001") == ()
        assert audit.verify(connection).sequence == 1


def test_what_is_written_while_looking_is_not_kept(registry: Registry) -> None:
    record = enter(registry)
    with registry.look() as connection:
        connection.execute(text("UPDATE licences SET state = 'withdrawn'"))
    with registry.look() as connection:
        assert records.needed(connection, record.identifier).state == "valid"


def test_many_at_once_make_one_chain(registry: Registry) -> None:
    record = enter(registry, 1)
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                enter(registry, 100 * number + turn)
            state(registry, record.identifier, "suspended")
            state(registry, record.identifier, "valid")
        except UsageError as exc:
            if exc.code != "registry.state":  # another was quicker
                faults.append(exc)
        except Exception as exc:  # noqa: BLE001  told by the test below
            faults.append(exc)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with registry.look() as connection:
        head = audit.verify(connection)
        assert head.sequence == audit.count(connection) >= 2 + 20 + 2


def test_times_are_kept_to_the_microsecond(registry: Registry) -> None:
    record = enter(registry)
    late = NOW + timedelta(microseconds=123457)
    with registry.change() as connection:
        changes.change_state(connection, record.identifier, "withdrawn", reason="r", actor=CLERK,
                             now=late)  # fmt: skip
    with registry.look() as connection:
        assert records.history(connection, record)[-1].since == late
