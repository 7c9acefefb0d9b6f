"""Round red marks on a picture, such as a stamped or printed seal: information only.

Anybody can print a red circle. Where one stands helps the eye, and proves nothing.
"""

from __future__ import annotations

from typing import Any

from elicense.evidence import SealMark

_ACROSS = 120  # cells over the page's width
_RED = 0.04  # of a cell's pixels
_LEAST, _MOST = 0.07, 0.45  # a seal of 20 to 60 mm, by the width of the page
_SLIMMEST = 0.6
_MOST_MARKS = 8


def find(pixels: Any, *, page: int) -> tuple[SealMark, ...]:
    """Red marks about as wide as high, of a seal's size, on an H×W×3 array of RGB bytes, the
    largest first. Boxes are in its pixels. A grey page has none."""
    if pixels.ndim != 3 or min(pixels.shape[:2]) < _ACROSS:
        return ()
    cell = max(1, pixels.shape[1] // _ACROSS)
    found = []
    for left, top, right, bottom in _areas(_grid(pixels, cell)):
        across, down = (right - left) * cell, (bottom - top) * cell
        fits = _LEAST * pixels.shape[1] <= max(across, down) <= _MOST * pixels.shape[1]
        if fits and min(across, down) >= _SLIMMEST * max(across, down):
            found.append((float(left * cell), float(top * cell), float(across), float(down)))
    found.sort(key=lambda box: -box[2] * box[3])
    return tuple(SealMark(page, box) for box in found[:_MOST_MARKS])


def _grid(pixels: Any, cell: int) -> Any:
    """Which cells have red in them, rows × columns."""
    import numpy as np

    rows, columns = pixels.shape[0] // cell, pixels.shape[1] // cell
    share = np.empty((rows, columns), np.float32)
    for row in range(rows):  # a row at a time: no second picture in memory
        band = pixels[row * cell : (row + 1) * cell, : columns * cell].astype(np.int16)
        other = np.maximum(band[:, :, 1], band[:, :, 2])
        red = (band[:, :, 0] - other > 50) & (band[:, :, 0] > 110)
        share[row] = red.reshape(cell, columns, cell).mean(axis=(0, 2))
    return share > _RED


def _areas(grid: Any) -> list[tuple[int, int, int, int]]:
    """The boxes of connected cells, gaps of one cell bridged: left, top, right, bottom."""
    rows, columns = grid.shape
    left_over = {(int(y), int(x)) for y, x in zip(*grid.nonzero(), strict=True)}
    found = []
    while left_over:
        stack = [left_over.pop()]
        top, left, bottom, right = rows, columns, 0, 0
        while stack:
            y, x = stack.pop()
            top, left = min(top, y), min(left, x)
            bottom, right = max(bottom, y + 1), max(right, x + 1)
            near = {(y + i, x + j) for i in range(-2, 3) for j in range(-2, 3)} & left_over
            left_over -= near
            stack.extend(near)
        found.append((left, top, right, bottom))
    return found
