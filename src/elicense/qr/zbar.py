"""zbar, the second reader, where it is installed: it reads codes under a grey seal that
zxing does not. Its wheel for Linux and macOS needs the system's library (``libzbar0``)."""

from __future__ import annotations

from functools import cache
from typing import Any

MISSING = "zbar-missing"
Corners = tuple[tuple[float, float], ...]


@cache
def _library() -> tuple[Any, str]:
    """The module and "", or None and why it cannot be loaded."""
    try:
        from pyzbar import pyzbar
    except (ImportError, OSError) as error:  # OSError: the library is there and broken
        return None, str(error) or type(error).__name__
    return pyzbar, ""


def available() -> tuple[bool, str]:
    """Whether zbar can be used, and if not, why."""
    module, reason = _library()
    return module is not None, reason


def read(pixels: Any) -> list[tuple[str, Corners]]:
    """Texts and corners of the QR codes in a grey array; none where zbar is missing.

    zbar guesses at the encoding of bytes, so only ASCII is taken, which it cannot garble.
    """
    module, _reason = _library()
    if module is None:
        return []
    found = []
    for item in module.decode(pixels, symbols=[module.ZBarSymbol.QRCODE]):
        corners = tuple((float(p.x), float(p.y)) for p in item.polygon)
        if item.data.isascii():
            found.append((item.data.decode("ascii"), corners))
    return found
