"""``elicense endorse``: writes what verifies, and nothing else."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import elicense
from elicense.cli import cli
from endorsing import FORMS, seal_of
from issuing_world import CERTS, SAMPLES

KEY = CERTS / "keys/sealers/tianjin-doc-sm2.pem"
CERT = CERTS / "sealers/tianjin-doc-sm2.pem"
TRUST = ("--trust", str(CERTS / "trust"), "--allow-test-trust")


def _run(tmp_path: Path, form: str, *options: str, kind: str = "annual-1") -> tuple[Result, Path]:
    seal, target = tmp_path / "office.esl", tmp_path / f"out.{form}"
    seal.write_bytes(seal_of("tianjin"))
    arguments = [
        "endorse", str(SAMPLES / f"tianjin-doc.{form}"), "--kind", kind, "--date", "2027-02-19",
        "--place", "天津", "--officer", "王样例 审核员", "--seal", str(seal),
        "--key", f"file:{KEY}", "--cert", str(CERT), "--time", "2027-02-20T10:00",
        "-o", str(target), *options,
    ]  # fmt: skip
    return CliRunner().invoke(cli, arguments), target


@pytest.mark.parametrize("form", FORMS)
def test_the_endorsed_file_is_written_and_valid(form: str, tmp_path: Path) -> None:
    done, target = _run(tmp_path, form, *TRUST)
    assert done.exit_code == 0, done.output
    at = datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)
    trust = elicense.TrustStore.load(CERTS / "trust")
    report = elicense.verify(target, trust=trust, at=at, now=at)
    assert report
    assert report.licence is not None
    assert [e.kind for e in report.licence.endorsements] == ["annual-1"]


def test_what_is_refused_is_listed_and_not_written(tmp_path: Path) -> None:
    done, target = _run(tmp_path, "ofd", "--officer", "", "--valid-until", "2035-01-01")
    assert done.exit_code == 1
    assert "officer: it is needed" in done.output and "valid_until:" in done.output
    assert not target.exists()


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "out.ofd").write_bytes(b"kept")
    done, target = _run(tmp_path, "ofd", *TRUST)
    assert done.exit_code != 0 and target.read_bytes() == b"kept"
    done, target = _run(tmp_path, "ofd", "--force", *TRUST)
    assert done.exit_code == 0 and target.read_bytes() != b"kept"
