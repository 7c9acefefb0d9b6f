"""The size in a picture's own head counts where there is one, and only there."""

from __future__ import annotations

import zlib

import pytest

from elicense.containers import pdf
from elicense.containers.pdf import drawable
from elicense.containers.pdf.objects import view_of
from elicense.errors import LimitError
from pdf_samples import base_objects, build, stream

# what a JPEG of 65535 by 65535 pixels begins with, among other bytes
HEAD = b"\xff\xd8" + b"\x00" * 8 + b"\xff\xc0\x00\x11\x08\xff\xff\xff\xff" + b"\x03" * 30
IMAGE = b"/Type/XObject/Subtype/Image/Width 7/Height 7/BitsPerComponent 8/ColorSpace/DeviceGray"


def with_picture(data: bytes, filters: bytes) -> bytes:
    numbers = base_objects()
    picture = max(numbers) + 1
    page = numbers[3].replace(b"/Font<<", b"/XObject<</Im0 %d 0 R>>/Font<<" % picture)
    return build({**numbers, 3: page, picture: stream(data, IMAGE + filters)})


def check(data: bytes) -> None:
    read = pdf.read(data)
    drawable.check(view_of(read.file, read.revisions, len(read.revisions) - 1))


def test_deflated_samples_may_hold_the_bytes_of_a_head() -> None:
    stored = zlib.compress(HEAD, 0)
    assert HEAD in stored
    check(with_picture(stored, b"/Filter/FlateDecode"))


@pytest.mark.parametrize(
    ("data", "filters"),
    [
        (HEAD, b"/Filter/DCTDecode"),
        (HEAD, b"/Filter[/DCT]"),
        (zlib.compress(HEAD), b"/Filter[/FlateDecode/DCTDecode]"),
        (zlib.compress(HEAD, 0), b"/Filter[/Fl/DCT]"),
    ],
)
def test_the_head_of_a_jpeg_counts_whatever_the_dictionary_says(
    data: bytes, filters: bytes
) -> None:
    with pytest.raises(LimitError, match="65535"):
        check(with_picture(data, filters))
