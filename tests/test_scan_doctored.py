"""Sheets that somebody doctored beside a genuine code, from the scan's bytes to the verdict.

Each starts from an honest sheet that is VALID when its text is read. None of them may be,
and the report must name the place.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import elicense
from elicense import identifiers, profiles
from elicense.containers.pdf.page import render_colour
from elicense.licence import Licence, StatusReference
from elicense.verdict import Verdict
from judging import judge
from make_samples import desk
from pki.invented import imo_company, imo_ship
from samples import licences, sealing
from scanning import needs_ocr

pytestmark = [needs_ocr, pytest.mark.slow]

SMC, DOC = licences.GUANGDONG_SMC, licences.TIANJIN_DOC


def sheet(shown: Licence, said: Licence, dpi: int = 150) -> Any:
    """The page of ``shown`` with the signed code of ``said``, as a flatbed scanner sees it."""
    text = sealing.qr_text(desk(), said, data=licences.data_of(said))
    made = sealing.unsealed(desk(), shown, "pdf", data=licences.data_of(shown), qr=text)
    found = render_colour(made, 1, dpi)
    return np.frombuffer(found.pixels, np.uint8).reshape(found.height, found.width, 3)


def flatbed(pixels: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return out.getvalue()


def copied(pixels: Any) -> bytes:
    """A pale, noisy photocopy."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 0.6)
    noise = np.random.default_rng(3).normal(0, 6, grey.shape)
    out = io.BytesIO()
    pale = np.clip(40 + 0.8 * grey + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pale).save(out, "JPEG", quality=70)
    return out.getvalue()


def outcomes(report: elicense.Report) -> dict[str, str]:
    """The fields that do not match, by path."""
    return {x.field: x.outcome for x in report.evidence.printed if x.outcome != "match"}


def with_field(key: str, value: object) -> Callable[[Licence], Licence]:
    return lambda true: replace(true, fields={**true.fields, key: value})  # type: ignore[dict-item]


def with_dates(**days: date) -> Callable[[Licence], Licence]:
    return lambda true: replace(true, validity=replace(true.validity, **days))


def as_version(true: Licence, version: int, **changes: Any) -> Licence:
    own = identifiers.parse_identifier(true.identifier)
    identifier = identifiers.format_identifier(
        type=own.type, issuer=own.issuer, serial=own.serial, version=version
    )
    return replace(true, version=version, identifier=identifier, **changes)


# -- honest ----------------------------------------------------------------------------


@pytest.mark.parametrize(("true", "scanner"), [(SMC, flatbed), (DOC, copied)], ids=["smc", "doc"])
def test_the_honest_sheet_is_valid(true: Licence, scanner: Callable[[Any], bytes]) -> None:
    report = judge(scanner(sheet(true, true)), ocr=True)
    assert outcomes(report) == {} and report.evidence.printed
    assert report.verdict is Verdict.VALID


# -- values altered --------------------------------------------------------------------

Changes = dict[str, Callable[[Licence], Licence]]
ON_SMC: Changes = {
    "validity.valid_until": with_dates(valid_until=date(2037, 2, 28)),
    "fields.completion_date": with_field("completion_date", "2026-03-07"),
    "fields.ship_name": with_field("ship_name", "岭南样例珍珠"),
    "fields.imo_number": with_field("imo_number", imo_ship("999045")),
    "fields.ship_type": with_field("ship_type", "gas-carrier"),
}
ON_DOC: Changes = {
    "validity.valid_until": with_dates(valid_until=date(2031, 2, 23)),
    "number": lambda true: replace(true, number=true.number[:-1] + "7"),
    "holder.name": lambda true: replace(
        true, holder=replace(true.holder, name=true.holder.name.replace("有限公司", "集团公司"))),
    "fields.company_number": with_field("company_number", imo_company("999946")),
    "fields.ship_types": lambda true: with_field("ship_types", (
        *true.fields["ship_types"], {"code": "gas-carrier"}))(true),  # type: ignore[misc]
}  # fmt: skip
CASES: dict[str, tuple[Licence, Changes]] = {
    "smc": (SMC, ON_SMC),
    "doc": (DOC, ON_DOC),
    "one-character": (SMC, {"fields.ship_name": with_field("ship_name", "岭南样例明月")}),
    "one-digit": (DOC, {"validity.issued": with_dates(issued=date(2026, 8, 1))}),
}


