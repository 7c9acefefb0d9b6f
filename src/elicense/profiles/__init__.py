"""Licence types as data: one TOML file a type, read on first use.

A new type is a new file in a folder of one's own (:func:`use`, ``ELICENSE_PROFILES``); no
code changes with it. ``docs/profiles.md`` describes the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from elicense.errors import UsageError
from elicense.profiles.loader import load_profile, read_profile
from elicense.profiles.model import Box, Choice, Field, Profile, QrTemplate, Rule, TermLimit
from elicense.profiles.printed import (
    choice_items,
    date_forms,
    printed_forms,
    printed_parts,
    table_rows,
)
from elicense.profiles.rules import Breach, breaches
from elicense.profiles.toml_table import Fault
from elicense.profiles.values import table_problems, value_problem

__all__ = [
    "OWN_TEMPLATES",
    "VARIABLE",
    "Box",
    "Breach",
    "Choice",
    "Fault",
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
    "faults",
    "find",
    "folders",
    "get",
    "load",
    "origin",
    "packaged",
    "printed_forms",
    "printed_parts",
    "table_problems",
    "table_rows",
    "trying",
    "use",
    "value_problem",
]

_LONG = 60  # characters of a name that an error repeats

VARIABLE = "ELICENSE_PROFILES"
OWN_TEMPLATES = 10_000  # QR templates below are this package's, from here on anybody's own
_HERE = Path(__file__).parent
_SHARED = _HERE / "shared.toml"


def load(path: str | Path) -> Profile:
    """The licence type in a TOML file. UsageError names the file and the key."""
    return load_profile(Path(path), shared=_SHARED)


def faults(path: str | Path) -> tuple[Profile, tuple[Fault, ...]]:
    """The licence type in a TOML file, and everything that keeps it from being loaded."""
    return read_profile(Path(path), shared=_SHARED)


def use(*folders: str | Path) -> None:
    """Know the licence types of these folders too, beside those of this package; of none
    where none is given. They are read anew.

    The setting is the environment's (``ELICENSE_PROFILES``), so that the processes this one
    starts know the same types. UsageError ``profile.folder``, ``profile.clash``, and those of
    :func:`load`; then nothing changes.
    """
    wanted = os.pathsep.join(str(Path(folder).absolute()) for folder in folders)
    _known.cache_clear()
    _known(wanted)
    os.environ[VARIABLE] = wanted


def folders() -> tuple[Path, ...]:
    """The folders of own licence types in use."""
    return _paths(os.environ.get(VARIABLE, ""))


def _paths(setting: str) -> tuple[Path, ...]:
    return tuple(Path(part) for part in setting.split(os.pathsep) if part)


@cache
def _packaged(name: str) -> Profile:
    """One file of this folder; it must be called by its id."""
    return _called_by_its_id(_HERE / f"{name}.toml")


def _called_by_its_id(path: Path) -> Profile:
    profile = load(path)
    if profile.id != path.stem:
        detail = f"{path} holds the licence type {profile.id!r}: call it {profile.id}.toml"
        raise UsageError("profile.invalid", detail, place="id")
    return profile


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml") if path != _SHARED))


@cache
def _known(setting: str) -> dict[str, tuple[Profile, Path]]:
    """Every licence type by id with its file: this package's, then those of the folders.
    UsageError if two of them cannot be told apart."""
    found = packaged()
    taken: dict[object, Path] = {}
    for profile, path in found.values():
        _take(taken, profile, path)
    for path in _files(_paths(setting)):
        profile = _called_by_its_id(path)
        for item in profile.templates:
            if item.template < OWN_TEMPLATES:
                detail = (f"{path}: template {item.template} is not one's own: "
                          f"from {OWN_TEMPLATES} on")  # fmt: skip
                _clash(taken, ("template", item.template), path)
                raise UsageError("profile.invalid", detail, place="qr")
        if profile.id in found:
            _clash({("id", profile.id): found[profile.id][1]}, ("id", profile.id), path)
        _take(taken, profile, path)
        found[profile.id] = profile, path
    return dict(sorted(found.items()))


def _files(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise UsageError("profile.folder", f"there is no such folder ({VARIABLE})",
                             place=str(folder))  # fmt: skip
        yield from sorted(folder.glob("*.toml"))


def _take(taken: dict[object, Path], profile: Profile, path: Path) -> None:
    names = [("type code", profile.type_code)]
    for what in (*names, *(("template", item.template) for item in profile.templates)):
        _clash(taken, what, path)
        taken[what] = path


def _clash(taken: dict[object, Path], what: tuple[str, object], path: Path) -> None:
    """UsageError naming both files if something has this id, type code or template."""
    if (other := taken.get(what)) is not None:
        detail = f"{other} and {path} have the same {what[0]} {what[1]}"
        raise UsageError("profile.clash", detail, place=what[0])


_TRIED: ContextVar[Profile | None] = ContextVar("tried", default=None)


@contextmanager
def trying(profile: Profile) -> Iterator[None]:
    """Inside, ``profile`` is known beside this package's types, in the place of one with its
    id, and no folder is looked at: to look over a type that is being written."""
    token = _TRIED.set(profile)
    try:
        yield
    finally:
        _TRIED.reset(token)


def packaged() -> dict[str, tuple[Profile, Path]]:
    """This package's own licence types by id, each with its file."""
    return {name: (_packaged(name), _HERE / f"{name}.toml") for name in _names()}


def _here() -> dict[str, tuple[Profile, Path]]:
    return _known(os.environ.get(VARIABLE, ""))


def all() -> tuple[Profile, ...]:
    """The licence types known here, by id: this package's and those of :func:`folders`."""
    tried = _TRIED.get()
    if tried is None:
        return tuple(profile for profile, _ in _here().values())
    return (tried, *(profile for profile, _ in packaged().values() if profile.id != tried.id))


def find(id: str) -> Profile | None:
    """The licence type ``id``, or None: what a file names may be unknown here."""
    tried = _TRIED.get()
    if tried is not None:
        return tried if tried.id == id else _packaged(id) if id in _names() else None
    if not os.environ.get(VARIABLE):
        return _packaged(id) if id in _names() else None
    found = _here().get(id)
    return None if found is None else found[0]


def origin(id: str) -> Path:
    """The file of the licence type ``id``; UsageError ``profile.unknown`` if there is none."""
    get(id)
    return _here()[id][1]


def get(id: str) -> Profile:
    """The licence type ``id``; UsageError ``profile.unknown`` if there is none."""
    profile = find(id)
    if profile is None:
        import difflib

        near = difflib.get_close_matches(id[:_LONG], [item.id for item in all()], n=3)
        meant = f"; do you mean {' or '.join(near)}?" if near else ""
        raise UsageError(
            "profile.unknown", f"{id[:_LONG]!r} is no licence type known here{meant or ';'} "
            "`elicense profiles` lists all",
        )  # fmt: skip
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
