"""Signatures.xml, Signature.xml, the package's own protection, and what is beside the pages."""

from __future__ import annotations

import hashlib

import pytest

from elicense.containers import ofd
from elicense.crypto.sm3 import sm3
from elicense.errors import LimitError
from elicense.evidence import Placement
from elicense.limits import Limits
from ofd_sample import (
    IMAGE,
    LICENCE,
    PAGE,
    SIGNS,
    ofd_xml,
    pack,
    sample,
    signature_xml,
    signed,
    unsigned,
    xml,
)

SIGNATURE = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
SEAL = "Doc_0/Signs/Sign_0/Seal.esl"


def with_signature(content: bytes, **more: bytes) -> ofd.OfdPackage:
    entries = signed() | {SIGNATURE: content} | more
    return ofd.read(pack(entries))


def kinds(items):
    return [item.kind for item in items]


def test_exact_bytes_and_fields_are_handed_over():
    entries = signed()
    (found,) = ofd.read(pack(entries)).signatures
    assert found.signature_xml == entries[SIGNATURE]
    assert (found.signed_value, found.signed_value_place) == (b"a signed value", VALUE)
    assert (found.seal, found.seal_place) == (b"a seal", SEAL)
    assert (found.id, found.type, found.place, found.body) == ("1", "Seal", SIGNATURE, 0)
    assert found.provider == {"ProviderName": "test", "Version": "1"}
    assert (found.method, found.check_method) == ("1.2.156.10197.1.501", "SM3")
    assert found.time_raw == "2025-03-01 10:00:00"
    assert found.time is not None and found.time.isoformat() == "2025-03-01T10:00:00+08:00"
    assert found.placements == (Placement(1, 150.0, 240.0, 40.0, 40.0),)


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("SM3", "sm3"),
        ("sm3", "sm3"),
        ("1.2.156.10197.1.401", "sm3"),
        ("1.2.156.10197.1.401.2", "sm3"),
        ("SHA1", "sha1"),
        ("SHA-256", "sha256"),
        ("2.16.840.1.101.3.4.2.1", "sha256"),
        ("MD5", "md5"),
    ],
)
def test_digest_algorithms_by_name_and_oid(method, name):
    digest = sm3 if name == "sm3" else lambda data: hashlib.new(name, data).digest()
    (found,) = ofd.read(sample(method=method, digest=digest)).signatures
    assert {item.algorithm for item in found.digests} == {name}
    assert all(item.matches for item in found.digests)


def test_check_method_that_is_absent_means_md5():
    entries = signed(digest=lambda data: hashlib.md5(data).digest())
    entries[SIGNATURE] = entries[SIGNATURE].replace(b' CheckMethod="SM3"', b"")
    (found,) = ofd.read(pack(entries)).signatures
    assert found.check_method == "MD5" and all(item.matches for item in found.digests)
    assert kinds(found.notes) == ["check-method-default"]


def test_unknown_digest_algorithm_is_no_match_and_says_so():
    (found,) = ofd.read(sample(method="ROT13")).signatures
    assert {(d.actual, d.problem) for d in found.digests} == {(None, "unknown algorithm 'ROT13'")}


def test_digest_of_a_missing_part_says_missing():
    entries = signed()
    del entries[IMAGE]
    (found,) = ofd.read(pack(entries)).signatures
    assert [(d.place, d.problem) for d in found.digests if not d.matches] == [(IMAGE, "missing")]


@pytest.mark.parametrize("value", ["!!!", "", "YQ=", "YWJj YWJj="])
def test_check_value_that_is_no_base64_is_no_match(value):
    refs = f'<ofd:Reference FileRef="/{PAGE}"><ofd:CheckValue>{value}</ofd:CheckValue>'
    content = signature_xml({}, [], refs=refs + "</ofd:Reference>")
    (found,) = with_signature(content).signatures
    assert [(d.matches, bool(d.problem)) for d in found.digests] == [(False, True)]


def test_duplicate_references_are_noted_and_contradicting_ones_a_fault():
    entries = unsigned()
    twice = signature_xml(entries, [PAGE, PAGE])
    assert kinds(with_signature(twice).signatures[0].notes) == ["duplicate-reference"]
    wrong = twice.replace(b"<ofd:CheckValue>", b"<ofd:CheckValue>AAAA", 1)
    (found,) = with_signature(wrong).signatures
    assert "duplicate-reference" in kinds(found.faults)
    assert [item.matches for item in found.digests] == [False, True]


