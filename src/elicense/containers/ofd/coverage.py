"""What each signature covers of what a reader shows, and what later signatures added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from elicense.containers.ofd.log import COVERAGE, Log
from elicense.containers.ofd.model import Document, OfdSignature, Part
from elicense.evidence import Change, Coverage, Digest

ROOT = "OFD.xml"
_METADATA_ROLES = frozenset(("version",))


def judge(
    signatures: tuple[OfdSignature, ...],
    *,
    documents: tuple[Document, ...],
    metadata: Mapping[str, str],
    lists: frozenset[str],
) -> tuple[OfdSignature, ...]:
    """The signatures with their coverage, the faults of it and the changes after them."""
    covered = [frozenset(item.references) for item in signatures]
    skipped = lists.union(*(own_files(item) for item in signatures))
    elsewhere = {
        document.place
        for document in documents
        for item, names in zip(signatures, covered, strict=True)
        if item.body == document.body and document.place in names
    }
    order = _order(signatures, covered)
    result = []
    for index, item in enumerate(signatures):
        log = Log()
        shown = _cover(item, covered[index], documents, metadata, log)
        _documents(item, covered[index], documents, elsewhere, log)
        _lists(item, covered[index], lists, log)
        later = order[order.index(index) + 1 :]
        result.append(
            replace(
                item,
                coverage=shown,
                changes=_changes(index, later, signatures, documents, skipped),
                faults=(*item.faults, *(one for one in log.faults if one not in item.faults)),
                notes=(*item.notes, *(one for one in log.notes if one not in item.notes)),
            )
        )
    return tuple(result)


def own_files(item: OfdSignature) -> frozenset[str]:
    """The entries that signing itself wrote."""
    return frozenset((item.place, item.signed_value_place, item.seal_place)) - {""}


def cover_parts(
    names: frozenset[str], documents: tuple[Document, ...], metadata: Mapping[str, str]
) -> Coverage:
    """What ``names`` leave out of all that ``documents`` show."""
    uncovered: dict[str, None] = {}
    beside: list[str] = []
    if ROOT not in names:
        beside.append(ROOT)
        beside.extend(f"{ROOT}:{name}" for name in metadata)
    whole = bool(documents)
    for document in documents:
        whole = whole and not document.missing
        for part in document.parts:
            if part.place in names:
                continue
            if part.role in _METADATA_ROLES:
                if part.place not in beside:
                    beside.append(part.place)
            else:
                uncovered[part.place] = None
    return Coverage(
        whole=whole and not uncovered,
        covered=tuple(sorted(names)),
        uncovered=tuple(uncovered),
        uncovered_metadata=tuple(beside),
    )


def _cover(
    item: OfdSignature,
    names: frozenset[str],
    documents: tuple[Document, ...],
    metadata: Mapping[str, str],
    log: Log,
) -> Coverage:
    found = cover_parts(names, documents, metadata)
    if not names:
        log.fault(
            "zero-references", item.place, "the signature covers no part at all", code=COVERAGE
        )
        return found
    for document in documents:
        if document.place in names or document.body == item.body:
            _required(document, names, log)
    return found


def _required(document: Document, names: frozenset[str], log: Log) -> None:
    """One fault a role for required parts that are left out; the document itself comes apart."""
    left: dict[str, list[Part]] = {}
    for part in document.parts:
        if part.required and part.place not in names and part.role != "document":
            left.setdefault(part.role, []).append(part)
    for role, parts in left.items():
        more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
        kind = "uncovered-page" if role == "page" else "uncovered-resource"
        detail = f"{role} not covered by the signature: {parts[0].place}{more}"
        log.fault(kind, parts[0].place, detail, code=COVERAGE)


def _documents(
    item: OfdSignature,
    names: frozenset[str],
    documents: tuple[Document, ...],
    elsewhere: set[str],
    log: Log,
) -> None:
    """Every document that OFD.xml makes a reader show must be covered."""
    if not names:
        return
    for document in documents:
        if document.place in names:
            continue
        kind, fatal = "uncovered-document", document.place not in elsewhere
        if document.body == item.body:
            kind = "shadow-version" if document.origin == "version" else "shadow-docroot"
            fatal = True
        detail = f"OFD.xml shows a document that the signature does not cover: {document.place}"
        log.fault(kind, document.place, detail, code=COVERAGE, fatal=fatal)


def _lists(item: OfdSignature, names: frozenset[str], lists: frozenset[str], log: Log) -> None:
    for place in sorted(names & lists):
        detail = "the signature covers the list of signatures: no seal can be added after it"
        log.note("covers-signature-list", place, detail)


def _order(signatures: tuple[OfdSignature, ...], covered: list[frozenset[str]]) -> list[int]:
    """Indexes from the first made to the last.

    The list's order is only a claim; a signature that covers another's files
    was certainly made after it.
    """
    later_than = {
        index: {
            other
            for other, item in enumerate(signatures)
            if other != index and ({item.place, item.signed_value_place} & covered[index])
        }
        for index in range(len(signatures))
    }
    order: list[int] = []
    waiting = list(range(len(signatures)))
    while waiting:
        ready = next((i for i in waiting if not later_than[i] & set(waiting)), waiting[0])
        waiting.remove(ready)
        order.append(ready)
    return order


def _changes(
    index: int,
    later: list[int],
    signatures: tuple[OfdSignature, ...],
    documents: tuple[Document, ...],
    skipped: frozenset[str],
) -> tuple[Change, ...]:
    """What signatures made after this one added, or cover differently.

    ``later-seal``: the signature itself, allowed. ``re-sealed-content``: both
    cover the part with digests of different content and the newer content is
    there: never allowed. ``later-document``: a document of the same DocBody
    that this one leaves out: never allowed. ``covered-later``: another part
    this one leaves out; when it came cannot be told, and it stands in
    ``coverage.uncovered``.
    """
    this = signatures[index]
    mine = {digest.place: digest for digest in this.digests}
    roles = {part.place: part.role for document in documents for part in document.parts}
    same_body = {document.place for document in documents if document.body == this.body}
    found: dict[tuple[str, str], Change] = {}
    for number in later:
        item = signatures[number]
        seal = Change("later-seal", item.place, "a signature was added", True, number)
        found[seal.kind, seal.place] = seal
        for digest in item.digests:
            if digest.place in skipped:
                continue
            known = mine.get(digest.place)
            if known is None:
                role = roles.get(digest.place, "metadata" if digest.place == ROOT else "entry")
                change = _added(digest.place, role, digest.place in same_body, number)
            elif _differs(known, digest):
                detail = "a later signature covers other content than this one did"
                change = Change("re-sealed-content", digest.place, detail, False, number)
            else:
                continue
            found.setdefault((change.kind, change.place), change)
    return tuple(found.values())


def _differs(earlier: Digest, later: Digest) -> bool:
    """Whether the two signers saw different content, and the earlier one not today's."""
    if earlier.matches or earlier.actual is None:
        return False
    if later.matches:
        return True
    return earlier.algorithm == later.algorithm and earlier.expected != later.expected


def _added(place: str, role: str, is_document: bool, number: int) -> Change:
    if is_document:
        detail = "a later signature covers a document that this one does not"
        return Change("later-document", place, detail, False, number)
    detail = f"{role}: covered by a later signature, not by this one"
    return Change("covered-later", place, detail, True, number)
