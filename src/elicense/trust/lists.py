"""Reading signed trust lists: the list of lists, and those of regions and ministries.

Reading says what a list says; who signed it is judged by
:mod:`elicense.trust.list_signature`, what it may say by :mod:`elicense.trust.list_rules`,
and whether it is the newest by :mod:`elicense.trust.list_state`.
"""

from __future__ import annotations

import re
from datetime import datetime

from elicense.crypto.cms import Cms, read_cms
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS as _LIMITS
from elicense.trust import list_json as js
from elicense.trust.list_json import Members, Place
from elicense.trust.list_model import (
    LIST_OF_LISTS,
    REGIONAL_LIST,
    ListedAuthority,
    ListedService,
    ListEntry,
    ListOfLists,
    Refusal,
    RegionalList,
    Scope,
    StatusLocation,
)
from elicense.trust.list_rules import confinement, faults

__all__ = [
    "LIST_OF_LISTS", "REGIONAL_LIST", "ListEntry", "ListOfLists", "ListedAuthority",
    "ListedService", "Refusal", "RegionalList", "Scope", "StatusLocation", "confinement",
    "enclosed", "faults", "parse", "read", "read_list", "read_list_of_lists",
]  # fmt: skip

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_WORD = re.compile(r"[a-z][a-z0-9-]{0,31}")
_REGION = re.compile(r"[0-9]{6}")
_AREA = re.compile(r"[0-9]{6}|national")
_USCC = re.compile(r"[0-9A-Z]{18}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[!-~]{0,1000})?")
_HTTP = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[!-~]{0,1000})?")
_FEW, _MANY = 64, 4096


def read_list_of_lists(data: bytes) -> ListOfLists:
    """A signed list of lists. Raises InputError; the signature is not judged."""
    found = read(data)
    if not isinstance(found, ListOfLists):
        raise InputError("list.schema", f"this is no list of lists ({LIST_OF_LISTS})")
    return found


def read_list(data: bytes) -> RegionalList:
    """A signed list of a region or a ministry. Raises InputError; the signature is not
    judged."""
    found = read(data)
    if not isinstance(found, RegionalList):
        raise InputError("list.schema", f"this is no list of a region ({REGIONAL_LIST})")
    return found


def read(data: bytes) -> ListOfLists | RegionalList:
    """A signed list of either kind. Raises InputError; the signature is not judged."""
    content = enclosed(data).content
    assert content is not None
    return parse(content)


def enclosed(data: bytes) -> Cms:
    """The SignedData around a list, with its content. DER alone is admitted, so that a
    signed file has one spelling. Raises InputError ``list.*`` or LimitError."""
    if len(data) > _LIMITS.trust_list_size:
        raise LimitError("list.size", f"larger than {_LIMITS.trust_list_size} bytes")
    cms = read_cms(data)
    if cms.ber:
        raise InputError("list.der", "the signed list is BER, DER is needed")
    if cms.content is None:
        raise InputError("list.content", "the signature carries no list")
    return cms


def parse(content: bytes) -> ListOfLists | RegionalList:
    """The JSON of a list, unsigned. Raises InputError ``list.*``."""
    if len(content) > _LIMITS.trust_list_size:
        raise LimitError("list.size", f"larger than {_LIMITS.trust_list_size} bytes")
    top = js.load(content)
    schema = top.take("schema")
    if schema == LIST_OF_LISTS:
        return _list_of_lists(top)
    if schema == REGIONAL_LIST:
        return _list(top)
    raise InputError("list.schema", f"{str(schema)[:64]!r} is no schema of a trust list")


# -- the list of lists ---------------------------------------------------------
def _list_of_lists(top: Members) -> ListOfLists:
    found = ListOfLists(
        name=top.text("name"),
        test=top.flag("test"),
        sequence=top.count("sequence"),
        issued=top.moment("issued"),
        next_update=top.moment("next_update"),
        operators=top.items("operators", _FEW, js.certificate),
        anchors=top.items("anchors", _MANY, js.certificate),
        intermediates=top.optional_items("intermediates", _MANY, js.certificate),
        lists=top.items("lists", _LIMITS.trust_lists, _entry),
    )
    top.end()
    return found


