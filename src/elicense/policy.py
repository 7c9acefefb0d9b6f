"""Policy: how a finding that is not PASS weighs, by code.

Strict TOML: unknown keys and codes are refused, and nothing that belongs to a
required category can be relaxed. A policy can only make the verdict stricter, or
silence remarks and open questions beyond these: a proven fault stays one.
It may also say which licences of other regions are recognised here (跨省互认).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from elicense import findings
from elicense.errors import UsageError
from elicense.identifiers import area_contains, check_area

REQUIRED = (
    "integrity", "coverage", "signature", "chain", "authority", "time", "revocation",
    "status", "dates", "rules",
)  # fmt: skip
"""VALID needs a PASS and no open question in each of these."""
WEIGHTS = ("FAIL", "WARN", "IGNORE")
NATIONAL = "national"
_SHIPPED = Path(__file__).with_name("policies")
_CHINA = timezone(timedelta(hours=8))
_AGES = {"status_age_days": "status_age", "revocation_age_days": "revocation_age",
         "crl_age_days": "crl_age", "trust_age_days": "trust_age"}  # fmt: skip
_TOP = {"schema", "name", "findings", "region", "recognition", *_AGES}
_RECOGNITION = {"regions", "licence_types", "from", "until", "note"}


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which types of which regions are recognised here, and when.

    ``regions`` are six-digit codes of GB/T 2260, each with all that lies in it, or
    ``national``; ``licence_types`` profile ids. ``starts`` is the first moment, ``ends``
    the first moment after; ``note`` names the agreement it rests on.
    """

    regions: tuple[str, ...]
    licence_types: tuple[str, ...]
    starts: datetime | None = None
    ends: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        _check_recognition(self, "recognition")

    def covers(self, region: str) -> bool:
        """Is ``region``, that of a trust entry, one of the regions or within one?"""
        return any(own == region or area_contains(own, region) for own in self.regions)

    def state(self, moment: datetime) -> str:
        """Empty while it is in force, else ``not-yet`` or ``ended``."""
        if self.starts is not None and moment < self.starts:
            return "not-yet"
        return "ended" if self.ends is not None and moment >= self.ends else ""


@dataclass(frozen=True, slots=True)
class Policy:
    """``weights``: code → FAIL (counts as a fault), WARN or IGNORE. ``status_age``: how old a
    licence status list may be at the time of judgement, if it says nothing itself.
    ``revocation_age``: how old a CRL or an OCSP response may be although its next update is
    still to come, ``crl_age`` the same for CRLs alone, in its place; ``trust_age``: how old
    a trust store without a next update. None sets no bound of the policy's own.
    ``region`` is the receiving region (six digits, or empty), ``recognition`` what it
    recognises of others; without any the question is not asked."""

    name: str = "default"
    weights: Mapping[str, str] = field(default_factory=dict)
    status_age: timedelta = timedelta(days=30)
    region: str = ""
    recognition: tuple[Recognition, ...] = ()
    revocation_age: timedelta | None = None
    crl_age: timedelta | None = None
    trust_age: timedelta | None = None

    def __post_init__(self) -> None:
        for code, weight in self.weights.items():
            _check_weight(code, weight, self.name)
        if self.region and check_area(self.region) != "ok":
            raise UsageError("policy.region", f"{self.region!r} is no region", place=self.name)

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
            text = Path(path).read_text("utf-8")
            return cls.from_toml(text, place=str(path))
        except (OSError, ValueError) as exc:  # not there, no file name, not UTF-8, not TOML
            own = ", ".join(shipped_names())
            raise UsageError(
                "policy.file", f"not readable, and none of {own}: {exc}", place=str(path)
            ) from exc

    @classmethod
    def from_toml(cls, text: str, *, place: str = "policy.toml") -> Policy:
        """A policy from the text of its file. Raises UsageError, or ValueError for what is no
        TOML."""
        return _from_table(tomllib.loads(text), place)

    def to_toml(self) -> str:
        """The policy as a file that reads back as the same policy; the same text each time.
        UsageError for an age that is not whole days, which no file can say."""
        lines = ['schema = "elicense-policy/1"', f"name = {_quoted(self.name)}"]
        for key, name in _AGES.items():
            age: timedelta | None = getattr(self, name)
            if age is not None and timedelta(days=age.days) != age:
                raise UsageError("policy.key", f"{name} is not a number of days", place=self.name)
            lines += [f"{key} = {age.days}"] if age is not None else []
        lines += [f"region = {_quoted(self.region)}"] if self.region else []
        lines += ["[findings]"] if self.weights else []
        lines += [f"{_quoted(code)} = {_quoted(w)}" for code, w in sorted(self.weights.items())]
        for item in self.recognition:
            lines += ["[[recognition]]", f"regions = {_quoted_list(item.regions)}",
                      f"licence_types = {_quoted_list(item.licence_types)}"]  # fmt: skip
            for key, moment in (("from", item.starts), ("until", item.ends)):
                lines += [f"{key} = {moment.isoformat()}"] if moment else []
            lines += [f"note = {_quoted(item.note)}"] if item.note else []
        return "\n".join(lines) + "\n"


