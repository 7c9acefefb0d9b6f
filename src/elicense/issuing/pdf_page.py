"""A :class:`~elicense.issuing.page.Document` as a PDF, ready to be sealed.

The font is embedded as a subset with a ToUnicode map; ``licence.json`` is an
associated file (ISO 32000-2 §14.13, relationship Data); XMP repeats the metadata
and holds the SM3 digest of the JSON. Same input, same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from elicense.containers.pdf.boxes import field_name
from elicense.crypto.sm3 import sm3
from elicense.issuing import fonts
from elicense.issuing.page import (
    Colour,
    Document,
    Image,
    Line,
    Page,
    Rectangle,
    Text,
    characters,
    images,
)
from elicense.issuing.pdf_objects import Name, Ref, Stream, Value, date, deflated, number, write

POINTS = 72 / 25.4  # points a millimetre
NAMESPACE = "urn:elicense:licence:1#"
DATA_NAME = "licence.json"


def render(document: Document) -> bytes:
    """The whole PDF. InputError ``font.glyph`` for a character the font lacks."""
    subset = fonts.cut(document.font, characters(document.pages))
    objects: dict[int, Value] = {}
    catalog, tree, info, metadata, font = (_reserve(objects) for _ in range(5))
    objects[font.number] = font_entries(subset, lambda value: _add(objects, value))
    pictures = {png: _picture(objects, png) for png in images(document.pages)}
    fields: list[Value] = []
    kids: list[Value] = [
        _page(objects, page, tree, font, pictures, subset, fields) for page in document.pages
    ]
    objects[tree.number] = {"Type": Name("Pages"), "Kids": kids, "Count": len(kids)}
    objects[metadata.number] = Stream(
        {"Type": Name("Metadata"), "Subtype": Name("XML")}, _xmp(document)
    )
    root: dict[str, Value] = {
        "Type": Name("Catalog"), "Pages": tree, "Metadata": metadata, "Lang": "zh-CN",
        "ViewerPreferences": {"DisplayDocTitle": True},
    }  # fmt: skip
    if document.data is not None:
        file = _attachment(objects, document, document.data)
        root["AF"] = [file]
        root["Names"] = {"EmbeddedFiles": {"Names": [DATA_NAME, file]}}
    if fields:
        root["AcroForm"] = _add(objects, {"Fields": fields})
    objects[catalog.number] = root
    objects[info.number] = {
        "Title": document.title, "Author": document.author, "Producer": "elicense",
        "CreationDate": date(document.created), "ModDate": date(document.created),
        **document.metadata,
    }  # fmt: skip
    return write(objects, root=catalog.number, info=info.number)


def _reserve(objects: dict[int, Value]) -> Ref:
    objects[len(objects) + 1] = None
    return Ref(len(objects))


def _add(objects: dict[int, Value], value: Value) -> Ref:
    reference = _reserve(objects)
    objects[reference.number] = value
    return reference


def font_entries(subset: fonts.Subset, add: Callable[[Value], Ref]) -> dict[str, Value]:
    """A Type 0 font over the embedded TrueType subset (ISO 32000-1 §9.7).

    ``add`` takes the objects that belong to it.
    """
    font = subset.font
    tag = "".join(chr(65 + b % 26) for b in hashlib.sha256(subset.data).digest()[:6])
    base = Name(f"{tag}+{font.postscript}")
    program = add(deflated({"Length1": len(subset.data)}, subset.data))
    descriptor = add(
        {
            "Type": Name("FontDescriptor"), "FontName": base, "Flags": 4,
            "FontBBox": list(font.box), "ItalicAngle": 0, "Ascent": font.ascent,
            "Descent": font.descent, "CapHeight": font.cap_height, "StemV": 80,
            "FontFile2": program,
        },
    )  # fmt: skip
    widths: list[Value] = []
    for character, glyph in sorted(subset.glyphs.items(), key=lambda item: item[1]):
        widths += [glyph, [font.advances[character]]]
    system: Value = {"Registry": "Adobe", "Ordering": "Identity", "Supplement": 0}
    descendant = add(
        {
            "Type": Name("Font"), "Subtype": Name("CIDFontType2"), "BaseFont": base,
            "CIDSystemInfo": system, "FontDescriptor": descriptor, "DW": 1000, "W": widths,
            "CIDToGIDMap": Name("Identity"),
        },
    )  # fmt: skip
    unicode_map = add(deflated({}, _to_unicode(subset.glyphs)))
    return {
        "Type": Name("Font"), "Subtype": Name("Type0"), "BaseFont": base,
        "Encoding": Name("Identity-H"), "DescendantFonts": [descendant],
        "ToUnicode": unicode_map,
    }  # fmt: skip


def _to_unicode(glyphs: Mapping[str, int]) -> bytes:
    """A CMap from glyph index to Unicode (§9.10.3), at most 100 entries a block."""
    rows = [
        f"<{glyph:04X}> <{character.encode('utf-16-be').hex().upper()}>"
        for character, glyph in sorted(glyphs.items(), key=lambda item: item[1])
    ]
    blocks = [rows[at : at + 100] for at in range(0, len(rows), 100)]
    body = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


@lru_cache(maxsize=32)
def picture_objects(png: bytes) -> tuple[Stream, Stream | None]:
    """A PNG as an image XObject, and its soft mask where it is not opaque (§8.9.5)."""
    from io import BytesIO

    from PIL import Image as Pillow

    picture: Any = Pillow.open(BytesIO(png))
    base: dict[str, Value] = {
        "Type": Name("XObject"), "Subtype": Name("Image"),
        "Width": picture.width, "Height": picture.height,
    }  # fmt: skip
    grey = {**base, "ColorSpace": Name("DeviceGray"), "BitsPerComponent": 8}
    if picture.mode == "1":
        bilevel = {**base, "ColorSpace": Name("DeviceGray"), "BitsPerComponent": 1}
        return deflated(bilevel, picture.tobytes()), None
    if picture.mode == "L":
        return deflated(grey, picture.tobytes()), None
    rgba = picture.convert("RGBA")
    colour = {**base, "ColorSpace": Name("DeviceRGB"), "BitsPerComponent": 8}
    alpha = rgba.getchannel("A")
    mask = None if alpha.getextrema() == (255, 255) else deflated(grey, alpha.tobytes())
    return deflated(colour, rgba.convert("RGB").tobytes()), mask


def _picture(objects: dict[int, Value], png: bytes) -> Ref:
    image, mask = picture_objects(png)
    if mask is None:
        return _add(objects, image)
    return _add(objects, Stream({**image.entries, "SMask": _add(objects, mask)}, image.data))


def _page(
    objects: dict[int, Value],
    page: Page,
    parent: Ref,
    font: Ref,
    pictures: Mapping[bytes, Ref],
    subset: fonts.Subset,
    fields: list[Value],
) -> Ref:
    names = {png: f"Im{index}" for index, png in enumerate(pictures)}
    used: dict[str, Value] = {names[png]: pictures[png] for png in images([page])}
    contents = _add(objects, deflated({}, _content(page, names, subset)))
    resources: dict[str, Value] = {"Font": {"F1": font}}
    if used:
        resources["XObject"] = used
    box: list[Value] = [0, 0, page.width * POINTS, page.height * POINTS]
    entries: dict[str, Value] = {
        "Type": Name("Page"), "Parent": parent, "MediaBox": box,
        "Resources": resources, "Contents": contents,
    }  # fmt: skip
    reference = _reserve(objects)
    boxes = [_box(objects, reference, mark, page) for mark in _reserving(page)]
    if boxes:
        entries["Annots"] = boxes
        fields += boxes
    objects[reference.number] = entries
    return reference


def _reserving(page: Page) -> list[Rectangle]:
    return [mark for mark in page.marks if isinstance(mark, Rectangle) and mark.reserves]


def _box(objects: dict[int, Value], page: Ref, mark: Rectangle, shape: Page) -> Value:
    """An empty signature field that reserves the frame's inside (ISO 32000-1 12.7.4.5)."""
    half = mark.line / 2
    left, right = mark.x + half, mark.x + mark.width - half
    top, bottom = mark.y + half, mark.y + mark.height - half
    corners = (left, shape.height - bottom, right, shape.height - top)
    rect: list[Value] = [value * POINTS for value in corners]
    return _add(
        objects,
        {
            "Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"),
            "T": field_name(mark.reserves), "TU": f"签注 Endorsement {mark.reserves}",
            "F": 132, "P": page, "Rect": rect,
        },
    )  # fmt: skip


