"""Hostile PDFs: no exception but our own, no hang, bounded memory."""

from __future__ import annotations

import hashlib
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

import pdf_samples as samples
from elicense.containers import pdf
from elicense.containers.pdf import lexer, streams
from elicense.errors import Error, InputError, LimitError
from elicense.limits import DEFAULT_LIMITS


def outcome(data: bytes) -> tuple[str, bytes]:
    """What a file gives, within a second: problems found, digest of all that is signed."""
    begin = time.perf_counter()
    try:
        document = pdf.read(data)
        if document.revisions:
            for part in (document.attachments, document.metadata, document.security_store):
                try:
                    part()
                except Error as error:
                    assert error.code
    except Error as error:
        return error.code, b""
    finally:
        assert time.perf_counter() - begin < 1
    found = [f.kind for f in document.faults if f.fatal]
    for signature in document.signatures:
        found += [f.kind for f in signature.faults if f.fatal]
        found += [c.kind for c in signature.changes if not c.allowed]
    if not document.signatures:
        return "unsigned " + " ".join(found), b""
    whole = hashlib.sha256()
    for signature in document.signatures:
        for segment in signature.segments:
            whole.update(segment)
    return " ".join(found), whole.digest()


BASES: dict[str, Callable[[], bytes]] = {
    "table": samples.signed,
    "stream": lambda: samples.signed(xref_stream=True),
    "twice": lambda: samples.sign(samples.signed(), field="Seal2", box=(200, 60, 300, 160)),
}


@pytest.mark.parametrize("name", BASES)
def test_truncated_anywhere_is_never_whole(name: str) -> None:
    data = BASES[name]()
    whole = outcome(data)
    assert whole[0] == ""
    ends = {r.end for r in pdf.read(data).revisions}
    ends |= {r.mark for r in pdf.read(data).revisions}
    for length in [*range(0, len(data), 97), *range(len(data) - 40, len(data) - 1)]:
        kind, digest = outcome(data[:length])
        assert length in ends or kind or digest != whole[1], length


@pytest.mark.parametrize("name", BASES)
def test_random_mutations_raise_nothing_and_never_pass(name: str) -> None:
    data = BASES[name]()
    whole = outcome(data)
    gaps = [signature.byte_range[1:3] for signature in pdf.read(data).signatures]
    choose = random.Random(20260101)
    for _ in range(1500):
        changed = bytearray(data)
        inside = False
        for _ in range(choose.choice((1, 1, 2, 8))):
            at = choose.randrange(len(data))
            changed[at] = choose.choice((choose.randrange(256), *b"<>[]()/% 0R"))
            inside |= changed[at] != data[at] and not any(a <= at < b for a, b in gaps)
        kind, digest = outcome(bytes(changed))
        assert not inside or kind or digest != whole[1]


@pytest.mark.parametrize("name", BASES)
def test_random_splices_raise_nothing(name: str) -> None:
    data = BASES[name]()
    choose = random.Random(7)
    for _ in range(800):
        a, b, c = sorted(choose.randrange(len(data)) for _ in range(3))
        pieces = [data[:a] + data[b:], data[:a] + data[b:c] + data[a:], data[a:] + data[:b]]
        outcome(choose.choice(pieces))


def test_random_words_of_the_format_raise_nothing() -> None:
    words = [
        b"1 0 obj",
        b"endobj",
        b"<<",
        b">>",
        b"[",
        b"]",
        b"/Type",
        b"/Sig",
        b"/ByteRange",
        b"stream\n",
        b"endstream",
        b"xref",
        b"0 1",
        b"0000000000 65535 f \n",
        b"trailer",
        b"startxref",
        b"9",
        b"%%EOF",
        b"/Prev 9",
        b"/Root 1 0 R",
        b"(",
        b")",
        b"<00>",
        b"null",
        b"/Size 3",
        b"/Kids[1 0 R]",
        b"/Pages 1 0 R",
        b"/XRefStm 9",
        b"/Fields[1 0 R]",
        b"\n",
    ]
    choose = random.Random(3)
    for _ in range(3000):
        body = b" ".join(choose.choice(words) for _ in range(choose.randrange(60)))
        outcome(b"%PDF-1.7\n" + body + b"\nstartxref\n9\n%%EOF")


def test_bytes_without_a_header_are_no_pdf() -> None:
    for data in (b"", b"PK\x03\x04", b"\0" * 5000, samples.build()[20:]):
        with pytest.raises(InputError) as error:
            pdf.read(data)
        assert error.value.code == "pdf.header"


def test_garbage_behind_a_header_is_a_fault_not_an_exception() -> None:
    document = pdf.read(b"%PDF-1.7\nnothing here")
    assert [f.kind for f in document.faults] == ["xref-broken"]
    assert document.pages == 0 and document.signatures == ()


