"""Signature dictionaries: their bytes, their ranges, and every one there is (12.8).

A signature is what a field leads to in any revision. Any other /ByteRange in
the file is reported too: it is never "unsigned".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.fields import SignatureField, signature_fields, widget_place
from elicense.containers.pdf.lexer import (
    Dictionary,
    Ref,
    Stream,
    Value,
    hex_string,
    text,
)
from elicense.containers.pdf.model import FieldLock, PdfSignature
from elicense.containers.pdf.objects import View
from elicense.containers.pdf.revisions import WHITE
from elicense.containers.pdf.xref import IN_FILE, IN_STREAM
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault, Note

_KEY_BEFORE_GAP = re.compile(rb"/Contents[\x00\t\n\x0c\r ]*+\Z")


@dataclass(slots=True)
class Found:
    """A signature dictionary: where it stands and the fields that lead to it."""

    entries: Dictionary
    ref: Ref
    start: int
    end: int
    view: View
    fields: list[SignatureField] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_signatures(
    views: tuple[View, ...], pages: tuple[Ref, ...], faults: list[Fault]
) -> tuple[PdfSignature, ...]:
    """Every signature of the file, in the order of the bytes they cover."""
    found: dict[int, Found] = {}
    for view in views:
        _from_fields(view, found, faults)
    known = [(item.start, item.end) for item in found.values()]
    _merge_identical(found)
    if views:
        _unreachable(views, found, known, faults)
    signatures = [_signature(item, pages) for item in found.values()]
    signatures.sort(key=lambda s: (sum(s.byte_range[2:4]), s.offset))
    if views and len(signatures) > views[0].file.limits.signatures:
        raise LimitError("pdf.signatures", "too many signatures")
    return tuple(signatures)


def _from_fields(view: View, found: dict[int, Found], faults: list[Fault]) -> None:
    seen_faults: list[Fault] = []
    for entry in signature_fields(view, seen_faults):
        try:
            _from_field(view, entry, found, seen_faults)
        except LimitError:
            raise
        except InputError as error:
            seen_faults.append(from_error(error, f"field {entry.name!r}"))
    faults.extend(f for f in seen_faults if f not in faults)


def _from_field(
    view: View, entry: SignatureField, found: dict[int, Found], faults: list[Fault]
) -> None:
    value = view.resolve(entry.value)
    if value is None:
        return
    place = f"field {entry.name!r}"
    if type(value) is not dict:
        faults.append(fault("signature-unreadable", place))
        return
    holder = entry.value if type(entry.value) is Ref else entry.ref
    where = view.entry(holder.num) if holder is not None else None
    if holder is None or where is None:
        faults.append(fault("signature-unreadable", place, "the dictionary lies in no object"))
        return
    if where.kind != IN_FILE:
        faults.append(fault("signature-in-stream", place))
        return
    item = found.get(where.a)
    if item is None:
        end = view.at(holder, where.a).end
        item = found[where.a] = Found(value, holder, where.a, end, view)
    names = [f.name for f in item.fields]
    if entry.name not in names:
        item.fields.append(entry)


def _merge_identical(found: dict[int, Found]) -> None:
    """A dictionary written again with the same value is the same signature."""
    for start in sorted(found, reverse=True):
        item = found[start]
        for other in found.values():
            same = other.start < start and other.ref == item.ref and other.entries == item.entries
            if same:
                known = {f.name for f in other.fields}
                other.fields += [f for f in item.fields if f.name not in known]
                detail = f"object {item.ref.num} is written again, unchanged"
                other.notes.append(Note("signature-rewritten", f"offset {start}", detail))
                del found[start]
                break


def _signature(item: Found, pages: tuple[Ref, ...]) -> PdfSignature:
    entries, view = item.entries, item.view
    contents = _contents(item)
    byte_range = _byte_range(item)
    segments, covers = _segments(item, byte_range)
    revision, covers_revision, covers_file = (
        _coverage(item, byte_range) if covers else (_located(item), False, False)
    )
    first = item.fields[0] if item.fields else None
    page, rect = widget_place(view, first, pages) if first else (None, None)
    if len(item.fields) > 1:
        names = ", ".join(f.name for f in item.fields)
        item.notes.append(Note("signature-in-several-fields", _place(item), names))
    words = {key: text(view.resolve(entries.get(key))) for key in _WORDS}
    kind = view.resolve(entries.get("Type"))
    subfilter = _name(view, entries.get("SubFilter"))
    docmdp, fieldmdp = _policies(view, entries)
    return PdfSignature(
        index=0,
        field=first.name if first else "",
        fields=tuple(f.name for f in item.fields),
        object=(item.ref.num, item.ref.gen),
        offset=item.start,
        revision=revision,
        type="DocTimeStamp" if kind == "DocTimeStamp" or subfilter == _RFC3161 else "Sig",
        filter=_name(view, entries.get("Filter")),
        subfilter=subfilter,
        contents=contents,
        byte_range=byte_range,
        segments=segments,
        reason=words["Reason"],
        name=words["Name"],
        location=words["Location"],
        contact=words["ContactInfo"],
        m=words["M"],
        page=page,
        rect=rect,
        docmdp=docmdp,
        fieldmdp=fieldmdp,
        lock=_lock(view, first.entries.get("Lock")) if first else None,
        covers_revision=covers_revision,
        covers_file=covers_file,
        faults=tuple(item.faults),
        notes=tuple(item.notes),
    )


_WORDS = ("Reason", "Name", "Location", "ContactInfo", "M")
_RFC3161 = "ETSI.RFC3161"


def _place(item: Found) -> str:
    label = f"field {item.fields[0].name!r}" if item.fields else "signature"
    return f"{label} object {item.ref.num} {item.ref.gen}"


def _name(view: View, value: Value) -> str:
    value = view.resolve(value)
    return value if type(value) is str else ""


def _contents(item: Found) -> bytes:
    """The exact value in /Contents; empty, with a fault, if there is none."""
    raw = item.entries.get("Contents")
    if type(raw) is not bytes or not raw.strip(b"\x00"):
        item.faults.append(fault("contents-missing", _place(item)))
        return b""
    length = value_length(raw)
    if length is None or raw[0] not in (0x30, 0x04):
        item.faults.append(fault("contents-not-der-shaped", _place(item)))
        return b""
    if raw.count(0, length) != len(raw) - length:
        item.faults.append(fault("contents-trailing-data", _place(item)))
    return raw[:length]


def value_length(raw: bytes, depth: int = 16) -> int | None:
    """Length of the one DER or BER value ``raw`` starts with; None if it has none.

    Indefinite lengths (X.690, 8.1.3.6) are followed to their end.
    """
    if len(raw) < 2 or raw[0] & 0x1F == 0x1F:
        return None
    first = raw[1]
    if first == 0x80:
        return _indefinite(raw, depth)
    if first < 0x80:
        total = 2 + first
    else:
        count = first & 0x7F
        if count > 8 or len(raw) < 2 + count:
            return None
        total = 2 + count + int.from_bytes(raw[2 : 2 + count])
    return total if total <= len(raw) else None


def _indefinite(raw: bytes, depth: int) -> int | None:
    """The end of a value of indefinite length: its parts until two zero bytes."""
    if not raw[0] & 0x20:
        return None
    pos, open_values = 2, 1
    while open_values:
        if raw[pos : pos + 2] == b"\x00\x00":
            pos += 2
            open_values -= 1
            continue
        head = raw[pos : pos + 10]
        if len(head) >= 2 and head[1] == 0x80 and head[0] & 0x20 and open_values < depth:
            pos += 2
            open_values += 1
            continue
        length = _definite(head, len(raw) - pos)
        if length is None:
            return None
        pos += length
    return pos


def _definite(head: bytes, available: int) -> int | None:
    if len(head) < 2 or head[1] == 0x80 or head[0] & 0x1F == 0x1F:
        return None
    if head[1] < 0x80:
        total = 2 + head[1]
    else:
        count = head[1] & 0x7F
        if count > 8 or len(head) < 2 + count:
            return None
        total = 2 + count + int.from_bytes(head[2 : 2 + count])
    return total if total <= available else None


def _byte_range(item: Found) -> tuple[int, ...]:
    raw = item.entries.get("ByteRange")
    if raw is None:
        item.faults.append(fault("byterange-missing", _place(item)))
        return ()
    numbers = isinstance(raw, list) and all(type(n) is int and n >= 0 for n in raw)
    if not numbers or len(raw) != 4:
        item.faults.append(fault("byterange-malformed", _place(item)))
        return ()
    return tuple(raw)


def _segments(item: Found, byte_range: tuple[int, ...]) -> tuple[tuple[memoryview, ...], bool]:
    """The signed bytes, and whether the ranges frame exactly this /Contents."""
    if len(byte_range) != 4:
        return (), False
    data = item.view.file.data
    start, length, resume, rest = byte_range
    problems = []
    if start:
        problems.append("range-not-from-zero")
    if start + length > resume:
        problems.append("ranges-overlap")
    if resume + rest > len(data) or start + length > len(data):
        problems.append("range-past-eof")
    if not problems and not _gap_is_contents(item, length, resume):
        problems.append("gap-not-contents")
    item.faults += [
        fault(kind, _place(item), f"/ByteRange {list(byte_range)}") for kind in problems
    ]
    if problems and problems != ["gap-not-contents"]:
        return (), False
    whole = memoryview(data)
    return (whole[:length], whole[resume : resume + rest]), not problems


def _gap_is_contents(item: Found, low: int, high: int) -> bool:
    """Whether the gap is ``<hex>``, the value of this dictionary's own /Contents."""
    data = item.view.file.data
    if not (item.start < low and high <= item.end) or data[low : low + 1] != b"<":
        return False
    before = data[max(item.start, low - 64) : low]
    if data.find(b">", low) != high - 1 or not _KEY_BEFORE_GAP.search(before):
        return False
    try:
        value, end = hex_string(data, low + 1, high)
    except InputError:
        return False
    return end == high and value == item.entries.get("Contents")


