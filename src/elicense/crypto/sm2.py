"""SM2 signatures (GB/T 32918.2) on the curve of GB/T 32918.5.

Encryption stands in :mod:`elicense.crypto.sm2_encryption`.

Shapes, all ``bytes``: a public key has 65 bytes (``04 || X || Y``), a private
key 32 (big-endian, 1 <= d <= n-2), a digest e 32, a raw signature 64 (``r || s``).

The work is done by the C extension ``_sm2`` where it could be built, otherwise
by ``_sm2_py``; ``ENGINE`` says which. ``ELICENSE_SM2_ENGINE=python`` or ``=c``
forces one. Both follow the same rules: keys off the curve or with a coordinate
>= p are refused; 1 <= r, s < n; r + s = 0 (mod n) and R = infinity are refused;
sG = tP and x_R >= n are fine.
"""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, cast

from elicense.crypto import _sm2_py, sm3
from elicense.errors import InputError, KeyMaterialError, UsageError

Buffer = bytes | bytearray | memoryview
Message = Buffer | Iterable[Buffer]

DEFAULT_ID = b"1234567812345678"
"""The signer's ID where nothing else is agreed, GB/T 35275 and GM/T 0009 §10."""

_P, _A, _B, _N = _sm2_py.P, _sm2_py.A, _sm2_py.B, _sm2_py.N
_CURVE = b"".join(v.to_bytes(32, "big") for v in (_A, _B, _sm2_py.GX, _sm2_py.GY))


class _Engine(Protocol):
    """What both engines offer; ``table`` is theirs and opaque."""

    def make_table(self, public_key: bytes, /) -> Any: ...
    def verify(self, public_key: bytes, e: bytes, rs: bytes, table: Any, /) -> bool: ...
    def verify_many(
        self, keys: bytes, digests: bytes, signatures: bytes, tables: list[Any], /
    ) -> bytes: ...
    def sign(self, private_key: bytes, e: bytes, extra: bytes, /) -> bytes: ...
    def sign_with_nonce(self, private_key: bytes, e: bytes, nonce: bytes, /) -> bytes: ...
    def base_multiply(self, scalar: bytes, /) -> bytes: ...
    def multiply(self, public_key: bytes, scalar: bytes, /) -> bytes: ...


def _pick_engine(wanted: str | None) -> tuple[_Engine, str]:
    if wanted not in (None, "", "c", "python"):
        raise UsageError("sm2.engine", f"ELICENSE_SM2_ENGINE must be c or python, not {wanted!r}")
    if wanted != "python":
        try:
            return cast(_Engine, importlib.import_module("elicense.crypto._sm2")), "c"
        except ImportError as error:
            if wanted == "c":
                raise UsageError("sm2.engine", "the C extension is not installed") from error
    return _sm2_py, "python"


_engine, ENGINE = _pick_engine(os.environ.get("ELICENSE_SM2_ENGINE"))


# --- keys ---------------------------------------------------------------------------------


