"""Pictures on white paper, a band at a time: one of 64 megapixels with transparency would
take 256 MB three times over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BAND = 4_000_000  # pixels that are converted at a time


def bands(image: Any, mode: str) -> Iterator[Any]:
    """A Pillow image from top to bottom as images of ``mode`` (``L`` or ``RGB``); where it is
    transparent the paper shows."""
    from PIL import Image

    image.load()
    width, height = image.size
    clear = image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info
    rows = max(1, _BAND // width)
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        if clear:
            band = band.convert("RGBA")
            band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
        yield band.convert(mode)
