"""The ism.* findings of a whole case: from the sealed data, its endorsements and its evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from functools import cache

import pytest

import elicense
from elicense import canonical, profiles
from elicense.checks import ism, licence
from elicense.checks.case import Case, judge_signatures
from elicense.checks.standing import World
from elicense.findings import Finding
from elicense.licence import Endorsement, Licence, Validity, load
from elicense.limits import DEFAULT_LIMITS
from elicense.maritime.facts import certificate
from elicense.policy import DEFAULT
from judging import AT, sample, trust


@cache
def base(name: str) -> Case:
    evidence = elicense.open(sample(name))
    world = World(trust(), AT, AT, DEFAULT_LIMITS)
    signatures, tokens = judge_signatures(evidence, world)
    data = evidence.claims.data
    found = load(data)
    return Case(evidence, world, DEFAULT, signatures, tokens, found, "",
                profiles.find(found.type), data)  # fmt: skip


def case(name: str, on: str, **changes) -> Case:
    at = datetime.fromisoformat(f"{on}T12:00+08:00")
    start = base(name)
    return replace(start, world=World(trust(), at, AT, DEFAULT_LIMITS),
                   licence=replace(start.licence, **changes))  # fmt: skip


def told(found: Case) -> set[tuple[str, str, str]]:
    return {(f.code, str(f.outcome), f.reason) for f in ism.ism(found)}


def in_force(found: Case) -> str:
    (answer,) = licence.dates(found)
    return str(answer.outcome)


def without_list(name: str) -> Licence:
    """The licence as read from data in which the list of endorsements does not stand."""
    tree = json.loads(base(name).licence_json)
    del tree["endorsements"]
    return load(json.dumps(tree).encode())


def test_a_new_document_owes_nothing_before_its_first_window_closes() -> None:
    found = told(case("tianjin-doc.ofd", "2026-11-01"))
    assert ("ism.13.4", "PASS", "upcoming") in found
    assert {outcome for _, outcome, _ in found} == {"PASS"}


def test_the_paragraphs_of_a_doc_and_of_an_smc_are_told_apart() -> None:
    doc = {code for code, _, _ in told(case("tianjin-doc.ofd", "2026-11-01"))}
    smc = {code for code, _, _ in told(case("guangdong-smc.ofd", "2026-11-01"))}
    assert doc == {"ism.1.1.11", "ism.13.2", "ism.13.4", "ism.13.6", "ism.renewal"}
    assert smc == {"ism.1.1.11", "ism.13.7", "ism.13.8", "ism.renewal"}
    interim = {code for code, _, _ in told(case("tianjin-smc-interim.ofd", "2026-11-01"))}
    assert interim == {"ism.14.2"}


def test_a_list_that_is_absent_is_not_an_empty_one() -> None:
    absent = case("tianjin-doc.ofd", "2027-05-29")
    absent = replace(absent, licence=without_list("tianjin-doc.ofd"))
    assert certificate(absent.licence).endorsements is None
    assert ("ism.13.4", "UNKNOWN", "unlisted") in told(absent)
    assert ("ism.13.6", "UNKNOWN", "hidden") in told(absent)
    empty = case("tianjin-doc.ofd", "2027-05-29")
    assert ("ism.13.4", "UNKNOWN", "overdue") in told(empty)
    assert ("ism.13.6", "PASS", "visible") in told(empty)


def test_a_masked_day_of_an_endorsement_is_not_visible() -> None:
    tree = json.loads(base("tianjin-doc-endorsed.ofd").licence_json)
    del tree["endorsements"][1]["date"]
    masked = replace(case("tianjin-doc-endorsed.ofd", "2026-11-01"),
                     licence=load(json.dumps(tree).encode()))  # fmt: skip
    assert ("ism.13.4", "UNKNOWN", "undated") in told(masked)
    assert ("ism.13.4", "PASS", "done") in told(masked)


def test_an_unknown_regime_is_an_open_question() -> None:
    fields = {**base("tianjin-doc.ofd").licence.fields, "regime": "XYZ"}
    found = told(case("tianjin-doc.ofd", "2026-11-01", fields=fields))
    assert found == {("ism.term", "UNKNOWN", "regime-unknown")}


def test_the_chinese_rules_are_named_without_a_paragraph_that_is_not_known() -> None:
    fields = {**base("tianjin-doc.ofd").licence.fields, "regime": "NSM"}
    found = case("tianjin-doc.ofd", "2026-11-01", fields=fields)
    (term,) = (f for f in ism.ism(found) if f.code == "ism.13.2")
    assert "NSM" in term.message("en") and "13.2" not in term.message("en")


@pytest.mark.parametrize(
    ("extra", "outcome"),
    [
        ({}, ("ism.13.2", "UNKNOWN", "renewal")),
        ({"renews": {"valid_until": "2026-05-31"}}, ("ism.13.10", "PASS", "renewal")),
        ({"renews": {"valid_until": "2026-04-30"}}, ("ism.13.10", "FAIL", "renewal")),
        ({"renews": {"valid_until": "no day"}}, ("ism.13.2", "UNKNOWN", "renewal")),
        ({"renews": {"valid_until": "2031-05-31", "state": "withdrawn"}},
         ("ism.reissue", "PASS", "keeps")),
    ],
)  # fmt: skip
def test_sealed_evidence_of_a_renewal_is_used(extra, outcome) -> None:
    until = Validity(date(2026, 3, 1), date(2026, 3, 1), date(2031, 5, 31))
    found = case("tianjin-doc.ofd", "2026-11-01", extra=extra, validity=until)
    assert outcome in told(found)


EXTENSION = Endorsement("extension-14.3", date=date(2026, 12, 20), valid_until=date(2027, 6, 30))


@pytest.mark.parametrize(
    ("on", "until", "rule", "dates"),
    [
        ("2026-12-31", date(2027, 6, 30), "PASS", "PASS"),
        ("2027-06-30", date(2027, 6, 30), "PASS", "PASS"),
        ("2027-07-01", date(2027, 6, 30), "PASS", "FAIL"),
        ("2027-06-30", date(2027, 7, 1), "FAIL", "PASS"),
        ("2027-07-01", date(2027, 7, 1), "FAIL", "FAIL"),
        ("2026-12-19", date(2027, 6, 30), "WARN", "PASS"),
    ],
)
def test_an_extension_made_with_a_new_version_counts_for_the_term(on, until, rule, dates) -> None:
    box = replace(EXTENSION, valid_until=until)
    found = case("tianjin-smc-interim.ofd", on, endorsements=(box,))
    assert [r for c, r, _ in told(found) if c == "ism.14.3"] == [rule]
    assert in_force(found) == dates


def test_without_an_extension_the_term_ends_on_its_last_day() -> None:
    assert in_force(case("tianjin-smc-interim.ofd", "2026-12-31")) == "PASS"
    assert in_force(case("tianjin-smc-interim.ofd", "2027-01-01")) == "FAIL"


def test_a_licence_of_another_kind_or_without_dates_has_no_such_rules() -> None:
    assert told(case("tianjin-doc.ofd", "2026-11-01", validity=Validity())) == set()
    assert told(case("tianjin-doc.ofd", "2026-11-01", type="other")) == set()
    assert told(replace(case("tianjin-doc.ofd", "2026-11-01"), licence=None)) == set()


def test_findings_name_the_box_in_both_languages() -> None:
    found: list[Finding] = list(ism.ism(case("tianjin-doc.ofd", "2027-05-29")))
    overdue = next(f for f in found if f.reason == "overdue")
    assert "第一次年度审核" in overdue.message("zh")
    assert "Annual verification 1" in overdue.message("en")
    assert "2027-05-28" in overdue.message("zh") and overdue.clause == "ISM Code 13.4"


def test_canonical_data_of_the_samples_has_a_list() -> None:
    tree = canonical.parse(base("tianjin-doc.ofd").licence_json, max_size=10**6, max_depth=64)
    assert tree["endorsements"] == ()