def _content(page: Page, names: Mapping[bytes, str], subset: fonts.Subset) -> bytes:
    lines = []
    for mark in page.marks:
        if isinstance(mark, Text):
            lines.append(_text(mark, page.height, subset.glyphs))
        elif isinstance(mark, Line):
            ends = _xy(mark.x1, mark.y1, page), _xy(mark.x2, mark.y2, page)
            style = f"{_colour(mark.colour, 'RG')} {number(mark.width * POINTS)} w"
            lines.append(f"{style} {ends[0]} m {ends[1]} l S")
        elif isinstance(mark, Rectangle):
            lines.append(_rectangle(mark, page))
        else:
            lines.append(_image(mark, page, names[mark.png]))
    return "\n".join(lines).encode("ascii")


def _xy(x: float, y: float, page: Page) -> str:
    return f"{number(x * POINTS)} {number((page.height - y) * POINTS)}"


def _colour(colour: Colour, operator: str) -> str:
    return " ".join(number(part / 255) for part in colour) + f" {operator}"


def _text(mark: Text, height: float, glyphs: Mapping[str, int]) -> str:
    codes = "".join(f"{glyphs[character]:04X}" for character in mark.text)
    place = f"{number(mark.x * POINTS)} {number((height - mark.y) * POINTS)} Td"
    size = number(mark.size * POINTS)
    return f"BT {_colour(mark.colour, 'rg')} /F1 {size} Tf {place} <{codes}> Tj ET"


