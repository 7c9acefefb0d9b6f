"""Licence types as data: one TOML file a type, read on first use.

A new type is a new file in this folder, or any file given to :func:`load`; no
code changes with it. ``docs/licence-json.md`` describes the file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from elicense.errors import UsageError
from elicense.profiles.loader import load_profile
from elicense.profiles.model import Box, Choice, Field, Profile, QrTemplate, Rule, TermLimit
from elicense.profiles.printed import (
    choice_items,
    date_forms,
    printed_forms,
    printed_parts,
    table_rows,
)
from elicense.profiles.rules import Breach, breaches
from elicense.profiles.values import table_problems, value_problem

__all__ = [
    "Box",
    "Breach",
    "Choice",
    "Field",
    "Profile",
    "QrTemplate",
    "Rule",
    "TermLimit",
    "all",
    "breaches",
    "by_template",
    "by_type_code",
    "choice_items",
    "date_forms",
    "find",
    "get",
    "load",
    "printed_forms",
    "printed_parts",
    "table_problems",
    "table_rows",
    "value_problem",
]

_HERE = Path(__file__).parent
_SHARED = _HERE / "shared.toml"


def load(path: str | Path) -> Profile:
    """The licence type in a TOML file. UsageError names the file and the key."""
    return load_profile(Path(path), shared=_SHARED)


@cache
def _packaged(name: str) -> Profile:
    """One file of this folder; it must be called by its id."""
    profile = load(_HERE / f"{name}.toml")
    if profile.id != name:
        raise UsageError("profile.invalid", f"{name}.toml holds the licence type {profile.id!r}")
    return profile


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml") if path != _SHARED))


@cache
def all() -> tuple[Profile, ...]:
    """The licence types of this package, by id."""
    profiles = tuple(_packaged(name) for name in _names())
    taken: dict[int, str] = {}
    for profile in profiles:
        for item in profile.templates:
            if taken.setdefault(item.template, profile.id) != profile.id:
                detail = f"{profile.id} and {taken[item.template]} share template {item.template}"
                raise UsageError("profile.invalid", detail)
    return profiles


def find(id: str) -> Profile | None:
    """The licence type ``id``, or None: what a file names may be unknown here."""
    return _packaged(id) if id in _names() else None


def get(id: str) -> Profile:
    """The licence type ``id``; UsageError ``profile.unknown`` if there is none."""
    profile = find(id)
    if profile is None:
        names = ", ".join(item.id for item in all())
        raise UsageError("profile.unknown", f"{id!r} is not one of {names}")
    return profile


def by_template(template: int) -> tuple[Profile, QrTemplate] | None:
    """The licence type and order of fields of a QR template, or None."""
    for profile in all():
        for item in profile.templates:
            if item.template == template:
                return profile, item
    return None


def by_type_code(code: str) -> Profile | None:
    """The licence type with this 证照类型代码, or None. Check ``type_code_confirmed``."""
    return next((item for item in all() if item.type_code == code), None)
