"""What signed trust lists (信任名录) say: plain frozen values, nothing judged.

A national operator signs the list of lists, each region or ministry its own list; both are
JSON inside a CMS SignedData (docs/trust.md, docs/decisions/0006-signed-trust-lists.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

LIST_OF_LISTS = "elicense-list-of-lists/1"
REGIONAL_LIST = "elicense-list/1"
AGE_OWN, AGE_LIST_OF_LISTS, AGE_LIST = "own", "list-of-lists", "list"
ACTIVE, SUSPENDED, ENDED = STATES = ("active", "suspended", "ended")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not taken. ``code`` is one stable word, ``what`` names the list (or
    the place in it), ``detail`` is a sentence in English."""

    code: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.detail or self.code} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a list may speak: an area of GB/T 2260, or nationally (``region`` is empty)."""

    region: str = ""

    @property
    def national(self) -> bool:
        return not self.region

    def __str__(self) -> str:
        return self.region or "national"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What the list of lists says of one list. Certificates are DER. ``authorities`` are the
    only codes (USCC) that it may name; none given: any of its region."""

    id: str
    scope: Scope
    signers: tuple[bytes, ...] = field(repr=False)
    licence_types: tuple[str, ...]
    services: tuple[str, ...]
    authorities: tuple[str, ...]
    sequence: int
    sha256: str
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOfLists:
    """The operator's list. ``operators`` may sign this one's successor; anchors come from
    nowhere else. Certificates are DER; ``raw`` is the signed file."""

    name: str
    test: bool
    sequence: int
    issued: datetime
    next_update: datetime
    operators: tuple[bytes, ...] = field(repr=False)
    anchors: tuple[bytes, ...] = field(repr=False)
    intermediates: tuple[bytes, ...] = field(repr=False)
    lists: tuple[ListEntry, ...] = field(repr=False)

    def entry(self, id: str) -> ListEntry | None:
        return next((entry for entry in self.lists if entry.id == id), None)


class ListedService(NamedTuple):  # and no dataclass: a country has thousands, made in a row
    """One service of an authority. Either ``certificate`` or ``ca`` (DER) is there; with a
    ``ca``, ``subject`` and ``uscc`` (both, where both are given) are what its certificates
    must show. ``history`` is (since, state), oldest first; its last is ``state``."""

    service: str
    certificate: bytes | None
    ca: bytes | None
    subject: Mapping[str, str]
    uscc: str
    licence_types: tuple[str, ...]
    starts: datetime | None
    ends: datetime | None
    state: str
    history: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class ListedAuthority:
    """An authority (机构) and what it may do."""

    uscc: str
    name: str
    name_en: str
    region: str
    hosts: tuple[str, ...]
    endpoint: str
    services: tuple[ListedService, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusLocation:
    """A licence status list by its URI, and where else it can be had."""

    uri: str
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegionalList:
    """The list of a region or a ministry."""

    id: str
    scope: Scope
    name: str
    test: bool
    sequence: int
    issued: datetime
    next_update: datetime
    intermediates: tuple[bytes, ...] = field(repr=False)
    authorities: tuple[ListedAuthority, ...] = field(repr=False)
    status_lists: tuple[StatusLocation, ...] = field(repr=False)
    crls: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListAge:
    """One list that a store rests on. ``kind``: ``own`` (the dates in trust.toml),
    ``list-of-lists`` or ``list``; ``sha256`` of the signed file."""

    kind: str
    id: str
    name: str
    sequence: int
    issued: datetime | None
    next_update: datetime
    sha256: str
