"""Samples judged under signed trust lists, and what the report says of the lists."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import list_publisher as p
import trust_builders as b
from elicense.crypto.certificate import read_certificate
from elicense.report import Report
from elicense.trust.list_store import StatusLists, status_uri
from elicense.trust.service import Service
from elicense.trust.store import TrustStore

SAMPLE = "tianjin-doc.ofd"
EXPECTED = json.loads((b.SAMPLES / "expected.json").read_text("utf-8"))["samples"]


def store(operator: p.Operator | None = None, *more: bytes) -> TrustStore:
    operator = operator or p.of_folder()
    return TrustStore.load_bundle(p.sample_bundle(operator, *more), operators=[operator.pin])


def region(operator: p.Operator, area: str) -> p.Region:
    return next(r for r in operator.regions if r.area == area)


def told(report: Report, code: str) -> list[tuple[str, str, str]]:
    return [(f.subject, str(f.outcome), f.reason) for f in report.findings if f.code == code]


SHARED = store()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_signed_lists_give_the_same_verdicts_as_the_folder(name: str) -> None:
    if "verdict" not in EXPECTED[name]:
        pytest.skip("no sample that is judged alone")
    assert b.verdict(name, trust=SHARED).verdict == b.verdict(name).verdict


def test_each_list_that_was_used_is_named_with_its_age() -> None:
    report = b.verdict(SAMPLE, trust=SHARED)
    assert report.verdict == "VALID"
    assert told(report, "trust.lists") == [("trust", "PASS", "")]
    ages = told(report, "trust.age")
    assert ("trust", "PASS", "") in ages and ("trust:120000", "PASS", "") in ages
    assert not any(subject == "trust:440000" for subject, _, _ in ages)
    for language in ("zh", "en"):
        for finding in report.findings:
            if finding.code.startswith("trust."):
                assert "—" not in finding.message(language) and "{" not in finding.message(language)


def late(operator: p.Operator, area: str) -> p.Operator:
    """The region's list has been overdue since 25 October 2026."""
    region(operator, area).publish(at=b.day(2026, 10, 16), next_update="2026-10-24T16:00:00Z")
    return operator


def test_a_stale_list_that_the_answer_rests_on_makes_valid_impossible() -> None:
    report = b.verdict(SAMPLE, trust=store(late(p.of_folder(), "120000")))
    assert report.verdict == "INDETERMINATE"
    assert [f.code for f in report.deciding] == ["trust.age"]
    finding = report.deciding[0]
    assert (finding.subject, finding.reason) == ("trust:120000", "list")
    assert "7 days ago" in finding.message("en") and "逾期 7 天" in finding.message("zh")
    assert finding.advice("zh") and finding.advice("en")


def test_a_stale_list_of_another_region_is_a_remark() -> None:
    report = b.verdict(SAMPLE, trust=store(late(p.of_folder(), "440000")))
    assert report.verdict == "VALID"
    assert ("trust:440000", "WARN", "other-list") in told(report, "trust.age")


def test_a_stale_national_list_counts_where_its_timestamp_was_used() -> None:
    report = b.verdict(SAMPLE, trust=store(late(p.of_folder(), "national")))
    assert ("trust:national", "UNKNOWN", "list") in told(report, "trust.age")
    assert report.verdict == "INDETERMINATE"


def test_a_stale_list_of_lists_makes_valid_impossible_for_everybody() -> None:
    trust = store()
    now = b.day(2026, 12, 25)
    report = b.verdict(SAMPLE, trust=trust, at=b.NOW, now=now)
    assert ("trust", "UNKNOWN", "list") in told(report, "trust.age")
    assert report.verdict == "INDETERMINATE"


def test_a_clock_behind_the_lists_leaves_the_question_open() -> None:
    report = b.verdict(SAMPLE, trust=SHARED, at=b.day(2026, 10, 1))
    assert told(report, "trust.lists") == [("trust", "UNKNOWN", "clock")]
    assert report.verdict == "INDETERMINATE"
    (finding,) = b.only(report, "trust.lists")
    assert "2026-10-01 00:00" in finding.message("zh") and "2026-10-20" in finding.message("en")
    nearly = SHARED.newest_issued
    assert nearly is not None
    report = b.verdict(SAMPLE, trust=SHARED, at=nearly - timedelta(minutes=4))
    assert ("trust", "UNKNOWN", "clock") not in told(report, "trust.lists")


