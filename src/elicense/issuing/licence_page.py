"""The bilingual page of a licence, drawn from its profile and its data alone.

Page 1: heading, what is certified, one row a field, place and date of issue, the
signed QR code, room for the seal; tables below the rows, and on further pages what does
not fit there. The last page, where the form has endorsement boxes: one cell a box, filled
from the signed endorsements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from elicense.canonical import Value
from elicense.errors import UsageError
from elicense.issuing import page_table, qr_picture, undisclosed
from elicense.issuing.endorsement_page import endorsement_page
from elicense.issuing.fonts import Font
from elicense.issuing.layout import (
    BLUE,
    GREY,
    LEFT,
    PALE,
    RED,
    RIGHT,
    centred,
    fitted,
    footer,
    frame,
)
from elicense.issuing.page import BLACK, Image, Line, Mark, Page, Rectangle, Spot, Text, wrap
from elicense.licence import Licence
from elicense.profiles import Field, Profile, choice_items, date_forms, printed_forms
from elicense.profiles.amounts import money_forms

_HEAD = ("title", "number", "tracking_number", "state", "regime", "issuer_name", "issuer_name_en")
_FOOT = ("place_of_issue", "issued", "officer")
_VALUE_X = 78.0
_TABLE_BOTTOM = 219.0
_NEXT_TOP, _NEXT_BOTTOM = 52.0, 268.0  # of tables on further pages
_TABLE_GAP = 4.0
_FEWEST = 3  # rows of a table worth beginning on the first page
_MOST_PADDING = 4.5  # mm a row
_SCALES = (1.0, 0.92, 0.85, 0.78, 0.72, 0.66)
_LEGIBLE = 4  # of them, those taken to keep a table on the first page
_LEADING = 1.3
SEAL = Spot(1, 142.0, 226.0, 40.0, 40.0)
_QR_SIZE = 32.0
_FOOT_X = 64.0


def compose(
    licence: Licence, profile: Profile, *, font: Font, qr_text: str = "", notice: str = ""
) -> tuple[Page, ...]:
    """The pages of ``licence``; the seal belongs at :data:`SEAL`.

    ``qr_text`` is drawn as a QR code; ``notice`` stands in red at the top (a
    sample, a copy). UsageError ``page.room`` if the fields do not fit the page,
    InputError ``font.glyph`` for a character that the font cannot show.
    """
    shown = undisclosed.shown_values(licence, profile)
    given = {item.key: (item, value) for item, value in shown if item.printed}
    sheet = _Sheet(font, given)
    y = _heading(sheet, profile, notice)
    y = _statement(sheet, profile, y)
    rest = _fields(sheet, y + 2)
    _issue(sheet, profile, qr_text)
    further = _further(rest, licence, profile, font, notice)
    count = 1 + len(further) + (1 if profile.boxes else 0)
    drawn = [sheet.marks, *further]
    pages = [
        Page((*frame(), *marks, *footer(licence, number, count, font)))
        for number, marks in enumerate(drawn, start=1)
    ]
    if profile.boxes:
        pages.append(endorsement_page(licence, profile, font=font, notice=notice, number=count))
    return tuple(pages)


@dataclass
class _Sheet:
    """Page 1 while it is being drawn."""

    font: Font
    given: Mapping[str, tuple[Field, Value]]
    marks: list[Mark] = field(default_factory=list)

    def value(self, key: str) -> str:
        """The value as the form prints it, the Chinese way; empty where there is none."""
        if key not in self.given:
            return ""
        forms = printed_forms(*self.given[key])
        return forms[0] if forms else ""

    def english(self, key: str) -> str:
        """The value in English: a coded one's name, a date, or the field's ``_en`` sister."""
        if key not in self.given:
            return ""
        item, value = self.given[key]
        if item.kind in {"choice", "title"}:
            return item.choices[str(value)].en if str(value) in item.choices else ""
        if item.kind == "date":
            return english_date(str(value))
        return self.value(f"{key}_en")

    def put(self, x: float, y: float, size: float, text: str) -> None:
        if text:
            self.marks.append(Text(x, y, size, text))

    def centre(self, y: float, size: float, text: str) -> None:
        self.marks += centred(text, y, size, self.font)


def english_date(iso: str) -> str:
    """``1 March 2026`` from ``2026-03-01``."""
    import datetime

    forms = date_forms(datetime.date.fromisoformat(iso))
    return next(form for form in forms if form.isascii() and form[:1].isdigit() and " " in form)


def _heading(sheet: _Sheet, profile: Profile, notice: str) -> float:
    """State, title, number and rules; the height used."""
    if notice:
        sheet.marks += centred(notice, 19.5, 3.4, sheet.font, RED)
    if profile.has("state"):
        sheet.centre(28.0, 5.0, sheet.value("state") or "中华人民共和国")
        sheet.centre(32.8, 3.0, sheet.english("state").upper() or "PEOPLE'S REPUBLIC OF CHINA")
    else:
        sheet.centre(28.0, 5.0, sheet.value("issuer_name"))
        sheet.centre(32.8, 3.0, sheet.value("issuer_name_en").upper())
    sheet.centre(45.0, 10.0, profile.zh)
    sheet.centre(51.5, 4.6, profile.en.upper())
    _numbers(sheet, profile)
    sheet.marks.append(Line(LEFT, 62.0, RIGHT, 62.0, 0.4, BLUE))
    return 62.0


def _numbers(sheet: _Sheet, profile: Profile) -> None:
    """Number on the left and tracking number on the right; long ones below each other."""
    font, room = sheet.font, RIGHT - LEFT - 4
    number = f"{number_label(profile)}  {sheet.value('number')}"
    tracking = sheet.value("tracking_number")
    text = f"唯一跟踪号 UTN  {tracking}" if tracking else ""
    if font.width(number, 3.4) + font.width(text, 3.4) + 6 <= room:
        sheet.put(LEFT + 2, 59.5, 3.4, number)
        sheet.put(RIGHT - 2 - font.width(text, 3.4), 59.5, 3.4, text)
        return
    rows = [(59.9, number)] if not text else [(56.4, number), (60.3, text)]
    for y, row in rows:
        size, (line,) = fitted(row, room, 3.2, font, most=1)
        sheet.put(LEFT + 2, y, size, line)


def number_label(profile: Profile) -> str:
    """``编号 Certificate No.``, as the licence type calls it."""
    item = profile.field("number")
    return f"{item.zh} {item.en}"


def _statement(sheet: _Sheet, profile: Profile, y: float) -> float:
    """By whom and under what it is issued, and what it certifies."""
    rules = sheet.value("regime"), sheet.english("regime")
    issuer, english = sheet.value("issuer_name"), sheet.value("issuer_name_en")
    word, word_en = profile.word
    lines = [(3.6, f"本{word}由{issuer}签发" + (f"，依据{rules[0]}。" if rules[0] else "。"))]
    by = f"Issued by {english or issuer}" + (f" under the {rules[1]}." if rules[1] else ".")
    lines.append((2.9, by if word_en == "Certificate" else f"{word_en} {by[0].lower()}{by[1:]}"))
    zh, en = profile.statement
    if zh and en and all(sheet.value(key) for key in _PLACEHOLDER.findall(zh + en)):
        lines.append((3.45, _PLACEHOLDER.sub(lambda found: sheet.value(found[1]), zh)))
        lines.append((2.9, _PLACEHOLDER.sub(lambda found: _either(sheet, found[1]), en)))
    for size, text in lines:
        for line in wrap(text, RIGHT - LEFT - 4, size, sheet.font):
            y += size * 1.42
            sheet.put(LEFT + 2, y, size, line)
    return y


_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")


def _either(sheet: _Sheet, key: str) -> str:
    """A value in English, in Chinese where it has no English."""
    return sheet.english(key) or sheet.value(key)


def _fields(sheet: _Sheet, top: float) -> list[_Part]:
    """One row a field, then the tables; what of the tables has no room is handed back."""
    shown = [
        (item, value)
        for key, (item, value) in sheet.given.items()
        if key not in _HEAD
        and key not in _FOOT
        and not (key.endswith("_en") and key.removesuffix("_en") in sheet.given)
    ]
    grids = [
        page_table.grid(item, value, sheet.font) for item, value in shown if item.kind == "table"
    ]
    rows = [(item, value) for item, value in shown if item.kind != "table"]
    needed = sum(made.height + _TABLE_GAP for made in grids)
    y, fits = _rows(sheet, rows, top, needed)
    parts = [_Part(made, 0) for made in grids]
    return parts if not fits else _tables(sheet.marks, parts, y, _TABLE_BOTTOM, sheet.font)


def _rows(
    sheet: _Sheet, shown: Sequence[tuple[Field, Value]], top: float, needed: float
) -> tuple[float, bool]:
    """Label on the left, value in Chinese and English on the right; where they end, and
    whether anything below them has room.

    The largest type that fits is taken, with ``needed`` mm left below where that can be,
    and what height is left is spread over the rows.
    """
    room = _TABLE_BOTTOM - top
    tried = [(scale, [_row(sheet, item, value, scale) for item, value in shown])
             for scale in _SCALES]  # fmt: skip
    heights = [sum(row.height for row in rows) for _, rows in tried]
    spare = room - min(heights)
    if spare < 0:
        raise UsageError("page.room", f"the fields need {-spare:.0f} mm more than there is")
    kept = needed if any(height + needed <= room for height in heights[:_LEGIBLE]) else 0.0
    best = next(index for index, height in enumerate(heights) if height + kept <= room)
    rows, spare = tried[best][1], room - kept - heights[best]
    begun = needed > kept  # a table that goes on overleaf begins right below the rows
    padding = 0.6 if begun else min(_MOST_PADDING, spare / len(rows)) if rows else 0.0
    padding = min(padding, spare / len(rows)) if rows else 0.0
    y = top
    for row in rows:
        _draw_row(sheet, row, y, row.height + padding)
        y += row.height + padding
    ground = Rectangle(LEFT, top, _VALUE_X - LEFT - 2, y - top, 0.0, None, PALE)
    sheet.marks.insert(0, ground)
    sheet.marks.append(Rectangle(LEFT, top, RIGHT - LEFT, y - top, 0.3, BLUE))
    sheet.marks.append(Line(_VALUE_X - 2, top, _VALUE_X - 2, y, 0.2, BLUE))
    return y, y < _TABLE_BOTTOM


@dataclass(frozen=True, slots=True)
class _Part:
    """What is left of a table from its row ``first`` on."""

    grid: page_table.Grid
    first: int


def _tables(
    marks: list[Mark], parts: Sequence[_Part], top: float, bottom: float, font: Font
) -> list[_Part]:
    """As many rows as fit between ``top`` and ``bottom``; the rest is handed back."""
    y = top
    for index, part in enumerate(parts):
        left = len(part.grid.rows) - part.first
        count = part.grid.rows_within(part.first, bottom - y - _TABLE_GAP)
        if count < min(left, _FEWEST):
            return list(parts[index:])
        drawn, y = page_table.draw(
            part.grid, part.first, count, y + _TABLE_GAP, font, continued=part.first > 0
        )
        marks += drawn
        if count < left:
            return [_Part(part.grid, part.first + count), *parts[index + 1 :]]
    return []


def _further(
    rest: list[_Part], licence: Licence, profile: Profile, font: Font, notice: str
) -> list[list[Mark]]:
    """The pages that the rest of the tables needs."""
    pages: list[list[Mark]] = []
    while rest:
        marks: list[Mark] = []
        if notice:
            marks += centred(notice, 19.5, 3.4, font, RED)
        marks += centred(f"{profile.zh} 续页", 32.0, 6.4, font)
        marks += centred(f"{profile.en.upper()} CONTINUED", 38.0, 3.4, font)
        marks += centred(f"{number_label(profile)}  {licence.number}", 45.5, 3.4, font)
        left = _tables(marks, rest, _NEXT_TOP - _TABLE_GAP, _NEXT_BOTTOM, font)
        if left == rest:
            raise UsageError("page.room", "a row of a table is higher than a page")
        pages.append(marks)
        rest = left
    return pages


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: lines of label and value as (size, text), and the least height."""

    label: list[tuple[float, str]]
    value: list[tuple[float, str]]

    @property
    def height(self) -> float:
        return max(_height(self.label), _height(self.value)) + 2.2


