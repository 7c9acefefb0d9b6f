"""The new authority's side of a transfer 转入: take in, issue, refuse.

The licence issued here is ``pending`` until the old authority has let its own go: its status
list says so, and its file is handed to nobody before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from elicense.errors import UsageError
from elicense.registry import (
    audit,
    changes,
    issuing,
    transfer_checks,
    transfer_message,
    transfers,
)
from elicense.registry.transfer_order import check_message, check_place
from elicense.registry.transfers import IN, Office, Transfer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from elicense.licence import Licence
    from elicense.registry.records import Record
    from elicense.registry.transfer_message import Message
    from elicense.trust.service import Service


def on_offer(
    office: Office, message: Message, entries: tuple[Service, ...], now: datetime
) -> None:
    """A licence offered by another authority: proven, then entered as ``incoming``."""
    with office.registry.look() as connection:
        if _is_settled(connection, message):
            return
        _check_alone(connection, message)
    transfer_checks.offered(message, entries, trust=office.trust, now=now, policy=office.policy)
    with office.registry.change() as connection:
        audit.lock(connection)
        if _is_settled(connection, message):
            return
        _check_alone(connection, message)
        transfers.begin(connection, message, IN, "incoming", authority=entries[0].authority,
                        reason=message.note, now=now)  # fmt: skip
        transfers.enter(connection, message, IN, own=False, actor=message.author, now=now)


def _is_settled(connection: Connection, message: Message) -> bool:
    """Was this transfer cancelled before its offer arrived, or the offer entered meanwhile?"""
    found = transfers.find(connection, message.id, IN)
    if found is None:
        return False
    offer = found.message("offer")
    if offer is not None and offer.digest != message.digest:
        raise UsageError("transfer.fork", "another offer was received before", place=message.id)
    parties = (found.sender, found.receiver, found.identifier)
    if parties != (message.sender, message.receiver, message.identifier):
        raise UsageError("transfer.fork", "this transfer is of others", place=message.id)
    return True


def _check_alone(connection: Connection, message: Message) -> None:
    """A licence is on one way only, and leaves once."""
    for known in transfers.of_licence(connection, message.identifier, IN):
        if known.open:
            raise UsageError("transfer.under-way", f"it is on its way in transfer {known.id}",
                             place=message.identifier)  # fmt: skip
        if known.state == "completed":
            raise UsageError("transfer.done", f"it was transferred to {known.successor}",
                             place=message.identifier)  # fmt: skip


def offered_file(office: Office, id: str) -> tuple[str, bytes]:
    """Format and bytes of the sealed file that was offered, for whoever decides on it."""
    with office.registry.look() as connection:
        raw = transfers.text_of(connection, transfers.needed(connection, id, IN), "offer")
    if raw is None:
        raise UsageError("transfer.erased", "the offer is not kept any more", place=id)
    message = transfer_message.read(raw)
    return message.body["format"], message.data("file")


def issue(
    office: Office, id: str, licence: Licence, *, actor: str, now: datetime,
    formats: Sequence[str] = ("ofd", "pdf"), **options: Any,
) -> tuple[Record, Mapping[str, bytes], Transfer]:  # fmt: skip
    """转入: issue this authority's own licence for the one offered, naming it.

    Licence, files, state ``pending`` and the signed word to the old authority are one
    transaction. ``options`` are those of :func:`elicense.issue`. UsageError
    ``transfer.successor`` for a licence that cannot follow the old one (another holder, another
    type), ``transfer.order`` unless the transfer is ``incoming``; else as
    :func:`elicense.registry.issuing.issue`.
    """
    with office.registry.look() as connection:
        found = _incoming(connection, id)
    old = transfer_checks.from_file(offered_file(office, id)[1])
    ready = transfer_checks.naming(licence, found.identifier)
    transfer_checks.check_successor(old, ready, receiver=office.uscc)
    data, made = issuing.seal(office.registry, ready, formats=formats, **options)
    offer = found.message("offer")
    assert offer is not None
    message = transfer_message.make(
        "issued", id=id, sender=found.sender, receiver=found.receiver,
        identifier=found.identifier, answers=offer.digest, signer=office.signer, now=now,
        body={"successor": ready.identifier, "licence": transfer_message.enclosed(data),
              "licence_sha256": hashlib.sha256(data).hexdigest()},
    )  # fmt: skip
    with office.registry.change() as connection:
        audit.lock(connection)
        found = _incoming(connection, id)
        record = changes.add(
            connection, data, made, actor=actor, now=now, predecessor=found.identifier,
            predecessor_authority=found.authority,
        )  # fmt: skip
        transfers.enter(connection, message, IN, own=True, actor=actor, now=now, state="issued",
                        successor=record.identifier)  # fmt: skip
        return record, made, transfers.needed(connection, id, IN)


def _incoming(connection: Connection, id: str) -> Transfer:
    found = transfers.needed(connection, id, IN)
    if found.state != "incoming":
        raise UsageError("transfer.order", f"this transfer is {found.state}", place=id)
    return found


def refuse(office: Office, id: str, *, reason: str, actor: str, now: datetime) -> Transfer:
    """不予转入: the licence stays with the old authority. Not after issuing: from then on it is
    for the old authority to cancel."""
    if not reason.strip():
        raise UsageError("registry.reason", "a refusal needs a reason")
    with office.registry.look() as connection:
        found = _incoming(connection, id)
    offer = found.message("offer")
    assert offer is not None
    message = transfer_message.make(
        "refused", id=id, sender=found.sender, receiver=found.receiver,
        identifier=found.identifier, answers=offer.digest, signer=office.signer, now=now,
        note=reason,
    )  # fmt: skip
    with office.registry.change() as connection:
        audit.lock(connection)
        _incoming(connection, id)
        transfers.enter(connection, message, IN, own=True, actor=actor, now=now, state="refused")
        transfers.forget(connection, id, IN, "offer")  # another's licence is not ours to keep
        return transfers.needed(connection, id, IN)


# -- what the old authority says -----------------------------------------------------------------


def on_cancelled(
    office: Office, message: Message, entries: tuple[Service, ...], now: datetime
) -> None:
    """取消转出: a licence issued here and not in force yet never comes into force. Where the
    offer never arrived, it is noted that it must not be taken in any more."""
    with office.registry.change() as connection:
        audit.lock(connection)
        found = transfers.find(connection, message.id, IN)
        if found is None:
            transfers.begin(connection, message, IN, "cancelled", authority=entries[0].authority,
                            reason=message.note, now=now)  # fmt: skip
            transfers.enter(connection, message, IN, own=False, actor=message.author, now=now)
            return
        check_message(found, message)
        check_place(found, message, ("incoming", "issued", "refused"))
        if found.state == "issued":
            changes.change_state(
                connection, found.successor, "cancelled", reason=f"取消转出: {message.note}",
                actor=message.author, now=now, transfer=found.id,
            )  # fmt: skip
        transfers.enter(connection, message, IN, own=False, actor=message.author, now=now,
                        state="cancelled" if found.open else "")  # fmt: skip
        transfers.forget(connection, found.id, IN, "offer")


def on_completed(
    office: Office, message: Message, entries: tuple[Service, ...], now: datetime
) -> None:
    """转出确认: the old licence is gone, so the new one is in force."""
    with office.registry.change() as connection:
        audit.lock(connection)
        found = transfers.needed(connection, message.id, IN)
        check_message(found, message)
        check_place(found, message, ("issued",))
        if message.body["successor"] != found.successor:
            raise UsageError("transfer.another-licence", "another licence was issued here",
                             place=message.body["successor"])  # fmt: skip
        changes.change_state(
            connection, found.successor, "valid", reason=f"{found.authority}已确认转出",
            actor=message.author, now=now, transfer=found.id,
        )  # fmt: skip
        transfers.enter(connection, message, IN, own=False, actor=message.author, now=now,
                        state="completed")  # fmt: skip
