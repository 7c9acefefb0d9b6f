"""A gate before the CBOR decoder: only deterministic CBOR of a small vocabulary passes.

RFC 8949 section 4.2.1 (core deterministic encoding): shortest heads, definite
lengths, map keys ascending by their encoded bytes. Allowed are integers, byte
and text strings, arrays, maps with integer keys, ``false``, ``true`` and
``null``; no floats, no tags, no trailing bytes.
"""

from __future__ import annotations

from typing import Any

from elicense.errors import InputError, LimitError

MAX_DEPTH = 8
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}


def loads(data: bytes) -> Any:
    """Decode ``data``; InputError ``qr.cbor`` if it is not exactly one allowed item."""
    end = _skip(data, 0, 0)
    if end != len(data):
        raise InputError("qr.cbor", "bytes follow the CBOR item", place=f"byte {end}")
    import cbor2

    try:
        return cbor2.loads(data)
    except cbor2.CBORDecodeError as error:
        raise InputError("qr.cbor", f"not CBOR: {error}") from error


def dumps(value: Any) -> bytes:
    """Deterministic CBOR of lists, dicts with integer keys and plain values.

    What is written here passes :func:`loads`.
    """
    import cbor2

    data: bytes = cbor2.dumps(_ordered(value))
    return data


def _ordered(value: Any) -> Any:
    """Maps by their encoded keys: non-negative ones first, each kind outward from zero."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (key < 0, abs(key)))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    return value


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, position after the head."""
    if at >= len(data):
        raise InputError("qr.cbor", "the data ends inside an item", place=f"byte {at}")
    major, low = data[at] >> 5, data[at] & 0x1F
    if low < 24:
        return major, low, at + 1
    size = _SIZES.get(low)
    if size is None:
        raise InputError("qr.cbor", "an indefinite or reserved length", place=f"byte {at}")
    body = data[at + 1 : at + 1 + size]
    if len(body) < size:
        raise InputError("qr.cbor", "the data ends inside an item", place=f"byte {at}")
    value = int.from_bytes(body, "big")
    if value < _LEAST[low]:
        raise InputError(
            "qr.cbor", "a length or number is not in its shortest form", place=f"byte {at}"
        )
    return major, value, at + 1 + size


def _skip(data: bytes, at: int, depth: int) -> int:
    """The position after the item at ``at``, which must be allowed in every part."""
    if depth > MAX_DEPTH:
        raise LimitError("qr.cbor", f"nested deeper than {MAX_DEPTH}", place=f"byte {at}")
    major, value, after = _head(data, at)
    if major <= 1:
        return after
    if major in (2, 3):
        return _skip_string(data, after, value, text=major == 3)
    if major == 4:
        for _ in range(value):  # each item takes a byte: the end of data stops this
            after = _skip(data, after, depth + 1)
        return after
    if major == 5:
        return _skip_map(data, after, value, depth)
    if major == 7 and after == at + 1 and value in (20, 21, 22):
        return after
    raise InputError("qr.cbor", "a tag, float or simple value", place=f"byte {at}")


def _skip_string(data: bytes, at: int, size: int, *, text: bool) -> int:
    body = data[at : at + size]
    if len(body) < size:
        raise InputError("qr.cbor", "the data ends inside a string", place=f"byte {at}")
    if text:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError("qr.cbor", "a text is not UTF-8", place=f"byte {at}") from error
    return at + size


def _skip_map(data: bytes, at: int, pairs: int, depth: int) -> int:
    before = b""
    for _ in range(pairs):
        major, _, end = _head(data, at)
        if major > 1:
            raise InputError("qr.cbor", "a map key is not an integer", place=f"byte {at}")
        key = data[at:end]
        if key <= before:
            raise InputError("qr.cbor", "map keys are not in order", place=f"byte {at}")
        before = key
        at = _skip(data, end, depth + 1)
    return at
