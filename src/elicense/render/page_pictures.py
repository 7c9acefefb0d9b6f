"""Pictures of a file's pages for the report, and where the seals stand on them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from elicense import containers
from elicense.errors import Error
from elicense.evidence import Evidence, Signature
from elicense.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from elicense.containers.ofd import OfdPackage
    from elicense.containers.pdf import PdfDocument
    from elicense.containers.pdf.page import Picture

MOST_PAGES = 4
_DPI = 120.0
_COLOURS = 64
_SEAL_PIXELS = 240
_SHEET_PIXELS, _QUALITY = 1400, 70
SEALED, SHOWN = "sealed", "shown"


@dataclass(frozen=True, slots=True)
class SealBox:
    """Where one signature stands: left, top, right, bottom in pixels of the picture."""

    signature: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page (from 1). ``state`` is ``sealed`` (as the first seal found it) or ``shown`` (as
    a reader shows the file now); empty where the two look the same. ``fonts`` are those that
    the file leaves to the reader."""

    page: int
    state: str
    width: int
    height: int
    png: bytes = field(repr=False)
    boxes: tuple[SealBox, ...] = ()
    fonts: tuple[str, ...] = ()
    media: str = "image/png"
    reduced: float = 1.0  # of a sheet: pixels here by pixels of its own picture


@dataclass(frozen=True, slots=True)
class Pages:
    """``problems`` say of pages (None: all) why they are not drawn; ``left_out`` counts those
    beyond the most that are drawn."""

    pictures: tuple[PagePicture, ...] = ()
    problems: tuple[tuple[int | None, str], ...] = ()
    left_out: int = 0


def draw(data: bytes, evidence: Evidence, *, limits: Limits = DEFAULT_LIMITS) -> Pages:
    """The first pages and those with seals. What cannot be drawn is a problem, never an error."""
    try:
        _, container = containers.read(data, limits)
        if evidence.sheet:
            return _sheet(data, container, evidence, limits)
        if container is None:
            return Pages()
        with containers.boundary("pages"):
            if containers.is_pdf(container):
                return _pdf(container, evidence, limits)
            return _ofd(container, evidence)
    except Error as error:
        return Pages(problems=((None, _why(error)),))


def _why(error: Error) -> str:
    return f"{error.detail} ({error.place})" if error.place else error.detail


def chosen(evidence: Evidence) -> list[int]:
    """The pages to draw: the first, those with seals, then the others, ``MOST_PAGES`` at most."""
    sealed = [place.page for s in evidence.signatures for place in s.placements]
    marked = [code.page for code in evidence.qr if evidence.sheet]
    wanted = dict.fromkeys([1, *sealed, *marked, *range(2, MOST_PAGES + 1)])
    return sorted([page for page in wanted if 1 <= page <= evidence.pages][:MOST_PAGES])


# -- sheets -----------------------------------------------------------------------------


def _sheet(
    data: bytes, container: OfdPackage | PdfDocument | None, evidence: Evidence, limits: Limits
) -> Pages:
    if container is not None and containers.is_pdf(container):
        _check_drawable(container, len(container.revisions) - 1)
    pictures, problems = [], []
    pages = [n for n in chosen(evidence) if n <= limits.qr_pages]
    for page in pages:
        try:
            image, reduced = sheet_image(data, evidence, page, limits, most=_SHEET_PIXELS)
            with containers.boundary(f"page {page}"):
                out = io.BytesIO()
                image.save(out, "JPEG", quality=_QUALITY)
            pictures.append(
                PagePicture(page, "", image.width, image.height, out.getvalue(),
                            media="image/jpeg", reduced=reduced)
            )  # fmt: skip
        except Error as error:
            problems.append((page, _why(error)))
    return Pages(tuple(pictures), tuple(problems), evidence.pages - len(pages))


def check_drawable(data: bytes, limits: Limits) -> None:
    """Raises LimitError where drawing this PDF, as it is now, could go past the limits."""
    _, container = containers.read(data, limits)
    if container is not None and containers.is_pdf(container):
        _check_drawable(container, len(container.revisions) - 1)


def sheet_image(
    data: bytes, evidence: Evidence, page: int, limits: Limits, *, most: int
) -> tuple[Any, float]:
    """A page of a sheet as Pillow's image, its longer side ``most`` pixels or less, and by how
    much it was reduced. InputError or LimitError where it cannot be decoded."""
    from PIL import Image

    from elicense.containers import sheet

    with containers.boundary(f"page {page}"):
        image = Image.fromarray(sheet.pixels(data, evidence, page, limits))
        reduced = min(1.0, most / max(image.size))
        if reduced < 1:
            size = max(1, round(image.width * reduced)), max(1, round(image.height * reduced))
            image = image.resize(size, Image.Resampling.BOX)
        return image, reduced


