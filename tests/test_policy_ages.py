"""How old a policy lets revocation data and trust stores be: both sides of each boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import trust_builders as b
from elicense.errors import UsageError
from elicense.findings import Outcome
from elicense.policy import DEFAULT, Policy, shipped_names
from elicense.trust.revocation import Ages
from elicense.verdict import Verdict

CA = b.make("CA")
LEAF = b.make("Leaf", CA, *b.SIGNING)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SAMPLE = "tianjin-doc.ofd"
LISTS_FROM = b.day(2026)  # thisUpdate of every list of the test store
STORE_FROM = b.day(2026)
HEAD = 'schema = "elicense-policy/1"\n'


def state(*, crl_age: timedelta, age: timedelta | None, proven: bool = False) -> str:
    found = b.state(LEAF, CA, crls=(b.crl(CA, this=b.NOW - crl_age),), proven=proven,
                    ages=Ages(crl=age))  # fmt: skip
    return found.problem or found.state


@pytest.mark.parametrize(
    ("crl_age", "age", "expected"),
    [
        (7 * DAY, 7 * DAY, "good"),
        (7 * DAY + SECOND, 7 * DAY, "too-old"),
        (300 * DAY, None, "good"),
        (timedelta(0), 1 * DAY, "good"),
    ],
)
def test_a_list_may_be_as_old_as_the_policy_says(crl_age, age, expected: str) -> None:
    assert state(crl_age=crl_age, age=age) == expected


@pytest.mark.parametrize(("old", "expected"), [(DAY, "good"), (DAY + SECOND, "too-old")])
def test_so_may_an_answer(old: timedelta, expected: str) -> None:
    answer = b.ocsp(CA, b.single(LEAF, CA, this=b.NOW - old), produced=b.NOW - old)
    found = b.state(LEAF, CA, ocsps=(answer,), ages=Ages(ocsp=DAY))
    assert (found.problem or found.state) == expected


def test_the_age_of_lists_is_no_bound_on_answers_nor_the_other_way_round() -> None:
    answer = b.ocsp(CA, b.single(LEAF, CA, this=b.NOW - 9 * DAY), produced=b.NOW - 9 * DAY)
    assert b.state(LEAF, CA, ocsps=(answer,), ages=Ages(crl=DAY)).state == "good"
    assert b.state(LEAF, CA, crls=(b.crl(CA, this=b.NOW - 9 * DAY),),
                   ages=Ages(ocsp=DAY)).state == "good"  # fmt: skip


def test_a_proven_moment_needs_no_young_list() -> None:
    old = b.crl(CA, this=b.day(2026, 3, 2))
    found = b.state(LEAF, CA, crls=(old,), moment=b.day(2026, 3), proven=True,
                    ages=Ages(crl=DAY))  # fmt: skip
    assert found.state == "good"


def test_bad_news_is_never_too_old() -> None:
    old = b.crl(CA, b.entry(LEAF, b.day(2026, 3)), this=b.day(2026, 3, 2))
    assert b.state(LEAF, CA, crls=(old,), ages=Ages(crl=DAY)).state == "revoked"


def judged(policy: Policy, now: datetime, **changes):
    return b.verdict(SAMPLE, policy=policy, at=now, trust=replace(b.sample_trust(), **changes))


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (replace(DEFAULT, revocation_age=100 * DAY), Verdict.VALID),
        (replace(DEFAULT, revocation_age=99 * DAY), Verdict.INDETERMINATE),
        (replace(DEFAULT, crl_age=100 * DAY, revocation_age=DAY), Verdict.VALID),
        (replace(DEFAULT, crl_age=99 * DAY, revocation_age=3660 * DAY), Verdict.INDETERMINATE),
    ],
)
def test_a_licence_is_open_where_its_lists_are_too_old(policy: Policy, verdict: Verdict) -> None:
    # the sample carries a timestamp, so nothing of the seal itself must be current: the
    # signer of the timestamp and of the status list must be
    report = judged(policy, LISTS_FROM + 100 * DAY)
    assert report.verdict is verdict
    if verdict is not Verdict.VALID:
        words = {(f.code, f.reason, f.values.get("detail")) for f in report.findings
                 if f.outcome is Outcome.UNKNOWN}  # fmt: skip
        assert any("too-old" in item or "signer-revocation-unknown" in item for item in words)


@pytest.mark.parametrize(
    ("days", "issued", "outcome", "reason"),
    [
        (100, STORE_FROM, Outcome.PASS, "young"),
        (99, STORE_FROM, Outcome.UNKNOWN, "too-old"),
        (99, None, Outcome.UNKNOWN, "undated"),
        (None, STORE_FROM, Outcome.WARN, "no-date"),
        (None, None, Outcome.WARN, "no-date"),
        (99, STORE_FROM + 101 * DAY, Outcome.UNKNOWN, "from-the-future"),
    ],
)
def test_a_store_without_a_next_update_has_the_policys(days, issued, outcome, reason: str) -> None:
    policy = replace(DEFAULT, trust_age=days and timedelta(days=days))
    report = judged(policy, STORE_FROM + 100 * DAY, issued=issued, next_update=None)
    (found,) = b.only(report, "trust.age")
    assert (found.outcome, found.reason) == (outcome, reason)
    assert found.message("zh") and found.message("en") and "—" not in found.message("en")
    assert (report.verdict is Verdict.VALID) is (outcome is not Outcome.UNKNOWN)


def test_a_store_that_names_its_end_has_that_end_alone() -> None:
    policy = replace(DEFAULT, trust_age=DAY)
    assert judged(policy, STORE_FROM + 100 * DAY).verdict is Verdict.VALID


KEYS = ("status_age_days", "revocation_age_days", "crl_age_days", "trust_age_days")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["0", "3661", "true", "1.5", '"7"', "-1", "[]"])
def test_an_age_is_a_number_of_days(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=key):
        Policy.from_toml(f"{HEAD}{key} = {value}\n")


@pytest.mark.parametrize("key", KEYS)
def test_an_age_reads_back(key: str) -> None:
    for days in (1, 3660):
        policy = Policy.from_toml(f"{HEAD}name = 'x'\n{key} = {days}\n")
        assert getattr(policy, key.removesuffix("_days")) == timedelta(days=days)
        assert Policy.from_toml(policy.to_toml()) == policy


def test_half_a_day_cannot_be_written() -> None:
    with pytest.raises(UsageError, match="crl_age"):
        replace(DEFAULT, crl_age=DAY / 2).to_toml()


@pytest.mark.parametrize("name", shipped_names())
def test_the_manual_names_the_bounds_of_our_policies(name: str) -> None:
    text = b.CERTS.parent.parent.joinpath("docs/policies.md").read_text("utf-8")
    policy = Policy.load(name)
    assert policy.revocation_age is None and policy.crl_age is None
    said = f"`{name}` {policy.trust_age.days}" if policy.trust_age else ""
    assert said in text and (said or f"`{name}` 3" not in text)
