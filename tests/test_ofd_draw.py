"""Drawing OFD pages: what we issue looks as its PDF does; what is not drawn is named."""

from __future__ import annotations

import io
import random
import re
import struct
import zlib
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from elicense import profiles
from elicense.containers import ofd
from elicense.containers.ofd.geometry import IDENTITY
from elicense.containers.pdf.page import render_colour
from elicense.errors import Error, InputError, LimitError
from elicense.issuing import document, fonts, ofd_page, pdf_page
from elicense.issuing import page as neutral
from elicense.issuing.ofd_package import pack
from elicense.licence import dump
from elicense.limits import Limits
from elicense.render.ofd_canvas import outline
from elicense.render.ofd_draw import Stamp, draw_page
from judging import SAMPLES, sample

from samples import licences  # isort: skip

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
FONT = fonts.load()
OFDS = sorted(path.name for path in SAMPLES.glob("*.ofd"))
PAGE = "Doc_0/Pages/Page_0/Content.xml"


def entries(data: bytes = b"") -> dict[str, bytes]:
    return dict(ofd.read(data or sample("unsealed.ofd")).entries)


def drawn(data: bytes, page: int = 1, **options) -> Image.Image:
    return draw_page(ofd.read(data), page, **options).image


def with_marks(*marks: neutral.Mark) -> neutral.Document:
    pages = (neutral.Page(tuple(marks), 100.0, 80.0),)
    return neutral.Document(pages, "样例", "样例", NOW, FONT)


def with_object(xml: str) -> bytes:
    """The unsealed sample with one more object at the end of its first page."""
    found = entries()
    found[PAGE] = found[PAGE].replace(b"</ofd:Layer>", f"{xml}</ofd:Layer>".encode())
    return pack(found)


def dark(image: Image.Image, box: tuple[int, int, int, int]) -> float:
    """The share of ink, 0 to 1, within a box of pixels."""
    return 1 - ImageStat.Stat(image.convert("L").crop(box)).mean[0] / 255


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of two pages, blurred so that the edges' smoothing does not count."""
    first, second = (
        image.convert("L").resize((496, 702)).filter(ImageFilter.GaussianBlur(1.5))
        for image in (a, b)
    )
    return ImageStat.Stat(ImageChops.difference(first, second)).mean[0]


def pdf_image(data: bytes, page: int) -> Image.Image:
    found = render_colour(data, page, 120)
    return Image.frombytes("RGB", (found.width, found.height), found.pixels)


@pytest.mark.parametrize("licence", [licences.TIANJIN_DOC, licences.GUANGDONG_SMC],
                         ids=["doc", "smc"])  # fmt: skip
def test_a_licence_looks_the_same_as_ofd_and_as_pdf(licence) -> None:
    profile = profiles.get(licence.type)
    salts = {path: bytes(range(16)) for path in profile.salted_paths(licence)}
    made = document.document(
        licence, data=dump(licence, salts=salts), created=NOW, qr_text="EL1:" + "A1B2" * 60
    )
    as_ofd, as_pdf = ofd_page.render(made), pdf_page.render(made)
    for page in range(1, len(made.pages) + 1):
        ours, theirs = drawn(as_ofd, page), pdf_image(as_pdf, page)
        assert abs(ours.width - theirs.width) <= 2 and abs(ours.height - theirs.height) <= 2
        same = difference(ours, theirs)
        assert same < 2.0  # PDFium stretches the page to whole pixels: half a pixel at most
        moved = ImageChops.offset(ours, 5, 0)  # the measure sees a shift of a millimetre
        assert difference(moved, theirs) > 2.5 * same
    assert ImageStat.Stat(drawn(as_ofd).convert("L")).mean[0] < 250


