"""Signatures.xml and each Signature.xml (GB/T 33190 clause 18), as exact bytes and digests."""

from __future__ import annotations

from dataclasses import dataclass

from elicense.containers.ofd import digests, paths, xml
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.model import Document, OfdSignature
from elicense.containers.ofd.placement import read_placements
from elicense.containers.ofd.source import Source
from elicense.containers.ofd.times import parse_time
from elicense.containers.ofd.zip import fold
from elicense.errors import LimitError
from elicense.evidence import Digest

_VALUE_NAMES = frozenset(("signature.xml", "signedvalue.dat", "signvalue.dat"))


@dataclass(frozen=True, slots=True)
class Listed:
    """One Signature element of a Signatures.xml."""

    id: str
    type: str
    body: int
    place: str | None
    asked: str


def read_list(source: Source, places: list[tuple[int, str]]) -> list[Listed]:
    """The signatures of every Signatures.xml, in order, each entry once.

    ``places`` are (DocBody, entry). A list that cannot be read is a fatal
    fault: seals may hide in it.
    """
    listed: dict[str, Listed] = {}
    identities: set[tuple[int, str]] = set()
    for body, place in places:
        root = source.load(place, fatal=True)
        if root is None:
            continue
        items = list(xml.descendants(root, "Signature"))
        if not items:
            source.log.note("no-signatures", place, "the list of signatures is empty")
        for item in items:
            found = _listed(source, item, place, body)
            if found.asked in listed:
                source.log.fault("duplicate-signature", found.asked, "the signature stands twice")
                continue
            if (body, found.id) in identities:
                source.log.note("duplicate-id", place, f"two signatures have the ID {found.id!r}")
            identities.add((body, found.id))
            listed[found.asked] = found
            if len(listed) > source.limits.signatures:
                raise LimitError("ofd.signatures", "the package has too many signatures")
    return list(listed.values())


def _listed(source: Source, item: xml.Element, place: str, body: int) -> Listed:
    found, asked = paths.locate(
        source.archive,
        xml.attribute(item, "BaseLoc"),
        bases=(paths.folder(place), ""),
        place=place,
        log=source.log,
    )
    kind = xml.attribute(item, "Type") or "Seal"
    return Listed(xml.attribute(item, "ID"), kind, body, found, found or asked)


def read_signature(
    source: Source, listed: Listed, *, documents: tuple[Document, ...], cache: digests.Cache
) -> OfdSignature:
    """One signature; whatever is wrong with it becomes a fault of its own."""
    log = Log()
    if listed.type not in ("Seal", "Sign"):
        log.note("signature-type", listed.asked, f"Type is {listed.type!r}")
    root = None
    if listed.place is None:
        log.fault("missing-signature", listed.asked, "the signature is listed but not there")
    else:
        root = source.load(listed.place, fatal=True, log=log)
    if root is None:
        return _unreadable(source, listed, log)
    if xml.local(root) != "Signature":
        log.fault("signature-root", listed.asked, f"the root element is {xml.local(root)}")
    return _from_xml(source, listed, root, documents=documents, cache=cache, log=log)


def _unreadable(source: Source, listed: Listed, log: Log) -> OfdSignature:
    exact = source.archive.entries.get(listed.asked, b"") if listed.place else b""
    return OfdSignature(
        id=listed.id,
        type=listed.type,
        place=listed.asked,
        body=listed.body,
        signature_xml=exact,
        signed_value=None,
        signed_value_place="",
        seal=None,
        seal_place="",
        provider={},
        method="",
        check_method="",
        time_raw="",
        time=None,
        digests=(),
        faults=log.faults,
        notes=log.notes,
    )


def _from_xml(
    source: Source,
    listed: Listed,
    root: xml.Element,
    *,
    documents: tuple[Document, ...],
    cache: digests.Cache,
    log: Log,
) -> OfdSignature:
    place = listed.asked
    info = xml.sole(root, "SignedInfo", place=place, log=log)
    if info is None:
        log.fault("no-signed-info", place, "the signature has no SignedInfo")
        info = root
    raw_time = xml.text(xml.sole(info, "SignatureDateTime", place=place, log=log))
    time = parse_time(raw_time)
    if raw_time and time is None:
        log.note("signature-time", place, f"SignatureDateTime cannot be read: {raw_time!r}")
    provider = xml.child(info, "Provider")
    method, found = _references(source, info, place=place, cache=cache, log=log)
    value_place, value = _value(source, root, place, log)
    seal_place, seal = _seal(source, info, place, log)
    _check_self(found, place=place, value_place=value_place, log=log)
    return OfdSignature(
        id=listed.id,
        type=listed.type,
        place=place,
        body=listed.body,
        signature_xml=source.archive.entries[place],
        signed_value=value,
        signed_value_place=value_place,
        seal=seal,
        seal_place=seal_place,
        provider={} if provider is None else dict(provider.items()),
        method=xml.text(xml.sole(info, "SignatureMethod", place=place, log=log)),
        check_method=method,
        time_raw=raw_time,
        time=time,
        digests=found,
        placements=read_placements(
            info, place=place, body=listed.body, documents=documents, log=log
        ),
        faults=log.faults,
        notes=log.notes,
    )


