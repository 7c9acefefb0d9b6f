"""A signature field that was added or filled later: what it covers (12.7.5.5)."""

from __future__ import annotations

from elicense.containers.pdf.fields import (
    SignatureField,
    page_refs,
    rectangle,
    widget_place,
)
from elicense.containers.pdf.lexer import Dictionary, Ref, Value
from elicense.containers.pdf.objects import View
from elicense.evidence import Change

MAX_SHARE = 0.10  # of the page: the largest official stamp (58 mm) takes 0.055 of an A4 page
_ACTIONS = ("A", "AA", "JS", "Next")


def new_field_change(view: View, field: SignatureField, *, place: str) -> Change:
    """The change a new or newly filled signature field is, allowed or not."""
    value = view.dictionary(field.value)
    timestamp = value.get("Type") == "DocTimeStamp" or value.get("SubFilter") == "ETSI.RFC3161"
    kind = "document-timestamp" if timestamp else "signature-field"
    problem, box = _problem(view, field, value)
    detail = f"field {field.name!r}{box}" + (f": {problem}" if problem else "")
    return Change(kind, place, detail, not problem, view.revision.index)


def _problem(view: View, field: SignatureField, value: Dictionary) -> tuple[str, str]:
    """Why the field is not allowed ("" if it is), and a description of its box."""
    if "ByteRange" not in value:
        return "it holds no signature", ""
    if any(key in field.entries for key in _ACTIONS):
        return "it has actions", ""
    if len(field.widgets) > 1:
        return "it has several widgets", ""
    for _, entries in field.widgets:
        if entries.get("Subtype") != "Widget" or any(key in entries for key in _ACTIONS):
            return "its widget is none, or has actions", ""
    page, share = area_share(view, field)
    if share is None:
        return "its rectangle or page cannot be read", ""
    box = f" on page {page}, {share:.4f} of it" if share else " without visible area"
    if share > MAX_SHARE:
        return f"it covers more than {MAX_SHARE:.2f} of the page", box
    return "", box


def area_share(view: View, field: SignatureField) -> tuple[int | None, float | None]:
    """Page (from 1) of the field's widget and its share of the page's area."""
    if not field.widgets:
        return None, 0.0
    pages = page_refs(view, [])
    page, rect = widget_place(view, field, pages)
    if rect is None:
        return page, None
    area = (rect[2] - rect[0]) * (rect[3] - rect[1])
    if not area or not _draws(view, field):
        return page, 0.0
    box = page_box(view, pages[page - 1]) if page else None
    if box is None:
        return page, None
    return page, area / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)


def _draws(view: View, field: SignatureField) -> bool:
    """Whether the widget has an appearance at all (readers may draw one of their own)."""
    return any("AP" in entries or "MK" in entries for _, entries in field.widgets)


def page_box(view: View, page: Ref) -> tuple[float, float, float, float] | None:
    """The visible box of a page: /CropBox or /MediaBox, inherited (7.7.3.4)."""
    for key in ("CropBox", "MediaBox"):
        node: Value = page
        for _ in range(view.file.limits.pdf_depth):
            entries = view.dictionary(node)
            if key in entries:
                return rectangle(view, entries[key])
            node = entries.get("Parent")
            if type(node) is not Ref:
                break
    return None
