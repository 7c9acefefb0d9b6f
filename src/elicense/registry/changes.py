"""Every way a registry changes. Each function is called inside ``registry.change()``: with
the audit entry it writes, it is kept whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from elicense import licence as licence_json
from elicense.errors import InputError, UsageError
from elicense.identifiers import parse_identifier
from elicense.licence import Endorsement, Licence, StatusReference
from elicense.registry import audit, records, states
from elicense.registry.indices import place
from elicense.registry.records import Record
from elicense.registry.schema import (
    endorsements,
    files,
    licences,
    state_changes,
    status_lists,
    transfer_messages,
    transfers,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

FORMATS = ("ofd", "pdf")


def open_list(
    connection: Connection, uri: str, *, size: int, actor: str, now: datetime
) -> None:
    """Begin a status list of ``size`` places. UsageError if the URI is taken."""
    if not uri.startswith("https://") or len(uri) > 500:
        raise UsageError("registry.list", "a status list is named by an https address", place=uri)
    if not 2 <= size <= 100_000_000 or size % 2:
        raise UsageError("registry.list", "the size must be even, 2 to 100,000,000", place=uri)
    taken = connection.execute(select(status_lists.c.id).where(status_lists.c.uri == uri))
    if taken.scalar() is not None:
        raise UsageError("registry.list", "this status list is there already", place=uri)
    connection.execute(
        insert(status_lists).values(
            uri=uri, size=size, taken=0, order_key=os.urandom(32), open=True
        )
    )
    audit.append(connection, time=now, actor=actor, action="open-list", subject=uri,
                 detail={"size": size})  # fmt: skip


def reserve(connection: Connection, uri: str = "") -> StatusReference:
    """A place in an open list that no licence has had or ever will have but this one.

    What is reserved and not used stays a gap: it reads "valid" and stands for nothing.
    """
    wanted = select(status_lists).where(status_lists.c.open.is_(True))
    if uri:
        wanted = wanted.where(status_lists.c.uri == uri)
    wanted = wanted.where(status_lists.c.taken < status_lists.c.size)
    row = connection.execute(
        wanted.order_by(status_lists.c.id).limit(1).with_for_update()
    ).one_or_none()
    if row is None:
        raise UsageError("registry.list-full", "no status list has a free place: open another",
                         place=uri)  # fmt: skip
    connection.execute(
        update(status_lists).where(status_lists.c.id == row.id).values(taken=row.taken + 1)
    )
    return StatusReference(row.uri, place(row.taken, row.size, row.order_key))


def add(
    connection: Connection, data: bytes, sealed: Mapping[str, bytes], *, actor: str,
    now: datetime, supersedes: str = "", predecessor: str = "", predecessor_authority: str = "",
) -> Record:  # fmt: skip
    """Enter a licence that has been issued: its exact ``licence.json`` and its sealed files
    by format (``ofd``, ``pdf``). ``supersedes`` is the identifier of the version before, whose
    state changes in the same transaction. ``predecessor`` is another authority's licence that
    is being transferred (转入): the new one is then ``pending`` until that one is let go.

    UsageError ``registry.duplicate`` for an identifier or a place in a list taken before.
    """
    licence = licence_json.load(data)
    _check(licence, sealed)
    listed, index = _status(connection, licence)
    state = states.PENDING if predecessor else states.VALID
    entry = audit.append(
        connection, time=now, actor=actor, action="issue", subject=licence.identifier,
        detail={
            "sha256": hashlib.sha256(data).hexdigest(),
            "files": {name: hashlib.sha256(made).hexdigest() for name, made in sealed.items()},
        },
    )  # fmt: skip
    try:
        key = connection.execute(
            insert(licences).values(
                **_columns(licence), status_list=listed, status_index=index, data=data,
                data_digest=hashlib.sha256(data).digest(), state=state, created=now,
                predecessor=predecessor, predecessor_authority=predecessor_authority,
            ).returning(licences.c.id)
        ).scalar_one()  # fmt: skip
    except IntegrityError as exc:
        raise UsageError(
            "registry.duplicate", "this identifier or its place in the status list is taken",
            place=licence.identifier,
        ) from exc  # fmt: skip
    connection.execute(
        insert(state_changes).values(
            licence=key, state=state, since=now, actor=actor, reason="issued", audit=entry
        )
    )
    for name, made in sealed.items():
        _add_file(connection, key, name, 1, made, now)
    if supersedes:
        change_state(connection, supersedes, "superseded", reason="a later version was issued",
                     actor=actor, now=now, successor=licence.identifier)  # fmt: skip
    return records.needed(connection, licence.identifier)


def change_state(
    connection: Connection, identifier: str, state: str, *, reason: str, actor: str,
    now: datetime, successor: str = "", successor_authority: str = "", transfer: str = "",
) -> Record:  # fmt: skip
    """Suspend, withdraw, lift … ; a reason is obligatory. UsageError ``registry.state`` for a
    change that the life cycle does not know, ``registry.unknown`` for no such licence,
    ``registry.transfer`` for one that only a transfer makes (``transfer`` is then its id)."""
    if not reason.strip() or not actor.strip():
        raise UsageError("registry.reason", "a change of state needs a reason and an actor")
    audit.lock(connection)
    row = connection.execute(
        select(licences.c.id, licences.c.state)
        .where(licences.c.identifier == identifier)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise UsageError("registry.unknown", "no licence with this identifier is registered",
                         place=identifier[:200])  # fmt: skip
    states.check_change(row.state, state)
    if not transfer and not states.OF_TRANSFER.isdisjoint({row.state, state}):
        raise UsageError("registry.transfer", f"from {row.state} to {state} leads a transfer only: "
                         "make, cancel or complete it", place=identifier)  # fmt: skip
    detail = {"from": row.state, "to": state, "reason": reason}
    entry = audit.append(
        connection, time=now, actor=actor, action="state", subject=identifier,
        detail=detail | ({"successor": successor} if successor else {})
        | ({"transfer": transfer} if transfer else {}),
    )  # fmt: skip
    connection.execute(
        update(licences).where(licences.c.id == row.id)
        .values(state=state, successor=successor, successor_authority=successor_authority)
    )
    connection.execute(
        insert(state_changes).values(
            licence=row.id, state=state, since=now, actor=actor, reason=reason, audit=entry
        )
    )
    return records.needed(connection, identifier)


def add_endorsed(
    connection: Connection, identifier: str, sealed: Mapping[str, bytes],
    endorsement: Endorsement, *, actor: str, now: datetime,
) -> Record:  # fmt: skip
    """Enter the endorsed files of a licence in force beside those before."""
    record = records.needed(connection, identifier)
    if record.state not in {"valid", "suspended", "transferring"}:
        raise UsageError("registry.state", f"a licence that is {record.state} is not endorsed",
                         place=identifier)  # fmt: skip
    _check_formats(sealed)
    last = records.file(connection, record)
    revision = (last.revision if last else 0) + 1
    entry = audit.append(
        connection, time=now, actor=actor, action="endorse", subject=identifier,
        detail={
            "kind": endorsement.kind,
            "files": {name: hashlib.sha256(made).hexdigest() for name, made in sealed.items()},
        },
    )  # fmt: skip
    connection.execute(
        insert(endorsements).values(
            licence=record.id, revision=revision, kind=endorsement.kind, date=endorsement.date,
            place=endorsement.place, valid_until=endorsement.valid_until, audit=entry,
        )
    )  # fmt: skip
    for name, made in sealed.items():
        _add_file(connection, record.id, name, revision, made, now)
    return record


def erase(
    connection: Connection, identifier: str, *, reason: str, actor: str, now: datetime
) -> Record:
    """Remove what is personal: holder, data, files. Identifier, states and digests stay, so
    that the licence's state can still be answered and the audit log still holds."""
    record = records.needed(connection, identifier)
    if record.erased is not None:
        raise UsageError("registry.erased", "it has been erased before", place=identifier)
    if states.states()[record.state].code == 0 and (
        record.valid_until is None or record.valid_until >= now.date()
    ):
        raise UsageError("registry.in-force", "a licence in force is not erased", place=identifier)
    audit.append(connection, time=now, actor=actor, action="erase", subject=identifier,
                 detail={"reason": reason})  # fmt: skip
    connection.execute(
        update(licences).where(licences.c.id == record.id)
        .values(holder_name="", holder_code="", data=None, erased=now)
    )  # fmt: skip
    connection.execute(update(files).where(files.c.licence == record.id).values(data=None))
    moved = select(transfers.c.id).where(
        (transfers.c.identifier == identifier) | (transfers.c.successor == identifier)
    )  # their messages hold the licence: what was said stays provable by its digest
    connection.execute(
        update(transfer_messages).where(transfer_messages.c.transfer.in_(moved)).values(data=None)
    )
    return records.needed(connection, identifier)


