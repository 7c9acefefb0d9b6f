"""Staff who logged in through the identity provider of the plan (统一身份认证): sessions with a
secret of 256 bits, of which the registry keeps a digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from elicense.errors import UsageError
from elicense.registry.credentials import Caller, digest_of
from elicense.registry.schema import sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

SUBJECT_MAX = 180
_KEPT = timedelta(days=1)  # after its end: as long as the log-in it came from could be tried


@dataclass(frozen=True, slots=True)
class Session:
    """One session. ``subject`` is the provider's name for the person, and what is logged."""

    subject: str
    name: str
    scopes: frozenset[str]
    until: datetime
    digest: bytes = field(repr=False)

    def caller(self, per_minute: int) -> Caller:
        """Who asks. No credential's access id holds a colon: none can pass for a person."""
        return Caller(f"staff:{self.subject}", self.name, self.scopes, per_minute=per_minute)


def create(
    connection: Connection, *, login: bytes, subject: str, name: str, scopes: Collection[str],
    now: datetime, until: datetime,
) -> str:  # fmt: skip
    """Begin a session; its secret, told once. ``login`` is a digest of the log-in it came from:
    UsageError ``staff.replay`` for one that has made a session before. What has long ended is
    cleared away."""
    connection.execute(delete(sessions).where(sessions.c.until < now - _KEPT))
    secret = secrets.token_urlsafe(32)
    try:
        connection.execute(
            insert(sessions).values(
                digest=digest_of(secret), login=login, subject=subject[:SUBJECT_MAX],
                name=name[:200], scopes=" ".join(sorted(scopes)), created=now, until=until,
            )
        )  # fmt: skip
    except IntegrityError as exc:
        raise UsageError("staff.replay", "this log-in was used before") from exc
    return secret


def find(connection: Connection, secret: str, *, now: datetime) -> Session | None:
    """The session with this secret, if it has not ended."""
    row = connection.execute(
        select(sessions).where(
            sessions.c.digest == digest_of(secret), sessions.c.ended.is_(None),
            sessions.c.until > now,
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    return Session(row.subject, row.name, frozenset(row.scopes.split()), row.until, row.digest)


def end(connection: Connection, secret: str, *, now: datetime) -> bool:
    """End it; False if it had ended. The row stays, so that its log-in makes no other."""
    return bool(
        connection.execute(
            update(sessions)
            .where(sessions.c.digest == digest_of(secret), sessions.c.ended.is_(None))
            .values(ended=now)
        ).rowcount
    )


def csrf_of(secret: str) -> str:
    """What a request that changes something must show besides the cookie: only a page of this
    origin can have read it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()
