"""The whole procedure on one screen: what is checked, in this order.

Each check is a pure function from a :class:`~elicense.checks.case.Case` to
findings. The order is the order in which a report tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from elicense.checks import (
    agreement,
    companions,
    coverage,
    endorsements,
    ism,
    licence,
    qr,
    recognition,
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
    signers.revocation,
    signers.time,
    endorsements.endorsements,
    # is the licence in force?
    licence.data,
    licence.fields,
    licence.identifier,
    licence.dates,
    ism.ism,
    companions.companions,
    status.status,
    recognition.recognition,
    # do page, data and QR tell one story?
    agreement.data_page,
    qr.qr,
    # what the answer rests on
    trust.store,
    signatures.encoding,
)


def run(case: Case) -> tuple[Finding, ...]:
    """All findings, in order."""
    return tuple(finding for check in CHECKS for finding in check(case))
