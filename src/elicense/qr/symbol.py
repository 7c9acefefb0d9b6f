"""The layout of a QR symbol (ISO/IEC 18004): which module is what, for each version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

VERSIONS = range(1, 41)
_LEVELS = {1: "L", 0: "M", 3: "Q", 2: "H"}  # the two bits of the format information
_FORMAT_MASK = 0b101010000010010


@dataclass(frozen=True, slots=True)
class Layout:
    """One version's modules, as N×N arrays: ``known`` where a pattern is the same in every
    symbol, ``dark`` its value there; ``rows`` and ``columns`` of the bits of the codewords
    in their order; ``formats`` the two places (row, column) of each bit of the format."""

    version: int
    size: int
    known: Any
    dark: Any
    rows: Any
    columns: Any
    formats: tuple[tuple[tuple[int, int], tuple[int, int]], ...]


@cache
def layout(version: int) -> Layout:
    """The layout of ``version``, 1 to 40."""
    import numpy as np

    size = 17 + 4 * version
    known = np.zeros((size, size), bool)
    dark = np.zeros((size, size), bool)
    _finders(known, dark, size)
    _alignments(known, dark, version)
    known[6, :] = known[:, 6] = True
    for at in range(8, size - 8):
        dark[6, at] = dark[at, 6] = at % 2 == 0
    known[size - 8, 8] = dark[size - 8, 8] = True
    if version >= 7:
        _version(known, dark, version, size)
    formats = _formats(size)
    taken = known.copy()
    for pair in formats:
        for row, column in pair:
            taken[row, column] = True
    order = [(r, c) for r, c in _zigzag(size) if not taken[r, c]]
    rows, columns = (np.array(axis) for axis in zip(*order, strict=True))
    return Layout(version, size, known, dark, rows, columns, formats)


def _finders(known: Any, dark: Any, size: int) -> None:
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        known[max(top - 1, 0) : top + 8, max(left - 1, 0) : left + 8] = True
        dark[top : top + 7, left : left + 7] = True
        dark[top + 1 : top + 6, left + 1 : left + 6] = False
        dark[top + 2 : top + 5, left + 2 : left + 5] = True


def _alignments(known: Any, dark: Any, version: int) -> None:
    from qrcode.util import pattern_position

    places = pattern_position(version)
    for row in places:
        for column in places:
            if known[row, column]:
                continue  # a finder is there
            box = slice(row - 2, row + 3), slice(column - 2, column + 3)
            known[box] = dark[box] = True
            dark[row - 1 : row + 2, column - 1 : column + 2] = False
            dark[row, column] = True


def _version(known: Any, dark: Any, version: int, size: int) -> None:
    code = version << 12 | _remainder(version << 12, 0b1111100100101)
    for bit in range(18):
        row, column = bit // 3, size - 11 + bit % 3
        for place in ((row, column), (column, row)):
            known[place] = True
            dark[place] = bool(code >> bit & 1)


def _remainder(value: int, polynomial: int) -> int:
    while value.bit_length() >= polynomial.bit_length():
        value ^= polynomial << (value.bit_length() - polynomial.bit_length())
    return value


def _formats(size: int) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    """Both places of each bit, the highest bit first."""
    around = [(8, c) for c in (0, 1, 2, 3, 4, 5, 7, 8)] + [(r, 8) for r in (7, 5, 4, 3, 2, 1, 0)]
    apart = [(size - 1 - n, 8) for n in range(7)] + [(8, size - 8 + n) for n in range(8)]
    return tuple(zip(around, apart, strict=True))


def _zigzag(size: int) -> list[tuple[int, int]]:
    """Every module in the order in which codewords are placed: pairs of columns, up and down."""
    order = []
    upward = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for step in range(size):
            row = size - 1 - step if upward else step
            order += [(row, right), (row, right - 1)]
        upward = not upward
    return order


@cache
def format_codes() -> tuple[tuple[str, int, tuple[bool, ...]], ...]:
    """Level, mask and the fifteen bits of each of the 32 formats."""
    codes = []
    for data in range(32):
        code = (data << 10 | _remainder(data << 10, 0b10100110111)) ^ _FORMAT_MASK
        bits = tuple(bool(code >> (14 - place) & 1) for place in range(15))
        codes.append((_LEVELS[data >> 3], data & 7, bits))
    return tuple(codes)


@cache
def mask(number: int, size: int) -> Any:
    """Mask pattern ``number`` over a whole symbol: True where it turns a module around."""
    import numpy as np

    i, j = np.mgrid[0:size, 0:size]
    patterns = (
        lambda: (i + j) % 2, lambda: i % 2, lambda: j % 3, lambda: (i + j) % 3,
        lambda: (i // 2 + j // 3) % 2, lambda: i * j % 2 + i * j % 3,
        lambda: (i * j % 2 + i * j % 3) % 2, lambda: ((i + j) % 2 + i * j % 3) % 2,
    )  # fmt: skip
    return patterns[number]() == 0


@cache
def blocks(version: int, level: str) -> tuple[tuple[int, int], ...]:
    """Codewords in all, and of data, of each block."""
    from qrcode import base, constants

    code = getattr(constants, f"ERROR_CORRECT_{level}")
    return tuple((b.total_count, b.data_count) for b in base.rs_blocks(version, code))


@cache
def interleaving(version: int, level: str) -> tuple[tuple[int, ...], ...]:
    """For each block, where its codewords stand in the symbol's sequence."""
    sizes = blocks(version, level)
    places: list[list[int]] = [[] for _ in sizes]
    at = 0
    for step in range(max(data for _total, data in sizes)):
        for number, (_total, data) in enumerate(sizes):
            if step < data:
                places[number].append(at)
                at += 1
    for _step in range(sizes[0][0] - sizes[0][1]):
        for block in places:
            block.append(at)
            at += 1
    return tuple(tuple(block) for block in places)
