"""A neutral page: marks at places in millimetres from the top left, for PDF and OFD alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from elicense.issuing.fonts import Font

Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; ``y`` is its base line, ``size`` the type size in mm."""

    x: float
    y: float
    size: float
    text: str
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Line:
    """A straight stroke."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.2
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle, stroked, filled or both.

    ``reserves`` names the box for a later endorsement that it frames, if any.
    """

    x: float
    y: float
    width: float
    height: float
    line: float = 0.2
    stroke: Colour | None = BLACK
    fill: Colour | None = None
    reserves: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG picture."""

    x: float
    y: float
    width: float
    height: float
    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a seal goes: page from 1, millimetres from the top left.

    ``clip`` (x, y, width, height from the seal's own corner) leaves only that part of
    the picture to be seen: a strip of a riding seal 骑缝章. OFD alone has it.
    """

    page: int
    x: float
    y: float
    width: float
    height: float
    clip: tuple[float, float, float, float] | None = None


Mark = Text | Line | Rectangle | Image


@dataclass(frozen=True, slots=True)
class Page:
    """Marks in the order they are painted; A4 unless said otherwise."""

    marks: tuple[Mark, ...]
    width: float = 210.0
    height: float = 297.0


def characters(pages: Iterable[Page]) -> set[str]:
    """Every character that the pages show."""
    return {c for page in pages for mark in page.marks if isinstance(mark, Text) for c in mark.text}


def reserved(pages: Iterable[Page]) -> bool:
    """Is any box reserved for an endorsement?"""
    marks = (mark for page in pages for mark in page.marks)
    return any(isinstance(mark, Rectangle) and mark.reserves for mark in marks)


def images(pages: Iterable[Page]) -> list[bytes]:
    """Each different picture once, in the order of first use."""
    found = (mark.png for page in pages for mark in page.marks if isinstance(mark, Image))
    return list(dict.fromkeys(found))


def wrap(text: str, width: float, size: float, font: Font) -> list[str]:
    """Break ``text`` into lines at most ``width`` wide, between words or Chinese characters."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and font.width((line + piece).rstrip(), size) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece.lstrip() if not line else piece
            while font.width(line.rstrip(), size) > width and len(line) > 1:
                count = _fitting(line, width, size, font)
                lines.append(line[:count])
                line = line[count:]
        lines.append(line.rstrip())
    return lines


_NOT_AT_START = "，。、；：！？）》」』〕】”’,.;:!?)]"


def _pieces(text: str) -> Iterator[str]:
    """Latin words with the space after them, other characters with what must follow them."""
    piece = ""
    for character in text:
        joins = character in _NOT_AT_START or (
            piece != "" and ord(piece[-1]) < 0x2E80 and ord(character) < 0x2E80 and piece[-1] != " "
        )
        if piece and not joins and character != " ":
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _fitting(line: str, width: float, size: float, font: Font) -> int:
    """How many characters of one overlong word fit; at least one."""
    count = 1
    while count < len(line) and font.width(line[: count + 1], size) <= width:
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Document:
    """Pages with what travels beside them.

    ``metadata`` are the short names of the metadata standard and their values
    (ZZBS, ZZMC, ZZBH …); ``data`` the exact bytes of ``licence.json``.
    """

    pages: tuple[Page, ...]
    title: str
    author: str
    created: datetime
    font: Font = field(repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = field(default=None, repr=False)
