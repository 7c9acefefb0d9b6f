"""Fonts, pages, seal pictures: nothing is shown as a box, nothing runs off the sheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from elicense import profiles
from elicense.errors import InputError, UsageError
from elicense.issuing import document, fonts, licence_page, pdf_page, qr_picture, seal_picture
from elicense.issuing.layout import LEFT, RIGHT
from elicense.issuing.page import Text, wrap
from elicense.licence import Endorsement, Licence
from issuing_world import desk

from samples import licences, sealing  # isort: skip

FONT = fonts.load()


def _pages(licence: Licence, **options: object) -> tuple[licence_page.Page, ...]:
    return licence_page.compose(
        licence,
        profiles.get(licence.type),
        font=FONT,
        **options,  # type: ignore[arg-type]
    )


def _texts(licence: Licence) -> list[str]:
    return [m.text for page in _pages(licence) for m in page.marks if isinstance(m, Text)]


def test_the_bundled_font_has_all_of_gb_2312() -> None:
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                FONT.check(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    FONT.check("0123456789 ABC abc ,.()/-–—“”℃№")


def test_the_bundled_font_is_renamed_small_and_has_its_licence() -> None:
    font = TTFont(fonts.BUNDLED)
    names = {record.nameID: record.toUnicode() for record in font["name"].names}
    assert names[1] == "Elicense Kai"
    assert not any("LXGW" in names[key].upper() or "霞鹜" in names[key] for key in (1, 3, 4, 6))
    assert "Open Font License" in names[13]
    assert "SIL OPEN FONT LICENSE Version 1.1" in fonts.BUNDLED.with_name("OFL.txt").read_text()
    assert fonts.BUNDLED.stat().st_size < 5_000_000


def test_a_character_without_a_glyph_is_named() -> None:
    rare = replace(licences.TIANJIN_DOC, holder=replace(licences.BOHAI, name="渤海𠮷样例"))
    with pytest.raises(InputError) as caught:
        _pages(rare)
    assert caught.value.code == "font.glyph"
    assert "'𠮷' (U+20BB7)" in caught.value.detail


def test_a_subset_holds_what_is_asked_and_is_reproducible() -> None:
    subset = fonts.cut(FONT, "符合证明ABC")
    assert subset.data == fonts.cut(FONT, "CBA明证合符").data
    assert set(subset.glyphs) == set("符合证明ABC")
    font = TTFont(BytesIO(subset.data))
    assert {chr(code) for code in font.getBestCmap()} == set("符合证明ABC")
    assert font.getGlyphID(font.getBestCmap()[ord("符")]) == subset.glyphs["符"]


@pytest.mark.parametrize(
    "text",
    ["一二三四五六七八九十。一二三四五六七八九十，一二三", "several English words, and more",
     "混排 mixed 文字 text 文字", "averyveryveryveryverylongwordwithoutabreak", ""],
)  # fmt: skip
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    lines = wrap(text, 30, 3.8, FONT)
    assert all(FONT.width(line, 3.8) <= 30 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[:1] in "。，,." for line in lines if line)


@pytest.mark.parametrize(
    "licence",
    [licences.TIANJIN_DOC, licences.TIANJIN_ENDORSED, licences.GUANGDONG_SMC,
     licences.SHANDONG_INTERIM, licences.TIANJIN_SMC_INTERIM],
    ids=lambda licence: licence.type,
)  # fmt: skip
def test_every_deciding_field_is_on_the_page_inside_the_margins(licence: Licence) -> None:
    text = "".join(_texts(licence)).replace(" ", "")
    for field, value in profiles.get(licence.type).values(licence):
        if field.deciding and field.printed:
            for forms in profiles.printed_parts(field, value):
                assert any(form.replace(" ", "") in text for form in forms), field.key
    for page in _pages(licence):
        for mark in page.marks:
            if isinstance(mark, Text):
                assert mark.x >= LEFT
                assert mark.x + FONT.width(mark.text, mark.size) <= RIGHT + 0.01, mark.text


def test_texts_do_not_overlap() -> None:
    for page in _pages(licences.GUANGDONG_SMC):
        boxes = [
            (m.x, m.y - 0.75 * m.size, m.x + FONT.width(m.text, m.size), m.y + 0.1 * m.size, m.text)
            for m in page.marks
            if isinstance(m, Text)
        ]
        for index, a in enumerate(boxes):
            for b in boxes[index + 1 :]:
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                assert apart, (a[4], b[4])


def test_endorsement_boxes_show_what_is_signed() -> None:
    text = _texts(licences.TIANJIN_ENDORSED)
    for wanted in ("2025年06月12日", "张样例 主任审核员", "第三次年度审核"):
        assert wanted in text
    carried = replace(
        licences.TIANJIN_DOC, endorsements=(Endorsement("annual-1", "previously_carried_out"),)
    )
    assert "Verification previously carried out" in _texts(carried)


def test_more_than_a_page_holds_is_refused() -> None:
    kinds = [{"code": "bulk-carrier", "limitation": "很长的限制" * 40}] * 6
    crowded = replace(
        licences.TIANJIN_DOC, fields={**licences.TIANJIN_DOC.fields, "ship_types": tuple(kinds)}
    )
    with pytest.raises(UsageError) as caught:
        _pages(crowded)
    assert caught.value.code == "page.room"
    many = tuple(Endorsement("additional", date=date(2027, 1, n + 1)) for n in range(12))
    with pytest.raises(UsageError):
        _pages(replace(licences.GUANGDONG_SMC, endorsements=many))


def test_a_licence_that_lacks_a_required_field_is_not_drawn() -> None:
    bare = replace(licences.TIANJIN_DOC, fields={})
    with pytest.raises(UsageError) as caught:
        document.document(bare, data=b"{}", created=sealing.sealing_time(bare))
    assert caught.value.code == "licence.field"
    assert "ship_types" in caught.value.detail


def test_the_same_licence_gives_the_same_pdf() -> None:
    made = [sealing.unsealed(desk(), licences.TIANJIN_DOC, "pdf") for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF-1.7") and made[0].endswith(b"%%EOF\n")


def test_seal_pictures_are_red_round_and_see_through() -> None:
    png = seal_picture.draw("天津海事局", font=FONT, caption="测试", diameter=40)
    picture = Image.open(BytesIO(png)).convert("RGBA")
    assert picture.size == (472, 472)
    assert picture.getpixel((0, 0))[3] == 0
    assert picture.getpixel((236, 236)) == (*seal_picture.RED, 255)  # the star
    assert len(png) < 20_000
    image, mask = pdf_page.picture_objects(png)
    assert mask is not None and image.entries["Width"] == 472


def test_qr_pictures_read_back() -> None:
    import zxingcpp

    text = "EL1:" + "ABC123" * 40
    picture = Image.open(BytesIO(qr_picture.draw(text)))
    assert [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))] == [text]
    with pytest.raises(UsageError):
        qr_picture.draw("X" * 5000)
