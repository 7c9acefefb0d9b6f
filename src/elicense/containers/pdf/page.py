"""Pages as a reader shows them: text lines, grey pictures, comparison (PDFium).

PDFium is one global machine: a lock lets one thread in at a time.
"""

from __future__ import annotations

import io
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from elicense.errors import InputError, LimitError, UsageError
from elicense.limits import DEFAULT_LIMITS, Limits

_LOCK = threading.RLock()
Box = tuple[int, float, float, float, float]  # page from 1; left, bottom, right, top in points


@contextmanager
def opened(data: bytes | memoryview) -> Iterator[Any]:
    import pypdfium2

    with _LOCK:
        document = None
        try:
            document = pypdfium2.PdfDocument(_for_pdfium(data))
            document.init_forms()  # seals are form widgets: without it they are not drawn
            yield document
        except pypdfium2.PdfiumError as error:
            raise InputError("pdf.render", f"PDFium cannot read the page: {error}") from None
        finally:
            if document is not None:
                document.close()


_COPY_UP_TO = 8 << 20


def _for_pdfium(data: bytes | memoryview) -> Any:
    """The data as PDFium takes it; a large file is not copied, but read piece by piece."""
    if type(data) is bytes:
        return data
    view = memoryview(data)
    if type(view.obj) is bytes and len(view.obj) == len(view):
        return view.obj
    return bytes(view) if len(view) <= _COPY_UP_TO else io.BufferedReader(_ViewFile(view))


class _ViewFile(io.RawIOBase):
    """A memoryview as a file to read."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._view)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        piece = self._view[self._at : self._at + len(target)]
        target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def page_of(document: Any, number: int) -> Any:
    if not 1 <= number <= len(document):
        raise UsageError("pdf.page", f"there is no page {number}", place=f"page {number}")
    return document[number - 1]


def page_lines(data: bytes | memoryview, page: int) -> tuple[str, ...]:
    """The text lines of a page (from 1), top to bottom, each left to right.

    Raises InputError ``pdf.render`` if PDFium cannot read the page.
    """
    with opened(data) as document:
        text = page_of(document, page).get_textpage()
        pieces = []
        for index in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(index)
            piece = text.get_text_bounded(left, bottom, right, top).strip()
            if piece:
                pieces.append((left, bottom, right, top, piece))
    return _lines(pieces)


def _lines(pieces: list[tuple[float, float, float, float, str]]) -> tuple[str, ...]:
    """Pieces whose heights overlap by half are one line."""
    rows: list[list[tuple[float, float, float, float, str]]] = []
    for piece in sorted(pieces, key=lambda p: (-(p[1] + p[3]), p[0])):
        middle = (piece[1] + piece[3]) / 2
        if rows and rows[-1][0][1] <= middle <= rows[-1][0][3]:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    lines = []
    for row in rows:
        row.sort(key=lambda p: p[0])
        words, seen = [], set()
        for left, bottom, _, _, words_here in row:
            key = (round(left), round(bottom), words_here)
            if key not in seen:
                seen.add(key)
                words.append(" ".join(words_here.split()))
        lines.append(" ".join(words))
    return tuple(lines)


def text_in_box(data: bytes | memoryview, box: Box) -> str:
    """The text of a page inside a box: what a seal placed there would stand on."""
    number, left, bottom, right, top = box
    with opened(data) as document:
        text = page_of(document, number).get_textpage()
        return str(text.get_text_bounded(left, bottom, right, top)).strip()


def overlaid_text(data: bytes | memoryview, page: int) -> tuple[str, ...]:
    """Text of a page that a picture drawn later lies upon (prepared for a hide attack)."""
    from pypdfium2 import PdfiumError, raw

    with opened(data) as document:
        shown = page_of(document, page)
        texts: list[tuple[tuple[float, float, float, float], Any]] = []
        hidden = []
        textpage = shown.get_textpage()
        for item in shown.get_objects(max_depth=4):
            try:
                bounds = item.get_bounds()
            except PdfiumError:  # an empty object has no box
                continue
            if item.type == raw.FPDF_PAGEOBJ_TEXT:
                texts.append((bounds, item))
            elif item.type in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING):
                hidden += [t for t in texts if _inside(t[0], bounds)]
                texts = [t for t in texts if not _inside(t[0], bounds)]
        found = (str(textpage.get_text_bounded(*bounds)).strip() for bounds, _ in hidden)
        return tuple(piece for piece in found if piece)


def _inside(
    inner: tuple[float, float, float, float], outer: tuple[float, float, float, float]
) -> bool:
    return (
        outer[0] <= inner[0] + 1
        and outer[1] <= inner[1] + 1
        and inner[2] <= outer[2] + 1
        and inner[3] <= outer[3] + 1
    )


def render_gray(
    data: bytes | memoryview, page: int, dpi: float = 200, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[int, int, memoryview]:
    """A page (from 1) as grey pixels: width, height and a (height, width) buffer of bytes.

    Raises LimitError ``pdf.render`` for too many pixels, or where drawing takes longer
    than ``limits.render_seconds``.
    """
    with opened(data) as document:
        return _render(page_of(document, page), dpi / 72, limits)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn page: ``pixels`` are rows of ``width`` RGB bytes triples. ``boxes`` are those
    asked for, in pixels: left, top, right, bottom."""

    width: int
    height: int
    pixels: bytes = field(repr=False)
    boxes: tuple[tuple[int, int, int, int], ...] = ()


