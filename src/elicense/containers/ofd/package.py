"""OFD.xml and all that it leads to (GB/T 33190 clause 7)."""

from __future__ import annotations

from dataclasses import replace

from elicense.containers.ofd import coverage, digests, paths, signatures, xml
from elicense.containers.ofd.document import walk_document
from elicense.containers.ofd.integrity import read_integrity
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.metadata import read_metadata
from elicense.containers.ofd.model import Document, OfdPackage, OfdSignature, Part
from elicense.containers.ofd.source import Source
from elicense.containers.ofd.zip import read_archive
from elicense.errors import InputError, LimitError
from elicense.limits import Limits

ROOT = "OFD.xml"
_BODIES = 16


def read_package(data: bytes, *, limits: Limits) -> OfdPackage:
    """One OFD file as :class:`OfdPackage`; see :func:`elicense.containers.ofd.read`."""
    log = Log()
    source = Source(read_archive(data, limits=limits, log=log), limits, log)
    bodies = _bodies(source)
    documents: dict[str, Document] = {}
    lists: list[tuple[int, str]] = []
    for number, body in enumerate(bodies):
        _documents(source, body, number, documents)
        lists += _signature_lists(source, body, number)
    shown = tuple(documents.values())
    if sum(len(document.pages) for document in shown) > limits.ofd_pages:
        raise LimitError("ofd.pages", "the package has too many pages")
    metadata, info = read_metadata(bodies, place=ROOT, log=log)
    cache: digests.Cache = {}
    integrity = read_integrity(source, documents=shown, metadata=metadata, cache=cache)
    claimed = {integrity.signed_value_place} if integrity else set()
    found = _signatures(source, lists, shown, metadata, cache, claimed)
    if integrity is None:  # else the package's own list says which entries belong
        _note_unreferenced(source, bodies, shown, found)
    return OfdPackage(
        entries=source.archive.entries,
        documents=shown,
        metadata=metadata,
        info=info,
        signatures=found,
        signature_lists=tuple(place for _, place in lists),
        integrity=integrity,
        limits=limits,
        faults=log.faults,
        notes=log.notes,
        parsed=source.parsed,
    )


def with_digest_prefix(package: OfdPackage, index: int, prefix: bytes) -> OfdPackage:
    """The package with the digests of one signature taken over ``prefix ‖ entry``.

    For the vendors that put SM2's ZA before each part (see ``digests``).
    """
    changed = list(package.signatures)
    item = changed[index]
    again = digests.with_prefix(item.digests, package.entries, prefix)
    changed[index] = replace(item, digests=again)
    judged = coverage.judge(
        tuple(changed),
        documents=package.documents,
        metadata=package.metadata,
        lists=frozenset(package.signature_lists),
    )
    return replace(package, signatures=judged)


def _bodies(source: Source) -> list[xml.Element]:
    """The DocBody elements; InputError where this is not an OFD at all."""
    entries = source.archive.entries
    if ROOT not in entries:
        why = f" ({source.log.faults[0].detail})" if source.log.faults else ""
        raise InputError("ofd.root", f"the package has no OFD.xml that can be read{why}")
    root = xml.parse(entries[ROOT], place=ROOT, limits=source.limits, log=source.log)
    if xml.local(root) != "OFD":
        raise InputError("ofd.root", f"the root element is {xml.local(root)}", place=ROOT)
    bodies = xml.children(root, "DocBody")
    if not bodies:
        raise InputError("ofd.root", "OFD.xml names no document", place=ROOT)
    if len(bodies) > _BODIES:
        raise LimitError("ofd.bodies", "OFD.xml names too many documents", place=ROOT)
    return bodies


