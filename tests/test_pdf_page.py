"""Text and pictures of pages, and whether two revisions look the same."""

from __future__ import annotations

import pytest

import pdf_attacks
import pdf_samples as samples
from elicense.containers import pdf
from elicense.containers.pdf import page
from elicense.errors import InputError, LimitError, UsageError
from elicense.limits import Limits

SEAL = (1, 400.0, 60.0, 500.0, 160.0)


def test_lines_come_from_top_to_bottom_and_left_to_right() -> None:
    content = b"BT /F1 12 Tf 72 100 Td (last) Tj ET BT /F1 12 Tf 300 700 Td (right) Tj ET "
    content += b"BT /F1 12 Tf 72 700 Td (left) Tj ET BT /F1 12 Tf 72 760 Td (first) Tj ET"
    data = samples.build({**samples.base_objects(), 4: samples.stream(content)})
    assert page.page_lines(data, 1) == ("first", "left right", "last")


def test_lines_of_a_given_revision() -> None:
    data = pdf_attacks.replace_content(samples.signed())
    document = pdf.read(data)
    assert page.page_lines(document.revision_bytes(1), 1) == (
        "Licence 110000-001",
        "Ship EXAMPLE STAR",
    )
    assert page.page_lines(data, 1) == ("Licence 999999-666",)


def test_grey_picture_has_the_page_s_size_and_ink() -> None:
    width, height, pixels = page.render_gray(samples.build(), 1, 72)
    assert (width, height) == (595, 842)
    assert pixels.shape == (842, 595) and pixels.contiguous
    flat = bytes(pixels)
    assert flat.count(255) > 0.9 * len(flat) and min(flat) < 64


def test_picture_is_what_the_code_reader_takes() -> None:
    import zxingcpp

    _, _, pixels = page.render_gray(samples.build(), 1, 72)
    assert list(zxingcpp.read_barcodes(pixels)) == []


def test_same_looks_but_for_the_seal() -> None:
    signed = samples.signed()
    final = samples.seal_by_hand(signed, rect=(200, 60, 300, 160))
    assert page.compare_rendering(signed, signed) == ()
    assert page.compare_rendering(signed, final) == (1,)
    assert page.compare_rendering(signed, final, [(1, 200.0, 60.0, 300.0, 160.0)]) == ()
    assert page.compare_rendering(signed, final, [(2, 200.0, 60.0, 300.0, 160.0)]) == (1,)


@pytest.mark.parametrize(
    "name", ["replace_content", "sneaky_signature", "page_rotated", "page_box", "new_root"]
)
def test_attacks_that_show_are_seen(name: str) -> None:
    signed = samples.signed()
    assert page.compare_rendering(signed, pdf_attacks.ATTACKS[name](signed), [SEAL]) == (1,)


def test_further_page_is_different() -> None:
    signed = samples.signed()
    assert page.compare_rendering(signed, pdf_attacks.extra_page(signed)) == (2,)


def test_text_a_seal_would_stand_on() -> None:
    assert page.text_in_box(samples.build(), (1, 60, 740, 400, 800)) == "Licence 110000-001"
    assert page.text_in_box(samples.build(), SEAL) == ""


def test_text_below_a_picture_is_found() -> None:
    image = samples.stream(
        b"\xff", b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8"
        b"/ColorSpace/DeviceGray",
    )  # fmt: skip
    resources = b"/Resources<</Font<</F1 5 0 R>>/XObject<</I 20 0 R>>>>"
    objects = {
        **samples.base_objects(),
        3: samples.PAGE.replace(b"/Resources<</Font<</F1 5 0 R>>>>", resources),
        4: samples.stream(samples.TEXT + b" q 400 0 0 60 60 745 cm /I Do Q"),
        20: image,
    }
    assert page.overlaid_text(samples.build(objects), 1) == ("Licence 110000-001",)
    assert page.overlaid_text(samples.build(), 1) == ()


def test_page_that_is_not_there() -> None:
    for number in (0, 2):
        with pytest.raises(UsageError):
            page.page_lines(samples.build(), number)


def test_bytes_that_are_no_pdf() -> None:
    with pytest.raises(InputError):
        page.page_lines(b"%PDF-1.7 nothing", 1)


def test_picture_of_a_huge_page_is_a_limit() -> None:
    with pytest.raises(LimitError):
        page.render_gray(samples.build(), 1, 72, limits=Limits(image_pixels=1000))
