"""Publishers of trust lists, good and hostile, in memory: an operator, regions, a ministry."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import trust_builders as b
from elicense.issuing import cms, cms_together
from elicense.issuing.credential import Credential
from elicense.trust import bundle
from elicense.trust.service import Service

from pki import invented  # isort: skip

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TYPES = ("msa-doc", "msa-smc")
SERVICES = ("sealer", "seal-maker", "qr", "status", "copy")
ROOT = b.make("List Root", family="sm2")


@functools.cache
def maker(name: str, family: str = "sm2", **more: Any) -> b.Made:
    """Somebody with a key and a certificate for signing, made of a name."""
    return b.make(name, ROOT, *b.SIGNING, family=family, **more)


def fixture(name: str) -> Credential:
    """A signer of the test PKI, by its name."""
    return b.desk().world.credential(name)


@functools.cache
def ca(name: str) -> b.Made:
    return b.make(name, ROOT, family="sm2")


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def b64(certificate: bytes) -> str:
    return base64.b64encode(certificate).decode()


def signed(value: Mapping[str, Any] | bytes, *signers: b.Made, at: datetime = START) -> bytes:
    """A CMS SignedData with ``value`` attached."""
    content = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return cms_together.sign([s.credential() for s in signers], content=content, time=at)


def raw_signed(
    value: Mapping[str, Any], credential: Credential, **more: Any
) -> bytes:
    """The same through the one-signer writer, for odd forms (no attributes, no time)."""
    options: dict[str, Any] = {"attributes": cms.Attributes(signing_time=START), **more}
    return cms.sign(credential, content=json.dumps(value).encode(), attached=True, **options)


@functools.cache
def code(area: str, number: int) -> str:
    """The invented USCC of an authority."""
    return invented.uscc("11", area, f"{number:08d}")


def service(kind: str, made: b.Made, **more: Any) -> dict[str, Any]:
    value: dict[str, Any] = {"service": kind, "certificate": b64(made.der), "state": "active"}
    if kind in {"sealer", "qr", "copy"}:
        value["licence_types"] = list(TYPES)
    return {**value, **more}


def authority(area: str, number: int = 1, *services: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = services or (service("sealer", maker(f"sealer {area} {number}")),)
    return {
        "uscc": code(area if area != "national" else "100000", number),
        "name": f"机构 {area} {number}", "region": area, "services": list(own), **more,
    }  # fmt: skip


@dataclass
class Region:
    """Who publishes one list. ``keys`` sign it; ``value`` can be bent at will."""

    id: str
    area: str
    keys: list[b.Made]
    sequence: int = 0
    issued: datetime = START
    authorities: list[dict[str, Any]] = field(default_factory=list)
    last: bytes = b""
    test: bool = False

    @classmethod
    def of(cls, area: str, *authorities: dict[str, Any]) -> Region:
        return cls(area, area, [maker(f"region {area}")],
                   authorities=list(authorities) or [authority(area)])  # fmt: skip

    @property
    def scope(self) -> dict[str, Any]:
        return {"national": True} if self.area == "national" else {"region": self.area}

    def value(self, **more: Any) -> dict[str, Any]:
        return {
            "schema": "elicense-list/1", "id": self.id, "scope": self.scope,
            "name": f"名录 {self.id}", "test": self.test, "sequence": self.sequence,
            "issued": text(self.issued), "next_update": text(self.issued + 30 * DAY),
            "authorities": self.authorities, **more,
        }  # fmt: skip

    def publish(self, at: datetime | None = None, **more: Any) -> bytes:
        """The next list."""
        self.sequence += 1
        self.issued = at or self.issued + DAY
        self.last = signed(self.value(**more), *self.keys, at=self.issued)
        return self.last


@dataclass
class Operator:
    """Who publishes the list of lists."""

    keys: list[b.Made]
    regions: list[Region]
    announced: list[b.Made] | None = None
    sequence: int = 0
    issued: datetime = START
    last: bytes = b""
    test: bool = False
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id: what to change

    @property
    def pin(self) -> bytes:
        return self.keys[0].der

    def entry(self, region: Region) -> dict[str, Any]:
        value = {
            "id": region.id, "scope": region.scope, "signers": [b64(k.der) for k in region.keys],
            "licence_types": list(TYPES), "services": list(SERVICES),
            "sequence": max(region.sequence, 1),
            "sha256": hashlib.sha256(region.last).hexdigest(),
        }  # fmt: skip
        if region.area == "national":
            value["authorities"] = [a["uscc"] for a in region.authorities]
        return {**value, **self.entries.get(region.id, {})}

    def value(self, **more: Any) -> dict[str, Any]:
        return {
            "schema": "elicense-list-of-lists/1", "name": "国家信任名录", "test": self.test,
            "sequence": self.sequence, "issued": text(self.issued),
            "next_update": text(self.issued + 60 * DAY),
            "operators": [b64(k.der) for k in (self.announced or self.keys)],
            "anchors": [b64(ROOT.der)],
            "lists": [self.entry(region) for region in self.regions], **more,
        }  # fmt: skip

    def publish(self, at: datetime | None = None, **more: Any) -> bytes:
        self.sequence += 1
        self.issued = at or self.issued + DAY
        self.last = signed(self.value(**more), *self.keys, at=self.issued)
        return self.last


def country(*areas: str) -> Operator:
    """An operator and its regions, each with a first list; nothing of the operator's yet."""
    regions = [Region.of(area) for area in areas or ("120000", "440000")]
    for region in regions:
        region.publish()
    return Operator([maker("operator A")], regions)


