"""What is to be issued, from JSON and from tables: read in one go, all faults together."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from elicense import canonical, identifiers, profiles
from elicense import licence as licences
from elicense.canonical import Value
from elicense.errors import Error, FieldFault, InputError, UsageError
from elicense.forms.reading import amount
from elicense.licence import FORMAT, Licence
from elicense.profiles import Field

_MAX_FAULTS = 50
_OWN_COLUMNS = {
    "type": "type",
    "version": "version",
    "serial": "serial",
    "status_list": "status.list",
    "status_index": "status.index",
    "issuer_code_type": "issuer.code_type",
    "holder_code_type": "holder.code_type",
    "renews_valid_until": "renews.valid_until",
}
_INTEGERS = {"version", "status.index"}
_ITEM = re.compile(r"\s*(?P<name>[^(（]+?)\s*(?:[(（](?P<limitation>.*)[)）])?\s*")
_TEXTS = ("type", "identifier", "number")  # what load() cannot do without
_ABSENT = "\N{EMPTY SET}"  # stands for them while the rest is read
_NEVER_GIVEN = ("digests", "salts", "attestation")


@dataclass(frozen=True, slots=True)
class Request:
    """One licence asked for. ``licence`` is None where ``faults`` say why; ``place`` names
    the file and the line."""

    place: str
    licence: Licence | None
    faults: tuple[FieldFault, ...] = ()


def read_json(data: bytes, *, place: str = "") -> Request:
    """A licence in the shape of ``licence.json`` (docs/licence-json.md), written by hand.

    ``format`` may be left out, and ``identifier`` where ``serial`` is given: it is then
    formed from the type, the issuer's code and the version. Digests, salts and attestation
    are made at issue and ignored here.
    """
    try:
        value = canonical.parse(data, max_size=1024 * 1024, max_depth=16)
    except InputError as error:
        fault = FieldFault(error.place or "$", error.code, error.detail)
        return Request(place, None, (fault,))
    if not isinstance(value, Mapping):
        return Request(place, None, (FieldFault("$", "licence.shape", "not an object"),))
    return from_members(value, place=place)


def from_members(members: Mapping[str, Value], *, place: str = "") -> Request:
    """The same from values that were parsed already."""
    left: dict[str, Value] = {k: v for k, v in members.items() if k not in _NEVER_GIVEN}
    faults = list(_complete(left))
    while len(faults) < _MAX_FAULTS:
        try:
            found = licences.load(canonical.encode(left))
        except Error as error:
            path = error.place.removeprefix("$").removeprefix(".").replace("[", ".")
            path = path.replace("]", "").replace("'", "")
            faults.append(FieldFault(path or "$", error.code, error.detail))
            try:
                left = dict(_without(left, path))
            except KeyError:
                return Request(place, None, tuple(faults))
            continue
        return Request(place, _real(found), tuple(faults))
    return Request(place, None, tuple(faults))


def _real(licence: Licence) -> Licence:
    """The licence as it was read, empty where a text that must be there was not."""

    def real(text: str) -> str:
        return "" if text == _ABSENT else text

    return replace(
        licence,
        type=real(licence.type),
        identifier=real(licence.identifier),
        number=real(licence.number),
        source=None,
    )


def _without(members: Mapping[str, Value], path: str) -> Mapping[str, Value]:
    """The members with what is wrong taken out, so that the rest can be looked at.

    A text that must be there becomes an empty one: its absence is not a second fault.
    """
    if path in _TEXTS:
        if members.get(path) == _ABSENT:
            raise KeyError(path)
        return {**members, path: _ABSENT}
    if path.startswith("status."):  # half a reference refers to nothing
        path = "status"
    steps = path.split(".")
    inside = next((at for at, step in enumerate(steps) if step.isdigit()), len(steps))
    # of a list with a faulty item nothing is left: its places would no longer be right
    found = canonical.without(members, ".".join(steps[:inside]))
    assert isinstance(found, Mapping)
    return found


def _complete(members: dict[str, Value]) -> Iterator[FieldFault]:
    """Fill in what follows from the rest; what is missing is for validation to name."""
    members.setdefault("format", FORMAT)
    members.setdefault("version", 1)
    for name in _TEXTS:
        if members.get(name) in (None, ""):
            members[name] = _ABSENT
    for name in ("issuer", "holder"):
        members.setdefault(name, {})
    serial = members.pop("serial", None)
    if serial is None or members["identifier"] != _ABSENT:
        return
    issuer = members["issuer"]
    profile = profiles.find(str(members["type"]))
    version = members["version"]
    if profile is None or not isinstance(issuer, Mapping) or not isinstance(version, int):
        return
    try:
        members["identifier"] = identifiers.format_identifier(
            type=profile.type_code, issuer=str(issuer.get("code", "")), serial=str(serial),
            version=version,
        )  # fmt: skip
    except UsageError as error:
        yield FieldFault("serial", error.code, error.detail)


def read_lines(data: bytes, *, place: str) -> Iterator[Request]:
    """JSON Lines: one licence a line, empty lines left out."""
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield read_json(line, place=f"{place}:{number}")


def read_csv(data: bytes, *, place: str) -> Iterator[Request]:
    """A table in UTF-8 with a heading of field keys (``holder_name``, ``valid_until`` …,
    see ``elicense profiles``), ``type``, ``serial`` or ``identifier``, ``status_list`` and
    ``status_index``. Ship types are separated by ``;``, a limitation stands in brackets
    behind its type; codes and Chinese or English names are both read.

    UsageError ``batch.csv`` for a heading that names no field of any type.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("batch.csv", f"not UTF-8: {error.reason}", place=place) from error
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    known = {field.key for profile in profiles.all() for field in profile.fields}
    heading = table.fieldnames or []
    wrong = [name for name in heading if name not in known and name not in _OWN_COLUMNS]
    if not heading or wrong or len(set(heading)) != len(heading):
        detail = f"no such column: {wrong[0]!r}" if wrong else "a heading of field keys is needed"
        raise UsageError("batch.csv", detail, place=place)
    try:
        for row in table:
            yield _row(row, f"{place}:{table.line_num}")
    except csv.Error as error:
        raise UsageError("batch.csv", str(error), place=f"{place}:{table.line_num}") from error


