"""What a document to be sealed should not hold: moving parts and prepared objects.

Shadow attacks prepare, before signing, what a later update brings to light;
scripts, layers and outside streams change the page without any update. The
reachable objects of one revision are looked through; the rest are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from elicense.containers.pdf.faults import fault
from elicense.containers.pdf.lexer import Ref, Stream, Value
from elicense.containers.pdf.objects import View
from elicense.containers.pdf.xref import FREE, IN_FILE, IN_STREAM
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault, Note

_ACTIVE = {
    "JavaScript": "JavaScript",
    "Launch": "an action that starts a program",
    "ImportData": "an action that imports data",
    "SubmitForm": "an action that sends data",
    "GoToE": "an action into an embedded document",
    "GoToR": "an action into another document",
    "Rendition": "an action that plays media",
    "RichMedia": "rich media",
    "RichMediaExecute": "rich media",
    "Movie": "a movie",
    "Sound": "a sound",
    "Screen": "a media screen",
    "3D": "3D content",
}
_KEYS = (*_ACTIVE, "XFA", "JS", "OCProperties", "OCG", "OCMD", "URI", "F", "FT")
_INTERESTING = re.compile(
    rb"/(?:"
    + b"|".join(key.encode() for key in sorted(_KEYS, key=len, reverse=True))
    + rb")(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
)
_PLAIN_STRING = re.compile(rb"\([^()\\]*+\)")
_HEAD = 65536  # longer dictionaries are parsed in full
MAX_NAMED = 16


@dataclass(slots=True)
class Lint:
    """What was found while walking one revision."""

    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    kinds: set[tuple[str, int]] = field(default_factory=set)


def inspect(view: View) -> Lint:
    """Faults (``dynamic-content``) and notes on every object of a revision.

    Objects whose bytes cannot hide anything and name nothing of interest are
    not parsed: that is nearly all of them.
    """
    found = Lint()
    offsets, streams = live_entries(view)
    search = _INTERESTING.search
    data, parsed = view.file.data, view.file.parsed
    for num, offset in offsets.items():
        if offset in parsed:
            _remark(view, num, parsed[offset].value, found)
            continue
        end = data.find(b"endobj", offset, offset + _HEAD)
        stream = data.find(b"stream", offset, end if end >= 0 else offset + _HEAD)
        head = data[offset : stream if stream >= 0 else end] if stream >= 0 or end >= 0 else b"("
        if b"(" in head:
            head = _PLAIN_STRING.sub(b" ", head)
        # what is left of a string here was not plain: only the parser can tell where it ends
        if b"(" in head or b")" in head or b"#" in head or b"%" in head or search(head):
            _examine(view, num, offset, found)
    for num in streams:
        _examine_members(view, num, found)
    return found


def live_entries(view: View) -> tuple[dict[int, int], list[int]]:
    """Offsets by number of the objects in use, and the object streams in use."""
    offsets: dict[int, int] = {}
    seen: set[int] = set()
    streams: set[int] = set()
    for section in view.sections:
        for num, kind, a in section.rows_in_bulk():
            if num in seen:
                continue
            seen.add(num)
            if kind == IN_FILE:
                offsets[num] = a
            elif kind == IN_STREAM:
                streams.add(a)
    offsets.pop(0, None)
    return offsets, sorted(streams)


def _examine(view: View, num: int, offset: int, found: Lint) -> None:
    try:
        parsed = view.file.object_at(offset)
    except LimitError:
        raise
    except InputError as error:
        found.notes.append(Note("object-unreadable", f"object {num}", error.detail))
        return
    _remark(view, num, parsed.value, found)


def _examine_members(view: View, num: int, found: Lint) -> None:
    """The objects of an object stream, if its text names anything of interest."""
    try:
        opened = view.open_stream(num)
        if b"#" not in opened.data and not _INTERESTING.search(opened.data):
            return
        for member, _ in opened.members:
            _remark(view, member, view.get(Ref(member, 0)), found)
    except LimitError:
        raise
    except InputError as error:
        found.notes.append(Note("object-unreadable", f"object stream {num}", error.detail))


def unreferenced(view: View) -> tuple[int, ...]:
    """Numbers of objects nothing leads to: a later update could bring them to light."""
    reached: set[int] = set()
    todo = list(_references(view.revision.trailer))
    while todo:
        num = todo.pop()
        if num not in reached:
            reached.add(num)
            entry = view.entry(num)
            if entry is not None and entry.kind != FREE:
                generation = entry.b if entry.kind == IN_FILE else 0
                todo += _references(view.get(Ref(num, generation)))
    offsets, _ = live_entries(view)
    idle = (n for n, offset in offsets.items() if n not in reached and not _own(view, offset))
    return tuple(sorted(idle))


def _references(value: Value) -> Iterator[int]:
    todo = [value]
    while todo:
        current = todo.pop()
        if type(current) is Ref:
            yield current.num
        elif type(current) is list:
            todo += current
        elif type(current) is dict:
            todo += current.values()
        elif type(current) is Stream:
            todo += current.info.values()


def _remark(view: View, num: int, value: Value, found: Lint) -> None:
    if type(value) is Stream and "F" in value.info:
        _dynamic(found, num, "a stream whose data lies in another file")
    todo = [value.info if type(value) is Stream else value]
    while todo:
        current = todo.pop()
        if type(current) is list:
            todo += [item for item in current if type(item) in (list, dict)]
        elif type(current) is dict:
            _remark_dictionary(view, num, current, found)
            todo += [item for item in current.values() if type(item) in (list, dict)]


def _remark_dictionary(view: View, num: int, entries: dict[str, Value], found: Lint) -> None:
    for key in ("S", "Subtype"):
        what = entries.get(key)
        if type(what) is str and what in _ACTIVE:
            _dynamic(found, num, _ACTIVE[what])
    if "XFA" in entries and view.resolve(entries["XFA"]) is not None:
        _dynamic(found, num, "an XFA form")
    if "JS" in entries or ("JavaScript" in entries and entries.get("S") is None):
        _dynamic(found, num, "JavaScript")
    if "OCProperties" in entries or entries.get("Type") in ("OCG", "OCMD"):
        _dynamic(found, num, "optional content (layers)", fatal=False)
    if entries.get("S") == "URI":
        _note(found, "link", num, "a link to a web address")
    if entries.get("FT") in ("Tx", "Ch", "Btn"):
        _note(found, "form-field", num, "a form field that can be filled")


def _dynamic(found: Lint, num: int, what: str, *, fatal: bool = True) -> None:
    if (what, 0) not in found.kinds:
        found.kinds.add((what, 0))
        found.faults.append(fault("dynamic-content", f"object {num}", what, fatal=fatal))


def _note(found: Lint, kind: str, num: int, detail: str) -> None:
    if (kind, num) not in found.kinds and len(found.notes) < MAX_NAMED:
        found.kinds.add((kind, num))
        found.notes.append(Note(kind, f"object {num}", detail))


def _own(view: View, offset: int) -> bool:
    """Whether an object belongs to the file's own structure, not to the document."""
    try:
        parsed = view.file.object_at(offset)
    except LimitError:
        raise
    except InputError:
        return False
    value = parsed.value
    info = value.info if type(value) is Stream else value
    if type(info) is not dict:
        return value is None
    return info.get("Type") in ("XRef", "ObjStm") or "Linearized" in info or "S" in info
