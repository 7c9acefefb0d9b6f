"""Certificate revocation lists (RFC 5280 section 5), SM2, RSA and ECDSA.

The list itself is read by ``cryptography``; the signature over its original
bytes is verified here, since that library refuses SM2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from elicense.crypto import der
from elicense.crypto.algorithms import signature_algorithm
from elicense.crypto.certificate import Certificate
from elicense.crypto.der import Cursor
from elicense.crypto.names import Name, read_name
from elicense.crypto.verify import check
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS

_DELTA = "2.5.29.27"
_DISTRIBUTION_POINT = "2.5.29.28"
_UNDERSTOOD = {_DELTA, _DISTRIBUTION_POINT}


@dataclass(frozen=True, slots=True)
class Crl:
    """One CRL. ``partial`` names why it does not speak of all certificates of its issuer."""

    issuer: Name
    this_update: datetime
    next_update: datetime | None
    tbs: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    partial: str
    _library: Any = field(repr=False, compare=False)

    def signed_by(self, issuer: Certificate) -> bool:
        return check(
            issuer.spki, self.tbs, self.signature, algorithm=self.algorithm,
            digest=signature_algorithm(self.algorithm).digest,
        ).ok  # fmt: skip

    def entry(self, serial: int) -> tuple[datetime, str] | None:
        """(revocation time, reason) if the serial number is listed."""
        found = self._library.get_revoked_certificate_by_serial_number(serial)
        if found is None:
            return None
        from cryptography import x509

        reason = "unspecified"
        for extension in found.extensions:
            if isinstance(extension.value, x509.CRLReason):
                reason = extension.value.reason.value
            elif extension.critical:
                reason = f"unknown critical {extension.oid.dotted_string}"
        return found.revocation_date_utc, reason


@lru_cache(maxsize=256)
def read_crl(data: bytes) -> Crl:
    """A DER CertificateList. Raises InputError."""
    if len(data) > DEFAULT_LIMITS.crl_size:
        raise LimitError("crl.size", f"the CRL has {len(data)} bytes")
    from cryptography import x509

    outer = Cursor(der.parse(data), "CertificateList")
    tbs = outer.next(der.SEQUENCE, "tbsCertList")
    algorithm = Cursor(outer.next(der.SEQUENCE), "signatureAlgorithm").next(der.OID).oid()
    signature = outer.next(der.BIT_STRING, "signature").whole_bits()
    outer.finish()
    try:
        library = x509.load_der_x509_crl(data)
        extensions = [(e.oid.dotted_string, e.critical) for e in library.extensions]
        times = library.last_update_utc, library.next_update_utc
        len(library)  # reads the list of entries, so that a broken one shows now
    except ValueError as exc:
        raise InputError("crl.structure", f"the CRL cannot be read: {exc}") from exc
    cursor = Cursor(tbs, "TBSCertList")
    if cursor.peek() == der.INTEGER:
        cursor.next()
    cursor.next(der.SEQUENCE, "signature")
    issuer = read_name(cursor.next(der.SEQUENCE, "issuer"))
    return Crl(
        issuer, times[0].astimezone(UTC), times[1].astimezone(UTC) if times[1] else None,
        tbs.raw, algorithm, signature, _partial(extensions), library,
    )  # fmt: skip


def _partial(extensions: list[tuple[str, bool]]) -> str:
    for oid, critical in extensions:
        if oid == _DELTA:
            return "delta"
        if oid == _DISTRIBUTION_POINT:
            return "distribution-point"
        if critical and oid not in _UNDERSTOOD:
            return f"critical {oid}"
    return ""
