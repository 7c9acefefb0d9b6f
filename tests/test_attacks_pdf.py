"""No attack on a sealed PDF ends in VALID, and each is refused by the finding that names it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import attacks_more as more
import pdf_attacks
import pdf_samples
from elicense.containers import pdf
from elicense.findings import Outcome
from elicense.issuing.page import Spot
from elicense.limits import Limits
from elicense.verdict import Verdict
from judging import AT, found, judge, of, sample
from samples.sealing import sealing_time

FAIL, PASS, UNKNOWN, WARN = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.WARN
SEALED = ("tianjin-doc.pdf", "guangdong-smc-long-term.pdf")
# by the beginning of an attack's name: the codes that may name it
NAMED = {
    "usf_": {"coverage.document"},
    "range_": {"coverage.document"},
    "contents_": {"coverage.document"},
    "swa_": {"coverage.document", "container.structure"},
    "isa_": {"container.structure", "coverage.document"},
    "trailing_": {"container.structure"},
    "second_eof": {"container.structure"},
    "startxref_": {"container.structure"},
    "prev_": {"container.structure", "coverage.document"},
    "duplicate_": {"container.structure"},
    "objstm_": {"container.structure"},
    "hybrid_": {"container.structure", "changes.after-signing"},
}
STRUCTURE = ("hybrid-xref", "prev-loop", "xref-broken", "duplicate-key", "object-outside-xref")


def codes(report) -> set[str]:
    return {code for code, _ in found(report, FAIL)}


@pytest.mark.parametrize("name", sorted(pdf_attacks.ATTACKS))
@pytest.mark.parametrize("file", SEALED)
def test_attack_is_proven_and_named(file, name):
    attacked = pdf_attacks.ATTACKS[name](sample(file))
    report = judge(attacked, pages=False)
    assert report.verdict is Verdict.INVALID
    wanted = next((c for start, c in NAMED.items() if name.startswith(start)), None)
    assert codes(report) & (wanted or {"changes.after-signing"})
    for finding in report.deciding:
        assert finding.message("zh") and finding.message("en")


@pytest.mark.parametrize("name", ["replace_content", "swa_moved_range", "annotation_over_text"])
def test_attack_is_refused_with_pages_read(name):
    assert judge(pdf_attacks.ATTACKS[name](sample(SEALED[0]))).verdict is Verdict.INVALID


# -- certified, locked, sealed again ------------------------------------------


@pytest.mark.parametrize("level", [1, 2, 3])
def test_certified_licence_is_valid_until_somebody_changes_it(level):
    later = max(AT, datetime.now(UTC)) + timedelta(minutes=1)  # pyHanko writes the present time
    assert judge(more.certified(level), at=later, now=later).verdict is Verdict.VALID


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("name", ["annotation_over_text", "form_field_added", "replace_content"])
def test_change_after_certification(level, name):
    """Evil annotation: even where P3 allows annotations, a licence does not."""
    report = judge(pdf_attacks.ATTACKS[name](more.certified(level)), pages=False)
    assert report.verdict is Verdict.INVALID
    assert "changes.after-signing" in codes(report)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_certification_removed(level):
    attacked = pdf_attacks.ATTACKS_ON_CERTIFIED["permissions_removed"](more.certified(level))
    report = judge(attacked, pages=False)
    assert report.verdict is Verdict.INVALID
    assert ("changes.after-signing", "perms-changed") in found(report, FAIL)


def test_seal_after_certification_that_allows_none():
    report = judge(more.further_seal(more.certified(1), signer=more.SIGNER))
    assert ("changes.after-signing", "docmdp-violated") in found(report, FAIL)
    assert report.verdict is Verdict.INVALID


def test_locked_field_filled():
    assert judge(more.locked(), pages=False).verdict is not Verdict.INVALID
    report = judge(more.fill_locked_field(more.locked()), pages=False)
    assert ("changes.after-signing", "fieldmdp-violated") in found(report, FAIL)
    assert report.verdict is Verdict.INVALID


def test_further_seal_of_the_issuer_is_valid():
    assert judge(more.further_seal(sample("tianjin-doc.pdf"), signer=more.SIGNER))


@pytest.mark.parametrize("level", [2, 3])
def test_sneaky_signature_by_a_trusted_key(level):
    """A further seal whose look covers the text: trusted, but too large."""
    wide = Spot(1, 10, 60, 190, 120)
    report = judge(more.further_seal(more.certified(level), signer=more.SIGNER, spot=wide))
    assert report.verdict is Verdict.INVALID
    assert ("changes.after-signing", "signature-field") in found(report, FAIL)


def test_extra_seal_by_nobody_we_know():
    report = judge(more.further_seal(sample("tianjin-doc.pdf"), signer=more.ROGUE))
    assert report.verdict is Verdict.INVALID
    assert ("changes.after-signing", "untrusted-seal") in found(report, FAIL)
    assert of(report, "chain.path", "signature:1") == [PASS]
    assert of(report, "chain.path", "signature:2") == [UNKNOWN]


def test_extra_seal_by_another_listed_authority_is_an_endorsement():
    report = judge(more.further_seal(sample("tianjin-doc.pdf"), signer=more.OTHER))
    assert report.verdict is Verdict.VALID
    assert ("authority.licence-type", "endorser") in found(report, PASS)


def test_another_authority_cannot_issue():
    """Sealed by a listed authority that is not the issuer, and by nobody else."""
    report = judge(more.seal_pdf(more.plain_pdf(), signer=more.OTHER))
    assert report.verdict is Verdict.INVALID
    assert ("authority.licence-type", "issuer") in found(report, FAIL)


def test_the_issuer_cannot_endorse_what_another_issued():
    """The other authority's seal first, the issuer's upon it."""
    first = more.seal_pdf(more.plain_pdf(), signer=more.OTHER)
    report = judge(more.further_seal(first, signer=more.SIGNER))
    assert report.verdict is Verdict.INVALID


# -- the signature value ------------------------------------------------------


@pytest.mark.parametrize(
    ("forge", "code", "reason"),
    [
        (more.foreign_content, "signature.value", "econtent-present"),
        (more.own_content_carried, "signature.value", "econtent-present"),
        (more.second_signer, "signature.value", "signer-count"),
        (more.rogue_value, "signature.value", ""),
        (more.copied_timestamp, "time.proof", "imprint"),
    ],
)
def test_forged_value(forge, code, reason):
    report = judge(forge(sample("tianjin-doc.pdf")))
    assert report.verdict is Verdict.INVALID
    assert (code, reason) in found(report, FAIL)


def test_value_of_another_document():
    """The seal of one licence copied into another's gap."""
    other = pdf.read(sample("suspended.pdf")).signatures[0].contents
    data = sample("tianjin-doc.pdf")
    _, low, high, _ = pdf.read(data).signatures[0].byte_range
    forged = data[: low + 1] + other.hex().encode().ljust(high - low - 2, b"0") + data[high - 1 :]
    report = judge(forged)
    assert report.verdict is Verdict.INVALID
    assert "integrity.digest" in codes(report)


