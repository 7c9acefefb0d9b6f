"""The bilingual page of a licence, drawn from its profile and its data alone.

Page 1: heading, what is certified, one row a field, place and date of issue, the
signed QR code, room for the seal. Page 2, where the form has endorsement boxes:
one cell a box, filled from the signed endorsements.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from elicense.canonical import Value
from elicense.errors import UsageError
from elicense.issuing import qr_picture
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

_STATEMENTS = Path(__file__).with_name("statements.toml")
_HEAD = ("title", "number", "tracking_number", "state", "regime", "issuer_name", "issuer_name_en")
_FOOT = ("place_of_issue", "issued", "officer")
_VALUE_X = 78.0
_TABLE_BOTTOM = 219.0
_MOST_PADDING = 4.5  # mm a row
_SCALES = (1.0, 0.92, 0.85, 0.78, 0.72, 0.66)
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
    given = {item.key: (item, value) for item, value in profile.values(licence) if item.printed}
    count = 2 if profile.boxes else 1
    sheet = _Sheet(font, given)
    y = _heading(sheet, profile, notice)
    y = _statement(sheet, profile, y)
    _table(sheet, y + 2)
    _issue(sheet, qr_text)
    marks = (*frame(), *sheet.marks, *footer(licence, 1, count, font))
    pages = [Page(marks)]
    if profile.boxes:
        pages.append(endorsement_page(licence, profile, font=font, notice=notice))
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


@cache
def _statements() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_STATEMENTS.read_text(encoding="utf-8"))


def _heading(sheet: _Sheet, profile: Profile, notice: str) -> float:
    """State, title, number and rules; the height used."""
    if notice:
        sheet.marks += centred(notice, 19.5, 3.4, sheet.font, RED)
    sheet.centre(28.0, 5.0, sheet.value("state") or "中华人民共和国")
    sheet.centre(32.8, 3.0, sheet.english("state").upper() or "PEOPLE'S REPUBLIC OF CHINA")
    sheet.centre(45.0, 10.0, profile.zh)
    sheet.centre(51.5, 4.6, profile.en.upper())
    _numbers(sheet)
    sheet.marks.append(Line(LEFT, 62.0, RIGHT, 62.0, 0.4, BLUE))
    return 62.0


def _numbers(sheet: _Sheet) -> None:
    """Number on the left and tracking number on the right; long ones below each other."""
    font, room = sheet.font, RIGHT - LEFT - 4
    number = f"编号 Certificate No.  {sheet.value('number')}"
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


def _statement(sheet: _Sheet, profile: Profile, y: float) -> float:
    """By whom and under what it is issued, and what it certifies."""
    rules = sheet.value("regime"), sheet.english("regime")
    issuer, english = sheet.value("issuer_name"), sheet.value("issuer_name_en")
    lines = [(3.6, f"本证书由{issuer}签发" + (f"，依据{rules[0]}。" if rules[0] else "。"))]
    by = f"Issued by {english or issuer}" + (f" under the {rules[1]}." if rules[1] else ".")
    lines.append((2.9, by))
    words = _statements().get(profile.id)
    if words and rules[0]:
        lines.append((3.45, words["zh"].format(zh=rules[0])))
        lines.append((2.9, words["en"].format(en=rules[1])))
    for size, text in lines:
        for line in wrap(text, RIGHT - LEFT - 4, size, sheet.font):
            y += size * 1.42
            sheet.put(LEFT + 2, y, size, line)
    return y


def _table(sheet: _Sheet, top: float) -> None:
    """One row a field, label on the left, value in Chinese and English on the right.

    The largest type that fits is taken, and what height is left is spread over the rows.
    """
    shown = [
        (item, value)
        for key, (item, value) in sheet.given.items()
        if key not in _HEAD
        and key not in _FOOT
        and not (key.endswith("_en") and key.removesuffix("_en") in sheet.given)
    ]
    for scale in _SCALES:
        rows = [_row(sheet, item, value, scale) for item, value in shown]
        spare = _TABLE_BOTTOM - top - sum(row.height for row in rows)
        if spare >= 0:
            break
    else:
        raise UsageError("page.room", f"the fields need {-spare:.0f} mm more than there is")
    padding = min(_MOST_PADDING, spare / len(rows)) if rows else 0.0
    y = top
    for row in rows:
        _draw_row(sheet, row, y, row.height + padding)
        y += row.height + padding
    ground = Rectangle(LEFT, top, _VALUE_X - LEFT - 2, y - top, 0.0, None, PALE)
    sheet.marks.insert(0, ground)
    sheet.marks.append(Rectangle(LEFT, top, RIGHT - LEFT, y - top, 0.3, BLUE))
    sheet.marks.append(Line(_VALUE_X - 2, top, _VALUE_X - 2, y, 0.2, BLUE))


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


def _issue(sheet: _Sheet, qr_text: str) -> None:
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
    issuer = f"发证机关（印章）：{sheet.value('issuer_name')}"
    _foot(sheet, y, issuer, "Seal of the issuing authority")


def _foot(sheet: _Sheet, y: float, text: str, english: str) -> None:
    """A value of the foot beside the seal, in one or two lines, its English below it."""
    size, lines = fitted(text, SEAL.x - _FOOT_X - 2, 3.4, sheet.font)
    for index, line in enumerate(lines):
        sheet.put(_FOOT_X, y + index * size * 1.15, size, line)
    below = y + 3.9 + (len(lines) - 1) * size
    sheet.marks.append(Text(_FOOT_X, below, 2.6, english, GREY))
