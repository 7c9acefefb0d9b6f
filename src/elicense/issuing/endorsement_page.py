"""The endorsement boxes 签注栏 of a form, drawn from the signed endorsements.

An empty box is reserved, under a name, for an endorsement that a later seal adds; what
goes into it then is :func:`values`.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from elicense.endorsement import box_name
from elicense.errors import UsageError
from elicense.issuing.fonts import Font
from elicense.issuing.layout import (
    BLUE,
    GREY,
    LEFT,
    RED,
    RIGHT,
    centred,
    fitted,
    footer,
    frame,
)
from elicense.issuing.page import Line, Mark, Page, Rectangle, Text, wrap
from elicense.licence import Endorsement, Licence
from elicense.profiles import Box, Profile, date_forms

_GAP = 4.0
_TOP, _BOTTOM = 52.0, 268.0
_WIDTH = (RIGHT - LEFT - _GAP) / 2
_STEP = 6.6  # from line to line


def endorsement_page(
    licence: Licence, profile: Profile, *, font: Font, notice: str = "", number: int = 2
) -> Page:
    """All boxes of the form on one page, the last, two a row; ``number`` is that page's.

    UsageError ``page.room`` if there are too many.
    """
    marks: list[Mark] = [*frame()]
    if notice:
        marks += centred(notice, 19.5, 3.4, font, RED)
    marks += centred(f"{profile.zh} 签注", 32.0, 6.4, font)
    marks += centred(f"ENDORSEMENTS TO THE {profile.en.upper()}", 38.0, 3.4, font)
    marks += centred(f"编号 Certificate No.  {licence.number}", 45.5, 3.4, font)
    cells = _cells(licence, profile)
    rows = (len(cells) + 1) // 2
    height = min(50.0, (_BOTTOM - _TOP) / rows - _GAP)
    if height < 34:
        raise UsageError("page.room", f"{len(cells)} endorsement boxes do not fit one page")
    for index, cell in enumerate(cells):
        x = LEFT + (index % 2) * (_WIDTH + _GAP)
        y = _TOP + (index // 2) * (height + _GAP)
        marks += _cell(cell, x, y, height, font)
    marks += footer(licence, number, number, font)
    return Page(tuple(marks))


class _Cell(NamedTuple):
    """A box, what stands in it, and the name under which it is reserved if nothing does."""

    box: Box
    endorsement: Endorsement | None
    reserves: str


def _cells(licence: Licence, profile: Profile) -> list[_Cell]:
    """Each box with what stands in it; a repeatable one once more than it was used, and
    twice at least, so that another endorsement finds room."""
    cells: list[_Cell] = []
    for box in profile.boxes:
        found = [x for x in licence.endorsements if x.kind == box.kind and x.state != "empty"]
        cells += [_Cell(box, item, "") for item in found]
        wanted = max(2, len(found) + 1) if box.repeatable else 1
        cells += [
            _Cell(box, None, box_name(box.kind, number))
            for number in range(len(found) + 1, wanted + 1)
        ]
    return cells


def _cell(cell: _Cell, x: float, y: float, height: float, font: Font) -> list[Mark]:
    box, endorsement, reserves = cell
    marks: list[Mark] = [Rectangle(x, y, _WIDTH, height, 0.3, BLUE, reserves=reserves)]
    line = y + 5.0
    for size, text in ((3.6, box.zh), (2.6, _english(box))):
        for part in wrap(text, _WIDTH - 4, size, font):
            marks.append(Text(x + 2, line, size, part, BLUE if size > 3 else GREY))
            line += size * 1.3
    if endorsement is not None and endorsement.state == "previously_carried_out":
        marks.append(Text(x + 2, y + height / 2 + 2, 3.4, "审核已于此前进行"))
        text = "Verification previously carried out"
        marks.append(Text(x + 2, y + height / 2 + 6.5, 2.8, text))
        return marks
    for label, value, start, line in _placed(box, endorsement, x, y, height, font):
        marks.append(Text(x + 2, line, 2.9, label, GREY))
        marks.append(Line(start, line + 0.9, x + _WIDTH - 3, line + 0.9, 0.15, GREY))
        if value:
            size, lines = fitted(value, x + _WIDTH - 4 - start, 3.3, font)
            marks += [
                Text(start + 1, line - index * size * 1.12, size, part)
                for index, part in enumerate(reversed(lines))
            ]
    return marks


class _Row(NamedTuple):
    """One line of a box: label, value, and where the value's line begins and runs."""

    label: str
    value: str
    start: float
    line: float


def _placed(
    box: Box, endorsement: Endorsement | None, x: float, y: float, height: float, font: Font
) -> list[_Row]:
    rows = _rows(box, endorsement)
    first = y + height - 3.0 - _STEP * (len(rows) - 1)
    return [
        _Row(label, value, x + 3 + font.width(label, 2.9), first + _STEP * index)
        for index, (label, value) in enumerate(rows)
    ]


def values(
    box: Box, endorsement: Endorsement, width: float, height: float, font: Font
) -> tuple[Text, ...]:
    """What a later endorsement writes into its box, from the box's own top left corner.

    One line a value. UsageError ``page.room`` if one is too long for it.
    """
    found = []
    for _, value, start, line in _placed(box, endorsement, 0.0, 0.0, height, font):
        size, (text,) = fitted(value, width - 4 - start, 3.3, font, most=1)
        found.append(Text(start + 1, line, size, text))
    return tuple(found)


def _english(box: Box) -> str:
    return f"{box.en} (ISM {box.paragraph})" if box.paragraph else box.en


def _rows(box: Box, endorsement: Endorsement | None) -> list[tuple[str, str]]:
    """Label and value of each line; empty values where the box is empty."""
    signed = endorsement if endorsement and endorsement.state == "signed" else None
    rows = [
        ("地点 Place", signed.place if signed else ""),
        ("日期 Date", _date(signed.date) if signed else ""),
        ("签发人 Official", signed.officer if signed else ""),
    ]
    if box.extension_months:
        rows.insert(0, ("展期至 Valid until", _date(signed.valid_until) if signed else ""))
    return rows


def _date(value: datetime.date | None) -> str:
    return date_forms(value)[0] if value else ""
