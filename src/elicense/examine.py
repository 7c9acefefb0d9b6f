"""Everything a file shows: container, seals, data, page text, codes on the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from elicense import containers
from elicense.errors import Error
from elicense.evidence import Evidence, Note, QrCode
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.qr.reader import distinct, read_encoded, read_pixels

if TYPE_CHECKING:
    from elicense.containers.ofd import OfdPackage
    from elicense.containers.pdf import PdfDocument

# modules of our codes take two pixels at 150 dpi; small codes of others want more
_QR_DPI = (150, 250)


def examine(
    data: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    pages: bool = True,
    accept: Callable[[str], bool] | None = None,
    ocr: bool = True,
) -> Evidence:
    """Evidence of one file. ``pages=False`` leaves out page text and codes, which then
    stay unchecked. ``accept`` and ``ocr`` are for sheets, see :func:`elicense.sheet.look`.
    Raises InputError or LimitError where nothing can be read."""
    evidence, container = containers.read(data, limits)
    if not pages:
        return evidence
    if container is not None and containers.is_pdf(container):
        try:
            with containers.boundary("pages"):
                _check_drawable(container)
                evidence = replace(evidence, sheet=_is_sheet(data, evidence, container, limits))
        except Error as exc:
            return _not_drawn(evidence, exc)
    if evidence.sheet:
        from elicense import sheet

        return sheet.look(data, evidence, accept=accept, ocr=ocr, limits=limits)
    if container is None:
        return evidence
    shown = _with_codes(_with_text(evidence, container), container, limits)
    return _with_remarks(shown, container, limits)


def _check_drawable(container: PdfDocument) -> None:
    """PDFium knows no limits: what it would have to inflate and draw is counted first."""
    if not container.revisions:
        return
    from elicense.containers import from_pdf
    from elicense.containers.pdf import drawable
    from elicense.containers.pdf.objects import view_of

    index = from_pdf.signed_revision(container) % len(container.revisions)
    drawable.check(view_of(container.file, container.revisions, index))


def _is_sheet(data: bytes, evidence: Evidence, container: PdfDocument, limits: Limits) -> bool:
    """A scan saved as PDF: pages that are pictures, no seal, no licence data."""
    if evidence.signatures or evidence.claims.data is not None or not container.revisions:
        return False
    if any(fault.fatal for fault in evidence.faults):
        return False  # the procedure for sealed files tells what is wrong with it
    from elicense.containers import sheet
    from elicense.containers.pdf.pictures import only_pictures

    return only_pictures(data, sheet.looked_at(evidence, limits))


def _not_drawn(evidence: Evidence, problem: Error) -> Evidence:
    note = Note("page-not-drawn", problem.place, problem.detail)
    claims = replace(evidence.claims, text_problem=str(problem))
    return replace(
        evidence, claims=claims, qr_problem=str(problem), notes=(*evidence.notes, note)
    )


def _with_text(evidence: Evidence, container: OfdPackage | PdfDocument) -> Evidence:
    """Page text is wanted only where there is sealed data to compare it with."""
    if evidence.claims.data is None:
        return evidence
    try:
        with containers.boundary("page text"):
            text = _text(container)
    except Error as exc:
        claims = replace(evidence.claims, text_problem=str(exc))
    else:
        claims = replace(evidence.claims, text=text)
    return replace(evidence, claims=claims)


def _text(container: OfdPackage | PdfDocument) -> tuple[tuple[str, ...], ...]:
    if not containers.is_pdf(container):
        from elicense.containers import from_ofd

        return from_ofd.text(container)
    from elicense.containers import from_pdf
    from elicense.containers.pdf import page

    data = container.revision_bytes(from_pdf.signed_revision(container))
    return tuple(page.page_lines(data, number) for number in range(1, container.pages + 1))


def _with_codes(
    evidence: Evidence, container: OfdPackage | PdfDocument, limits: Limits
) -> Evidence:
    try:
        with containers.boundary("QR codes"):
            codes = distinct(_codes(container, limits), limits)
    except Error as exc:
        return replace(evidence, qr_problem=str(exc))
    return replace(evidence, qr=codes)


def _with_remarks(
    evidence: Evidence, container: OfdPackage | PdfDocument, limits: Limits
) -> Evidence:
    """What lies under pictures on a PDF's pages: a remark, whatever the verdict."""
    if not containers.is_pdf(container) or not container.revisions:
        return evidence
    from elicense.containers import from_pdf, prepared

    revision = from_pdf.signed_revision(container)
    try:
        with containers.boundary("page text"):
            notes = prepared.covered_text(container, revision, pages=limits.qr_pages)
    except Error as exc:
        notes = (Note("page-not-drawn", exc.place, exc.detail),)
    return replace(evidence, notes=evidence.notes + notes)


def _codes(container: OfdPackage | PdfDocument, limits: Limits) -> Iterator[QrCode]:
    if not containers.is_pdf(container):
        from elicense.containers import from_ofd

        for number, place, data in from_ofd.pictures(container):
            yield from read_encoded(data, limits, page=number, place=place)
        return
    from elicense.containers import from_pdf
    from elicense.containers.pdf import page

    if not container.revisions:
        return
    revision = container.revision_bytes(from_pdf.signed_revision(container))
    numbers = range(1, min(container.pages, limits.qr_pages) + 1)
    for dpi in _QR_DPI:
        found = False
        for number in numbers:
            width, height, grey = page.render_gray(revision, number, dpi, limits=limits)
            for code in read_pixels(width, height, grey, page=number, place=f"page {number}"):
                found = True
                yield code
        if found:
            return
