"""A QR code as a picture: PNG of one bit a pixel, or SVG; quiet zone included."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from elicense.errors import UsageError

_PIXELS = 8  # a module
_QUIET = 4  # modules on each side, ISO/IEC 18004 §6.3.8
LEVELS = ("L", "M", "Q", "H")
LEAST_MODULE = 0.38  # mm; what scanners still read from a worn print at 150 dpi


def matrix(text: str, *, level: str = "M", most: int = 40) -> list[list[bool]]:
    """The modules of ``text``, dark ones True, quiet zone included.

    ``level`` is L, M, Q or H, ``most`` the largest version (1 to 40). UsageError
    ``qr.size`` if the text does not fit.
    """
    try:
        modules = _with_zxing(text, level)
    except ImportError:
        modules = _with_qrcode(text, level)
    if version(modules) > most:
        raise UsageError(
            "qr.size", f"{len(text)} characters need version {version(modules)} at level {level}; "
            f"the largest allowed is {most}",
        )  # fmt: skip
    return modules


def _with_zxing(text: str, level: str) -> list[list[bool]]:
    """zxing-cpp 3 draws as well as reads, in a millisecond; ImportError where it does not."""
    import zxingcpp

    if not hasattr(zxingcpp, "create_barcode"):
        raise ImportError("this zxing-cpp only reads")
    try:
        code: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    except (ValueError, RuntimeError) as error:
        raise _too_long(text) from error
    picture: Any = code.to_image(scale=1, add_quiet_zones=False)
    size: int = picture.shape[0]
    flat = bytes(memoryview(picture).cast("B"))
    rows = [[value == 0 for value in flat[at : at + size]] for at in range(0, size * size, size)]
    light = [False] * _QUIET
    edge = [[False] * (size + 2 * _QUIET) for _ in range(_QUIET)]
    return [*edge, *([*light, *row, *light] for row in rows), *edge]


def _with_qrcode(text: str, level: str) -> list[list[bool]]:
    """The pure Python ``qrcode``, some fifty times slower."""
    import qrcode
    from qrcode import constants
    from qrcode.exceptions import DataOverflowError

    correction = getattr(constants, f"ERROR_CORRECT_{level}")
    code: Any = qrcode.QRCode(error_correction=correction, border=_QUIET)
    code.add_data(text, optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        raise _too_long(text) from error
    modules: list[list[bool]] = code.get_matrix()
    return modules


def _too_long(text: str) -> UsageError:
    return UsageError("qr.size", f"{len(text)} characters do not fit a QR code")



def version(modules: list[list[bool]]) -> int:
    """The version of a code, from its size: 21 modules and four more for each."""
    return (len(modules) - 2 * _QUIET - 17) // 4


def smallest(modules: list[list[bool]]) -> float:
    """The least width in mm, quiet zone included, at which it still reads well."""
    return len(modules) * LEAST_MODULE


def draw(text: str) -> bytes:
    """A PNG of ``text`` at error correction level M. UsageError ``qr.size`` if it does not fit."""
    return png(matrix(text))


def png(modules: list[list[bool]], *, width: float = 0.0) -> bytes:
    """A PNG; ``width`` in mm, quiet zone included, becomes its resolution (0: none said)."""
    from PIL import Image

    size = len(modules)
    picture: Any = Image.new("1", (size, size), 1)
    picture.putdata([0 if dark else 1 for row in modules for dark in row])
    target = BytesIO()
    pixels = size * _PIXELS
    options: dict[str, Any] = {"dpi": (pixels / width * 25.4,) * 2} if width else {}
    picture.resize((pixels,) * 2, Image.Resampling.NEAREST).save(target, "PNG", **options)
    return target.getvalue()


def svg(modules: list[list[bool]], *, width: float) -> bytes:
    """An SVG ``width`` mm wide, quiet zone included: one path on white."""
    size = len(modules)
    runs = []
    for y, row in enumerate(modules):
        x = 0
        while x < size:
            end = x
            while end < size and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = max(end, x + 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{width:g}mm" '
        f'viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/>'
        f'<path fill="#000" d="{"".join(runs)}"/></svg>\n'
    ).encode("ascii")
