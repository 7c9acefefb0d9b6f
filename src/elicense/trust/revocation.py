"""Is a certificate revoked? Judged from CRLs and OCSP responses at hand, never fetched here.

A source counts only if its signature is by the certificate's issuer (or by a
responder that issuer authorised), if it speaks of this certificate, and if it is
fresh for the moment asked about. Good news from a stale source is no news; bad
news is kept from any authentic source, however old or new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from elicense.crypto.certificate import EKU_OCSP, Certificate
from elicense.errors import InputError
from elicense.trust import path
from elicense.trust.crl import Crl, read_crl
from elicense.trust.ocsp import OcspResponse, SingleResponse, read_ocsp
from elicense.trust.store import TrustStore

_SKEW = timedelta(minutes=5)
_REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
    4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 9: "privilegeWithdrawn",
    10: "aACompromise",
}  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything at hand: raw CRLs and OCSP responses of the file and of the trust store."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def judge(
    certificate: Certificate,
    issuer: Certificate,
    *,
    sources: Sources,
    store: TrustStore,
    moment: datetime,
    now: datetime,
) -> Revocation:
    """The state of ``certificate`` at ``moment``, as known at ``now``."""
    answers = [
        *_from_crls(certificate, issuer, sources.crls, moment, now),
        *_from_ocsps(certificate, issuer, sources.ocsps, store, moment, now),
    ]
    revoked = [a for a in answers if a.state == "revoked"]
    if revoked:
        return min(revoked, key=lambda a: a.revoked_at or moment)
    good = [a for a in answers if a.state == "good"]
    if good:
        return max(good, key=lambda a: a.this_update or moment)
    if answers:
        return answers[0]
    detail = f"no CRL or OCSP response of {issuer.display}"
    return Revocation(certificate, "unknown", problem="nothing-found", detail=detail)


def _from_crls(
    certificate: Certificate, issuer: Certificate, crls: Sequence[bytes],
    moment: datetime, now: datetime,
) -> list[Revocation]:  # fmt: skip
    answers: list[Revocation] = []
    for raw in crls:
        try:
            crl = read_crl(raw)
        except InputError as exc:
            answers.append(Revocation(certificate, "unknown", "crl", problem="unreadable",
                                      detail=str(exc)))  # fmt: skip
            continue
        if crl.issuer.key == issuer.subject.key:
            answers.append(_from_crl(certificate, issuer, crl, moment, now))
    # an unreadable list of who knows whom is worth a word only if nothing better is there
    return sorted(answers, key=lambda a: a.problem == "unreadable")


def _from_crl(
    certificate: Certificate, issuer: Certificate, crl: Crl, moment: datetime, now: datetime
) -> Revocation:
    usage = issuer.extensions.key_usage
    if not crl.signed_by(issuer) or (usage is not None and "cRLSign" not in usage):
        return Revocation(certificate, "unknown", "crl", problem="not-by-issuer")
    try:
        entry = crl.entry(certificate.serial)
    except ValueError as exc:
        return Revocation(certificate, "unknown", "crl", problem="unreadable", detail=str(exc))
    if entry is not None and entry[1] != "removeFromCRL":
        return Revocation(
            certificate, "revoked", "crl", entry[0], entry[1], crl.this_update, crl.next_update
        )
    problem = crl.partial or _staleness(crl.this_update, crl.next_update, moment, now)
    return Revocation(
        certificate, "unknown" if problem else "good", "crl",
        this_update=crl.this_update, next_update=crl.next_update, problem=problem,
    )  # fmt: skip


def _staleness(
    this_update: datetime, next_update: datetime | None, moment: datetime, now: datetime
) -> str:
    if this_update > now + _SKEW:
        return "from-the-future"
    if this_update >= moment:
        return ""  # made after the moment: it knows all that was revoked by then
    if next_update is None or next_update < moment:
        return "stale"
    return ""


def _from_ocsps(
    certificate: Certificate, issuer: Certificate, ocsps: Sequence[bytes],
    store: TrustStore, moment: datetime, now: datetime,
) -> list[Revocation]:  # fmt: skip
    answers: list[Revocation] = []
    for raw in ocsps:
        try:
            response = read_ocsp(raw)
            about = [r for r in response.responses if r.about(certificate, issuer)]
        except InputError as exc:
            answers.append(Revocation(certificate, "unknown", "ocsp", problem="unreadable",
                                      detail=str(exc)))  # fmt: skip
            continue
        answers += [
            _from_ocsp(certificate, issuer, response, single, store, moment, now)
            for single in about
        ]
    return answers


def _from_ocsp(
    certificate: Certificate, issuer: Certificate, response: OcspResponse,
    single: SingleResponse, store: TrustStore, moment: datetime, now: datetime,
) -> Revocation:  # fmt: skip
    if not _responder_authorised(response, issuer, store):
        return Revocation(certificate, "unknown", "ocsp", problem="not-by-issuer")
    if single.state == "revoked":
        return Revocation(
            certificate, "revoked", "ocsp", single.revoked_at,
            _REASONS.get(single.reason or 0, str(single.reason)),
            single.this_update, single.next_update,
        )  # fmt: skip
    problem = "" if single.state == "good" else "responder-does-not-know"
    problem = problem or _staleness(single.this_update, single.next_update, moment, now)
    return Revocation(
        certificate, "unknown" if problem else "good", "ocsp",
        this_update=single.this_update, next_update=single.next_update, problem=problem,
    )  # fmt: skip


def _responder_authorised(
    response: OcspResponse, issuer: Certificate, store: TrustStore
) -> bool:
    """RFC 6960 4.2.2.2: the issuer itself, or one it certified for OCSP signing, or one
    the trust store lists as a responder."""
    if response.names(issuer) and response.signed_by(issuer):
        return True
    listed = [s.certificate for s in store.services if s.service == "ocsp" and s.certificate]
    for candidate in (*response.certificates, *listed):
        if not response.names(candidate) or not response.signed_by(candidate):
            continue
        inside = candidate.not_before <= response.produced <= candidate.not_after
        extended = candidate.extensions.extended_key_usage or frozenset()
        if inside and EKU_OCSP in extended and path.signed_by(candidate, issuer):
            return True
    return False