def test_every_mark_stands_where_the_pdf_has_it() -> None:
    """Text, lines, rectangles and pictures, each alone and each in its colour."""
    png = io.BytesIO()
    Image.new("RGB", (20, 20), (0, 0, 255)).save(png, "PNG")
    marks = {
        "text": neutral.Text(10, 20, 6, "符合证明 DOC 2031", (200, 16, 30)),
        "line": neutral.Line(10, 30, 90, 30, 0.8, (24, 74, 122)),
        "slope": neutral.Line(10, 35, 60, 55, 0.5),
        "frame": neutral.Rectangle(12, 40, 30, 20, 1.0, (0, 120, 0)),
        "area": neutral.Rectangle(50, 40, 30, 20, 0.2, None, (238, 200, 100)),
        "picture": neutral.Image(60, 5, 15, 15, png.getvalue()),
    }
    for name, mark in marks.items():
        made = with_marks(neutral.Text(2, 78, 2, "x"), mark)
        ours, theirs = drawn(ofd_page.render(made)), pdf_image(pdf_page.render(made), 1)
        ours_box, theirs_box = (
            ImageChops.invert(image.convert("L").crop((0, 0, 472, 350)))
            .point(lambda v: 255 if v > 20 else 0).getbbox()
            for image in (ours, theirs)
        )  # fmt: skip
        assert ours_box is not None and theirs_box is not None, name
        assert max(abs(a - b) for a, b in zip(ours_box, theirs_box, strict=True)) <= 2, name
        assert difference(ours, theirs) < 1.0, name
        inks = [min(image.getcolors(1 << 20), key=lambda c: sum(c[1]))[1]
                for image in (ours.crop(ours_box), theirs.crop(theirs_box))]  # fmt: skip
        assert max(abs(a - b) for a, b in zip(*inks, strict=True)) <= 40, name


@pytest.mark.parametrize("name", OFDS)
def test_every_sample_is_drawn(name: str) -> None:
    package = ofd.read(sample(name))
    for page in range(1, package.pages + 1):
        drawing = draw_page(package, page)
        assert (drawing.width, drawing.height) == (210, 297)
        assert drawing.image.size == (993, 1404)
        # an endorsement's text is set in a font that the reader has, and not in the file
        endorsed = any("Annot" in place for s in package.signatures for place in s.references)
        assert drawing.substituted in {(), ("宋体",) if endorsed else ()}
        assert 0.01 < dark(drawing.image, (0, 0, 993, 1404)) < 0.3


def test_the_same_page_gives_the_same_pixels() -> None:
    first, second = (drawn(sample("tianjin-doc.ofd")).tobytes() for _ in range(2))
    assert first == second


def test_what_was_changed_on_the_page_is_seen() -> None:
    assert difference(drawn(sample("tampered-page.ofd")), drawn(sample("tianjin-doc.ofd"))) > 0


def test_the_seal_stands_at_its_place() -> None:
    red = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 255)).save(red, "PNG")
    plain = drawn(sample("unsealed.ofd"))
    stamped = drawn(sample("unsealed.ofd"), stamps=(Stamp(red.getvalue(), (142, 226, 40, 40)),))
    box = ImageChops.difference(plain, stamped).getbbox()
    scale = 120 / 25.4
    wanted = (142 * scale, 226 * scale, 182 * scale, 266 * scale)
    assert box is not None
    assert all(abs(a - b) <= 1.5 for a, b in zip(box, wanted, strict=True))
    assert stamped.getpixel((int(162 * scale), int(246 * scale))) == (255, 0, 0)


def test_a_transparent_seal_leaves_the_text_below_to_be_read() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(clear, "PNG")
    plain = drawn(sample("unsealed.ofd"))
    stamp = Stamp(clear.getvalue(), (0, 0, 210, 297))
    assert drawn(sample("unsealed.ofd"), stamps=(stamp,)).tobytes() == plain.tobytes()


def test_a_font_the_file_leaves_to_the_reader_is_named() -> None:
    found = entries()
    found["Doc_0/PublicRes.xml"] = re.sub(
        rb"<ofd:FontFile>.*?</ofd:FontFile>", b"", found["Doc_0/PublicRes.xml"]
    )
    drawing = draw_page(ofd.read(pack(found)), 1)
    assert drawing.substituted == ("ElicenseKai",)
    assert difference(drawing.image, drawn(sample("unsealed.ofd"))) < 0.5


