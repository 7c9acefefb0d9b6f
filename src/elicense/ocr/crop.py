"""A piece of a scan as a picture, for a report that shows what was read."""

from __future__ import annotations

import io
import math
from typing import Any

from elicense.errors import UsageError
from elicense.ocr.reading import Box

_MARGIN = 0.5  # of the box's height, on each side
_WIDEST, _HIGHEST = 900, 300  # pixels of the picture made


def crop(pixels: Any, box: Box) -> bytes:
    """PNG of what stands in ``box`` (x, y, width, height in pixels) with some paper around it.

    ``pixels`` is an array H×W×3 (RGB) or H×W of 8 bits. The picture is reduced to at most
    900 × 300 pixels. UsageError for a box that does not meet the picture.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    if not all(math.isfinite(value) for value in box):
        raise UsageError("ocr.box", f"{box} is no box")
    x, y, across, down = box
    margin = _MARGIN * max(0.0, min(across, down))
    left, right = max(0, math.floor(x - margin)), min(width, math.ceil(x + across + margin))
    top, bottom = max(0, math.floor(y - margin)), min(height, math.ceil(y + down + margin))
    if left >= right or top >= bottom:
        raise UsageError("ocr.box", f"{box} is outside a picture of {width} × {height}")
    picture = Image.fromarray(pixels[top:bottom, left:right])
    picture.thumbnail((_WIDEST, _HIGHEST))
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()
