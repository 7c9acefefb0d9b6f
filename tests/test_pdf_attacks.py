"""Every known attack on a signed PDF is refused, and what is allowed is not."""

from __future__ import annotations

import hashlib

import pytest

import pdf_attacks
import pdf_samples as samples
from elicense.containers import pdf
from elicense.errors import InputError
from elicense.evidence import Fault


def problems(data: bytes) -> list[str]:
    """The kinds of everything that makes a file INVALID or leaves it open."""
    try:
        document = pdf.read(data)
    except InputError as error:
        return [error.code]
    found: list[Fault] = [*document.faults]
    for signature in document.signatures:
        found += signature.faults
    kinds = [fault.kind for fault in found]
    return kinds + [c.kind for s in document.signatures for c in s.changes if not c.allowed]


def digest(data: bytes) -> bytes:
    """SHA-256 of what the first signature covers; empty where it covers nothing."""
    document = pdf.read(data)
    if not document.signatures:
        return b""
    return hashlib.sha256(b"".join(document.signatures[0].segments)).digest()


SAMPLES = {
    "table": samples.signed,
    "stream": lambda: samples.signed(xref_stream=True),
    "certified-3": lambda: samples.signed(level=3),
    "sealed-twice": lambda: samples.seal_by_hand(samples.signed()),
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", pdf_attacks.ATTACKS)
def test_attack_is_refused(name: str, sample: str) -> None:
    data = SAMPLES[sample]()
    attacked = pdf_attacks.ATTACKS[name](data)
    assert attacked != data
    assert problems(data) == []
    assert problems(attacked), name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("usf_contents_missing", "contents-missing"),
        ("usf_contents_null", "contents-missing"),
        ("usf_contents_empty", "contents-missing"),
        ("usf_contents_zero", "contents-missing"),
        ("usf_contents_all_zero", "contents-missing"),
        ("usf_contents_reference", "contents-missing"),
        ("contents_not_der", "contents-not-der-shaped"),
        ("contents_trailing_data", "contents-trailing-data"),
        ("usf_range_missing", "byterange-missing"),
        ("usf_range_null", "byterange-missing"),
        ("usf_range_empty", "byterange-malformed"),
        ("usf_range_negative", "byterange-malformed"),
        ("usf_range_names", "byterange-malformed"),
        ("usf_range_all_zero", "gap-not-contents"),
        ("range_two_numbers", "byterange-malformed"),
        ("range_six_numbers", "byterange-malformed"),
        ("range_from_one", "range-not-from-zero"),
        ("range_past_eof", "range-past-eof"),
        ("range_short", "range-not-whole-revision"),
        ("range_overlap", "ranges-overlap"),
        ("range_wide_gap", "gap-not-contents"),
        ("range_narrow_gap", "gap-not-contents"),
        ("swa_moved_range", "gap-not-contents"),
        ("isa_body_only", "trailing-bytes"),
        ("isa_no_xref", "trailing-bytes"),
        ("isa_no_xref_wrong_startxref", "xref-broken"),
        ("isa_old_startxref", "unexplained-bytes"),
        ("isa_unlisted_object", "object-outside-xref"),
        ("isa_broken_xref", "xref-broken"),
        ("isa_in_comment", "unexplained-bytes"),
        ("isa_copied_signature", "byterange-outside-object"),
        ("trailing_garbage", "trailing-bytes"),
        ("startxref_hopeless", "xref-broken"),
        ("prev_loop", "prev-loop"),
        ("prev_forward", "prev-loop"),
        ("duplicate_key", "duplicate-key"),
        ("duplicate_object", "object-outside-xref"),
        ("duplicate_entry", "duplicate-object"),
        ("replace_content", "page-content"),
        ("free_content", "page-content"),
        ("replace_fonts", "page-resources"),
        ("resurrect_old_bytes", "xref-entry-wrong"),
        ("new_root", "page-content"),
        ("annotation_over_text", "annotation"),
        ("annotation_removed", "annotation"),
        ("form_field_added", "form"),
        ("signature_dictionary_replaced", "signature-dictionary-changed"),
        ("signature_removed", "signature-dictionary-changed"),
        ("signature_field_emptied", "form"),
        ("sneaky_signature", "signature-field"),
        ("signature_with_action", "signature-field"),
        ("empty_field_added", "signature-field"),
        ("seal_with_changed_page", "page-content"),
        ("extra_page", "page-tree"),
        ("info_changed", "metadata"),
        ("metadata_changed", "metadata"),
        ("metadata_removed", "metadata"),
        ("attachment_changed", "attachments"),
        ("hybrid_update", "hybrid-xref"),
        ("objstm_shadow", "object-outside-xref"),
        ("page_rotated", "page"),
        ("javascript_added", "action"),
        ("layers_added", "optional-content"),
        ("names_changed", "names"),
        ("structure_added", "structure-tree"),
        ("perms_changed", "perms-changed"),
    ],
)
def test_attack_is_named(name: str, kind: str) -> None:
    assert kind in problems(pdf_attacks.ATTACKS[name](samples.signed()))


