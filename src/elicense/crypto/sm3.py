"""SM3 (GB/T 32905): the 256-bit hash used by every SM2 signature.

``hashlib`` is used where its OpenSSL has SM3; elsewhere ``cryptography``, which
always has it and is imported only then.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

Buffer = bytes | bytearray | memoryview

DIGEST_SIZE = 32
BLOCK_SIZE = 64
_PIECE = 1 << 20


class Hash(Protocol):
    """An SM3 state being fed: the part of ``hashlib``'s interface that is used here."""

    def update(self, data: Buffer, /) -> None:
        """Feed ``data``."""

    def digest(self) -> bytes:
        """The 32-byte digest of all that was fed; more may be fed afterwards."""

    def copy(self) -> Hash:
        """An independent state with the same input so far."""


class _CryptographyHash:
    """``cryptography``'s SM3 behind the :class:`Hash` interface."""

    def __init__(self, state: object = None) -> None:
        from cryptography.hazmat.primitives import hashes

        self._state: hashes.Hash = (
            state if isinstance(state, hashes.Hash) else hashes.Hash(hashes.SM3())
        )

    def update(self, data: Buffer, /) -> None:
        if not isinstance(data, memoryview):
            self._state.update(data)
            return
        for start in range(0, len(data), _PIECE):  # a view is never copied whole
            self._state.update(bytes(data[start : start + _PIECE]))

    def digest(self) -> bytes:
        return self._state.copy().finalize()

    def copy(self) -> Hash:
        return _CryptographyHash(self._state.copy())


def _first_state() -> Hash:
    try:
        return hashlib.new("sm3")
    except ValueError:
        return _CryptographyHash()


_EMPTY = _first_state()  # copying a state costs a tenth of looking the algorithm up


def new(data: Buffer = b"") -> Hash:
    """An SM3 state that has been fed ``data``."""
    state = _EMPTY.copy()
    state.update(data)
    return state


def sm3(data: Buffer) -> bytes:
    """The 32-byte SM3 digest of ``data`` (GB/T 32905)."""
    return new(data).digest()
