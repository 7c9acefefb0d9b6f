"""Trust that changes while the service runs: taken when newer, refused when worse."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

import elicense
from elicense.cli import cli
from elicense.trust.list_model import ListAge, Refusal
from elicense.trust.store import TrustStore
from elicense.web.app import create_app
from elicense.web.settings import Settings
from elicense.web.trusting import worse
from service_world import CERTS, SAMPLES, prepare, settings_text

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
OPERATOR = str(CERTS / "operator" / "operator-sm2.pem")
SAMPLE = (SAMPLES / "tianjin-doc.pdf").read_bytes()


def elicense_trust(*arguments: str) -> None:
    done = CliRunner().invoke(cli, ["trust", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@dataclass
class World:
    client: TestClient
    folder: Path  # of the trust store
    tokens: dict[str, str]

    def health(self) -> Any:
        return self.client.get("/api/health").json()

    def verdict(self) -> str:
        return str(self.client.post("/api/verify", content=SAMPLE).json()["verdict"])

    def metric(self, name: str) -> float:
        headers = {"Authorization": f"Bearer {self.tokens['metrics']}"}
        text = self.client.get("/metrics", headers=headers).text
        return float(next(line for line in text.splitlines() if line.startswith(name)).split()[1])

    def wait(self, what: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not what():
            assert time.monotonic() < end, self.health()
            time.sleep(0.05)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A service on a managed folder that pins the operator and holds no list yet."""
    folder = tmp_path / "managed"
    elicense_trust("init", str(folder), "--operator", OPERATOR, "--name", "测试名录")
    tokens = prepare(tmp_path, top="trust_check_seconds = 0.1", more="[uploads]\nworkers = 2")
    text = settings_text(tmp_path, top="trust_check_seconds = 0.1", more="[uploads]\nworkers = 2")
    text = text.replace(f'trust = "{CERTS / "trust"}"', 'trust = "managed"')
    (tmp_path / "service.toml").write_text(text, "utf-8")
    app = create_app(Settings.load(tmp_path / "service.toml"))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {tokens['all']}"
        yield World(client, folder, tokens)


def test_an_update_of_the_folder_is_taken_by_the_running_service(world: World) -> None:
    before = world.health()["trust"]
    assert (world.verdict(), before["next_update"]) == ("INDETERMINATE", None)
    elicense_trust("update", str(world.folder), "--from", str(CERTS / "device.elt"))
    world.wait(lambda: world.health()["trust"]["next_update"] is not None)
    assert world.verdict() == "VALID", "the workers judge by it too"
    told = world.health()
    assert (told["status"], told["trust"]["problem"]) == ("ok", None)
    assert told["trust"]["loaded"] > before["loaded"]
    assert world.metric("elicense_trust_loaded_total") == 1
    assert world.metric("elicense_trust_next_update") > time.time()


def test_requests_are_answered_all_the_while_it_changes(world: World) -> None:
    seen: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answer = world.client.post("/api/verify", content=SAMPLE)
            seen.append(answer.json().get("verdict", f"{answer.status_code} {answer.text}"))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    elicense_trust("update", str(world.folder), "--from", str(CERTS / "device.elt"))
    world.wait(lambda: seen[-6:] == ["VALID"] * 6)
    done.set()
    for thread in asking:
        thread.join()
    assert set(seen) == {"INDETERMINATE", "VALID"}
    assert len(world.client.app.state.service.workers._all) == 2, "the old workers have ended"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("harm", "problem"), [
    (lambda folder, old: (folder / "lists.elt").write_bytes(b"PK damaged"), "unreadable"),
    (lambda folder, old: (folder / "lists.elt").write_bytes(old), "rollback"),
    (lambda folder, old: (folder / "lists.elt").unlink(), "rollback"),
    (lambda folder, old: shutil.rmtree(folder), "unreadable"),
    (lambda folder, old: (folder / "trust.toml").write_text(
        'schema = "elicense-trust/1"\nname = "x"\n'), "pins"),
])  # fmt: skip
def test_a_worse_store_is_refused_and_the_old_one_stays(
    world: World, harm: Callable[[Path, bytes], None], problem: str, tmp_path: Path
) -> None:
    elicense_trust("update", str(world.folder), "--from", str(CERTS / "device.elt"))
    world.wait(lambda: world.health()["trust"]["next_update"] is not None)
    used = world.health()["trust"]
    kept = tmp_path / "kept"
    shutil.copytree(world.folder, kept)
    harm(world.folder, older_lists(tmp_path))
    world.wait(lambda: world.health()["trust"]["problem"] is not None)
    told = world.health()
    assert (told["status"], told["trust"]["problem"]) == ("degraded", problem)
    assert told["trust"]["next_update"] == used["next_update"] and world.verdict() == "VALID"
    assert world.metric("elicense_trust_refused") == 1
    shutil.copytree(kept, world.folder, dirs_exist_ok=True)  # put right by a person
    world.wait(lambda: world.health()["status"] == "ok")
    assert world.metric("elicense_trust_refused") == 0
    assert world.health()["trust"]["loaded"] == used["loaded"], "it is the one in use"


def older_lists(tmp_path: Path) -> bytes:
    """The same folder as it was before the lists of the provinces came."""
    folder = tmp_path / "older"
    elicense_trust("init", str(folder), "--operator", OPERATOR, "--name", "测试名录")
    elicense_trust("update", str(folder), "--from", str(CERTS / "lists" / "list-of-lists.p7"))
    return (folder / "lists.elt").read_bytes()


# -- what is worse --------------------------------------------------------------------------

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)


def age(id: str, sequence: int) -> ListAge:
    issued = START + sequence * DAY
    kind = "list" if id else "list-of-lists"
    return ListAge(kind, id, id, sequence, issued, issued + 30 * DAY, "")


def store(*ages: ListAge, **more: Any) -> TrustStore:
    newest = max((a.issued for a in ages if a.issued), default=None)
    options = {"operators": (b"A",), "lists": ages, "newest_issued": newest} | more
    return TrustStore(**options)


OLD = store(age("", 5), age("120000", 3), age("440000", 3))


@pytest.mark.parametrize(("new", "why"), [
    (OLD, ""),
    (store(age("", 5), age("120000", 4), age("440000", 3)), ""),
    (store(age("", 6), age("120000", 3)), ""),  # dropped by a newer list of lists
    (store(age("", 5), age("120000", 3)), "rollback"),
    (store(age("", 4), age("120000", 3), age("440000", 3)), "rollback"),
    (store(age("", 6), age("120000", 2), age("440000", 3)), "rollback"),
    (store(), "rollback"),
    (replace(OLD, operators=(b"B",)), "pins"),
    (replace(OLD, operators=(b"A", b"B")), "pins"),
    (replace(OLD, refused=(Refusal("rollback", "list 120000"),)), "doctored"),
])  # fmt: skip
def test_what_may_take_the_place_of_a_store_of_lists(new: TrustStore, why: str) -> None:
    assert worse(OLD, new) == why


def test_what_was_refused_before_is_no_new_fault() -> None:
    old = replace(OLD, refused=(Refusal("rollback", "list 120000"),))
    assert worse(old, old) == ""


def test_what_may_take_the_place_of_a_store_made_by_hand() -> None:
    old = replace(elicense.TrustStore.load(CERTS / "trust"), issued=START)
    assert worse(old, replace(old, issued=START + DAY)) == ""
    assert worse(old, replace(old, issued=START - DAY)) == "rollback"
    assert worse(old, replace(old, issued=None)) == "rollback"
    assert worse(old, replace(old, anchors=(), services=())) == "empty"
