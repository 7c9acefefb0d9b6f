"""What an endorsement 签注 signs: ``elicense-endorsement/1``, and what its box must show.

An office that endorses a sealed licence signs, with its seal, a statement: canonical
JSON (:mod:`elicense.canonical`) as a signed attribute of the CMS or as extension data of
the SES signature, under :data:`OID`. ``docs/endorsements.md`` is the specification.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from elicense import canonical
from elicense.canonical import Value
from elicense.errors import InputError, UsageError
from elicense.licence import DIGEST_ALGORITHMS, DataDigest, Endorsement

FORMAT = "elicense-endorsement/1"
FAMILY = "elicense-endorsement/"
# 2.25 is the arc of UUIDs (ITU-T X.667); this one is version 5 of urn:elicense:endorsement:1
OID = "2.25.339137630884486761865992870451649645007"
MAX_SIZE = 8192  # bytes of one statement
MAX_TEXT = 200  # characters of place and officer

_KIND = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_BOX = re.compile(r"([a-z0-9][a-z0-9.-]{0,63})(?:#([2-9]))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MEMBERS = {
    "format", "box", "kind", "date", "place", "officer", "valid_until", "licence", "previous",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``box`` is the box it stands in (:func:`box_name`); ``licence`` the
    digest of the exact ``licence.json``; ``previous`` that of the version before, which
    its last seal stands for: the exact bytes of that seal's value."""

    box: str
    kind: str
    date: datetime.date
    place: str
    officer: str
    licence: DataDigest
    previous: DataDigest
    valid_until: datetime.date | None = None

    def endorsement(self, extra: Mapping[str, Value] | None = None) -> Endorsement:
        """The statement as the licence model has it."""
        return Endorsement(
            kind=self.kind, date=self.date, place=self.place, officer=self.officer,
            valid_until=self.valid_until, previous=self.previous, extra=extra or {},
        )  # fmt: skip


def box_name(kind: str, number: int = 1) -> str:
    """The name of the ``number``-th box of one kind on a form: ``annual-1``, ``additional#2``."""
    name = kind if number == 1 else f"{kind}#{number}"
    if not _BOX.fullmatch(name):
        raise UsageError("endorsement.box", f"{name!r} is not the name of a box")
    return name


def box_kind(box: str) -> str:
    """The kind of endorsement a box is for; empty where the name is no box's."""
    found = _BOX.fullmatch(box)
    return found[1] if found else ""


def shown(statement: Statement | Endorsement) -> tuple[str, ...]:
    """The texts the box must show, from top to bottom, each one line."""
    dates = (statement.valid_until,) if statement.valid_until else ()
    return (
        *(date_text(day) for day in dates),
        statement.place,
        date_text(statement.date),
        statement.officer,
    )


def date_text(day: datetime.date | None) -> str:
    """A date as boxes show it: ``2027年02月20日``."""
    return f"{day.year}年{day.month:02}月{day.day:02}日" if day else ""


def encode(statement: Statement) -> bytes:
    """The canonical bytes of a statement; UsageError ``endorsement.field`` for a bad one."""
    members: dict[str, Value] = {
        "format": FORMAT,
        "box": statement.box,
        "kind": statement.kind,
        "date": statement.date.isoformat(),
        "place": statement.place,
        "officer": statement.officer,
        "licence": _digest_members(statement.licence),
        "previous": _digest_members(statement.previous),
    }
    if statement.valid_until is not None:
        members["valid_until"] = statement.valid_until.isoformat()
    data = canonical.encode(members)
    try:
        read(data)
    except InputError as error:
        raise UsageError("endorsement.field", error.detail, place=error.place) from error
    return data


def _digest_members(digest: DataDigest) -> dict[str, Value]:
    return {"algorithm": digest.algorithm, "value": canonical.b64url(digest.value)}


def read(data: bytes) -> Statement:
    """Read a hostile statement. Raises InputError: ``endorsement.format`` for another
    version of the format, ``endorsement.statement`` or ``json.*`` for what is malformed."""
    value = canonical.parse(data, max_size=MAX_SIZE, max_depth=4)
    if not isinstance(value, Mapping):
        raise InputError("endorsement.statement", "not an object", place="$")
    form = value.get("format")
    if form != FORMAT:
        code = "format" if isinstance(form, str) and form.startswith(FAMILY) else "statement"
        raise InputError(f"endorsement.{code}", f"not {FORMAT}", place="$.format")
    if not canonical.is_canonical(data, value):
        raise InputError("endorsement.statement", "not canonical", place="$")
    unknown = sorted(set(value) - _MEMBERS)
    if unknown:
        raise InputError("endorsement.statement", "an unknown member", place=f"$.{unknown[0]}")
    return _statement(value)


def _statement(value: Mapping[str, Value]) -> Statement:
    box, kind = _text(value, "box"), _text(value, "kind")
    if box_kind(box) != kind or not _KIND.fullmatch(kind):
        raise InputError("endorsement.statement", "the box is not of this kind", place="$.box")
    date = _date(value, "date")
    assert date is not None
    return Statement(
        box=box,
        kind=kind,
        date=date,
        place=_line(value, "place"),
        officer=_line(value, "officer"),
        licence=_digest(value, "licence"),
        previous=_digest(value, "previous"),
        valid_until=_date(value, "valid_until", optional=True),
    )


def _wrong(name: str, detail: str) -> InputError:
    return InputError("endorsement.statement", detail, place=f"$.{name}")


def _text(value: Mapping[str, Value], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise _wrong(name, "not a text" if name in value else "it is missing")
    return found


def _line(value: Mapping[str, Value], name: str) -> str:
    """One line without blanks around it or anything that is not seen or turns the line."""
    text = _text(value, name)
    if len(text) > MAX_TEXT or text != " ".join(text.split()) or not text.isprintable():
        raise _wrong(name, f"not one plain line of at most {MAX_TEXT} characters")
    return text


def _date(value: Mapping[str, Value], name: str, *, optional: bool = False) -> datetime.date | None:
    if optional and name not in value:
        return None
    text = _text(value, name)
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise _wrong(name, "not a date YYYY-MM-DD") from None


def _digest(value: Mapping[str, Value], name: str) -> DataDigest:
    found = value.get(name)
    if not isinstance(found, Mapping) or set(found) != {"algorithm", "value"}:
        raise _wrong(name, "not a digest")
    algorithm, text = _text(found, "algorithm"), _text(found, "value")
    raw = canonical.from_b64url(text, place=f"$.{name}.value")
    if DIGEST_ALGORITHMS.get(algorithm) != len(raw):
        raise _wrong(name, "an unknown algorithm or another size")
    return DataDigest(algorithm, raw)
