"""The worlds of tests/decision_table.toml: a sample, what is changed about it and about the
trust store, said in words, and judged in milliseconds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import trust_builders as b
from elicense.crypto.certificate import read_certificate
from elicense.evidence import Evidence
from elicense.licence import Licence, StatusReference, load
from elicense.policy import Policy
from elicense.profiles import find, printed_forms
from elicense.report import Report
from elicense.trust.service import Service
from elicense.trust.store import TrustStore
from elicense.verdict import missing
from elicense.verifying import judge
from issuing_world import ROOT, desk

from pki import states, status_list, trust_folder  # isort: skip
from pki.revocation import Revoked, crl  # isort: skip
from pki.trust_folder import revoked_entry  # isort: skip
from samples import licences  # isort: skip

CHINA = timezone(timedelta(hours=8))
AT = "2026-11-01"
LIST = {"tj": 0, "gd": 1, "sd": 2}
STATES = {"valid": 0, "withdrawn": 1, "suspended": 2, "superseded": 0x0B, "transferred": 0x0C,
          "undefined": 5}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    verdict: str
    decides: tuple[str, ...]
    report: Report


def moment(said: str | date | datetime) -> datetime:
    """A day is its first moment in China; ``2026-11-01T23:59`` China's time too."""
    if isinstance(said, datetime):
        return said.replace(tzinfo=said.tzinfo or CHINA)
    if isinstance(said, date):
        return datetime.combine(said, time(), CHINA)
    found = datetime.fromisoformat(said)
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def answer(row: dict[str, Any]) -> Answer:
    at = moment(row.get("at", AT))
    report = judge(
        evidence(row["file"], tuple(row.get("but", ()))), name=row["file"],
        trust=trust(tuple(row.get("trust", ()))), at=at, now=moment(row.get("now", at)),
        policy=policy(row["policy"]) if row.get("policy") else Policy(),
    )  # fmt: skip
    told = tuple(dict.fromkeys(f"{f.code} {f.reason}".strip() for f in report.deciding))
    if not told and not report:
        told = tuple(f"missing {name}" for name in missing(report.findings))
    return Answer(str(report.verdict), told, report)


@functools.cache
def policy(said: str) -> Policy:
    """A policy of the package, ``shandong`` of the examples, and ``code=WEIGHT`` on top."""
    name, *weights = said.split()
    if name == "shandong":
        found = Policy.load(ROOT / "examples/policies/shandong.toml")
    elif "=" in name:
        found, weights = Policy(), [name, *weights]
    else:
        found = Policy.load(name)
    more = dict(item.split("=") for item in weights)
    return replace(found, weights={**found.weights, **more})


# -- the file -------------------------------------------------------------------------------


@functools.cache
def evidence(sample: str, changes: tuple[str, ...]) -> Evidence:
    found = b.evidence(sample)
    for change in changes:
        word, _, rest = change.partition(" ")
        found = _FILE[word](found, rest)
    return found


def _no_timestamps(found: Evidence, _rest: str) -> Evidence:
    return replace(found, signatures=tuple(replace(s, timestamps=()) for s in found.signatures))


def _claimed(found: Evidence, rest: str) -> Evidence:
    when = moment(rest)
    return replace(
        found, signatures=tuple(replace(s, claimed_time=when) for s in found.signatures)
    )


def _no_code(found: Evidence, _rest: str) -> Evidence:
    return replace(found, qr=())


def _unread(found: Evidence, _rest: str) -> Evidence:
    """No page text and no codes: as with ``pages=False``."""
    return replace(found, qr=(), claims=replace(found.claims, text=None))


def _no_data(found: Evidence, _rest: str) -> Evidence:
    return replace(found, claims=replace(found.claims, data=None, data_covered=False))


def _uncovered_data(found: Evidence, _rest: str) -> Evidence:
    return replace(found, claims=replace(found.claims, data_covered=False))


def _says(found: Evidence, rest: str) -> Evidence:
    """The sealed data say something else, and so does the page (with no code on it)."""
    assert found.claims.data is not None
    changed = load(found.claims.data)
    for item in rest.split(" & "):
        path, _, value = item.partition("=")
        changed = _with(changed, path, value)
    data = licences.data_of(changed)
    profile = find(changed.type)
    assert profile is not None
    text = tuple(form for i, v in profile.values(changed) for form in printed_forms(i, v))
    claims = replace(found.claims, data=data, text=(text,), metadata={})
    return replace(found, claims=claims, qr=())


def _with(changed: Licence, path: str, value: str) -> Licence:
    if path == "status":
        if value == "none":
            return replace(changed, status=None)
        uri, _, index = value.rpartition("#")
        return replace(changed, status=StatusReference(uri, int(index)))
    parent, _, name = path.rpartition(".")
    if parent == "validity":
        day = date.fromisoformat(value) if value else None
        return replace(changed, validity=replace(changed.validity, **{name: day}))
    if parent == "fields":
        return replace(changed, fields={**changed.fields, name: value})
    if parent:
        return replace(changed, **{parent: replace(getattr(changed, parent), **{name: value})})
    return replace(changed, **{name: value})


