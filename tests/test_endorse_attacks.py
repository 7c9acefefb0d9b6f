"""Endorsements that must not stand: by whom, of what, where, and shown as what."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import elicense
from elicense import endorsement as model
from elicense.endorsement import OID, Statement
from elicense.examine import examine
from elicense.issuing import endorse, endorse_check, endorse_ofd, ofd_package, ofd_seal, pdf_seal
from elicense.issuing.page import Spot
from elicense.issuing.pdf_increment import begin
from elicense.issuing.pdf_objects import Name, deflated
from elicense.licence import DataDigest, data_digest
from elicense.report import Report
from elicense.trust.store import TrustStore
from endorsing import FORMS, add, endorsed, national, regional, seal_of, sealed, visit
from issuing_world import desk

from samples import licences, sealing, spoil  # isort: skip
from pki.world import day  # isort: skip

AT = day(2027, 5, 1)
WHEN = day(2027, 2, 20)
SIGNER = "sealers/guangdong-doc-sm2"
LIST = "Doc_0/Annots/Annotations.xml"
BOX = Spot(2, 21.0, 55.0, 30.0, 30.0)


def judge(data: bytes, *, trust: TrustStore | None = None, at: datetime.datetime = AT) -> Report:
    return elicense.verify(data, trust=trust or national(), at=at, now=at)


def told(report: Report) -> set[str]:
    return {f"{f.code}.{f.reason}".rstrip(".") for f in report.deciding}


def invalid(data: bytes, *reasons: str, **options: Any) -> None:
    """INVALID, and each of ``reasons`` among what decided."""
    report = judge(data, **options)
    assert str(report.verdict) == "INVALID", told(report)
    assert set(reasons) <= told(report)


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Software of an endorser that does not look at what it made."""
    monkeypatch.setattr(endorse_check, "prove", lambda *_, **__: None)


def _statement(data: bytes, **changes: Any) -> Statement:
    """What an honest endorser of ``data`` would sign, with ``changes``."""
    evidence = examine(data, pages=False)
    assert evidence.claims.data is not None
    honest = Statement(
        box="annual-1", kind="annual-1", date=datetime.date(2027, 2, 19), place="广州",
        officer="陈样例 主任审核员", licence=data_digest(evidence.claims.data),
        previous=data_digest(evidence.signatures[-1].raw if evidence.signatures else b""),
    )  # fmt: skip
    return replace(honest, **changes)


def _seal_with(data: bytes, statement: bytes, spot: Spot = BOX, field: str = "Seal9") -> bytes:
    """A further seal with a statement, put where no box need be."""
    credential = desk().world.credential(SIGNER)
    if data.startswith(b"%PDF"):
        look = pdf_seal.Appearance(sealing.picture_of(licences.GUANGDONG_DOC), spot)
        return pdf_seal.seal_pdf(
            data, credential=credential, time=WHEN, profile="adbe.pkcs7.detached", field=field,
            appearance=look, signed={OID: statement},
        )  # fmt: skip
    return ofd_seal.seal_ofd(
        data, seal=seal_of(), credential=credential, time=WHEN, spots=(spot,),
        signed={OID: statement},
    )  # fmt: skip


# -- who ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_sealer_of_another_region_without_national_scope(form: str) -> None:
    data = endorsed(form, "sm2", 1)
    assert judge(data)
    invalid(data, "endorsement.authority.region", trust=regional())
    with pytest.raises(elicense.Error) as caught:
        add(sealed(form, "sm2"), visit(2027), trust=regional())
    assert "endorsement.authority" in caught.value.detail


