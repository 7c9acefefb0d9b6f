"""What an annotated copy 加注件 says of itself: the member ``copy`` of its ``licence.json``.

Whoever makes the copy signs it; the issuer's attestation leaves it out. The reader is
strict: a copy whose purpose or end cannot be read is no copy that anybody can rely on.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from elicense.canonical import Value, b64url, from_b64url
from elicense.errors import InputError, UsageError
from elicense.json_object import Object
from elicense.licence_model import CopyMark, CopyParty, DataDigest

MAX_PURPOSE = 200  # characters, as useCause of GB/T 36906
MAX_NAME = 100
MAX_CODE = 32
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+08:00", re.ASCII)
_MEMBERS = {"purpose", "receiver", "creator", "created", "expires", "original"}
_SIZES = {"sm3": 32, "sha256": 32}


def members(mark: CopyMark) -> dict[str, Value]:
    """The JSON object of a mark; members without a value are left out."""
    found: dict[str, Value] = {"receiver": _party(mark.receiver)}
    if mark.purpose:
        found["purpose"] = mark.purpose
    if mark.creator.name:
        found["creator"] = _party(mark.creator)
    if mark.created is not None:
        found["created"] = mark.created.isoformat()
    if mark.expires is not None:
        found["expires"] = mark.expires.isoformat()
    if mark.original is not None:
        value = b64url(mark.original.value)
        found["original"] = {"algorithm": mark.original.algorithm, "value": value}
    return found


def _party(party: CopyParty) -> dict[str, Value]:
    return {"name": party.name, "code": party.code} if party.code else {"name": party.name}


def checked(mark: CopyMark) -> CopyMark:
    """``mark`` as a reader will have it; UsageError ``copy.mark`` for what none would read."""
    try:
        return read(members(mark), "$.copy")
    except InputError as error:
        raise UsageError("copy.mark", error.detail, place=error.place) from error


def read(value: Value, path: str) -> CopyMark:
    """The mark of a hostile file; InputError ``licence.shape`` with the member as its place."""
    top = Object(value, path)
    created = top.text("created")
    expires = top.date("expires")
    if expires is None:
        raise top.wrong("expires", "it is missing")
    mark = CopyMark(
        purpose=_line(top, "purpose", MAX_PURPOSE),
        receiver=_read_party(top, "receiver"),
        creator=_read_party(top, "creator"),
        created=_moment(top, created),
        expires=expires,
        original=_original(top),
    )
    _no_more(top, _MEMBERS)
    if mark.created is not None and expires < mark.created.date():
        raise top.wrong("expires", "it is before the copy was made")
    return mark


def _read_party(top: Object, name: str) -> CopyParty:
    part = Object(top.get(name), f"{top.path}.{name}")
    code = _line(part, "code", MAX_CODE) if "code" in part.value else ""
    party = CopyParty(_line(part, "name", MAX_NAME), code)
    _no_more(part, {"name", "code"})
    return party


def _line(part: Object, name: str, most: int) -> str:
    """One line without blanks around it or anything that is not seen or turns the line."""
    text = part.text(name)
    if len(text) > most or text != " ".join(text.split()) or not text.isprintable():
        raise part.wrong(name, f"not one plain line of at most {most} characters")
    return text


def _moment(top: Object, text: str) -> datetime.datetime:
    """China's time, in its one spelling."""
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise top.wrong("created", "not a time YYYY-MM-DDThh:mm:ss+08:00") from None


def _original(top: Object) -> DataDigest:
    part = Object(top.get("original"), f"{top.path}.original")
    algorithm = part.text("algorithm")
    raw = from_b64url(part.text("value"), place=f"{part.path}.value")
    _no_more(part, {"algorithm", "value"})
    if _SIZES.get(algorithm) != len(raw):
        raise top.wrong("original", "an unknown digest, or one of another size")
    return DataDigest(algorithm, raw)


def _no_more(part: Object, known: set[str]) -> None:
    assert isinstance(part.value, Mapping)
    more = sorted(set(part.value) - known)
    if more:
        raise part.wrong(more[0], "an unknown member")
