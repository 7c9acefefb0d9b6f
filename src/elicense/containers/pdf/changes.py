"""What each later revision changed, compared object by object with the one before.

Both states are walked from their trailers side by side. Everything a reader can
reach must be equal, but for the document
security store, document timestamps, further signature fields and the dates of an
update. Objects nothing leads to cannot be seen and do not count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from elicense.containers.pdf.fields import SignatureField, signature_fields
from elicense.containers.pdf.housekeeping import same_but_dates
from elicense.containers.pdf.lexer import Dictionary, Ref, Stream, Value, text
from elicense.containers.pdf.objects import View
from elicense.containers.pdf.widgets import new_field_change
from elicense.errors import InputError, LimitError
from elicense.evidence import Change

MAX_CHANGES = 32
_TRAILER_OWN = frozenset(
    ("Size", "Prev", "XRefStm", "ID", "Type", "W", "Index", "Length", "Filter", "DecodeParms")
)
_STRUCTURE_KINDS = {
    "Pages": "page-tree",
    "StructTreeRoot": "structure-tree",
    "MarkInfo": "structure-tree",
    "Names": "names",
    "Dests": "names",
    "OpenAction": "action",
    "AA": "action",
    "OCProperties": "optional-content",
    "Metadata": "metadata",
    "AF": "attachments",
    "Perms": "permissions",
}
_PAGE_KINDS = {"Contents": "page-content", "Resources": "page-resources", "Annots": "annotation"}
_SEAL_LOOK = frozenset(("V", "AP", "M", "F", "MK", "DA", "AS"))


class Difference(NamedTuple):
    """A change, and the full name of the field it filled or altered ("" if none)."""

    change: Change
    field: str


class Step(NamedTuple):
    """One key on the way from the trailer; ``field`` names the form field it enters."""

    parent: Step | None
    key: str
    field: str = ""

    def path(self) -> str:
        return "/".join(step.key for step in reversed(list(self.up())))

    def up(self) -> Iterator[Step]:
        """This step and those above it."""
        step: Step | None = self
        while step is not None:
            yield step
            step = step.parent


class Pair(NamedTuple):
    old: Value
    new: Value
    role: str
    kind: str
    step: Step


@dataclass(slots=True)
class Comparison:
    """One walk over two neighbouring revisions."""

    old: View
    new: View
    found: list[Difference] = field(default_factory=list)
    seen: set[tuple[Ref, Ref]] = field(default_factory=set)
    first: deque[Pair] = field(default_factory=deque)  # what has a role of its own
    rest: deque[Pair] = field(default_factory=deque)
    old_fields: dict[str, SignatureField] = field(default_factory=dict)
    new_fields: dict[Ref, SignatureField] = field(default_factory=dict)
    empty: dict[int, str] = field(default_factory=dict)  # id of a dictionary: its field's name
    filled: set[str] = field(default_factory=set)

    def report(self, pair: Pair, detail: str, *, kind: str = "", allowed: bool = False) -> None:
        """Records one change, with the path and the object that holds it."""
        index = self.new.revision.index
        change = Change(kind or pair.kind, pair.step.path(), detail, allowed, index)
        name = next((step.field for step in pair.step.up() if step.field), "")
        self.found.append(Difference(change, name))


def compare(old: View, new: View) -> tuple[Difference, ...]:
    """Every change from one revision to the next, allowed or not."""
    walk = Comparison(old, new)
    for entry in signature_fields(old, []):
        walk.old_fields[entry.name] = entry
        if old.resolve(entry.value) is None:
            walk.empty |= {id(d): entry.name for d in (entry.own, *(w for _, w in entry.widgets))}
    for entry in signature_fields(new, []):
        for ref in (entry.ref, *(w for w, _ in entry.widgets)):
            if ref is not None:
                walk.new_fields[ref] = entry
    _start(walk)
    while walk.first or walk.rest:
        pair = walk.first.popleft() if walk.first else walk.rest.popleft()
        _visit(walk, pair)
        if len(walk.found) >= MAX_CHANGES:
            break
    _report_filled(walk)
    return tuple(walk.found)


def _start(walk: Comparison) -> None:
    old, new = walk.old.revision.trailer, walk.new.revision.trailer
    top = Step(None, "trailer")
    for key in sorted((old.keys() | new.keys()) - _TRAILER_OWN):
        role = {"Root": "catalog", "Info": "info"}.get(key, "")
        kind = {"Info": "metadata", "Encrypt": "encryption"}.get(key, "trailer")
        pair = Pair(old.get(key), new.get(key), role, kind, Step(top, key))
        (walk.first if role else walk.rest).append(pair)


def _visit(walk: Comparison, pair: Pair) -> None:
    old, new, role, kind, step = pair
    if type(old) is Ref or type(new) is Ref:
        if type(old) is type(new):  # direct values are finite, only two references can loop
            if (old, new) in walk.seen:
                return
            walk.seen.add((old, new))
        where = f" (object {new.num})" if type(new) is Ref else ""
        step = Step(step.parent, step.key + where, step.field)
        old, failed_old = _resolve(walk.old, old)
        new, failed_new = _resolve(walk.new, new)
        pair = Pair(old, new, role, kind, step)
        if failed_new and failed_new != failed_old:
            walk.report(pair, f"no longer readable: {failed_new}")
            return
    if type(old) is Stream and type(new) is Stream:
        _streams(walk, pair)
    elif type(old) is dict and type(new) is dict:
        _dictionaries(walk, pair)
    elif type(old) is list and type(new) is list:
        _lists(walk, pair)
    elif (type(old) is not type(new) or old != new) and not _both_numbers(old, new):
        _difference(walk, pair)


def _both_numbers(old: Value, new: Value) -> bool:
    return {type(old), type(new)} <= {int, float} and bool(old == new)


def _resolve(view: View, value: Value) -> tuple[Value, str]:
    try:
        return view.resolve(value), ""
    except LimitError:
        raise
    except InputError as error:
        return None, error.detail


def _difference(walk: Comparison, pair: Pair) -> None:
    if pair.old is None:
        detail = f"added: {_short(pair.new)}"
    elif pair.new is None:
        detail = f"removed: {_short(pair.old)}"
    else:
        detail = f"{_short(pair.old)} became {_short(pair.new)}"
    walk.report(pair, detail)


def _short(value: Value) -> str:
    if type(value) is Stream:
        return f"a stream of {value.end - value.start} bytes"
    if type(value) is dict:
        return "a dictionary with " + " ".join(f"/{key}" for key in list(value)[:8])
    if type(value) is list:
        return f"an array of {len(value)}"
    if type(value) is str:
        return f"/{value}"[:80]
    if type(value) is bytes:
        return repr(text(value))[:80]
    return str(value)[:80]


def _streams(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if pair.role == "metadata":
        _metadata(walk, pair)
        return
    if (old.start, old.end) != (new.start, new.end) and walk.old.raw(old) != walk.new.raw(new):
        walk.report(pair, f"{_short(old)} became {_short(new)}")
        return
    _entries(walk, pair, old.info, new.info)


def _metadata(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if walk.old.raw(old) == walk.new.raw(new) and old.info.keys() == new.info.keys():
        return
    try:
        same = same_but_dates(walk.old.decoded(old), walk.new.decoded(new))
    except LimitError:
        raise
    except InputError:
        same = False
    if same:
        walk.report(pair, "only dates of the update differ", kind="update-dates", allowed=True)
    else:
        walk.report(pair, "XMP metadata changed")


def _dictionaries(walk: Comparison, pair: Pair) -> None:
    handler = _HANDLERS.get(pair.role)
    if handler is None:
        if pair.role == "annotation" and _is_field(walk, pair):
            _field(walk, pair)
            return
        _entries(walk, pair, pair.old, pair.new)
    else:
        handler(walk, pair)


def _entries(walk: Comparison, pair: Pair, old: Dictionary, new: Dictionary) -> None:
    for key in _keys(old, new):
        a, b = old.get(key), new.get(key)
        if type(a) in _PLAIN and type(a) is type(b) and a == b:
            continue
        walk.rest.append(Pair(a, b, "", pair.kind, Step(pair.step, key)))


_PLAIN = frozenset((int, str, bytes, float, bool, type(None)))


def _keys(old: Dictionary, new: Dictionary) -> Iterator[str]:
    yield from old
    if new.keys() != old.keys():
        yield from (key for key in new if key not in old)


def _lists(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if pair.role in ("annotations", "fields"):
        _listed_widgets(walk, pair)
        return
    if len(old) != len(new):
        walk.report(pair, f"{len(old)} entries became {len(new)}")
        return
    role = pair.role if pair.role in ("pages", "fields") else ""
    queue = walk.first if role else walk.rest
    for i, (a, b) in enumerate(zip(old, new, strict=True)):
        if type(a) in _PLAIN and type(a) is type(b) and a == b:
            continue
        queue.append(Pair(a, b, role, pair.kind, Step(pair.step, str(i))))


def _catalog(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    for key in _keys(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key)
        if key == "DSS":
            _store(walk, Pair(a, b, "", "dss", step))
        elif key == "Extensions":
            _extensions(walk, Pair(a, b, "", "dss", step))
        elif key == "Version" and _newer(a, b):
            detail = f"{_short(a)} became {_short(b)}"
            walk.report(Pair(a, b, "", "version", step), detail, allowed=True)
        else:
            role = {"Pages": "pages", "AcroForm": "form", "Metadata": "metadata"}.get(key, "")
            kind = _STRUCTURE_KINDS.get(key, "form" if key == "AcroForm" else "catalog")
            if role == "form" and a is None:
                a = {}  # the first seal of all brings the form with it
            queue = walk.first if role else walk.rest
            queue.append(Pair(a, b, role, kind, step))


def _newer(old: Value, new: Value) -> bool:
    return type(new) is str and (old is None or (type(old) is str and new >= old)) and new != old


def _store(walk: Comparison, pair: Pair) -> None:
    """Any change below /DSS is allowed but its removal; what is seen is walked elsewhere."""
    if pair.new is None:
        walk.report(pair, "the document security store was removed")
    elif walk.old.dictionary(pair.old) != walk.new.dictionary(pair.new) or pair.old != pair.new:
        walk.report(pair, "validation data added", allowed=True)


def _extensions(walk: Comparison, pair: Pair) -> None:
    old, new = walk.old.dictionary(pair.old), walk.new.dictionary(pair.new)
    if old == new:
        return
    kept = all(key in new and new[key] == value for key, value in old.items())
    walk.report(pair, "developer extensions declared", allowed=kept)


def _info(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    for key in _keys(old, new):
        a, b = walk.old.resolve(old.get(key)), walk.new.resolve(new.get(key))
        if a == b:
            continue
        entry = Pair(a, b, "", "metadata", Step(pair.step, key))
        if key in ("ModDate", "Producer") and type(b) is bytes:
            walk.report(entry, f"now {_short(b)}", kind="update-dates", allowed=True)
        else:
            _difference(walk, entry)


def _pages(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    is_page = "Kids" not in old and "Kids" not in new
    for key in _keys(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key)
        if key == "Kids":
            walk.first.append(Pair(a, b, "pages", "page-tree", step))
        elif key == "Annots" and is_page:
            walk.first.append(Pair([] if a is None else a, b, "annotations", "annotation", step))
        elif key == "Tabs" and is_page and a is None and type(b) is str:
            walk.report(Pair(a, b, "", "tab-order", step), _short(b), allowed=True)
        else:
            kind = _PAGE_KINDS.get(key, "page") if is_page else _PAGE_KINDS.get(key, "page-tree")
            walk.rest.append(Pair(a, b, "", kind, step))


def _form(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    for key in _keys(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key)
        if key == "Fields":
            walk.first.append(Pair([] if a is None else a, b, "fields", "form", step))
        elif key == "SigFlags":
            if a != b and not (b in (1, 3) and (a or 0) & b == (a or 0)):
                walk.report(Pair(a, b, "", "form", step), f"{_short(a)} became {_short(b)}")
        elif key == "DR":
            _resources(walk, Pair(a, b, "", "form", step))
        elif key == "DA" and a is None and type(b) is bytes:
            walk.report(Pair(a, b, "", "form-defaults", step), _short(b), allowed=True)
        else:
            walk.rest.append(Pair(a, b, "", "form", step))


def _resources(walk: Comparison, pair: Pair) -> None:
    """Default resources of the form may grow; none that was there may change."""
    old, new = walk.old.dictionary(pair.old), walk.new.dictionary(pair.new)
    added = False
    for key in _keys(old, new):
        a, b = walk.old.resolve(old.get(key)), walk.new.resolve(new.get(key))
        step = Step(pair.step, key)
        if type(a) is dict and type(b) is dict:
            for name in _keys(a, b):
                if name in a:
                    walk.rest.append(Pair(a[name], b.get(name), "", "form", Step(step, name)))
                else:
                    added = True
        elif a is None:
            added = True
        else:
            walk.rest.append(Pair(a, b, "", "form", step))
    if added:
        walk.report(pair, "resources added", kind="form-defaults", allowed=True)


def _listed_widgets(walk: Comparison, pair: Pair) -> None:
    """Old entries in their order, then only what belongs to new signature fields."""
    old, new = pair.old, pair.new
    role = "field" if pair.role == "fields" else "annotation"
    if new[: len(old)] != old:
        walk.report(pair, "entries were removed, replaced or put in another order")
        return
    for i, (a, b) in enumerate(zip(old, new, strict=False)):
        walk.first.append(Pair(a, b, role, pair.kind, Step(pair.step, str(i))))
    for i, extra in enumerate(new[len(old) :], start=len(old)):
        entry = Pair(None, extra, role, pair.kind, Step(pair.step, str(i)))
        _added_widget(walk, entry)


def _added_widget(walk: Comparison, pair: Pair) -> None:
    extra = pair.new
    known = walk.new_fields.get(extra) if type(extra) is Ref else None
    if known is None:
        detail = f"added: {_short(_resolve(walk.new, extra)[0])}"
        kind = "annotation" if pair.role == "annotation" else "form"
        walk.report(pair, detail, kind=kind)
    elif pair.role == "field" or known.name in walk.old_fields:
        if known.name in walk.old_fields:
            walk.report(pair, f"field {known.name!r} got another widget or a double")
        else:
            change = new_field_change(walk.new, known, place=pair.step.path())
            walk.found.append(Difference(change, ""))


def _is_field(walk: Comparison, pair: Pair) -> bool:
    return "FT" in pair.old or pair.old.get("Subtype") == "Widget"


def _field(walk: Comparison, pair: Pair) -> None:
    """A field or widget that was there: only an empty signature field may be filled."""
    old, new = pair.old, pair.new
    empty = walk.empty.get(id(old))
    name = _full_name(walk.old, old)
    for key in _keys(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key, name)
        if key == "Kids":
            walk.first.append(Pair(a, b, "fields", "form-filling", step))
        elif empty and key in _SEAL_LOOK:
            if a != b:
                walk.filled.add(empty)
        elif key == "V" and "ByteRange" in walk.old.dictionary(a):
            walk.rest.append(Pair(a, b, "", "signature-dictionary", step))
        elif key in ("P", "Parent"):
            walk.rest.append(Pair(a, b, "", "form", step))
        else:
            kind = "signature-look" if _is_signature(walk, old) else "form-filling"
            walk.rest.append(Pair(a, b, "", kind, step))


def _full_name(view: View, entries: Dictionary) -> str:
    """A field's name with those of its parents before it (12.7.4.2)."""
    parts: list[str] = []
    node = entries
    for _ in range(view.file.limits.pdf_depth):
        part = text(_resolve(view, node.get("T"))[0])
        parts += [part] if part is not None else []
        node = view.dictionary(node.get("Parent"))
        if not node:
            break
    return ".".join(reversed(parts))


def _is_signature(walk: Comparison, entries: Dictionary) -> bool:
    parent = walk.old.dictionary(entries.get("Parent"))
    return "Sig" in (walk.old.resolve(entries.get("FT")), walk.old.resolve(parent.get("FT")))


def _report_filled(walk: Comparison) -> None:
    for name in sorted(walk.filled):
        known = next((f for f in walk.new_fields.values() if f.name == name), None)
        if known is not None:
            change = new_field_change(walk.new, known, place=f"field {name!r}")
            walk.found.append(Difference(change, name))


_HANDLERS = {
    "catalog": _catalog,
    "info": _info,
    "pages": _pages,
    "form": _form,
    "field": _field,
}
