"""Remarks on what a PDF holds ready: each is harmless alone, none is needed in a licence.

A shadow attack (Mainka et al., NDSS 2021) puts content into a file before it is
signed and brings it to light afterwards. Nothing of this proves anything, so all of
it becomes notes; the page's owner and the issuer should know.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from elicense.containers.pdf import PdfDocument
from elicense.containers.pdf.fields import page_refs, rectangle
from elicense.containers.pdf.lexer import Value
from elicense.containers.pdf.lint import live_entries, unreferenced
from elicense.containers.pdf.objects import View, view_of
from elicense.errors import InputError
from elicense.evidence import Note

MAX_OBJECTS = 20_000  # following every reference takes about 20 µs an object
MAX_ANNOTATIONS = 100  # compared with each other, a page
MAX_NAMED = 8
_NOT_SHOWN = 1 | 2 | 32  # flags Invisible, Hidden, NoView (ISO 32000-1 12.5.3)
_POINT = 1.0  # annotations that overlap by less than a point only touch
Box = tuple[float, float, float, float]


def remarks(document: PdfDocument, revision: int) -> tuple[Note, ...]:
    """``unreferenced-object`` of one revision, ``annotation-overlap`` of the last one."""
    if not document.revisions:
        return ()
    last = len(document.revisions) - 1
    index = revision % (last + 1)
    try:
        idle = _idle(view_of(document.file, document.revisions, index))
        return (*idle, *_overlaps(view_of(document.file, document.revisions, last)))
    except InputError as exc:
        return (Note("not-followed", exc.place or f"revision {index}", exc.detail),)


def _idle(view: View) -> Iterator[Note]:
    """What nothing leads to: a later update could bring it to light."""
    if len(live_entries(view)[0]) > MAX_OBJECTS:
        yield Note("not-followed", "objects", f"more than {MAX_OBJECTS} objects")
        return
    idle = unreferenced(view)
    for number in idle[:MAX_NAMED]:
        more = f", {len(idle)} in all" if len(idle) > 1 else ""
        yield Note("unreferenced-object", f"object {number}", f"nothing leads to it{more}")


def _overlaps(view: View) -> Iterator[Note]:
    """Annotations that lie upon each other: one of them hides what the other shows."""
    for number, page in enumerate(page_refs(view, []), start=1):
        annots = view.array(view.dictionary(page).get("Annots"))[:MAX_ANNOTATIONS]
        boxes = [box for item in annots if (box := _shown(view, item)) is not None]
        if any(_overlap(a, b) for a, b in combinations(boxes, 2)):
            yield Note("annotation-overlap", f"page {number}", "annotations lie upon each other")


def _shown(view: View, item: Value) -> Box | None:
    """The box of an annotation on the page; None for popups and hidden ones."""
    entries = view.dictionary(item)
    flags = view.resolve(entries.get("F"))
    if entries.get("Subtype") == "Popup" or (isinstance(flags, int) and flags & _NOT_SHOWN):
        return None
    return rectangle(view, entries.get("Rect"))


def _overlap(a: Box, b: Box) -> bool:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width > _POINT and height > _POINT


def covered_text(document: PdfDocument, revision: int, *, pages: int) -> tuple[Note, ...]:
    """``covered-text``: text of the first ``pages`` pages that a picture lies upon."""
    from elicense.containers.pdf import page

    data = document.revision_bytes(revision)
    found = []
    for number in range(1, min(document.pages, pages) + 1):
        hidden = page.overlaid_text(data, number)
        if hidden:
            text = " / ".join(hidden)[:120]
            found.append(Note("covered-text", f"page {number}", f"a picture lies upon: {text}"))
    return tuple(found)
