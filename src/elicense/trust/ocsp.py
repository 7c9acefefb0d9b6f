"""OCSP responses (RFC 6960), SM2, RSA and ECDSA: read from the original bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from elicense.crypto import der
from elicense.crypto.algorithms import WEAK_DIGESTS, digest, digest_name, signature_algorithm
from elicense.crypto.certificate import Certificate, read_certificates
from elicense.crypto.cms import pss_parameters
from elicense.crypto.der import Cursor, Node
from elicense.crypto.names import Name, read_name
from elicense.crypto.verify import check
from elicense.errors import InputError
from elicense.trust.crl import extensions

_BASIC = "1.3.6.1.5.5.7.48.1.1"
_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"
_NONCE = "1.3.6.1.5.5.7.48.1.2"
_MAX_CERTIFICATES = 8  # that a responder may enclose; more are not looked at


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """The state of one certificate: ``good``, ``revoked`` or ``unknown``."""

    digest: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    state: str
    revoked_at: datetime | None
    reason: int | None
    this_update: datetime
    next_update: datetime | None
    archive_cutoff: datetime | None = None

    def about(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Does this response speak of ``certificate``, issued by ``issuer``?"""
        return (
            self.serial == certificate.serial
            and bool(self.digest)
            and self.issuer_name_hash == digest(self.digest, certificate.issuer.der)
            and self.issuer_key_hash == digest(self.digest, key_octets(issuer.spki))
        )


@dataclass(frozen=True, slots=True, eq=False)
class OcspResponse:
    """A BasicOCSPResponse. ``tbs`` are the exact signed bytes."""

    tbs: bytes = field(repr=False)
    algorithm: str
    algorithm_der: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    responder_name: Name | None
    responder_key_hash: bytes | None
    produced: datetime
    certificates: tuple[Certificate, ...] = field(repr=False)
    responses: tuple[SingleResponse, ...]
    nonce: bytes | None = field(repr=False, default=None)

    @property
    def weak(self) -> bool:
        return signature_algorithm(self.algorithm).digest in WEAK_DIGESTS

    def signed_by(self, certificate: Certificate) -> bool:
        return _signed_by(self, certificate)

    def names(self, certificate: Certificate) -> bool:
        """Is this the certificate that the responder ID means?"""
        if self.responder_name is not None:
            return self.responder_name.key == certificate.subject.key
        return self.responder_key_hash in {
            digest(name, key_octets(certificate.spki)) for name in ("sha1", "sm3", "sha256")
        }


@lru_cache(maxsize=1024)
def _signed_by(response: OcspResponse, certificate: Certificate) -> bool:
    try:
        pss = pss_parameters(response.algorithm_der)
    except InputError:
        return False
    return check(
        certificate.spki, response.tbs, response.signature, algorithm=response.algorithm,
        digest=signature_algorithm(response.algorithm).digest, pss=pss,
    ).ok  # fmt: skip


def key_octets(spki: bytes) -> bytes:
    """The subjectPublicKey bits without tag, length and unused-bits octet."""
    return der.parse(spki).children()[1].bits()[1]


@lru_cache(maxsize=256)
def read_ocsp(data: bytes) -> OcspResponse:
    """An OCSPResponse or a bare BasicOCSPResponse. Raises InputError."""
    top = der.parse(data)
    members = top.expect(der.SEQUENCE, "OCSPResponse").children()
    if members and members[0].tag == der.ENUMERATED:
        if members[0].enumerated() != 0 or len(members) != 2:
            raise top.fail("ocsp", "the responder answered with an error")
        response = Cursor(members[1].only(), "ResponseBytes")
        if response.next(der.OID).oid() != _BASIC:
            raise top.fail("ocsp", "the response is not a BasicOCSPResponse")
        top = der.parse(response.next(der.OCTET_STRING).octets())
        response.finish()
    return _basic(top)


def _basic(top: Node) -> OcspResponse:
    outer = Cursor(top, "BasicOCSPResponse")
    tbs = outer.next(der.SEQUENCE, "tbsResponseData")
    algorithm = outer.next(der.SEQUENCE, "signatureAlgorithm")
    signature = outer.next(der.BIT_STRING, "signature").whole_bits()
    listed = outer.optional(0xA0)
    outer.finish()
    enclosed = [node.raw for node in listed.only().children()] if listed else []
    certificates, _ = read_certificates(enclosed[:_MAX_CERTIFICATES])
    cursor = Cursor(tbs, "ResponseData")
    cursor.optional(0xA0)
    responder = cursor.next(what="responderID")
    name = read_name(responder.only()) if responder.tag == 0xA1 else None
    key_hash = responder.only().octets() if responder.tag == 0xA2 else None
    produced = cursor.next(der.GENERALIZED_TIME, "producedAt").time()
    responses = tuple(_single(node) for node in cursor.next(der.SEQUENCE).children())
    more = cursor.optional(0xA1)
    cursor.finish()
    _known(more)
    return OcspResponse(
        tbs.raw, Cursor(algorithm, "signatureAlgorithm").next(der.OID).oid(), algorithm.raw,
        signature, name, key_hash, produced, certificates, responses, _nonce(more),
    )  # fmt: skip


def _nonce(listed: Node | None) -> bytes | None:
    """What the question was marked with (RFC 9654); some wrap it once, some do not."""
    for oid, _critical, value in extensions(listed.only() if listed else None):
        if oid == _NONCE:
            try:
                return der.parse(value).octets()
            except InputError:
                return value
    return None


def _single(node: Node) -> SingleResponse:
    cursor = Cursor(node, "SingleResponse")
    identifier = Cursor(cursor.next(der.SEQUENCE, "certID"), "CertID")
    oid = Cursor(identifier.next(der.SEQUENCE), "hashAlgorithm").next(der.OID).oid()
    name_hash = identifier.next(der.OCTET_STRING).octets()
    key_hash = identifier.next(der.OCTET_STRING).octets()
    serial = identifier.next(der.INTEGER).integer(strict=False)
    status = cursor.next(what="certStatus")
    revoked_at: datetime | None = None
    reason: int | None = None
    if status.tag == 0xA1:
        info = Cursor(status, "RevokedInfo", 0xA1)
        revoked_at = info.next(der.GENERALIZED_TIME, "revocationTime").time()
        given = info.optional(0xA0)
        reason = given.only().enumerated() if given else None
        info.finish()
    state = {0x80: "good", 0xA1: "revoked"}.get(status.tag, "unknown")
    this_update = cursor.next(der.GENERALIZED_TIME, "thisUpdate").time()
    later = cursor.optional(0xA0)
    cutoff = _known(cursor.optional(0xA1))
    cursor.finish()
    return SingleResponse(
        digest_name(oid) or "", name_hash, key_hash, serial, state, revoked_at, reason,
        this_update, later.only().time() if later else None, cutoff,
    )  # fmt: skip


def _known(listed: Node | None) -> datetime | None:
    """The archive cutoff, if given; InputError for a critical extension that is not known."""
    cutoff: datetime | None = None
    for oid, critical, value in extensions(listed.only() if listed else None):
        if oid == _ARCHIVE_CUTOFF:
            cutoff = der.parse(value).time()
        elif critical and oid != _NONCE:
            raise InputError("ocsp.extension", f"critical extension {oid} is not known")
    return cutoff
