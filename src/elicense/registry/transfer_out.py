"""The old authority's side of a transfer 转出: offer, cancel, let go.

Until this side has entered that the new authority issued its own licence, the old one is in
force and this side alone decides: it cancels, or it lets go. Whichever of the two is entered
first counts; the other comes too late. The new licence comes into force only when this side has
said ``completed``. So one of them is in force or, while that word travels, none; never both.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from elicense import licence as licences
from elicense.crypto.ses import CHINA
from elicense.errors import InputError, UsageError
from elicense.registry import audit, changes, records, transfer_checks, transfer_message, transfers
from elicense.registry.transfer_order import check_message, check_place
from elicense.registry.transfers import OUT, Office, Transfer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from elicense.licence import Licence
    from elicense.registry.records import File, Record
    from elicense.registry.transfer_message import Message
    from elicense.trust.service import Service

# what may become of the old licence when a transfer ends without its leaving
AFTER_CANCELLING = ("valid", "suspended", "withdrawn", "cancelled")


def request(
    office: Office, identifier: str, receiver: str, *, reason: str, actor: str, now: datetime
) -> Transfer:
    """申请转出: offer a licence in force to the authority with USCC ``receiver``.

    One transaction: the licence is ``transferring`` (still in force) and the signed offer,
    with its sealed file, waits to be delivered. UsageError ``transfer.under-way`` for a licence
    that is being transferred, ``transfer.state`` for one not in force, ``transfer.not-ours``,
    ``transfer.receiver`` (the trust list names no such authority for this type),
    ``registry.unknown``, ``registry.no-file``, ``registry.reason``.
    """
    with office.registry.look() as connection:
        record = records.needed(connection, identifier)
        file = records.file(connection, record)
    _check_may_leave(office, record, receiver, now)
    authority = transfer_checks.check_receiver(receiver, record.type, trust=office.trust, now=now)
    message = _offer(office, record, file, receiver, reason, now)
    with office.registry.change() as connection:
        audit.lock(connection)
        _check_may_leave(office, records.needed(connection, identifier), receiver, now)
        changes.change_state(
            connection, identifier, "transferring", reason=reason, actor=actor, now=now,
            transfer=message.id,
        )  # fmt: skip
        transfers.begin(connection, message, OUT, "offered", authority=authority, reason=reason,
                        now=now)  # fmt: skip
        transfers.enter(connection, message, OUT, own=True, actor=actor, now=now)
        return transfers.needed(connection, message.id, OUT)


def _check_may_leave(office: Office, record: Record, receiver: str, now: datetime) -> None:
    identifier = record.identifier
    if record.issuer_code != office.uscc:
        raise UsageError("transfer.not-ours", "this authority did not issue it", place=identifier)
    if receiver == office.uscc:
        raise UsageError("transfer.receiver", "that is this authority itself", place="receiver")
    if record.state == "transferring":
        raise UsageError("transfer.under-way", "it is being transferred already", place=identifier)
    if record.state != "valid":
        raise UsageError("transfer.state", f"a licence that is {record.state} is not transferred",
                         place=identifier)  # fmt: skip
    today = now.astimezone(CHINA).date()
    if (record.valid_until and today > record.valid_until) or (
        record.valid_from and today < record.valid_from
    ):
        raise UsageError("transfer.state", "it is not in force by its dates", place=identifier)


def _offer(
    office: Office, record: Record, file: File | None, receiver: str, reason: str, now: datetime
) -> Message:
    if file is None or file.data is None:
        raise UsageError("registry.no-file", "no sealed file is stored", place=record.identifier)
    body = {
        "format": file.format, "file": transfer_message.enclosed(file.data),
        "file_sha256": file.sha256.hex(),
        "licence_sha256": hashlib.sha256(record.data or b"").hexdigest(),
    }  # fmt: skip
    return transfer_message.make(
        "offer", id=secrets.token_hex(16), sender=office.uscc, receiver=receiver,
        identifier=record.identifier, signer=office.signer, now=now, note=reason, body=body,
    )  # fmt: skip


def cancel(
    office: Office, id: str, *, reason: str, actor: str, now: datetime, then: str = "valid"
) -> Transfer:
    """取消转出: the licence stays. ``then`` is what it becomes: ``valid``, or ``suspended``,
    ``withdrawn``, ``cancelled`` where the authority has to act against it.

    UsageError ``transfer.order`` once the transfer has ended: what is let go stays gone.
    """
    if then not in AFTER_CANCELLING:
        raise UsageError("transfer.state", f"one of {', '.join(AFTER_CANCELLING)}", place="then")
    with office.registry.look() as connection:
        found = transfers.needed(connection, id, OUT)
    offer = found.message("offer")
    assert offer is not None  # no transfer leaves without one
    message = transfer_message.make(
        "cancelled", id=id, sender=found.sender, receiver=found.receiver,
        identifier=found.identifier, answers=offer.digest, signer=office.signer, now=now,
        note=reason,
    )  # fmt: skip
    with office.registry.change() as connection:
        audit.lock(connection)
        found = transfers.needed(connection, id, OUT)
        if found.state != "offered":
            raise UsageError("transfer.order", f"it is {found.state}: too late to cancel", place=id)
        changes.change_state(
            connection, found.identifier, then, reason=f"取消转出: {reason}", actor=actor,
            now=now, transfer=id,
        )  # fmt: skip
        transfers.enter(connection, message, OUT, own=True, actor=actor, now=now,
                        state="cancelled")  # fmt: skip
        if offer.delivered is None:  # should it have arrived all the same, the next word ends it
            transfers.forget(connection, id, OUT, "offer")
        return transfers.needed(connection, id, OUT)


# -- what the new authority says -----------------------------------------------------------------


def on_refused(
    office: Office, message: Message, entries: tuple[Service, ...], now: datetime
) -> None:
    """不予转入: the old licence is valid again; after a cancellation it only closes the matter."""
    with office.registry.change() as connection:
        audit.lock(connection)
        found = transfers.needed(connection, message.id, OUT)
        check_message(found, message)
        check_place(found, message, ("offered", "cancelled"))
        ends = found.state == "offered"
        if ends:
            changes.change_state(
                connection, found.identifier, "valid", reason=f"不予转入: {message.note}",
                actor=message.author, now=now, transfer=message.id,
            )  # fmt: skip
        transfers.enter(connection, message, OUT, own=False, actor=message.author, now=now,
                        state="refused" if ends else "")  # fmt: skip


def on_issued(
    office: Office, message: Message, entries: tuple[Service, ...], now: datetime
) -> None:
    """The new licence is made: let the old one go, and say so, in one transaction. Where this
    side has cancelled before, the word stands that it said then."""
    new = _successor(message, entries)
    with office.registry.look() as connection:
        found = transfers.needed(connection, message.id, OUT)
        record = records.needed(connection, found.identifier)
    check_message(found, message)
    if record.data is None:
        raise UsageError("registry.erased", "the old licence was erased", place=record.identifier)
    transfer_checks.check_successor(licences.load(record.data), new, receiver=found.receiver)
    done = transfer_message.make(
        "completed", id=message.id, sender=found.sender, receiver=found.receiver,
        identifier=found.identifier, answers=message.digest, signer=office.signer, now=now,
        body={"successor": new.identifier},
    )  # fmt: skip
    with office.registry.change() as connection:
        audit.lock(connection)
        found = transfers.needed(connection, message.id, OUT)
        check_place(found, message, ("offered", "cancelled"))
        late = found.state == "cancelled"
        transfers.enter(connection, message, OUT, own=False, actor=message.author, now=now)
        if not late:
            _let_go(connection, found, done, entries[0].authority, now)


def _let_go(
    connection: Connection, found: Transfer, done: Message, authority: str, now: datetime
) -> None:
    successor = done.body["successor"]
    changes.change_state(
        connection, found.identifier, "transferred", reason=f"转出至{authority}",
        actor=found.receiver, now=now, successor=successor, successor_authority=authority,
        transfer=found.id,
    )  # fmt: skip
    transfers.enter(
        connection, done, OUT, own=True, actor=found.receiver, now=now, state="completed",
        successor=successor,
    )  # fmt: skip


def _successor(message: Message, entries: tuple[Service, ...]) -> Licence:
    try:
        new = licences.load(message.data("licence"))
    except InputError as exc:
        detail = f"{exc.code}: {exc.detail}"
        raise UsageError("transfer.successor", detail, place=exc.place) from exc
    if new.identifier != message.body["successor"]:
        raise UsageError("transfer.successor", "the message names another", place="identifier")
    transfer_checks.check_speaks(message.receiver, new, entries)
    return new
