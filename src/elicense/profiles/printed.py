"""Values as they are printed on a form: every spelling a reader may meet.

Comparison is the caller's: it folds width, case, spaces and punctuation on both
sides and asks whether one of these forms is there.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from elicense import identifiers
from elicense.canonical import Value
from elicense.errors import InputError
from elicense.licence import OPEN_ENDED
from elicense.profiles.model import Field

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_DIGITS = "〇一二三四五六七八九"
_CHECKS = {
    "area": identifiers.check_area,
    "imo-ship": identifiers.check_imo_ship,
    "imo-company": identifiers.check_imo_company,
    "ship-identification": identifiers.check_ship_identification,
    "mmsi": identifiers.check_mmsi,
}


def printed_forms(field: Field, value: Value) -> tuple[str, ...]:
    """All acceptable printed forms of one value, the usual Chinese one first.

    For kind ``choices`` each form is the whole list; :func:`printed_parts`
    gives the forms of each item. A value that is not of the field's kind has
    no printed form: an empty tuple.
    """
    if field.kind == "choices":
        return _list_forms(field, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return (str(value), f"{value:,}", f"{value:,}".replace(",", " "))
    if not isinstance(value, str) or not value:
        return ()
    return _text_forms(field, value)


def _text_forms(field: Field, value: str) -> tuple[str, ...]:
    if field.kind in ("choice", "title"):
        choice = field.choices.get(value)
        return () if choice is None else choice.names
    if field.kind == "date":
        date = _date(value)
        return () if date is None else date_forms(date)
    if field.kind == "imo-ship":
        return (value, f"IMO {value}", f"IMO{value}")
    return (value,)


def printed_parts(field: Field, value: Value) -> tuple[tuple[str, ...], ...]:
    """The printed forms of each part of a value; every part must be on the sheet.

    One part for most kinds; for ``choices`` one for each item, and one for each
    limitation text.
    """
    if field.kind != "choices":
        forms = printed_forms(field, value)
        return (forms,) if forms else ()
    parts: list[tuple[str, ...]] = []
    for code, limitation in choice_items(value):
        parts.append(field.choices[code].names if code in field.choices else (code,))
        if limitation:
            parts.append((limitation,))
    return tuple(parts)


def choice_items(value: Value) -> tuple[tuple[str, str], ...]:
    """(code, limitation text) of each item of a ``choices`` value; others are left out."""
    if not isinstance(value, tuple):
        return ()
    items = []
    for item in value:
        if isinstance(item, Mapping):
            code, limitation = item.get("code"), item.get("limitation", "")
            if isinstance(code, str) and isinstance(limitation, str):
                items.append((code, limitation))
    return tuple(items)


def _list_forms(field: Field, value: Value) -> tuple[str, ...]:
    items = choice_items(value)
    if not items or any(code not in field.choices for code, _ in items):
        return ()
    zh, en = [], []
    for code, limitation in items:
        choice = field.choices[code]
        zh.append(f"{choice.zh}（{limitation}）" if limitation else choice.zh)
        en.append(f"{choice.en} ({limitation})" if limitation else choice.en)
    both = [f"{a} {b}" for a, b in zip(zh, en, strict=True)]
    return ("、".join(zh), ", ".join(en), "，".join(zh), "; ".join(en), "、".join(both))


def date_forms(date: datetime.date) -> tuple[str, ...]:
    """The ways a form prints a date: Chinese, ISO and English. 长期 stands for "no end"."""
    year, month, day = date.year, date.month, date.day
    name = _MONTHS[month - 1]
    short = (name[:3], f"{name[:3]}.", *(("Sept", "Sept.") if month == 9 else ()))
    forms = [
        f"{year}年{month:02}月{day:02}日",
        f"{year}年{month}月{day}日",
        "".join(_DIGITS[int(digit)] for digit in str(year))
        + f"年{_chinese(month)}月{_chinese(day)}日",
        date.isoformat(),
        f"{year}-{month}-{day}",
        f"{year}{month:02}{day:02}",
    ]
    for mark in "/.":
        forms += [f"{year}{mark}{month:02}{mark}{day:02}", f"{year}{mark}{month}{mark}{day}"]
    for word in dict.fromkeys((name, *short)):
        forms += [f"{day} {word} {year}", f"{day:02} {word} {year}", f"{day:02}-{word}-{year}"]
        forms += [f"{word} {day}, {year}", f"{word} {day:02}, {year}"]
    if date == OPEN_ENDED:
        forms += ["长期", "长期有效", "Permanent"]
    return tuple(dict.fromkeys(forms))


def _chinese(number: int) -> str:
    """1 to 31 in Chinese numerals: 二十八."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def _date(text: str) -> datetime.date | None:
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return date if date.isoformat() == text else None


def value_problem(field: Field, value: Value) -> str:
    """What is wrong with ``value`` for this field, in a word; ``""`` if nothing is.

    ``kind``: of another type or shape; ``check``: a wrong check digit (a matter
    of policy); ``unknown-code``: not in the field's table.
    """
    if field.kind == "integer":
        plain = isinstance(value, int) and not isinstance(value, bool)
        return "" if plain else "kind"
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
        return "kind" if _date(value) is None else ""
    if field.kind == "identifier":
        return _identifier_problem(value)
    if field.kind in _CHECKS:
        verdict = _CHECKS[field.kind](value)
        return {"ok": "", "check": "check"}.get(verdict, "kind")
    return ""


def _identifier_problem(value: str) -> str:
    try:
        return "" if identifiers.parse_identifier(value).check_ok else "check"
    except InputError:
        return "kind"
