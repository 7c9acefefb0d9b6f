"""Reading the codes on a page that is given as pixels or as an encoded picture."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from elicense.errors import LimitError
from elicense.evidence import QrCode
from elicense.limits import Limits
from elicense.qr.kinds import classify
from elicense.qr.paper import bands


def read_pixels(width: int, height: int, grey: Any, *, page: int, place: str) -> Iterator[QrCode]:
    """Codes in an 8-bit grey image: rows of ``width`` bytes, as bytes or a 2-D memoryview."""
    import zxingcpp

    view = memoryview(grey)
    if view.ndim == 1:
        view = view.cast("B", (height, width))
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    for found in zxingcpp.read_barcodes(view, formats=formats):
        yield QrCode(page, found.text, classify(found.text).kind, place, corners_of(found))


def corners_of(code: Any) -> tuple[tuple[float, float], ...]:
    """Corners of a code zxing found, clockwise from its own top left."""
    spot = code.position
    ends = (spot.top_left, spot.top_right, spot.bottom_right, spot.bottom_left)
    return tuple((float(point.x), float(point.y)) for point in ends)


def read_encoded(data: bytes, limits: Limits, *, page: int, place: str) -> Iterator[QrCode]:
    """Codes in a PNG, JPEG, BMP, GIF or TIFF. Anything else holds none.

    Raises LimitError where the picture has more pixels than ``limits`` allow.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            if width * height > limits.image_pixels:
                raise LimitError("image.pixels", f"{width} × {height} pixels", place=place)
            pixels = b"".join(band.tobytes() for band in bands(image, "L"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return  # not a picture that can be drawn: nothing to read in it
    yield from read_pixels(width, height, pixels, page=page, place=place)


def distinct(codes: Iterable[QrCode], limits: Limits) -> tuple[QrCode, ...]:
    """Each text once a page, at most ``limits.qr_codes``."""
    found: dict[tuple[int, str], QrCode] = {}
    for code in codes:
        found.setdefault((code.page, code.text), code)
        if len(found) >= limits.qr_codes:
            break
    return tuple(found.values())
