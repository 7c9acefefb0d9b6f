"""Who a certificate's holder is to us: path, revocation and trust entries at one moment."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from elicense.crypto.certificate import Certificate
from elicense.limits import Limits
from elicense.policy import Policy
from elicense.trust import path, revocation
from elicense.trust.path import Path
from elicense.trust.revocation import NO_AGES, Ages, Question, Revocation, Sources
from elicense.trust.service import Service
from elicense.trust.store import TrustStore

_OF_TIME = {"expired", "not-yet-valid"}
SIGNING = frozenset({"digitalSignature", "nonRepudiation"})


@dataclass(frozen=True, slots=True)
class World:
    """What everything is judged against: trust, times and caps. ``now`` is for freshness,
    ``ages`` what the policy makes of it."""

    trust: TrustStore
    at: datetime
    now: datetime
    limits: Limits
    ages: Ages = NO_AGES
    status_signers: dict[tuple[Hashable, ...], Standing] = field(  # those already judged
        init=False, repr=False, compare=False, default_factory=dict
    )


def ages_of(policy: Policy) -> Ages:
    """How old a policy lets revocation data be."""
    return Ages(crl=policy.crl_age or policy.revocation_age, ocsp=policy.revocation_age)


@dataclass(frozen=True, slots=True)
class Standing:
    """``moment`` is the time judged for, ``proven`` whether a timestamp proves it.
    ``services`` are the entries that name the certificate and fit its path; ``now`` is
    until when the key may have been used if nothing is proven."""

    certificate: Certificate
    moment: datetime
    now: datetime
    proven: bool
    path: Path
    revocations: tuple[Revocation, ...] = field(repr=False)
    services: tuple[Service, ...] = ()
    question: Question | None = field(repr=False, default=None)

    @property
    def reached(self) -> bool:
        """Does the trust store vouch for the path, at some time at least? What its
        certificates name may then be believed to be their issuers' own."""
        return self.path.anchored and all(p.kind in _OF_TIME for p in self.path.problems)

    @property
    def revoked(self) -> tuple[Revocation, ...]:
        return tuple(r for r in self.revocations if r.state == "revoked")

    @property
    def unknown(self) -> tuple[Revocation, ...]:
        return tuple(r for r in self.revocations if r.state == "unknown")

    @property
    def revoked_by_then(self) -> tuple[Revocation, ...]:
        """Revoked at or before the moment judged for."""
        return tuple(r for r in self.revoked if r.revoked_at is None or r.revoked_at <= self.moment)

    def entry_state(self, entry: Service) -> str:
        """Empty if the entry was in force when the key was used; else a word. Without proof
        of when, one that has ended since leaves the question open."""
        if entry.starts is not None and self.moment < entry.starts:
            return "entry-not-in-force"
        if self.proven:
            return "" if entry.in_force(self.moment) else "entry-not-in-force"
        last = max(self.moment, self.now)
        return "" if entry.ends is None or last < entry.ends else "entry-ended"


def judge(
    certificate: Certificate,
    pool: Sequence[Certificate],
    sources: Sources,
    world: World,
    *,
    service: str,
    moment: datetime,
    proven: bool,
    usage: frozenset[str] = SIGNING,
    extended: str = "",
    after_expiry: bool = False,
    archived: bool = False,
) -> Standing:
    """Build the path and look for revocation of every certificate in it but the anchor."""
    store = world.trust
    named = store.services_for(certificate, service)
    found = path.build(
        certificate, pool, store=store, moment=moment, usage=usage, extended=extended,
        listed=any(entry.certificate is not None for entry in named), limits=world.limits,
    )  # fmt: skip
    question = Question(moment, world.now, proven, after_expiry, world.ages, archived)
    return Standing(
        certificate, moment, world.now, proven, found,
        _revocations(found, pool, sources, world, question) if found.anchored else (),
        tuple(entry for entry in named if entry.fits(found.chain)),
        question,
    )  # fmt: skip


def _revocations(
    found: Path, pool: Sequence[Certificate], sources: Sources, world: World, question: Question
) -> tuple[Revocation, ...]:
    everything = Sources(
        world.trust.crls + sources.crls, world.trust.ocsps + sources.ocsps
    )  # fmt: skip
    chain = found.chain
    pairs = list(itertools.pairwise(chain))
    if len(chain) == 1 and chain[0] not in world.trust.anchors:
        issuer = _issuer(chain[0], pool, world)
        if issuer is None:
            detail = f"the issuer of {chain[0].display} is not at hand"
            return (Revocation(chain[0], "unknown", problem="no-issuer", detail=detail),)
        pairs = [(chain[0], issuer)]
    return tuple(
        revocation.judge(
            certificate, issuer, sources=everything, store=world.trust,
            question=question,
        )
        for certificate, issuer in pairs
    )  # fmt: skip


def _issuer(
    certificate: Certificate, pool: Sequence[Certificate], world: World
) -> Certificate | None:
    """Who issued a certificate that the store lists itself; needed for its CRL only."""
    store = world.trust
    for candidate in (*store.anchors, *store.authorities, *pool):
        same = candidate.subject.key == certificate.issuer.key
        if same and path.signed_by(certificate, candidate):
            return candidate
    return None
