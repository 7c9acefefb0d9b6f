"""Every document of the 22 matters: issued by its department, verified as OFD, PDF and scan."""

from __future__ import annotations

import functools
import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import elicense
from elicense import profiles
from elicense.licence import Licence
from issuing_world import desk
from pki.world import CHINA
from samples import matters

AT = datetime(2026, 3, 20, 9, 0, tzinfo=CHINA)
REQUESTS = matters.samples()
IDS = [path.stem for path in REQUESTS]


@functools.cache
def offices() -> matters.Offices:
    return matters.offices(desk().world)


@functools.cache
def trust() -> elicense.TrustStore:
    return offices().store()


def licence_of(path: Path) -> Licence:
    return matters.licence_of(path, REQUESTS.index(path))


def sealed(licence: Licence, form: str) -> bytes:
    issued = licence.validity.issued
    assert issued is not None
    time = datetime(issued.year, issued.month, issued.day, 10, tzinfo=CHINA)
    made: Any = offices()
    return elicense.issue(
        licence, seal=made.seal(licence), signer=made.credential(licence),
        qr_signer=made.credential(licence, "qr"), format=form, time=time,  # type: ignore[arg-type]
        timestamp=made.stamp(time),
    )  # fmt: skip


def verify(data: bytes, **options: Any) -> elicense.Report:
    return elicense.verify(data, trust=trust(), at=AT, now=AT + timedelta(hours=1), **options)


def told(report: elicense.Report) -> list[str]:
    return [
        f"{f.code} {f.outcome} {f.reason} {f.detail}"
        for f in report.findings if f.outcome.name in {"FAIL", "UNKNOWN"}
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["ofd", "pdf"])
@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_each_document_is_issued_and_verified(path: Path, form: str) -> None:
    licence = licence_of(path)
    report = verify(sealed(licence, form))
    assert report.verdict == "VALID", told(report)
    assert report.licence is not None
    assert report.licence.fields == licence.fields
    profile = profiles.get(licence.type)
    assert profile.rules or profile.limits


@functools.cache
def scan(path: Path) -> bytes:
    """The page of the PDF as a scanner at 200 dpi sees it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(sealed(licence_of(path), "pdf"))
    picture = document[0].render(scale=200 / 72, may_draw_forms=True).to_pil().convert("RGB")
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_the_code_of_each_printed_document_is_read_from_a_scan(path: Path) -> None:
    licence = licence_of(path)
    report = verify(scan(path), compared=True)
    assert report.licence is not None
    assert report.licence.number == licence.number
    passed = {f.code for f in report.findings if f.outcome.name == "PASS"}
    assert {"qr.signature", "status.licence", "licence.dates"} <= passed
    long = any(isinstance(value, int) and profiles.get(licence.type).field(key).kind == "table"
               for key, value in report.licence.fields.items())  # fmt: skip
    assert report.verdict == ("INDETERMINATE" if long else "VALID"), told(report)


@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_a_copy_that_hides_all_that_may_be_hidden_still_verifies(path: Path) -> None:
    licence = licence_of(path)
    profile = profiles.get(licence.type)
    hide = [item.key for item, _ in profile.values(licence) if item.maskable]
    made: Any = offices()
    copied = elicense.make_copy(
        sealed(licence, "ofd"), purpose="跨省通办窗口核验", receiver="山东省政务服务中心",
        hide=hide, until=timedelta(days=10), signer=made.credential(licence, "copy"),
        timestamp=made.stamp(AT), trust=trust(), time=AT,
    )  # fmt: skip
    report = verify(copied)
    assert report.verdict == "VALID", told(report)
    assert report.licence is not None
    shown = {item.key for item, _ in profile.values(report.licence)}
    assert hide
    assert not shown & set(hide)


def test_rules_are_told_all_at_once_with_their_fields_and_amounts_are_not_negative() -> None:
    path = next(item for item in REQUESTS if item.stem == "14-tax-paid-proof")
    licence = licence_of(path)
    rows = tuple(licence.fields["payments"])  # type: ignore[arg-type]
    late = {**rows[0], "month": "2027-01", "amount": "-5.00"}  # type: ignore[dict-item]
    wrong = replace(
        licence, holder=replace(licence.holder, code="513436200003207111"),
        fields={**licence.fields, "total": "1.00", "payments": (late, *rows[1:], {"tax": "x"})},
    )  # fmt: skip
    with pytest.raises(elicense.IssueRefused) as caught:
        sealed(wrong, "ofd")
    found = {fault.path: fault.code for fault in caught.value.faults}
    assert found["holder.code"] == "field.check-digit"
    assert found["fields.payments.0.amount"] == "field.negative"
    assert found["fields.payments.0.month"] == "rule.within-period"
    assert found["fields.payments.3.tax"] == "field.unknown-code"
    assert found["fields.payments.3.amount"] == "field.missing"
    right_rows = replace(licence, fields={**licence.fields, "total": "1.00"})
    with pytest.raises(elicense.IssueRefused) as caught:
        sealed(right_rows, "pdf")
    assert {fault.code for fault in caught.value.faults} == {"rule.total"}


def test_forty_rows_run_on_to_a_second_page_and_a_sheet_of_them_is_never_valid() -> None:
    path = next(item for item in REQUESTS if item.stem == "14-tax-paid-proof")
    licence = licence_of(path)
    row = licence.fields["payments"][0]  # type: ignore[index, call-overload]
    rows = tuple({**row, "amount": f"{100 + index}.00"} for index in range(40))
    long = replace(licence, fields={**licence.fields, "payments": rows, "total": "4780.00"})
    data = sealed(long, "pdf")
    report = verify(data)
    assert report.verdict == "VALID", told(report)
    assert elicense.open(data).pages == 2
    import pypdfium2

    out = io.BytesIO()
    pypdfium2.PdfDocument(data)[0].render(scale=200 / 72).to_pil().save(out, "PNG")
    sheet = verify(out.getvalue(), compared=True)
    assert sheet.verdict == "INDETERMINATE"
    assert any(f.reason == "not-in-code" for f in sheet.findings)


def test_characters_that_the_font_lacks_are_refused_with_their_field() -> None:
    path = next(item for item in REQUESTS if item.stem == "02-hukou-transfer")
    licence = licence_of(path)
    rows: Any = licence.fields["persons"]
    rare = ({**rows[0], "name": "𠮷㐂䶮"}, *rows[1:])
    with pytest.raises(elicense.IssueRefused) as caught:
        sealed(replace(licence, fields={**licence.fields, "persons": rare}), "ofd")
    (fault,) = caught.value.faults
    assert (fault.path, fault.code) == ("fields.persons.0.name", "font.glyph")
    assert all(character in fault.detail for character in "𠮷㐂䶮")
