"""JSON Schema (2020-12) of ``licence.json`` for one licence type, made from its profile.

A schema cannot compute check digits, compare dates or ask for canonical bytes; it says
shape, obligation and codes. Unknown members stay allowed (docs/licence-json.md).
"""

from __future__ import annotations

from typing import Any

from elicense.licence import ENDORSEMENT_STATES, FORMAT
from elicense.profiles.model import Box, Choice, Field, Profile
from elicense.profiles.values import MAX_ROWS

_DATE = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_BYTES = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}
_TEXT = {"type": "string", "minLength": 1}
_PATTERNS = {
    "identifier": r"^1\.2\.156\.3005\.2\.[0-9A-Z]{21}\.[0-9A-Z]{6,18}\.[0-9A-Z]{1,64}"
    r"\.[0-9]{3}\.[0-9A-Z]$",
    "area": "^[0-9]{6}$",
    "imo-ship": "^[0-9]{7}$",
    "imo-company": "^[0-9]{7}$",
    "ship-identification": "^CN[0-9]{10}[0-9A-Z]$",
    "mmsi": "^[0-9]{9}$",
    "resident-id": "^[0-9]{17}[0-9X]$",
    "uscc": "^[0-9A-Z]{18}$",
    "month": "^[0-9]{4}-(0[1-9]|1[0-2])$",
    "money": r"^(0|[1-9][0-9]{0,12})\.[0-9]{2}$",
    "percent": r"^(0|[1-9][0-9]{0,2})(\.[0-9]{0,3}[1-9])?$",
}
_DIGEST = {
    "type": "object",
    "properties": {"algorithm": {"enum": ["sm3", "sha256"]}, "value": _BYTES},
    "required": ["algorithm", "value"],
}


def json_schema(profile: Profile) -> dict[str, Any]:
    """The schema as a plain dict; ``x-confirmed`` is false where a code is not official."""
    properties: dict[str, Any] = {
        "format": {"const": FORMAT},
        "version": {"type": "integer", "minimum": 1, "maximum": 999},
        "number": _TEXT,
        "issuer": _party("颁发机构 Issuing authority"),
        "holder": _party("持证主体 Holder"),
        "validity": {"type": "object", "properties": {}},
        "fields": {"type": "object", "properties": {}},
        "endorsements": _endorsements(profile),
        "status": _status(profile),
        "digests": _digests(),
        "salts": {"type": "object", "additionalProperties": _BYTES},
        "attestation": _attestation(),
    }
    required = {"format", "type", "identifier", "number", "version", "issuer", "holder", "fields",
                "endorsements"}  # fmt: skip
    if profile.status_required:
        required.add("status")
    for item in profile.fields:
        _place(properties, required, item)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:elicense:licence:1:{profile.id}",
        "title": f"{profile.zh} {profile.en}",
        "description": "licence.json, format " + FORMAT,
        "x-type-code": {"value": profile.type_code, "x-confirmed": profile.type_code_confirmed},
        "type": "object",
        "properties": properties,
        "required": sorted(required),
    }


def _place(properties: dict[str, Any], required: set[str], item: Field) -> None:
    """Put one field where its path leads."""
    parent, _, name = item.path.rpartition(".")
    if not parent:
        properties[name] = _field(item)
        if item.required:
            required.add(name)
        return
    properties[parent]["properties"][name] = _field(item)
    if item.required:
        properties[parent].setdefault("required", []).append(name)
        required.add(parent)


def _field(item: Field) -> dict[str, Any]:
    return {"title": f"{item.zh} {item.en}", **_value(item)}


def _value(item: Field) -> dict[str, Any]:
    if item.kind == "title":
        return {"const": next(iter(item.choices))}
    if item.kind == "date":
        return dict(_DATE)
    if item.kind == "integer":
        return {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
    if item.kind == "choice":
        return _codes(item)
    if item.kind == "choices":
        entry = {"code": _codes(item), "limitation": dict(_TEXT)}
        one = {"type": "object", "properties": entry, "required": ["code"]}
        return {"type": "array", "minItems": 1, "items": one}
    if item.kind == "table":
        return _rows(item)
    if item.kind in _PATTERNS:
        return {"type": "string", "pattern": _PATTERNS[item.kind]}
    return dict(_TEXT)


def _rows(item: Field) -> dict[str, Any]:
    """One object a row; a cell that is not required may be left out."""
    row = {
        "type": "object",
        "properties": {column.key: _field(column) for column in item.columns},
        "required": sorted(column.key for column in item.columns if column.required),
        "additionalProperties": False,
    }
    return {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": row}


def _codes(item: Field) -> dict[str, Any]:
    return {"oneOf": [_code(choice) for choice in item.choices.values()]}


def _code(choice: Choice) -> dict[str, Any]:
    return {"const": choice.code, "title": f"{choice.zh} {choice.en}"}


def _party(title: str) -> dict[str, Any]:
    names = ("name", "name_en", "code", "code_type", "address", "address_en")
    properties: dict[str, Any] = {name: dict(_TEXT) for name in names}
    properties["region"] = {"type": "string", "pattern": _PATTERNS["area"]}
    return {"title": title, "type": "object", "properties": properties}


def _endorsements(profile: Profile) -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": {
            "kind": {"oneOf": [_box(box) for box in profile.boxes]},
            "state": {"enum": list(ENDORSEMENT_STATES)},
            "date": dict(_DATE),
            "place": dict(_TEXT),
            "officer": dict(_TEXT),
            "valid_until": dict(_DATE),
            "previous": _DIGEST,
        },
        "required": ["kind", "state"],
    }
    if not profile.boxes:
        return {"title": "签注 Endorsements", "type": "array", "maxItems": 0}
    return {"title": "签注 Endorsements", "type": "array", "items": item}


def _box(box: Box) -> dict[str, Any]:
    return {"const": box.kind, "title": f"{box.zh} {box.en}"}


def _status(profile: Profile) -> dict[str, Any]:
    return {
        "title": "状态清单 Status list",
        "type": "object",
        "properties": {"list": dict(_TEXT), "index": {"type": "integer", "minimum": 0}},
        "required": ["list", "index"],
        "x-states": list(profile.states),
    }


def _digests() -> dict[str, Any]:
    values = {"type": "object", "additionalProperties": _BYTES}
    properties = {"algorithm": {"enum": ["sm3", "sha256"]}, "values": values}
    return {"type": "object", "properties": properties, "required": ["algorithm", "values"]}


def _attestation() -> dict[str, Any]:
    properties = {"algorithm": dict(_TEXT), "certificate": _BYTES, "value": _BYTES}
    return {"type": "object", "properties": properties, "required": sorted(properties)}
