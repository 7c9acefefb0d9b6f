"""The cascade over a picture as it was received: a JPEG is first decoded at half its size and
without its colours, and in full only where that is not enough."""

from __future__ import annotations

import io
from typing import Any

from elicense.errors import InputError
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.qr import cascade
from elicense.qr.cascade import Accept, Reading
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
            width, height = image.size
            check_size(width, height, limits, place)
            turned = image.getexif().get(_ORIENTATION, 1)
            if image.format == "JPEG" and image.mode in {"L", "RGB"}:
                size = (height, width) if turned in {5, 6, 7, 8} else (width, height)
                return _jpeg(data, size, coloured=image.mode == "RGB", place=place)
            pixels = _pixels(image)
    except InputError:
        raise
    except faults as error:
        raise InputError("image.format", f"not a picture that can be read: {error}",
                         place=place) from error  # fmt: skip
    return from_pixels(pixels, limits=limits, place=place)


def _jpeg(data: bytes, size: tuple[int, int], *, coloured: bool, place: str) -> Picture:
    import cv2
    import numpy as np

    raw = np.frombuffer(data, np.uint8)
    ways = {
        (False, False): cv2.IMREAD_GRAYSCALE, (False, True): cv2.IMREAD_REDUCED_GRAYSCALE_2,
        (True, False): cv2.IMREAD_COLOR_RGB, (True, True): cv2.IMREAD_REDUCED_COLOR_2,
    }  # fmt: skip

    def draw(colour: bool, half: bool) -> Any:
        found = cv2.imdecode(raw, ways[colour, half])
        if found is None:
            raise InputError("image.format", "a broken JPEG", place=place)
        return cv2.cvtColor(found, cv2.COLOR_BGR2RGB) if colour and half else found

    return Picture(*size, draw, coloured)


def _pixels(image: Any) -> Any:
    """Grey or RGB of 8 bits on white paper, turned as the picture says."""
    import numpy as np
    from PIL import Image, ImageOps

    if image.mode.startswith(("I", "F")):
        image = _scaled(image)
    elif image.mode in {"LA", "RGBA", "PA", "La", "RGBa"} or "transparency" in image.info:
        rgba = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(rgba, mask=rgba.getchannel("A"))
        image = paper
    elif image.mode != "RGB":
        image = image.convert("L" if image.mode in {"1", "L"} else "RGB")
    return np.asarray(ImageOps.exif_transpose(image))


def _scaled(image: Any) -> Any:
    """Sixteen and more bits a pixel, from the darkest to the lightest."""
    import numpy as np
    from PIL import Image

    wide = np.asarray(image).astype(np.float32)
    low, high = (float(np.nan_to_num(end)) for end in (wide.min(), wide.max()))
    scale = 255 / (high - low) if high > low else 0.0
    return Image.fromarray(np.nan_to_num((wide - low) * scale).clip(0, 255).astype(np.uint8))
