"""Drawing an OFD page for the report: the part of GB/T 33190 that licences are made of.

Text, strokes, rectangles and other polygons, pictures, templates, annotations and the
seals' pictures at their StampAnnot. Every element and attribute is on a list: a page that
uses anything else is not drawn at all, since a picture that leaves something out would
show another licence than the reader does.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elicense.containers.ofd import paths, resources, xml
from elicense.containers.ofd.geometry import IDENTITY, Matrix, apply, numbers, object_matrix
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.model import Document, OfdPackage, Page
from elicense.containers.ofd.placement import Box, read_box
from elicense.containers.ofd.source import Source
from elicense.containers.ofd.zip import Archive, fold
from elicense.errors import LimitError
from elicense.render.ofd_canvas import Canvas, Colour, outline, straight, unsupported

OWN_FONT = Path(__file__).parent.parent / "issuing" / "fonts" / "ElicenseKai.ttf"
DPI = 120.0
_OBJECTS = 20_000
_CHARACTERS = 20_000
_DEPTH = 16
_LINE_WIDTH = 0.353  # millimetres, where a path does not say (clause 9.1)
_ANY = re.compile(r"[\s\S]*")
_OFF, _ON, _OPAQUE = re.compile("false"), re.compile("true"), re.compile("255")
_ZERO, _ONE = re.compile(r"0(\.0*)?"), re.compile(r"1(\.0*)?")
_FLAG = re.compile("true|false|0|1")
_COMMON = {"ID": _ANY, "Name": _ANY, "Visible": _FLAG, "Boundary": _ANY, "CTM": _ANY}
_ATTRIBUTES: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "Layer": {"ID": _ANY, "Type": re.compile("Background|Body|Foreground")},
    "PageBlock": {"ID": _ANY},
    "TextObject": {
        **_COMMON, "Font": _ANY, "Size": _ANY, "Alpha": _OPAQUE, "Fill": _ON, "Stroke": _OFF,
        "HScale": _ONE, "ReadDirection": _ZERO, "CharDirection": _ZERO, "Italic": _OFF,
        "Weight": re.compile("400"), "LineWidth": _ANY,
    },
    "PathObject": {
        **_COMMON, "Alpha": _OPAQUE, "Fill": _FLAG, "Stroke": _FLAG, "LineWidth": _ANY,
        "Rule": _ANY, "Cap": re.compile("Butt"), "Join": re.compile("Miter"), "MiterLimit": _ANY,
    },
    "ImageObject": {**_COMMON, "ResourceID": _ANY, "Alpha": _OPAQUE},
    "FillColor": {"Value": _ANY, "Alpha": _OPAQUE},
    "StrokeColor": {"Value": _ANY, "Alpha": _OPAQUE},
    "TextCode": {"X": _ANY, "Y": _ANY, "DeltaX": _ANY, "DeltaY": re.compile(r"[0. g\d]*")},
    "AbbreviatedData": {},
}  # fmt: skip
_CHILDREN = {
    "TextObject": {"FillColor", "StrokeColor", "TextCode"},
    "PathObject": {"FillColor", "StrokeColor", "AbbreviatedData"},
}
_LAYERS = ("Background", "Body", "Foreground")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A seal's picture and where it stands: millimetres from the top left."""

    data: bytes
    box: Box


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn page: an RGB picture and the page's size in millimetres. ``substituted`` names
    fonts that the file leaves to the reader: ours stands in for them."""

    image: Any
    width: float
    height: float
    substituted: tuple[str, ...] = ()


def draw_page(
    package: OfdPackage, number: int, *, stamps: Sequence[Stamp] = (), dpi: float = DPI
) -> Drawing:
    """Draw page ``number`` (from 1, over all shown documents).

    Raises InputError ``ofd.draw`` naming what is not drawn here, LimitError for too much.
    """
    pages = [(document, page) for document in package.documents for page in document.pages]
    if not 1 <= number <= len(pages):
        raise unsupported(f"there is no page {number}")
    return _Drawer(package, *pages[number - 1], dpi).draw(stamps)


class _Drawer:
    """Walks one page."""

    def __init__(self, package: OfdPackage, document: Document, page: Page, dpi: float) -> None:
        entries = dict(package.entries)
        archive = Archive(entries, {fold(name): name for name in entries})
        self.source = Source(archive, package.limits, Log())
        self.document, self.page = document, page
        root = self._root(page.place)
        left, top, width, height = self._box(root)
        if left or top:
            raise unsupported("a page that does not begin at 0 0", page.place)
        self.canvas = Canvas(width, height, dpi, package.limits)
        self.fonts = _Fonts(self.source, self.canvas)
        self.objects = self.characters = 0
        self.place = page.place
        self.tables: dict[str, resources.Resources | None] = {}
        self.media: dict[str, str] = {}

    def _root(self, place: str) -> xml.Element:
        root = self.source.load(place, fatal=True)
        if root is None:
            raise unsupported("a part that cannot be parsed", place)
        return root

    def _box(self, root: xml.Element) -> Box:
        """PhysicalBox of the page, else that of the document."""
        area = xml.child(root, "Area")
        if area is None:
            common = xml.child(self._root(self.document.place), "CommonData")
            area = None if common is None else xml.child(common, "PageArea")
        box = None if area is None else read_box(xml.text(xml.child(area, "PhysicalBox")))
        if box is None:
            raise unsupported("a page without a size", self.page.place)
        return box

    def draw(self, stamps: Sequence[Stamp]) -> Drawing:
        root = self._root(self.page.place)
        background, foreground = self._templates(root)
        for place in background:
            self._part(place)
        self._part(self.page.place)
        for place in foreground:
            self._part(place)
        for page_id, place in self.document.annotations:
            if page_id == self.page.id:
                self._annotations(place)
        for stamp in stamps:
            self.canvas.picture(stamp.data, stamp.box, "seal")
        canvas = self.canvas
        substituted = tuple(sorted(self.fonts.substituted))
        return Drawing(canvas.result(), canvas.width, canvas.height, substituted)

    def _templates(self, root: xml.Element) -> tuple[list[str], list[str]]:
        below: list[str] = []
        above: list[str] = []
        for item in xml.children(root, "Template"):
            place = self.document.templates.get(xml.attribute(item, "TemplateID"))
            if place is None:
                raise unsupported("a template that is not there", self.page.place)
            (above if xml.attribute(item, "ZOrder") == "Foreground" else below).append(place)
        return below, above

    def _part(self, place: str) -> None:
        """The layers of a page or a template."""
        root = self._root(place)
        self._enter(place, root)
        layers = [item for group in xml.children(root, "Content") for item in group]
        ranks = [_LAYERS.index(_checked(item, place).get("Type") or "Body") for item in layers
                 if xml.local(item) == "Layer"]  # fmt: skip
        if ranks != sorted(ranks) or len(ranks) != len(layers):
            raise unsupported("layers that are not in their order", place)
        for layer in layers:
            self._group(layer, IDENTITY, 0)

    def _enter(self, place: str, root: xml.Element) -> None:
        """Make the resources of a part known; IDs that are there twice are not drawn."""
        self.place = place
        own = []
        for item in xml.children(root, "PageRes"):
            bases = (paths.folder(place), "")
            found, asked = paths.locate(
                self.source.archive, xml.text(item), bases=bases, place=place, log=self.source.log
            )
            if found is None:
                raise unsupported("a resource file that is not there", asked)
            own.append(found)
        self.media = {}
        files = tuple(dict.fromkeys((*own, *self.document.resources)))
        for name in files:
            if name not in self.tables:
                self.tables[name] = resources.read_resources(self.source, name)
            table = self.tables[name]
            for identity, target in ({} if table is None else table.media).items():
                if self.media.setdefault(identity, target) != target:
                    raise unsupported("two pictures with one ID", name)
        self.fonts.enter(files)

    def _annotations(self, place: str) -> None:
        root = self._root(place)
        self._enter(place, root)
        for item in xml.children(root, "Annot"):
            if _hidden(item):
                continue
            for look in xml.children(item, "Appearance"):
                matrix = object_matrix("", xml.attribute(look, "Boundary"), IDENTITY)
                self._group(look, matrix, 0)

    def _group(self, group: xml.Element, matrix: Matrix, depth: int) -> None:
        if depth > _DEPTH:
            raise LimitError("ofd.draw", "page blocks are nested too deeply", place=self.place)
        for item in group:
            self.objects += 1
            if self.objects > _OBJECTS:
                raise LimitError("ofd.draw", "too many objects are drawn", place=self.place)
            self.canvas.check_time()
            kind = xml.local(item)
            if kind not in _ATTRIBUTES or kind == "Layer":
                raise unsupported(f"an element {kind[:40]}", self.place)
            if _hidden(_checked(item, self.place)):
                continue
            if kind == "PageBlock":
                self._group(item, matrix, depth + 1)
            elif kind == "TextObject":
                self._text(item, matrix)
            elif kind == "PathObject":
                self._path(item, matrix)
            elif kind == "ImageObject":
                self._image(item, matrix)
            else:
                raise unsupported(f"an element {kind} outside an object", self.place)

    def _image(self, item: xml.Element, outer: Matrix) -> None:
        boundary, ctm = xml.attribute(item, "Boundary"), xml.attribute(item, "CTM")
        matrix = object_matrix(ctm, boundary, outer)
        if not straight(matrix):
            raise unsupported("a picture that is turned or mirrored", self.place)
        place = self.media.get(xml.attribute(item, "ResourceID"))
        if not place:
            raise unsupported("a picture that is not in the file", self.place)
        box = (matrix[4], matrix[5], matrix[0], matrix[3])
        self.canvas.picture(self.source.archive.entries[place], box, place)

    def _path(self, item: xml.Element, outer: Matrix) -> None:
        matrix = object_matrix(xml.attribute(item, "CTM"), xml.attribute(item, "Boundary"), outer)
        scale = abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) ** 0.5
        width = (numbers(xml.attribute(item, "LineWidth")) or [_LINE_WIDTH])[0] * scale
        fill = xml.attribute(item, "Fill") in {"true", "1"}
        stroke = xml.attribute(item, "Stroke") not in {"false", "0"}
        data = " ".join(xml.text(part) for part in xml.children(item, "AbbreviatedData"))
        parts = outline(data, matrix, self.place)
        if fill:
            if len(parts) > 1:
                raise unsupported("a filled path of several parts", self.place)
            for points, _ in parts:
                self.canvas.fill(points, self._colour(item, "FillColor"))
        for points, closed in parts if stroke else ():
            self.canvas.stroke(points, width, self._colour(item, "StrokeColor"), closed=closed)

    def _colour(self, item: xml.Element, name: str) -> Colour:
        found = xml.children(item, name)
        if not found:
            return 0, 0, 0
        values = xml.attribute(_checked(found[0], self.place), "Value").split()
        if len(found) > 1 or len(values) != 3 or not all(v.isdecimal() for v in values):
            raise unsupported("a colour that is not RGB", self.place)
        red, green, blue = (min(int(value[:4]), 255) for value in values)
        return red, green, blue

    def _text(self, item: xml.Element, outer: Matrix) -> None:
        matrix = object_matrix(xml.attribute(item, "CTM"), xml.attribute(item, "Boundary"), outer)
        if not straight(matrix) or abs(matrix[0] - matrix[3]) > matrix[0] / 100:
            raise unsupported("text that is turned or stretched", self.place)
        size = (numbers(xml.attribute(item, "Size")) or [0.0])[0] * matrix[3]
        font = self.fonts.get(xml.attribute(item, "Font"), self.canvas.font_pixels(size))
        colour = self._colour(item, "FillColor")
        x = y = 0.0
        for code in xml.children(item, "TextCode"):
            text = (code.text or "").strip("\r\n\t")
            self.characters += len(text)
            if self.characters > _CHARACTERS:
                raise LimitError("ofd.draw", "too much text is drawn", place=self.place)
            x = (numbers(xml.attribute(code, "X")) or [x])[0]
            y = (numbers(xml.attribute(code, "Y")) or [y])[0]
            for place, character in self._placed(code, text, x, font, size / matrix[3]):
                at = apply(matrix, place, y)
                self.canvas.text(*at, character, font, colour)

    def _placed(
        self, code: xml.Element, text: str, x: float, font: Any, size: float
    ) -> Iterator[tuple[float, str]]:
        """Each character with its place; where DeltaX is absent, the font's own advance."""
        if any(numbers(xml.attribute(code, "DeltaY").replace("g", " "))[1::2]):
            raise unsupported("text that is not on one line", self.place)
        written = xml.attribute(code, "DeltaX")
        steps = _steps(written, len(text) - 1)
        for index, character in enumerate(text):
            yield x, character
            if index < len(steps):
                x += steps[index]
            elif not written:
                x += _advance(font, character) / font.size * size