@pytest.mark.parametrize("form", FORMS)
def test_a_sealer_not_entitled_to_this_type(form: str) -> None:
    entries = [
        replace(s, licence_types=("msa-smc",)) if s.region == "national" else s
        for s in national().services
        if s.region != "440000" or s.service != "sealer"
    ]
    invalid(
        endorsed(form, "sm2", 1), "endorsement.authority.type",
        trust=replace(national(), services=tuple(entries)),
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_rogue_endorser_is_a_fault(form: str, unproven: None) -> None:
    seal = sealing.seal_of(
        desk(), licences.TIANJIN_DOC, signer="rogue/tianjin-doc-sm2", maker="makers/tianjin-sm2"
    )
    data = endorse.endorse(
        sealed(form, "sm2"), visit(2027), seal=seal, time=WHEN,
        signer=desk().world.credential("rogue/tianjin-doc-sm2"),
    )  # fmt: skip
    report = judge(data)
    assert str(report.verdict) == "INVALID"  # a seal of nobody known on a sealed licence
    open_ones = {f"{f.code}.{f.reason}" for f in report.findings if f.outcome == "UNKNOWN"}
    assert "endorsement.authority.signer-unknown" in open_ones
    assert report.licence is not None
    assert report.licence.endorsements[0].extra["sealer"]["authority"] == ""  # type: ignore[index, call-overload]


# -- of what ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["other-licence", "other-version"])
def test_a_statement_made_for_something_else(
    form: str, what: str, unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = endorse._state

    def moved(file: Any, given: Any) -> Statement:
        own = real(file, given)
        if what == "other-version":
            return replace(own, previous=data_digest(b"another seal"))
        return replace(own, licence=data_digest(b"another licence.json"))

    monkeypatch.setattr(endorse, "_state", moved)
    invalid(add(sealed(form, "sm2"), visit(2027)), f"endorsement.version.{what}")


def test_the_files_of_an_endorsement_moved_into_another_ofd() -> None:
    source = spoil.entries(endorsed("ofd", "sm2", 1))
    target = spoil.entries(sealed("ofd", "sm2", "other"))
    for name in source:
        if name.startswith(("Doc_0/Signs/Sign_1/", "Doc_0/Annots/")):
            target[name] = source[name]
    target["Doc_0/Signs/Signatures.xml"] = source["Doc_0/Signs/Signatures.xml"]
    invalid(
        ofd_package.pack(target), "endorsement.version.other-licence", "integrity.digest",
        "endorsement.box.not-reserved",
    )  # fmt: skip


def test_the_revision_of_an_endorsement_moved_into_another_pdf() -> None:
    before, after = sealed("pdf", "sm2"), endorsed("pdf", "sm2", 1)
    other = sealed("pdf", "sm2", "other")
    report = judge(other + after[len(before) :])
    assert str(report.verdict) == "INVALID"


@pytest.mark.parametrize("form", FORMS)
def test_an_endorsement_without_an_issuers_seal(form: str) -> None:
    plain = sealing.unsealed(desk(), licences.TIANJIN_DOC, form)
    invalid(_seal_with(plain, model.encode(_statement(plain))), "endorsement.version.first")


def test_an_endorsement_taken_off_the_list_of_seals() -> None:
    entries = spoil.entries(endorsed("ofd", "sm2", 2))
    listing = entries["Doc_0/Signs/Signatures.xml"].decode()
    start = listing.index('<ofd:Signature ID="s003"')
    end = listing.index("/>", start) + 2
    entries["Doc_0/Signs/Signatures.xml"] = (listing[:start] + listing[end:]).encode()
    invalid(ofd_package.pack(entries), "endorsement.shown.unstated", at=day(2028, 5, 1))


# -- where --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_box_that_was_not_reserved(form: str) -> None:
    data = sealed(form, "sm2", "other")  # annual-1 was carried out before
    statement = model.encode(_statement(data))
    invalid(_seal_with(data, statement), "endorsement.box.not-reserved")


@pytest.mark.parametrize("form", FORMS)
def test_two_endorsements_in_one_box(form: str) -> None:
    data = endorsed(form, "sm2", 1)
    statement = _statement(data, date=datetime.date(2027, 2, 20))
    invalid(_seal_with(data, model.encode(statement)), "endorsement.box.occupied")


def test_a_box_drawn_twice_in_an_ofd(unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = endorse._read

    def used(data: bytes, kind: str, limits: Any) -> Any:
        file = real(data, kind, limits)
        return replace(file, box=file.evidence.boxes[0])

    monkeypatch.setattr(endorse, "_read", used)
    again = visit(2027, date=datetime.date(2027, 2, 20), officer="另一人")
    data = add(endorsed("ofd", "sm2", 1), again)
    invalid(data, "endorsement.box.occupied", "changes.after-signing.annotation")


def test_a_field_filled_twice_in_a_pdf(unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = endorse._read

    def used(data: bytes, kind: str, limits: Any) -> Any:
        file = real(data, kind, limits)
        return replace(file, box=file.evidence.boxes[0])

    monkeypatch.setattr(endorse, "_read", used)
    again = visit(2027, date=datetime.date(2027, 2, 20), officer="另一人")
    report = judge(add(endorsed("pdf", "sm2", 1), again))
    assert str(report.verdict) == "INVALID"
    assert any(reason.startswith("changes.after-signing") for reason in told(report))


@pytest.mark.parametrize("form", FORMS)
def test_a_seal_outside_its_box(form: str, unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    if form == "ofd":
        monkeypatch.setattr(endorse, "_spot", lambda *_: (60.0, 10.0, 30.0, 30.0))
        invalid(add(sealed(form, "sm2"), visit(2027)), "endorsement.box.elsewhere")
        return
    data = sealed(form, "sm2")
    elsewhere = _seal_with(data, model.encode(_statement(data)), Spot(2, 20.0, 200.0, 30.0, 30.0))
    invalid(elsewhere, "endorsement.box.elsewhere", "endorsement.shown.empty")


@pytest.mark.parametrize("form", FORMS)
def test_a_seal_in_a_box_that_states_nothing_leaves_it_open(form: str) -> None:
    data = sealed(form, "sm2")
    spot = Spot(2, 110.0, 60.0, 30.0, 30.0)
    credential = desk().world.credential("sealers/tianjin-doc-sm2")
    if form == "pdf":
        look = pdf_seal.Appearance(sealing.picture_of(licences.TIANJIN_DOC), spot)
        made = pdf_seal.seal_pdf(
            data, credential=credential, time=WHEN, profile="adbe.pkcs7.detached",
            appearance=look, field="Seal9",
        )  # fmt: skip
    else:
        made = ofd_seal.seal_ofd(
            data, seal=seal_of("tianjin"), credential=credential, time=WHEN, spots=(spot,)
        )
    report = judge(made)
    assert str(report.verdict) == "INDETERMINATE"
    assert "endorsement.statement.absent" in told(report)


# -- shown as what ------------------------------------------------------------------------


def _redrawn(change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Callable[..., Any]:
    real = endorse._lines
    return lambda *arguments: change(real(*arguments))


_DRAWINGS: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "another date": lambda t: (t[0], replace(t[1], text="2028年02月19日"), t[2]),
    "another officer": lambda t: (t[0], t[1], replace(t[2], text="王样例")),
    "a line more": lambda t: (*t, replace(t[2], y=t[2].y + 2.9, size=2.0, text="长期有效")),
    "a line less": lambda t: t[:2],
    "nothing": lambda _: (),
    "swapped": lambda t: (replace(t[0], text=t[1].text), replace(t[1], text=t[0].text), t[2]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", _DRAWINGS)
def test_a_box_drawn_differently_from_what_is_signed(
    form: str, name: str, unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endorse, "_lines", _redrawn(_DRAWINGS[name]))
    data = add(sealed(form, "sm2"), visit(2027))
    reason = "endorsement.shown.empty" if name == "nothing" else "endorsement.shown"
    invalid(data, reason)


_HIDDEN: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "too small": lambda t: (t[0], replace(t[1], size=0.1), t[2]),
    "upon each other": lambda t: (t[0], replace(t[1], y=t[0].y), t[2]),
    "outside": lambda t: (t[0], t[1], replace(t[2], x=200.0)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", _HIDDEN)
def test_text_that_cannot_be_seen_is_not_taken_for_shown(
    form: str, name: str, unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endorse, "_lines", _redrawn(_HIDDEN[name]))
    report = judge(add(sealed(form, "sm2"), visit(2027)))
    assert str(report.verdict) == "INDETERMINATE"
    assert "endorsement.shown.unreadable" in told(report)


def test_text_in_a_font_of_the_files_own_is_not_taken_for_shown(
    unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endorse_ofd, "READERS_FONT", ("1", "", ""))
    report = judge(add(sealed("ofd", "sm2"), visit(2027)))
    assert "endorsement.shown.unreadable" in told(report)
    assert not report


def test_a_pdf_drawing_with_more_than_text_is_not_taken_for_shown(
    unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elicense.issuing import endorse_pdf

    real = endorse_pdf._lines
    monkeypatch.setattr(endorse_pdf, "_lines", lambda *a: [*real(*a), "1 1 1 rg 0 0 200 60 re f"])
    report = judge(add(sealed("pdf", "sm2"), visit(2027)))
    assert "endorsement.shown.unreadable" in told(report)
    assert not report


# -- without a seal -----------------------------------------------------------------------


def _annotations(file: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ofd:Annotations xmlns:ofd="http://www.ofdspec.org/2016">'
        f'<ofd:Page PageID="{_page_id()}"><ofd:FileLoc>{file}</ofd:FileLoc></ofd:Page>'
        "</ofd:Annotations>"
    ).encode()


def _page_id() -> str:
    entries = spoil.entries(sealed("ofd", "sm2"))
    document = ofd_package.parse(entries["Doc_0/Document.xml"], "")
    return str(document.findall(f".//{ofd_package.tag('Page')}")[1].get("ID"))


def test_an_annotation_that_no_seal_covers() -> None:
    entries = spoil.entries(sealed("ofd", "sm2"))
    drawn = spoil.entries(endorsed("ofd", "sm2", 1))
    entries["Doc_0/Annots/Page_2_1.xml"] = drawn["Doc_0/Annots/Page_2_1.xml"]
    entries[LIST] = drawn[LIST]
    invalid(ofd_package.pack(entries), "endorsement.shown.unstated")


def test_an_annotation_outside_the_boxes() -> None:
    entries = spoil.entries(endorsed("ofd", "sm2", 1))
    old = entries["Doc_0/Annots/Page_2_1.xml"].decode()
    start = old.index('Boundary="') + len('Boundary="')
    end = old.index('"', start)
    entries["Doc_0/Annots/fake.xml"] = (old[:start] + "20 230 80 20" + old[end:]).encode()
    entries[LIST] = _annotations("fake.xml")
    invalid(ofd_package.pack(entries), "changes.after-signing.annotation")


@pytest.mark.parametrize("page", [0, 1])
def test_annotations_of_a_page_without_boxes_or_of_another_form(page: int) -> None:
    entries = spoil.entries(sealed("ofd", "sm2"))
    document = ofd_package.parse(entries["Doc_0/Document.xml"], "")
    page_id = document.findall(f".//{ofd_package.tag('Page')}")[page].get("ID")
    entries["Doc_0/Annots/fake.xml"] = (
        b'<ofd:PageAnnot xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Annot ID="900" '
        b'Type="Highlight" Creator="x" LastModDate="2027-01-01"><ofd:Appearance '
        b'Boundary="20 100 100 20"/></ofd:Annot></ofd:PageAnnot>'
    )
    entries[LIST] = _annotations("fake.xml").replace(_page_id().encode(), str(page_id).encode())
    invalid(ofd_package.pack(entries), "changes.after-signing.annotation")


def test_an_endorsement_taken_out_of_sight() -> None:
    entries = spoil.entries(endorsed("ofd", "sm2", 1))
    entries[LIST] = spoil.entries(sealed("ofd", "sm2"))[LIST]
    invalid(ofd_package.pack(entries), "endorsement.shown.empty")


def test_an_older_drawing_put_back() -> None:
    entries = spoil.entries(endorsed("ofd", "sm2", 2))
    entries[LIST] = entries[LIST].replace(b"Page_2_2.xml", b"Page_2_1.xml")
    invalid(ofd_package.pack(entries), "endorsement.shown.empty", at=day(2028, 5, 1))


def test_a_change_of_a_drawing() -> None:
    entries = spoil.entries(endorsed("ofd", "sm2", 1))
    name = "Doc_0/Annots/Page_2_1.xml"
    entries[name] = entries[name].replace("2027年02月19日".encode(), "2027年02月18日".encode())
    invalid(ofd_package.pack(entries), "integrity.digest", "endorsement.shown")


def test_a_pdf_box_drawn_without_a_seal() -> None:
    work = begin(sealed("pdf", "sm2"))
    field = next(f for f in work.pdf.Root.AcroForm.Fields if str(f.T) == "endorsement:annual-1")
    reference, entries = work.read(field)
    form = deflated(
        {"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, 100, 50]}, b"0 0 9 9 re f"
    )
    entries["AP"] = {"N": work.add(form)}
    work.put(reference, entries)
    report = judge(work.finish()[0])
    assert str(report.verdict) == "INVALID"


def test_a_reserved_field_moved_elsewhere() -> None:
    work = begin(sealed("pdf", "sm2"))
    field = next(f for f in work.pdf.Root.AcroForm.Fields if str(f.T) == "endorsement:annual-1")
    reference, entries = work.read(field)
    entries["Rect"] = [50, 50, 300, 200]
    work.put(reference, entries)
    report = judge(work.finish()[0])
    assert str(report.verdict) == "INVALID"


@pytest.mark.parametrize("change", [spoil.add_note, spoil.cover_text])
def test_any_other_change_after_an_endorsement(change: Callable[[bytes], bytes]) -> None:
    report = judge(change(endorsed("pdf", "sm2", 1)))
    assert str(report.verdict) == "INVALID"
    assert any(reason.startswith("changes.after-signing") for reason in told(report))


# -- when and in what form ----------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_dates_out_of_order(form: str, unproven: None) -> None:
    early = visit(2028, date=datetime.date(2027, 2, 18))
    data = add(endorsed(form, "sm2", 1), early, when=day(2028, 2, 20))
    invalid(data, "endorsement.date.order", at=day(2028, 5, 1))
    before_issue = visit(2027, date=datetime.date(2026, 2, 1))
    invalid(add(sealed(form, "sm2"), before_issue, when=WHEN), "endorsement.date.order")


@pytest.mark.parametrize("form", FORMS)
def test_a_date_after_its_seal_or_after_today(
    form: str, unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endorse, "_dates", lambda *_: iter(()))
    late = visit(2027, date=datetime.date(2027, 3, 1))
    data = add(sealed(form, "sm2"), late, when=WHEN)
    invalid(data, "endorsement.date.after-seal")
    invalid(data, "endorsement.date.future", at=day(2027, 2, 25))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("statement", "verdict", "reason"),
    [
        (b"{}", "INVALID", "malformed"),
        (b"\xff", "INVALID", "malformed"),
        (b'{"format":"elicense-endorsement/2"}', "INDETERMINATE", "format"),
    ],
)
def test_statements_that_cannot_be_read(
    form: str, statement: bytes, verdict: str, reason: str
) -> None:
    report = judge(_seal_with(sealed(form, "sm2"), statement))
    assert str(report.verdict) == verdict
    assert f"endorsement.statement.{reason}" in told(report)


@pytest.mark.parametrize("form", FORMS)
def test_a_kind_the_licence_type_does_not_have(form: str) -> None:
    data = sealed(form, "sm2")
    statement = model.encode(_statement(data, kind="intermediate", box="intermediate"))
    invalid(
        _seal_with(data, statement), "endorsement.statement.kind", "endorsement.box.not-reserved"
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_new_end_where_the_box_extends_nothing(form: str) -> None:
    data = sealed(form, "sm2")
    statement = model.encode(_statement(data, valid_until=datetime.date(2035, 1, 1)))
    invalid(_seal_with(data, statement), "endorsement.statement.no-extension")


def test_digests_of_a_statement_name_their_algorithm() -> None:
    data = sealed("ofd", "sm2")
    own = examine(data, pages=False)
    assert own.claims.data is not None
    by_sha = _statement(
        data, licence=data_digest(own.claims.data, algorithm="sha256"),
        previous=data_digest(own.signatures[0].raw, algorithm="sha256"),
    )  # fmt: skip
    report = judge(_seal_with(data, model.encode(by_sha)))
    good = {f.code for f in report.findings if f.outcome == "PASS"}
    assert "endorsement.version" in good
    with pytest.raises(elicense.UsageError):
        model.encode(replace(by_sha, licence=DataDigest("md5", bytes(16))))
