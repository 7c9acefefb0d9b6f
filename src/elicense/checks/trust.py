"""What the trust store itself is worth at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.qr import entitled
from elicense.checks.signatures import PASS, UNKNOWN, WARN
from elicense.checks.standing import Standing
from elicense.crypto.ses import CHINA
from elicense.findings import Finding
from elicense.trust.service import NATIONAL, Service
from elicense.trust.store import TrustStore

if TYPE_CHECKING:  # its many small classes are made only where lists are read
    from elicense.trust.list_model import Refusal

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
    """``trust.age``, ``trust.lists`` and ``trust.test``: not past its next update, its signed
    lists held, and not a test store."""
    trust = case.world.trust
    if trust.test:
        yield Finding("trust.test", WARN, "trust", values={"name": trust.name})
    if trust.operators:
        yield from _signed(case)
        return
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


# -- stores of signed lists ----------------------------------------------------
def _signed(case: Case) -> Iterator[Finding]:
    """Each list at hand with its own age. One that is past its next update leaves the
    question open where the answer rests on it, and is a remark where it does not."""
    from elicense.trust.list_model import AGE_LIST

    trust, now = case.world.trust, case.world.now
    yield from _held(trust, now)
    used = _relied_on(case)
    for age in trust.lists:
        values = {
            "name": age.name, "list": age.id, "date": day(age.next_update),
            "issued": day(age.issued), "number": str(age.sequence),
            "days": str((now - age.next_update).days),
        }  # fmt: skip
        subject = f"trust:{age.id}" if age.id else "trust"
        counts = age.kind != AGE_LIST or age.id in used
        if age.next_update >= now:
            if counts:
                yield Finding("trust.age", PASS, subject, "", values)
        elif counts:
            yield Finding("trust.age", UNKNOWN, subject, "list", values)
        else:
            yield Finding("trust.age", WARN, subject, "other-list", values)


def _held(trust: TrustStore, now: datetime) -> Iterator[Finding]:
    """``trust.lists``: what was refused, and why; a clock that the lists prove wrong."""
    newest = trust.newest_issued
    slow = newest is not None and now + _CLOCK_SKEW < newest
    if newest is not None and slow:
        values = {"now": _minute(now), "date": _minute(newest)}
        yield Finding("trust.lists", UNKNOWN, "trust", "clock", values)
    if not any(age.sequence for age in trust.lists):
        yield Finding("trust.lists", UNKNOWN, "trust", "none", {"name": trust.name},
                      _why(trust.refused))  # fmt: skip
    for item in trust.refused:
        values = {"list": _short(item.what), "detail": f"list-{item.code}"}
        if item.code == "fork":  # two of one number, both signed: somebody has the key
            yield Finding("trust.lists", UNKNOWN, "trust", "fork", values, str(item))
        else:
            yield Finding("trust.lists", WARN, "trust", "refused", values, str(item))
    if not slow and not trust.refused and any(age.sequence for age in trust.lists):
        count = sum(bool(age.id) for age in trust.lists)
        yield Finding("trust.lists", PASS, "trust", "", {"count": str(count)})


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _short(what: str) -> str:
    """The same in either language: ``120000 #6``, ``lol #3``."""
    return what.replace("list of lists", "lol").removeprefix("list ").replace(" no. ", " #")


def _why(refused: Iterable[Refusal]) -> str:
    return "; ".join(str(item) for item in refused)


def _relied_on(case: Case) -> frozenset[str]:
    """The ids of the lists whose entries the answer rests on: those that name a signer, and
    those that could speak of the licence's state or its QR code."""
    entries: list[Service] = [entry for found in _standings(case) for entry in found.services]
    entries += entitled(case)
    code = case.licence.issuer.code if case.licence is not None else ""
    for entry in case.world.trust.services:
        if (code and entry.uscc == code) or (entry.service, entry.region) == ("status", NATIONAL):
            entries.append(entry)
    return frozenset(entry.list_id for entry in entries)


def _standings(case: Case) -> Iterator[Standing]:
    tokens = list(case.document_tokens)
    for judged in case.judged:
        tokens += judged.tokens
        if judged.maker_token is not None:
            tokens.append(judged.maker_token)
        yield from (s for s in (judged.standing, judged.maker_standing) if s is not None)
    yield from (token.standing for token in tokens if token.standing is not None)
