"""What must hold before a licence changes hands: the one offered, and the one that follows it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from elicense import licence as licences
from elicense import profiles
from elicense.checks.status_signer import speaks_for
from elicense.errors import Error, InputError, UsageError
from elicense.examine import examine
from elicense.findings import Outcome
from elicense.identifiers import parse_identifier
from elicense.licence import Licence, Party
from elicense.verdict import missing, weigh
from elicense.verifying import judge

if TYPE_CHECKING:
    from elicense.canonical import Value
    from elicense.evidence import Evidence
    from elicense.policy import Policy
    from elicense.registry.transfer_message import Message
    from elicense.trust.service import Service
    from elicense.trust.store import TrustStore

MEMBER = "transferred_from"  # of licence.json, for types that have no field of their own
FIELD = "previous_identifier"  # such a field (associatedZzeCertID)


def offered(
    message: Message, entries: tuple[Service, ...], *, trust: TrustStore, now: datetime,
    policy: Policy,
) -> Licence:  # fmt: skip
    """The licence in an offer, proven: its file verifies under ``trust`` but for its state,
    which the offer itself states (its signer is who may), and it is the one the offer names.

    UsageError ``transfer.licence`` that names what fails, ``transfer.another-licence`` for a
    file of another licence, ``transfer.not-entitled`` for an authority that did not issue it.
    """
    evidence, licence = _read(message.data("file"))
    data = evidence.claims.data
    assert data is not None
    if (
        hashlib.sha256(data).hexdigest() != message.body["licence_sha256"]
        or licence.identifier != message.identifier
    ):
        raise UsageError("transfer.another-licence", "the file is not of the licence that the "
                         "offer names", place=message.identifier)  # fmt: skip
    check_speaks(message.sender, licence, entries)
    report = judge(evidence, name="offer", trust=trust, at=now, now=now, policy=policy)
    wrong = [
        f"{f.code} {f.reason}".strip() for f in report.findings
        if (weight := weigh(f, policy)) is Outcome.FAIL
        or (weight is Outcome.UNKNOWN and not f.code.startswith("status."))
    ]  # fmt: skip
    wrong += [f"nothing proves {name}" for name in missing(report.findings) if name != "status"]
    if wrong:
        raise UsageError("transfer.licence", "; ".join(wrong)[:300], place=message.identifier)
    return licence


def from_file(data: bytes) -> Licence:
    """The licence in a sealed file that was judged before."""
    return _read(data)[1]


def _read(data: bytes) -> tuple[Evidence, Licence]:
    try:
        evidence = examine(data)
        if evidence.claims.data is None:
            raise InputError("transfer.licence", "no licence.json is in it")
        return evidence, licences.load(evidence.claims.data)
    except Error as exc:
        raise UsageError("transfer.licence", f"{exc.code}: {exc.detail}", place="file") from exc


def check_speaks(office: str, licence: Licence, entries: tuple[Service, ...]) -> None:
    """UsageError ``transfer.not-entitled`` unless ``office`` issued ``licence`` and its trust
    list entries let it speak of this type."""
    if licence.issuer.code != office or not any(speaks_for(entry, licence) for entry in entries):
        raise UsageError("transfer.not-entitled", "this authority cannot speak of this licence",
                         place=licence.identifier)  # fmt: skip


def check_receiver(office: str, type: str, *, trust: TrustStore, now: datetime) -> str:
    """The name of the authority with USCC ``office``. UsageError ``transfer.receiver`` unless
    the trust list lets it seal licences of ``type``."""
    for entry in trust.services:
        fits = not entry.licence_types or type in entry.licence_types
        if entry.service == "sealer" and entry.uscc == office and fits and entry.in_force(now):
            return entry.authority
    raise UsageError("transfer.receiver", f"the trust list names no authority {office[:18]} that "
                     f"issues {type}", place="receiver")  # fmt: skip


def named(licence: Licence) -> str:
    """The identifier of the old licence that ``licence`` names, empty if it names none."""
    place = _place(licence.type)
    value = licence.fields.get(place) if place else licence.extra.get(MEMBER)
    return value if isinstance(value, str) else ""


def naming(licence: Licence, identifier: str) -> Licence:
    """``licence`` with the identifier of the old one in it: in the type's own field, else as
    ``transferred_from``. UsageError ``transfer.successor`` if it names another."""
    before = named(licence)
    if before not in ("", identifier):
        raise UsageError("transfer.successor", "it names another licence as the old one",
                         place=FIELD)  # fmt: skip
    place = _place(licence.type)
    if place:
        fields: dict[str, Value] = {**licence.fields, place: identifier}
        return replace(licence, fields=fields)
    return replace(licence, extra={**licence.extra, MEMBER: identifier})


def _place(type: str) -> str:
    """The key below ``fields`` of the type's own field for it, or nothing."""
    profile = profiles.find(type)
    for item in profile.fields if profile else ():
        if item.key == FIELD and item.path.startswith("fields."):
            return item.path.removeprefix("fields.")
    return ""


def check_successor(old: Licence, new: Licence, *, receiver: str) -> None:
    """UsageError ``transfer.successor``, naming the field, unless ``new`` may follow ``old``:
    of the authority that it was offered to, of the same type, for the same holder, and naming
    the old one."""
    problems = (
        ("issuer.code", new.issuer.code != receiver, "another authority issued it"),
        ("type", new.type != old.type, "it is of another type"),
        ("identifier", not _well_formed(new, old), "not an identifier of its own"),
        ("holder", not _same_holder(old.holder, new.holder), "the holder is another"),
        (FIELD, named(new) != old.identifier, "it does not name the old licence"),
    )
    for place, wrong, detail in problems:
        if wrong:
            raise UsageError("transfer.successor", detail, place=place)


def _well_formed(new: Licence, old: Licence) -> bool:
    try:
        found = parse_identifier(new.identifier)
    except InputError:
        return False
    return found.check_ok and new.identifier != old.identifier


def _same_holder(old: Party, new: Party) -> bool:
    """The same name; and the same code wherever both licences have one."""
    if old.code and new.code and (old.code, old.code_type) != (new.code, new.code_type):
        return False
    return bool(new.name) and old.name.strip() == new.name.strip()
