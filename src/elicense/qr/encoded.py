"""The cascade over a picture as it was received: a JPEG is first decoded without its colours, a
huge one at half its size, and in full only where that is not enough."""

from __future__ import annotations

import io
from typing import Any

from elicense.errors import InputError
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.qr import cascade
from elicense.qr.cascade import Accept, Reading
from elicense.qr.paper import bands
from elicense.qr.picture import Picture, check_size, from_pixels

_ORIENTATION = 0x0112  # of EXIF and TIFF


def read(
    data: bytes,
    *,
    page: int,
    place: str,
    accept: Accept,
    limits: Limits = DEFAULT_LIMITS,
    deadline: float | None = None,
) -> Reading:
    """Codes in a PNG, JPEG, BMP, WebP or TIFF (its first page), as ``cascade.read`` reads them.

    Corners are pixels of the picture as it is shown: turned as its EXIF says. InputError
    ``image.format`` for what cannot be decoded, LimitError ``image.pixels`` past ``limits``.
    """
    picture = opened(data, limits=limits, place=place)
    return cascade.run(
        picture, page=page, place=place, accept=accept, limits=limits, deadline=deadline
    )


def opened(data: bytes, *, limits: Limits, place: str) -> Picture:
    """The picture, decoded as far as it is asked for."""
    from PIL import Image

    faults = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
    try:
        with Image.open(io.BytesIO(data)) as image:
            check_size(*image.size, limits, place)
            if image.format in {"JPEG", "MPO"} and image.mode in {"L", "RGB"}:
                return _jpeg(data, image, place)
            pixels = _pixels(image)
            # asked for after loading, which turns a TIFF by itself
            return from_pixels(_turned(pixels, _orientation(image)), limits=limits, place=place)
    except InputError:
        raise
    except faults as error:
        raise InputError("image.format", f"not a picture that can be read: {error}",
                         place=place) from error  # fmt: skip


def _orientation(image: Any) -> int:
    """1 to 8, as EXIF counts."""
    found = image.getexif().get(_ORIENTATION, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned(pixels: Any, orientation: int) -> Any:
    """Upright: 5 to 8 lie on their side, 2, 4, 5 and 7 are seen in a mirror."""
    import numpy as np

    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _jpeg(data: bytes, image: Any, place: str) -> Picture:
    import cv2
    import numpy as np

    raw = np.frombuffer(data, np.uint8)
    orientation = _orientation(image)
    width, height = image.size if orientation < 5 else image.size[::-1]
    ways = {
        (False, False): cv2.IMREAD_GRAYSCALE, (False, True): cv2.IMREAD_REDUCED_GRAYSCALE_2,
        (True, False): cv2.IMREAD_COLOR, (True, True): cv2.IMREAD_REDUCED_COLOR_2,
    }  # fmt: skip

    def draw(colour: bool, half: bool) -> Any:
        try:
            found = cv2.imdecode(raw, ways[colour, half] | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error as error:
            raise InputError("image.format", f"a broken JPEG: {error}", place=place) from error
        if found is None:
            raise InputError("image.format", "a broken JPEG", place=place)
        if colour:
            cv2.cvtColor(found, cv2.COLOR_BGR2RGB, dst=found)
        return _turned(found, orientation)

    return Picture(width, height, draw, image.mode == "RGB")


def _pixels(image: Any) -> Any:
    """Grey or RGB of 8 bits on white paper."""
    import numpy as np

    if image.mode.startswith(("I", "F")):
        return _scaled(image)
    mode = "L" if image.mode in {"1", "L", "LA"} else "RGB"
    width, height = image.size
    pixels = np.empty((height, width) if mode == "L" else (height, width, 3), np.uint8)
    top = 0
    for band in bands(image, mode):
        pixels[top : top + band.height] = np.asarray(band)
        top += band.height
    return pixels


def _scaled(image: Any) -> Any:
    """Sixteen and more bits a pixel, from the darkest to the lightest."""
    import numpy as np

    wide = np.nan_to_num(np.asarray(image).astype(np.float32))
    low, high = float(wide.min()), float(wide.max())
    scale = 255 / (high - low) if high > low else 0.0
    return ((wide - low) * scale).clip(0, 255).astype(np.uint8)