def doctored(name: str) -> Any:
    true, changes = CASES[name]
    shown = true
    for change in changes.values():
        assert change(shown) != shown
        shown = change(shown)
    return sheet(shown, true)


@pytest.mark.parametrize("name", CASES)
def test_altered_values_are_named_and_nothing_else(name: str) -> None:
    report = judge(flatbed(doctored(name)), ocr=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.deciding[0].code == "agreement.printed"
    assert outcomes(report) == dict.fromkeys(CASES[name][1], "differs")


@pytest.mark.parametrize("name", ["smc", "doc"])
def test_on_a_photocopy_an_altered_value_is_no_match_either(name: str) -> None:
    report = judge(copied(doctored(name)), ocr=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert set(outcomes(report)) == set(CASES[name][1])


def test_a_person_s_word_does_not_silence_what_was_read() -> None:
    report = judge(flatbed(doctored("one-character")), ocr=True, compared=True)
    assert outcomes(report) == {"fields.ship_name": "differs"}
    told = [f for f in report.findings if f.code == "agreement.printed"]
    assert any("岭南样例明月" in f.message("zh") for f in told)


# -- a code of another licence ---------------------------------------------------------


def test_the_code_of_a_sister_ship_is_found_by_what_it_says() -> None:
    """Of the same company, authority, type and days: number, name and IMO number differ."""
    assert SMC.status
    fields = {**SMC.fields, "ship_name": "岭南样例珊瑚", "imo_number": imo_ship("999046")}
    sister = replace(
        SMC, number="样例GDSMC202600003", fields=fields,
        identifier=identifiers.format_identifier(
            type=profiles.get(SMC.type).type_code, issuer=SMC.issuer.code, serial="2026000003",
            version=1),
        status=StatusReference(SMC.status.list, SMC.status.index),
    )  # fmt: skip
    report = judge(flatbed(sheet(SMC, sister)), ocr=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert outcomes(report) == {
        "number": "differs", "fields.ship_name": "differs", "fields.imo_number": "differs",
    }  # fmt: skip


def test_the_code_of_another_type_is_found_by_the_title() -> None:
    report = judge(flatbed(sheet(DOC, licences.GUANGDONG_SMC)), ocr=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert outcomes(report)["type"] == "differs"


# -- the code of an older version ------------------------------------------------------


def test_the_code_of_a_superseded_version_is_found_by_its_status() -> None:
    """Even where the sheets of both versions print the same."""
    old = licences.SUPERSEDED
    report = judge(flatbed(sheet(as_version(old, 2), old)), ocr=True)
    assert outcomes(report) == {}
    assert report.verdict is Verdict.INVALID
    assert (report.deciding[0].code, report.deciding[0].reason) == ("status.licence", "superseded")



def test_where_the_status_does_not_tell_the_printed_days_do() -> None:
    """The old code is still good in the list; the new sheet prints a later day of issue."""
    renewed = as_version(SMC, 2, validity=replace(
        SMC.validity, issued=date(2026, 9, 1), valid_from=date(2026, 9, 1)))  # fmt: skip
    report = judge(flatbed(sheet(renewed, SMC)), ocr=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert outcomes(report) == {"validity.issued": "differs"}


def test_both_versions_on_one_sheet_are_told_apart() -> None:
    """The old code stuck beside the new one, whichever a reader takes first."""
    new, old = sheet(as_version(DOC, 2), as_version(DOC, 2)), sheet(DOC, DOC)
    side, left, top = 190, 118, 1329  # pixels at 150 an inch: the code with its margin
    both = new.copy()
    both[top - 200 : top - 200 + side, left + 420 : left + 420 + side] = (
        old[top : top + side, left : left + side]
    )  # fmt: skip
    report = judge(flatbed(both), ocr=False, compared=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert (report.deciding[0].code, report.deciding[0].reason) == ("sheet.one-licence", "versions")
