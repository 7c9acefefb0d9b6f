"""Looking at what was just made with the verifier's eyes, before it leaves the house."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from elicense.containers import pdf
from elicense.containers.pdf import lint
from elicense.containers.pdf.objects import view_of
from elicense.crypto.ses import CHINA
from elicense.errors import Error
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.findings import Finding, Outcome
from elicense.issuing.validate_seal import Plan
from elicense.licence import Licence
from elicense.limits import DEFAULT_LIMITS
from elicense.policy import DEFAULT, Policy
from elicense.trust.store import TrustStore
from elicense.verdict import missing
from elicense.verifying import judge

if TYPE_CHECKING:
    from elicense.report import Report

PROVEN = (
    "container.structure", "integrity.digest", "signature.value", "coverage.document",
    "changes.after-signing", "licence.data", "licence.fields", "licence.dates",
    "agreement.data-page",
)  # fmt: skip
# What a file alone cannot prove: these may stay open where no trust store is given.
_OUTSIDE = (
    "chain.", "authority.", "revocation.", "time.", "seal.maker", "status.", "qr.signature",
    "recognition.", "trust.", "ism.",
)  # fmt: skip
_MEANT = {"riding-seal"}  # deviations that we make on purpose


def lint_pdf(data: bytes) -> None:
    """A PDF before its first seal: nothing moving, nothing that no one refers to.

    Error ``issue.lint`` naming what was found.
    """
    read = pdf.read(data, DEFAULT_LIMITS)
    for fault in read.faults:
        raise Error("issue.lint", f"{fault.kind}: {fault.detail}", place=fault.place)
    view = view_of(read.file, read.revisions, len(read.revisions) - 1)
    found = lint.inspect(view)
    for fault in found.faults:
        raise Error("issue.lint", f"{fault.kind}: {fault.detail}", place=fault.place)
    for note in found.notes:
        raise Error("issue.lint", f"{note.kind}: {note.detail}", place=note.place)
    idle = lint.unreferenced(view)
    if idle:
        raise Error("issue.lint", "nothing leads to it", place=f"object {idle[0]}")


def prove(
    made: bytes,
    licence: Licence,
    *,
    data: bytes,
    plan: Plan,
    trust: TrustStore | None,
    coded: bool,
    policy: Policy = DEFAULT,
    more: tuple[str, ...] = ("licence.attestation",),
) -> None:
    """Verify ``made``; Error ``issue.self-check`` naming the findings if it does not hold.

    Under a trust store the verdict must be VALID; only rules that rest on other
    documents (``ism.*``: the company's DOC, a renewal) may stay open. ``more`` are further
    codes that must have passed.
    """
    evidence = examine(made)
    now = datetime.now(UTC)
    report = judge(
        evidence, name=licence.number, trust=trust or TrustStore.empty(),
        at=_moment(evidence, licence, plan), now=max(now, _latest(evidence, plan)), policy=policy,
    )  # fmt: skip
    problems = [
        *_shape(evidence, data, plan, coded=coded),
        *open_problems(
            report, _wanted(plan, coded=coded, more=more), trusted=trust is not None
        ),
    ]
    if problems:
        raise Error("issue.self-check", "; ".join(problems), place=licence.number)


def _latest(evidence: Evidence, plan: Plan) -> datetime:
    times = [token.time for item in evidence.signatures for token in item.timestamps]
    return max([plan.time, *times])


def _moment(evidence: Evidence, licence: Licence, plan: Plan) -> datetime:
    """The time of sealing, or the licence's first day if that is later."""
    dates = (licence.validity.issued, licence.validity.valid_from)
    first = max((day for day in dates if day is not None), default=plan.time.date())
    opening = datetime.combine(first, time(), CHINA)
    return max(_latest(evidence, plan), opening)


def _shape(evidence: Evidence, data: bytes, plan: Plan, *, coded: bool) -> Iterator[str]:
    """One seal, our data, and no oddity that we did not mean."""
    if evidence.claims.data != data:
        yield "licence.json is not the one that was written"
    wanted = 2 if plan.archive else 1
    if len(evidence.signatures) != wanted:
        yield f"{len(evidence.signatures)} signatures, not {wanted}"
    notes = [*evidence.notes, *(note for item in evidence.signatures for note in item.notes)]
    yield from (
        f"{note.kind}: {note.place}: {note.detail}" for note in notes if note.kind not in _MEANT
    )
    stamped = any(item.timestamps for item in evidence.signatures if not _is_stamp(item.kind))
    if plan.timestamped and not stamped:
        yield "the timestamp is missing"
    if coded and not any(code.kind == "el1" for code in evidence.qr):
        yield f"the QR code cannot be read back {evidence.qr_problem}".rstrip()


def _is_stamp(kind: str) -> bool:
    return kind == "document-timestamp"


def _wanted(plan: Plan, *, coded: bool, more: tuple[str, ...]) -> list[str]:
    wanted = [*PROVEN, *more]
    if plan.kind == "seal" and (plan.format == "ofd" or plan.profile == "GM.sm2seal"):
        wanted += ["seal.signer", "seal.validity"]
    if coded:
        wanted.append("agreement.qr-data")
    return wanted


def open_problems(report: Report, wanted: Collection[str], *, trusted: bool) -> Iterator[str]:
    """What of a report does not hold: codes of ``wanted`` that have not passed, faults, and
    open questions. ``trusted``: it was judged under a trust store, so that only what rests on
    other documents may stay open; else also all that a file cannot prove by itself."""
    proven = {f.code for f in report.findings if f.outcome is Outcome.PASS}
    yield from (f"{code} is not proven" for code in wanted if code not in proven)
    for finding in report.findings:
        if finding.outcome is Outcome.FAIL:
            yield _words(finding)
        elif finding.outcome is Outcome.UNKNOWN:
            outside = ("ism.",) if trusted else _OUTSIDE
            if not finding.code.startswith(outside):
                yield _words(finding)
    if trusted:
        lacking = [name for name in missing(report.findings) if name != "rules"]
        yield from (f"nothing proves {name}" for name in lacking)


def _words(finding: Finding) -> str:
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{finding.code} {finding.outcome} {finding.subject}: {finding.message()}{detail}"
