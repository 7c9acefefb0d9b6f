"""From one list of lists to the next: who may sign it, and that nothing goes back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from elicense.trust import list_signature
from elicense.trust.list_model import ListOfLists, Refusal
from elicense.trust.list_offer import (
    LIST_OF_LISTS,
    MOST_FAULTS,
    Accepted,
    Offer,
    Seen,
    State,
    backwards,
    behind,
    future,
    lol_of,
    mixed,
    order,
)
from elicense.trust.list_rules import faults
from elicense.trust.lists import enclosed


def walk(
    state: State, offers: list[Offer], now: datetime | None
) -> tuple[State, list[Accepted], list[Refusal]]:
    """Step through the lists of lists in order of sequence, each by the keys of the one
    before; those before the one in force are history where a newer one is at hand."""
    before = list(state.lists_of_lists)
    way = list(before)
    floor = state.seen.get(LIST_OF_LISTS)
    refused: list[Refusal] = []
    older: list[Offer] = []
    digests = {offer.sha256 for offer in offers} | {item.sha256 for item in way}
    for offer in sorted(offers, key=lambda o: (o.value.sequence, o.sha256)):
        if before and offer.value.sequence < before[-1].sequence:
            older.append(offer)
        elif way and offer.content == way[-1].content:
            continue  # the one in force, once more
        elif wrong := _problems(offer, way, state.operators_pinned, digests, now):
            refused += wrong[:MOST_FAULTS]
        else:
            way.append(offer.taken())
    if len(way) == len(before):
        return state, [], [*refused, *_rolled_back(older, way, state, offers)]
    if behind(way[-1], floor):  # what had been seen is not reached: none of it is the newest
        return state, [], [*refused, backwards(way[-1], floor)]
    accepted = way[len(before) :]
    seen = {**state.seen, LIST_OF_LISTS: Seen(way[-1].sequence, way[-1].content)}
    for one, next_one in itertools.pairwise(way[max(len(before) - 1, 0) :]):
        seen = _forget(seen, lol_of(one), lol_of(next_one))
    kept = tuple(_shortest(way, state.operators_pinned))
    return replace(state, lists_of_lists=kept, seen=seen), accepted, refused


def _problems(
    offer: Offer, way: list[Accepted], pinned: tuple[bytes, ...], digests: set[str],
    now: datetime | None,
) -> list[Refusal]:  # fmt: skip
    """Why this list of lists cannot follow the last of ``way``."""
    value = offer.value
    assert isinstance(value, ListOfLists)
    last = way[-1] if way else None
    allowed = lol_of(last).operators if last is not None else pinned
    wrong = list_signature.problems(offer.cms, allowed, issued=value.issued, what=offer.name)
    if wrong:  # who did not sign it cannot fork or roll back anything either
        return list(wrong)
    found = [*order(offer, last), *future(offer, now)]
    if last is not None and value.test != lol_of(last).test:
        found.append(mixed(offer))
    found += faults(value)
    for entry in value.lists:
        if entry.sha256 in digests:
            detail = f"{entry.id} points to a list of lists"
            found.append(Refusal("cyclic", offer.name, detail))
    return found


def _rolled_back(
    older: list[Offer], way: list[Accepted], state: State, offers: list[Offer]
) -> Iterator[Refusal]:
    """Old lists of lists and nothing newer: that is no history but a step back. Only what an
    operator of then or now signed is called so; the rest is nobody's."""
    if not way or any(offer.content == way[-1].content for offer in offers):
        return
    operators = (*state.operators_pinned, *(key for item in way for key in lol_of(item).operators))
    for offer in older:
        issued = offer.value.issued
        wrong = list_signature.problems(offer.cms, operators, issued=issued, what=offer.name)
        detail = f"no. {way[-1].sequence} was accepted before"
        yield from wrong or (Refusal("rollback", offer.name, detail),)


def _shortest(way: list[Accepted], pinned: tuple[bytes, ...]) -> list[Accepted]:
    """Only those steps that are needed to come from the pinned operators to the last."""
    last = way[-1]
    kept: list[Accepted] = []
    allowed = pinned
    for item in way[:-1]:
        if _signed(last, allowed):
            break
        kept.append(item)
        allowed = lol_of(item).operators
    return [*kept, last]


def _signed(item: Accepted, allowed: Sequence[bytes]) -> bool:
    cms = enclosed(item.raw)
    return not list_signature.problems(cms, allowed, issued=item.issued, what="")


def _forget(
    seen: Mapping[str, Seen], before: ListOfLists, after: ListOfLists
) -> dict[str, Seen]:
    """Where all signers of a list were replaced, what the old ones signed counts no more: a
    stolen key must not be able to push the sequence out of the new one's reach."""
    kept = dict(seen)
    for entry in before.lists:
        now = after.entry(entry.id)
        if now is not None and not set(entry.signers) & set(now.signers):
            kept.pop(entry.id, None)
    return kept
