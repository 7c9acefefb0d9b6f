"""Boxes reserved for endorsements in an OFD, and what annotations draw in them.

A path of a sealed page with the Name ``endorsement:<box>`` reserves its Boundary. The
seal that goes with the page leaves one file open, the list of annotations (GB/T 33190
clause 15), so that an endorsement can add a drawing. What stands in that list, and what
it leads to, is therefore judged by content (``docs/endorsements.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from elicense.containers.ofd import xml
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.model import Document, OfdPackage
from elicense.containers.ofd.placement import read_box
from elicense.errors import InputError
from elicense.evidence import EndorsementBox, Placement

PREFIX = "endorsement:"
MAX_BOXES = 64
_SMALLEST, _LARGEST = 1.0, 7.0  # millimetres of type
_LEAST_STEP = 0.95  # of the type size, from line to line
_CLOSE = 0.01  # millimetres
_ANNOT = {
    "ID", "Type", "Creator", "LastModDate", "Subtype", "Print", "ReadOnly", "NoZoom", "NoRotate",
}  # fmt: skip
_OBJECT = {"ID", "Boundary", "Font", "Size"}
_CODE = {"X", "Y", "DeltaX"}


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a package reserves and draws. ``open`` are the annotation lists and ``drawn``
    the annotation files that keep to the form; ``odd`` says of others why not (entry,
    reason). ``folders`` are where annotation files lie."""

    boxes: tuple[EndorsementBox, ...] = ()
    open: frozenset[str] = frozenset()
    drawn: frozenset[str] = frozenset()
    odd: tuple[tuple[str, str], ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(slots=True)
class _Drawing:
    """What was met so far: lines by box name, and boxes that cannot be read. ``fonts`` are
    the IDs of fonts that every reader has itself: none that travels along can lie."""

    fonts: frozenset[str]
    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read_boxes(package: OfdPackage) -> Reserved:
    """The boxes on the pages of a package of one document; nothing where there is none."""
    if len(package.documents) != 1 or not any(
        PREFIX.encode() in package.entries.get(page.place, b"")
        for page in package.documents[0].pages
    ):
        return Reserved()
    document = package.documents[0]
    places = _places(package, document)
    if not places:
        return Reserved()
    drawing, odd = _Drawing(_readers_fonts(package, document)), []
    lists = frozenset(p.place for p in document.parts if p.role == "annotation-list")
    for place in sorted(lists):
        problem = _list_problem(_root(package, place), document, places)
        if problem:
            odd.append((place, problem))
    drawn = []
    numbers = {page.id: number for number, page in enumerate(document.pages, 1)}
    for page_id, place in document.annotations:
        try:
            _annotations(_root(package, place), numbers.get(page_id, 0), places, drawing)
            drawn.append(place)
        except InputError as error:
            odd.append((place, error.detail))
    boxes = tuple(
        EndorsementBox(
            name,
            where,
            None if name in drawing.problems else drawing.lines.get(name, ()),
            drawing.problems.get(name, ""),
        )
        for name, where in places.items()
    )
    bad = {place for place, _ in odd}
    return Reserved(
        boxes=boxes, open=lists - bad, drawn=frozenset(drawn) - bad, odd=tuple(odd),
        folders=tuple(sorted({place.rpartition("/")[0] for place in lists})),
    )  # fmt: skip


def _root(package: OfdPackage, place: str) -> xml.Element:
    known = package.parsed.get(place)
    if known is not None:
        return known
    return xml.parse(package.entries[place], place=place, limits=package.limits, log=Log())


def _odd(detail: str) -> InputError:
    return InputError("ofd.endorsement", detail)


def _places(package: OfdPackage, document: Document) -> dict[str, Placement]:
    """Box name to place; a name that stands twice reserves nothing."""
    found: dict[str, Placement] = {}
    twice: set[str] = set()
    for number, page in enumerate(document.pages, 1):
        if PREFIX.encode() not in package.entries[page.place]:
            continue
        for content in xml.children(_root(package, page.place), "Content"):
            for name, box in _named(content):
                if name in found:
                    twice.add(name)
                found[name] = Placement(number, *box)
    return {n: p for n, p in list(found.items())[:MAX_BOXES] if n not in twice}


def _named(content: xml.Element) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    for layer in xml.children(content, "Layer"):
        for item in xml.children(layer, "PathObject"):
            name = xml.attribute(item, "Name")
            if not name.startswith(PREFIX) or item.get("CTM"):
                continue
            box = read_box(xml.attribute(item, "Boundary"))
            if box is not None:
                yield name.removeprefix(PREFIX), box


def _list_problem(
    root: xml.Element, document: Document, places: Mapping[str, Placement]
) -> str:
    """Why a list of annotations is more than one file for each page with boxes."""
    if xml.local(root) != "Annotations" or root.keys():
        return "the list of annotations is not a plain one"
    with_boxes = {document.pages[place.page - 1].id for place in places.values()}
    seen: set[str] = set()
    for item in root:
        page_id = xml.attribute(item, "PageID")
        inner = [xml.local(child) for child in item]
        if xml.local(item) != "Page" or item.keys() != ["PageID"] or inner != ["FileLoc"]:
            return "the list of annotations is not a plain one"
        if page_id in seen or page_id not in with_boxes:
            return "annotations on a page without boxes, or twice on one"
        seen.add(page_id)
    return ""


def _annotations(
    root: xml.Element, page: int, places: Mapping[str, Placement], drawing: _Drawing
) -> None:
    """Reads one annotation file: every drawing must fill exactly one box of its page."""
    if xml.local(root) != "PageAnnot" or root.keys():
        raise _odd("the annotations are not plain ones")
    for item in root:
        plain = xml.local(item) == "Annot" and not set(item.keys()) - _ANNOT
        inner = xml.children(item, "Appearance")
        if not plain or len(item) != 1 or len(inner) != 1 or item.get("Type") != "Stamp":
            raise _odd("an annotation that is no endorsement")
        look = inner[0]
        box = read_box(xml.attribute(look, "Boundary"))
        name = next((n for n, p in places.items() if box and _same(box, p, page)), "")
        if not name or box is None or look.keys() != ["Boundary"]:
            raise _odd("an annotation outside the boxes")
        if name in drawing.lines or name in drawing.problems:
            raise _odd(f"the box {name} is drawn twice")
        try:
            drawing.lines[name] = _lines(look, box[2], box[3], drawing.fonts)
        except InputError as error:
            drawing.problems[name] = error.detail


def _same(box: tuple[float, float, float, float], place: Placement, page: int) -> bool:
    wanted = (place.x, place.y, place.width, place.height)
    return place.page == page and all(
        abs(a - b) <= _CLOSE for a, b in zip(box, wanted, strict=True)
    )


def _readers_fonts(package: OfdPackage, document: Document) -> frozenset[str]:
    """The fonts of the document that are named only, without a file."""
    named: set[str] = set()
    other: set[str] = set()
    for place in document.resources:
        for item in xml.descendants(_root(package, place), "Font"):
            (other if len(item) else named).add(xml.attribute(item, "ID"))
    return frozenset(named - other)


def _lines(
    look: xml.Element, width: float, height: float, fonts: frozenset[str]
) -> tuple[str, ...]:
    """The texts of an appearance from top to bottom; nothing but black text is allowed."""
    lines: list[str] = []
    above = 0.0
    for item in look:
        codes = list(item)
        if xml.local(item) != "TextObject" or set(item.keys()) != _OBJECT or len(codes) != 1:
            raise _odd("the drawing holds more than lines of text")
        if item.get("Font") not in fonts:
            raise _odd("a line is set in a font of the file's own")
        code = codes[0]
        if xml.local(code) != "TextCode" or set(code.keys()) - _CODE or len(code):
            raise _odd("the drawing holds more than lines of text")
        box = read_box(xml.attribute(item, "Boundary"))
        size, x, y = (_number(e.get(k)) for e, k in ((item, "Size"), (code, "X"), (code, "Y")))
        if box is None or not _SMALLEST <= size <= _LARGEST or not 0 <= x <= size:
            raise _odd("a line is too small, too large or has no place")
        inside = box[0] >= 0 and box[0] + box[2] <= width + _CLOSE and box[1] + y <= height
        if not inside or not 0.5 * size <= y <= box[3] <= 2 * size:
            raise _odd("a line leaves the box")
        if box[1] + y < above + _LEAST_STEP * size or len(lines) >= 16:
            raise _odd("lines lie upon each other or are out of order")
        text = code.text or ""
        _check_steps(xml.attribute(code, "DeltaX"), len(text), size, box[2])
        above = box[1] + y
        lines.append(text)
    return tuple(lines)


def _number(text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return -1.0
    return value if abs(value) < 1e6 else -1.0


def _check_steps(deltas: str, count: int, size: float, width: float) -> None:
    """Every character stands after the one before it, and the last one in its frame."""
    steps = [_number(item) for item in deltas.split()]
    if len(steps) != count - 1 or any(not 0.2 * size <= step <= 2 * size for step in steps):
        raise _odd("the characters of a line are not set one after another")
    if sum(steps) >= width:
        raise _odd("a line leaves the box")
