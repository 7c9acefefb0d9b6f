"""A :class:`~elicense.issuing.page.Document` as an OFD (GB/T 33190), ready to be sealed.

Entries have the names every reader knows (``Doc_0/…``); the font subset and the
pictures are resources, ``licence.json`` is an attachment, and the licence's
metadata stands in ``OFD.xml`` as CustomData. Same input, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from elicense.containers.ofd.boxes import PREFIX
from elicense.crypto.sm3 import sm3
from elicense.issuing import fonts
from elicense.issuing.ofd_package import add, element, pack, serialise
from elicense.issuing.page import (
    Colour,
    Document,
    Image,
    Line,
    Mark,
    Page,
    Rectangle,
    Text,
    characters,
    images,
    reserved,
)

DOC = "Doc_0"
DATA_NAME = "licence.json"
ANNOTATIONS = "Annots/Annotations.xml"
_FONT_ID = 1
SPARE_IDS = 1000  # object numbers for endorsements, the last of the document
# Endorsements come later and bring no font: every Chinese reader has this one.
READERS_FONT = ("2", "宋体", "SimSun")


@dataclass
class _Ids:
    """The document's object numbers: every object in an OFD has its own."""

    last: int = int(READERS_FONT[0])
    pictures: dict[bytes, int] = field(default_factory=dict)

    def next(self) -> str:
        self.last += 1
        return str(self.last)


def render(document: Document) -> bytes:
    """The whole OFD package. InputError ``font.glyph`` for a character the font lacks."""
    return pack(dict(_entries(document)))


def _entries(document: Document) -> Iterator[tuple[str, bytes]]:
    ids = _Ids()
    subset = fonts.cut(document.font, characters(document.pages))
    for png in images(document.pages):
        ids.pictures[png] = int(ids.next())
    yield "OFD.xml", _package(document)
    pages = [(ids.next(), _page(page, ids, document.font)) for page in document.pages]
    yield f"{DOC}/Document.xml", _document(document, [number for number, _ in pages], ids)
    boxes = reserved(document.pages)
    yield f"{DOC}/PublicRes.xml", _public_resources(document.font, boxes=boxes)
    yield f"{DOC}/Res/{document.font.postscript}.ttf", subset.data
    if ids.pictures:
        yield f"{DOC}/DocumentRes.xml", _document_resources(ids)
    for png, number in ids.pictures.items():
        yield f"{DOC}/Res/Image_{number}.png", png
    for index, (_, content) in enumerate(pages):
        yield f"{DOC}/Pages/Page_{index}/Content.xml", content
    if document.data is not None:
        yield f"{DOC}/Attachs/Attachments.xml", _attachments(document, document.data)
        yield f"{DOC}/Attachs/{DATA_NAME}", document.data
    if boxes:
        yield f"{DOC}/{ANNOTATIONS}", serialise(element("Annotations"))


def _package(document: Document) -> bytes:
    """OFD.xml (clause 7.4); DocID follows from what the document says."""
    root = element("OFD", {"Version": "1.1", "DocType": "OFD"})
    body = add(root, "DocBody")
    info = add(body, "DocInfo")
    seed = repr((document.title, sorted(document.metadata.items()), document.data)).encode()
    add(info, "DocID", text=sm3(seed).hex()[:32])
    add(info, "Title", text=document.title)
    add(info, "Author", text=document.author)
    day = document.created.strftime("%Y-%m-%d")
    add(info, "CreationDate", text=day)
    add(info, "ModDate", text=day)
    add(info, "Creator", text="elicense")
    if document.metadata:
        customs = add(info, "CustomDatas")
        for name, value in document.metadata.items():
            add(customs, "CustomData", {"Name": name}, value)
    add(body, "DocRoot", text=f"{DOC}/Document.xml")
    return serialise(root)


def _document(document: Document, page_ids: list[str], ids: _Ids) -> bytes:
    root = element("Document")
    common = add(root, "CommonData")
    spare = SPARE_IDS if reserved(document.pages) else 0
    add(common, "MaxUnitID", text=str(ids.last + spare))
    first = document.pages[0]
    area = add(common, "PageArea")
    add(area, "PhysicalBox", text=f"0 0 {_n(first.width)} {_n(first.height)}")
    add(common, "PublicRes", text="PublicRes.xml")
    if ids.pictures:
        add(common, "DocumentRes", text="DocumentRes.xml")
    pages = add(root, "Pages")
    for index, number in enumerate(page_ids):
        add(pages, "Page", {"ID": number, "BaseLoc": f"Pages/Page_{index}/Content.xml"})
    if reserved(document.pages):
        add(root, "Annotations", text=ANNOTATIONS)
    if document.data is not None:
        add(root, "Attachments", text="Attachs/Attachments.xml")
    return serialise(root)


def _public_resources(font: fonts.Font, *, boxes: bool) -> bytes:
    root = element("Res", {"BaseLoc": "Res"})
    listing = add(root, "Fonts")
    face = add(
        listing,
        "Font",
        {"ID": str(_FONT_ID), "FontName": font.postscript, "FamilyName": font.family},
    )
    add(face, "FontFile", text=f"{font.postscript}.ttf")
    if boxes:
        number, name, family = READERS_FONT
        add(listing, "Font", {"ID": number, "FontName": name, "FamilyName": family})
    return serialise(root)


