"""The whole procedure on one screen: what is checked, in this order.

Each check is a pure function from a :class:`~elicense.checks.case.Case` to
findings. The order is the order in which a report tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from elicense.checks import (
    agreement,
    attestation,
    companions,
    copy,
    coverage,
    endorsements,
    ism,
    licence,
    network,
    printed,
    qr,
    recognition,
    sheet,
    signatures,
    signers,
    status,
    trust,
)
from elicense.checks.case import Case
from elicense.findings import Finding

Check = Callable[[Case], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    # is the file one thing, readable in one way?
    coverage.structure,
    # is it what the sealer sealed?
    signatures.integrity,
    signatures.value,
    attestation.attestation,
    coverage.document,
    coverage.changes,
    coverage.other_faults,
    # who sealed, with what seal, may they, and when?
    signers.chain,
    signatures.seal_maker,
    signatures.seal_signer,
    signatures.seal_validity,
    signatures.seal_file,
    signatures.algorithms,
    signers.authority,
    copy.maker,
    signers.revocation,
    signers.time,
    endorsements.endorsements,
    # an annotated copy: for whom, until when, without what?
    copy.purpose,
    copy.validity,
    copy.hidden,
    # is the licence in force?
    licence.data,
    licence.fields,
    licence.rules,
    licence.identifier,
    licence.dates,
    ism.ism,
    companions.companions,
    status.status,
    recognition.recognition,
    # do page, data and QR tell one story?
    agreement.data_page,
    copy.page,
    qr.qr,
    # what the answer rests on
    trust.store,
    network.fetches,
    signatures.encoding,
)

SHEET_CHECKS: tuple[Check, ...] = (
    # what is it?
    sheet.original,
    sheet.structure,
    # who signed its code, may they, and does it speak of one licence?
    sheet.codes,
    sheet.one_licence,
    copy.purpose,
    copy.validity,
    # is the licence in force?
    licence.identifier,
    licence.dates,
    licence.rules,
    ism.ism,
    companions.companions,
    status.status,
    recognition.of_code,
    # does the sheet say what the code says?
    printed.printed,
    # what the answer rests on
    sheet.limitations,
    sheet.marks,
    trust.store,
)
"""The same for a scan, a photograph or a print, and for a QR code by itself."""


def run(case: Case) -> tuple[Finding, ...]:
    """All findings, in order."""
    checks = SHEET_CHECKS if case.evidence.sheet else CHECKS
    return tuple(finding for check in checks for finding in check(case))
