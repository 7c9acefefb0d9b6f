"""What was asked for, by whom and to what purpose; kept as long as the settings say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from elicense.registry.schema import accesses

if TYPE_CHECKING:
    from sqlalchemy import Connection

PURPOSE_MAX = 200


@dataclass(frozen=True, slots=True)
class Access:
    """One query. ``subject`` is an identifier or number, never a person's name or code."""

    time: datetime
    caller: str
    operation: str
    subject: str
    purpose: str
    outcome: str


def write(connection: Connection, found: Sequence[Access]) -> None:
    """Enter several at once."""
    connection.execute(insert(accesses), [_clipped(item) for item in found])


def _clipped(item: Access) -> dict[str, object]:
    values = asdict(item)
    for name in ("caller", "subject", "purpose"):
        values[name] = str(values[name])[:PURPOSE_MAX].replace("\0", "")
    return values


def read(
    connection: Connection, *, subject: str = "", caller: str = "", limit: int = 1000
) -> Iterator[Access]:
    """The latest first."""
    wanted = select(accesses).order_by(accesses.c.id.desc()).limit(limit)
    if subject:
        wanted = wanted.where(accesses.c.subject == subject)
    if caller:
        wanted = wanted.where(accesses.c.caller == caller)
    for r in connection.execute(wanted):
        yield Access(r.time, r.caller, r.operation, r.subject, r.purpose, r.outcome)


def forget(connection: Connection, *, before: datetime, most: int | None = None) -> int:
    """Delete what is older than the settings allow, at most so many; how many it were."""
    old = select(accesses.c.id).where(accesses.c.time < before).limit(most)
    return connection.execute(delete(accesses).where(accesses.c.id.in_(old))).rowcount
