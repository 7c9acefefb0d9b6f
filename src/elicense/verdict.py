"""From findings to a verdict: one table, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from elicense.findings import Finding, Outcome
from elicense.policy import REQUIRED, Policy

ATTESTATION = "attestation"  # the subject of findings about it


class Verdict(StrEnum):
    """VALID only from positive proof, INVALID only from a proven fault."""

    VALID = "VALID"
    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"


def weigh(finding: Finding, policy: Policy) -> Outcome:
    """The outcome that counts, under the policy."""
    weight = policy.weight(finding.code)
    if weight is None or finding.outcome in {Outcome.PASS, Outcome.SKIPPED}:
        return finding.outcome
    if finding.outcome is Outcome.FAIL:
        return Outcome.FAIL  # what is proven wrong is wrong under any policy
    return {"FAIL": Outcome.FAIL, "WARN": Outcome.WARN, "IGNORE": Outcome.SKIPPED}[weight]


def decide(findings: Sequence[Finding], policy: Policy, *, sheet: bool = False) -> Verdict:
    """A fault anywhere is INVALID; an open question, or a required category without a
    PASS, is INDETERMINATE; the rest is VALID. ``sheet``: of a scan, not of a sealed file."""
    outcomes = [(f, weigh(f, policy)) for f in findings]
    if any(outcome is Outcome.FAIL for _, outcome in outcomes):
        return Verdict.INVALID
    if any(outcome is Outcome.UNKNOWN for _, outcome in outcomes):
        return Verdict.INDETERMINATE
    return Verdict.INDETERMINATE if missing(findings, sheet=sheet) else Verdict.VALID


OF_SEAL = {
    "integrity": ("integrity.digest",),
    "coverage": ("coverage.document", "changes.after-signing"),
    "signature": ("signature.value", "signature.algorithm"),
    "chain": ("chain.path",),
    "authority": ("authority.licence-type",),
    "time": ("time.proof",),
    "revocation": ("revocation.certificate",),
}
OF_LICENCE = {
    "status": ("status.licence",),
    "dates": ("licence.dates",),
    "rules": ("licence.data", "licence.fields"),
}
"""What must have passed in each required category: by one and the same seal, the issuer's,
and for the licence as a whole. A PASS of anything else proves nothing."""
OF_ATTESTATION = {name: codes for name, codes in OF_SEAL.items() if name != "coverage"}
OF_COPY = {"dates": ("copy.validity",), "rules": ("copy.page",)}
"""Of an annotated copy: what the issuer's attestation must have proven, beside all of OF_SEAL
for the seal of the copy's maker; and what the copy itself must have."""
OF_SHEET = {
    "qr": ("qr.signature",),
    "dates": ("licence.dates",),
    "status": ("status.licence",),
    "sheet": ("agreement.printed",),
}
"""The same for a sheet of paper. ``qr.signature`` passes only if the key that signed is listed
for this type, region and issuer, on a good path, in force and unrevoked; ``agreement.printed``
only if every deciding field matches, read by OCR or compared by a person."""


def missing(findings: Collection[Finding], *, sheet: bool = False) -> tuple[str, ...]:
    """Required categories that are not proven, in the order of REQUIRED or of OF_SHEET."""
    if sheet:
        proven = {f.code for f in findings if f.outcome is Outcome.PASS}
        return tuple(n for n, codes in OF_SHEET.items() if not proven.issuperset(codes))
    passed = {(f.subject, f.code) for f in findings if f.outcome is Outcome.PASS}
    copied = _lacking(passed, _subjects(findings, "copy"), OF_SEAL)
    issuers = _subjects(findings, "")
    of_issuer = [name for name in issuers if name != ATTESTATION]
    open_ones = _lacking(passed, of_issuer, OF_SEAL)
    if ATTESTATION in issuers:  # an annotated copy: both its maker's seal and the issuer's word
        open_ones = copied | _lacking(passed, [ATTESTATION], OF_ATTESTATION)
        open_ones |= {n for n, codes in OF_COPY.items() if not _proven(passed).issuperset(codes)}
    of_licence = OF_LICENCE.items()
    open_ones |= {name for name, codes in of_licence if not _proven(passed).issuperset(codes)}
    return tuple(category for category in REQUIRED if category in open_ones)


def _subjects(findings: Collection[Finding], reason: str) -> list[str]:
    """Who is entitled, as the issuer (no reason) or as the maker of a copy."""
    return sorted(
        f.subject for f in findings
        if f.code == "authority.licence-type" and f.outcome is Outcome.PASS and f.reason == reason
    )  # fmt: skip


def _lacking(
    passed: Collection[tuple[str, str]], subjects: Sequence[str],
    wanted: Mapping[str, tuple[str, ...]],
) -> set[str]:  # fmt: skip
    """What the best of these subjects has not proven."""
    lacking = [
        {name for name, codes in wanted.items() if any((s, c) not in passed for c in codes)}
        for s in subjects
    ]
    return min(lacking, key=len, default=set(wanted))


def _proven(passed: Collection[tuple[str, str]]) -> set[str]:
    return {code for _, code in passed}


def deciding(findings: Sequence[Finding], policy: Policy) -> tuple[Finding, ...]:
    """The findings that made the verdict what it is, the most telling first: faults, or
    else open questions, each in the order of the checks."""
    for wanted in (Outcome.FAIL, Outcome.UNKNOWN):
        found = tuple(f for f in findings if weigh(f, policy) is wanted)
        if found:
            return found
    return ()
