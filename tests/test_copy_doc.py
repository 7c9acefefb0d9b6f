"""The commands of docs/copies.md do what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from elicense.cli import cli

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "copies.md").read_text("utf-8")


def test_the_commands_run_and_the_copy_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = []
    for line in block.splitlines():
        program, *words = shlex.split(line)
        assert program == "elicense"
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, done.output
        shown.append(done.output)
    assert "签发人" in shown[0]
    assert "VALID" in shown[2]
    assert "加注件" in shown[2]


def test_every_code_of_a_copy_is_on_the_page() -> None:
    from elicense.findings import catalogue

    for code in catalogue():
        if code.startswith("copy.") or code == "licence.attestation":
            assert f"`{code}`" in PAGE
