"""The rules applied to one certificate on one day: an answer for each that applies.

Overdue is not invalid: withdrawing is an act of the issuer (13.5, 13.9), so a missing
verification leaves a question open. A term or extension longer than allowed is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from elicense.findings import Outcome
from elicense.maritime.dates import Window, last_reaching
from elicense.maritime.facts import (
    DOC_INTERIM,
    FULL,
    SMC,
    Certificate,
    Extension,
    extensions,
)
from elicense.maritime.rules import Limit, rule
from elicense.maritime.states import (
    BoxState,
    State,
    box_states,
    next_anniversary,
    renewal_window,
)
from elicense.months import add_months

PASS, FAIL, UNKNOWN, WARN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN
_TERMS = ("V2", "V8", "V16", "V17")


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer of one rule: outcome, a stable reason, and what fills the sentence."""

    rule: str
    outcome: Outcome
    reason: str
    values: dict[str, str] = field(default_factory=dict)
    box: str = ""

    @property
    def code(self) -> str:
        return rule(self.rule).code


def judge(found: Certificate, today: date) -> tuple[Ruling, ...]:
    """Every rule that applies to the certificate on ``today``, in order. Never raises."""
    return tuple(ruling for check in RULES for ruling in check(found, today))


def _ruling(
    limit: Limit, outcome: Outcome, reason: str, *, box: str = "", **values: date | str | int
) -> Ruling:
    words = {key: str(value) for key, value in values.items()}
    return Ruling(
        limit.rule, outcome, reason,
        {"regime": limit.regime, "paragraph": limit.cite, **words}, box,
    )  # fmt: skip


def anniversary_date(found: Certificate, today: date) -> Iterator[Ruling]:
    """V1: which day of the year counts."""
    limit = found.limit("V1")
    if limit is not None:
        coming = next_anniversary(found, today) or found.expiry
        yield _ruling(limit, PASS, "anniversary", expiry=found.expiry, next=coming)


def term(found: Certificate, _today: date) -> Iterator[Ruling]:
    """V2, V8, V16, V17: the longest term; for a renewed certificate V11–V13 decide."""
    for id in _TERMS:
        limit = found.limit(id)
        if limit is None:
            continue
        longest = add_months(found.begins, limit["months"])
        outcome, reason = PASS, "term"
        if found.expiry > longest:
            outcome, reason = _beyond(found, longest)
        yield _ruling(
            limit, outcome, reason, months=limit["months"], start=found.begins,
            until=found.expiry, longest=longest,
        )  # fmt: skip


def _beyond(found: Certificate, longest: date) -> tuple[Outcome, str]:
    """A term past its limit: allowed, not known, or a fault."""
    if found.type not in FULL:
        return FAIL, "term"
    renewed = _renewal_limit(found)
    if renewed is not None:
        return (PASS, "renewed") if found.expiry <= max(longest, renewed[1]) else (FAIL, "term")
    possible = latest_renewal(found)
    if possible is not None and found.expiry <= possible:
        return UNKNOWN, "renewal"
    return FAIL, "term"


def latest_renewal(found: Certificate) -> date | None:
    """The latest end that a renewal in time could give (V11), whatever the old expiry was."""
    limit = found.limit("V11")
    if limit is None:
        return None
    return add_months(last_reaching(found.begins, limit["before"]), limit["months"])


def _renewal_limit(found: Certificate) -> tuple[Limit, date] | None:
    """Which of V11–V13 a renewed certificate falls under, and the latest end it allows."""
    previous, completed = found.previous, found.completed
    limits = [found.limit(id) for id in ("V11", "V12", "V13")]
    in_time, long_before, after = limits
    if previous is None or previous.withdrawn or completed is None:
        return None
    if in_time is None or long_before is None:
        return None
    if completed > previous.expiry:
        return None if after is None else (after, add_months(previous.expiry, after["months"]))
    if completed >= add_months(previous.expiry, -in_time["before"]):
        return in_time, add_months(previous.expiry, in_time["months"])
    return long_before, add_months(completed, long_before["months"])


def renewed(found: Certificate, _today: date) -> Iterator[Ruling]:
    """V11, V12, V13: how long a renewed certificate may last, given the one before."""
    decided = _renewal_limit(found)
    if decided is None or found.previous is None or found.completed is None:
        return
    limit, longest = decided
    yield _ruling(
        limit, PASS if found.expiry <= longest else FAIL, "renewal", until=found.expiry,
        longest=longest, completed=found.completed, previous=found.previous.expiry,
    )  # fmt: skip
    begin = found.limit("V21")
    if begin is not None:
        first = add_months(found.previous.expiry, -begin["before"])
        if found.completed < first:
            yield _ruling(
                begin, WARN, "before", completed=found.completed, start=first,
                previous=found.previous.expiry,
            )  # fmt: skip


