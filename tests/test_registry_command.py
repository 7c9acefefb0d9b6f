"""``elicense registry`` and ``serve --check``, and what is erased on schedule."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from elicense.cli import cli
from elicense.errors import Error, UsageError
from elicense.registry import accesses, changes, credentials, database, records, retention
from elicense.registry.accesses import Access
from elicense.registry.database import Registry
from registry_world import CLERK, NOW, URI, enter
from service_world import prepare


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, list(arguments))
    if isinstance(done.exception, Error):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_a_registry_is_made_and_looked_after_from_the_command_line(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    assert run("registry", "create", "tianjin-msa", "--registry", url)[0] == 0
    run("registry", "open-list", URI, "--registry", url, "--size", "1000")
    _, secret, _ = run("registry", "credential", "window-1", "--registry", url, "--name", "Window",
                       "--scope", "query", "--scope", "search")  # fmt: skip
    assert secret.startswith("elt_") and len(secret.strip()) > 40
    opened = database.open_registry(url)
    with opened.look() as connection:
        (found,) = credentials.all_of(connection)
    assert found.digest == credentials.digest_of(secret.strip())
    assert found.caller.scopes == {"query", "search"}
    run("registry", "revoke", "window-1", "--registry", url)
    with pytest.raises(UsageError):
        run("registry", "revoke", "window-1", "--registry", url)
    code, out, err = run("registry", "audit", "--registry", url, "--json")
    assert code == 0 and "4 entries" not in err and "3 entries" in err
    actions = [json.loads(line)["action"] for line in out.splitlines()]
    assert actions == ["open-list", "credential", "revoke-credential"]
    opened.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("credential", "BAD ID", "--name", "x", "--scope", "query"),
        ("credential", "good-id", "--name", "x", "--scope", "everything"),
        ("credential", "good-id", "--name", "x", "--scope", "query", "--public-key", "04ab"),
        ("open-list", "http://plain.example/1"),
        ("open-list", "https://a.example/1", "--size", "3"),
        ("create", "again"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    database.create(url, name="r").close()
    with pytest.raises(UsageError):
        run("registry", *arguments, "--registry", url)


def test_serve_check_opens_everything_and_names_what_is_wrong(tmp_path: Path) -> None:
    prepare(tmp_path)
    code, _, err = run("serve", "--check", str(tmp_path / "service.toml"))
    assert code == 0 and "TEST ANCHORS" in err and "publishing.signer: " in err
    text = (tmp_path / "service.toml").read_text("utf-8")
    broken = tmp_path / "broken.toml"
    for old, new in (
        ("sealers/tianjin-doc-sm2.pem", "sealers/none.pem"), ("tianjin-doc-v4.esl", "none.esl"),
        ("allow_test_trust = true", ""), ("registry.db", "elsewhere.db"),
    ):  # fmt: skip
        broken.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(Error):
            run("serve", "--check", str(broken))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = database.create(f"sqlite:///{tmp_path / 'r.db'}", name="r")
    with made.change() as connection:
        changes.open_list(connection, URI, size=1000, actor=CLERK, now=NOW)
    return made


def test_queries_are_deleted_when_their_time_is_over(registry: Registry) -> None:
    old, new = (Access(NOW - timedelta(days=d), "c", "query", "x", "why", "ok") for d in (181, 179))
    with registry.change() as connection:
        accesses.write(connection, [old, new])
    keep = timedelta(days=180)
    done = retention.sweep(registry, now=NOW, keep_accesses=keep, keep_personal=None)
    with registry.look() as connection:
        assert list(accesses.read(connection)) == [new]
    assert done == retention.Swept(1, 0)


@pytest.mark.parametrize(("days", "erased"), [(99, 0), (101, 1)])
def test_a_person_is_erased_so_long_after_the_licence_ended(
    registry: Registry, days: int, erased: int
) -> None:
    person = enter(registry, 1, name="张三", code="110101199003070011", code_type="111")
    company = enter(registry, 2)
    for record in (person, company):
        with registry.change() as connection:
            changes.change_state(connection, record.identifier, "cancelled", reason="x",
                                 actor=CLERK, now=NOW)  # fmt: skip
    done = retention.sweep(
        registry, now=NOW + timedelta(days=days), keep_accesses=None,
        keep_personal=timedelta(days=100),
    )  # fmt: skip
    with registry.look() as connection:
        told = records.needed(connection, person.identifier)
        other = records.needed(connection, company.identifier)
    assert (done.licences, bool(told.erased), other.erased) == (erased, bool(erased), None)
    assert (told.holder_code == "") == bool(erased)


def test_one_in_force_is_never_erased(registry: Registry) -> None:
    enter(registry, 1, name="张三", code="110101199003070011", code_type="111")
    done = retention.sweep(
        registry, now=NOW + timedelta(days=30), keep_accesses=None,
        keep_personal=timedelta(days=1),
    )  # fmt: skip
    assert done.licences == 0
    late = datetime(2031, 2, 1, tzinfo=UTC)  # its last day was 2030-12-31
    done = retention.sweep(registry, now=late, keep_accesses=None, keep_personal=timedelta(days=1))
    assert done.licences == 1