@pytest.mark.parametrize("loc", [f"//{PAGE}", "../../Pages/Page_0/Content.xml", PAGE])
def test_reference_paths_as_real_files_write_them(loc):
    content = signature_xml(unsigned(), [PAGE]).replace(f'"/{PAGE}"'.encode(), f'"{loc}"'.encode())
    (found,) = with_signature(content).signatures
    assert [(d.place, d.matches) for d in found.digests] == [(PAGE, True)]


def test_reference_to_the_signature_itself_is_a_fault():
    entries = signed()
    content = signature_xml(entries, [SIGNATURE, VALUE])
    (found,) = with_signature(content).signatures
    assert kinds(found.faults)[:2] == ["self-reference", "self-reference"]


def test_element_order_and_namespace_do_not_matter():
    entries = signed()
    plain = entries[SIGNATURE].replace(b"ofd:", b"").replace(b"xmlns:ofd", b"xmlns")
    head, tail = plain.split(b"<References", 1)
    refs, rest = tail.split(b"</References>", 1)
    moved = head + rest.replace(
        b"</SignedInfo>", b"<References" + refs + b"</References></SignedInfo>"
    )
    entries[SIGNATURE] = moved
    (found,) = ofd.read(pack(entries)).signatures
    assert found.coverage.whole and found.faults == ()


def test_two_signed_infos_are_ambiguous():
    content = signature_xml(unsigned(), [PAGE])
    more = content.replace(b"</ofd:SignedInfo>", b"</ofd:SignedInfo><ofd:SignedInfo/>")
    assert "ambiguous-element" in kinds(with_signature(more).signatures[0].faults)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda e: e.pop(SIGNATURE), "missing-signature"),
        (lambda e: e.pop(VALUE), "missing-signed-value"),
        (lambda e: e.pop(SEAL), "missing-seal"),
        (lambda e: e.update({SIGNATURE: b"<broken"}), "xml-malformed"),
        (lambda e: e.update({SIGNATURE: b"<!DOCTYPE a><a/>"}), "xml-doctype"),
        (lambda e: e.update({SIGNATURE: b"<Other/>"}), "signature-root"),
    ],
)
def test_a_broken_signature_is_a_fault_of_its_own_and_hides_no_other(change, kind):
    entries = signed(signed(), number=1)
    change(entries)
    first, second = ofd.read(pack(entries)).signatures
    assert kind in [fault.kind for fault in first.faults if fault.fatal]
    assert second.signed_value == b"a signed value"
    assert second.faults == ()


def test_a_riding_seal_stands_where_its_clip_leaves_it():
    stamp = '<ofd:StampAnnot ID="1" PageRef="1" Boundary="202 128 40 40" Clip="8 0 8 40"/>'
    (found,) = ofd.read(sample(stamp=stamp)).signatures
    assert found.placements == (Placement(1, 210.0, 128.0, 8.0, 40.0),)
    assert kinds(found.notes) == ["riding-seal"]


@pytest.mark.parametrize(
    ("stamp", "kind"),
    [
        ('<ofd:StampAnnot PageRef="9" Boundary="1 1 1 1"/>', "stamp-page"),
        ('<ofd:StampAnnot PageRef="1" Boundary="1 1 1"/>', "stamp-boundary"),
        ('<ofd:StampAnnot PageRef="1" Boundary="1 1 1 inf"/>', "stamp-boundary"),
    ],
)
def test_a_stamp_nowhere_leaves_the_question_open(stamp, kind):
    (found,) = ofd.read(sample(stamp=stamp)).signatures
    assert [(fault.kind, fault.fatal) for fault in found.faults] == [(kind, False)]
    assert found.placements == ()


def test_the_same_signature_listed_twice_is_a_fault():
    entries = signed()
    item = '<ofd:Signature ID="1" BaseLoc="Sign_0/Signature.xml"/>'
    entries[SIGNS] = xml(f"<ofd:Signatures NS>{item * 2}</ofd:Signatures>")
    package = ofd.read(pack(entries))
    assert kinds(package.faults) == ["duplicate-signature"] and len(package.signatures) == 1


def test_too_many_signatures_are_refused():
    with pytest.raises(LimitError):
        ofd.read(pack(signed(signed(), number=1)), Limits(signatures=1))


def test_too_many_pages_are_refused():
    with pytest.raises(LimitError):
        ofd.read(sample(), Limits(ofd_pages=0))


def test_an_unsigned_file_has_no_signature_and_no_fault_of_one():
    entries = unsigned()
    entries["OFD.xml"] = ofd_xml().replace(
        f"<ofd:Signatures>{SIGNS}</ofd:Signatures>".encode(), b""
    )
    package = ofd.read(pack(entries))
    assert package.signatures == () and package.faults == ()


