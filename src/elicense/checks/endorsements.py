"""``endorsement.*``: what later seals say of the licence, where, and by what right.

Values, chains and revocation of these seals are judged with all others; here it is
asked whether each is an endorsement that may stand on this licence, and whether its box
shows what was signed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.checks.endorsed import (
    Endorsed,
    authority_problem,
    china_day,
    endorsed,
    version_problem,
)
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.endorsement import Statement, shown
from elicense.evidence import EndorsementBox, Placement
from elicense.findings import Finding
from elicense.months import add_months
from elicense.profiles import Box

_OPEN = {"signer-unknown", "not-listed", "no-licence-data", "entry-ended"}
_SLACK = 0.2  # millimetres or points by which a seal may stand over its frame


def endorsements(case: Case) -> Iterator[Finding]:
    """Every endorsement of a later seal, then boxes that show what nobody states."""
    latest: datetime.date | None = None
    for item in endorsed(case):
        if item.statement is None:
            outcome = UNKNOWN if item.problem == "format" else FAIL
            yield Finding("endorsement.statement", outcome, item.subject, item.problem,
                          {"detail": item.detail}, item.detail)  # fmt: skip
            continue
        values = _values(item.statement, case)
        yield _statement(item, case, values)
        yield _version(item, case, values)
        yield _authority(item, case, values)
        yield from _box(item, case, values)
        yield _date(item, case, latest, values)
        yield from _extension(item.statement, case, item.subject, values)
        latest = max(latest or item.statement.date, item.statement.date)
    yield from _unstated(case)


def _values(statement: Statement, case: Case) -> dict[str, str]:
    box = case.profile.box(statement.kind) if case.profile else None
    return {
        "kind_zh": box.zh if box else statement.kind,
        "kind_en": box.en if box else statement.kind,
        "date": statement.date.isoformat(),
        "place": statement.place,
        "officer": statement.officer,
        "box": statement.box,
    }


def _statement(item: Endorsed, case: Case, values: dict[str, str]) -> Finding:
    code = "endorsement.statement"
    assert item.statement is not None
    if case.profile is None:
        return Finding(code, UNKNOWN, item.subject, "type-unknown", values)
    if case.profile.box(item.statement.kind) is None:
        return Finding(code, FAIL, item.subject, "kind", values)
    signer = item.judged.signature.signer
    return Finding(code, PASS, item.subject, "",
                   {**values, "signer": signer.display if signer else ""})  # fmt: skip


def _version(item: Endorsed, case: Case, values: dict[str, str]) -> Finding:
    code, problem = "endorsement.version", version_problem(item, case)
    if problem == "unread":
        return Finding(code, UNKNOWN, item.subject, "no-licence-data", values)
    return Finding(code, FAIL if problem else PASS, item.subject, problem, values,
                   indication="SIG_CONSTRAINTS_FAILURE" if problem else "")  # fmt: skip


def _authority(item: Endorsed, case: Case, values: dict[str, str]) -> Finding:
    code = "endorsement.authority"
    problem, entry = authority_problem(item, case.licence)
    signer = item.judged.signature.signer
    words = {
        **values,
        "signer": signer.display if signer else "",
        "authority": entry.authority if entry else "",
        "type": case.licence.type if case.licence else "",
    }
    outcome = PASS if not problem else UNKNOWN if problem in _OPEN else FAIL
    return Finding(code, outcome, item.subject, problem, words,
                   indication="SIG_CONSTRAINTS_FAILURE" if outcome is FAIL else "")  # fmt: skip


def _box(item: Endorsed, case: Case, values: dict[str, str]) -> Iterator[Finding]:
    """Is the box one that the issuer reserved, this seal's alone, and drawn from what it signs?"""
    assert item.statement is not None
    box = next((b for b in case.evidence.boxes if b.name == item.statement.box), None)
    if box is None:
        yield Finding("endorsement.box", FAIL, item.subject, "not-reserved", values)
        return
    problem = _box_problem(item, box, case)
    yield Finding("endorsement.box", FAIL if problem else PASS, item.subject, problem, values)
    wanted = shown(item.statement)
    if box.lines is None:
        yield Finding("endorsement.shown", UNKNOWN, item.subject, "unreadable",
                      {**values, "detail": box.problem}, box.problem)  # fmt: skip
    elif box.lines == wanted:
        yield Finding("endorsement.shown", PASS, item.subject, "", values)
    else:
        words = {**values, "signed": " / ".join(wanted), "drawn": " / ".join(box.lines)}
        yield Finding("endorsement.shown", FAIL, item.subject, "" if box.lines else "empty",
                      words, f"signed {wanted}, drawn {box.lines}")  # fmt: skip


