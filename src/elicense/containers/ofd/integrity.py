"""Whole-package protection: OFDEntries.xml and its signed value (GM/T 0099 clause 7.4)."""

from __future__ import annotations

from collections.abc import Mapping

from elicense.containers.ofd import digests, paths, xml
from elicense.containers.ofd.coverage import cover_parts
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.model import Document, PackageIntegrity
from elicense.containers.ofd.source import Source
from elicense.evidence import Digest

ENTRIES = "OFDEntries.xml"


def read_integrity(
    source: Source,
    *,
    documents: tuple[Document, ...],
    metadata: Mapping[str, str],
    cache: digests.Cache,
) -> PackageIntegrity | None:
    """The protection of the package, None where it has none.

    The signature is over the exact bytes of OFDEntries.xml. The list is
    compared with the package both ways. A digest is compared where one is
    given; the list as deployed gives none, and what is only listed is then
    not covered.
    """
    if ENTRIES not in source.archive.entries:
        return None
    log = Log()
    root = source.load(ENTRIES, fatal=True, log=log)
    value_place, value = "", None
    listed: list[str] = []
    found: list[Digest] = []
    if root is not None:
        value_place, value = _signed_value(source, root, log)
        listed, found = _files(source, root, cache, log)
    present = set(source.archive.entries) - {ENTRIES, value_place}
    missing = tuple(name for name in listed if name not in source.archive.entries)
    unlisted = tuple(sorted(present.difference(listed))) if root is not None else ()
    for name in missing:
        log.fault("missing-entry", name, "listed in OFDEntries.xml and not in the package")
    for name in unlisted:
        log.fault("unlisted-entry", name, "in the package and not listed in OFDEntries.xml")
    protected = frozenset(item.place for item in found)
    return PackageIntegrity(
        place=ENTRIES,
        entries_xml=source.archive.entries[ENTRIES],
        signed_value=value,
        signed_value_place=value_place,
        listed=tuple(listed),
        missing=missing,
        unlisted=unlisted,
        digests=tuple(found),
        coverage=cover_parts(protected, documents, metadata),
        faults=log.faults,
        notes=log.notes,
    )


def _signed_value(source: Source, root: xml.Element, log: Log) -> tuple[str, bytes | None]:
    element = xml.sole(root, "SignedValueLoc", place=ENTRIES, log=log)
    if element is None:
        log.fault("no-signed-value", ENTRIES, "OFDEntries.xml names no signed value")
        return "", None
    found, asked = paths.locate(
        source.archive, xml.text(element), bases=("",), place=ENTRIES, log=log
    )
    if found is None:
        log.fault("missing-signed-value", asked, "the signed value is not in the package")
        return asked, None
    return found, source.archive.entries[found]


def _files(
    source: Source, root: xml.Element, cache: digests.Cache, log: Log
) -> tuple[list[str], list[Digest]]:
    listed: dict[str, None] = {}
    found: list[Digest] = []
    group = xml.sole(root, "FileList", place=ENTRIES, log=log)
    items = [] if group is None else xml.children(group, "File")
    method = xml.attribute(group, "CheckMethod") if group is not None else ""
    for item in items:
        source.spend(1)
        loc = xml.attribute(item, "FileLoc") or xml.text(item)
        name = paths.resolve(loc, base="", place=ENTRIES, log=log)
        if name is None:
            continue
        if name in listed:
            log.note("duplicate-reference", name, "the entry is listed twice")
            continue
        listed[name] = None
        value = xml.child(item, "CheckValue")
        if value is not None:
            expected, problem = digests.check_value(xml.text(value))
            found.append(
                digests.compare(
                    place=name,
                    method=method or "SM3",
                    expected=expected,
                    entries=source.archive.entries,
                    cache=cache,
                    problem=problem,
                )
            )
    if not listed:
        log.fault("zero-references", ENTRIES, "OFDEntries.xml lists no entry")
    elif len(found) < len(listed):
        detail = "entries are listed without digests: their content is not protected by the list"
        log.note("no-entry-digests", ENTRIES, detail)
    return list(listed), found
