"""No attack on a sealed OFD ends in VALID, and each is refused by the finding that names it."""

from __future__ import annotations

import re
import time

import pytest

import attacks_more as more
import elicense
import ofd_attacks
from elicense.findings import Outcome
from elicense.issuing import ofd_package
from elicense.verdict import Verdict
from issuing_world import desk
from judging import found, judge, of, sample
from ofd_attacks import unpack
from samples import sealing

FAIL, PASS, UNKNOWN, WARN = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.WARN
SEALED = ("tianjin-doc.ofd", "guangdong-doc-sign.ofd")
PAGE = "Doc_0/Pages/Page_0/Content.xml"
# attacks that leave nothing to read in one way only: refused before any verdict
ERRORS = {
    "duplicate_entry_in_front": "xml.malformed",
    "second_directory_in_comment": "ofd.root",
    "size_understated": "ofd.root",
    "directory_offset_past_end": "ofd.root",
    "compression_method_unknown": "ofd.root",
    "zip_bomb": "ofd.ratio",
    "doctype_in_root": "xml.doctype",
    "nested_depth": "xml.depth",
    "nested_depth_extreme": "ofd.ratio",
    "huge_xml": "xml.nodes",
}
# what is not proven wrong, only not to be trusted
OPEN = {
    "signature_unlisted": ("container.structure", "unlisted-signature"),
    "bytes_between_entries": ("container.structure", "unexplained-bytes"),
}
REASONS = {
    "docroot_swapped": ("coverage.document", "shadow-docroot"),
    "version_swapped": ("coverage.document", "shadow-version"),
    "second_docbody": ("coverage.document", "uncovered-document"),
    "second_docroot": ("container.structure", "ambiguous-element"),
    "zero_references": ("coverage.document", "zero-references"),
    "escaping_reference": ("container.structure", "path-escape"),
    "page_changed": ("integrity.digest", ""),
    "page_removed": ("integrity.digest", "missing"),
    "page_added": ("coverage.document", "uncovered-page"),
    "case_variant_reference": ("coverage.document", "uncovered-page"),
    "duplicate_entry": ("container.structure", "duplicate-entry"),
    "case_variant_entry": ("container.structure", "case-variant-entry"),
    "ghost_local_header": ("container.structure", "ghost-entry"),
    "ghost_local_header_in_front": ("container.structure", "ghost-entry"),
    "whole_zip_in_front": ("container.structure", "ghost-entry"),
    "zip_slip": ("container.structure", "path-escape"),
    "symlink": ("container.structure", "symlink"),
    "doctype": ("container.structure", "xml-doctype"),
    "external_entity": ("container.structure", "xml-doctype"),
    "billion_laughs": ("container.structure", "xml-doctype"),
    "billion_laughs_utf16": ("container.structure", "xml-encoding"),
}


@pytest.mark.parametrize("file", SEALED)
@pytest.mark.parametrize("name", sorted(set(ofd_attacks.ATTACKS) - set(ERRORS) - set(OPEN)))
def test_attack_is_proven_and_named(name, file):
    report = judge(ofd_attacks.ATTACKS[name](sample(file)))
    assert report.verdict is Verdict.INVALID
    reasons = found(report, FAIL)
    if name in REASONS:
        assert REASONS[name] in reasons
    assert {code for code, _ in reasons} & {
        "container.structure",
        "coverage.document",
        "integrity.digest",
    }
    for finding in report.deciding:
        assert finding.message("zh") and finding.message("en")


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_unreadable_package_is_an_error_with_a_code(name):
    start = time.process_time()
    with pytest.raises(elicense.InputError) as caught:
        judge(ofd_attacks.ATTACKS[name](sample("tianjin-doc.ofd")))
    assert caught.value.code == ERRORS[name]
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_cannot_be_explained_leaves_the_question_open(name):
    report = judge(ofd_attacks.ATTACKS[name](sample("tianjin-doc.ofd")))
    assert report.verdict is Verdict.INDETERMINATE
    assert OPEN[name] in found(report, UNKNOWN)


# -- sealed by the issuer, but not everything ---------------------------------


def test_sealed_by_the_issuer_over_everything_is_valid():
    assert judge(more.seal_ofd_over(more.plain_ofd(), lambda xml: xml))


