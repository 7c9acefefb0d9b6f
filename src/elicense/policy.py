"""Policy: how a finding that is not PASS weighs, by code.

Strict TOML: unknown keys and codes are refused, and nothing that belongs to a
required category can be relaxed. A policy can only make the verdict stricter, or
silence remarks and open questions beyond these: a proven fault stays one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from elicense import findings
from elicense.errors import UsageError

REQUIRED = (
    "integrity", "coverage", "signature", "chain", "authority", "time", "revocation",
    "status", "dates", "rules",
)  # fmt: skip
"""VALID needs a PASS and no open question in each of these."""
WEIGHTS = ("FAIL", "WARN", "IGNORE")
_SHIPPED = Path(__file__).with_name("policies")


@dataclass(frozen=True, slots=True)
class Policy:
    """``weights``: code → FAIL (counts as a fault), WARN or IGNORE. ``status_age``: how old a
    licence status list may be at the time of judgement, if it says nothing itself."""

    name: str = "default"
    weights: Mapping[str, str] = field(default_factory=dict)
    status_age: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        for code, weight in self.weights.items():
            _check_weight(code, weight, self.name)

    def weight(self, code: str) -> str | None:
        """FAIL, WARN or IGNORE for a code, or for its family (``ism.*``); else None."""
        if not self.weights:
            return None
        return self.weights.get(code) or self.weights.get(code.split(".", 1)[0] + ".*")

    @classmethod
    def load(cls, name: str | Path) -> Policy:
        """One of the package's own policies by its bare name (``strict``), else the file at
        this path (``./strict`` is a file). Raises UsageError naming the key."""
        shipped = _SHIPPED / f"{name}.toml"
        path = shipped if name in shipped_names() else Path(name)
        try:
            table = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as exc:  # not there, no file name, not UTF-8, not TOML
            own = ", ".join(shipped_names())
            raise UsageError(
                "policy.file", f"not readable, and none of {own}: {exc}", place=str(path)
            ) from exc
        return _from_table(table, str(path))


def shipped_names() -> tuple[str, ...]:
    """The policies that come with the package, by name."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


DEFAULT = Policy()


def _from_table(table: Mapping[str, Any], place: str) -> Policy:
    for key in table:
        if key not in {"schema", "name", "findings", "status_age_days"}:
            raise UsageError("policy.key", f"unknown key {key!r}", place=place)
    if table.get("schema") != "elicense-policy/1":
        raise UsageError("policy.schema", "schema must be 'elicense-policy/1'", place=place)
    days = table.get("status_age_days", 30)
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= 3660:
        raise UsageError("policy.key", "status_age_days must be 1 to 3660", place=place)
    weights = table.get("findings", {})
    if not isinstance(weights, dict):
        raise UsageError("policy.key", "findings must be a table", place=place)
    for code, weight in weights.items():
        _check_weight(code, weight, place)
    name = table.get("name", Path(place).stem)
    if not isinstance(name, str) or not name:
        raise UsageError("policy.key", "name must be a text", place=place)
    return Policy(name, dict(weights), timedelta(days=days))


def _check_weight(code: str, weight: object, place: str) -> None:
    if code not in findings.catalogue():
        raise UsageError("policy.code", f"unknown finding code {code!r}", place=place)
    if weight not in WEIGHTS:
        raise UsageError("policy.weight", f"{code}: must be FAIL, WARN or IGNORE", place=place)
    if weight != "FAIL" and findings.category(code) in REQUIRED:
        raise UsageError(
            "policy.required", f"{code}: a required category cannot be relaxed", place=place
        )
