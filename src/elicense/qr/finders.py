"""Where a code lies in a crop, when no reader locates it: its finder patterns, by correlation.

A seal, a reflection or noise spoils the 1:1:3:1:1 runs that readers look for; the pattern as
a whole is still the best match of its kind. Two of the three are enough to try.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from elicense.qr.views import Corners

_SCALES = (4.6, 5.5, 6.5, 7.7, 9.0, 10.6)  # pixels a module, in a crop of 780
_PEAKS = 7
_MOST = 24  # places that are looked at
_MISSING = 0.4  # what a finder that is made up counts for
_LEAST = 0.30  # correlation
_MODULES = (45, 97)  # a side: versions 7 to 20
_HALF = 3.5  # modules from a finder's middle to the symbol's edge


class Peak(NamedTuple):
    """A finder: how well it matches, its middle, and pixels a module."""

    score: float
    x: float
    y: float
    module: float


def quads(grey: Any) -> Iterator[Corners]:
    """Outer corners of codes that may be in a crop, likeliest first, from their own top left."""
    import cv2
    import numpy as np

    angle = _angle(grey)
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    level = cv2.warpAffine(grey, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    back = cv2.invertAffineTransform(matrix)
    for quad in _arranged(_peaks(level))[:_MOST]:
        points = cv2.transform(np.array(quad, np.float64).reshape(1, 4, 2), back)[0]
        yield tuple((float(x), float(y)) for x, y in points)


def _angle(grey: Any) -> float:
    """Degrees to turn a crop by, so that most edges are upright or level (±45°)."""
    import cv2
    import numpy as np

    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(half.astype(np.float32), (0, 0), 1.0)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    # cos 4a and sin 4a of each edge's direction a, weighted by its strength squared
    both, apart = across * down, across * across - down * down
    power = across * across + down * down + 1e-6
    cosine = float(np.sum((apart * apart - 4 * both * both) / power))
    sine = float(np.sum(4 * both * apart / power))
    return math.degrees(math.atan2(sine, cosine)) / 4


def _template(module: float) -> Any:
    """A finder with its light border, 9 modules wide, as blurred as a bad scan."""
    import cv2
    import numpy as np

    modules = np.ones((9, 9), np.float32)
    modules[1:8, 1:8] = -1
    modules[2:7, 2:7] = 1
    modules[3:6, 3:6] = -1
    side = round(9 * module)
    large = cv2.resize(modules, (side, side), interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(large, (0, 0), 0.5 * module)


def _peaks(level: Any) -> list[Peak]:
    import cv2
    import numpy as np

    small = cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found: list[Peak] = []
    picture = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 1.0)
    for scale in _SCALES:
        template = _template(scale / 2)
        match = cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED)
        middle = template.shape[0] / 2
        for _ in range(_PEAKS):
            _low, score, _where, (x, y) = cv2.minMaxLoc(match)
            if score < _LEAST:
                break
            found.append(Peak(score, 2 * (x + middle), 2 * (y + middle), scale))
            reach = round(2 * scale)
            match[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = -1
    return _apart(found)


def _apart(found: list[Peak]) -> list[Peak]:
    """The best of those that are at one place."""
    chosen: list[Peak] = []
    for peak in sorted(found, reverse=True):
        if all(math.hypot(peak.x - p.x, peak.y - p.y) > 4 * p.module for p in chosen):
            chosen.append(peak)
    return chosen[:_PEAKS]


def _arranged(peaks: list[Peak]) -> list[Corners]:
    """Threes that make half a square, then twos with the third made up."""
    ranked: list[tuple[float, Corners]] = []
    for three in itertools.permutations(peaks, 3):
        middle, one, other = three
        if _cross(middle, one, other) > 0:
            fault = _misfit(middle, one, other)
            if fault is not None:
                score = sum(peak.score for peak in three) - fault
                ranked.append((score, _corners(middle, one, other)))
    for first, second in itertools.permutations(peaks, 2):
        ranked += [(first.score + second.score + _MISSING, _corners(*three))
                   for three in _completed(first, second)]  # fmt: skip
    ranked.sort(key=lambda item: -item[0])
    return [corners for _score, corners in ranked]


def _cross(middle: Peak, one: Peak, other: Peak) -> float:
    return (one.x - middle.x) * (other.y - middle.y) - (one.y - middle.y) * (other.x - middle.x)


def _misfit(middle: Peak, one: Peak, other: Peak) -> float | None:
    """How far three finders are from the corners of a symbol; None if they cannot be."""
    a = math.hypot(one.x - middle.x, one.y - middle.y)
    b = math.hypot(other.x - middle.x, other.y - middle.y)
    module = (middle.module + one.module + other.module) / 3
    modules = (a + b) / 2 / module + 2 * _HALF
    sine = _cross(middle, one, other) / (a * b)
    if not (_MODULES[0] * 0.8 < modules < _MODULES[1] * 1.2 and sine > 0.8):
        return None
    uneven = abs(math.log(a / b))
    return None if uneven > 0.35 else uneven + (1 - sine)


def _corners(middle: Peak, one: Peak, other: Peak) -> Corners:
    """Outer corners from the middles of the finders at top left, top right, bottom left."""
    along = one.x - middle.x, one.y - middle.y
    down = other.x - middle.x, other.y - middle.y
    sizes = [peak.module for peak in (middle, one, other)]
    part = _HALF * sum(sizes) / 3 / ((math.hypot(*along) + math.hypot(*down)) / 2)
    ends = ((-part, -part), (1 + part, -part), (1 + part, 1 + part), (-part, 1 + part))
    return tuple(
        (middle.x + u * along[0] + v * down[0], middle.y + u * along[1] + v * down[1])
        for u, v in ends
    )


def _completed(first: Peak, second: Peak) -> Iterator[tuple[Peak, Peak, Peak]]:
    """The third finder of two: at a right angle to either, or across the diagonal."""
    dx, dy = second.x - first.x, second.y - first.y
    module = (first.module + second.module) / 2
    modules = math.hypot(dx, dy) / module
    straight = min(abs(dx), abs(dy)) < 0.2 * max(abs(dx), abs(dy))
    if straight and _MODULES[0] * 0.7 < modules < _MODULES[1] * 1.2:
        yield first, second, Peak(0.0, first.x - dy, first.y + dx, module)
        yield second, Peak(0.0, second.x - dy, second.y + dx, module), first
    elif not straight and _MODULES[0] < modules < _MODULES[1] * 1.7:
        x, y = (first.x + second.x) / 2, (first.y + second.y) / 2
        middle = Peak(0.0, x + dy / 2, y - dx / 2, module)
        yield (middle, second, first) if _cross(middle, second, first) > 0 else (
            middle, first, second,
        )  # fmt: skip
