"""Pages under strain: long names, limitations, full tables, rare characters, as PDF and OFD.

Nothing may leave its cell, nothing may lie upon anything else, nothing is a box.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree

from elicense import profiles
from elicense.errors import InputError, UsageError
from elicense.issuing import document, fonts, layout, licence_page, ofd_page, pdf_page
from elicense.issuing.page import Page, Rectangle, Text
from elicense.licence import Licence
from issuing_world import ROOT  # noqa: F401 - makes the fixtures importable

from samples import hard, licences, sealing  # isort: skip

FONT = fonts.load()
OFD = "{http://www.ofdspec.org/2016}"
FULLER = Path("/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf")
RARE = "䶮㛃𠮷"
CASES = [pytest.param(item, id=name) for name, item in hard.CASES.items()]
Box = tuple[float, float, float, float, str]


def pages(licence: Licence, font: fonts.Font = FONT) -> tuple[Page, ...]:
    return licence_page.compose(
        licence, profiles.get(licence.type), font=font, qr_text="EL1:" + "A" * 400, notice="样例"
    )


def boxes(page: Page) -> list[Box]:
    """What each text covers: from the top of its letters to a little under the base line."""
    return [
        (m.x, m.y - 0.75 * m.size, m.x + FONT.width(m.text, m.size), m.y + 0.1 * m.size, m.text)
        for m in page.marks
        if isinstance(m, Text) and m.text.strip()
    ]


@pytest.mark.parametrize("licence", CASES)
def test_no_text_lies_upon_another(licence: Licence) -> None:
    for page in pages(licence):
        found = boxes(page)
        for index, a in enumerate(found):
            for b in found[index + 1 :]:
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                assert apart, (a[4], b[4])


@pytest.mark.parametrize("licence", CASES)
def test_no_text_leaves_the_margins_or_runs_under_the_seal(licence: Licence) -> None:
    seal = licence_page.SEAL
    for number, page in enumerate(pages(licence), start=1):
        for left, top, right, bottom, text in boxes(page):
            assert left >= layout.LEFT and right <= layout.RIGHT + 0.01, text
            assert top > 12 and bottom < 285, text
            under = number == seal.page and right > seal.x and bottom > seal.y
            assert not (under and top < seal.y + seal.height), text


@pytest.mark.parametrize("licence", CASES)
def test_every_text_of_an_endorsement_stays_in_its_box(licence: Licence) -> None:
    if not profiles.get(licence.type).boxes:
        return
    page = pages(licence)[1]
    cells = [m for m in page.marks if isinstance(m, Rectangle) and 60 < m.width < 90]
    assert cells
    inside = 0
    for left, top, right, bottom, text in boxes(page):
        cell = next((c for c in cells if c.x <= left < c.x + c.width
                     and c.y <= top < c.y + c.height), None)  # fmt: skip
        if cell is not None:
            inside += 1
            assert right <= cell.x + cell.width and bottom <= cell.y + cell.height, text
    assert inside >= 3 * len(cells)


@pytest.mark.parametrize("licence", CASES)
def test_every_value_is_on_the_page_unshortened(licence: Licence) -> None:
    shown = "".join(m.text for page in pages(licence) for m in page.marks if isinstance(m, Text))
    shown = re.sub(r"\s", "", shown)
    for item, value in profiles.get(licence.type).values(licence):
        if item.printed:
            for forms in profiles.printed_parts(item, value):
                assert any(re.sub(r"\s", "", form) in shown for form in forms), item.key
    for visit in licence.endorsements:
        assert re.sub(r"\s", "", visit.officer) in shown


def made(licence: Licence, font: fonts.Font = FONT) -> document.Document:
    return document.document(
        licence, data=licences.data_of(licence), created=sealing.sealing_time(licence),
        qr_text="EL1:ABC", font=font,
    )  # fmt: skip


def pdf_text(data: bytes) -> str:
    return "".join(p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(data))


def ofd_text(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return "".join(
            code.text or ""
            for name in package.namelist()
            if name.startswith("Doc_0/Pages/")
            for code in etree.fromstring(package.read(name)).iter(f"{OFD}TextCode")
        )


@pytest.mark.parametrize("licence", CASES)
def test_pdf_and_ofd_hold_the_same_text(licence: Licence) -> None:
    drawn = made(licence)
    squeezed = [
        sorted(c for c in text if not c.isspace())
        for text in (pdf_text(pdf_page.render(drawn)), ofd_text(ofd_page.render(drawn)))
    ]
    assert squeezed[0] == squeezed[1]


@pytest.mark.parametrize("character", RARE)
def test_a_rare_character_is_refused_by_name(character: str) -> None:
    holder = replace(licences.BOHAI, name=f"渤海{character}航运")
    rare = replace(licences.TIANJIN_DOC, holder=holder)
    with pytest.raises(InputError) as caught:
        made(rare)
    assert caught.value.code == "font.glyph"
    assert f"{character!r} (U+{ord(character):04X})" in caught.value.detail


def fuller() -> fonts.Font:
    if not FULLER.exists():
        pytest.skip("no fuller font is installed (apt-get install fonts-lxgw-wenkai)")
    return fonts.load(FULLER)


def test_a_fuller_font_draws_rare_characters_in_both_forms() -> None:
    font = fuller()
    name = f"渤海{RARE}航运"
    rare = replace(licences.TIANJIN_DOC, holder=replace(licences.BOHAI, name=name))
    drawn = made(rare, font)
    assert name in pdf_text(pdf_page.render(drawn))
    package = ofd_page.render(drawn)
    assert name in ofd_text(package)
    subset = fonts.cut(font, RARE)
    outlines = {c: _outline(subset.data, subset.glyphs[c]) for c in RARE}
    empty = _outline(subset.data, 0)
    assert all(len(points) > 20 for points in outlines.values())
    assert len({tuple(points) for points in (*outlines.values(), empty)}) == len(RARE) + 1


def _outline(data: bytes, glyph: int) -> list[tuple[int, int]]:
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(data))
    table = font["glyf"]
    points, _, _ = table[font.getGlyphOrder()[glyph]].getCoordinates(table)
    return list(points)


def test_a_long_number_and_tracking_number_stand_below_each_other() -> None:
    long = replace(
        licences.TIANJIN_DOC, number="样例TJDOC" + "1234567890" * 4,
        fields={**licences.TIANJIN_DOC.fields, "tracking_number": "UTN-" + "1234567890" * 5},
    )  # fmt: skip
    (page, *_) = pages(long)
    rows = {m.y for m in page.marks if isinstance(m, Text) and "1234567890" in m.text and m.y < 62}
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("width", "lines"), [(200.0, 1), (34.0, 1), (20.0, 2)], ids=["wide", "smaller", "two lines"]
)
def test_a_text_shrinks_then_breaks_then_is_refused(width: float, lines: int) -> None:
    text = "欧阳样例 主任审核员"
    size, found = layout.fitted(text, width, 3.4, FONT)
    assert len(found) == lines
    assert all(FONT.width(line, size) <= width for line in found)
    assert 0.65 * 3.4 - 1e-9 <= size <= 3.4
    with pytest.raises(UsageError) as caught:
        layout.fitted(text, 5.0, 3.4, FONT)
    assert caught.value.code == "page.room" and text in caught.value.detail
