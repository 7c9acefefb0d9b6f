"""What a trust list must satisfy, as rules over its JSON: every fault with its place.

The same rules are the reader's (:mod:`elicense.trust.lists`), which stops at the first and
refuses the whole list. Values that are missing are passed over: whoever reads the form
has told of them.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from elicense.crypto.certificate import Certificate, read_certificate
from elicense.errors import Error, FieldFault
from elicense.identifiers import area_contains, check_area, check_uscc
from elicense.trust.service import NATIONAL, SERVICES, SUBJECT_KEYS

LIST = "elicense-list/1"
LIST_OF_LISTS = "elicense-list-of-lists/1"
STATES = ("active", "suspended", "ended")
BOUND_TO_TYPES = ("sealer", "qr", "copy")
MAX_LISTS = 1024
MAX_AUTHORITIES = 4096
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
Faults = Iterator[FieldFault]
Value = Mapping[str, Any]


def faults(value: Value) -> Faults:
    """All that is wrong with a list, or a list of lists, by itself."""
    if value.get("schema") == LIST_OF_LISTS:
        yield from _list_of_lists(value)
    else:
        yield from _list(value)
    yield from _dates(value)


def _dates(value: Value) -> Faults:
    issued, until = moment(value.get("issued")), moment(value.get("next_update"))
    if issued and until and until <= issued:
        yield FieldFault("next_update", "list.dates", "the next update is not after the issue")


def moment(text: object) -> datetime | None:
    """An RFC 3339 time in UTC; None where it is none."""
    try:
        return datetime.strptime(str(text), _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


# -- the list of a region or a ministry ---------------------------------------------------


def _list(value: Value) -> Faults:
    yield from _identifier(value.get("id"), "id")
    scope = value.get("scope")
    yield from _scope(scope, "scope")
    authorities: Sequence[Value] = value.get("authorities", ())
    if not authorities:
        yield FieldFault("authorities", "list.empty", "the list names no authority")
    if len(authorities) > MAX_AUTHORITIES:
        yield FieldFault("authorities", "list.limit", f"more than {MAX_AUTHORITIES} authorities")
    seen: dict[str, int] = {}
    for index, authority in enumerate(authorities[:MAX_AUTHORITIES]):
        place = f"authorities[{index}]"
        yield from _authority(authority, scope, place)
        uscc = authority.get("uscc")
        if uscc in seen:
            detail = f"{uscc} is named already, in authorities[{seen[uscc]}]"
            yield FieldFault(f"{place}.uscc", "list.authority-twice", detail)
        elif uscc:
            seen[uscc] = index
    yield from _addresses(value)


def _identifier(name: object, place: str) -> Faults:
    if isinstance(name, str) and not _ID.fullmatch(name):
        detail = "an id has letters, digits, '.', '_' and '-', at most 64"
        yield FieldFault(place, "list.id", detail)


def _scope(scope: object, place: str) -> Faults:
    region = scope.get("region") if isinstance(scope, Mapping) else None
    if isinstance(region, str) and check_area(region) != "ok":
        yield FieldFault(place, "list.scope", f"{region} is no area code of GB/T 2260")


def _authority(authority: Value, scope: object, place: str) -> Faults:
    uscc, region = authority.get("uscc"), authority.get("region")
    if isinstance(uscc, str) and check_uscc(uscc) != "ok":
        words = {"shape": "is no unified social credit code", "check": "has a wrong check digit"}
        detail = f"{uscc} {words[check_uscc(uscc)]}"
        yield FieldFault(f"{place}.uscc", "list.uscc", detail)
    if isinstance(region, str) and not within(scope, region):
        name = authority.get("name", uscc)
        detail = f"{name} is of region {region}, outside the list's own ({spoken_scope(scope)})"
        yield FieldFault(f"{place}.region", "list.outside-region", detail)
    yield from _hosts(authority, place)
    services: Sequence[Value] = authority.get("services", ())
    if not services:
        yield FieldFault(f"{place}.services", "list.empty", "an authority without any service")
    for index, service in enumerate(services):
        yield from _service(service, f"{place}.services[{index}]")


def within(scope: object, region: str) -> bool:
    """May a list of this scope name an authority of ``region``?"""
    if not isinstance(scope, Mapping):
        return True  # told of already
    if scope.get("national") is True:
        return region == NATIONAL or check_area(region) == "ok"
    return area_contains(str(scope.get("region")), region)


def spoken_scope(scope: object) -> str:
    found = scope.get("region") if isinstance(scope, Mapping) else None
    return str(found) if found else NATIONAL


def _hosts(authority: Value, place: str) -> Faults:
    for host in authority.get("hosts", ()):
        if not _HOST.fullmatch(host):
            detail = f"{host} is no host name in lower case"
            yield FieldFault(f"{place}.hosts", "list.host", detail)
    if "endpoint" in authority:
        yield from _https(authority["endpoint"], f"{place}.endpoint")


def _https(url: object, place: str) -> Faults:
    if not _is_url(url, ("https",)):
        yield FieldFault(place, "list.address", f"{url} is no https address")


def _is_url(url: object, schemes: tuple[str, ...]) -> bool:
    if not isinstance(url, str) or not url.isascii() or any(char <= " " for char in url):
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and parts.username is None


def _service(service: Value, place: str) -> Faults:
    kind, types = service.get("service"), service.get("licence_types", ())
    if kind and kind not in SERVICES:
        detail = f"{kind} is no service; known: {', '.join(SERVICES)}"
        yield FieldFault(f"{place}.service", "list.service", detail)
    if kind in BOUND_TO_TYPES and not types:
        detail = f"a {kind} without licence types may issue nothing"
        yield FieldFault(f"{place}.licence_types", "list.no-types", detail)
    if "ca" in service:
        yield from _authority_entry(service, place)
    elif service.get("subject"):
        detail = "a subject constrains a ca; this entry names a certificate"
        yield FieldFault(f"{place}.subject", "list.constraint", detail)
    starts, ends = moment(service.get("from")), moment(service.get("until"))
    if starts and ends and ends <= starts:
        yield FieldFault(f"{place}.until", "list.dates", "until is not later than from")
    yield from _history(service, place)


def _authority_entry(service: Value, place: str) -> Faults:
    """A CA must be one, and must be constrained: alone it would admit all it ever issued."""
    subject = service.get("subject", {})
    if not subject and not service.get("uscc"):
        detail = "a ca needs a subject or uscc constraint: it may certify anybody"
        yield FieldFault(f"{place}.ca", "list.ca-unconstrained", detail)
    for key in subject:
        if key not in SUBJECT_KEYS:
            yield FieldFault(f"{place}.subject", "list.constraint", f"{key} is no constraint")
    if service.get("uscc") and check_uscc(service["uscc"]) != "ok":
        detail = f"{service['uscc']} is no unified social credit code"
        yield FieldFault(f"{place}.uscc", "list.uscc", detail)
    found = certificate(service["ca"])
    if found is not None and found.extensions.ca is not True:
        detail = f"{found.display} is no CA's certificate: write certificate = …"
        yield FieldFault(f"{place}.ca", "list.not-a-ca", detail)


def _history(service: Value, place: str) -> Faults:
    state, history = service.get("state"), service.get("history", ())
    words = f"one of {', '.join(STATES)}"
    if state not in STATES:
        yield FieldFault(f"{place}.state", "list.state", f"state must be {words}")
        return
    if not history and state != "active":
        yield FieldFault(f"{place}.history", "list.history", f"since when is it {state}?")
    times = [moment(item.get("since")) for item in history]
    known = [item for item in times if item is not None]
    if any(later <= earlier for earlier, later in itertools.pairwise(known)):
        yield FieldFault(f"{place}.history", "list.history", "it is not in the order of time")
    for item in history:
        if item.get("state") and item["state"] not in STATES:
            yield FieldFault(f"{place}.history", "list.state", f"state must be {words}")
    if history and history[-1].get("state", state) != state:
        detail = f"its last state is not {state}, the state of the service"
        yield FieldFault(f"{place}.history", "list.history", detail)


def certificate(text: object) -> Certificate | None:
    """The certificate in a member's base64; None where there is none."""
    if not isinstance(text, str):
        return None
    try:
        return read_certificate(base64.b64decode(text, validate=True))
    except (Error, binascii.Error, ValueError):
        return None


