"""A strict ZIP reader: every byte of the file is explained once, or a fault says so.

The central directory is what most readers follow, the local headers what
streaming readers follow: the two must agree one to one (APPNOTE 4.3, 4.4).
Nothing is written to disk and nothing is repaired; an entry whose bytes are in
doubt is still returned, beside the fault, so that the rest can be reported.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from dataclasses import dataclass

from elicense.containers.ofd.log import Log
from elicense.containers.ofd.zip_directory import (
    Directory,
    Record,
    check_unicode_path,
    read_directory,
)
from elicense.errors import LimitError
from elicense.limits import Limits

_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_FOLDER_BITS, _LINK_BITS, _TYPE_BITS, _FILE_BITS = 0o040000, 0o120000, 0o170000, 0o100000
_SMALL = 1 << 20  # below this much output no ratio is a bomb


@dataclass(frozen=True, slots=True)
class Archive:
    """The entries of one package by exact name; folders are left out."""

    entries: dict[str, bytes]
    folded: dict[str, str]  # fold(name) -> name


def fold(name: str) -> str:
    """The key under which case-insensitive and normalising readers see a name."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()


def read_archive(data: bytes, *, limits: Limits, log: Log) -> Archive:
    """The entries of the ZIP in ``data``; faults and notes go to ``log``.

    Raises InputError where there is no directory to read and LimitError where
    the caps on entries, sizes and compression ratio are passed.
    """
    directory = read_directory(data, limits=limits, log=log)
    _check_sizes(directory.records, limits)
    entries: dict[str, bytes] = {}
    folded: dict[str, str] = {}
    extents: list[tuple[int, int, str]] = []
    for record in directory.records:
        content, end = _read_entry(data, record, directory, log)
        if end:
            extents.append((record.offset, end, record.name))
        if _usable(record, content, log):
            assert content is not None
            _add(entries, folded, record.name, content, log)
    _check_folders(entries, folded, log)
    _check_extents(data, extents, directory, log)
    return Archive(entries, folded)


def _check_sizes(records: tuple[Record, ...], limits: Limits) -> None:
    total = 0
    for record in records:
        total += record.size
        if record.size > limits.zip_entry_inflated:
            raise LimitError("ofd.entry-size", "the entry is too large", place=record.name)
        if record.size > max(_SMALL, limits.zip_ratio * record.packed):
            raise LimitError("ofd.ratio", "the entry is compressed too well", place=record.name)
    if total > limits.zip_total_inflated:
        raise LimitError("ofd.total-size", "the entries are too large together")


def _add(
    entries: dict[str, bytes], folded: dict[str, str], name: str, content: bytes, log: Log
) -> None:
    if name in entries:
        log.fault("duplicate-entry", name, "the name stands twice in the central directory")
        return
    key = fold(name)
    other = folded.get(key)
    if other is not None:
        log.fault("case-variant-entry", name, f"differs only in letter case from {other!r}")
    else:
        folded[key] = name
    entries[name] = content


def _check_folders(entries: dict[str, bytes], folded: dict[str, str], log: Log) -> None:
    """An entry must not be a file and a folder of another at once."""
    parents = {name.rpartition("/")[0] for name in entries}
    for parent in parents:
        path = parent
        while path:
            if path in entries or fold(path) in folded:
                log.fault("file-as-folder", path, "the name is both a file and a folder")
            path = path.rpartition("/")[0]
            if path in parents:
                break


def _usable(record: Record, content: bytes | None, log: Log) -> bool:
    """Whether the entry may be offered under its name."""
    kind = record.attributes >> 16 & _TYPE_BITS
    if kind == _LINK_BITS:
        log.fault("symlink", record.name, "the entry is a symbolic link")
        return False
    if kind not in (0, _FILE_BITS, _FOLDER_BITS) and record.system == 3:
        log.fault("special-file", record.name, "the entry is neither a file nor a folder")
        return False
    if record.name.endswith("/"):
        if record.size or record.packed > 2:  # an empty deflate stream takes two bytes
            log.fault("folder-with-content", record.name, "a folder entry has content")
        _check_name(record.name[:-1], log)
        return False
    return _check_name(record.name, log) and content is not None


def _check_name(name: str, log: Log) -> bool:
    problem = _name_problem(name)
    if problem is not None:
        kind, detail = problem
        log.fault(kind, name, detail)
    return problem is None


def _name_problem(name: str) -> tuple[str, str] | None:
    steps = name.split("/")
    if name.startswith("/"):
        problem = "absolute-path", "the name is an absolute path"
    elif "\\" in name:
        problem = "backslash-name", "the name has a backslash"
    elif ":" in name:
        problem = "drive-letter", "the name has a colon"
    elif not name.isprintable():
        problem = "control-character", "the name has a character that cannot be shown"
    elif ".." in steps:
        problem = "path-escape", "the name leaves the package"
    elif any(not step or step[-1] in ". " for step in steps):
        problem = "unsafe-name", "a step of the name is empty or ends in a dot or a blank"
    else:
        return None
    return problem


