"""Does a message belong where it came in: to this transfer, in this place?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from elicense.errors import UsageError
from elicense.registry import transfer_message

if TYPE_CHECKING:
    from elicense.registry.transfer_message import Message
    from elicense.registry.transfers import Transfer


class Twice(Exception):  # noqa: N818 - not an error: the very message came in meanwhile
    """The same message was entered by another request since it was looked for."""


def check_message(found: Transfer, message: Message) -> None:
    """UsageError unless ``message`` belongs to this very transfer: ``transfer.parties``,
    ``transfer.another-licence``, ``transfer.order`` (it answers another message)."""
    if (message.sender, message.receiver) != (found.sender, found.receiver):
        raise UsageError("transfer.parties", "these are not the authorities of this transfer",
                         place=message.id)  # fmt: skip
    if message.identifier != found.identifier:
        raise UsageError("transfer.another-licence", "this transfer is of another licence",
                         place=message.identifier)  # fmt: skip
    kind = transfer_message.KINDS[message.kind][1][0]
    answered = found.message(kind)
    if answered is None or answered.digest != message.answers:
        raise UsageError("transfer.order", f"it answers no {kind} of this transfer",
                         place=message.id)  # fmt: skip


def check_place(found: Transfer, message: Message, states: tuple[str, ...]) -> None:
    """UsageError ``transfer.fork`` for another message in a place that is taken,
    ``transfer.order`` for one that cannot come in this state."""
    known = found.message(message.kind)
    if known is not None:
        if known.digest == message.digest:
            raise Twice
        raise UsageError("transfer.fork", f"another {message.kind} was received before",
                         place=message.id)  # fmt: skip
    if found.state not in states:
        raise UsageError("transfer.order", f"{message.kind} after {found.state}", place=message.id)
