"""Evidence from a PDF (ISO 32000, ETSI EN 319 142, and the Chinese profiles)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from elicense.containers import pdf
from elicense.containers.pdf import PdfDocument, PdfSignature
from elicense.containers.pdf.boxes import read_boxes
from elicense.containers.pdf.objects import view_of
from elicense.containers.prepared import remarks
from elicense.containers.signature import (
    Extra,
    Protected,
    read_document_timestamp,
    read_signature,
)  # fmt: skip
from elicense.containers.statement import standing_in, with_statement
from elicense.crypto.certificate import read_certificates
from elicense.crypto.der import parse_time
from elicense.errors import InputError
from elicense.evidence import (
    Claims,
    Coverage,
    EndorsementBox,
    Evidence,
    Fault,
    Note,
    Placement,
    Signature,
)
from elicense.limits import Limits

DATA_NAME = "licence.json"
_DETACHED = {"adbe.pkcs7.detached", "ETSI.CAdES.detached"}
_MIN_SEAL_SPOT = 0.01


def read(data: bytes, sha256: str, limits: Limits) -> tuple[Evidence, PdfDocument]:
    """Everything the document shows, but for text and pictures."""
    document = pdf.read(data, limits)
    faults = list(document.faults)
    extra = _extra(document, faults)
    signatures = tuple(
        _signature(item, number, extra) for number, item in enumerate(document.signatures, 1)
    )
    evidence = Evidence(
        container="pdf", size=len(data), sha256=sha256, signatures=signatures,
        faults=tuple(faults), claims=_claims(document, faults), pages=document.pages,
        notes=(*document.notes, *remarks(document, signed_revision(document))),
        boxes=standing_in(_boxes(document, faults), signatures),
    )  # fmt: skip
    return replace(evidence, faults=tuple(faults)), document


def _extra(document: PdfDocument, faults: list[Fault]) -> Extra:
    if not document.revisions:
        return Extra()
    try:
        store = document.security_store()
    except InputError as exc:
        faults.append(Fault("container.structure", "dss", exc.place, str(exc), fatal=False))
        return Extra()
    return Extra(store.certificates, store.crls, store.ocsps)


def _signature(item: PdfSignature, index: int, extra: Extra) -> Signature:
    place = item.field or f"object {item.object[0]}"
    profile = f"{item.filter} / {item.subfilter}"
    coverage = Coverage(
        whole=item.covers_revision,
        covered=tuple(f"bytes {a}-{a + n}" for a, n in _pairs(item.byte_range)),
    )
    if not item.usable:
        signature = Signature(
            index=index, kind="unreadable", profile=profile, place=place, algorithm="",
            signer=None, values=(), digests=(), coverage=coverage,
        )  # fmt: skip
        return _complete(signature, item)
    protected = Protected("ByteRange", item.segments)
    if item.type == "DocTimeStamp" or item.subfilter == "ETSI.RFC3161":
        stamp = read_document_timestamp(
            item.contents, protected, index=index, place=place, profile=profile, coverage=coverage
        )
        more, _ = read_certificates(list(extra.certificates))
        pool = tuple(dict.fromkeys((*stamp.certificates, *more)))
        return _complete(replace(stamp, certificates=pool), item)
    signature, _ = read_signature(
        item.contents, protected, index=index, place=place, profile=profile, container="pdf",
        coverage=coverage, extra=extra, detached_only=item.subfilter in _DETACHED,
        digest_content="sha1" if item.subfilter == "adbe.pkcs7.sha1" else "",
    )  # fmt: skip
    signature = with_statement(_profile_notes(signature, item), item.contents)
    return _complete(signature, item)


def _pairs(values: tuple[int, ...]) -> list[tuple[int, int]]:
    return list(zip(values[::2], values[1::2], strict=False))


def _profile_notes(signature: Signature, item: PdfSignature) -> Signature:
    """The shape of the DER decides; a name that says otherwise is noted."""
    named_ses = item.subfilter == "GM.sm2seal"
    is_ses = signature.kind.startswith("ses-")
    if signature.kind == "unreadable" or named_ses == is_ses:
        return signature
    note = Note("subfilter", item.field, f"{item.subfilter} holds {signature.kind}")
    return replace(signature, notes=(*signature.notes, note))


def _complete(signature: Signature, item: PdfSignature) -> Signature:
    notes = [*item.notes, *signature.notes]
    claimed = signature.claimed_time
    if claimed is None and item.m:
        claimed = pdf_date(item.m)
        if claimed is None:
            notes.append(Note("time-form", item.field, f"/M is not a date: {item.m[:40]!r}"))
    placements: tuple[Placement, ...] = ()
    if item.page is not None and item.rect is not None:
        left, bottom, right, top = item.rect
        if right - left > _MIN_SEAL_SPOT and top - bottom > _MIN_SEAL_SPOT:
            placements = (Placement(item.page, left, bottom, right - left, top - bottom),)
    return replace(
        signature,
        claimed_time=claimed,
        changes=item.changes,
        faults=(*item.faults, *signature.faults),
        notes=tuple(notes),
        placements=placements,
        revision=item.revision,
    )


_DATE = re.compile(r"(?:D:)?(\d{14})(Z|[+-]\d\d'?\d\d'?)?")


def pdf_date(text: str) -> datetime | None:
    """A PDF date (ISO 32000-2 7.9.4) with seconds; without a zone, UTC. None if it is none."""
    found = _DATE.match(text.strip())
    if not found:
        return None
    zone = (found[2] or "Z").replace("'", "")
    try:
        return parse_time(found[1] + zone, generalized=True)
    except ValueError:
        return None


def signed_revision(document: PdfDocument) -> int:
    """The revision of the first seal: the page and the data the issuer sealed."""
    usable = [s.revision for s in document.signatures if s.usable and s.type == "Sig"]
    return usable[0] if usable else -1


def _boxes(document: PdfDocument, faults: list[Fault]) -> tuple[EndorsementBox, ...]:
    """The boxes of the first sealed revision, with what is now shown in them."""
    if signed_revision(document) < 0:
        return ()
    revisions = document.revisions
    sealed = view_of(document.file, revisions, signed_revision(document))
    try:
        return read_boxes(sealed, view_of(document.file, revisions, len(revisions) - 1))
    except InputError as exc:
        faults.append(
            Fault("container.structure", "endorsement-box", exc.place, str(exc), fatal=False)
        )
        return ()


def _claims(document: PdfDocument, faults: list[Fault]) -> Claims:
    """``licence.json`` and metadata of the first sealed revision only."""
    if not document.revisions:
        return Claims()
    revision = signed_revision(document)
    covered = any(
        s.usable and s.covers_revision and s.revision == revision for s in document.signatures
    )
    try:
        named = [a for a in document.attachments(revision) if a.name == DATA_NAME]
        metadata = document.metadata(revision)
    except InputError as exc:
        faults.append(Fault("container.structure", "attachments", exc.place, str(exc), fatal=False))
        return Claims()
    if len(named) != 1:
        return Claims(metadata=metadata, metadata_covered=covered)
    return Claims(
        data=named[0].data, data_place=f"object {named[0].object}", data_covered=covered,
        metadata=metadata, metadata_covered=covered,
    )  # fmt: skip
