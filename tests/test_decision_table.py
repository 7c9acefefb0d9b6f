"""The decision table: evidence, trust, time and policy to a verdict and what decides it."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from deciding import answer

ROWS = tomllib.loads(Path(__file__).with_name("decision_table.toml").read_text("utf-8"))["row"]
KEYS = {"why", "file", "but", "trust", "at", "now", "policy", "verdict", "decides"}


def _name(row: dict) -> str:
    changed = [*row.get("but", ()), *row.get("trust", ()), row.get("policy", ""), row.get("at", "")]
    return " ".join([row["file"], *filter(None, changed)])[:90]


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_row(row: dict) -> None:
    found = answer(row)
    assert (found.verdict, list(found.decides)) == (row["verdict"], row.get("decides", [])), (
        row["why"]
    )
    for finding in found.report.deciding:
        assert finding.message("zh") and finding.message("en")


def test_every_row_is_a_question_of_its_own_and_says_why() -> None:
    assert len(ROWS) >= 150
    for row in ROWS:
        assert set(row) <= KEYS and row["why"]
        assert bool(row.get("decides")) == (row["verdict"] != "VALID"), row["why"]
    asked = Counter(str({k: v for k, v in row.items() if k not in {"why", "verdict", "decides"}})
                    for row in ROWS)  # fmt: skip
    assert [row for row, times in asked.items() if times > 1] == []
    assert all(count >= 40 for count in Counter(row["verdict"] for row in ROWS).values())


def test_a_row_takes_milliseconds() -> None:
    """All are judged from evidence that was looked at once."""
    for row in ROWS:
        answer(row)  # warm
    begun = time.perf_counter()
    for row in ROWS:
        answer(row)
    assert (time.perf_counter() - begun) / len(ROWS) < 0.1