def shipped_names() -> tuple[str, ...]:
    """The policies that come with the package, by name."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


DEFAULT = Policy()


def _quoted(text: str) -> str:
    """A basic string of TOML: that of JSON, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _quoted_list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"


def _from_table(table: Mapping[str, Any], place: str) -> Policy:
    for key in table:
        if key not in _TOP:
            raise UsageError("policy.key", f"unknown key {key!r}", place=place)
    if table.get("schema") != "elicense-policy/1":
        raise UsageError("policy.schema", "schema must be 'elicense-policy/1'", place=place)
    ages = {name: _days(table[key], key, place) for key, name in _AGES.items() if key in table}
    weights = table.get("findings", {})
    if not isinstance(weights, dict):
        raise UsageError("policy.key", "findings must be a table", place=place)
    for code, weight in weights.items():
        _check_weight(code, weight, place)
    name = table.get("name", Path(place).stem)
    if not isinstance(name, str) or not name:
        raise UsageError("policy.key", "name must be a text", place=place)
    region = table.get("region", "")
    if "region" in table and (not isinstance(region, str) or check_area(region) != "ok"):
        raise UsageError("policy.region", "region must be six digits of GB/T 2260", place=place)
    rules = _recognitions(table.get("recognition"), place)
    return Policy(name, dict(weights), region=region, recognition=rules, **ages)


def _days(days: object, key: str, place: str) -> timedelta:
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= 3660:
        raise UsageError("policy.key", f"{key} must be 1 to 3660", place=place)
    return timedelta(days=days)


def _recognitions(found: object, place: str) -> tuple[Recognition, ...]:
    if found is None:
        return ()
    if not isinstance(found, list) or not found or not all(isinstance(x, dict) for x in found):
        raise UsageError("policy.key", "[[recognition]] tables are needed", place=place)
    return tuple(_recognition(x, f"{place}: recognition[{i}]") for i, x in enumerate(found))


def _recognition(table: Mapping[str, Any], place: str) -> Recognition:
    for key in table:
        if key not in _RECOGNITION:
            raise UsageError("policy.key", f"unknown key {key!r}", place=place)
    note = table.get("note", "")
    if not isinstance(note, str) or len(note) > 200:
        raise UsageError("policy.key", "note must be a text of at most 200 characters", place=place)
    regions, types = (_texts(table, key, place) for key in ("regions", "licence_types"))
    starts, ends = (_moment(table, key, place) for key in ("from", "until"))
    try:
        return Recognition(regions, types, starts, ends, note)
    except UsageError as exc:
        raise UsageError(exc.code, exc.detail, place=place) from exc


def _texts(table: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError("policy.key", f"{key} must be a list of texts", place=place)
    return tuple(value)


def _moment(table: Mapping[str, Any], key: str, place: str) -> datetime | None:
    """A time, or a day in China's calendar: its first moment."""
    value = table.get(key)
    try:
        if value is None:
            return None
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=_CHINA)).astimezone(UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), _CHINA).astimezone(UTC)
    except OverflowError as exc:
        raise UsageError("policy.key", f"{key} is outside the calendar", place=place) from exc
    raise UsageError("policy.key", f"{key} must be a date or a time", place=place)


def _check_recognition(item: Recognition, place: str) -> None:
    from elicense.profiles import find

    if not item.regions or not item.licence_types:
        raise UsageError("policy.key", "regions and licence_types are needed", place=place)
    for region in item.regions:
        if region != NATIONAL and check_area(region) != "ok":
            raise UsageError(
                "policy.region", f"{region!r} is neither six digits of GB/T 2260 nor 'national'",
                place=place,
            )  # fmt: skip
    for kind in item.licence_types:
        if find(kind) is None:
            raise UsageError("policy.type", f"{kind!r} is no licence type", place=place)
    for moment in (item.starts, item.ends):
        if moment is not None and moment.tzinfo is None:
            raise UsageError("policy.key", "from and until need a time zone", place=place)
    if item.starts is not None and item.ends is not None and item.ends <= item.starts:
        raise UsageError("policy.key", "until is not later than from", place=place)


def _check_weight(code: str, weight: object, place: str) -> None:
    if code not in findings.catalogue():
        raise UsageError("policy.code", f"unknown finding code {code!r}", place=place)
    if weight not in WEIGHTS:
        raise UsageError("policy.weight", f"{code}: must be FAIL, WARN or IGNORE", place=place)
    if weight != "FAIL" and findings.category(code) in REQUIRED:
        raise UsageError(
            "policy.required", f"{code}: a required category cannot be relaxed", place=place
        )
