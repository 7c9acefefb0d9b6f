"""Month arithmetic, windows and the engine over any dates: properties, and no exception."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import profiles
from elicense.errors import UsageError
from elicense.licence import ENDORSEMENT_STATES, Endorsement
from elicense.maritime.dates import (
    add_days,
    anniversaries,
    anniversary,
    china_day,
    last_reaching,
    window,
)
from elicense.maritime.engine import judge
from elicense.maritime.facts import Certificate, Predecessor, effective_expiry
from elicense.maritime.rules import load, rules
from elicense.maritime.states import State, box_states
from elicense.maritime.timeline import spans
from elicense.months import add_months

DAYS = st.dates()
ORDINARY = st.dates(date(1999, 1, 1), date(2200, 12, 31))
MONTHS = st.integers(-1200, 1200)
KINDS = ("annual-1", "annual-2", "annual-3", "annual-4", "intermediate", "additional",
         "extension-13.12", "extension-13.13", "extension-13.14", "extension-14.3")  # fmt: skip
ENDORSEMENTS = st.builds(
    Endorsement, kind=st.sampled_from(KINDS), state=st.sampled_from(ENDORSEMENT_STATES),
    date=st.none() | DAYS, valid_until=st.none() | DAYS,
)  # fmt: skip
CERTIFICATES = st.builds(
    Certificate, type=st.sampled_from(["msa-doc", "msa-doc-interim", "msa-smc", "msa-smc-interim"]),
    regime=st.sampled_from(["ISM", "NSM", "other"]), issued=DAYS, start=DAYS, expiry=DAYS,
    completed=st.none() | DAYS, endorsements=st.none() | st.lists(ENDORSEMENTS).map(tuple),
    previous=st.none() | st.builds(Predecessor, expiry=DAYS, withdrawn=st.booleans()),
)  # fmt: skip


@given(DAYS, MONTHS)
def test_a_month_later_is_the_same_day_or_the_last_of_the_month(day: date, months: int) -> None:
    found = add_months(day, months)
    if found in {date.max, date.min}:
        return
    length = calendar.monthrange(found.year, found.month)[1]
    assert found.day == min(day.day, length)
    assert (found.year - day.year) * 12 + found.month - day.month == months


@given(DAYS, DAYS, MONTHS)
def test_adding_months_keeps_the_order(first: date, second: date, months: int) -> None:
    first, second = sorted((first, second))
    assert add_months(first, months) <= add_months(second, months)


@given(DAYS, st.integers(0, 24), st.integers(0, 24))
def test_a_window_contains_its_anchor(anchor: date, before: int, after: int) -> None:
    found = window(anchor, before=before, after=after)
    assert anchor in found
    assert found.start <= found.anchor <= found.end


@given(ORDINARY, ORDINARY)
def test_windows_move_with_their_anchors(first: date, second: date) -> None:
    first, second = sorted((first, second))
    a, b = (window(day, before=3, after=3) for day in (first, second))
    assert a.start <= b.start and a.end <= b.end


@given(ORDINARY, st.integers(0, 60))
def test_the_last_day_that_reaches_back_is_the_last(day: date, months: int) -> None:
    found = last_reaching(day, months)
    assert add_months(found, -months) <= day
    assert add_months(add_days(found, 1), -months) > day
    assert found >= add_months(day, months)


@given(ORDINARY, ORDINARY, st.integers(0, 6))
def test_anniversaries_lie_strictly_inside_and_in_order(first: date, second: date, most: int):
    start, expiry = sorted((first, second))
    found = list(anniversaries(start, expiry, most=most))
    assert len(found) <= most
    assert found == sorted(set(found))
    for day in found:
        assert start < day < expiry
        assert (day.month, min(day.day, 28)) == (expiry.month, min(expiry.day, 28))
    if found and len(found) < most:
        assert anniversary(expiry, len(found) + 1) <= start


@given(ORDINARY)
def test_a_five_year_document_has_four_anniversaries_a_year_apart(completed: date) -> None:
    expiry = add_days(add_months(completed, 60), -1)
    found = list(anniversaries(completed, expiry, most=4))
    assert found == [anniversary(expiry, years) for years in (4, 3, 2, 1)]


@given(CERTIFICATES, DAYS)
@settings(max_examples=400)
def test_the_engine_answers_for_any_dates(found: Certificate, today: date) -> None:
    rulings, lines = judge(found, today), spans(found, today)
    assert judge(found, today) == rulings
    assert all(ruling.rule in rules() for ruling in rulings)
    assert all(line.start <= line.end for line in lines if line.kind == "validity")
    assert effective_expiry(found, today) >= found.expiry
    for box in box_states(found, today):
        if box.state is State.OVERDUE:
            assert box.window is not None and today > box.window.end and box.made is None
        if box.state in {State.EARLY, State.LATE}:
            assert box.made is not None and box.made not in box.window and box.made <= today


@given(ORDINARY, st.dates(date(1999, 1, 1), date(2199, 1, 1)), st.integers(0, 4000))
def test_an_empty_box_only_ever_goes_on(completed: date, today: date, later: int) -> None:
    """upcoming, due, overdue: never back, and no later day makes a verification less due."""
    order = [State.UPCOMING, State.DUE_NOW, State.OVERDUE]
    found = Certificate("msa-doc", "ISM", completed, completed,
                        add_days(add_months(completed, 60), -1), completed)  # fmt: skip
    before = box_states(found, today)
    after = box_states(found, add_days(today, later))
    for a, b in zip(before, after, strict=True):
        assert order.index(a.state) <= order.index(b.state)


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_day_in_china_of_any_moment(moment: datetime) -> None:
    day = china_day(moment)
    assert timedelta(0) <= timedelta(days=(day - moment.date()).days) <= timedelta(days=1)


def test_the_day_in_china_at_the_ends_of_the_calendar() -> None:
    assert china_day(datetime(9999, 12, 31, 23, tzinfo=UTC)) == date.max
    east = timezone(timedelta(hours=14))
    assert china_day(datetime(1, 1, 1, 0, tzinfo=east)) == date.min


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2027-05-28T15:59:59+00:00", date(2027, 5, 28)),
        ("2027-05-28T16:00:00+00:00", date(2027, 5, 29)),
    ],
)
def test_the_day_changes_at_midnight_in_china(moment: str, day: date) -> None:
    assert china_day(datetime.fromisoformat(moment)) == day


# -- the rules as data


def test_all_rules_are_there_with_both_regimes() -> None:
    assert list(rules()) == [f"V{n}" for n in range(1, 23)]
    for rule in rules().values():
        assert {item.regime for item in rule.limits} == {"ISM", "NSM"}
        assert rule.zh and rule.en and rule.code.startswith("ism.")
        for item in rule.limits:
            number = rule.code.removeprefix("ism.")
            assert item.paragraph in {"", number}


def test_rules_and_licence_types_agree() -> None:
    """The longest terms and the boxes stand in the licence types too, for issuing."""
    for profile in profiles.all():
        for item in profile.limits:
            limit = rules()[item.rule].limit(item.regime, item.since)
            assert limit is not None and profile.id in rules()[item.rule].types
            assert (limit["months"], limit.paragraph) == (item.months, item.paragraph)
            assert (limit.since, limit.confirmed) == (item.since, item.confirmed)
        for box in profile.boxes:
            if box.rule:
                rule = rules()[box.rule]
                limit = rule.limit("ISM", date(2026, 1, 1))
                assert limit is not None and limit.paragraph == box.paragraph
                assert not box.extension_months or limit["months"] == box.extension_months
                assert not box.window_months or limit["before"] == box.window_months
                assert not rule.box or rule.box == box.kind


GOOD = """schema = "elicense-rules/1"
[[rule]]
id = "V1"
code = "ism.1"
types = []
zh = "甲"
en = "a"
in = [{ regime = "ISM", paragraph = "1", since = 1998-07-01, confirmed = false, months = 3 },
      { regime = "ISM", paragraph = "1", since = 2030-01-01, confirmed = true, months = 4 }]
"""


def test_a_limit_changes_on_its_day(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(GOOD, "utf-8")
    rule = load(path)["V1"]
    assert rule.limit("ISM", date(2029, 12, 31))["months"] == 3
    assert rule.limit("ISM", date(2030, 1, 1))["months"] == 4
    assert rule.limit("ISM", date(1998, 6, 30)) is None
    assert rule.limit("NSM", date(2029, 12, 31)) is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("elicense-rules/1", "elicense-rules/2", "schema"),
        ("types", "typos", "typos"),
        ("months = 3", "moths = 3", "moths"),
        ("months = 3", "months = 0", "positive"),
        ("since = 1998-07-01", 'since = "1998"', "since"),
        ('code = "ism.1"', "code = 1", "code"),
        ("[[rule]]", "[rule", "not readable"),
    ],
)
def test_a_misspelt_rule_is_refused_by_name(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(UsageError, match=says) as caught:
        load(path)
    assert caught.value.code == "rules.invalid"


def test_a_rule_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(GOOD + GOOD.split("\n", 1)[1], "utf-8")
    with pytest.raises(UsageError, match="twice"):
        load(path)
