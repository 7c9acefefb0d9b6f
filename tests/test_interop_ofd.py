"""Another OFD reader, easyofd, shows our pages as we meant them.

It verifies nothing and draws every text in the system's 宋体 and every stroke in
black, so only places, texts and pictures are compared. It is not a dependency:
``pip install easyofd`` to run these tests.
"""

from __future__ import annotations

import ctypes
import zipfile
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from lxml import etree
from PIL import ImageChops

import elicense
from elicense.issuing import fonts, licence_page
from issuing_world import SAMPLES

pytestmark = pytest.mark.slow
WIDTH = 210  # mm; easyofd sets 200 points an inch
OFD = "{http://www.ofdspec.org/2016}"
NAMES = ["guangdong-smc.ofd", "tianjin-doc-endorsed.ofd", "shandong-doc-v5.ofd"]


@pytest.fixture(scope="module")
def easyofd() -> Any:
    module = pytest.importorskip("easyofd.ofd", reason="easyofd is not installed")
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    pdfmetrics.registerFont(TTFont("宋体", str(fonts.BUNDLED)))
    return module


def converted(easyofd: Any, name: str) -> Any:
    reader = easyofd.OFD()
    reader.read((SAMPLES / name).read_bytes(), fmt="binary", save_xml=False)
    return pypdfium2.PdfDocument(reader.to_pdf())


def texts(name: str) -> list[list[tuple[float, float, str]]]:
    """(x, base line, text) in mm of every TextObject of each page, as the package says."""
    pages = []
    with zipfile.ZipFile(SAMPLES / name) as package:
        names = sorted(n for n in package.namelist() if n.startswith("Doc_0/Pages/"))
        for entry in names:
            found = []
            for item in etree.fromstring(package.read(entry)).iter(f"{OFD}TextObject"):
                x, y, *_ = map(float, item.get("Boundary", "").split())
                (code,) = item.iter(f"{OFD}TextCode")
                place = x + float(code.get("X", "0")), y + float(code.get("Y", "0"))
                found.append((*place, code.text or ""))
            pages.append(found)
    return pages


def characters(page: Any) -> dict[tuple[int, int], str]:
    """Character by the place of its origin, in tenths of a millimetre from the top left."""
    import pypdfium2.raw as pdfium

    text, height, unit = page.get_textpage(), page.get_height(), page.get_width() / WIDTH
    found = {}
    for index in range(text.count_chars()):
        x, y = ctypes.c_double(), ctypes.c_double()
        if pdfium.FPDFText_GetCharOrigin(text, index, x, y):
            place = round(x.value / unit * 10), round((height - y.value) / unit * 10)
            found[place] = chr(pdfium.FPDFText_GetUnicode(text, index))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_easyofd_sets_every_text_where_our_page_says(easyofd: Any, name: str) -> None:
    document, wanted = converted(easyofd, name), texts(name)
    assert len(document) == len(wanted)
    for page, lines in zip(document, wanted, strict=True):
        found = characters(page)
        assert lines
        for x, y, text in lines:
            near = [
                found.get((round(x * 10) + dx, round(y * 10) + dy))
                for dx in range(-3, 4)
                for dy in range(-3, 4)
            ]
            assert text[0] in near, (text, x, y)
        shown = sorted(c for c in found.values() if not c.isspace())
        assert shown == sorted(c for *_, text in lines for c in text if not c.isspace())


def red_ink(page: Any) -> tuple[float, float, float, float]:
    """The box in mm around what is red in the lower third of the page."""
    red, green, _ = page.render().to_pil().convert("RGB").split()
    mask = ImageChops.subtract(red, green).point(lambda level: 255 * (level > 90))
    mask.paste(0, (0, 0, mask.width, mask.height * 2 // 3))
    box = mask.getbbox()
    assert box, "no seal on the page"
    left, upper, right, lower = (side / mask.width * WIDTH for side in box)
    return left, upper, right, lower


@pytest.mark.parametrize("name", NAMES)
def test_easyofd_puts_seal_and_code_where_our_page_has_them(easyofd: Any, name: str) -> None:
    document = converted(easyofd, name)
    seal = licence_page.SEAL
    wanted = (seal.x, seal.y, seal.x + seal.width, seal.y + seal.height)
    assert red_ink(document[0]) == pytest.approx(wanted, abs=1.0)
    codes = zxingcpp.read_barcodes(document[0].render().to_pil())
    assert [code.text for code in codes] == [
        code.text for code in elicense.open(SAMPLES / name).qr
    ]


def test_without_its_seal_the_page_shows_no_seal(easyofd: Any) -> None:
    """What the tests above look for is the seal, and not a mark of the page."""
    with pytest.raises(AssertionError, match="no seal"):
        red_ink(converted(easyofd, "unsealed.ofd")[0])