def test_without_a_list_of_lists_nobody_is_trusted_and_the_report_says_so() -> None:
    operator = p.of_folder()
    data = p.sample_bundle(operator)
    trust = TrustStore.load_bundle(data, operators=[p.maker("stranger").der])
    report = b.verdict(SAMPLE, trust=trust)
    assert report.verdict == "INDETERMINATE"
    assert ("trust", "UNKNOWN", "none") in told(report, "trust.lists")
    assert ("trust", "WARN", "refused") in told(report, "trust.lists")


def test_a_refused_list_is_told_and_the_good_one_counts() -> None:
    operator = p.of_folder()
    own = region(operator, "120000")
    own.sequence += 5
    forged = p.signed(own.value(), p.maker("nobody"))
    own.sequence -= 5
    report = b.verdict(SAMPLE, trust=store(operator, forged))
    assert report.verdict == "VALID"
    (finding,) = b.only(report, "trust.lists", "WARN")
    assert "none of its signatures" in finding.message("en")
    assert finding.message("zh").startswith("“120000 #6”未被采用：没有任何一个签名")


def test_two_lists_of_one_number_leave_the_question_open() -> None:
    operator = p.of_folder()
    own = region(operator, "120000")
    honest = own.publish(at=b.day(2026, 10, 18))
    own.sequence -= 1
    other = own.publish(at=b.day(2026, 10, 18), name="another")
    own.last = honest
    operator.entries["120000"] |= {"sequence": 1, "sha256": "0" * 64}
    report = b.verdict(SAMPLE, trust=store(operator, other))
    assert ("trust", "UNKNOWN", "fork") in told(report, "trust.lists")
    assert report.verdict == "INDETERMINATE"


# -- states of an entry ---------------------------------------------------------------------


def with_history(*changes: tuple[str, str]) -> TrustStore:
    """Tianjin's sealers with these (since, state)."""
    operator = p.of_folder()
    own = region(operator, "120000")
    for authority in own.authorities:
        for service in authority["services"]:
            if service["service"] == "sealer":
                service |= {
                    "state": changes[-1][1],
                    "history": [{"since": s, "state": state} for s, state in changes],
                }
    own.publish(at=b.day(2026, 10, 16))
    return store(operator)


LONG_AGO, EARLIER, LATER = "2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-10-20T00:00:00Z"


def authority_outcome(report: Report) -> set[tuple[str, str]]:
    return {(str(f.outcome), f.reason) for f in report.findings
            if f.code == "authority.licence-type"}  # fmt: skip


def test_an_active_entry_with_a_history_entitles() -> None:
    assert b.verdict(SAMPLE, trust=with_history((LONG_AGO, "active"))).verdict == "VALID"


