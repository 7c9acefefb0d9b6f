"""Endorsing a sealed licence: every container and key, by another office, VALID."""

from __future__ import annotations

import datetime
from dataclasses import replace
from io import BytesIO
from typing import Any

import pikepdf
import pytest

import elicense
from elicense.errors import InputError, IssueRefused
from elicense.licence import Endorsement
from elicense.report import Report
from endorsing import ALL, FORMS, add, endorsed, national, seal_of, sealed, visit
from issuing_world import CERTS, desk

from samples import licences, sealing  # isort: skip
from pki.world import day  # isort: skip


def judge(data: bytes, at: datetime.datetime) -> Report:
    return elicense.verify(data, trust=national(), at=at, now=max(at, day(2030, 6, 1)))


def told(report: Report) -> set[str]:
    """code.reason of what decided."""
    return {f"{f.code}.{f.reason}".rstrip(".") for f in report.deciding}


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize(("form", "family"), ALL)
def test_endorsed_licences_are_valid(form: str, family: str, count: int) -> None:
    report = judge(endorsed(form, family, count), day(2026 + count, 5, 1))
    assert report, told(report)
    assert report.licence is not None
    assert [e.kind for e in report.licence.endorsements] == [
        f"annual-{n}" for n in range(1, count + 1)
    ]
    passed = {
        f.subject for f in report.findings if f.code == "endorsement.shown" and f.outcome == "PASS"
    }
    assert passed == {f"signature:{n}" for n in range(2, count + 2)}


@pytest.mark.parametrize(("form", "family"), ALL)
def test_the_report_names_who_endorsed_what(form: str, family: str) -> None:
    members = judge(endorsed(form, family, 2), day(2028, 5, 1)).to_dict()["licence"]["endorsements"]
    assert [m["date"] for m in members] == ["2027-02-19", "2028-02-19"]
    assert [m["sealer"]["authority"] for m in members] == ["广东海事局"] * 2
    assert [m["sealer"]["signature"] for m in members] == [2, 3]
    assert all("广东海事局符合证明专用章" in m["sealer"]["subject"] for m in members)


@pytest.mark.parametrize("form", FORMS)
def test_the_issuer_and_another_office_may_endorse_in_turn(form: str) -> None:
    first = add(sealed(form, "sm2"), visit(2027), who="tianjin")
    second = add(first, visit(2028), family="rsa")
    report = judge(second, day(2028, 5, 1))
    assert report, told(report)
    assert report.licence is not None
    names = [e.extra["sealer"]["authority"] for e in report.licence.endorsements]  # type: ignore[index, call-overload]
    assert names == ["天津海事局", "广东海事局"]


@pytest.mark.parametrize("profile", ["adbe.pkcs7.detached", "GM.sm2seal"])
def test_pdf_profiles_that_sign_data(profile: Any) -> None:
    report = judge(add(sealed("pdf", "sm2"), visit(2027), profile=profile), day(2027, 5, 1))
    assert report, told(report)


def test_without_a_timestamp_and_without_trust() -> None:
    made = add(sealed("ofd", "sm2"), visit(2027), timestamp=None)
    assert judge(made, day(2027, 5, 1))
    assert add(sealed("pdf", "rsa"), visit(2027), trust=national(), family="rsa")


def test_earlier_bytes_of_a_pdf_stay_as_they_are() -> None:
    before = sealed("pdf", "rsa")
    after = endorsed("pdf", "rsa", 2)
    assert after.startswith(before)
    with pikepdf.open(BytesIO(after)) as pdf:
        filled = {str(f.T) for f in pdf.Root.AcroForm.Fields if "/V" in f}
    assert filled == {"Seal1", "endorsement:annual-1", "endorsement:annual-2"}


@pytest.mark.parametrize("count", [1, 3])
def test_pyhanko_finds_every_seal_of_the_rsa_file_sound(count: int) -> None:
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = load_cert_from_pemder(CERTS / "roots/test-root-rsa.pem")
    context = ValidationContext(
        trust_roots=[root], moment=day(2030, 6, 1), allow_fetching=False, retroactive_revinfo=True
    )
    reader = PdfFileReader(BytesIO(endorsed("pdf", "rsa", count)))
    found = [
        validate_pdf_signature(item, context, ts_validation_context=context)
        for item in reader.embedded_regular_signatures
    ]
    assert len(found) == count + 1
    for status in found:
        assert status.intact and status.valid and status.trusted
        assert status.docmdp_ok and status.bottom_line


@pytest.mark.parametrize("form", FORMS)
def test_a_change_of_any_endorsed_part_is_found(form: str) -> None:
    data = bytearray(endorsed(form, "sm2", 1))
    wanted = b"Page_2_1.xml" if form == "ofd" else b"/Reason"
    data[data.index(wanted)] ^= 1
    report = judge(bytes(data), day(2027, 5, 1))
    assert str(report.verdict) == "INVALID", told(report)


