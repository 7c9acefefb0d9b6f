"""Findings: what was checked, what came of it, and the sentence that says so.

Texts live in ``findings.toml`` (code → outcome and reason → zh, en, what to do),
so that a correction is a change of data.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")
_HERE = Path(__file__).parent


class Outcome(StrEnum):
    """PASS is positive proof, FAIL a proven fault, UNKNOWN an open question, WARN a remark
    that never changes a verdict, SKIPPED a check that has no object here."""

    PASS = "PASS"  # noqa: S105 - an outcome, no password
    FAIL = "FAIL"
    WARN = "WARN"
    UNKNOWN = "UNKNOWN"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``subject`` is ``file``, ``licence``, ``signature:1``, ``timestamp:1.1``,
    ``qr:1`` …; ``reason`` one stable word (may be empty); ``values`` fill the sentence;
    ``detail`` is technical, in English; ``indication`` the EN 319 102-1 sub-indication."""

    code: str
    outcome: Outcome
    subject: str = "file"
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    indication: str = ""

    @property
    def category(self) -> str:
        return str(_entry(self.code)["category"])

    @property
    def clause(self) -> str:
        """The clause of the standard or law that the check comes from."""
        text = _text(self.code, self.outcome, self.reason)
        return str(text.get("clause") or _entry(self.code).get("clause", ""))

    def message(self, language: str = "en") -> str:
        """One sentence for a window clerk, in ``zh`` or ``en``."""
        return self._fill(language)

    def advice(self, language: str = "en") -> str:
        """What to do about it; empty where nothing is to be done."""
        return self._fill(f"do_{language}")

    def _fill(self, key: str) -> str:
        template = str(_text(self.code, self.outcome, self.reason).get(key, ""))
        if not template:
            return ""
        language = "zh" if key.endswith("zh") else "en"
        detail = self.values.get("detail", "")
        detail = kind_text(detail, language) or detail
        what = kind_text(self.reason, language) or detail
        values = {**self.values, "what": what, "detail": detail}
        return template.format_map(_Shown(values))


class _Shown(dict[str, str]):
    """Values of a sentence; one that is not known shows as a dash, never as an error."""

    def __missing__(self, key: str) -> str:
        return "—"


def catalogue() -> Mapping[str, Any]:
    """All codes with their category, clause and texts."""
    return _catalogue()


def question(code: str, language: str) -> str:
    """What the check asks, as a short title."""
    return str(_entry(code).get(f"title_{language}", code))


def category(code: str) -> str:
    return str(_entry(code)["category"])


def known(code: str, outcome: Outcome, reason: str = "") -> bool:
    """Has the catalogue a text of its own for this outcome and reason?"""
    key = f"{outcome}.{reason}" if reason else str(outcome)
    family = _catalogue().get(code.split(".", 1)[0] + ".*", {})
    return key in _entry(code).get("text", {}) or key in family.get("text", {})


def kind_text(kind: str, language: str) -> str:
    """What a kind of fault, note or problem means; empty where it has no text."""
    pair = _kinds().get(kind)
    return pair[LANGUAGES.index(language)] if pair else ""


@cache
def _kinds() -> dict[str, list[str]]:
    return tomllib.loads(_HERE.joinpath("kinds.toml").read_text("utf-8"))


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(_HERE.joinpath("findings.toml").read_text("utf-8"))


def _entry(code: str) -> dict[str, Any]:
    table = _catalogue()
    if code in table:
        entry: dict[str, Any] = table[code]
        return entry
    family: dict[str, Any] = table[code.split(".", 1)[0] + ".*"]
    return family


def _text(code: str, outcome: Outcome, reason: str) -> Mapping[str, str]:
    """The code's own text, else that of its family (``ism.*``), for this very reason first."""
    own = _entry(code).get("text", {})
    family = _catalogue().get(code.split(".", 1)[0] + ".*", {}).get("text", {})
    for key in (f"{outcome}.{reason}", str(outcome)):
        found: Mapping[str, str] = own.get(key) or family.get(key) or {}
        if found:
            return found
    return {}
