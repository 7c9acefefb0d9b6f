"""Endorsed licences for tests: an office of another region with national scope endorses."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from elicense.crypto.certificate import read_certificate
from elicense.issuing.endorse import endorse
from elicense.licence import Endorsement, Licence
from elicense.trust.service import Service
from elicense.trust.store import TrustStore
from issuing_world import CERTS, desk

from samples import licences, sealing  # isort: skip
from pki.world import day  # isort: skip

FAMILIES = ("sm2", "rsa")
FORMS = ("pdf", "ofd")
ALL = [(form, family) for form in FORMS for family in FAMILIES]
TYPES = ("msa-doc", "msa-smc", "msa-smc-interim")


@functools.cache
def regional() -> TrustStore:
    """The fixture trust: no sealer has national scope."""
    return TrustStore.load(CERTS / "trust")


@functools.cache
def national() -> TrustStore:
    """The same, with Guangdong's sealers entitled in all regions."""
    names = [f"sealers/guangdong-{what}-{f}" for what in ("doc", "smc") for f in FAMILIES]
    return replace(regional(), services=(*regional().services, *map(_entry, names)))


def _entry(name: str) -> Service:
    certificate = read_certificate(desk().world.entities[name].certificate)
    return Service(
        service="sealer", region="national", authority="广东海事局", uscc="1144000000000T448N",
        certificate=certificate, ca=None, licence_types=TYPES,
    )  # fmt: skip


LICENCES: dict[str, Licence] = {
    "doc": licences.TIANJIN_DOC,
    "interim": licences.TIANJIN_SMC_INTERIM,  # until 2026-12-31
    "smc": replace(
        licences.GUANGDONG_SMC,
        issuer=licences.TIANJIN_DOC.issuer,
        identifier=licences.TIANJIN_SMC_INTERIM.identifier,
        status=licences.TIANJIN_DOC.status,
    ),
    "other": licences.TIANJIN_2025,
}


@functools.cache
def sealed(form: str, family: str, name: str = "doc") -> bytes:
    """The licence as its issuer sealed it."""
    bench, licence = desk(), LICENCES[name]
    what = "smc" if "smc" in licence.type else "doc"
    unsealed = sealing.unsealed(bench, licence, form)
    signer = f"sealers/tianjin-{what}-{family}"
    if form == "ofd":
        return sealing.seal_ofd(bench, licence, unsealed, signer=signer)
    profile: Any = "adbe.pkcs7.detached" if family == "sm2" else "ETSI.CAdES.detached"
    return sealing.seal_pdf(bench, licence, unsealed, profile=profile, signer=signer)


def seal_of(who: str = "guangdong", family: str = "sm2", what: str = "doc") -> bytes:
    licence = licences.GUANGDONG_DOC if who == "guangdong" else licences.TIANJIN_DOC
    return sealing.seal_of(desk(), licence, signer=f"sealers/{who}-{what}-{family}")


def visit(year: int, **changes: Any) -> Endorsement:
    """The annual verification of one year."""
    made = Endorsement(
        f"annual-{year - 2026}", date=date(year, 2, 19), place="广州", officer="陈样例 主任审核员"
    )
    return replace(made, **changes)


def add(
    data: bytes,
    endorsement: Endorsement,
    *,
    who: str = "guangdong",
    family: str = "sm2",
    what: str = "doc",
    when: datetime | None = None,
    **options: Any,
) -> bytes:
    """Endorsed by ``who`` on the day after the endorsement's date, timestamped."""
    assert endorsement.date
    time = when or day(*endorsement.date.timetuple()[:3]) + timedelta(days=1)
    return endorse(
        data,
        endorsement,
        seal=options.pop("seal", None) or seal_of(who, family, what),
        signer=desk().world.credential(f"sealers/{who}-{what}-{family}"),
        timestamp=options.pop("timestamp", desk().stamp(time, family)),
        time=time,
        **options,
    )


@functools.cache
def endorsed(form: str, family: str, count: int) -> bytes:
    """The DOC with its first ``count`` annual verifications, each by Guangdong."""
    if not count:
        return sealed(form, family)
    return add(endorsed(form, family, count - 1), visit(2026 + count), family=family)
