"""Making trust lists: from a TOML source to JSON, and from JSON to a signed list.

``make`` and ``sign`` refuse what a reader would refuse, and tell every fault at once
(:class:`elicense.errors.IssueRefused`); docs/trust-lists.md has the rules.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from elicense import canonical
from elicense.errors import Error, FieldFault, InputError, IssueRefused
from elicense.issuing import cms_together, trust_content, trust_rules, trust_source
from elicense.issuing.credential import Credential
from elicense.issuing.trust_rules import LIST, LIST_OF_LISTS, moment
from elicense.issuing.trust_source import rfc3339

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
    value["next_update"] = rfc3339(now + timedelta(days=draft.days))
    if previous is not None:
        older, wrong = _read(previous, "--previous")
        draft.add(wrong or tuple(_follows(value, older)))
        if isinstance(older.get("sequence"), int):
            value["sequence"] = older["sequence"] + 1
    if value.get("schema") == LIST_OF_LISTS:
        draft.add(tuple(_listed(value, draft.files)))
    if under is not None:
        above, wrong = _read(under, "--under")
        draft.add(wrong or tuple(trust_rules.confined(value, above)))
    if draft.faults:
        raise IssueRefused(draft.faults, place=str(path))
    members = {key: value[key] for key in _ORDER if key in value}
    return json.dumps(members, ensure_ascii=False, indent=1).encode() + b"\n"


def _read(data: bytes, place: str) -> tuple[Value, tuple[FieldFault, ...]]:
    """Another list that was given, or the fault that it is none."""
    try:
        return trust_content.either(data), ()
    except Error as exc:
        return {}, (FieldFault(place, exc.code, exc.detail),)


def _follows(value: Value, older: Value) -> Iterator[FieldFault]:
    """Is this list the next of the same kind as ``older``?"""
    for key in ("schema", "id"):
        if value.get(key) != older.get(key):
            detail = f"the list before has the {key} {older.get(key)}"
            yield FieldFault(key, "list.other-list", detail)
    if value.get("test", False) != older.get("test", False):
        detail = "test and real lists never mix: the list before says otherwise"
        yield FieldFault("test", "list.test-differs", detail)
    before, issued = moment(older.get("issued")), moment(value.get("issued"))
    if before and issued and issued <= before:
        detail = f"the list before was issued at {older['issued']}, not earlier than this one"
        yield FieldFault("issued", "list.issued-earlier", detail)


def _listed(value: Value, files: Mapping[str, bytes]) -> Iterator[FieldFault]:
    """Each signed list at hand must fit its entry; no authority may stand in two of them."""
    named: list[tuple[str, list[str]]] = []
    for index, entry in enumerate(value["lists"]):
        data = files.get(entry.get("id", ""))
        if data is None:
            continue
        place = f"lists[{index}].file"
        below = trust_content.signed(data)
        for fault in (*trust_rules.faults(below), *trust_rules.confined(below, value)):
            yield FieldFault(place, fault.code, f"{fault.path}: {fault.detail}")
        if not signed_by(data, entry.get("signers", ())):
            detail = "none of its signatures is by one of the signers named here"
            yield FieldFault(place, "list.signer", detail)
        named.append((place, [a["uscc"] for a in below.get("authorities", ()) if "uscc" in a]))
    yield from trust_rules.shared_authorities(named)


def signed_by(data: bytes, signers: Sequence[object]) -> bool:
    """Does one of the signatures on a list hold, by exactly one of these certificates
    (base64)? InputError where ``data`` is no SignedData."""
    return any(
        cms_together.holds(data, found)
        for found in map(trust_rules.certificate, signers) if found is not None
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

    ``previous`` is the signed list before it, ``under`` the signed list of lists: with them
    it is tried on a device that has those. IssueRefused with every fault.
    """
    from elicense.issuing import trust_trial

    value, wrong = _read_unsigned(data)
    found = [*wrong, *(trust_rules.faults(value) if not wrong else ())]
    if not wrong:
        found += _signers(value, signers)
        if under is not None:
            above, unreadable = _read(under, "--under")
            found += unreadable or _under(value, above, signers)
    if found:
        raise IssueRefused(tuple(found))
    content = canonical.encode(value)
    made = cms_together.sign(signers, content=content, time=time)
    refused = trust_trial.refusals(made, previous=previous, under=under, signers=signers)
    if refused:
        raise IssueRefused(refused)
    return made


def _read_unsigned(data: bytes) -> tuple[Value, tuple[FieldFault, ...]]:
    try:
        value = trust_content.parse(data)
    except InputError as exc:
        return {}, (FieldFault(exc.place or "(file)", exc.code, exc.detail),)
    if value.get("schema") not in {LIST, LIST_OF_LISTS}:
        return {}, (FieldFault("schema", "list.schema", "no trust list"),)
    return value, ()


def _signers(value: Value, signers: Sequence[Credential]) -> Iterator[FieldFault]:
    """The certificates of the keys, at the time the list is issued."""
    from elicense.crypto.certificate import read_certificate

    issued = moment(value.get("issued"))
    for credential in signers:
        certificate = read_certificate(credential.certificate)
        who = certificate.display
        if issued and not certificate.not_before <= issued <= certificate.not_after:
            term = f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
            detail = f"{who} is valid from {term}, the list is issued at {value['issued']}"
            yield FieldFault("signer", "list.signer-expired", detail)
        usage = certificate.extensions.key_usage
        if usage is not None and not usage & {"digitalSignature", "nonRepudiation"}:
            yield FieldFault("signer", "list.signer-usage", f"{who} may not sign")


def _under(value: Value, above: Value, signers: Sequence[Credential]) -> list[FieldFault]:
    found = list(trust_rules.confined(value, above))
    mine = {base64.b64encode(signer.certificate).decode("ascii") for signer in signers}
    for entry in above.get("lists", ()):
        if entry.get("id") == value.get("id") and not mine & set(entry.get("signers", ())):
            detail = "the list of lists does not name this certificate among the list's signers"
            found.append(FieldFault("signer", "list.signer", detail))
    return found