def _references(
    source: Source, info: xml.Element, *, place: str, cache: digests.Cache, log: Log
) -> tuple[str, tuple[Digest, ...]]:
    """CheckMethod (MD5 where absent, clause 18.2.2) and a digest a Reference."""
    group = xml.sole(info, "References", place=place, log=log)
    if group is None:
        return "", ()
    method = xml.attribute(group, "CheckMethod")
    if not method:
        method = "MD5"
        log.note("check-method-default", place, "CheckMethod is absent: MD5")
    found: list[Digest] = []
    seen: dict[str, bytes] = {}
    base = paths.folder(place)
    for item in xml.children(group, "Reference"):
        digest = _reference(source, item, method, base=base, place=place, cache=cache, log=log)
        known = seen.setdefault(digest.place, digest.expected)
        if known != digest.expected:
            log.fault("duplicate-reference", digest.place, "two references with two digests")
        elif len(found) >= len(seen):
            log.note("duplicate-reference", digest.place, "the part is referred to twice")
            continue
        found.append(digest)
    return method, tuple(found)


def _reference(
    source: Source,
    item: xml.Element,
    method: str,
    *,
    base: str,
    place: str,
    cache: digests.Cache,
    log: Log,
) -> Digest:
    source.spend(8)
    loc = xml.attribute(item, "FileRef")
    name = paths.resolve(loc, base=base, place=place, log=log)
    entries = source.archive.entries
    if name is not None and name not in entries and not loc.startswith("/"):
        rooted = paths.normalise(loc, base="")
        if rooted in entries:
            log.note("path-fallback", place, f"{loc} is written from the package's root")
            name = rooted
    problem = "" if name is not None else "not a path inside the package"
    if name is not None and name not in entries and source.archive.folded.get(fold(name)):
        problem = "missing: an entry differs from it in letter case"
    expected, wrong = digests.check_value(
        xml.text(xml.sole(item, "CheckValue", place=place, log=log))
    )
    return digests.compare(
        place=name or loc,
        method=method,
        expected=expected,
        entries=entries,
        cache=cache,
        problem=problem or wrong,
    )


def _value(source: Source, root: xml.Element, place: str, log: Log) -> tuple[str, bytes | None]:
    element = xml.sole(root, "SignedValue", place=place, log=log)
    if element is None:
        log.fault("no-signed-value", place, "the signature names no SignedValue")
        return "", None
    return _file(source, xml.text(element), place, "missing-signed-value", log)


def _seal(source: Source, info: xml.Element, place: str, log: Log) -> tuple[str, bytes | None]:
    element = xml.sole(info, "Seal", place=place, log=log)
    if element is None:
        return "", None
    loc = xml.sole(element, "BaseLoc", place=place, log=log)
    if loc is None:
        return "", None
    return _file(source, xml.text(loc), place, "missing-seal", log)


def _file(source: Source, loc: str, place: str, kind: str, log: Log) -> tuple[str, bytes | None]:
    found, asked = paths.locate(
        source.archive, loc, bases=(paths.folder(place), ""), place=place, log=log
    )
    if found is None:
        log.fault(kind, asked, "a file of the signature is not in the package")
        return asked, None
    return found, source.archive.entries[found]


def _check_self(found: tuple[Digest, ...], *, place: str, value_place: str, log: Log) -> None:
    """A reference to what signing itself writes can never hold."""
    for item in found:
        if item.place in (place, value_place):
            log.fault("self-reference", item.place, "the signature refers to its own files")


def find_unlisted(source: Source, listed: list[Listed], claimed: frozenset[str]) -> None:
    """Files of a signature that no Signatures.xml names: one was taken off the list, or hidden."""
    folders = {paths.folder(item.asked) for item in listed}
    for name in source.archive.entries:
        last = name.rpartition("/")[2].lower()
        if name in claimed or last not in _VALUE_NAMES:
            continue
        where = paths.folder(name)
        if where not in folders or last == "signature.xml":
            detail = "files of a signature that no list of signatures names"
            source.log.fault("unlisted-signature", where or name, detail, fatal=False)
