"""Who may ask: access ids and secrets of 256 bits, of which the registry keeps a digest.

A secret is random, so a plain SHA-256 is enough: there is no dictionary to try.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from elicense.errors import UsageError
from elicense.registry import audit
from elicense.registry.schema import credentials

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCOPES = (
    "query",  # a licence by its identifier
    "search",  # licences by number or holder
    "unmasked",  # names and codes of natural persons in full
    "file",  # sealed files
    "verify",  # files handed in, without the limits of the public
    "issue", "endorse", "state",  # change the registry
    "peer",  # another region's service
    "handover",  # applications handed over between windows
    "transfer",  # licences that go to or come from another authority
    "metrics",
)  # fmt: skip
_ACCESS_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,62}")
_PREFIX = "elt_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has shown a valid credential, or ``anonymous``."""

    access_id: str
    name: str
    scopes: frozenset[str]
    region: str = ""
    per_minute: int = 60
    public_key: bytes | None = field(repr=False, default=None)

    @property
    def known(self) -> bool:
        return bool(self.access_id)


ANONYMOUS = Caller("", "anonymous", frozenset())


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored credential; the secret itself is nowhere."""

    caller: Caller
    digest: bytes = field(repr=False)
    created: datetime
    until: datetime | None
    revoked: datetime | None

    def in_force(self, now: datetime) -> bool:
        return self.revoked is None and (self.until is None or now < self.until)


def digest_of(token: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def create(
    connection: Connection, access_id: str, *, name: str, scopes: Collection[str], actor: str,
    now: datetime, region: str = "", per_minute: int = 600, public_key: bytes | None = None,
    until: datetime | None = None,
) -> str:  # fmt: skip
    """Make a credential; its secret, which is told once and never again."""
    if not _ACCESS_ID.fullmatch(access_id):
        raise UsageError("registry.credential", "3 to 63 of a-z, 0-9 and - are needed",
                         place=access_id[:80])  # fmt: skip
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise UsageError("registry.credential", f"scopes are some of {', '.join(SCOPES)}",
                         place=", ".join(unknown))  # fmt: skip
    if public_key is not None and (len(public_key) != 65 or public_key[0] != 4):
        raise UsageError("registry.credential", "an uncompressed SM2 point of 65 bytes is needed")
    token = _PREFIX + secrets.token_urlsafe(32)
    try:
        connection.execute(
            insert(credentials).values(
                access_id=access_id, name=name, token_digest=digest_of(token),
                scopes=" ".join(sorted(scopes)), region=region, per_minute=per_minute,
                public_key=public_key, created=now, until=until,
            )
        )  # fmt: skip
    except IntegrityError as exc:
        raise UsageError("registry.credential", "this access id is taken", place=access_id) from exc
    audit.append(connection, time=now, actor=actor, action="credential", subject=access_id,
                 detail={"scopes": sorted(scopes), "region": region})  # fmt: skip
    return token


def revoke(connection: Connection, access_id: str, *, actor: str, now: datetime) -> None:
    """End a credential at once."""
    audit.lock(connection)
    done = connection.execute(
        update(credentials)
        .where(credentials.c.access_id == access_id, credentials.c.revoked.is_(None))
        .values(revoked=now)
    )
    if done.rowcount != 1:
        raise UsageError("registry.credential", "no such credential in force", place=access_id[:80])
    audit.append(connection, time=now, actor=actor, action="revoke-credential", subject=access_id,
                 detail={})  # fmt: skip


def all_of(connection: Connection) -> tuple[Credential, ...]:
    """Every credential, ended ones too."""
    return tuple(
        Credential(
            Caller(r.access_id, r.name, frozenset(r.scopes.split()), r.region, r.per_minute,
                   r.public_key),
            r.token_digest, r.created, r.until, r.revoked,
        )
        for r in connection.execute(select(credentials).order_by(credentials.c.id))
    )  # fmt: skip
