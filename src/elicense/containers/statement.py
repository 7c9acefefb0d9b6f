"""The endorsement that a signature signs: a signed attribute (CMS) or extension data (SES)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from elicense.crypto import der
from elicense.crypto.cms import read_cms
from elicense.endorsement import OID
from elicense.errors import InputError
from elicense.evidence import EndorsementBox, Placement, Signature

_MARK = der.oid(OID)
_MOSTLY = 0.5  # of a seal, or of the box: a riding seal merely touches it


def with_statement(signature: Signature, raw: bytes) -> Signature:
    """The signature with its exact value and what it states of an endorsement."""
    statement, problem = _statement(raw, signature.kind)
    return replace(signature, raw=raw, statement=statement, statement_problem=problem)


def _statement(raw: bytes, kind: str) -> tuple[bytes | None, str]:
    if _MARK not in raw:
        return None, ""
    try:
        found = list(_extensions(raw) if kind.startswith("ses-") else _attributes(raw))
    except InputError as error:
        return None, str(error)
    if len(found) > 1:
        return None, "the signature signs more than one endorsement"
    return (found[0], "") if found else (None, "")


def _extensions(raw: bytes) -> Iterator[bytes]:
    """ExtData of TBS_Sign (GB/T 38540-2020 7.1): [0] EXPLICIT SEQUENCE OF, versions 4 and 5."""
    members = der.parse(raw).children()[0].children()
    if members[-1].tag != 0xA0:
        return
    for node in members[-1].only().expect(der.SEQUENCE, "extDatas").children():
        item = der.Cursor(node, "ExtData")
        oid = item.next(der.OID, "extnID").oid()
        item.optional(der.BOOLEAN)
        value = item.next(der.OCTET_STRING, "extnValue").octets()
        item.finish()
        if oid == OID:
            yield value


def _attributes(raw: bytes) -> Iterator[bytes]:
    """The signed attribute of the one signer."""
    for signer in read_cms(raw).signers:
        for value in signer.attributes.get(OID, ()):
            yield der.parse(value).octets()


def standing_in(
    boxes: tuple[EndorsementBox, ...], signatures: tuple[Signature, ...]
) -> tuple[EndorsementBox, ...]:
    """The boxes, each with the signatures whose picture or field mostly stands in it."""
    return tuple(
        replace(
            box,
            seals=tuple(
                item.index
                for item in signatures
                if any(_mostly_in(box.placement, place) for place in item.placements)
            ),
        )
        for box in boxes
    )


def _mostly_in(box: Placement, place: Placement) -> bool:
    width = min(box.x + box.width, place.x + place.width) - max(box.x, place.x)
    height = min(box.y + box.height, place.y + place.height) - max(box.y, place.y)
    if box.page != place.page or width <= 0 or height <= 0:
        return False
    return width * height >= _MOSTLY * min(place.width * place.height, box.width * box.height)
