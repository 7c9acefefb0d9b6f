"""Pictures as they were received: formats, EXIF, and what is no picture at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS
from elicense.qr import encoded
from elicense.qr.cascade import Reading
from scan_pages import accept, code, jpeg, page, png, text


def sheet() -> Any:
    return page((code(text(), 4.0), 60, 300))


def rgb(pixels: Any) -> Any:
    return np.ascontiguousarray(pixels[:, :, None].repeat(3, axis=2))


def opened(data: bytes) -> Reading:
    return encoded.read(data, page=1, place="scan.jpg", accept=accept)


def _saved(image: Any, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "grey JPEG": lambda: jpeg(sheet()),
    "colour JPEG": lambda: jpeg(rgb(sheet())),
    "CMYK JPEG": lambda: _saved(Image.fromarray(rgb(sheet())).convert("CMYK"), "JPEG"),
    "PNG": lambda: png(rgb(sheet())),
    "16 bits": lambda: _saved(Image.fromarray(sheet().astype(np.uint16) * 100 + 900), "PNG"),
    "one bit": lambda: _saved(Image.fromarray(sheet()).convert("1"), "TIFF", compression="group4"),
    "palette": lambda: _saved(Image.fromarray(rgb(sheet())).quantize(16), "PNG"),
    "BMP": lambda: _saved(Image.fromarray(sheet()), "BMP"),
    "WebP": lambda: _saved(Image.fromarray(sheet()), "WEBP"),
    "transparent": lambda: _saved(_clear(), "PNG"),
}


def _clear() -> Any:
    """Black ink on nothing at all."""
    ink = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    ink.putalpha(Image.fromarray(255 - sheet()))
    return ink


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_every_kind_are_read(kind: str) -> None:
    assert opened(PICTURES[kind]()).accepted == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_says_how_a_picture_is_held(kind: str, orientation: int) -> None:
    """Corners are of the upright picture, whichever way it is stored."""
    stored = encoded._turned(sheet(), {6: 8, 8: 6}.get(orientation, orientation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = opened(_saved(Image.fromarray(stored), kind, exif=exif))
    assert found.codes[0].corners[0] == pytest.approx((76, 316), abs=8)


def test_a_large_jpeg_is_read_at_half_its_size_and_its_corners_are_of_the_whole() -> None:
    large = np.full((2401, 1801), 245, np.uint8)
    large[1500:2300, 1100:1700] = sheet()
    found = opened(jpeg(large))
    assert found.stage == "half"
    assert found.codes[0].corners[0] == pytest.approx((1176, 1816), abs=8)


@pytest.mark.parametrize("shape", [(1001, 701), (2401, 1801), (3001, 2001)])
def test_no_jpeg_is_decoded_more_than_twice(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a coloured one in which every stage looks for a code in vain."""
    import cv2

    blank = np.full((*shape, 3), 245, np.uint8)
    blank[100:300, 100:300] = (220, 30, 40)  # red ink
    decoded, imdecode = [], cv2.imdecode

    def counted(data: Any, flags: int) -> Any:
        decoded.append(flags)
        return imdecode(data, flags)

    monkeypatch.setattr(cv2, "imdecode", counted)
    found = opened(jpeg(blank))
    assert found.codes == () and found.stage == ""
    assert len(decoded) == len(set(decoded)) == 2


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", jpeg(np.zeros((9, 9), np.uint8))[:200], png(sheet())[:3000]],
    ids=["empty", "text", "JPEG head", "PNG head"],
)  # fmt: skip
def test_what_is_no_picture_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        opened(data)
    assert caught.value.code == "image.format"


def test_more_pixels_than_allowed_are_refused_before_they_are_decoded() -> None:
    limits = replace(DEFAULT_LIMITS, image_pixels=1000)
    with pytest.raises(LimitError) as caught:
        encoded.read(png(sheet()), page=1, place="x", accept=accept, limits=limits)
    assert caught.value.code == "image.pixels"


def test_a_cut_jpeg_is_read_as_far_as_it_goes_or_refused() -> None:
    whole = jpeg(sheet())
    for part in (0.3, 0.6, 0.9):
        try:
            found = opened(whole[: int(len(whole) * part)])
        except InputError as error:
            assert error.code == "image.format"
        else:
            assert {item.text for item in found.codes} <= {text()}


def test_transparent_pictures_are_laid_on_white_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    from elicense.qr import paper
    from elicense.qr.reader import read_encoded

    data = PICTURES["transparent"]()
    whole = [item.text for item in read_encoded(data, DEFAULT_LIMITS, page=1, place="x")]
    monkeypatch.setattr(paper, "_BAND", 600 * 37)
    again = [item.text for item in read_encoded(data, DEFAULT_LIMITS, page=1, place="x")]
    assert whole == again == [text()]
    assert opened(data).accepted == 1
