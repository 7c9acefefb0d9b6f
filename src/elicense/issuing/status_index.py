"""Making signed status indexes (:mod:`elicense.trust.status_index`).

An index never holds what a resident's number could be read back from: a salted digest hides
nothing that can be guessed, so licences whose number or serial is a resident ID are refused.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elicense.canonical import b64url
from elicense.errors import InputError, UsageError
from elicense.identifiers import Identifier, check_resident_id, parse_identifier
from elicense.issuing import cms
from elicense.issuing.credential import Credential
from elicense.issuing.status_list import LIFETIME, TTL, check_times, head_members, table
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.status import AuditHead
from elicense.trust.status_index import (
    KINDS,
    MAX_LISTS,
    PLACE,
    ROW,
    SALT_SIZE,
    SCHEMA,
    Successor,
    key,
    normalised,
    series,
    veil,
    version_name,
)

COLUMNS = ("identifier", "list", "index")
OPTIONAL = ("number", "successor", "successor_state", "successor_authority")
_RESIDENT = re.compile(r"(?=([0-9]{17}[0-9X]))")
_KIND = {state: kind for kind, state in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one licence: where its state stands, and what took its place if that
    has another serial (the next version of the same serial is found by itself)."""

    identifier: str
    list: str
    index: int
    number: str = ""
    successor: Successor | None = None


class _Keys:
    """Digests of texts under one salt; two texts of one digest are found out."""

    def __init__(self, algorithm: str, salt: bytes) -> None:
        self.algorithm, self.salt = algorithm, salt
        self.texts: dict[bytes, tuple[str, str]] = {}

    def of(self, kind: str, text: str) -> bytes:
        found = key(self.algorithm, self.salt, kind, text)
        if self.texts.setdefault(found, (kind, text)) != (kind, text):
            raise UsageError("index.collision", "two texts have one digest: take another salt")
        return found


def make(
    entries: Iterable[Entry],
    *,
    signer: Credential,
    issued: datetime | None = None,
    expires: datetime | None = None,
    ttl: int | None = TTL,
    audit_head: AuditHead | None = None,
    salt: bytes | None = None,
) -> bytes:
    """A signed index of ``entries``. ``issued`` is now unless given, ``expires`` seven days
    later; ``salt`` (16 bytes) is random unless given.

    UsageError ``index.entry`` for an entry that cannot be in an index (no identifier, a
    resident's number in it, the same version twice), ``index.size`` for too many,
    ``index.collision``, ``status.time``.
    """
    start = (issued or datetime.now(UTC)).replace(microsecond=0)
    end = expires or start + LIFETIME
    check_times(start, end)
    salt = secrets.token_bytes(SALT_SIZE) if salt is None else salt
    if len(salt) != SALT_SIZE:
        raise UsageError("index.salt", f"the salt must have {SALT_SIZE} bytes")
    lists: dict[str, int] = {}
    rows, places, texts = _body(entries, _Keys(signer.digest, salt), lists)
    header: dict[str, Any] = {
        "schema": SCHEMA,
        "iat": int(start.timestamp()),
        "exp": int(end.timestamp()),
        "digest": signer.digest,
        "salt": b64url(salt),
        "lists": list(lists),
        "rows": len(rows),
        "successors": len(places),
        "texts": len(texts),
    }
    if ttl is not None:
        header["ttl"] = ttl
    if audit_head is not None:
        header["audit_head"] = head_members(audit_head)
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    content = b"".join((head, b"\n", *rows, *places, texts))
    if len(content) > DEFAULT_LIMITS.status_index_size - (1 << 16):  # room for the signature
        raise UsageError("index.size", f"{len(content)} bytes: make several indexes")
    return cms.sign(
        signer, content=content, attached=True, gm=signer.family == "sm2",
        attributes=cms.Attributes(signing_time=start),
    )  # fmt: skip


