"""docs/profiles.md: its commands and files, as they stand there, in a folder of test keys."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from elicense import profiles
from elicense.authoring.finding import catalogue
from elicense.profiles import rules
from elicense.profiles.model import KINDS
from issuing_world import CERTS, ROOT, desk
from pki.world import CHINA
from samples import licences, sealing

PAGE = ROOT / "docs" / "profiles.md"
PAGES = (PAGE, PAGE.with_name("profiles.zh-CN.md"))


def blocks(page: Path) -> list[tuple[str, str]]:
    found = re.findall(r"^```(sh|toml|json)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    return [(language, text) for language, text in found]


def prepare(folder: Path) -> None:
    """What an office has: its keys, certificates and seal, and a trust folder."""
    (folder / "types").mkdir()
    shutil.copytree(CERTS / "trust", folder / "trust")
    signer = f"sealers/{sealing.slug_of(licences.TIANJIN_DOC)}-doc-sm2"
    files = {"office.key.pem": f"keys/{signer}.pem", "office.pem": f"{signer}.pem",
             "qr.key.pem": "keys/qr/tianjin-sm2.pem", "qr.pem": "qr/tianjin-sm2.pem",
             "trust/sealers/office.pem": f"{signer}.pem"}  # fmt: skip
    for name, origin in files.items():
        shutil.copy(CERTS / origin, folder / name)
    seal = sealing.seal_of(desk(), licences.TIANJIN_DOC, version=4, signer=signer)
    (folder / "office.esl").write_bytes(seal)


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    for key, value in more.items():
        base[key] = merged(base.get(key, {}), value) if isinstance(value, dict) else value
    return base


def step(language: str, text: str, folder: Path, env: dict[str, str], said: list[str]) -> None:
    if language == "toml":
        target = folder / text.partition("\n")[0].rpartition(" ")[2]
        assert target.is_file()
        with target.open("a", encoding="utf-8") as file:
            file.write("\n" + text)
    elif language == "json":
        more = json.loads(text)
        target = folder / more.pop("// merged into")
        made = merged(json.loads(target.read_text("utf-8")), more)
        target.write_text(json.dumps(made, ensure_ascii=False), "utf-8")
    else:
        for line in text.splitlines():
            command(line, folder, env, said)


def command(line: str, folder: Path, env: dict[str, str], said: list[str]) -> None:
    wanted = re.search(r"# exit code (\d)", line)
    program, *words = shlex.split(line, comments=True)
    if program == "export":
        env.update(word.split("=", 1) for word in words)
        return
    assert program == "elicense"
    at = datetime(2026, 11, 1, 10, tzinfo=CHINA).isoformat()
    times = {"issue": ("--time", at), "verify": ("--at", at, "--now", at)}
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *words, *times.get(words[0], ())], cwd=folder,
        capture_output=True, check=False, timeout=60, env=env,
    )  # fmt: skip
    output = (done.stdout + done.stderr).decode()
    assert done.returncode == int(wanted[1] if wanted else 0), (line, output)
    said.append(output)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_steps_of_the_page_lead_to_a_valid_licence(page: Path, tmp_path: Path) -> None:
    prepare(tmp_path)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ELICENSE_LANG": "en"}
    env.pop("ELICENSE_PROFILES", None)
    said: list[str] = []
    for language, text in blocks(page):
        step(language, text, tmp_path, env, said)
    new, first, second, shown, issued, verified = said
    assert new.split() == ["types/tj-net.toml", "types/tj-net.sample.json"]
    assert "样例不能签发（fields.mesh）" in first and "样例不能签发（fields.gear）" in first
    assert "issued and verified: OFD, PDF, scan, masked copies" in second
    assert {p.name for p in (tmp_path / "trial/tj-net").iterdir()} == {
        "sample.ofd", "sample.pdf", "copy.ofd", "copy.pdf", "trust",
    }  # fmt: skip
    assert "Mesh size (mm)" in shown and "Gillnet" in shown
    assert verified.startswith("VALID"), issued
    assert "Fishing Net Permit" in verified


def test_both_languages_show_the_same_steps() -> None:
    assert blocks(PAGES[0]) == blocks(PAGES[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_reference_names_every_kind_and_every_family_of_findings(page: Path) -> None:
    text = page.read_text("utf-8")
    for name in (*KINDS, *rules.KINDS):
        assert f"`{name}`" in text, name
    for code in catalogue():
        family = code.partition(".")[0]
        assert f"`{family}" in text or family == "qr", code
    assert str(profiles.OWN_TEMPLATES) in text


def test_the_reference_names_every_key_of_the_file() -> None:
    text = PAGE.read_text("utf-8")
    source = (ROOT / "src/elicense/profiles/loader.py").read_text("utf-8")
    keys = set(re.findall(r"\.(?:text|texts|integer|flag|date|table|tables)\(\"(\w+)\"", source))
    assert len(keys) > 30
    for key in keys - {"word_zh", "field"}:
        assert re.search(rf"[`\[. ]{key}[`.\]]", text), key