def _located(item: Found) -> int:
    """The revision whose bytes hold the dictionary."""
    return next((r.index for r in item.view.revisions if item.start < r.end), 0)


def _coverage(item: Found, byte_range: tuple[int, ...]) -> tuple[int, bool, bool]:
    """Revision of the signature; whether all of it and all of the file is covered."""
    data = item.view.file.data
    stop = byte_range[2] + byte_range[3]
    located = _located(item)
    revision = item.view.revisions[located]
    whole = revision.mark <= stop and not _rest(data, revision.end, stop)
    if not whole:
        detail = f"signed up to {stop}, revision {located} ends at {revision.end}"
        item.faults.append(fault("range-not-whole-revision", _place(item), detail))
        return located, False, False
    if stop != revision.end:
        detail = "the signed bytes end beside the end of line after %%EOF"
        item.notes.append(Note("signed-end-of-line", _place(item), detail))
    return located, True, not _rest(data, stop, len(data))


def _rest(data: bytes, low: int, high: int) -> bool:
    """Whether anything but white space stands between two offsets."""
    return low < high and bool(data[low:high].strip(WHITE))


def _policies(view: View, entries: Dictionary) -> tuple[int | None, FieldLock | None]:
    """DocMDP level and FieldMDP lock of a signature's /Reference; the strictest if several."""
    level: int | None = None
    lock: FieldLock | None = None
    for item in view.array(entries.get("Reference")):
        reference = view.dictionary(item)
        method = _name(view, reference.get("TransformMethod"))
        parameters = view.dictionary(reference.get("TransformParams"))
        if method == "DocMDP":
            level = min(level or 3, permission(view, parameters.get("P"), default=2) or 1)
        elif method == "FieldMDP":
            lock = _lock(view, parameters)
    return level, lock


