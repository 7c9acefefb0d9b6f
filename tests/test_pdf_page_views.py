"""PDFium reads a revision of a large file without a copy of it."""

from __future__ import annotations

import pytest

from elicense.containers import pdf
from elicense.containers.pdf import page
from elicense.containers.pdf.lexer import Ref
from elicense.containers.pdf.objects import view_of
from pdf_samples import base_objects, build, stream


def test_a_part_of_a_file_reads_like_the_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = build()
    whole = page.page_lines(data, 1)
    longer = memoryview(data + b"% what came later")
    for limit in (0, len(data)):
        monkeypatch.setattr(page, "_COPY_UP_TO", limit)
        assert page.page_lines(longer[: len(data)], 1) == whole
        assert page.render_gray(longer[: len(data)], 1)[2] == page.render_gray(data, 1)[2]


def test_the_view_is_a_proper_file() -> None:
    file = page._ViewFile(memoryview(b"0123456789"))
    assert file.seek(-3, 2) == 7
    assert file.read() == b"789"
    assert file.seek(2) == 2
    assert file.read(3) == b"234"
    assert file.read(0) == b""
    assert file.seek(50) == 50
    assert file.read(4) == b""


def test_a_stream_of_any_length_is_read_to_its_end() -> None:
    objects = base_objects()
    picture = bytes(range(251)) * 20_000
    objects[10] = stream(picture, b"/Type/XObject/Subtype/Image/Width 251/Height 20000")
    document = pdf.read(build(objects))
    view = view_of(document.file, document.revisions, 0)
    found = view.get(Ref(10, 0))
    assert bytes(view.raw(found)) == picture
