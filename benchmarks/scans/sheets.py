"""The sheets that are scanned: DOCs and SMCs issued and sealed with the test PKI."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from common import ROOT

sys.path.insert(0, str(ROOT / "fixtures"))

from elicense import identifiers, profiles
from elicense.checks.qr import verifies
from elicense.crypto import certificate
from elicense.errors import InputError
from elicense.licence import Licence, StatusReference
from elicense.qr import payload
from pki import world
from samples import licences, sealing

DPI = 600  # of a sheet's picture, the finest anything here is made from
QR_BOX = (21.63, 226.57, 28.87)  # left, top, width in mm of the modules, quiet zone left out
_KINDS = (
    licences.TIANJIN_DOC, licences.GUANGDONG_SMC, licences.SHANDONG_DOC,
    licences.TIANJIN_ENDORSED, licences.GUANGDONG_DOC,
)  # fmt: skip
COUNT = 20


@dataclass(frozen=True)
class Sheet:
    """One printed page: its picture (RGB, ``DPI``), its QR text and its red seal (RGBA)."""

    text: str
    picture: Any
    seal: Any


@cache
def desk() -> sealing.Desk:
    return sealing.Desk(world.build(ROOT / "fixtures" / "certs" / "keys"))


def licence(number: int) -> Licence:
    """The ``number``-th licence: five kinds in turn, each with its own identifier."""
    base = _KINDS[number % len(_KINDS)]
    assert base.status
    short = "SMC" if "smc" in base.type else "DOC"
    return replace(
        base,
        number=f"样例{short}{730000 + number * 7919}",
        identifier=identifiers.format_identifier(
            type=profiles.get(base.type).type_code, issuer=base.issuer.code,
            serial=f"2026{number * 7919 + 31:06d}", version=base.version,
        ),
        status=StatusReference(base.status.list, 900 + number * 131),
    )  # fmt: skip


def sealed(number: int) -> tuple[str, bytes]:
    """QR text and sealed PDF of the ``number``-th licence."""
    item = licence(number)
    data = licences.data_of(item)
    text = sealing.qr_text(desk(), item, data=data)
    plain = sealing.unsealed(desk(), item, "pdf", data=data, qr=text)
    return text, sealing.seal_pdf(desk(), item, plain, profile="GM.sm2seal", stamped=False)


def drawn(data: bytes, page: int) -> Any:
    """Page ``page`` (from 0) as an RGB array at ``DPI``, its seal drawn."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    bitmap = document[page].render(scale=DPI / 72, rev_byteorder=True)
    picture = np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
    document.close()
    return picture


def sheets(count: int = COUNT) -> Iterator[Sheet]:
    """The first ``count`` sheets, one picture of 35 megapixels in memory at a time."""
    for number in range(count):
        text, data = sealed(number)
        yield Sheet(text, drawn(data, 0), _seal(licence(number)))


def backs(count: int) -> Iterator[Sheet]:
    """Pages without a QR code: the second pages of the same licences."""
    for number in range(count):
        _text, data = sealed(number)
        yield Sheet("", drawn(data, 1), _seal(licence(number)))


def _seal(item: Licence) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(sealing.picture_of(item))) as picture:
        return np.asarray(picture.convert("RGBA"))


@cache
def _keys() -> tuple[certificate.Certificate, ...]:
    names = ("qr/tianjin-sm2", "qr/guangdong-sm2", "qr/shandong-sm2")
    return tuple(certificate.read_certificate(desk().world.entities[n].certificate) for n in names)


def accept(text: str) -> bool:
    """Decodes, and is signed by one of the regions' QR keys: what a caller of the cascade asks."""
    try:
        found = payload.decode(text)
    except InputError:
        return False
    return any(payload.key_id(key.der) == found.kid and verifies(found, key) for key in _keys())
