"""The metadata standard's short names (GB/T 36903): ZZBS, ZZMC, CZZT …, KZ_*."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from elicense import canonical, identifiers, profiles
from elicense import licence as licences
from elicense.canonical import Value
from elicense.errors import InputError
from elicense.forms.reading import Building, Reading, iso_date, profile_by_title, refuse_loss
from elicense.licence import Licence
from elicense.profiles import Profile

_TABLE = Path(__file__).with_name("gbt36903.toml")
_PREFIX = "KZ_"
_INTEGERS = {"version", "status.index"}


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


@cache
def _paths() -> dict[str, str]:
    """Short name to path, for all that have one."""
    items: dict[str, str] = {
        item["name"]: item["path"] for item in _table()["item"] if "path" in item
    }
    return {**items, **_table()["extension"]}


def to_gbt36903(licence: Licence) -> dict[str, Value]:
    """``licence`` under the standard's short names, what it has no names for under ``KZ_``.

    Values are those of ``licence.json``. The type code is the one in the identifier, else
    the profile's, which may be unconfirmed. UsageError ``form.loss`` for members that
    have no place here (unknown ones).
    """
    profile = profiles.get(licence.type)
    members = licences.tree(licence)
    found: dict[str, Value] = {"ZZMC": profile.zh, "ZZLXDM": _type_code(licence, profile)}
    for name, path in _paths().items():
        value = _at(members, path)
        if value not in (None, (), ""):
            found[name] = value
    if licence.holder.code_type in _table()["code_type"]:
        found["CZZTDMLX"] = _table()["code_type"][licence.holder.code_type]
    if _type_in(licence.identifier) and licence.version == _version_in(licence.identifier):
        del found["KZ_VERSION"]
    taken = {*_paths().values(), "type"}
    for item, value in profile.values(licence):
        if item.path not in taken:
            found[_PREFIX + item.key.upper()] = value
    refuse_loss(licence, from_gbt36903(found), form="GB/T 36903")
    order = [item["name"] for item in _table()["item"]]
    return {name: found[name] for name in (*(n for n in order if n in found),
                                           *(n for n in found if n not in order))}  # fmt: skip


def _at(members: Value, path: str) -> Value:
    try:
        return canonical.value_at(members, path)
    except KeyError:
        return None


def _type_in(identifier: str) -> str:
    try:
        return identifiers.parse_identifier(identifier).type
    except InputError:
        return ""


def _version_in(identifier: str) -> int:
    return identifiers.parse_identifier(identifier).version_number


def _type_code(licence: Licence, profile: Profile) -> str:
    return _type_in(licence.identifier) or profile.type_code


def from_gbt36903(mapping: Mapping[str, Value]) -> Reading:
    """Read a mapping of short names; every fault is named by its short name.

    Dates may be written ``20260301`` or ``2026年3月1日``, codes by their Chinese or
    English names, numbers as texts; ``CZZT`` and the like may be lists of one.
    """
    building = Building({path: name for name, path in _paths().items()})
    given = {name: _single(building, name, value) for name, value in mapping.items()}
    profile = _profile(building, given)
    if profile is None:
        return Reading(None, tuple(building.faults))
    by_path = {item.path: item for item in profile.fields}
    by_name = {_PREFIX + item.key.upper(): item for item in profile.fields}
    beside: dict[str, Value] = {}
    for name, value in given.items():
        path = _paths().get(name, "")
        if name in {"ZZMC", "ZZLXDM", "CZZTDMLX"} or value in (None, ""):
            continue
        if name in _table()["beside"]:
            beside[name] = value
        elif path in by_path:
            building.field(by_path[path], name, value)
        elif path:
            _plain(building, name, path, value)
        elif name in by_name:
            building.field(by_name[name], name, value)
        else:
            building.wrong(name, "unknown", f"{profile.id} has no item of this name")
    _code_type(building, given)
    return building.finish(profile, beside)


def _single(building: Building, name: str, value: Value) -> Value:
    """The one item of a repeatable name; a licence here has one holder."""
    if not isinstance(value, tuple) or not name.startswith(("CZZT", "ZZ")):
        return value
    if len(value) > 1:
        building.wrong(name, "repeated", f"{len(value)} values; a licence has one holder here")
    return value[0] if value else None


def _plain(building: Building, name: str, path: str, value: Value) -> None:
    """A member that is no field of the profile: a text, or an integer where one must be."""
    if path in _INTEGERS and isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if path.startswith("validity.") and isinstance(value, str):
        value = iso_date(value.strip())
    building.put(path, value)


def _profile(building: Building, given: Mapping[str, Value]) -> Profile | None:
    code, title = str(given.get("ZZLXDM") or ""), str(given.get("ZZMC") or "")
    code = code or _type_in(str(given.get("ZZBS") or ""))
    by_code = profiles.by_type_code(code) if code else None
    by_title = profile_by_title(title)
    if by_code and by_title and by_code is not by_title:
        building.wrong("ZZLXDM", "disagrees", f"the type code is that of {by_code.id}, "
                       f"the title that of {by_title.id}")  # fmt: skip
    if by_code is None and by_title is None:
        name = "ZZMC" if title or not code else "ZZLXDM"
        building.wrong(name, "type", f"no licence type is called {title or code!r}")
    in_identifier = _type_in(str(given.get("ZZBS") or ""))
    if given.get("ZZLXDM") and in_identifier and in_identifier != code:
        building.wrong("ZZLXDM", "disagrees", f"the identifier has the type {in_identifier}")
    return by_title or by_code


def _code_type(building: Building, given: Mapping[str, Value]) -> None:
    """CZZTDMLX in words: it must be what CZZTDMLXDM says, and stands in for it."""
    words, code = given.get("CZZTDMLX"), given.get("CZZTDMLXDM")
    known: Mapping[str, str] = _table()["code_type"]
    if code and (not isinstance(code, str) or code not in known):
        building.wrong("CZZTDMLXDM", "unknown-code", f"{str(code)[:80]!r} is no kind of code")
        return
    if not words:
        return
    found = next((number for number, name in known.items() if name == words), "")
    if code and found and found != code:
        building.wrong("CZZTDMLX", "disagrees", f"{str(words)[:80]!r} is {found}, not {code}")
    elif not code and found:
        building.put("holder.code_type", found)
    elif not code:
        building.wrong("CZZTDMLX", "unknown-code", f"{str(words)[:80]!r} is no kind of code")
