"""Applications handed over between windows (异地代收代办, 多地联办): signed receipts, in a chain.

The window that takes an application in 收件 and the office that decides it 办理 each keep every
receipt. A receipt is signed by the side that made it, names the matter, the documents by their
digests and the state, and holds the digest of the receipt before: one that is lost shows on both
sides, and neither can say later that it said otherwise.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from elicense.checks.standing import World
from elicense.checks.status_signer import Statement, signer_entries
from elicense.errors import InputError, UsageError
from elicense.limits import DEFAULT_LIMITS
from elicense.registry import audit
from elicense.registry.schema import handovers, receipts
from elicense.trust.status import content_of, read_object, signature_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from elicense.issuing.credential import Credential
    from elicense.trust.store import TrustStore

SCHEMA = "elicense-receipt/1"
MAX_RECEIPT = 64 * 1024
# state → (who may enter it, what may follow)
STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sent": ("from", ("received", "refused")),
    "received": ("to", ("accepted", "incomplete", "refused")),
    "incomplete": ("to", ("supplied",)),
    "supplied": ("from", ("received", "refused")),
    "accepted": ("to", ("decided",)),
    "refused": ("to", ()),
    "decided": ("to", ("delivered",)),
    "delivered": ("from", ()),
}
NAMES = {
    "sent": "已寄出", "received": "已收件", "incomplete": "待补正", "supplied": "已补正",
    "accepted": "已受理", "refused": "不予受理", "decided": "已办结", "delivered": "已送达",
}  # fmt: skip
_SKEW = timedelta(minutes=5)
_ID = re.compile(r"[0-9a-f]{32}")
_USCC = re.compile(r"[0-9A-Z]{18}")
_DIGEST = re.compile(r"[0-9a-f]{64}|")
_KEYS = {
    "schema", "id", "matter", "from", "to", "state", "time", "documents", "note", "sequence",
    "previous",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """One signed receipt. ``sender`` and ``receiver`` are the offices' USCC, ``documents`` are
    (name, SHA-256) pairs, ``previous`` the SHA-256 of the receipt before (empty for the first);
    ``raw`` is the signed file."""

    id: str
    matter: str
    sender: str
    receiver: str
    state: str
    time: datetime
    documents: tuple[tuple[str, str], ...]
    note: str
    sequence: int
    previous: str
    raw: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def author(self) -> str:
        """USCC of the side that makes a receipt of this state."""
        return self.sender if STATES[self.state][0] == "from" else self.receiver


@dataclass(frozen=True, slots=True)
class Handover:
    """Where a matter stands on this side."""

    id: str
    matter: str
    sender: str
    receiver: str
    state: str
    updated: datetime
    receipts: tuple[Receipt, ...] = field(repr=False)

    def waiting(self, now: datetime, patience: timedelta) -> str:
        """Who has owed the next receipt for longer than ``patience``: ``from``, ``to`` or
        nobody. A receipt that was lost shows here, on both sides."""
        follows = STATES[self.state][1]
        if not follows or now - self.updated < patience:
            return ""
        return STATES[follows[0]][0]


def begin(
    *, matter: str, sender: str, receiver: str, documents: Sequence[tuple[str, str]],
    signer: Credential, now: datetime, note: str = "",
) -> bytes:  # fmt: skip
    """The first receipt, signed by the window that takes the application in."""
    members = _members(
        secrets.token_hex(16), matter, sender, receiver, "sent", now, documents, note, 1, ""
    )
    return _sign(members, signer, now)


def following(
    last: Receipt, state: str, *, signer: Credential, now: datetime, note: str = "",
    documents: Sequence[tuple[str, str]] | None = None,
) -> bytes:  # fmt: skip
    """The receipt after ``last``. UsageError ``handover.state`` if it cannot follow."""
    if state not in STATES[last.state][1]:
        allowed = ", ".join(STATES[last.state][1]) or "nothing"
        raise UsageError("handover.state", f"after {last.state} follows {allowed}", place=state)
    members = _members(
        last.id, last.matter, last.sender, last.receiver, state, now,
        last.documents if documents is None else documents, note, last.sequence + 1, last.digest,
    )  # fmt: skip
    return _sign(members, signer, now)


def _members(
    id: str, matter: str, sender: str, receiver: str, state: str, now: datetime,
    documents: Sequence[tuple[str, str]], note: str, sequence: int, previous: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "schema": SCHEMA, "id": id, "matter": matter, "from": sender, "to": receiver,
        "state": state, "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "documents": [{"name": name, "sha256": digest} for name, digest in documents],
        "note": note, "sequence": sequence, "previous": previous,
    }  # fmt: skip


def _sign(members: Mapping[str, Any], signer: Credential, now: datetime) -> bytes:
    from elicense.issuing import cms

    made = cms.sign(
        signer, content=json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode(),
        attached=True, gm=signer.family == "sm2", attributes=cms.Attributes(signing_time=now),
    )  # fmt: skip
    read(made)  # what cannot be read is not sent
    return made


def read(data: bytes) -> Receipt:
    """A receipt, strictly. InputError ``handover.receipt``; the signature is not judged here."""
    members = read_object(content_of(data, "receipt", MAX_RECEIPT))
    if set(members) != _KEYS or members["schema"] != SCHEMA:
        raise InputError("handover.receipt", "missing or unknown members")
    texts = {name: members[name] for name in _KEYS - {"documents", "sequence"}}
    for name, value in texts.items():
        if not isinstance(value, str) or len(value) > 500:
            raise InputError("handover.receipt", "a text is needed", place=name)
    for name, pattern in (("id", _ID), ("from", _USCC), ("to", _USCC), ("previous", _DIGEST)):
        if not pattern.fullmatch(texts[name]):
            raise InputError("handover.receipt", "not of its form", place=name)
    if texts["state"] not in STATES or texts["from"] == texts["to"] or not texts["matter"]:
        raise InputError("handover.receipt", "no such state, one office alone, or no matter")
    sequence = members["sequence"]
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 < sequence <= 1000:
        raise InputError("handover.receipt", "1 to 1000", place="sequence")
    if (sequence == 1) != (texts["state"] == "sent") or (sequence == 1) != (not texts["previous"]):
        raise InputError("handover.receipt", "the first is 'sent' and names none before it")
    try:
        time = datetime.strptime(texts["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as exc:
        raise InputError("handover.receipt", "not a time", place="time") from exc
    return Receipt(
        texts["id"], texts["matter"], texts["from"], texts["to"], texts["state"], time,
        _documents(members["documents"]), texts["note"], sequence, texts["previous"], data,
    )  # fmt: skip


def _documents(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or len(value) > 100:
        raise InputError("handover.receipt", "a list of at most 100", place="documents")
    found = []
    for number, item in enumerate(value):
        place = f"documents[{number}]"
        if not isinstance(item, dict) or set(item) != {"name", "sha256"}:
            raise InputError("handover.receipt", "name and sha256 are needed", place=place)
        name, digest = item["name"], item["sha256"]
        if not isinstance(name, str) or not 0 < len(name) <= 200:
            raise InputError("handover.receipt", "a name is needed", place=place)
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise InputError("handover.receipt", "64 hexadecimal digits", place=place)
        found.append((name, digest))
    return tuple(found)


def problem(receipt: Receipt, *, trust: TrustStore, now: datetime) -> str:
    """Why a receipt is not what its author said; one stable word, empty if it is."""
    content = content_of(receipt.raw, "receipt", MAX_RECEIPT)
    signature = signature_of(receipt.raw, content, "receipt")
    statement = Statement(signature, receipt.time, now + _SKEW)
    found, entries = signer_entries(statement, World(trust, now, now, DEFAULT_LIMITS))
    if found:
        return found
    return "" if any(e.uscc == receipt.author for e in entries) else "not-by-that-office"


def enter(connection: Connection, receipt: Receipt, *, actor: str, now: datetime) -> Handover:
    """Keep a receipt that was judged. The same one again changes nothing; one whose
    predecessor is not here is refused (``handover.gap``): it was lost on the way."""
    audit.lock(connection)  # of two that come at once the second sees what the first kept
    known = find(connection, receipt.id)
    if known is None:
        if receipt.sequence != 1:
            raise UsageError("handover.gap", "the receipts before it are not here: send them",
                             place=receipt.id)  # fmt: skip
    else:
        if any(old.digest == receipt.digest for old in known.receipts):
            return known
        _check_follows(known, receipt)
    audit.append(connection, time=now, actor=actor, action="handover", subject=receipt.id,
                 detail={"state": receipt.state, "sha256": receipt.digest})  # fmt: skip
    _store(connection, receipt, known is None)
    found = find(connection, receipt.id)
    assert found is not None
    return found


def _check_follows(known: Handover, receipt: Receipt) -> None:
    last = known.receipts[-1]
    if receipt.sequence > last.sequence + 1:
        raise UsageError("handover.gap", f"receipt {last.sequence + 1} is not here: send it",
                         place=receipt.id)  # fmt: skip
    if receipt.sequence <= last.sequence or receipt.previous != last.digest:
        raise UsageError("handover.fork", "another receipt stands in this place", place=receipt.id)
    if receipt.state not in STATES[last.state][1]:
        raise UsageError("handover.state", f"{receipt.state} does not follow {last.state}",
                         place=receipt.id)  # fmt: skip
    same = (receipt.matter, receipt.sender, receipt.receiver)
    if same != (last.matter, last.sender, last.receiver):
        raise UsageError("handover.fork", "matter or offices are others", place=receipt.id)


def _store(connection: Connection, receipt: Receipt, first: bool) -> None:
    values = {"state": receipt.state, "updated": receipt.time}
    if first:
        connection.execute(
            insert(handovers).values(
                id=receipt.id, matter=receipt.matter, sender=receipt.sender,
                receiver=receipt.receiver, **values,
            )
        )  # fmt: skip
    else:
        connection.execute(update(handovers).where(handovers.c.id == receipt.id).values(**values))
    connection.execute(
        insert(receipts).values(handover=receipt.id, sequence=receipt.sequence, data=receipt.raw)
    )


def find(connection: Connection, id: str) -> Handover | None:
    """A matter with all its receipts, or None."""
    row = connection.execute(select(handovers).where(handovers.c.id == id)).one_or_none()
    if row is None:
        return None
    wanted = select(receipts.c.data).where(receipts.c.handover == id).order_by(receipts.c.sequence)
    kept = tuple(read(data) for data in connection.execute(wanted).scalars())
    return Handover(row.id, row.matter, row.sender, row.receiver, row.state, row.updated, kept)


def unfinished(connection: Connection, *, before: datetime) -> tuple[Handover, ...]:
    """Matters without a new receipt since ``before`` that are not at their end, oldest first."""
    ended = [name for name, (_, follows) in STATES.items() if not follows]
    rows = connection.execute(
        select(handovers.c.id)
        .where(handovers.c.state.not_in(ended), handovers.c.updated < before)
        .order_by(handovers.c.updated).limit(500)
    ).scalars().all()  # fmt: skip
    return tuple(found for id in rows if (found := find(connection, id)) is not None)
