"""Evidence from an OFD package (GB/T 33190, GM/T 0099)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from elicense.containers import ofd
from elicense.containers.ofd.boxes import Reserved, read_boxes
from elicense.containers.ofd.model import OfdPackage, OfdSignature, PackageIntegrity
from elicense.containers.signature import Protected, read_signature, za_of
from elicense.containers.statement import standing_in, with_statement
from elicense.evidence import Claims, Evidence, Fault, Note, Signature
from elicense.limits import Limits

DATA_NAME = "licence.json"


def read(data: bytes, sha256: str, limits: Limits) -> tuple[Evidence, OfdPackage]:
    """Everything the package shows, but for text and pictures."""
    package = ofd.read(data, limits)
    found: list[Signature] = []
    for position in range(len(package.signatures)):
        signature, package = _signature(package, position)
        found.append(signature)
    faults = list(package.faults)
    reserved = read_boxes(package)
    if reserved.boxes:
        found = list(_with_open_parts(found, reserved, package))
        faults += _drawn_outside(reserved, found)
    if package.integrity is not None:
        found.append(_integrity(package.integrity, len(found) + 1))
    evidence = Evidence(
        container="ofd", size=len(data), sha256=sha256, signatures=tuple(found),
        faults=tuple(faults), notes=_notes(package, reserved, found),
        claims=_claims(package, found), pages=package.pages,
        boxes=standing_in(reserved.boxes, tuple(found)),
    )  # fmt: skip
    return evidence, package


def _signature(package: OfdPackage, position: int) -> tuple[Signature, OfdPackage]:
    item = package.signatures[position]
    index = position + 1
    protected = Protected(item.place, (item.signature_xml,))
    profile = f"OFD {item.type}"
    if item.signed_value is None:
        return _complete(_empty(item, index, profile), item), package
    signature, property_info = read_signature(
        item.signed_value, protected, index=index, place=item.place, profile=profile,
        container="ofd", coverage=item.coverage,
    )  # fmt: skip
    signature = with_statement(signature, item.signed_value)
    item, package = _za_digests(item, signature, package, position)
    complete = _complete(signature, item)
    return _ses_rules(complete, item, property_info), package


def _with_open_parts(
    found: list[Signature], reserved: Reserved, package: OfdPackage
) -> Iterator[Signature]:
    """A seal leaves open what later endorsements draw in reserved boxes: the list of
    annotations, and files that an endorsement made after it covers."""
    complete = not any(document.missing for document in package.documents)
    sealed = [_sealed(item) if item.endorses else frozenset[str]() for item in found]
    for signature in found:
        later = frozenset[str]().union(*(names for names in sealed if signature.place in names))
        excused = reserved.open | (reserved.drawn & later)
        coverage = signature.coverage
        left = tuple(place for place in coverage.uncovered if place not in excused)
        whole = coverage.whole or (complete and not left and bool(coverage.covered))
        yield replace(signature, coverage=replace(coverage, uncovered=left, whole=whole))


def _sealed(signature: Signature) -> frozenset[str]:
    """The entries a signature covers as they are now."""
    return frozenset(digest.place for digest in signature.digests if digest.matches)


def _drawn_outside(reserved: Reserved, found: list[Signature]) -> Iterator[Fault]:
    """Annotations the first seal does not cover and that are no endorsements."""
    first = _sealed(found[0]) if found else frozenset()
    for place, detail in reserved.odd:
        if place not in first:
            yield Fault("changes.after-signing", "annotation", place, detail)


def _notes(package: OfdPackage, reserved: Reserved, found: list[Signature]) -> tuple[Note, ...]:
    """Without the drawings of earlier endorsements, which later ones repeat and replace."""
    sealed = frozenset[str]().union(*(_sealed(item) for item in found if item.endorses))
    return tuple(
        note
        for note in package.notes
        if note.kind != "unreferenced-entry"
        or note.place not in sealed
        or note.place.rpartition("/")[0] not in reserved.folders
    )


def _empty(item: OfdSignature, index: int, profile: str) -> Signature:
    return Signature(
        index=index, kind="unreadable", profile=profile, place=item.place, algorithm="",
        signer=None, values=(), digests=(), coverage=item.coverage,
    )  # fmt: skip


def _za_digests(
    item: OfdSignature, signature: Signature, package: OfdPackage, position: int
) -> tuple[OfdSignature, OfdPackage]:
    """The scheme that hashes ZA before each part: recognised by its values, never assumed."""
    if not any(n.kind == "za-data-hash" for n in signature.notes):
        return item, package
    prefix = za_of(signature.signer)
    if prefix is None:
        return item, package
    changed = ofd.with_digest_prefix(package, position, prefix)
    return changed.signatures[position], changed


def _complete(signature: Signature, item: OfdSignature) -> Signature:
    return replace(
        signature,
        digests=(*signature.digests, *item.digests),
        coverage=item.coverage,
        claimed_time=signature.claimed_time or item.time,
        changes=item.changes,
        faults=(*item.faults, *signature.faults),
        notes=(*item.notes, *signature.notes),
        placements=item.placements,
    )


def _ses_rules(signature: Signature, item: OfdSignature, property_info: str | None) -> Signature:
    """What must agree between Signature.xml, Seal.esl and SignedValue (GB/T 38540 7.3)."""
    faults = list(signature.faults)
    notes = list(signature.notes)
    if signature.seal is not None and item.seal is not None and item.seal != signature.seal.raw:
        detail = "Seal.esl is not the seal inside the signed value"
        faults.append(Fault("seal.file", "differs", item.seal_place, detail))
    if item.type == "Seal" and signature.kind in {"cms", "gbt-35275"}:
        detail = "a signature of type Seal holds no electronic seal"
        faults.append(Fault("signature.value", "no-seal", item.place, detail, fatal=False))
    if property_info is not None and property_info.lstrip("/") != item.place.lstrip("/"):
        detail = f"propertyInfo is {property_info[:120]!r}"
        notes.append(Note("property-info", item.place, detail))
    if len(notes) == len(signature.notes) and len(faults) == len(signature.faults):
        return signature
    return replace(signature, faults=tuple(faults), notes=tuple(notes))


def _integrity(item: PackageIntegrity, index: int) -> Signature:
    """GM/T 0099: the signature over the list of entries of the package."""
    protected = Protected(item.place, (item.entries_xml,))
    if item.signed_value is None:
        signature = Signature(
            index=index, kind="package", profile="GM/T 0099", place=item.place, algorithm="",
            signer=None, values=(), digests=(), coverage=item.coverage,
        )  # fmt: skip
    else:
        signature, _ = read_signature(
            item.signed_value, protected, index=index, place=item.place, profile="GM/T 0099",
            container="ofd", coverage=item.coverage,
        )  # fmt: skip
    return replace(
        signature,
        kind="package",
        digests=(*signature.digests, *item.digests),
        faults=(*item.faults, *signature.faults),
        notes=(*item.notes, *signature.notes),
    )


def _claims(package: OfdPackage, signatures: list[Signature]) -> Claims:
    metadata = dict(package.metadata)
    for name, value in package.info.items():
        metadata.setdefault(name, value)
    metadata_covered = bool(signatures) and not any(
        s.coverage.uncovered_metadata for s in signatures
    )
    named = [item for item in package.attachments if item.name == DATA_NAME]
    if len(named) != 1:
        return Claims(metadata=metadata, metadata_covered=metadata_covered)
    item = named[0]
    return Claims(
        data=item.data, data_place=item.place, data_covered=_covered(item.place, signatures),
        metadata=metadata, metadata_covered=metadata_covered,
    )  # fmt: skip


def _covered(place: str, signatures: list[Signature]) -> bool:
    """Covered by every seal, with a digest that matches: a later seal must not add the data."""
    return bool(signatures) and all(
        any(d.place.lstrip("/") == place.lstrip("/") and d.matches for d in s.digests)
        for s in signatures
        if s.kind != "package"
    )


def text(package: OfdPackage) -> tuple[tuple[str, ...], ...]:
    """Text lines of each page, as a reader shows them."""
    return ofd.page_lines(package)


def pictures(package: OfdPackage) -> Iterator[tuple[int, str, bytes]]:
    """(page, entry, encoded picture) of everything drawn as a picture."""
    seen: set[tuple[int, str]] = set()
    for image in ofd.page_images(package):
        if (image.page, image.place) not in seen:
            seen.add((image.page, image.place))
            yield image.page, image.place, image.data

