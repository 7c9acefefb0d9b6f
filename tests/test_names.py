"""Names: shown as written, compared as RFC 5280 wants."""

from __future__ import annotations

import pytest

from elicense.crypto import der
from elicense.crypto.names import Name, read_name
from elicense.errors import InputError


def made(*pairs: tuple[str, bytes]) -> Name:
    rdns = (der.set_(der.seq(der.oid(oid), value)) for oid, value in pairs)
    return read_name(der.parse(der.seq(*rdns)))


def test_names_are_compared_without_case_width_and_space() -> None:
    first = made(("2.5.4.10", der.utf8("Tianjin  MSA")), ("2.5.4.3", der.utf8("Ａ")))
    second = made(("2.5.4.10", der.printable("tianjin msa ")), ("2.5.4.3", der.printable("a")))
    assert first.key == second.key and first.der != second.der


def test_order_and_type_of_attributes_count() -> None:
    first = made(("2.5.4.10", der.utf8("a")), ("2.5.4.3", der.utf8("b")))
    swapped = made(("2.5.4.3", der.utf8("b")), ("2.5.4.10", der.utf8("a")))
    other = made(("2.5.4.11", der.utf8("a")), ("2.5.4.3", der.utf8("b")))
    assert len({first.key, swapped.key, other.key}) == 3


def test_all_values_of_an_attribute_are_given() -> None:
    name = made(("2.5.4.10", der.utf8("a")), ("2.5.4.10", der.utf8("b")))
    assert (name.get("O"), name.all("O"), name.get("CN")) == ("a", ("a", "b"), "")
    assert str(name) == "O=a, O=b"


def test_unknown_string_types_are_shown_in_hexadecimal() -> None:
    assert made(("2.5.4.3", der.tlv(0x1C, b"\0\0\0a"))).get("CN") == "#1c0400000061"


@pytest.mark.parametrize("body", [b"\x02\x01\x01", der.set_(der.seq(der.oid("2.5.4.3")))])
def test_what_is_no_name_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read_name(der.parse(der.seq(body)))
