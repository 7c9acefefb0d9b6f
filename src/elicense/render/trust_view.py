"""Who may do what, by a trust list or a trust store, as plain facts: for people and for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.cms import Cms
from elicense.errors import InputError
from elicense.trust import list_signature
from elicense.trust.crl import read_crl
from elicense.trust.list_model import ListedAuthority, ListOfLists, RegionalList
from elicense.trust.list_store import services
from elicense.trust.service import Service
from elicense.trust.status import read_status_list
from elicense.trust.store import TrustStore

_SOON = timedelta(days=14)
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """``facts`` of the whole; ``authorities`` each with its services; ``warnings`` as
    (word, what it is about)."""

    facts: Facts
    authorities: Sequence[Facts] = ()
    lists: Sequence[Facts] = ()
    warnings: Sequence[tuple[str, str]] = field(default=())

    def as_dict(self) -> Facts:
        found = {"schema": "elicense-trust-view/1", **self.facts}
        if self.facts["kind"] != "list-of-lists":
            found["authorities"] = list(self.authorities)
        if self.facts["kind"] != "list":
            found["lists"] = list(self.lists)
        found["warnings"] = [{"code": code, "subject": what} for code, what in self.warnings]
        return found


# -- signed lists -----------------------------------------------------------------------------


def of_list(
    found: RegionalList | ListOfLists, cms: Cms | None, *, sha256: str, now: datetime,
    operators: Sequence[bytes] = (),
) -> View:  # fmt: skip
    """A list by itself. ``cms`` is None for one that is not signed yet; who of its signers may
    speak is only known for a list of lists under ``operators``."""
    signers = [] if cms is None else list(_signers(cms, found.issued))
    warnings = [("unsigned", "")] if cms is None else []
    warnings += [("signature-bad", s["name"]) for s in signers if not s["holds"]]
    if operators and cms is not None and isinstance(found, ListOfLists):
        wrong = list_signature.problems(cms, operators, issued=found.issued, what="")
        warnings.append(("not-operator", "") if wrong else ("by-operator", ""))
    elif cms is not None:
        warnings.append(("not-judged", ""))
    warnings += _ages(found.name, found.issued, found.next_update, now)
    facts = {
        "name": found.name, "test": found.test, "sequence": found.sequence,
        "issued": _time(found.issued), "next_update": _time(found.next_update),
        **({"sha256": sha256} if cms is not None else {}), "signed_by": signers,
    }  # fmt: skip
    if found.test:
        warnings.insert(0, ("test", ""))
    if isinstance(found, ListOfLists):
        return _list_of_lists(found, facts, warnings)
    entries = tuple(services(found))
    facts = {
        "kind": "list", "id": found.id, "scope": str(found.scope), **facts,
        "intermediates": [_name(der) for der in found.intermediates],
        "status_lists": [item.uri for item in found.status_lists], "crls": list(found.crls),
    }  # fmt: skip
    names = {authority.uscc: authority for authority in found.authorities}
    return View(facts, _grouped(entries, names, now), (), [*warnings, *_expired(entries, now)])


def _list_of_lists(found: ListOfLists, facts: Facts, warnings: list[tuple[str, str]]) -> View:
    rows = [
        {
            "id": entry.id, "scope": str(entry.scope), "sequence": entry.sequence,
            "sha256": entry.sha256, "signers": [_name(der) for der in entry.signers],
            "services": list(entry.services), "licence_types": list(entry.licence_types),
            "authorities": list(entry.authorities), "locations": list(entry.locations),
        }
        for entry in found.lists
    ]  # fmt: skip
    facts = {
        "kind": "list-of-lists", **facts,
        "operators": [_name(der) for der in found.operators],
        "anchors": [_name(der) for der in found.anchors],
        "intermediates": [_name(der) for der in found.intermediates],
    }
    return View(facts, (), rows, warnings)


def _signers(cms: Cms, issued: datetime) -> Iterator[Facts]:
    """Each certificate of the message that a SignerInfo names: does its signature hold?"""
    for der in dict.fromkeys(cms.certificates):
        try:
            certificate = read_certificate(der)
        except InputError:
            continue
        if any(signer.matches(certificate) for signer in cms.signers):
            wrong = list_signature.problems(cms, (der,), issued=issued, what="")
            yield {
                "name": certificate.display, "key": certificate.key.kind, "holds": not wrong,
                "fingerprint": certificate.fingerprint().hex(),
                "problem": wrong[0].code if wrong else "",
            }  # fmt: skip


def _ages(
    name: str, issued: datetime | None, until: datetime | None, now: datetime
) -> Iterator[tuple[str, str]]:
    if until is not None and until < now:
        yield "stale", name
    elif until is not None and until - now < _SOON:
        yield "soon", name
    if issued is not None and issued > now + timedelta(minutes=5):
        yield "future", name


# -- stores -----------------------------------------------------------------------------------


def of_store(store: TrustStore, *, now: datetime) -> View:
    """A trust folder or a bundle, as a verification would see it."""
    warnings: list[tuple[str, str]] = [("test", "")] if store.test else []
    if store.operators and not any(age.kind == "list-of-lists" for age in store.lists):
        warnings.append(("no-lists", ""))
    warnings += [("refused", f"{item}") for item in store.refused]
    warnings += _ages(store.name, store.issued, store.next_update, now)
    for age in store.lists:
        warnings += _ages(age.id or age.name, age.issued, age.next_update, now)
    if not store.crls and not store.ocsps:
        warnings.append(("no-revocation", ""))
    if not store.status_lists:
        warnings.append(("no-status", ""))
    facts: Facts = {
        "kind": "store", "name": store.name, "test": store.test, "digest": store.digest,
        "operators": [_name(der) for der in store.operators],
        "anchors": [_name(item.der) for item in store.anchors],
        "intermediates": [_name(item.der) for item in store.intermediates],
        "crls": [_crl(item) for item in store.crls], "ocsps": len(store.ocsps),
        "status_lists": [_status(uri, item) for uri, item in store.status_lists.items()],
    }  # fmt: skip
    for kind, key in (("crls", "next_update"), ("status_lists", "expires")):
        for item in facts[kind]:
            until = item[key]
            if until and until < _time(now):
                code = f"{kind.replace('_', '-')}-old"
                warnings.append((code, item.get("issuer") or item["uri"]))
    rows = [
        {"id": age.id or "list-of-lists", "name": age.name, "sequence": age.sequence,
         "issued": _time(age.issued) if age.issued else "", "sha256": age.sha256,
         "next_update": _time(age.next_update)}
        for age in store.lists
    ]  # fmt: skip
    return View(facts, _grouped(store.services, {}, now), rows,
                [*warnings, *_expired(store.services, now)])  # fmt: skip


def _crl(data: bytes) -> Facts:
    try:
        found = read_crl(data)
    except InputError as exc:
        return {"issuer": f"(unreadable: {exc.code})", "next_update": ""}
    until = found.next_update
    name = found.issuer.get("CN") or str(found.issuer)
    return {"issuer": name, "next_update": _time(until) if until else ""}


def _status(uri: str, data: bytes) -> Facts:
    try:
        until = read_status_list(data).expires
    except InputError:
        until = None
    return {"uri": uri, "expires": _time(until) if until else ""}


# -- entries ----------------------------------------------------------------------------------


def _grouped(
    entries: Iterable[Service], names: dict[str, ListedAuthority], now: datetime
) -> list[Facts]:
    """The entries by authority, in their order."""
    found: dict[tuple[str, str], Facts] = {}
    for entry in entries:
        listed = names.get(entry.uscc)
        own = found.setdefault(
            (entry.uscc, entry.authority),
            {
                "uscc": entry.uscc, "name": entry.authority, "region": entry.region,
                "name_en": listed.name_en if listed else "", "hosts": [],
                "endpoint": entry.endpoint, "list": entry.list_id, "services": [],
            },
        )  # fmt: skip
        own["hosts"] += [host for host in entry.hosts if host not in own["hosts"]]
        own["services"].append(_entry(entry, now))
    return list(found.values())


def _entry(entry: Service, now: datetime) -> Facts:
    subject = dict(entry.subject)
    if entry.certificate is None and entry.uscc_required:
        subject["uscc"] = entry.uscc
    named = entry.certificate or entry.ca
    return {
        "service": entry.service,
        "by": "certificate" if entry.certificate is not None else "ca",
        "certificate": _name(named.der) if named is not None else None,
        "subject": subject,
        "licence_types": list(entry.licence_types),
        "from": _time(entry.starts) if entry.starts else "",
        "until": _time(entry.ends) if entry.ends else "",
        "state": _state(entry, now),
    }


def _state(entry: Service, now: datetime) -> str:
    if entry.history and (found := entry.state(now)) != "active":
        return found or "not-yet"
    if entry.starts is not None and now < entry.starts:
        return "not-yet"
    return "ended" if entry.ends is not None and entry.ends <= now else "active"


def _expired(entries: Iterable[Service], now: datetime) -> Iterator[tuple[str, str]]:
    told: set[Certificate] = set()
    for entry in entries:
        named = entry.certificate or entry.ca
        if named is None:
            yield "unreadable", f"{entry.authority} {entry.service}"
        elif named not in told and named.not_after < now:
            told.add(named)
            yield "expired", named.display


def _name(der: bytes) -> Facts:
    """A certificate in short."""
    try:
        found = read_certificate(der)
    except InputError:
        return {"name": "(unreadable)", "fingerprint": "", "until": "", "key": ""}
    return {
        "name": found.display, "fingerprint": found.fingerprint().hex(),
        "until": _time(found.not_after), "key": found.key.kind,
    }  # fmt: skip


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


