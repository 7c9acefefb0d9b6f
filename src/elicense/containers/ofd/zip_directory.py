"""The end record and the central directory of a ZIP, read strictly."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from elicense.containers.ofd.log import Log
from elicense.errors import InputError, LimitError
from elicense.limits import Limits

_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4sBB5H3I5H2I")
_WIDE_END = struct.Struct("<4sQ2H2I4Q")
_END_SIGNATURE = b"PK\x05\x06"
_CENTRAL_SIGNATURE = b"PK\x01\x02"
_NONE = 0xFFFFFFFF


@dataclass(slots=True)  # not frozen: one is made for every entry of every file
class Record:
    """One entry as the central directory states it; ``offset`` counts from the file's start."""

    name: str
    raw_name: bytes
    system: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    attributes: int
    offset: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The records in their order, and where the directory itself begins."""

    records: tuple[Record, ...]
    start: int


@dataclass(frozen=True, slots=True)
class _End:
    count: int
    size: int
    offset: int
    limit: int  # where the directory must end


def read_directory(data: bytes, *, limits: Limits, log: Log) -> Directory:
    """Find and read the central directory; InputError where there is none."""
    if len(data) > limits.file_size:
        raise LimitError("ofd.file-size", "the file is too large")
    end = _read_end(data, log)
    start = end.limit - end.size
    shift = start - end.offset
    if start < 0 or shift < 0:
        raise InputError("ofd.zip", "the central directory lies outside the file")
    if end.count > limits.zip_entries:
        raise LimitError("ofd.entries", "the package has too many entries")
    records = _read_records(data, start, end, shift, log)
    return Directory(tuple(records), start)


def _read_end(data: bytes, log: Log) -> _End:
    position = _find_end(data, log)
    fields = _END.unpack_from(data, position)
    _, disk, directory_disk, here, total, size, offset, _ = fields
    if disk not in (0, 0xFFFF) or directory_disk not in (0, 0xFFFF) or here != total:
        log.fault("multi-disk", f"offset {position}", "the ZIP says that it has several volumes")
    plain = _End(total, size, offset, position)
    if data[max(position - 20, 0) : max(position - 16, 0)] == b"PK\x06\x07":
        return _wide_end(data, plain, log)
    if _NONE in (size, offset):
        raise InputError("ofd.zip", "a Zip64 end record is announced but absent")
    return plain


def _find_end(data: bytes, log: Log) -> int:
    """The end record: the last one whose comment reaches exactly to the end of the file."""
    floor = max(0, len(data) - 22 - 0xFFFF)
    position = data.rfind(_END_SIGNATURE, floor)
    candidates: list[int] = []
    while position >= 0 and len(candidates) < 64:
        candidates.append(position)
        position = data.rfind(_END_SIGNATURE, floor, position)
    whole = [item for item in candidates if item + 22 <= len(data)]
    exact = [item for item in whole if item + 22 + _comment(data, item) == len(data)]
    if not whole:
        raise InputError("ofd.zip", "not a ZIP: no end of central directory")
    chosen = exact[0] if exact else whole[0]
    if len(exact) > 1 or chosen != candidates[0]:
        detail = "several end records: readers may follow different directories"
        log.fault("ambiguous-directory", f"offset {chosen}", detail)
    if not exact:
        _check_trailing(data, chosen, log)
    return chosen


def _comment(data: bytes, position: int) -> int:
    return data[position + 20] | data[position + 21] << 8


def _check_trailing(data: bytes, position: int, log: Log) -> None:
    end = position + 22 + _comment(data, position)
    place = f"offset {position}"
    if end > len(data):
        log.fault("comment", place, "the comment is said to be longer than the file", fatal=False)
    elif data[end:].strip(b"\0\r\n\t "):
        log.fault("trailing-bytes", f"offset {end}", "bytes stand after the ZIP", fatal=False)
    else:
        log.note("trailing-bytes", f"offset {end}", "blank bytes stand after the ZIP")


def _wide_end(data: bytes, plain: _End, log: Log) -> _End:
    """The Zip64 end record, which must agree with the plain one."""
    locator = plain.limit - 20
    offset = struct.unpack_from("<Q", data, locator + 8)[0]
    position = locator - 56
    if position < 0 or data[position : position + 4] != b"PK\x06\x06":
        raise InputError("ofd.zip", "the Zip64 end record is not where it should be")
    fields = _WIDE_END.unpack_from(data, position)
    length, here, total, size, start = fields[1], fields[6], fields[7], fields[8], fields[9]
    wide = _End(total, size, start, position)
    agrees = (
        length == 44
        and here == total
        and plain.count in (total, 0xFFFF)
        and plain.size in (size, _NONE)
        and plain.offset in (start, _NONE)
        and offset - start == size
    )
    if not agrees:
        log.fault("zip64", f"offset {position}", "the Zip64 end record contradicts the plain one")
    return wide


def _read_records(data: bytes, start: int, end: _End, shift: int, log: Log) -> list[Record]:
    records: list[Record] = []
    position = start
    while position < end.limit and len(records) < end.count:
        if position + 46 > end.limit:
            raise InputError("ofd.zip", "the central directory is cut", place=f"offset {position}")
        fields = _CENTRAL.unpack_from(data, position)
        if fields[0] != _CENTRAL_SIGNATURE:
            detail = "the central directory is damaged"
            raise InputError("ofd.zip", detail, place=f"offset {position}")
        name_end = position + 46 + fields[11]
        after = name_end + fields[12] + fields[13]
        if after > end.limit:
            raise InputError("ofd.zip", "the central directory is cut", place=f"offset {position}")
        raw = data[position + 46 : name_end]
        extra = data[name_end : name_end + fields[12]]
        records.append(_record(fields, raw, extra, shift, log))
        position = after
    if position != end.limit or len(records) != end.count:
        detail = "the directory holds more or other records than it says"
        log.fault("directory-count", f"offset {position}", detail)
    return records


def _record(fields: tuple[int, ...], raw: bytes, extra: bytes, shift: int, log: Log) -> Record:
    flags, method, crc, packed, size = fields[4], fields[5], fields[8], fields[9], fields[10]
    name = _name(raw, flags, log)
    offset = fields[17]
    if extra:
        packed, size, offset = _check_extra(extra, (packed, size, offset), name, log)
    elif _NONE in (packed, size, offset):
        log.fault("zip64", name, "Zip64 sizes are announced but absent")
    return Record(
        name, raw, fields[2], flags, method, crc, packed, size, fields[16], offset + shift
    )


def _name(raw: bytes, flags: int, log: Log) -> str:
    """The entry's name. Without the UTF-8 flag, readers guess: a name is then noted."""
    if raw.isascii():
        return raw.decode("ascii")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("gb18030", errors="replace")
        if flags & 0x800:
            log.fault("name-encoding", name, "the name is said to be UTF-8 and is not")
            return name
    if not flags & 0x800:
        log.note("name-encoding", name, "a Chinese name without the UTF-8 flag")
    return name


