"""A code whose place is known, read module by module: for blur, smear, glare and faxes.

Readers for cameras decide each module by one threshold. Here an equaliser is fitted to the
modules every symbol has in common (finders, timing, alignment) and undoes the smear for the
rest; what is not to be believed is erased, of which Reed-Solomon mends twice as many as of
errors. The mended symbol is drawn anew and read by zxing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from elicense.qr import reed_solomon, symbol
from elicense.qr.symbol import Layout
from elicense.qr.views import Corners

_VERSIONS = range(7, 20)  # modules are told apart by timing patterns, which smaller ones lack
_CERTAIN_FIT = 0.6  # a code is there, whatever it says
_LEAST_START = 0.2  # the same before corners are moved; of a code it is above 0.35, else below 0.15
_SPARE = 6  # check symbols left over: a wrong text passes once in 256⁶ tries
_USUAL = 65  # modules a side: what light is evened out by
_TRIES = 3  # versions a place is read as
_QUIET = 4
_ERASED = (0, 2, 4, 8, 12, 16, 18, 20, 22, 24, 26)  # codewords of a block that are tried
_UNCHECKED = 2  # blocks of which nothing tells whether they are right, but the signature
_STEEP = 4.0  # how fast a bit grows sure with its distance from even
_ROUNDS = 3  # of fitting the equaliser to its own surest decisions
_LEAST_FIT = 0.35  # correlation of the common patterns; of other textures it is under 0.25


@dataclass(frozen=True, slots=True)
class Sample:
    """A code that is there: ``text`` is None where it is too damaged to be read."""

    text: str | None
    corners: Corners


def read(
    grey: Any, corners: Corners, accept: Callable[[str], bool], *, tones: Sequence[Any] = ()
) -> Sample | None:
    """The code whose outer corners are about ``corners`` (clockwise from its own top left),
    in pixels of ``grey``; None where the patterns of a code are not there.

    Mending that uses nearly every check symbol finds wrong texts, too: such a text is given
    only where ``accept`` takes it. A misreading must not pass for a forgery. ``tones`` are
    the same picture in other tones: each module is then what most of them say together, and
    only a place where a code is for certain is looked at.
    """
    import numpy as np

    quad = np.array(corners, np.float64)
    # a reader that lost its way names corners far from the picture
    if quad.shape != (4, 2) or not (np.abs(quad) < 2 * max(grey.shape)).all():
        return None
    seen: Sample | None = None
    for score, layout, placed in _aligned(grey, quad):
        if not tones:
            text = _decode(grey, layout, placed, accept)
        elif score > _CERTAIN_FIT:
            text = _decode_together([grey, *tones], layout, placed, accept)
        else:
            continue
        sample = Sample(text, tuple((float(x), float(y)) for x, y in placed))
        if text is not None:
            return sample
        if seen is None and score > _CERTAIN_FIT:
            seen = sample
    return seen


def likeliest(grey: Any, quads: Iterable[Corners], *, most: int) -> list[Corners]:
    """Those of ``quads`` (outer corners) where the patterns of some version fit best."""
    import numpy as np

    height, width = grey.shape
    inner = [[0, 0], [width, 0], [width, height], [0, height]]
    normal = _normal(grey, np.array(inner, np.float64), _USUAL)
    layouts = [symbol.layout(version) for version in _VERSIONS]
    ranked = []
    for quad in quads:
        corners = np.array(quad, np.float64)
        score = max(_fit(normal, corners, layout) for layout in layouts)
        ranked.append((score, quad))
    ranked.sort(key=lambda item: -item[0])
    return [quad for score, quad in ranked[:most] if score > _LEAST_START]


# -- where the modules are ---------------------------------------------------------------


def _aligned(grey: Any, quad: Any) -> Iterator[tuple[float, Layout, Any]]:
    """The versions that fit best, each with its corners moved to where it fits; none where no
    version fits at all, since moving corners is what costs the time."""
    normal = _normal(grey, quad, _USUAL)
    layouts = [symbol.layout(version) for version in _VERSIONS]
    ranked = sorted(((_fit(normal, quad, item), item) for item in layouts), key=lambda x: -x[0])
    for start, layout in ranked[:_TRIES]:
        if start < _LEAST_START:
            return
        score, placed = _settled(normal, quad, layout)
        if score > _LEAST_FIT:
            yield score, layout, placed


def _normal(grey: Any, quad: Any, size: int) -> Any:
    """Dark positive, by the light and contrast around; near nothing where there is none."""
    import cv2
    import numpy as np

    side = max(float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0])))
    reach = max(3, round(side / size * 7)) | 1
    picture = grey.astype(np.float32)
    light = cv2.blur(picture, (reach, reach))
    spread = cv2.sqrt(np.maximum(cv2.blur(picture * picture, (reach, reach)) - light * light, 0))
    height, width = grey.shape
    (x0, y0), (x1, y1) = (end.clip(0, (width, height)).astype(int) for end in
                          (quad.min(axis=0), quad.max(axis=0) + 1))  # fmt: skip
    usual = float(np.median(spread[y0:y1:3, x0:x1:3])) if x1 > x0 and y1 > y0 else 1.0
    return (light - picture) / (spread + 0.3 * usual + 1.0)


def _settled(normal: Any, quad: Any, layout: Layout) -> tuple[float, Any]:
    """Corners moved one by one for as long as the common patterns fit better."""
    import numpy as np

    best, score = quad.copy(), _fit(normal, quad, layout)
    module = float(np.linalg.norm(quad[1] - quad[0])) / layout.size
    for step in (1.0, 0.5, 0.25, 0.12):
        for _ in range(3):
            before = score
            for corner in range(4):
                for way in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                    moved = best.copy()
                    moved[corner] += np.array(way) * step * module
                    fit = _fit(normal, moved, layout)
                    if fit > score:
                        best, score = moved, fit
            if score - before < 1e-3:
                break
    return score, best


def _fit(normal: Any, quad: Any, layout: Layout) -> float:
    """Correlation of the modules all symbols share with what is there."""
    points, wanted = _common(layout.version)
    found = _values(normal, _homography(quad, layout.size), points)
    spread = float(found @ found) - float(found.sum()) ** 2 / len(found)
    return float(found @ wanted) / math.sqrt(spread) if spread > 1e-6 else 0.0


@cache
def _common(version: int) -> tuple[Any, Any]:
    """Middles of the modules all symbols of a version share, and their values, made even."""
    import numpy as np

    layout = symbol.layout(version)
    rows, columns = np.nonzero(layout.known)
    points = np.stack([columns + 0.5, rows + 0.5], axis=1).astype(np.float32)
    wanted = np.where(layout.dark[rows, columns], 1.0, -1.0).astype(np.float32)
    wanted -= wanted.mean()
    return points.reshape(1, -1, 2), wanted / float(np.linalg.norm(wanted))


def _homography(quad: Any, size: int) -> Any:
    import cv2
    import numpy as np

    square = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    return cv2.getPerspectiveTransform(square, quad.astype(np.float32))


def _values(picture: Any, matrix: Any, points: Any) -> Any:
    """The picture at points given in modules, an array 1×n×2."""
    import cv2

    # pixel n reaches from n to n + 1: its middle is n + ½
    spots = cv2.perspectiveTransform(points, matrix) - 0.5
    across, down = cv2.split(spots)
    found = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1)


# -- what the modules are ----------------------------------------------------------------


def _decode(grey: Any, layout: Layout, quad: Any, accept: Callable[[str], bool]) -> str | None:
    import numpy as np

    features = _features(_normal(grey, quad, layout.size), quad, layout.size)
    target = np.where(layout.dark, 1.0, -1.0)
    trusted = layout.known.copy()
    for turn in range(_ROUNDS + 1):
        soft = _equalised(features, target, trusted)
        text, spare = _text(soft, layout)
        if text is not None and (spare >= _SPARE or accept(text)):
            return text
        if turn == 0:
            features = _features(_normal(grey, quad, layout.size), quad, layout.size, reach=3)
        # the surest half of its own decisions joins the patterns that are known
        sure = np.abs(soft) > np.median(np.abs(soft))
        trusted = layout.known | sure
        target = np.where(layout.known, np.where(layout.dark, 1.0, -1.0), np.sign(soft))
    return None


def _decode_together(
    greys: Sequence[Any], layout: Layout, quad: Any, accept: Callable[[str], bool]
) -> str | None:
    """What the modules are by several pictures of them, each equalised by itself."""
    import numpy as np

    target = np.where(layout.dark, 1.0, -1.0)
    total = np.zeros((layout.size, layout.size))
    for grey in greys:
        normal = _normal(grey, quad, layout.size)
        _score, placed = _settled(normal, quad, layout)
        soft = _equalised(_features(normal, placed, layout.size), target, layout.known)
        total += soft / (float(np.median(np.abs(soft))) + 1e-9)
    text, spare = _text(total, layout)
    return text if text is not None and (spare >= _SPARE or accept(text)) else None


def _features(normal: Any, quad: Any, size: int, *, reach: int = 2) -> Any:
    """For each module the values around it, half a module apart: N×N×(2·reach+1)²."""
    import numpy as np

    points = np.arange(2 * size + 2 * reach - 1) / 2 + (1 - reach) / 2
    across, down = np.meshgrid(points, points)
    spots = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
    grid = _values(normal, _homography(quad, size), spots[None]).reshape(across.shape)
    width = 2 * reach + 1
    parts = [grid[y : y + 2 * size : 2, x : x + 2 * size : 2][:size, :size]
             for y in range(width) for x in range(width)]  # fmt: skip
    return np.stack(parts, axis=2)


def _equalised(features: Any, target: Any, trusted: Any) -> Any:
    """Ridge regression of the trusted modules on what is around them, used for all."""
    import cv2
    import numpy as np

    size, _, count = features.shape
    flat = np.ones((size * size, count + 1), np.float32)
    flat[:, :count] = features.reshape(-1, count)
    chosen = trusted.ravel()
    some, wanted = flat[chosen], target.ravel()[chosen].astype(np.float32)
    # nothing here goes to a BLAS, whose threads wait for each other where cores are busy
    gram = cv2.mulTransposed(some, True, dtype=cv2.CV_64F)
    gram += 0.01 * len(some) * np.eye(count + 1)
    right = np.einsum("ij,i->j", some, wanted).astype(np.float64)
    _done, weights = cv2.solve(gram, right.reshape(-1, 1), flags=cv2.DECOMP_CHOLESKY)
    return np.einsum("ij,j->i", flat, weights.ravel().astype(np.float32)).reshape(size, size)


# -- what they say -----------------------------------------------------------------------


def _text(soft: Any, layout: Layout) -> tuple[str | None, int]:
    """The text, and how many check symbols of its worst block were not needed."""
    import numpy as np

    level, number = _format(soft, layout)
    flipped = np.where(symbol.mask(number, layout.size), -soft, soft)
    bits = flipped[layout.rows, layout.columns]
    bits = bits[: len(bits) // 8 * 8].reshape(-1, 8)
    words = np.packbits(bits > 0, axis=1).ravel().tolist()
    # how unlikely it is that all eight bits are right: of each, by its distance from even
    usual = float(np.median(np.abs(bits))) + 1e-9
    sure = -np.log1p(np.exp(-_STEEP * np.abs(bits) / usual)).sum(axis=1)
    mended, spares, unchecked = list(words), [], 0
    sizes = symbol.blocks(layout.version, level)
    places = symbol.interleaving(layout.version, level)
    blocks = [(sure[list(spots)], spots, total - data)
              for spots, (total, data) in zip(places, sizes, strict=True)]  # fmt: skip
    # the worst first: where it is not to be mended, the others need not be
    for doubt, spots, checks in sorted(blocks, key=lambda item: float(item[0].sum())):
        found = _mended([words[at] for at in spots], checks, doubt)
        if found is None:
            return None, 0
        block, spare, erased = found
        spares.append(spare)
        unchecked += erased == checks
        if unchecked > _UNCHECKED:
            return None, 0
        for at, value in zip(spots, block, strict=True):
            mended[at] = value
    return _drawn(mended, level, number, layout), min(spares)


def _format(soft: Any, layout: Layout) -> tuple[str, int]:
    """Level and mask whose fifteen bits, written twice, agree best with what is there."""
    import numpy as np

    found = np.array([sum(soft[place] for place in pair) for pair in layout.formats])

    def agreement(code: tuple[str, int, tuple[bool, ...]]) -> float:
        return float(found @ np.where(code[2], 1.0, -1.0))

    level, number, _bits = max(symbol.format_codes(), key=agreement)
    return level, number


def _mended(words: list[int], checks: int, sure: Any) -> tuple[list[int], int, int] | None:
    """A block corrected, with ever more of its doubtful codewords erased; how many check
    symbols that left over (an erasure takes one, an error two); how many were erased."""
    order = sure.argsort(kind="stable").tolist()
    for erased in [n for n in _ERASED if n < checks] + [checks]:
        block = reed_solomon.mend(words, checks, order[:erased])
        if block is not None:
            believed = order[erased:]
            errors = sum(words[at] != block[at] for at in believed)
            return block, checks - erased - 2 * errors, erased
    return None


def _drawn(words: list[int], level: str, number: int, layout: Layout) -> str | None:
    """The text of a clean symbol of these codewords, as zxing reads it."""
    import numpy as np
    import zxingcpp

    modules = layout.dark.copy()
    bits = np.unpackbits(np.array(words, np.uint8)).astype(bool)
    modules[layout.rows[: len(bits)], layout.columns[: len(bits)]] = bits
    data = np.zeros_like(modules)
    data[layout.rows, layout.columns] = True
    modules ^= symbol.mask(number, layout.size) & data
    for name, mask, code in symbol.format_codes():
        if (name, mask) == (level, number):
            for pair, bit in zip(layout.formats, code, strict=True):
                for place in pair:
                    modules[place] = bit
    sheet = np.pad(np.where(modules, 0, 255).astype(np.uint8), _QUIET, constant_values=255)
    picture = np.ascontiguousarray(sheet.repeat(4, axis=0).repeat(4, axis=1))
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(picture, formats=formats, is_pure=True)
    return str(found[0].text) if found else None
