"""Looking at an endorsed file with the verifier's eyes, before it leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from elicense.errors import Error
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.findings import Finding, Outcome
from elicense.limits import Limits
from elicense.policy import Policy
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict
from elicense.verifying import judge

_PROVEN = (
    "integrity.digest", "signature.value", "coverage.document", "endorsement.statement",
    "endorsement.version", "endorsement.box", "endorsement.shown", "endorsement.date",
)  # fmt: skip
# What a file alone cannot prove: these may stay open where no trust store is given.
_OUTSIDE = (
    "chain.", "authority.", "revocation.", "time.", "seal.maker", "status.", "qr.signature",
    "recognition.", "trust.", "ism.", "endorsement.authority",
)  # fmt: skip


def prove(
    made: bytes,
    before: Evidence,
    *,
    trust: TrustStore | None,
    time: datetime,
    policy: Policy,
    limits: Limits,
) -> None:
    """Verify ``made``; Error ``issue.self-check`` naming the findings if it does not hold.

    Nothing may fail, and the new seal must be proven in all that the file itself
    shows. Under a trust store the verdict must be VALID, but for rules that rest on other
    documents (``ism.*``).
    """
    evidence = examine(made, limits=limits)
    stamps = [token.time for item in evidence.signatures for token in item.timestamps]
    moment = max([time, *stamps])
    report = judge(
        evidence, name="endorsed licence", trust=trust or TrustStore.empty(), at=moment,
        now=max(datetime.now(UTC), moment), policy=policy, limits=limits,
    )  # fmt: skip
    if len(evidence.signatures) != len(before.signatures) + 1:
        problems = [f"{len(evidence.signatures)} signatures after {len(before.signatures)}"]
    else:
        problems = list(_problems(report.findings, evidence, trusted=trust is not None))
    open_rules = all(f.code.startswith("ism.") for f in report.deciding)
    if trust is not None and not problems and report.verdict is not Verdict.VALID:
        problems = [] if report.deciding and open_rules else [f"the verdict is {report.verdict}"]
    if problems:
        raise Error("issue.self-check", "; ".join(problems))


def _problems(findings: tuple[Finding, ...], evidence: Evidence, *, trusted: bool) -> Iterator[str]:
    new = f"signature:{max(item.index for item in evidence.signatures)}"
    proven = {f.code for f in findings if f.outcome is Outcome.PASS and f.subject == new}
    yield from (f"{code} is not proven" for code in _PROVEN if code not in proven)
    allowed = ("ism.",) if trusted else _OUTSIDE
    for finding in findings:
        unknown = finding.outcome is Outcome.UNKNOWN and not finding.code.startswith(allowed)
        if finding.outcome is Outcome.FAIL or unknown:
            detail = f" ({finding.detail})" if finding.detail else ""
            yield f"{finding.code} {finding.subject}: {finding.message()}{detail}"
