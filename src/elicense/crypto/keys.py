"""Private keys from files: PEM, PKCS#8, SEC1 and PKCS#12, with SM2, RSA and EC keys.

``cryptography`` knows no SM2 curve and refuses the whole file, so the wrapping
is taken apart here, and only the RSA and EC keys inside are handed to it.
Every error is a KeyMaterialError: ``key.password`` (missing or wrong),
``key.format``, ``key.unsupported``, ``key.mismatch``. None holds a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from elicense.crypto import der, sm2, sm3
from elicense.errors import InputError, KeyMaterialError

Native = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_SM2_CURVE = "1.2.156.10197.1.301"
_EC = "1.2.840.10045.2.1"
_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_AES256_CBC = "2.16.840.1.101.3.4.1.42"
_HMAC_SHA256 = "1.2.840.113549.2.9"

_MAX_SIZE = 1024 * 1024  # bytes of a key file
_MAX_PBKDF2 = 10_000_000  # iterations, in C
_MAX_PKCS12 = 2_000_000  # iterations, in Python
_SAVED_ITERATIONS = 600_000

_SHA1 = hashes.SHA1()  # noqa: S303 - only in KDF and MAC of old files
_PRFS: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.113549.2.7": _SHA1,
    "1.2.840.113549.2.8": hashes.SHA224(),
    _HMAC_SHA256: hashes.SHA256(),
    "1.2.840.113549.2.10": hashes.SHA384(),
    "1.2.840.113549.2.11": hashes.SHA512(),
    "1.2.156.10197.1.401.2": hashes.SM3(),
}
_MAC_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "1.3.14.3.2.26": _SHA1,
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "1.2.156.10197.1.401": hashes.SM3(),
}
_CIPHERS: dict[str, tuple[type[AES] | type[SM4] | type[TripleDES], int]] = {
    "2.16.840.1.101.3.4.1.2": (AES, 16),
    "2.16.840.1.101.3.4.1.22": (AES, 24),
    _AES256_CBC: (AES, 32),
    "1.2.156.10197.1.104.2": (SM4, 16),
    "1.2.840.113549.3.7": (TripleDES, 24),
}
# RFC 7292 appendix C: cipher and key length in bytes.
_PKCS12_PBES: dict[str, tuple[Literal["3des", "rc2"], int]] = {
    "1.2.840.113549.1.12.1.3": ("3des", 24),
    "1.2.840.113549.1.12.1.5": ("rc2", 16),
    "1.2.840.113549.1.12.1.6": ("rc2", 5),
}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key and its public half.

    ``public_bytes`` is the 65-byte point for SM2, the uncompressed point for EC
    and PKCS#1 DER for RSA; ``spki`` is the DER SubjectPublicKeyInfo. ``secret``
    (32 bytes) is set for SM2, ``native`` (``cryptography``'s key) for the others.
    """

    kind: Literal["sm2", "rsa", "ec"]
    public_bytes: bytes
    spki: bytes = field(repr=False)
    secret: bytes | None = field(default=None, repr=False)
    native: Native | None = field(default=None, repr=False)


def from_sm2(secret: bytes) -> PrivateKey:
    """The key of a 32-byte SM2 secret; KeyMaterialError ``sm2.private-key`` if out of range."""
    point = sm2.public_key(secret)
    return PrivateKey("sm2", point, _sm2_spki(point), secret=bytes(secret))


def _sm2_spki(point: bytes) -> bytes:
    return der.seq(der.seq(der.oid(_EC), der.oid(_SM2_CURVE)), der.bits(point))


def from_native(key: Native) -> PrivateKey:
    """The key of one of ``cryptography``'s RSA or EC private keys."""
    public = key.public_key()
    spki = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if isinstance(public, rsa.RSAPublicKey):
        pkcs1 = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        return PrivateKey("rsa", pkcs1, spki, native=key)
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return PrivateKey("ec", point, spki, native=key)


# --- loading ------------------------------------------------------------------------------


_UNREADABLE = (InputError, UnsupportedAlgorithm, RecursionError)


