"""Carrying the messages of transfers: what comes in, and what is still to be sent.

Nothing here is lost or done twice by being killed: a message that was not answered for is sent
again, and one that came before changes nothing but gets the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from elicense.errors import Error, UsageError
from elicense.registry import transfer_in, transfer_message, transfer_out, transfers
from elicense.registry.transfer_message import Message
from elicense.registry.transfer_order import Twice
from elicense.registry.transfers import IN, OUT, Due, Office, Transfer
from elicense.trust.service import Service

LOG = logging.getLogger("elicense.registry.transfer")
_ENTER: Mapping[str, tuple[str, Callable[[Office, Message, tuple[Service, ...], datetime], None]]]
_ENTER = {
    "offer": (IN, transfer_in.on_offer),
    "refused": (OUT, transfer_out.on_refused),
    "issued": (OUT, transfer_out.on_issued),
    "cancelled": (IN, transfer_in.on_cancelled),
    "completed": (IN, transfer_in.on_completed),
}
# what this side may have said already when a message of this kind comes in again
_ANSWERS = {"offer": ("issued", "refused"), "issued": ("completed", "cancelled")}
Send = Callable[[str, bytes], bytes]
"""Carries a message to the authority with this USCC and returns the signed answer, or nothing.
OSError or UsageError where it was not taken."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a message: the transfer, whether it was here before, and our signed word
    that answers it, if there is one (it is due until the other side has it)."""

    transfer: Transfer
    before: bool
    answer: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending one message; ``error`` is empty if it was taken."""

    transfer: str
    kind: str
    office: str
    error: str


def receive(office: Office, raw: bytes, *, now: datetime) -> Received:
    """Take a message in: read strictly, proven to be of the authority it names, in its place.

    InputError ``transfer.message`` for what is none; UsageError ``transfer.address`` (not for
    this authority), ``transfer.signature``, and those of the step: see
    :mod:`~elicense.registry.transfer_in` and :mod:`~elicense.registry.transfer_out`. Nothing is
    changed where it raises.
    """
    message = transfer_message.read(raw)
    if message.addressee != office.uscc:
        raise UsageError("transfer.address", "this message is for another authority",
                         place=message.id)  # fmt: skip
    side, enter = _ENTER[message.kind]
    entries = transfer_message.author_entries(message, trust=office.trust, now=now)
    if not _known(office, message, side):
        try:
            enter(office, message, entries, now)
        except Twice:
            pass  # another request was quicker with the very same message
        else:
            return _received(office, message, side, before=False)
    return _received(office, message, side, before=True)


def _known(office: Office, message: Message, side: str) -> bool:
    with office.registry.look() as connection:
        found = transfers.find(connection, message.id, side)
    kept = found.message(message.kind) if found else None
    return kept is not None and kept.digest == message.digest


def _received(office: Office, message: Message, side: str, *, before: bool) -> Received:
    with office.registry.look() as connection:
        found = transfers.needed(connection, message.id, side)
        for kind in _ANSWERS.get(message.kind, ()):
            kept = found.message(kind)
            if kept is not None and kept.own and not kept.erased:
                return Received(found, before, transfers.text_of(connection, found, kind) or b"")
    return Received(found, before, b"")


def deliver(
    office: Office, send: Send, *, only: str = "", clock: Callable[[], datetime] | None = None
) -> tuple[Sent, ...]:
    """Send what is due (of the transfer ``only``, if given) and take in what is answered.

    An authority that is away does not stop the others: its messages stay due, with the error.
    """
    moment = clock or (lambda: datetime.now(UTC))
    with office.registry.look() as connection:
        waiting = transfers.due(connection, office.uscc)
    away: set[str] = set()
    done = []
    for item in waiting:
        if only and item.transfer != only:
            continue
        if item.office in away:
            error = "not tried: the one before it found nobody"
        else:
            try:
                error = _sent(office, send, item, moment)
            except OSError as exc:
                error = f"away: {exc or type(exc).__name__}"
                away.add(item.office)
            _note(office, item, error, moment())
        done.append(Sent(item.transfer, item.kind, item.office, error))
    return tuple(done)


def _sent(office: Office, send: Send, item: Due, moment: Callable[[], datetime]) -> str:
    """Send one; what it was refused with. The answer is taken in before it is noted as
    delivered: the other way round a crash between the two would lose the answer."""
    with office.registry.look() as connection:
        data = transfers.text(connection, item.transfer, item.side, item.kind)
    if data is None:
        return "erased meanwhile"
    try:
        answer = send(item.office, data)
        if answer:
            receive(office, answer, now=moment())
    except Error as exc:
        return f"{exc.code}: {exc.detail}"
    return ""


def _note(office: Office, item: Due, error: str, now: datetime) -> None:
    with office.registry.change() as connection:
        if error:
            LOG.warning("transfer %s: %s was not taken: %s", item.transfer, item.kind, error)
            transfers.failed(connection, item, error)
        else:
            transfers.delivered(connection, item, now=now)