def _addresses(value: Value) -> Faults:
    seen: set[str] = set()
    for index, item in enumerate(value.get("status_lists", ())):
        place, uri = f"status_lists[{index}]", item.get("uri")
        yield from _https(uri, f"{place}.uri") if uri else ()
        yield from _twice(uri, seen, f"{place}.uri")
        for url in item.get("locations", ()):
            yield from _https(url, f"{place}.locations")
    for index, item in enumerate(value.get("crls", ())):
        place, url = f"crls[{index}].location", item.get("location")
        if url and not _is_url(url, ("http", "https")):
            yield FieldFault(place, "list.address", f"{url} is no http or https address")
        yield from _twice(url, seen, place)


def _twice(name: object, seen: set[str], place: str) -> Faults:
    if name in seen:
        yield FieldFault(place, "list.twice", f"{name} stands there twice")
    elif isinstance(name, str):
        seen.add(name)


# -- the list of lists ----------------------------------------------------------------------


def _list_of_lists(value: Value) -> Faults:
    if not value.get("operators"):
        detail = "nobody could sign the next list of lists"
        yield FieldFault("operators", "list.empty", detail)
    entries: Sequence[Value] = value.get("lists", ())
    if len(entries) > MAX_LISTS:
        yield FieldFault("lists", "list.limit", f"more than {MAX_LISTS} lists")
    ids: set[str] = set()
    addresses: set[str] = set()
    for index, entry in enumerate(entries[:MAX_LISTS]):
        place = f"lists[{index}]"
        yield from _identifier(entry.get("id"), f"{place}.id")
        yield from _twice(entry.get("id"), ids, f"{place}.id")
        yield from _entry(entry, place)
        for url in entry.get("locations", ()):
            yield from _https(url, f"{place}.locations")
            yield from _twice(url, addresses, f"{place}.locations")
    yield from shared_authorities(
        (f"lists[{index}].authorities", entry.get("authorities", ()))
        for index, entry in enumerate(entries)
    )