@pytest.mark.parametrize("name", pdf_attacks.ATTACKS_ON_CERTIFIED)
def test_attack_on_certification_is_refused(name: str) -> None:
    attacked = pdf_attacks.ATTACKS_ON_CERTIFIED[name](samples.signed(level=2))
    assert "perms-changed" in problems(attacked)


def test_further_seal_is_listed_and_allowed() -> None:
    document = pdf.read(samples.seal_by_hand(samples.signed()))
    first, second = document.signatures
    (change,) = first.changes
    assert (change.kind, change.allowed, change.revision) == ("signature-field", True, 2)
    assert "page 1" in change.detail
    assert first.covers_revision and not first.covers_file and second.covers_file
    assert second.rect == (400.0, 60.0, 500.0, 160.0)
    assert document.unsigned_updates == ()


def test_further_seal_after_certification_level_one_is_a_violation() -> None:
    document = pdf.read(samples.seal_by_hand(samples.signed(level=1)))
    first = document.signatures[0]
    assert first.docmdp == 1
    assert "docmdp-violated" in {f.kind for f in first.faults}
    assert not first.changes[0].allowed


@pytest.mark.parametrize("level", [1, 2, 3])
def test_document_timestamp_is_allowed_at_every_level(level: int) -> None:
    kind = b"/Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161"
    data = samples.seal_by_hand(samples.signed(level=level), kind=kind, rect=(0, 0, 0, 0))
    document = pdf.read(data)
    assert document.signatures[1].type == "DocTimeStamp"
    assert [(c.kind, c.allowed) for c in document.signatures[0].changes] == [
        ("document-timestamp", True)
    ]
    assert problems(data) == []


@pytest.mark.parametrize("level", [None, 1])
def test_validation_data_is_allowed(level: int | None) -> None:
    data = samples.signed(level=level)
    now = samples.state(data)
    root = {**samples.current(data, now.root), "DSS": {"Certs": [samples.Ref(now.size, 0)]}}
    data = samples.update(
        data, {now.root: samples.write(root), now.size: samples.stream(b"\x30\x00")}
    )
    document = pdf.read(data)
    assert problems(data) == []
    assert document.security_store().certificates == (b"\x30\x00",)
    assert document.unsigned_updates == (2,)


def test_validation_data_that_redefines_the_page_is_refused() -> None:
    data = samples.signed()
    now = samples.state(data)
    root = {**samples.current(data, now.root), "DSS": {"Certs": [samples.Ref(now.contents, 0)]}}
    data = samples.update(data, {now.root: samples.write(root), now.contents: pdf_attacks.EVIL})
    assert "page-content" in problems(data)


def test_object_rewritten_with_the_same_value_is_allowed() -> None:
    data = samples.signed()
    page = samples.state(data).page
    assert problems(samples.update(data, {page: samples.write(samples.current(data, page))})) == []


def test_signature_written_again_unchanged_stays_one() -> None:
    data = samples.signed()
    num = pdf.read(data).signatures[0].object[0]
    data = samples.update(data, {num: samples.write(samples.current(data, num))})
    document = pdf.read(data)
    assert len(document.signatures) == 1
    assert [n.kind for n in document.signatures[0].notes] == ["signature-rewritten"]