def test_templates_lie_below_and_annotations_above() -> None:
    """A red template, a green page and a blue annotation upon each other, each smaller."""

    def square(side: int, colour: str) -> str:
        corners = f"M 0 0 L {side} 0 L {side} {side} L 0 {side} C"
        return (
            f'<ofd:PathObject ID="{900 + side}" Boundary="0 0 {side} {side}" Fill="true" '
            f'Stroke="false"><ofd:FillColor Value="{colour}"/><ofd:AbbreviatedData>{corners}'
            "</ofd:AbbreviatedData></ofd:PathObject>"
        )

    found = entries()
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    found["Doc_0/Tpl.xml"] = (
        f'<ofd:Page {space}><ofd:Content><ofd:Layer ID="800">{square(90, "255 0 0")}</ofd:Layer>'
        "</ofd:Content></ofd:Page>"
    ).encode()
    found["Doc_0/Annots.xml"] = (
        f'<ofd:Annotations {space}><ofd:Page PageID="3"><ofd:FileLoc>Annot.xml</ofd:FileLoc>'
        "</ofd:Page></ofd:Annotations>"
    ).encode()
    found["Doc_0/Annot.xml"] = (
        f'<ofd:PageAnnot {space}><ofd:Annot ID="801" Type="Stamp"><ofd:Appearance '
        f'Boundary="0 0 30 30">{square(30, "0 0 255")}</ofd:Appearance></ofd:Annot>'
        f'<ofd:Annot ID="802" Visible="false"><ofd:Appearance Boundary="0 0 30 30">'
        f"{square(25, '9 9 9')}</ofd:Appearance></ofd:Annot></ofd:PageAnnot>"
    ).encode()
    document_xml = found["Doc_0/Document.xml"].decode()
    identity = re.search(r'<ofd:Page ID="(\d+)"', document_xml)
    assert identity is not None
    found["Doc_0/Annots.xml"] = found["Doc_0/Annots.xml"].replace(
        b'"3"', f'"{identity[1]}"'.encode()
    )
    document_xml = document_xml.replace(
        "</ofd:CommonData>", '<ofd:TemplatePage ID="7" BaseLoc="Tpl.xml"/></ofd:CommonData>'
    ).replace("</ofd:Document>", "<ofd:Annotations>Annots.xml</ofd:Annotations></ofd:Document>")
    found["Doc_0/Document.xml"] = document_xml.encode()
    page = (
        found[PAGE]
        .decode()
        .replace("<ofd:Content>", '<ofd:Template TemplateID="7" ZOrder="Background"/><ofd:Content>')
    )
    found[PAGE] = page.replace("</ofd:Layer>", square(60, "0 255 0") + "</ofd:Layer>").encode()
    image = drawn(pack(found))
    places = {25: (0, 0, 255), 45: (0, 255, 0), 75: (255, 0, 0)}
    for millimetres, colour in places.items():
        pixel = int(millimetres * 120 / 25.4)
        assert image.getpixel((pixel, 10)) == colour, millimetres