def _advance(font: Any, character: str) -> float:
    try:
        return float(font.getlength(character))
    except (OSError, ValueError) as error:
        raise unsupported(f"a glyph that cannot be measured ({error})") from None


def _steps(text: str, count: int) -> list[float]:
    """DeltaX: numbers, and ``g n v`` for n times v (clause 11.3)."""
    found: list[float] = []
    items = iter(text.split())
    for item in items:
        if item == "g":
            group = numbers(" ".join((next(items, ""), next(items, ""))))
            if len(group) != 2:
                break
            found += [group[1]] * max(0, min(int(group[0]), count - len(found)))
        else:
            found += numbers(item)[:1]
        if len(found) >= count:
            break
    return found


def _checked(item: xml.Element, place: str) -> xml.Element:
    """The element, if nothing in it goes beyond the lists."""
    kind = xml.local(item)
    known = _ATTRIBUTES.get(kind, {})
    for name, value in item.items():
        pattern = known.get(name)
        if pattern is None or not pattern.fullmatch(value.strip()):
            raise unsupported(f"{kind[:40]} with {name[:40]}={value[:40]!r}", place)
    children = _CHILDREN.get(kind, set())
    if kind not in {"Layer", "PageBlock"}:
        for part in item:
            if xml.local(part) not in children:
                raise unsupported(f"{kind} with {xml.local(part)[:40]}", place)
            _checked(part, place)
    return item


