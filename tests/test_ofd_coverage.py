"""What a seal covers of what a reader shows, and what later seals may do."""

from __future__ import annotations

import pytest

from elicense.containers import ofd
from ofd_sample import (
    ANNOTATION,
    DOCUMENT,
    FONT,
    IMAGE,
    LICENCE,
    PAGE,
    SIGNS,
    TEMPLATE,
    ofd_xml,
    pack,
    page_xml,
    signature_xml,
    signed,
    text_object,
    unsigned,
    xml,
)


def only(data):
    package = ofd.read(data)
    assert len(package.signatures) == 1
    return package.signatures[0]


def fault_kinds(signature, *, fatal=None):
    return [f.kind for f in signature.faults if fatal is None or f.fatal is fatal]


def test_a_seal_over_everything_covers_the_whole():
    signature = only(pack(signed()))
    assert signature.coverage.whole
    assert signature.coverage.uncovered == () == signature.coverage.uncovered_metadata
    assert signature.faults == () and all(item.matches for item in signature.digests)


@pytest.mark.parametrize(
    "name", [TEMPLATE, FONT, ANNOTATION, LICENCE, "Doc_0/PublicRes.xml", "Doc_0/Tags/Tag.xml"]
)
def test_uncovered_parts_beside_the_page_are_named_and_not_fatal(name):
    signature = only(pack(signed(leave_out=(name,))))
    assert signature.coverage.uncovered == (name,)
    assert not signature.coverage.whole
    assert signature.faults == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (DOCUMENT, "shadow-docroot"),
        (PAGE, "uncovered-page"),
        (IMAGE, "uncovered-resource"),
        ("Doc_0/DocumentRes.xml", "uncovered-resource"),
    ],
)
def test_uncovered_document_page_or_picture_is_fatal(name, kind):
    signature = only(pack(signed(leave_out=(name,))))
    assert fault_kinds(signature, fatal=True) == [kind]
    assert signature.faults[0].code == "coverage.document"
    assert name in signature.coverage.uncovered


def test_uncovered_metadata_are_named_apart_and_change_unseen_by_digests():
    entries = signed(leave_out=("OFD.xml",))
    entries["OFD.xml"] = ofd_xml(amount="9999.00")
    package = ofd.read(pack(entries))
    (signature,) = package.signatures
    assert package.metadata["金额"] == "9999.00"
    assert signature.coverage.uncovered_metadata == ("OFD.xml", "OFD.xml:金额", "OFD.xml:ZZBH")
    assert signature.coverage.whole and signature.faults == ()


