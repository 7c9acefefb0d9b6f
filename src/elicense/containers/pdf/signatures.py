"""Signature dictionaries: their bytes, their ranges, and every one there is (12.8).

A signature is what a field leads to in any revision. Any other /ByteRange in
the file is reported too: it is never "unsigned".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from elicense.containers.pdf.contents import value_length
from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.fields import SignatureField, signature_fields, widget_place
from elicense.containers.pdf.lexer import (
    Dictionary,
    Ref,
    Value,
    hex_string,
    text,
)
from elicense.containers.pdf.model import FieldLock, PdfSignature
from elicense.containers.pdf.objects import View
from elicense.containers.pdf.revisions import WHITE
from elicense.containers.pdf.stray import find_stray
from elicense.containers.pdf.xref import IN_FILE
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
    if not views:
        return ()
    found: dict[int, Found] = {}
    for view in views:
        _from_fields(view, found, faults)
    if len(found) > views[0].file.limits.signatures:
        raise LimitError("pdf.signatures", "too many signatures")
    known = [(item.start, item.end) for item in found.values()]
    _merge_identical(found)
    for stray in find_stray(views[-1], known, faults):
        item = Found(stray.entries, stray.ref, stray.start, stray.end, views[-1])
        item.faults.append(fault("signature-unreachable", _place(item), fatal=not stray.usage))
        found.setdefault(stray.start, item)
    signatures = [_signature(item, pages) for item in found.values()]
    signatures.sort(key=lambda s: (sum(s.byte_range[2:4]), s.offset))
    if len(signatures) > views[0].file.limits.signatures:
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
    if all(entry.name != known.name for known in item.fields):
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