def _read_entry(
    data: bytes, record: Record, directory: Directory, log: Log
) -> tuple[bytes | None, int]:
    """The content of one entry, None where it has none, and where it ends (0: nowhere)."""
    start, place = record.offset, record.name
    if start < 0 or start + 30 > directory.start:
        log.fault("local-header-missing", place, "the offset does not lie before the directory")
        return None, 0
    fields = _LOCAL.unpack_from(data, start)
    signature, _, flags, method, _, _, crc, packed, size, name_size, extra_size = fields
    if signature != _LOCAL_SIGNATURE:
        log.fault("local-header-missing", place, "no local header at the stated offset")
        return None, 0
    body = start + 30 + name_size + extra_size
    end = body + record.packed
    if end > directory.start:
        log.fault("overlap", place, "the content runs into the central directory")
        return None, 0
    if data[start + 30 : start + 30 + name_size] != record.raw_name:
        log.fault("local-name", place, "the local header has another name")
    meaningful = 0x2041 if record.raw_name.isascii() else 0x2841  # encryption, UTF-8 name
    if method != record.method or (flags ^ record.flags) & meaningful:
        log.fault("local-method", place, "the local header has another method or other flags")
    extra = data[start + 30 + name_size : body]
    if b"\x75\x70" in extra:
        check_unicode_path(extra, place, log)
    _check_local_sizes(record, (crc, packed, size), extra, log)
    if flags & 8 or record.flags & 8:
        end = _descriptor(data, record, end, (crc, packed, size), log)
    return _content(data, record, body, log), end


def _check_local_sizes(record: Record, found: tuple[int, int, int], extra: bytes, log: Log) -> None:
    crc, packed, size = found
    if 0xFFFFFFFF in (packed, size):
        wide = _zip64_sizes(extra)
        if wide is not None:
            size, packed = wide
    if record.flags & 8 and (packed, size) == (0, 0) and crc in (0, record.crc):
        return
    if (crc, packed, size) != (record.crc, record.packed, record.size):
        log.fault("local-sizes", record.name, "sizes or CRC differ from the central directory")


def _zip64_sizes(extra: bytes) -> tuple[int, int] | None:
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, position)
        if tag == 1 and length >= 16 and position + 20 <= len(extra):
            size, packed = struct.unpack_from("<QQ", extra, position + 4)
            return int(size), int(packed)
        position += 4 + length
    return None


def _descriptor(
    data: bytes, record: Record, end: int, local: tuple[int, int, int], log: Log
) -> int:
    """Where the entry ends after its data descriptor (APPNOTE 4.3.9)."""
    short = struct.pack("<III", record.crc, record.packed, record.size)
    wide = struct.pack("<IQQ", record.crc, record.packed, record.size)
    for form in (_DESCRIPTOR_SIGNATURE + short, _DESCRIPTOR_SIGNATURE + wide, short, wide):
        if data.startswith(form, end):
            return end + len(form)
    if local == (record.crc, record.packed, record.size):
        log.note("no-data-descriptor", record.name, "a data descriptor is announced but absent")
    else:
        log.fault("data-descriptor", record.name, "the data descriptor is absent or differs")
    return end


def _content(data: bytes, record: Record, body: int, log: Log) -> bytes | None:
    place = record.name
    if record.flags & 0x2041:
        log.fault("encrypted-entry", place, "the entry is encrypted")
        return None
    packed = data[body : body + record.packed]
    if record.method == 0:
        content = packed
        if record.packed != record.size:
            log.fault("entry-size", place, "a stored entry with two different sizes")
    elif record.method == 8:
        inflated = _inflate(packed, record, log)
        if inflated is None:
            return None
        content = inflated
    else:
        log.fault("compression-method", place, f"compression method {record.method}")
        return None
    if zlib.crc32(content) != record.crc:
        log.fault("crc", place, "the CRC does not match the content")
    return content


def _inflate(packed: bytes, record: Record, log: Log) -> bytes | None:
    inflater = zlib.decompressobj(-15)
    try:
        content = inflater.decompress(packed, record.size + 1)
    except zlib.error:
        log.fault("deflate", record.name, "the compressed data are damaged")
        return None
    if len(content) != record.size:
        log.fault("entry-size", record.name, "the content is not as long as stated")
        return content if len(content) < record.size and inflater.eof else None
    if not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
        log.fault("deflate-end", record.name, "the compressed data do not end where they should")
    return content


def _check_extents(
    data: bytes, extents: list[tuple[int, int, str]], directory: Directory, log: Log
) -> None:
    """Entries lie side by side from the first local header to the directory."""
    extents.sort()
    previous = extents[0][0] if extents else directory.start
    if previous:
        _explain_gap(data, 0, previous, "leading-bytes", log)
    for start, end, name in extents:
        if start < previous:
            log.fault("overlap", name, "the entry overlaps another")
        elif start > previous:
            _explain_gap(data, previous, start, "unexplained-bytes", log)
        previous = max(previous, end)
    if previous < directory.start:
        _explain_gap(data, previous, directory.start, "unexplained-bytes", log)


def _explain_gap(data: bytes, start: int, end: int, kind: str, log: Log) -> None:
    place = f"offset {start}"
    header = data.find(_LOCAL_SIGNATURE, start, end)
    if header >= 0:
        detail = "a local header that the central directory does not name"
        log.fault("ghost-entry", f"offset {header}", detail)
    elif kind == "leading-bytes":
        log.note(kind, place, f"{end} bytes stand before the ZIP")
    else:
        detail = f"{end - start} bytes belong to no entry"
        log.fault(kind, place, detail, fatal=False)
