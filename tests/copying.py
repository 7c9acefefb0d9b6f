"""What the tests of annotated copies share: issued originals and copies of them."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Any

import elicense
from elicense import licence as licences
from elicense.issuing.credential import Credential
from elicense.licence import CopyParty, Licence
from issue_world import AT, TYPES, credential, options, stamp, trust

MAKER = "copy/tianjin-sm2"
BANK = CopyParty("渤海银行股份有限公司天津分行", "911200001030732110")
PURPOSE = "办理船舶抵押贷款"
UNTIL = AT.date() + timedelta(days=30)


@functools.cache
def original(kind: str = "msa-doc", format: str = "ofd", family: str = "sm2") -> bytes:
    """A licence as ``elicense.issue`` makes it, timestamped, with a QR code."""
    licence = TYPES[kind]
    return elicense.issue(
        licence, format=format, timestamp=stamp(licence, family), qr_signer=qr_key(licence),  # type: ignore[arg-type]
        **options(licence, family),
    )  # fmt: skip


def qr_key(licence: Licence) -> Credential:
    from samples import sealing

    return credential(f"qr/{sealing.slug_of(licence)}-sm2")


def copy(file: bytes, **more: Any) -> bytes:
    """A copy for the bank, made at nine on the first of November."""
    wanted: dict[str, Any] = {
        "purpose": PURPOSE, "receiver": BANK, "until": UNTIL, "signer": credential(MAKER),
        "trust": trust(), "time": AT,
    }  # fmt: skip
    return elicense.make_copy(file, **{**wanted, **more})


def verify(file: bytes, **more: Any) -> elicense.Report:
    return elicense.verify(file, **{"trust": trust(), "at": AT, "now": AT, "ocr": False, **more})


def data_of(file: bytes) -> bytes:
    found = elicense.open(file).claims.data
    assert found is not None
    return found


def licence_of(file: bytes) -> Licence:
    return licences.load(data_of(file))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
