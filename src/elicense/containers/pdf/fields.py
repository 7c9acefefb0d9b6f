"""The pages and the signature fields of one revision (7.7.3, 12.7.4)."""

from __future__ import annotations

from dataclasses import dataclass

from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.lexer import Dictionary, Ref, Value, text
from elicense.containers.pdf.objects import View
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A field of type Sig: full name, own reference, raw /V, dictionary, widgets.

    ``own`` is the field's dictionary as it stands, ``entries`` the same with
    what it inherits.
    """

    name: str
    ref: Ref | None
    value: Value
    entries: Dictionary
    own: Dictionary
    widgets: tuple[tuple[Ref | None, Dictionary], ...]


def catalog(view: View) -> Dictionary:
    """The document catalog; empty where there is none."""
    return view.dictionary(view.revision.trailer.get("Root"))


def page_refs(view: View, faults: list[Fault]) -> tuple[Ref, ...]:
    """The page objects in order. A loop, or a page met twice, is a fault."""
    pages: list[Ref] = []
    seen: set[Ref] = set()
    todo: list[tuple[Value, int]] = [(catalog(view).get("Pages"), 0)]
    while todo:
        node, depth = todo.pop()
        if type(node) is not Ref or node in seen or depth > view.file.limits.pdf_depth:
            if node is not None:
                faults.append(fault("page-tree-loop", f"page tree node {_named(node)}"))
            continue
        seen.add(node)
        entries = view.dictionary(node)
        if "Kids" in entries:
            kids = view.array(entries["Kids"])
            todo.extend((kid, depth + 1) for kid in reversed(kids))
        else:
            pages.append(node)
        if len(seen) > 2 * view.file.limits.pdf_pages:
            raise LimitError("pdf.pages", "too many pages")
    if len(pages) > view.file.limits.pdf_pages:
        raise LimitError("pdf.pages", "too many pages")
    return tuple(pages)


def _named(value: Value) -> str:
    return f"object {value.num} {value.gen}" if type(value) is Ref else "that is no reference"


def signature_fields(view: View, faults: list[Fault]) -> tuple[SignatureField, ...]:
    """Every field of type Sig below the catalog's /AcroForm, depth first."""
    form = view.dictionary(catalog(view).get("AcroForm"))
    found: list[SignatureField] = []
    seen: set[Ref] = set()
    roots = view.array(form.get("Fields"))
    todo: list[tuple[Value, str, Dictionary, int]] = [(r, "", {}, 0) for r in reversed(roots)]
    while todo:
        node, prefix, inherited, depth = todo.pop()
        if depth > view.file.limits.pdf_depth or (type(node) is Ref and node in seen):
            faults.append(fault("field-tree-loop", f"field {prefix!r} {_named(node)}"))
            continue
        if type(node) is Ref:
            seen.add(node)
        try:
            _field(view, node, prefix, inherited, depth, found, todo)
        except LimitError:
            raise
        except InputError as error:
            faults.append(from_error(error, f"field {prefix!r} {_named(node)}"))
    return tuple(found)


def _field(
    view: View,
    node: Value,
    prefix: str,
    inherited: Dictionary,
    depth: int,
    found: list[SignatureField],
    todo: list[tuple[Value, str, Dictionary, int]],
) -> None:
    entries = view.dictionary(node)
    part = text(view.resolve(entries.get("T")))
    full = prefix if part is None else f"{prefix}.{part}" if prefix else part
    passed = {key: entries.get(key, inherited.get(key)) for key in ("FT", "V", "Lock")}
    kids = view.array(entries.get("Kids"))
    widgets = []
    for kid in reversed(kids):
        child = view.dictionary(kid)
        if "T" in child or "Kids" in child:
            todo.append((kid, full, passed, depth + 1))
        else:
            widgets.append((kid if type(kid) is Ref else None, child))
    if view.resolve(passed["FT"]) == "Sig" and (widgets or not kids):
        ref = node if type(node) is Ref else None
        own = ((ref, entries),) if "Rect" in entries else ()
        merged = {**entries, **passed}
        all_widgets = own + tuple(widgets[::-1])
        found.append(SignatureField(full, ref, passed["V"], merged, entries, all_widgets))


def widget_place(
    view: View, field: SignatureField, pages: tuple[Ref, ...]
) -> tuple[int | None, tuple[float, float, float, float] | None]:
    """Page (from 1) and rectangle of a field's first widget; None where it has none."""
    for ref, entries in field.widgets:
        rect = rectangle(view, entries.get("Rect"))
        page = entries.get("P")
        if type(page) is Ref and page in pages:
            return pages.index(page) + 1, rect
        for number, candidate in enumerate(pages, start=1):
            if ref is not None and ref in view.array(view.dictionary(candidate).get("Annots")):
                return number, rect
        return None, rect
    return None, None


def rectangle(view: View, value: Value) -> tuple[float, float, float, float] | None:
    """A rectangle as left, bottom, right, top; None if it is not four numbers (7.9.5)."""
    numbers = [view.resolve(item) for item in view.array(value)]
    if len(numbers) != 4 or not all(type(n) in (int, float) for n in numbers):
        return None
    x0, y0, x1, y1 = (float(n) for n in numbers)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