def _row(row: Mapping[Any, Any], place: str) -> Request:
    if None in row or None in row.values():
        fault = FieldFault("$", "batch.csv", "the row has not as many cells as the heading")
        return Request(place, None, (fault,))
    profile = profiles.find(row.get("type", ""))
    if profile is None:
        detail = f"{row.get('type', '')!r} is not a known licence type"
        return Request(place, None, (FieldFault("type", "field.type", detail),))
    members: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for name, text in row.items():
        if (cell := text.strip()) == "":
            continue
        path = _OWN_COLUMNS.get(name)
        field = None
        if path is None:
            try:
                field = profile.field(name)
            except UsageError as error:
                faults.append(FieldFault(name, "field.unknown", error.detail))
                continue
            path = field.path
        _put(members, path, _cell(field, path, cell))
    request = from_members(members, place=place)
    return replace(request, faults=(*faults, *request.faults))


def _put(members: dict[str, Any], path: str, value: Value) -> None:
    *parents, last = path.split(".")
    for name in parents:
        members = members.setdefault(name, {})
    members[last] = value


def _cell(field: Field | None, path: str, cell: str) -> Value:
    """The value of a cell; what is no number stays a text and is named by validation."""
    if path in _INTEGERS or (field is not None and field.kind == "integer"):
        digits = cell.replace(",", "")
        return int(digits) if digits.isascii() and digits.isdigit() else cell
    if field is None:
        return cell
    if field.kind == "money":
        return amount(cell)
    if field.kind == "table":
        return _rows(cell)
    if field.kind == "choices":
        return tuple(_choice(field, part) for part in re.split("[;；]", cell) if part.strip())
    return _code(field, cell) if field.kind in {"choice", "title"} else cell


def _rows(cell: str) -> Value:
    """A table in a cell of a CSV: a JSON array of objects; another text is left as it is."""
    try:
        return canonical.parse(cell.encode(), max_size=1 << 20, max_depth=4)
    except Error:
        return cell


def _choice(field: Field, text: str) -> dict[str, Value]:
    found = _ITEM.fullmatch(text)
    if found is None:
        return {"code": text.strip()}
    item: dict[str, Value] = {"code": _code(field, found["name"])}
    if found["limitation"]:
        item["limitation"] = found["limitation"].strip()
    return item


def _code(field: Field, text: str) -> str:
    """The code of a choice that may be written by any of its names."""
    folded = text.casefold()
    for code, choice in field.choices.items():
        if folded in {code.casefold(), *(name.casefold() for name in choice.names)}:
            return code
    return text


def together(read: tuple[FieldFault, ...], found: tuple[FieldFault, ...]) -> tuple[FieldFault, ...]:
    """Faults of reading with those found after it; what could not be read is not missing too."""
    known = {fault.path for fault in read}
    return (*read, *(fault for fault in found if fault.path not in known))


def as_json(licence: Licence) -> str:
    """One line of JSON Lines: what :func:`read_lines` reads back."""
    return json.dumps(licences.tree(licence), ensure_ascii=False, separators=(",", ":"))
