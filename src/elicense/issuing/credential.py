"""Who signs: a certificate and the function that signs with its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from elicense.crypto import der
from elicense.errors import KeyMaterialError

if TYPE_CHECKING:
    from elicense.crypto.keys import PrivateKey

Family = Literal["sm2", "rsa", "ecdsa"]
Stamp = Callable[[bytes], bytes]
"""Asks a time-stamping authority: the bytes to stamp go in, a DER TimeStampToken comes out."""

SM3_WITH_SM2 = "1.2.156.10197.1.501"
SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
SHA256_WITH_ECDSA = "1.2.840.10045.4.3.2"
_ALGORITHMS: dict[Family, tuple[str, str]] = {
    "sm2": (SM3_WITH_SM2, "sm3"),
    "rsa": (SHA256_WITH_RSA, "sha256"),
    "ecdsa": (SHA256_WITH_ECDSA, "sha256"),
}
DIGEST_OIDS = {"sm3": "1.2.156.10197.1.401", "sha256": "2.16.840.1.101.3.4.2.1"}


@dataclass(frozen=True, slots=True)
class Credential:
    """A signer: ``sign`` takes a message and returns the signature value.

    SM2 and ECDSA values are DER ``SEQUENCE { r, s }``, RSA values PKCS#1 v1.5.
    ``certificate`` is DER; ``chain`` holds the CA certificates above it, the
    root left out. The private key stays behind ``sign`` (a file, a PKCS#11 token).
    """

    certificate: bytes
    sign: Callable[[bytes], bytes] = field(repr=False)
    family: Family = "sm2"
    chain: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def algorithm(self) -> str:
        """OID of the signature algorithm (SM3withSM2, sha256WithRSAEncryption, …)."""
        return _ALGORITHMS[self.family][0]

    @property
    def digest(self) -> str:
        """Name of the digest that goes with it: ``sm3`` or ``sha256``."""
        return _ALGORITHMS[self.family][1]


def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """The DER Name of the issuer and the DER INTEGER serial of a certificate (RFC 5280 §4.1)."""
    tbs = der.Cursor(der.parse(certificate).children()[0], "TBSCertificate")
    tbs.optional(0xA0)  # version
    serial = tbs.next(der.INTEGER, "serialNumber").raw
    tbs.next(der.SEQUENCE, "signature")
    return tbs.next(der.SEQUENCE, "issuer").raw, serial


def algorithm_identifier(oid: str) -> bytes:
    """DER AlgorithmIdentifier; NULL parameters only for the PKCS#1 ones (RFC 4055 §5)."""
    if oid.startswith("1.2.840.113549.1.1."):
        return der.seq(der.oid(oid), der.null())
    return der.seq(der.oid(oid))


def from_private_key(key: PrivateKey, certificate: bytes, *chain: bytes) -> Credential:
    """A signer from a key file's key and its certificate (DER).

    KeyMaterialError ``key.mismatch`` if the certificate holds another public key.
    """
    if key.spki not in certificate:
        raise KeyMaterialError("key.mismatch", "the certificate holds another public key")
    family: Family = "ecdsa" if key.kind == "ec" else key.kind
    return Credential(certificate, lambda message: sign_with(key, message), family, chain)


def sign_with(key: PrivateKey, message: bytes) -> bytes:
    """The signature value: SM3 with SM2 (in constant time), SHA-256 with RSA or ECDSA."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    from elicense.crypto import sm2

    if key.secret is not None:
        return sm2.sign(key.secret, message, public_key=key.public_bytes)
    if isinstance(key.native, rsa.RSAPrivateKey):
        return key.native.sign(message, padding.PKCS1v15(), hashes.SHA256())
    assert isinstance(key.native, ec.EllipticCurvePrivateKey)
    return key.native.sign(message, ec.ECDSA(hashes.SHA256()))