def _unreadable(error: Exception) -> KeyMaterialError:
    """What the parser, the depth of its recursion or this build of OpenSSL had to say."""
    if isinstance(error, UnsupportedAlgorithm):
        return KeyMaterialError("key.unsupported", "this build lacks an algorithm of the file")
    return KeyMaterialError("key.format", f"the key cannot be read: {error}")


def load_private_key(data: bytes, password: bytes | None = None) -> PrivateKey:
    """A private key from PEM or DER: PKCS#8 (plain or encrypted), SEC1 or PKCS#1.

    A password given for a key that is not encrypted is not used.
    """
    data = _sized(data)
    label = ""
    if b"-----BEGIN " in data:
        label, data = _pem(data)
    try:
        return _load(data, password, label)
    except _UNREADABLE as error:
        raise _unreadable(error) from error


def _sized(data: bytes) -> bytes:
    if len(data) > _MAX_SIZE:
        raise KeyMaterialError("key.format", "the key file is larger than 1 MiB")
    return bytes(data)


def _pem(data: bytes) -> tuple[str, bytes]:
    """Label and DER of the first private key among the PEM blocks (RFC 7468)."""
    at = 0
    while (at := data.find(b"-----BEGIN ", at)) >= 0:
        stop = data.find(b"-----", at + 11)
        label = data[at + 11 : stop]
        end = data.find(b"-----END " + label + b"-----", stop)
        if stop < 0 or end < 0:
            break
        if label.endswith(b"PRIVATE KEY"):
            return label.decode("latin-1"), _pem_body(data[stop + 5 : end])
        at = end + 9
    raise KeyMaterialError("key.format", "the PEM holds no private key")


def _pem_body(text: bytes) -> bytes:
    if b"Proc-Type:" in text:
        raise KeyMaterialError(
            "key.unsupported",
            "the PEM uses OpenSSL's old encryption; rewrite it with: openssl pkcs8 -topk8",
        )
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise KeyMaterialError("key.format", "the PEM is not base64") from None


def _load(data: bytes, password: bytes | None, label: str) -> PrivateKey:
    """Tell the forms apart by their first members, since DER comes without a label."""
    members = der.parse(data).expect(der.SEQUENCE, "private key").children()
    tags = [member.tag for member in members]
    if tags == [der.SEQUENCE, der.OCTET_STRING]:
        plain = _decrypt(members[0], members[1].octets(), password, None)
        return _after_decryption(plain)
    if tags[:2] == [der.INTEGER, der.SEQUENCE]:
        return _pkcs8(data)
    if tags[:2] == [der.INTEGER, der.OCTET_STRING]:
        return _sec1(data)
    if tags[:2] == [der.INTEGER, der.INTEGER]:
        return _native(data)
    raise KeyMaterialError("key.format", f"not a private key {label}".rstrip())


def _after_decryption(plain: bytes) -> PrivateKey:
    """The PKCS#8 key in decrypted bytes, which are noise if the password was wrong."""
    try:
        return _pkcs8(plain)
    except _UNREADABLE:
        raise _wrong_password() from None


def _wrong_password() -> KeyMaterialError:
    return KeyMaterialError("key.password", "the password is wrong, or the key is damaged")


def _pkcs8(data: bytes) -> PrivateKey:
    """PrivateKeyInfo (RFC 5208) or OneAsymmetricKey (RFC 5958)."""
    cursor = der.Cursor(der.parse(data), "PrivateKeyInfo")
    cursor.next().integer()
    algorithm = cursor.next(der.SEQUENCE, "algorithm").children()
    inner = cursor.next(der.OCTET_STRING, "private key").body
    oids = [node.oid() for node in algorithm if node.tag == der.OID]
    if oids in ([_EC, _SM2_CURVE], [_SM2_CURVE]):
        return _sm2_sec1(inner)
    return _native(data)


def _sec1(data: bytes) -> PrivateKey:
    """ECPrivateKey (RFC 5915) standing alone: it must name its curve itself."""
    for node in der.parse(data).children():
        if node.tag == 0xA0:
            curve = node.only()
            if curve.tag == der.OID and curve.oid() == _SM2_CURVE:
                return _sm2_sec1(data)
    return _native(data)


