"""Is a certificate revoked? Judged from CRLs and OCSP responses at hand, never fetched here.

A source counts only if its signature is by the certificate's issuer (or by a
responder that issuer authorised), if it speaks of this certificate, and if it is
fresh for the moment asked about. Good news from a stale source is no news; bad
news is kept from any authentic source, however old or new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from elicense.crypto.certificate import EKU_OCSP, Certificate
from elicense.errors import InputError
from elicense.trust import path
from elicense.trust.crl import REASONS, Crl, read_crl
from elicense.trust.ocsp import OcspResponse, SingleResponse, read_ocsp
from elicense.trust.store import TrustStore

_SKEW = timedelta(minutes=5)
_HOLD = "certificateHold"
_MAX_SOURCES = 1024  # of one kind; a store's own come first


@dataclass(frozen=True, slots=True)
class Revocation:
    """``state``: good | revoked | unknown. ``source`` is ``crl`` or ``ocsp``;
    ``this_update`` its date; ``problem`` one stable word where unknown."""

    certificate: Certificate
    state: str
    source: str = ""
    revoked_at: datetime | None = None
    reason: str = ""
    this_update: datetime | None = None
    next_update: datetime | None = None
    problem: str = ""
    detail: str = ""
    issuer: Certificate | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything at hand: raw CRLs and OCSP responses of the file and of the trust store."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Ages:
    """How old good news may be that has to be current, whatever its next update says (the
    maximum accepted revocation freshness of ETSI TS 119 172-4); None: no bound but that."""

    crl: timedelta | None = None
    ocsp: timedelta | None = None


NO_AGES = Ages()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the state at ``moment``, as known at ``now``.

    ``proven`` says that something existed at ``moment``: a source made after it then
    suffices for ever. Otherwise good news must be current, for a key may have been used
    as late as now. ``after_expiry`` admits sources made after the certificate expired,
    which need not list it any more. ``ages`` bound what must be current. ``archived``: a
    later timestamp covers what the holder, a timestamp authority, signed; then a source
    that was current at the moment suffices (EN 319 102-1 5.2.5, 5.6.2.1), for a list made
    after it is not to be had when an archive is stamped again. Whoever seals is not given
    that: a stolen key could be used until the next list.
    """

    moment: datetime
    now: datetime
    proven: bool
    after_expiry: bool = False
    ages: Ages = NO_AGES
    archived: bool = False


def judge(
    certificate: Certificate,
    issuer: Certificate,
    *,
    sources: Sources,
    store: TrustStore,
    question: Question,
) -> Revocation:
    """The state of ``certificate``, issued by ``issuer``."""
    found = _judge(certificate, issuer, sources, store, question)
    return replace(found, issuer=issuer)


def _judge(
    certificate: Certificate, issuer: Certificate, sources: Sources, store: TrustStore,
    question: Question,
) -> Revocation:  # fmt: skip
    answers = [
        *_from_crls(certificate, issuer, sources.crls, question),
        *_from_ocsps(certificate, issuer, sources, store, question),
    ]
    revoked = [a for a in answers if a.state == "revoked"]
    good = [a for a in answers if a.state == "good"]
    if revoked and all(a.reason == _HOLD for a in revoked):
        lifted = _lifted(certificate, revoked, good, question.moment)
        if lifted is not None:
            return lifted
    if revoked:
        return min(revoked, key=lambda a: a.revoked_at or question.moment)
    if good:
        return max(good, key=lambda a: a.this_update or question.moment)
    if answers:
        return answers[0]
    detail = f"no CRL or OCSP response of {issuer.display}"
    return Revocation(certificate, "unknown", problem="nothing-found", detail=detail)


