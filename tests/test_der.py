"""DER and bounded BER: what is read, what is refused, and that nothing else is raised."""

from __future__ import annotations

import contextlib
import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.crypto import der
from elicense.errors import InputError, LimitError


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x30", b"\x30\x05\x02\x01", b"\x30\x80\x00\x00", b"\x04\x81\x05abcde",
        b"\x04\x82\x00\x81" + bytes(0x81), b"\x1f\x01\x00", b"\x04\x01ab",
        b"\x04\x87" + bytes(7),
    ],
)  # fmt: skip
def test_what_is_no_der_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        der.parse(data)


@pytest.mark.parametrize("body", ["0001", "ffff", "", "00" * 1025])
def test_integers_must_be_minimal_and_bounded(body: str) -> None:
    with pytest.raises(InputError):
        der.parse(der.tlv(der.INTEGER, bytes.fromhex(body))).integer()


@pytest.mark.parametrize("body", ["", "01", "0000", "ffff"])
def test_booleans_are_one_octet_00_or_ff(body: str) -> None:
    with pytest.raises(InputError):
        der.parse(der.tlv(der.BOOLEAN, bytes.fromhex(body))).boolean()


@pytest.mark.parametrize("body", ["", "80", "2a80", "8001", "2a8001", "ff" * 70])
def test_malformed_object_identifiers_are_refused(body: str) -> None:
    with pytest.raises(InputError):
        der.parse(der.tlv(der.OID, bytes.fromhex(body))).oid()


@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=6), st.integers(0, 39))
def test_object_identifiers_come_back(arcs: list[int], second: int) -> None:
    text = ".".join(map(str, [1, second, *arcs]))
    assert der.parse(der.oid(text)).oid() == text


@given(st.integers(-(1 << 200), 1 << 200))
def test_integers_come_back(value: int) -> None:
    assert der.parse(der.integer(value)).integer() == value


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (der.UTC_TIME, "260101000000"), (der.UTC_TIME, "2601010000Z"),
        (der.UTC_TIME, "261301000000Z"), (der.GENERALIZED_TIME, "20260101000000"),
        (der.GENERALIZED_TIME, "20260101000000.Z"), (der.GENERALIZED_TIME, "20260101000060Z"),
        (der.GENERALIZED_TIME, "20260101000000+ 1-1"), (der.GENERALIZED_TIME, "٢٠٢٦0101000000Z"),
        (der.GENERALIZED_TIME, "00010101000000+0800"),
        (der.GENERALIZED_TIME, "99991231235959-0800"), (der.GENERALIZED_TIME, "00000101000000Z"),
        (der.GENERALIZED_TIME, "20260101000000+9999"),
    ],
)  # fmt: skip
def test_times_of_another_form_or_outside_the_calendar_are_refused(tag: int, text: str) -> None:
    with pytest.raises(InputError):
        der.parse(der.tlv(tag, text.encode())).time()


def test_a_time_with_an_offset_is_given_in_utc() -> None:
    time = der.parse(der.tlv(der.GENERALIZED_TIME, b"20260101000000.5+0800")).time()
    assert time == datetime.datetime(2025, 12, 31, 16, 0, 0, 500_000, datetime.UTC)


def test_utc_times_turn_in_1950() -> None:
    assert der.parse(der.tlv(der.UTC_TIME, b"491231235959Z")).time().year == 2049
    assert der.parse(der.tlv(der.UTC_TIME, b"500101000000Z")).time().year == 1950


def test_ber_strings_in_pieces_are_joined() -> None:
    pieces = b"\x24\x80" + der.octets(b"ab") + der.tlv(0x24, der.octets(b"cd")) + b"\0\0"
    assert der.parse(pieces, ber=True).octets() == b"abcd"
    with pytest.raises(InputError):
        der.parse(pieces)


def test_ber_strings_nested_deeply_are_refused_and_not_followed() -> None:
    data = b"x"
    data = der.octets(data)
    for _ in range(2000):
        data = der.tlv(0x24, data)
    with pytest.raises(LimitError):
        der.parse(data, ber=True).octets()


def test_a_bomb_of_indefinite_lengths_is_refused() -> None:
    with pytest.raises(LimitError):
        der.parse(b"\x30\x80" * 200 + b"\0\0" * 200, ber=True)


def test_an_indefinite_length_ends_where_its_parent_does() -> None:
    with pytest.raises(InputError):
        der.parse(der.seq(b"\x30\x80\x02\x01\x01") + b"\0\0", ber=True).children()


def test_a_primitive_value_has_no_indefinite_length() -> None:
    with pytest.raises(InputError):
        der.parse(b"\x04\x80\x04\x01a\0\0", ber=True)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_no_bytes_raise_anything_but_an_input_error(data: bytes, ber: bool) -> None:
    def walk(node: der.Node, depth: int = 0) -> None:
        readers = (node.integer, node.boolean, node.oid, node.octets, node.bits, node.text,
                   node.time)  # fmt: skip
        for read in readers:
            try:
                read()
            except InputError:
                continue
        if node.tag & 0x20 and depth < 20:
            for child in node.children():
                walk(child, depth + 1)

    with contextlib.suppress(InputError):
        walk(der.parse(data, ber=ber))
