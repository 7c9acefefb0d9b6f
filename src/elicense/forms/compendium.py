"""The IMO Compendium's data set "Ship and Company Certificates", with what it lacks added.

The data set has identifier, dates, acronym, category, status, last endorsement, place,
nation and issuer. DOC coverage, endorsement rows, the link from an SMC to its DOC and the
particulars of company and ship stand beside it under ``elicense``.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from elicense import canonical, profiles
from elicense import licence as licences
from elicense.canonical import Value
from elicense.errors import UsageError
from elicense.forms.reading import Building, Reading, iso_date, profile_by_title, refuse_loss
from elicense.licence import Licence
from elicense.profiles import Profile

_TABLE = Path(__file__).with_name("compendium.toml")
_TOP = {"data_set", "certificate", "elicense"}
_DERIVED = {"acronym", "category", "status", "status_date", "last_endorsement_date",
            "issue_location"}  # fmt: skip


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def to_compendium(
    licence: Licence, *, state: str = "", state_since: datetime.date | None = None
) -> dict[str, Value]:
    """``licence`` as the data set; ``state`` is that of a status list or ``expired``.

    A licence does not know its own state: without one given, status and its date are left
    out. UsageError ``form.state`` for an unknown one, ``form.loss`` as for GB/T 36903.
    """
    profile = profiles.get(licence.type)
    members = licences.tree(licence)
    certificate = _elements(members, _table()["element"])
    certificate["acronym"] = profile.acronym
    certificate["category"] = _table()["category"].get(profile.id, "C")
    certificate |= _status(state, state_since)
    visits = [e.date for e in licence.endorsements if e.state == "signed" and e.date is not None]
    if visits:
        certificate["last_endorsement_date"] = max(visits).isoformat()
    if place := _at(members, "fields.place_of_issue"):
        certificate["issue_location"] = _location(str(place))
    added = _elements(members, _table()["added"])
    if link := _elements(members, _table()["added_link"]):
        added["document_of_compliance"] = link
    added["type"] = profile.id
    added["particulars"] = _particulars(members)
    found: dict[str, Value] = {
        "data_set": _table()["name"], "certificate": certificate, "elicense": added,
    }  # fmt: skip
    refuse_loss(licence, from_compendium(found), form="the IMO Compendium")
    return found


def _elements(members: Value, table: Mapping[str, str]) -> dict[str, Value]:
    found = {name: _at(members, path) for name, path in table.items()}
    return {name: value for name, value in found.items() if value not in (None, "", ())}


def _at(members: Value, path: str) -> Value:
    try:
        return canonical.value_at(members, path)
    except KeyError:
        return None


def _status(state: str, since: datetime.date | None) -> dict[str, Value]:
    if not state:
        return {}
    codes = _table()["status"]
    if state not in codes:
        raise UsageError("form.state", f"{state!r} is not one of {', '.join(codes)}")
    found: dict[str, Value] = {"status": codes[state]}
    return found | ({"status_date": since.isoformat()} if since else {})


def _location(place: str) -> dict[str, Value]:
    code = _table()["locode"].get(place)
    return {"name": place} | ({"locode": code} if code else {})


def _carried() -> set[str]:
    table = _table()
    return {*table["element"].values(), *table["added"].values(), *table["added_link"].values(),
            "fields.place_of_issue", "format", "type"}  # fmt: skip


def _particulars(members: Mapping[str, Value]) -> dict[str, Value]:
    """Every other leaf of the licence's own parts, by its path."""
    found: dict[str, Value] = {}
    for name, part in members.items():
        inner = part if isinstance(part, Mapping) else {}
        leaves = {f"{name}.{key}": value for key, value in inner.items()} or {name: part}
        found |= {path: value for path, value in leaves.items() if path not in _carried()}
    return {path: value for path, value in found.items() if value not in ({}, ())}


