"""A QR code as a picture: one bit a pixel, quiet zone included."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from elicense.errors import UsageError

_PIXELS = 8  # a module
_QUIET = 4  # modules on each side, ISO/IEC 18004 §6.3.8


def draw(text: str) -> bytes:
    """A PNG of ``text`` at error correction level M. UsageError ``qr.size`` if it does not fit."""
    import qrcode
    from PIL import Image
    from qrcode.exceptions import DataOverflowError

    code: Any = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=_QUIET)
    code.add_data(text, optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        raise UsageError("qr.size", f"{len(text)} characters do not fit a QR code") from error
    modules = code.get_matrix()
    size = len(modules)
    picture: Any = Image.new("1", (size, size), 1)
    picture.putdata([0 if dark else 1 for row in modules for dark in row])
    target = BytesIO()
    picture.resize((size * _PIXELS,) * 2, Image.Resampling.NEAREST).save(target, "PNG")
    return target.getvalue()
