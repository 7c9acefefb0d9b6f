"""The lists of regions and ministries under a list of lists: which to keep, which to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from elicense.trust import list_signature
from elicense.trust.list_model import ListOfLists, Refusal
from elicense.trust.list_offer import (
    MOST_FAULTS,
    Accepted,
    Offer,
    Seen,
    State,
    backwards,
    behind,
    future,
    id_of,
    mixed,
    name_of,
    order,
    regional_of,
)
from elicense.trust.list_rules import apart, confinement, faults
from elicense.trust.lists import enclosed


def judge_again(state: State) -> tuple[State, list[Refusal]]:
    """Under a new list of lists: drop what it no longer supports."""
    above = state.list_of_lists
    assert above is not None
    kept: dict[str, Accepted] = {}
    dropped: list[Refusal] = []
    for id, item in state.lists.items():
        offer = Offer(item.raw, enclosed(item.raw), item.value, item.sha256, item.content)
        wrong = _list_problems(offer, above)
        if wrong:
            dropped += wrong[:MOST_FAULTS]
        else:
            kept[id] = item
    return replace(state, lists=kept), dropped


def _list_problems(offer: Offer, above: ListOfLists) -> list[Refusal]:
    """Why a list cannot stand under this list of lists, the lists beside it aside."""
    value = regional_of(offer)
    entry = above.entry(value.id)
    if entry is None:
        return [Refusal("unknown", offer.name, "the list of lists names no such list")]
    wrong = list_signature.problems(
        offer.cms, entry.signers, issued=value.issued, what=offer.name
    )  # fmt: skip
    if wrong:
        return list(wrong)
    found: list[Refusal] = []
    if value.sequence < entry.sequence:
        detail = f"the list of lists asks for no. {entry.sequence} or later"
        found.append(Refusal("rollback", offer.name, detail))
    elif value.sequence == entry.sequence and offer.sha256 != entry.sha256:
        detail = f"the list of lists means the file {entry.sha256}, this is {offer.sha256}"
        found.append(Refusal("digest-differs", offer.name, detail))
    if value.test != above.test:
        found.append(mixed(offer))
    found += faults(value)
    found += confinement(value, entry, set_apart=apart(above))
    return found


def take_lists(
    state: State, offers: list[Offer], now: datetime | None
) -> tuple[State, list[Accepted], list[Refusal]]:
    above = state.list_of_lists
    assert above is not None
    refused: list[Refusal] = []
    candidates: dict[str, list[Accepted]] = {}
    current = {id_of(o.value) for o in offers if _same(o, state.lists.get(id_of(o.value)))}
    for offer in sorted(offers, key=lambda o: (-o.value.sequence, o.sha256)):
        id = id_of(offer.value)
        known = state.lists.get(id)
        if _same(offer, known):
            continue
        if known is not None and offer.value.sequence < known.sequence and (
            id in current or candidates.get(id)
        ):  # fmt: skip
            continue  # history, beside the one in force or a newer one
        wrong = _candidate_problems(offer, above, known, state.seen.get(id), now)
        wrong += _clash(offer, candidates.get(id, []))
        if wrong:
            refused += wrong[:MOST_FAULTS]
        else:
            candidates.setdefault(id, []).append(offer.taken())
    chosen, conflicts = _choose(candidates, state.lists)
    accepted = [item for id, item in chosen.items() if state.lists.get(id) is not item]
    seen = {**state.seen, **{item.id: Seen(item.sequence, item.content) for item in accepted}}
    return replace(state, lists=chosen, seen=seen), accepted, refused + conflicts


def _same(offer: Offer, known: Accepted | None) -> bool:
    return known is not None and offer.content == known.content


def _candidate_problems(
    offer: Offer, above: ListOfLists, known: Accepted | None, floor: Seen | None,
    now: datetime | None,
) -> list[Refusal]:  # fmt: skip
    found = _list_problems(offer, above)
    if found:
        return found
    found = [*order(offer, known), *future(offer, now)]
    if not found and known is None and behind(offer.taken(), floor):
        found.append(backwards(offer.taken(), floor))
    return found


def _clash(offer: Offer, better: list[Accepted]) -> list[Refusal]:
    """Two good lists of one sequence in one offer: the first by digest is taken."""
    return [item for other in better[-1:] for item in order(offer, other) if item.code == "fork"]


def _choose(
    candidates: Mapping[str, list[Accepted]], known: Mapping[str, Accepted]
) -> tuple[dict[str, Accepted], list[Refusal]]:
    """The newest of each list, such that no authority stands in two. A list that names one
    which another has in force gives way; of two newcomers that claim the same, both."""
    options = {id: list(items) for id, items in candidates.items()}
    refused: list[Refusal] = []
    while True:
        best = {**known, **{id: items[0] for id, items in options.items() if items}}
        losers = _losers(best, known)
        if not losers:
            return best, refused
        for id, detail in losers.items():
            item = options[id].pop(0)
            what = f"{name_of(id)} no. {item.sequence}"
            refused.append(Refusal("authority-elsewhere", what, detail))


def _losers(best: Mapping[str, Accepted], known: Mapping[str, Accepted]) -> dict[str, str]:
    """Ids of newcomers that must give way, with the reason. Those in force never clash with
    each other, so that of any two lists that do at least one is a newcomer."""
    owners: dict[str, list[str]] = {}
    for id, item in best.items():
        for authority in regional_of(item).authorities:
            owners.setdefault(authority.uscc, []).append(id)
    found: dict[str, str] = {}
    for uscc, ids in owners.items():
        if len(ids) < 2:
            continue
        holders = [id for id in ids if id in known and _names(known[id], uscc)]
        for id in ids:
            if best[id] is known.get(id) or holders == [id]:
                continue
            others = ", ".join(other for other in ids if other != id)
            found.setdefault(id, f"{uscc} is named by {others} too")
    return found


def _names(item: Accepted, uscc: str) -> bool:
    return any(authority.uscc == uscc for authority in regional_of(item).authorities)
