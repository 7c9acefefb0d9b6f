"""Is this value a signature of these bytes by this key?

Answers are values: ``Answer.ok`` is True only when the mathematics said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from elicense.crypto import der, sm2
from elicense.crypto.algorithms import digest_all, signature_algorithm
from elicense.crypto.certificate import PublicKey, read_public_key
from elicense.errors import Error, InputError

if TYPE_CHECKING:
    from elicense.evidence import SignedValue


_EDDSA_DIGEST = {"ed25519": "sha512", "ed448": "shake256"}
_MOST_KEPT = 65536  # bytes of one message whose answer is kept
Message = bytes | tuple[bytes | memoryview, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """``ok``; ``checked`` False where the algorithm or key cannot be judged here;
    ``problem`` is one stable word; ``notes`` name tolerated encodings."""

    ok: bool
    checked: bool = True
    problem: str = ""
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=2048)
def _key(spki: bytes) -> PublicKey:
    return read_public_key(der.parse(spki))


@lru_cache(maxsize=512)
def _sm2_point(point: bytes) -> bytes:
    return sm2.load_public_key(point)


@lru_cache(maxsize=512)
def _library_key(spki: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(spki)


def check_value(value: SignedValue) -> Answer:
    """Judge one SignedValue of the evidence."""
    if value.spki is None:
        return Answer(False, checked=False, problem="no-certificate")
    return check(
        value.spki, value.message, value.signature,
        algorithm=value.algorithm, digest=value.digest, pss=value.pss,
    )  # fmt: skip


def check_again(value: SignedValue) -> Answer:
    """:func:`check_value` of what comes again with file after file: a seal's maker, a status
    list. The answer is kept; it depends on these bytes alone."""
    message = value.message
    kept = value.spki is not None and value.pss is None
    if not kept or not isinstance(message, bytes) or len(message) > _MOST_KEPT:
        return check_value(value)
    assert value.spki is not None
    return _kept(value.spki, message, value.signature, value.algorithm, value.digest)


@lru_cache(maxsize=256)
def _kept(spki: bytes, message: bytes, signature: bytes, algorithm: str, digest: str) -> Answer:
    return check(spki, message, signature, algorithm=algorithm, digest=digest)


def check(
    spki: bytes,
    message: Message,
    signature: bytes,
    *,
    algorithm: str,
    digest: str = "",
    pss: Mapping[str, Any] | None = None,
) -> Answer:
    """Verify ``signature`` over ``message`` under the key in ``spki`` (DER).

    The key fixes the family; an algorithm OID of another family is a mismatch,
    never tried anyway. ``digest`` is used where the OID leaves it open.
    """
    try:
        key = _key(spki)
    except Error:
        return Answer(False, checked=False, problem="key-unreadable")
    named = signature_algorithm(algorithm)
    wanted = {"sm2": "sm2", "rsa": "rsa", "ec": "ecdsa", "ed25519": "eddsa", "ed448": "eddsa"}
    family = wanted.get(key.kind, "")
    if not family or not named.family:
        return Answer(False, checked=False, problem="algorithm-unknown")
    if named.family != family and not (family == "rsa" and named.family == "rsa-pss"):
        # CMS writers put the plain curve or key OID; only a true mismatch is one
        return Answer(False, problem="algorithm-key-mismatch")
    if key.pss_only and named.family != "rsa-pss":
        return Answer(False, problem="algorithm-key-mismatch")
    if key.kind == "ec" and not key.bits:
        return Answer(False, checked=False, problem="key-unsupported")
    if family == "eddsa" and digest and digest != _EDDSA_DIGEST[key.kind]:
        # RFC 8419: the digest of the signed attributes goes with the curve
        return Answer(False, problem="digest-not-allowed")
    if key.kind == "sm2":
        return _check_sm2(key.point, message, signature, named.digest if digest == "" else digest)
    chosen = named.digest or digest
    if named.family == "rsa-pss" and pss is not None:
        chosen = str(pss.get("digest", digest))
    return _check_library(spki, message, signature, named.family, chosen, pss)


def _check_sm2(point: bytes, message: Message, signature: bytes, digest: str) -> Answer:
    if digest != "sm3":
        return Answer(False, checked=False, problem="algorithm-unknown")
    try:
        public = _sm2_point(point)
    except Error:
        return Answer(False, problem="key-invalid")
    try:
        rs, notes = sm2.decode_signature_tolerant(signature)
    except InputError:
        return Answer(False, problem="signature-encoding")
    ok = sm2.verify_digest(public, sm2.message_digest(public, message), rs)
    return Answer(ok, problem="" if ok else "signature-value", notes=notes)


def _check_library(
    spki: bytes,
    message: Message,
    signature: bytes,
    family: str,
    digest: str,
    pss: Mapping[str, Any] | None,
) -> Answer:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    try:
        public = _library_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return Answer(False, checked=False, problem="key-unsupported")
    try:
        if family == "eddsa":
            public.verify(signature, message if isinstance(message, bytes) else b"".join(message))
            return Answer(True)
        algorithm = _library_hash(digest)
        if algorithm is None:
            return Answer(False, checked=False, problem="algorithm-unknown")
        if not isinstance(message, bytes):  # large: hashed piece by piece, never joined
            message = digest_all(digest, message)
            algorithm = Prehashed(algorithm)
        if family == "ecdsa":
            public.verify(signature, message, ec.ECDSA(algorithm))
        elif family == "rsa-pss":
            scheme = _pss(pss, algorithm)
            if scheme is None:
                return Answer(False, checked=False, problem="algorithm-unknown")
            public.verify(signature, message, scheme, algorithm)
        else:
            public.verify(signature, message, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return Answer(False, problem="signature-value")
    except (UnsupportedAlgorithm, ValueError):
        return Answer(False, checked=False, problem="algorithm-unsupported")
    return Answer(True)


def _pss(pss: Mapping[str, Any] | None, algorithm: Any) -> Any:
    """The padding that the parameters name; None where its digest is not known."""
    from cryptography.hazmat.primitives.asymmetric import padding

    if pss is None:
        return None
    mask = _library_hash(str(pss["mgf_digest"]))
    return padding.PSS(padding.MGF1(mask), int(pss["salt"])) if mask is not None else None


@lru_cache(maxsize=16)
def _library_hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, Any] = {
        "md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224,
        "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512,
        "sha3_256": hashes.SHA3_256, "sha3_384": hashes.SHA3_384, "sha3_512": hashes.SHA3_512,
        "sm3": hashes.SM3,
    }  # fmt: skip
    kind = known.get(name)
    return kind() if kind else None
