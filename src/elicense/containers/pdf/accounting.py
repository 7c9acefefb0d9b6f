"""Byte accounting of what was appended after the first signature.

Every byte must be white space, a comment, an object its revision's
cross-reference lists at that place, or the cross-reference itself. Readers that
rebuild a broken table would otherwise find objects the strict ones never see
(incremental saving attacks).
"""

from __future__ import annotations

import re

from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.lexer import OBJECT, SKIP, Parsed, Ref, Stream
from elicense.containers.pdf.objects import View
from elicense.containers.pdf.revisions import WHITE
from elicense.containers.pdf.xref import IN_FILE, IN_STREAM, Entry, read_ending
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault

_SUSPICIOUS = re.compile(rb"\d\s+obj|endobj|xref|trailer|<<|stream")


def account(view: View, before: View) -> list[Fault]:
    """The faults in the bytes of one revision; ``before`` is the revision it follows."""
    faults: list[Fault] = []
    try:
        starts = _walk(view, faults)
    except LimitError:
        raise
    except InputError as error:
        faults.append(from_error(error, _label(view), kind="unexplained-bytes"))
        return faults
    _check_entries(view, before, starts, faults)
    return faults


def _label(view: View) -> str:
    return f"revision {view.revision.index}"


def _walk(view: View, faults: list[Fault]) -> dict[int, Ref]:
    """Reads the revision from end to end; offset and name of each object met."""
    data, revision = view.file.data, view.revision
    sections = {section.start: section for section in revision.sections}
    starts: dict[int, Ref] = {}
    pos = revision.start
    while True:
        pos = _skip(view, pos, faults)
        if pos >= revision.mark:
            return starts
        if pos in sections:
            starts[pos] = Ref(sections[pos].number, 0)
            pos = sections[pos].end
            ending = read_ending(data, pos)
            pos = ending.end if ending else pos
            continue
        if OBJECT.match(data, pos) is None:
            faults.append(fault("unexplained-bytes", f"{_label(view)} offset {pos}"))
            return starts
        parsed = view.file.object_at(pos)
        parsed = parsed if parsed.end >= 0 else view.close(pos, parsed)
        starts[pos] = Ref(parsed.num, parsed.gen)
        _check_object(view, pos, parsed, faults)
        pos = parsed.end


def _skip(view: View, pos: int, faults: list[Fault]) -> int:
    m = SKIP.match(view.file.data, pos)
    end = m.end() if m else pos
    end = max(pos, min(end, view.revision.end))
    if end - pos > 2 and _SUSPICIOUS.search(view.file.data, pos, end):
        detail = "a comment holds what a repairing reader would take for an object"
        faults.append(fault("unexplained-bytes", f"{_label(view)} offset {pos}", detail))
    return end


def _check_object(view: View, pos: int, parsed: Parsed, faults: list[Fault]) -> None:
    stream = parsed.value if type(parsed.value) is Stream else None
    kind = stream.info.get("Type") if stream else None
    if kind == "XRef":
        return
    entry = _own(view, parsed.num)
    place = f"{_label(view)} object {parsed.num} {parsed.gen} offset {pos}"
    if entry is None or entry.kind != IN_FILE or not _leads(view, entry, pos):
        faults.append(fault("object-outside-xref", place))
    elif kind == "ObjStm":
        members = view.open_stream(parsed.num).members
        for index, (num, _) in enumerate(members):
            if _own(view, num) != Entry(IN_STREAM, parsed.num, index):
                faults.append(fault("object-outside-xref", f"{place} holds object {num}"))


def _own(view: View, num: int) -> Entry | None:
    """The entry of an object in this revision's own sections."""
    for section in view.revision.sections:
        found = section.get(num)
        if found is not None:
            return found
    return None


def _leads(view: View, entry: Entry, pos: int) -> bool:
    return entry.a <= pos <= entry.a + 8 and not view.file.data[entry.a : pos].strip(WHITE)


def _check_entries(view: View, before: View, starts: dict[int, Ref], faults: list[Fault]) -> None:
    """Each entry leads to an object of this revision, or repeats the one before."""
    for section in view.revision.sections:
        for num, entry in section.items():
            if entry.kind != IN_FILE or not num:
                continue
            name = Ref(num, entry.b)
            near = (pos for pos in range(entry.a, entry.a + 9) if starts.get(pos) == name)
            pos = next(near, -1)
            if pos < 0 and before.entry(num) != entry:
                place = f"{_label(view)} object {num} offset {entry.a}"
                faults.append(fault("xref-entry-wrong", place))
