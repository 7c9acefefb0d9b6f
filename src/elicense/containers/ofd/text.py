"""What is drawn on each page: text by position and pictures (GB/T 33190 clauses 8 to 13).

Text is that of TextCode. Which shapes a font draws for it is not looked at:
only a rendered page shows that.
"""

from __future__ import annotations

import itertools
import math

from elicense.containers.ofd import paths, resources, xml
from elicense.containers.ofd.geometry import (
    IDENTITY,
    Matrix,
    apply,
    numbers,
    object_matrix,
    outer_box,
)
from elicense.containers.ofd.lines import Run, advance, to_lines
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.model import Document, OfdPackage, PageContent, PageImage
from elicense.containers.ofd.placement import Box, read_box
from elicense.containers.ofd.source import Source
from elicense.containers.ofd.zip import Archive, fold
from elicense.errors import InputError, LimitError

_DEPTH = 16  # page blocks and graphics units inside one another
_OBJECTS = 50_000  # drawn objects a package: units may draw units many times over
_CHARACTERS = 1_000_000
_GROUPS = frozenset(("Layer", "PageBlock", "Content", "Appearance"))
_SLACK = 1.0  # millimetres that text may begin outside the page


def read_pages(package: OfdPackage) -> tuple[PageContent, ...]:
    """The text lines and pictures of every page of every shown document, in order.

    Templates, page blocks, graphics units and annotations are followed;
    invisible objects and text outside the page are left out. Raises InputError
    where a page cannot be parsed, LimitError where too much is drawn.
    """
    pen = _Pen(package)
    found: list[PageContent] = []
    for document in package.documents:
        for page in document.pages:
            number = len(found) + 1
            found.append(pen.page(document, page.id, page.place, number))
    return tuple(found)


def page_lines(package: OfdPackage) -> tuple[tuple[str, ...], ...]:
    """The text of each page, a tuple of lines a page; errors as :func:`read_pages`."""
    return tuple(page.lines for page in read_pages(package))


def page_images(package: OfdPackage) -> tuple[PageImage, ...]:
    """Every picture drawn on a page, as often as it is drawn; errors as :func:`read_pages`."""
    return tuple(image for page in read_pages(package) for image in page.images)


class _Pen:
    """Draws pages into runs and pictures."""

    __slots__ = (
        "characters",
        "images",
        "number",
        "objects",
        "runs",
        "source",
        "tables",
        "units",
    )

    def __init__(self, package: OfdPackage) -> None:
        entries = dict(package.entries)
        archive = Archive(entries, {fold(name): name for name in entries})
        self.source = Source(archive, package.limits, Log())
        sound = {place: root for place, root in package.parsed.items() if root is not None}
        self.source.parsed.update(sound)
        self.tables: dict[str, resources.Resources | None] = {}
        self.units: dict[str, dict[str, xml.Element]] = {}
        self.objects = 0
        self.characters = 0
        self.number = 0
        self.runs: list[Run] = []
        self.images: list[PageImage] = []

    def page(self, document: Document, identity: str, place: str, number: int) -> PageContent:
        self.number, self.runs, self.images = number, [], []
        root = self._root(place)
        for item in xml.children(root, "Template"):
            template = document.templates.get(xml.attribute(item, "TemplateID"))
            if template is not None:
                self._content(document, template, self._root(template))
        self._content(document, place, root)
        for page_id, entry in document.annotations:
            if page_id == identity:
                self._annotations(document, self._root(entry))
        box = self._page_box(document, root)
        return PageContent(
            page=number,
            place=place,
            lines=to_lines(run for run in self.runs if _inside(run, box)),
            images=tuple(self.images),
        )

    def _root(self, place: str) -> xml.Element:
        root = self.source.load(place, fatal=True)
        if root is None:
            raise InputError("ofd.page", "a page cannot be parsed", place=place)
        return root

    def _page_box(self, document: Document, root: xml.Element) -> Box | None:
        """The page's own PhysicalBox or the document's."""
        area = xml.child(root, "Area")
        if area is None:
            common = xml.child(self._root(document.place), "CommonData")
            area = None if common is None else xml.child(common, "PageArea")
        return None if area is None else read_box(xml.text(xml.child(area, "PhysicalBox")))

    def _content(self, document: Document, place: str, root: xml.Element) -> None:
        own = [
            name
            for item in xml.children(root, "PageRes")
            if (name := self._locate(xml.text(item), place)) is not None
        ]
        scope = self._scope((*own, *document.resources))
        for content in xml.children(root, "Content"):
            self._group(content, IDENTITY, scope, 0)

    def _locate(self, loc: str, place: str) -> str | None:
        bases = (paths.folder(place), "")
        return paths.locate(
            self.source.archive, loc, bases=bases, place=place, log=self.source.log
        )[0]

    def _scope(self, places: tuple[str, ...]) -> list[resources.Resources]:
        found = []
        for place in places:
            if place not in self.tables:
                self.tables[place] = resources.read_resources(self.source, place)
            table = self.tables[place]
            if table is not None:
                found.append(table)
        return found

    def _annotations(self, document: Document, root: xml.Element) -> None:
        scope = self._scope(document.resources)
        for item in xml.children(root, "Annot"):
            if _hidden(item):
                continue
            for look in xml.children(item, "Appearance"):
                matrix = object_matrix("", xml.attribute(look, "Boundary"), IDENTITY)
                self._group(look, matrix, scope, 0)

    def _group(
        self, group: xml.Element, matrix: Matrix, scope: list[resources.Resources], depth: int
    ) -> None:
        if depth > _DEPTH:
            raise LimitError("ofd.depth", "graphics are nested too deeply")
        for item in group:
            self.objects += 1
            if self.objects > _OBJECTS:
                raise LimitError("ofd.objects", "too many objects are drawn")
            kind = xml.local(item)
            if _hidden(item):
                continue
            if kind in _GROUPS:
                self._group(item, matrix, scope, depth + 1)
            elif kind == "TextObject":
                self._text(item, matrix)
            elif kind == "ImageObject":
                self._image(item, matrix, scope)
            elif kind == "CompositeObject":
                self._composite(item, matrix, scope, depth)

    def _composite(
        self, item: xml.Element, matrix: Matrix, scope: list[resources.Resources], depth: int
    ) -> None:
        identity = xml.attribute(item, "ResourceID")
        inner = object_matrix(xml.attribute(item, "CTM"), xml.attribute(item, "Boundary"), matrix)
        for table in scope:
            unit = self._units(table.place).get(identity)
            if unit is not None:
                for content in xml.children(unit, "Content"):
                    self._group(content, inner, scope, depth + 1)
                return

    def _units(self, place: str) -> dict[str, xml.Element]:
        if place not in self.units:
            found: dict[str, xml.Element] = {}
            for unit in xml.descendants(self._root(place), "CompositeGraphicUnit"):
                found.setdefault(xml.attribute(unit, "ID"), unit)
            self.units[place] = found
        return self.units[place]

    def _image(self, item: xml.Element, matrix: Matrix, scope: list[resources.Resources]) -> None:
        identity = xml.attribute(item, "ResourceID")
        place = next((table.media[identity] for table in scope if identity in table.media), "")
        if not place:
            return
        box = read_box(xml.attribute(item, "Boundary"))
        if box is None:
            around = outer_box(object_matrix(xml.attribute(item, "CTM"), "", matrix), 0, 0, 1, 1)
        else:
            around = outer_box(matrix, *box)
        data = self.source.archive.entries[place]
        self.images.append(PageImage(self.number, place, *around, data=data))

    def _text(self, item: xml.Element, outer: Matrix) -> None:
        matrix = object_matrix(xml.attribute(item, "CTM"), xml.attribute(item, "Boundary"), outer)
        size = (numbers(xml.attribute(item, "Size")) or [0.0])[0]
        x = y = 0.0
        for code in xml.children(item, "TextCode"):
            text = (code.text or "").strip("\r\n\t")
            self.characters += len(text)
            if self.characters > _CHARACTERS:
                raise LimitError("ofd.text", "too much text is drawn")
            x = (numbers(xml.attribute(code, "X")) or [x])[0]
            y = (numbers(xml.attribute(code, "Y")) or [y])[0]
            if text:
                self.runs += _runs(code, text, x, y, size, matrix)


