"""Trust lists as their makers write them: TOML with file names, turned into the list's JSON.

docs/trust-lists.md describes both. What is wrong is gathered, not raised: whoever
writes a list learns everything at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elicense.errors import FieldFault, InputError
from elicense.issuing import fault_table, trust_rules
from elicense.issuing.fault_table import Source, Table
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.list_model import LIST_OF_LISTS, REGIONAL_LIST
from elicense.trust.service import NATIONAL, SUBJECT_KEYS

_SHARED = {"schema", "name", "test", "valid_days", "intermediates"}
_LIST_KEYS = _SHARED | {"id", "scope", "authority", "status_list", "crl"}
_TOP_KEYS = _SHARED | {"operators", "anchors", "list"}
_AUTHORITY_KEYS = {"uscc", "name", "name_en", "region", "hosts", "endpoint", "service"}
_SERVICE_KEYS = {
    "service", "certificate", "ca", "subject", "uscc", "licence_types", "from", "until",
    "state", "history",
}  # fmt: skip
_ENTRY_KEYS = {
    "id", "scope", "signers", "licence_types", "services", "authorities", "sequence", "sha256",
    "file", "locations",
}  # fmt: skip
_MAX_DAYS = 10_000
# as the reader has them (trust/lists.py), which names only the first that does not fit
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?")
_HTTP = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TABLES = re.compile(r"\b(authorities|services|status_lists|crls|lists)\[")
_SINGULAR = {
    "authorities": "authority", "services": "service", "status_lists": "status_list",
    "crls": "crl", "lists": "list",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A list as its source says it, still without sequence and dates; ``faults`` are all that
    keeps it from being one. ``days``: from issue to the next update. ``files``: the signed
    lists that a list of lists names, by their ids."""

    value: Mapping[str, Any]
    days: int
    files: Mapping[str, bytes]
    source: Source

    @property
    def faults(self) -> tuple[FieldFault, ...]:
        """In the order of the file; those of no line last."""
        return tuple(sorted(self.source.faults, key=_line))

    def add(self, faults: tuple[FieldFault, ...]) -> None:
        """Faults that were found in the JSON, told by their place in the source."""
        told = {fault.path.rpartition(": ")[2] for fault in self.source.faults}
        for fault in faults:
            place = _TABLES.sub(lambda found: f"{_SINGULAR[found[1]]}[", fault.path)
            if place not in told:
                self.source.add(place, fault.code, fault.detail)


def _line(fault: FieldFault) -> int:
    found = re.match(r"line (\d+): ", fault.path)
    return int(found[1]) if found else 2**31


def read(path: Path) -> Draft:
    """The list in the TOML file at ``path``. Never raises for what the file says: see
    ``faults``."""
    source, top = fault_table.read(path)
    if source.faults:  # there is nothing to look at
        return Draft({}, 1, {}, source)
    schema = top.values.get("schema")
    files: dict[str, bytes] = {}
    if schema == LIST_OF_LISTS:
        value = _list_of_lists(top, files)
    else:
        if schema != REGIONAL_LIST:
            known = f'"{REGIONAL_LIST}" or "{LIST_OF_LISTS}"'
            top.fault("schema", "list.schema", f"schema must be {known}")
        value = _list(top)
    days = top.number("valid_days", 1, _MAX_DAYS)
    if days is None and "valid_days" not in top.values:
        top.fault("valid_days", "list.number", "valid_days says after how many days a new one "
                  "must be there")  # fmt: skip
    draft = Draft(value, days or 1, files, source)
    if schema in (REGIONAL_LIST, LIST_OF_LISTS):  # a set would need a hash
        draft.add(tuple(trust_rules.faults(value)))
    return draft