def lists_of(operator: Operator) -> list[bytes]:
    return [region.last for region in operator.regions]


def codes(refused: Sequence[Any]) -> set[str]:
    return {item.code for item in refused}


# -- the test PKI's own entries, as lists ----------------------------------------------------


def of_folder() -> Operator:
    """The trust folder of the test PKI as signed lists: one a region, one for the rest."""
    store = b.sample_trust()
    regions: dict[str, Region] = {}
    for entry in store.services:
        area = entry.region
        region = regions.setdefault(area, Region(
            area, area, [maker(f"region {area}")], issued=b.day(2026, 10), test=True))  # fmt: skip
        named = next((a for a in region.authorities if a["uscc"] == entry.uscc), None)
        if named is None:
            named = {"uscc": entry.uscc, "name": entry.authority, "region": area, "services": []}
            region.authorities.append(named)
        named["services"].append(_listed(entry))
    for region in regions.values():
        region.publish(at=b.day(2026, 10, 15))
    operator = Operator([maker("operator A")], list(regions.values()), issued=b.day(2026, 10),
                        test=True)  # fmt: skip
    operator.entries = {
        id: {"licence_types": sorted({t for s in store.services for t in s.licence_types}),
             "services": sorted({s.service for s in store.services})}
        for id in regions
    }  # fmt: skip
    return operator


def _listed(entry: Service) -> dict[str, Any]:
    value: dict[str, Any] = {"service": entry.service, "state": "active"}
    if entry.certificate is not None:
        value["certificate"] = b64(entry.certificate.der)
    else:
        assert entry.ca is not None
        value |= {"ca": b64(entry.ca.der), "subject": dict(entry.subject), "uscc": entry.uscc}
    return {**value, "licence_types": list(entry.licence_types)}


def sample_bundle(operator: Operator, *more: bytes, at: datetime | None = None) -> bytes:
    """A bundle of the operator's lists with the CRLs and status lists of the test PKI."""
    store = b.sample_trust()
    anchors = [b64(c.der) for c in store.anchors]
    last = operator.publish(at=at or b.day(2026, 10, 20), anchors=anchors,
                            intermediates=[b64(c.der) for c in store.intermediates])  # fmt: skip
    lists = {region.id: region.last for region in operator.regions}
    extra = {f"extra-{n}": item for n, item in enumerate(more)}
    return bundle.write(bundle.Bundle(
        {"lol-1": last, **lists, **extra}, store.crls, store.ocsps,
        tuple(store.status_lists.values()),
    ))  # fmt: skip
