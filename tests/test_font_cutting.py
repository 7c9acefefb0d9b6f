"""Cutting the font: outlines, metrics and maps of what is left are those of the original."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from elicense.errors import InputError, UsageError
from elicense.issuing import fonts
from elicense.issuing.fonts import truetype

TEXT = "渤海样例航运有限公司 No. 12, Àé（安全）ﬁ"


def _shown(text: str) -> str:
    advances = fonts.load().advances
    return "".join(c for c in text if c in advances)


def _outline(font: TTFont, name: str) -> list[object]:
    pen = DecomposingRecordingPen(font.getGlyphSet())
    font.getGlyphSet()[name].draw(pen)
    return list(pen.value)


def test_outlines_and_widths_are_the_originals() -> None:
    font = fonts.load()
    cut = fonts.cut(font, _shown(TEXT))
    small, whole = TTFont(BytesIO(cut.data), checkChecksums=2), TTFont(font.path)
    assert {chr(c) for c in small.getBestCmap()} == set(_shown(TEXT))
    for code, name in small.getBestCmap().items():
        original = whole.getBestCmap()[code]
        assert cut.glyphs[chr(code)] == small.getGlyphID(name)
        assert _outline(small, name) == _outline(whole, original)
        assert small["hmtx"][name] == whole["hmtx"][original]


def test_every_table_can_be_read_and_the_file_sums_to_the_magic_number() -> None:
    data = fonts.cut(fonts.load(), _shown(TEXT)).data
    font = TTFont(BytesIO(data), checkChecksums=2)
    for name in font.keys():  # noqa: SIM118 - a font is no mapping
        assert font[name] is not None
    total = sum(struct.unpack(f">{len(data) // 4}I", data)) & 0xFFFFFFFF
    assert total == 0xB1B0AFBA


def test_same_characters_give_same_bytes_in_any_order() -> None:
    font = fonts.load()
    assert fonts.cut(font, "船公司").data == fonts.cut(font, "司公船船").data


def test_a_character_the_font_lacks_is_named() -> None:
    with pytest.raises(InputError, match="U\\+20000"):
        fonts.cut(fonts.load(), "船\U00020000")


def _font_with_components(path: str) -> None:
    """A, its composite Å-like sister with an offset, and one character beyond the basic plane."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 0))
    pen.lineTo((250, 700))
    pen.closePath()
    base = pen.glyph()
    pen = TTGlyphPen({"base": base})
    pen.addComponent("base", (0.5, 0, 0, 0.5, 10, 300))
    pen.addComponent("base", (1, 0, 0, 1, 0, 0))
    composite = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "spare", "base", "composite", "far"])
    builder.setupCharacterMap({0x41: "base", 0xC5: "composite", 0x20000: "far"})
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf(
        {".notdef": empty, "spare": base, "base": base, "composite": composite, "far": base}
    )
    builder.setupHorizontalMetrics(dict.fromkeys(builder.font.getGlyphOrder(), (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Parts", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


def test_components_travel_with_their_glyph_and_far_planes_are_mapped(tmp_path) -> None:
    path = tmp_path / "parts.ttf"
    _font_with_components(str(path))
    data, mapping = truetype.cut(truetype.read(path), "Å\U00020000")
    small, whole = TTFont(BytesIO(data)), TTFont(path)
    assert set(small.getBestCmap()) == {0xC5, 0x20000}
    for code in (0xC5, 0x20000):
        name, original = small.getBestCmap()[code], whole.getBestCmap()[code]
        assert _outline(small, name) == _outline(whole, original)
        assert small.getGlyphID(name) == mapping[chr(code)]


def test_a_file_that_is_no_truetype_font_is_refused(tmp_path) -> None:
    path = tmp_path / "no.ttf"
    path.write_bytes(b"not a font")
    with pytest.raises(UsageError) as caught:
        truetype.read(path)
    assert caught.value.code == "font.format"
