"""SM2 encryption against other implementations, its properties, and hostile ciphertexts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.crypto import _sm2_py, keys, sm2, sm2_encryption
from elicense.crypto.sm2_encryption import Form, decrypt, encrypt
from elicense.errors import InputError, KeyMaterialError, LimitError

SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
KEY = sm2.public_key(SECRET)
FORMS: tuple[Form, ...] = ("asn1", "raw")
pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(params=["c", "python"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Everything in this file holds for both engines."""
    if request.param == "c":
        if sm2.ENGINE != "c":
            pytest.skip("the C extension is not built")
        yield sm2._engine
        return
    monkeypatch.setattr(sm2, "_engine", _sm2_py)
    with sm2.allow_python_signer():
        yield _sm2_py


def scripted(*values: bytes) -> Callable[[int], bytes]:
    """A random source that says these, one after the other."""
    left = list(values)
    return lambda _size: left.pop(0)


def scalar(value: int) -> bytes:
    return value.to_bytes(32, "big")


def refused(ciphertext: bytes, form: Form) -> None:
    with pytest.raises(InputError) as caught:
        decrypt(SECRET, ciphertext, form=form)
    assert caught.value.code == "sm2.ciphertext"


# -- properties ---------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(message=st.binary(min_size=1, max_size=200), form=st.sampled_from(FORMS),
       nonce=st.integers(1, sm2.ORDER - 2))  # fmt: skip
def test_what_is_encrypted_is_decrypted(message: bytes, form: Form, nonce: int) -> None:
    # one nonce more: a short message may need a second try
    source = scripted(scalar(nonce), *(scalar((nonce + n) % 1000 + 1) for n in range(20)))
    made = encrypt(KEY, message, form=form, rng=source)
    assert decrypt(SECRET, made, form=form) == message
    assert len(made) == 97 + len(message) or form == "asn1"


def test_both_forms_hold_the_same_three_parts() -> None:
    raw = encrypt(KEY, b"abc", form="raw", rng=scripted(scalar(77)))
    asn1 = encrypt(KEY, b"abc", rng=scripted(scalar(77)))
    assert asn1[0] == 0x30 and raw[65:97] in asn1 and asn1.endswith(b"\x04\x03" + raw[97:])


def test_two_encryptions_of_one_message_differ() -> None:
    assert encrypt(KEY, b"abc") != encrypt(KEY, b"abc")


def test_a_mask_of_zeros_is_tried_again() -> None:
    """Step A5: with one byte it comes once in 256, and would send the message in clear."""
    zero = next(
        k for k in range(1, 5000)
        if not any(sm2_encryption._mask(sm2.multiply(KEY, scalar(k))[1:], 1))
    )  # fmt: skip
    made = encrypt(KEY, b"a", form="raw", rng=scripted(scalar(zero), scalar(5)))
    assert made == encrypt(KEY, b"a", form="raw", rng=scripted(scalar(5)))
    shared = sm2.multiply(KEY, scalar(zero))[1:]
    forged = sm2.public_key(scalar(zero)) + sm2_encryption._check(shared, b"a") + b"a"
    refused(forged, "raw")


def test_scalars_out_of_range_are_not_used() -> None:
    out = (0, sm2.ORDER - 1, sm2.ORDER, 2**256 - 1)
    made = encrypt(KEY, b"abc", form="raw", rng=scripted(*map(scalar, out), scalar(9)))
    assert made == encrypt(KEY, b"abc", form="raw", rng=scripted(scalar(9)))


@pytest.mark.parametrize("source", [lambda _n: bytes(32), lambda _n: b"x"])
def test_a_source_that_is_not_random_ends_in_an_error(source: Callable[[int], bytes]) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        encrypt(KEY, b"abc", rng=source)
    assert caught.value.code == "sm2.random"


# -- other implementations ----------------------------------------------------------------


def openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    run = subprocess.run(
        ["openssl", *map(str, arguments)], input=data, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
@pytest.mark.parametrize("size", [1, 31, 32, 33, 4000])
def test_openssl_reads_ours_and_we_read_openssl(size: int, tmp_path: Path) -> None:
    pair = keys.from_sm2(SECRET)
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(keys.save_private_key_pem(pair))
    public.write_bytes(openssl("pkey", "-pubin", "-inform", "DER", data=pair.spki))
    message = os.urandom(size)
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, data=message)
    assert decrypt(SECRET, theirs) == message
    ours = encrypt(KEY, message)
    assert openssl("pkeyutl", "-decrypt", "-inkey", private, data=ours) == message


# -- hostile ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_every_changed_bit_is_refused(form: Form) -> None:
    made = encrypt(KEY, b"licence", form=form, rng=scripted(scalar(1234567)))
    for at in range(len(made)):
        changed = bytearray(made)
        changed[at] ^= 1 << at % 8
        refused(bytes(changed), form)


@pytest.mark.parametrize("form", FORMS)
def test_every_part_cut_off_is_refused(form: Form) -> None:
    made = encrypt(KEY, b"licence", form=form)
    for size in range(len(made)):
        refused(made[:size], form)
    refused(made + b"\0", form)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300), form=st.sampled_from(FORMS))
def test_any_bytes_are_an_error_and_no_other_exception(data: bytes, form: Form) -> None:
    refused(data, form)


def test_points_off_the_curve_and_infinity_are_refused() -> None:
    made = encrypt(KEY, b"licence", form="raw")
    order_two = b"\x04" + bytes(64)  # (0, 0) lies on a curve with b = 0
    outside = b"\x04" + made[1:64] + bytes([made[64] ^ 1])
    above = b"\x04" + (_sm2_py.P + 1).to_bytes(32, "big") + made[33:65]
    for point in (order_two, outside, above, b"\0" * 65):
        refused(point + made[65:], "raw")


def test_the_order_of_the_draft_is_not_read() -> None:
    made = encrypt(KEY, b"a message of some length", form="raw")
    refused(made[:65] + made[97:] + made[65:97], "raw")


def test_der_that_is_not_strict_is_refused() -> None:
    made = encrypt(KEY, b"abc", form="raw", rng=scripted(scalar(3)))
    x, y, c3, c2 = made[1:33], made[33:65], made[65:97], made[97:]
    tlv, integer = sm2.der_tlv, sm2.der_integer
    good = integer(x) + integer(y) + tlv(4, c3) + tlv(4, c2)
    assert decrypt(SECRET, tlv(0x30, good)) == b"abc"
    for body in (
        tlv(2, b"\0\0" + x) + integer(y) + tlv(4, c3) + tlv(4, c2),  # not minimal
        tlv(2, b"\xff" + x) + integer(y) + tlv(4, c3) + tlv(4, c2),  # negative
        integer(x) + integer(y) + tlv(4, c2) + tlv(4, c3),  # C2 before C3
        integer(x) + integer(y) + tlv(4, c3[:31]) + tlv(4, c2),
        integer(x) + integer(y) + tlv(4, c3) + tlv(4, b""),
        good + tlv(4, b"more"),
    ):
        refused(tlv(0x30, body), "asn1")
    refused(b"\x30\x80" + good + b"\0\0", "asn1")  # indefinite length
    refused(b"\x30\x84\x00\x00\x00" + bytes([len(good)]) + good, "asn1")


def test_another_key_reads_nothing() -> None:
    with pytest.raises(InputError):
        decrypt(scalar(5), encrypt(KEY, b"abc"))


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2_encryption, "MAX_MESSAGE", 100)
    with pytest.raises(LimitError):
        encrypt(KEY, bytes(101))
    with pytest.raises(LimitError):
        decrypt(SECRET, bytes(2000))
    with pytest.raises(InputError):
        encrypt(KEY, b"")


@pytest.mark.parametrize("key", [b"", bytes(65), KEY[:64], KEY[:-1] + bytes([KEY[-1] ^ 1])])
def test_a_key_off_the_curve_is_refused(key: bytes) -> None:
    with pytest.raises(KeyMaterialError):
        encrypt(key, b"abc")