def _rectangle(mark: Rectangle, page: Page) -> str:
    corner = _xy(mark.x, mark.y + mark.height, page)
    size = f"{number(mark.width * POINTS)} {number(mark.height * POINTS)}"
    style, paint = [], "n"
    if mark.fill is not None:
        style.append(_colour(mark.fill, "rg"))
        paint = "f"
    if mark.stroke is not None:
        style.append(f"{_colour(mark.stroke, 'RG')} {number(mark.line * POINTS)} w")
        paint = "B" if mark.fill is not None else "S"
    return " ".join([*style, corner, size, "re", paint])


def _image(mark: Image, page: Page, name: str) -> str:
    size = f"{number(mark.width * POINTS)} 0 0 {number(mark.height * POINTS)}"
    return f"q {size} {_xy(mark.x, mark.y + mark.height, page)} cm /{name} Do Q"


def _attachment(objects: dict[int, Value], document: Document, data: bytes) -> Ref:
    entries: dict[str, Value] = {
        "Type": Name("EmbeddedFile"), "Subtype": Name("application/json"),
        "Params": {"Size": len(data), "ModDate": date(document.created)},
    }  # fmt: skip
    stream = _add(objects, deflated(entries, data))
    return _add(
        objects,
        {
            "Type": Name("Filespec"), "F": DATA_NAME, "UF": DATA_NAME,
            "AFRelationship": Name("Data"), "Desc": "Machine-readable licence data",
            "EF": {"F": stream, "UF": stream},
        },
    )  # fmt: skip


def _xmp(document: Document) -> bytes:
    """XMP (ISO 16684): title, author, date, the licence's metadata and its data's digest."""
    values = dict(document.metadata)
    if document.data is not None:
        values["dataDigest"] = f"sm3:{sm3(document.data).hex()}"
    own = "".join(f"<elicense:{k}>{escape(v)}</elicense:{k}>\n" for k, v in values.items())
    moment = document.created.isoformat()
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:elicense="{NAMESPACE}">\n'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(document.title)}</rdf:li>'
        "</rdf:Alt></dc:title>\n"
        f"<dc:creator><rdf:Seq><rdf:li>{escape(document.author)}</rdf:li></rdf:Seq>"
        "</dc:creator>\n"
        f"<xmp:CreateDate>{moment}</xmp:CreateDate>\n<xmp:ModifyDate>{moment}</xmp:ModifyDate>\n"
        f"{own}</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()
