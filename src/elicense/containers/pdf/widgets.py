"""A signature field that was added or filled later: what it covers (12.7.5.5)."""

from __future__ import annotations

from elicense.containers.pdf.fields import SignatureField, rectangle
from elicense.containers.pdf.lexer import Dictionary, Ref, Value
from elicense.containers.pdf.objects import View
from elicense.evidence import Change

MAX_SHARE = 0.10  # of the page: the largest official stamp (58 mm) takes 0.055 of an A4 page
MAX_FILLED_SHARE = 0.50  # of a field whose frame stood there when the signer signed
_UNSCALED = 8 | 16  # flags NoZoom and NoRotate (12.5.3)
_ACTIONS = ("A", "AA", "JS", "Next")


def new_field_change(
    view: View,
    field: SignatureField,
    *,
    pages: tuple[Ref, ...],
    where: tuple[int, ...],
    place: str,
    filled: bool,
) -> Change:
    """The change a new or newly filled signature field is, allowed or not.

    ``where`` are the pages (from 1) whose /Annots list its widget; ``filled``
    says that the field was there, empty, when the signature was made.
    """
    value = view.dictionary(field.value)
    timestamp = value.get("Type") == "DocTimeStamp" or value.get("SubFilter") == "ETSI.RFC3161"
    share = _share(view, field, pages, where)
    most = MAX_FILLED_SHARE if filled else MAX_SHARE
    problem = _problem(field, value, where, share, 0.0 if timestamp else most)
    if share:
        box = f" on page {where[0]}, {share:.4f} of it" if where else " on no page"
    else:
        box = " without visible area"
    detail = f"field {field.name!r}{box}" + (f": {problem}" if problem else "")
    kind = "document-timestamp" if timestamp else "signature-field"
    return Change(kind, place, detail, not problem, view.revision.index)


def _problem(
    field: SignatureField,
    value: Dictionary,
    where: tuple[int, ...],
    share: float | None,
    most: float,
) -> str:
    """Why the field is not allowed; "" if it is."""
    if "ByteRange" not in value:
        return "it holds no signature"
    if len(field.widgets) > 1 or len(where) > 1:
        return "it is shown in several places"
    for entries in (field.entries, *(w for _, w in field.widgets)):
        if any(key in entries for key in _ACTIONS):
            return "it has actions"
    for _, entries in field.widgets:
        if entries.get("Subtype") != "Widget":
            return "its annotation is no widget"
        flags = entries.get("F", 0)
        if type(flags) is not int or flags & _UNSCALED:
            return "its size does not follow the page's"
    if share is None:
        return "its rectangle or page cannot be read"
    if share > most:
        return f"it covers more than {most:.2f} of the page"
    return ""


def annotation_pages(view: View, field: SignatureField, pages: tuple[Ref, ...]) -> tuple[int, ...]:
    """The pages (from 1) whose /Annots list a widget of the field, each time it is listed."""
    wanted = {ref for ref, _ in field.widgets if ref is not None}
    found: list[int] = []
    for number, page in enumerate(pages, start=1):
        annots = view.array(view.dictionary(page).get("Annots"))
        found += [number for item in annots if type(item) is Ref and item in wanted]
    return tuple(found)


def _share(
    view: View, field: SignatureField, pages: tuple[Ref, ...], where: tuple[int, ...]
) -> float | None:
    """The share of its page's area the field's widget takes; 0.0 if it takes none."""
    if not field.widgets:
        return 0.0
    rect = rectangle(view, field.widgets[0][1].get("Rect"))
    if rect is None:
        return None
    area = (rect[2] - rect[0]) * (rect[3] - rect[1])
    if not area or not where:  # a widget no page lists is not shown
        return 0.0
    box = page_box(view, pages[where[0] - 1])
    if box is None:
        return None
    return area / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)


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
