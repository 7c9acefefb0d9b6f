"""What a PDF gives when nothing is wrong with it, and how its parts are read."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pdf_samples as samples
from elicense.containers import pdf
from elicense.containers.pdf import lexer, streams
from elicense.containers.pdf.contents import value_length
from elicense.containers.pdf.lexer import Ref
from elicense.errors import InputError, LimitError


def value(source: bytes) -> object:
    return lexer.parse_value(source, 0, len(source), 64)[0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"12", 12),
        (b"-7", -7),
        (b"+7", 7),
        (b"1.50", 1.5),
        (b"-.5", -0.5),
        (b"4.", 4.0),
        (b"true", True),
        (b"null", None),
        (b"/Name", "Name"),
        (b"/A#42C", "ABC"),
        (b"/ ", ""),
        (b"(text)", b"text"),
        (b"(a(b)c)", b"a(b)c"),
        (rb"(\(\)\\\n\101\1011\z)", b"()\\\nAA1z"),
        (b"(a\\\nb)", b"ab"),
        (b"(a\r\nb\rc)", b"a\nb\nc"),
        (b"<48 65\n6C>", b"Hel"),
        (b"<484>", b"H@"),
        (b"<>", b""),
        (b"[1 2 3]", [1, 2, 3]),
        (b"[1 0 R 2]", [Ref(1, 0), 2]),
        (b"[ ]", []),
        (b"[1 .5(x)/N<00>]", [1, 0.5, b"x", "N", b"\0"]),
        (b"<</A 1/B[2]/C<</D 3 0 R>>>>", {"A": 1, "B": [2], "C": {"D": Ref(3, 0)}}),
        (b"%comment\n 5", 5),
        (b"<</A%>>\n1>>", {"A": 1}),
    ],
)
def test_value(source: bytes, expected: object) -> None:
    assert value(source) == expected


MALFORMED = (
    b"", b"]", b"[1", b"<<", b"<</A>>", b"<<1 2>>", b"(x", b"<0g>", b"<00", b"1.2.3", b"--1",
    b"1e5", b"[>>", b"<<]", b"nul", b"obj", b"{", b"1" * 30, b"<</A 1/A 2>>", b"<</A 1/#41 2>>",
)  # fmt: skip


@pytest.mark.parametrize("source", MALFORMED)
def test_malformed_value_is_refused(source: bytes) -> None:
    with pytest.raises(InputError):
        value(source)


def test_duplicate_key_has_its_own_code() -> None:
    with pytest.raises(InputError) as error:
        value(b"<</Contents<00>/Con#74ents<01>>>")
    assert error.value.code == "pdf.duplicate-key"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.binary(max_size=20)
    | st.text("abcXYZ.-#/ é", min_size=1, max_size=8)
    | st.builds(Ref, st.integers(1, 99999), st.integers(0, 65535)),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("abcd#/", min_size=1, max_size=4), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(original: object) -> None:
    assert value(samples.write(original)) == original


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_value_or_refused(source: bytes) -> None:
    try:
        value(source)
    except InputError as error:
        assert error.code.startswith("pdf.")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain", "plain"),
        (b"\xfe\xff\x82\x39\x82\x36", "船舶"),
        (b"\xef\xbb\xbf\xe8\x88\xb9", "船"),
        (b"\x80\xa0\xe9", "•€é"),
        (5, None),
    ],
)
def test_text_string(raw: object, expected: str | None) -> None:
    assert lexer.text(raw) == expected


def test_text_of_two_characters_in_utf16() -> None:
    assert lexer.text("\ufeff船舶".encode("utf-16-be")) == "船舶"


@pytest.mark.parametrize(
    ("raw", "length"),
    [
        (b"\x30\x03\x02\x01\x05\0\0", 5),
        (b"\x30\x81\x80" + bytes(128) + b"\0", 131),
        (b"\x30\x80\x02\x01\x05\0\0\0\0", 7),
        (b"\x30\x80\x30\x80\x04\x01x\0\0\0\0\0", 11),
        (b"\x30\x05\x02", None),
        (b"\x30\x80\x02\x01\x05", None),
        (b"\x30\x89" + bytes(20), None),
        (b"\x30", None),
        (b"\x30\x80" * 40, None),
    ],
)
def test_length_of_a_value(raw: bytes, length: int | None) -> None:
    assert value_length(raw) == length


def plain(item: object) -> object:
    return item


@pytest.mark.parametrize("colors", [1, 3])
@pytest.mark.parametrize("kind", range(5))
def test_png_predictors(kind: int, colors: int) -> None:
    width = 4 * colors
    rows = [bytes((7 * i + 13 * j) % 256 for i in range(width)) for j in range(5)]
    encoded = b"".join(_filter(kind, rows, j, colors) for j in range(5))
    info = {
        "Filter": "FlateDecode",
        "DecodeParms": {"Predictor": 15, "Columns": 4, "Colors": colors},
    }
    assert streams.decode(zlib.compress(encoded), info, plain, limit=1000) == b"".join(rows)


def _filter(kind: int, rows: list[bytes], j: int, step: int) -> bytes:
    """A row as an encoder writes it (PNG, 9.2)."""
    above = rows[j - 1] if j else bytes(len(rows[0]))
    out = bytearray([kind])
    for i, byte in enumerate(rows[j]):
        left = rows[j][i - step] if i >= step else 0
        up, corner = above[i], above[i - step] if i >= step else 0
        estimate = left + up - corner
        by_distance = sorted((left, up, corner), key=lambda v: abs(estimate - v))
        guess = (0, left, up, (left + up) // 2, by_distance[0])[kind]
        out.append((byte - guess) & 0xFF)
    return bytes(out)


@pytest.mark.parametrize(
    ("names", "raw"),
    [
        ("ASCIIHexDecode", b"68 65 6C 6c 6F>"),
        ("ASCII85Decode", b"BOu!rDZ~>"),
        (["ASCIIHexDecode", "FlateDecode"], zlib.compress(b"hello").hex().encode() + b">"),
    ],
)
def test_filters(names: object, raw: bytes) -> None:
    assert streams.decode(raw, {"Filter": names}, plain, limit=100) == b"hello"


@pytest.mark.parametrize(
    ("info", "raw"),
    [
        ({"Filter": "DCTDecode"}, b""),
        ({"Filter": "FlateDecode"}, b"not zlib"),
        ({"Filter": "FlateDecode"}, zlib.compress(bytes(999))[:-6]),
        ({"Filter": "ASCIIHexDecode"}, b"xyz>"),
        ({"Filter": "ASCII85Decode"}, b"\xff\xff~>"),
        ({"F": b"elsewhere"}, b""),
        ({"Filter": "FlateDecode", "DecodeParms": {"Predictor": 2}}, zlib.compress(b"x")),
        ({"Filter": "FlateDecode", "DecodeParms": {"Predictor": 12, "Columns": -1}},
         zlib.compress(b"x")),
        ({"Filter": "FlateDecode", "DecodeParms": {"Predictor": 12, "Columns": 4}},
         zlib.compress(b"x")),
        ({"Filter": "FlateDecode", "DecodeParms": {"Predictor": 12, "Columns": 1}},
         zlib.compress(b"\x09x")),
    ],
)  # fmt: skip
def test_stream_that_cannot_be_decoded(info: dict[str, object], raw: bytes) -> None:
    with pytest.raises(InputError) as error:
        streams.decode(raw, info, plain, limit=100_000)
    assert error.value.code == "pdf.filter"


@pytest.mark.parametrize("xref_stream", [False, True])
def test_signed_file(xref_stream: bool) -> None:
    data = samples.signed(xref_stream=xref_stream)
    document = pdf.read(data)
    assert (document.pages, document.encrypted, document.faults) == (1, False, ())
    assert len(document.revisions) == 2
    (signature,) = document.signatures
    assert (signature.field, signature.type) == ("Seal1", "Sig")
    assert (signature.filter, signature.subfilter) == ("Adobe.PPKLite", "adbe.pkcs7.detached")
    assert (signature.reason, signature.location) == ("issued", "Beijing")
    assert signature.m is not None and signature.m.startswith("D:20")
    assert (signature.page, signature.rect) == (1, (400.0, 60.0, 500.0, 160.0))
    assert signature.covers_revision and signature.covers_file and signature.usable
    low, high = signature.byte_range[1:3]
    assert b"".join(signature.segments) == data[:low] + data[high:]
    assert data[low + 1 :].lower().startswith(signature.contents.hex().encode())
    assert signature.faults == signature.notes == signature.changes == ()


def test_contents_is_what_the_oracle_reads() -> None:
    import io

    from asn1crypto import cms
    from pyhanko.pdf_utils.reader import PdfFileReader

    data = samples.signed()
    (theirs,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
    mine = pdf.read(data).signatures[0]
    assert (
        mine.contents == theirs.signed_data.dump()
        or mine.contents
        == cms.ContentInfo({"content_type": "signed_data", "content": theirs.signed_data}).dump()
    )
    assert list(mine.byte_range) == [int(n) for n in theirs.byte_range]


def test_revision_bytes_are_the_file_as_it_was() -> None:
    data = samples.signed()
    document = pdf.read(samples.seal_by_hand(data))
    assert document.revision_bytes(1) == data
    assert document.revision_bytes(0) == samples.build()
    assert pdf.read(bytes(document.revision_bytes(1))).signatures[0].covers_file


def test_attachments_and_metadata_of_each_revision() -> None:
    data = samples.signed()
    changed = pdf.read(samples.update(data, {8: samples.stream(b"other")}))
    assert changed.attachments(1)[0].data == samples.LICENCE
    assert changed.attachments()[0].data == b"other"
    attachment = changed.attachments(1)[0]
    assert (attachment.name, attachment.relationship) == ("licence.json", "Data")
    assert attachment.associated and attachment.listed
    metadata = changed.metadata(0)
    assert metadata["Info/Title"] == "Licence 110000-001"
    assert metadata["xmp/{https://example.org/el#}number"] == "110000-001"
    assert metadata["xmp/xmp:ModifyDate"] == "2025-01-01T00:00:00Z"


def test_xmp_with_an_entity_bomb_is_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 100 + b'">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 20) for i in range(8)
    ) + b"]>" + samples.XMP.replace(b"110000-001", b"&i;")  # fmt: skip
    objects = {**samples.base_objects(), 6: samples.stream(bomb, b"/Type/Metadata/Subtype/XML")}
    document = pdf.read(samples.build(objects))
    try:
        assert "xmp/{https://example.org/el#}number" not in document.metadata()
    except InputError as error:
        assert error.code == "pdf.xmp"


def test_object_streams_are_read() -> None:
    """A file whose catalog and pages lie in an object stream, as most writers do now."""
    import io

    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(samples.build())) as source:
        source.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=False)
    document = pdf.read(samples.sign(out.getvalue()))
    assert document.pages == 1 and document.faults == ()
    assert document.attachments()[0].data == samples.LICENCE


def test_linearised_file_is_one_revision() -> None:
    import io

    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(samples.build())) as source:
        source.save(out, linearize=True)
    assert len(pdf.read(out.getvalue()).revisions) == 1
    document = pdf.read(samples.sign(out.getvalue()))
    assert len(document.revisions) == 2 and document.faults == ()
    assert document.signatures[0].covers_file


def test_white_space_after_the_end_changes_nothing() -> None:
    for tail in (b"\r\n", b"\n\n", b"  \n", b"\0\0"):
        document = pdf.read(samples.signed() + tail)
        assert document.faults == () and document.signatures[0].covers_file


def test_encrypted_file_is_left_open() -> None:
    import io

    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(samples.build())) as source:
        source.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    document = pdf.read(out.getvalue())
    assert document.encrypted
    assert {f.kind for f in document.faults} >= {"encrypted"}
    assert not any(f.fatal for f in document.faults)


def test_too_many_pages_are_a_limit() -> None:
    kids = b" ".join(b"%d 0 R" % n for n in range(100, 700))
    objects = dict.fromkeys(range(100, 700), b"<</Type/Page/Parent 2 0 R>>")
    objects |= {1: b"<</Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[%s]>>" % kids}
    with pytest.raises(LimitError):
        pdf.read(samples.build(objects))


def test_file_size_is_a_limit() -> None:
    from elicense.limits import Limits

    with pytest.raises(LimitError):
        pdf.read(samples.build(), Limits(file_size=100))


def test_every_fault_kind_has_a_meaning_and_a_code() -> None:
    from elicense.containers.pdf.faults import CHANGES, COVERAGE, KINDS, STRUCTURE

    for code, meaning in KINDS.values():
        assert code in (STRUCTURE, COVERAGE, CHANGES) and meaning
