"""Real OFD files: what their manifest says of structure, digests and coverage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from elicense.containers import ofd

CORPUS = (
    Path(os.environ.get("ELICENSE_CORPUS", Path(__file__).parents[2] / "shared/corpus")) / "ofd"
)
FILES = sorted(CORPUS.glob("*.ofd"))


def read(name: str) -> ofd.OfdPackage:
    path = CORPUS / name
    if not path.exists():
        pytest.skip("the corpus of real files is not here")
    return ofd.read(path.read_bytes())


def bad(signature) -> list[str]:
    return [item.place for item in signature.digests if not item.matches]


@pytest.mark.skipif(not FILES, reason="the corpus of real files is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_real_file_is_read_with_its_pages_and_no_structural_fault(path):
    package = ofd.read(path.read_bytes())
    assert package.faults == ()
    assert package.pages > 0
    assert len(ofd.page_lines(package)) == package.pages


@pytest.mark.parametrize(
    "name",
    [
        "ofdrw_999.ofd",
        "ofdrw_v4signed.ofd",
        "ofdrw_draw_param_ref.ofd",
        "ofdrw_V4RideRight.ofd",
        "ofdrw_SESV4SignDoc.ofd",
        "ofdrw_allprotected.ofd",
        "ofdrw_DigitalSign_bare.ofd",
        "annxf_koal.ofd",
        "mm_hnca_v1_rsa.ofd",
        "hbh_v1_header4.ofd",
        "easyofdjava_sign_gbt.ofd",
    ],
)
def test_intact_files_have_digests_that_match_and_covered_documents(name):
    package = read(name)
    assert package.signatures
    for signature in package.signatures:
        assert signature.digests and bad(signature) == []
        assert signature.faults == ()
        assert signature.signed_value and signature.time


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("ofdrw_einvoice_tampered.ofd", "Doc_0/Document.xml"),
        ("annxf_koal_tampered.ofd", "Doc_0/Pages/Page_0/Content.xml"),
    ],
)
def test_tampered_files_have_one_bad_digest(name, place):
    assert [bad(item) for item in read(name).signatures] == [[place]]


@pytest.mark.parametrize("name", ["ofdrw_999.ofd", "annxf_koal.ofd", "hbh_v1_header4.ofd"])
def test_uncovered_metadata_are_said(name):
    (signature,) = read(name).signatures
    assert signature.coverage.uncovered_metadata[0] == "OFD.xml"
    assert signature.coverage.whole


def test_uncovered_templates_are_said():
    (signature,) = read("ofdrw_draw_param_ref.ofd").signatures
    assert signature.coverage.uncovered == (
        "Doc_0/TPLS/TPL_0/Content.xml",
        "Doc_0/TPLS/TPL_1/Content.xml",
    )
    assert not signature.coverage.whole


def test_the_first_of_two_seals_is_broken_by_the_second():
    first, second = read("ofdrw_h_two_seals.ofd").signatures
    assert bad(first) == ["Doc_0/Signs/Signatures.xml"] and bad(second) == []
    assert "covers-signature-list" in [note.kind for note in first.notes]


def test_a_shadow_document_behind_versions_is_fatal_for_every_seal():
    package = read("hbh_versions_shadow.ofd")
    assert len(package.signatures) == 2
    for signature in package.signatures:
        assert bad(signature) == []
        assert ("shadow-version", "Doc_0/Document_1.xml", True) in [
            (fault.kind, fault.place, fault.fatal) for fault in signature.faults
        ]


def test_a_riding_seal_is_placed_on_every_page():
    (signature,) = read("ofdrw_V4RideRight.ofd").signatures
    assert [item.page for item in signature.placements] == [1, 2, 3, 4, 5]
    assert {item.width for item in signature.placements} == {8.0}


def test_package_integrity_is_read():
    package = read("ofdrw_hello_integrity.ofd")
    assert package.signatures == ()
    assert package.integrity is not None
    assert len(package.integrity.listed) == 5
    assert package.integrity.faults == () and package.integrity.signed_value


def test_page_text_holds_what_the_metadata_say():
    package = read("ofdrw_999.ofd")
    first = "".join(ofd.page_lines(package)[0])
    for name in ("发票代码", "发票号码", "开票日期", "销售方名称"):
        assert package.metadata[name] in first
