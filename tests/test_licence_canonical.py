"""Canonical JSON: one text for one value; hostile texts end in InputError."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import canonical
from elicense.errors import InputError, LimitError, UsageError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
    | TEXTS.map(lambda text: unicodedata.normalize("NFC", text)),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(
            TEXTS.map(lambda text: unicodedata.normalize("NFC", text)), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def parse(data: bytes) -> canonical.Value:
    return canonical.parse(data, max_size=10_000, max_depth=16)


@given(VALUES)
def test_canonical_bytes_come_back_as_the_same_value(value: canonical.Value) -> None:
    data = canonical.encode(value)
    back = parse(data)
    assert back == value
    assert canonical.is_canonical(data, back)


def test_keys_are_sorted_by_code_point_not_by_utf16() -> None:
    data = canonical.encode({"\U0001f600": 1, "\uff01": 2, "a": 3})
    assert data.decode() == '{"a":3,"\uff01":2,"\U0001f600":1}'


def test_strings_are_brought_to_nfc_with_the_shortest_escapes() -> None:
    assert canonical.encode('e\u0301"\\/\n\x01\x7f') == '"é\\"\\\\/\\n\\u0001\x7f"'.encode()


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '{"b":1,"a":2}', '"\\u0041"', '"e\u0301"', "[1]\n", '"\\/"']
)
def test_other_spellings_are_read_but_not_canonical(text: str) -> None:
    data = text.encode()
    assert not canonical.is_canonical(data, parse(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":1}', "json.duplicate-key"),
        (b'{"a":1,"\\u0061":1}', "json.duplicate-key"),
        ('{"e\u0301":1,"é":1}'.encode(), "json.duplicate-key"),
        (b"1.0", "json.number"),
        (b"1e2", "json.number"),
        (b"-0", "json.number"),
        (b"9007199254740992", "json.number"),
        (b"[" + b"9" * 9000 + b"]", "json.number"),
        (b"NaN", "json.number"),
        (b"-Infinity", "json.number"),
        (b'"\\ud800"', "json.surrogate"),
        (b'{"\\udfff":1}', "json.surrogate"),
        (b"\xef\xbb\xbf{}", "json.syntax"),
        (b'"\xff"', "json.encoding"),
        (b'"a\nb"', "json.syntax"),
        (b"{} {}", "json.syntax"),
        (b"", "json.syntax"),
        (b"{'a':1}", "json.syntax"),
        (b"[1,]", "json.syntax"),
    ],
)
def test_what_is_not_plain_json_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(data)
    assert caught.value.code == code


def test_depth_and_size_are_bounded_before_parsing() -> None:
    with pytest.raises(LimitError) as caught:
        parse(b"[" * 9_000)
    assert caught.value.code == "json.depth"
    with pytest.raises(LimitError) as caught:
        parse(b" " * 10_001)
    assert caught.value.code == "json.size"
    assert parse(json.dumps("[" * 50).encode()) == "[" * 50  # brackets in texts do not count


@given(st.binary(max_size=60) | VALUES.map(canonical.encode).map(lambda data: data[:-1]))
def test_any_bytes_give_a_value_or_an_input_error(data: bytes) -> None:
    try:
        value = parse(data)
    except InputError:
        return
    assert json.loads(data) == json.loads(canonical.encode(value)) or not data.isascii()


@pytest.mark.parametrize("value", [1.5, 2**53, {1: 2}, "\ud800", {"e\u0301": 1, "é": 2}, b""])
def test_values_without_a_canonical_form_are_refused(value: object) -> None:
    with pytest.raises(UsageError):
        canonical.encode(value)  # type: ignore[arg-type]


def test_paths_lead_into_objects_and_arrays() -> None:
    tree: canonical.Value = {"a": ({"b": 1, "c": 2},)}
    assert canonical.value_at(tree, "a.0.b") == 1
    assert canonical.without(tree, "a.0.b") == {"a": ({"c": 2},)}
    for path in ("a.1.b", "a.00.b", "a.-1", "x", "a.0.b.c", "a.²"):
        with pytest.raises(KeyError):
            canonical.value_at(tree, path)
    for path in ("a.0", "a.1.b", "x"):
        with pytest.raises(KeyError):
            canonical.without(tree, path)


@given(st.binary(max_size=40))
def test_base64url_has_one_spelling(data: bytes) -> None:
    text = canonical.b64url(data)
    assert canonical.from_b64url(text, place="x") == data


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q+8A", "QQ\n", "é"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        canonical.from_b64url(text, place="$.x")
    assert caught.value.place == "$.x"
