"""Judging files end to end, for the tests: trust, corpus, and findings as plain tuples."""

from __future__ import annotations

import functools
import json
import os
from datetime import datetime
from pathlib import Path

import pytest

import elicense
from elicense.findings import Outcome

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "examples" / "samples"
CORPUS = Path(os.environ.get("ELICENSE_CORPUS", ROOT.parent / "shared" / "corpus"))
EXPECTED = json.loads(SAMPLES.joinpath("expected.json").read_text("utf-8"))
AT = datetime.fromisoformat(EXPECTED["at"])
NEVER_VALID = {Outcome.FAIL, Outcome.UNKNOWN}

needs_corpus = pytest.mark.skipif(
    not CORPUS.joinpath("pdf").is_dir(), reason="the corpus of real files is not here"
)


@functools.cache
def trust() -> elicense.TrustStore:
    return elicense.TrustStore.load(ROOT / EXPECTED["trust"])


def judge(file: bytes | Path, **options) -> elicense.Report:
    """Judged as the samples are: their trust, their time, unless told otherwise."""
    told = {"trust": trust(), "at": AT, "now": AT, **options}
    return elicense.verify(file, **told)


def found(report: elicense.Report, *outcomes: Outcome) -> set[tuple[str, str]]:
    """(code, reason) of the findings with one of the outcomes."""
    return {(f.code, f.reason) for f in report.findings if f.outcome in outcomes}


def of(report: elicense.Report, code: str, subject: str = "") -> list[Outcome]:
    """The outcomes of one code, for one subject or for all."""
    return [
        f.outcome
        for f in report.findings
        if f.code == code and (not subject or f.subject == subject)
    ]


def sample(name: str) -> bytes:
    return SAMPLES.joinpath(name).read_bytes()
