"""Lines of a sheet brought level, so that rows are rows and columns are columns.

Photographs and skewed scans let rows run askew, and not all of them alike. The slope is
taken from the long lines themselves; only coordinates are changed, never pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from elicense.ocr.engine import Line
from elicense.ocr.reading import Reading

_LONG = 4.0  # width by height from which a line tells its slope
_STEEPEST = 0.7


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its level place; ``reading`` has its text and its box in pixels."""

    reading: Reading
    at: tuple[float, ...]
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def level(lines: Sequence[Line]) -> tuple[Placed, ...]:
    """The lines with level places, from top to bottom, and from left to right in a row."""
    base, change, reference = _slopes(lines)
    placed = []
    for line in lines:
        a, b, c, d = line.corners
        left, right = min(a[0], d[0]), max(b[0], c[0])
        x, y = (left + right) / 2, sum(p[1] for p in line.corners) / 4
        height = (math.dist(a, d) + math.dist(b, c)) / 2
        middle = y - (base + change * (y - reference)) * x
        reading = Reading(line.text, line.certainty, line.box)
        placed.append(
            Placed(reading, line.at, left, middle - height / 2, right, middle + height / 2)
        )
    return tuple(sorted(placed, key=lambda item: (round(item.middle), item.left)))


def _slopes(lines: Sequence[Line]) -> tuple[float, float, float]:
    """Slope at a reference height, and its change with height: rows of a photograph fan out."""
    points = []
    for line in lines:
        a, b, c, d = line.corners
        width, height = math.dist(a, b), math.dist(a, d)
        run = (b[0] + c[0] - a[0] - d[0]) / 2
        if height and width / height >= _LONG and run > 0:
            slope = (b[1] + c[1] - a[1] - d[1]) / 2 / run
            if abs(slope) < _STEEPEST:
                points.append(((a[1] + b[1] + c[1] + d[1]) / 4, slope, width))
    if not points:
        return 0.0, 0.0, 0.0
    typical = median(slope for _, slope, _ in points)
    near = [point for point in points if abs(point[1] - typical) < 0.06]
    weight = sum(w for _, _, w in near)
    if not weight:
        return typical, 0.0, 0.0
    mean_y = sum(y * w for y, _, w in near) / weight
    mean = sum(s * w for _, s, w in near) / weight
    spread = sum(w * (y - mean_y) ** 2 for y, _, w in near)
    if len(near) < 6 or not spread:
        return mean, 0.0, mean_y
    return mean, sum(w * (y - mean_y) * (s - mean) for y, s, w in near) / spread, mean_y