def load_public_key(data: bytes) -> bytes:
    """The 65-byte key from its 65-byte or 33-byte (compressed) form, GB/T 32918.1 §4.2.9.

    Raises KeyMaterialError ``sm2.public-key`` for any other length or prefix,
    for x >= p or y >= p, for a point off the curve, and for infinity (``00``).
    The curve has cofactor 1, so a point on it has order n.
    """
    data = bytes(data)
    if len(data) == 65 and data[0] == 4:
        x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
        if x < _P and y < _P and _sm2_py.on_curve(x, y):
            return data
    elif len(data) == 33 and data[0] in (2, 3):
        x = int.from_bytes(data[1:], "big")
        if x < _P:
            y = pow(x * x * x + _A * x + _B, (_P + 1) // 4, _P)
            if _sm2_py.on_curve(x, y):
                y = y if y & 1 == data[0] & 1 else _P - y
                return b"\x04" + data[1:] + y.to_bytes(32, "big")
    raise KeyMaterialError("sm2.public-key", "the public key is not a point of the SM2 curve")


def generate_private_key() -> bytes:
    """A fresh private key from the system's random source, GB/T 32918.1 §6.1."""
    while True:
        key = os.urandom(32)
        if 1 <= int.from_bytes(key, "big") <= _N - 2:
            return key


def public_key(private_key: bytes) -> bytes:
    """The 65-byte public key of a private key; KeyMaterialError ``sm2.private-key`` if bad."""
    return _engine.base_multiply(_check_private_key(private_key))


def _check_private_key(data: bytes) -> bytes:
    if len(data) != 32 or not 1 <= int.from_bytes(data, "big") <= _N - 2:
        raise KeyMaterialError("sm2.private-key", "the private key is not 32 bytes in [1, n-2]")
    return bytes(data)


# --- digests ------------------------------------------------------------------------------


def za(public_key: bytes, id: bytes = DEFAULT_ID) -> bytes:
    """Z_A, the 32-byte digest of the signer's ID and key, GB/T 32918.2 §5.5.

    ``id`` has at most 8191 bytes, since its length in bits is kept in two
    (InputError ``sm2.id``).
    """
    if len(public_key) != 65:
        raise KeyMaterialError("sm2.public-key", "the public key must have 65 bytes")
    if len(id) > 8191:
        raise InputError("sm2.id", "the signer's ID is longer than 8191 bytes")
    return sm3.sm3((len(id) * 8).to_bytes(2, "big") + id + _CURVE + public_key[1:])


def message_digest(public_key: bytes, message: Message, *, id: bytes = DEFAULT_ID) -> bytes:
    """e = SM3(Z_A || M) in 32 bytes, GB/T 32918.2 §6.1 A1 and A2.

    ``message`` is bytes-like, or an iterable of bytes-like chunks.
    """
    state = sm3.new(za(public_key, id))
    chunks = (message,) if isinstance(message, (bytes, bytearray, memoryview)) else message
    for chunk in chunks:
        state.update(chunk)
    return state.digest()


def _check_digest(e: bytes) -> None:
    if len(e) != 32:
        raise InputError("sm2.digest", "the digest must have 32 bytes")


# --- the tables of keys in use ------------------------------------------------------------


class _KeyTables:
    """Precomputed tables of the public keys used last; a bounded LRU, safe for threads.

    A key seen once is only remembered: building its table costs as much as one
    verification, so it is worth it from the second on.
    """

    def __init__(self, make: Callable[[bytes], Any], capacity: int) -> None:
        self._make = make
        self._capacity = capacity
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, public_key: bytes) -> Any:
        """The key's table, or None the first time (and for a key that is refused)."""
        with self._lock:
            if public_key not in self._entries:
                self._put(public_key, None)
                return None
            self._entries.move_to_end(public_key)
            table = self._entries[public_key]
        if table is None:
            table = self._make(public_key)  # outside the lock: two threads may both build it
            with self._lock:
                self._put(public_key, table)
        return table

    def _put(self, public_key: bytes, table: Any) -> None:
        self._entries[public_key] = table
        self._entries.move_to_end(public_key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget every key."""
        with self._lock:
            self._entries.clear()


_tables = _KeyTables(_engine.make_table, capacity=128)


# --- verifying ----------------------------------------------------------------------------


def verify_digest(public_key: bytes, e: bytes, rs: bytes) -> bool:
    """Whether ``rs`` (64 bytes) signs the digest ``e``, GB/T 32918.2 §7.1 B1, B2, B5 to B7.

    A key that :func:`load_public_key` would refuse verifies nothing (False), nor
    does an ``rs`` of another length. InputError ``sm2.digest`` if ``e`` has not 32 bytes.
    """
    _check_digest(e)
    if len(public_key) != 65 or len(rs) != 64:
        return False
    return _engine.verify(public_key, e, rs, _tables.get(public_key))


def verify(
    public_key: bytes, message: Message, signature: bytes, *, id: bytes = DEFAULT_ID
) -> bool:
    """Whether ``signature`` (strict DER) by ``public_key`` signs ``message``.

    Malformed DER gives False; KeyMaterialError only for a key without 65 bytes.
    """
    e = message_digest(public_key, message, id=id)
    try:
        rs = decode_signature(signature)
    except InputError:
        return False
    return verify_digest(public_key, e, rs)


_CHUNK = 256


def verify_batch(items: Sequence[tuple[bytes, bytes, bytes]], *, threads: int = 1) -> list[bool]:
    """:func:`verify_digest` for many ``(public_key, e, rs)``, in their order.

    With the C engine ``threads`` of them run at once, each on a chunk at a time
    with the interpreter's lock released.
    """
    for _, e, _ in items:
        _check_digest(e)
    size = max(1, min(_CHUNK, -(-len(items) // max(1, threads))))
    chunks = [items[start : start + size] for start in range(0, len(items), size)]
    if threads <= 1 or len(chunks) <= 1:
        return [result for chunk in chunks for result in _verify_chunk(chunk)]
    with ThreadPoolExecutor(min(threads, len(chunks))) as pool:
        return [result for results in pool.map(_verify_chunk, chunks) for result in results]


def _verify_chunk(items: Sequence[tuple[bytes, bytes, bytes]]) -> list[bool]:
    whole = [index for index, item in enumerate(items) if len(item[0]) == 65 and len(item[2]) == 64]
    keys, digests, signatures = b"", b"", b""
    if whole:
        columns = zip(*(items[index] for index in whole), strict=True)
        keys, digests, signatures = (b"".join(column) for column in columns)
    tables = [_tables.get(items[index][0]) for index in whole]
    results = [False] * len(items)
    for index, result in zip(
        whole, _engine.verify_many(keys, digests, signatures, tables), strict=True
    ):
        results[index] = result == 1
    return results


# --- signatures as bytes ------------------------------------------------------------------


def _length(content: int) -> bytes:
    """A DER length (X.690 §10.1)."""
    if content < 0x80:
        return bytes((content,))
    size = (content.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + content.to_bytes(size, "big")


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + _length(len(content)) + content


def _read(data: bytes, offset: int, tag: int) -> tuple[bytes, int]:
    """The content of the element at ``offset`` and the offset after it; ValueError if not DER."""
    if len(data) < offset + 2 or data[offset] != tag:
        raise ValueError("unexpected element")
    size, start = data[offset + 1], offset + 2
    if size >= 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[offset + 2 : start], "big")
    if data[offset + 1 : start] != _length(size) or len(data) < start + size:
        raise ValueError("bad length")
    return data[start : start + size], start + size


def _read_whole(data: bytes, tag: int) -> bytes:
    content, end = _read(data, 0, tag)
    if end != len(data):
        raise ValueError("trailing bytes")
    return content


def _unsigned(content: bytes, *, strict: bool) -> bytes:
    """32 bytes from the content of an INTEGER; ``strict`` refuses what DER does not allow."""
    if not content:
        raise ValueError("empty integer")
    if strict and content[0] & 0x80:
        raise ValueError("negative integer")
    if strict and len(content) > 1 and content[0] == 0 and not content[1] & 0x80:
        raise ValueError("integer is not minimal")
    content = content.lstrip(b"\x00")
    if len(content) > 32:
        raise ValueError("integer is longer than 32 bytes")
    return content.rjust(32, b"\x00")


def _integer(value: bytes) -> bytes:
    """The DER INTEGER of unsigned big-endian bytes."""
    value = value.lstrip(b"\x00") or b"\x00"
    return _tlv(2, b"\x00" + value if value[0] & 0x80 else value)


def _split_signature(der: bytes, *, strict: bool) -> bytes:
    body = _read_whole(der, 0x30)
    r, end = _read(body, 0, 2)
    s = _read_whole(body[end:], 2)
    return _unsigned(r, strict=strict) + _unsigned(s, strict=strict)


def decode_signature(der: bytes) -> bytes:
    """r || s (64 bytes) from strict DER: SEQUENCE { r INTEGER, s INTEGER }, GM/T 0009 §7.3.

    InputError ``sm2.signature`` for anything else, for negative integers and for
    those over 32 bytes. Whether r and s are in [1, n-1] is judged in verifying.
    """
    try:
        return _split_signature(bytes(der), strict=True)
    except ValueError as error:
        raise InputError("sm2.signature", f"the signature is not strict DER: {error}") from error


def decode_signature_tolerant(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """r || s from forms met in the wild, and notes on how they differ from strict DER.

    Notes: ``raw-signature`` for 64 bytes r || s with no DER, ``non-minimal-integer``
    for integers with needless or missing leading zeros (read as unsigned).
    InputError ``sm2.signature`` for anything else.
    """
    data = bytes(data)
    try:
        return decode_signature(data), ()
    except InputError:
        pass
    try:
        return _split_signature(data, strict=False), ("non-minimal-integer",)
    except ValueError as error:
        if len(data) == 64:
            return data, ("raw-signature",)
        raise InputError("sm2.signature", f"the signature cannot be read: {error}") from error


def encode_signature(rs: bytes) -> bytes:
    """Strict, minimal DER of r || s; InputError ``sm2.signature`` unless it has 64 bytes."""
    if len(rs) != 64:
        raise InputError("sm2.signature", "a raw signature must have 64 bytes")
    return _tlv(0x30, _integer(rs[:32]) + _integer(rs[32:]))


# --- signing ------------------------------------------------------------------------------

_python_signer_allowed = contextvars.ContextVar("python_signer_allowed", default=False)


@contextlib.contextmanager
def allow_python_signer() -> Iterator[None]:
    """Let the pure-Python engine use private keys inside the ``with`` block.

    Its time depends on the nonce and the key: for tests and for machines nobody
    else can measure. ``ELICENSE_ALLOW_PYTHON_SIGNER=1`` does the same for a process.
    """
    token = _python_signer_allowed.set(True)
    try:
        yield
    finally:
        _python_signer_allowed.reset(token)


def _require_constant_time() -> None:
    if ENGINE == "c" or _python_signer_allowed.get():
        return
    if os.environ.get("ELICENSE_ALLOW_PYTHON_SIGNER") != "1":
        raise KeyMaterialError(
            "sm2.slow-signer",
            "the C extension is missing, and the pure-Python engine does not take constant time: "
            "install a build with the extension, or set ELICENSE_ALLOW_PYTHON_SIGNER=1",
        )


def sign_digest(private_key: bytes, e: bytes, *, nonce_seed: bytes | None = None) -> bytes:
    """r || s (64 bytes) over the digest ``e``, GB/T 32918.2 §6.1 A3 to A7.

    The nonce comes from the key, the digest and 32 fresh random bytes (RFC 6979
    §3.6 over HMAC-SM3), so neither a weak random source nor a repeated state
    gives the key away. ``nonce_seed`` replaces the random bytes and makes the
    signature reproducible: for test fixtures only.

    KeyMaterialError ``sm2.private-key`` or ``sm2.slow-signer``; InputError
    ``sm2.digest``.
    """
    _check_digest(e)
    key = _check_private_key(private_key)
    _require_constant_time()
    extra = os.urandom(32) if nonce_seed is None else sm3.sm3(nonce_seed)
    return _engine.sign(key, e, extra)


def sign(
    private_key: bytes,
    message: Message,
    *,
    public_key: bytes | None = None,
    id: bytes = DEFAULT_ID,
) -> bytes:
    """The DER signature of ``message``, GB/T 32918.2 §6.1.

    ``public_key`` saves computing it from the private key. Errors as in
    :func:`sign_digest` and :func:`za`.
    """
    _require_constant_time()
    key = _check_private_key(private_key)
    e = message_digest(public_key or _engine.base_multiply(key), message, id=id)
    return encode_signature(sign_digest(private_key, e))


# --- what encryption builds on (sm2_encryption) -------------------------------------------

ORDER = _N
der_tlv, der_integer, der_read, der_whole = _tlv, _integer, _read, _read_whole


def multiply(public_key: bytes, scalar: bytes) -> bytes:
    """scalar * P in 65 bytes, for a key of the curve and 1 <= scalar < n; ValueError else."""
    return _engine.multiply(public_key, scalar)


def secret_key(private_key: bytes) -> bytes:
    """A checked private key for a use that must not leak it: KeyMaterialError
    ``sm2.private-key``, or ``sm2.slow-signer`` where only the Python engine is there."""
    key = _check_private_key(private_key)
    _require_constant_time()
    return key


def der_unsigned(content: bytes) -> bytes:
    """32 bytes from the content of a strict DER INTEGER; ValueError else."""
    return _unsigned(content, strict=True)
