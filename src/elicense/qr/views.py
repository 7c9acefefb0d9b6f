"""A page's picture as the readers want it: parts of it, scaled, sharpened, thresholded.

Each view knows the way back to the pixels of the page. Everything here is OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Corners = tuple[tuple[float, float], ...]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels of the page


@dataclass(frozen=True, slots=True)
class View:
    """``pixels`` (grey), and where they are on the page: x = left + x' / across."""

    pixels: Any
    left: float = 0.0
    top: float = 0.0
    across: float = 1.0
    down: float = 1.0

    def on_page(self, corners: Corners) -> Corners:
        return tuple((self.left + x / self.across, self.top + y / self.down) for x, y in corners)

    def in_view(self, corners: Corners) -> Corners:
        return tuple(
            ((x - self.left) * self.across, (y - self.top) * self.down) for x, y in corners
        )


def around(grey: Any, corners: Corners) -> View:
    """The part of the page about these corners, with room, the code about 600 pixels wide."""
    across, down = zip(*corners, strict=True)
    room = 0.15 * max(max(across) - min(across), max(down) - min(down))
    height, width = grey.shape
    left, top = max(0, int(min(across) - room)), max(0, int(min(down) - room))
    right, bottom = min(width, int(max(across) + room) + 1), min(height, int(max(down) + room) + 1)
    return cut(grey, (left, top, max(1, right - left), max(1, bottom - top)), 780)


def half(pixels: Any, width: int, height: int) -> View:
    """The whole page of ``width`` by ``height``, given at half its size."""
    down, across = pixels.shape
    return View(pixels, across=across / width, down=down / height)


def grown(grey: Any, factor: float) -> View:
    """The whole page enlarged and sharpened."""
    import cv2

    pixels = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    height, width = grey.shape
    return View(sharp(pixels, 1.0, factor * 0.6), across=pixels.shape[1] / width,
                down=pixels.shape[0] / height)  # fmt: skip


def cut(grey: Any, box: Box, side: int) -> View:
    """A part of the page, ``side`` pixels square whatever its shape (a fax has flat pixels)."""
    import cv2

    left, top, width, height = box
    part = grey[top : top + height, left : left + width]
    smaller = side < min(width, height)
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    pixels = cv2.resize(part, (side, side), interpolation=way)
    return View(pixels, left, top, side / width, side / height)


def sharp(pixels: Any, amount: float, radius: float) -> Any:
    """Unsharp masking."""
    import cv2

    soft = cv2.GaussianBlur(pixels, (0, 0), max(radius, 0.5))
    return cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0)


def darks(pixels: Any, part: float) -> Any:
    """The darkest ``part`` of the range, all else made light: a grey seal over the code, as
    red ink is in the red channel."""
    import cv2
    import numpy as np

    low, high = np.percentile(pixels[::2, ::2], [2, 85])
    top = low + max(part * (high - low), 1.0)
    return cv2.LUT(pixels, np.clip((np.arange(256) - low) / (top - low) * 255, 0, 255)
                   .astype(np.uint8))  # fmt: skip