def family_of(identifier: str) -> str:
    """What all versions of a licence share: type, issuer and serial."""
    try:
        parts = parse_identifier(identifier)
    except InputError:
        return identifier
    return f"{parts.type}.{parts.issuer}.{parts.serial}"


def _check(licence: Licence, sealed: Mapping[str, bytes]) -> None:
    if licence.source is not None and licence.source.hidden:
        raise UsageError("registry.masked", "a masked copy is not what was issued")
    for name, value in (
        ("identifier", licence.identifier), ("number", licence.number),
        ("issuer.code", licence.issuer.code), ("holder.name", licence.holder.name),
    ):  # fmt: skip
        if not value:
            raise UsageError("registry.field", "a registered licence needs it", place=name)
    _check_formats(sealed)


def _check_formats(sealed: Mapping[str, bytes]) -> None:
    if not sealed or any(name not in FORMATS or not made for name, made in sealed.items()):
        raise UsageError("registry.file", f"a sealed file is one of {', '.join(FORMATS)}")


def _status(connection: Connection, licence: Licence) -> tuple[int | None, int | None]:
    """Its list must be ours: another's would never tell of a change made here."""
    reference = licence.status
    if reference is None:
        return None, None
    row = connection.execute(
        select(status_lists.c.id, status_lists.c.size)
        .where(status_lists.c.uri == reference.list)
    ).one_or_none()  # fmt: skip
    if row is None or not 0 <= reference.index < row.size:
        raise UsageError("registry.list", "the licence names a status list or a place that this "
                         "registry does not have", place=reference.list)  # fmt: skip
    return row.id, reference.index


def _columns(licence: Licence) -> dict[str, object]:
    return {
        "identifier": licence.identifier,
        "family": family_of(licence.identifier),
        "type": licence.type,
        "number": licence.number,
        "version": licence.version,
        "issuer_code": licence.issuer.code,
        "region": licence.issuer.region,
        "holder_name": licence.holder.name,
        "holder_code": licence.holder.code,
        "holder_code_type": licence.holder.code_type,
        "issued": licence.validity.issued,
        "valid_from": licence.validity.valid_from,
        "valid_until": licence.validity.valid_until,
    }


def _add_file(
    connection: Connection, licence: int, name: str, revision: int, made: bytes, now: datetime
) -> None:
    connection.execute(
        insert(files).values(
            licence=licence, format=name, revision=revision, data=made, created=now,
            sha256=hashlib.sha256(made).digest(),
        )
    )  # fmt: skip
