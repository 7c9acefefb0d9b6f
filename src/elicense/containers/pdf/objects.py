"""Objects by reference, as one revision sees them (7.3.10, 7.5.7).

A reference has one definition: the newest entry up to the revision. Object
streams are opened once; every loop is bounded and all reading together costs at
most a fixed multiple of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from elicense.containers.pdf.lexer import (
    UNTERMINATED,
    Dictionary,
    Parsed,
    Ref,
    Stream,
    Value,
    close_stream,
    parse_object,
    parse_value,
)
from elicense.containers.pdf.revisions import Revision
from elicense.containers.pdf.streams import decode
from elicense.containers.pdf.xref import IN_FILE, IN_STREAM, Entry, Section
from elicense.errors import InputError, LimitError
from elicense.limits import Limits

_CHAIN = 16  # references that lead to references
_KEPT = 50_000  # parsed objects kept
_STEPS = 1_500_000
_WORK = 4 * 1024 * 1024
_LONGEST = 16 * 1024 * 1024  # of one object outside its stream


@dataclass(slots=True)
class ObjectStream:
    """An opened object stream: its text and (number, offset) of each object in it."""

    data: bytes
    members: tuple[tuple[int, int], ...]
    values: dict[int, Value] = field(default_factory=dict)


@dataclass(slots=True)
class File:
    """The bytes and what was read of them so far, shared by all revisions."""

    data: bytes
    limits: Limits
    parsed: dict[int, Parsed] = field(default_factory=dict)
    closed: dict[tuple[int, int], Parsed] = field(default_factory=dict)
    streams: dict[tuple[int, int], ObjectStream] = field(default_factory=dict)
    work: int = 0
    steps: int = 0
    inflated: int = 0

    def spend(self, amount: int) -> None:
        """Counts bytes read; hostile offsets could make us read the same ones for ever."""
        self.work += amount + 16
        if self.work > 4 * len(self.data) + _WORK:
            raise LimitError("pdf.work", "objects overlap too much to be read")

    def step(self) -> None:
        """Counts nodes visited: many revisions of many objects are work too."""
        self.steps += 1
        if self.steps > _STEPS:
            raise LimitError("pdf.work", "too many objects in too many revisions")

    def object_at(self, pos: int) -> Parsed:
        """The object at an offset; a stream with indirect /Length is still open."""
        found = self.parsed.get(pos)
        if found is None:
            stop = min(len(self.data), pos + _LONGEST)
            try:
                found = parse_object(self.data, pos, stop, self.limits.pdf_depth)
            except InputError as error:
                self.spend(stop - pos if error.code == UNTERMINATED else 0)
                raise
            end = found.end if type(found.value) is not Stream else found.value.start
            self.spend(end - pos)
            if len(self.parsed) < _KEPT:
                self.parsed[pos] = found
        return found


@dataclass(slots=True)
class View:
    """The objects as they stand after one revision."""

    file: File
    revisions: tuple[Revision, ...]  # all of the file
    revision: Revision
    sections: tuple[Section, ...]  # the newest first
    memo: dict[str, Any] = field(default_factory=dict)  # what was derived from it before

    def entry(self, num: int) -> Entry | None:
        """The entry that defines an object, None where no section lists it."""
        for section in self.sections:
            found = section.get(num)
            if found is not None:
                return found
        return None

    def get(self, ref: Ref) -> Value:
        """The value of one reference; None (null) where nothing is defined.

        Raises InputError where the entry does not lead to that object.
        """
        entry = self.entry(ref.num)
        if entry is None:
            return None
        if entry.kind == IN_FILE:
            if entry.b != ref.gen:
                return None
            return self.at(ref, entry.a).value
        if entry.kind == IN_STREAM and not ref.gen:
            return self._from_stream(ref, entry)
        return None

    def at(self, ref: Ref, offset: int) -> Parsed:
        """The object at an offset, which must be the one named."""
        parsed = self.file.object_at(offset)
        if parsed.num != ref.num or parsed.gen != ref.gen:
            detail = f"object {ref.num} {ref.gen} is not where its entry says"
            raise InputError("pdf.xref", detail, place=f"offset {offset}")
        return parsed if parsed.end >= 0 else self.close(offset, parsed)

    def close(self, offset: int, parsed: Parsed) -> Parsed:
        """A stream whose /Length is a reference, closed with what this revision says."""
        length = self._length(parsed.value.info["Length"])
        key = (offset, length)
        if key not in self.file.closed:
            data = self.file.data
            self.file.closed[key] = close_stream(data, parsed, length, len(data))
        return self.file.closed[key]

    def _length(self, ref: Ref) -> int:
        entry = self.entry(ref.num)
        value: Value = None
        if entry is not None and entry.kind == IN_FILE:
            parsed = self.file.object_at(entry.a)
            value = parsed.value if (parsed.num, parsed.gen) == ref else None
        elif entry is not None and entry.kind == IN_STREAM:
            value = self._from_stream(ref, entry)
        return value if type(value) is int else -1

    def resolve(self, value: Value) -> Value:
        """The value itself, references followed (at most a few)."""
        for _ in range(_CHAIN):
            if type(value) is not Ref:
                return value
            value = self.get(value)
        raise InputError("pdf.reference-loop", "references lead to references without end")

    def dictionary(self, value: Value) -> Dictionary:
        """The dictionary (or a stream's) behind a value; empty if it is something else."""
        value = self.resolve(value)
        if type(value) is Stream:
            return value.info
        return value if type(value) is dict else {}

    def array(self, value: Value) -> list[Value]:
        """The array behind a value; empty if it is something else."""
        value = self.resolve(value)
        return value if type(value) is list else []

    def raw(self, stream: Stream) -> memoryview:
        """A stream's bytes as they stand in the file."""
        return memoryview(self.file.data)[stream.start : stream.end]

    def decoded(self, stream: Stream, *, direct: bool = False) -> bytes:
        """A stream's decoded bytes, within the limits on inflation.

        With ``direct`` its dictionary may not use references for the filter.
        """
        limits = self.file.limits
        room = min(limits.pdf_stream_inflated, limits.pdf_total_inflated - self.file.inflated)
        raw = self.file.data[stream.start : stream.end]
        resolve = _no_reference if direct else self.resolve
        out = decode(raw, stream.info, resolve, limit=max(room, 0))
        self.file.inflated += len(out)
        return out

    def _from_stream(self, ref: Ref, entry: Entry) -> Value:
        opened = self.open_stream(entry.a)
        if entry.b >= len(opened.members) or opened.members[entry.b][0] != ref.num:
            detail = f"object {ref.num} is not at index {entry.b} of object stream {entry.a}"
            raise InputError("pdf.xref", detail)
        if entry.b not in opened.values:
            pos = opened.members[entry.b][1]
            end = len(opened.data)
            value, after = parse_value(opened.data, pos, end, self.file.limits.pdf_depth)
            self.file.spend(after - pos)
            opened.values[entry.b] = value
        return opened.values[entry.b]

    def open_stream(self, num: int) -> ObjectStream:
        """The object stream with that number (generation 0, itself in no other stream)."""
        entry = self.entry(num)
        if entry is None or entry.kind != IN_FILE:
            raise InputError("pdf.xref", f"object stream {num} is not in the file")
        stream = self.at(Ref(num, 0), entry.a).value
        if type(stream) is not Stream or stream.info.get("Type") != "ObjStm":
            raise InputError("pdf.xref", f"object {num} is no object stream")
        key = (stream.start, stream.end)
        opened = self.file.streams.get(key)
        if opened is None:
            opened = self.file.streams[key] = self._open(stream, num)
        return opened

    def _open(self, stream: Stream, num: int) -> ObjectStream:
        count, first = stream.info.get("N"), stream.info.get("First")
        data = self.decoded(stream, direct=True)
        if type(count) is not int or type(first) is not int:
            raise InputError("pdf.object-stream", f"object stream {num} without /N or /First")
        if not (0 <= count <= self.file.limits.pdf_objects and 0 <= first <= len(data)):
            raise InputError("pdf.object-stream", f"/N or /First of object stream {num} is wrong")
        words = data[:first].split()
        if len(words) < 2 * count or not all(word.isdigit() for word in words[: 2 * count]):
            raise InputError("pdf.object-stream", f"the head of object stream {num} is wrong")
        numbers = [int(word) for word in words[: 2 * count] if len(word) <= 10]
        members = tuple(
            (n, first + at) for n, at in zip(numbers[0::2], numbers[1::2], strict=False)
        )
        if len({n for n, _ in members}) != count or any(at > len(data) for _, at in members):
            detail = f"object stream {num} defines one object twice, or past its end"
            raise InputError("pdf.duplicate-object", detail)
        return ObjectStream(data, members)


def view_of(file: File, revisions: tuple[Revision, ...], index: int) -> View:
    """The objects as they stand after revision ``index``."""
    sections = tuple(s for r in reversed(revisions[: index + 1]) for s in r.sections)
    return View(file, revisions, revisions[index], sections)


def links(value: Value) -> Iterator[tuple[str, Ref]]:
    """Every reference inside a value, each with the way to it."""
    todo = [("", value)]
    while todo:
        path, current = todo.pop()
        if type(current) is Ref:
            yield path[1:], current
            continue
        inner = current.info if type(current) is Stream else current
        entries = inner.items() if type(inner) is dict else enumerate(_as_list(inner))
        todo += [(f"{path}/{k}", v) for k, v in entries if type(v) in (Ref, list, dict)]


def _as_list(value: Value) -> list[Value]:
    return value if type(value) is list else []


def _no_reference(value: Value) -> Value:
    if type(value) is Ref:
        raise InputError("pdf.object-stream", "an object stream's filter is a reference")
    return value