def _height(lines: list[tuple[float, str]]) -> float:
    return sum(size * _LEADING for size, _ in lines)


def _row(sheet: _Sheet, item: Field, value: Value, scale: float) -> _Row:
    large, small = 3.8 * scale, 3.0 * scale
    if item.kind == "choices":
        texts = [(large, text) for text in _choices(item, value)]
    elif item.kind == "money":
        words = money_forms(str(value))[-2:-1]  # none of what is no amount
        texts = [(large, "  ".join((f"¥{sheet.value(item.key)}", *words)))]
    elif item.kind in {"choice", "date"}:
        texts = [(large, f"{sheet.value(item.key)}  {sheet.english(item.key)}".rstrip())]
    else:
        texts = [(large, sheet.value(item.key)), (small, sheet.english(item.key))]
    label = [(3.5 * scale, item.zh), (2.6 * scale, item.en)]
    return _Row(
        _wrapped(sheet, label, _VALUE_X - LEFT - 5), _wrapped(sheet, texts, RIGHT - _VALUE_X - 2)
    )


def _wrapped(
    sheet: _Sheet, texts: list[tuple[float, str]], width: float
) -> list[tuple[float, str]]:
    return [
        (size, line) for size, text in texts if text for line in wrap(text, width, size, sheet.font)
    ]


