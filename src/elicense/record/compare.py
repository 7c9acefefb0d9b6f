"""Two reports side by side: what is not the same, by its place in the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MOST = 200  # differences told


@dataclass(frozen=True, slots=True)
class Difference:
    """``place`` in the report (``verdict``, ``doc.findings``), what was recorded there and
    what is there now; empty where there was or is nothing."""

    place: str
    recorded: str
    now: str


def without_environment(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report, and the reports within it, without engine and versions."""
    return {
        key: without_environment(value) if key in {"doc", "smc"} and isinstance(value, Mapping)
        else value
        for key, value in report.items() if key != "environment"
    }  # fmt: skip


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """All differences, verdicts first; none only if both are the same byte for byte."""
    found = sorted(_walk("", old, new), key=lambda d: not d.place.endswith("verdict"))
    if not found and _text(old) != _text(new):
        found = [Difference("order", "", "")]  # the same members, in another order
    return tuple(found[:_MOST])


def _walk(place: str, old: Any, new: Any) -> Iterator[Difference]:
    if place.endswith("findings") and isinstance(old, list) and isinstance(new, list):
        yield from _findings(place, old, new)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            inner = f"{place}.{key}" if place else str(key)
            yield from _walk(inner, old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True), 1):
            yield from _walk(f"{place}[{number}]", one, other)
    elif _text(old) != _text(new):
        yield Difference(place, _shown(old), _shown(new))


def _findings(place: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    """Findings that are gone, new, or say something else."""
    before, after = Counter(map(_text, old)), Counter(map(_text, new))
    gone = [one for one in old if before[_text(one)] > after[_text(one)]]
    come = [one for one in new if after[_text(one)] > before[_text(one)]]
    for one in gone:
        other = next((x for x in come if _key(x) == _key(one)), None)
        if other is not None:
            come.remove(other)
        yield Difference(place, _finding(one), _finding(other))
    for one in come:
        yield Difference(place, "", _finding(one))
    if not gone and not come and _text(old) != _text(new):
        yield Difference(f"{place} (order)", "", "")


def _key(one: Any) -> tuple[Any, Any]:
    return (one.get("code"), one.get("subject")) if isinstance(one, Mapping) else (None, None)


def _finding(one: Any) -> str:
    if not isinstance(one, Mapping):
        return "" if one is None else _shown(one)
    head = " ".join(str(one.get(key, "")) for key in ("code", "outcome", "subject", "reason"))
    return f"{head.strip()}: {one.get('message', '')}"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _text(value)
    return text if len(text) <= 300 else f"{text[:300]} …"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
