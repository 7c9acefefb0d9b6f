"""Is a value one of its field's kind? Shape, check digits, codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from elicense import identifiers
from elicense.canonical import Value
from elicense.errors import InputError
from elicense.profiles.amounts import money, percent
from elicense.profiles.model import Field
from elicense.profiles.printed import choice_items, iso_day, month_forms

MAX_ROWS = 200
_CHECKS = {
    "area": identifiers.check_area,
    "imo-ship": identifiers.check_imo_ship,
    "imo-company": identifiers.check_imo_company,
    "ship-identification": identifiers.check_ship_identification,
    "mmsi": identifiers.check_mmsi,
    "resident-id": identifiers.check_resident_id,
    "uscc": identifiers.check_uscc,
}


def value_problem(field: Field, value: Value) -> str:
    """What is wrong with ``value`` for this field, in a word; ``""`` if nothing is.

    ``kind``: of another type or shape; ``check``: a wrong check digit (a matter
    of policy); ``unknown-code``: not in the field's table.
    """
    if field.kind == "integer":
        plain = isinstance(value, int) and not isinstance(value, bool)
        return "" if plain else "kind"
    if field.kind == "table":
        return next((problem for _, problem, _ in table_problems(field, value)), "")
    if field.kind == "choices":
        items = choice_items(value)
        if not isinstance(value, tuple) or len(items) != len(value):
            return "kind"
        return "" if all(code in field.choices for code, _ in items) else "unknown-code"
    if not isinstance(value, str):
        return "kind"
    return _text_problem(field, value)


def _text_problem(field: Field, value: str) -> str:
    if field.kind in ("choice", "title"):
        return "" if value in field.choices else "unknown-code"
    if field.kind == "date":
        return "kind" if iso_day(value) is None else ""
    if field.kind == "identifier":
        return _identifier_problem(value)
    if field.kind == "month":
        return "" if month_forms(value) else "kind"
    if field.kind in ("money", "percent"):
        read = money(value) if field.kind == "money" else percent(value)
        return "kind" if read is None else ""
    if field.kind in _CHECKS:
        verdict = _CHECKS[field.kind](value)
        return {"ok": "", "check": "check"}.get(verdict, "kind")
    return ""


def _identifier_problem(value: str) -> str:
    try:
        return "" if identifiers.parse_identifier(value).check_ok else "check"
    except InputError:
        return "kind"


def table_problems(field: Field, value: Value) -> Iterator[tuple[str, str, Value]]:
    """(place below the field, problem, value) of everything wrong in a table.

    Problems are those of :func:`value_problem`, and ``missing`` and ``unknown`` for cells.
    """
    if not isinstance(value, tuple) or not 0 < len(value) <= MAX_ROWS:
        yield "", "kind", value
        return
    columns = {column.key: column for column in field.columns}
    for index, row in enumerate(value):
        if not isinstance(row, Mapping):
            yield f"{index}", "kind", row
            continue
        for key in row:
            if key not in columns:
                yield f"{index}.{key}", "unknown", row[key]
        for key, column in columns.items():
            cell = row.get(key)
            if cell is None or cell == "":
                if column.required:
                    yield f"{index}.{key}", "missing", ""
            elif problem := value_problem(column, cell):
                yield f"{index}.{key}", problem, cell
