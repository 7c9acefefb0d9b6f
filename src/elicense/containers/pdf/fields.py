"""The pages and the signature fields of one revision (7.7.3, 12.7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.lexer import Dictionary, Ref, Value, text
from elicense.containers.pdf.objects import View
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault

_MOST_NAMED = 32  # faults of one field tree


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
    """The page objects in order. A loop is a fault."""
    pages: list[Ref] = []
    seen: set[Ref] = set()
    todo: list[tuple[Value, int]] = [(catalog(view).get("Pages"), 0)]
    most = view.file.limits.pdf_pages
    while todo:
        node, depth = todo.pop()
        entries = view.dictionary(node) if type(node) is Ref else {}
        leaf = "Kids" not in entries
        if (
            type(node) is not Ref
            or depth > view.file.limits.pdf_depth
            or (node in seen and not leaf)
        ):
            faults.append(fault("page-tree-loop", f"page tree node {_named(node)}"))
            continue
        seen.add(node)
        if leaf:
            pages.append(node)
        else:
            kids = view.array(entries["Kids"])
            todo.extend((kid, depth + 1) for kid in reversed(kids))
        if len(seen) > 2 * most or len(pages) > most or len(todo) > 4 * most:
            raise LimitError("pdf.pages", "too many pages")
    return tuple(pages)


def _named(value: Value) -> str:
    return f"object {value.num} {value.gen}" if type(value) is Ref else "that is no reference"


class _Node(NamedTuple):
    """A node of the field tree still to be read, and what it inherits."""

    value: Value
    prefix: str
    inherited: Dictionary
    above: tuple[Ref, ...]


def signature_fields(view: View, faults: list[Fault]) -> tuple[SignatureField, ...]:
    """Every field of type Sig below the catalog's /AcroForm, depth first."""
    if "fields" not in view.memo:
        own: list[Fault] = []
        view.memo["fields"] = _read_fields(view, own), own
    fields, known = view.memo["fields"]
    faults += known
    return cast("tuple[SignatureField, ...]", fields)


def _read_fields(view: View, faults: list[Fault]) -> tuple[SignatureField, ...]:
    form = view.dictionary(catalog(view).get("AcroForm"))
    found: list[SignatureField] = []
    seen: set[Ref] = set()
    todo = [_Node(root, "", {}, ()) for root in reversed(view.array(form.get("Fields")))]
    while todo:
        node = todo.pop()
        view.file.step()
        if type(node.value) is Ref:
            loop = node.value in node.above or len(node.above) > view.file.limits.pdf_depth
            if loop and len(faults) < _MOST_NAMED:
                place = f"field {node.prefix!r} {_named(node.value)}"
                faults.append(fault("field-tree-loop", place))
            if loop or node.value in seen:
                continue
            seen.add(node.value)
        try:
            _field(view, node, found, todo)
        except LimitError:
            raise
        except InputError as error:
            if len(faults) < _MOST_NAMED:
                faults.append(from_error(error, f"field {node.prefix!r} {_named(node.value)}"))
        if len(found) > 4 * view.file.limits.signatures:
            raise LimitError("pdf.signatures", "too many signature fields")
    return tuple(found)


def _field(view: View, node: _Node, found: list[SignatureField], todo: list[_Node]) -> None:
    entries = view.dictionary(node.value)
    part = text(view.resolve(entries.get("T")))
    full = node.prefix if part is None else f"{node.prefix}.{part}" if node.prefix else part
    passed = {key: entries.get(key, node.inherited.get(key)) for key in ("FT", "V", "Lock")}
    ref = node.value if type(node.value) is Ref else None
    above = (*node.above, ref) if ref else node.above
    kids = view.array(entries.get("Kids"))
    widgets = []
    for kid in reversed(kids):
        child = view.dictionary(kid)
        if "T" in child or "Kids" in child:
            todo.append(_Node(kid, full, passed, above))
        else:
            widgets.append((kid if type(kid) is Ref else None, child))
    if view.resolve(passed["FT"]) == "Sig" and (widgets or not kids):
        own = ((ref, entries),) if "Rect" in entries else ()
        merged = {**entries, **passed}
        all_widgets = own + tuple(widgets[::-1])
        found.append(SignatureField(full, ref, passed["V"], merged, entries, all_widgets))


def widget_place(
    view: View, field: SignatureField, pages: tuple[Ref, ...]
) -> tuple[int | None, tuple[float, float, float, float] | None]:
    """Page (from 1) and rectangle of a field's first widget; None where it has none.

    The page is the one whose /Annots list the widget; /P is only where to look first.
    """
    for ref, entries in field.widgets:
        claimed = entries.get("P")
        likely = [claimed] if type(claimed) is Ref and claimed in pages else []
        for page in (*likely, *pages):
            if ref is not None and ref in view.array(view.dictionary(page).get("Annots")):
                return pages.index(page) + 1, rectangle(view, entries.get("Rect"))
        return None, rectangle(view, entries.get("Rect"))
    return None, None


def rectangle(view: View, value: Value) -> tuple[float, float, float, float] | None:
    """A rectangle as left, bottom, right, top; None if it is not four numbers (7.9.5)."""
    numbers = [view.resolve(item) for item in view.array(value)]
    if len(numbers) != 4 or not all(type(n) in (int, float) for n in numbers):
        return None
    x0, y0, x1, y1 = (float(n) for n in numbers)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
