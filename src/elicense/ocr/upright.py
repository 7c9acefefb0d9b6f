"""A page's picture turned upright, and places in it brought back to the picture given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from elicense.ocr.reading import Box

Points = Sequence[tuple[float, float]]
_LEVEL = 2.0  # degrees: less is left as it is, the reader takes it
_MOST_PIXELS = 24_000_000  # A4 at 500 dpi: more shows a reader nothing more
_RED_PART = 0.0005  # of the page: what there is of a seal's ink before its colour is left out
_MAPPED = 900  # pixels of the longer side in which coloured ink is looked for: 3 a mm
_TINT = 30  # grey levels of colour that are ink and not the paper's own
_ROOM = 0.02  # of the longer side (6 mm), around such ink
_MOST_PARTS = 8


@dataclass(frozen=True, slots=True)
class Upright:
    """The turned picture and the affine map (2×3) from it to the picture given."""

    pixels: Any = field(repr=False)
    back: Any = field(repr=False)

    def box(self, box: Box) -> Box:
        """A box of the turned picture in pixels of the given one, within its borders."""
        x, y, width, height = box
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        points = [
            (self.back[0][0] * a + self.back[0][1] * b + self.back[0][2],
             self.back[1][0] * a + self.back[1][1] * b + self.back[1][2])
            for a, b in corners
        ]  # fmt: skip
        left, top = min(p[0] for p in points), min(p[1] for p in points)
        right, bottom = max(p[0] for p in points), max(p[1] for p in points)
        return (round(float(left), 1), round(float(top), 1),
                round(float(right - left), 1), round(float(bottom - top), 1))  # fmt: skip


def angle_of(corners: Points) -> float | None:
    """Degrees, clockwise, by which a page is turned whose QR code has these corners (top left
    first, clockwise as the code is read); None for corners that no code can have."""
    if len(corners) != 4:
        return None
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    across = (bx - ax + cx - dx, by - ay + cy - dy)
    down = (dx - ax + cx - bx, dy - ay + cy - by)
    turn = across[0] * down[1] - across[1] * down[0]  # twice four times the area, signed
    if not math.isfinite(turn) or turn <= 16:
        return None
    return math.degrees(math.atan2(across[1] - down[0], across[0] + down[1]))


def upright(pixels: Any, angle: float) -> Upright:
    """``pixels`` turned back by ``angle`` degrees, grown so that nothing is cut off. A very
    large picture is reduced first."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    if height * width > _MOST_PIXELS:
        factor = math.sqrt(_MOST_PIXELS / (height * width))
        size = (max(1, int(width * factor)), max(1, int(height * factor)))
        found = upright(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), angle)
        scale = np.diag([width / size[0], height / size[1]])
        return Upright(found.pixels, scale @ found.back)
    quarters = round(angle / 90) % 4
    rest = angle - 90 * round(angle / 90)
    if abs(rest) <= _LEVEL:
        rest = 0.0
    total = math.radians(90 * quarters + rest)
    cos, sin = math.cos(total), math.sin(total)
    if not rest:
        cos, sin = float(round(cos)), float(round(sin))
    if (cos, sin) == (1.0, 0.0):
        return Upright(pixels, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    turn = np.array([[cos, sin], [-sin, cos]])
    # pixel centres, so that a quarter turn is exact
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], float)
    moved = corners @ turn.T
    shift = -moved.min(axis=0)
    across, down = (int(v) + 1 for v in np.ceil(np.ptp(moved, axis=0) - 1e-6))
    forward = np.column_stack([turn, shift])
    back = cv2.invertAffineTransform(forward)
    if not rest:
        return Upright(np.ascontiguousarray(np.rot90(pixels, quarters)), back)
    border = [int(v) for v in np.atleast_1d(np.median(pixels, axis=(0, 1)))]
    turned = cv2.warpAffine(
        pixels, forward, (across, down), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
        borderValue=border,
    )  # fmt: skip
    return Upright(turned, back)


def without_red(pixels: Any) -> Any:
    """The red channel, in which red ink is as white as paper, where there is a seal's amount
    of red ink; None where there is not."""
    if pixels.ndim != 3:
        return None
    import numpy as np

    small = _reduced(pixels, 600).astype(np.int16)
    red = small[:, :, 0] - np.maximum(small[:, :, 1], small[:, :, 2])
    return pixels[:, :, 0] if float((red > 50).mean()) > _RED_PART else None


def left_out(pixels: Any) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of the parts of an RGB picture in which there is ink that
    its red channel does not show: red, and every other colour with as much red as paper.

    They overlap nowhere; the whole picture is one part where there are too many.
    """
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    small = _reduced(pixels, _MAPPED).astype(np.int16)
    tint = small[:, :, 0] - np.minimum(small[:, :, 1], small[:, :, 2])
    # a lamp's tint is not ink: what counts is the difference from the paper
    inked = (tint - np.median(tint) > _TINT).astype(np.uint8)
    reach = 2 * round(max(small.shape[:2]) * _ROOM) + 1
    inked = cv2.dilate(inked, np.ones((reach, reach), np.uint8))
    _count, _labels, stats, _middles = cv2.connectedComponentsWithStats(inked)
    boxes = _merged([(x, y, x + w, y + h) for x, y, w, h, _area in stats[1:].tolist()])
    across, down = width / small.shape[1], height / small.shape[0]
    area = sum((c - a) * (d - b) for a, b, c, d in boxes)
    if len(boxes) > _MOST_PARTS or area > 0.6 * small.shape[0] * small.shape[1]:
        return [(0, 0, width, height)]
    return [
        (int(a * across), int(b * down), min(width, math.ceil(c * across)),
         min(height, math.ceil(d * down)))
        for a, b, c, d in boxes
    ]  # fmt: skip


def _merged(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Boxes that overlap, as one."""
    apart: list[tuple[int, int, int, int]] = []
    left = list(boxes)
    while left:
        a, b, c, d = left.pop()
        other = next((x for x in apart if a < x[2] and x[0] < c and b < x[3] and x[1] < d), None)
        if other is None:
            apart.append((a, b, c, d))
        else:  # the larger one may overlap those that it did not
            apart.remove(other)
            left.append((min(a, other[0]), min(b, other[1]), max(c, other[2]), max(d, other[3])))
    return sorted(apart)


def _reduced(pixels: Any, longest: int) -> Any:
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
