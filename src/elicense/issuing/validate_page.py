"""What the page cannot show: characters the font lacks, text that leaves its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from elicense.canonical import Value
from elicense.errors import Error, FieldFault
from elicense.issuing import licence_page
from elicense.issuing.fonts import Font
from elicense.issuing.layout import RIGHT
from elicense.issuing.page import Page, Rectangle, Text
from elicense.licence import Licence
from elicense.profiles import Profile, choice_items, find, table_rows

_SLACK = 0.05  # mm


def faults(licence: Licence, *, font: Font, notice: str = "") -> tuple[FieldFault, ...]:
    """Missing glyphs by field, then what overflows. Empty for a type nobody knows."""
    profile = find(licence.type)
    if profile is None:
        return ()
    texts = [*_texts(licence, profile), ("notice", notice)]
    missing = tuple(_glyphs(texts, font))
    unknown = {c for _, text in texts for c in text if c not in font.advances}
    # a stand-in of full width, so that overflow is told together with missing glyphs
    measured = replace(font, advances={**font.advances, **dict.fromkeys(unknown, 1000)})
    try:
        pages = licence_page.compose(licence, profile, font=measured, notice=notice)
    except Error as error:
        path = "font" if error.code == "font.glyph" else "page"
        return (*missing, FieldFault(path, error.code, error.detail))
    except ValueError:
        return missing  # a value that cannot be printed: validate.faults names its field
    return (*missing, *_overflows(pages, measured, texts))


def _texts(licence: Licence, profile: Profile) -> Iterator[tuple[str, str]]:
    """(path, text) of everything of the licence that a page shows as it stands."""
    for item, value in profile.values(licence):
        if item.kind == "choices":
            for index, (_, limitation) in enumerate(choice_items(value)):
                yield f"{item.path}.{index}.limitation", limitation
        elif item.kind == "table":
            for index, row in enumerate(table_rows(value)):
                for key, cell in row.items():
                    if _is_text(cell):
                        yield f"{item.path}.{index}.{key}", str(cell)
        elif item.printed and _is_text(value) and item.kind not in {"choice", "title", "date"}:
            yield item.path, str(value)
    yield "identifier", licence.identifier
    for index, endorsement in enumerate(licence.endorsements):
        yield f"endorsements.{index}.place", endorsement.place
        yield f"endorsements.{index}.officer", endorsement.officer


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and value != ""


def _glyphs(texts: Sequence[tuple[str, str]], font: Font) -> Iterator[FieldFault]:
    for path, text in texts:
        lacking = [c for c in dict.fromkeys(text) if c not in font.advances]
        if lacking:
            names = ", ".join(f"{c!r} (U+{ord(c):04X})" for c in lacking[:8])
            detail = f"the font {font.family} has no glyph for {names}; choose a fuller font"
            yield FieldFault(path, "font.glyph", detail)


def _overflows(
    pages: Sequence[Page], font: Font, texts: Sequence[tuple[str, str]]
) -> Iterator[FieldFault]:
    """Every text must end inside the cell it begins in, and stand clear of its neighbours."""
    for number, page in enumerate(pages, start=1):
        marks = [mark for mark in page.marks if isinstance(mark, Text)]
        cells = [mark for mark in page.marks if isinstance(mark, Rectangle)]
        spans = [(mark, mark.x + font.width(mark.text, mark.size)) for mark in marks]
        for mark, end in spans:
            over = end - _edge(mark, cells)
            if over > _SLACK:
                detail = f"{mark.text[:40]!r} is {over:.0f} mm too long for its place"
                yield FieldFault(_path(mark.text, texts, number), "page.overflow", detail)
        for first, second in _collisions(spans):
            detail = f"{first.text[:40]!r} runs into {second.text[:40]!r}"
            yield FieldFault(_path(first.text, texts, number), "page.overflow", detail)


def _edge(mark: Text, cells: Sequence[Rectangle]) -> float:
    """The right edge of the smallest cell the text begins in."""
    around = [
        cell
        for cell in cells
        if cell.x <= mark.x <= cell.x + cell.width and cell.y <= mark.y <= cell.y + cell.height
    ]
    smallest = min(around, key=lambda cell: cell.width * cell.height, default=None)
    inside = smallest is not None and smallest.x + smallest.width < RIGHT + 1
    return smallest.x + smallest.width if inside and smallest is not None else RIGHT


def _collisions(spans: Sequence[tuple[Text, float]]) -> Iterator[tuple[Text, Text]]:
    """Texts on one base line that overlap."""
    ordered = sorted(spans, key=lambda item: item[0].y)
    for index, (low, low_end) in enumerate(ordered):
        for high, high_end in ordered[index + 1 :]:
            if high.y - low.y >= 0.5 * min(low.size, high.size):
                break
            if low.x < high_end - _SLACK and high.x < low_end - _SLACK:
                yield (low, high) if low.x <= high.x else (high, low)


def _path(shown: str, texts: Sequence[tuple[str, str]], page: int) -> str:
    """The field whose text this is (the longest that fits), else the page."""
    fitting = [(path, text) for path, text in texts if text and (text in shown or shown in text)]
    return max(fitting, key=lambda item: len(item[1]))[0] if fitting else f"page {page}"
