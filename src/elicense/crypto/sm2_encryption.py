"""SM2 public-key encryption, GB/T 32918.4 (GM/T 0003.4), with the data form of GM/T 0009 §7.2.

A ciphertext has three parts: C1 a point of the curve, C2 as long as the message, C3 an SM3
digest. ``asn1`` is SEQUENCE { x INTEGER, y INTEGER, C3 OCTET STRING, C2 OCTET STRING } in
strict DER; ``raw`` is C1 (65 bytes) || C3 (32 bytes) || C2. The order C1 C2 C3 of the draft
of 2010 is neither written nor read.

The points are multiplied by the engine of :mod:`elicense.crypto.sm2`: the C extension, whose
multiplication takes constant time, or the pure-Python one, whose time depends on its secrets
(decryption then needs the explicit leave that signing needs).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from typing import Literal

from elicense.crypto import sm2, sm3
from elicense.errors import InputError, KeyMaterialError, LimitError

Form = Literal["asn1", "raw"]
Random = Callable[[int], bytes]
"""So many random bytes; ``os.urandom`` outside tests."""

MAX_MESSAGE = 32 * 1024 * 1024
"""Bytes; GB/T 32918.4 §5.4.3 itself would allow 2^32 - 1 blocks of 32."""

_TRIES = 64  # a good source fails a try once in 2^32, or once in 256 for one-byte messages


def encrypt(
    public_key: bytes, message: bytes, *, form: Form = "asn1", rng: Random = os.urandom
) -> bytes:
    """Encrypt 1 to ``MAX_MESSAGE`` bytes to a key of 65 bytes, GB/T 32918.4 §6.1.

    Raises InputError ``sm2.plaintext`` for an empty message, LimitError for one too long,
    KeyMaterialError ``sm2.public-key``, and ``sm2.random`` for a source that is not random.
    """
    public_key = sm2.load_public_key(public_key)
    if not message:
        raise InputError("sm2.plaintext", "there is nothing to encrypt")
    if len(message) > MAX_MESSAGE:
        raise LimitError("sm2.plaintext", f"more than {MAX_MESSAGE} bytes")
    for _ in range(_TRIES):
        nonce = _nonce(rng)
        if nonce is None:
            continue
        shared = sm2.multiply(public_key, nonce)[1:]
        mask = _mask(shared, len(message))
        if any(mask):  # A5: all zero would leave the message as it is
            return _joined(sm2.public_key(nonce), message, mask, shared, form)
    raise KeyMaterialError("sm2.random", "the random source gives nothing that can be used")


def decrypt(private_key: bytes, ciphertext: bytes, *, form: Form = "asn1") -> bytes:
    """The message of a ciphertext for a key of 32 bytes, GB/T 32918.4 §7.1.

    Raises InputError ``sm2.ciphertext`` for what is malformed, has its C1 off the curve or
    was not made for this key; KeyMaterialError ``sm2.private-key`` or ``sm2.slow-signer``.
    """
    if len(ciphertext) > MAX_MESSAGE + 1024:
        raise LimitError("sm2.ciphertext", f"more than {MAX_MESSAGE} bytes")
    key = sm2.secret_key(private_key)
    try:
        c1, c3, c2 = _split(bytes(ciphertext), form)
        shared = sm2.multiply(sm2.load_public_key(c1), key)[1:]
    except (ValueError, KeyMaterialError) as error:
        raise InputError("sm2.ciphertext", "the ciphertext is malformed") from error
    mask = _mask(shared, len(c2))
    message = _xor(c2, mask)
    # both are judged before either is told, and neither is told apart
    same = hmac.compare_digest(_check(shared, message), c3)
    if not any(mask) or not same:
        raise InputError("sm2.ciphertext", "the ciphertext was not made for this key")
    return message


def _nonce(rng: Random) -> bytes | None:
    """A scalar in [1, n-2], or None for this try."""
    found = rng(32)
    if len(found) != 32:
        raise KeyMaterialError("sm2.random", "the random source gave another number of bytes")
    return found if 1 <= int.from_bytes(found, "big") <= sm2.ORDER - 2 else None


def _joined(c1: bytes, message: bytes, mask: bytes, shared: bytes, form: Form) -> bytes:
    c2, c3 = _xor(bytes(message), mask), _check(shared, message)
    if form == "raw":
        return c1 + c3 + c2
    point = sm2.der_integer(c1[1:33]) + sm2.der_integer(c1[33:])
    return sm2.der_tlv(0x30, point + sm2.der_tlv(4, c3) + sm2.der_tlv(4, c2))


def _split(data: bytes, form: Form) -> tuple[bytes, bytes, bytes]:
    """C1 (65 bytes), C3 (32 bytes), C2 (1 byte at least); ValueError if malformed."""
    if form == "raw":
        c1, c3, c2 = data[:65], data[65:97], data[97:]
    else:
        body = sm2.der_whole(data, 0x30)
        x, end = sm2.der_read(body, 0, 2)
        y, end = sm2.der_read(body, end, 2)
        c3, end = sm2.der_read(body, end, 4)
        c2 = sm2.der_whole(body[end:], 4)
        c1 = b"\x04" + sm2.der_unsigned(x) + sm2.der_unsigned(y)
    if len(c1) != 65 or c1[0] != 4 or len(c3) != 32 or not c2:
        raise ValueError("a part is missing")
    return c1, c3, c2


def _mask(shared: bytes, size: int) -> bytes:
    """``size`` bytes of the key derivation function, GB/T 32918.4 §5.4.3."""
    prefix = sm3.new(shared)
    blocks = []
    for counter in range(1, (size + 31) // 32 + 1):
        block = prefix.copy()
        block.update(counter.to_bytes(4, "big"))
        blocks.append(block.digest())
    return b"".join(blocks)[:size]


def _check(shared: bytes, message: bytes) -> bytes:
    """C3 = SM3(x2 || M || y2)."""
    return sm3.sm3(shared[:32] + message + shared[32:])


def _xor(left: bytes, right: bytes) -> bytes:
    value = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return value.to_bytes(len(left), "big")
