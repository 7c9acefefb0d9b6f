"""``status.licence``: the licence's own state, from a signed status list at hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from elicense.checks import standing
from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.signatures import FAIL, PASS, UNKNOWN
from elicense.crypto.algorithms import WEAK_DIGESTS
from elicense.crypto.verify import check_value
from elicense.errors import InputError
from elicense.findings import Finding
from elicense.licence import Licence
from elicense.trust.revocation import Sources
from elicense.trust.service import NATIONAL
from elicense.trust.status import StatusList, read_status_list

_CODE = "status.licence"
_CLOCK_SKEW = timedelta(minutes=5)


def status(case: Case) -> Iterator[Finding]:
    """Look the licence up by the (list, index) in its sealed data."""
    licence = case.licence
    if licence is None:
        yield Finding(_CODE, UNKNOWN, "licence", "no-data")
        return
    reference = licence.status
    if reference is None:
        yield Finding(_CODE, UNKNOWN, "licence", "no-reference")
        return
    values = {"list": reference.list, "index": str(reference.index)}
    raw = case.world.trust.status_lists.get(reference.list)
    if raw is None:
        yield Finding(_CODE, UNKNOWN, "licence", "list-absent", values)
        return
    try:
        found = read_status_list(raw)
    except InputError as exc:
        yield Finding(_CODE, UNKNOWN, "licence", "list-unreadable", values, str(exc))
        return
    problem = _list_problem(found, reference.list, licence, case)
    values["date"] = day(found.issued)
    if problem:
        yield Finding(_CODE, UNKNOWN, "licence", "list-unusable", {**values, "detail": problem},
                      problem)  # fmt: skip
        return
    yield _state(found, reference.index, values)


def _state(found: StatusList, index: int, values: dict[str, str]) -> Finding:
    state = found.state(index)
    if state is None:
        return Finding(_CODE, UNKNOWN, "licence", "out-of-range", values)
    if state == "valid":
        return Finding(_CODE, PASS, "licence", "", values)
    if state.startswith("code-"):
        return Finding(_CODE, UNKNOWN, "licence", "state-unknown", {**values, "detail": state})
    return Finding(_CODE, FAIL, "licence", state, values)


def _list_problem(found: StatusList, uri: str, licence: Licence, case: Case) -> str:
    """Why this list cannot speak of this licence now; one stable word, empty if it can."""
    now = case.world.now
    if found.uri != uri:
        return "another-list"
    if found.issued > now + _CLOCK_SKEW:
        return "from-the-future"
    expires = found.expires or found.issued + case.policy.status_age
    if expires < now:
        return "past-its-validity"
    signature = found.signature
    if signature.faults or not all(d.matches for d in signature.digests):
        return "broken"
    digests = {*(d.algorithm for d in signature.digests), *(v.digest for v in signature.values)}
    if digests & WEAK_DIGESTS:
        return "weak-algorithm"
    if not signature.values or not check_value(signature.values[0]).ok or signature.signer is None:
        return "signature"
    own = standing.judge(
        signature.signer, signature.certificates, Sources(signature.crls, signature.ocsps),
        case.world, service="status", moment=now, proven=False,
    )  # fmt: skip
    if not own.path.good or own.path.weak:
        return own.path.problems[0].kind if own.path.problems else "signer-not-trusted"
    if own.revoked or own.unknown:
        return "signer-revoked" if own.revoked else "signer-revocation-unknown"
    entitled = [
        entry for entry in own.services
        if entry.in_force(now)
        and (entry.region == NATIONAL or (entry.uscc and entry.uscc == licence.issuer.code))
        and (not entry.licence_types or licence.type in entry.licence_types)
    ]  # fmt: skip
    return "" if entitled else "signer-not-entitled"
