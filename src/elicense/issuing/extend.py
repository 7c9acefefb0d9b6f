"""``elicense extend``: keep a sealed licence provable after certificates and timestamps end.

PDF: what proves today's state goes into the document security store, and a document
timestamp over all of it (PAdES B-LTA, ETSI EN 319 142-1 5.4, 5.5). OFD: what the format
allows, which is less (:mod:`elicense.issuing.extend_ofd`). Nothing is handed out that is
judged worse than before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from elicense.checks.case import JudgedSignature, JudgedToken, judge_signatures
from elicense.checks.standing import World, ages_of
from elicense.containers import pdf
from elicense.errors import Error, UsageError
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.findings import Outcome
from elicense.issuing import archive_sources, extend_ofd, extend_pdf, pdf_seal
from elicense.issuing.archive_sources import Gap, Held, Relied
from elicense.issuing.credential import Stamp
from elicense.issuing.extend_ofd import Told
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.policy import DEFAULT, Policy
from elicense.report import Report
from elicense.trust.needs import Need, Needs
from elicense.trust.revocation import Sources
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict
from elicense.verifying import judge

if TYPE_CHECKING:
    from elicense.trust.online import Online

_WORSE = (Verdict.INVALID, Verdict.INDETERMINATE, Verdict.VALID)
_SECOND = timedelta(seconds=1)
_ROOM = 16384  # for a token with the whole chain of its authority, whoever that is


@dataclass(frozen=True, slots=True)
class Extended:
    """The new file. ``proven`` is the time of the new timestamp and ``until`` the end of its
    authority's certificate: extend again before. Of an OFD ``proven`` is None where it took
    no timestamp, and ``until`` the end of the timestamp that ends first.
    ``gaps`` name what the file alone will not prove then; ``told`` says of each signature of
    an OFD what was done. ``before`` and ``after`` are the reports on both files.
    """

    data: bytes = field(repr=False)
    proven: datetime | None
    until: datetime | None
    added: Held = field(repr=False)
    gaps: tuple[Gap, ...]
    told: tuple[Told, ...]
    before: Report = field(repr=False)
    after: Report = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Desk:
    """All that stays the same while one file is extended."""

    stamp: Stamp
    trust: TrustStore
    now: datetime
    policy: Policy
    limits: Limits
    online: Online | None

    @property
    def world(self) -> World:
        return World(self.trust, self.now, self.now, self.limits, ages_of(self.policy))


def extend(
    data: bytes,
    *,
    timestamp: Stamp,
    trust: TrustStore,
    now: datetime | None = None,
    online: Online | None = None,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
) -> Extended:
    """``data``, a sealed PDF or OFD, made to last longer.

    ``timestamp`` is called with the bytes to stamp and returns an RFC 3161 token; its
    authority must be listed in ``trust``. Revocation data come from the file, from ``trust``
    and, with ``online``, from the network, where those at hand would not last. The bytes of a
    PDF stay as they are and are followed by new ones; of an OFD only the unsigned part of
    signature values changes. ``now`` (aware) is the present unless given.

    Error ``extend.invalid`` for a file that is INVALID already, ``extend.timestamp`` if the
    trust store does not believe the new timestamp, ``extend.worse`` if the result is judged
    worse than the file was; UsageError ``extend.format`` for what is neither.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    desk = _Desk(timestamp, trust, moment, policy, limits, online)
    evidence = examine(data, limits=limits)
    before = _judged(evidence, desk, moment)
    if before.verdict is Verdict.INVALID:
        first = before.deciding[0]
        raise Error("extend.invalid", f"it is INVALID: {first.message()}", place=first.subject)
    if not evidence.signatures or evidence.container not in {"pdf", "ofd"}:
        raise UsageError("extend.format", "a sealed PDF or OFD is needed")
    if evidence.container == "pdf":
        return _pdf(data, evidence, desk, before)
    return _ofd(data, evidence, desk, before)


# -- PDF ------------------------------------------------------------------------------------


