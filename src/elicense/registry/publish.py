"""What a registry publishes: its status lists, each with the head of the audit chain, and what
a status index says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from elicense.errors import InputError, UsageError
from elicense.identifiers import parse_identifier
from elicense.issuing.status_index import Entry, holds_resident_id
from elicense.registry import audit
from elicense.registry.audit import Head
from elicense.registry.schema import licences, status_lists
from elicense.registry.states import states
from elicense.trust.status_index import Successor

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class ListContent:
    """What a status list has to say now: the codes that are not 0, by index."""

    uri: str
    size: int
    codes: Mapping[int, int]
    head: Head


def uris(connection: Connection) -> tuple[str, ...]:
    """The status lists of this registry, in the order they were opened."""
    rows = connection.execute(select(status_lists.c.uri).order_by(status_lists.c.id))
    return tuple(rows.scalars())


def index_entries(connection: Connection) -> Iterator[Entry]:
    """What a status index has to say: each licence's place, and where it was transferred to.
    Those whose number or serial is a resident's are left out, as an index must not hold them,
    and those whose identifier is not one of GB/T 36904."""
    rows = connection.execute(
        select(licences, status_lists.c.uri.label("list_uri"))
        .join(status_lists, status_lists.c.id == licences.c.status_list)
        .order_by(licences.c.id).execution_options(yield_per=1000)
    )  # fmt: skip
    for row in rows:
        if not _can_be_listed(row.identifier, row.number):
            continue
        moved = Successor("transferred", row.successor, row.successor_authority)
        yield Entry(
            row.identifier, row.list_uri, row.status_index, row.number,
            moved if row.state == "transferred" else None,
        )  # fmt: skip


def _can_be_listed(identifier: str, number: str) -> bool:
    try:
        found = parse_identifier(identifier)
    except InputError:
        return False
    personal = holds_resident_id(number) or holds_resident_id(found.serial)
    return found.version_number > 0 and not personal


def content(connection: Connection, uri: str) -> ListContent:
    """One list as it stands. UsageError ``registry.list`` if it is none of ours."""
    row = connection.execute(
        select(status_lists.c.id, status_lists.c.size).where(status_lists.c.uri == uri)
    ).one_or_none()
    if row is None:
        raise UsageError("registry.list", "this registry has no such status list", place=uri[:500])
    known = states()
    told = [name for name, state in known.items() if state.code]
    rows = connection.execute(
        select(licences.c.status_index, licences.c.state)
        .where(licences.c.status_list == row.id, licences.c.state.in_(told))
    )  # fmt: skip
    codes = {index: known[state].code for index, state in rows}
    return ListContent(uri, row.size, codes, audit.head(connection))