def _sm2_sec1(data: bytes) -> PrivateKey:
    """An SM2 key in an ECPrivateKey; a public key that stands beside it must be its own."""
    cursor = der.Cursor(der.parse(data), "ECPrivateKey")
    if cursor.next().integer() != 1:
        raise KeyMaterialError("key.format", "ECPrivateKey must have version 1")
    secret = cursor.next(der.OCTET_STRING, "private key").body.lstrip(b"\x00")
    cursor.optional(0xA0)
    public = cursor.optional(0xA1)
    key = from_sm2(secret.rjust(32, b"\x00"))
    if public is not None and sm2.load_public_key(public.only().whole_bits()) != key.public_bytes:
        raise KeyMaterialError("key.mismatch", "the public key beside it is another key's")
    return key


def _native(data: bytes) -> PrivateKey:
    try:
        key = serialization.load_der_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyMaterialError(
            "key.unsupported", "not an SM2, RSA or EC private key that can be read"
        ) from None
    if isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        return from_native(key)
    raise KeyMaterialError("key.unsupported", "only SM2, RSA and EC private keys are supported")


# --- decrypting ---------------------------------------------------------------------------


def _decrypt(algorithm: der.Node, data: bytes, password: bytes | None, bmp: bytes | None) -> bytes:
    """Undo PBES2 (RFC 8018 §6.2) or a scheme of PKCS#12 (RFC 7292 appendix C).

    ``bmp`` is the password as PKCS#12 writes it, where that has been settled already.
    """
    if password is None:
        raise KeyMaterialError("key.password", "the key is encrypted: a password is needed")
    cursor = der.Cursor(algorithm, "encryption algorithm")
    oid = cursor.next().oid()
    parameters = cursor.next(der.SEQUENCE, "parameters")
    if oid == _PBES2:
        return _pbes2(parameters, data, password)
    if oid in _PKCS12_PBES:
        return _pkcs12_pbe(oid, parameters, data, _bmp(password) if bmp is None else bmp)
    raise KeyMaterialError("key.unsupported", f"the encryption scheme {oid} is not supported")


def _pbes2(parameters: der.Node, data: bytes, password: bytes) -> bytes:
    both = der.Cursor(parameters, "PBES2")
    derivation = der.Cursor(both.next(), "key derivation")
    encryption = der.Cursor(both.next(), "encryption")
    if (oid := derivation.next().oid()) != _PBKDF2:
        raise KeyMaterialError("key.unsupported", f"the key derivation {oid} is not supported")
    cipher_oid = encryption.next().oid()
    if cipher_oid not in _CIPHERS:
        raise KeyMaterialError("key.unsupported", f"the cipher {cipher_oid} is not supported")
    cipher, size = _CIPHERS[cipher_oid]
    key = _pbkdf2(derivation.next(der.SEQUENCE, "PBKDF2"), password, size)
    return _cbc(cipher(key), encryption.next().octets(), data)


def _pbkdf2(parameters: der.Node, password: bytes, size: int) -> bytes:
    """PBKDF2-params, RFC 8018 appendix A.2."""
    cursor = der.Cursor(parameters, "PBKDF2")
    salt = cursor.next().octets()
    iterations = _iterations(cursor.next().integer(), _MAX_PBKDF2)
    length = cursor.optional(der.INTEGER)
    if length is not None and length.integer() != size:
        raise KeyMaterialError("key.format", "the derived key has not the cipher's length")
    prf = cursor.optional(der.SEQUENCE)
    oid = "1.2.840.113549.2.7" if prf is None else der.Cursor(prf, "PRF").next().oid()
    if oid not in _PRFS:
        raise KeyMaterialError("key.unsupported", f"the PBKDF2 function {oid} is not supported")
    return PBKDF2HMAC(_PRFS[oid], size, salt, iterations).derive(password)


def _iterations(count: int, limit: int) -> int:
    if not 1 <= count <= limit:
        raise KeyMaterialError("key.unsupported", f"{count} iterations: 1 to {limit} are accepted")
    return count


