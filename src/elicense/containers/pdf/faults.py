"""Every fault kind this container reports, with what it means.

A kind is stable. Its code says which finding it feeds: ``container.structure``
(the file itself), ``coverage.document`` (what a signature covers) or
``changes.after-signing`` (what happened after a signature). Faults marked
open leave the question open; the others prove something wrong.
"""

from __future__ import annotations

from elicense.errors import InputError
from elicense.evidence import Fault

STRUCTURE = "container.structure"
COVERAGE = "coverage.document"
CHANGES = "changes.after-signing"

KINDS: dict[str, tuple[str, str]] = {
    # kind: (code, meaning)
    "header-displaced": (STRUCTURE, "bytes stand before %PDF-, readers disagree about offsets"),
    "xref-broken": (STRUCTURE, "a cross-reference section cannot be read as written"),
    "xref-entry-wrong": (STRUCTURE, "an entry does not point at the object it names"),
    "prev-loop": (STRUCTURE, "/Prev does not lead strictly backwards"),
    "startxref-mismatch": (STRUCTURE, "a revision's startxref names another section"),
    "hybrid-xref": (STRUCTURE, "a table and a stream cross-reference in one: readers differ"),
    "duplicate-key": (STRUCTURE, "a dictionary has one key twice"),
    "duplicate-object": (STRUCTURE, "one object number is defined twice in one revision"),
    "object-unreadable": (STRUCTURE, "an object that is needed is malformed"),
    "object-outside-xref": (STRUCTURE, "appended bytes hold an object no section knows"),
    "unexplained-bytes": (STRUCTURE, "bytes between objects are no known structure"),
    "trailing-bytes": (STRUCTURE, "bytes follow the last %%EOF"),
    "no-pages": (STRUCTURE, "the last revision has no page"),
    "page-tree-loop": (STRUCTURE, "the page tree refers back to itself or is no tree"),
    "field-tree-loop": (STRUCTURE, "the field tree refers back to itself or is no tree"),
    "encrypted": (STRUCTURE, "the file is encrypted, strings and streams cannot be judged"),
    "dynamic-content": (STRUCTURE, "content that changes by itself (scripts, XFA, layers, …)"),
    "stream-undecodable": (STRUCTURE, "a stream that is needed cannot be decoded"),
    "byterange-missing": (COVERAGE, "a signature without /ByteRange"),
    "byterange-malformed": (COVERAGE, "/ByteRange is not four usable integers"),
    "range-not-from-zero": (COVERAGE, "/ByteRange does not start at the first byte"),
    "range-past-eof": (COVERAGE, "/ByteRange goes past the end of the file"),
    "ranges-overlap": (COVERAGE, "the two ranges overlap or are out of order"),
    "range-not-whole-revision": (COVERAGE, "/ByteRange does not end where a revision ends"),
    "gap-not-contents": (COVERAGE, "the gap is not exactly this signature's /Contents"),
    "signature-in-stream": (COVERAGE, "a signature dictionary inside an object stream"),
    "signature-unreachable": (COVERAGE, "a signature dictionary no field leads to"),
    "byterange-outside-object": (COVERAGE, "/ByteRange in bytes that belong to no object"),
    "signature-unreadable": (COVERAGE, "a signature field whose value is no dictionary"),
    "contents-missing": (COVERAGE, "a signature without /Contents, or an empty one"),
    "contents-not-der-shaped": (COVERAGE, "/Contents does not start with one DER or BER value"),
    "contents-trailing-data": (COVERAGE, "bytes other than 00 follow the value in /Contents"),
    "signature-dictionary-changed": (CHANGES, "a signature dictionary was replaced later"),
    "perms-changed": (CHANGES, "the catalog's /Perms was changed or removed later"),
    "docmdp-violated": (CHANGES, "a later change exceeds what the certification allows"),
    "fieldmdp-violated": (CHANGES, "a field that was locked was changed later"),
    "disallowed-change": (CHANGES, "something was changed after signing that must stay"),
}

_BY_ERROR = {
    "pdf.duplicate-key": "duplicate-key",
    "pdf.duplicate-object": "duplicate-object",
    "pdf.xref": "xref-entry-wrong",
    "pdf.filter": "stream-undecodable",
}


def fault(kind: str, place: str, detail: str = "", *, fatal: bool = True) -> Fault:
    """The fault of this kind; ``detail`` defaults to what the kind means."""
    code, meaning = KINDS[kind]
    return Fault(code=code, kind=kind, place=place, detail=detail or meaning, fatal=fatal)


def from_error(error: InputError, place: str = "", *, kind: str = "", fatal: bool = True) -> Fault:
    """A fault for what a reader refused; ``kind`` only where the error says nothing closer."""
    chosen = _BY_ERROR.get(error.code) or kind or "object-unreadable"
    where = " ".join(part for part in (place, error.place) if part)
    return fault(chosen, where, error.detail, fatal=fatal)
