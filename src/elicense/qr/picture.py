"""One page's picture for the readers: grey, its red channel, and both at half the size, each
made when it is first asked for. Decoding costs more than reading, so it is done at most twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from elicense.errors import LimitError, UsageError
from elicense.limits import Limits

LARGE = 3_000_000  # pixels: such a page is tried at half its size first
_HUGE = 5_000_000  # decoded at half its size first; once more, then with its colours, if need be
_RED_ENOUGH = 40  # grey levels by which red ink exceeds green and blue
_RED_PART = 2e-4  # of the picture: a seal over a code is fifty times that


@dataclass(frozen=True)
class Picture:
    """A page of ``width`` by ``height`` pixels.

    ``draw(colour, half)`` gives it as H×W×3 (RGB) or as H×W, of 8 bits, at its own size or
    at half of it. ``coloured`` is False where there is nothing but grey.
    """

    width: int
    height: int
    draw: Callable[[bool, bool], Any]
    coloured: bool

    @property
    def large(self) -> bool:
        return self.width * self.height > LARGE

    @property
    def _huge(self) -> bool:
        return self.width * self.height > _HUGE

    @cached_property
    def half(self) -> Any:
        return self.draw(False, True) if self._huge else _halved(self.grey)

    @cached_property
    def grey(self) -> Any:
        return self._planes[0] if self._huge and self.coloured else self.draw(False, False)

    @cached_property
    def red(self) -> Any:
        """The red channel, in which red ink is as white as paper; None without red ink."""
        if not self.coloured:
            return None
        return self._planes[1] if self._huge else _red(self.draw(True, False))

    @cached_property
    def half_red(self) -> Any:
        """The same at half the size."""
        return None if self.red is None else _halved(self.red)

    @cached_property
    def _planes(self) -> tuple[Any, Any]:
        """Grey and red of one decoding."""
        import cv2

        rgb = self.draw(True, False)
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), _red(rgb)


def _red(rgb: Any) -> Any:
    import cv2

    scale = min(1.0, 1000 / max(rgb.shape))
    few = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    red, green, blue = cv2.split(few)
    inked = cv2.subtract(red, cv2.max(green, blue)) > _RED_ENOUGH
    return cv2.extractChannel(rgb, 0) if inked.mean() > _RED_PART else None


def from_pixels(pixels: Any, *, limits: Limits, place: str) -> Picture:
    """A page given as an array. UsageError or LimitError as ``cascade.read`` says."""
    import cv2
    import numpy as np

    shape: tuple[int, ...] = getattr(pixels, "shape", ())
    coloured = len(shape) == 3 and shape[-1] == 3
    if not (len(shape) == 2 or coloured) or pixels.dtype != np.uint8 or 0 in shape:
        raise UsageError("qr.pixels", "not an array H×W or H×W×3 of 8 bits", place=place)
    height, width = shape[:2]
    check_size(width, height, limits, place)
    own = np.ascontiguousarray(pixels)

    def draw(colour: bool, half: bool) -> Any:
        found = _halved(own) if half else own
        return found if colour or not coloured else cv2.cvtColor(found, cv2.COLOR_RGB2GRAY)

    return Picture(width, height, draw, coloured)


def _halved(pixels: Any) -> Any:
    """At half the size, each pixel the mean of four."""
    import cv2

    height, width = pixels.shape[:2]
    # an odd row or column is left off: halves are exact then, and four times as fast
    even = pixels[: max(1, height // 2 * 2), : max(1, width // 2 * 2)]
    size = max(1, width // 2), max(1, height // 2)
    return cv2.resize(even, size, interpolation=cv2.INTER_AREA)


def check_size(width: int, height: int, limits: Limits, place: str) -> None:
    """LimitError ``image.pixels`` for more pixels than ``limits`` allow."""
    if width * height > limits.image_pixels:
        raise LimitError("image.pixels", f"{width} × {height} pixels", place=place)