def test_a_seal_made_while_the_entry_was_suspended_is_not_valid() -> None:
    proven = b.verdict(SAMPLE).evidence.signatures[0].timestamps[0].time
    before = f"{proven - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    after = f"{proven + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    trust = with_history((LONG_AGO, "active"), (before, "suspended"), (after, "active"))
    report = b.verdict(SAMPLE, trust=trust)
    assert report.verdict == "INVALID"
    assert ("FAIL", "entry-not-in-force") in authority_outcome(report)


def test_a_seal_proven_older_than_the_suspension_stays_valid() -> None:
    proven = b.verdict(SAMPLE).evidence.signatures[0].timestamps[0].time
    since = f"{proven + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    for state in ("suspended", "ended"):
        trust = with_history((LONG_AGO, "active"), (since, state))
        assert b.verdict(SAMPLE, trust=trust).verdict == "VALID"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def entry(**more: Any) -> Service:
    values: dict[str, Any] = {"certificate": p.maker("s").der, "ca": None, **more}
    return Service("sealer", "120000", "a", "", **values)


def test_in_force_follows_the_history() -> None:
    changes = ((2020, "active"), (2022, "suspended"), (2023, "active"), (2025, "ended"))
    history = tuple((moment(f"{year}-01-01T00:00:00Z"), state) for year, state in changes)
    own = entry(history=history)
    answers = {year: own.in_force(moment(f"{year}-06-01T00:00:00Z")) for year in range(2019, 2027)}
    assert [year for year, yes in answers.items() if yes] == [2020, 2021, 2023, 2024]
    assert own.in_force(moment("2020-01-01T00:00:00Z"))
    assert not own.in_force(moment("2022-01-01T00:00:00Z"))
    bounded = entry(history=history, starts=moment("2021-01-01T00:00:00Z"),
                    ends=moment("2024-01-01T00:00:00Z"))  # fmt: skip
    assert not bounded.in_force(moment("2020-06-01T00:00:00Z"))
    assert not bounded.in_force(moment("2024-06-01T00:00:00Z"))


def test_a_suspension_without_a_way_back_ends_the_entry_for_whoever_proves_no_time() -> None:
    operator = p.of_folder()
    own = region(operator, "120000")
    service = own.authorities[0]["services"][0]
    service |= {"state": "ended", "until": "2040-01-01T00:00:00Z", "history": [
        {"since": LONG_AGO, "state": "active"}, {"since": EARLIER, "state": "suspended"},
        {"since": LATER, "state": "ended"}]}  # fmt: skip
    own.publish(at=b.day(2026, 10, 22))
    ended = [s for s in store(operator).services if s.history]
    assert [s.ends for s in ended] == [moment(EARLIER)]


# -- certificates that are read when asked for ----------------------------------------------


def test_a_certificate_is_read_when_it_is_asked_for() -> None:
    own = entry()
    read_certificate.cache_clear()
    assert own.names(p.maker("s").certificate) and not own.names(p.maker("t").certificate)
    assert isinstance(own.__dict__["_certificate"], bytes)
    assert own.certificate == p.maker("s").certificate
    assert not isinstance(own.__dict__["_certificate"], bytes)


def test_a_certificate_that_cannot_be_read_names_nobody() -> None:
    rubbish = b"\x30\x82\x01\x00" + bytes(256)
    own = entry(certificate=rubbish)
    assert own.certificate is None and not own.names(p.maker("s").certificate)
    bad_ca = entry(certificate=None, ca=rubbish, subject={"common_name": "s"})
    assert bad_ca.ca is None and not bad_ca.names(p.maker("s").certificate)


def test_an_entry_with_both_constraints_needs_both() -> None:
    ca, uscc = p.ca("a ca"), p.code("120000", 1)
    leaf = b.make("leaf", ca, *b.SIGNING, family="sm2").certificate
    subject = {"common_name": "leaf"}
    values: dict[str, Any] = {"certificate": None, "ca": ca.der, "subject": subject}
    assert replace(entry(**values), uscc=uscc).names(leaf)
    assert not replace(entry(**values, uscc_bound=True), uscc=uscc).names(leaf)


def test_an_entry_of_a_list_is_made_like_any_other() -> None:
    names = {field.name for field in fields(Service)} - {"certificate", "ca"}
    for own in SHARED.services:
        assert set(own.__dict__) == names | {"_certificate", "_ca"}
        plain = Service(**{name: getattr(own, name) for name in (*names, "certificate", "ca")})
        assert plain == own and replace(own) == own


def test_entries_are_equal_copied_and_pickled_like_any_value() -> None:
    own = entry()
    again = pickle.loads(pickle.dumps(own))
    assert again == own and replace(own, region="370000") != own
    assert entry(certificate=p.maker("s").certificate) == own
    whole = pickle.loads(pickle.dumps(SHARED))
    assert whole == SHARED


# -- status lists ---------------------------------------------------------------------------


def test_status_lists_are_found_by_their_own_uri() -> None:
    folder = b.sample_trust().status_lists
    assert dict(SHARED.status_lists) == dict(folder) and len(SHARED.status_lists) == len(folder)
    assert SHARED.status_lists.get("https://nowhere.example/") is None


def test_of_two_minds_or_none_the_whole_list_is_read() -> None:
    key = p.maker("s")
    inner = {"sub": "https://a.example/1", "status_list": {"sub": "https://b.example/2"}}
    assert status_uri(p.signed(inner, key)) == "https://a.example/1"
    escaped = b'{"sub": "https:\\/\\/a.example\\/1"}'
    assert status_uri(p.signed(escaped, key)) == "https://a.example/1"
    assert status_uri(p.signed({"lst": "x" * 20_000, "x": {"sub": 1}}, key)) == ""
    hidden = {"a": "x" * 9000, "sub": "https://mid.example/", "z": "x" * 9000}
    assert status_uri(p.signed(hidden, key)) == "https://mid.example/"
    for rubbish in (b"", b"\x30\x80", p.signed(b"[]", key), p.signed(b"{", key)):
        assert status_uri(rubbish) == ""
    assert dict(StatusLists((b"", p.signed(hidden, key)), {})) == {
        "https://mid.example/": p.signed(hidden, key)
    }
