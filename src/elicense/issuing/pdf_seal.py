"""Sealing a PDF: each seal is one appended revision, and nothing before it changes.

The signature dictionary is written with an empty ``/Contents`` of fixed size, the
two byte ranges around it are digested, and the value is put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from elicense.containers import boundary
from elicense.crypto import algorithms
from elicense.errors import UsageError
from elicense.issuing import cms, ses
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.page import Spot
from elicense.issuing.pdf_increment import Increment, begin, items, members
from elicense.issuing.pdf_objects import Name, Raw, Ref, Stream, Value, date, deflated, number
from elicense.issuing.pdf_page import POINTS, picture_objects

Profile = Literal["adbe.pkcs7.detached", "ETSI.CAdES.detached", "GM.sm2cms.detached", "GM.sm2seal"]
FILTERS: dict[Profile, str] = {
    "adbe.pkcs7.detached": "Adobe.PPKLite",
    "ETSI.CAdES.detached": "Adobe.PPKLite",
    "GM.sm2cms.detached": "DJ.GMPkiLite",
    "GM.sm2seal": "Gomain.GMPkiLite",
}
_RANGE = b"[0 0000000000 0000000000 0000000000]"
# Digests both ranges by name, or hands over the bytes themselves; returns the value.
_Make = Callable[[bytes, bytes, str], bytes]
Attach = Callable[[Increment, Ref], None]
"""Makes a field of the file lead to the new signature dictionary."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What is seen of a seal: its picture (PNG) and where it stands."""

    picture: bytes
    spot: Spot


def seal_pdf(
    data: bytes,
    *,
    credential: Credential,
    time: datetime,
    profile: Profile = "ETSI.CAdES.detached",
    seal: bytes | None = None,
    appearance: Appearance | None = None,
    stamp: Stamp | None = None,
    field: str = "Seal1",
    name: str = "",
    reason: str = "",
    location: str = "",
    size: int = 0,
    signed: Mapping[str, bytes] | None = None,
    attach: Attach | None = None,
) -> bytes:
    """``data`` with one more revision that holds a signature field and its value.

    ``time`` is the claimed time (/M; for SES also timeInfo). ``seal`` (an SESeal) is
    needed for ``GM.sm2seal`` alone. ``size`` is the room for the value in bytes;
    0 takes a size that fits. ``signed`` is further data under the signature, by OID;
    ``attach`` puts the signature into a field that is there instead of a new one
    called ``field``. UsageError ``pdf.profile`` for what does not go
    together, ``pdf.room`` if the value is larger than the room.
    """
    if (profile == "GM.sm2seal") != (seal is not None):
        raise UsageError("pdf.profile", "an SESeal goes with GM.sm2seal, and only with it")
    entries: dict[str, Value] = {
        "Type": Name("Sig"), "Filter": Name(FILTERS[profile]), "SubFilter": Name(profile),
        "M": date(time),
    }  # fmt: skip
    texts = {"Name": name, "Reason": reason, "Location": location}
    entries.update({key: text for key, text in texts.items() if text})

    def make(first: bytes, second: bytes, ranges: str) -> bytes:
        if seal is not None:
            return ses.sign(
                seal,
                credential=credential,
                time=time,
                data_hash=algorithms.digest(credential.digest, first, second),
                property_info=ranges,
                stamp=stamp,
                signed=signed,
            )
        return _cms(credential, first, second, profile, time, stamp, signed or {})

    room = size or 16384 + (len(seal) if seal else 0)
    add = attach or (lambda work, value: _add_field(work, field, value, appearance))
    return _sign(data, entries, add, room, make)


def _cms(
    credential: Credential,
    first: bytes,
    second: bytes,
    profile: Profile,
    time: datetime,
    stamp: Stamp | None,
    signed: Mapping[str, bytes],
) -> bytes:
    digest = algorithms.digest(credential.digest, first, second)
    if profile == "GM.sm2cms.detached":
        if signed:
            raise UsageError("pdf.profile", "GM.sm2cms.detached has no signed attributes")
        return cms.sign(credential, content=digest, attached=True, gm=True, stamp=stamp)
    # PAdES leaves the claimed time to /M (EN 319 142-1 §6.3).
    claimed = time if profile == "adbe.pkcs7.detached" else None
    attributes = cms.Attributes(signing_time=claimed, more=signed)
    return cms.sign(credential, digest=digest, attributes=attributes, stamp=stamp)


def timestamp_pdf(
    data: bytes, *, stamp: Stamp, field: str = "Timestamp1", size: int = 8192
) -> bytes:
    """``data`` with a document timestamp over all of it (ETSI EN 319 142-1 §5.4.3); ``size``
    is the room for the token in bytes."""
    entries: dict[str, Value] = {
        "Type": Name("DocTimeStamp"), "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.RFC3161"),
    }  # fmt: skip
    return _sign(
        data,
        entries,
        lambda work, value: _add_field(work, field, value, None),
        size,
        lambda a, b, _: stamp(a + b),
    )


