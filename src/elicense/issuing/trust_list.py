"""Making trust lists: from a TOML source to JSON, and from JSON to a signed list.

``make`` and ``sign`` refuse what a reader would refuse, and tell every fault at once
(:class:`elicense.errors.IssueRefused`); docs/trust-lists.md has the rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from elicense import canonical
from elicense.errors import Error, FieldFault, InputError, IssueRefused
from elicense.issuing import cms_together, trust_content, trust_rules, trust_source, trust_trial
from elicense.issuing.credential import Credential
from elicense.issuing.trust_rules import moment
from elicense.issuing.trust_source import rfc3339
from elicense.trust import list_signature, lists
from elicense.trust.list_model import LIST_OF_LISTS, Refusal

Value = Mapping[str, Any]
_ORDER = (
    "schema", "id", "scope", "name", "test", "sequence", "issued", "next_update", "operators",
    "anchors", "intermediates", "lists", "authorities", "status_lists", "crls",
)  # fmt: skip


def make(
    path: Path, *, now: datetime, previous: bytes | None = None, under: bytes | None = None
) -> bytes:
    """The JSON of the list whose source is the TOML file ``path``, for people to look at
    before it is signed.

    ``previous`` is the list before it, signed or not: its sequence is counted on from.
    ``under`` is the list of lists that delegates to it. IssueRefused with every fault.
    """
    draft = trust_source.read(path)
    value: dict[str, Any] = {**draft.value, "sequence": 1, "issued": rfc3339(now)}
    try:
        value["next_update"] = rfc3339(now + timedelta(days=draft.days))
    except OverflowError:
        fault = FieldFault("valid_days", "dates", "the next update is outside the calendar")
        draft.add((fault,))
    if previous is not None:
        older, wrong = _read(previous, "--previous")
        if isinstance(older.get("sequence"), int):
            value["sequence"] = older["sequence"] + 1
        draft.add(wrong or tuple(_follows(value, older)))
    if value.get("schema") == LIST_OF_LISTS:
        draft.add(tuple(_listed(value, draft.files)))
    if under is not None:
        above, wrong = _read(under, "--under")
        draft.add(wrong or tuple(trust_rules.confined(value, above)))
    members = {key: value[key] for key in _ORDER if key in value}
    if not draft.faults:
        draft.add(_unreadable(members))
    if draft.faults:
        raise IssueRefused(draft.faults, place=str(path))
    return json.dumps(members, ensure_ascii=False, indent=1).encode() + b"\n"


def _read(data: bytes, place: str) -> tuple[Value, tuple[FieldFault, ...]]:
    """Another list that was given, or the fault that it is none."""
    try:
        found = trust_content.either(data)
        lists.parse(canonical.encode(found))
        return found, ()
    except Error as exc:
        return {}, (FieldFault(place, exc.code, exc.detail),)


def _unreadable(value: Value) -> tuple[FieldFault, ...]:
    """What the reader's form has against it, which all the rules above let pass."""
    try:
        lists.parse(canonical.encode(value))
    except Error as exc:
        return (FieldFault(exc.place or "(top)", exc.code, exc.detail),)
    return ()


def _follows(value: Value, older: Value) -> Iterator[FieldFault]:
    """Is this list a later one of the same kind as ``older``?"""
    for key in ("schema", "id"):
        if value.get(key) != older.get(key):
            detail = f"the list before has the {key} {older.get(key)}"
            yield FieldFault(key, "other-list", detail)
    if value.get("test", False) != older.get("test", False):
        yield FieldFault("test", "test-differs", "test and real lists never mix")
    if value["sequence"] <= older["sequence"]:
        detail = f"no. {older['sequence']} is there already"
        yield FieldFault("sequence", "rollback", detail)
    before, issued = moment(older.get("issued")), moment(value.get("issued"))
    if before and issued and issued < before:
        detail = f"no. {older['sequence']} was issued later, at {older['issued']}"
        yield FieldFault("issued", "issued-earlier", detail)


def _listed(value: Value, files: Mapping[str, bytes]) -> Iterator[FieldFault]:
    """Each signed list at hand must stand under its entry, and beside the others."""
    below = {name: trust_content.signed(data) for name, data in files.items()}
    beside = [trust_rules.regional(found) for found in below.values()]
    for index, entry in enumerate(value["lists"]):
        name = str(entry.get("id", ""))
        if name not in files:
            continue
        place, found = f"lists[{index}].file", below[name]
        beyond = trust_rules.confined(found, value, beside, as_id=name)
        for fault in (*trust_rules.faults(found), *beyond):
            yield FieldFault(place, fault.code, f"{fault.path}: {fault.detail}")
        allowed = trust_rules.ders(entry.get("signers", ()))
        for refusal in signature_problems(files[name], allowed):
            yield FieldFault(place, refusal.code, refusal.detail)


def signature_problems(data: bytes, allowed: Sequence[bytes]) -> tuple[Refusal, ...]:
    """Empty if one signature on a signed list holds, by one of these certificates (DER)."""
    value = lists.read(data)
    return list_signature.problems(
        lists.enclosed(data), allowed, issued=value.issued, what=str(value.sequence)
    )  # fmt: skip


# -- signing --------------------------------------------------------------------------------


def sign(
    data: bytes,
    *,
    signers: Sequence[Credential],
    time: datetime,
    previous: bytes | None = None,
    under: bytes | None = None,
) -> bytes:
    """The list in the JSON ``data``, signed by every one of ``signers`` (two while a key
    changes): a DER SignedData with the canonical JSON attached, by GB/T 35275 where all keys
    are SM2.

    ``previous`` is the signed list before it, ``under`` the signed list of lists: it is then
    tried on a device that has those. IssueRefused with every fault.
    """
    value, found = _read_unsigned(data)
    if not found:
        found += tuple(trust_rules.faults(value))
        for given, place in ((previous, "--previous"), (under, "--under")):
            other, wrong = _read(given, place) if given is not None else ({}, ())
            if given is not None and not wrong:
                wrong = tuple(_follows(value, other) if place == "--previous"
                              else trust_rules.confined(value, other))  # fmt: skip
            found += wrong
    if found:
        raise IssueRefused(found)
    made = cms_together.sign(signers, content=canonical.encode(value), time=time)
    for signer in signers:
        found += tuple(
            FieldFault("signer", refusal.code, refusal.detail)
            for refusal in signature_problems(made, (signer.certificate,))
        )
    found = found or trust_trial.refusals(made, previous=previous, under=under, now=time)
    if found:
        raise IssueRefused(found)
    return made


def _read_unsigned(data: bytes) -> tuple[Value, tuple[FieldFault, ...]]:
    try:
        value = trust_content.parse(data)
    except InputError as exc:
        return {}, (FieldFault(exc.place or "(file)", exc.code, exc.detail),)
    return value, _unreadable(value)
