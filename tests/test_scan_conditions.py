"""The manual of scans states the parameters the generator uses."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_manual_states_every_condition_as_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from scans.conditions import CONDITIONS, parameters

    manual = (ROOT / "docs" / "scans.md").read_text("utf-8")
    assert len(CONDITIONS) * 20 >= 600
    for condition in CONDITIONS:
        row = f"| {condition.name} | {condition.what} | {parameters(condition)} |"
        assert row in manual, row