def _cbc(cipher: CipherAlgorithm, iv: bytes, data: bytes) -> bytes:
    """CBC decryption; bad padding means a wrong password."""
    size = 8 if isinstance(cipher, TripleDES) else 16
    if len(iv) != size:
        raise KeyMaterialError("key.format", "the IV has a wrong length")
    if not data or len(data) % size:
        raise KeyMaterialError("key.format", "the encrypted part is cut short")
    decryptor = Cipher(cipher, modes.CBC(iv)).decryptor()
    return _unpad(decryptor.update(data) + decryptor.finalize(), size)


def _unpad(plain: bytes, size: int) -> bytes:
    count = plain[-1]
    if not 1 <= count <= size or plain[-count:] != bytes((count,)) * count:
        raise _wrong_password()
    return plain[:-count]


# --- PKCS#12 ------------------------------------------------------------------------------


def load_pkcs12(data: bytes, password: bytes | None) -> tuple[PrivateKey, list[bytes]]:
    """The one private key of a PKCS#12 file (RFC 7292) and its certificates in DER.

    The key's own certificate comes first where it is there. ``password`` is
    UTF-8. The MAC must be present and right, else ``key.password``.
    """
    try:
        return _load_pkcs12(_sized(data), password or b"")
    except _UNREADABLE as error:
        raise _unreadable(error) from error


def _load_pkcs12(data: bytes, password: bytes) -> tuple[PrivateKey, list[bytes]]:
    cursor = der.Cursor(der.parse(data, ber=True, trailing=True), "PFX")
    if cursor.next().integer() != 3:
        raise KeyMaterialError("key.unsupported", "only version 3 of PKCS#12 is supported")
    content = _content(cursor.next())
    mac = cursor.optional(der.SEQUENCE)
    if mac is None:
        raise KeyMaterialError("key.unsupported", "the PKCS#12 file has no MAC")
    bmp = _check_mac(mac, content, password)
    keys: list[PrivateKey] = []
    certificates: list[bytes] = []
    for part in der.parse(content, ber=True).children():
        for oid, value in _bags(_safe(part, password, bmp), 0):
            if oid == "1.2.840.113549.1.12.10.1.3":
                certificates += _certificate(value)
            elif (key := _key_bag(oid, value, password, bmp)) is not None:
                keys.append(key)
    if len(keys) != 1:
        raise KeyMaterialError(
            "key.format", f"the PKCS#12 file holds {len(keys)} private keys; one is needed"
        )
    own = keys[0].public_bytes
    return keys[0], sorted(certificates, key=lambda certificate: own not in certificate)


def _content(node: der.Node) -> bytes:
    """The bytes of a ContentInfo of type data."""
    cursor = der.Cursor(node, "ContentInfo")
    if (oid := cursor.next().oid()) != "1.2.840.113549.1.7.1":
        raise KeyMaterialError("key.unsupported", f"the PKCS#12 content {oid} is not supported")
    return cursor.next(0xA0, "content").only().octets()


def _check_mac(node: der.Node, content: bytes, password: bytes) -> bytes:
    """Check MacData and return the password in PKCS#12's form (BMPString with its zero)."""
    cursor = der.Cursor(node, "MacData")
    info = der.Cursor(cursor.next(), "DigestInfo")
    oid = der.Cursor(info.next(), "digest").next().oid()
    if oid not in _MAC_DIGESTS:
        raise KeyMaterialError("key.unsupported", f"the MAC digest {oid} is not supported")
    digest = _MAC_DIGESTS[oid]
    expected = info.next().octets()
    salt = cursor.next().octets()
    count = cursor.optional(der.INTEGER)
    iterations = _iterations(1 if count is None else count.integer(), _MAX_PKCS12)
    # No password is written by some as an empty BMPString, by others as nothing at all.
    for bmp in (_bmp(password),) if password else (b"\x00\x00", b""):
        key = _pkcs12_kdf(digest, 3, bmp, salt, iterations, digest.digest_size)
        mac = HMAC(key, digest)
        mac.update(content)
        if hmac.compare_digest(mac.finalize(), expected):
            return bmp
    raise _wrong_password()


def _bmp(password: bytes) -> bytes:
    try:
        return (password.decode("utf-8") + "\x00").encode("utf-16-be")
    except UnicodeDecodeError:
        raise KeyMaterialError("key.password", "the password is not UTF-8") from None