def _hidden(item: xml.Element) -> bool:
    return xml.attribute(item, "Visible").lower() in {"false", "0"}


class _Fonts:
    """The fonts of the package by ID; ours where the file leaves it to the reader."""

    def __init__(self, source: Source, canvas: Canvas) -> None:
        self.source = source
        self.limits = canvas.limits
        self.substituted: set[str] = set()
        self._files: dict[str, tuple[str, str]] = {}  # ID -> name, entry (empty: the reader's)
        self._cut: dict[tuple[str, float], Any] = {}

    def enter(self, files: Sequence[str]) -> None:
        """Make the fonts of these resource files known."""
        self._files = {}
        for place in files:
            root = self.source.load(place, fatal=False)
            for item in () if root is None else xml.descendants(root, "Font"):
                identity = xml.attribute(item, "ID")
                found = (xml.attribute(item, "FontName"), self._entry(item, root, place))
                if self._files.setdefault(identity, found) != found:
                    raise unsupported("two fonts with one ID", place)

    def _entry(self, item: xml.Element, root: xml.Element, place: str) -> str:
        location = xml.text(xml.child(item, "FontFile"))
        if not location:
            return ""
        own = paths.folder(place)
        base = paths.normalise(xml.attribute(root, "BaseLoc") or ".", base=own) or ""
        found, asked = paths.locate(
            self.source.archive, location, bases=(base, own, ""), place=place, log=self.source.log
        )
        if found is None:
            raise unsupported("a font that is not in the file", asked)
        return found

    def get(self, identity: str, pixels: float) -> Any:
        name, entry = self._files.get(identity, ("", ""))
        if identity not in self._files:
            raise unsupported("text in a font that is not named", identity[:40])
        if not entry:
            self.substituted.add(name[:80] or identity[:80])
        key = (entry, pixels)
        if key not in self._cut:
            self._cut[key] = self._open(entry, pixels)
        return self._cut[key]

    def _open(self, entry: str, pixels: float) -> Any:
        from PIL import ImageFont

        source: Any = io.BytesIO(self.source.archive.entries[entry]) if entry else OWN_FONT
        try:
            return ImageFont.truetype(source, pixels, layout_engine=ImageFont.Layout.BASIC)
        except (OSError, ValueError) as error:
            raise unsupported(f"a font that cannot be opened ({error})", entry) from None
