"""From accepted trust lists to what a trust store holds: entries, anchors, ages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from elicense.crypto.certificate import Certificate, read_certificate, read_certificates
from elicense.crypto.cms import read_cms
from elicense.errors import InputError
from elicense.trust import bundle as bundles
from elicense.trust import list_state
from elicense.trust.bundle import Bundle
from elicense.trust.list_model import (
    ACTIVE,
    AGE_LIST,
    AGE_LIST_OF_LISTS,
    ListAge,
    ListedAuthority,
    ListedService,
    Refusal,
    RegionalList,
)
from elicense.trust.service import Service

STATE = "state.json"
_SUB = re.compile(rb'"sub"\s*:\s*"([^"\\]{1,2048})"')
_END = 4096  # bytes at either end of a status list where its sub is looked for


@dataclass(frozen=True, slots=True)
class Signed:
    """What a bundle, or the lists of a managed folder, come to under the pinned operators."""

    name: str = ""
    test: bool = False
    anchors: tuple[Certificate, ...] = field(repr=False, default=())
    intermediates: tuple[Certificate, ...] = field(repr=False, default=())
    services: tuple[Service, ...] = field(repr=False, default=())
    lists: tuple[ListAge, ...] = ()
    refused: tuple[Refusal, ...] = ()
    newest_issued: datetime | None = None
    bundle: Bundle = field(repr=False, default_factory=lambda: Bundle({}))


def read(data: bytes, operators: Sequence[bytes], *, remembered: bool) -> Signed:
    """Open a bundle and judge its lists from the pinned ``operators`` (DER) on.

    ``remembered`` admits the ``state.json`` of a managed folder, by which older lists than
    those seen are refused. Raises InputError where it cannot be read at all; what does not
    hold is in ``refused``.
    """
    found, outcome = open_bundle(data, operators, remembered=remembered)
    return signed_of(outcome, found)


def open_bundle(
    data: bytes, operators: Sequence[bytes], *, remembered: bool
) -> tuple[Bundle, list_state.Outcome]:
    """The bundle, and the state that its lists come to."""
    files = bundles.entries(data)
    memory = {STATE: files.pop(STATE)} if remembered and STATE in files else {}
    found = bundles.from_entries(files)
    return found, list_state.from_files({**found.lists, **memory}, operators)


def signed_of(outcome: list_state.Outcome, bundle: Bundle) -> Signed:
    """What the lists in force come to."""
    state, above = outcome.state, outcome.state.list_of_lists
    if above is None:
        return Signed(refused=outcome.refused, newest_issued=state.newest_issued, bundle=bundle)
    lists = [_regional(item) for item in state.lists.values()]
    middle = dict.fromkeys((*above.intermediates, *(c for own in lists for c in own.intermediates)))
    return Signed(
        name=above.name,
        test=above.test,
        anchors=read_certificates(list(dict.fromkeys(above.anchors)))[0],
        intermediates=tuple(_readable(middle)),
        services=tuple(entry for own in lists for entry in services(own)),
        lists=tuple(_age(item) for item in (state.lists_of_lists[-1], *state.lists.values())),
        refused=outcome.refused,
        newest_issued=state.newest_issued,
        bundle=bundle,
    )


def _regional(item: list_state.Accepted) -> RegionalList:
    assert isinstance(item.value, RegionalList)
    return item.value


def _readable(items: Iterable[bytes]) -> Iterator[Certificate]:
    """Those that can be read; no path can be built over the others anyway."""
    for item in items:
        try:
            yield read_certificate(item)
        except InputError:
            continue


def _age(item: list_state.Accepted) -> ListAge:
    kind = AGE_LIST if item.id else AGE_LIST_OF_LISTS
    return ListAge(kind, item.id, item.value.name, item.sequence, item.issued, item.next_update,
                   item.sha256)  # fmt: skip


def services(found: RegionalList) -> Iterator[Service]:
    """The entries of one list. Certificates stay unread until they are asked for."""
    for authority in found.authorities:
        for own in authority.services:
            yield _entry(found.id, authority, own)


def _entry(list_id: str, authority: ListedAuthority, own: ListedService) -> Service:
    return Service.listed(own.certificate, own.ca, {
        "service": own.service,
        "region": authority.region,
        "authority": authority.name,
        "uscc": authority.uscc,
        "subject": own.subject,
        "licence_types": own.licence_types,
        "starts": own.starts,
        "ends": _ends(own),
        "hosts": authority.hosts,
        "endpoint": authority.endpoint,
        "history": own.history,
        "uscc_bound": bool(own.uscc),
        "list_id": list_id,
    })  # fmt: skip


def _ends(own: ListedService) -> datetime | None:
    """Suspended or ended without a way back: over from then on, for whoever cannot prove
    that its seal is older."""
    if own.state == ACTIVE:
        return own.ends
    since = own.history[-1][0]
    for moment, state in reversed(own.history):
        if state == ACTIVE:
            break
        since = moment
    return since if own.ends is None else min(since, own.ends)


# -- status lists --------------------------------------------------------------
class StatusLists(Mapping[str, bytes]):
    """Signed status lists by their URI. Only the URI is looked for, when the first is asked
    for; that it is the list's ``sub`` is checked by whoever relies on it."""

    def __init__(self, files: tuple[bytes, ...], own: Mapping[str, bytes]) -> None:
        self._files = files
        self._own = own  # named in trust.toml: these go first
        self._found: dict[str, bytes] | None = None

    def __getitem__(self, uri: str) -> bytes:
        return self._by_uri()[uri]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_uri())

    def __len__(self) -> int:
        return len(self._by_uri())

    def _by_uri(self) -> dict[str, bytes]:
        if self._found is None:
            found: dict[str, bytes] = {}
            for data in self._files:
                uri = status_uri(data)
                if uri:
                    found.setdefault(uri, data)
            self._found = {**found, **self._own}
        return self._found


def status_uri(data: bytes) -> str:
    """The ``sub`` of a signed status list; empty where it cannot be told. Nothing is judged.

    The megabytes of ``lst`` stand between the other members: those at either end are
    enough, unless they are of two minds.
    """
    try:
        content = read_cms(data).content or b""
    except InputError:
        return ""
    ends = content if len(content) <= 2 * _END else content[:_END] + b"\n" + content[-_END:]
    found = set(_SUB.findall(ends))
    if len(found) == 1:
        try:
            return bytes(found.pop()).decode()
        except UnicodeDecodeError:
            return ""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    uri = value.get("sub") if isinstance(value, dict) else None
    return uri if isinstance(uri, str) else ""