def render_colour(
    data: bytes | memoryview,
    page: int,
    dpi: float = 120,
    *,
    boxes: Sequence[Box] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Picture:
    """A page (from 1) in colour, with where boxes in points stand on it; errors as
    :func:`render_gray`. Boxes of other pages are left out."""
    with opened(data) as document:
        shown, scale = page_of(document, page), dpi / 72
        bitmap = _bitmap(shown, scale, limits, colour=True)
        try:
            width, height, row = bitmap.width, bitmap.height, 3 * bitmap.width
            raw = bytes(memoryview(bitmap.buffer).cast("B"))
            pixels = b"".join(raw[y : y + row] for y in range(0, len(raw), bitmap.stride))
        finally:
            bitmap.close()
        places = tuple(
            _device_box(shown, box[1:], width, height) for box in boxes if box[0] == page
        )
        return Picture(width, height, pixels, places)


def _render(page: Any, scale: float, limits: Limits) -> tuple[int, int, memoryview]:
    bitmap = _bitmap(page, scale, limits, colour=False)
    try:
        w, h, stride = bitmap.width, bitmap.height, bitmap.stride
        pixels = bytes(memoryview(bitmap.buffer).cast("B"))
        if stride != w:
            pixels = b"".join(pixels[y * stride : y * stride + w] for y in range(h))
        return w, h, memoryview(pixels[: w * h]).cast("B", (h, w))
    finally:
        bitmap.close()


def _bitmap(page: Any, scale: float, limits: Limits, *, colour: bool) -> Any:
    width, height = page.get_size()
    if width * height * scale * scale > limits.image_pixels:
        raise LimitError("pdf.render", "the page has too many pixels at this resolution")
    size = math.ceil(width * scale), math.ceil(height * scale)
    return _draw(page, *size, limits, colour=colour)


def _draw(page: Any, width: int, height: int, limits: Limits, *, colour: bool) -> Any:
    """Drawn object by object, so that a page without end can be left."""
    import pypdfium2
    from pypdfium2 import raw

    kind = raw.FPDFBitmap_BGR if colour else raw.FPDFBitmap_Gray
    bitmap = pypdfium2.PdfBitmap.new_native(max(width, 1), max(height, 1), kind)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, bitmap.width, bitmap.height)
    end = time.monotonic() + limits.render_seconds
    pause = raw.IFSDK_PAUSE(version=1)
    late = type(pause.NeedToPauseNow)(lambda _: time.monotonic() > end)
    pause.NeedToPauseNow = late
    flags = raw.FPDF_ANNOT | (raw.FPDF_REVERSE_BYTE_ORDER if colour else raw.FPDF_GRAYSCALE)
    place = (0, 0, bitmap.width, bitmap.height, 0)
    status = raw.FPDF_RenderPageBitmap_Start(bitmap, page, *place, flags, pause)
    raw.FPDF_RenderPage_Close(page)
    if status != raw.FPDF_RENDER_DONE:
        bitmap.close()
        detail = f"drawing the page takes more than {limits.render_seconds:g} seconds"
        raise LimitError("pdf.render", detail)
    if page.formenv:
        raw.FPDF_FFLDraw(page.formenv, bitmap, page, *place, flags)
    return bitmap


def compare_rendering(
    signed: bytes | memoryview,
    final: bytes | memoryview,
    boxes: Sequence[Box] = (),
    *,
    dpi: float = 72,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[int, ...]:
    """The pages (from 1) that look different outside the boxes of new seals.

    Pages that only one of the two has count as different.
    """
    with opened(signed) as old, opened(final) as new:
        common = min(len(old), len(new))
        different = []
        for number in range(1, common + 1):
            mine: list[tuple[float, ...]] = [box[1:] for box in boxes if box[0] == number]
            if not _same(old[number - 1], new[number - 1], mine, dpi / 72, limits):
                different.append(number)
        different += range(common + 1, max(len(old), len(new)) + 1)
    return tuple(different)


def _same(old: Any, new: Any, boxes: list[tuple[float, ...]], scale: float, limits: Limits) -> bool:
    width, height, before = _render(old, scale, limits)
    new_width, new_height, after = _render(new, scale, limits)
    if (width, height) != (new_width, new_height):
        return False
    a, b = bytes(before), bytes(after)
    if a == b:
        return True
    areas = [_device_box(new, box, width, height) for box in boxes]
    for y in range(height):
        row_a, row_b = a[y * width : (y + 1) * width], b[y * width : (y + 1) * width]
        if row_a != row_b and not _same_row(row_a, row_b, y, areas):
            return False
    return True


def _device_box(
    page: Any, box: tuple[float, ...], width: int, height: int
) -> tuple[int, int, int, int]:
    """A box of the page in pixels, one pixel larger: left, top, right, bottom."""
    import ctypes

    from pypdfium2 import raw

    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        px, py = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, width, height, 0, x, y, px, py)
        corners.append((px.value, py.value))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 2, max(y0, y1) + 2


def _same_row(row_a: bytes, row_b: bytes, y: int, areas: list[tuple[int, int, int, int]]) -> bool:
    inside = [(left, right) for left, top, right, bottom in areas if top <= y < bottom]
    return all(
        p == q or any(left <= x < right for left, right in inside)
        for x, (p, q) in enumerate(zip(row_a, row_b, strict=True))
    )