def _body(
    entries: Iterable[Entry], keys: _Keys, lists: dict[str, int]
) -> tuple[list[bytes], list[bytes], bytes]:
    rows: list[bytes] = []
    places: list[bytes] = []
    texts = bytearray()
    seen: set[str] = set()
    for entry in entries:
        identifier = _identifier(entry)
        name = version_name(identifier)
        if name in seen:
            raise UsageError("index.entry", "the same version is given twice",
                             place=entry.identifier)  # fmt: skip
        seen.add(name)
        number = lists.setdefault(entry.list, len(lists))
        if number >= MAX_LISTS:
            raise UsageError("index.size", f"more than {MAX_LISTS} lists")
        where = (identifier.version_number, number, entry.index)
        rows.append(ROW.pack(keys.of("series", series(identifier)), *where))
        if entry.number:
            rows.append(ROW.pack(keys.of("number", normalised(entry.number)), *where))
        if entry.successor is not None:
            text = veil(keys.algorithm, keys.salt, name, _text(entry.successor, entry))
            places.append(PLACE.pack(keys.of("successor", name), len(texts), len(text)))
            texts += text
    return sorted(rows), sorted(places), bytes(texts)


def _identifier(entry: Entry) -> Identifier:
    try:
        found = parse_identifier(entry.identifier)
    except InputError as error:
        raise UsageError("index.entry", error.detail, place=entry.identifier[:200]) from error
    if not found.version_number:
        raise UsageError("index.entry", "there is no version 000", place=entry.identifier)
    if not 0 <= entry.index < 2**32 or not entry.list:
        raise UsageError("index.entry", "list or index is missing or too large",
                         place=entry.identifier)  # fmt: skip
    for text in (entry.number, found.serial):
        if holds_resident_id(text):
            detail = "it holds a resident's number, which an index would give away"
            raise UsageError("index.personal", detail, place=entry.identifier)
    return found


def holds_resident_id(text: str) -> bool:
    """Whether a resident identity number (18 or the older 15 digits) stands in ``text``: one
    whose area, date and check character are right."""
    plain = normalised(text)
    if any(check_resident_id(found[1]) == "ok" for found in _RESIDENT.finditer(plain)):
        return True
    return plain.isdigit() and len(plain) == 15 and _old(plain)


def _old(plain: str) -> bool:
    """Fifteen digits that are area, birth date (yymmdd) and number."""
    try:
        datetime.strptime(plain[6:12], "%y%m%d")
    except ValueError:
        return False
    return 11 <= int(plain[:2]) <= 82


def _text(successor: Successor, entry: Entry) -> bytes:
    try:
        new = parse_identifier(successor.identifier)
    except InputError as error:
        raise UsageError("index.entry", f"successor: {error.detail}",
                         place=entry.identifier) from error  # fmt: skip
    kind, authority = _KIND.get(successor.state), successor.authority
    if kind is None or not all(c.isprintable() for c in authority) or len(authority) > 200:
        raise UsageError("index.entry", f"successor: state one of {', '.join(_KIND)}, and the "
                         "authority a name", place=entry.identifier)  # fmt: skip
    text = f"{kind}{new.text}"
    return (f"{text}\n{authority}" if authority else text).encode()


def read_csv(data: bytes, *, place: str) -> Iterator[Entry]:
    """Entries from a table with the columns ``identifier``, ``list``, ``index``, and if there
    are any ``number``, ``successor``, ``successor_state`` (``superseded`` unless given) and
    ``successor_authority``. UsageError ``status.csv`` naming the line."""
    for line, row in table(data, COLUMNS, place=place, optional=OPTIONAL):
        where = f"{place}: line {line}"
        if not (row["index"].isascii() and row["index"].isdigit()) or len(row["index"]) > 10:
            raise UsageError("status.csv", f"{row['index'][:40]!r} is no index", place=where)
        successor = None
        if row["successor"]:
            state = row["successor_state"] or "superseded"
            successor = Successor(state, row["successor"], row["successor_authority"])
        elif row["successor_state"] or row["successor_authority"]:
            raise UsageError("status.csv", "a successor's state without a successor", place=where)
        yield Entry(row["identifier"], row["list"], int(row["index"]), row["number"], successor)
