"""Codes of states and operations as other platforms name them (``state_codes.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("state_codes.toml").read_text("utf-8"))


def state(name: str) -> str:
    """The code of one of our states, or of ``expired``; 99 其他 for what has none."""
    return _table()["states"].get(name, "99")


def operation(before: str, after: str) -> str:
    """The code of a change from ``before`` (empty for issuing) to ``after``; 07 其他 for what
    has none."""
    known = _table()["operations"]
    return known.get(f"{before}>{after}", known.get(f"*>{after}", "07"))


def names(kind: str) -> Mapping[str, str]:
    """What the codes of ``state`` or ``operation`` are called."""
    return _table()[f"{kind}_names"]