def _pdf(data: bytes, evidence: Evidence, desk: _Desk, before: Report) -> Extended:
    signatures, _ = judge_signatures(evidence, desk.world)
    made = data
    if any(s.proven_time is None for s in signatures):
        # what was never stamped exists from now on: revocation is looked up for that time
        made = pdf_seal.timestamp_pdf(made, stamp=desk.stamp, field=_free(evidence), size=_ROOM)
        evidence = examine(made, limits=desk.limits, pages=False)
        desk = replace(desk, now=max(desk.now, _latest(evidence)))
        signatures, _ = judge_signatures(evidence, desk.world)
    _, tokens = judge_signatures(evidence, desk.world)
    desk = _asked(signatures, tokens, desk)
    sources = _sources(evidence, desk.trust)
    document = pdf.read(made, desk.limits)
    names = {i: extend_pdf.entry_name(s, made) for i, s in enumerate(document.signatures, 1)
             if len(s.byte_range) == 4}  # fmt: skip
    entries: dict[str, Held] = {}
    for index, items in _by_signature(signatures, tokens, desk.now):
        if index not in names:
            continue  # it covers nothing and proves nothing
        entries[names[index]] = archive_sources.keep(items, sources, desk.trust)
    held = sum(entries.values(), Held())
    store = document.security_store()
    added = held.without(Held(store.certificates, store.crls, store.ocsps))
    made = extend_pdf.add_store(made, held, entries)
    made = pdf_seal.timestamp_pdf(made, stamp=desk.stamp, field=_free(evidence), size=_ROOM)
    return _finished(made, added, desk, before, told=())


def _free(evidence: Evidence) -> str:
    """A name that no field has."""
    taken = {signature.place for signature in evidence.signatures}
    return next(n for n in (f"Timestamp{i}" for i in range(1, 1000)) if n not in taken)


def _by_signature(
    signatures: tuple[JudgedSignature, ...], tokens: tuple[JudgedToken, ...], now: datetime
) -> Iterator[tuple[int, tuple[Relied, ...]]]:
    """By the index of each signature, document timestamps too: who was relied upon."""
    for judged in signatures:
        yield judged.signature.index, tuple(archive_sources.relied(judged, now=now))
    for token in tokens:
        items = tuple(archive_sources.of_tokens((token,), now=now))
        yield int(token.subject.rpartition(":")[2]), items


# -- OFD ------------------------------------------------------------------------------------


def _ofd(data: bytes, evidence: Evidence, desk: _Desk, before: Report) -> Extended:
    signatures, tokens = judge_signatures(evidence, desk.world)
    desk = _asked(signatures, tokens, desk)
    sources = _sources(evidence, desk.trust)
    held = {
        index: archive_sources.keep(items, sources, desk.trust)
        for index, items in _by_signature(signatures, tokens, desk.now)
    }
    made = extend_ofd.prolong(data, stamp=desk.stamp, held=held, limits=desk.limits)
    if made.data == data:
        words = ", ".join(sorted({told.done for told in made.told}))
        raise Error("extend.impossible", f"nothing can be added to its signatures ({words})")
    whole = sum((held[told.index] for told in made.told if told.done in _TAKEN), Held())
    present = Held(
        tuple(c.der for s in evidence.signatures for c in s.certificates),
        tuple(crl for s in evidence.signatures for crl in s.crls),
        tuple(ocsp for s in evidence.signatures for ocsp in s.ocsps),
    )
    return _finished(made.data, whole.without(present), desk, before, told=made.told)


_TAKEN = {"stamped", "stamped-again", "kept"}


# -- both -----------------------------------------------------------------------------------


def _asked(
    signatures: tuple[JudgedSignature, ...], tokens: tuple[JudgedToken, ...], desk: _Desk
) -> _Desk:
    """With the network's answers to what the data at hand would leave open later."""
    if desk.online is None:
        return desk
    items = [i for _, found in _by_signature(signatures, tokens, desk.now) for i in found]
    budget = desk.online.begin()
    trust = desk.trust
    while True:
        held = Held(crls=trust.crls, ocsps=trust.ocsps)
        lacking = tuple(
            Need(i.certificate, i.issuer, i.question) for i in dict.fromkeys(items)
            if archive_sources.gaps((i,), held, trust, later=_far(desk.now))
        )  # fmt: skip
        more = desk.online.collect(Needs(lacking), trust, budget)
        if more is None:
            return replace(desk, trust=trust)
        trust = more


def _far(now: datetime) -> datetime:
    """A time by which no list made today is current."""
    return now + timedelta(days=36525)


def _sources(evidence: Evidence, trust: TrustStore) -> Sources:
    found = Held(crls=trust.crls, ocsps=trust.ocsps)
    for signature in evidence.signatures:
        found += Held(crls=signature.crls, ocsps=signature.ocsps)
        for token in signature.timestamps:
            found += Held(crls=token.crls, ocsps=token.ocsps)
    return found.sources