def add_validation_data(
    data: bytes,
    *,
    certificates: tuple[bytes, ...] = (),
    crls: tuple[bytes, ...] = (),
    ocsps: tuple[bytes, ...] = (),
) -> bytes:
    """``data`` with a document security store (EN 319 142-1 §5.4.2) in a new revision.

    The certificates, CRLs and OCSP responses (DER) come after those of a store
    that is there already.
    """
    with boundary("pdf"):
        work = begin(data)
        reference, catalog = work.catalog()
        old = work.pdf.Root.get("/DSS")
        store = members(old) if old is not None else {}
        for key, values in (("Certs", certificates), ("CRLs", crls), ("OCSPs", ocsps)):
            if values:
                before = items(old.get(f"/{key}")) if old is not None else []
                streams: list[Value] = [work.add(deflated({}, value)) for value in values]
                store[key] = [*before, *streams]
        catalog["DSS"] = work.add(store)
        work.put(reference, catalog)
        return work.finish()[0]


def _sign(
    data: bytes,
    entries: dict[str, Value],
    attach: Attach,
    room: int,
    make: _Make,
) -> bytes:
    with boundary("pdf"):
        work = begin(data)
        empty = {"ByteRange": Raw(_RANGE), "Contents": Raw(b"<" + b"0" * (2 * room) + b">")}
        value = work.add({**entries, **empty})
        attach(work, value)
        whole, bodies = work.finish()
    body = bodies[value.number]
    start = whole.index(b"/Contents <", body) + len(b"/Contents ")
    end = start + 2 * room + 2
    ranges = f"0 {start} {end} {len(whole) - end}"
    text = f"[{ranges}".encode().ljust(len(_RANGE) - 1) + b"]"
    at = whole.index(_RANGE, body)
    whole = whole[:at] + text + whole[at + len(_RANGE) :]
    encoded = make(whole[:start], whole[end:], ranges)
    if len(encoded) > room:
        raise UsageError("pdf.room", f"the value has {len(encoded)} bytes, the room is {room}")
    return whole[: start + 1] + encoded.hex().encode().ljust(2 * room, b"0") + whole[end - 1 :]


def _add_field(work: Increment, field: str, value: Ref, appearance: Appearance | None) -> None:
    """A signature field that is its own widget, on the page and in the form (§12.7.4.5)."""
    pages = work.pdf.pages
    index = appearance.spot.page - 1 if appearance else 0
    if not 0 <= index < len(pages):
        raise UsageError("pdf.page", f"the file has {len(pages)} pages, not {index + 1}")
    page = pages[index].obj
    if appearance and pages[index].rotation % 360:
        raise UsageError("pdf.page", "a seal's place cannot be told on a rotated page")
    page_reference, page_members = work.read(page)
    entries: dict[str, Value] = {
        "Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"), "T": field,
        "V": value, "F": 132, "P": page_reference, "Rect": [0, 0, 0, 0],
    }  # fmt: skip
    if appearance:
        entries["Rect"] = _rectangle(pages[index].mediabox, appearance.spot)
        entries["AP"] = {"N": _appearance(work, appearance)}
    widget = work.add(entries)
    page_members["Annots"] = [*items(page.get("/Annots")), widget]
    work.put(page_reference, page_members)
    _add_to_form(work, field, widget)


def _rectangle(media_box: Any, spot: Spot) -> list[Value]:
    box = [float(value) for value in media_box]
    left, top = box[0] + spot.x * POINTS, box[3] - spot.y * POINTS
    return [left, top - spot.height * POINTS, left + spot.width * POINTS, top]


def _appearance(work: Increment, appearance: Appearance) -> Ref:
    """A form XObject that shows the picture and nothing else."""
    image, mask = picture_objects(appearance.picture)
    if mask is not None:
        image = Stream({**image.entries, "SMask": work.add(mask)}, image.data)
    width, height = appearance.spot.width * POINTS, appearance.spot.height * POINTS
    content = f"q {number(width)} 0 0 {number(height)} 0 0 cm /Im0 Do Q".encode()
    entries: dict[str, Value] = {
        "Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, width, height],
        "Resources": {"XObject": {"Im0": work.add(image)}},
    }  # fmt: skip
    return work.add(deflated(entries, content))


def _add_to_form(work: Increment, field: str, widget: Ref) -> None:
    form = work.pdf.Root.get("/AcroForm")
    fields = form.get("/Fields") if form is not None else None
    for known in fields if fields is not None else ():
        if str(known.get("/T", "")) == field:
            raise UsageError("pdf.field", f"the file has a field {field!r} already")
    entries = members(form) if form is not None else {}
    entries["Fields"] = [*items(fields), widget]
    entries["SigFlags"] = 3
    if form is not None and form.is_indirect:
        work.put(work.read(form)[0], entries)
        return
    reference, catalog = work.catalog()
    catalog["AcroForm"] = work.add(entries)
    work.put(reference, catalog)