# -- hostile before it was sealed ---------------------------------------------

DYNAMIC = {
    "javascript": {"OpenAction": {"S": "JavaScript", "JS": b"app.alert(1)"}},
    "launch": {"OpenAction": {"S": "Launch", "F": b"x.exe"}},
    "named-script": {"Names": {"JavaScript": {"Names": [b"a", {"S": "JavaScript", "JS": b"1"}]}}},
    "xfa": {"AcroForm": {"Fields": [], "XFA": b"<xdp/>"}},
}


@pytest.mark.parametrize("name", DYNAMIC)
def test_moving_parts_are_refused_though_the_issuer_sealed_them(name):
    report = judge(more.sealed_with_catalog(DYNAMIC[name]))
    assert of(report, "signature.value") == [PASS]
    assert ("container.structure", "dynamic-content") in found(report, FAIL)
    assert report.verdict is Verdict.INVALID


def test_layers_leave_the_question_open():
    report = judge(more.sealed_with_catalog({"OCProperties": {"OCGs": [], "D": {}}}))
    assert report.verdict is Verdict.INDETERMINATE
    assert ("container.structure", "dynamic-content") in found(report, UNKNOWN)


def test_content_from_elsewhere():
    report = judge(more.sealed_external_stream())
    assert ("container.structure", "dynamic-content") in found(report, FAIL)


def test_picture_of_a_seal_is_no_seal():
    data = more.seal_without_signature()
    report = judge(data)
    assert report.verdict is not Verdict.VALID
    assert not any(PASS is outcome for outcome in of(report, "signature.value"))
    assert report.evidence.signatures == () or report.evidence.signatures[0].kind == "unreadable"