def _box_problem(item: Endorsed, box: EndorsementBox, case: Case) -> str:
    same = [o for o in endorsed(case) if o.statement and o.statement.box == box.name]
    others = set(box.seals) - {item.judged.signature.index}
    if len(same) > 1 or others:
        return "occupied"
    places = item.judged.signature.placements
    if not places or not all(_inside(place, box.placement) for place in places):
        return "elsewhere"
    return ""


def _inside(place: Placement, box: Placement) -> bool:
    return (
        place.page == box.page
        and place.x >= box.x - _SLACK
        and place.y >= box.y - _SLACK
        and place.x + place.width <= box.x + box.width + _SLACK
        and place.y + place.height <= box.y + box.height + _SLACK
    )


def _date(
    item: Endorsed, case: Case, latest: datetime.date | None, values: dict[str, str]
) -> Finding:
    """In the order of the seals, not before the licence, not after its own seal or today."""
    code = "endorsement.date"
    assert item.statement is not None
    date, signature = item.statement.date, item.judged.signature
    made = item.judged.proven_time or signature.claimed_time
    issued = case.licence.validity.issued if case.licence else None
    first = max((d for d in (latest, issued, *_earlier(case)) if d is not None), default=None)
    if date > max(china_day(case.at), china_day(case.world.now)):
        return Finding(code, FAIL, item.subject, "future", values)
    if made is not None and date > china_day(made):
        return Finding(code, FAIL, item.subject, "after-seal",
                       {**values, "made": china_day(made).isoformat()})  # fmt: skip
    if first is not None and date < first:
        return Finding(code, FAIL, item.subject, "order",
                       {**values, "before": first.isoformat()})  # fmt: skip
    if date > china_day(case.at):
        return Finding(code, WARN, item.subject, "later", values)
    return Finding(code, PASS, item.subject, "", values)


def _earlier(case: Case) -> Iterator[datetime.date]:
    """The dates of endorsements that the licence was issued with."""
    for entry in case.licence.endorsements if case.licence else ():
        if entry.state == "signed" and entry.date is not None:
            yield entry.date


def _extension(
    statement: Statement, case: Case, subject: str, values: dict[str, str]
) -> Iterator[Finding]:
    """``ism.13.13`` …: an extension is no longer than its paragraph allows (V14, V15, V18)."""
    box = case.profile.box(statement.kind) if case.profile else None
    end = case.licence.validity.valid_until if case.licence else None
    if box is None or end is None:
        return
    until = statement.valid_until
    if not box.extension_months:
        if until is not None:
            yield Finding("endorsement.statement", FAIL, subject, "no-extension", values)
        return
    yield _extended(box, subject, end, until)


def _extended(
    box: Box, subject: str, end: datetime.date, until: datetime.date | None
) -> Finding:
    longest = add_months(end, box.extension_months)
    words = {
        "paragraph": box.paragraph, "regime": "ISM", "months": str(box.extension_months),
        "end": end.isoformat(), "until": until.isoformat() if until else "",
        "longest": longest.isoformat(),
    }  # fmt: skip
    good = until is not None and end < until <= longest
    return Finding(f"ism.{box.paragraph}", PASS if good else FAIL, subject, "extension", words)


def _unstated(case: Case) -> Iterator[Finding]:
    """Boxes that show or hold something no readable statement speaks of."""
    stated = {item.statement.box for item in endorsed(case) if item.statement}
    stating = {s.signature.index for s in case.signatures if s.signature.endorses}
    for box in case.evidence.boxes:
        if box.name in stated:
            continue
        values = {"box": box.name, "drawn": " / ".join(box.lines or ()), "detail": box.problem}
        silent = [index for index in box.seals if index not in stating]
        if silent:
            yield Finding("endorsement.statement", UNKNOWN, f"signature:{silent[0]}", "absent",
                          values, box.problem)  # fmt: skip
        elif box.lines or box.lines is None:
            yield Finding("endorsement.shown", FAIL, "file", "unstated", values, box.problem)
