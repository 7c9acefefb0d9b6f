"""Answers between regions: signed over what was asked, so that none can be replayed or passed
off as another's.

A query and an answer are JSON; the answer stands in a CMS SignedData of an authority that the
trust list names for the service ``status``. Pure functions: no connection is opened here.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from elicense.checks.standing import World
from elicense.checks.status_signer import Statement, signer_entries
from elicense.errors import InputError
from elicense.identifiers import parse_identifier
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.service import NATIONAL
from elicense.trust.status import content_of, read_object, signature_of

if TYPE_CHECKING:
    from elicense.issuing.credential import Credential
    from elicense.trust.store import TrustStore

QUERY = "elicense-query/1"
ANSWER = "elicense-answer/1"
MEDIA_TYPE = "application/pkcs7-mime"
GOOD_FOR = timedelta(minutes=5)
MAX_QUERY = 4096
MAX_ANSWER = 64 * 1024
_NONCE = re.compile(r"[A-Za-z0-9_-]{22,64}")
_REGION = re.compile(r"[0-9]{6}")
_QUERY_KEYS = {"schema", "identifier", "purpose", "nonce", "region", "time"}


@dataclass(frozen=True, slots=True)
class Query:
    """What one region asks another. ``raw`` are the exact bytes sent, ``region`` who asks."""

    identifier: str
    purpose: str
    nonce: str
    region: str
    time: datetime
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A judged answer. ``problem`` is empty if it is proven to be the other region's answer to
    this very query, else one stable word; ``licence`` is then shown but proves nothing."""

    problem: str
    found: bool
    licence: Mapping[str, Any] | None
    time: datetime | None

    @property
    def proven(self) -> bool:
        return not self.problem


def ask(identifier: str, *, purpose: str, region: str, now: datetime) -> Query:
    """A new query with a nonce of 192 bits."""
    nonce = secrets.token_urlsafe(24)
    members = {
        "schema": QUERY, "identifier": identifier, "purpose": purpose, "nonce": nonce,
        "region": region, "time": _text(now),
    }  # fmt: skip
    raw = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    return Query(identifier, purpose, nonce, region, now, raw)


def read_query(data: bytes, *, now: datetime) -> Query:
    """A query as it came in. InputError ``peer.query`` naming the member."""
    if len(data) > MAX_QUERY:
        raise InputError("peer.query", f"larger than {MAX_QUERY} bytes")
    members = read_object(data)
    unknown = sorted(set(members) ^ _QUERY_KEYS)
    if unknown or members["schema"] != QUERY:
        raise InputError("peer.query", "missing or unknown", place=", ".join(unknown) or "schema")
    for name in _QUERY_KEYS:
        if not isinstance(members[name], str) or len(members[name]) > 200:
            raise InputError("peer.query", "a text of at most 200 characters", place=name)
    if not _NONCE.fullmatch(members["nonce"]):
        raise InputError("peer.query", "22 to 64 characters of base64url", place="nonce")
    if not _REGION.fullmatch(members["region"]):
        raise InputError("peer.query", "six digits", place="region")
    time = _moment(members["time"])
    if time is None or abs(now - time) > GOOD_FOR:
        raise InputError("peer.query", "not within five minutes of now", place="time")
    if not members["purpose"].strip():
        raise InputError("peer.query", "every query states its purpose", place="purpose")
    return Query(
        members["identifier"], members["purpose"].strip(), members["nonce"], members["region"],
        time, data,
    )  # fmt: skip


def answer(
    query: Query, licence: Mapping[str, Any] | None, *, region: str, signer: Credential,
    now: datetime,
) -> bytes:  # fmt: skip
    """The signed answer of ``region``; ``licence`` is None if it knows none."""
    from elicense.issuing import cms

    members = {
        "schema": ANSWER,
        "request": hashlib.sha256(query.raw).hexdigest(),
        "nonce": query.nonce,
        "identifier": query.identifier,
        "region": region,
        "to": query.region,
        "time": _text(now),
        "expires": _text(now + GOOD_FOR),
        "found": licence is not None,
        "licence": licence,
    }
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    return cms.sign(
        signer, content=body, attached=True, gm=signer.family == "sm2",
        attributes=cms.Attributes(signing_time=now),
    )  # fmt: skip


def judge(data: bytes, *, query: Query, trust: TrustStore, now: datetime) -> Answer:
    """Is this the answer to ``query`` by an authority that may speak of its identifier?

    Never raises: what cannot be read is an answer that proves nothing.
    """
    try:
        content = content_of(data, "answer", MAX_ANSWER)
        members = read_object(content)
        signature = signature_of(data, content, "answer")
    except InputError:
        return Answer("unreadable", False, None, None)
    licence = members.get("licence")
    time, expires = _moment(members.get("time")), _moment(members.get("expires"))
    found = members.get("found")
    shown = licence if isinstance(licence, dict) else None
    if time is None or expires is None or not isinstance(found, bool) or found != bool(shown):
        return Answer("unreadable", False, shown, time)

    def told(problem: str) -> Answer:
        return Answer(problem, found, shown, time)

    if members.get("schema") != ANSWER:
        return told("unreadable")
    if members.get("request") != hashlib.sha256(query.raw).hexdigest():
        return told("another-query")
    same = (members.get("nonce"), members.get("identifier"), members.get("to"))
    if same != (query.nonce, query.identifier, query.region):
        return told("another-query")
    if shown is not None and shown.get("identifier") != query.identifier:
        return told("another-licence")
    if not query.time - GOOD_FOR <= time <= now + GOOD_FOR or expires - time > GOOD_FOR * 2:
        return told("wrong-time")
    world = World(trust, now, now, DEFAULT_LIMITS)
    problem, entries = signer_entries(Statement(signature, time, expires), world)
    if problem:
        return told(problem)
    issuer = issuer_of(query.identifier)
    for entry in entries:
        at_home = entry.region in {NATIONAL, members.get("region")}
        kinds = entry.licence_types
        fits = shown is None or not kinds or shown.get("type") in kinds
        if at_home and entry.uscc and entry.uscc == issuer and fits:
            return told("")
    return told("not-entitled")


def issuer_of(identifier: str) -> str:
    """The issuer part 颁证机构代码 of an identifier; empty if it is none."""
    try:
        return parse_identifier(identifier).issuer
    except InputError:
        return ""


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: object) -> datetime | None:
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
