"""``elicense copy`` and ``elicense verify --receiver``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import elicense
from copying import BANK, PURPOSE, copy, original, verify
from elicense import record
from elicense.cli import cli
from issuing_world import CERTS

TRUST = ["--trust", str(CERTS / "trust"), "--allow-test-trust"]
KEY = ["--key", f"file:{CERTS / 'keys' / 'copy' / 'tianjin-sm2.pem'}",
       "--cert", str(CERTS / "copy" / "tianjin-sm2.pem")]  # fmt: skip
WANTED = ["--for", PURPOSE, "--to", BANK.name, "--to-code", BANK.code, "--until", "2026-12-01",
          "--time", "2026-11-01T09:00+08:00"]  # fmt: skip


@pytest.fixture
def licence(tmp_path: Path) -> Path:
    path = tmp_path / "doc.ofd"
    path.write_bytes(original())
    return path


def run(*words: Any) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_a_copy_is_made_verified_and_says_what_it_hides(licence: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.ofd"
    made = run("copy", licence, *WANTED, "--hide", "officer,holder_code", "--hide",
               "tracking_number", *KEY, *TRUST, "-o", out)  # fmt: skip
    assert made.exit_code == 0, made.output
    found = run("verify", out, *TRUST, "--at", "2026-11-02", "--now", "2026-11-02", "--lang", "zh")
    assert found.exit_code == 0
    assert "隐藏了 3 项内容" in found.output.replace("\n", "")
    assert "只供" in found.output
    again = run("copy", licence, *WANTED, *KEY, *TRUST, "-o", out)
    assert isinstance(again.exception, elicense.UsageError)


def test_what_can_be_hidden_is_listed_without_a_key(licence: Path) -> None:
    found = run("copy", licence, "--list", "--lang", "zh")
    assert found.exit_code == 0
    assert "officer" in found.output
    assert "签发人" in found.output
    assert "valid_from" not in found.output
    assert "holder_name " not in found.output


def test_all_that_may_be_hidden_can_be_in_one_word(licence: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.pdf"
    made = run("copy", licence, *WANTED, "--hide-all-optional", "--format", "pdf", *KEY, *TRUST,
               "-o", out)  # fmt: skip
    assert made.exit_code == 0, made.output
    listed = run("copy", licence, "--list").output.strip().splitlines()
    report = verify(out.read_bytes())
    assert report.verdict == "VALID"
    assert len(report.to_dict()["copy"]["hidden"]) == len(listed)


def test_what_is_missing_or_wrong_is_named(licence: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.ofd"
    missing = run("copy", licence, "-o", out)
    assert missing.exit_code == 2
    assert "--for, --to, --until, --key" in missing.output
    wrong = run("copy", licence, *WANTED[:-4], "--until", "soon", *KEY, "-o", out)
    assert wrong.exit_code == 2
    assert "30d" in wrong.output
    field = run("copy", licence, *WANTED, "--hide", "number", *KEY, *TRUST, "-o", out)
    assert isinstance(field.exception, elicense.UsageError)
    assert not out.exists()


def test_a_copy_for_another_is_refused_and_the_record_keeps_who_asked(tmp_path: Path) -> None:
    path = tmp_path / "copy.ofd"
    path.write_bytes(copy(original()))
    at = ["--at", "2026-11-02", "--now", "2026-11-02"]
    own = run("verify", path, *TRUST, *at, "--receiver", BANK.code, "--json")
    assert own.exit_code == 0
    assert json.loads(own.output)["copy"]["asked"] == BANK.code
    kept = tmp_path / "copy.elrec"
    other = run("verify", path, *TRUST, *at, "--receiver", "另一家", "--record", kept)
    assert other.exit_code == 1
    assert "另一家" in other.output
    again = run("replay", kept, "--allow-test-trust")
    assert again.exit_code == 1, again.output  # the same answer again, not another (5)


def test_a_record_made_by_the_library_keeps_who_asked() -> None:
    made = copy(original())
    report = verify(made, receiver="另一家")
    assert record.make(report, made, ocr=False)
