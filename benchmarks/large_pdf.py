"""A one-page signed PDF of any size: one long image stream, sealed with a test key."""

from __future__ import annotations

from datetime import UTC, datetime

from issuing_world import desk
from pdf_samples import base_objects, build, stream

from elicense.issuing.pdf_seal import seal_pdf


def make(size: int) -> bytes:
    """The signed file, about ``size`` bytes."""
    objects = base_objects()
    picture = bytes(range(251)) * (size // 251)
    entries = b"/Type/XObject/Subtype/Image/Width 251/Height %d" % (size // 251)
    objects[10] = stream(picture, entries + b"/ColorSpace/DeviceGray/BitsPerComponent 8")
    objects[3] = objects[3].replace(b"/Font<<", b"/XObject<</I 10 0 R>>/Font<<")
    return seal_pdf(
        build(objects), credential=desk().world.credential("sealers/guangdong-smc-rsa"),
        time=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
