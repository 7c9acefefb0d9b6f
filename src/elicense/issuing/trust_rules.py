"""The reader's rules over a list that is being made: every fault with its place in it.

The rules and their words are those of :mod:`elicense.trust.list_rules`; here each part of
a list is put to them on its own, so that a fault can be told by its place. Values that are
missing are passed over: whoever read the form has told of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from elicense.crypto.certificate import read_certificate
from elicense.errors import Error, FieldFault
from elicense.identifiers import check_area
from elicense.limits import DEFAULT_LIMITS
from elicense.trust import list_rules
from elicense.trust.list_model import (
    ListedAuthority,
    ListedService,
    ListEntry,
    ListOfLists,
    Refusal,
    RegionalList,
    Scope,
    StatusLocation,
)
from elicense.trust.service import NATIONAL

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS = {
    "uscc": "uscc", "outside-region": "region", "authority-twice": "uscc",
    "authority-not-allowed": "uscc", "authority-elsewhere": "uscc", "service": "service",
    "no-types": "licence_types", "ca-unconstrained": "ca", "constraint": "",
    "dates": "until", "state": "state", "history": "history",
    "service-not-delegated": "service", "type-not-delegated": "licence_types",
    "national-unbounded": "authorities", "scope": "scope", "scope-differs": "scope", "id": "id",
    "unknown": "id", "twice": "id",
}  # fmt: skip
Faults = Iterator[FieldFault]
Value = Mapping[str, Any]


def faults(value: Value) -> Faults:
    """All that is wrong by itself with a list, or a list of lists, in the shape of its JSON."""
    if "lists" in value:
        found = list_of_lists(value)
        yield from _top(found)
        yield from _entries(found)
    else:
        listed = regional(value)
        yield from _top(listed)
        yield from _authorities(listed)
        yield from _empty(listed)
        yield from _status_lists(listed)


def confined(
    value: Value, above: Value, others: Sequence[RegionalList] = (), *, as_id: str = ""
) -> Faults:
    """All by which a list goes beyond what the list of lists ``above`` delegates to it (to
    the list ``as_id``, where given); ``others`` are the lists beside it (:func:`regional`)."""
    listed, lists = regional(value), list_of_lists(above)
    entry = lists.entry(as_id or listed.id)
    if entry is None:
        yield FieldFault("id", "unknown", f"the list of lists names no list {listed.id}")
        return
    if listed.test != lists.test:
        yield FieldFault("test", "test-differs", "test and real lists never mix")
    bare = _bare(listed)
    known = [] if listed.scope == _NOWHERE else list(list_rules.confinement(
        bare, entry, others, set_apart=list_rules.apart(lists)
    ))  # fmt: skip
    yield from _placed(known, bare)
    for place, one in _one_by_one(listed):
        for refusal in list_rules.confinement(one, entry):
            if refusal.code in {"service-not-delegated", "type-not-delegated"}:
                yield _fault(refusal, place)


# -- the parts of a list --------------------------------------------------------------------


def _top(found: ListOfLists | RegionalList) -> Faults:
    if found.issued != _EPOCH and found.next_update <= found.issued:
        detail = "the next update is not later than the issue"
        yield FieldFault("next_update", "dates", detail)
    if isinstance(found, RegionalList) and found.scope != _NOWHERE and _unknown(found.scope):
        yield FieldFault("scope", "scope", f"{found.scope} is no area code of GB/T 2260")


def _bare(found: RegionalList) -> RegionalList:
    """The list with its authorities, but without their services."""
    authorities = tuple(replace(authority, services=()) for authority in found.authorities)
    return replace(found, authorities=authorities)


def _one_by_one(found: RegionalList) -> Iterator[tuple[str, RegionalList]]:
    """Each service in a list of its own, with its place."""
    for index, authority in enumerate(found.authorities):
        for number, service in enumerate(authority.services):
            alone = replace(authority, services=(service,))
            yield f"authorities[{index}].services[{number}]", replace(found, authorities=(alone,))


def _authorities(found: RegionalList) -> Faults:
    sound = replace(_bare(found), issued=_EPOCH, next_update=_later(), status_lists=())
    seen: dict[str, int] = {}
    for index, authority in enumerate(found.authorities):
        if authority.uscc and seen.setdefault(authority.uscc, index) != index:
            detail = f"{authority.uscc} is named already, in authorities[{seen[authority.uscc]}]"
            yield FieldFault(f"authorities[{index}].uscc", "authority-twice", detail)
    told = {"authority-twice"} | ({"outside-region"} if _unknown(found.scope) else set())
    refusals = [r for r in list_rules.faults(sound) if r.code not in told]
    yield from _placed(refusals, sound)
    for place, one in _one_by_one(replace(found, issued=_EPOCH, next_update=_later())):
        for refusal in list_rules.faults(replace(one, status_lists=())):
            if refusal.code not in {"uscc", "outside-region"}:
                yield _fault(refusal, place)
        service = one.authorities[0].services[0]
        yield from _not_a_ca(service, place)


def _unknown(scope: Scope) -> bool:
    return not scope.national and check_area(scope.region) != "ok"


def _not_a_ca(service: ListedService, place: str) -> Faults:
    """An entry by CA whose certificate is none would entitle nobody, without a word."""
    try:
        found = read_certificate(service.ca) if service.ca else None
    except Error:
        return
    if found is not None and found.extensions.ca is not True:
        detail = f"{found.display} is not the certificate of a CA: write certificate = …"
        yield FieldFault(f"{place}.ca", "not-a-ca", detail)


def _empty(found: RegionalList) -> Faults:
    """What the reader lets pass, though nobody can have meant it."""
    if not found.authorities:
        yield FieldFault("authorities", "empty", "the list names no authority")
    for index, authority in enumerate(found.authorities):
        if not authority.services:
            place = f"authorities[{index}].services"
            yield FieldFault(place, "empty", "an authority without any service")
    if len(found.authorities) > (most := DEFAULT_LIMITS.trust_authorities):
        yield FieldFault("authorities", "limit", f"more than {most} authorities")


def _status_lists(found: RegionalList) -> Faults:
    seen: set[str] = set()
    for index, item in enumerate(found.status_lists):
        if item.uri in seen:
            detail = f"{item.uri} stands there twice"
            yield FieldFault(f"status_lists[{index}].uri", "twice", detail)
        seen.add(item.uri)


def _entries(found: ListOfLists) -> Faults:
    if not found.operators:
        detail = "nobody could sign the next list of lists"
        yield FieldFault("operators", "empty", detail)
    whole = replace(found, issued=_EPOCH, next_update=_later())
    for refusal in list_rules.faults(whole):
        head = refusal.what.partition(" ")[0]
        index = next((n for n, e in enumerate(found.lists) if e.id and refusal.what == e.id), None)
        if head.startswith("lists["):
            yield _fault(refusal, head)
        elif index is not None:
            yield FieldFault(f"lists[{index}].authorities", refusal.code, refusal.detail)
    for index, entry in enumerate(found.lists):
        if not entry.services:
            detail = "the list may name no service at all"
            yield FieldFault(f"lists[{index}].services", "empty", detail)


def _placed(refusals: Iterable[Refusal], found: RegionalList) -> Faults:
    """Refusals that name an authority by its code, each at all its places."""
    for refusal in refusals:
        places = [n for n, a in enumerate(found.authorities) if a.uscc == refusal.what and a.uscc]
        for index in places[:1]:
            yield _fault(refusal, f"authorities[{index}]")
        if not places and refusal.what and refusal.what == found.id:
            yield _fault(refusal, "")


def _fault(refusal: Refusal, place: str) -> FieldFault:
    key = _KEYS.get(refusal.code, "")
    whole = f"{place}.{key}".strip(".") if key else place
    return FieldFault(whole or "(top)", refusal.code, refusal.detail)


# -- the JSON as the reader's values, whatever may be missing --------------------------------

_NOWHERE = Scope("(none)")


def _later() -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC)


def moment(text: object) -> datetime | None:
    """An RFC 3339 time in UTC; None where it is none."""
    try:
        return datetime.strptime(str(text), _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _der(text: object) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def ders(items: Iterable[object]) -> tuple[bytes, ...]:
    """Certificates in base64 as DER; what is none is left out."""
    return tuple(found for found in map(_der, items) if found is not None)


def _scope(value: object) -> Scope:
    if not isinstance(value, Mapping):
        return _NOWHERE
    return Scope("" if value.get("national") else str(value.get("region", "")))


def _head(value: Value) -> dict[str, Any]:
    issued, until = moment(value.get("issued")), moment(value.get("next_update"))
    return {
        "name": str(value.get("name", "")), "test": value.get("test") is True,
        "sequence": value.get("sequence", 1), "issued": issued or _EPOCH,
        "next_update": until or _later(), "intermediates": ders(value.get("intermediates", ())),
    }  # fmt: skip


def list_of_lists(value: Value) -> ListOfLists:
    return ListOfLists(
        **_head(value),
        operators=ders(value.get("operators", ())),
        anchors=ders(value.get("anchors", ())),
        lists=tuple(map(_entry, value.get("lists", ()))),
    )


def _entry(value: Value) -> ListEntry:
    return ListEntry(
        id=str(value.get("id", "")), scope=_scope(value.get("scope")),
        signers=ders(value.get("signers", ())),
        licence_types=tuple(value.get("licence_types", ())),
        services=tuple(value.get("services", ())),
        authorities=tuple(value.get("authorities", ())), sequence=value.get("sequence", 1),
        sha256=str(value.get("sha256", "")), locations=tuple(value.get("locations", ())),
    )  # fmt: skip


def regional(value: Value) -> RegionalList:
    return RegionalList(
        **_head(value), id=str(value.get("id", "")), scope=_scope(value.get("scope")),
        authorities=tuple(map(_authority, value.get("authorities", ()))),
        status_lists=tuple(
            StatusLocation(str(item.get("uri", "")), tuple(item.get("locations", ())))
            for item in value.get("status_lists", ())
        ),
        crls=tuple(str(item.get("location", "")) for item in value.get("crls", ())),
    )  # fmt: skip


def _authority(value: Value) -> ListedAuthority:
    return ListedAuthority(
        uscc=str(value.get("uscc", "")), name=str(value.get("name", "")),
        name_en=str(value.get("name_en", "")), region=str(value.get("region", NATIONAL)),
        hosts=tuple(value.get("hosts", ())), endpoint=str(value.get("endpoint", "")),
        services=tuple(map(_service, value.get("services", ()))),
    )  # fmt: skip


def _service(value: Value) -> ListedService:
    history = ((moment(i.get("since")), str(i.get("state", ""))) for i in value.get("history", ()))
    return ListedService(
        service=str(value.get("service", "")), certificate=_der(value.get("certificate")),
        ca=_der(value.get("ca")), subject=value.get("subject", {}),
        uscc=str(value.get("uscc", "")), licence_types=tuple(value.get("licence_types", ())),
        starts=moment(value.get("from")), ends=moment(value.get("until")),
        state=str(value.get("state", "")),
        history=tuple((since, state) for since, state in history if since is not None),
    )  # fmt: skip