FILL = '<ofd:FillColor Value="0 0 0"/>'
UNSUPPORTED = {
    "gradient": '<ofd:PathObject ID="900" Boundary="0 0 9 9" Fill="true"><ofd:FillColor>'
    "<ofd:AxialShd/></ofd:FillColor><ofd:AbbreviatedData>M 0 0 L 9 9</ofd:AbbreviatedData>"
    "</ofd:PathObject>",
    "clip": '<ofd:PathObject ID="900" Boundary="0 0 9 9"><ofd:Clips/></ofd:PathObject>',
    "alpha": f'<ofd:PathObject ID="900" Boundary="0 0 9 9" Alpha="10">{FILL}</ofd:PathObject>',
    "composite": '<ofd:CompositeObject ID="900" Boundary="0 0 9 9" ResourceID="1"/>',
    "unknown": '<ofd:Hologram ID="900"/>',
    "arc": '<ofd:PathObject ID="900" Boundary="0 0 9 9"><ofd:AbbreviatedData>M 0 0 A 1 1 0 0 0 5 5'
    "</ofd:AbbreviatedData></ofd:PathObject>",
    "two parts": '<ofd:PathObject ID="900" Boundary="0 0 9 9" Fill="true"><ofd:AbbreviatedData>'
    "M 0 0 L 9 0 L 9 9 C M 1 1 L 2 1 L 2 2 C</ofd:AbbreviatedData></ofd:PathObject>",
    "turned text": '<ofd:TextObject ID="900" Boundary="9 9 9 9" Font="1" Size="4" '
    'CTM="0 1 -1 0 0 0">'
    "<ofd:TextCode>x</ofd:TextCode></ofd:TextObject>",
    "vertical text": '<ofd:TextObject ID="900" Boundary="9 9 9 9" Font="1" Size="4"><ofd:TextCode '
    'DeltaY="g 1 4">符合</ofd:TextCode></ofd:TextObject>',
    "glyphs": '<ofd:TextObject ID="900" Boundary="9 9 9 9" Font="1" Size="4"><ofd:CGTransform '
    'CodePosition="0"/><ofd:TextCode>x</ofd:TextCode></ofd:TextObject>',
    "no such font": '<ofd:TextObject ID="900" Boundary="9 9 9 9" Font="77" Size="4"><ofd:TextCode>x'
    "</ofd:TextCode></ofd:TextObject>",
    "huge type": '<ofd:TextObject ID="900" Boundary="9 9 9 9" Font="1" Size="99999"><ofd:TextCode>x'
    "</ofd:TextCode></ofd:TextObject>",
    "no such picture": '<ofd:ImageObject ID="900" Boundary="0 0 9 9" CTM="9 0 0 9 0 0" '
    'ResourceID="777"/>',
    "mirrored": '<ofd:ImageObject ID="900" Boundary="0 0 9 9" CTM="-9 0 0 9 0 0" ResourceID="2"/>',
    "far": '<ofd:PathObject ID="900" Boundary="0 0 9 9"><ofd:AbbreviatedData>M 0 0 L 9e8 0'
    "</ofd:AbbreviatedData></ofd:PathObject>",
    "not a number": '<ofd:PathObject ID="900" Boundary="0 0 9 9"><ofd:AbbreviatedData>M nan inf'
    "</ofd:AbbreviatedData></ofd:PathObject>",
    "colour space": '<ofd:PathObject ID="900" Boundary="0 0 9 9"><ofd:StrokeColor Value="0 0 0" '
    'ColorSpace="5"/><ofd:AbbreviatedData>M 0 0 L 9 0</ofd:AbbreviatedData></ofd:PathObject>',
    "draw parameters": '<ofd:PageBlock ID="900" DrawParam="5"/>',
}


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_a_page_is_drawn_whole_or_not_at_all(name: str) -> None:
    with pytest.raises(InputError) as caught:
        drawn(with_object(UNSUPPORTED[name]))
    assert caught.value.code == "ofd.draw"
    assert caught.value.detail


def test_hidden_objects_are_not_drawn() -> None:
    path = (
        '<ofd:PathObject ID="900" Boundary="0 0 210 297" Fill="true"{}><ofd:AbbreviatedData>'
        "M 0 0 L 210 0 L 210 297 L 0 297 C</ofd:AbbreviatedData></ofd:PathObject>"
    )
    plain = drawn(sample("unsealed.ofd"))
    assert drawn(with_object(path.format(' Visible="false"'))).tobytes() == plain.tobytes()
    assert dark(drawn(with_object(path.format(""))), (0, 0, 993, 1404)) == 1