def _objects(**changes: bytes) -> bytes:
    objects = samples.base_objects()
    for key, value in changes.items():
        objects[int(key[1:])] = value
    return samples.build(objects)


LOOPS = {
    "pages refer to themselves": _objects(o2=b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
    "page twice": _objects(o2=b"<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>"),
    "fields refer to themselves": _objects(
        o1=b"<</Pages 2 0 R/AcroForm<</Fields[20 0 R]>>>>",
        o20=b"<</T(a)/Kids[20 0 R]>>",
    ),
    "reference to itself": _objects(o2=b"2 0 R"),
    "references in a ring": _objects(o2=b"20 0 R", o20=b"21 0 R", o21=b"2 0 R"),
    "length of itself": _objects(o4=b"<</Length 4 0 R>>stream\nx\nendstream"),
    "lengths in a ring": _objects(
        o4=b"<</Length 20 0 R>>stream\nx\nendstream", o20=b"<</Length 4 0 R>>stream\nx\nendstream"
    ),
    "page tree with the same branch twice": _objects(
        o2=b"<</Type/Pages/Kids[20 0 R 20 0 R]>>", o20=b"<</Type/Pages/Kids[3 0 R]>>"
    ),
    "parent ring": _objects(o3=samples.PAGE.replace(b"/Contents", b"/Self 3 0 R/Contents")),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_end(name: str) -> None:
    outcome(LOOPS[name])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pages refer to themselves", "page-tree-loop"),
        ("page tree with the same branch twice", "page-tree-loop"),
        ("fields refer to themselves", "field-tree-loop"),
        ("reference to itself", "object-unreadable"),
        ("references in a ring", "object-unreadable"),
    ],
)
def test_loops_are_faults(name: str, kind: str) -> None:
    assert kind in outcome(LOOPS[name])[0]


def test_name_tree_ring_is_refused() -> None:
    names = b"<</Pages 2 0 R/Names<</EmbeddedFiles 20 0 R>>>>"
    document = pdf.read(_objects(o1=names, o20=b"<</Kids[20 0 R]>>"))
    with pytest.raises(InputError):
        document.attachments()


def test_deep_nesting_is_a_limit() -> None:
    for opening in (b"[", b"<</A"):
        with pytest.raises(LimitError):
            lexer.parse_value(opening * 100_000, 0, 400_000, DEFAULT_LIMITS.pdf_depth)
    with pytest.raises(InputError):
        lexer.parse_value(b"(" * 1_000_000, 0, 1_000_000, DEFAULT_LIMITS.pdf_depth)


def test_deflate_bomb_is_a_limit_and_costs_no_memory() -> None:
    bomb = zlib.compress(zlib.compress(bytes(1 << 27)))
    body = samples.stream(bomb, b"/Type/EmbeddedFile/Filter[/FlateDecode/FlateDecode]")
    document = pdf.read(_objects(o8=body))
    tracemalloc.start()
    with pytest.raises(LimitError):
        document.attachments()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * DEFAULT_LIMITS.pdf_stream_inflated


def test_inflation_limit_is_exact() -> None:
    assert streams.inflate(zlib.compress(bytes(1000)), limit=1000) == bytes(1000)
    with pytest.raises(LimitError):
        streams.inflate(zlib.compress(bytes(1001)), limit=1000)


def test_ring_of_overlapping_objects_is_bounded() -> None:
    """Every entry leads into one long array: reading them all would be quadratic."""
    count = 3000
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj[" % n for n in range(1, count))
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count
    offset = 9
    for n in range(1, count):
        table += b"%010d 00000 n \n" % offset
        offset += len(b"%d 0 obj[" % n)
    start = len(body)
    data = body + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (count, start)
    outcome(data)


def test_many_updates_are_a_limit() -> None:
    data = samples.build()
    for _ in range(140):
        data += b"xref\n0 0\ntrailer\n<</Size 10/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
            int(data.rsplit(b"startxref\n", 1)[1].split()[0]),
            len(data),
        )
    assert outcome(data)[0] == "pdf.revisions"


def test_many_stray_byte_ranges_stay_fast() -> None:
    data = samples.build(stray=b"/ByteRange [0 1 2 3] " * 20_000)
    assert outcome(data)[0] == "pdf.signatures"
    data = samples.build(stray=b"/ByteRange [0 1 2 3] " * 9_000)
    assert "byterange-outside-object" in outcome(data)[0]


def test_large_file_costs_no_copy_of_itself() -> None:
    objects = samples.base_objects()
    objects[20] = samples.stream(bytes(64 * 1024 * 1024))
    data = samples.sign(samples.build(objects))
    tracemalloc.start()
    document = pdf.read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert document.signatures[0].covers_file
    assert sum(len(s) for s in document.signatures[0].segments) > 64 * 1024 * 1024
    assert peak < 4 * 1024 * 1024
