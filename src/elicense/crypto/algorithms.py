"""Digest and signature algorithms: identifiers as found in files, and what they mean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from elicense.crypto.sm3 import new as new_sm3
from elicense.errors import InputError


class Hash(Protocol):
    """What hashlib objects and ours have in common."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


class _Shake256:
    """SHAKE256 with 512 bits of output, as CMS uses it (RFC 8702)."""

    def __init__(self) -> None:
        self._state = hashlib.shake_256()

    def update(self, data: bytes | memoryview, /) -> None:
        self._state.update(data)

    def digest(self) -> bytes:
        return self._state.digest(64)


_DIGEST_NAMES = {
    "1.2.156.10197.1.401": "sm3",
    "1.2.156.10197.1.401.1": "sm3",
    "1.2.156.10197.1.401.2": "sm3",
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "2.16.840.1.101.3.4.2.12": "shake256",
}
WEAK_DIGESTS = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """``family``: sm2 | rsa | rsa-pss | ecdsa | eddsa | "" (unknown); ``digest`` may be empty
    where the identifier leaves it open (the CMS digest algorithm then decides)."""

    oid: str
    name: str
    family: str
    digest: str


_SIGNATURES: dict[str, tuple[str, str, str]] = {
    "1.2.156.10197.1.501": ("SM3withSM2", "sm2", "sm3"),
    "1.2.156.10197.1.301": ("SM2", "sm2", "sm3"),
    "1.2.156.10197.1.301.1": ("SM2", "sm2", "sm3"),
    "1.2.840.113549.1.1.1": ("RSA", "rsa", ""),
    "1.2.840.113549.1.1.4": ("MD5withRSA", "rsa", "md5"),
    "1.2.840.113549.1.1.5": ("SHA1withRSA", "rsa", "sha1"),
    "1.2.840.113549.1.1.10": ("RSASSA-PSS", "rsa-pss", ""),
    "1.2.840.113549.1.1.11": ("SHA256withRSA", "rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("SHA384withRSA", "rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("SHA512withRSA", "rsa", "sha512"),
    "1.2.840.113549.1.1.14": ("SHA224withRSA", "rsa", "sha224"),
    "1.2.156.10197.1.504": ("SM3withRSA", "rsa", "sm3"),
    "1.2.840.10045.2.1": ("ECDSA", "ecdsa", ""),
    "1.2.840.10045.4.1": ("SHA1withECDSA", "ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("SHA224withECDSA", "ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": ("SHA256withECDSA", "ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("SHA384withECDSA", "ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("SHA512withECDSA", "ecdsa", "sha512"),
    "1.3.101.112": ("Ed25519", "eddsa", "sha512"),
    "1.3.101.113": ("Ed448", "eddsa", "shake256"),
}


def signature_algorithm(oid: str) -> SignatureAlgorithm:
    """What a signature algorithm's OID means; an unknown one has an empty family."""
    name, family, digest = _SIGNATURES.get(oid, (oid, "", ""))
    return SignatureAlgorithm(oid, name, family, digest)


def digest_name(identifier: str) -> str | None:
    """Canonical digest name of an OID or of a name as written in files; None if unknown."""
    found = _DIGEST_NAMES.get(identifier)
    if found:
        return found
    plain = identifier.strip().lower().replace("-", "").replace("_", "")
    if plain in {"sm3", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"}:
        return plain
    return None


def new_hash(name: str) -> Hash:
    """A fresh hash object. ``name`` is canonical. Raises InputError for an unknown one."""
    if name == "sm3":
        return new_sm3()
    if name == "shake256":
        return _Shake256()
    maker: Callable[..., Hash] | None = {
        "md5": hashlib.md5,
        "sha1": hashlib.sha1,
        "sha224": hashlib.sha224,
        "sha256": hashlib.sha256,
        "sha384": hashlib.sha384,
        "sha512": hashlib.sha512,
        "sha3_256": hashlib.sha3_256,
        "sha3_384": hashlib.sha3_384,
        "sha3_512": hashlib.sha3_512,
    }.get(name)
    if maker is None:
        raise InputError("algorithm.digest", f"digest algorithm {name!r} is not known")
    return maker(usedforsecurity=False) if name in WEAK_DIGESTS else maker()


def digest(name: str, *chunks: bytes | memoryview) -> bytes:
    """Digest of the chunks one after the other."""
    return digest_all(name, chunks)


def digest_all(name: str, chunks: Iterable[bytes | memoryview]) -> bytes:
    state = new_hash(name)
    for chunk in chunks:
        state.update(chunk)
    return state.digest()
