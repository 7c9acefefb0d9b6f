"""What a registry tells: plain values, read in one query each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from elicense import profiles
from elicense.errors import UsageError
from elicense.registry.schema import endorsements, files, licences, state_changes, status_lists
from elicense.registry.states import PENDING

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class Record:
    """One version of a licence as the registry has it.

    ``data`` is the exact ``licence.json``, None once erased. ``successor`` is the
    identifier of the version (or of the other authority's licence) that replaced it;
    ``predecessor`` is the other authority's licence that this one took the place of (转入).
    """

    id: int = field(repr=False)
    identifier: str
    type: str
    number: str
    version: int
    issuer_code: str
    region: str
    holder_name: str = field(repr=False)
    holder_code: str = field(repr=False)
    holder_code_type: str
    issued: date | None
    valid_from: date | None
    valid_until: date | None
    state: str
    status_list: str
    status_index: int | None
    data: bytes | None = field(repr=False)
    successor: str
    successor_authority: str
    predecessor: str
    predecessor_authority: str
    created: datetime
    erased: datetime | None

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change of state. ``audit`` is its entry in the audit log."""

    state: str
    since: datetime
    actor: str
    reason: str
    audit: int


@dataclass(frozen=True, slots=True)
class File:
    """A sealed file of a licence. ``revision`` 1 is as issued, each endorsement adds one."""

    format: str
    revision: int
    sha256: bytes
    data: bytes | None = field(repr=False)
    created: datetime


def licence(connection: Connection, identifier: str) -> Record | None:
    """The licence with this identifier, if it is here."""
    row = connection.execute(_all().where(licences.c.identifier == identifier)).one_or_none()
    return None if row is None else _record(row)


def by_identifiers(connection: Connection, wanted: Collection[str]) -> dict[str, Record]:
    """Several at once, by identifier; those that are not here are left out."""
    rows = connection.execute(_all().where(licences.c.identifier.in_(set(wanted))))
    return {row.identifier: _record(row) for row in rows}


def needed(connection: Connection, identifier: str) -> Record:
    """The same; UsageError ``registry.unknown`` if it is not here."""
    found = licence(connection, identifier)
    if found is None:
        raise UsageError("registry.unknown", "no licence with this identifier is registered",
                         place=identifier[:200])  # fmt: skip
    return found


def by_number(connection: Connection, number: str) -> tuple[Record, ...]:
    """Every version of every licence with this number, the newest first."""
    return _found(connection, licences.c.number == number)


def by_holder(
    connection: Connection, holder_code: str, *, type: str = "", type_code: str = "",
    code_type: str = "", number: str = "",
) -> tuple[Record, ...]:  # fmt: skip
    """Licences of one holder (USCC, resident ID), the newest first; where asked, of one type,
    one 证照类型代码 (of the identifier, or of the type where that holds none), one kind of
    holder's code, or one number."""
    wanted = licences.c.holder_code == holder_code
    if type:
        wanted &= licences.c.type == type
    if type_code:
        own = [profile.id for profile in profiles.all() if profile.type_code == type_code]
        wanted &= licences.c.family.startswith(f"{type_code}.", autoescape=True) | (
            (licences.c.family == licences.c.identifier) & licences.c.type.in_(own)
        )
    if code_type:
        wanted &= licences.c.holder_code_type == code_type
    if number:
        wanted &= licences.c.number == number
    return _found(connection, wanted)


def by_family(connection: Connection, family: str) -> tuple[Record, ...]:
    """All versions of one licence, the newest first."""
    return _found(connection, licences.c.family == family)


def by_file(connection: Connection, sha256: bytes) -> Record | None:
    """The licence that a sealed file with this digest was issued for."""
    wanted = _all().join(files, files.c.licence == licences.c.id).where(files.c.sha256 == sha256)
    row = connection.execute(wanted.limit(1)).one_or_none()
    return None if row is None else _record(row)


def history(connection: Connection, record: Record) -> tuple[StateChange, ...]:
    """The states of a licence in the order they were entered."""
    wanted = select(state_changes).where(state_changes.c.licence == record.id)
    rows = connection.execute(wanted.order_by(state_changes.c.id))
    return tuple(StateChange(r.state, r.since, r.actor, r.reason, r.audit) for r in rows)


def file(connection: Connection, record: Record, format: str = "") -> File | None:
    """The latest file of a licence, in the format asked for. That of a licence which waits for
    another authority to let the old one go is held back: nobody is to show it yet."""
    if record.state == PENDING:
        return None
    wanted = select(files).where(files.c.licence == record.id)
    if format:
        wanted = wanted.where(files.c.format == format)
    row = connection.execute(
        wanted.order_by(files.c.revision.desc(), files.c.id.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return None
    return File(row.format, row.revision, row.sha256, row.data, row.created)


def endorsed(connection: Connection, record: Record) -> Iterator[dict[str, Any]]:
    """The endorsements of a licence: kind, date, place, valid_until, revision."""
    wanted = select(endorsements).where(endorsements.c.licence == record.id)
    for row in connection.execute(wanted.order_by(endorsements.c.revision)):
        yield {
            "kind": row.kind, "date": row.date, "place": row.place,
            "valid_until": row.valid_until, "revision": row.revision,
        }  # fmt: skip


def _all() -> Any:
    return select(licences, status_lists.c.uri.label("list_uri")).outerjoin(
        status_lists, status_lists.c.id == licences.c.status_list
    )


def _found(connection: Connection, condition: Any) -> tuple[Record, ...]:
    wanted = _all().where(condition).order_by(licences.c.version.desc(), licences.c.id.desc())
    return tuple(_record(row) for row in connection.execute(wanted.limit(MOST_FOUND)))


def _record(row: Row[Any]) -> Record:
    return Record(
        id=row.id, identifier=row.identifier, type=row.type, number=row.number,
        version=row.version, issuer_code=row.issuer_code, region=row.region,
        holder_name=row.holder_name, holder_code=row.holder_code,
        holder_code_type=row.holder_code_type, issued=row.issued, valid_from=row.valid_from,
        valid_until=row.valid_until, state=row.state, status_list=row.list_uri or "",
        status_index=row.status_index, data=row.data, successor=row.successor,
        successor_authority=row.successor_authority, predecessor=row.predecessor,
        predecessor_authority=row.predecessor_authority, created=row.created, erased=row.erased,
    )  # fmt: skip