def permission(view: View, value: Value, *, default: int | None) -> int | None:
    """A DocMDP permission; anything but 1, 2, 3 counts as the strictest."""
    value = view.resolve(value)
    if value is None:
        return default
    return value if type(value) is int and value in (1, 2, 3) else 1


def _lock(view: View, value: Value) -> FieldLock | None:
    entries = view.dictionary(value)
    if not entries:
        return None
    names = (text(view.resolve(item)) for item in view.array(entries.get("Fields")))
    return FieldLock(
        action=_name(view, entries.get("Action")),
        fields=tuple(name for name in names if name is not None),
        permission=permission(view, entries.get("P"), default=None),
    )


def _unreachable(
    views: tuple[View, ...],
    found: dict[int, Found],
    known: list[tuple[int, int]],
    faults: list[Fault],
) -> None:
    """Adds the signature dictionaries no field leads to, and faults for the rest."""
    file = views[0].file
    stray = []
    pos = file.data.find(b"/ByteRange")
    while pos >= 0:
        if not any(start < pos < end for start, end in known):
            stray.append(pos)
        pos = file.data.find(b"/ByteRange", pos + 1)
    if not stray:
        return
    starts = _all_starts(views[-1])
    for pos in stray:
        _classify(views, pos, starts, found, faults)


def _all_starts(view: View) -> dict[int, Ref]:
    """Offset and name of every object any section lists."""
    starts: dict[int, Ref] = {}
    for section in view.sections:
        for num, entry in section.items():
            if entry.kind == IN_FILE:
                starts.setdefault(entry.a, Ref(num, entry.b))
    return starts


def _classify(
    views: tuple[View, ...],
    pos: int,
    starts: dict[int, Ref],
    found: dict[int, Found],
    faults: list[Fault],
) -> None:
    ordered = sorted(starts)
    place = bisect_right(ordered, pos) - 1
    view = views[-1]
    try:
        start = ordered[place] if place >= 0 else -1
        parsed = view.at(starts[start], start) if start >= 0 else None
    except LimitError:
        raise
    except InputError as error:
        faults.append(from_error(error, f"/ByteRange at offset {pos}"))
        return
    if parsed is None or pos >= parsed.end:
        faults.append(fault("byterange-outside-object", f"offset {pos}"))
        return
    value = parsed.value
    if type(value) is Stream:
        if pos >= value.start:
            return  # an attached file's own signature
        value = value.info
    dictionary = _holding(value)
    if dictionary is None or start in found:
        return
    item = Found(dictionary, Ref(parsed.num, parsed.gen), start, parsed.end, view)
    usage = _is_usage_rights(view, item.ref)
    item.faults.append(fault("signature-unreachable", _place(item), fatal=not usage))
    found[start] = item


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
