"""The dates and identifiers every update writes into metadata."""

from __future__ import annotations

import re

_NAMES = (
    rb"(?:xmp:ModifyDate|xmp:MetadataDate|xap:ModifyDate|xap:MetadataDate"
    rb"|xmpMM:InstanceID|xapMM:InstanceID|pdf:Producer)"
)
_ELEMENT = re.compile(rb"<(" + _NAMES + rb")>[^<>]*</\1>|<" + _NAMES + rb"/>")
_ATTRIBUTE = re.compile(rb"\s" + _NAMES + rb"\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*')")
_TOOLKIT = re.compile(rb"\sx:xmptk=\"[^\"<>]*\"")
_BETWEEN = re.compile(rb"\s+")


def same_but_dates(old: bytes, new: bytes) -> bool:
    """Whether two XMP packets differ only in dates, instance id and producer of an update."""
    return _bare(old) == _bare(new)


def _bare(packet: bytes) -> bytes:
    for pattern in (_ELEMENT, _ATTRIBUTE, _TOOLKIT):
        packet = pattern.sub(b"", packet)
    return _BETWEEN.sub(b"", packet)