def verifications(found: Certificate, today: date) -> Iterator[Ruling]:
    """V4 and V9: every box that has been reached, and the next one to come."""
    told_next = False
    for box in box_states(found, today):
        ahead = box.state is State.UPCOMING or (
            box.state is State.NOT_VISIBLE and box.window is not None and today < box.window.start
        )
        if ahead and told_next:
            continue
        told_next = told_next or ahead
        yield _verification(box, today)


_OUTCOMES = {
    State.UPCOMING: PASS, State.DUE_NOW: PASS, State.DONE: PASS, State.LATE: WARN,
    State.OVERDUE: UNKNOWN,
}  # fmt: skip


def _verification(box: BoxState, today: date) -> Ruling:
    outcome = _OUTCOMES.get(box.state)
    if outcome is None:  # early, not visible: open once nothing can be done any more
        late = box.closed(today) or box.reason == "undated"
        outcome = UNKNOWN if late else WARN if box.state is State.EARLY else PASS
    reason = str(box.state).replace("_", "-")
    if box.reason in {"previously", "undated", "unlisted"}:
        reason = box.reason
    window = box.window or Window(date.min, date.max)
    return _ruling(
        box.limit, outcome, reason, box=box.kind, start=window.start, end=window.end,
        anniversary=window.anchor or window.end, made=box.made or "",
    )  # fmt: skip


def withdrawal_due(found: Certificate, today: date) -> Iterator[Ruling]:
    """V5 and V10: what the Code expects of the issuer when a verification was not made."""
    limit = found.limit("V5") or found.limit("V10")
    overdue = [box for box in box_states(found, today) if box.state is State.OVERDUE]
    if limit is not None and overdue and overdue[0].window is not None:
        yield _ruling(limit, WARN, "withdrawal", box=overdue[0].kind, end=overdue[0].window.end)


def visible(found: Certificate, today: date) -> Iterator[Ruling]:
    """V7: the copy on board must show the endorsements."""
    limit = found.limit("V7")
    if limit is None:
        return
    boxes = box_states(found, today)
    hidden = [box for box in boxes if box.state is State.NOT_VISIBLE]
    if found.endorsements is not None and not hidden:
        yield _ruling(limit, PASS, "visible")
        return
    needed = any(box.closed(today) or box.reason == "undated" for box in hidden)
    yield _ruling(limit, UNKNOWN if needed else WARN, "hidden")


def extended(found: Certificate, today: date) -> Iterator[Ruling]:
    """V14, V15, V18: no extension is longer than its paragraph allows, or made after expiry."""
    for item in extensions(found):
        yield _extension(found, item, today)


def _extension(found: Certificate, item: Extension, today: date) -> Ruling:
    until, made = item.endorsement.valid_until, item.endorsement.date
    outcome, reason = PASS, "extension"
    if until is None or made is None:
        outcome, reason = UNKNOWN, "extension-undated"
    elif not found.expiry < until <= item.longest:
        outcome = FAIL
    elif made > found.expiry:
        outcome, reason = UNKNOWN, "extension-late"
    elif made > today:
        outcome, reason = WARN, "extension-later"
    return _ruling(
        item.limit, outcome, reason, box=item.endorsement.kind, until=until or "", made=made or "",
        end=found.expiry, months=item.limit["months"], longest=item.longest,
    )  # fmt: skip


def completed_after_expiry(found: Certificate, today: date) -> Iterator[Ruling]:
    """V13 on the old SMC: a renewal verification endorsed as completed after expiry extends
    nothing; the new certificate says until when."""
    limit = found.limit("V13")
    for item in found.boxes("extension-13.12") if found.type == SMC else ():
        if limit is not None and item.date is not None and item.date <= today:
            yield _ruling(
                limit, WARN, "after-expiry", made=item.date, end=found.expiry,
                longest=add_months(found.expiry, limit["months"]),
            )  # fmt: skip


def renewal(found: Certificate, today: date) -> Iterator[Ruling]:
    """V21: in the last six months the renewal verification may be under way."""
    limit, window = found.limit("V21"), renewal_window(found)
    if limit is None or window is None:
        return
    state = "open" if today in window else "ahead" if today < window.start else ""
    if state:
        yield _ruling(limit, PASS, state, start=window.start, until=found.expiry)


def reissued(found: Certificate, _today: date) -> Iterator[Ruling]:
    """V22: what may follow a withdrawn DOC."""
    limit, previous = found.limit("V22"), found.previous
    if limit is None or previous is None or not previous.withdrawn:
        return
    if found.type == DOC_INTERIM:
        yield _ruling(limit, FAIL, "interim", previous=previous.expiry)
        return
    outcome = PASS
    if found.expiry != previous.expiry:
        outcome = FAIL if found.expiry > previous.expiry else WARN
    yield _ruling(limit, outcome, "keeps", until=found.expiry, previous=previous.expiry)


RULES: tuple[Callable[[Certificate, date], Iterator[Ruling]], ...] = (
    anniversary_date,
    term,
    renewed,
    reissued,
    visible,
    verifications,
    withdrawal_due,
    renewal,
    extended,
    completed_after_expiry,
)

