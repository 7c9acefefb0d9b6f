"""A record's container: a ZIP that can be written in one way only.

Stored entries in a fixed order, no dates, no comments, no extra fields. Reading rebuilds
the archive from what was found and compares: whatever could hide in a ZIP, two entries of
one name, bytes between the parts, another size in the directory, makes it another file.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping

from elicense.errors import InputError, LimitError

SIGNATURE = b"PK\x03\x04"
MAX_ENTRIES = 20_000
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _DAY = 20, 0x21  # 1980-01-01, the first day that a ZIP can say
_NAME = re.compile(r"(record|report)\.json|policy\.toml|(input|companion|trust|more)/[1-9]\d{0,4}")
_MOST = 0xFFFFFFFF  # of a ZIP without its 64-bit extension


def write(entries: Mapping[str, bytes]) -> bytes:
    """The archive of these entries, in their order."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name, data in entries.items():
        encoded = name.encode("ascii")
        crc = zlib.crc32(data)
        head = _LOCAL.pack(SIGNATURE, _VERSION, 0, 0, 0, _DAY, crc, len(data), len(data),
                           len(encoded), 0)  # fmt: skip
        directory.append(
            _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, 0, 0, 0, _DAY, crc, len(data),
                          len(data), len(encoded), 0, 0, 0, 0, 0, offset) + encoded
        )  # fmt: skip
        parts += [head, encoded, data]
        offset += len(head) + len(encoded) + len(data)
    listing = b"".join(directory)
    if offset + len(listing) > _MOST:
        raise LimitError("record.size", "a record holds at most 4 GiB")
    end = _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listing), offset, 0)
    return b"".join((*parts, listing, end))


def read(data: bytes, *, max_size: int) -> dict[str, bytes]:
    """The entries of a record, in order. Raises InputError for anything but what ``write``
    makes, LimitError where it is larger than ``max_size`` bytes."""
    if len(data) > max_size:
        raise LimitError("record.size", f"the record is larger than {max_size} bytes")
    entries: dict[str, bytes] = {}
    offset = 0
    while data[offset : offset + 4] == SIGNATURE:
        if len(entries) >= MAX_ENTRIES:
            raise LimitError("record.entries", f"a record has at most {MAX_ENTRIES} entries")
        name, start, size = _head(data, offset)
        if name in entries:
            raise InputError("record.zip", "an entry is there twice", place=name)
        entries[name] = data[start : start + size]
        offset = start + size
    if not entries:
        raise InputError("record.zip", "this is no record")
    if write(entries) != data:
        raise InputError("record.zip", "the archive is not as a record is written")
    return entries


def _head(data: bytes, offset: int) -> tuple[str, int, int]:
    """Name of the entry at ``offset``, where its bytes begin, and how many they are."""
    if offset + _LOCAL.size > len(data):
        raise InputError("record.zip", "the archive is cut short")
    fields = _LOCAL.unpack_from(data, offset)
    size, length = fields[7], fields[9]
    start = offset + _LOCAL.size + length
    name = data[offset + _LOCAL.size : start].decode("latin-1")
    if not _NAME.fullmatch(name):
        raise InputError("record.zip", "an entry that belongs to no record", place=repr(name[:80]))
    if start + size > len(data):
        raise InputError("record.zip", "the archive is cut short", place=name)
    return name, start, size
