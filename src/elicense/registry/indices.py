"""Which place in a status list comes next: every one once, in an order nobody can foresee.

A licence's index stands in the licence for all to see. Were indices handed out in turn,
they would tell how many licences were issued between two others, and whose state changed.
"""

from __future__ import annotations

import hashlib
import hmac

_ROUNDS = 8


def place(count: int, size: int, key: bytes) -> int:
    """The index of the ``count``-th licence (from 0) in a list of ``size``.

    A Feistel permutation under ``key`` (32 bytes), walked until it falls inside ``size``.
    """
    if not 0 <= count < size:
        raise ValueError(f"{count} is outside a list of {size}")
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    value = count
    while True:
        value = _permute(value, half, key)
        if value < size:
            return value


def _permute(value: int, half: int, key: bytes) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for number in range(_ROUNDS):
        message = bytes([number]) + right.to_bytes(8, "big")
        mixed = int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:8], "big") & mask
        left, right = right, left ^ mixed
    return left << half | right
