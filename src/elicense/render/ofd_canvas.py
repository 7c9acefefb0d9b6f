"""Paper to draw an OFD page on: millimetres from the top left, Pillow's pixels.

Drawn at twice the resolution and reduced, so that strokes have smooth edges.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from elicense.containers.ofd.geometry import Matrix, apply
from elicense.errors import InputError, LimitError
from elicense.limits import Limits

Colour = tuple[int, int, int]
Point = tuple[float, float]
PICTURES = ("PNG", "JPEG", "BMP", "GIF")

_FINER = 2
_LARGEST = 2_000.0  # millimetres: A0 is 1189
_SMALLEST = 5.0
_FAR = 50_000.0  # pixels: what lies further out is no licence
_TYPE = 1_000.0  # pixels an em
_UPRIGHT = 1e-6


def unsupported(what: str, place: str = "") -> InputError:
    """The page uses something that is not drawn here."""
    return InputError("ofd.draw", what, place=place)


class Canvas:
    """One page. ``width`` and ``height`` in millimetres.

    Raises InputError ``ofd.draw`` for what is not drawn here, LimitError for too much.
    """

    def __init__(self, width: float, height: float, dpi: float, limits: Limits) -> None:
        from PIL import Image, ImageDraw

        if not (_SMALLEST <= width <= _LARGEST and _SMALLEST <= height <= _LARGEST):
            raise unsupported(f"a page of {width:g} × {height:g} mm")
        self.width, self.height = width, height
        self.limits = limits
        self.scale = dpi / 25.4 * _FINER
        size = (math.ceil(width * self.scale), math.ceil(height * self.scale))
        if size[0] * size[1] > limits.image_pixels:
            raise LimitError("ofd.draw", "the page has too many pixels at this resolution")
        self.image: Any = Image.new("RGB", size, "white")
        self.pen: Any = ImageDraw.Draw(self.image)
        self._pixels = 0
        self._end = time.monotonic() + limits.render_seconds

    def result(self) -> Any:
        """The page as an RGB picture."""
        return self.image.reduce(_FINER)

    def check_time(self) -> None:
        if time.monotonic() > self._end:
            seconds = self.limits.render_seconds
            raise LimitError("ofd.draw", f"drawing the page takes more than {seconds:g} seconds")

    def _pixel(self, x: float, y: float) -> Point:
        px, py = x * self.scale, y * self.scale
        if abs(px) > _FAR or abs(py) > _FAR:
            raise unsupported("something drawn far outside the page")
        return px, py

    def text(self, x: float, y: float, character: str, font: Any, colour: Colour) -> None:
        """One character with its origin on the base line."""
        place = self._pixel(x, y)
        try:
            self.pen.text(place, character, fill=colour, font=font, anchor="ls")
        except (OSError, ValueError) as error:  # FreeType reads an outline when it draws it
            raise unsupported(f"a glyph that cannot be drawn ({error})") from None

    def font_pixels(self, size: float) -> float:
        """Pixels an em for a type size in millimetres."""
        pixels = size * self.scale
        if not 0 < pixels <= _TYPE:
            raise unsupported(f"type of {size:g} mm")
        return pixels

    def fill(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""
        if len(points) > 2:
            self.pen.polygon([self._pixel(*point) for point in points], fill=colour)

    def stroke(
        self, points: Sequence[Point], width: float, colour: Colour, *, closed: bool
    ) -> None:
        """A polyline with butt ends and, where two upright strokes meet, square corners."""
        path = [self._pixel(*point) for point in points]
        if closed and path and path[0] != path[-1]:
            path.append(path[0])
        thick = max(1.0, width * self.scale)
        if thick > _FAR:
            raise unsupported("a stroke wider than the page")
        if all(_axis(a, b) for a, b in pairwise(path)):
            self._upright_strokes(path, thick, colour, closed=closed)
        elif len(path) > 1:
            self.pen.line(path, fill=colour, width=max(1, round(thick)), joint="curve")

    def _upright_strokes(
        self, path: list[Point], thick: float, colour: Colour, *, closed: bool
    ) -> None:
        half = thick / 2
        count = len(path) - 1
        for index, (a, b) in enumerate(pairwise(path)):
            first = half if closed or index > 0 else 0.0
            last = half if closed or index < count - 1 else 0.0
            across = abs(b[0] - a[0]) >= abs(b[1] - a[1])
            axis = 0 if across else 1
            if a[axis] > b[axis]:
                a, b, first, last = b, a, last, first  # noqa: PLW2901 - left or top end first
            box = (
                (a[0] - first, a[1] - half, b[0] + last, a[1] + half) if across
                else (a[0] - half, a[1] - first, a[0] + half, b[1] + last)
            )  # fmt: skip
            left, top = round(box[0]), round(box[1])
            # Pillow counts the last pixel in
            right, bottom = max(left, round(box[2]) - 1), max(top, round(box[3]) - 1)
            self.pen.rectangle((left, top, right, bottom), fill=colour)

    def picture(self, data: bytes, box: tuple[float, float, float, float], place: str) -> None:
        """An encoded picture stretched over x, y, width, height."""
        from PIL import Image

        left, top = self._pixel(box[0], box[1])
        right, bottom = self._pixel(box[0] + box[2], box[1] + box[3])
        wide, high = round(right - left), round(bottom - top)
        if not (0 < wide <= 2 * self.image.width and 0 < high <= 2 * self.image.height):
            raise unsupported("a picture of no size, or much larger than the page", place)
        picture = open_picture(data, self.limits, place)
        self._pixels += picture.width * picture.height
        if self._pixels > self.limits.image_pixels:
            raise LimitError("ofd.draw", "the pictures have too many pixels", place=place)
        # a code is all edges: enlarged, its pixels stay squares
        growing = wide > picture.width and high > picture.height
        how = Image.Resampling.NEAREST if growing else Image.Resampling.LANCZOS
        scaled = picture.resize((wide, high), how)
        self.image.paste(scaled.convert("RGB"), (round(left), round(top)), scaled.getchannel("A"))


def _axis(a: Point, b: Point) -> bool:
    return abs(a[0] - b[0]) < 0.5 or abs(a[1] - b[1]) < 0.5


def open_picture(data: bytes, limits: Limits, place: str = "") -> Any:
    """An encoded picture as RGBA. InputError for one that cannot be drawn."""
    import struct
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # the limit below is ours; Pillow's own warning would go to the user's terminal
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=PICTURES)
        with picture:
            if picture.width * picture.height > limits.image_pixels:
                raise LimitError("image.pixels", "the picture has too many pixels", place=place)
            return picture.convert("RGBA")
    except (
        UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError,
        TypeError, OverflowError, struct.error, Image.DecompressionBombError,
    ) as error:  # fmt: skip
        what = f"a picture that cannot be read ({type(error).__name__})"
        raise unsupported(what, place) from None


def straight(matrix: Matrix) -> bool:
    """Does the matrix only move and stretch, mirroring nothing?"""
    a, b, c, d, _, _ = matrix
    return abs(b) < _UPRIGHT and abs(c) < _UPRIGHT and a > 0 and d > 0


_OPERANDS = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "C": 0}
_STEPS = 16  # straight pieces that stand for a curve
MAX_POINTS = 100_000


def outline(text: str, matrix: Matrix, place: str) -> list[tuple[list[Point], bool]]:
    """AbbreviatedData (GB/T 33190 clause 9.1) as polylines on the page, and whether each is
    closed. Curves become short straight pieces; arcs (A) are not drawn here."""
    parts: list[tuple[list[Point], bool]] = []
    current: list[Point] = []
    items = text.split()
    at = 0
    while at < len(items):
        operator = items[at]
        count = _OPERANDS.get(operator)
        if count is None:
            raise unsupported(f"a path with {operator[:20]!r}", place)
        values = _values(items[at + 1 : at + 1 + count], count, place)
        at += 1 + count
        if operator in {"M", "S"}:
            current = [(values[0], values[1])]
            parts.append((current, False))
        elif not current:
            raise unsupported("a path that does not begin with a point", place)
        elif operator == "C":
            parts[-1] = (current, True)
        else:
            current += _curve(current[-1], values) if count > 2 else [(values[0], values[1])]
        if len(parts) + len(current) > MAX_POINTS:
            raise LimitError("ofd.draw", "a path has too many points", place=place)
    return [([apply(matrix, *point) for point in points], closed) for points, closed in parts]


def _values(items: list[str], count: int, place: str) -> list[float]:
    try:
        found = [float(item) for item in items]
    except ValueError:
        found = []
    if len(found) != count or not all(math.isfinite(value) for value in found):
        raise unsupported("a path with broken numbers", place)
    return found


def _curve(start: Point, values: list[float]) -> list[Point]:
    """A quadratic or cubic Bézier curve after its first point."""
    points = [start, *zip(values[::2], values[1::2], strict=True)]
    found = []
    for step in range(1, _STEPS + 1):
        t = step / _STEPS
        level = points
        while len(level) > 1:
            level = [
                (p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t) for p, q in pairwise(level)
            ]
        found.append(level[0])
    return found
