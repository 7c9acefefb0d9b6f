"""Where the one DER or BER value in a signature's /Contents ends (X.690)."""

from __future__ import annotations


def value_length(raw: bytes, depth: int = 16) -> int | None:
    """Length of the one DER or BER value ``raw`` starts with; None if it has none.

    Indefinite lengths (X.690, 8.1.3.6) are followed to their end.
    """
    if len(raw) < 2 or raw[0] & 0x1F == 0x1F:
        return None
    first = raw[1]
    if first == 0x80:
        return _indefinite(raw, depth)
    if first < 0x80:
        total = 2 + first
    else:
        count = first & 0x7F
        if count > 8 or len(raw) < 2 + count:
            return None
        total = 2 + count + int.from_bytes(raw[2 : 2 + count])
    return total if total <= len(raw) else None


def _indefinite(raw: bytes, depth: int) -> int | None:
    """The end of a value of indefinite length: its parts until two zero bytes."""
    if not raw[0] & 0x20:
        return None
    pos, open_values = 2, 1
    while open_values:
        if raw[pos : pos + 2] == b"\x00\x00":
            pos += 2
            open_values -= 1
            continue
        head = raw[pos : pos + 10]
        if len(head) >= 2 and head[1] == 0x80 and head[0] & 0x20 and open_values < depth:
            pos += 2
            open_values += 1
            continue
        length = _definite(head, len(raw) - pos)
        if length is None:
            return None
        pos += length
    return pos


def _definite(head: bytes, available: int) -> int | None:
    if len(head) < 2 or head[1] == 0x80 or head[0] & 0x1F == 0x1F:
        return None
    if head[1] < 0x80:
        total = 2 + head[1]
    else:
        count = head[1] & 0x7F
        if count > 8 or len(head) < 2 + count:
            return None
        total = 2 + count + int.from_bytes(head[2 : 2 + count])
    return total if total <= available else None
