"""Sealing an OFD (GB/T 33190 clause 18): Type=Seal with an electronic seal, Type=Sign without.

The new signature covers every entry of the package but the list of signatures
(a later seal adds to it), where boxes are reserved for endorsements the list of
annotations (they add to that one), and its own two files. OFD.xml is covered too, so the
address of the list is written into it before anything is digested.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elicense.containers import boundary
from elicense.containers.ofd.boxes import PREFIX
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.paths import normalise
from elicense.containers.ofd.zip import read_archive
from elicense.crypto import algorithms
from elicense.crypto.sm3 import sm3
from elicense.errors import InputError, UsageError
from elicense.issuing import cms, ses
from elicense.issuing.credential import SM3_WITH_SM2, Credential, Stamp
from elicense.issuing.ofd_package import add, element, pack, parse, serialise, tag
from elicense.issuing.page import Spot
from elicense.limits import DEFAULT_LIMITS, Limits

_SM3 = "1.2.156.10197.1.401"
PROVIDER = {"ProviderName": "elicense", "Company": "elicense", "Version": "1"}
BOX_MARK = f'Name="{PREFIX}'.encode()
_Value = Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a new signature goes: the list, its own folder, its number."""

    list_place: str
    folder: str
    number: int


def seal_ofd(
    data: bytes,
    *,
    seal: bytes,
    credential: Credential,
    time: datetime,
    spots: tuple[Spot, ...],
    stamp: Stamp | None = None,
    signed: Mapping[str, bytes] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """The package with one more electronic seal (SES_Signature of the seal's version).

    The dataHash uses the digest that goes with the signer's key (SM3 or SHA-256).
    ``spots`` are where its picture stands, one at least; ``signed`` is further data
    under the signature, by OID. UsageError ``ofd.*`` for a
    place that is not there, InputError for a package that is not sound.
    """
    if not spots:
        raise UsageError("ofd.spot", "a seal must stand on a page")

    def value(signature_xml: bytes, place: str) -> bytes:
        return ses.sign(
            seal,
            credential=credential,
            time=time,
            data_hash=algorithms.digest(credential.digest, signature_xml),
            property_info=f"/{place}",
            stamp=stamp,
            signed=signed,
        )

    method = credential.algorithm
    return _sign(data, "Seal", method, time, value, limits, seal=seal, spots=spots)


def sign_ofd(
    data: bytes,
    *,
    credential: Credential,
    time: datetime,
    attributes: bool = False,
    stamp: Stamp | None = None,
    crls: tuple[bytes, ...] = (),
    ocsps: tuple[bytes, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """The package with one more digital signature (GB/T 35275 SignedData), without a seal.

    Without ``attributes`` the content is SM3(Signature.xml) and is signed as the
    message; with them messageDigest holds SM3(Signature.xml). ``crls`` and ``ocsps``
    travel in the SignedData.
    """

    def value(signature_xml: bytes, place: str) -> bytes:
        if attributes:
            wanted = cms.Attributes(signing_time=time)
            return cms.sign(
                credential, content=signature_xml, attributes=wanted, gm=True, stamp=stamp,
                crls=crls, ocsps=ocsps,
            )  # fmt: skip
        return cms.sign(
            credential, content=sm3(signature_xml), attached=True, gm=True, stamp=stamp,
            crls=crls, ocsps=ocsps,
        )  # fmt: skip

    return _sign(data, "Sign", SM3_WITH_SM2, time, value, limits)


def _sign(
    data: bytes,
    kind: str,
    method: str,
    time: datetime,
    value: _Value,
    limits: Limits,
    *,
    seal: bytes | None = None,
    spots: tuple[Spot, ...] = (),
) -> bytes:
    with boundary("ofd"):
        entries = read_entries(data, limits)
        site = _prepare(entries, kind)
        page_ids = _page_ids(entries)
    stamps = [(_page_id(page_ids, spot), spot) for spot in spots]
    if seal is not None:
        entries[f"{site.folder}/Seal.esl"] = seal
    left_open = {site.list_place, open_annotations(entries)}
    covered = {name: body for name, body in entries.items() if name not in left_open}
    signature_place = f"{site.folder}/Signature.xml"
    signature_xml = _signature_xml(site, method, time, covered, stamps, with_seal=seal is not None)
    entries[signature_place] = signature_xml
    entries[f"{site.folder}/SignedValue.dat"] = value(signature_xml, signature_place)
    return pack(entries)


def read_entries(data: bytes, limits: Limits) -> dict[str, bytes]:
    """The entries; a package with any fault in its ZIP is refused, never repaired."""
    log = Log()
    archive = read_archive(data, limits=limits, log=log)
    if log.faults:
        fault = log.faults[0]
        raise InputError("ofd.structure", fault.detail, place=fault.place)
    return dict(archive.entries)


def _entry(entries: Mapping[str, bytes], place: str) -> Any:
    if place not in entries:
        raise InputError("ofd.entry", "the entry is missing", place=place)
    return parse(entries[place], place)


def _body(entries: Mapping[str, bytes]) -> tuple[Any, Any]:
    """The root of OFD.xml and its one DocBody."""
    root = _entry(entries, "OFD.xml")
    bodies = root.findall(tag("DocBody"))
    if len(bodies) != 1:
        raise InputError("ofd.body", f"{len(bodies)} DocBody found; one is needed", place="OFD.xml")
    return root, bodies[0]


def _text(body: Any, name: str, base: str) -> str:
    """The entry that a location element names; empty where the element is absent."""
    location = body.findtext(tag(name))
    if location is None:
        return ""
    place = normalise(location.strip(), base=base)
    if place is None:
        raise InputError("ofd.path", f"{name} leads out of the package", place=location)
    return place


def _prepare(entries: dict[str, bytes], kind: str) -> _Site:
    """Enter the new signature in the list; make the list and its address if there is none."""
    root, body = _body(entries)
    place = _text(body, "Signatures", "")
    if place:
        listing = _entry(entries, place)
    else:
        folder = _text(body, "DocRoot", "").rpartition("/")[0]
        place = f"{folder}/Signs/Signatures.xml".lstrip("/")
        add(body, "Signatures", text=f"/{place}")
        entries["OFD.xml"] = serialise(root)
        listing = element("Signatures")
    taken = len(listing.findall(tag("Signature")))
    base = place.rpartition("/")[0]
    folder = f"{base}/Sign_{taken}".lstrip("/")
    if any(name.startswith(f"{folder}/") for name in entries):
        raise InputError("ofd.folder", "the next signature's folder is taken", place=folder)
    item = element(
        "Signature",
        {"ID": f"s{taken + 1:03d}", "Type": kind, "BaseLoc": f"/{folder}/Signature.xml"},
    )
    highest = listing.find(tag("MaxSignId"))
    if highest is None:
        highest = element("MaxSignId")
        listing.insert(0, highest)
    highest.text = f"s{taken + 1:03d}"
    listing.append(item)
    entries[place] = serialise(listing)
    return _Site(place, folder, taken + 1)


def document(entries: Mapping[str, bytes]) -> Any:
    """The root of Document.xml of the one document there is."""
    _, body = _body(entries)
    return _entry(entries, _text(body, "DocRoot", ""))


def _page_ids(entries: Mapping[str, bytes]) -> list[str]:
    root = document(entries)
    return [page.get("ID", "") for page in root.iterfind(f"{tag('Pages')}/{tag('Page')}")]


def open_annotations(entries: Mapping[str, bytes]) -> str:
    """The list of annotations of a document with reserved boxes; empty where there is none."""
    if not any(BOX_MARK in body for name, body in entries.items() if name.endswith(".xml")):
        return ""
    _, body = _body(entries)
    folder = _text(body, "DocRoot", "").rpartition("/")[0]
    return _text(document(entries), "Annotations", folder)


def _page_id(page_ids: list[str], spot: Spot) -> str:
    if not 1 <= spot.page <= len(page_ids):
        raise UsageError("ofd.page", f"the document has {len(page_ids)} pages, not {spot.page}")
    return page_ids[spot.page - 1]


def _signature_xml(
    site: _Site,
    method: str,
    time: datetime,
    covered: Mapping[str, bytes],
    stamps: list[tuple[str, Spot]],
    *,
    with_seal: bool,
) -> bytes:
    """Signature.xml (clause 18.2), element order as in the standard's schema."""
    root = element("Signature")
    info = add(root, "SignedInfo")
    add(info, "Provider", PROVIDER)
    add(info, "SignatureMethod", text=method)
    add(info, "SignatureDateTime", text=time.strftime("%Y-%m-%d %H:%M:%S"))
    references = add(info, "References", {"CheckMethod": _SM3})
    for name in sorted(covered):
        reference = add(references, "Reference", {"FileRef": f"/{name}"})
        add(reference, "CheckValue", text=base64.b64encode(sm3(covered[name])).decode())
    for index, (page_id, spot) in enumerate(stamps):
        box = " ".join(f"{value:g}" for value in (spot.x, spot.y, spot.width, spot.height))
        stamp_id = f"s{site.number:03d}a{index + 1}"
        attributes = {"ID": stamp_id, "PageRef": page_id, "Boundary": box}
        if spot.clip is not None:
            attributes["Clip"] = " ".join(f"{value:g}" for value in spot.clip)
        add(info, "StampAnnot", attributes)
    if with_seal:
        add(add(info, "Seal"), "BaseLoc", text=f"/{site.folder}/Seal.esl")
    add(root, "SignedValue", text=f"/{site.folder}/SignedValue.dat")
    return serialise(root)
