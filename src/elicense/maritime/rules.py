"""The rules V1–V22 as they stand in ``rules.toml``. Misspelt keys are refused, by name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from elicense.errors import UsageError

SCHEMA = "elicense-rules/1"
NUMBERS = ("months", "before", "after", "years", "from", "to", "shortest")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a rule says under one regime from one day on.

    ``paragraph`` is empty where it is not known; ``numbers`` are calendar months
    (``months`` a longest term, ``before`` and ``after`` a window, ``shortest``) or years
    (``years``, ``from``, ``to``).
    """

    rule: str
    regime: str
    paragraph: str
    since: date
    confirmed: bool
    numbers: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    @property
    def cite(self) -> str:
        """How a sentence names it: the paragraph, else the rule's own number."""
        return self.paragraph or self.rule


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``types`` are the licence types it is applied to (none: to DOC, SMC and ship
    together); ``box`` the endorsement it governs; ``limits`` what it says, by regime and date."""

    id: str
    code: str
    types: tuple[str, ...]
    zh: str
    en: str
    box: str
    limits: tuple[Limit, ...]

    def limit(self, regime: str, day: date) -> Limit | None:
        """What it says under ``regime`` on ``day``; None if nothing is known."""
        fitting = [x for x in self.limits if x.regime == regime and x.since <= day]
        return max(fitting, key=lambda item: item.since, default=None)


@cache
def rules() -> Mapping[str, Rule]:
    """All rules of the package, by id, in order."""
    return load(Path(__file__).with_name("rules.toml"))


def rule(id: str) -> Rule:
    """The rule ``id`` (``V4``)."""
    return rules()[id]


def limit(id: str, regime: str, day: date) -> Limit | None:
    """What the rule ``id`` says under ``regime`` on ``day``."""
    return rules()[id].limit(regime, day)


def load(path: Path) -> Mapping[str, Rule]:
    """Read a file of rules. Raises UsageError ``rules.invalid`` naming the key."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise UsageError("rules.invalid", f"not readable: {exc}", place=path.name) from exc
    _only(table, {"schema", "rule"}, path.name)
    if table.get("schema") != SCHEMA:
        raise UsageError("rules.invalid", f"schema must be {SCHEMA!r}", place=path.name)
    found: dict[str, Rule] = {}
    for item in table.get("rule", []):
        made = _rule(item, path.name)
        if made.id in found:
            raise UsageError("rules.invalid", f"{made.id} stands there twice", place=path.name)
        found[made.id] = made
    return found


def _rule(item: Mapping[str, Any], place: str) -> Rule:
    place = f"{place}: {item.get('id', '?')}"
    _only(item, {"id", "code", "types", "zh", "en", "box", "in"}, place)
    texts = [_value(item, key, str, place) for key in ("id", "code", "zh", "en")]
    types = _value(item, "types", list, place)
    limits = tuple(_limit(texts[0], part, place) for part in _value(item, "in", list, place))
    return Rule(
        id=texts[0], code=texts[1], types=tuple(types), zh=texts[2], en=texts[3],
        box=str(item.get("box", "")), limits=limits,
    )  # fmt: skip


def _limit(id: str, part: Mapping[str, Any], place: str) -> Limit:
    _only(part, {"regime", "paragraph", "since", "confirmed", *NUMBERS}, place)
    numbers = {key: _value(part, key, int, place) for key in NUMBERS if key in part}
    if any(number <= 0 for number in numbers.values()):
        raise UsageError("rules.invalid", "a number is not positive", place=place)
    return Limit(
        rule=id, regime=_value(part, "regime", str, place),
        paragraph=_value(part, "paragraph", str, place), since=_value(part, "since", date, place),
        confirmed=_value(part, "confirmed", bool, place), numbers=numbers,
    )  # fmt: skip


def _value(item: Mapping[str, Any], key: str, kind: type, place: str) -> Any:
    value = item.get(key)
    if type(value) is not kind:
        raise UsageError("rules.invalid", f"{key} must be of type {kind.__name__}", place=place)
    return value


def _only(item: Mapping[str, Any], known: set[str], place: str) -> None:
    for key in item:
        if key not in known:
            raise UsageError("rules.invalid", f"unknown key {key!r}", place=place)