def _documents(
    source: Source, body: xml.Element, number: int, documents: dict[str, Document]
) -> None:
    """The document of DocRoot and that of each version marked Current."""
    element = xml.sole(body, "DocRoot", place=ROOT, log=source.log)
    if element is None:
        source.log.fault("no-docroot", ROOT, f"DocBody {number + 1} names no document")
    else:
        _document(source, xml.text(element), ROOT, "docroot", number, documents)
    for place, root in _current_versions(source, body):
        target = xml.sole(root, "DocRoot", place=place, log=source.log)
        if target is None:
            source.log.fault("no-docroot", place, "the version names no document")
            continue
        found = _document(source, xml.text(target), place, "version", number, documents)
        if found is not None:
            known = documents[found]
            part = Part(place, "version")
            if part not in known.parts:
                documents[found] = replace(known, parts=(*known.parts, part))


def _document(
    source: Source,
    loc: str,
    origin: str,
    kind: str,
    number: int,
    documents: dict[str, Document],
) -> str | None:
    found, asked = paths.locate(
        source.archive, loc, bases=(paths.folder(origin), ""), place=origin, log=source.log
    )
    if found is None:
        source.log.fault("missing-part", asked, "the document is not in the package")
        return None
    if found not in documents:
        if len(documents) >= _BODIES:
            raise LimitError("ofd.documents", "the package has too many documents")
        documents[found] = walk_document(source, found, origin=kind, body=number)
    return found


def _current_versions(source: Source, body: xml.Element) -> list[tuple[str, xml.Element]]:
    """The version files marked Current (clause 19); the standard wants one at most."""
    current = []
    items = [item for group in xml.children(body, "Versions") for item in group]
    for item in items:
        if xml.attribute(item, "Current").lower() not in ("true", "1"):
            continue
        loc = xml.attribute(item, "BaseLoc")
        place, asked = paths.locate(source.archive, loc, bases=("",), place=ROOT, log=source.log)
        if place is None:
            detail = "the current version is not in the package"
            source.log.fault("missing-part", asked, detail)
            continue
        root = source.load(place, fatal=True)
        if root is not None:
            current.append((place, root))
    if items and not current:
        source.log.note("no-current-version", ROOT, "versions are listed and none is current")
    if len(current) > 1:
        source.log.fault("ambiguous-version", ROOT, "more than one version is marked current")
    return current


def _signature_lists(source: Source, body: xml.Element, number: int) -> list[tuple[int, str]]:
    element = xml.sole(body, "Signatures", place=ROOT, log=source.log)
    if element is None:
        return []
    found, asked = paths.locate(
        source.archive, xml.text(element), bases=("",), place=ROOT, log=source.log
    )
    if found is None:
        detail = "OFD.xml names a list of signatures that is not there"
        source.log.fault("missing-signatures", asked, detail, fatal=False)
        return []
    return [(number, found)]


def _signatures(
    source: Source,
    lists: list[tuple[int, str]],
    shown: tuple[Document, ...],
    metadata: dict[str, str],
    cache: digests.Cache,
    claimed: set[str],
) -> tuple[OfdSignature, ...]:
    listed = signatures.read_list(source, lists)
    found = tuple(
        signatures.read_signature(source, item, documents=shown, cache=cache) for item in listed
    )
    mine = frozenset(claimed).union(*(coverage.own_files(item) for item in found))
    signatures.find_unlisted(source, listed, mine)
    places = frozenset(place for _, place in lists)
    return coverage.judge(found, documents=shown, metadata=metadata, lists=places)


def _note_unreferenced(
    source: Source,
    bodies: list[xml.Element],
    shown: tuple[Document, ...],
    found: tuple[OfdSignature, ...],
) -> None:
    """Entries that nothing leads to: no reader shows them, but they travel along."""
    known = {ROOT}
    for body in bodies:
        for item in xml.children(body, "Signatures"):
            known.add(paths.normalise(xml.text(item), base="") or "")
        for group in xml.children(body, "Versions"):
            for item in group:
                known.add(paths.normalise(xml.attribute(item, "BaseLoc"), base="") or "")
    known.update(part.place for document in shown for part in document.parts)
    for signature in found:
        known |= coverage.own_files(signature)
    for name in source.archive.entries:
        if name not in known:
            detail = "nothing that a reader follows leads to this entry"
            source.log.note("unreferenced-entry", name, detail)
