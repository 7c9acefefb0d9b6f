"""One page's picture for the readers: grey at once, its red channel when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from elicense.errors import LimitError, UsageError
from elicense.limits import Limits

_RED_ENOUGH = 40  # grey levels by which red ink exceeds green and blue
_RED_PART = 2e-4  # of the picture: a seal over a code is fifty times that


@dataclass(slots=True)
class Picture:
    """``grey`` is H×W of 8 bits; ``colour`` gives H×W×3 (RGB), or None for a grey page."""

    grey: Any
    colour: Callable[[], Any] | None = None
    _red: list[Any] = field(default_factory=list)

    def red(self) -> Any:
        """The red channel, in which red ink is as white as paper; None without red ink."""
        if not self._red:
            self._red.append(_red_channel(self.colour()) if self.colour else None)
        return self._red[0]


def _red_channel(rgb: Any) -> Any:
    import cv2
    import numpy as np

    step = max(1, max(rgb.shape) // 1000)
    few = rgb[::step, ::step].astype(np.int16)
    inked = few[:, :, 0] - few[:, :, 1:].max(axis=2) > _RED_ENOUGH
    return cv2.extractChannel(rgb, 0) if inked.mean() > _RED_PART else None


def from_pixels(pixels: Any, *, limits: Limits, place: str) -> Picture:
    """A page given as an array. UsageError or LimitError as ``cascade.read`` says."""
    import cv2
    import numpy as np

    shape = getattr(pixels, "shape", ())
    flat, rgb = len(shape) == 2, len(shape) == 3 and shape[2] == 3
    if not (flat or rgb) or pixels.dtype != np.uint8 or 0 in shape:
        raise UsageError("qr.pixels", "not an array H×W or H×W×3 of 8 bits", place=place)
    check_size(shape[1], shape[0], limits, place)
    pixels = np.ascontiguousarray(pixels)
    if flat:
        return Picture(pixels)
    return Picture(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), lambda: pixels)


def check_size(width: int, height: int, limits: Limits, place: str) -> None:
    if width * height > limits.image_pixels:
        raise LimitError("image.pixels", f"{width} × {height} pixels", place=place)
