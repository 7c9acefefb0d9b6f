"""What the tests of issuing share: requests, seals and signers of the test PKI."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

import elicense
from elicense.issuing.credential import Credential, Stamp
from elicense.licence import Licence
from issuing_world import CERTS, desk
from samples import licences as x
from samples import sealing

TYPES = {
    "msa-doc": x.TIANJIN_DOC,
    "msa-doc-interim": x.SHANDONG_INTERIM,
    "msa-smc": x.GUANGDONG_SMC,
    "msa-smc-interim": x.TIANJIN_SMC_INTERIM,
}
AT = datetime.fromisoformat("2026-11-01T09:00+08:00")


@functools.cache
def trust(name: str = "trust") -> elicense.TrustStore:
    return elicense.TrustStore.load(CERTS / name)


def sealer(licence: Licence, family: str = "sm2") -> str:
    return f"sealers/{sealing.slug_of(licence)}-{sealing.purpose_of(licence)}-{family}"


def credential(name: str) -> Credential:
    return desk().world.credential(name)


@functools.cache
def seal(signer: str, version: int = 4, maker: str = "") -> bytes:
    """A seal of the office, which lists the signer of that name."""
    offices = (item for item in TYPES.values() if sealing.slug_of(item) in signer)
    licence = next(offices, x.TIANJIN_DOC)
    return sealing.seal_of(desk(), licence, version=version, signer=signer, maker=maker)  # type: ignore[arg-type]


def stamp(licence: Licence, family: str = "sm2") -> Stamp:
    return desk().stamp(sealing.sealing_time(licence), family)


def options(licence: Licence, family: str = "sm2", **more: Any) -> dict[str, Any]:
    """What ``elicense.issue`` needs beside the licence, sealed at ten on the day of issue."""
    name = more.pop("signer_name", "") or sealer(licence, family)
    return {
        "seal": seal(name),
        "signer": credential(name),
        "time": sealing.sealing_time(licence),
        **more,
    }
