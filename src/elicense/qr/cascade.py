"""Reading codes from bad scans: a cascade of readers, the cheap ones first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from elicense.errors import LimitError, UsageError
from elicense.evidence import QrCode
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.qr.kinds import classify

Accept = Callable[[str], bool]
Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read on one page.

    ``codes`` are the accepted ones first, then EL1 codes that were not accepted (a sign of
    forgery, or a key that is not known), then foreign ones; ``accepted`` counts the first.
    ``stage`` names the stage that read the first accepted code, empty where none was read.
    ``unread`` are corners of codes that are seen on the page and that no reader could read:
    with no codes at all, "not readable" and not "no code". ``notes`` are stable words for
    what was not done: ``time-budget`` (stages were left out, so nothing found means not
    checked) and ``zbar-missing``.
    """

    codes: tuple[QrCode, ...]
    accepted: int
    stage: str
    unread: tuple[Corners, ...] = ()
    notes: tuple[str, ...] = ()


def read(
    pixels: Any,
    *,
    page: int,
    place: str,
    accept: Accept,
    limits: Limits = DEFAULT_LIMITS,
    deadline: float | None = None,
) -> Reading:
    """Codes on a page given as a NumPy array, H×W (grey) or H×W×3 (RGB) of 8 bits.

    ``accept`` is asked once about each text that begins with ``EL1:``: does it decode, and
    does its signature verify? ``deadline`` is a moment of ``time.monotonic()``. Corners are
    pixels of ``pixels``. LimitError ``image.pixels`` past ``limits``; UsageError for an
    array of another shape or type.
    """
    import zxingcpp

    if pixels.dtype != "uint8" or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise UsageError("qr.pixels", "not an array H×W or H×W×3 of 8 bits")
    height, width = pixels.shape[:2]
    if height * width > limits.image_pixels:
        raise LimitError("image.pixels", f"{width} × {height} pixels", place=place)
    grey = pixels if pixels.ndim == 2 else pixels[:, :, 1].copy()
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    good, bad, foreign = [], [], []
    for found in zxingcpp.read_barcodes(grey, formats=formats):
        spot = found.position
        corners = tuple(
            (float(p.x), float(p.y))
            for p in (spot.top_left, spot.top_right, spot.bottom_right, spot.bottom_left)
        )
        code = QrCode(page, found.text, classify(found.text).kind, place, corners)
        if code.kind != "el1":
            foreign.append(code)
        else:
            (good if accept(code.text) else bad).append(code)
    return Reading((*good, *bad, *foreign), len(good), "grey" if good else "")


def limitations() -> tuple[str, ...]:
    """Stable words for what this installation cannot do: ``zbar-missing``."""
    return ()
