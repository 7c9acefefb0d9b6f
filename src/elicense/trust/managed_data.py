"""What a managed folder keeps beside its lists: CRLs, OCSP responses, status lists, indexes.

Each is judged again whenever it is used. Here it is only kept from doing harm by being
kept: nothing is taken that nobody known has signed, and the older never takes the place of
the newer, so that whoever passes bundles on cannot push a revocation out of the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from elicense.crypto.certificate import Certificate
from elicense.crypto.verify import check_value
from elicense.errors import InputError
from elicense.evidence import Signature
from elicense.trust import path
from elicense.trust.bundle import Bundle
from elicense.trust.crl import read_crl
from elicense.trust.list_model import Refusal
from elicense.trust.list_offer import SKEW
from elicense.trust.ocsp import OcspResponse, read_ocsp
from elicense.trust.service import Service
from elicense.trust.status import read_status_list
from elicense.trust.status_index import read_status_index

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Who may vouch: CA certificates by subject, entries, and which list names a status URI."""

    authorities: dict[object, tuple[Certificate, ...]]
    services: tuple[Service, ...]
    status_uris: dict[str, str]


def known(
    certificates: Iterable[Certificate], services: Iterable[Service], status_uris: dict[str, str]
) -> Known:
    """From all CA certificates at hand (those of entries are added) and all entries."""
    entries = tuple(services)
    cas = (entry.ca for entry in entries)
    found: dict[object, dict[Certificate, None]] = {}
    for certificate in (*certificates, *(ca for ca in cas if ca is not None)):
        found.setdefault(certificate.subject.key, {})[certificate] = None
    return Known({key: tuple(items) for key, items in found.items()}, entries, status_uris)


def merge(
    old: Bundle, new: Bundle, who: Known, *, now: datetime
) -> tuple[Bundle, tuple[Refusal, ...]]:
    """The newest of each kind, issuer and address, and what was not taken."""
    refused: list[Refusal] = []

    def pick(
        what: str, items: Iterable[bytes], read: Callable[[bytes, Known], tuple[Key, datetime]]
    ) -> tuple[bytes, ...]:
        best: dict[Key, tuple[datetime, bytes]] = {}
        for data in dict.fromkeys(items):
            try:
                key, issued = read(data, who)
            except InputError as exc:
                word = "not-vouched" if exc.code == "vouch" else "unreadable"
                refused.append(Refusal(word, what, exc.detail))
                continue
            if issued > now + SKEW:
                refused.append(Refusal("future", what, f"issued at {issued}, it is {now}"))
            elif key not in best or best[key][0] < issued:
                best[key] = issued, data
        return tuple(data for _, data in best.values())

    merged = Bundle(
        lists={},
        crls=pick("CRL", (*old.crls, *new.crls), _crl),
        ocsps=pick("OCSP response", (*old.ocsps, *new.ocsps), _ocsp),
        status=pick("status list", (*old.status, *new.status), _status),
        indexes=pick("status index", (*old.indexes, *new.indexes), _index),
    )
    return merged, tuple(refused)


def _nobody(whose: str) -> InputError:
    return InputError("vouch", f"nobody known has signed it ({whose})")


def _crl(data: bytes, who: Known) -> tuple[Key, datetime]:
    found = read_crl(data)
    for issuer in who.authorities.get(found.issuer.key, ()):
        if found.signed_by(issuer):
            return (issuer.spki, found.scope), found.this_update
    raise _nobody(str(found.issuer))


def _ocsp(data: bytes, who: Known) -> tuple[Key, datetime]:
    found = read_ocsp(data)
    listed = (s.certificate for s in who.services if s.service == "ocsp")
    for candidate in (*found.certificates, *(c for c in listed if c is not None)):
        if found.names(candidate) and found.signed_by(candidate) and _certified(candidate, who):
            return (candidate.spki, _asked(found)), found.produced
    for issuers in who.authorities.values():
        for issuer in issuers:
            if found.names(issuer) and found.signed_by(issuer):
                return (issuer.spki, _asked(found)), found.produced
    raise _nobody(str(found.responder_name or "OCSP"))


def _asked(found: OcspResponse) -> frozenset[tuple[bytes, int]]:
    return frozenset((one.issuer_key_hash, one.serial) for one in found.responses)


def _certified(candidate: Certificate, who: Known) -> bool:
    issuers = who.authorities.get(candidate.issuer.key, ())
    return any(path.signed_by(candidate, issuer) for issuer in issuers)


def _status(data: bytes, who: Known) -> tuple[Key, datetime]:
    found = read_status_list(data)
    entries = _speakers(found.signature, who)
    list_id = who.status_uris.get(found.uri)
    if not entries or (list_id and all(entry.list_id != list_id for entry in entries)):
        raise _nobody(found.uri)
    return (found.uri, frozenset(entry.uscc for entry in entries)), found.issued


def _index(data: bytes, who: Known) -> tuple[Key, datetime]:
    found = read_status_index(data)
    entries = _speakers(found.signature(), who)
    if not entries:
        raise _nobody("status index")
    return (found.lists[:1], frozenset(entry.uscc for entry in entries)), found.issued


def _speakers(signature: Signature, who: Known) -> tuple[Service, ...]:
    """The entries for ``status`` whose key signed it; none if the signature does not hold."""
    signer = signature.signer
    fatal = any(fault.fatal for fault in signature.faults)
    if signer is None or fatal or not all(d.matches for d in signature.digests):
        return ()
    if not signature.values or not check_value(signature.values[0]).ok:
        return ()
    return tuple(
        entry for entry in who.services
        if entry.service == "status" and entry.names(signer)
        and (entry.ca is None or path.signed_by(signer, entry.ca))
    )  # fmt: skip