@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        ((PAGE,), "coverage.document"),
        (("Doc_0/Document.xml",), "coverage.document"),
        (("Doc_0/PublicRes.xml",), "coverage.document"),
        (("licence.json",), "licence.data"),
    ],
)
def test_seal_that_leaves_a_part_out(left_out, code):
    report = judge(more.seal_ofd_over(more.plain_ofd(), more.leave_out(*left_out)))
    assert of(report, "signature.value") == [PASS]
    assert report.verdict is not Verdict.VALID
    assert code in {c for c, _ in found(report, FAIL, UNKNOWN)}


def test_seal_over_nothing():
    report = judge(more.seal_ofd_over(more.plain_ofd(), more.no_references))
    assert of(report, "signature.value") == [PASS]
    assert report.verdict is Verdict.INVALID
    assert ("coverage.document", "zero-references") in found(report, FAIL)


def _uncovered_root() -> bytes:
    """Sealed by the issuer with OFD.xml left open, as 22 of 59 real files are."""
    return more.seal_ofd_over(more.plain_ofd(), more.leave_out("OFD.xml"))


def test_metadata_changed_where_the_seal_leaves_it_open():
    """Every digest matches; the metadata is named as unprotected and never believed."""
    data = _uncovered_root()
    text = sample("tianjin-doc.ofd")
    assert b"CustomData" in unpack(text)["OFD.xml"]
    changed = more.replaced(
        data, {"OFD.xml": lambda xml: re.sub(rb"(<ofd:CustomData [^>]*>)[^<]*", rb"\g<1>999", xml)}
    )
    assert unpack(changed)["OFD.xml"] != unpack(data)["OFD.xml"]
    report = judge(changed)
    assert of(report, "integrity.digest") == [PASS]
    assert ("coverage.metadata", "") in found(report, WARN)
    assert not report.evidence.claims.metadata_covered
    assert report.evidence.claims.metadata  # shown, as unproven
    licence = report.licence
    assert licence is not None and "999" not in licence.number  # from the sealed data alone


@pytest.mark.parametrize("name", ["docroot_swapped", "version_swapped", "second_docbody"])
def test_other_document_where_the_seal_leaves_the_root_open(name):
    """Every digest matches, and what a reader shows is not what was sealed."""
    report = judge(ofd_attacks.ATTACKS[name](_uncovered_root()))
    assert of(report, "integrity.digest") == [PASS]
    assert report.verdict is Verdict.INVALID
    assert REASONS[name] in found(report, FAIL)


# -- the seal itself ----------------------------------------------------------


def test_seal_file_differs_from_the_seal_that_signed():
    other = sealing.seal_of(desk(), more.DOC, version=5)
    data = more.replaced(
        sample("tianjin-doc.ofd"), {"Doc_0/Signs/Sign_0/Seal.esl": lambda _: other}
    )
    report = judge(data)
    assert report.verdict is Verdict.INVALID
    assert {("seal.file", "differs"), ("integrity.digest", "")} <= found(report, FAIL)


def test_seal_file_removed():
    data = more.replaced(sample("tianjin-doc.ofd"), {"Doc_0/Signs/Sign_0/Seal.esl": None})
    report = judge(data)
    assert report.verdict is Verdict.INVALID
    assert ("integrity.digest", "missing") in found(report, FAIL)


def test_signer_who_is_not_in_the_seal():
    seal = sealing.seal_of(desk(), more.DOC, signer=more.OTHER)
    report = judge(more.seal_ofd(more.plain_ofd(), seal=seal))
    assert report.verdict is Verdict.INVALID
    assert ("seal.signer", "") in found(report, FAIL)


def test_seal_made_by_nobody_we_know():
    seal = sealing.seal_of(desk(), more.DOC, maker="rogue/tianjin-maker-sm2")
    report = judge(more.seal_ofd(more.plain_ofd(), seal=seal))
    assert report.verdict is Verdict.INDETERMINATE
    assert ("seal.maker", "not-listed") in found(report, UNKNOWN)


def test_forged_seal():
    seal = sealing.seal_of(desk(), more.DOC, forged=True)
    report = judge(more.seal_ofd(more.plain_ofd(), seal=seal))
    assert report.verdict is Verdict.INVALID
    assert ("seal.maker", "") in found(report, FAIL)


