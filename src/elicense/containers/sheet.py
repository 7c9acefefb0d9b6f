"""Pages of a sheet of paper as pixels, whatever file they came in."""

from __future__ import annotations

from typing import Any

from elicense.containers import image
from elicense.evidence import Evidence
from elicense.limits import DEFAULT_LIMITS, Limits


def looked_at(evidence: Evidence, limits: Limits = DEFAULT_LIMITS) -> range:
    """The numbers of the pages that are read; those after them are said not to be."""
    return range(1, min(evidence.pages, limits.qr_pages) + 1)


def pixels(
    data: bytes, evidence: Evidence, page: int, limits: Limits = DEFAULT_LIMITS
) -> Any:
    """A page (from 1) upright as a NumPy array of 8 bits, H×W (grey) or H×W×3 (RGB).

    A PDF's page is drawn at the resolution of its picture; the caller has counted what
    PDFium may be handed. Same bytes, same pixels: boxes found in them stay in place.
    InputError ``image.*`` or ``pdf.render``, LimitError.
    """
    if evidence.container == "image":
        return image.pixels(image.open_scan(data, limits), page, limits)
    import numpy as np

    from elicense.containers.pdf.page import render_colour
    from elicense.containers.pdf.pictures import resolution

    dpi = resolution(data, page, limits)
    drawn = render_colour(data, page, dpi, limits=limits)
    return np.frombuffer(drawn.pixels, np.uint8).reshape(drawn.height, drawn.width, 3)
