"""Cross-reference sections: tables, streams, and the chain they form (7.5.4, 7.5.8).

Entries stay where they are in the file and are read one at a time, so that a
section costs the same whether it lists ten objects or a hundred thousand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from elicense.containers.pdf.lexer import (
    SKIP,
    Dictionary,
    Stream,
    close_stream,
    parse_object,
    parse_value,
)
from elicense.containers.pdf.streams import decode
from elicense.errors import InputError, LimitError
from elicense.limits import Limits

FREE, IN_FILE, IN_STREAM = 0, 1, 2

_WS = rb"\x00\t\n\x0c\r "
_TABLE = re.compile(rb"xref[" + _WS + rb"]++")
_SUBSECTION = re.compile(rb"(\d{1,10})[ ]++(\d{1,10})[ ]*+(?:\r\n|\n|\r)")
_REGULAR_ENTRIES = re.compile(rb"(?:\d{10} \d{5} [nf](?: \r| \n|\r\n))*+")
_ANY_ENTRY = re.compile(rb"(\d{1,10})[ ]++(\d{1,5})[ ]++([nf])[" + _WS + rb"]++")
_TRAILER = re.compile(SKIP.pattern + rb"trailer(?=[" + _WS + rb"<%])")
_ENDING = re.compile(
    SKIP.pattern
    + rb"startxref["
    + _WS
    + rb"]++(\d{1,12})["
    + _WS
    + rb"]*+(?:%(?!%EOF)[^\r\n]*+["
    + _WS
    + rb"]*+)*+(%%EOF)(?:\r\n|\n|\r|)"
)
_MANY = 16
_BULK = 4096


class Entry(NamedTuple):
    """FREE; IN_FILE with offset and generation; IN_STREAM with stream and index."""

    kind: int
    a: int
    b: int


class Block(NamedTuple):
    first: int
    size: int
    pos: int


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference section and its trailer.

    ``start`` and ``end`` bound it in the file (trailer dictionary or stream
    object included). ``rows`` are the file's bytes for a table or the decoded
    rows of a stream; ``widths`` is empty for a table. ``number`` is the object
    number of a stream section, else -1.
    """

    start: int
    end: int
    trailer: Dictionary
    blocks: tuple[Block, ...]
    rows: bytes = field(repr=False)
    widths: tuple[int, ...] = ()
    odd: dict[int, Entry] = field(default_factory=dict, repr=False)
    number: int = -1
    index: dict[int, int] = field(default_factory=dict, repr=False)

    def get(self, num: int) -> Entry | None:
        """The entry of one object here, or None."""
        if self.index:
            pos = self.index.get(num, -1)
            if pos >= 0:
                return self._row(pos)
        else:
            size = sum(self.widths) or 20
            for first, count, pos in self.blocks:
                if first <= num < first + count:
                    return self._row(pos + size * (num - first))
        return self.odd.get(num)

    def items(self) -> Iterator[tuple[int, Entry]]:
        """Every entry, free ones too."""
        size = sum(self.widths) or 20
        for first, count, pos in self.blocks:
            for i in range(count):
                yield first + i, self._row(pos + size * i)
        yield from self.odd.items()

    def rows_in_bulk(self) -> Iterator[tuple[int, int, int]]:
        """Number, kind and first value of every entry, fast."""
        if self.widths:
            for num, entry in self.items():
                yield num, entry.kind, entry.a
            return
        for first, count, pos in self.blocks:
            for low in range(0, count, _BULK):  # in parts: a table may be very large
                high = min(count, low + _BULK)
                words = self.rows[pos + 20 * low : pos + 20 * high].split()
                numbers = range(first + low, first + high)
                for num, offset, kind in zip(numbers, words[0::3], words[2::3], strict=True):
                    yield num, IN_FILE if kind == b"n" else FREE, int(offset)
        for num, entry in self.odd.items():
            yield num, entry.kind, entry.a

    def _row(self, pos: int) -> Entry:
        if not self.widths:
            row = self.rows[pos : pos + 18]
            if row[17] == 0x6E:
                return Entry(IN_FILE, int(row[:10]), int(row[11:16]))
            return Entry(FREE, 0, 0)
        w0, w1, w2 = self.widths
        kind = int.from_bytes(self.rows[pos : pos + w0]) if w0 else IN_FILE
        a = int.from_bytes(self.rows[pos + w0 : pos + w0 + w1])
        b = int.from_bytes(self.rows[pos + w0 + w1 : pos + w0 + w1 + w2])
        return Entry(kind, a, b) if kind in (IN_FILE, IN_STREAM) else Entry(FREE, 0, 0)


def xref_error(detail: str, pos: int) -> InputError:
    return InputError("pdf.xref-section", detail, place=f"offset {pos}")


def read_section(data: bytes, pos: int, limits: Limits) -> Section:
    """The section at exactly ``pos`` (white space before it is skipped)."""
    if not 0 <= pos < len(data):
        raise xref_error("cross-reference offset outside the file", pos)
    while pos < len(data) and data[pos] in b"\x00\t\n\x0c\r ":
        pos += 1
    m = _TABLE.match(data, pos)
    if m is None:
        return _read_stream(data, pos, limits)
    return _read_table(data, pos, m.end(), limits)


