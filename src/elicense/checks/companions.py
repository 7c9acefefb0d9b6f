"""``ism.doc-smc`` and its kin for an SMC alone: the company's DOC shown beside it (V19, V20)."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.findings import Finding, Outcome
from elicense.maritime.facts import SMCS
from elicense.maritime.pair import beside


def companions(case: Case) -> Iterator[Finding]:
    """An SMC stands and falls with its company's DOC. Without one at hand that is said; what
    the SMC itself shows is judged all the same."""
    licence, others = case.licence, case.companions
    if licence is None or licence.type not in SMCS or others is None:
        return
    if not others:
        yield Finding("ism.doc-smc", Outcome.SKIPPED, "licence", "doc-not-given")
        return
    used, answers = beside(licence, others)
    detail = f"{used.file} (SHA-256 {used.sha256})" if used else ""
    for one in answers:
        yield Finding(one.code, one.outcome, "licence", one.reason, one.values, detail)