def test_a_list_of_signatures_that_is_not_there_is_a_fault():
    (fault,) = ofd.read(pack(unsigned())).faults
    assert (fault.kind, fault.fatal) == ("missing-signatures", False)


def test_digests_with_a_prefix_are_taken_only_when_asked_for():
    prefix = b"ZA" * 16
    package = ofd.read(sample(digest=lambda data: sm3(prefix + data)))
    assert not any(item.matches for item in package.signatures[0].digests)
    again = ofd.with_digest_prefix(package, 0, prefix)
    assert all(item.matches for item in again.signatures[0].digests)
    assert again.signatures[0].coverage.whole and again.signatures[0].faults == ()


# --- metadata and attachments


def test_metadata_in_either_spelling():
    entries = signed(leave_out=("OFD.xml",))
    entries["OFD.xml"] = (
        entries["OFD.xml"]
        .replace(b"CustomData", b"CuslomData")
        .replace(b'Name="ZZBH"', b'name="ZZBH"')
    )
    package = ofd.read(pack(entries))
    assert package.metadata == {"金额": "318.00", "ZZBH": "DOC-2025-001"}
    assert package.info["Title"] == "符合证明"
    assert kinds(package.notes) == ["custom-data-spelling"]


def test_one_name_with_two_values_is_ambiguous():
    entries = unsigned()
    entries["OFD.xml"] = entries["OFD.xml"].replace('"金额"'.encode(), b'"ZZBH"')
    package = ofd.read(pack(signed(entries)))
    assert [(f.kind, f.fatal) for f in package.faults] == [("ambiguous-metadata", False)]


def test_attachments_are_handed_over_with_their_exact_bytes():
    (found,) = ofd.read(sample()).attachments
    assert (found.name, found.place, found.visible) == ("licence.json", LICENCE, False)
    assert found.data == unsigned()[LICENCE]


# --- GM/T 0099


def protected(*, leave_out: tuple[str, ...] = (), digests: bool = False) -> dict[str, bytes]:
    import base64

    entries = unsigned()
    entries["OFD.xml"] = ofd_xml().replace(
        f"<ofd:Signatures>{SIGNS}</ofd:Signatures>".encode(), b""
    )
    files = ""
    for number, name in enumerate(entries):
        if name in leave_out:
            continue
        value = base64.b64encode(sm3(entries[name])).decode()
        inner = f"<ofd:CheckValue>{value}</ofd:CheckValue>" if digests else ""
        files += f'<ofd:File ID="{number}" FileLoc="/{name}">{inner}</ofd:File>'
    entries["OFDEntries.xml"] = xml(
        '<ofd:DocEntries NS ID="1"><ofd:SignedValueLoc>/signedvalue.dat</ofd:SignedValueLoc>'
        f"<ofd:FileList>{files}</ofd:FileList></ofd:DocEntries>"
    )
    entries["signedvalue.dat"] = b"cms"
    return entries


def test_package_protection_is_read_and_says_what_it_does_not_protect():
    entries = protected()
    package = ofd.read(pack(entries))
    found = package.integrity
    assert found is not None and package.faults == () and found.faults == ()
    assert found.entries_xml == entries["OFDEntries.xml"]
    assert (found.signed_value, found.signed_value_place) == (b"cms", "signedvalue.dat")
    assert (found.missing, found.unlisted, found.digests) == ((), (), ())
    assert kinds(found.notes) == ["no-entry-digests"] and not found.coverage.whole


def test_package_protection_names_smuggled_and_lost_entries():
    entries = protected(leave_out=(LICENCE,))
    del entries[IMAGE]
    found = ofd.read(pack(entries)).integrity
    assert found is not None
    assert (found.missing, found.unlisted) == ((IMAGE,), (LICENCE,))
    assert kinds(found.faults) == ["missing-entry", "unlisted-entry"]


def test_package_protection_with_digests_covers_what_it_digests():
    entries = protected(digests=True)
    whole = ofd.read(pack(entries)).integrity
    assert whole is not None and whole.coverage.whole
    entries[PAGE] += b"\n"
    changed = ofd.read(pack(entries)).integrity
    assert changed is not None
    assert [item.place for item in changed.digests if not item.matches] == [PAGE]


def test_package_protection_without_its_value_is_a_fault():
    entries = protected()
    del entries["signedvalue.dat"]
    found = ofd.read(pack(entries)).integrity
    assert found is not None and kinds(found.faults) == ["missing-signed-value"]
