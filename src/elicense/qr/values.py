"""Field values in a QR payload: how each kind of field is written in CBOR.

Dates are days since 2000-01-01, coded values their table's number, IMO numbers
integers; texts of digits and capitals are packed; what does not fit its kind is
written as text, so nothing is lost. Each value has one encoding, and reading
refuses any other.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from elicense.canonical import MAX_INTEGER, Value
from elicense.errors import InputError, UsageError
from elicense.profiles import Field, choice_items, table_rows
from elicense.profiles.amounts import money
from elicense.profiles.values import MAX_ROWS

EPOCH = datetime.date(2000, 1, 1)
_SEVEN_DIGITS = re.compile(r"[0-9]{7}")
_IMO = ("imo-ship", "imo-company")
_CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PACKABLE = re.compile(r"[0-9A-Z]{4,40}")
MAX_QR_ROWS = 6
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def date_to_days(date: datetime.date | None) -> int | None:
    """Days since 2000-01-01, negative before it."""
    return None if date is None else (date - EPOCH).days


def days_to_date(days: object, *, place: str) -> datetime.date | None:
    """The inverse of :func:`date_to_days`; InputError for what is no date."""
    if days is None:
        return None
    if not isinstance(days, int) or isinstance(days, bool):
        raise InputError("qr.field", "not a number of days", place=place)
    try:
        return EPOCH + datetime.timedelta(days=days)
    except OverflowError:
        raise InputError("qr.field", "a date out of range", place=place) from None


def pack(text: str) -> str | int | bytes:
    """The shortest item for a text: digits as an integer, digits and capitals packed.

    Packed is big-endian bijective base 36 (``0`` counts 1, ``Z`` 36), so that
    leading zeros and the length are kept.
    """
    if _NUMBER.fullmatch(text):
        return int(text)
    if not _PACKABLE.fullmatch(text):
        return text
    value = 0
    for character in text:
        value = value * 36 + _CAPITALS.index(character) + 1
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def unpack(item: Any, *, place: str) -> str:
    """The inverse of :func:`pack`; InputError for any item it would not have written."""
    if isinstance(item, bytes) and len(item) <= 32:
        value, text = int.from_bytes(item, "big"), ""
        while value:
            value, digit = divmod(value - 1, 36)
            text = _CAPITALS[digit] + text
    elif isinstance(item, int) and not isinstance(item, bool):
        text = str(item)
    else:
        text = item if isinstance(item, str) else ""
    if not text or pack(text) != item:
        raise InputError("qr.field", "not a text in its one encoding", place=place)
    return text


def to_cbor(field: Field, value: Value) -> Any:
    """``value`` of ``field`` as a CBOR item; UsageError for a value of another kind."""
    if value is None or value in ("", ()):
        return None
    if field.kind == "choices":
        return _choices_to_cbor(field, value)
    if field.kind == "table":
        return _rows_to_cbor(field, value)
    if field.kind == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(value, str):
        return _text_to_cbor(field, value)
    raise UsageError("qr.value", f"{value!r} is not of kind {field.kind}", place=field.key)


def _text_to_cbor(field: Field, text: str) -> str | int | bytes:
    if field.kind == "date":
        try:
            return (datetime.date.fromisoformat(text) - EPOCH).days
        except ValueError:
            raise UsageError("qr.value", f"{text!r} is not a date", place=field.key) from None
    if field.kind == "choice" and text in field.choices:
        return field.choices[text].number
    if field.kind == "month":
        return _months(field, text)
    if field.kind == "money":
        amount = money(text)
        if amount is None:
            raise UsageError("qr.value", f"{text!r} is not an amount", place=field.key)
        return int(amount * 100)
    if field.kind in _IMO and _SEVEN_DIGITS.fullmatch(text):
        return int(text)
    return text if field.kind in (*_IMO, "choice") else pack(text)


def _choices_to_cbor(field: Field, value: Value) -> list[Any]:
    items = choice_items(value)
    if not isinstance(value, tuple) or len(items) != len(value):
        raise UsageError("qr.value", f"{value!r} is not of kind choices", place=field.key)
    written: list[Any] = []
    for code, limitation in items:
        number = field.choices[code].number if code in field.choices else code
        written.append([number, limitation] if limitation else number)
    return written


def _months(field: Field, text: str) -> int:
    """Months since January 2000."""
    try:
        first = datetime.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise UsageError("qr.value", f"{text!r} is not a month", place=field.key) from None
    return (first.year - EPOCH.year) * 12 + first.month - 1


def _rows_to_cbor(field: Field, value: Value) -> int | list[Any]:
    """The rows of a short table, cell by cell; of a longer one their number alone."""
    rows = table_rows(value)
    if not isinstance(value, tuple) or len(rows) != len(value):
        raise UsageError("qr.value", "not the rows of a table", place=field.key)
    if len(rows) > MAX_QR_ROWS:
        return len(rows)
    return [[to_cbor(column, row.get(column.key)) for column in field.columns] for row in rows]


def from_cbor(field: Field, item: Any) -> Value:
    """The value a CBOR item stands for; None for no value. InputError ``qr.field``."""
    if item is None:
        return None
    if field.kind == "date":
        date = days_to_date(item, place=field.key)
        return None if date is None else date.isoformat()
    if field.kind == "integer":
        return _integer(field, item)
    if field.kind == "choices":
        return _choices_from_cbor(field, item)
    if field.kind == "table":
        return _rows_from_cbor(field, item)
    if field.kind in ("month", "money"):
        return _number_from_cbor(field, item)
    return _text_from_cbor(field, item)


def _text_from_cbor(field: Field, item: Any) -> str:
    if field.kind == "choice":
        return _code(field, item)
    if field.kind in _IMO:
        return _imo(field, item)
    return unpack(item, place=field.key)


def _number_from_cbor(field: Field, item: Any) -> str:
    """A month or an amount, from the number that stands for it."""
    number = _integer(field, item)
    if field.kind == "money":
        if 0 <= number < 10**15:
            return f"{number // 100}.{number % 100:02}"
    elif 0 <= number + EPOCH.year * 12 < 9999 * 12:
        year, month = divmod(number + EPOCH.year * 12, 12)
        return f"{year:04}-{month + 1:02}"
    raise InputError("qr.field", f"not of kind {field.kind}", place=field.key)


def _rows_from_cbor(field: Field, item: Any) -> Value:
    """The rows of a table, or how many there are of one that is too long for a code."""
    if isinstance(item, int) and not isinstance(item, bool) and MAX_QR_ROWS < item <= MAX_ROWS:
        return item
    if not isinstance(item, (list, tuple)) or not 0 < len(item) <= MAX_QR_ROWS:
        raise InputError("qr.field", "not the rows of a table", place=field.key)
    found: list[Value] = []
    for cells in item:
        if not isinstance(cells, (list, tuple)) or len(cells) != len(field.columns):
            raise InputError("qr.field", "not a row of this table", place=field.key)
        read = {
            column.key: from_cbor(column, cell)
            for column, cell in zip(field.columns, cells, strict=True)
        }
        found.append({key: value for key, value in read.items() if value is not None})
    return tuple(found)


def _integer(field: Field, item: Any) -> int:
    if isinstance(item, int) and not isinstance(item, bool) and abs(item) <= MAX_INTEGER:
        return item
    raise InputError("qr.field", "not an integer", place=field.key)


def _imo(field: Field, item: Any) -> str:
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item <= 9_999_999:
        return f"{item:07}"
    if isinstance(item, str) and item and not _SEVEN_DIGITS.fullmatch(item):
        return item
    raise InputError("qr.field", "not a number in its one encoding", place=field.key)


def _code(field: Field, item: Any) -> str:
    if isinstance(item, str) and item and item not in field.choices:
        return item
    if isinstance(item, int) and not isinstance(item, bool):
        for choice in field.choices.values():
            if choice.number == item:
                return choice.code
    raise InputError("qr.field", "not a code of its table", place=field.key)


def _choices_from_cbor(field: Field, item: Any) -> Value:
    if not isinstance(item, (list, tuple)) or not item:
        raise InputError("qr.field", "not a list of codes", place=field.key)
    found: list[Value] = []
    for entry in item:
        if not isinstance(entry, (list, tuple)):
            found.append({"code": _code(field, entry)})
        elif len(entry) == 2 and isinstance(entry[1], str) and entry[1]:
            found.append({"code": _code(field, entry[0]), "limitation": entry[1]})
        else:
            raise InputError("qr.field", "not a code with its limitation", place=field.key)
    return tuple(found)
