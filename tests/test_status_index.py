"""Status indexes: packed, found by bisection, hiding what they hold, and hostile ones."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trust_builders as b
from elicense.errors import InputError, UsageError
from elicense.identifiers import format_identifier, parse_identifier
from elicense.issuing import cms, status_index
from elicense.issuing.status_index import Entry, holds_resident_id
from elicense.limits import DEFAULT_LIMITS
from elicense.trust import status_index as reading
from elicense.trust.status_index import (
    PLACE,
    ROW,
    Successor,
    normalised,
    read_status_index,
    version_name,
)
from issue_world import credential

TYPE = "11100000000019713D001"
ISSUER = "1112000000000T122L"
URI = "https://status.tj.example/lists/1"
SALT = bytes(range(16))


def name(serial: str, version: int = 1) -> str:
    return format_identifier(type=TYPE, issuer=ISSUER, serial=serial, version=version)


def made(*entries: Entry, family: str = "sm2", salt: bytes = SALT, **more: Any) -> bytes:
    return status_index.make(
        entries, signer=credential(f"status/tianjin-{family}"), issued=b.NOW, salt=salt, **more
    )


def rows(found: reading.StatusIndex, text: str) -> list[tuple[int, str, int]]:
    return [(r.version, r.list, r.index) for r in found.of_identifier(parse_identifier(text))]


# serials whose digests fall everywhere, with one to three versions each
_KNOWN = st.dictionaries(
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=3), max_size=40,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    known=_KNOWN, family=st.sampled_from(["sm2", "rsa"]), salt=st.binary(min_size=16, max_size=16)
)
def test_all_that_was_put_in_is_found_and_nothing_else(
    known: dict[str, list[int]], family: str, salt: bytes
) -> None:
    entries = [
        Entry(name(serial, number), f"{URI}/{index % 7}", index, f"N-{serial}")
        for serial, places in known.items() for number, index in enumerate(places, 1)
    ]  # fmt: skip
    found = read_status_index(made(*entries, family=family, salt=salt))
    assert found.count == 2 * len(entries) and found.successors == 0
    for serial, places in known.items():
        wanted = [(n, f"{URI}/{index % 7}", index) for n, index in enumerate(places, 1)]
        assert rows(found, name(serial)) == wanted
        by_number = [(r.version, r.list, r.index) for r in found.of_number(f"n{serial.lower()}")]
        assert by_number == wanted
    assert rows(found, name("NOT0PUT0IN0AT0ALL")) == []
    assert found.of_number("elsewhere") == ()


def test_spelling_does_not_count_and_neither_do_root_and_check_character() -> None:
    found = read_status_index(made(Entry(name("7"), URI, 5, "津海 DOC（2026）-001")))
    for text in (
        "津海DOC(2026)001", "津海 doc（2026）001", "津海ＤＯＣ(2026) 0 0 1", "津海DOC(2026)—001",
    ):  # fmt: skip
        assert [r.index for r in found.of_number(text)] == [5], text
    own = parse_identifier(name("7"))
    other = "0" if own.check != "0" else "1"
    assert rows(found, f"{TYPE}.{ISSUER}.7.001.{other}") == [(1, URI, 5)]


def test_several_licences_may_share_a_number() -> None:
    found = read_status_index(made(Entry(name("7"), URI, 5, "A1"), Entry(name("8"), URI, 6, "A1")))
    assert sorted(r.index for r in found.of_number("A1")) == [5, 6]


NEW = Successor("transferred", name("99"), "广东海事局")


def test_a_successor_is_told_to_whoever_knows_the_licence_and_to_nobody_else() -> None:
    raw = made(Entry(name("7"), URI, 5, "", NEW), Entry(name("7", 2), URI, 6))
    found = read_status_index(raw)
    assert found.successor(parse_identifier(name("7"))) == NEW
    assert found.successor(parse_identifier(name("7", 2))) is None
    assert b"9713D001" not in raw and "广东".encode() not in raw


def test_an_index_holds_neither_identifiers_nor_numbers() -> None:
    raw = made(Entry(name("20260000123"), URI, 5, "滨港DOC2026001"))
    assert b"20260000123" not in raw and "滨港".encode() not in raw and b"2026001" not in raw


def test_another_salt_makes_other_digests() -> None:
    def keys(salt: bytes) -> set[bytes]:
        found = read_status_index(made(Entry(name("7"), URI, 5, "A1"), salt=salt))
        return {found.content[i : i + 12] for i in range(found._rows_at, len(found.content), 20)}

    assert keys(SALT).isdisjoint(keys(bytes(16)))
    one, two = (status_index.make([], signer=credential("status/tianjin-sm2")) for _ in range(2))
    assert read_status_index(one).salt != read_status_index(two).salt


@pytest.mark.parametrize(
    "text",
    ["51343620000320711X", "T51343620000320711X", "津51343620000320711x", "5134 3620 0003 2071 1X",
     "130503670401001"],
)  # fmt: skip
def test_a_residents_number_never_gets_into_an_index(text: str) -> None:
    assert holds_resident_id(text)
    with pytest.raises(UsageError) as caught:
        made(Entry(name("7"), URI, 5, text))
    assert caught.value.code == "index.personal"


@pytest.mark.parametrize("text", ["513436200003207110", "20260000123", "202600000000001", "A1"])
def test_what_is_no_residents_number_may(text: str) -> None:
    assert not holds_resident_id(text)


def test_nor_a_serial_that_is_one() -> None:
    with pytest.raises(UsageError):
        made(Entry(name("51343620000320711X"), URI, 5))


@pytest.mark.parametrize(
    "entries",
    [
        (Entry("no identifier", URI, 5),), (Entry(name("7"), "", 5),),
        (Entry(name("7"), URI, -1),), (Entry(name("7"), URI, 2**32),),
        (Entry(name("7"), URI, 5), Entry(name("7"), URI, 6)),
        (Entry(f"{TYPE}.{ISSUER}.7.000.0", URI, 5),),
        (Entry(name("7"), URI, 5, "", Successor("gone", name("8"), "")),),
        (Entry(name("7"), URI, 5, "", Successor("superseded", "x", "")),),
        (Entry(name("7"), URI, 5, "", Successor("superseded", name("8"), "a\nb")),),
    ],
)  # fmt: skip
def test_entries_that_no_index_takes(entries: tuple[Entry, ...]) -> None:
    with pytest.raises(UsageError):
        made(*entries)


def test_two_texts_of_one_digest_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_index, "key", lambda *a: bytes(12))
    with pytest.raises(UsageError) as caught:
        made(Entry(name("7"), URI, 5), Entry(name("8"), URI, 6))
    assert caught.value.code == "index.collision"


def test_the_audit_head_and_times_are_read() -> None:
    from elicense.trust.status import AuditHead

    head = AuditHead("tj", 9, "sha256", bytes(32))
    found = read_status_index(made(Entry(name("7"), URI, 5), audit_head=head, expires=b.SOON))
    assert (found.audit_head, found.issued, found.expires) == (head, b.NOW, b.SOON)
    assert found.signature().digests[0].matches


# -- hostile ones ----------------------------------------------------------------------------

HEADER = {
    "schema": reading.SCHEMA, "iat": 1, "exp": 2, "digest": "sm3", "salt": "A" * 22,
    "lists": [URI], "rows": 0, "successors": 0, "texts": 0,
}  # fmt: skip


def sealed(content: bytes) -> bytes:
    return cms.sign(credential("status/tianjin-sm2"), content=content, attached=True,
                    attributes=cms.Attributes(signing_time=b.NOW))  # fmt: skip


def raw_index(tail: bytes = b"", **changes: Any) -> bytes:
    members = {k: v for k, v in {**HEADER, **changes}.items() if v is not ...}
    return sealed(json.dumps(members).encode() + b"\n" + tail)


def test_the_plainest_index_is_read() -> None:
    assert read_status_index(raw_index()).count == 0


@pytest.mark.parametrize(
    "raw",
    [
        lambda: b"", lambda: b"0\0", lambda: sealed(b""), lambda: sealed(b"{}"),
        lambda: sealed(b"[]\n"), lambda: sealed(b"\xff\n"), lambda: sealed(b"[" * 99999 + b"\n"),
        lambda: sealed(b"1" * (2 << 20)), lambda: raw_index(schema="x"),
        lambda: raw_index(digest="md5"), lambda: raw_index(digest=[]), lambda: raw_index(salt=""),
        lambda: raw_index(salt="é" * 22), lambda: raw_index(salt=3), lambda: raw_index(lists=3),
        lambda: raw_index(lists=[3]), lambda: raw_index(lists=["a"] * 1001),
        lambda: raw_index(rows=1), lambda: raw_index(rows=-1), lambda: raw_index(rows=True),
        lambda: raw_index(rows=2**70), lambda: raw_index(rows=...), lambda: raw_index(b"x"),
        lambda: raw_index(exp=...), lambda: raw_index(iat="1"), lambda: raw_index(ttl=-1),
        lambda: raw_index(audit_head=3), lambda: raw_index(lists=[[]] * 3000),
    ],
)  # fmt: skip
def test_hostile_indexes_are_unreadable_and_nothing_else_is_raised(raw: Any) -> None:
    with pytest.raises(InputError):
        read_status_index(raw())


def test_a_larger_one_than_the_cap_is_not_read() -> None:
    with pytest.raises(InputError):
        read_status_index(bytes(DEFAULT_LIMITS.status_index_size + 1))


def key_of(kind: str, text: str) -> bytes:
    return reading.key("sm3", bytes(16), kind, text)


OWN = parse_identifier(name("7"))
SERIES = key_of("series", reading.series(OWN))


@pytest.mark.parametrize("row", [(1, 1, 0), (0, 0, 0)])
def test_rows_that_name_no_list_or_version(row: tuple[int, int, int]) -> None:
    found = read_status_index(raw_index(ROW.pack(SERIES, *row), rows=1))
    with pytest.raises(InputError):
        found.of_identifier(OWN)


@pytest.mark.parametrize("text", [b"", b"S", b"Xabc", b"S" + name("8").encode() + b"\na\x07b",
                                  b"\xff\xff", b"Snot.an.identifier"])  # fmt: skip
def test_successors_that_are_none(text: bytes) -> None:
    hidden = reading.veil("sm3", bytes(16), version_name(OWN), text)
    place = PLACE.pack(key_of("successor", version_name(OWN)), 0, len(text))
    found = read_status_index(raw_index(place + hidden, successors=1, texts=len(text)))
    with pytest.raises(InputError):
        found.successor(OWN)


def test_a_successor_outside_the_index() -> None:
    place = PLACE.pack(key_of("successor", version_name(OWN)), 4_000_000_000, 60000)
    found = read_status_index(raw_index(place, successors=1))
    with pytest.raises(InputError):
        found.successor(OWN)


def test_a_million_rows_under_one_key_are_not_all_shown() -> None:
    tail = ROW.pack(SERIES, 1, 0, 0) * 5000
    assert len(read_status_index(raw_index(tail, rows=5000)).of_identifier(OWN)) == 1000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 20), st.integers(0, 20))
def test_whatever_stands_in_the_rows_nothing_but_an_input_error(
    tail: bytes, count: int, successors: int
) -> None:
    texts = len(tail) - count * ROW.size - successors * PLACE.size
    try:
        found = read_status_index(raw_index(tail, rows=count, successors=successors, texts=texts))
        found.of_identifier(OWN), found.of_number("A1"), found.successor(OWN)
    except InputError:
        pass


@given(st.text(max_size=40))
def test_normalising_is_stable(text: str) -> None:
    plain = normalised(text)
    assert not re.search(r"[\s-]", plain)
    assert normalised(plain) == plain


@settings(deadline=None)
@given(st.binary(max_size=300), st.text("ABC.123", max_size=20))
def test_the_veil_is_its_own_inverse(text: bytes, who: str) -> None:
    for algorithm in ("sm3", "sha256"):
        assert reading.veil(algorithm, SALT, who, reading.veil(algorithm, SALT, who, text)) == text