def test_one_value_in_two_fields_is_one_signature_with_a_note() -> None:
    data = samples.build()
    data = samples.sign(data)
    num = pdf.read(data).signatures[0].object[0]
    now = samples.state(data)
    root = samples.current(data, now.root)
    form = samples.current(data, root["AcroForm"].num)
    form["Fields"] = [*form["Fields"], samples.Ref(now.size, 0)]
    twin = b"<</FT/Sig/T(Twin)/V %d 0 R>>" % num
    data = samples.update(data, {root["AcroForm"].num: samples.write(form), now.size: twin})
    document = pdf.read(data)
    assert len(document.signatures) == 1
    assert document.signatures[0].fields == ("Seal1", "Twin")
    assert "signature-in-several-fields" in {n.kind for n in document.signatures[0].notes}


@pytest.mark.parametrize(
    ("action", "names", "locked"),
    [
        ("ALL", None, True),
        ("INCLUDE", ["Seal2"], True),
        ("INCLUDE", ["Other"], False),
        ("EXCLUDE", ["Seal2"], False),
        ("EXCLUDE", ["Other"], True),
    ],
)
def test_filling_a_locked_field_is_a_violation(
    action: str, names: list[str] | None, locked: bool
) -> None:
    import io

    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields

    writer = IncrementalPdfFileWriter(io.BytesIO(samples.build()))
    fields.append_signature_field(writer, fields.SigFieldSpec("Seal2", box=(200, 60, 300, 160)))
    out = io.BytesIO()
    writer.write(out)
    lock = fields.FieldMDPSpec(getattr(fields.FieldMDPAction, action), fields=names)
    data = samples.sign(out.getvalue(), lock=lock)
    assert pdf.read(data).signatures[0].fieldmdp is not None
    filled = _fill(data, "Seal2")
    assert ("fieldmdp-violated" in problems(filled)) is locked
    assert bool(problems(filled)) is locked


def _fill(data: bytes, name: str) -> bytes:
    """Fills an empty signature field by hand."""
    document = pdf.read(data)
    from elicense.containers.pdf.fields import signature_fields
    from elicense.containers.pdf.objects import view_of

    view = view_of(document.file, document.revisions, document.revisions[-1].index)
    field = next(f for f in signature_fields(view, []) if f.name == name)
    size = samples.state(data).size
    value = (
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
        b"/ByteRange [0 0000000001 0000000002 0000000003]/Contents <%s>>>" % (b"0" * 512)
    )
    entries = samples.write({**field.own, "V": samples.Ref(size, 0)})
    updated = samples.update(data, {field.ref.num: entries, size: value})
    return samples.fill_range(updated, b"\x30\x03\x02\x01\x05")


def test_prepared_content_brought_to_light_is_refused() -> None:
    """Shadow hide and replace: both versions signed, an update swaps which one is drawn."""
    hidden = b"4 0 obj\n%s\nendobj\n" % pdf_attacks.EVIL
    base = samples.build(stray=hidden)
    data = samples.sign(base)
    assert problems(data) == []
    offset = base.index(hidden)
    swapped = samples.update(data, {}, at={4: offset})
    found = problems(swapped)
    assert "page-content" in found and "xref-entry-wrong" in found


@pytest.mark.parametrize(
    ("entry", "fatal"),
    [
        (b"/OpenAction<</S/JavaScript/JS(x)>>", True),
        (b"/OpenAction<</S/Java#53cript/JS(x)>>", True),
        (b"/OpenAction<</S/Launch/F(x)>>", True),
        (b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(x)>>]>>>>", True),
        (b"/AcroForm<</Fields[]/XFA(x)>>", True),
        (b"/OCProperties<</OCGs[]/D<<>>>>", False),
    ],
)
def test_dynamic_content_is_a_fault(entry: bytes, fatal: bool) -> None:
    objects = samples.base_objects()
    objects[1] = b"<</Type/Catalog/Pages 2 0 R%s>>" % entry
    faults = [f for f in pdf.read(samples.build(objects)).faults if f.kind == "dynamic-content"]
    assert faults and faults[0].fatal is fatal


