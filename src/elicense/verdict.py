"""From findings to a verdict: one table, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from elicense.findings import Finding, Outcome
from elicense.policy import REQUIRED, Policy


class Verdict(StrEnum):
    """VALID only from positive proof, INVALID only from a proven fault."""

    VALID = "VALID"
    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"


def weigh(finding: Finding, policy: Policy) -> Outcome:
    """The outcome that counts, under the policy."""
    weight = policy.weights.get(finding.code)
    if weight is None or finding.outcome in {Outcome.PASS, Outcome.SKIPPED}:
        return finding.outcome
    return {"FAIL": Outcome.FAIL, "WARN": Outcome.WARN, "IGNORE": Outcome.SKIPPED}[weight]


def decide(findings: Sequence[Finding], policy: Policy) -> Verdict:
    """A fault anywhere is INVALID; an open question, or a required category without a
    PASS, is INDETERMINATE; the rest is VALID."""
    outcomes = [(f, weigh(f, policy)) for f in findings]
    if any(outcome is Outcome.FAIL for _, outcome in outcomes):
        return Verdict.INVALID
    if any(outcome is Outcome.UNKNOWN for _, outcome in outcomes):
        return Verdict.INDETERMINATE
    return Verdict.INDETERMINATE if missing(findings) else Verdict.VALID


def missing(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Required categories without a single PASS."""
    proven = {f.category for f in findings if f.outcome is Outcome.PASS}
    return tuple(category for category in REQUIRED if category not in proven)


def deciding(findings: Sequence[Finding], policy: Policy) -> tuple[Finding, ...]:
    """The findings that made the verdict what it is, the most telling first: faults, or
    else open questions, each in the order of the checks."""
    for wanted in (Outcome.FAIL, Outcome.UNKNOWN):
        found = tuple(f for f in findings if weigh(f, policy) is wanted)
        if found:
            return found
    return ()
