"""What was asked of the network: a remark, whatever the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.checks.signatures import PASS, WARN
from elicense.findings import Finding, Outcome

_CODE = "network.fetch"


def fetches(case: Case) -> Iterator[Finding]:
    """``network.fetch``: one for each question, asked or not. None of them makes a verdict
    worse: what is still missing says so itself."""
    for one in case.world.trust.fetches:
        subject = "file"  # the sentence itself names whom it is about
        values = {"host": one.host, "url": one.url, "subject": one.subject, "kind": one.kind,
                  "detail": one.problem}  # fmt: skip
        if not one.problem:
            yield Finding(_CODE, PASS, subject, one.kind, values,
                          f"{one.url} sha256 {one.sha256}")  # fmt: skip
        elif not one.asked:
            yield Finding(_CODE, Outcome.SKIPPED, subject, one.problem, values, one.url)
        elif one.sha256:
            yield Finding(_CODE, WARN, subject, "unusable", values,
                          f"{one.url} sha256 {one.sha256}: {one.detail or one.problem}",
                          )  # fmt: skip
        else:
            yield Finding(_CODE, WARN, subject, "failed", values, one.detail)
