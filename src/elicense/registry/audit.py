"""The audit log: append-only, each entry bound to the one before by a digest.

Its head (number and digest of the last entry) is signed into every status list, so that
neither a changed entry nor a tail cut off goes unseen by whoever kept an older list.
It holds identifiers, never names or numbers of persons: what is erased must not live on here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from elicense.errors import Error
from elicense.registry.schema import audit, audit_head

if TYPE_CHECKING:
    from sqlalchemy import Connection

GENESIS = bytes(32)
ALGORITHM = "sha256"


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a registry's chain."""

    registry: str
    sequence: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was written."""

    sequence: int
    time: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object] = field(repr=False)
    digest: bytes = field(repr=False)


def digest_of(
    registry: str, sequence: int, time: datetime, actor: str, action: str, subject: str,
    detail: str, previous: bytes,
) -> bytes:  # fmt: skip
    """SHA-256 over the entry and the digest of the one before, unambiguously framed."""
    parts = (
        registry, str(sequence), time.isoformat(timespec="microseconds"), actor, action, subject,
        detail,
    )  # fmt: skip
    body = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(previous + body).digest()


def append(
    connection: Connection, *, time: datetime, actor: str, action: str, subject: str,
    detail: Mapping[str, object],
) -> int:  # fmt: skip
    """Add an entry; its number. The head stays locked until the transaction ends."""
    row = connection.execute(select(audit_head).with_for_update()).one()
    sequence = row.sequence + 1
    text = json.dumps(detail, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    made = digest_of(row.registry, sequence, time, actor, action, subject, text, row.digest)
    connection.execute(
        insert(audit).values(
            sequence=sequence, time=time, actor=actor, action=action, subject=subject,
            detail=text, digest=made,
        )
    )  # fmt: skip
    connection.execute(update(audit_head).values(sequence=sequence, digest=made))
    return int(sequence)


def lock(connection: Connection) -> None:
    """Take the head first, before any licence is locked: two changes then never wait for
    each other."""
    connection.execute(select(audit_head.c.id).with_for_update())


def head(connection: Connection) -> Head:
    """The head as it stands."""
    row = connection.execute(select(audit_head)).one()
    return Head(row.registry, row.sequence, row.digest)


def entries(connection: Connection, subject: str = "", *, after: int = 0) -> Iterator[Entry]:
    """Entries in order, of one licence if ``subject`` is its identifier."""
    wanted = select(audit).where(audit.c.sequence > after).order_by(audit.c.sequence)
    if subject:
        wanted = wanted.where(audit.c.subject == subject)
    for row in connection.execute(wanted):
        yield Entry(
            row.sequence, row.time, row.actor, row.action, row.subject, json.loads(row.detail),
            row.digest,
        )  # fmt: skip


def verify(connection: Connection, *, known: Head | None = None) -> Head:
    """Walk the whole chain; the head it ends in.

    ``known`` is a head seen before (from a status list): the chain must run through it.
    Raises Error ``registry.audit`` that names the entry where it breaks.
    """
    stored = head(connection)
    previous, sequence = GENESIS, 0
    if known is not None and known.registry != stored.registry:
        raise Error("registry.audit", f"this is {stored.registry}, not {known.registry}")
    rows = connection.execute(
        select(audit).order_by(audit.c.sequence).execution_options(yield_per=1000)
    )
    for row in rows:
        sequence += 1
        made = digest_of(
            stored.registry, sequence, row.time, row.actor, row.action, row.subject, row.detail,
            previous,
        )  # fmt: skip
        if row.sequence != sequence or made != row.digest:
            raise Error("registry.audit", f"the chain breaks at entry {sequence}")
        if known is not None and known.sequence == sequence and known.digest != made:
            raise Error("registry.audit", f"entry {sequence} is not the one seen before")
        previous = made
    if (stored.sequence, stored.digest) != (sequence, previous):
        raise Error("registry.audit", f"entries after {sequence} are missing")
    if known is not None and known.sequence > sequence:
        raise Error("registry.audit", f"it ended at entry {known.sequence} before: a tail is gone")
    return stored


def count(connection: Connection) -> int:
    """How many entries there are."""
    return int(connection.execute(select(func.count()).select_from(audit)).scalar_one())