def _lifted(
    certificate: Certificate, held: list[Revocation], good: list[Revocation], moment: datetime
) -> Revocation | None:
    """A hold is the one revocation that ends. None if nothing later says that it has ended."""
    last = max((a.this_update for a in held if a.this_update), default=None)
    later = [a for a in good if a.this_update and last and a.this_update > last]
    if not later:
        return None
    began = min((a.revoked_at for a in held if a.revoked_at), default=None)
    ended = min(a.this_update for a in later if a.this_update)
    if began is not None and (moment < began or moment >= ended):
        return max(later, key=lambda a: a.this_update or moment)
    detail = "the certificate was on hold about that time"
    return Revocation(certificate, "unknown", "crl", problem="on-hold", detail=detail)


def _from_crls(
    certificate: Certificate, issuer: Certificate, crls: tuple[bytes, ...], question: Question
) -> list[Revocation]:
    lists, unreadable = _by_issuer(crls)
    answers = [
        _from_crl(certificate, issuer, crl, question)
        for crl in lists.get(issuer.subject.key, ())
    ]  # fmt: skip
    # an unreadable list of who knows whom is worth a word only if nothing better is there
    answers += [
        Revocation(certificate, "unknown", "crl", problem="unreadable", detail=detail)
        for detail in unreadable
    ]
    return answers


@lru_cache(maxsize=16)
def _by_issuer(
    crls: tuple[bytes, ...],
) -> tuple[Mapping[object, tuple[Crl, ...]], tuple[str, ...]]:
    """Those that can be read, by the name of their issuer, and what is wrong with the others."""
    found: dict[object, tuple[Crl, ...]] = {}
    unreadable: list[str] = []
    for raw in crls[:_MAX_SOURCES]:
        try:
            crl = read_crl(raw)
        except InputError as exc:
            unreadable.append(str(exc))
            continue
        found[crl.issuer.key] = (*found.get(crl.issuer.key, ()), crl)
    return found, tuple(unreadable[:1])


def _from_crl(
    certificate: Certificate, issuer: Certificate, crl: Crl, question: Question
) -> Revocation:
    usage = issuer.extensions.key_usage
    if (usage is not None and "cRLSign" not in usage) or not crl.signed_by(issuer):
        return Revocation(certificate, "unknown", "crl", problem="not-by-issuer")
    try:
        entry = None if crl.scope.foreign else crl.entry(certificate.serial)
    except InputError as exc:
        return Revocation(certificate, "unknown", "crl", problem="unreadable", detail=str(exc))
    if entry is not None and entry.reason != "removeFromCRL":
        return Revocation(
            certificate, "revoked", "crl", entry.since, entry.reason, crl.this_update,
            crl.next_update,
        )  # fmt: skip
    problem = crl.scope.speaks_of(certificate) or ("weak-algorithm" if crl.weak else "")
    problem = problem or _staleness(
        crl.this_update, crl.next_update, question, question.ages.crl
    )  # fmt: skip
    problem = problem or _expired(certificate, crl.this_update, crl.expired_since, question)
    return Revocation(
        certificate, "unknown" if problem else "good", "crl",
        this_update=crl.this_update, next_update=crl.next_update, problem=problem,
    )  # fmt: skip


def _staleness(
    this_update: datetime, next_update: datetime | None, question: Question,
    oldest: timedelta | None,
) -> str:  # fmt: skip
    if this_update > question.now + _SKEW:
        return "from-the-future"
    if question.proven and this_update >= question.moment:
        return ""  # made after the moment: it knows all that was revoked by then
    if question.archived and next_update is not None and this_update <= question.moment:
        return "" if question.moment <= next_update else "stale"
    current_at = max(question.moment, question.now)
    if next_update is None or next_update < current_at:
        return "stale"
    if oldest is not None and question.now - this_update > oldest:
        return "too-old"
    return ""


def _expired(
    certificate: Certificate, this_update: datetime, kept_since: datetime | None,
    question: Question,
) -> str:  # fmt: skip
    """A revoked certificate may leave the list once it has expired (RFC 5280 3.3)."""
    if question.after_expiry or this_update <= certificate.not_after:
        return ""
    kept = kept_since is not None and kept_since <= certificate.not_after
    return "" if kept else "after-expiry"


