"""Status lists as they are served: signed anew when the registry changed or time runs out."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from elicense.registry import audit, publish
from elicense.web.problems import Problem
from elicense.web.settings import Key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from elicense.issuing.credential import Credential
    from elicense.trust.store import TrustStore
    from elicense.web.context import Service

_LOCK = threading.Lock()
_INDEX_LOCK = threading.Lock()
_INDEX_AGE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Published:
    """One list as signed. ``head`` is the audit entry it was made at."""

    uri: str
    data: bytes = field(repr=False)
    digest: str
    head: int
    signed: datetime
    max_age: int


def current(running: Service, number: int) -> Published:
    """List ``number`` (from 1). It is signed again only if a licence's state has changed
    since, or it is older than the settings say."""
    wanted = running.settings.publishing
    if wanted is None:
        raise Problem(404, "status.none", "This service publishes no status list")
    with running.registry.look() as connection:
        uris = publish.uris(connection)
        if not 1 <= number <= len(uris):
            raise Problem(404, "status.none", "There is no such status list")
        content = publish.content(connection, uris[number - 1])
    now = datetime.now(UTC)
    with _LOCK:
        cache: dict[int, Published] = running.extras.setdefault("status", {})
        known = cache.get(number)
        if known and known.head == content.head.sequence and now - known.signed < wanted.renew:
            return known
        data = sign(content, _signer(running, wanted.signer), now, wanted.valid)
        digest = hashlib.sha256(data).hexdigest()
        age = int(min(wanted.renew, timedelta(minutes=5)).total_seconds())
        cache[number] = Published(
            content.uri, data, digest, content.head.sequence, now, age
        )
        return cache[number]


def index(running: Service) -> Published:
    """The status index of this registry's licences: where each one's state stands, and where it
    was transferred to. Made anew at most every five minutes, as all of it has to be read."""
    wanted = running.settings.publishing
    if wanted is None:
        raise Problem(404, "status.none", "This service publishes no status list")
    now = datetime.now(UTC)
    with _INDEX_LOCK:
        known: Published | None = running.extras.get("status-index")
        if known is not None and now - known.signed < _INDEX_AGE:
            return known
        with running.registry.look() as connection:
            head = audit.head(connection)
            if known is None or known.head != head.sequence or now - known.signed >= wanted.renew:
                known = _index(connection, head, _signer(running, wanted.signer), now, wanted.valid)
        running.extras["status-index"] = known
        return known


def _index(
    connection: Connection, head: audit.Head, signer: Credential, now: datetime, valid: timedelta
) -> Published:
    from elicense.issuing import status_index
    from elicense.trust.status import AuditHead

    data = status_index.make(
        publish.index_entries(connection), signer=signer, issued=now, expires=now + valid,
        audit_head=AuditHead(head.registry, head.sequence, audit.ALGORITHM, head.digest),
    )  # fmt: skip
    digest = hashlib.sha256(data).hexdigest()
    return Published("", data, digest, head.sequence, now, int(_INDEX_AGE.total_seconds()))


def sign(
    content: publish.ListContent, signer: Credential, now: datetime, valid: timedelta
) -> bytes:
    """The signed list of what a registry says, with the head of its audit chain."""
    from elicense.issuing import status_list
    from elicense.trust.status import AuditHead

    head = content.head
    return status_list.sign(
        status_list.Content(
            content.uri, status_list.pack(content.codes, content.size), now, now + valid,
            audit_head=AuditHead(head.registry, head.sequence, audit.ALGORITHM, head.digest),
        ),
        signer=signer,
    )


def _signer(running: Service, key: Key) -> Credential:
    from elicense.web.keys import load

    return load(running, key)


def trust_with_lists(running: Service) -> TrustStore | None:
    """The trust store with this registry's own lists: what is issued must be VALID under it.
    None where the service publishes none."""
    if running.settings.publishing is None:
        return None
    with running.registry.look() as connection:
        count = len(publish.uris(connection))
    lists = dict(running.trust.status_lists)
    for number in range(1, count + 1):
        published = current(running, number)
        lists[published.uri] = published.data
    return replace(running.trust, status_lists=lists)
