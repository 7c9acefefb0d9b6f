"""Certificate revocation lists (RFC 5280 section 5), SM2, RSA and ECDSA: read from the
original bytes, and searched without taking every entry apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from elicense.crypto import der
from elicense.crypto.algorithms import WEAK_DIGESTS, signature_algorithm
from elicense.crypto.certificate import Certificate, full_names
from elicense.crypto.cms import pss_parameters
from elicense.crypto.der import Cursor, Node
from elicense.crypto.names import Name, read_name
from elicense.crypto.verify import check
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS

_DELTA, _POINT, _EXPIRED = "2.5.29.27", "2.5.29.28", "2.5.29.60"
_REASON, _INVALIDITY, _ISSUER = "2.5.29.21", "2.5.29.24", "2.5.29.29"
_TIMES = {der.UTC_TIME, der.GENERALIZED_TIME}
REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
    4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL",
    9: "privilegeWithdrawn", 10: "aACompromise",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """Which certificates of its issuer a CRL speaks of (RFC 5280 5.2.4, 5.2.5).

    ``foreign``: other issuers' certificates, or attribute certificates, may be among its
    entries, so that a serial number alone says nothing. ``problem`` is a word where the
    CRL cannot clear anybody; ``addresses`` limit it to certificates that name one of them.
    """

    problem: str = ""
    foreign: bool = False
    addresses: frozenset[bytes] = frozenset()
    only: str = ""  # "users" | "authorities" | ""

    def speaks_of(self, certificate: Certificate) -> str:
        """Empty if a certificate that is not listed is thereby cleared; else a word."""
        if self.problem:
            return self.problem
        authority = certificate.extensions.ca is True
        if self.only and (self.only == "authorities") != authority:
            return "distribution-point"
        if self.addresses and not self.addresses & certificate.extensions.crl_addresses:
            return "distribution-point"
        return ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate. ``since`` is the invalidity date where there is an earlier
    one than that of the revocation: the issuer says the key was no good from then on."""

    revoked_at: datetime
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Crl:
    """One CRL. ``entries_at`` to ``entries_end`` is where the entries stand in ``tbs``;
    ``expired_since`` the date since which expired certificates stay listed."""

    issuer: Name
    this_update: datetime
    next_update: datetime | None
    tbs: bytes = field(repr=False)
    algorithm: str
    algorithm_der: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    scope: Scope
    expired_since: datetime | None
    entries_at: int
    entries_end: int

    @property
    def weak(self) -> bool:
        return signature_algorithm(self.algorithm).digest in WEAK_DIGESTS

    def signed_by(self, issuer: Certificate) -> bool:
        return _signed_by(self, issuer)

    def entry(self, serial: int) -> Entry | None:
        """The entry of a serial number, if it is listed. Raises InputError if malformed."""
        size = (serial if serial >= 0 else ~serial).bit_length() // 8 + 1
        wanted = serial.to_bytes(size, "big", signed=True)
        wanted = wanted.lstrip(b"\0") if serial > 0 else wanted
        # what is not among the bytes is not among the entries, however they are encoded
        if not _mentions(self, wanted):
            return None
        return next((_entry(c) for number, c in self._entries() if number == serial), None)

    def _entries(self) -> Iterator[tuple[int, Cursor]]:
        at = self.entries_at
        while at < self.entries_end:
            node = der.read(self.tbs, at, self.entries_end)
            at = node.end
            cursor = Cursor(node, "revokedCertificate")
            yield cursor.next(der.INTEGER, "userCertificate").integer(strict=False), cursor


@lru_cache(maxsize=4096)
def _mentions(crl: Crl, number: bytes) -> bool:
    """A CA, a maker or a time authority is looked for again and again in a long list."""
    return crl.tbs.find(number, crl.entries_at, crl.entries_end) >= 0


@lru_cache(maxsize=4096)
def _signed_by(crl: Crl, issuer: Certificate) -> bool:
    try:
        pss = pss_parameters(crl.algorithm_der)
    except InputError:
        return False
    return check(
        issuer.spki, crl.tbs, crl.signature, algorithm=crl.algorithm,
        digest=signature_algorithm(crl.algorithm).digest, pss=pss,
    ).ok  # fmt: skip


