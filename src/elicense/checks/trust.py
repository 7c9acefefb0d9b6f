"""What the trust store itself is worth at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.signatures import PASS, UNKNOWN, WARN
from elicense.findings import Finding

_CLOCK_SKEW = timedelta(minutes=5)


def _bounded(case: Case, oldest: timedelta) -> Iterator[Finding]:
    """A store that names no next update, under a policy that says how old one may be."""
    trust, now = case.world.trust, case.world.now
    values = {"name": trust.name, "issued": day(trust.issued), "days": str(oldest.days)}
    if trust.issued is None:
        yield Finding("trust.age", UNKNOWN, "trust", "undated", values)
    elif trust.issued > now + _CLOCK_SKEW:
        yield Finding("trust.age", UNKNOWN, "trust", "from-the-future", values)
    elif now - trust.issued > oldest:
        yield Finding("trust.age", UNKNOWN, "trust", "too-old", values)
    else:
        yield Finding("trust.age", PASS, "trust", "young", values)


def store(case: Case) -> Iterator[Finding]:
    """``trust.age`` and ``trust.test``: not past its next update, and not a test store."""
    trust = case.world.trust
    if trust.test:
        yield Finding("trust.test", WARN, "trust", values={"name": trust.name})
    if trust.next_update is None:
        oldest = case.policy.trust_age
        if oldest is not None and trust.services:
            yield from _bounded(case, oldest)
        elif trust.services:
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
