"""No attack on a sealed OFD leaves a package that looks whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import ofd_attacks
from elicense.containers import ofd
from elicense.errors import Error
from ofd_sample import sample

CORPUS = (
    Path(os.environ.get("ELICENSE_CORPUS", Path(__file__).parents[2] / "shared/corpus")) / "ofd"
)
SOUND = (
    "ofdrw_999.ofd",
    "ofdrw_v4signed.ofd",
    "ofdrw_V4RideRight.ofd",
    "annxf_koal.ofd",
    "hbh_v1_header4.ofd",
    "easyofdjava_sign_gbt.ofd",
)
KINDS = {
    "docroot_swapped": "shadow-docroot",
    "version_swapped": "shadow-version",
    "second_docbody": "uncovered-document",
    "second_docroot": "ambiguous-element",
    "zero_references": "zero-references",
    "escaping_reference": "path-escape",
    "page_removed": "missing-part",
    "page_added": "uncovered-page",
    "signed_value_removed": "missing-signed-value",
    "signature_unlisted": "unlisted-signature",
    "signature_list_broken": "xml-malformed",
    "duplicate_entry": "duplicate-entry",
    "case_variant_entry": "case-variant-entry",
    "ghost_local_header": "ghost-entry",
    "ghost_local_header_in_front": "ghost-entry",
    "whole_zip_in_front": "ghost-entry",
    "other_local_name": "local-name",
    "other_local_size": "local-sizes",
    "wrong_crc": "crc",
    "hidden_tail_in_entry": "deflate-end",
    "overlapping_entries": "overlap",
    "bytes_between_entries": "unexplained-bytes",
    "zip64_contradiction": "zip64",
    "zip_slip": "path-escape",
    "absolute_path": "absolute-path",
    "backslash_path": "backslash-name",
    "drive_letter": "drive-letter",
    "nul_in_name": "control-character",
    "dot_at_end_of_name": "unsafe-name",
    "file_and_folder": "file-as-folder",
    "symlink": "symlink",
    "encrypted_entry": "encrypted-entry",
    "unicode_path_differs": "unicode-path",
    "doctype": "xml-doctype",
    "external_entity": "xml-doctype",
    "billion_laughs": "xml-doctype",
    "billion_laughs_utf16": "xml-encoding",
    "broken_page": "xml-malformed",
}
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
DIGESTS = {"case_variant_reference", "page_changed"}


def troubles(data: bytes) -> set[str]:
    """Everything that speaks against the file; empty only for a whole, sealed one."""
    try:
        package = ofd.read(data)
    except Error as error:
        return {error.code}
    found = {fault.kind for fault in package.faults}
    for signature in package.signatures:
        found |= {fault.kind for fault in signature.faults}
        found |= {f"digest {item.place}" for item in signature.digests if not item.matches}
    if not package.signatures:
        found.add("no signature")
    return found


def test_the_sample_itself_is_whole():
    assert troubles(sample()) == set()


def test_every_attack_has_an_expectation():
    assert set(ofd_attacks.ATTACKS) == set(KINDS) | set(ERRORS) | DIGESTS


@pytest.mark.parametrize("name", sorted(KINDS))
def test_attack_leaves_its_fault(name):
    assert KINDS[name] in troubles(ofd_attacks.ATTACKS[name](sample()))


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_attack_is_refused(name):
    with pytest.raises(Error) as caught:
        ofd.read(ofd_attacks.ATTACKS[name](sample()))
    assert caught.value.code == ERRORS[name]


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_attack_breaks_a_digest(name):
    assert any(item.startswith("digest ") for item in troubles(ofd_attacks.ATTACKS[name](sample())))


@pytest.mark.parametrize("file", SOUND)
def test_no_attack_on_a_real_file_goes_unseen(file):
    path = CORPUS / file
    if not path.exists():
        pytest.skip("the corpus of real files is not here")
    data = path.read_bytes()
    before = troubles(data)
    unseen = [
        name for name, forge in ofd_attacks.ATTACKS.items() if troubles(forge(data)) <= before
    ]
    assert unseen == []