def _extension(until: datetime.date) -> Endorsement:
    return Endorsement(
        "extension-14.3", date=datetime.date(2026, 12, 20), place="新加坡 Singapore",
        officer="陈样例", valid_until=until,
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_an_extension_moves_the_end_of_the_term(form: str) -> None:
    before = sealed(form, "sm2", "interim")
    after = add(before, _extension(datetime.date(2027, 6, 30)), who="tianjin", what="smc")
    assert "licence.dates.expired" in told(judge(before, day(2027, 3, 1)))
    report = judge(after, day(2027, 3, 1))
    faults = {f.code for f in report.findings if f.outcome == "FAIL"}
    assert faults == set(), told(report)
    dates = next(f for f in report.findings if f.code == "licence.dates")
    assert dates.outcome == "PASS" and dates.values["until"] == "2027-06-30"
    assert any(
        f.code == "ism.14.3" and f.reason == "extension" and f.outcome == "PASS"
        for f in report.findings
    )
    assert "licence.dates.expired" in told(judge(after, day(2027, 7, 1)))


@pytest.mark.parametrize("form", FORMS)
def test_an_extension_beyond_its_paragraph_is_not_handed_out(form: str) -> None:
    made = _extension(datetime.date(2027, 7, 2))
    with pytest.raises(elicense.Error) as caught:
        add(sealed(form, "sm2", "interim"), made, who="tianjin", what="smc")
    assert caught.value.code == "issue.self-check"
    assert "ism.14.3" in caught.value.detail


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"kind": "annual-7"}, "kind"),
        ({"kind": "intermediate"}, "kind"),
        ({"date": None, "when": day(2027)}, "date"),
        ({"date": datetime.date(2031, 1, 1), "when": day(2030)}, "date"),
        ({"place": ""}, "place"),
        ({"place": " 广州"}, "place"),
        ({"officer": "陈\u202e样例"}, "officer"),
        ({"officer": "长" * 60}, "page"),
        ({"place": "\U0002a6d6"}, "font"),
        ({"valid_until": datetime.date(2032, 1, 1)}, "valid_until"),
        ({"state": "empty"}, "state"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_wrong_is_refused_by_name(form: str, changes: dict[str, Any], path: str) -> None:
    changes = dict(changes)
    when = changes.pop("when", day(2027, 3, 1))
    given = replace(visit(2027), **changes)
    with pytest.raises(IssueRefused) as caught:
        elicense.endorse(
            sealed(form, "sm2"), given, seal=seal_of(), time=when,
            signer=desk().world.credential("sealers/guangdong-doc-sm2"),
        )  # fmt: skip
    assert path in {fault.path for fault in caught.value.faults}


def test_every_fault_is_told_at_once() -> None:
    given = replace(visit(2027), kind="annual-9", place="", officer="a\nb")
    with pytest.raises(IssueRefused) as caught:
        elicense.endorse(
            sealed("ofd", "sm2"), given, seal=seal_of("tianjin"), time=day(2027),
            signer=desk().world.credential("sealers/guangdong-doc-sm2"),
        )  # fmt: skip
    assert {f.path for f in caught.value.faults} == {"kind", "date", "place", "officer", "signer"}


@pytest.mark.parametrize("form", FORMS)
def test_a_box_is_used_once(form: str) -> None:
    with pytest.raises(IssueRefused) as caught:
        add(endorsed(form, "sm2", 1), visit(2027, date=datetime.date(2027, 6, 1)))
    assert "endorsement.box" in {fault.code for fault in caught.value.faults}


@pytest.mark.parametrize("form", FORMS)
def test_a_repeatable_box_is_there_twice(form: str) -> None:
    data = sealed(form, "sm2", "smc")
    for year in (2027, 2028):
        visit_ = Endorsement(
            "additional", date=datetime.date(year, 3, 1), place="天津", officer="王样例"
        )
        data = add(data, visit_, who="tianjin", what="smc")
    report = judge(data, day(2028, 5, 1))
    good = [f.values["box"] for f in report.findings
            if f.code == "endorsement.box" and f.outcome == "PASS"]  # fmt: skip
    assert good == ["additional", "additional#2"]
    assert not {f.code for f in report.findings if f.outcome == "FAIL"}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_sealed_is_not_endorsed(form: str) -> None:
    plain = sealing.unsealed(desk(), licences.TIANJIN_DOC, form)
    with pytest.raises(InputError) as caught:
        add(plain, visit(2027))
    assert caught.value.code == "endorse.sealed"


@pytest.mark.parametrize("form", FORMS)
def test_a_tampered_file_is_not_endorsed(form: str) -> None:
    from samples import spoil

    data = sealed(form, "sm2")
    if form == "ofd":
        data = spoil.replace_in_entry(data, "Doc_0/Pages/Page_0/Content.xml", "2031", "2036")
    else:
        data = spoil.add_note(data)
    with pytest.raises(elicense.Error) as caught:
        add(data, visit(2027))
    assert caught.value.code in {"issue.self-check", "pdf.structure"}


def test_a_version_1_seal_has_no_room_for_signed_data() -> None:
    seal = sealing.seal_of(
        desk(), licences.GUANGDONG_DOC, signer="sealers/guangdong-doc-sm2", version=1
    )
    with pytest.raises(IssueRefused) as caught:
        add(sealed("ofd", "sm2"), visit(2027), seal=seal, timestamp=None)
    assert "seal.version" in {fault.code for fault in caught.value.faults}
