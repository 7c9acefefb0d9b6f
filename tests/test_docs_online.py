"""The commands of docs/online.md and docs/archiving.md run and print what they show."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuing_world import ROOT
from serve_tsa import serving

PAGES = ("docs/online.md", "docs/archiving.md")


def _commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            command, _, output = block.partition("\n")
            found.append((command.removeprefix("$ "), output))
    return found


@pytest.fixture(scope="module")
def authority() -> Iterator[None]:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", 3161))
        except OSError:
            pytest.skip("port 3161 is taken")
    with serving("rsa", port=3161):
        yield


@pytest.mark.parametrize(("command", "output"), _commands())
def test_shown_commands_print_what_is_shown(
    command: str, output: str, tmp_path: Path, authority: None
) -> None:
    program, *arguments = command.split()
    assert program == "elicense"
    for folder in ("fixtures", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *arguments], cwd=tmp_path, capture_output=True,
        check=False, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    pattern = re.escape(output).replace("…\\\n", "(?s:.*)").replace("…", ".*")
    assert re.fullmatch(pattern, done.stdout.decode()), done.stdout.decode() + done.stderr.decode()


def test_there_are_commands() -> None:
    assert len(_commands()) == 4
