"""The preset dictionaries of QR payloads, and compression with them.

A dictionary's bytes are fixed for ever: a payload names the one it was made
with, and printed sheets outlive every release. A better one is a new number.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

from elicense.errors import InputError, LimitError, UsageError

# number → SHA-256 of the file dictionary-<number>.bin beside this one
SHA256 = {1: "20eea3e8440868cffc8d6744fd63032521861f5725aa7ff15401e988da19037f"}


@cache
def dictionary(number: int) -> bytes | None:
    """The bytes of dictionary ``number``, or None if this release does not know it."""
    if number not in SHA256:
        return None
    return (Path(__file__).parent / f"dictionary-{number}.bin").read_bytes()


def compress(data: bytes, *, number: int) -> bytes:
    """Raw deflate (RFC 1951) with a preset dictionary: the shortest of a few tries.

    The bytes depend on the zlib in use; what they inflate to does not.
    """
    preset = dictionary(number)
    if preset is None:
        raise UsageError("qr.dictionary", f"there is no dictionary {number}")
    tries = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_FIXED):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy, preset)
        tries.append(squeeze.compress(data) + squeeze.flush())
    return min(tries, key=len)


def inflate(data: bytes, *, number: int, limit: int) -> bytes:
    """The inverse of :func:`compress`, never more than ``limit`` bytes.

    InputError ``qr.dictionary`` for an unknown dictionary, ``qr.deflate`` for a
    broken stream or bytes after it; LimitError ``qr.inflated`` past the limit.
    """
    preset = dictionary(number)
    if preset is None:
        raise InputError("qr.dictionary", f"dictionary {number} is not known to this release")
    stream = zlib.decompressobj(-15, preset)
    try:
        out = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise InputError("qr.deflate", f"not a deflate stream: {error}") from error
    if len(out) > limit:
        raise LimitError("qr.inflated", f"inflates to more than {limit} bytes")
    if not stream.eof:
        raise InputError("qr.deflate", "the deflate stream is cut short")
    if stream.unused_data:
        raise InputError("qr.deflate", "bytes follow the deflate stream")
    return out
