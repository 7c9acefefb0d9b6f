"""Reed-Solomon codes of QR symbols: errors, and erasures, of which twice as many are mended.

GF(256) with x⁸+x⁴+x³+x²+1; generator roots from α⁰ (ISO/IEC 18004 annex A).
"""

from __future__ import annotations

from collections.abc import Sequence

_EXP = [0] * 512
_LOG = [0] * 256
_value = 1
for _power in range(255):
    _EXP[_power] = _EXP[_power + 255] = _value
    _LOG[_value] = _power
    _value = _value << 1 ^ (0x11D if _value & 0x80 else 0)


def _times(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _at(polynomial: Sequence[int], power: int) -> int:
    """The value at α^power; coefficients from the constant up."""
    total = 0
    for coefficient in reversed(polynomial):
        total = (_EXP[_LOG[total] + power] if total else 0) ^ coefficient
    return total


def syndromes(word: Sequence[int], checks: int) -> list[int]:
    """All zero for a codeword; ``word`` has its highest coefficient first."""
    backward = word[::-1]
    return [_at(backward, power) for power in range(checks)]


def mend(word: Sequence[int], checks: int, erased: Sequence[int] = ()) -> list[int] | None:
    """``word`` corrected, or None. ``erased`` are positions that are not to be believed.

    2·errors + erasures may be at most ``checks``. With many erasures nearly any word can be
    mended into something: the caller must know a right message from a wrong one.
    """
    found = syndromes(word, checks)
    if not any(found):
        return list(word)
    size = len(word)
    if len(erased) > checks:
        return None
    locator = [1]
    for position in erased:
        root = _EXP[size - 1 - position]
        locator = _product(locator, [1, root])
    locator = _berlekamp_massey(found, locator, len(erased))
    errors = len(locator) - 1
    if 2 * errors - len(erased) > checks:
        return None
    places = [power for power in range(size) if _at(locator, (255 - power) % 255) == 0]
    if len(places) != errors:
        return None
    mended = _forney(word, found, locator, places)
    return mended if not any(syndromes(mended, checks)) else None


def _product(a: Sequence[int], b: Sequence[int]) -> list[int]:
    out = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] ^= _times(x, y)
    return out


def _berlekamp_massey(found: Sequence[int], start: list[int], erased: int) -> list[int]:
    """The locator of errors and erasures, from that of the erasures alone."""
    current, previous = start, start
    length, gap, last = erased, 1, 1
    for step in range(erased, len(found)):
        delta = 0
        for i, coefficient in enumerate(current[: step + 1]):
            delta ^= _times(coefficient, found[step - i])
        if delta == 0:
            gap += 1
            continue
        factor = _times(delta, _EXP[255 - _LOG[last]])
        shifted = [0] * gap + [_times(factor, c) for c in previous]
        longer = [
            (current[i] if i < len(current) else 0) ^ (shifted[i] if i < len(shifted) else 0)
            for i in range(max(len(current), len(shifted)))
        ]
        if 2 * length <= step + erased:
            length, previous, last, gap = step + 1 + erased - length, current, delta, 1
        else:
            gap += 1
        current = longer
    while current and current[-1] == 0:
        current.pop()
    return current or [1]


def _forney(
    word: Sequence[int], found: Sequence[int], locator: list[int], places: Sequence[int]
) -> list[int]:
    evaluator = _product(found, locator)[: len(found)]
    slope = [c if i % 2 == 0 else 0 for i, c in enumerate(locator[1:])]  # formal derivative
    mended = list(word)
    for power in places:
        inverse = (255 - power) % 255
        below = _at(slope, inverse)
        if below == 0:
            return mended
        value = _times(_at(evaluator, inverse), _EXP[255 - _LOG[below]])
        mended[len(word) - 1 - power] ^= _times(value, _EXP[power])
    return mended
