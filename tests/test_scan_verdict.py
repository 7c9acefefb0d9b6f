"""Scans end to end: what is proven of a sheet of paper, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from PIL import Image

import elicense
from elicense import sheet
from elicense.checks.foreign import look_alike
from elicense.evidence import PrintedField, QrCode
from elicense.examine import examine
from elicense.findings import Outcome
from elicense.limits import DEFAULT_LIMITS
from elicense.policy import Policy
from elicense.qr.kinds import classify
from elicense.qr.payload import decode, encode
from elicense.render.text import Style, render, summary
from elicense.report import schema
from elicense.verdict import OF_SHEET, Verdict
from elicense.verifying import judge as judge_evidence
from judging import AT, SAMPLES, found, judge, sample, trust
from make_samples import desk
from samples import licences, sealing
from scanning import EXPECTED, SCANS, VALID, encoded, needs_ocr, page, scan


def first(report: elicense.Report) -> tuple[str, str]:
    return (report.deciding[0].code, report.deciding[0].reason) if report.deciding else ("", "")


def from_evidence(evidence, **options) -> elicense.Report:
    told = {"trust": trust(), "at": AT, "now": AT, **options}
    return judge_evidence(evidence, name="sheet", **told)


# -- the committed scans ---------------------------------------------------------------


def test_every_scan_has_an_expectation_and_is_small() -> None:
    files = {p.name for p in SCANS.iterdir() if p.suffix not in {".json", ".md"}}
    assert files == set(EXPECTED)
    assert all(path.stat().st_size < 150_000 for path in SCANS.iterdir())


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_scan_gives_what_is_expected_of_it(name: str) -> None:
    report, wanted = scan(name, ocr=True), EXPECTED[name]
    assert str(report.verdict) == wanted["verdict"]
    assert first(report) == (wanted["code"], wanted["reason"])


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_without_ocr_nothing_is_valid_and_faults_stay_faults(name: str) -> None:
    report, wanted = scan(name), EXPECTED[name]
    if wanted["verdict"] == "VALID" or wanted["code"] == "agreement.printed":
        assert report.verdict is Verdict.INDETERMINATE
        assert first(report) == ("agreement.printed", "not-compared")
        assert report.missing == ("sheet",)
    else:
        assert str(report.verdict) == wanted["verdict"]
        assert first(report) == (wanted["code"], wanted["reason"])


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_persons_word_proves_the_sheet_and_nothing_else(name: str) -> None:
    """``--compared`` cannot mend a forged, missing, withdrawn or expired one."""
    report, wanted = scan(name, compared=True), EXPECTED[name]
    word_is_enough = wanted["verdict"] == "VALID" or wanted["code"] == "agreement.printed"
    if word_is_enough:
        assert report.verdict is Verdict.VALID and report.compared
        assert ("agreement.printed", "compared") in found(report, Outcome.PASS)
    else:
        assert str(report.verdict) == wanted["verdict"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_sheet_itself_is_never_called_the_original(name: str, language: str) -> None:
    report = scan(name, compared=True)
    remark = {"zh": "不判断这张纸是不是原件", "en": "whether the sheet is the original is not"}
    text = " ".join(render(report, Style(language, 10_000)).split())
    assert remark[language] in text
    assert {"zh": "未被改动", "en": "unchanged"}[language] not in text
    assert str(report.verdict) in summary(report, Style(language))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_report_of_a_scan_is_what_the_schema_says(name: str) -> None:
    report = scan(name, compared=name in VALID)
    value = json.loads(report.to_json())
    jsonschema.validate(value, schema())
    assert value["container"] == ("pdf" if name.endswith(".pdf") else "image")
    assert value["sheet"]["compared"] is (name in VALID)
    assert value["signatures"] == []
    for finding in report.findings:
        chinese, english = finding.message("zh"), finding.message("en")
        assert chinese and english and chinese != english and "{" not in chinese + english
        assert "—" not in chinese + english, finding


@pytest.mark.parametrize("name", VALID)
def test_nobody_trusted_is_never_valid(name: str) -> None:
    report = scan(name, compared=True, trust=elicense.TrustStore.empty())
    assert report.verdict is Verdict.INDETERMINATE
    assert first(report) == ("qr.signature", "key-not-listed")


@pytest.mark.parametrize("name", VALID)
def test_after_its_last_day_no_scan_is_valid(name: str) -> None:
    late = AT.replace(year=AT.year + 12)
    report = scan(name, compared=True, at=late, now=late)
    assert report.verdict is Verdict.INVALID
    assert ("licence.dates", "expired") in found(report, Outcome.FAIL)


def test_the_signed_fields_are_laid_out_in_the_order_of_the_page() -> None:
    text = render(scan("tianjin-doc-flatbed.png"), Style("zh", 100))
    order = [text.index(label) for label in ("编号：", "公司名称：", "船舶种类：", "有效期至：")]
    assert order == sorted(order)
    assert "□ 编号：样例TJDOC202600001" in text
    assert "签名数据（已证实）" in text and "请对照纸面" in text


def test_data_of_a_code_that_does_not_verify_are_never_called_proven() -> None:
    for language, proven in (("zh", "已证实"), ("en", "(proven)")):
        text = render(scan("forged-code.png"), Style(language, 100))
        assert proven not in text


# -- what a sheet is ---------------------------------------------------------------------


def test_a_pdf_of_pictures_is_a_sheet_and_a_sealed_one_never() -> None:
    assert scan("guangdong-smc-scan.pdf").evidence.sheet
    for name in ("tianjin-doc.pdf", "unsealed.pdf", "tampered-page.pdf", "tianjin-doc.ofd"):
        report = judge(SAMPLES / name, compared=True)
        assert not report.evidence.sheet and not report.compared
        assert "sheet" not in report.to_dict()
        assert not any(f.code.startswith("sheet.") for f in report.findings)


def test_compared_mends_no_sealed_file() -> None:
    for name in ("unsealed.pdf", "tampered-page.pdf", "rogue.ofd"):
        assert judge(SAMPLES / name, compared=True).verdict is judge(SAMPLES / name).verdict


def test_the_signature_of_a_print_is_not_there_and_that_is_said() -> None:
    """A sealed PDF printed to pictures: no seal is found, none is missed."""
    data = encoded(page("tianjin-doc.pdf"), "PDF", resolution=150)
    report = judge(data, compared=True, ocr=False)
    assert report.verdict is Verdict.VALID and report.evidence.signatures == ()
    assert "sheet.original" in {f.code for f in report.findings}


def test_a_picture_laid_over_a_seal_leaves_the_file_a_sealed_one() -> None:
    report = judge(sample("appended-overlay.pdf"), compared=True, ocr=False)
    assert not report.evidence.sheet and report.verdict is Verdict.INVALID


def test_text_on_the_page_makes_it_no_picture() -> None:
    from pikepdf import Name, Pdf

    scanned = Pdf.open(SCANS / "guangdong-smc-scan.pdf")
    pages = scanned.pages[0]
    font = scanned.make_indirect({"/Type": Name.Font, "/Subtype": Name.Type1,
                                  "/BaseFont": Name.Helvetica})  # fmt: skip
    pages.Resources.Font = {"/F1": font}
    for mode, is_sheet in ((3, True), (0, False)):  # searchable scans have unpainted text
        import io

        stream = f"BT {mode} Tr /F1 12 Tf 20 20 Td (VALID) Tj ET".encode()
        copy = io.BytesIO()
        scanned.save(copy)
        again = Pdf.open(io.BytesIO(copy.getvalue()))
        again.pages[0].contents_add(stream)
        out = io.BytesIO()
        again.save(out)
        assert examine(out.getvalue(), ocr=False).sheet is is_sheet


def test_turned_by_exif_and_by_hand_it_is_the_same_licence() -> None:
    upright = page("tianjin-doc.pdf")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(upright.rotate(90, expand=True), "JPEG", quality=80, exif=exif.tobytes())
    on_its_head = encoded(upright.rotate(180), "PNG")
    for data in (turned, on_its_head):
        assert judge(data, compared=True, ocr=False).verdict is Verdict.VALID
    corners = judge(turned, ocr=False).evidence.qr[0].corners
    assert corners[0][1] > upright.height / 2, "the code stands at the foot of the upright page"


def test_every_page_of_a_tiff_is_looked_at() -> None:
    blank = Image.new("L", (400, 560), 255)
    data = encoded(blank, "TIFF", save_all=True, append_images=[blank, page().convert("L")])
    report = judge(data, compared=True, ocr=False)
    assert report.evidence.pages == 3 and report.evidence.qr[0].page == 3
    assert report.verdict is Verdict.VALID


def test_pages_that_were_not_compared_are_said_to_prove_nothing() -> None:
    report = scan("tianjin-doc-photocopy.tif", compared=True)
    (remark,) = [f for f in report.findings if f.reason == "other-pages"]
    assert "2" in remark.message("en") and remark.outcome is Outcome.WARN
    single = scan("tianjin-doc-flatbed.png", compared=True)
    assert not any(f.reason == "other-pages" for f in single.findings)


def test_a_pdf_of_pictures_that_can_change_by_itself_is_never_valid() -> None:
    import io

    from pikepdf import Dictionary, Name, Pdf, String

    scanned = Pdf.open(SCANS / "guangdong-smc-scan.pdf")
    scanned.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    out = io.BytesIO()
    scanned.save(out)
    report = judge(out.getvalue(), compared=True, ocr=False)
    assert report.verdict is not Verdict.VALID
    assert "container.structure" in {f.code for f in report.deciding}


def test_pages_beyond_the_limit_are_named_and_never_passed_over() -> None:
    blank = Image.new("1", (60, 80), 1)
    data = encoded(blank, "TIFF", save_all=True, append_images=[blank] * 9)
    report = judge(data, compared=True, ocr=False)
    assert first(report) == ("qr.signature", "not-searched")
    assert "pages-not-read" in {f.reason for f in report.findings if f.code == "sheet.read"}


def test_five_hundred_pages_are_read_in_bounded_time() -> None:
    blank = Image.new("1", (60, 80), 1)
    data = encoded(blank, "PDF", save_all=True, append_images=[blank] * 499)
    report = judge(data, ocr=False)
    assert report.evidence.sheet and report.evidence.pages == 500
    assert first(report) == ("qr.signature", "not-searched")
    with pytest.raises(elicense.LimitError):
        judge(encoded(blank, "PDF", save_all=True, append_images=[blank] * 500), ocr=False)


def test_no_time_is_an_open_question_not_an_answer() -> None:
    limits = replace(DEFAULT_LIMITS, scan_seconds=0.0)
    report = judge(SCANS / "no-code.png", ocr=False, limits=limits)
    assert report.verdict is Verdict.INDETERMINATE
    assert first(report) == ("qr.signature", "not-searched")
    assert "--time-budget" in report.deciding[0].advice("en")


def test_pages_not_looked_at_are_never_valid() -> None:
    report = judge(SCANS / "tianjin-doc-flatbed.png", pages=False, compared=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert first(report) == ("qr.signature", "not-searched")


def test_one_pixel_gives_an_answer() -> None:
    report = judge(encoded(Image.new("L", (1, 1), 255)), ocr=False)
    assert first(report) == ("qr.signature", "sheet-none")


def test_a_damaged_picture_is_unreadable_not_judged() -> None:
    data = SCANS.joinpath("tianjin-doc-photo.jpg").read_bytes()
    with pytest.raises(elicense.InputError) as caught:
        judge(data[: len(data) // 2], ocr=False)
    assert caught.value.code == "image.truncated"


# -- codes -------------------------------------------------------------------------------


def test_a_forged_code_beside_a_genuine_one_is_a_fault() -> None:
    genuine = scan("tianjin-doc-flatbed.png").evidence
    forged = scan("forged-code.png").evidence.qr[0]
    both = replace(genuine, qr=(*genuine.qr, forged))
    report = from_evidence(both, compared=True)
    assert report.verdict is Verdict.INVALID
    assert report.licence is not None and report.licence.number == "样例TJDOC202600001"


def test_codes_of_two_licences_or_versions_are_told_as_such() -> None:
    other = examine(sample("tianjin-doc-endorsed.ofd")).qr[0].text
    evidence = scan("tianjin-doc-flatbed.png").evidence
    twice = replace(evidence, qr=(*evidence.qr, evidence.qr[0]))
    assert from_evidence(twice, compared=True).verdict is Verdict.VALID
    mixed = replace(evidence, qr=(*evidence.qr, replace(evidence.qr[0], text=other)))
    report = from_evidence(mixed, compared=True)
    assert report.verdict is Verdict.INDETERMINATE
    assert first(report) == ("sheet.one-licence", "")
    later = sealing.qr_text(desk(), licences.TIANJIN_DOC, data=b"{}")
    mixed = replace(evidence, qr=(*evidence.qr, replace(evidence.qr[0], text=later)))
    assert first(from_evidence(mixed, compared=True)) == ("sheet.one-licence", "versions")


def test_no_policy_can_wave_two_licences_through() -> None:
    with pytest.raises(elicense.UsageError):
        Policy(weights={"sheet.one-licence": "IGNORE"})


def test_a_forged_code_of_the_same_version_does_not_live_on_the_true_one() -> None:
    """An unlisted key's code says another company; the signed one beside it is no proof of
    that, not even where the policy does not mind unlisted keys."""
    evidence = scan("tianjin-doc-flatbed.png").evidence
    true = decode(evidence.qr[0].text)
    company = replace(true.licence.holder, name="南海样例航运有限公司")
    forged = encode(
        replace(true.licence, holder=company), data_digest=true.data_digest, algorithm="sm2",
        kid=b"\0" * 4, sign=lambda message: b"\1" * 64,
    )  # fmt: skip
    both = replace(evidence, qr=(replace(evidence.qr[0], text=forged), *evidence.qr))
    report = from_evidence(both, compared=True, policy=Policy(weights={"qr.signature": "WARN"}))
    assert report.verdict is Verdict.INDETERMINATE
    assert first(report) == ("sheet.one-licence", "versions")


@pytest.mark.parametrize("code", ["agreement.printed", "qr.signature"])
def test_no_policy_makes_an_uncompared_sheet_valid(code: str) -> None:
    policy = Policy(weights={code: "IGNORE"})
    report = scan(VALID[0], policy=policy)
    assert report.verdict is Verdict.INDETERMINATE and report.missing == ("sheet",)
    empty = scan("no-code.png", policy=policy, compared=True)
    assert empty.verdict is Verdict.INDETERMINATE and empty.missing == tuple(OF_SHEET)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://zz.tj.example/v?id=1", "url-listed"),
        ("http://zz.tj.example/v?id=1", "url-odd"),
        ("https://zz.tj.example@evil.example/v", "url-odd"),
        ("https://zz.tj.example.pay.cn/v", "url-look-alike"),
        ("https://zz-tj-example.cn/v", "url-look-alike"),
        ("https://zz.tj.examp1e/v", "url-look-alike"),
        ("https://zz.tj.exarnple/v", "url"),
        ("https://zz.tj.exmaple/v", "url-look-alike"),
        ("https://zz.tj.ехample/v", "url-look-alike"),
        ("https://msa.gov.cn.query.example/v", "url-look-alike"),
        ("https://example.org/", "url"),
        ("05A12345678", "number-other"), ("样例TJDOC202600001", "number-same"),
        ("8f14e45fceea167a5a36dedd4bea2543", "token"), ("hello", "text"),
        ("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
         "identifier-other"),
        ("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.A",
         "identifier-check"),
    ],
)  # fmt: skip
def test_foreign_codes_are_shown_for_what_they_are(text: str, reason: str) -> None:
    evidence = scan("tianjin-doc-flatbed.png").evidence
    code = QrCode(1, text, classify(text).kind)
    report = from_evidence(replace(evidence, qr=(*evidence.qr, code)), compared=True)
    (finding,) = [f for f in report.findings if f.code == "qr.foreign"]
    assert (finding.outcome, finding.reason) == (Outcome.WARN, reason)
    assert report.verdict is Verdict.VALID
    for language in ("zh", "en"):
        assert finding.message(language) and "—" not in finding.message(language)


def test_the_owners_own_names_are_not_look_alikes() -> None:
    for text in ("https://zz.tj.example/", "https://m.zz.tj.example/", "https://tj.example/"):
        url = classify(text).url
        assert url is not None and look_alike(url, ["zz.tj.example"]) == ""


# -- printed fields ----------------------------------------------------------------------


def test_a_difference_keeps_the_question_open_and_names_both() -> None:
    evidence = scan("tianjin-doc-flatbed.png").evidence
    wrong = PrintedField("number", "样例TJDOC202600001", "样例TJDOC202600007", "differs", 0.98, 1)
    report = from_evidence(replace(evidence, printed=(wrong,), printed_problem=""))
    assert report.verdict is Verdict.INDETERMINATE
    assert ("agreement.printed", "differs") in found(report, Outcome.UNKNOWN)
    text = render(report, Style("zh", 100))
    assert "✗ 编号：样例TJDOC202600001" in text and "纸面读作：样例TJDOC202600007" in text


def test_fields_are_read_only_for_a_code_whose_signature_holds() -> None:
    report = scan("forged-code.png", ocr=True)
    assert report.evidence.printed == () and report.evidence.printed_problem == sheet.NO_CODE


def test_without_the_extra_the_clerk_is_told_what_to_install(monkeypatch) -> None:
    from elicense.ocr import engine

    monkeypatch.setattr(engine, "available", lambda: engine.Available(False, "not installed"))
    report = scan(VALID[0], ocr=True)
    assert first(report) == ("agreement.printed", "no-ocr")
    assert "elicense[ocr]" in report.deciding[0].advice("zh")


def test_without_zbar_a_sheet_without_a_code_says_so(monkeypatch) -> None:
    from elicense.qr import zbar

    monkeypatch.setattr(zbar, "_library", lambda: (None, "Unable to find zbar shared library"))
    report = scan("no-code.png")
    remarks = {f.reason: f for f in report.findings if f.code == "sheet.read"}
    assert "elicense doctor" in remarks["zbar-missing"].advice("en")
    assert scan(VALID[0], compared=True).verdict is Verdict.VALID


def test_red_marks_are_told_and_never_weighed() -> None:
    report = scan("tianjin-doc-flatbed.png")
    (mark,) = report.evidence.seal_marks
    x, y, width, height = mark.box
    assert x > 600 and y > 1200 and 180 < width < 300 and 180 < height < 300
    (finding,) = [f for f in report.findings if f.code == "sheet.seal-mark"]
    assert finding.outcome is Outcome.SKIPPED and finding.reason == "seen"
    assert scan("tianjin-doc-photocopy.tif").evidence.seal_marks == ()


def test_the_same_scan_has_the_same_report() -> None:
    one, two = (scan("tianjin-doc-photo.jpg", compared=True).to_dict() for _ in range(2))
    one.pop("environment"), two.pop("environment")
    assert one == two


def test_a_partly_transparent_picture_is_never_valid_by_reading_alone() -> None:
    """Laid on white it shows one thing, on another ground it may show another."""
    import io

    from PIL import Image

    with Image.open(SCANS / "tianjin-doc-flatbed.png") as opened:
        seen = opened.convert("RGBA")
    seen.putpixel((5, 5), (0, 0, 0, 0))
    out = io.BytesIO()
    seen.save(out, "PNG")
    report = elicense.verify(out.getvalue(), trust=trust(), at=AT, now=AT)
    assert str(report.verdict) == "INDETERMINATE"
    found = [f for f in report.findings if f.code == "agreement.printed"]
    assert [(f.reason, f.detail) for f in found] == [("not-compared", "see-through")]