_FILE: dict[str, Callable[[Evidence, str], Evidence]] = {
    "no-timestamps": _no_timestamps, "claims-time": _claimed, "no-code": _no_code,
    "unread": _unread, "no-data": _no_data, "data-uncovered": _uncovered_data, "says": _says,
}  # fmt: skip


# -- the trust store ------------------------------------------------------------------------


@functools.cache
def trust(changes: tuple[str, ...]) -> TrustStore:
    store = b.sample_trust("trust")
    for change in changes:
        word, _, rest = change.partition(" ")
        store = _TRUST[word](store, rest)
    return store


def _folder(_store: TrustStore, rest: str) -> TrustStore:
    return b.sample_trust(rest)


def _none(_store: TrustStore, _rest: str) -> TrustStore:
    return TrustStore.empty()


def _entry(store: TrustStore, rest: str) -> TrustStore:
    """``entry KIND[@REGION] key=value …``: those entries changed; ``gone`` drops them."""
    which, *changes = rest.split()
    kind, _, region = which.partition("@")

    def change(entry: Service) -> Service | None:
        if entry.service != kind or (region and entry.region != region):
            return entry
        for item in changes:
            if item == "gone":
                return None
            key, _, value = item.partition("=")
            entry = replace(entry, **_value(key, value))
        return entry

    return b.with_services(store, change)


def _value(key: str, value: str) -> dict[str, Any]:
    if key in {"from", "until"}:
        return {{"from": "starts", "until": "ends"}[key]: moment(value)}
    if key == "types":
        return {"licence_types": tuple(value.split(",")) if value else ()}
    return {key: value}


def _also(store: TrustStore, rest: str) -> TrustStore:
    """``also KIND@REGION key=value …``: copies of those entries beside them."""
    copies = _entry(store, rest)
    new = [e for e in copies.services if e not in store.services]
    return replace(store, services=(*store.services, *new))


def _no_anchor(store: TrustStore, rest: str) -> TrustStore:
    kept = tuple(a for a in store.anchors if rest not in str(a.subject))
    return replace(store, anchors=kept if rest else ())


def _no_intermediates(store: TrustStore, _rest: str) -> TrustStore:
    return replace(store, intermediates=())


def _dated(store: TrustStore, rest: str) -> TrustStore:
    key, _, value = rest.partition("=")
    return replace(store, **{key: moment(value) if value else None})


def _no_crls(store: TrustStore, _rest: str) -> TrustStore:
    return replace(store, crls=(), ocsps=())


def _crl(store: TrustStore, rest: str) -> TrustStore:
    """``crl ISSUER [revokes=NAME] [on=DAY] [until=DAY]``: that CA's list made anew."""
    issuer, *more = rest.split()
    told = dict(item.split("=") for item in more)
    world = desk().world
    entity, revoked = world.entities[issuer], ()
    if "revokes" in told:
        found = revoked_entry(world, told["revokes"], "keyCompromise")
        revoked = (Revoked(found.serial, moment(told["on"]), "keyCompromise"),)
    made = crl(
        issuer=entity.subject, issuer_key=entity.key, this_update=moment("2026-10-01"),
        next_update=moment(told.get("until", "2046-01-01")), number=20261001, revoked=revoked,
    )  # fmt: skip
    own = trust_folder.crl(world, issuer, moment("2046-01-01"))
    return replace(store, crls=(made, *(c for c in store.crls if c != own)))


def _no_list(store: TrustStore, rest: str) -> TrustStore:
    uri = states.LISTS[LIST[rest]].uri
    return replace(
        store, status_lists={u: d for u, d in store.status_lists.items() if u != uri},
        status_indexes=(),
    )  # fmt: skip


def _list(store: TrustStore, rest: str) -> TrustStore:
    """``list tj [INDEX=STATE] [issued=DAY] [until=DAY] [by=SIGNER] [uri=…] [size=N] [garbage]``:
    that status list made anew."""
    region, *more = rest.split()
    item = states.LISTS[LIST[region]]
    told = dict(part.partition("=")[::2] for part in more)
    made = b"garbage"
    if "garbage" not in told:
        made = status_list.status_list(
            desk().world.credential(told.get("by", f"status/{item.authority.slug}-{item.family}")),
            uri=told.get("uri", item.uri),
            states={int(k): STATES[v] for k, v in told.items() if k.isdigit()},
            size=int(told.get("size", states.SIZE)),
            issued=moment(told.get("issued", "2026-10-15")),
            expires=moment(told.get("until", "2026-12-15")),
        )  # fmt: skip
    return replace(store, status_lists={**store.status_lists, item.uri: made}, status_indexes=())


def _anchor(store: TrustStore, rest: str) -> TrustStore:
    """The signer's own certificate as an anchor."""
    found = read_certificate(desk().world.entities[rest].certificate)
    return replace(store, anchors=(*store.anchors, found))


_TRUST: dict[str, Callable[[TrustStore, str], TrustStore]] = {
    "folder": _folder, "none": _none, "entry": _entry, "also": _also, "no-anchor": _no_anchor,
    "no-intermediates": _no_intermediates, "store": _dated, "no-crls": _no_crls, "crl": _crl,
    "no-list": _no_list, "list": _list, "anchor": _anchor,
}  # fmt: skip
