"""PDF values as bytes (ISO 32000-1 §7.3), and a whole file with a classic cross-reference table."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Ref:
    """An indirect reference to object ``number``, generation 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name object, without its slash."""

    text: str


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that already are PDF syntax."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream; ``data`` as written, so already filtered where the dictionary says so."""

    entries: Mapping[str, Value]
    data: bytes = field(repr=False)


Value: TypeAlias = (
    "Ref | Name | Raw | Stream | str | bytes | bool | int | float "
    "| list[Value] | Mapping[str, Value] | None"
)

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+*:@")


def deflated(entries: Mapping[str, Value], data: bytes) -> Stream:
    """A FlateDecode stream of ``data``."""
    return Stream({**entries, "Filter": Name("FlateDecode")}, zlib.compress(data, 9))


def number(value: float) -> str:
    """A real number with at most four decimals."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def name(text: str) -> bytes:
    """A name with ``#`` escapes for what may not stand in it."""
    body = b"".join(bytes((b,)) if b in _PLAIN else b"#%02X" % b for b in text.encode())
    return b"/" + body


def text_string(text: str) -> bytes:
    """A text string: ASCII in parentheses, anything else UTF-16BE in hexadecimal."""
    if text.isascii() and text.isprintable():
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return f"({escaped})".encode("ascii")
    return b"<FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"


def date(moment: datetime) -> str:
    """A PDF date (§7.9.4) with its offset from UTC."""
    offset = moment.strftime("%z")
    return f"D:{moment:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:5]}'"


def encode(value: Value) -> bytes:
    """One value; a stream with its ``stream`` … ``endstream``."""
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, Raw):
        return value.data
    if isinstance(value, Ref):
        return b"%d 0 R" % value.number
    if isinstance(value, Name):
        return name(value.text)
    if isinstance(value, (int, float)):
        return number(value).encode()
    if isinstance(value, str):
        return text_string(value)
    if isinstance(value, bytes):
        return b"<" + value.hex().upper().encode() + b">"
    if isinstance(value, list):
        return b"[" + b" ".join(encode(item) for item in value) + b"]"
    if isinstance(value, Stream):
        head = encode({**value.entries, "Length": len(value.data)})
        return head + b"\nstream\n" + value.data + b"\nendstream"
    members = (name(key) + b" " + encode(item) for key, item in value.items())
    return b"<< " + b" ".join(members) + b" >>"


def indirect(object_number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%s\nendobj\n" % (object_number, body)


def write(objects: Mapping[int, Value], *, root: int, info: int) -> bytes:
    """A complete PDF 1.7; objects are numbered from 1 without gaps, ids follow the content."""
    parts = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"]
    position, offsets = len(parts[0]), []
    for object_number in sorted(objects):
        part = indirect(object_number, encode(objects[object_number]))
        offsets.append(position)
        parts.append(part)
        position += len(part)
    body = b"".join(parts)
    identity = hashlib.sha256(body).digest()[:16]
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(offsets) + 1
    trailer = encode(
        {"Size": count, "Root": Ref(root), "Info": Ref(info), "ID": [identity, identity]}
    )
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, trailer, position)
    )