def _safe(part: der.Node, password: bytes, bmp: bytes) -> der.Node:
    """The SafeContents of one member of the AuthenticatedSafe, decrypted if need be."""
    cursor = der.Cursor(part, "ContentInfo")
    if cursor.next().oid() != "1.2.840.113549.1.7.6":
        return der.parse(_content(part), ber=True)
    encrypted = der.Cursor(cursor.next(0xA0, "content").only(), "EncryptedData")
    encrypted.next(der.INTEGER)
    info = der.Cursor(encrypted.next(), "EncryptedContentInfo")
    info.next(der.OID)
    algorithm = info.next(der.SEQUENCE)
    content = info.next()
    pieces = [content.body]
    if content.tag == 0xA0:
        pieces = [piece.octets() for piece in content.children()]
    return der.parse(_decrypt(algorithm, b"".join(pieces), password, bmp), ber=True)


def _bags(contents: der.Node, depth: int) -> Iterator[tuple[str, der.Node]]:
    """(type, value) of every SafeBag, those in nested SafeContents too."""
    if depth > 4:
        raise KeyMaterialError("key.format", "SafeContents are nested too deeply")
    for bag in contents.expect(der.SEQUENCE, "SafeContents").children():
        cursor = der.Cursor(bag, "SafeBag")
        oid = cursor.next().oid()
        value = cursor.next(0xA0, "value").only()
        if oid == "1.2.840.113549.1.12.10.1.6":
            yield from _bags(value, depth + 1)
        else:
            yield oid, value


def _certificate(value: der.Node) -> list[bytes]:
    cursor = der.Cursor(value, "CertBag")
    if cursor.next().oid() != "1.2.840.113549.1.9.22.1":
        return []
    return [cursor.next(0xA0, "certificate").only().octets()]


def _key_bag(oid: str, value: der.Node, password: bytes, bmp: bytes) -> PrivateKey | None:
    if oid == "1.2.840.113549.1.12.10.1.1":
        return _pkcs8(value.raw)
    if oid != "1.2.840.113549.1.12.10.1.2":
        return None
    cursor = der.Cursor(value, "EncryptedPrivateKeyInfo")
    algorithm = cursor.next(der.SEQUENCE)
    return _after_decryption(_decrypt(algorithm, cursor.next().octets(), password, bmp))


def _pkcs12_pbe(oid: str, parameters: der.Node, data: bytes, bmp: bytes) -> bytes:
    """pbeWithSHAAnd3-KeyTripleDES-CBC, RC2-128 or RC2-40, RFC 7292 appendix C."""
    cursor = der.Cursor(parameters, "PBE parameters")
    salt = cursor.next().octets()
    iterations = _iterations(cursor.next().integer(), _MAX_PKCS12)
    name, size = _PKCS12_PBES[oid]
    key = _pkcs12_kdf(_SHA1, 1, bmp, salt, iterations, size)
    iv = _pkcs12_kdf(_SHA1, 2, bmp, salt, iterations, 8)
    if name == "3des":
        return _cbc(TripleDES(key), iv, data)
    if not data or len(data) % 8:
        raise KeyMaterialError("key.format", "the encrypted part is cut short")
    return _unpad(_rc2_cbc(key, iv, data), 8)


def _pkcs12_kdf(
    digest: hashes.HashAlgorithm, purpose: int, bmp: bytes, salt: bytes, iterations: int, size: int
) -> bytes:
    """RFC 7292 appendix B.2; ``purpose`` 1 key, 2 IV, 3 MAC key."""
    block = 128 if digest.digest_size > 32 else 64
    state = bytes((purpose,)) * block + _fill(salt, block) + _fill(bmp, block)
    result = b""
    while True:
        value = state
        for _ in range(iterations):
            value = _hash(digest.name, value)
        result += value
        if len(result) >= size:
            return result[:size]
        state = state[:block] + _advance(state[block:], _fill(value, block))


def _advance(state: bytes, addend: bytes) -> bytes:
    """Every block of ``state`` plus ``addend`` plus 1, modulo the block (step 6C)."""
    block = len(addend)
    add = int.from_bytes(addend, "big") + 1
    mask = (1 << 8 * block) - 1
    return b"".join(
        (int.from_bytes(state[at : at + block], "big") + add & mask).to_bytes(block, "big")
        for at in range(0, len(state), block)
    )