def test_look_of_an_empty_signature_field_may_not_change() -> None:
    """Its appearance is not signed as empty: an update could paint over the page."""
    look = samples.stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    objects = {
        **samples.base_objects(),
        1: b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R/AcroForm<</Fields[20 0 R]>>>>",
        3: samples.PAGE.replace(b"/Contents", b"/Annots[20 0 R]/Contents"),
        20: b"<</Subtype/Widget/FT/Sig/T(Seal2)/Rect[60 740 160 800]/AP 21 0 R/P 3 0 R>>",
        21: b"<</N 22 0 R>>",
        22: look,
    }
    data = samples.sign(samples.build(objects))
    assert problems(data) == []
    for num in (21, 22):
        evil = samples.stream(b"0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
        body = evil if num == 22 else b"<</N 4 0 R>>"
        assert "signature-field" in problems(samples.update(data, {num: body}))


def test_object_only_lenient_readers_read_may_not_be_swapped_for_another_such() -> None:
    broken = b"<</Length 9999>>stream\n%s\nendstream"
    objects = {**samples.base_objects(), 4: broken % samples.TEXT}
    data = samples.sign(samples.build(objects))
    assert problems(data) == []
    swapped = samples.update(data, {}, stray=b"")
    assert problems(swapped) == []
    evil = broken % samples.TEXT.replace(b"001", b"666")
    assert "page-content" in problems(samples.update(data, {4: evil}))


def test_many_allowed_changes_hide_no_refused_one() -> None:
    data = samples.signed()
    now = samples.state(data)
    value = pdf.read(data).signatures[0].object[0]
    num = samples.current(data, now.root)["AcroForm"].num
    form = samples.current(data, num)
    added = range(now.size, now.size + 60)
    form["Fields"] = [*form["Fields"], *(samples.Ref(n, 0) for n in added)]
    objects = {n: b"<</FT/Sig/T(Twin%d)/V %d 0 R>>" % (n, value) for n in added}
    objects[num] = samples.write(form)
    assert problems(samples.update(data, objects)) == []
    objects[now.contents] = pdf_attacks.EVIL
    assert "page-content" in problems(samples.update(data, objects))


def test_dynamic_content_hidden_behind_a_string_is_found() -> None:
    objects = samples.base_objects()
    objects[1] = b"<</Type/Catalog/X(>>stream\n)/OpenAction<</S/JavaScript/JS(x)>>/Pages 2 0 R>>"
    assert "dynamic-content" in problems(samples.build(objects))


def test_external_stream_is_a_fault() -> None:
    objects = samples.base_objects()
    objects[4] = samples.stream(b"", b"/F(http://example.org/x)")
    assert "dynamic-content" in problems(samples.build(objects))


def test_unreferenced_objects_are_listed() -> None:
    objects = {**samples.base_objects(), 20: b"<</Prepared true>>"}
    document = pdf.read(samples.build(objects))
    assert document.unreferenced() == (20,)


def test_attached_signed_pdf_is_not_taken_for_a_signature() -> None:
    objects = samples.base_objects()
    objects[8] = samples.stream(samples.signed(), b"/Type/EmbeddedFile")
    data = samples.sign(samples.build(objects))
    document = pdf.read(data)
    assert len(document.signatures) == 1 and problems(data) == []
    assert document.attachments()[0].data == samples.signed()


def test_signature_dictionary_without_a_field_is_reported() -> None:
    objects = {**samples.base_objects(), 20: b"<</Type/Sig/ByteRange[0 1 2 3]/Contents<3003>>>"}
    document = pdf.read(samples.build(objects))
    assert "signature-unreachable" in {f.kind for f in document.signatures[0].faults}


def test_what_the_oracle_accepts_of_two_seals_is_accepted() -> None:
    for xref_stream in (False, True):
        base = samples.signed(xref_stream=xref_stream)
        data = samples.sign(base, field="Seal2", box=(200, 60, 300, 160))
        assert samples.oracle(data) == (True, True)
        assert problems(data) == []
        assert len(pdf.read(data).signatures) == 2


ORACLE = [
    "replace_content",
    "swa_moved_range",
    "isa_unlisted_object",
    "annotation_over_text",
    "page_rotated",
    "new_root",
    "signature_dictionary_replaced",
    "range_wide_gap",
]


@pytest.mark.parametrize("name", ORACLE)
def test_what_the_oracle_refuses_is_refused(name: str) -> None:
    attacked = pdf_attacks.ATTACKS[name](samples.signed())
    try:
        accepted = samples.oracle(attacked)[1]
    except ValueError:
        accepted = False
    assert accepted or problems(attacked)
