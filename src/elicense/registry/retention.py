"""What is deleted and erased on schedule (个人信息保存期限)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from elicense.registry import accesses, changes
from elicense.registry.masking import ORGANISATIONS
from elicense.registry.schema import licences, state_changes

if TYPE_CHECKING:
    from elicense.registry.database import Registry

_STEP = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did."""

    accesses: int
    licences: int


def sweep(
    registry: Registry, *, now: datetime, keep_accesses: timedelta | None,
    keep_personal: timedelta | None, actor: str = "retention",
) -> Swept:  # fmt: skip
    """Delete accesses older than ``keep_accesses`` and erase natural persons' data of licences
    that ended longer ago than ``keep_personal``. None keeps them. Each licence is a
    transaction of its own: a run that is stopped goes on where it was."""
    forgotten = 0
    if keep_accesses is not None:
        with registry.change() as connection:
            forgotten = accesses.forget(connection, before=now - keep_accesses)
    erased = 0
    if keep_personal is not None:
        for identifier in _ended(registry, now - keep_personal):
            with registry.change() as connection:
                changes.erase(
                    connection, identifier, reason="retention period over", actor=actor, now=now
                )
            erased += 1
    return Swept(forgotten, erased)


def _ended(registry: Registry, before: datetime) -> list[str]:
    """Licences of natural persons whose last day, or whose final state, lies before then."""
    final = ("withdrawn", "cancelled", "superseded", "transferred")
    last = (
        select(state_changes.c.licence).where(
            state_changes.c.state.in_(final), state_changes.c.since < before
        )
    ).scalar_subquery()  # fmt: skip
    wanted = (
        select(licences.c.identifier)
        .where(licences.c.erased.is_(None), licences.c.holder_code_type.not_in(ORGANISATIONS),
               licences.c.holder_code_type != "")
        .where((licences.c.valid_until < before.date()) | licences.c.id.in_(last))
        .order_by(licences.c.id).limit(_STEP)
    )  # fmt: skip
    with registry.look() as connection:
        return list(connection.execute(wanted).scalars())