def test_a_deep_or_endless_page_is_left() -> None:
    deep = '<ofd:PageBlock ID="9">' * 40 + "</ofd:PageBlock>" * 40
    with pytest.raises(LimitError):
        drawn(with_object(deep))
    many = (
        '<ofd:PathObject ID="9"><ofd:AbbreviatedData>M 0 0</ofd:AbbreviatedData></ofd:PathObject>'
    )
    with pytest.raises(LimitError):
        drawn(with_object(many * 20_001))
    whole = (
        '<ofd:PathObject ID="9" Fill="true"><ofd:AbbreviatedData>'
        "M 0 0 L 210 0 L 210 297 L 0 297</ofd:AbbreviatedData></ofd:PathObject>"
    )
    quick = Limits(render_seconds=0.2)
    with pytest.raises(LimitError) as caught:
        draw_page(ofd.read(with_object(whole * 5000), quick), 1)
    assert "seconds" in caught.value.detail


@pytest.mark.parametrize("size", ["0 0 1e9 297", "0 0 1 1", "0 0 nan 5", "5 5 210 297", "-1", ""])
def test_a_page_of_no_sensible_size_is_not_drawn(size: str) -> None:
    found = entries()
    found[PAGE] = found[PAGE].replace(b"0 0 210 297", size.encode(), 1)
    with pytest.raises(InputError) as caught:
        drawn(pack(found))
    assert caught.value.code == "ofd.draw"


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge and is 200 bytes long."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64)))
        + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [b"", b"junk", b"\x89PNG\r\n\x1a\n" + bytes(40), bomb(60_000, 60_000), bomb(100, 100),
     b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + bytes(20)],
)  # fmt: skip
def test_pictures_of_junk_are_refused(data: bytes) -> None:
    found = entries()
    place = next(name for name in found if name.endswith(".png"))
    found[place] = data
    with pytest.raises(InputError):
        drawn(pack(found))


@pytest.mark.parametrize("cut", [0, 1, 40, 900, 20_000])
def test_broken_fonts_are_refused_or_drawn_but_never_crash(cut: int) -> None:
    found = entries()
    place = next(name for name in found if name.endswith(".ttf"))
    found[place] = found[place][:cut]
    try:
        assert drawn(pack(found)).size == (993, 1404)
    except Error as error:
        assert error.code == "ofd.draw"


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_are_drawn_or_refused(seed: int) -> None:
    """Fonts, pictures, pages and resources with some bytes changed: our errors only."""
    rng = random.Random(seed)
    found = entries()
    parts = [name for name in found if name.endswith((".ttf", ".png", "Content.xml", "Res.xml"))]
    place = rng.choice(parts)
    changed = bytearray(found[place])
    for _ in range(rng.randint(1, 12)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    found[place] = bytes(changed)
    try:
        assert drawn(pack(found)).mode == "RGB"
    except InputError as error:
        assert error.code.startswith(("ofd.", "xml.", "image.", "zip."))


def test_a_glyph_that_cannot_be_drawn_is_named() -> None:
    found = entries()
    place = next(name for name in found if name.endswith(".ttf"))
    font = bytearray(found[place])
    tables = {bytes(font[at : at + 4]): at for at in range(12, 12 + 16 * font[5], 16)}
    start = int.from_bytes(font[tables[b"glyf"] + 8 : tables[b"glyf"] + 12], "big")
    size = int.from_bytes(font[tables[b"glyf"] + 12 : tables[b"glyf"] + 16], "big")
    font[start : start + size] = b"\xff" * size
    found[place] = bytes(font)
    with pytest.raises(InputError) as caught:
        drawn(pack(found))
    assert "glyph" in caught.value.detail


def test_curves_are_followed() -> None:
    ((points, closed),) = outline("M 0 0 B 0 10 10 10 10 0 C", IDENTITY, "")
    assert closed and points[0] == (0, 0) and points[-1] == (10, 0)
    assert max(y for _, y in points) == pytest.approx(7.5)
    ((points, _),) = outline("M 0 0 Q 5 10 10 0", IDENTITY, "")
    assert max(y for _, y in points) == pytest.approx(5)


@pytest.mark.parametrize("page", [0, -1, 3])
def test_a_page_that_is_not_there(page: int) -> None:
    with pytest.raises(InputError):
        drawn(sample("unsealed.ofd"), page)