def _from_ocsps(
    certificate: Certificate, issuer: Certificate, sources: Sources, store: TrustStore,
    question: Question,
) -> list[Revocation]:  # fmt: skip
    answers: list[Revocation] = []
    for raw in sources.ocsps[:_MAX_SOURCES]:
        try:
            response = read_ocsp(raw)
            about = [r for r in response.responses if r.about(certificate, issuer)]
        except InputError as exc:
            answers.append(Revocation(certificate, "unknown", "ocsp", problem="unreadable",
                                      detail=str(exc)))  # fmt: skip
            continue
        if not about:
            continue
        refused = _responder_problem(response, issuer, sources.crls, store, question)
        answers += [_from_ocsp(certificate, r, refused, response, question) for r in about]
    return sorted(answers, key=lambda a: a.problem == "unreadable")


def _from_ocsp(
    certificate: Certificate, single: SingleResponse, refused: str, response: OcspResponse,
    question: Question,
) -> Revocation:  # fmt: skip
    if refused:
        return Revocation(certificate, "unknown", "ocsp", problem=refused)
    if single.state == "revoked":
        return Revocation(
            certificate, "revoked", "ocsp", single.revoked_at,
            REASONS.get(single.reason or 0, str(single.reason)),
            single.this_update, single.next_update,
        )  # fmt: skip
    problem = "" if single.state == "good" else "responder-does-not-know"
    problem = problem or ("weak-algorithm" if response.weak else "")
    problem = problem or _staleness(
        single.this_update, single.next_update, question, question.ages.ocsp
    )  # fmt: skip
    problem = problem or _expired(certificate, single.this_update, single.archive_cutoff, question)
    return Revocation(
        certificate, "unknown" if problem else "good", "ocsp",
        this_update=single.this_update, next_update=single.next_update, problem=problem,
    )  # fmt: skip


def _responder_problem(
    response: OcspResponse, issuer: Certificate, crls: tuple[bytes, ...], store: TrustStore,
    question: Question,
) -> str:  # fmt: skip
    """RFC 6960 4.2.2.2: the issuer itself, or one it certified for OCSP signing. Empty if the
    response is by one of them."""
    if response.names(issuer) and response.signed_by(issuer):
        return ""
    listed = [s.certificate for s in store.services if s.service == "ocsp" and s.certificate]
    problem = "not-by-issuer"
    for candidate in dict.fromkeys((*response.certificates, *listed)):
        if not response.names(candidate) or not response.signed_by(candidate):
            continue
        problem = _delegate_problem(candidate, response, issuer, crls, question)
        if not problem:
            return ""
    return problem


def _delegate_problem(
    candidate: Certificate, response: OcspResponse, issuer: Certificate,
    crls: tuple[bytes, ...], question: Question,
) -> str:  # fmt: skip
    extensions = candidate.extensions
    usage = extensions.key_usage
    if (
        EKU_OCSP not in (extensions.extended_key_usage or ())
        or (usage is not None and not usage & {"digitalSignature", "nonRepudiation"})
        or extensions.unknown_critical
        or not path.signed_by(candidate, issuer)
    ):
        return "not-by-issuer"
    # without proof of when, the response may have been made as late as now
    until = response.produced if question.proven else max(response.produced, question.now)
    if not candidate.not_before <= response.produced or until > candidate.not_after:
        return "responder-expired"
    if path.weakness(candidate):
        return "weak-algorithm"
    own = Question(response.produced, question.now, proven=False, ages=question.ages)
    answers = _from_crls(candidate, issuer, crls, own)
    if any(a.state == "revoked" for a in answers):
        return "responder-revoked"
    if not extensions.ocsp_no_check and not any(a.state == "good" for a in answers):
        return "responder-revocation-unknown"
    return ""