def test_one_value_in_two_fields_is_one_seal():
    data = sample("tianjin-doc.pdf")
    num = pdf.read(data).signatures[0].object[0]
    now = pdf_samples.state(data)
    form = pdf_samples.current(data, now.root)["AcroForm"]
    entries = pdf_samples.current(data, form.num)
    fields = [*pdf_samples.pdf_array(data, entries["Fields"]), pdf_samples.Ref(now.size, 0)]
    twin = b"<</FT/Sig/T(Twin)/V %d 0 R>>" % num
    source = pdf_samples.write({**entries, "Fields": fields})
    report = judge(pdf_samples.update(data, {form.num: source, now.size: twin}))
    assert len(report.evidence.signatures) == 1
    assert ("signature.encoding", "signature-in-several-fields") in found(report, WARN)


def test_seal_shown_again_over_the_text():
    """The same value in a second field, and that one with a look of its own."""
    data = sample("tianjin-doc.pdf")
    num = pdf.read(data).signatures[0].object[0]
    now = pdf_samples.state(data)
    page = pdf_samples.current(data, now.page)
    annots = [*pdf_samples.pdf_array(data, page["Annots"]), pdf_samples.Ref(now.size, 0)]
    twin = (
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Twin)/Rect[60 400 500 700]/V %d 0 R"
        b"/AP<</N %d 0 R>>>>" % (num, now.size + 1)
    )
    look = pdf_samples.stream(b"0 0 440 300 re f", b"/Subtype/Form/BBox[0 0 440 300]")
    report = judge(
        pdf_samples.update(
            data,
            {
                now.page: pdf_samples.write({**page, "Annots": annots}),
                now.size: twin,
                now.size + 1: look,
            },
        )
    )
    assert report.verdict is Verdict.INVALID
    assert "changes.after-signing" in codes(report)


# -- what it costs ------------------------------------------------------------


def _xobject_bomb(size: int) -> dict[int, bytes]:
    """Ten forms, each drawing the next ten times."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]"
    made = {
        size + depth: pdf_samples.stream(
            b"/X Do " * 10, form + b"/Resources<</XObject<</X %d 0 R>>>>" % (size + depth + 1)
        )
        for depth in range(10)
    }
    made[size + 10] = pdf_samples.stream(b"0 0 600 900 re f", form)
    return made


def _drawing_bomb() -> bytes:
    data = more.plain_pdf()
    now = pdf_samples.state(data)
    page = pdf_samples.current(data, now.page)
    objects = _xobject_bomb(now.size)
    resources = {"XObject": {"X": pdf_samples.Ref(now.size, 0)}}
    objects[now.page] = pdf_samples.write({**page, "Resources": resources})
    objects[now.contents] = pdf_samples.stream(b"/X Do")
    return more.seal_pdf(pdf_samples.update(data, objects))


def _content(body: bytes) -> bytes:
    return more.sealed_page_content(
        lambda contents, _: {contents: pdf_samples.stream(body, deflate=True)}
    )


BOMBS = {
    "forms-within-forms": (_drawing_bomb, "more than"),
    "inflated-content": (lambda: _content(bytes(80 << 20)), "inflates past"),
    "long-content": (lambda: _content(b"0 0 m f\n" * 2_000_000), "inflates past"),
    "slow-content": (lambda: _content(b"0 0 900 900 re f\n" * 100_000), "seconds"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_page_that_costs_too_much_is_not_drawn(name):
    make, words = BOMBS[name]
    data = make()
    start = time.process_time()
    report = judge(data, limits=Limits(render_seconds=0.3))
    assert time.process_time() - start < 2
    assert report.verdict is not Verdict.VALID
    assert words in report.evidence.claims.text_problem + report.evidence.qr_problem


@pytest.mark.parametrize(
    "stream",
    [
        pdf_samples.stream(bytes(80 << 20), b"/Type/EmbeddedFile", deflate=True),
        pdf_samples.stream(
            b"\x04\0" * (2 << 20),
            b"/Type/EmbeddedFile/DecodeParms<</Predictor 15/Columns 1>>",
            deflate=True,
        ),
        pdf_samples.stream(b"[" * 1_000_000, b"/Type/EmbeddedFile", deflate=True),
    ],
    ids=["inflated", "predicted", "nested"],
)
def test_licence_data_that_costs_too_much(stream):
    data = more.sealed_licence_data(stream)
    start = time.process_time()
    report = judge(data, pages=False)
    assert time.process_time() - start < 2
    assert report.verdict is not Verdict.VALID
    assert report.licence is None


def test_attacks_do_not_rest_on_the_time_of_judgement():
    attacked = pdf_attacks.ATTACKS["replace_content"](sample("tianjin-doc.pdf"))
    for at in (sealing_time(more.DOC), AT, AT + timedelta(days=3650)):
        assert judge(attacked, at=at, now=AT, pages=False).verdict is Verdict.INVALID
