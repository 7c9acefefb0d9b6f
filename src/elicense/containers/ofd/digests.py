"""Digest algorithms as References/@CheckMethod names them, and the digests of entries."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Mapping

from elicense.crypto.sm3 import sm3
from elicense.evidence import Digest

_NAMES = {
    "sm3": "sm3",
    "1.2.156.10197.1.401": "sm3",
    "1.2.156.10197.1.401.1": "sm3",
    "1.2.156.10197.1.401.2": "sm3",
    "md5": "md5",
    "1.2.840.113549.2.5": "md5",
    "sha1": "sha1",
    "1.3.14.3.2.26": "sha1",
    "sha224": "sha224",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "sha256": "sha256",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "sha384": "sha384",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "sha512": "sha512",
    "2.16.840.1.101.3.4.2.3": "sha512",
}

Cache = dict[tuple[str, str], bytes]


def algorithm(name: str) -> str:
    """``sm3``, ``sha256`` … for a name or OID as found; empty where it is not known."""
    plain = name.strip().lower()
    return _NAMES.get(plain) or _NAMES.get(plain.replace("-", ""), "")


def function(name: str) -> Callable[[bytes], bytes] | None:
    """The hash function of a name or OID as found."""
    known = algorithm(name)
    if known == "sm3":
        return sm3
    if not known:
        return None
    return lambda data: hashlib.new(known, data, usedforsecurity=False).digest()


def compare(
    *,
    place: str,
    method: str,
    expected: bytes,
    entries: Mapping[str, bytes],
    cache: Cache,
    problem: str = "",
) -> Digest:
    """The digest the signer recorded beside that of the entry's exact bytes."""
    known = algorithm(method)
    if problem:
        return Digest(place, known or method, expected, None, problem)
    data = entries.get(place)
    if data is None:
        return Digest(place, known or method, expected, None, "missing")
    actual = cache.get((place, known))
    if actual is None:
        digest = function(known)
        if digest is None:
            return Digest(place, method, expected, None, f"unknown algorithm {method!r}")
        actual = cache[place, known] = digest(data)
    return Digest(place, known, expected, actual)


def check_value(text: str) -> tuple[bytes, str]:
    """(bytes, problem) of a CheckValue: base64, blanks allowed."""
    plain = "".join(text.split())
    try:
        value = binascii.a2b_base64(plain, strict_mode=True)
    except (binascii.Error, ValueError):
        value = b""
    if not value or len(plain) % 4:
        return b"", "the CheckValue is empty or not base64"
    return value, ""


def with_prefix(
    found: tuple[Digest, ...], entries: Mapping[str, bytes], prefix: bytes
) -> tuple[Digest, ...]:
    """The same digests over ``prefix ‖ entry``.

    Some vendors put SM2's ZA before each entry; only who knows the signer's
    key can tell, so the reader computes the plain digests and this is asked
    for on purpose.
    """
    again: list[Digest] = []
    for item in found:
        digest = function(item.algorithm)
        data = entries.get(item.place)
        if item.actual is None or digest is None or data is None:
            again.append(item)
        else:
            value = digest(prefix + data)
            again.append(Digest(item.place, item.algorithm, item.expected, value))
    return tuple(again)
