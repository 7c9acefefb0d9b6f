"""A signed PDF of any size, sealed with a test key."""

from __future__ import annotations

from datetime import UTC, datetime

from elicense.issuing.pdf_seal import seal_pdf
from issuing_world import desk
from pdf_samples import base_objects, build, stream

PIECES = 20


def make(size: int) -> bytes:
    """The signed file, about ``size`` bytes: twenty pictures, as of a long scan."""
    objects = base_objects()
    height = size // PIECES // 251
    picture = bytes(range(251)) * height
    entries = b"/Type/XObject/Subtype/Image/Width 251/Height %d" % height
    names = b""
    for number in range(10, 10 + PIECES):
        objects[number] = stream(picture, entries + b"/ColorSpace/DeviceGray/BitsPerComponent 8")
        names += b"/I%d %d 0 R" % (number, number)
    objects[3] = objects[3].replace(b"/Font<<", b"/XObject<<%s>>/Font<<" % names)
    return seal_pdf(
        build(objects), credential=desk().world.credential("sealers/guangdong-smc-rsa"),
        time=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