def _entry(entry: Value, place: str) -> Faults:
    scope = entry.get("scope")
    yield from _scope(scope, f"{place}.scope")
    if isinstance(scope, Mapping) and scope.get("national") and not entry.get("authorities"):
        detail = "a national list needs the codes of the authorities it may name"
        yield FieldFault(f"{place}.authorities", "list.national-unbounded", detail)
    for uscc in entry.get("authorities", ()):
        if check_uscc(uscc) != "ok":
            detail = f"{uscc} is no unified social credit code"
            yield FieldFault(f"{place}.authorities", "list.uscc", detail)
    if not entry.get("signers"):
        yield FieldFault(f"{place}.signers", "list.empty", "nobody could sign this list")
    if not entry.get("services"):
        yield FieldFault(f"{place}.services", "list.empty", "the list may name no service at all")
    for kind in entry.get("services", ()):
        if kind not in SERVICES:
            detail = f"{kind} is no service; known: {', '.join(SERVICES)}"
            yield FieldFault(f"{place}.services", "list.service", detail)
    if "sha256" in entry and not _SHA256.fullmatch(str(entry["sha256"])):
        yield FieldFault(f"{place}.sha256", "list.digest", "not 64 digits in hexadecimal")


def shared_authorities(lists: Iterable[tuple[str, Iterable[str]]]) -> Faults:
    """An authority belongs to one list: it may not be spoken for by two."""
    owner: dict[str, str] = {}
    for place, codes in lists:
        for uscc in codes:
            if owner.setdefault(uscc, place) != place:
                detail = f"{uscc} is named already, in {owner[uscc]}"
                yield FieldFault(place, "list.authority-twice", detail)


# -- a list under its entry in the list of lists -------------------------------------------


def confined(value: Value, list_of_lists: Value) -> Faults:
    """All by which a list goes beyond what the list of lists delegates to it."""
    entries = [e for e in list_of_lists.get("lists", ()) if e.get("id") == value.get("id")]
    if not entries:
        detail = f"the list of lists knows no list {value.get('id')}"
        yield FieldFault("id", "list.unknown", detail)
        return
    entry = entries[0]
    if value.get("scope") and value["scope"] != entry.get("scope"):
        detail = f"the list of lists says {spoken_scope(entry.get('scope'))}"
        yield FieldFault("scope", "list.scope-differs", detail)
    if value.get("test", False) != list_of_lists.get("test", False):
        detail = "test and real lists never mix: the list of lists says otherwise"
        yield FieldFault("test", "list.test-differs", detail)
    allowed = entry.get("authorities", ())
    for index, authority in enumerate(value.get("authorities", ())):
        place, uscc = f"authorities[{index}]", authority.get("uscc")
        if allowed and uscc and uscc not in allowed:
            detail = f"{uscc} is not among the authorities of this list"
            yield FieldFault(f"{place}.uscc", "list.authority-not-allowed", detail)
        for number, service in enumerate(authority.get("services", ())):
            yield from _delegated(service, entry, f"{place}.services[{number}]")


def _delegated(service: Value, entry: Value, place: str) -> Faults:
    kind = service.get("service")
    if kind in SERVICES and kind not in entry.get("services", ()):
        detail = f"the service {kind} is not delegated to this list"
        yield FieldFault(f"{place}.service", "list.service-not-delegated", detail)
    for name in service.get("licence_types", ()):
        if name not in entry.get("licence_types", ()):
            detail = f"the licence type {name} is not delegated to this list"
            yield FieldFault(f"{place}.licence_types", "list.type-not-delegated", detail)
