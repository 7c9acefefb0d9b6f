"""The pages of an annotated copy 加注件: the licence's own, with a red band on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from elicense.checks.copy import names_of
from elicense.errors import UsageError
from elicense.issuing.fonts import Font
from elicense.issuing.layout import LEFT, RED, RIGHT
from elicense.issuing.licence_page import SEAL
from elicense.issuing.page import Colour, Mark, Page, Rectangle, Text, wrap
from elicense.licence import CopyMark, Licence
from elicense.profiles import Profile, date_forms

_TOP, _HEIGHT = 12.9, 9.8
_SIZES = (3.0, 2.7, 2.4, 2.2, 2.0)
_LEADING = 1.28
_GROUND: Colour = (253, 238, 238)
_FOOT, _FOOT_HEIGHT = 265.6, 7.6


def marked(pages: tuple[Page, ...], licence: Licence, profile: Profile, font: Font, *,
           sealed: bool) -> tuple[Page, ...]:  # fmt: skip
    """``pages`` with the annotation on each, and on the first what is hidden and where the
    issuer's signature is. No box is left open for an endorsement: a copy is not endorsed.

    UsageError ``copy.room`` for a purpose or names that do not fit.
    """
    assert licence.copy is not None
    band = tuple(_band(licence.copy, font))
    first = (*_foot(licence, profile, font), *_seal_place(licence.copy, sealed=sealed))
    found = []
    for number, page in enumerate(pages):
        own = (_closed(mark) for mark in page.marks)
        found.append(replace(page, marks=(*own, *band, *(first if number == 0 else ()))))
    return tuple(found)


def _closed(mark: Mark) -> Mark:
    if isinstance(mark, Rectangle) and mark.reserves:
        return replace(mark, reserves="")
    return mark


def _band(mark: CopyMark, font: Font) -> Iterator[Mark]:
    yield Rectangle(LEFT, _TOP, RIGHT - LEFT, _HEIGHT, 0.35, RED, _GROUND)
    size, lines = _fitting(_wordings(mark), _HEIGHT - 1.6, font)
    y = _TOP + (_HEIGHT - len(lines) * size * _LEADING) / 2 - size * 0.2
    for line in lines:
        y += size * _LEADING
        yield Text(LEFT + 2, y, size, line, RED)


def _wordings(mark: CopyMark) -> Iterator[list[str]]:
    """A sentence in each language; where that is too long, one with labels in both."""
    assert mark.expires is not None and mark.created is not None
    code = f"（{mark.receiver.code}）" if mark.receiver.code else ""
    zh_date, en_date = _dates(mark)
    yield [
        (f"加注件：仅供{mark.receiver.name}{code}用于“{mark.purpose}”，有效期至{zh_date}。"
        f"{mark.creator.name}制作。"),
        (f"ANNOTATED COPY for {mark.receiver.name} only. Purpose: {mark.purpose}. "
        f"Valid until {en_date}. Made by {mark.creator.name}."),
    ]
    yield [
        (f"加注件 ANNOTATED COPY  仅供 For: {mark.receiver.name}{code}  用途 Purpose: "
        f"{mark.purpose}  有效期至 Until: {mark.expires.isoformat()}  "
        f"制作 By: {mark.creator.name}")
    ]


def _dates(mark: CopyMark) -> tuple[str, str]:
    assert mark.expires is not None
    day = mark.expires
    english = next(f for f in date_forms(day) if f.isascii() and " " in f and f[:1].isdigit())
    return f"{day.year}年{day.month:02}月{day.day:02}日", english


def _fitting(wordings: Iterator[list[str]], height: float, font: Font) -> tuple[float, list[str]]:
    for texts in wordings:
        for size in _SIZES:
            lines = [x for text in texts for x in wrap(text, RIGHT - LEFT - 4, size, font)]
            if len(lines) * size * _LEADING <= height:
                return size, lines
    raise UsageError("copy.room", "purpose and names are too long for the pages: shorten them")


def _foot(licence: Licence, profile: Profile, font: Font) -> Iterator[Mark]:
    """Which fields are hidden, whether they have a row on the page or not."""
    hidden = licence.source.hidden if licence.source is not None else ()
    if not hidden:
        return
    names = [names_of(path, profile) for path in hidden]
    both = "；".join(f"{zh} {en}" for zh, en in names)
    wordings = iter([
        [f"已隐藏的内容 Not disclosed: {both}"],
        ["已隐藏的内容 Not disclosed: " + "、".join(zh for zh, _ in names)],
        [f"已隐藏 {len(names)} 项内容 {len(names)} fields are not disclosed"],
    ])  # fmt: skip
    size, lines = _fitting(wordings, _FOOT_HEIGHT, font)
    for number, line in enumerate(lines, 1):
        yield Text(LEFT + 2, _FOOT + number * size * _LEADING, size, line, RED)


def _seal_place(mark: CopyMark, *, sealed: bool) -> Iterator[Mark]:
    """The issuer's seal is not on a copy: where its signature is, or whose seal this is."""
    x = SEAL.x
    if sealed:
        yield Text(x, SEAL.y - 2.6, 2.4, "加注件制作机构印章 Seal of the copy's maker", RED)
        return
    for number, line in enumerate((
        "加注件不盖颁证机构印章，", "颁证机构的签名在所附数据中。",
        "The issuer's signature is in the data", "attached; its seal is not on a copy.",
    )):  # fmt: skip
        yield Text(x, SEAL.y + 12.0 + number * 3.6, 2.4, line, RED)