def test_a_graphics_unit_drawn_on_the_page_must_be_covered():
    entries = unsigned()
    entries["Doc_0/PublicRes.xml"] = xml(
        '<ofd:Res NS BaseLoc="Res"><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="50">'
        '<ofd:Content><ofd:ImageObject ResourceID="6" Boundary="0 0 1 1"/></ofd:Content>'
        "</ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    )
    entries[PAGE] = page_xml('<ofd:CompositeObject ResourceID="50" Boundary="0 0 9 9"/>')
    left = only(pack(signed(entries, leave_out=("Doc_0/PublicRes.xml", IMAGE))))
    assert fault_kinds(left, fatal=True) == ["uncovered-resource", "uncovered-resource"]
    assert only(pack(signed(entries))).coverage.whole


def test_two_graphics_units_that_draw_each_other_end():
    entries = unsigned()
    unit = (
        '<ofd:CompositeGraphicUnit ID="{}"><ofd:Content><ofd:CompositeObject ResourceID="{}" '
        'Boundary="0 0 1 1"/></ofd:Content></ofd:CompositeGraphicUnit>'
    )
    entries["Doc_0/PublicRes.xml"] = xml(
        "<ofd:Res NS><ofd:CompositeGraphicUnits>"
        + unit.format(1, 2)
        + unit.format(2, 1)
        + "</ofd:CompositeGraphicUnits></ofd:Res>"
    )
    entries[PAGE] = page_xml('<ofd:CompositeObject ResourceID="1" Boundary="0 0 9 9"/>')
    assert only(pack(signed(entries))).coverage.whole


def test_a_picture_that_nothing_defines_leaves_the_question_open():
    entries = unsigned()
    entries[PAGE] = page_xml('<ofd:ImageObject ResourceID="404" Boundary="0 0 9 9"/>')
    package = ofd.read(pack(signed(entries)))
    assert [(f.kind, f.fatal) for f in package.faults] == [("undefined-resource", False)]
    assert not package.signatures[0].coverage.whole


def test_a_missing_font_is_noted_only():
    entries = unsigned()
    del entries[FONT]
    package = ofd.read(pack(signed(entries)))
    assert [note.kind for note in package.notes] == ["missing-part"] and package.faults == ()


def test_the_current_version_is_shown_beside_docroot_and_must_be_covered():
    entries = unsigned()
    entries["Doc_0/Document_1.xml"] = entries[DOCUMENT]
    entries["Doc_0/Versions/V.xml"] = xml(
        '<ofd:DocVersion NS ID="1"><ofd:DocRoot>/Doc_0/Document_1.xml</ofd:DocRoot>'
        "</ofd:DocVersion>"
    )
    version = (
        '<ofd:Versions><ofd:Version ID="1" Index="0" Current="{}" '
        'BaseLoc="Doc_0/Versions/V.xml"/></ofd:Versions>'
    )
    entries["OFD.xml"] = ofd_xml(body=version.format("true"))
    covered = ofd.read(pack(signed(entries)))
    assert [(d.place, d.origin) for d in covered.documents] == [
        (DOCUMENT, "docroot"),
        ("Doc_0/Document_1.xml", "version"),
    ]
    assert covered.pages == 2 and covered.signatures[0].coverage.whole
    left = only(pack(signed(entries, leave_out=("Doc_0/Document_1.xml",))))
    assert fault_kinds(left, fatal=True) == ["shadow-version"]
    entries["OFD.xml"] = ofd_xml(body=version.format("false"))
    old = ofd.read(pack(signed(entries, leave_out=("Doc_0/Document_1.xml",))))
    assert len(old.documents) == 1 and old.signatures[0].faults == ()


def test_an_unreadable_version_is_fatal():
    entries = signed()
    entries["OFD.xml"] = ofd_xml(
        body='<ofd:Versions><ofd:Version Current="true" BaseLoc="no.xml"/></ofd:Versions>'
    )
    package = ofd.read(pack(entries))
    assert [(f.kind, f.place) for f in package.faults if f.fatal] == [("missing-part", "no.xml")]


def test_two_docbodies_each_with_its_own_seal_leave_the_question_open():
    entries = signed()
    other = {f"Doc_1{name[5:]}": data for name, data in unsigned().items() if name != "OFD.xml"}
    entries |= other
    names = list(other)
    entries["Doc_1/Signs/Sign_0/SignedValue.dat"] = b"value"
    entries["Doc_1/Signs/Sign_0/Seal.esl"] = b"seal"
    entries["Doc_1/Signs/Sign_0/Signature.xml"] = signature_xml(entries, names)
    entries["Doc_1/Signs/Signatures.xml"] = entries[SIGNS]
    body = (
        "</ofd:DocBody><ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot>"
        "<ofd:Signatures>Doc_1/Signs/Signatures.xml</ofd:Signatures>"
    )
    entries["OFD.xml"] = ofd_xml(body=body)
    package = ofd.read(pack(entries))
    assert [item.body for item in package.signatures] == [0, 1]
    for signature in package.signatures:
        assert [(f.kind, f.fatal) for f in signature.faults] == [("uncovered-document", False)]
        assert not signature.coverage.whole


# --- later seals


def test_a_second_seal_that_adds_only_itself_is_an_allowed_change():
    package = ofd.read(pack(signed(signed(), number=1)))
    first, second = package.signatures
    assert [(c.kind, c.allowed, c.revision) for c in first.changes] == [("later-seal", True, 1)]
    assert second.changes == ()
    assert first.coverage.whole and second.coverage.whole
    assert all(item.matches for item in (*first.digests, *second.digests))


def test_a_second_seal_does_not_launder_a_change():
    entries = signed()
    entries[PAGE] = page_xml(text_object("DOC-2099-999", x=40, y=20))
    first, second = ofd.read(pack(signed(entries, number=1))).signatures
    assert [item.place for item in first.digests if not item.matches] == [PAGE]
    assert all(item.matches for item in second.digests)
    changes = [c for c in first.changes if not c.allowed]
    assert [(c.kind, c.place, c.revision) for c in changes] == [("re-sealed-content", PAGE, 1)]


def test_a_new_document_under_a_second_seal_is_not_covered_by_the_first():
    entries = signed()
    entries["Doc_0/Evil.xml"] = entries[DOCUMENT]
    entries["OFD.xml"] = ofd_xml(docroot="Doc_0/Evil.xml")
    first, second = ofd.read(pack(signed(entries, number=1))).signatures
    assert "shadow-docroot" in fault_kinds(first, fatal=True)
    assert [c.place for c in first.changes if c.kind == "later-document"] == ["Doc_0/Evil.xml"]
    assert fault_kinds(second) == []


def test_parts_covered_only_by_a_later_seal_are_named():
    entries = signed(leave_out=(ANNOTATION,))
    first, _ = ofd.read(pack(signed(entries, number=1))).signatures
    assert ("covered-later", ANNOTATION, True) in [
        (c.kind, c.place, c.allowed) for c in first.changes
    ]
    assert first.coverage.uncovered == (ANNOTATION,)


def test_the_order_of_the_list_does_not_hide_who_came_later():
    entries = signed(signed(), number=1)
    entries[SIGNS] = xml(
        '<ofd:Signatures NS><ofd:Signature ID="2" BaseLoc="Sign_1/Signature.xml"/>'
        '<ofd:Signature ID="1" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>'
    )
    second, first = ofd.read(pack(entries)).signatures
    assert second.changes == ()
    assert [c.kind for c in first.changes] == ["later-seal"]


def test_a_seal_over_the_list_of_signatures_is_broken_by_the_next_one():
    entries = unsigned()
    entries[SIGNS] = xml("<ofd:Signatures NS/>")
    names = [*entries]
    entries = signed(entries)
    entries["Doc_0/Signs/Sign_0/Signature.xml"] = signature_xml(entries, names)
    (first,) = ofd.read(pack(entries)).signatures
    assert all(item.matches for item in first.digests)
    assert "covers-signature-list" in [note.kind for note in first.notes]
    first, second = ofd.read(pack(signed(entries, number=1))).signatures
    assert [item.place for item in first.digests if not item.matches] == [SIGNS]
    assert all(item.matches for item in second.digests)
