"""``agreement.printed``: what is read from a sheet, beside the signed data of its QR."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import judging
from elicense import licence as licences
from elicense import profiles
from elicense.checks import printed as checks
from elicense.checks.case import Case
from elicense.checks.standing import World
from elicense.evidence import Evidence, PrintedField
from elicense.examine import examine
from elicense.findings import Finding, Outcome
from elicense.limits import DEFAULT_LIMITS
from elicense.policy import DEFAULT
from elicense.verdict import weigh

DATA = examine(judging.sample("tianjin-doc-endorsed.ofd")).claims.data
assert DATA is not None
LICENCE = licences.load(DATA)
PROFILE = profiles.get(LICENCE.type)
WANTED = checks.deciding(LICENCE, PROFILE)


def _case(*fields: PrintedField, problem: str = "", sheet: bool = True, **changes) -> Case:
    evidence = Evidence(
        "image", 1, "00", sheet=sheet, printed=tuple(fields), printed_problem=problem
    )
    world = World(judging.trust(), judging.AT, judging.AT, DEFAULT_LIMITS)
    case = Case(evidence, world, DEFAULT, (), (), LICENCE, "", PROFILE)
    return replace(case, **changes)


def _field(path: str, outcome: str = "match", read: str = "") -> PrintedField:
    signed = WANTED.get(path, "2026-05-20")
    return PrintedField(path, signed, read or signed, outcome, 0.93, 1, (10.0, 20.0, 30.0, 8.0))


def _all(**changed: PrintedField) -> list[PrintedField]:
    fields = {path: _field(path) for path in WANTED}
    return list((fields | {item.field: item for item in changed.values()}).values())


def _told(case: Case) -> list[tuple[Outcome, str]]:
    return [(f.outcome, f.reason) for f in checks.printed(case)]


def test_the_deciding_fields_of_a_doc_are_those_of_its_profile() -> None:
    assert set(WANTED) == {item.path for item in PROFILE.fields if item.deciding}
    assert WANTED["holder.name"] == LICENCE.holder.name
    assert WANTED["type"] == "符合证明"


def test_every_deciding_field_matching_passes() -> None:
    plain = replace(LICENCE, endorsements=())
    (finding,) = checks.printed(_case(*_all(), licence=plain))
    assert (finding.outcome, finding.reason) == (Outcome.PASS, "")
    assert str(len(WANTED)) in finding.message("zh")


@pytest.mark.parametrize("path", sorted(WANTED))
def test_a_difference_names_both_readings_and_accuses_nobody(path: str) -> None:
    wrong = _field(path, "differs", "别的内容")
    found = [f for f in checks.printed(_case(*_all(x=wrong))) if f.outcome is not Outcome.WARN]
    assert [(f.outcome, f.reason) for f in found] == [(Outcome.UNKNOWN, "differs")]
    for language in ("zh", "en"):
        assert WANTED[path] in found[0].message(language)
        assert "别的内容" in found[0].message(language)
        assert "93%" in found[0].message(language)
        assert "--compared" in found[0].advice(language)
    assert weigh(found[0], DEFAULT) is Outcome.UNKNOWN


def test_an_unreadable_field_keeps_the_question_open() -> None:
    case = _case(*_all(x=_field("number", "unreadable", "样例TJ")))
    assert (Outcome.UNKNOWN, "unreadable") in _told(case)
    assert Outcome.PASS not in {outcome for outcome, _ in _told(case)}


@pytest.mark.parametrize("path", sorted(WANTED))
def test_a_deciding_field_nobody_looked_for_is_never_passed_over(path: str) -> None:
    case = _case(*(item for item in _all() if item.field != path))
    found = [f for f in checks.printed(case) if f.outcome is Outcome.UNKNOWN]
    assert [(f.reason, f.detail) for f in found] == [("unreadable", path)]


def test_without_ocr_the_clerk_is_told_what_to_install_or_do() -> None:
    (finding,) = checks.printed(_case(problem=checks.NO_OCR))
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "no-ocr")
    for language in ("zh", "en"):
        assert "elicense[ocr]" in finding.advice(language)
        assert "--compared" in finding.advice(language)


def test_nothing_compared_is_not_agreement() -> None:
    assert _told(_case()) == [(Outcome.UNKNOWN, "not-compared")]


def test_a_person_who_compared_is_believed_and_recorded() -> None:
    for case in (_case(compared=True), _case(problem=checks.NO_OCR, compared=True)):
        assert _told(case) == [(Outcome.PASS, "compared")]


def test_what_was_read_otherwise_is_told_beside_the_persons_word() -> None:
    fields = _all(x=_field("number", "differs", "样例X"), y=_field("type", "unreadable", "x"))
    assert _told(_case(*fields, compared=True)) == [
        (Outcome.PASS, "compared"), (Outcome.WARN, "differs"),
    ]  # fmt: skip


def test_endorsements_that_no_page_shows_are_a_remark() -> None:
    assert any(entry.date for entry in LICENCE.endorsements)
    told = [f for f in checks.printed(_case(*_all())) if f.reason == "endorsement"]
    assert [f.detail for f in told] == [
        f"endorsements.{i}.date" for i, e in enumerate(LICENCE.endorsements) if e.date
    ]
    shown = [_field(f.detail) for f in told]
    assert _told(_case(*_all(), *shown)) == [(Outcome.PASS, "")]


def test_an_endorsement_that_differs_keeps_the_question_open() -> None:
    wrong = _field("endorsements.0.date", "differs", "2027年01月01日")
    assert (Outcome.UNKNOWN, "differs") in _told(_case(*_all(), wrong))


def test_a_file_that_is_no_sheet_and_a_sheet_without_signed_data() -> None:
    assert _told(_case(sheet=False)) == []
    assert _told(_case(licence=None, profile=None)) == [(Outcome.SKIPPED, "no-data")]


def test_every_sentence_is_there_in_both_languages() -> None:
    for outcome, reason in (
        (Outcome.PASS, ""), (Outcome.PASS, "compared"), (Outcome.UNKNOWN, "differs"),
        (Outcome.UNKNOWN, "unreadable"), (Outcome.UNKNOWN, "no-ocr"),
        (Outcome.UNKNOWN, "not-compared"), (Outcome.WARN, "differs"),
        (Outcome.WARN, "endorsement"), (Outcome.SKIPPED, "no-data"),
    ):  # fmt: skip
        finding = Finding("agreement.printed", outcome, "licence", reason)
        assert finding.message("zh") and finding.message("en"), (outcome, reason)
        if outcome is Outcome.UNKNOWN:
            assert finding.advice("zh") and finding.advice("en"), reason


def test_the_check_needs_no_reader_of_pictures() -> None:
    text = Path(checks.__file__).read_text("utf-8")
    assert "rapidocr" not in text and "elicense.ocr" not in text
