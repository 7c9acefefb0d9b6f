"""What each later revision changed, and whether a sealed licence may change so.

Both states are walked from their trailers. Everything a reader can reach must
be equal, but for the document security store, document timestamps, further
signature fields and the dates of an update. Objects nothing leads to cannot be
seen and do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from elicense.containers.pdf.comparison import (
    Comparison,
    Difference,
    Pair,
    Step,
    difference,
    differs,
    entries,
    keys_of,
    resolved,
    short,
)
from elicense.containers.pdf.fields import SignatureField, page_refs, signature_fields
from elicense.containers.pdf.housekeeping import same_but_dates
from elicense.containers.pdf.lexer import Dictionary, Ref, Stream, Value, text
from elicense.containers.pdf.objects import View, links
from elicense.containers.pdf.widgets import annotation_pages, new_field_change
from elicense.errors import InputError, LimitError

_TRAILER_OWN = frozenset(
    ("Size", "Prev", "XRefStm", "ID", "Type", "W", "Index", "Length", "Filter", "DecodeParms")
)
_CATALOG_KINDS = {
    "Pages": "page-tree",
    "AcroForm": "form",
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
_CATALOG_ROLES = {"Pages": "pages", "AcroForm": "form", "Metadata": "metadata"}
_PAGE_KINDS = {"Contents": "page-content", "Resources": "page-resources", "Annots": "annotation"}
_UP = ("P", "Parent")
_DEEP = (Ref, list, dict)
_SEAL_LOOK = frozenset(("V", "AP", "M", "F", "MK", "DA", "AS"))


@dataclass(slots=True)
class Forms(Comparison):
    """A comparison that knows the signature fields of both revisions."""

    old_fields: dict[str, SignatureField] = field(default_factory=dict)
    new_fields: dict[Ref, SignatureField] = field(default_factory=dict)
    empty: dict[int, str] = field(default_factory=dict)  # id of a dictionary: its field's name
    filled: set[str] = field(default_factory=set)
    pages: tuple[Ref, ...] | None = None  # of the new revision, once they are needed


def compare(old: View, new: View) -> tuple[Difference, ...]:
    """Every change from one revision to the next, allowed or not."""
    walk = Forms(old, new, _HANDLERS)
    for entry in signature_fields(old, []):
        walk.old_fields[entry.name] = entry
        if old.resolve(entry.value) is None:
            walk.empty |= {id(d): entry.name for d in (entry.own, *(w for _, w in entry.widgets))}
    for entry in signature_fields(new, []):
        for ref in (entry.ref, *(w for w, _ in entry.widgets)):
            if ref is not None:
                walk.new_fields[ref] = entry
    _start(walk)
    walk.run()
    _report_filled(walk)
    return tuple(walk.found)


def _start(walk: Forms) -> None:
    old, new = walk.old.revision.trailer, walk.new.revision.trailer
    top = Step(None, "trailer")
    for key in sorted((old.keys() | new.keys()) - _TRAILER_OWN):
        role = {"Root": "catalog", "Info": "info"}.get(key, "")
        kind = {"Info": "metadata", "Encrypt": "encryption"}.get(key, "trailer")
        walk.queue(Pair(old.get(key), new.get(key), role, kind, Step(top, key)))


def _catalog(walk: Forms, pair: Pair) -> None:
    old, new = pair.old, pair.new
    for key in keys_of(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key)
        if key == "DSS":
            _store(walk, Pair(a, b, "", "dss", step))
        elif key == "Extensions":
            _extensions(walk, Pair(a, b, "", "dss", step))
        elif key == "Version" and _newer(a, b):
            detail = f"{short(a)} became {short(b)}"
            walk.report(Pair(a, b, "", "version", step), detail, allowed=True)
        else:
            if key == "AcroForm" and a is None:
                a = {}  # the first seal of all brings the form with it
            kind = _CATALOG_KINDS.get(key, "catalog")
            walk.queue(Pair(a, b, _CATALOG_ROLES.get(key, ""), kind, step))


def _newer(old: Value, new: Value) -> bool:
    return type(new) is str and (old is None or (type(old) is str and new >= old)) and new != old


def _store(walk: Forms, pair: Pair) -> None:
    """Any change below /DSS is allowed but its removal; what is seen is walked elsewhere."""
    if pair.new is None:
        walk.report(pair, "the document security store was removed")
    elif walk.old.dictionary(pair.old) != walk.new.dictionary(pair.new) or pair.old != pair.new:
        walk.report(pair, "validation data added", allowed=True)


def _extensions(walk: Forms, pair: Pair) -> None:
    old, new = walk.old.dictionary(pair.old), walk.new.dictionary(pair.new)
    if old == new:
        return
    kept = all(key in new and new[key] == value for key, value in old.items())
    walk.report(pair, "developer extensions declared", allowed=kept)


def _info(walk: Forms, pair: Pair) -> None:
    old, new = pair.old, pair.new
    for key in keys_of(old, new):
        a, _ = resolved(walk.old, old.get(key))
        b, _ = resolved(walk.new, new.get(key))
        entry = Pair(a, b, "", "metadata", Step(pair.step, key))
        if key in ("ModDate", "Producer") and type(b) is bytes:
            if a != b:
                walk.report(entry, f"now {short(b)}", kind="update-dates", allowed=True)
        else:
            walk.queue(Pair(old.get(key), new.get(key), "", "metadata", entry.step))


def _metadata(walk: Forms, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if type(old) is not Stream:
        difference(walk, pair)
        return
    if walk.old.raw(old) == walk.new.raw(new):
        entries(walk, pair, old.info, new.info)
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


def _pages(walk: Forms, pair: Pair) -> None:
    old, new = pair.old, pair.new
    is_page = "Kids" not in old and "Kids" not in new
    for key in keys_of(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key)
        if key == "Kids":
            walk.queue(Pair(a, b, "kids", "page-tree", step))
        elif key == "Annots" and is_page:
            walk.queue(Pair([] if a is None else a, b, "annotations", "annotation", step))
        elif key == "Tabs" and is_page and a is None and type(b) is str:
            walk.report(Pair(a, b, "", "tab-order", step), short(b), allowed=True)
        else:
            kind = _PAGE_KINDS.get(key, "page") if is_page else _PAGE_KINDS.get(key, "page-tree")
            walk.queue(Pair(a, b, "", kind, step))


def _kids(walk: Forms, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if type(old) is not list or len(old) != len(new):
        difference(walk, pair)
        return
    for i, (a, b) in enumerate(zip(old, new, strict=True)):
        walk.queue(Pair(a, b, "pages", "page-tree", Step(pair.step, str(i))))


def _form(walk: Forms, pair: Pair) -> None:
    old, new = pair.old, pair.new
    for key in keys_of(old, new):
        a, b = old.get(key), new.get(key)
        entry = Pair(a, b, "", "form", Step(pair.step, key))
        if key == "Fields":
            walk.queue(entry._replace(old=[] if a is None else a, role="fields"))
        elif key == "SigFlags":
            if a != b and not (b in (1, 3) and type(a) in (int, type(None)) and (a or 0) & ~b == 0):
                difference(walk, entry)
        elif key == "DR":
            _resources(walk, entry)
        elif key == "DA" and a is None and type(b) is bytes:
            walk.report(entry, short(b), kind="form-defaults", allowed=True)
        else:
            walk.queue(entry)


def _resources(walk: Forms, pair: Pair) -> None:
    """Default resources of the form may grow; none that was there may change."""
    old, new = walk.old.dictionary(pair.old), walk.new.dictionary(pair.new)
    added = False
    for key in keys_of(old, new):
        a, b = walk.old.resolve(old.get(key)), walk.new.resolve(new.get(key))
        step = Step(pair.step, key)
        if type(a) is dict and type(b) is dict:
            for name in keys_of(a, b):
                if name in a:
                    walk.queue(Pair(a[name], b.get(name), "", "form", Step(step, name)))
                else:
                    added = True
        elif a is None:
            added = True
        else:
            walk.queue(Pair(a, b, "", "form", step))
    if added:
        walk.report(pair, "resources added", kind="form-defaults", allowed=True)


def _listed_widgets(walk: Forms, pair: Pair) -> None:
    """Old entries in their order, then only what belongs to new signature fields."""
    old, new = pair.old, pair.new
    if type(old) is not list or new[: len(old)] != old:
        walk.report(pair, "entries were removed, replaced or put in another order")
        return
    role = "field" if pair.role == "fields" else "annotation"
    for i, item in enumerate(new):
        entry = Pair(item if i < len(old) else None, item, role, pair.kind, Step(pair.step, str(i)))
        if i < len(old):
            walk.queue(entry)
        else:
            _added_widget(walk, entry)


def _added_widget(walk: Forms, pair: Pair) -> None:
    extra = pair.new
    known = walk.new_fields.get(extra) if type(extra) is Ref else None
    if known is None:
        kind = "annotation" if pair.role == "annotation" else "form"
        walk.report(pair, f"added: {short(resolved(walk.new, extra)[0])}", kind=kind)
    elif known.name in walk.old_fields:
        walk.report(pair, f"field {known.name!r} got another widget or a double")
    elif pair.role == "field":
        _report_seal(walk, known, pair.step.path(), "")


def _report_seal(walk: Forms, known: SignatureField, place: str, filled: str) -> None:
    if walk.pages is None:
        walk.pages = page_refs(walk.new, [])
    where = annotation_pages(walk.new, known, walk.pages)
    change = new_field_change(
        walk.new, known, pages=walk.pages, where=where, place=place, filled=bool(filled)
    )
    walk.add(Difference(change, filled))


def _annotation(walk: Forms, pair: Pair) -> None:
    old = pair.old
    if type(old) is dict and ("FT" in old or old.get("Subtype") == "Widget"):
        _field(walk, pair)
    elif type(old) is dict:
        entries(walk, pair, old, pair.new)
    else:
        difference(walk, pair)


def _field(walk: Forms, pair: Pair) -> None:
    """A field or widget that was there: only an empty signature field may be filled."""
    old, new = pair.old, pair.new
    empty = walk.empty.get(id(old))
    if (
        old is new
        and empty is None
        and not any(type(v) in _DEEP for k, v in old.items() if k not in _UP)
    ):
        for key in (key for key in _UP if key in old):  # nothing of its own lies elsewhere
            walk.queue(Pair(old[key], old[key], "", "form", Step(pair.step, key)))
        return
    name = _full_name(walk.old, old)
    look = "signature-look" if _is_signature(walk, old) else "form-filling"
    for key in keys_of(old, new):
        a, b = old.get(key), new.get(key)
        step = Step(pair.step, key, name)
        if key == "Kids":
            walk.queue(Pair(a, b, "fields", "form-filling", step))
        elif empty is not None and key in _SEAL_LOOK:
            if a != b or differs(walk, a, b):
                walk.filled.add(empty)
                if type(a) is Ref and _is_shared(walk.old, a):
                    detail = f"object {a.num}, which other parts of the document use, is replaced"
                    walk.report(Pair(a, b, "", "signature-look", step), detail)
        elif key == "V" and "ByteRange" in walk.old.dictionary(a):
            walk.queue(Pair(a, b, "", "signature-dictionary", step))
        else:
            kind = "form" if key in _UP else look
            walk.queue(Pair(a, b, "", kind, step))


def _is_shared(view: View, wanted: Ref) -> bool:
    """Whether more than one place a reader can reach refers to an object."""
    todo = [ref for _, ref in links(view.revision.trailer)]
    seen: set[Ref] = set()
    times = 0
    while todo:
        ref = todo.pop()
        times += ref == wanted
        if ref not in seen:
            seen.add(ref)
            todo += [inner for _, inner in links(resolved(view, ref)[0])]
    return times > 1


def _full_name(view: View, node: Dictionary) -> str:
    """A field's name with those of its parents before it (12.7.4.2)."""
    parts: list[str] = []
    for _ in range(view.file.limits.pdf_depth):
        part = text(resolved(view, node.get("T"))[0])
        parts += [part] if part is not None else []
        parent = resolved(view, node.get("Parent"))[0]
        if type(parent) is not dict:
            break
        node = parent
    return ".".join(reversed(parts))


def _is_signature(walk: Forms, node: Dictionary) -> bool:
    parent = resolved(walk.old, node.get("Parent"))[0]
    above = parent.get("FT") if type(parent) is dict else None
    return "Sig" in (resolved(walk.old, node.get("FT"))[0], resolved(walk.old, above)[0])


def _report_filled(walk: Forms) -> None:
    for name in sorted(walk.filled):
        known = next((f for f in walk.new_fields.values() if f.name == name), None)
        if known is None:
            step = Step(None, f"field {name!r}", name)
            walk.report(Pair(None, None, "", "form-filling", step), "the field is gone")
        else:
            _report_seal(walk, known, f"field {name!r}", name)


_HANDLERS = {
    "catalog": _catalog,
    "info": _info,
    "metadata": _metadata,
    "pages": _pages,
    "kids": _kids,
    "form": _form,
    "fields": _listed_widgets,
    "annotations": _listed_widgets,
    "annotation": _annotation,
    "field": _field,
}
