"""What the trust store itself is worth at this moment."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.signatures import PASS, UNKNOWN, WARN
from elicense.findings import Finding


def store(case: Case) -> Iterator[Finding]:
    """``trust.age`` and ``trust.test``: not past its next update, and not a test store."""
    trust = case.world.trust
    if trust.test:
        yield Finding("trust.test", WARN, "trust", values={"name": trust.name})
    if trust.next_update is None:
        if trust.services:
            yield Finding("trust.age", WARN, "trust", "no-date", {"name": trust.name})
        return
    values = {
        "name": trust.name,
        "date": day(trust.next_update),
        "issued": day(trust.issued),
    }
    if trust.next_update < case.world.now:
        yield Finding("trust.age", UNKNOWN, "trust", "", values)
    else:
        yield Finding("trust.age", PASS, "trust", "", values)
