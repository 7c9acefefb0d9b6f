"""What an archive must keep to be judged later: for every certificate that was relied upon,
its path and the newest revocation data that speaks of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense.checks.case import JudgedSignature, JudgedToken
from elicense.checks.standing import Standing
from elicense.crypto.certificate import Certificate
from elicense.errors import InputError
from elicense.trust import revocation
from elicense.trust.crl import read_crl
from elicense.trust.ocsp import read_ocsp
from elicense.trust.revocation import Question, Revocation, Sources
from elicense.trust.store import TrustStore


@dataclass(frozen=True, slots=True)
class Held:
    """DER certificates, CRLs and OCSP responses, each once."""

    certificates: tuple[bytes, ...] = field(repr=False, default=())
    crls: tuple[bytes, ...] = field(repr=False, default=())
    ocsps: tuple[bytes, ...] = field(repr=False, default=())

    def __add__(self, other: Held) -> Held:
        return Held(
            _once(self.certificates + other.certificates), _once(self.crls + other.crls),
            _once(self.ocsps + other.ocsps),
        )  # fmt: skip

    def without(self, other: Held) -> Held:
        """What the other does not hold."""
        return Held(
            tuple(x for x in self.certificates if x not in other.certificates),
            tuple(x for x in self.crls if x not in other.crls),
            tuple(x for x in self.ocsps if x not in other.ocsps),
        )

    @property
    def sources(self) -> Sources:
        return Sources(self.crls, self.ocsps)


def _once(items: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(items))


@dataclass(frozen=True, slots=True)
class Relied:
    """A certificate that was relied upon, its issuer, and what must be known of it."""

    holder: str
    certificate: Certificate
    issuer: Certificate
    question: Question
    chain: tuple[Certificate, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """Whose revocation the archive alone cannot answer later, why (one stable word), and
    the date of the data there is."""

    certificate: str
    problem: str
    date: datetime | None = None


def relied(judged: JudgedSignature, *, now: datetime) -> Iterator[Relied]:
    """The signer, the seal's maker and the timestamp authorities of one signature. What it
    proves of the time stays; its timestamps are to be covered by one made ``now``."""
    moment = judged.proven_time or now
    signed = Question(moment, now, proven=True)
    if judged.standing is not None:
        yield from _of(judged.standing, signed)
    if judged.maker_standing is not None:
        yield from _of(judged.maker_standing, replace(signed, after_expiry=True))
    tokens = judged.tokens if judged.maker_token is None else (*judged.tokens, judged.maker_token)
    yield from of_tokens(tokens, now=now)


def of_tokens(tokens: Iterable[JudgedToken], *, now: datetime) -> Iterator[Relied]:
    """Their authorities; a token that proves nothing is not worth keeping alive."""
    for token in tokens:
        if token.standing is not None and token.problem in {"", "revocation-unknown"}:
            # one that a later timestamp covers stays as that one found it
            moment = token.standing.moment if token.standing.proven else now
            yield from _of(token.standing, Question(moment, now, proven=True, archived=True))


def _of(standing: Standing, question: Question) -> Iterator[Relied]:
    for item in standing.revocations if standing.reached else ():
        if item.issuer is not None:
            chain = (*standing.path.chain, item.issuer)
            holder = standing.certificate.display
            yield Relied(holder, item.certificate, item.issuer, question, chain)


def keep(items: Iterable[Relied], sources: Sources, store: TrustStore) -> Held:
    """The paths, and for each certificate the newest source that says good or revoked."""
    found = Held()
    for item in items:
        found += Held(tuple(certificate.der for certificate in item.chain))
        found += _newest(item, sources, store)
    return found


def _newest(item: Relied, sources: Sources, store: TrustStore) -> Held:
    lists = [Held(crls=(raw,)) for raw in sources.crls if _issued_by(raw, item.issuer)]
    spoken = [(judge(item, held, store), held) for held in lists]
    for raw in sources.ocsps:
        if _about(raw, item):
            # a responder's own certificate may need the CRLs
            held = Held(crls=sources.crls, ocsps=(raw,))
            spoken.append((judge(item, held, store), Held(ocsps=(raw,))))
    known = [(told.this_update, held) for told, held in spoken
             if told.state != "unknown" and told.this_update is not None]  # fmt: skip
    return max(known, key=lambda pair: pair[0])[1] if known else Held()


def _issued_by(raw: bytes, issuer: Certificate) -> bool:
    try:
        return read_crl(raw).issuer.key == issuer.subject.key
    except InputError:
        return False


def _about(raw: bytes, item: Relied) -> bool:
    try:
        return any(r.about(item.certificate, item.issuer) for r in read_ocsp(raw).responses)
    except InputError:
        return False


def judge(item: Relied, held: Held, store: TrustStore) -> Revocation:
    """What the sources held say alone; the store's own lists are left out."""
    return revocation.judge(
        item.certificate, item.issuer, sources=held.sources,
        store=replace(store, crls=(), ocsps=()), question=item.question,
    )  # fmt: skip


def gaps(
    items: Iterable[Relied], held: Held, store: TrustStore, *, later: datetime
) -> tuple[Gap, ...]:
    """What the archive alone will not prove at a ``later`` time, when no list made today is
    current any more."""
    found: dict[tuple[str, str], Gap] = {}
    for item in items:
        told = judge(replace(item, question=replace(item.question, now=later)), held, store)
        revoked = told.state == "revoked" and (
            told.revoked_at is None or told.revoked_at <= item.question.moment
        )
        if told.state == "unknown" or revoked:
            problem = "revoked" if revoked else told.problem
            gap = Gap(item.certificate.display, problem, told.this_update)
            found.setdefault((gap.certificate, problem), gap)
    return tuple(found.values())