def test_signed_value_of_another_licence():
    other = unpack(sample("guangdong-smc.ofd"))["Doc_0/Signs/Sign_0/SignedValue.dat"]
    data = more.replaced(
        sample("tianjin-doc.ofd"), {"Doc_0/Signs/Sign_0/SignedValue.dat": lambda _: other}
    )
    report = judge(data)
    assert report.verdict is Verdict.INVALID
    assert "integrity.digest" in {code for code, _ in found(report, FAIL)}


# -- laundering: changed, and sealed again ------------------------------------


def _tampered() -> bytes:
    """The page changed, the issuer's seal left in place."""
    return more.replaced(
        sample("tianjin-doc.ofd"), {PAGE: lambda xml: xml.replace(b"2031", b"2039")}
    )


@pytest.mark.parametrize("signer", [more.ROGUE, more.OTHER, more.SIGNER])
def test_later_seal_does_not_launder_a_change(signer):
    """Even the issuer's own second seal does not mend the first."""
    assert unpack(_tampered())[PAGE] != unpack(sample("tianjin-doc.ofd"))[PAGE]
    report = judge(more.further_ofd_seal(_tampered(), signer=signer))
    assert report.verdict is Verdict.INVALID
    assert of(report, "integrity.digest", "signature:1") == [FAIL]
    assert of(report, "integrity.digest", "signature:2") == [PASS]


def test_page_that_only_a_later_seal_covers():
    added = ofd_attacks.ATTACKS["page_added"](sample("tianjin-doc.ofd"))
    report = judge(more.further_ofd_seal(added, signer=more.SIGNER))
    assert report.verdict is Verdict.INVALID
    assert of(report, "integrity.digest", "signature:1") == [FAIL]


def test_page_that_only_a_later_seal_covers_where_the_first_left_the_root_open():
    """All digests of both seals match; the issuer never sealed what is shown."""
    swapped = ofd_attacks.ATTACKS["docroot_swapped"](_uncovered_root())
    report = judge(more.further_ofd_seal(swapped, signer=more.OTHER))
    assert of(report, "integrity.digest") == [PASS, PASS]
    assert report.verdict is Verdict.INVALID
    assert REASONS["docroot_swapped"] in found(report, FAIL)


@pytest.mark.parametrize(
    ("signer", "verdict", "finding"),
    [
        (more.ROGUE, Verdict.INDETERMINATE, ("chain.path", "no-anchor")),
        (more.OTHER, Verdict.INVALID, ("authority.licence-type", "issuer")),
    ],
)
def test_seal_taken_off_and_another_put_on(signer, verdict, finding):
    bare = more.unsealed_again(sample("tianjin-doc.ofd"))
    assert judge(bare).evidence.signatures == ()
    report = judge(more.further_ofd_seal(bare, signer=signer))
    assert report.verdict is verdict
    assert finding in found(report, FAIL, UNKNOWN)


def test_further_seal_of_the_issuer_is_valid():
    assert judge(more.further_ofd_seal(sample("tianjin-doc.ofd"), signer=more.SIGNER))


def test_further_seal_by_nobody_we_know_is_never_valid():
    report = judge(more.further_ofd_seal(sample("tianjin-doc.ofd"), signer=more.ROGUE))
    assert report.verdict is not Verdict.VALID
    assert of(report, "chain.path") == [PASS, UNKNOWN]


# -- parts removed ------------------------------------------------------------


@pytest.mark.parametrize(
    "name", sorted(n for n in unpack(sample("tianjin-doc.ofd")) if n != "OFD.xml")
)
def test_no_part_can_be_removed(name):
    """Not one entry of a sealed licence is there for nothing."""
    data = more.replaced(sample("tianjin-doc.ofd"), {name: None})
    try:
        report = judge(data)
    except elicense.InputError:
        return
    assert report.verdict is not Verdict.VALID


@pytest.mark.parametrize(
    "name", sorted(n for n in unpack(sample("tianjin-doc.ofd")) if n != "OFD.xml")
)
def test_no_part_can_be_emptied(name):
    data = more.replaced(sample("tianjin-doc.ofd"), {name: lambda _: b""})
    try:
        report = judge(data)
    except elicense.InputError:
        return
    assert report.verdict is not Verdict.VALID


def test_package_packed_again_is_the_same_licence():
    """Only the ZIP differs: order, times and compression say nothing of the licence."""
    entries = unpack(sample("tianjin-doc.ofd"))
    assert judge(ofd_package.pack(dict(reversed(entries.items()))))
