"""``elicense extend`` as it is called, with the test authority on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import elicense
from elicense.cli import cli
from issuing_world import CERTS, SAMPLES
from serve_tsa import serving

TRUST = ("--trust", CERTS / "trust", "--allow-test-trust")


def run(file: str | Path, *arguments: object, family: str = "sm2") -> Result:
    with serving(family) as address:
        return CliRunner().invoke(
            cli, ["extend", str(file), *map(str, (*TRUST, "--tsa", address, "--allow-loopback")),
                  *map(str, arguments)],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "family"), [("guangdong-smc.pdf", "rsa"), ("tianjin-doc.ofd", "sm2")]
)
def test_a_sample_is_extended(sample: str, family: str, tmp_path: Path) -> None:
    out = tmp_path / sample
    found = run(SAMPLES / sample, "-o", out, "--lang", "en", family=family)
    assert found.exit_code in {0, 3}, found.output
    report = elicense.verify(out, trust=elicense.TrustStore.load(CERTS / "trust"))
    assert report.verdict == "VALID" and "judged VALID" in found.stdout
    assert ("OFD has no archive timestamp" in found.stdout) is sample.endswith(".ofd")
    if sample.endswith(".pdf"):
        assert out.read_bytes().startswith((SAMPLES / sample).read_bytes())
        assert "New timestamp" in found.stdout and "lasts until 2044-01-01" in found.stdout


def test_it_speaks_chinese_and_json(tmp_path: Path) -> None:
    found = run(SAMPLES / "guangdong-smc.pdf", "-o", tmp_path / "a.pdf", "--lang", "zh")
    assert "新时间戳" in found.stdout and "时间证明有效至" in found.stdout
    found = run(SAMPLES / "guangdong-smc.pdf", "-o", tmp_path / "b.pdf", "--json")
    told = json.loads(found.stdout)
    assert told["verdict"] == told["before"] == "VALID" and told["proven"] and told["until"]
    assert found.exit_code == (3 if told["gaps"] else 0)


def test_nothing_is_written_over_or_for_a_file_that_is_wrong(tmp_path: Path) -> None:
    file = SAMPLES / "guangdong-smc.pdf"
    there = tmp_path / "there.pdf"
    there.write_bytes(b"x")
    assert run(file, "-o", there).exit_code == 2 or run(file, "-o", there).exception
    assert there.read_bytes() == b"x"
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(file.read_bytes().replace(b"/Subtype", b"/subtype", 1))
    found = run(broken, "-o", tmp_path / "new.pdf")
    assert found.exit_code == 1 and "extend.invalid" in found.stderr
    assert not (tmp_path / "new.pdf").exists()


def test_the_file_itself_is_left_alone(tmp_path: Path) -> None:
    copy = tmp_path / "copy.pdf"
    copy.write_bytes((SAMPLES / "guangdong-smc.pdf").read_bytes())
    before = copy.read_bytes()
    found = run(copy, "-o", copy, "-f")
    assert found.exit_code and copy.read_bytes() == before


def test_an_authority_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    store = elicense.TrustStore.load(CERTS / "trust")
    assert any(s.service == "timestamp" for s in store.services)
    with serving("sm2") as address:
        found = CliRunner().invoke(
            cli, ["extend", str(SAMPLES / "guangdong-smc.pdf"), "-o", str(tmp_path / "x.pdf"),
                  "--tsa", address, "--allow-loopback"],
        )  # fmt: skip
    assert found.exit_code == 1 and not (tmp_path / "x.pdf").exists()
    assert "extend.timestamp" in found.stderr
