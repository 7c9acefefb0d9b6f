"""Authorities whose certificates end one after another, and files sealed under them."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass, replace

import trust_builders as b
from elicense.issuing import ofd_seal, pdf_seal
from elicense.issuing.credential import Stamp
from elicense.issuing.page import Spot
from elicense.issuing.ses import SealContent, make_seal
from elicense.licence import Licence, StatusReference
from elicense.trust.store import TrustStore
from issuing_world import desk
from pki import status_list, timestamp
from samples import licences, sealing

STAMPING = (*b.SIGNING, b.x.extended_key_usage(b.x.EKU_TIMESTAMPING, critical=True))
SEALED = sealing.sealing_time(licences.TIANJIN_DOC)
LIST = "https://status.example/1"
DAY = datetime.timedelta(days=1)
ENDS = {"sealer": b.day(2027), "tsa1": b.day(2027, 6), "tsa2": b.day(2029), "tsa3": b.day(2034)}


@dataclass(frozen=True, eq=False)
class World:
    """``family`` is that of every key: ``p256`` (SHA-256) or ``sm2`` (SM3)."""

    family: str
    root: b.Made
    ca: b.Made
    made: dict[str, b.Made]
    states: bytes

    def trust(self, *, lists: datetime.datetime | None = None, revoked: tuple[bytes, ...] = (),
              services: tuple[str, ...] = ()) -> TrustStore:  # fmt: skip
        """The store; its CRLs of ``lists`` are current for a month (None: it has none)."""
        own = {"authority": "天津海事局", "uscc": licences.TIANJIN_DOC.issuer.code}
        named = services or ("tsa1", "tsa2", "tsa3")
        entries = [
            b.listed("sealer", self.made["sealer"], licence_types=("msa-doc",), **own),
            b.listed("seal-maker", self.made["maker"]),
            b.listed("status", self.made["status"], **own),
            *(b.listed("timestamp", self.made[name]) for name in named),
        ]
        return b.store(
            self.root, services=tuple(entries), next_update=b.day(2060),
            crls=self.crls(lists, *revoked) if lists else (),
            status_lists={LIST: self.states},
            intermediates=(self.ca.certificate,),
        )  # fmt: skip

    def crls(self, this: datetime.datetime, *revoked: bytes) -> tuple[bytes, ...]:
        until = this + 30 * DAY
        return (b.crl(self.ca, *revoked, this=this, until=until),
                b.crl(self.root, this=this, until=until))  # fmt: skip

    def stamp(self, name: str, time: datetime.datetime) -> Stamp:
        return timestamp.stamp(self.made[name].credential(self.ca), time)

    def licence(self) -> Licence:
        return replace(licences.TIANJIN_DOC, status=StatusReference(LIST, 5))

    def pdf(self, *, stamped: bool = True) -> bytes:
        return pdf_seal.seal_pdf(
            self._unsealed("pdf"), credential=self.made["sealer"].credential(self.ca), time=SEALED,
            stamp=self.stamp("tsa1", SEALED) if stamped else None,
        )  # fmt: skip

    def ofd(self, *, version: int = 4, stamped: bool = False, again: bool = False) -> bytes:
        """Sealed once, or ``again`` by the same office."""
        signer = self.made["sealer"].credential(self.ca)
        seal = make_seal(
            SealContent(
                id="TEST0001", name="天津海事局", signers=(signer.certificate,),
                created=b.day(2024), valid_from=b.day(2024),
                valid_until=b.day(2040),
                picture=sealing.picture_of(self.licence()),
            ),
            maker=self.made["maker"].credential(self.ca), version=version,  # type: ignore[arg-type]
        )  # fmt: skip
        data = self._unsealed("ofd")
        for number in range(2 if again else 1):
            data = ofd_seal.seal_ofd(
                data, seal=seal, credential=signer, time=SEALED, spots=(Spot(1, 120, 200, 40, 40),),
                stamp=self.stamp("tsa1", SEALED) if stamped and not number else None,
            )  # fmt: skip
        return data

    def signed_ofd(self, *, stamped: bool = False) -> bytes:
        """Type=Sign: a CMS, no seal."""
        return ofd_seal.sign_ofd(
            self._unsealed("ofd"), credential=self.made["sealer"].credential(self.ca), time=SEALED,
            stamp=self.stamp("tsa1", SEALED) if stamped else None, attributes=True,
        )  # fmt: skip

    def _unsealed(self, form: str) -> bytes:
        return sealing.unsealed(desk(), self.licence(), form, qr="")


@functools.cache
def world(family: str = "p256") -> World:
    def build(name: str, issuer: b.Made | None, *extensions: bytes, ends: object = None) -> b.Made:
        validity = (b.day(2024), ends or b.day(2050))
        return b.make(f"{name} {family}", issuer, *extensions, family=family, validity=validity)  # type: ignore[arg-type]

    root = build("Long Root", None)
    ca = build("Long CA", root)
    made = {
        "sealer": build("Short sealer", ca, *b.SIGNING, ends=ENDS["sealer"]),
        "maker": build("Short maker", ca, *b.SIGNING, ends=ENDS["sealer"]),
        "status": b.make(f"Status {family}", root, *b.SIGNING, family=family,
                         aki=root.key),
        **{n: build(n.upper(), ca, *STAMPING, ends=ENDS[n]) for n in ("tsa1", "tsa2", "tsa3")},
    }  # fmt: skip
    states = status_list.status_list(
        made["status"].credential(), uri=LIST, states={}, size=8, issued=SEALED,
        expires=b.day(2060),
    )  # fmt: skip
    return World(family, root, ca, made, states)
