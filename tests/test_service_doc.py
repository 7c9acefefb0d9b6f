"""docs/service.md: its commands are run as they stand there, its settings are those that are."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from elicense.web import settings
from elicense.web.app import create_app
from elicense.web.settings import Settings
from service_world import CERTS, ROOT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGE = (ROOT / "docs" / "service.md").read_text("utf-8")
SECTIONS: dict[str, tuple[Any, ...]] = {
    "Top": (settings.Settings,), "[uploads]": (settings.Uploads,),
    "[issuing]": (settings.Issuing, settings.Key), "[publishing]": (settings.Publishing,),
    "[copying]": (settings.Copying,), "[retention]": (settings.Retention,),
    "[peers]": (settings.Peers,), "[staff]": (settings.Staff,),
}  # fmt: skip
FILES = {
    "sealer": "sealers/tianjin-doc-sm2", "qr": "qr/tianjin-sm2", "status": "status/tianjin-sm2",
}  # fmt: skip
# run here by other means, or not of this project
ELSEWHERE = ("pip install", "export ELICENSE_REGISTRY=", "elicense serve service.toml --host")


def commands() -> list[str]:
    found = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in found for line in block.splitlines() if line]


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command, comments=True)
    target = words[words.index(">") + 1] if ">" in words else ""
    words = words[: words.index(">")] if target else words
    assert words[0] == "elicense", command
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *words[1:]], cwd=folder, capture_output=True,
        text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"),
             "ELICENSE_REGISTRY": f"sqlite:///{folder / 'registry.db'}"},
    )  # fmt: skip
    if target:
        (folder / target).write_text(done.stdout, "utf-8")
    return done


def prepare(folder: Path) -> None:
    """Keys, certificates, seal and trust store as the settings of the page name them."""
    for part in ("keys", "certs"):
        (folder / part).mkdir()
    for name, origin in FILES.items():
        shutil.copy(CERTS / "keys" / f"{origin}.pem", folder / "keys" / f"{name}.pem")
        shutil.copy(CERTS / f"{origin}.pem", folder / "certs" / f"{name}.pem")
    shutil.copytree(CERTS / "trust", folder / "trust")
    shutil.copy(ROOT / "examples/seals/tianjin-doc-v4.esl", folder / "office.esl")
    text, _ = settings_of_the_page()
    assert "allow_test_trust = false" in text
    text = text.replace("allow_test_trust = false", "allow_test_trust = true")
    (folder / "service.toml").write_text(text, "utf-8")


def settings_of_the_page() -> tuple[str, str]:
    """The settings file as it stands there, and the section for staff."""
    text, staff = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return text, staff


def test_the_section_for_staff_is_right_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAFF_SECRET", "x")
    (tmp_path / "service.toml").write_text("\n".join(settings_of_the_page()), "utf-8")
    staff = Settings.load(tmp_path / "service.toml").staff
    assert staff is not None and set(staff.roles) == {"inspector", "clerk"}


def keep_list(folder: Path) -> None:
    """What ``curl …/api/status/1 -o kept.p7`` does, and a query with the secret of the page."""
    secret = (folder / "window-1.secret").read_text().strip()
    app = create_app(Settings.load(folder / "service.toml"))
    with TestClient(app, base_url="https://zz.tj.example") as client:
        answer = client.get("/api/status/1")
        assert answer.status_code == 200
        (folder / "kept.p7").write_bytes(answer.content)
        asked = client.get("/api/licences/1.2.3?purpose=x",
                           headers={"Authorization": f"Bearer {secret}"})  # fmt: skip
        assert asked.status_code == 404 and asked.json()["code"] == "registry.unknown"


@pytest.mark.slow  # a dozen commands, each a process
def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    prepare(tmp_path)
    ran = []
    for command in commands():
        if command.startswith(ELSEWHERE):
            continue
        if "kept.p7" in command:
            keep_list(tmp_path)
        done = run(tmp_path, command)
        assert done.returncode == 0, (command, done.stderr)
        ran.append(" ".join(command.split()[1:3]))
    wanted = {"create", "open-list", "credential", "audit", "sweep", "revoke"}
    assert wanted <= {name.split()[1] for name in ran if name.startswith("registry")}
    assert "serve --check" in ran
    _cut_the_tail(tmp_path)
    assert run(tmp_path, "elicense registry audit").returncode == 0, "what is left holds"
    done = run(tmp_path, "elicense registry audit --against kept.p7")
    assert done.returncode == 2 and "a tail is gone" in done.stderr


def _cut_the_tail(folder: Path) -> None:
    """Delete the last entries and set the head back, as the database's owner can."""
    with sqlite3.connect(folder / "registry.db") as database:
        guards = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in guards.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("DELETE FROM audit WHERE sequence > 1")
        database.execute("UPDATE audit_head SET sequence = 1, "
                         "digest = (SELECT digest FROM audit WHERE sequence = 1)")  # fmt: skip
    database.close()


def test_a_faulty_key_is_told_before_the_service_starts(tmp_path: Path) -> None:
    prepare(tmp_path)
    run(tmp_path, "elicense registry create tianjin-msa")
    shutil.copy(tmp_path / "keys/qr.pem", tmp_path / "keys/status.pem")
    done = run(tmp_path, "elicense serve --check service.toml")
    assert done.returncode == 2 and "key.mismatch" in done.stderr, done.stderr


def told(title: str) -> dict[str, str]:
    """The rows of a section of the page: key and default."""
    (text,) = re.findall(rf"^### {re.escape(title)}.*?\n(.*?)(?=^##)", PAGE, re.M | re.S)
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))


def default(item: Any) -> str:
    value = item.default
    if value is MISSING:
        return "(needed)"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{part}"' for part in value) + "]`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{value}`"


@pytest.mark.parametrize("title", SECTIONS)
def test_the_page_names_every_setting_with_its_default(title: str) -> None:
    expected: dict[str, str] = {}
    for kind in SECTIONS[title]:
        for item in fields(kind):
            name, value = item.name, default(item)
            if f"[{name}]" in SECTIONS:
                continue  # a section of its own
            if title == "[retention]":
                name += "_hours" if name == "every" else "_days"
                unit = timedelta(hours=1) if name == "every_hours" else timedelta(days=1)
                value = f"`{item.default // unit}`" if item.default else value
            elif isinstance(item.default, timedelta):
                name += "_hours"
                value = f"`{item.default // timedelta(hours=1)}`"
            expected[name] = value
    assert told(title) == expected


def test_the_page_names_every_scope() -> None:
    from elicense.registry.credentials import SCOPES

    (text,) = re.findall(r"^Scopes: (.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w+)`", text)) == set(SCOPES)


def test_pictures_and_files_that_the_page_names_are_there() -> None:
    for name in re.findall(r"\]\(([\w./-]+)\)", PAGE):
        assert (ROOT / "docs" / name).is_file(), name
    for name in re.findall(r"`((?:deploy|examples)/[\w./-]+)`", PAGE):
        assert (ROOT / name).is_file(), name
