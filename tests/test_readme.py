"""The README's commands and Python run and give what they say; links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = [*READMES, *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]


def _blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def _console() -> list[tuple[str, str, str]]:
    found = []
    for name in READMES:
        for block in _blocks(name, "console"):
            command, _, output = block.partition("\n")
            found.append((name, command.removeprefix("$ "), output))
    return found


@pytest.mark.parametrize(("name", "command", "output"), _console())
def test_shown_commands_print_what_is_shown(name: str, command: str, output: str) -> None:
    program, *arguments = command.split()
    assert program == "elicense"
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *arguments], cwd=ROOT, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.decode() == output


@pytest.mark.parametrize("name", READMES)
def test_python_of_the_readme_runs(name: str) -> None:
    code = "\n".join(_blocks(name, "python"))
    assert "elicense.verify" in code
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert "chain.path" in done.stdout.decode()


@pytest.mark.parametrize("name", PAGES)
def test_links_of_the_pages_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [
        t for t in targets
        if "://" not in t and not (ROOT / name).parent.joinpath(t).exists()
    ]  # fmt: skip
    assert missing == []


def test_the_readme_begins_with_the_two_commands() -> None:
    for name in READMES:
        first = _blocks(name, "sh")[0]
        assert [line.split("#")[0].strip() for line in first.splitlines()] == [
            "make demo", "make test",
        ]  # fmt: skip
