"""Small scanned pages with our codes on them, for the tests of the cascade."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from elicense.checks.qr import verifies
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.errors import InputError
from elicense.issuing import qr_picture
from elicense.qr import payload
from elicense.trust.store import pem_or_der

ROOT = Path(__file__).parent.parent
VECTORS = ROOT / "tests" / "vectors" / "qr"
CERTS = ROOT / "fixtures" / "certs" / "qr"


def text(name: str = "doc-sm2") -> str:
    return (VECTORS / name / "text.txt").read_text("ascii")


@cache
def keys() -> dict[bytes, Certificate]:
    found = [read_certificate(pem_or_der(path.read_bytes())) for path in CERTS.glob("*.pem")]
    return {payload.key_id(certificate.der): certificate for certificate in found}


def accept(found: str) -> bool:
    """Decodes, and one of the regions' keys signed it."""
    try:
        back = payload.decode(found)
    except InputError:
        return False
    return back.kid in keys() and verifies(back, keys()[back.kid])


def forged() -> str:
    """A payload that decodes and whose signature is another's."""
    import base45
    import cbor2

    protected, headers, body, signature = cbor2.loads(base45.b45decode(text()[4:]))
    signature = bytes([signature[0] ^ 1]) + signature[1:]
    return "EL1:" + base45.b45encode(
        cbor2.dumps([protected, headers, body, signature], canonical=True)
    ).decode("ascii")


def code(said: str, module: float, *, level: str = "M") -> Any:
    """A code with its quiet zone, ``module`` pixels a module, edges as an optic makes them."""
    modules = np.array(qr_picture.matrix(said, level=level))
    large = np.where(modules, 20, 245).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    side = round(len(modules) * module)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)


def page(*codes: tuple[Any, int, int], width: int = 600, height: int = 800) -> Any:
    """White paper with lines of print, and codes pasted at x, y."""
    sheet = np.full((height, width), 245, np.uint8)
    for line in range(4):
        cv2.putText(sheet, "Document of Compliance 0123", (30, 40 + 30 * line),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.8, 40, 2)  # fmt: skip
    for picture, x, y in codes:
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return sheet


def smeared(sheet: Any, pixels: int) -> Any:
    """Moved along a diagonal while it was scanned."""
    return cv2.filter2D(sheet, -1, np.eye(pixels, dtype=np.float32) / pixels)


def disc(sheet: Any, x: int, y: int, radius: int, colour: tuple[int, int, int], part: float) -> Any:
    """Ink of a seal multiplied over an RGB sheet: a ring and a disc inside it."""
    ink = np.zeros(sheet.shape[:2], np.float32)
    cv2.circle(ink, (x, y), radius, 1.0, max(2, radius // 10), cv2.LINE_AA)
    cv2.circle(ink, (x, y), radius // 2, 1.0, -1, cv2.LINE_AA)
    shade = 1 - part * ink[:, :, None] * (1 - np.array(colour, np.float32) / 255)
    return (sheet * shade).astype(np.uint8)


def jpeg(pixels: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=90, **options)
    return target.getvalue()


def png(pixels: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()
