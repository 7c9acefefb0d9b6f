"""The text and pictures of a page as a reader draws them."""

from __future__ import annotations

import pytest

from elicense.containers import ofd
from elicense.errors import InputError, LimitError
from ofd_sample import (
    DOCUMENT,
    IMAGE,
    PAGE,
    pack,
    page_xml,
    sample,
    signed,
    text_object,
    unsigned,
    xml,
)


def lines(*objects: str) -> tuple[str, ...]:
    entries = unsigned()
    entries[PAGE] = page_xml(*objects, template="")
    del entries["Doc_0/Annots/Annotations.xml"]
    entries[DOCUMENT] = entries[DOCUMENT].replace(
        b"<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>", b""
    )
    return ofd.page_lines(ofd.read(pack(entries)))[0]


def code(text: str, *, x: float = 0, y: float = 4, **more: str) -> str:
    deltas = "".join(f' {name}="{value}"' for name, value in more.items())
    return (
        '<ofd:TextObject ID="1" Boundary="10 10 150 80" Font="3" Size="4">'
        f'<ofd:TextCode X="{x}" Y="{y}"{deltas}>{text}</ofd:TextCode></ofd:TextObject>'
    )


def test_page_template_and_annotation_make_one_text():
    assert ofd.page_lines(ofd.read(sample())) == (("证书编号 DOC-2025-001", "浙江海事局", "批注"),)


def test_lines_run_from_the_top_and_the_left_whatever_the_order_of_objects():
    found = lines(
        text_object("丙", x=10, y=60),
        text_object("乙", x=60, y=20),
        text_object("甲", x=10, y=20.5),
    )
    assert found == ("甲 乙", "丙")


def test_runs_that_touch_are_one_word():
    assert lines(text_object("证书", x=10, y=10), text_object("编号", x=18, y=10)) == ("证书编号",)


def test_text_that_wraps_inside_one_code_is_two_lines():
    found = lines(code("一二三四", DeltaX="4 -4 4", DeltaY="0 6 0"))
    assert found == ("一二", "三四")


def test_repeated_deltas_are_understood():
    assert lines(code("一二三四", DeltaX="g 1 4 -4 g 1 4", DeltaY="g 1 0 6 g 1 0")) == (
        "一二",
        "三四",
    )


def test_vertical_text_stays_whole():
    assert lines(code("竖排文字", DeltaX="g 3 0", DeltaY="g 3 4")) == ("竖排文字",)


def test_ctm_and_boundary_place_the_text():
    first = (
        '<ofd:TextObject ID="1" CTM="2 0 0 2 0 0" Boundary="10 50 90 9" Font="3" Size="2">'
        '<ofd:TextCode X="0" Y="2" DeltaX="2">后文</ofd:TextCode></ofd:TextObject>'
    )
    assert lines(first, text_object("前文", x=10, y=40)) == ("前文", "后文")


@pytest.mark.parametrize("extra", ['Visible="false"', 'Alpha="0"'])
def test_invisible_text_is_left_out(extra):
    assert lines(text_object("看不见", x=10, y=10, extra=extra)) == ()


def test_text_outside_the_page_is_left_out():
    assert lines(text_object("页外", x=300, y=10), text_object("页内", x=30, y=10)) == ("页内",)


def test_text_drawn_twice_for_bold_counts_once():
    twice = text_object("粗体", x=10, y=10)
    assert lines(twice, twice.replace('"1010"', '"1011"')) == ("粗体",)


def test_blocks_inside_blocks_are_followed():
    inner = text_object("深处", x=10, y=10)
    assert lines(f"<ofd:PageBlock><ofd:PageBlock>{inner}</ofd:PageBlock></ofd:PageBlock>") == (
        "深处",
    )


def test_graphics_units_are_drawn_in_place():
    entries = unsigned()
    entries["Doc_0/PublicRes.xml"] = xml(
        '<ofd:Res NS><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="50"><ofd:Content>'
        + text_object("单元", x=0, y=0)
        + "</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    )
    entries[PAGE] = page_xml('<ofd:CompositeObject ResourceID="50" Boundary="20 90 9 9"/>')
    found = ofd.page_lines(ofd.read(pack(entries)))
    assert found == (("证书编号", "单元", "批注"),)


def _units(*bodies: str) -> dict[str, bytes]:
    entries = unsigned()
    units = "".join(
        f'<ofd:CompositeGraphicUnit ID="{number}"><ofd:Content>{body}</ofd:Content>'
        "</ofd:CompositeGraphicUnit>"
        for number, body in enumerate(bodies)
    )
    entries["Doc_0/PublicRes.xml"] = xml(
        f"<ofd:Res NS><ofd:CompositeGraphicUnits>{units}</ofd:CompositeGraphicUnits></ofd:Res>"
    )
    entries[PAGE] = page_xml('<ofd:CompositeObject ResourceID="0" Boundary="0 0 9 9"/>')
    return entries


def test_a_graphics_unit_that_draws_itself_is_refused():
    entries = _units('<ofd:CompositeObject ResourceID="0" Boundary="0 0 9 9"/>')
    with pytest.raises(LimitError):
        ofd.read_pages(ofd.read(pack(entries)))


def test_graphics_units_that_multiply_are_refused():
    bodies = [
        f'<ofd:CompositeObject ResourceID="{number + 1}" Boundary="0 0 9 9"/>' * 10
        for number in range(12)
    ]
    with pytest.raises(LimitError):
        ofd.read_pages(ofd.read(pack(_units(*bodies, text_object("哈", x=0, y=0)))))


def test_pictures_come_with_their_bytes_and_boxes():
    (image,) = ofd.page_images(ofd.read(sample()))
    assert (image.page, image.place) == (1, IMAGE)
    assert (image.x, image.y, image.width, image.height) == (8.5, 3.5, 20.0, 20.0)
    assert image.data == unsigned()[IMAGE]


def test_a_page_that_cannot_be_parsed_is_an_error_of_its_text():
    package = ofd.read(pack(signed() | {PAGE: b"<Page><"}))
    with pytest.raises(InputError):
        ofd.page_lines(package)