def _png(image: Any) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    small = image.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def seal_png(data: bytes, limits: Limits = DEFAULT_LIMITS) -> bytes | None:
    """A seal's picture drawn anew as a PNG of at most 240 pixels; None if it cannot be."""
    from PIL import Image

    from elicense.render.ofd_canvas import open_picture

    try:
        with containers.boundary("seal picture"):
            picture = open_picture(data, limits)
            picture.thumbnail((_SEAL_PIXELS, _SEAL_PIXELS), Image.Resampling.LANCZOS)
            out = io.BytesIO()
            picture.save(out, "PNG", optimize=True)
            return out.getvalue()
    except Error:
        return None  # the report then says that the picture is not shown


# -- OFD --------------------------------------------------------------------------------


def _ofd(package: OfdPackage, evidence: Evidence) -> Pages:
    pictures, problems = [], []
    pages = chosen(evidence)
    for page in pages:
        try:
            with containers.boundary(f"page {page}"):
                pictures.append(_ofd_page(package, evidence, page))
        except Error as error:
            problems.append((page, _why(error)))
    return Pages(tuple(pictures), tuple(problems), evidence.pages - len(pages))


def _ofd_page(package: OfdPackage, evidence: Evidence, page: int) -> PagePicture:
    from elicense.render.ofd_draw import Stamp, draw_page

    stamps = tuple(
        Stamp(data, (place.x, place.y, place.width, place.height))
        for signature in evidence.signatures
        if (data := _stamp_picture(signature)) is not None
        for place in signature.placements
        if place.page == page
    )
    drawing = draw_page(package, page, stamps=stamps, dpi=_DPI)
    across = drawing.image.width / drawing.width
    boxes = tuple(
        SealBox(
            signature.index, place.x * across, place.y * across,
            (place.x + place.width) * across, (place.y + place.height) * across,
        )
        for signature in evidence.signatures for place in signature.placements
        if place.page == page
    )  # fmt: skip
    width, height = drawing.image.size
    return PagePicture(page, "", width, height, _png(drawing.image), boxes, drawing.substituted)


def _stamp_picture(signature: Signature) -> bytes | None:
    """The seal's picture where it can be drawn whole; a strip of a riding seal 骑缝章 and a
    picture that is an OFD itself are boxed only."""
    if signature.seal is None or any(note.kind == "riding-seal" for note in signature.notes):
        return None
    return seal_png(signature.seal.picture.data)


# -- PDF --------------------------------------------------------------------------------


def _pdf(document: PdfDocument, evidence: Evidence, limits: Limits) -> Pages:
    from elicense.containers import from_pdf

    if not document.revisions:
        return Pages(problems=((None, "the structure of the file cannot be read"),))
    signed = from_pdf.signed_revision(document) % len(document.revisions)
    last = len(document.revisions) - 1
    for index in sorted({signed, last}):
        _check_drawable(document, index)
    pictures: list[PagePicture] = []
    problems: list[tuple[int | None, str]] = []
    pages = chosen(evidence)
    for page in pages:
        try:
            with containers.boundary(f"page {page}"):
                pictures += _pdf_page(document, evidence, page, signed, limits)
        except Error as error:
            problems.append((page, _why(error)))
    return Pages(tuple(pictures), tuple(problems), evidence.pages - len(pages))


def _check_drawable(document: PdfDocument, index: int) -> None:
    """PDFium knows no limits: what it would have to inflate and draw is counted first."""
    from elicense.containers.pdf import drawable
    from elicense.containers.pdf.objects import view_of

    drawable.check(view_of(document.file, document.revisions, index))


def _pdf_page(
    document: PdfDocument, evidence: Evidence, page: int, signed: int, limits: Limits
) -> Iterator[PagePicture]:
    """The page as it is shown now and, where that looks different, as it was sealed."""
    from elicense.containers.pdf.page import render_colour

    seals = [
        (s.index, s.revision, (p.page, p.x, p.y, p.x + p.width, p.y + p.height))
        for s in evidence.signatures for p in s.placements if p.page == page
    ]  # fmt: skip
    boxes = [box for _, _, box in seals]
    shown = render_colour(document.data, page, _DPI, boxes=boxes, limits=limits)
    state = ""
    if document.revision_bytes(signed) != document.data and _has_page(document, page, signed):
        before = render_colour(
            document.revision_bytes(signed), page, _DPI, boxes=boxes, limits=limits
        )
        if before.pixels != shown.pixels:
            state = SHOWN
            own = [index for index, revision, _ in seals if revision <= signed]
            yield _pdf_picture(page, SEALED, before, seals, own)
    yield _pdf_picture(page, state, shown, seals, [index for index, _, _ in seals])


def _has_page(document: PdfDocument, page: int, revision: int) -> bool:
    from elicense.containers.pdf.fields import page_refs
    from elicense.containers.pdf.objects import view_of

    return page <= len(page_refs(view_of(document.file, document.revisions, revision), []))


def _pdf_picture(
    page: int, state: str, drawn: Picture, seals: list[tuple[int, int, Any]], wanted: list[int]
) -> PagePicture:
    from PIL import Image

    image = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.pixels)
    boxes = tuple(
        SealBox(index, *(float(side) for side in box))
        for (index, _, _), box in zip(seals, drawn.boxes, strict=True)
        if index in wanted
    )
    return PagePicture(page, state, drawn.width, drawn.height, _png(image), boxes)
