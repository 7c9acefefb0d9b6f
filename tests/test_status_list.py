"""Status lists: four bits a licence, the even index in the low half."""

from __future__ import annotations

from dataclasses import replace

import trust_builders as b
from elicense.trust.status import STATES, read_status_list

LIST = read_status_list((b.CERTS / "trust/status/tj-1.p7").read_bytes())


def test_the_even_index_is_the_low_half() -> None:
    found = replace(LIST, states=bytes([0x21, 0xCB]))
    assert [found.state(n) for n in range(4)] == [
        "withdrawn", "suspended", "superseded", "transferred",
    ]  # fmt: skip


def test_outside_the_list_there_is_no_state() -> None:
    found = replace(LIST, states=bytes(2))
    assert found.state(3) == "valid"
    assert [found.state(n) for n in (4, 5, -1, 1 << 70)] == [None] * 4


def test_every_other_code_is_undefined_and_not_valid() -> None:
    for code in range(16):
        state = replace(LIST, states=bytes([code])).state(0)
        assert state == STATES.get(code, f"code-{code}")
        assert (state == "valid") is (code == 0)


def test_a_list_of_the_test_pki_is_read() -> None:
    assert LIST.uri == "https://status.tj.example/lists/1"
    assert LIST.state(101) == "withdrawn" and LIST.state(0) == "valid"
    assert LIST.signature.signer is not None
