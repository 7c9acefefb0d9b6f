"""PDF: revisions, signature dictionaries and what happened after each signature."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from elicense.containers.pdf.accounting import account
from elicense.containers.pdf.changes import compare
from elicense.containers.pdf.comparison import Difference
from elicense.containers.pdf.faults import fault, from_error
from elicense.containers.pdf.fields import page_refs
from elicense.containers.pdf.lexer import Ref
from elicense.containers.pdf.lint import inspect
from elicense.containers.pdf.model import FieldLock, PdfDocument, PdfSignature
from elicense.containers.pdf.objects import File, View, view_of
from elicense.containers.pdf.permissions import judge_changes
from elicense.containers.pdf.revisions import read_chain
from elicense.containers.pdf.signatures import read_signatures
from elicense.containers.pdf.stray import in_streams
from elicense.errors import InputError, LimitError
from elicense.evidence import Fault
from elicense.limits import DEFAULT_LIMITS, Limits

__all__ = ["FieldLock", "PdfDocument", "PdfSignature", "read"]


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> PdfDocument:
    """Reads a PDF strictly, without repair.

    Raises InputError ``pdf.header`` if it is no PDF at all and LimitError past a
    limit; everything else that is wrong is a fault in the result.
    """
    if len(data) > limits.file_size:
        raise LimitError("pdf.size", f"more than {limits.file_size} bytes")
    chain = read_chain(data, limits)
    file = File(data, limits)
    faults, notes = chain.faults, chain.notes
    views = tuple(view_of(file, chain.revisions, r.index) for r in chain.revisions)
    encrypted = any("Encrypt" in r.trailer for r in chain.revisions)
    pages = _pages(views, faults)
    signatures = read_signatures(views, pages, faults)
    in_streams(views, faults)
    if views:
        found = inspect(views[min((s.revision for s in signatures), default=len(views) - 1)])
        faults += found.faults
        notes += found.notes
    if signatures:
        signatures = _after(views, signatures, faults)
    if views and not pages:
        faults.append(fault("no-pages", f"revision {len(views) - 1}"))
    if encrypted:
        faults = [_open_if_unread(f) for f in faults]
        faults.append(fault("encrypted", "trailer", fatal=False))
    return PdfDocument(
        revisions=chain.revisions,
        signatures=tuple(replace(s, index=i) for i, s in enumerate(signatures)),
        faults=tuple(dict.fromkeys(faults)),
        notes=tuple(notes),
        encrypted=encrypted,
        pages=len(pages),
        unsigned_updates=_unsigned(views, signatures),
        file=file,
    )


def _after(
    views: tuple[View, ...], signatures: tuple[PdfSignature, ...], faults: list[Fault]
) -> tuple[PdfSignature, ...]:
    """Accounts for every revision after the first signature and compares its objects."""
    first = min(s.revision for s in signatures)
    differences: list[Difference] = []
    for before, view in pairwise(views[first:]):
        faults += account(view, before)
        differences += _compare(before, view, faults)
    return judge_changes(signatures, tuple(differences))


def _compare(before: View, view: View, faults: list[Fault]) -> tuple[Difference, ...]:
    try:
        return compare(before, view)
    except LimitError:
        raise
    except InputError as error:
        faults.append(from_error(error, f"revision {view.revision.index}"))
        return ()


def _unsigned(views: tuple[View, ...], signatures: tuple[PdfSignature, ...]) -> tuple[int, ...]:
    if not signatures:
        return ()
    signed = {s.revision for s in signatures if s.covers_revision}
    first = min(s.revision for s in signatures)
    return tuple(i for i in range(first, len(views)) if i not in signed)


def _open_if_unread(found: Fault) -> Fault:
    """In an encrypted file what cannot be read is not proven wrong."""
    unread = ("object-unreadable", "stream-undecodable", "duplicate-object", "no-pages")
    return replace(found, fatal=False) if found.kind in unread else found


def _pages(views: tuple[View, ...], faults: list[Fault]) -> tuple[Ref, ...]:
    if not views:
        return ()
    try:
        return page_refs(views[-1], faults)
    except LimitError:
        raise
    except InputError as error:
        faults.append(from_error(error, "page tree"))
        return ()