def _entry(value: object, place: Place) -> ListEntry:
    own = Members(value, place)
    found = ListEntry(
        id=own.match("id", _ID, "an id (letters, digits, '.', '_', '-')"),
        scope=_scope(own),
        signers=own.items("signers", _FEW, js.certificate),
        licence_types=own.names("licence_types", _MANY, _TYPE),
        services=own.names("services", _MANY, _WORD),
        authorities=own.optional_names("authorities", _MANY, _USCC),
        sequence=own.count("sequence"),
        sha256=own.match("sha256", _SHA256, "a SHA-256 in 64 hexadecimal digits"),
        locations=own.optional_names("locations", _MANY, _HTTPS),
    )
    own.end()
    return found


def _scope(of: Members) -> Scope:
    own = of.members("scope")
    if "national" in own:
        if not own.flag("national"):
            raise js.fail(own.at("national"), "only true has a meaning here")
        found = Scope()
    else:
        found = Scope(own.match("region", _REGION, "an area code of six digits"))
    own.end()
    return found


# -- the list of a region or a ministry ----------------------------------------
def _list(top: Members) -> RegionalList:
    found = RegionalList(
        id=top.match("id", _ID, "an id (letters, digits, '.', '_', '-')"),
        scope=_scope(top),
        name=top.text("name"),
        test=top.flag("test"),
        sequence=top.count("sequence"),
        issued=top.moment("issued"),
        next_update=top.moment("next_update"),
        intermediates=top.optional_items("intermediates", _MANY, js.certificate),
        authorities=top.items("authorities", _LIMITS.trust_authorities, _authority),
        status_lists=top.optional_items("status_lists", _MANY, _status_list),
        crls=top.optional_items("crls", _MANY, _crl),
    )
    top.end()
    count = sum(len(authority.services) for authority in found.authorities)
    if count > _LIMITS.trust_services:
        raise LimitError("list.limit", f"{count} services; at most {_LIMITS.trust_services}")
    return found


def _authority(value: object, place: Place) -> ListedAuthority:
    own = Members(value, place)
    found = ListedAuthority(
        uscc=own.match("uscc", _USCC, "a unified social credit code"),
        name=own.text("name"),
        name_en=own.optional_text("name_en"),
        region=own.match("region", _AREA, "an area code of six digits or 'national'"),
        hosts=own.optional_names("hosts", _MANY, _HOST),
        endpoint=own.match("endpoint", _HTTPS, "an https address") if "endpoint" in own else "",
        services=own.items("services", _MANY, _service),
    )
    own.end()
    return found


def _service(value: object, place: Place) -> ListedService:
    own = Members(value, place)
    here = own.left  # asked directly: most of a country's list is services
    exact = "certificate" in here
    if exact == ("ca" in here):
        raise js.fail(place, "a service needs either certificate or ca")
    found = ListedService(
        own.match("service", _WORD, "a kind of service"),
        own.certificate("certificate") if exact else None,
        None if exact else own.certificate("ca"),
        _subject(own) if "subject" in here else {},
        own.match("uscc", _USCC, "a unified social credit code") if "uscc" in here else "",
        own.names("licence_types", _MANY, _TYPE) if "licence_types" in here else (),
        own.moment("from") if "from" in here else None,
        own.moment("until") if "until" in here else None,
        own.match("state", _WORD, "a state"),
        _history(own) if "history" in here else (),
    )
    if here:
        own.end()
    return found


def _subject(of: Members) -> dict[str, str]:
    own = of.members("subject")
    return {key: own.text(key) for key in tuple(own.left)}


def _history(of: Members) -> tuple[tuple[datetime, str], ...]:
    """The commonest of all arrays: without an object of our own for each line."""
    place = of.at("history")
    found = []
    for index, item in enumerate(of.array("history", _MANY)):
        since = state = None
        if isinstance(item, dict) and len(item) == 2:
            since, state = js.moment_of(item.get("since")), item.get("state")
        if since is None or not isinstance(state, str) or not _WORD.fullmatch(state):
            raise js.fail((place, index), "since (a time) and state are needed, and no more")
        found.append((since, state))
    return tuple(found)


def _status_list(value: object, place: Place) -> StatusLocation:
    own = Members(value, place)
    found = StatusLocation(
        own.match("uri", _HTTPS, "an https address"),
        own.optional_names("locations", _MANY, _HTTPS),
    )
    own.end()
    return found


def _crl(value: object, place: Place) -> str:
    own = Members(value, place)
    found = own.match("location", _HTTP, "an http or https address")
    own.end()
    return found
