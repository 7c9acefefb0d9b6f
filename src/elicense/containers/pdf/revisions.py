"""The revisions of a file: the cross-reference chain, each section with its end.

Revisions follow the /Prev chain, never a search for ``%%EOF``: an attached PDF
holds such marks too. Each revision ends at its own ``%%EOF`` (7.5.5, 7.5.6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.lexer import OBJECT, Dictionary, parse_object
from elicense.containers.pdf.xref import Ending, Section, read_ending, read_section
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault, Note
from elicense.limits import Limits

WHITE = b"\x00\t\n\x0c\r "
_HEADER = re.compile(rb"%PDF-\d\.\d")
_TAIL_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Revision:
    """Bytes ``start`` to ``end`` of the file; ``mark`` is the offset after ``%%EOF``.

    ``sections`` are this revision's own cross-reference sections, the first
    asked first; ``trailer`` belongs to it.
    """

    index: int
    start: int
    mark: int
    end: int
    sections: tuple[Section, ...]
    trailer: Dictionary


@dataclass(slots=True)
class Chain:
    """What :func:`read_chain` found, oldest revision first."""

    revisions: tuple[Revision, ...]
    faults: list[Fault]
    notes: list[Note]


def read_chain(data: bytes, limits: Limits) -> Chain:
    """The revisions of the file. Raises InputError if there is no PDF header at all."""
    faults: list[Fault] = []
    notes: list[Note] = []
    _check_header(data, faults)
    start, ending = _find_head(data, limits, faults)
    if start is None:
        return Chain((), faults, notes)
    sections = _follow(data, start, limits, faults)
    return Chain(_split(data, sections, ending, faults, notes), faults, notes)


def _check_header(data: bytes, faults: list[Fault]) -> None:
    m = _HEADER.search(data, 0, 1024)
    if m is None:
        raise InputError("pdf.header", "no PDF header in the first 1024 bytes", place="offset 0")
    if m.start():
        faults.append(fault("header-displaced", f"offset {m.start()}", fatal=False))


def _find_head(
    data: bytes, limits: Limits, faults: list[Fault]
) -> tuple[Section | None, Ending | None]:
    """The newest section that can be read; anything but the last one is a fault."""
    mark = data.rfind(b"%%EOF")
    pos = len(data)
    for attempt in range(_TAIL_ATTEMPTS):
        pos = data.rfind(b"startxref", 0, pos)
        if pos < 0:
            break
        ending = read_ending(data, pos)
        try:
            if ending is None:
                raise InputError("pdf.xref-section", "startxref without number and %%EOF")
            section = read_section(data, ending.startxref, limits)
        except LimitError:
            raise
        except InputError as error:
            if not attempt:
                faults.append(from_error(error, f"startxref at offset {pos}", kind="xref-broken"))
            continue
        if attempt or ending.mark != mark + 5 or data[ending.end :].strip(WHITE):
            faults.append(fault("trailing-bytes", f"offset {ending.end}"))
        return section, ending
    if not faults or faults[-1].kind != "xref-broken":
        faults.append(fault("xref-broken", "end of file", "no startxref"))
    return None, None


def _follow(
    data: bytes, head: Section, limits: Limits, faults: list[Fault]
) -> list[tuple[Section, ...]]:
    """The sections along /Prev, newest first; a hybrid's stream stands beside its table."""
    chain: list[tuple[Section, ...]] = [(head,)]
    seen = {head.start}
    current = head
    try:
        while True:
            if "XRefStm" in current.trailer and current.number < 0:
                chain[-1] += (_hybrid(data, current, limits, faults),)
            if "Prev" not in current.trailer:
                return chain
            if len(chain) > limits.pdf_revisions:
                raise LimitError("pdf.revisions", "too many revisions")
            previous = current.trailer["Prev"]
            if type(previous) is not int:
                raise InputError("pdf.xref-section", "/Prev is no integer")
            following = read_section(data, previous, limits)
            if following.start in seen or not _may_follow(data, current, following, limits):
                faults.append(fault("prev-loop", f"section at offset {current.start}"))
                return chain
            seen.add(following.start)
            chain.append((following,))
            current = following
    except LimitError:
        raise
    except InputError as error:
        where = f"section at offset {current.start}"
        faults.append(from_error(error, where, kind="xref-broken"))
        return chain


def _hybrid(data: bytes, table: Section, limits: Limits, faults: list[Fault]) -> Section:
    where = f"section at offset {table.start}"
    if not any(f.kind == "hybrid-xref" for f in faults):
        faults.append(fault("hybrid-xref", where, fatal=False))
    offset = table.trailer["XRefStm"]
    stream = read_section(data, offset, limits) if type(offset) is int else None
    if stream is None or stream.number < 0 or stream.start >= table.start:
        raise InputError("pdf.xref-section", "/XRefStm leads to no earlier stream", place=where)
    return stream


def _may_follow(data: bytes, current: Section, following: Section, limits: Limits) -> bool:
    """/Prev leads backwards, but for the one jump inside a linearised first revision."""
    if following.end <= current.start:
        return True
    if following.start < current.end or "Prev" in following.trailer:
        return False
    m = OBJECT.search(data, 0, 1024)
    if m is None:
        return False
    first = parse_object(data, m.start(), len(data), limits.pdf_depth).value
    return isinstance(first, dict) and "Linearized" in first and m.start() < current.start


def _split(
    data: bytes,
    chain: list[tuple[Section, ...]],
    ending: Ending | None,
    faults: list[Fault],
    notes: list[Note],
) -> tuple[Revision, ...]:
    """Revisions from sections: each takes the bytes up to the %%EOF after its section."""
    groups: list[list[Section]] = []
    ends: list[Ending] = []
    for place, sections in enumerate(chain):
        forward = place > 0 and sections[0].start > chain[place - 1][0].start
        found = read_ending(data, sections[0].end)
        if place == 0 and (found is None or found != ending) and not _jumps(chain):
            assert ending is not None
            faults.append(fault("unexplained-bytes", f"offset {sections[0].end}"))
            found = ending
        if forward and found is not None:  # the main part of a linearised file ends the revision
            ends[-1] = found
        if forward or (found is None and groups):
            groups[-1] += sections
            if not forward:
                detail = "belongs to the next revision"
                notes.append(Note("section-without-end", f"offset {sections[0].start}", detail))
            continue
        groups.append(list(sections))
        ends.append(found or Ending(-1, sections[0].end, sections[0].end))
    return _number(data, groups, ends, faults)


def _jumps(chain: list[tuple[Section, ...]]) -> bool:
    return len(chain) == 2 and chain[1][0].start > chain[0][0].start


def _number(
    data: bytes, groups: list[list[Section]], ends: list[Ending], faults: list[Fault]
) -> tuple[Revision, ...]:
    revisions: list[Revision] = []
    start = 0
    for sections, ending in zip(reversed(groups), reversed(ends), strict=True):
        index = len(revisions)
        if min(s.start for s in sections if s.number < 0 or s is sections[0]) < start:
            faults.append(fault("prev-loop", f"revision {index}", "sections lie out of order"))
        if not _names(data, ending.startxref, sections):
            faults.append(fault("startxref-mismatch", f"revision {index}", fatal=False))
        revisions.append(
            Revision(index, start, ending.mark, ending.end, tuple(sections), sections[0].trailer)
        )
        start = max(start, ending.end)
    return tuple(revisions)


def _names(data: bytes, startxref: int, sections: list[Section]) -> bool:
    """Whether a startxref leads to the revision's first section (white space aside)."""
    first = sections[0].start
    return 0 <= startxref <= first and not data[startxref:first].strip(WHITE)
