"""Values as they are printed on a form: every spelling a reader may meet.

Comparison is the caller's: it folds width, case, spaces and punctuation on both
sides and asks whether one of these forms is there.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from elicense.canonical import Value
from elicense.licence import OPEN_ENDED
from elicense.profiles.amounts import money_forms, percent
from elicense.profiles.model import Field

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_DIGITS = "〇一二三四五六七八九"


def printed_forms(field: Field, value: Value) -> tuple[str, ...]:
    """All acceptable printed forms of one value, the usual Chinese one first.

    For kind ``choices`` each form is the whole list; :func:`printed_parts`
    gives the forms of each item. A value that is not of the field's kind has
    no printed form: an empty tuple.
    """
    if field.kind == "choices":
        return _list_forms(field, value)
    if field.kind == "table":
        return _table_forms(field, value)
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
        date = iso_day(value)
        return () if date is None else date_forms(date)
    if field.kind == "imo-ship":
        return (value, f"IMO {value}", f"IMO{value}")
    if field.kind == "month":
        return month_forms(value)
    if field.kind == "money":
        return money_forms(value)
    if field.kind == "percent":
        return () if percent(value) is None else (f"{value}%", f"{value}％")
    return (value,)


def cell_forms(field: Field, row: Mapping[str, Value], index: int) -> tuple[str, ...]:
    """The printed forms of one cell of a table's row; none where the row has no such cell."""
    column = field.columns[index]
    value = row.get(column.key)
    return () if value is None else printed_forms(column, value)


def table_rows(value: Value) -> tuple[Mapping[str, Value], ...]:
    """The rows of a ``table`` value; what is no row is left out."""
    if not isinstance(value, tuple):
        return ()
    return tuple(row for row in value if isinstance(row, Mapping))


_ROW_FORMS = 4  # how many ways of printing a row are tried, each in one way throughout


def _row_forms(field: Field, row: Mapping[str, Value]) -> tuple[str, ...]:
    """A row as its cells stand beside each other, from left to right."""
    cells = [cell_forms(field, row, index) for index in range(len(field.columns))]
    given = [forms for forms in cells if forms]
    found = [
        " ".join(forms[min(number, len(forms) - 1)] for forms in given)
        for number in range(_ROW_FORMS)
    ]
    return tuple(dict.fromkeys(found)) if given else ()


def _table_forms(field: Field, value: Value) -> tuple[str, ...]:
    rows = [_row_forms(field, row) for row in table_rows(value)]
    if not rows or not all(rows):
        return ()
    return ("；".join(forms[0] for forms in rows),)


def printed_parts(field: Field, value: Value) -> tuple[tuple[str, ...], ...]:
    """The printed forms of each part of a value; every part must be on the sheet.

    One part for most kinds; for ``choices`` one for each item, and one for each
    limitation text; for a ``table`` one for each row, its cells in their order.
    """
    if field.kind == "table":
        return tuple(_row_forms(field, row) for row in table_rows(value))
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


def month_forms(text: str) -> tuple[str, ...]:
    """The ways a form prints a month such as ``2026-03``; none for what is no month."""
    try:
        first = datetime.date.fromisoformat(f"{text}-01")
    except ValueError:
        return ()
    year, month = first.year, first.month
    name = _MONTHS[month - 1]
    return (
        f"{year}年{month}月", f"{year}年{month:02}月", text, f"{year}{month:02}",
        f"{year}/{month:02}", f"{year}.{month:02}", f"{name} {year}", f"{name[:3]} {year}",
    )  # fmt: skip


def _chinese(number: int) -> str:
    """1 to 31 in Chinese numerals: 二十八."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def iso_day(text: str) -> datetime.date | None:
    """The date of ``2026-03-01``; None for any other text."""
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return date if date.isoformat() == text else None
