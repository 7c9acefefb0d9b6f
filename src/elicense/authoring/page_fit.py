"""Does the page of a licence type hold long values and long tables?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from elicense import licence as licences
from elicense.authoring.finding import Finding
from elicense.errors import Error
from elicense.issuing import fonts, licence_page, reading, validate_page
from elicense.licence import Licence
from elicense.profiles import Profile, trying
from elicense.profiles.model import Field

ROWS = 60
_LONG = {  # as long as such values get; names of authorities and companies above all
    "text": "长江三角洲区域一体化发展示范区政务服务管理局某某分局",
    "address": "广西壮族自治区防城港市上思县在妙镇人民路128号某某小区3栋2单元1201室",
    "money": "1234567890.12",
    "percent": "12.3456",
    "integer": 123456789,
}
_ENGLISH = "Administration of Government Services of the Demonstration Area, Branch Office"
_CELL = {**_LONG, "text": "某某项目的较长名称内容", "money": "12345678.90", "integer": 1234567}


def findings(profile: Profile, licence: Licence) -> tuple[tuple[Finding, ...], int, int]:
    """What leaves its place, with the pages of ``licence`` and of the same with long values
    and tables of :data:`ROWS` rows."""
    with trying(profile):
        whole = _long(profile, licence)
        plain, many = _pages(profile, licence), 0
        found = list(_faults(licence, "page.sample")) or list(_faults(whole, "page.long"))
        if not found:
            many = _pages(profile, _long(profile, licence, rows=ROWS))
            found = list(_faults(_long(profile, licence, rows=ROWS), "page.rows"))
    return tuple(found), plain, many


def _faults(licence: Licence, code: str) -> Iterator[Finding]:
    for fault in validate_page.faults(licence, font=fonts.load()):
        yield Finding(code, "", fault.path, {"detail": fault.detail, "rows": f"{ROWS}"})


def _pages(profile: Profile, licence: Licence) -> int:
    try:
        return len(licence_page.compose(licence, profile, font=fonts.load()))
    except (Error, ValueError):
        return 0  # _faults says why


def _long(profile: Profile, licence: Licence, *, rows: int = 1) -> Licence:
    """``licence`` with each value as long as its kind gets."""
    members: dict[str, Any] = dict(licences.tree(licence))
    for name in ("issuer", "holder", "validity", "fields"):
        members[name] = dict(members.get(name, {}))
    for item in profile.fields:
        value = _value(item, rows)
        if value is None:
            continue
        parent, _, last = item.path.rpartition(".")
        if parent:
            members[parent][last] = value
    read = reading.from_members(members).licence
    return licence if read is None else replace(read, status=licence.status)


def _value(item: Field, rows: int) -> Any:
    if item.kind == "choice" and item.choices:
        return max(item.choices.values(), key=lambda c: len(c.zh) * 2 + len(c.en)).code
    if item.kind == "table":
        cells = {column.key: _cell(column) for column in item.columns}
        return [{key: value for key, value in cells.items() if value is not None}] * rows
    if item.kind == "text" and item.path.endswith(("_code", ".code", "region", "code_type")):
        return None
    if item.key.endswith("_en"):
        return _ENGLISH
    return _LONG.get(item.kind)


def _cell(column: Field) -> Any:
    if column.kind == "choice":
        return _value(column, 1)
    return {"date": "2026-12-28", "month": "2026-12"}.get(column.kind, _CELL.get(column.kind))
