"""Signature dictionaries no field leads to: a /ByteRange is never "unsigned"."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.lexer import Dictionary, Ref, Stream, Value
from elicense.containers.pdf.objects import View
from elicense.containers.pdf.xref import IN_FILE, IN_STREAM
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault

_MOST_STRAY = 10_000
_MOST_NAMED = 8  # faults that say the same


class Stray(NamedTuple):
    """A signature dictionary no field leads to; ``usage`` if it only grants usage rights."""

    entries: Dictionary
    ref: Ref
    start: int
    end: int
    usage: bool


def find_stray(view: View, known: list[tuple[int, int]], faults: list[Fault]) -> tuple[Stray, ...]:
    """The dictionaries with a /ByteRange outside the ``known`` spans, and faults for the rest.

    ``view`` is the last revision's. A /ByteRange in a stream's data is none of the
    file's own.
    """
    file = view.file
    stray: list[int] = []
    pos = file.data.find(b"/ByteRange")
    while pos >= 0:
        if not any(start < pos < end for start, end in known):
            stray.append(pos)
        if len(stray) > _MOST_STRAY:
            raise LimitError("pdf.signatures", "too many /ByteRange entries")
        pos = file.data.find(b"/ByteRange", pos + 1)
    starts = _all_starts(view) if stray else {}
    ordered = sorted(starts)
    found: dict[int, Stray] = {}
    outside: list[Fault] = []
    for pos in stray:
        place = bisect_right(ordered, pos) - 1
        start = ordered[place] if place >= 0 else -1
        item = _classify(view, pos, starts.get(start, Ref(0, 0)), start, outside)
        if item is not None:
            found[item.start] = item
        if len(outside) >= _MOST_NAMED:
            break
    faults += outside
    return tuple(found.values())


def _all_starts(view: View) -> dict[int, Ref]:
    """Offset and name of every object any section lists."""
    starts: dict[int, Ref] = {}
    for section in view.sections:
        for num, entry in section.items():
            if entry.kind == IN_FILE:
                starts.setdefault(entry.a, Ref(num, entry.b))
    return starts


def _classify(view: View, pos: int, ref: Ref, start: int, faults: list[Fault]) -> Stray | None:
    """What a /ByteRange at ``pos`` belongs to; ``ref`` is the object that starts before it."""
    try:
        parsed = view.at(ref, start) if start >= 0 else None
    except LimitError:
        raise
    except InputError as error:
        faults.append(from_error(error, f"/ByteRange at offset {pos}"))
        return None
    if parsed is None or pos >= parsed.end:
        faults.append(fault("byterange-outside-object", f"offset {pos}"))
        return None
    value = parsed.value
    if type(value) is Stream:
        if pos >= value.start:
            return None  # an attached file's own signature
        value = value.info
    dictionary = _holding(value)
    if dictionary is None:
        return None  # the word stands in a string
    name = Ref(parsed.num, parsed.gen)
    return Stray(dictionary, name, start, parsed.end, _is_usage_rights(view, name))


def _holding(value: Value) -> Dictionary | None:
    """The dictionary with /ByteRange in a value, at any depth."""
    todo = [value]
    while todo:
        current = todo.pop()
        if type(current) is dict:
            if "ByteRange" in current:
                return current
            todo += current.values()
        elif type(current) is list:
            todo += current
    return None


def _is_usage_rights(view: View, ref: Ref) -> bool:
    root = view.dictionary(view.revision.trailer.get("Root"))
    permissions = view.dictionary(root.get("Perms"))
    return any(permissions.get(key) == ref for key in ("UR", "UR3"))


def in_streams(views: tuple[View, ...], faults: list[Fault]) -> None:
    """A fault for each object stream that holds a /ByteRange: it could frame nothing."""
    for view in views:
        numbers = {
            entry.a
            for section in view.revision.sections
            if section.widths
            for _, entry in section.items()
            if entry.kind == IN_STREAM
        }
        for num in sorted(numbers):
            try:
                opened = view.open_stream(num)
            except LimitError:
                raise
            except InputError as error:
                faults.append(from_error(error, f"object stream {num}"))
                continue
            if b"/ByteRange" in opened.data:
                faults.append(fault("signature-in-stream", f"object stream {num}"))
