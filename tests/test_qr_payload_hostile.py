"""Hostile QR payloads: every one ends in InputError, within its limits."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import base45
import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import licence as lic
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS
from elicense.qr import dictionary, payload, strict_cbor
from licence_samples import sample

LICENCE = sample(1, "msa-smc", endorsed=1)
TEXT = payload.encode(
    LICENCE,
    data_digest=lic.data_digest(lic.dump(LICENCE)),
    sign=lambda _: bytes(range(64)),
    algorithm="sm2",
    kid=b"\x01\x02\x03\x04",
)
MESSAGE = base45.b45decode(TEXT[4:])
HEADER = {1: -65601, 2: [-65602], 4: b"abcd", -65602: [1, 3]}
GOOD: list[Any] = cbor2.loads(dictionary.inflate(cbor2.loads(MESSAGE)[2], number=1, limit=10_000))


def text_of(message: bytes) -> str:
    return "EL1:" + base45.b45encode(message).decode()


def cose(
    header: Any = None,
    items: Any = None,
    *,
    body: bytes | None = None,
    plain: bytes | None = None,
    unprotected: Any = None,
    signature: Any = bytes(64),
) -> str:
    protected = cbor2.dumps(HEADER if header is None else header, canonical=True)
    if plain is None:
        plain = cbor2.dumps(GOOD if items is None else items, canonical=True)
    body = dictionary.compress(plain, number=1) if body is None else body
    return text_of(cbor2.dumps([protected, unprotected or {}, body, signature]))


def code(text: str) -> str:
    with pytest.raises(InputError) as caught:
        payload.decode(text)
    return caught.value.code


def test_the_frame_of_these_tests_is_a_good_payload() -> None:
    assert payload.decode(cose()).number == LICENCE.number


def test_tag_18_may_stand_before_the_message() -> None:
    assert payload.decode(text_of(b"\xd2" + MESSAGE)).number == LICENCE.number
    assert code(text_of(b"\xd2\xd2" + MESSAGE)) == "qr.cbor"
    assert code(text_of(b"\xd1" + MESSAGE)) == "qr.cbor"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "qr.prefix"),
        ("HC1:" + TEXT[4:], "qr.prefix"),
        ("el1:" + TEXT[4:], "qr.prefix"),
        (TEXT + "\n", "qr.base45"),
        (TEXT.lower().replace("el1", "EL1"), "qr.base45"),
        ("EL1:A", "qr.base45"),
        ("EL1::::", "qr.base45"),
        ("EL1:" + "A" * 5000, "qr.size"),
        ("EL1:", "qr.cbor"),
        (text_of(MESSAGE + b"\0"), "qr.cbor"),
        (text_of(MESSAGE[:-1]), "qr.cbor"),
        (text_of(b"\x9f" + MESSAGE[1:] + b"\xff"), "qr.cbor"),
        (text_of(b"\x98\x04" + MESSAGE[1:]), "qr.cbor"),
        (text_of(b"\x81" * 500 + b"\0"), "qr.cbor"),
        (text_of(b"\x9b" + b"\xff" * 8), "qr.cbor"),
        (text_of(b"\x5b" + b"\xff" * 8), "qr.cbor"),
        (text_of(b"\xf9\x3c\x00"), "qr.cbor"),
        (text_of(b"\xf7"), "qr.cbor"),
        (text_of(b"\x00"), "qr.cbor"),
        (text_of(cbor2.dumps([1, {}, b"", b""])), "qr.cbor"),
        (text_of(cbor2.dumps([b"", [], b"", b""])), "qr.header"),
        (cose(unprotected={4: b"abcd"}), "qr.header"),
    ],
)
def test_frames_that_are_no_payload(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, "qr.header"),
        ({1: -65601}, "qr.header"),
        (HEADER | {33: b"certificate"}, "qr.header"),
        ([1], "qr.header"),
        (HEADER | {1: -8}, "qr.algorithm"),
        (HEADER | {1: "SM2"}, "qr.algorithm"),
        (HEADER | {2: []}, "qr.header"),
        (HEADER | {2: -65602}, "qr.header"),
        (HEADER | {2: [-65602, 99]}, "qr.header"),
        (HEADER | {4: b"abc"}, "qr.header"),
        (HEADER | {4: "abcd"}, "qr.header"),
        (HEADER | {-65602: [1]}, "qr.header"),
        (HEADER | {-65602: [1, -3]}, "qr.header"),
        (HEADER | {-65602: [2, 3]}, "qr.dictionary"),
        (HEADER | {-65602: [1, 99]}, "qr.template"),
        (HEADER | {1: -257}, "qr.signature"),
    ],
)
def test_headers_are_exactly_the_four_that_are_known(header: Any, expected: str) -> None:
    assert code(cose(header)) == expected


def test_map_keys_must_be_in_order_and_single() -> None:
    for raw in (b"\xa2\x02\x00\x01\x00", b"\xa2\x01\x00\x01\x00", b"\xa2\x20\x00\x18\x18\x00"):
        with pytest.raises(InputError):
            strict_cbor.loads(raw)
    assert strict_cbor.loads(b"\xa2\x01\x00\x02\x00") == {1: 0, 2: 0}
    assert strict_cbor.dumps({-1: 0, 24: 0}) == b"\xa2\x18\x18\x00\x20\x00"


@pytest.mark.parametrize("key", [b"\xf5", b"\x61a", b"\x41a", b"\x80", b"\xa0", b"\xf6"])
def test_map_keys_are_integers_so_that_true_is_never_one(key: bytes) -> None:
    with pytest.raises(InputError):
        strict_cbor.loads(b"\xa1" + key + b"\x00")


def test_inflation_is_capped() -> None:
    bomb = dictionary.compress(bytes(3_000_000), number=1)
    body_text = cose(body=bomb[:2000])
    with pytest.raises(LimitError) as caught:
        payload.decode(body_text)
    assert caught.value.code == "qr.inflated"
    with pytest.raises(LimitError):
        payload.decode(TEXT, limits=replace(DEFAULT_LIMITS, qr_inflated=100))


def test_the_compressed_stream_must_be_whole_and_alone() -> None:
    body = cbor2.loads(MESSAGE)[2]
    assert code(cose(body=body[:-2])) == "qr.deflate"
    assert code(cose(body=body + b"\0")) == "qr.deflate"
    assert code(cose(body=b"\xff" * 20)) == "qr.deflate"
    assert code(cose(body=b"")) == "qr.deflate"
    assert code(cose(body=zlib.compress(b"\x80"))) in ("qr.deflate", "qr.cbor", "qr.field")


def swapped(index: int, value: Any) -> list[Any]:
    return [*GOOD[:index], value, *GOOD[index + 1 :]]


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, None),
        (0, ""),
        (0, 5),
        (0, [GOOD[0][0]]),
        (0, ["lower", 1]),
        (0, [GOOD[0][0], "X123"]),  # a serial that has a shorter encoding
        (0, LICENCE.identifier),  # the identifier in full although it follows
        (1, 0),
        (1, -1),
        (1, True),
        (1, 1000),
        (2, None),
        (2, ""),
        (3, None),
        (3, -1),
        (4, 3),
        (4, True),
        (5, bytes(31)),
        (5, "x" * 32),
        (6, None),
        (6, [1]),
        (6, [[1, 1, 0]]),
        (6, [[99, 1, 0, None]]),
        (6, [[1, 0, 0, None]]),
        (6, [[1, 3, 0, None]]),
        (6, [[1, 1, "x", None]]),
        (6, [[1, 1, 10**9, None]]),
        (7, None),
        (7, ""),
        (7, []),
        (7, "25B20648"),  # packable
        (7, b"\0\0"),  # not what packing writes
        (13, "1234567"),
        (13, 10_000_000),
        (13, -1),
        (14, 77),
        (14, "ISM"),
        (14, True),
        (19, 10**9),
        (19, [1]),
        (20, "big"),
        (20, 2**60),
        (22, "2026-01-01"),
        (22, -(10**9)),
    ],
)
def test_values_have_their_kind_and_one_encoding(index: int, value: Any) -> None:
    assert code(cose(items=swapped(index, value))) == "qr.field"


@pytest.mark.parametrize("items", [GOOD[:-1], [*GOOD, None], [], {}, 1, "x"])
def test_the_template_fixes_the_number_of_values(items: Any) -> None:
    assert code(cose(items=items)) == "qr.field"


@settings(max_examples=400)
@given(st.integers(0, len(MESSAGE) - 1), st.integers(1, 255))
def test_one_damaged_byte_never_passes_unnoticed(at: int, flip: int) -> None:
    damaged = MESSAGE[:at] + bytes([MESSAGE[at] ^ flip]) + MESSAGE[at + 1 :]
    try:
        found = payload.decode(text_of(damaged))
    except InputError:
        return
    good = payload.decode(TEXT)
    assert (found.signed_bytes, found.signature) != (good.signed_bytes, good.signature)


@settings(max_examples=300)
@given(st.data())
def test_any_item_in_any_place_gives_a_payload_or_an_input_error(data: st.DataObject) -> None:
    item = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**64), 2**64 - 1)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
        | st.binary(max_size=40),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 9), inner),
        max_leaves=5,
    )
    at = data.draw(st.integers(0, len(GOOD) - 1))
    value = data.draw(item)
    try:
        found = payload.decode(cose(items=swapped(at, value)))
    except InputError as error:
        assert error.code in ("qr.field", "qr.cbor")
        return
    assert cbor2.dumps(found.version) == cbor2.dumps(found.licence.version)


@settings(max_examples=200)
@given(st.text(max_size=60) | st.binary(max_size=80).map(text_of))
def test_any_text_gives_a_payload_or_an_input_error(text: str) -> None:
    try:
        payload.decode(text)
    except InputError as error:
        assert error.code.startswith("qr.")


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_what_the_cbor_gate_lets_through_is_deterministic(data: bytes) -> None:
    try:
        value = strict_cbor.loads(data)
    except InputError:
        return
    assert strict_cbor.dumps(value) == data
