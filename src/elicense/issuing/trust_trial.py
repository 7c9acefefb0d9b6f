"""A signed list tried on a device, in memory: the reader's own words on what it refuses."""

from __future__ import annotations

from datetime import datetime

from elicense.errors import FieldFault
from elicense.trust import list_state, lists
from elicense.trust.list_model import ListOfLists, RegionalList
from elicense.trust.list_state import State


def refusals(
    made: bytes, *, previous: bytes | None, under: bytes | None, now: datetime
) -> tuple[FieldFault, ...]:
    """Why a device that has taken ``under`` (the list of lists) and ``previous`` would not
    take the signed list ``made`` at ``now``; empty if it would.

    A list of a region without ``under`` cannot be tried: nobody has said yet who may sign
    it. A first list of lists is tried on a device that has pinned its signers.
    """
    if isinstance(lists.read(made), RegionalList):
        if under is None:
            return ()
        state, wrong = _with(list_state.start(_signers(under)), under, "--under", now)
    else:
        state, wrong = list_state.start(_signers(previous or made)), ()
    if previous is not None and not wrong:
        state, wrong = _with(state, previous, "--previous", now)
    if not wrong:
        _, wrong = _with(state, made, "(list)", now)
    return wrong


def _with(
    state: State, data: bytes, place: str, now: datetime
) -> tuple[State, tuple[FieldFault, ...]]:
    outcome = list_state.step(state, (data,), now=now)
    return outcome.state, tuple(
        FieldFault(place, refusal.code, f"{refusal.what}: {refusal.detail}")
        for refusal in outcome.refused
    )


def _signers(data: bytes) -> tuple[bytes, ...]:
    """The certificates of a signed list of lists: its own signers, and those it announces.
    Here they only stand for a device's pin, so that the next list can be tried."""
    value = lists.read(data)
    announced = value.operators if isinstance(value, ListOfLists) else ()
    return (*lists.enclosed(data).certificates, *announced)
