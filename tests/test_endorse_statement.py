"""``elicense-endorsement/1``: the published vectors, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import canonical
from elicense.containers.statement import with_statement
from elicense.crypto import der
from elicense.endorsement import OID, Statement, box_kind, box_name, encode, read, shown
from elicense.errors import InputError, UsageError
from elicense.evidence import Coverage, Signature
from elicense.issuing import cms, ses
from elicense.licence import DataDigest
from endorsing import seal_of
from issuing_world import desk

from pki.world import day  # isort: skip

MANUAL = Path(__file__).parent.parent / "docs" / "endorsements.md"
ANNUAL = Statement(
    box="annual-1", kind="annual-1", date=date(2027, 2, 19), place="广州",
    officer="陈样例 主任审核员", licence=DataDigest("sm3", bytes(range(32))),
    previous=DataDigest("sm3", bytes(range(32, 64))),
)  # fmt: skip
EXTENSION = Statement(
    box="extension-13.13", kind="extension-13.13", date=date(2031, 2, 1), place="新加坡 Singapore",
    officer="陈样例", licence=DataDigest("sha256", bytes(range(32))),
    previous=DataDigest("sha256", bytes(range(32, 64))), valid_until=date(2031, 7, 31),
)  # fmt: skip


@pytest.mark.parametrize("statement", [ANNUAL, EXTENSION])
def test_the_manual_shows_the_very_bytes(statement: Statement) -> None:
    data = encode(statement)
    assert data.decode() in MANUAL.read_text(encoding="utf-8")
    assert read(data) == statement


def test_the_manual_shows_the_object_identifier() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert OID in text
    assert der.oid(OID).hex() in text


def test_what_a_box_shows() -> None:
    assert shown(ANNUAL) == ("广州", "2027年02月19日", "陈样例 主任审核员")
    assert shown(EXTENSION)[0] == "2031年07月31日"


def test_names_of_boxes() -> None:
    assert [box_name("additional", n) for n in (1, 2)] == ["additional", "additional#2"]
    assert box_kind("extension-13.13#2") == "extension-13.13"
    assert box_kind("a#1") == box_kind("A") == box_kind("") == ""
    with pytest.raises(UsageError):
        box_name("additional", 10)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("box", "annual-2"),
        ("kind", "annual-2"),
        ("kind", None),
        ("date", "2027-02-30"),
        ("date", "20270219"),
        ("date", None),
        ("place", ""),
        ("place", "广州 "),
        ("place", "广\n州"),
        ("officer", "陈\u202e例"),
        ("officer", "x" * 201),
        ("valid_until", "soon"),
        ("licence", {"algorithm": "md5", "value": "AAAAAAAAAAAAAAAAAAAAAA"}),
        ("licence", {"algorithm": "sm3", "value": "AAAA"}),
        ("previous", None),
        ("more", 1),
        ("format", "elicense-licence/1"),
    ],
)
def test_malformed_statements_are_refused(member: str, value: object) -> None:
    members = json.loads(encode(ANNUAL))
    members[member] = value
    if value is None:
        del members[member]
    with pytest.raises(InputError) as caught:
        read(canonical.encode(members))
    assert caught.value.code.startswith(("endorsement.statement", "json."))


def test_other_spellings_and_formats() -> None:
    with pytest.raises(InputError) as caught:
        read(encode(ANNUAL).replace(b",", b", ", 1))
    assert caught.value.code == "endorsement.statement"
    with pytest.raises(InputError) as caught:
        read(encode(ANNUAL).replace(b"endorsement/1", b"endorsement/9"))
    assert caught.value.code == "endorsement.format"


def test_a_bad_statement_is_not_written() -> None:
    with pytest.raises(UsageError) as caught:
        encode(replace(ANNUAL, officer="a\tb"))
    assert caught.value.code == "endorsement.field"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(encode(ANNUAL)) - 1), st.binary(max_size=6))
def test_hostile_statements_give_an_input_error_or_a_statement(at: int, junk: bytes) -> None:
    data = encode(ANNUAL)
    try:
        read(data[:at] + junk + data[at + len(junk) :])
    except InputError:
        return


# -- where it stands in a signature ---------------------------------------------------------


def _signature(raw: bytes, kind: str) -> Signature:
    empty = Signature(
        index=1, kind=kind, profile="", place="", algorithm="", signer=None, values=(),
        digests=(), coverage=Coverage(False),
    )  # fmt: skip
    return with_statement(empty, raw)


@pytest.mark.parametrize("name", ["sealers/guangdong-doc-sm2", "sealers/guangdong-doc-rsa"])
def test_cms_and_ses_give_back_the_exact_bytes(name: str) -> None:
    credential, data = desk().world.credential(name), encode(ANNUAL)
    attributes = cms.Attributes(more={OID: data})
    signed = cms.sign(credential, content=b"x", attributes=attributes)
    assert _signature(signed, "cms").statement == data
    seal = seal_of(family=name[-3:])
    sealed = ses.sign(
        seal, credential=credential, time=day(2027), data_hash=bytes(32), property_info="/x",
        signed={OID: data},
    )  # fmt: skip
    assert _signature(sealed, "ses-v4").statement == data
    assert not _signature(cms.sign(credential, content=b"x"), "cms").endorses


def test_two_statements_in_one_signature_are_none() -> None:
    credential = desk().world.credential("sealers/guangdong-doc-sm2")
    twice = der.set_(der.octets(b"{}"), der.octets(encode(ANNUAL)))
    signed = cms.sign(credential, content=b"x", attributes=cms.Attributes(more={OID: b"one"}))
    one = der.set_(der.octets(b"one"))
    assert one in signed
    grown = _grown(signed, one, twice)
    found = _signature(grown, "cms")
    assert found.statement is None and found.endorses


def _grown(data: bytes, old: bytes, new: bytes) -> bytes:
    """``data`` with one TLV replaced and every length around it set right."""

    def walk(node: der.Node) -> bytes:
        if node.raw == old:
            return new
        if not node.tag & 0x20:
            return node.raw
        return der.tlv(node.tag, b"".join(walk(child) for child in node.children()))

    return walk(der.parse(data))


def test_an_unsigned_attribute_states_nothing() -> None:
    credential = desk().world.credential("sealers/guangdong-doc-sm2")
    plain = cms.sign(credential, content=b"x", attributes=cms.Attributes())
    signer = der.parse(plain).children()[1].only().children()[-1].children()[0]
    attribute = der.seq(der.oid(OID), der.set_(der.octets(encode(ANNUAL))))
    with_unsigned = der.seq(signer.body, der.implicit(1, der.set_(attribute)))
    grown = _grown(plain, signer.raw, with_unsigned)
    assert der.oid(OID) in grown
    assert not _signature(grown, "cms").endorses
