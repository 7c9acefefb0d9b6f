"""StampAnnot: where a seal's picture stands (GB/T 33190 clause 18.2.3)."""

from __future__ import annotations

from elicense.containers.ofd import xml
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.model import Document
from elicense.evidence import Placement

Box = tuple[float, float, float, float]

LARGEST = 1e9  # millimetres; what is larger, infinite or no number is no measure


def read_box(text: str) -> Box | None:
    """Four numbers ``x y width height``, None for anything else."""
    pieces = text.split()
    if len(pieces) != 4:
        return None
    try:
        x, y, width, height = (float(item) for item in pieces)
    except ValueError:
        return None
    if not max(abs(x), abs(y), abs(width), abs(height)) <= LARGEST:
        return None
    return x, y, width, height


def read_placements(
    info: xml.Element, *, place: str, body: int, documents: tuple[Document, ...], log: Log
) -> tuple[Placement, ...]:
    """One placement a StampAnnot, in millimetres; of a riding seal only the visible strip.

    Pages are counted over the shown documents of the signature's DocBody.
    """
    numbers = page_numbers(documents, body)
    found: list[Placement] = []
    for item in xml.children(info, "StampAnnot"):
        box = read_box(xml.attribute(item, "Boundary"))
        page = numbers.get(xml.attribute(item, "PageRef"))
        if box is None:
            log.fault(
                "stamp-boundary", place, "a StampAnnot without a usable Boundary", fatal=False
            )
            continue
        if page is None:
            log.fault("stamp-page", place, "a StampAnnot on a page that is not shown", fatal=False)
            continue
        clip = read_box(xml.attribute(item, "Clip"))
        if clip is not None:
            log.note("riding-seal", place, "the seal's picture is spread over pages or clipped")
            box = _clipped(box, clip)
        found.append(Placement(page, *box))
    return tuple(found)


def page_numbers(documents: tuple[Document, ...], body: int) -> dict[str, int]:
    """Page ID -> number from 1, counted over all shown documents, for one DocBody."""
    numbers: dict[str, int] = {}
    count = 0
    for document in documents:
        for page in document.pages:
            count += 1
            if document.body == body:
                numbers.setdefault(page.id, count)
    return numbers


def _clipped(box: Box, clip: Box) -> Box:
    """The part of ``box`` that ``clip``, given relative to it, leaves visible."""
    left, top = max(clip[0], 0.0), max(clip[1], 0.0)
    width = max(0.0, min(clip[0] + clip[2], box[2]) - left)
    height = max(0.0, min(clip[1] + clip[3], box[3]) - top)
    return box[0] + left, box[1] + top, width, height
