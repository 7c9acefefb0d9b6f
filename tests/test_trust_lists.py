"""Reading signed trust lists: strict, bounded, and never another exception."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import list_publisher as p
from elicense.errors import InputError, LimitError
from elicense.issuing import cms
from elicense.trust import lists
from elicense.trust.list_rules import faults

OPERATOR = p.country()
OPERATOR.publish()
REGION = OPERATOR.regions[0]


def regional() -> dict[str, Any]:
    """A list with every member that there is."""
    ca_entry = {
        "service": "sealer", "ca": p.b64(p.ca("a ca").der), "subject": {"organization": "甲"},
        "uscc": p.code("120000", 1), "licence_types": ["msa-doc"], "state": "suspended",
        "from": "2024-01-01T00:00:00Z", "until": "2044-01-01T00:00:00Z",
        "history": [{"since": "2024-01-01T00:00:00Z", "state": "active"},
                    {"since": "2026-01-01T00:00:00Z", "state": "suspended"}],
    }  # fmt: skip
    own = p.authority("120000", 1, p.service("qr", p.maker("q")), ca_entry, name_en="Tianjin",
                      hosts=["zz.tj.example"], endpoint="https://zz.tj.example/ask")  # fmt: skip
    return REGION.value(
        authorities=[own], intermediates=[p.b64(p.ca("a ca").der)],
        status_lists=[{"uri": "https://s.example/1", "locations": ["https://m.example/1"]}],
        crls=[{"location": "http://c.example/1.crl"}],
    )  # fmt: skip


def parsed(value: Any) -> Any:
    return lists.parse(json.dumps(value).encode())


def refused(value: Any) -> str:
    with pytest.raises(InputError) as caught:
        parsed(value)
    return str(caught.value)


def test_a_regional_list_is_read_member_by_member() -> None:
    found = lists.read_list(p.signed(regional(), *REGION.keys))
    assert (found.id, found.scope.region, found.sequence) == ("120000", "120000", 1)
    (authority,) = found.authorities
    assert (authority.name_en, authority.hosts) == ("Tianjin", ("zz.tj.example",))
    qr, sealer = authority.services
    assert qr.certificate == p.maker("q").der and qr.ca is None and qr.history == ()
    assert sealer.certificate is None and sealer.ca == p.ca("a ca").der
    assert sealer.subject == {"organization": "甲"} and sealer.uscc == p.code("120000", 1)
    assert sealer.starts and sealer.starts.year == 2024 and sealer.ends and sealer.ends.year == 2044
    assert [state for _, state in sealer.history] == ["active", "suspended"]
    assert found.status_lists[0].uri == "https://s.example/1"
    assert found.crls == ("http://c.example/1.crl",)
    assert not faults(found)


def test_a_list_of_lists_is_read_member_by_member() -> None:
    found = lists.read_list_of_lists(OPERATOR.last)
    assert found.operators == (OPERATOR.pin,) and found.anchors == (p.ROOT.der,)
    entry = found.entry("440000")
    assert entry is not None and entry.signers == (p.maker("region 440000").der,)
    assert entry.licence_types == p.TYPES and entry.services == p.SERVICES
    assert found.entry("330000") is None and not faults(found)


def test_each_reader_takes_its_own_kind_only() -> None:
    with pytest.raises(InputError, match="no list of a region"):
        lists.read_list(OPERATOR.last)
    with pytest.raises(InputError, match="no list of lists"):
        lists.read_list_of_lists(REGION.last)


def every_place(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())  # fmt: skip
    for key, member in items:
        found += every_place(member, (*path, key))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    tree = copy.deepcopy(value)
    here = tree
    for step in path[:-1]:
        here = here[step]
    if new is KeyError:
        del here[path[-1]]
    else:
        here[path[-1]] = new
    return tree


VALUES = {"regional": regional(), "operator": OPERATOR.value()}
PLACES = [(kind, path) for kind, value in VALUES.items() for path in every_place(value)]
OPTIONAL = {
    "test", "intermediates", "status_lists", "crls", "name_en", "hosts", "endpoint", "subject",
    "uscc", "licence_types", "from", "until", "history", "locations", "authorities",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "path"), PLACES, ids=lambda x: str(x)[:60])
def test_a_value_of_another_type_is_refused_wherever_it_stands(
    kind: str, path: tuple[Any, ...]
) -> None:
    for new in (None, 1.5, -1, "", [[]], {"x": 1}, "\x00", "a\u202eb", [None], "x" * 2000):
        with pytest.raises(InputError):
            parsed(changed(VALUES[kind], path, new))


@pytest.mark.parametrize(("kind", "path"), PLACES, ids=lambda x: str(x)[:60])
def test_a_missing_member_is_refused_unless_it_may_be(kind: str, path: tuple[Any, ...]) -> None:
    if isinstance(path[-1], int) or path[-2:-1] == ("subject",):
        return
    value = changed(VALUES[kind], path, KeyError)
    top_authorities = path == ("authorities",)
    service_uscc = path[-1] == "uscc" and "services" in path
    entry_types = path[-1] == "licence_types" and "lists" in path
    may = path[-1] in OPTIONAL and not top_authorities and not entry_types
    if may and (path[-1] != "uscc" or service_uscc):
        parsed(value)
    else:
        words = ("it is missing", "either", "is needed", "are needed")
        assert any(word in refused(value) for word in words)


@pytest.mark.parametrize(("kind", "path"), PLACES, ids=lambda x: str(x)[:60])
def test_an_unknown_key_is_refused_wherever_it_stands(kind: str, path: tuple[Any, ...]) -> None:
    here = VALUES[kind]
    for step in path:
        here = here[step]
    if isinstance(here, dict) and path[-1] != "subject":  # whose keys are judged as faults
        with pytest.raises(InputError, match=r"belongs here|no more"):
            parsed(changed(VALUES[kind], (*path, "surplus"), "x"))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"null", b"[]", b"{}", b"\xef\xbb\xbf{}", b"{", b'{"schema": "x"}', b"\xff",
        b'{"schema": "elicense-list/1", "schema": "elicense-list/1"}',
        b'{"schema": "elicense-list/1", "sequence": NaN}',
        b'{"schema": "elicense-list/1", "sequence": 1e3}',
        b'{"schema": "elicense-list/1", "sequence": 9007199254740992}',
        b"[" * 100_000, b'{"a":' * 100_000, b'"\\ud800"',
        b'{"schema": "elicense-list/1", "sequence": ' + b"9" * 10_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(InputError):
        lists.parse(text)
    with pytest.raises(InputError):
        lists.read(p.signed(text or b" ", *REGION.keys))


@pytest.mark.parametrize("member", ['"test": false', '"uscc": "x"', '"state": "active"'])
def test_a_key_given_twice_in_one_object_is_refused(member: str) -> None:
    """The first with another value: which would count is a matter of the reader."""
    text = json.dumps(regional())
    key = member.partition(":")[0]
    twice = text.replace(key + ":", f"{member}, {key}:", 1)
    assert twice != text
    with pytest.raises(InputError, match="twice"):
        lists.parse(twice.encode())


@pytest.mark.parametrize("moment", [
    "2026-11-01", "2026-11-01T00:00:00", "2026-11-01T00:00:00+08:00", "2026-11-01T00:00:00.5Z",
    "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-01t00:00:00z", "0000-01-01T00:00:00Z",
    "２０２６-11-01T00:00:00Z", 20261101, "2026-11-01T24:00:00Z",
])  # fmt: skip
def test_times_are_rfc_3339_in_utc_and_nothing_else(moment: object) -> None:
    assert "a time like" in refused({**regional(), "issued": moment})


@pytest.mark.parametrize("text", [
    "AAAA", p.b64(p.ROOT.der)[:-4], p.b64(p.ROOT.der + b"\x00"), " " + p.b64(p.ROOT.der),
    p.b64(p.ROOT.der) + "\n", base64.urlsafe_b64encode(b"\x30\x81\xff" + b"\xff" * 255).decode(),
    p.b64(b"\x30\x82\x00\x80" + bytes(128)), p.b64(b"\x31" + p.ROOT.der[1:]), p.ROOT.der.hex(),
])  # fmt: skip
def test_a_certificate_has_one_spelling(text: str) -> None:
    assert "certificate" in refused({**regional(), "intermediates": [text]})


def test_sequence_counts_from_one() -> None:
    for number in (0, -1, True, "1", 2**53):
        refused({**regional(), "sequence": number})
    assert parsed({**regional(), "sequence": 2**53 - 1}).sequence == 2**53 - 1


def test_a_list_too_large_is_refused_unread() -> None:
    with pytest.raises(LimitError):
        lists.read(bytes(100 * 1024 * 1024))


def test_too_many_authorities_and_services_are_refused() -> None:
    many = [p.authority("120000", n) for n in range(5)] * 820
    with pytest.raises(LimitError):
        parsed({**regional(), "authorities": many})
    one = p.service("sealer", p.maker("s"))
    crowd = [{**p.authority("120000", n), "services": [one] * 4096} for n in range(5)]
    with pytest.raises(InputError):
        parsed({**regional(), "authorities": crowd})


def test_ber_is_refused() -> None:
    good = p.signed(regional(), *REGION.keys)
    assert good[:2] == b"\x30\x82"
    ber = b"\x30\x80" + good[4:] + b"\x00\x00"
    with pytest.raises(InputError):
        lists.read(ber)


def test_a_detached_signature_holds_no_list() -> None:
    content = json.dumps(regional()).encode()
    detached = cms.sign(REGION.keys[0].credential(), content=content,
                        attributes=cms.Attributes(signing_time=p.START))  # fmt: skip
    with pytest.raises(InputError, match="carries no list"):
        lists.read(detached)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mangled_lists_end_in_a_value_or_an_input_error(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from([OPERATOR.last, REGION.last])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(InputError):
        faults(lists.read(bytes(file)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["120000", "active", "sealer", p.b64(p.ROOT.der)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(PLACES), new=JSON)
def test_any_json_in_any_place_ends_in_a_value_or_an_input_error(
    place: tuple[str, tuple[Any, ...]], new: Any
) -> None:
    kind, path = place
    try:
        found = parsed(changed(VALUES[kind], path, new))
    except InputError:
        return
    assert isinstance(faults(found), tuple)
