"""Transfers of licences between authorities 转出、转入: where each stands, and what was said.

Each side keeps a transfer of its own with every message. A message of ours is written in the
transaction of the step it tells of and stays due until the other side has it; a message of
theirs in the transaction of what follows from it. Who calls the steps:
:mod:`elicense.registry.transfer_out` and :mod:`~elicense.registry.transfer_in`; who carries the
messages: :mod:`~elicense.registry.transfer_post`. docs/transfers.md tells the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from elicense.errors import UsageError
from elicense.policy import DEFAULT, Policy
from elicense.registry import audit
from elicense.registry.schema import OPEN_TRANSFERS, transfer_messages, transfers

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from elicense.issuing.credential import Credential
    from elicense.registry.database import Registry
    from elicense.registry.transfer_message import Message
    from elicense.trust.store import TrustStore

OUT, IN = "out", "in"
NAMES = {
    "offered": "已申请转出", "incoming": "待转入", "issued": "新证照待生效", "completed": "已完成",
    "cancelled": "已取消转出", "refused": "不予转入",
}  # fmt: skip
MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class Office:
    """One authority and what it works with: its registry, its USCC, whom it trusts, and the
    key (listed for ``status``) that signs what it tells others."""

    registry: Registry
    uscc: str
    trust: TrustStore = field(repr=False)
    signer: Credential = field(repr=False)
    policy: Policy = DEFAULT


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as kept. ``own`` ones are to be delivered: ``delivered`` when the other side
    took it, ``attempts`` how often it was tried, ``error`` what went wrong last. What it says is
    read with :func:`text_of`, until it is ``erased``; ``digest`` stays."""

    kind: str
    own: bool
    digest: str
    erased: bool
    time: datetime
    delivered: datetime | None
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a transfer stands on this side. ``side`` is ``out`` (转出: ours is the old licence)
    or ``in`` (转入); ``authority`` the other side's name, ``identifier`` the old licence,
    ``successor`` the new one as soon as there is one here."""

    id: str
    side: str
    identifier: str
    sender: str
    receiver: str
    authority: str
    state: str
    successor: str
    reason: str
    created: datetime
    updated: datetime
    messages: tuple[Kept, ...] = field(repr=False)

    @property
    def open(self) -> bool:
        return self.state in OPEN_TRANSFERS

    @property
    def own(self) -> str:
        """USCC of this side."""
        return self.sender if self.side == OUT else self.receiver

    @property
    def other(self) -> str:
        return self.receiver if self.side == OUT else self.sender

    @property
    def owed_by(self) -> str:
        """USCC of the authority whose turn it is: to decide, or to take what it was sent."""
        if any(m.own and m.delivered is None and not m.erased for m in self.messages):
            return self.own  # to send it again
        return {"offered": self.receiver, "incoming": self.receiver, "issued": self.sender}.get(
            self.state, ""
        )

    def message(self, kind: str) -> Kept | None:
        return next((m for m in self.messages if m.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Due:
    """A message of ours that the other side has not answered for yet."""

    transfer: str
    side: str
    kind: str
    office: str  # USCC of who is to get it


def find(connection: Connection, id: str, side: str) -> Transfer | None:
    """A transfer with its messages, or None."""
    return next(iter(_found(connection, (transfers.c.id == id) & (transfers.c.side == side))), None)


def needed(connection: Connection, id: str, side: str) -> Transfer:
    """The same; UsageError ``transfer.unknown`` if this side knows none."""
    found = find(connection, id, side)
    if found is None:
        raise UsageError("transfer.unknown", "no such transfer is known here", place=id[:64])
    return found


def of_id(connection: Connection, id: str) -> tuple[Transfer, ...]:
    """The sides of a transfer that are here: one, or both where authorities share a registry."""
    return _found(connection, transfers.c.id == id)


def of_licence(connection: Connection, identifier: str, side: str) -> tuple[Transfer, ...]:
    """Every transfer of the old licence ``identifier``, the latest first."""
    return _found(
        connection, (transfers.c.identifier == identifier) & (transfers.c.side == side)
    )


def text_of(connection: Connection, found: Transfer, kind: str) -> bytes | None:
    """The signed bytes of a message, None if there is none or it was erased."""
    return text(connection, found.id, found.side, kind)


def text(connection: Connection, id: str, side: str, kind: str) -> bytes | None:
    """The same, by the names of transfer and side."""
    wanted = select(transfer_messages.c.data).where(_message(id, side, kind))
    data: bytes | None = connection.execute(wanted).scalar()
    return data


def unfinished(connection: Connection, *, before: datetime) -> tuple[Transfer, ...]:
    """Transfers in which nothing happened since ``before`` and somebody still has to act, the
    oldest first; :attr:`Transfer.owed_by` says who. A lost message shows here on both sides."""
    m, t = transfer_messages.c, transfers.c
    unsent = select(m.sequence).where(
        m.transfer == t.id, m.side == t.side, m.own, m.delivered.is_(None), m.data.is_not(None)
    )
    waits = t.state.in_(OPEN_TRANSFERS) | unsent.exists()
    found = _found(connection, waits & (transfers.c.updated < before))
    return tuple(reversed(found))


def due(connection: Connection, office: str) -> tuple[Due, ...]:
    """What ``office`` has to send, in the order it was said. A licence that waits to come into
    force is told again until the other side has answered, whoever took the message."""
    m, t = transfer_messages.c, transfers.c
    ours = ((t.side == OUT) & (t.sender == office)) | ((t.side == IN) & (t.receiver == office))
    waiting = m.delivered.is_(None) | ((t.state == "issued") & (m.kind == "issued"))
    rows = connection.execute(
        select(m.transfer, m.side, m.kind, t.sender, t.receiver)
        .join(transfers, (t.id == m.transfer) & (t.side == m.side))
        .where(m.own, m.data.is_not(None), waiting, ours)
        .order_by(m.sequence)
    )  # fmt: skip
    return tuple(
        Due(r.transfer, r.side, r.kind, r.receiver if r.side == OUT else r.sender) for r in rows
    )


# -- inside a change ---------------------------------------------------------------------------


def begin(
    connection: Connection, message: Message, side: str, state: str, *, authority: str,
    reason: str, now: datetime,
) -> None:  # fmt: skip
    """A new transfer on this side; :func:`enter` the message after it. ``audit.lock`` has
    been called, so that nobody else begins one of the same licence meanwhile."""
    connection.execute(
        insert(transfers).values(
            id=message.id, side=side, identifier=message.identifier, sender=message.sender,
            receiver=message.receiver, authority=authority[:200], state=state, reason=reason,
            created=now, updated=now, successor="",
        )
    )  # fmt: skip


def enter(
    connection: Connection, message: Message, side: str, *, own: bool, actor: str, now: datetime,
    state: str = "", successor: str = "",
) -> None:  # fmt: skip
    """Keep a message, the state of the transfer that follows from it, and its audit entry.
    One of ours that it answers has arrived, whatever became of the connection."""
    m = transfer_messages.c
    if not own and message.answers:
        answered = (m.digest == bytes.fromhex(message.answers)) & m.own & m.delivered.is_(None)
        connection.execute(
            update(transfer_messages)
            .where((m.transfer == message.id) & (m.side == side) & answered)
            .values(delivered=now, error="")
        )
    connection.execute(
        insert(transfer_messages).values(
            transfer=message.id, side=side, kind=message.kind, own=own, data=message.raw,
            digest=bytes.fromhex(message.digest), time=now, attempts=0, error="",
        )
    )  # fmt: skip
    values: dict[str, Any] = {"updated": now}
    if state:
        values["state"] = state
    if successor:
        values["successor"] = successor
    connection.execute(update(transfers).where(_key(message.id, side)).values(**values))
    audit.append(
        connection, time=now, actor=actor, action="transfer", subject=message.identifier,
        detail={"transfer": message.id, "message": message.kind, "by": message.author,
                "sha256": message.digest}
        | ({"state": state} if state else {}) | ({"successor": successor} if successor else {}),
    )  # fmt: skip


def forget(connection: Connection, id: str, side: str, kind: str) -> None:
    """Drop what a message says; that it was said stays provable by its digest."""
    connection.execute(
        update(transfer_messages).where(_message(id, side, kind)).values(data=None)
    )


def delivered(connection: Connection, item: Due, *, now: datetime) -> None:
    """The other side has taken it."""
    connection.execute(
        update(transfer_messages).where(_message(item.transfer, item.side, item.kind))
        .values(delivered=now, attempts=transfer_messages.c.attempts + 1, error="")
    )  # fmt: skip


def failed(connection: Connection, item: Due, error: str) -> None:
    """It was not taken; it stays due."""
    connection.execute(
        update(transfer_messages).where(_message(item.transfer, item.side, item.kind))
        .values(attempts=transfer_messages.c.attempts + 1, error=error[:300])
    )  # fmt: skip


def _key(id: str, side: str) -> ColumnElement[bool]:
    return (transfers.c.id == id) & (transfers.c.side == side)


def _message(id: str, side: str, kind: str) -> ColumnElement[bool]:
    m = transfer_messages.c
    return (m.transfer == id) & (m.side == side) & (m.kind == kind)


def _found(connection: Connection, condition: ColumnElement[bool]) -> tuple[Transfer, ...]:
    wanted = select(transfers).where(condition).order_by(transfers.c.updated.desc())
    rows = connection.execute(wanted.limit(MOST_TOLD)).all()
    return tuple(
        Transfer(
            r.id, r.side, r.identifier, r.sender, r.receiver, r.authority, r.state, r.successor,
            r.reason, r.created, r.updated, _messages(connection, r.id, r.side),
        )
        for r in rows
    )  # fmt: skip


def _messages(connection: Connection, id: str, side: str) -> tuple[Kept, ...]:
    m = transfer_messages.c
    rows = connection.execute(
        select(m.kind, m.own, m.digest, m.data.is_(None).label("erased"), m.time, m.delivered,
               m.attempts, m.error)
        .where((m.transfer == id) & (m.side == side)).order_by(m.sequence)
    )  # fmt: skip
    return tuple(
        Kept(r.kind, r.own, r.digest.hex(), bool(r.erased), r.time, r.delivered, r.attempts,
             r.error)
        for r in rows
    )  # fmt: skip