def _check_extra(
    extra: bytes, sizes: tuple[int, int, int], name: str, log: Log
) -> tuple[int, int, int]:
    """Apply a Zip64 field and compare a Unicode path with the name (APPNOTE 4.5, 4.6.9)."""
    packed, size, offset = sizes
    wide = False
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, position)
        body = extra[position + 4 : position + 4 + length]
        if tag == 1 and len(body) == length and not wide:
            wide = True
            size, packed, offset = _widen(body, (size, packed, offset), name, log)
        position += 4 + length
    if b"\x75\x70" in extra:
        check_unicode_path(extra, name, log)
    if position != len(extra):
        log.note("extra-field", name, "the extra field is not well formed")
    if _NONE in (packed, size, offset):
        log.fault("zip64", name, "Zip64 sizes are announced but absent")
    return packed, size, offset


def check_unicode_path(extra: bytes, name: str, log: Log) -> None:
    """A Unicode path field (APPNOTE 4.6.9) must give the name that all readers see."""
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, position)
        body = extra[position + 4 : position + 4 + length]
        if tag == 0x7075 and body[5:] != name.encode("utf-8"):
            log.fault("unicode-path", name, "the Unicode path is another name")
        position += 4 + length


def _widen(body: bytes, values: tuple[int, int, int], name: str, log: Log) -> tuple[int, int, int]:
    found = list(values)
    position = 0
    for index, value in enumerate(values):
        if value == _NONE and position + 8 <= len(body):
            found[index] = struct.unpack_from("<Q", body, position)[0]
            position += 8
    if position == 0 and body:  # given though not needed: it must say the same
        stated = [item[0] for item in struct.iter_unpack("<Q", body[: len(body) // 8 * 8])]
        if any(one != other for one, other in zip(stated, values, strict=False)):
            log.fault("zip64", name, "the Zip64 sizes contradict the plain ones")
    return found[0], found[1], found[2]