def _read_table(data: bytes, start: int, pos: int, limits: Limits) -> Section:
    blocks: list[Block] = []
    odd: dict[int, Entry] = {}
    total = 0
    while m := _SUBSECTION.match(data, pos):
        first, count, pos = int(m[1]), int(m[2]), m.end()
        total += count
        if total > limits.pdf_objects or first + count > 1 << 32:
            raise LimitError("pdf.objects", "too many objects", place=f"offset {pos}")
        regular = _REGULAR_ENTRIES.match(data, pos, pos + 20 * count)
        if regular is not None and regular.end() == pos + 20 * count:
            blocks.append(Block(first, count, pos))
            pos = regular.end()
        else:
            pos = _read_odd_entries(data, pos, first, count, odd)
    m = _TRAILER.match(data, pos)
    if m is None:
        raise xref_error("a cross-reference table without trailer", pos)
    trailer, end = parse_value(data, m.end(), len(data), limits.pdf_depth)
    if type(trailer) is not dict:
        raise xref_error("the trailer is no dictionary", m.end())
    index = _index(blocks, odd, 20, start)
    return Section(start, end, trailer, tuple(blocks), data, odd=odd, index=index)


def _read_odd_entries(data: bytes, pos: int, first: int, count: int, odd: dict[int, Entry]) -> int:
    """Entries that are not 20 bytes each: read, since no reader takes them otherwise."""
    for num in range(first, first + count):
        m = _ANY_ENTRY.match(data, pos)
        if m is None:
            raise xref_error("a malformed cross-reference entry", pos)
        if num in odd:
            raise _twice(num, pos)
        odd[num] = Entry(IN_FILE, int(m[1]), int(m[2])) if m[3] == b"n" else Entry(FREE, 0, 0)
        pos = m.end()
    return pos


def _twice(num: int, pos: int) -> InputError:
    detail = f"object {num} twice in one cross-reference section"
    return InputError("pdf.duplicate-object", detail, place=f"offset {pos}")


def _index(blocks: list[Block], odd: dict[int, Entry], size: int, start: int) -> dict[int, int]:
    """Refuses an object listed twice; an index by number where there are many blocks."""
    spans = sorted((b.first, b.first + b.size) for b in blocks)
    for (_, stop), (following, _) in pairwise(spans):
        if following < stop:
            raise _twice(following, start)
    for num in odd:
        if any(low <= num < high for low, high in spans):
            raise _twice(num, start)
    if len(blocks) <= _MANY:
        return {}
    return {b.first + i: b.pos + size * i for b in blocks for i in range(b.size)}


def _read_stream(data: bytes, pos: int, limits: Limits) -> Section:
    try:
        parsed = parse_object(data, pos, len(data), limits.pdf_depth)
    except LimitError:
        raise
    except InputError as error:
        if error.code == "pdf.duplicate-key":
            raise
        raise xref_error("no cross-reference section here", pos) from None
    if parsed.end < 0:
        parsed = close_stream(data, parsed, None, len(data))  # /Length must be direct (7.5.8.2)
    stream = parsed.value
    if type(stream) is not Stream or stream.info.get("Type") != "XRef":
        raise xref_error("no cross-reference section here", pos)
    rows = decode(
        data[stream.start : stream.end],
        stream.info,
        lambda value: value,
        limit=limits.pdf_stream_inflated,
    )
    widths, blocks = _stream_blocks(stream.info, len(rows), pos, limits)
    index = _index(blocks, {}, sum(widths), pos)
    return Section(
        pos, parsed.end, stream.info, tuple(blocks), rows, widths, number=parsed.num, index=index
    )


def _stream_blocks(
    info: Dictionary, available: int, pos: int, limits: Limits
) -> tuple[tuple[int, ...], list[Block]]:
    widths: list[int] = info.get("W", [])
    size = info.get("Size")
    if not (_integers(widths) and len(widths) == 3 and max(widths) <= 8 and sum(widths) > 0):
        raise xref_error("/W of a cross-reference stream is malformed", pos)
    pairs = info.get("Index", [0, size])
    if not _integers(pairs) or len(pairs) % 2 or not pairs:
        raise xref_error("/Index of a cross-reference stream is malformed", pos)
    blocks, at = [], 0
    for first, count in zip(pairs[0::2], pairs[1::2], strict=True):
        blocks.append(Block(first, count, at))
        at += count * sum(widths)
    if at > limits.pdf_objects * sum(widths):
        raise LimitError("pdf.objects", "too many objects", place=f"offset {pos}")
    if at > available:
        raise xref_error("a cross-reference stream shorter than it says", pos)
    return tuple(widths), blocks


def _integers(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)


class Ending(NamedTuple):
    """``startxref N %%EOF``: the number, the offset after %%EOF, and after its end of line."""

    startxref: int
    mark: int
    end: int


def read_ending(data: bytes, pos: int) -> Ending | None:
    """The ``startxref`` and ``%%EOF`` that follow ``pos``, only comments between."""
    m = _ENDING.match(data, pos)
    return Ending(int(m[1]), m.end(2), m.end()) if m else None
