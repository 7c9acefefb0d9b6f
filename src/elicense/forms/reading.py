"""What reading a form gives: the licence, or every fault with the name it stands under."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from elicense import canonical, identifiers, profiles
from elicense import licence as licences
from elicense.canonical import Value
from elicense.errors import Error, FieldFault, InputError, UsageError
from elicense.licence import FORMAT, Licence
from elicense.profiles import Field, Profile, value_problem

_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", re.ASCII)
_AMOUNT = re.compile(r"[¥￥]?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]{1,2})?)元?", re.ASCII)
_PROBLEMS = {
    "missing": "lacks a cell that is required",
    "unknown": "has a cell that stands in no column",
    "kind": "is not a value of this kind",
    "check": "has a wrong check digit",
    "unknown-code": "is not in its table",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """``licence`` is None where ``faults`` keep it from being read at all.

    ``beside`` holds what the form says and a licence does not: a state, the name of a
    copy's maker. Use the licence only if there are no faults.
    """

    licence: Licence | None
    faults: tuple[FieldFault, ...] = ()
    beside: Mapping[str, Value] = field(default_factory=dict)


class Building:
    """A licence being put together from a form. ``names`` maps each path to the form's name."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        self.members: dict[str, Any] = {}
        self.faults: list[FieldFault] = []

    def wrong(self, name: str, code: str, detail: str) -> None:
        self.faults.append(FieldFault(name, f"form.{code}", detail))

    def put(self, path: str, value: Value) -> None:
        *parents, last = path.split(".")
        here = self.members
        for step in parents:
            inner = here.setdefault(step, {})
            if not isinstance(inner, dict):
                self.wrong(self.names.get(path, path), "kind", f"{step} is a value, not a part")
                return
            here = inner
        here[last] = dict(value) if isinstance(value, Mapping) else value

    def field(self, item: Field, name: str, value: Value) -> None:
        """One field's value, in any spelling of the form; a fault if it is none of its kind."""
        self.names.setdefault(item.path, name)
        read = spelled(item, value)
        problem = value_problem(item, read)
        if problem:
            detail = f"{str(value)[:80]!r} {_PROBLEMS[problem]} ({item.kind})"
            self.wrong(name, problem, detail)
            if problem == "kind":
                return
        self.put(item.path, read)

    def finish(self, profile: Profile, beside: Mapping[str, Value]) -> Reading:
        """Check what is required, then read the whole as a ``licence.json``."""
        self.put("type", profile.id)
        for item in profile.fields:
            if item.required and not _there(self.members, item.path):
                name = self.names.get(item.path, item.path)
                told = any(fault.path == name for fault in self.faults)
                if not told:
                    self.wrong(name, "missing", f"{item.zh} {item.en} is required")
        members: dict[str, Any] = {"format": FORMAT, "issuer": {}, "holder": {}, **self.members}
        members.setdefault("version", _version(members.get("identifier")))
        try:
            read = licences.load(canonical.encode(members))
        except Error as error:
            path = error.place.removeprefix("$.")
            name = self.names.get(path, path or "$")
            if not any(fault.path == name for fault in self.faults):
                self.faults.append(FieldFault(name, error.code, error.detail))
            return Reading(None, tuple(self.faults), beside)
        return Reading(replace(read, source=None), tuple(self.faults), beside)


def _there(members: Value, path: str) -> bool:
    try:
        return canonical.value_at(members, path) not in ("", ())
    except KeyError:
        return False


def _version(identifier: object) -> int:
    """The version in the identifier, or 1 where there is none to read."""
    try:
        return identifiers.parse_identifier(str(identifier)).version_number
    except InputError:
        return 1


def spelled(item: Field, value: Value) -> Value:
    """A form's spelling of a value as ``licence.json`` has it; left as it is if it is none."""
    if item.kind == "choices":
        entries = value if isinstance(value, tuple) else (value,)
        return tuple(_entry(item, entry) for entry in entries)
    if item.kind == "table" and isinstance(value, tuple):
        return tuple(_spelled_row(item, row) for row in value)
    if item.kind == "integer" and isinstance(value, str):
        digits = value.strip().replace(",", "")
        return int(digits) if digits.isascii() and digits.isdigit() else value
    if not isinstance(value, str):
        return value
    text = value.strip()
    if item.kind == "date":
        return iso_date(text)
    if item.kind == "money":
        return amount(text)
    return _code(item, text) if item.kind in {"choice", "title"} else text


def iso_date(text: str) -> str:
    """``20260301``, ``2026/3/1``, ``2026年3月1日`` as ``2026-03-01``; other texts unchanged."""
    found = _DATE.fullmatch(text)
    if found is None or (text.isdigit() and len(text) != 8):
        return text
    try:
        return datetime.date(*map(int, found.groups())).isoformat()
    except ValueError:
        return text


def _spelled_row(item: Field, row: Value) -> Value:
    """The cells of a table's row, each as its column has it."""
    if not isinstance(row, Mapping):
        return row
    columns = {column.key: column for column in item.columns}
    return {key: spelled(columns[key], cell) if key in columns else cell
            for key, cell in row.items()}  # fmt: skip


def amount(text: str) -> str:
    """``¥1,234.5``, ``1234元`` as ``1234.50``; other texts unchanged."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return text
    digits = found[1].replace(",", "")
    yuan, _, rest = digits.partition(".")
    return f"{int(yuan)}.{rest:0<2}"


def _entry(item: Field, entry: Value) -> Value:
    if isinstance(entry, str):
        return {"code": _code(item, entry.strip())}
    if isinstance(entry, Mapping) and isinstance(entry.get("code"), str):
        return {**entry, "code": _code(item, str(entry["code"]))}
    return entry


def _code(item: Field, text: str) -> str:
    """The code of a choice written by any of its names."""
    folded = text.casefold()
    for code, choice in item.choices.items():
        if folded in {code.casefold(), *(name.casefold() for name in choice.names)}:
            return code
    return text


def refuse_loss(licence: Licence, again: Reading, *, form: str) -> None:
    """UsageError ``form.loss`` naming what a form has no place for."""
    there = licences.tree(licence)
    back = licences.tree(again.licence) if again.licence is not None else {}
    lost = sorted(_differing(there, back, ""))
    if lost:
        raise UsageError("form.loss", f"{form} has no place for {', '.join(lost)}", place=lost[0])


def _differing(one: Value, other: Value, path: str) -> list[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        found = []
        for key, value in one.items():
            inner = f"{path}.{key}" if path else key
            found += _differing(value, other.get(key), inner)
        return found
    return [] if one == other else [path]


def profile_by_title(title: str) -> Profile | None:
    """The licence type that is called ``title`` in any of its names, or None."""
    folded = title.strip().casefold()
    for profile in profiles.all():
        titles = (profile.zh, profile.en, profile.acronym, profile.id, *profile.aliases)
        if folded and folded in {name.casefold() for name in titles}:
            return profile
    return None
