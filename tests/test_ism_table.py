"""The decision table of the ISM and NSM rules, each case on its side of a boundary."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from elicense import profiles
from elicense.checks.ism import finding
from elicense.findings import Outcome
from elicense.licence import Endorsement
from elicense.maritime.engine import Ruling, judge
from elicense.maritime.facts import Certificate, Predecessor, _unextended, effective_expiry
from elicense.maritime.rules import rules
from elicense.maritime.states import BoxState, box_states

ROWS = tomllib.loads(Path(__file__).with_name("ism_table.toml").read_text("utf-8"))["row"]
TYPES = {"DOC": "msa-doc", "DOCi": "msa-doc-interim", "SMC": "msa-smc", "SMCi": "msa-smc-interim"}
STATES = {"upcoming", "due_now", "done", "early", "late", "overdue", "not_visible"}


def certificate(row: dict[str, Any]) -> Certificate:
    kind, completed, until = row["cert"].split()
    done = None if completed == "-" else date.fromisoformat(completed)
    start = row.get("start") or done
    interim = kind.endswith("i")
    renews = row.get("renews", "").split()
    made = Certificate(
        type=TYPES[kind],
        regime=row.get("regime", "ISM"),
        issued=row.get("issued") or start,
        start=start,
        expiry=date.fromisoformat(until),
        completed=None if interim else done,
        endorsements=None if row.get("hidden") else tuple(map(endorsement, row.get("boxes", []))),
        previous=Predecessor(date.fromisoformat(renews[0]), "withdrawn" in renews)
        if renews
        else None,
    )
    return _unextended(made)


def endorsement(text: str) -> Endorsement:
    kind, when, *until = text.split()
    if when == "previously":
        return Endorsement(kind, state="previously_carried_out")
    if when == "empty":
        return Endorsement(kind, state="empty")
    return Endorsement(
        kind,
        date=None if when == "undated" else date.fromisoformat(when),
        valid_until=date.fromisoformat(until[0]) if until else None,
    )


def check(want: str, found: Certificate, rulings: tuple[Ruling, ...], today: date) -> bool:
    words = want.split()
    boxes = {box.kind: box for box in box_states(found, today)}
    told = {(r.rule, str(r.outcome), r.reason) for r in rulings}
    match words:
        case ["nothing"]:
            return not rulings and not boxes
        case ["no", rule]:
            return rule in rules() and all(r.rule != rule for r in rulings)
        case ["not", rule, outcome, reason]:
            return (rule, outcome, reason) not in told
        case ["effective", day]:
            return effective_expiry(found, today) == date.fromisoformat(day)
        case ["window", kind, "-"]:
            return kind not in boxes or boxes[kind].window is None
        case ["window", kind, first, last]:
            window = boxes[kind].window
            return window is not None and (str(window.start), str(window.end)) == (first, last)
        case ["value", rule, name, value]:
            return [r.values[name] for r in rulings if r.rule == rule] == [value]
        case [kind, state, outcome] if state in STATES:
            return boxes[kind].state == state and outcome in _outcomes(rulings, boxes[kind])
        case [rule, outcome, reason]:
            return (rule, outcome, reason) in told
    raise AssertionError(f"the table says {want!r}")


def _outcomes(rulings: tuple[Ruling, ...], box: BoxState) -> set[str]:
    return {str(r.outcome) for r in rulings if r.box == box.kind and r.rule == box.limit.rule}


def _name(row: dict[str, Any]) -> str:
    return f"{row['par']}: {row['cert']} on {row['on']}"


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_row(row: dict[str, Any]) -> None:
    found = certificate(row)
    rulings = judge(found, row["on"])
    for want in row["want"]:
        assert check(want, found, rulings, row["on"]), (want, rulings)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_every_answer_of_a_row_is_a_whole_sentence_that_cites_its_paragraph(row: Any) -> None:
    found = certificate(row)
    profile = profiles.get(found.type)
    for ruling in judge(found, row["on"]):
        made = finding(ruling, profile)
        assert made.category == "rules" and made.clause
        assert made.code == rules()[ruling.rule].code
        number = made.code.removeprefix("ism.")
        assert not number[0].isdigit() or made.clause == f"ISM Code {number}"
        for language in ("zh", "en"):
            said = made.message(language)
            assert said and "{" not in said and "—" not in said, (said, ruling)
            if made.outcome in {Outcome.FAIL, Outcome.UNKNOWN}:
                assert made.advice(language), ruling


def test_dates_in_sentences_are_iso_days() -> None:
    row = {"cert": "DOC 2023-09-01 2028-08-31"}
    ruling = next(r for r in judge(certificate(row), date(2024, 12, 1)) if r.rule == "V4")
    said = finding(ruling, profiles.get("msa-doc"))
    assert re.findall(r"\d{4}-\d{2}-\d{2}", said.message("zh")) == ["2024-11-30"]
    assert re.findall(r"\d{4}-\d{2}-\d{2}", said.message("en")) == ["2024-11-30"]


def test_the_table_is_large_and_has_every_rule_with_both_sides() -> None:
    assert len(ROWS) >= 150
    single = {id for id, rule in rules().items() if rule.types}
    said = {w.split()[0] for row in ROWS for w in row["want"]}
    boxes = {"V4": "annual-1", "V9": "intermediate"}
    assert {id for id in single if boxes.get(id, id) not in said} == set()
    for id in ("V2", "V8", "V11", "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V22"):
        outcomes = {w.split()[1] for row in ROWS for w in row["want"] if w.startswith(f"{id} ")}
        assert {"PASS", "FAIL"} <= outcomes, id
    states = {w.split()[1] for row in ROWS for w in row["want"] if w.split()[1:2]}
    assert states >= STATES


def test_no_rule_but_an_overlong_term_or_extension_fails() -> None:
    """Overdue is not invalid: a missing verification never makes a fault."""
    may_fail = {"V2", "V8", "V11", "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V22"}
    for row in ROWS:
        for ruling in judge(certificate(row), row["on"]):
            assert ruling.outcome is not Outcome.FAIL or ruling.rule in may_fail
