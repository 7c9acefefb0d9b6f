"""SM3: the examples of GB/T 32905 appendix A, and both backends against each other."""

from __future__ import annotations

import pytest

from elicense.crypto import sm3

EXAMPLES = [
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
]


@pytest.mark.parametrize("backend", ["default", "cryptography"])
@pytest.mark.parametrize(("data", "digest"), EXAMPLES)
def test_published_examples(
    data: bytes, digest: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "cryptography":
        monkeypatch.setattr(sm3, "_EMPTY", sm3._CryptographyHash())
    assert sm3.sm3(data).hex() == digest
    assert sm3.sm3(memoryview(data)).hex() == digest
    assert sm3.sm3(bytearray(data)).hex() == digest


def test_incremental_state_and_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    for first in (sm3._EMPTY, sm3._CryptographyHash()):
        monkeypatch.setattr(sm3, "_EMPTY", first)
        state = sm3.new(b"a")
        copy = state.copy()
        state.update(memoryview(b"bc"))
        copy.update(b"x")
        assert state.digest() == state.digest() == sm3.sm3(b"abc")
        assert copy.digest() == sm3.sm3(b"ax")