def _fill(data: bytes, block: int) -> bytes:
    """``data`` repeated to the next multiple of ``block`` bytes; nothing stays nothing."""
    size = -(-len(data) // block) * block
    return (data * (size // max(1, len(data)) + 1))[:size]


def _hash(name: str, data: bytes) -> bytes:
    return sm3.sm3(data) if name == "sm3" else hashlib.new(name, data).digest()


# --- RC2 (RFC 2268): the certificates of most PKCS#12 files, and OpenSSL 3 no longer has it -


_RC2_TABLE = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)


def _rc2_schedule(key: bytes) -> list[int]:
    """The 64 round words, with as many effective bits as the key has (RFC 2268 §2)."""
    size = len(key)
    table = bytearray(key)
    for at in range(size, 128):
        table.append(_RC2_TABLE[(table[at - 1] + table[at - size]) & 0xFF])
    table[128 - size] = _RC2_TABLE[table[128 - size]]
    for at in range(127 - size, -1, -1):
        table[at] = _RC2_TABLE[table[at + 1] ^ table[at + size]]
    return [table[at] | table[at + 1] << 8 for at in range(0, 128, 2)]


def _rc2_block(words: list[int], block: bytes) -> bytes:
    """Decrypt 8 bytes (RFC 2268 §4)."""
    r = [block[at] | block[at + 1] << 8 for at in range(0, 8, 2)]
    for turn in range(15, -1, -1):
        for i, shift in ((3, 5), (2, 3), (1, 2), (0, 1)):
            value = r[i] >> shift | r[i] << (16 - shift)
            last = r[i - 1]
            value -= words[4 * turn + i] + (last & r[i - 2]) + (~last & r[i - 3])
            r[i] = value & 0xFFFF
        if turn in (11, 5):
            for i in (3, 2, 1, 0):
                r[i] = (r[i] - words[r[i - 1] & 63]) & 0xFFFF
    return b"".join(value.to_bytes(2, "little") for value in r)


def _rc2_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    words = _rc2_schedule(key)
    plain = bytearray()
    for at in range(0, len(data), 8):
        block = data[at : at + 8]
        plain += bytes(a ^ b for a, b in zip(_rc2_block(words, block), iv, strict=True))
        iv = block
    return bytes(plain)


# --- saving -------------------------------------------------------------------------------


def save_private_key_pem(key: PrivateKey, password: bytes | None = None) -> bytes:
    """PKCS#8 PEM; with a password PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC)."""
    plain = _pkcs8_der(key)
    if password is None:
        return _to_pem("PRIVATE KEY", plain)
    salt, iv = os.urandom(16), os.urandom(16)
    derived = PBKDF2HMAC(hashes.SHA256(), 32, salt, _SAVED_ITERATIONS).derive(password)
    encryptor = Cipher(AES(derived), modes.CBC(iv)).encryptor()
    count = 16 - len(plain) % 16
    data = encryptor.update(plain + bytes((count,)) * count) + encryptor.finalize()
    prf = der.seq(der.oid(_HMAC_SHA256), der.null())
    kdf = der.seq(der.octets(salt), der.integer(_SAVED_ITERATIONS), prf)
    algorithm = der.seq(
        der.oid(_PBES2),
        der.seq(
            der.seq(der.oid(_PBKDF2), kdf),
            der.seq(der.oid(_AES256_CBC), der.octets(iv)),
        ),
    )
    return _to_pem("ENCRYPTED PRIVATE KEY", der.seq(algorithm, der.octets(data)))


def _pkcs8_der(key: PrivateKey) -> bytes:
    if key.native is not None:
        return key.native.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    if key.secret is None:
        raise KeyMaterialError("key.format", "the key has no private half")
    public = der.explicit(1, der.bits(key.public_bytes))
    inner = der.seq(der.integer(1), der.octets(key.secret), public)
    return der.seq(der.integer(0), der.seq(der.oid(_EC), der.oid(_SM2_CURVE)), der.octets(inner))


def _to_pem(label: str, data: bytes) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode()
