"""PDF objects from bytes: one strict reader, no repair (ISO 32000-2, 7.2 and 7.3).

Values are plain Python: ``None``, ``bool``, ``int``, ``float``, ``str`` for a
name (without its slash), ``bytes`` for a string, ``list``, ``dict`` keyed by
name, :class:`Ref`, and :class:`Stream` for a stream object.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from elicense.errors import InputError, LimitError

Value: TypeAlias = Any
Dictionary: TypeAlias = dict[str, Any]


class Ref(NamedTuple):
    """An indirect reference: object number and generation."""

    num: int
    gen: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its dictionary and where its raw bytes lie in the file."""

    info: Dictionary
    start: int
    end: int


UNTERMINATED = "pdf.unterminated"
_WS = rb"\x00\t\n\x0c\r "
_REGULAR = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"
_SKIP = rb"[" + _WS + rb"]*+(?:%[^\r\n]*+[" + _WS + rb"]*+)*+"
_TOKEN = re.compile(
    _SKIP + rb"(?:"
    rb"/(" + _REGULAR + rb"*+)"  # 1 name
    rb"|(\d{1,10})[" + _WS + rb"]++(\d{1,5})[" + _WS + rb"]++R(?!" + _REGULAR + rb")"  # 2 3 ref
    rb"|([+-]?\d{1,19})(?!" + _REGULAR + rb")"  # 4 integer
    rb"|(<<)"  # 5
    rb"|(>>)"  # 6
    rb"|(\[)"  # 7
    rb"|(\])"  # 8
    rb"|\(([^()\\\r]*+)\)"  # 9 string without escapes
    rb"|(\()"  # 10 any other string
    rb"|(<)"  # 11 hexadecimal string
    rb"|([+-]?(?:\d{1,32}\.\d{0,64}|\.\d{1,64}))(?!" + _REGULAR + rb")"  # 12 real
    rb"|(true|false|null)(?!" + _REGULAR + rb")"  # 13
    rb")"
)
_INTEGERS = re.compile(rb"((?:[\t\n\r ]*+\d{1,10}(?=[\t\n\r \]]))*+)[\t\n\r ]*+\]")
SKIP = re.compile(_SKIP)
OBJECT = re.compile(
    rb"(\d{1,10})[" + _WS + rb"]++(\d{1,5})[" + _WS + rb"]++obj(?!" + _REGULAR + rb")"
)
_OBJECT_HERE = re.compile(rb"[" + _WS + rb"]{0,8}+" + OBJECT.pattern)
_AFTER_VALUE = re.compile(
    _SKIP + rb"(?:(endobj)(?!" + _REGULAR + rb")|stream[\t ]{0,4}(\r\n|\n|\r(?!\n)))"
)
_END_STREAM = re.compile(
    rb"[" + _WS + rb"]{0,4}endstream" + _SKIP + rb"endobj(?!" + _REGULAR + rb")"
)
_STRING_PART = re.compile(rb"[^()\\\r]*+([()\\\r])")
_ESCAPE = re.compile(rb"([0-7]{1,3})|(\r\n|\r|\n)|(.)", re.DOTALL)
_NAME_ESCAPE = re.compile(r"#([0-9A-Fa-f]{2})")
_KEYWORDS = {b"true": True, b"false": False, b"null": None}
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def syntax_error(detail: str, pos: int, code: str = "pdf.syntax") -> InputError:
    return InputError(code, detail, place=f"offset {pos}")


def unescape(name: str) -> str:
    """A name with its ``#xx`` escapes resolved (7.3.5)."""
    return _NAME_ESCAPE.sub(lambda m: chr(int(m[1], 16)), name)


def parse_value(  # noqa: PLR0912 - one branch a token kind, kept in one loop for speed
    data: bytes, pos: int, end: int, depth: int
) -> tuple[Value, int]:
    """The value at ``pos`` and the offset after it; at most ``depth`` levels deep."""
    match, integers = _TOKEN.match, _INTEGERS.match
    stack: list[list[Value]] = []
    opened: list[int] = []
    items: list[Value] = []
    value: Value
    while True:
        m = match(data, pos, end)
        if m is None:
            raise syntax_error("not a PDF value", pos)
        pos = m.end()
        kind = m.lastindex
        if kind == 1:
            word = m[1].decode("latin-1")
            items.append(word if "#" not in word else unescape(word))
        elif kind == 3:
            items.append(Ref(int(m[2]), int(m[3])))
        elif kind == 4:
            items.append(int(m[4]))
        elif kind in (5, 7):
            if len(stack) >= depth:
                raise LimitError("pdf.depth", "objects nested too deep", place=f"offset {pos}")
            if kind == 7 and (m := integers(data, pos, end)):
                pos = m.end()
                items.append([int(word) for word in m[1].split()])
                if not stack:
                    return items[0], pos
                continue
            stack.append(items)
            opened.append(kind)
            items = []
            continue
        elif kind in (6, 8):
            if not stack or opened.pop() != kind - 1:
                raise syntax_error("brackets do not match", pos)
            value = items if kind == 8 else _dictionary(items, pos)
            items = stack.pop()
            items.append(value)
        elif kind == 9:
            items.append(m[9])
        elif kind == 10:
            value, pos = _string(data, pos, end)
            items.append(value)
        elif kind == 11:
            value, pos = hex_string(data, pos, end)
            items.append(value)
        elif kind == 12:
            items.append(float(m[12]))
        else:
            items.append(_KEYWORDS[m[13]])
        if not stack:
            return items[0], pos


