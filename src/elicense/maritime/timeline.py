"""Validity and verification windows of one certificate as spans of days, for drawing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from elicense.maritime.dates import add_days
from elicense.maritime.facts import FULL, Certificate, effective_expiry
from elicense.maritime.states import State, box_states, renewal_window


@dataclass(frozen=True, slots=True)
class Span:
    """``kind`` is ``validity``, ``extension``, ``renewal`` or the name of a box; both ends
    included. ``state`` is a :class:`State`, or ``in_force``, ``expired``, ``not_yet``;
    ``made`` the day of the endorsement in the box."""

    kind: str
    start: date
    end: date
    state: str
    made: date | None = None
    paragraph: str = ""


def spans(found: Certificate, today: date) -> tuple[Span, ...]:
    """The term first, then boxes in order, extension and renewal."""
    return tuple(_spans(found, today))


def _spans(found: Certificate, today: date) -> Iterator[Span]:
    end = effective_expiry(found, today)
    yield Span("validity", min(found.start, found.expiry), found.expiry, _force(found, end, today))
    if end > found.expiry:
        first = add_days(found.expiry, 1)
        yield Span("extension", first, end, _between(first, end, today))
    for box in box_states(found, today):
        if box.window is None:
            continue
        yield Span(
            box.kind, box.window.start, box.window.end, str(box.state), box.made,
            box.limit.paragraph,
        )  # fmt: skip
    window = renewal_window(found)
    if found.type in FULL and window is not None:
        yield Span("renewal", window.start, window.end, _between(window.start, window.end, today))


def _force(found: Certificate, end: date, today: date) -> str:
    if today < found.start:
        return "not_yet"
    return "in_force" if today <= end else "expired"


def _between(start: date, end: date, today: date) -> str:
    if today < start:
        return str(State.UPCOMING)
    return "open" if today <= end else "past"
