"""Addresses for one download each: a secret of 256 bits, of which only a digest is kept.

The row goes when the address is used, so that no second request can find it, whichever of
several services it reaches.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from elicense.registry.credentials import digest_of
from elicense.registry.schema import credentials, downloads, licences

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from elicense.registry.records import Record

GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Download:
    """What an address was made for: which licence, by whom, to what purpose."""

    identifier: str
    caller: str
    purpose: str


def create(
    connection: Connection, record: Record, *, caller: str, purpose: str, now: datetime,
    until: datetime,
) -> str:  # fmt: skip
    """The secret of a new address; what has run out is cleared away."""
    connection.execute(delete(downloads).where(downloads.c.until <= now))
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(downloads).values(
            digest=digest_of(token), licence=record.id, caller=caller, purpose=purpose,
            created=now, until=until,
        )
    )  # fmt: skip
    return token


def take(connection: Connection, token: str, *, now: datetime) -> Download | None:
    """Use an address up. None for one that is unknown, used, out of date, or whose caller's
    credential has ended since."""
    row = connection.execute(
        delete(downloads)
        .where(downloads.c.digest == digest_of(token))
        .returning(downloads.c.licence, downloads.c.caller, downloads.c.purpose, downloads.c.until)
    ).one_or_none()
    if row is None or row.until <= now or not _in_force(connection, row.caller, now):
        return None
    identifier = connection.execute(
        select(licences.c.identifier).where(licences.c.id == row.licence)
    ).scalar_one()
    return Download(identifier, row.caller, row.purpose)


def _in_force(connection: Connection, caller: str, now: datetime) -> bool:
    wanted = select(credentials.c.until).where(
        credentials.c.access_id == caller, credentials.c.revoked.is_(None)
    )
    row = connection.execute(wanted).one_or_none()
    return row is not None and (row.until is None or now < row.until)
