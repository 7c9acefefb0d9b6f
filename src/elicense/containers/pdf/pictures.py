"""Pages of a PDF that are pictures: scans saved as PDF, and at what resolution."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable
from typing import Any

from elicense.containers.pdf import page as pages
from elicense.limits import DEFAULT_LIMITS, Limits

_COVERED = 0.5  # of a page's area, by pictures
_FINEST, _COARSEST = 300.0, 72.0  # dpi
_MOST_PIXELS = 16_000_000  # of a drawn page: A4 at 300 dpi is nine million
_INVISIBLE = 3  # text rendering mode of the text that scanners lay under their pictures


def only_pictures(data: bytes | memoryview, numbers: Iterable[int]) -> bool:
    """Does each of these pages (from 1) show pictures and no text? Text that is not painted,
    as scanners put it under a page for searching, does not count. False for no pages.

    The caller has counted what PDFium may be handed. InputError where it cannot read a page.
    """
    wanted = tuple(numbers)
    with pages.opened(data) as document:
        return bool(wanted) and all(_is_picture(pages.page_of(document, n)) for n in wanted)


def _is_picture(page: Any) -> bool:
    from pypdfium2 import PdfiumError, raw

    covered = 0.0
    paths = False
    found = False
    for item in page.get_objects(max_depth=15):
        if item.type == raw.FPDF_PAGEOBJ_TEXT:
            if raw.FPDFTextObj_GetTextRenderMode(item.raw) != _INVISIBLE:
                return False
        elif item.type == raw.FPDF_PAGEOBJ_PATH:
            paths = True
        elif item.type == raw.FPDF_PAGEOBJ_IMAGE:
            found = True
            try:
                left, bottom, right, top = item.get_bounds()
            except PdfiumError:  # an empty picture covers nothing
                continue
            covered += max(0.0, right - left) * max(0.0, top - bottom)
    width, height = page.get_size()
    return found and (not paths or covered >= _COVERED * width * height)


def resolution(data: bytes | memoryview, number: int, limits: Limits = DEFAULT_LIMITS) -> float:
    """At how many dpi to draw such a page: its finest picture's own, within bounds."""
    with pages.opened(data) as document:
        page = pages.page_of(document, number)
        width, height = page.get_size()
        most = min(_MOST_PIXELS, limits.image_pixels)
        bound = 72 * math.sqrt(most / max(1.0, width * height)) * 0.99
        own = max((_dpi(item) for item in _images(page)), default=_FINEST)
    return min(max(own, _COARSEST), _FINEST, bound)


def _images(page: Any) -> Iterable[Any]:
    from pypdfium2 import raw

    return (x for x in page.get_objects(max_depth=15) if x.type == raw.FPDF_PAGEOBJ_IMAGE)


def _dpi(item: Any) -> float:
    from pypdfium2 import PdfiumError, raw

    across, down = ctypes.c_uint(), ctypes.c_uint()
    raw.FPDFImageObj_GetImagePixelSize(item.raw, across, down)
    try:
        left, bottom, right, top = item.get_bounds()
    except PdfiumError:
        return 0.0
    area = max(1.0, (right - left) * (top - bottom))
    return 72 * math.sqrt(across.value * down.value / area)