def _entry(cursor: Cursor) -> Entry:
    revoked_at = since = cursor.next(what="revocationDate").time()
    reason = "unspecified"
    listed = cursor.optional(der.SEQUENCE)
    cursor.finish()
    for oid, _critical, value in extensions(listed):
        if oid == _REASON:
            number = der.parse(value).enumerated()
            reason = REASONS.get(number, str(number))
        elif oid == _INVALIDITY:
            since = min(since, der.parse(value).time())
        elif oid == _ISSUER:
            raise InputError("crl.entry", "the entry is of another issuer's certificate")
    return Entry(revoked_at, since, reason)


def extensions(node: Node | None) -> Iterator[tuple[str, bool, bytes]]:
    """(OID, critical, value) of each extension; InputError where one appears twice."""
    seen: set[str] = set()
    for item in node.expect(der.SEQUENCE, "Extensions").children() if node else ():
        cursor = Cursor(item, "Extension")
        oid = cursor.next(der.OID, "extnID").oid()
        flag = cursor.optional(der.BOOLEAN)
        value = cursor.next(der.OCTET_STRING, "extnValue").octets()
        cursor.finish()
        if oid in seen:
            raise item.fail("extension", f"extension {oid} appears twice")
        seen.add(oid)
        yield oid, flag is not None and flag.boolean(), value


@lru_cache(maxsize=256)
def read_crl(data: bytes) -> Crl:
    """A DER CertificateList. Raises InputError."""
    if len(data) > DEFAULT_LIMITS.crl_size:
        raise LimitError("crl.size", f"the CRL has {len(data)} bytes")
    outer = Cursor(der.parse(data), "CertificateList")
    tbs = outer.next(der.SEQUENCE, "tbsCertList").raw
    algorithm = outer.next(der.SEQUENCE, "signatureAlgorithm")
    signature = outer.next(der.BIT_STRING, "signature").whole_bits()
    outer.finish()
    cursor = Cursor(der.parse(tbs), "TBSCertList")
    if cursor.peek() == der.INTEGER and cursor.next().integer() != 1:
        raise cursor.node.fail("crl", "the CRL version is not 2")
    if cursor.next(der.SEQUENCE, "signature").raw != algorithm.raw:
        raise cursor.node.fail("crl", "inner and outer signature algorithms differ")
    issuer = read_name(cursor.next(der.SEQUENCE, "issuer"))
    this_update = cursor.next(what="thisUpdate").time()
    next_update = cursor.next().time() if cursor.peek() in _TIMES else None
    entries = cursor.optional(der.SEQUENCE)
    listed = cursor.optional(0xA0)
    cursor.finish()
    scope, expired_since = _scope(listed.only() if listed else None)
    return Crl(
        issuer, this_update, next_update, tbs,
        Cursor(algorithm, "signatureAlgorithm").next(der.OID).oid(), algorithm.raw, signature,
        scope, expired_since, entries.body_at if entries else 0, entries.stop if entries else 0,
    )  # fmt: skip


def _scope(listed: Node | None) -> tuple[Scope, datetime | None]:
    scope, problem, expired_since = Scope(), "", None
    for oid, critical, value in extensions(listed):
        if oid == _DELTA:
            problem = "delta"
        elif oid == _POINT:
            scope = _point(der.parse(value))
        elif oid == _EXPIRED:
            expired_since = der.parse(value).time()
        elif critical:
            problem = "crl-extension"
    problem = problem or scope.problem
    return Scope(problem, scope.foreign, scope.addresses, scope.only), expired_since


def _point(node: Node) -> Scope:
    """IssuingDistributionPoint: which part of the issuer's certificates this is."""
    flags = {item.tag: item.body != b"\0" for item in node.children() if item.tag != 0xA0}
    named = any(item.tag == 0xA0 for item in node.children())
    addresses = frozenset(full_names(node))
    if flags.get(0x84) or flags.get(0x85):
        return Scope("indirect", foreign=True)
    if 0x83 in flags or 0xA3 in flags or (named and not addresses):
        return Scope("distribution-point")  # some reasons only, or a place relative to another
    if flags.get(0x81) and flags.get(0x82):
        return Scope("distribution-point")
    only = "users" if flags.get(0x81) else "authorities" if flags.get(0x82) else ""
    return Scope("", addresses=addresses, only=only)
