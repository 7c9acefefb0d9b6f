"""``elicense.reissue``: the next version of a licence, which supersedes the one before.

The new licence keeps serial and history: its identifier has the next version number, and
``supersedes`` holds the old identifier, version and digest of its exact ``licence.json``,
so that the chain of versions can be followed. The old one is not touched: that it is
superseded stands in the issuer's status list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from elicense import canonical, identifiers
from elicense import licence as licences
from elicense.canonical import Value
from elicense.crypto.ses import CHINA
from elicense.errors import FieldFault, InputError, IssueRefused
from elicense.examine import examine
from elicense.findings import Outcome
from elicense.issuing.issue import issue
from elicense.issuing.reading import from_members
from elicense.licence import Licence
from elicense.limits import DEFAULT_LIMITS
from elicense.verifying import Input, judge, read_input

if TYPE_CHECKING:
    from elicense.trust.store import TrustStore

_KEPT = ("type", "identifier", "version", "supersedes", "format")
_NEEDED = ("container.structure", "integrity.digest", "signature.value", "coverage.document")
_UNDER_TRUST = ("chain.path", "authority.licence-type")
# An old licence may have run out or been withdrawn: that is why there is a new one.
_MAY_FAIL = ("licence.dates", "status.licence", "ism.", "seal.validity")


def reissue(
    previous: Input,
    changes: Mapping[str, Any] | None = None,
    *,
    issued: date | None = None,
    trust: TrustStore | None = None,
    **options: Any,
) -> bytes:
    """The next version of the sealed licence ``previous`` (a path or its bytes).

    ``changes`` is merged into what it says (RFC 7396: ``None`` removes a member) and must
    give a new ``status``: the old index will say "superseded". ``issued`` is the new date
    of issue, today's (China) unless given. ``options`` are those of :func:`elicense.issue`.

    Errors as there; InputError ``reissue.previous`` for a file whose seal does not hold.
    """
    made = next_version(previous, changes, issued=issued, trust=trust)
    return issue(made, trust=trust, **options)


def next_version(
    previous: Input,
    changes: Mapping[str, Any] | None = None,
    *,
    issued: date | None = None,
    trust: TrustStore | None = None,
) -> Licence:
    """What the next version says. Errors as of :func:`reissue`."""
    data, old = _sealed(previous, trust)
    members: dict[str, Value] = dict(licences.tree(old))
    day = issued or datetime.now(UTC).astimezone(CHINA).date()
    members = _merged(members, {"validity": {"issued": day.isoformat()}})
    frozen = {name: members.get(name) for name in _KEPT}
    members = _merged(members, changes or {})
    faults = [
        FieldFault(name, "reissue.kept", "the next version keeps it")
        for name in _KEPT
        if members.get(name) != frozen[name]
    ]
    digest = licences.data_digest(data)
    members["version"] = old.version + 1
    members["identifier"] = _identifier(old)
    members["supersedes"] = {
        "identifier": old.identifier,
        "version": old.version,
        "digest": {"algorithm": digest.algorithm, "value": canonical.b64url(digest.value)},
    }
    found = from_members(members)
    faults.extend(found.faults)
    new = found.licence
    if new is not None and new.status is not None and new.status == old.status:
        detail = "the old index will say superseded: give the new version one of its own"
        faults.append(FieldFault("status", "reissue.status", detail))
    if faults or new is None:
        raise IssueRefused(tuple(faults), place=old.number)
    return new


def _sealed(previous: Input, trust: TrustStore | None) -> tuple[bytes, Licence]:
    """The exact data of a licence whose seal holds: a forged one must not become a true one."""
    from elicense.trust.store import TrustStore

    name, raw = read_input(previous, DEFAULT_LIMITS)
    evidence = examine(raw)
    now = datetime.now(UTC)
    report = judge(evidence, name=name, trust=trust or TrustStore.empty(), at=now, now=now)
    needed = _NEEDED if trust is None else (*_NEEDED, *_UNDER_TRUST)
    proven = {f.code for f in report.findings if f.outcome is Outcome.PASS}
    wrong = [code for code in needed if code not in proven]
    wrong += [
        f.code
        for f in report.findings
        if f.outcome is Outcome.FAIL and not f.code.startswith(_MAY_FAIL)
    ]
    data, licence = evidence.claims.data, report.licence
    if data is None or licence is None:
        raise InputError("reissue.previous", "it holds no licence.json", place=name)
    if wrong:
        detail = f"its seal does not hold: {', '.join(dict.fromkeys(wrong))}"
        raise InputError("reissue.previous", detail, place=name)
    return data, replace(licence, source=None)


def _identifier(old: Licence) -> str:
    parts = identifiers.parse_identifier(old.identifier)
    if old.version >= 999:
        fault = FieldFault("version", "field.kind", "there is no version after 999")
        raise IssueRefused((fault,), place=old.number)
    return identifiers.format_identifier(
        type=parts.type, issuer=parts.issuer, serial=parts.serial, version=old.version + 1
    )


def _merged(old: Mapping[str, Value], changes: Mapping[str, Any]) -> dict[str, Value]:
    """JSON Merge Patch (RFC 7396); lists are replaced whole."""
    found = dict(old)
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            inner = found.get(name)
            found[name] = _merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            found[name] = tuple(value) if isinstance(value, list) else value
    return found
