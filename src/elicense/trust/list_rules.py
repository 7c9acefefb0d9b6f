"""What a trust list may say: the rules, as values with stable words.

``faults`` are those of a list by itself, ``confinement`` those against what was delegated
to it. Any one of them refuses the whole list: nothing is half taken. Makers of lists use the
same functions before they sign.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from elicense.identifiers import area_contains, check_area, check_uscc
from elicense.trust.list_model import (
    ACTIVE,
    STATES,
    ListedAuthority,
    ListedService,
    ListEntry,
    ListOfLists,
    Refusal,
    RegionalList,
)
from elicense.trust.service import NATIONAL, SERVICES, SUBJECT_KEYS

BOUND_TO_TYPES = frozenset({"sealer", "qr", "copy"})


def faults(found: ListOfLists | RegionalList) -> tuple[Refusal, ...]:
    """All that is wrong with a list by itself, whoever signed it."""
    what = found.id if isinstance(found, RegionalList) else "list of lists"
    own = _list(found) if isinstance(found, RegionalList) else _list_of_lists(found)
    return (*_dates(found, what), *own)


def _dates(found: ListOfLists | RegionalList, what: str) -> Iterator[Refusal]:
    if found.next_update <= found.issued:
        yield Refusal("dates", what, "the next update is not later than the issue")


# -- the list of lists ---------------------------------------------------------
def _list_of_lists(found: ListOfLists) -> Iterator[Refusal]:
    if not found.operators:
        yield Refusal("empty", "operators", "nobody could sign the next list of lists")
    ids: set[str] = set()
    places: set[str] = set()
    for index, entry in enumerate(found.lists):
        where = f"lists[{index}] {entry.id}"
        yield from _twice(entry.id.casefold(), ids, where)
        if entry.id.casefold().startswith("lol-"):
            yield Refusal("id", where, "ids beginning with 'lol-' are those of lists of lists")
        for url in entry.locations:
            yield from _twice(url, places, where)
        yield from _entry(entry, where)
    yield from _shared(found.lists)


def _twice(name: str, seen: set[str], where: str) -> Iterator[Refusal]:
    if name in seen:
        yield Refusal("twice", where, f"{name} stands there twice")
    seen.add(name)


def _entry(entry: ListEntry, where: str) -> Iterator[Refusal]:
    if not entry.signers:
        yield Refusal("empty", where, "nobody could sign this list")
    if entry.scope.national and not entry.authorities:
        detail = "a national list needs the codes of the authorities it may name"
        yield Refusal("national-unbounded", where, detail)
    if not entry.scope.national and check_area(entry.scope.region) != "ok":
        yield Refusal("scope", where, f"{entry.scope} is no area code of GB/T 2260")
    for kind in entry.services:
        if kind not in SERVICES:
            yield Refusal("service", where, f"{kind} is no kind of service")
    for uscc in entry.authorities:
        if check_uscc(uscc) != "ok":
            yield Refusal("uscc", where, f"{uscc} is no unified social credit code")


def _shared(entries: Iterable[ListEntry]) -> Iterator[Refusal]:
    """An authority that is set apart for one list cannot be for another too."""
    owner: dict[str, str] = {}
    for entry in entries:
        for uscc in dict.fromkeys(entry.authorities):
            if owner.setdefault(uscc, entry.id) != entry.id:
                detail = f"{uscc} is also among those of {owner[uscc]}"
                yield Refusal("authority-twice", entry.id, detail)


# -- the list of a region or a ministry ----------------------------------------
def _list(found: RegionalList) -> Iterator[Refusal]:
    seen: set[str] = set()
    for authority in found.authorities:
        if authority.uscc in seen:
            detail = f"{authority.uscc} stands twice in the list"
            yield Refusal("authority-twice", found.id, detail)
        seen.add(authority.uscc)
        if check_uscc(authority.uscc) != "ok":
            yield Refusal("uscc", authority.uscc, "no unified social credit code")
        if not _within(found, authority):
            detail = f"{authority.name} ({authority.region}) is outside {found.scope}"
            yield Refusal("outside-region", authority.uscc, detail)
        for service in authority.services:
            yield from _service(service, authority)
    uris: set[str] = set()
    for item in found.status_lists:
        yield from _twice(item.uri, uris, found.id)


def _within(found: RegionalList, authority: ListedAuthority) -> bool:
    if found.scope.national:
        return authority.region == NATIONAL or check_area(authority.region) == "ok"
    return area_contains(found.scope.region, authority.region)


def _where(authority: ListedAuthority, own: ListedService) -> str:
    return f"{authority.uscc} {own.service}"


def _service(own: ListedService, authority: ListedAuthority) -> Iterator[Refusal]:
    if own.service not in SERVICES:
        detail = f"{own.service} is no kind of service"
        yield Refusal("service", _where(authority, own), detail)
    if not own.licence_types and own.service in BOUND_TO_TYPES:
        detail = f"a {own.service} without licence types may issue none"
        yield Refusal("no-types", _where(authority, own), detail)
    if own.ca is not None and not own.subject and not own.uscc:
        detail = "a ca needs a subject or uscc constraint: it may certify anybody"
        yield Refusal("ca-unconstrained", _where(authority, own), detail)
    if own.subject:
        yield from _subject(own, _where(authority, own))
    if own.uscc and own.uscc != authority.uscc:
        detail = f"{own.uscc} is another body than {authority.uscc}"
        yield Refusal("constraint", _where(authority, own), detail)
    if own.starts is not None and own.ends is not None and own.ends <= own.starts:
        yield Refusal("dates", _where(authority, own), "until is not later than from")
    if own.history or own.state != ACTIVE:
        yield from _history(own, authority)


def _subject(own: ListedService, where: str) -> Iterator[Refusal]:
    if own.certificate is not None:
        detail = "a subject constrains a ca; this entry names a certificate"
        yield Refusal("constraint", where, detail)
    if not own.subject.keys() <= SUBJECT_KEYS:
        unknown = ", ".join(sorted(own.subject.keys() - SUBJECT_KEYS))
        yield Refusal("constraint", where, f"{unknown} is no constraint")


def _history(own: ListedService, authority: ListedAuthority) -> Iterator[Refusal]:
    """The history says the state at every time; before its first line there is none."""
    states = [state for _, state in own.history]
    if own.state not in STATES or not all(state in STATES for state in states):
        detail = f"a state is one of {', '.join(STATES)}"
        yield Refusal("state", _where(authority, own), detail)
    elif problem := _history_problem(own, states):
        yield Refusal("history", _where(authority, own), problem)


def _history_problem(own: ListedService, states: Sequence[str]) -> str:
    if not states:
        return "" if own.state == ACTIVE else f"since when is it {own.state}?"
    if states[-1] != own.state:
        return f"its last line is not {own.state}"
    if states[0] != ACTIVE:
        return "its first line must say since when it was active"
    times = [since for since, _ in own.history]
    if any(later <= earlier for earlier, later in itertools.pairwise(times)):
        return "it is not in the order of time"
    return ""


# -- a list under its entry ----------------------------------------------------
def confinement(
    found: RegionalList,
    entry: ListEntry,
    others: Sequence[RegionalList] = (),
    *,
    set_apart: Mapping[str, str] | None = None,
) -> tuple[Refusal, ...]:
    """All by which a list goes beyond what its entry in the list of lists delegates to it.

    ``others`` are the lists beside it: an authority belongs to one list. ``set_apart`` are
    the authorities that the list of lists gives to a list by name (:func:`apart`).
    """
    return (
        *_identity(found, entry), *_delegation(found, entry),
        *_elsewhere(found, others, set_apart or {}),
    )  # fmt: skip


def _identity(found: RegionalList, entry: ListEntry) -> Iterator[Refusal]:
    if found.id != entry.id:
        yield Refusal("unknown", found.id, f"the list of lists means the list {entry.id}")
    if found.scope != entry.scope:
        detail = f"the list says {found.scope}, the list of lists {entry.scope}"
        yield Refusal("scope-differs", found.id, detail)


def _delegation(found: RegionalList, entry: ListEntry) -> Iterator[Refusal]:
    allowed = frozenset(entry.authorities)
    types, services = frozenset(entry.licence_types), frozenset(entry.services)
    for authority in found.authorities:
        if (allowed or entry.scope.national) and authority.uscc not in allowed:
            detail = f"{authority.name} is not among the authorities of this list"
            yield Refusal("authority-not-allowed", authority.uscc, detail)
        for own in authority.services:
            if own.service not in services:
                detail = f"the service {own.service} is not delegated to {entry.id}"
                yield Refusal("service-not-delegated", _where(authority, own), detail)
            if not types.issuperset(own.licence_types):
                more = ", ".join(sorted(set(own.licence_types) - types))
                detail = f"{more}: not delegated to {entry.id}"
                yield Refusal("type-not-delegated", _where(authority, own), detail)


def _elsewhere(
    found: RegionalList, others: Iterable[RegionalList], set_apart: Mapping[str, str]
) -> Iterator[Refusal]:
    mine = {authority.uscc for authority in found.authorities}
    for uscc in sorted(mine & set_apart.keys()):
        if set_apart[uscc] != found.id:
            detail = f"the list of lists gives it to {set_apart[uscc]}"
            yield Refusal("authority-elsewhere", uscc, detail)
    for other in others:
        if other.id == found.id:
            continue
        for uscc in sorted(mine & {authority.uscc for authority in other.authorities}):
            yield Refusal("authority-elsewhere", uscc, f"the list {other.id} names it already")


def apart(found: ListOfLists) -> dict[str, str]:
    """The authorities that a list of lists gives to one list by name: code to list id."""
    return {uscc: entry.id for entry in found.lists for uscc in entry.authorities}