def _document_resources(ids: _Ids) -> bytes:
    root = element("Res", {"BaseLoc": "Res"})
    media = add(root, "MultiMedias")
    for number in ids.pictures.values():
        item = add(media, "MultiMedia", {"ID": str(number), "Type": "Image", "Format": "PNG"})
        add(item, "MediaFile", text=f"Image_{number}.png")
    return serialise(root)


def _attachments(document: Document, data: bytes) -> bytes:
    """Attachments.xml (clause 20); Size is in kilobytes there."""
    root = element("Attachments")
    day = document.created.strftime("%Y-%m-%dT%H:%M:%S")
    attributes = {
        "ID": "1", "Name": DATA_NAME, "Format": "json", "CreationDate": day,
        "Size": _n(len(data) / 1024), "Visible": "true", "Usage": "data",
    }  # fmt: skip
    add(add(root, "Attachment", attributes), "FileLoc", text=DATA_NAME)
    return serialise(root)


def _page(page: Page, ids: _Ids, font: fonts.Font) -> bytes:
    root = element("Page")
    area = add(root, "Area")
    add(area, "PhysicalBox", text=f"0 0 {_n(page.width)} {_n(page.height)}")
    layer = add(add(root, "Content"), "Layer", {"ID": ids.next(), "Type": "Body"})
    for mark in page.marks:
        _mark(layer, mark, ids, font)
    return serialise(root)


def _mark(layer: Any, mark: Mark, ids: _Ids, font: fonts.Font) -> None:
    if isinstance(mark, Text):
        _text(layer, mark, ids, font)
    elif isinstance(mark, Line):
        _line(layer, mark, ids)
    elif isinstance(mark, Rectangle):
        _rectangle(layer, mark, ids)
    else:
        _image(layer, mark, ids.next(), ids.pictures)


def _n(value: float) -> str:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _box(x: float, y: float, width: float, height: float) -> str:
    return " ".join(_n(value) for value in (x, y, width, height))


def _colour(parent: Any, name: str, colour: Colour) -> None:
    add(parent, name, {"Value": " ".join(str(part) for part in colour)})


def _text(layer: Any, mark: Text, ids: _Ids, font: fonts.Font) -> None:
    """One TextObject with the advance of every character but the last (clause 11.3)."""
    if not mark.text:
        return
    ascent, descent = font.ascent * mark.size / 1000, -font.descent * mark.size / 1000
    box = _box(mark.x, mark.y - ascent, font.width(mark.text, mark.size), ascent + descent)
    item = add(
        layer,
        "TextObject",
        {"ID": ids.next(), "Boundary": box, "Font": str(_FONT_ID), "Size": _n(mark.size)},
    )
    _colour(item, "FillColor", mark.colour)
    place = {"X": "0", "Y": _n(ascent)}
    if len(mark.text) > 1:
        steps = (font.advances[c] * mark.size / 1000 for c in mark.text[:-1])
        place["DeltaX"] = " ".join(_n(step) for step in steps)
    add(item, "TextCode", place, mark.text)


def _path(layer: Any, ids: _Ids, box: str, line: float, *, fill: bool, stroke: bool) -> Any:
    attributes = {"ID": ids.next(), "Boundary": box, "LineWidth": _n(line)}
    if fill:
        attributes["Fill"] = "true"
    if not stroke:
        attributes["Stroke"] = "false"
    return add(layer, "PathObject", attributes)


def _line(layer: Any, mark: Line, ids: _Ids) -> None:
    half = mark.width / 2
    left, top = min(mark.x1, mark.x2) - half, min(mark.y1, mark.y2) - half
    width, height = abs(mark.x1 - mark.x2) + mark.width, abs(mark.y1 - mark.y2) + mark.width
    item = _path(layer, ids, _box(left, top, width, height), mark.width, fill=False, stroke=True)
    _colour(item, "StrokeColor", mark.colour)
    start = f"M {_n(mark.x1 - left)} {_n(mark.y1 - top)}"
    add(item, "AbbreviatedData", text=f"{start} L {_n(mark.x2 - left)} {_n(mark.y2 - top)}")


def _rectangle(layer: Any, mark: Rectangle, ids: _Ids) -> None:
    half = mark.line / 2 if mark.stroke is not None else 0.0
    box = _box(mark.x - half, mark.y - half, mark.width + 2 * half, mark.height + 2 * half)
    item = _path(
        layer, ids, box, mark.line, fill=mark.fill is not None, stroke=mark.stroke is not None
    )
    if mark.reserves:
        item.set("Name", f"{PREFIX}{mark.reserves}")
    if mark.fill is not None:
        _colour(item, "FillColor", mark.fill)
    if mark.stroke is not None:
        _colour(item, "StrokeColor", mark.stroke)
    near, right, bottom = _n(half), _n(half + mark.width), _n(half + mark.height)
    outline = f"M {near} {near} L {right} {near} L {right} {bottom} L {near} {bottom} C"
    add(item, "AbbreviatedData", text=outline)


def _image(layer: Any, mark: Image, number: str, pictures: Mapping[bytes, int]) -> None:
    matrix = f"{_n(mark.width)} 0 0 {_n(mark.height)} 0 0"
    attributes = {
        "ID": number, "Boundary": _box(mark.x, mark.y, mark.width, mark.height),
        "CTM": matrix, "ResourceID": str(pictures[mark.png]),
    }  # fmt: skip
    add(layer, "ImageObject", attributes)
