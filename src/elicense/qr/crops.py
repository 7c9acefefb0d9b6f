"""Where on a page a code may be: its texture is dense both ways, unlike text and lines."""

from __future__ import annotations

from typing import Any

from elicense.qr.views import Box

_LONGEST = 720  # pixels of the reduced page that is looked at
_MOST = 5
_ROOM = 0.12  # of a box, on each side


def propose(grey: Any) -> list[Box]:
    """Boxes that may hold a code, the likeliest first, each with a margin around it."""
    import cv2

    height, width = grey.shape
    factor = min(1.0, _LONGEST / max(height, width))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    strength = _texture(small)
    boxes: list[tuple[float, Box]] = []
    top = float(strength.max())
    for part in (0.7, 0.5, 0.35):
        mask = (strength > part * top).astype("uint8")
        _count, _labels, stats, _middles = cv2.connectedComponentsWithStats(mask)
        for left, upper, across, down, area in stats[1:].tolist():
            if _plausible(across, down, area, max(size)):
                inside = strength[upper : upper + down, left : left + across]
                score = float(inside.mean()) * min(across, down) ** 0.5
                boxes.append((score, (left, upper, across, down)))
    boxes.sort(reverse=True)
    chosen: list[Box] = []
    for _score, box in boxes:
        if all(_shared(box, other) < 0.5 for other in chosen):
            chosen.append(box)
    return [_widened(box, size, (width, height)) for box in chosen[:_MOST]]


def _texture(small: Any) -> Any:
    """How much the grey changes, both ways, by the light that is there."""
    import cv2
    import numpy as np

    window = max(5, max(small.shape) // 60)
    picture = small.astype("float32")
    light = cv2.boxFilter(picture, -1, (window * 6 + 1,) * 2) + 24
    picture = cv2.GaussianBlur(picture, (0, 0), 0.7) / light
    parts = []
    for dx, dy in ((1, 0), (0, 1)):
        edges = np.minimum(np.abs(cv2.Sobel(picture, cv2.CV_32F, dx, dy, ksize=3)), 1.5)
        parts.append(cv2.boxFilter(edges, -1, (window * 2 + 1,) * 2))
    return cv2.min(parts[0], parts[1])


def _plausible(across: int, down: int, area: int, longest: int) -> bool:
    shape = across / down
    return (
        min(across, down) >= longest / 60
        and 0.4 < shape < 2.6
        and area > 0.45 * across * down
        and max(across, down) < 0.98 * longest
    )


def _shared(one: Box, other: Box) -> float:
    """The part of the smaller box that lies in the larger."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(across, 0) * max(down, 0) / min(one[2] * one[3], other[2] * other[3])


def _widened(box: Box, small: tuple[int, int], full: tuple[int, int]) -> Box:
    left, top, across, down = box
    room = _ROOM * max(across, down) + 4
    scale = full[0] / small[0], full[1] / small[1]
    x0, y0 = max(0, int((left - room) * scale[0])), max(0, int((top - room) * scale[1]))
    x1 = min(full[0], int((left + across + room) * scale[0]) + 1)
    y1 = min(full[1], int((top + down + room) * scale[1]) + 1)
    return x0, y0, x1 - x0, y1 - y0


def widened(box: Box, part: float, width: int, height: int) -> Box:
    """A box with ``part`` of itself added on each side, within the page: a reflection hides
    the texture of a code, and with it a part of the code."""
    left, top, across, down = box
    room = round(part * max(across, down))
    x0, y0 = max(0, left - room), max(0, top - room)
    return x0, y0, min(width, left + across + room) - x0, min(height, top + down + room) - y0