def _dictionary(items: list[Value], pos: int) -> Dictionary:
    keys = items[0::2]
    result = dict(zip(keys, items[1::2], strict=False)) if not len(items) % 2 else None
    if result is None or (keys and set(map(type, keys)) != {str}):
        raise syntax_error("a dictionary without pairs of name and value", pos)
    if len(result) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise syntax_error(f"dictionary key /{twice[0]} twice", pos, "pdf.duplicate-key")
    return result


def _string(data: bytes, pos: int, end: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    level = 1
    while True:
        m = _STRING_PART.match(data, pos, end)
        if m is None:
            raise syntax_error("a string without end", pos, UNTERMINATED)
        parts.append(data[pos : m.end() - 1])
        pos = m.end()
        mark = m[1]
        if mark == b"(":
            level += 1
        elif mark == b")":
            level -= 1
            if not level:
                return b"".join(parts), pos
        if mark in b"()":
            parts.append(mark)
        elif mark == b"\r":  # any end of line reads as a line feed (7.3.4.2)
            parts.append(b"\n")
            pos += data[pos : pos + 1] == b"\n"
        else:
            value, pos = _escape(data, pos, end)
            parts.append(value)


def _escape(data: bytes, pos: int, end: int) -> tuple[bytes, int]:
    m = _ESCAPE.match(data, pos, end)
    if m is None:
        raise syntax_error("a string without end", pos, UNTERMINATED)
    if m[1]:
        return bytes((int(m[1], 8) & 0xFF,)), m.end()
    if m[2]:
        return b"", m.end()
    return _ESCAPED.get(m[3], m[3]), m.end()


def hex_string(data: bytes, pos: int, end: int) -> tuple[bytes, int]:
    close = data.find(b">", pos, end)
    if close < 0:
        raise syntax_error("a hexadecimal string without end", pos, UNTERMINATED)
    digits = data[pos:close]
    try:
        return binascii.unhexlify(digits), close + 1
    except binascii.Error:
        pass  # white space or an odd count: both are allowed, the rest is not
    digits = digits.translate(None, b"\x00\t\n\x0c\r ")
    try:
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2)), close + 1
    except binascii.Error:
        raise syntax_error("not a hexadecimal string", pos) from None


class Parsed(NamedTuple):
    """An indirect object: number, generation, value, offset after it.

    For a stream whose /Length is indirect ``value`` is a :class:`Stream` with
    ``end`` -1 and ``end`` is -1: see :func:`close_stream`.
    """

    num: int
    gen: int
    value: Value
    end: int


def parse_object(data: bytes, pos: int, end: int, depth: int) -> Parsed:
    """The indirect object ``n g obj … endobj`` at ``pos`` (white space before it allowed)."""
    m = _OBJECT_HERE.match(data, pos, end)
    if m is None:
        raise syntax_error("no indirect object here", pos, "pdf.xref")
    num, gen = int(m[1]), int(m[2])
    value, after = parse_value(data, m.end(), end, depth)
    m = _AFTER_VALUE.match(data, after, end)
    if m is None:
        raise syntax_error(f"object {num} {gen} is not closed", after)
    if m[1]:
        return Parsed(num, gen, value, m.end())
    if type(value) is not dict:
        raise syntax_error(f"stream {num} {gen} without a dictionary", after)
    length = value.get("Length")
    if type(length) is Ref:
        return Parsed(num, gen, Stream(value, m.end(), -1), -1)
    # a stream may be longer than the part of the file that its dictionary was looked for in
    return close_stream(data, Parsed(num, gen, Stream(value, m.end(), -1), -1), length, len(data))


def close_stream(data: bytes, parsed: Parsed, length: Value, end: int) -> Parsed:
    """The stream with its end known; the end must be where /Length says."""
    stream = parsed.value
    stop = stream.start + length if type(length) is int and length >= 0 else -1
    m = _END_STREAM.match(data, stop, end) if 0 <= stop <= end else None
    if m is None:
        detail = f"stream {parsed.num} {parsed.gen} does not end where /Length says"
        raise syntax_error(detail, stream.start, "pdf.stream-length")
    return Parsed(parsed.num, parsed.gen, Stream(stream.info, stream.start, stop), m.end())


_DOC_ENCODING = dict(
    zip(
        [*range(0x18, 0x20), *range(0x80, 0x9F), 0xA0],
        "\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc"
        "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c"
        "\u201d\u2018\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142"
        "\u0153\u0161\u017e\u20ac",
        strict=True,
    )
)


def text(raw: Value) -> str | None:
    """A text string (7.9.2.2): UTF-16, UTF-8 or PDFDocEncoding; None if not a string."""
    if type(raw) is not bytes:
        return raw if type(raw) is str else None
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    if raw.startswith(b"\xff\xfe"):
        return raw[2:].decode("utf-16-le", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    return raw.decode("latin-1").translate(_DOC_ENCODING)
