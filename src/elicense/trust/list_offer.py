"""What the state of trust lists is made of, and what is offered to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from elicense.crypto.algorithms import digest
from elicense.crypto.cms import Cms
from elicense.errors import InputError
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.list_model import ListOfLists, Refusal, RegionalList
from elicense.trust.lists import enclosed, parse

SKEW = timedelta(minutes=5)
LIST_OF_LISTS = ""  # its id among those of the lists
MOST_FAULTS = 8  # of one refused list that are told
_MOST_OFFERED = 2 * DEFAULT_LIMITS.trust_lists


@dataclass(frozen=True, slots=True)
class Accepted:
    """One list that was taken. ``sha256`` is that of the signed file, ``content`` that of
    what is signed (a second signature makes another file, but no other list)."""

    id: str
    sequence: int
    sha256: str
    content: str
    issued: datetime
    next_update: datetime
    raw: bytes = field(repr=False)
    value: ListOfLists | RegionalList = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest sequence ever taken, and the digest of what was signed under it."""

    sequence: int
    content: str


@dataclass(frozen=True, slots=True)
class State:
    """``operators_pinned`` (DER) are the user's own choice. ``lists_of_lists`` is the way from
    them to the one in force, which is the last: one, or more where keys have changed.
    ``lists`` are those in force by id; ``seen`` outlives them."""

    operators_pinned: tuple[bytes, ...] = field(repr=False)
    lists_of_lists: tuple[Accepted, ...] = ()
    lists: Mapping[str, Accepted] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    newest_issued: datetime | None = None

    @property
    def list_of_lists(self) -> ListOfLists | None:
        """The one in force."""
        return lol_of(self.lists_of_lists[-1]) if self.lists_of_lists else None

    @property
    def operators(self) -> tuple[bytes, ...]:
        """Who may sign the next list of lists."""
        found = self.list_of_lists
        return found.operators if found is not None else self.operators_pinned

    def stale(self, now: datetime) -> tuple[Refusal, ...]:
        """What is past its next update, and the clock if it cannot be right."""
        found = [
            Refusal("stale", name_of(item.id), f"should have been updated by {item.next_update}")
            for item in (*self.lists_of_lists[-1:], *self.lists.values())
            if item.next_update < now
        ]
        if self.newest_issued is not None and now + SKEW < self.newest_issued:
            detail = f"it says {now}, but a list was issued at {self.newest_issued}"
            found.append(Refusal("clock", "clock", detail))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The new state; what was ``accepted``; what was ``refused`` of the offer; what was
    ``dropped`` of the old state since the new list of lists no longer supports it; ``stale``
    names what is in force but past its next update, and a clock that cannot be right."""

    state: State
    accepted: tuple[Accepted, ...] = ()
    refused: tuple[Refusal, ...] = ()
    dropped: tuple[Refusal, ...] = ()
    stale: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that could be read."""

    raw: bytes
    cms: Cms
    value: ListOfLists | RegionalList
    sha256: str
    content: str

    @property
    def name(self) -> str:
        return f"{name_of(id_of(self.value))} no. {self.value.sequence}"

    def taken(self) -> Accepted:
        value = self.value
        return Accepted(id_of(value), value.sequence, self.sha256, self.content, value.issued,
                        value.next_update, self.raw, value)  # fmt: skip


def read_offers(offered: Sequence[bytes]) -> tuple[list[Offer], list[Refusal]]:
    found: dict[str, Offer] = {}
    refused: list[Refusal] = []
    if len(offered) > _MOST_OFFERED:
        detail = f"{len(offered)} files offered; the first {_MOST_OFFERED} are looked at"
        refused.append(Refusal("limit", "offer", detail))
    for raw in offered[:_MOST_OFFERED]:
        if len(raw) > DEFAULT_LIMITS.trust_list_size:
            refused.append(Refusal("size", "offer", f"a file of {len(raw)} bytes is no list"))
            continue
        sha256 = digest("sha256", raw).hex()
        if sha256 in found:
            continue
        try:
            cms = enclosed(raw)
            assert cms.content is not None
            value = parse(cms.content)
        except InputError as exc:
            refused.append(Refusal("unreadable", f"file {sha256[:16]}", str(exc)))
            continue
        found[sha256] = Offer(raw, cms, value, sha256, digest("sha256", cms.content).hex())
    return list(found.values()), refused


def id_of(value: ListOfLists | RegionalList) -> str:
    return value.id if isinstance(value, RegionalList) else LIST_OF_LISTS


def name_of(id: str) -> str:
    return f"list {id}" if id else "list of lists"


def lol_of(item: Accepted) -> ListOfLists:
    assert isinstance(item.value, ListOfLists)
    return item.value


def regional_of(item: Accepted | Offer) -> RegionalList:
    assert isinstance(item.value, RegionalList)
    return item.value


# -- the order of time -------------------------------------------------------
def order(offer: Offer, last: Accepted | None) -> Iterator[Refusal]:
    """Against the one in force, both validly signed."""
    if last is None:
        return
    value = offer.value
    if value.sequence < last.sequence:
        detail = f"no. {last.sequence} was accepted before"
        yield Refusal("rollback", offer.name, detail)
    elif value.sequence == last.sequence and offer.content != last.content:
        detail = f"two lists of one sequence: {last.sha256} is in force, {offer.sha256} offered"
        yield Refusal("fork", offer.name, detail)
    elif value.issued < last.issued:
        detail = f"no. {last.sequence} was issued later, at {last.issued}"
        yield Refusal("issued-earlier", offer.name, detail)


def future(offer: Offer, now: datetime | None) -> Iterator[Refusal]:
    if now is not None and offer.value.issued > now + SKEW:
        yield Refusal("future", offer.name, f"issued at {offer.value.issued}, it is {now}")


def mixed(offer: Offer) -> Refusal:
    return Refusal("test-differs", offer.name, "test and real lists never mix")


def behind(item: Accepted, floor: Seen | None) -> bool:
    if floor is None:
        return False
    same = item.sequence == floor.sequence
    return item.sequence < floor.sequence or (same and item.content != floor.content)


def backwards(item: Accepted, floor: Seen | None) -> Refusal:
    assert floor is not None
    what = f"{name_of(item.id)} no. {item.sequence}"
    if item.sequence == floor.sequence:
        detail = f"two lists of one sequence: {floor.content} was seen, {item.content} offered"
        return Refusal("fork", what, detail)
    return Refusal("rollback", what, f"no. {floor.sequence} was seen before")