def _judged(evidence: Evidence, desk: _Desk, moment: datetime) -> Report:
    return judge(
        evidence, name="extended", trust=desk.trust, at=moment, now=moment, policy=desk.policy,
        limits=desk.limits,
    )  # fmt: skip


def _latest(evidence: Evidence) -> datetime:
    return max(token.time for s in evidence.signatures for token in s.timestamps)


def _finished(
    made: bytes, added: Held, desk: _Desk, before: Report, *, told: tuple[Told, ...]
) -> Extended:
    """The result, seen with the verifier's eyes."""
    evidence = examine(made, limits=desk.limits)
    moment = desk.now
    if any(s.timestamps for s in evidence.signatures):
        moment = max(desk.now, _latest(evidence) + _SECOND)
    after = _judged(evidence, desk, moment)
    _not_worse(before, after)
    world = replace(desk.world, at=moment, now=moment)
    signatures, tokens = judge_signatures(evidence, world)
    newest = _newest(signatures, tokens, told)
    if newest is not None and newest.problem:
        raise Error("extend.timestamp", f"the trust store does not believe the new timestamp: "
                    f"{newest.problem}", place=newest.subject)  # fmt: skip
    return Extended(
        made, newest.token.time if newest else None, _end(signatures, newest, told), added,
        _gaps(evidence, signatures, tokens, newest, world), told, before, after,
    )  # fmt: skip


def _not_worse(before: Report, after: Report) -> None:
    faults = [f for f in after.findings if f.outcome is Outcome.FAIL]
    proven = {(f.subject, f.code) for f in before.findings if f.outcome is Outcome.PASS}
    lost = [
        f for f in after.findings
        if f.outcome is Outcome.UNKNOWN and (f.subject, f.code) in proven
        and (f.subject, f.code) not in _open(before)
    ]  # fmt: skip
    if faults or lost or _WORSE.index(after.verdict) < _WORSE.index(before.verdict):
        first = (*faults, *lost, *after.deciding)[0]
        detail = f"{before.verdict} became {after.verdict}: {first.message()}"
        raise Error("extend.worse", detail, place=first.subject)


def _open(report: Report) -> set[tuple[str, str]]:
    return {(f.subject, f.code) for f in report.findings if f.outcome is Outcome.UNKNOWN}


def _newest(
    signatures: tuple[JudgedSignature, ...], tokens: tuple[JudgedToken, ...],
    told: tuple[Told, ...],
) -> JudgedToken | None:  # fmt: skip
    """The timestamp that was made last; None where none was."""
    if not told:
        return tokens[-1]
    stamped = {t.index for t in told if t.done.startswith("stamped")}
    mine = [t for s in signatures if s.signature.index in stamped for t in s.tokens]
    return max(mine, key=lambda t: t.token.time, default=None)


def _end(
    signatures: tuple[JudgedSignature, ...], newest: JudgedToken | None, told: tuple[Told, ...]
) -> datetime | None:
    """When the proof of time ends: a PDF's with the newest timestamp, an OFD's with the first
    signature whose own timestamps have all ended."""
    if not told:
        return _not_after((newest,)) if newest else None
    ends = [_not_after(tuple(t for t in s.tokens if not t.problem)) for s in signatures]
    return min((end for end in ends if end is not None), default=None)


def _not_after(tokens: tuple[JudgedToken, ...]) -> datetime | None:
    return max((t.token.signer.not_after for t in tokens if t.token.signer), default=None)


def _gaps(
    evidence: Evidence, signatures: tuple[JudgedSignature, ...], tokens: tuple[JudgedToken, ...],
    newest: JudgedToken | None, world: World,
) -> tuple[Gap, ...]:  # fmt: skip
    """What the file alone will not prove when today's lists have run out. Of the newest
    timestamp itself the next extension will take care."""
    covered = tuple(t for t in tokens if t is not newest)
    judged = (
        replace(s, tokens=() if evidence.container == "ofd" else s.tokens) for s in signatures
    )  # fmt: skip
    items = [i for _, found in _by_signature(tuple(judged), covered, world.now) for i in found]
    own = Held(
        crls=tuple(crl for s in evidence.signatures for crl in s.crls),
        ocsps=tuple(ocsp for s in evidence.signatures for ocsp in s.ocsps),
    )
    return archive_sources.gaps(items, own, world.trust, later=_far(world.now))