def _draw_row(sheet: _Sheet, row: _Row, top: float, height: float) -> None:
    for x, lines in ((LEFT + 2, row.label), (_VALUE_X, row.value)):
        y = top + (height - _height(lines)) / 2 - 0.3 * lines[0][0] if lines else top
        for index, (size, text) in enumerate(lines):
            y += size * _LEADING
            colour = GREY if x < _VALUE_X and index else BLACK
            sheet.marks.append(Text(x, y, size, text, colour))
    sheet.marks.append(Line(LEFT, top + height, RIGHT, top + height, 0.15, BLUE))


def _choices(item: Field, value: Value) -> list[str]:
    """``散货船 Bulk carrier`` a line, its limitation behind it."""
    found = []
    for code, limitation in choice_items(value):
        choice = item.choices.get(code)
        name = f"{choice.zh}  {choice.en}" if choice else code
        found.append(f"{name}（{limitation}）" if limitation else name)
    return found


def _issue(sheet: _Sheet, profile: Profile, qr_text: str) -> None:
    """QR code on the left; place, date, officer and issuer on the right, under the seal."""
    if qr_text:
        sheet.marks.append(Image(LEFT, 225.0, _QR_SIZE, _QR_SIZE, qr_picture.draw(qr_text)))
        sheet.marks.append(Text(LEFT + 3.4, 260.5, 2.8, "扫码核验 Scan to verify", GREY))
    y = 229.0
    for key in _FOOT:
        if key in sheet.given:
            item = sheet.given[key][0]
            english = sheet.english(key)
            _foot(sheet, y, f"{item.zh}：{sheet.value(key)}",
                  f"{item.en}: {english}" if english else item.en)  # fmt: skip
            y += 10.0
    issuer = f"{profile.field('issuer_name').zh}（印章）：{sheet.value('issuer_name')}"
    _foot(sheet, y, issuer, "Seal of the issuing authority")


def _foot(sheet: _Sheet, y: float, text: str, english: str) -> None:
    """A value of the foot beside the seal, in one or two lines, its English below it."""
    size, lines = fitted(text, SEAL.x - _FOOT_X - 2, 3.4, sheet.font)
    for index, line in enumerate(lines):
        sheet.put(_FOOT_X, y + index * size * 1.15, size, line)
    below = y + 3.9 + (len(lines) - 1) * size
    sheet.marks.append(Text(_FOOT_X, below, 2.6, english, GREY))
