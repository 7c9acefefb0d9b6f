"""What is deleted and erased on schedule (个人信息保存期限)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from elicense.errors import Error
from elicense.registry import accesses, audit, changes
from elicense.registry.masking import ORGANISATIONS
from elicense.registry.schema import licences, state_changes

if TYPE_CHECKING:
    from elicense.registry.database import Registry

_STEP = 500
_ACCESSES_STEP = 5000  # a writer waits no longer than it takes to delete so many
_LOCK = 0x656C6963_0001  # of PostgreSQL's advisory locks: "elic", the first of ours


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did."""

    accesses: int
    licences: int


def sweep(
    registry: Registry, *, now: datetime, keep_accesses: timedelta | None,
    keep_personal: timedelta | None, actor: str = "retention",
    stop: Callable[[], bool] = lambda: False,
) -> Swept:  # fmt: skip
    """Delete accesses older than ``keep_accesses`` and erase natural persons' data of licences
    that ended longer ago than ``keep_personal``, until nothing is left. None keeps them.

    Each licence is a transaction of its own: a run that is stopped (``stop`` is asked between
    them) goes on where it was, and two at once erase nothing twice. Error ``registry.sweep``
    names the first of those that could not be erased, when all the others have been.
    """
    forgotten = 0
    if keep_accesses is not None:
        forgotten = _forget(registry, now - keep_accesses, stop)
    if keep_personal is None:
        return Swept(forgotten, 0)
    erased, failed = 0, []
    for identifier in _ended(registry, now - keep_personal):
        if stop():
            break
        try:
            erased += _erase(registry, identifier, actor, now)
        except Error as error:
            if error.code == "registry.database":
                raise
            failed.append((identifier, error))
    if failed:
        place, first = failed[0]
        raise Error("registry.sweep", f"{erased} licences erased, {len(failed)} could not be; "
                    f"the first: {first}", place=place) from first  # fmt: skip
    return Swept(forgotten, erased)


@contextmanager
def alone(registry: Registry) -> Iterator[bool]:
    """Is this the one process that sweeps now? On PostgreSQL others are told no until the end;
    the lock goes with the connection. With SQLite all are told yes."""
    if registry.engine.dialect.name != "postgresql":
        yield True
        return
    with registry.look() as connection:
        # no transaction is left open while the sweep's own run on other connections
        connection.execution_options(isolation_level="AUTOCOMMIT")
        got = bool(connection.execute(select(func.pg_try_advisory_lock(_LOCK))).scalar_one())
        try:
            yield got
        finally:
            if got:
                connection.execute(select(func.pg_advisory_unlock(_LOCK)))


def _forget(registry: Registry, before: datetime, stop: Callable[[], bool]) -> int:
    total = 0
    while not stop():
        with registry.change() as connection:
            count = accesses.forget(connection, before=before, most=_ACCESSES_STEP)
        total += count
        if count < _ACCESSES_STEP:
            break
    return total


def _erase(registry: Registry, identifier: str, actor: str, now: datetime) -> bool:
    """False where another run was faster."""
    with registry.change() as connection:
        audit.lock(connection)  # before it is looked at: what is read then stays so
        wanted = select(licences.c.erased).where(licences.c.identifier == identifier)
        if connection.execute(wanted).scalar_one() is not None:
            return False
        changes.erase(connection, identifier, reason="retention period over", actor=actor, now=now)
    return True


def _ended(registry: Registry, before: datetime) -> Iterator[str]:
    """Licences of natural persons whose last day, or whose final state, lies before then; each
    is told once, also where it stays as it is."""
    final = ("withdrawn", "cancelled", "superseded", "transferred")
    last = (
        select(state_changes.c.licence).where(
            state_changes.c.state.in_(final), state_changes.c.since < before
        )
    ).scalar_subquery()  # fmt: skip
    wanted = (
        select(licences.c.id, licences.c.identifier)
        .where(licences.c.erased.is_(None), licences.c.holder_code_type.not_in(ORGANISATIONS),
               licences.c.holder_code_type != "")
        .where((licences.c.valid_until < before.date()) | licences.c.id.in_(last))
        .order_by(licences.c.id).limit(_STEP)
    )  # fmt: skip
    done = 0
    while True:
        with registry.look() as connection:
            rows = connection.execute(wanted.where(licences.c.id > done)).all()
        for row in rows:
            done = row.id
            yield row.identifier
        if len(rows) < _STEP:
            return
