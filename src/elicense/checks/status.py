"""``status.licence``: the licence's own state, from signed status lists and indexes at hand."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks import status_signer, succession
from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.signatures import FAIL, PASS, UNKNOWN
from elicense.checks.succession import Succession
from elicense.findings import Finding
from elicense.licence import Licence, StatusReference
from elicense.trust.status import StatusList
from elicense.trust.status_added import lists_for

_CODE = "status.licence"
_UNNAMED = {
    "superseded": {"newer_zh": "新版本", "newer_en": "a later version"},
    "transferred": {"newer_zh": "其他发证机构", "newer_en": "another authority"},
}


def status(case: Case) -> Iterator[Finding]:
    """Look the licence up by the (list, index) in its sealed data, and in the indexes for
    what took its place."""
    licence = case.licence
    if licence is None:
        yield Finding(_CODE, UNKNOWN, "licence", "no-data")
        return
    found, unreadable = succession.look_up(case, licence)
    told = _together(_listed(case, licence), found, case)
    yield told
    yield from succession.findings(case, licence, found, unreadable, told.reason)


def _listed(case: Case, licence: Licence) -> Finding:
    """What the latest list that may speak says."""
    reference = licence.status
    if reference is None:
        return Finding(_CODE, UNKNOWN, "licence", "no-reference")
    values = {"list": reference.list, "index": str(reference.index)}
    lists, unreadable = lists_for(case.world.trust, reference.list)
    if not lists:
        if unreadable:
            return Finding(_CODE, UNKNOWN, "licence", "list-unreadable", values, unreadable)
        return Finding(_CODE, UNKNOWN, "licence", "list-absent", values)
    problems = []
    for found in lists:
        problem = _list_problem(found, reference.list, licence, case)
        if not problem:
            return _state(found, reference, values, case)
        problems.append(problem)
    values |= {"date": day(lists[0].issued), "detail": problems[0]}
    return Finding(_CODE, UNKNOWN, "licence", "list-unusable", values, problems[0])


def _state(
    found: StatusList, reference: StatusReference, values: dict[str, str], case: Case
) -> Finding:
    age = succession.age(found.issued, case.world.now)
    values = {**values, "date": day(found.issued), **age}
    state = found.state(reference.index)
    if state is None:
        return Finding(_CODE, UNKNOWN, "licence", "out-of-range", values)
    if state == "valid":
        return Finding(_CODE, PASS, "licence", "", values)
    if state.startswith("code-"):
        return Finding(_CODE, UNKNOWN, "licence", "state-unknown", {**values, "detail": state})
    values |= {
        "source_zh": f"状态列表 {values['date']}，{age['age_zh']}",
        "source_en": f"status list of {values['date']}, {age['age_en']}",
        **_UNNAMED.get(state, {}),
    }
    return Finding(_CODE, FAIL, "licence", state, values, f"list {age['age_en']}")


def _together(listed: Finding, found: Succession | None, case: Case) -> Finding:
    """The list's answer, and what an index that may speak adds: the name of the one that took
    its place, and that it did where no list says anything against the licence."""
    if found is None or found.problem or not found.state:
        return listed
    if listed.outcome is FAIL:
        if listed.reason != found.state:
            return listed
        values = {**listed.values, **found.newer()}
        return Finding(_CODE, FAIL, "licence", listed.reason, values, listed.detail)
    date, age = day(found.index.issued), succession.age(found.index.issued, case.world.now)
    values = {
        **listed.values, "source_zh": f"状态索引 {date}，{age['age_zh']}",
        "source_en": f"status index of {date}, {age['age_en']}", **found.newer(),
    }  # fmt: skip
    detail = f"index {age['age_en']}; the status list says {listed.reason or 'valid'}"
    return Finding(_CODE, FAIL, "licence", found.state, values, detail)


def _list_problem(found: StatusList, uri: str, licence: Licence, case: Case) -> str:
    """Why this list cannot speak of this licence now; one stable word, empty if it can."""
    if found.uri != uri:
        return "another-list"
    expires = found.expires or found.issued + case.policy.status_age
    statement = status_signer.Statement(found.signature, found.issued, expires)
    return status_signer.statement_problem(statement, licence, case.world)