def _hidden(item: xml.Element) -> bool:
    return (item.get("Visible") or "").strip().lower() in ("false", "0") or (
        item.get("Alpha") or ""
    ).strip() == "0"


def _inside(run: Run, box: Box | None) -> bool:
    if box is None:
        return True
    right, bottom = box[2] + _SLACK, box[3] + _SLACK
    return -_SLACK <= run.x <= right and -_SLACK <= run.y <= bottom


def _runs(
    code: xml.Element, text: str, x: float, y: float, size: float, matrix: Matrix
) -> list[Run]:
    """The text as one run, or several where it goes back to the left on another baseline."""
    across = _deltas(xml.attribute(code, "DeltaX"), len(text) - 1)
    down = _deltas(xml.attribute(code, "DeltaY"), len(text) - 1)
    upright = not down or not any(down)
    if across is None and upright:
        width = sum(advance(char, size) for char in text)
        return [_run(text, x, y, x + width, y, size, matrix)]
    found: list[Run] = []
    start, begin_x, begin_y = 0, x, y
    for index, char in enumerate(text):
        last = index == len(text) - 1
        dx = _step(across, index, advance(char, size) if upright else 0.0)
        dy = _step(down, index, 0.0)
        wraps = not last and dx < -size / 2 and abs(dy) > size / 2
        if last or wraps:
            end = x + advance(char, size)
            found.append(_run(text[start : index + 1], begin_x, begin_y, end, y, size, matrix))
            start, begin_x, begin_y = index + 1, x + dx, y + dy
        x, y = x + dx, y + dy
    return found


def _step(deltas: list[float] | None, index: int, default: float) -> float:
    if deltas is None or index >= len(deltas):
        return default
    return deltas[index]


def _deltas(text: str, count: int) -> list[float] | None:
    """DeltaX or DeltaY: numbers, ``g n v`` meaning n times v (clause 11.3); None where absent."""
    if not text:
        return None
    found: list[float] = []
    items = iter(text.split())
    for item in items:
        if item == "g":
            group = numbers(" ".join(itertools.islice(items, 2)))
            if len(group) < 2:
                break
            times = max(0, min(int(group[0]), count - len(found)))
            found += [group[1]] * times
        else:
            found += numbers(item)[:1]
        if len(found) >= count:
            break
    return found


def _run(
    text: str, x: float, y: float, end_x: float, end_y: float, size: float, matrix: Matrix
) -> Run:
    begin = apply(matrix, x, y)
    end = apply(matrix, end_x, end_y)
    scale = math.hypot(matrix[2], matrix[3])
    return Run(text, begin[0], begin[1], max(begin[0], end[0]), abs(size) * scale)