def rfc3339(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _b64(der: bytes | None) -> str | None:
    import base64

    return base64.b64encode(der).decode("ascii") if der is not None else None


def _given(**members: Any) -> dict[str, Any]:
    """The members that are there."""
    return {key: value for key, value in members.items() if value not in (None, "", (), [], {})}


def _id(table: Table) -> str:
    what = "letters, digits, '.', '_' and '-', at most 64"
    return table.text("id", form=_ID, what=what)


def _urls(table: Table) -> tuple[str, ...]:
    return table.texts("locations", form=_HTTPS, what="an https address")


def _scope(table: Table) -> dict[str, Any] | None:
    scope = table.values.get("scope")
    if isinstance(scope, dict) and len(scope) == 1:
        if isinstance(scope.get("region"), str):
            return dict(scope)
        if scope.get("national") is True:
            return {"national": True}
    table.fault("scope", "list.scope", 'scope is { region = "120000" } or { national = true }')
    return None


# -- the list of a region or a ministry ---------------------------------------------------


def _list(top: Table) -> dict[str, Any]:
    top.known(_LIST_KEYS)
    scope = _scope(top)
    home = (scope or {}).get("region", NATIONAL)
    status_lists = []
    for table in top.tables("status_list"):
        table.known({"uri", "locations"})
        status_lists.append(_given(
            uri=table.text("uri", form=_HTTPS, what="an https address"),
            locations=_urls(table),
        ))
    crls = []
    for table in top.tables("crl"):
        table.known({"location"})
        crls.append(_given(
            location=table.text("location", form=_HTTP, what="an http or https address"),
        ))
    return {
        "schema": REGIONAL_LIST,
        **_given(id=_id(top), scope=scope, name=top.text("name")),
        "test": top.flag("test"),
        "intermediates": tuple(map(_b64, top.certificates("intermediates"))),
        "authorities": tuple(_authority(table, home) for table in top.tables("authority")),
        "status_lists": tuple(status_lists),
        "crls": tuple(crls),
    }


def _authority(table: Table, home: str) -> dict[str, Any]:
    table.known(_AUTHORITY_KEYS)
    return {
        **_given(
            uscc=table.text("uscc"),
            name=table.text("name"),
            name_en=table.text("name_en", needed=False),
            region=table.text("region", needed=False) or home,
            hosts=table.texts("hosts", form=_HOST, what="a host name in lower case"),
            endpoint=table.text("endpoint", needed=False, form=_HTTPS, what="an https address"),
        ),
        "services": tuple(_service(entry) for entry in table.tables("service")),
    }


def _service(table: Table) -> dict[str, Any]:
    table.known(_SERVICE_KEYS)
    subject = table.table("subject")
    subject.known(SUBJECT_KEYS)
    exact, issued = "certificate" in table.values, "ca" in table.values
    if exact == issued:
        table.fault("", "list.certificate", "an entry needs either certificate or ca")
    starts, ends = table.moment("from"), table.moment("until")
    history = tuple(_history(entry) for entry in table.tables("history"))
    return {
        **_given(
            service=table.text("service"),
            certificate=_b64(table.certificate("certificate")) if exact else None,
            ca=_b64(table.certificate("ca")) if issued and not exact else None,
            subject={key: subject.text(key) for key in subject.values if key in SUBJECT_KEYS},
            uscc=table.text("uscc", needed=False),
        ),
        "licence_types": table.texts("licence_types"),
        **({"from": rfc3339(starts)} if starts else {}),
        **({"until": rfc3339(ends)} if ends else {}),
        "state": table.text("state", needed=False) or "active",
        "history": history,
    }


def _history(table: Table) -> dict[str, Any]:
    table.known({"since", "state"})
    since = table.moment("since")
    if since is None and "since" not in table.values:
        table.fault("since", "list.date", "since says when the state began")
    return _given(since=rfc3339(since) if since else None, state=table.text("state"))


# -- the list of lists ----------------------------------------------------------------------


def _list_of_lists(top: Table, files: dict[str, bytes]) -> dict[str, Any]:
    top.known(_TOP_KEYS)
    return {
        "schema": LIST_OF_LISTS,
        **_given(name=top.text("name")),
        "test": top.flag("test"),
        "operators": tuple(map(_b64, top.certificates("operators"))),
        "anchors": tuple(map(_b64, top.certificates("anchors"))),
        "intermediates": tuple(map(_b64, top.certificates("intermediates"))),
        "lists": tuple(_entry(table, files) for table in top.tables("list")),
    }


def _entry(table: Table, files: dict[str, bytes]) -> dict[str, Any]:
    table.known(_ENTRY_KEYS)
    name = _id(table)
    sequence = table.number("sequence", 1, 2**53 - 1)
    digest = table.text("sha256", needed=False, form=_SHA256, what="64 hexadecimal digits")
    if "file" in table.values:
        if sequence is not None or digest:
            table.fault("file", "list.file", "give either file, or sequence and sha256")
        found = _signed(table)
        if found is not None:
            files[name] = found[1]
            sequence, digest = found[0], hashlib.sha256(found[1]).hexdigest()
    elif sequence is None or not digest:
        table.fault("file", "list.file", "file names the signed list; its sequence and digest are "
                    "taken from it")  # fmt: skip
    return {
        **_given(id=name, scope=_scope(table), authorities=table.texts("authorities")),
        "signers": tuple(map(_b64, table.certificates("signers"))),
        "licence_types": table.texts("licence_types"),
        "services": table.texts("services"),
        **_given(sequence=sequence, sha256=digest),
        "locations": _urls(table),
    }


def _signed(table: Table) -> tuple[int, bytes] | None:
    """The sequence of the signed list in ``file``, and its bytes."""
    from elicense.trust import lists

    name = table.text("file")
    cap = DEFAULT_LIMITS.trust_list_size
    data = table.source.file(name, table.at("file"), cap=cap) if name else None
    if data is None:
        return None
    try:
        return lists.read_list(data).sequence, data
    except InputError as exc:
        detail = f"{name} is no signed list of a region or a ministry: {exc}"
        table.fault("file", "list.file", detail)
        return None