def from_compendium(mapping: Mapping[str, Value]) -> Reading:
    """Read a data set written by :func:`to_compendium`, or one without the additions.

    Without them the licence type comes from acronym and category, and what the type
    requires and the data set cannot say is named as missing.
    """
    names = {path: f"certificate.{name}" for name, path in _table()["element"].items()}
    names |= {path: f"elicense.{name}" for name, path in _table()["added"].items()}
    building = Building(names)
    for name in mapping:
        if name not in _TOP:
            building.wrong(name, "unknown", "the data set has no such part")
    certificate = _part(building, mapping, "certificate")
    added = _part(building, mapping, "elicense")
    profile = _profile(building, certificate, added)
    if profile is None:
        return Reading(None, tuple(building.faults))
    by_path = {item.path: item for item in profile.fields}

    def put(path: str, name: str, value: Value) -> None:
        if path in by_path:
            building.field(by_path[path], name, value)
        else:
            building.names.setdefault(path, name)
            building.put(path, value)

    for name, value in certificate.items():
        if name in _table()["element"]:
            put(_table()["element"][name], f"certificate.{name}", value)
        elif name not in _DERIVED and name != "type_code":
            building.wrong(f"certificate.{name}", "unknown", "the data set has no such element")
    for name, value in _additions(building, added):
        put(name, f"elicense.{name}", value)
    place = certificate.get("issue_location")
    if place is not None:
        _read_location(building, put, place)
    return building.finish(profile, _beside(building, certificate))


def _part(building: Building, mapping: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    part = mapping.get(name, {})
    if isinstance(part, Mapping):
        return part
    building.wrong(name, "kind", "not an object")
    return {}


def _profile(
    building: Building, certificate: Mapping[str, Value], added: Mapping[str, Value]
) -> Profile | None:
    name = added.get("type")
    if name is not None:
        found = profiles.find(str(name))
        if found is None:
            building.wrong("elicense.type", "type", f"{str(name)[:80]!r} is no licence type")
        return found
    acronym, category = str(certificate.get("acronym", "")), certificate.get("category")
    if category == "IC" and acronym and not acronym.casefold().startswith("interim"):
        acronym = f"interim {acronym}"
    found = profile_by_title(acronym)
    if found is None:
        detail = f"no licence type has the acronym {acronym[:80]!r}"
        building.wrong("certificate.acronym", "type", detail)
    return found


def _additions(building: Building, added: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """Path and value of everything under ``elicense``."""
    found: list[tuple[str, Value]] = []
    for name, value in added.items():
        if name in _table()["added"]:
            found.append((_table()["added"][name], value))
        elif name in {"document_of_compliance", "particulars"} and isinstance(value, Mapping):
            link: Mapping[str, str] = _table()["added_link"]
            for inner, item in value.items():
                path = inner if name == "particulars" else link.get(inner, "")
                if not path or path.count(".") > 1 or path.split(".")[0] in {"format", "type"}:
                    building.wrong(f"elicense.{name}.{inner}", "unknown", "no such member")
                else:
                    found.append((path, item))
        elif name != "type":
            building.wrong(f"elicense.{name}", "unknown", "there is no such addition")
    return found


def _read_location(building: Building, put: Any, place: Value) -> None:
    """``{"name", "locode"}``, or a code or a name alone."""
    if isinstance(place, str):
        place = {"locode": place} if place in _table()["locode"].values() else {"name": place}
    if not isinstance(place, Mapping):
        building.wrong("certificate.issue_location", "kind", "not a place")
        return
    code, name = place.get("locode"), place.get("name")
    by_code = next((n for n, c in _table()["locode"].items() if c == code), None)
    if name and by_code and name != by_code:
        detail = f"{code} is {by_code}, not {str(name)[:80]}"
        building.wrong("certificate.issue_location", "disagrees", detail)
    if name or by_code:
        put("fields.place_of_issue", "certificate.issue_location", name or by_code)
    else:
        detail = f"{str(code)[:80]!r} is not known here"
        building.wrong("certificate.issue_location", "unknown-code", detail)


def _beside(building: Building, certificate: Mapping[str, Value]) -> dict[str, Value]:
    """Status and its date: what the licence itself does not say."""
    found: dict[str, Value] = {}
    status = certificate.get("status")
    if status is not None:
        words = {code: word for word, code in _table()["status"].items()}
        if isinstance(status, str) and status in words:
            found["state"] = words[status]
        else:
            detail = f"{str(status)[:80]!r} is none of V S W E"
            building.wrong("certificate.status", "unknown-code", detail)
    since = certificate.get("status_date")
    if isinstance(since, str):
        found["state_since"] = iso_date(since)
    return found
