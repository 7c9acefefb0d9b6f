"""The licence's own state: which list may speak of it, and what it may say."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as given_
from hypothesis import settings
from hypothesis import strategies as st

import elicense
import trust_builders as b
from elicense.identifiers import format_identifier, parse_identifier
from elicense.issuing import cms, status_index
from elicense.issuing.status_index import Entry
from elicense.policy import Policy
from elicense.trust.service import Service
from elicense.trust.status import read_status_list
from elicense.trust.status_index import Successor
from elicense.trust.store import TrustStore
from issue_world import x

from pki import status_list  # isort: skip

DOC = "tianjin-doc.ofd"
SIGNER = "status/tianjin-sm2"


def reference() -> tuple[str, int]:
    status = b.verdict(DOC).licence.status  # type: ignore[union-attr]
    assert status is not None
    return status.list, status.index


def made(
    code: int = 0, *, signer: str = SIGNER, uri: str = "", size: int = 4096,
    issued: datetime = b.NOW, expires: datetime = b.SOON,
) -> bytes:  # fmt: skip
    own, index = reference()
    states = {index: code} if index < size else {}
    return status_list.status_list(
        b.desk().world.credential(signer), uri=uri or own, states=states, size=size,
        issued=issued, expires=expires,
    )  # fmt: skip


def payload(**changes: Any) -> bytes:
    """A signed list whose JSON is changed; None leaves a member out."""
    return sealed(payload_json(**changes))


def payload_json(**changes: Any) -> bytes:
    packed = urlsafe_b64encode(zlib.compress(bytes(2048))).rstrip(b"=").decode()
    members: dict[str, Any] = {
        "sub": reference()[0], "iat": int(b.NOW.timestamp()), "exp": int(b.SOON.timestamp()),
        "status_list": {"bits": 4, "lst": packed}, **changes,
    }  # fmt: skip
    return json.dumps({k: v for k, v in members.items() if v is not None}).encode()


def with_list(raw: bytes) -> TrustStore:
    trust = b.sample_trust()
    return replace(trust, status_lists={**trust.status_lists, reference()[0]: raw})


def sealed(content: bytes) -> bytes:
    return cms.sign(b.desk().world.credential(SIGNER), content=content, attached=True,
                    attributes=cms.Attributes(signing_time=b.NOW))  # fmt: skip


def asked(raw: bytes | None, **more: Any) -> tuple[str, str, str]:
    trust = more.pop("trust", b.sample_trust())
    lists = dict(trust.status_lists)
    lists.pop(reference()[0], None)
    if raw is not None:
        lists[reference()[0]] = raw
    report = b.verdict(DOC, trust=replace(trust, status_lists=lists), **more)
    (finding,) = b.only(report, "status.licence")
    assert (str(report.verdict) == "VALID") is (finding.outcome == "PASS")
    return str(finding.outcome), finding.reason, finding.values.get("detail", "")


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        (0, "PASS", ""), (1, "FAIL", "withdrawn"), (2, "FAIL", "suspended"),
        (0x0B, "FAIL", "superseded"), (0x0C, "FAIL", "transferred"),
        (0x0D, "FAIL", "pending"), (3, "UNKNOWN", "state-unknown"),
        (15, "UNKNOWN", "state-unknown"),
    ],
)  # fmt: skip
def test_states(code: int, outcome: str, reason: str) -> None:
    assert asked(made(code))[:2] == (outcome, reason)


def test_a_neighbours_state_is_not_ours() -> None:
    own, index = reference()
    states = {index ^ 1: 1, index + 2: 2}
    raw = status_list.status_list(
        b.desk().world.credential(SIGNER), uri=own, states=states, size=4096, issued=b.NOW,
        expires=b.SOON,
    )  # fmt: skip
    assert asked(raw)[0] == "PASS"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (lambda: made(uri="https://status.tj.example/lists/2"), "another-list"),
        (lambda: made(issued=b.day(2026, 1), expires=b.day(2026, 10)), "past-its-validity"),
        (lambda: made(issued=b.day(2026, 12)), "from-the-future"),
        (lambda: made(signer="status/shandong-sm2"), "signer-not-entitled"),
        (lambda: made(signer="sealers/tianjin-doc-sm2"), "signer-not-entitled"),
        (lambda: made(signer="rogue/tianjin-doc-sm2"), "signer-not-trusted"),
        (lambda: payload(exp=None, iat=int(b.day(2026, 9).timestamp())), "past-its-validity"),
    ],
)
def test_a_list_that_may_not_speak_is_no_news(raw: Any, problem: str) -> None:
    assert asked(raw()) == ("UNKNOWN", "list-unusable", problem)


def test_a_bad_state_in_a_list_that_may_not_speak_is_no_proof() -> None:
    assert asked(made(1, signer="status/shandong-sm2"))[0] == "UNKNOWN"


def test_a_list_without_an_end_is_good_for_as_long_as_the_policy_says() -> None:
    raw = payload(exp=None, iat=int(b.day(2026, 10, 1).timestamp()))
    assert asked(raw)[0] == "UNKNOWN"
    assert asked(raw, policy=Policy(status_age=timedelta(days=40)))[0] == "PASS"


def test_out_of_range_and_absent_are_open_questions() -> None:
    assert asked(made(size=0))[:2] == ("UNKNOWN", "out-of-range")
    assert asked(None)[:2] == ("UNKNOWN", "list-absent")


def test_a_changed_list_is_not_believed() -> None:
    raw = made()
    packed = json.loads(raw[raw.index(b'{"sub"') : raw.index(b"}}") + 2])["status_list"]["lst"]
    at = raw.index(packed.encode()) - 30
    for step in range(0, 60, 7):
        changed = raw[: at + step] + bytes([raw[at + step] ^ 1]) + raw[at + step + 1 :]
        assert asked(changed)[0] == "UNKNOWN"


def test_a_revoked_signer_is_not_believed() -> None:
    entities = b.desk().world.entities
    ca = entities["ca/national-sm2"]
    serial = b.read_certificate(entities[SIGNER].certificate).serial
    crl = b.crl(b.Made(ca.subject, ca.key, ca.certificate), b.entry(serial, b.day(2026, 5)))
    trust = replace(b.sample_trust(), crls=(*b.sample_trust().crls, crl))
    assert asked(made(), trust=trust)[2] == "signer-revoked"


def test_an_entry_without_a_code_does_not_speak_for_issuers_without_one() -> None:
    def drop(entry: Service) -> Service:
        return replace(entry, uscc="") if entry.service == "status" else entry

    trust = b.with_services(b.sample_trust(), drop)
    assert asked(made(), trust=trust)[2] == "signer-not-entitled"


def test_a_signer_whose_entry_has_ended_is_not_believed() -> None:
    def end(entry: Service) -> Service:
        return replace(entry, ends=b.day(2026, 6)) if entry.service == "status" else entry

    trust = b.with_services(b.sample_trust(), end)
    assert asked(made(), trust=trust)[2] == "signer-not-entitled"


def _bomb() -> bytes:
    machine = zlib.compressobj(1)
    block = bytes(1 << 20)
    packed = b"".join(machine.compress(block) for _ in range(80)) + machine.flush()
    return payload(status_list={"bits": 4, "lst": urlsafe_b64encode(packed).decode()})


def test_a_list_signed_with_a_weak_digest_is_not_believed() -> None:
    """SHA-1: RSA over signed attributes that a collision could replace."""
    from elicense.crypto import algorithms, der
    from elicense.issuing import cms as writing

    own = b.desk().world.credential("status/tianjin-rsa")
    content = payload_json()
    attributes = der.set_(
        writing._attribute(writing._CONTENT_TYPE, der.oid(writing.DATA)),
        writing._attribute(
            writing._MESSAGE_DIGEST, der.octets(algorithms.digest("sha1", content))
        ),
    )
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    pem = (b.CERTS / "keys/status/tianjin-rsa.pem").read_bytes()
    key: Any = serialization.load_pem_private_key(pem, None)
    value = key.sign(attributes, padding.PKCS1v15(), hashes.SHA1())
    sha1 = der.seq(der.oid("1.3.14.3.2.26"), der.null())
    issuer, serial = writing.issuer_and_serial(own.certificate)
    info = der.seq(
        der.integer(1), der.seq(issuer, serial), sha1, der.implicit(0, attributes),
        der.seq(der.oid("1.2.840.113549.1.1.5"), der.null()), der.octets(value),
    )  # fmt: skip
    body = der.seq(
        der.integer(1), der.set_(sha1),
        der.seq(der.oid(writing.DATA), der.explicit(0, der.octets(content))),
        der.implicit(0, der.set_(own.certificate, *own.chain)), der.set_(info),
    )  # fmt: skip
    raw = der.seq(der.oid(writing.SIGNED_DATA), der.explicit(0, body))
    assert asked(raw) == ("UNKNOWN", "list-unusable", "weak-algorithm")


def test_ages_are_told() -> None:
    report = b.verdict(DOC, trust=with_list(made(issued=b.NOW - timedelta(days=3))))
    (finding,) = b.only(report, "status.licence")
    assert "3 days old" in finding.message("en") and "3 天前" in finding.message("zh")
    report = b.verdict(DOC, trust=with_list(made(2)))
    (finding,) = b.only(report, "status.licence")
    assert "less than a day old" in finding.message("en")
    assert "不到一天前" in finding.message("zh")


GOOD_PACK = urlsafe_b64encode(zlib.compress(bytes(64))).decode()


@pytest.mark.parametrize(
    "raw",
    [
        lambda: b"", lambda: b"\x30\x00", lambda: b"{}", lambda: sealed(b"[]"),
        lambda: sealed(b"\xff"), lambda: sealed(b"[" * 100_000), lambda: sealed(b"1" * 5000),
        lambda: sealed(b'{"sub": "a", "sub": "b"}'), lambda: payload(sub=3),
        lambda: payload(iat="x"), lambda: payload(iat=-1), lambda: payload(iat=1 << 39),
        lambda: payload(exp=1 << 39), lambda: payload(exp=True), lambda: payload(status_list=[]),
        lambda: payload(status_list={"bits": 8, "lst": GOOD_PACK}),
        lambda: payload(status_list={"bits": 4, "lst": "!!"}),
        lambda: payload(status_list={"bits": 4, "lst": "é"}),
        lambda: payload(status_list={"bits": 4, "lst": GOOD_PACK[:8]}),
        lambda: payload(status_list={"bits": 4, "lst": GOOD_PACK + "AAAA"}),
        lambda: payload(ttl="1"), lambda: payload(ttl=0), lambda: payload(audit_head=[]),
        lambda: payload(more=[0] * 5000), lambda: payload(more=[{}] * 5000),
        _bomb,
    ],
)  # fmt: skip
def test_hostile_lists_are_unreadable_and_nothing_else_is_raised(raw: Any) -> None:
    assert asked(raw())[:2] == ("UNKNOWN", "list-unreadable")


# -- more lists of the caller ----------------------------------------------------------------


def given(status: Any, **more: Any) -> elicense.Report:
    data = (b.SAMPLES / DOC).read_bytes()
    told = {"trust": b.sample_trust(), "at": b.NOW, "now": b.NOW, **more}
    return elicense.verify(data, status=status, **told)


def state(report: elicense.Report) -> tuple[str, str]:
    (finding,) = b.only(report, "status.licence")
    return str(finding.outcome), finding.reason


def test_a_list_just_fetched_counts_and_is_named_in_the_digest() -> None:
    fresh = made(2)
    assert state(given(())) == ("PASS", "")
    for one in (fresh, bytearray(fresh), memoryview(fresh), [fresh], (made(uri="x:y"), fresh)):
        assert state(given(one)) == ("FAIL", "suspended")
    digests = {given(s).trust.digest for s in ((), fresh, [fresh, made(uri="x:y")])}
    assert len(digests) == 3 and given(fresh).trust.digest in digests


def test_of_several_lists_the_latest_that_may_speak_counts() -> None:
    suspended = made(2, issued=b.NOW - timedelta(days=2))
    again = made(0, issued=b.NOW - timedelta(days=1))
    assert state(given([suspended, again])) == state(given([again, suspended])) == ("PASS", "")
    # neither an older one nor one that may not speak takes the good one away
    for bad in (made(1, issued=b.day(2025, 6)), made(1, signer="status/shandong-sm2"),
                made(1, signer="rogue/tianjin-doc-sm2")):  # fmt: skip
        assert state(given(bad)) == ("PASS", "")
    absent = replace(b.sample_trust(), status_lists={})
    assert state(given(made(), trust=absent)) == ("PASS", "")
    assert state(given(made(1, signer="rogue/tianjin-doc-sm2"), trust=absent)) == (
        "UNKNOWN", "list-unusable",
    )  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"{}", b"0" * 100, lambda: sealed(b"[]")])
def test_what_is_no_list_is_an_error_that_names_it(raw: Any) -> None:
    bad = raw() if callable(raw) else raw
    with pytest.raises(elicense.InputError) as caught:
        given([made(), bad])
    assert caught.value.place == "status[1]"


# -- what took its place ---------------------------------------------------------------------


def index_of(*entries: Entry, signer: str = SIGNER, **more: Any) -> bytes:
    times = {"issued": b.NOW - timedelta(days=1), "expires": b.SOON, **more}
    return status_index.make(entries, signer=b.desk().world.credential(signer), **times)


def own(**changes: Any) -> Entry:
    licence = b.verdict(DOC).licence
    assert licence is not None
    return replace(Entry(licence.identifier, *reference(), licence.number), **changes)


def later() -> Entry:
    parts = parse_identifier(own().identifier)
    identifier = format_identifier(
        type=parts.type, issuer=parts.issuer, serial=parts.serial, version=2
    )
    return Entry(identifier, reference()[0], 55, own().number)


def with_index(*raw: bytes, code: int = 0, **more: Any) -> elicense.Report:
    trust = replace(more.pop("trust", with_list(made(code))), status_indexes=raw)
    return b.verdict(DOC, trust=trust, **more)


def version(report: elicense.Report) -> list[tuple[str, str]]:
    return [(str(f.outcome), f.reason) for f in b.only(report, "status.version")]


def sentences(report: elicense.Report, code: str = "status.licence") -> str:
    return " ".join(f.message(la) for f in b.only(report, code) for la in ("zh", "en"))


def test_an_index_proves_that_there_is_no_later_version() -> None:
    report = with_index(index_of(own()))
    assert (state(report), version(report)) == (("PASS", ""), [("PASS", "")])
    assert report


def test_without_an_index_the_report_says_what_was_not_looked_up() -> None:
    report = with_index()
    assert version(report) == [("SKIPPED", "no-index")] and report
    other = index_of(replace(later(), identifier=x.GUANGDONG_DOC.identifier))
    report = with_index(other)
    assert version(report) == [("SKIPPED", "not-listed")] and report
    assert "status list alone" in sentences(report, "status.version")


@pytest.mark.parametrize("code", [0, 0x0B])
def test_superseded_names_the_newer_version(code: int) -> None:
    report = with_index(index_of(own(), later()), code=code)
    assert (state(report), str(report.verdict)) == (("FAIL", "superseded"), "INVALID")
    told = sentences(report)
    assert "第 002 版" in told and "version 002" in told and told.count(later().identifier) == 2
    assert "authentic but superseded by version 002" in told
    source = "status index of 2026-10-31, 1 day old" if code == 0 else "status list of 2026-11-01"
    assert source in told
    assert version(report) == []


def test_the_list_alone_says_superseded_without_a_name() -> None:
    report = with_index(code=0x0B)
    assert state(report) == ("FAIL", "superseded")
    assert "by a later version (" in sentences(report) and "已被新版本取代" in sentences(report)


def test_transferred_names_where_to() -> None:
    new = Successor("transferred", x.GUANGDONG_DOC.identifier, "广东海事局")
    for code in (0, 0x0C):
        report = with_index(index_of(own(successor=new)), code=code)
        assert (state(report), str(report.verdict)) == (("FAIL", "transferred"), "INVALID")
        assert f"to 广东海事局, {new.identifier}" in sentences(report)
        assert f"转出至广东海事局的 {new.identifier}" in sentences(report)
    assert "to another authority" in sentences(with_index(code=0x0C))


def test_an_index_proves_it_without_any_list() -> None:
    trust = replace(b.sample_trust(), status_lists={})
    assert state(with_index(index_of(own()), trust=trust)) == ("UNKNOWN", "list-absent")
    assert state(with_index(index_of(own(), later()), trust=trust)) == ("FAIL", "superseded")


def test_a_withdrawal_stays_one_whatever_came_later() -> None:
    report = with_index(index_of(own(), later()), code=1)
    assert state(report) == ("FAIL", "withdrawn") and version(report) == [("WARN", "newer")]


BAD_INDEXES = {
    "signer-not-entitled": lambda *e: index_of(*e, signer="status/shandong-sm2"),
    "signer-not-trusted": lambda *e: index_of(*e, signer="rogue/tianjin-doc-sm2"),
    "past-its-validity": lambda *e: index_of(
        *e, issued=b.day(2026, 1), expires=b.day(2026, 10)
    ),
    "from-the-future": lambda *e: index_of(*e, issued=b.day(2026, 12)),
    "broken": lambda *e: _spoilt(index_of(*e)),
}


def _spoilt(raw: bytes) -> bytes:
    at = raw.index(b'"iat":') + 7
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


@pytest.mark.parametrize("problem", BAD_INDEXES)
def test_an_index_that_may_not_speak_is_never_worse_than_none(problem: str) -> None:
    alone = with_index(BAD_INDEXES[problem](own()))
    assert (state(alone), version(alone)) == (("PASS", ""), [("WARN", "index-unusable")]) and alone
    named = with_index(BAD_INDEXES[problem](own(), later()))
    assert state(named) == ("PASS", "") and named
    assert version(named) == [("WARN", "index-unusable-newer")]
    (finding,) = b.only(named, "status.version")
    assert finding.detail == problem and later().identifier in finding.message("zh")
    (finding,) = b.only(with_index(BAD_INDEXES[problem](own(), later()), code=0x0B),
                        "status.licence")  # fmt: skip
    assert later().identifier not in finding.message("en")


def test_a_policy_may_insist_on_a_usable_index() -> None:
    policy = Policy(weights={"status.version": "FAIL"})
    assert not with_index(BAD_INDEXES["broken"](own()), policy=policy)
    assert with_index(index_of(own()), policy=policy)


def test_a_bad_index_does_not_hide_a_good_one() -> None:
    good, bad = index_of(own(), later()), BAD_INDEXES["from-the-future"](own())
    for pair in ((good, bad), (bad, good)):
        assert state(with_index(*pair)) == ("FAIL", "superseded")
    report = with_index(b"\x30\x00", index_of(own()))
    assert version(report) == [("WARN", "index-unreadable"), ("PASS", "")] and report


def test_the_later_of_two_indexes_counts() -> None:
    old = index_of(own(), issued=b.NOW - timedelta(days=9))
    for pair in ((old, index_of(own(), later())), (index_of(own(), later()), old)):
        assert state(with_index(*pair)) == ("FAIL", "superseded")


def test_another_place_in_the_index_is_a_remark() -> None:
    report = with_index(index_of(own(index=77)))
    assert version(report) == [("WARN", "place-differs"), ("PASS", "")] and report


def test_the_superseded_sample_names_its_successor() -> None:
    report = b.verdict("superseded.ofd")
    assert state(report) == ("FAIL", "superseded")
    assert x.SUPERSEDED.identifier.replace(".001.", ".002.")[:-1] in sentences(report)


def test_an_index_given_by_the_caller_counts_too() -> None:
    assert state(given(index_of(own(), later()))) == ("FAIL", "superseded")


# -- packing ---------------------------------------------------------------------------------


_SOME = st.integers(1, 300).flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.dictionaries(st.integers(0, size - 1), st.integers(0, 15), max_size=60),
    )
)


@settings(max_examples=100, deadline=None)
@given_(_SOME)
def test_what_is_packed_is_read_back(case: tuple[int, dict[int, int]]) -> None:
    size, codes = case
    raw = status_list.making.make("x:y", codes, size=size, issued=b.NOW,
                                  signer=b.desk().world.credential(SIGNER))  # fmt: skip
    found = read_status_list(raw)
    assert found.size == size + size % 2
    assert [found.code(n) for n in range(size)] == [codes.get(n, 0) for n in range(size)]
    changes = {n: 15 - code for n, code in codes.items()}
    later_list = status_list.making.update(
        raw, changes, signer=b.desk().world.credential(SIGNER), issued=b.SOON, force=True
    )
    found = read_status_list(later_list)
    assert [found.code(n) for n in range(size)] == [changes.get(n, 0) for n in range(size)]
