"""The state of each endorsement box on one day (V4 annual, V9 intermediate)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from elicense.licence import Endorsement
from elicense.maritime.dates import Window, add_days, anniversaries, anniversary
from elicense.maritime.dates import window as window_of
from elicense.maritime.facts import DOC, PREVIOUSLY, SIGNED, SMC, Certificate
from elicense.maritime.rules import Limit
from elicense.months import add_months

ANNUAL_BOXES = 4  # on the form of the DOC (A.1188(33))
INTERMEDIATE = "intermediate"


class State(StrEnum):
    """Of one box on one day. ``not_visible``: the list or the date is absent or masked."""

    UPCOMING = "upcoming"
    DUE_NOW = "due_now"
    DONE = "done"
    EARLY = "early"
    LATE = "late"
    OVERDUE = "overdue"
    NOT_VISIBLE = "not_visible"


@dataclass(frozen=True, slots=True)
class BoxState:
    """``kind`` names the box, ``limit`` the rule; ``made`` is the day of the endorsement, None
    where there is none (or none yet). ``reason`` refines the state: ``previously``,
    ``unlisted``, ``undated``; ``window`` is None where the box belongs to no anniversary of
    this term."""

    kind: str
    state: State
    window: Window | None
    limit: Limit
    made: date | None = None
    reason: str = ""

    def closed(self, today: date) -> bool:
        """Is the time for this verification over?"""
        return self.window is not None and today > self.window.end


def box_states(found: Certificate, today: date) -> tuple[BoxState, ...]:
    """The boxes that belong to this term: annual ones of a DOC, the intermediate of an SMC."""
    if found.type == DOC:
        return tuple(_annual(found, today))
    if found.type == SMC:
        return tuple(_intermediate(found, today))
    return ()


def annual_windows(found: Certificate) -> dict[int, Window]:
    """The window of each annual box, by number (V4).

    With a term of five years box k belongs to expiry − (5 − k) years. A shorter term has
    fewer anniversaries: they belong to the first boxes, or to the last ones where the first
    are marked as previously carried out (a document that keeps an older one's expiry).
    """
    limit = found.limit("V4")
    if limit is None:
        return {}
    anchors = list(anniversaries(found.begins, found.expiry, most=ANNUAL_BOXES))
    missing = ANNUAL_BOXES - len(anchors)
    first = 1
    if missing and all(_previously(found, k) for k in range(1, missing + 1)):
        first = missing + 1
    before, after = limit["before"], limit["after"]
    return {
        k: window_of(anchor, before=before, after=after) for k, anchor in enumerate(anchors, first)
    }


def _previously(found: Certificate, number: int) -> bool:
    return any(item.state == PREVIOUSLY for item in found.boxes(f"annual-{number}"))


def _annual(found: Certificate, today: date) -> Iterator[BoxState]:
    limit = found.limit("V4")
    if limit is None:
        return
    windows = annual_windows(found)
    for number in range(1, ANNUAL_BOXES + 1):
        kind = f"annual-{number}"
        window, items = windows.get(number), found.boxes(kind)
        if window is None and not items:
            continue
        if found.endorsements is None:
            yield BoxState(kind, State.NOT_VISIBLE, window, limit, reason="unlisted")
        elif window is None:
            yield _without_window(kind, items[-1], limit)
        else:
            yield _state(kind, items[-1:], window, limit, today)


def _without_window(kind: str, item: Endorsement, limit: Limit) -> BoxState:
    """A box that no anniversary of the term belongs to, but that is marked."""
    reason = "previously" if item.state == PREVIOUSLY else ""
    return BoxState(kind, State.DONE, None, limit, made=item.date, reason=reason)


def intermediate_window(found: Certificate) -> Window | None:
    """Between the second and third anniversary date where the term is of five years (V9);
    else the whole term: some day before expiry."""
    limit = found.limit("V9")
    if limit is None:
        return None
    if found.expiry >= add_months(found.begins, limit["shortest"]):
        years = limit["years"]
        return Window(
            anniversary(found.expiry, years - limit["from"]),
            anniversary(found.expiry, years - limit["to"]),
        )
    return Window(min(found.begins, found.expiry), found.expiry)


def _intermediate(found: Certificate, today: date) -> Iterator[BoxState]:
    limit, window = found.limit("V9"), intermediate_window(found)
    if limit is None or window is None:
        return
    if found.endorsements is None:
        yield BoxState(INTERMEDIATE, State.NOT_VISIBLE, window, limit, reason="unlisted")
        return
    items = found.boxes(INTERMEDIATE)
    made = [e for e in items if e.state == SIGNED and e.date is not None and e.date <= today]
    if len(made) > 1:  # then none of them has a fixed place
        yield BoxState(INTERMEDIATE, State.DONE, window, limit, made=made[-1].date, reason="more")
        return
    yield _state(INTERMEDIATE, tuple(made) or items[-1:], window, limit, today)


def _state(
    kind: str, items: tuple[Endorsement, ...], window: Window, limit: Limit, today: date
) -> BoxState:
    item = items[-1] if items else None
    if item is not None and item.state == PREVIOUSLY:
        return BoxState(kind, State.DONE, window, limit, item.date, "previously")
    if item is not None and item.date is None:
        return BoxState(kind, State.NOT_VISIBLE, window, limit, reason="undated")
    if item is None or item.date is None or item.date > today:
        state = _open(window, today)
        return BoxState(kind, state, window, limit)
    return BoxState(kind, _made(window, item.date), window, limit, item.date)


def _open(window: Window, today: date) -> State:
    if today < window.start:
        return State.UPCOMING
    return State.DUE_NOW if today <= window.end else State.OVERDUE


def _made(window: Window, day: date) -> State:
    if day < window.start:
        return State.EARLY
    return State.DONE if day <= window.end else State.LATE


def renewal_window(found: Certificate) -> Window | None:
    """When a renewal verification may be made: the months before expiry (V21)."""
    limit = found.limit("V21")
    if limit is None:
        return None
    return Window(add_months(found.expiry, -limit["before"]), found.expiry, found.expiry)


def next_anniversary(found: Certificate, today: date) -> date | None:
    """The first anniversary date on or after ``today``, up to expiry itself."""
    last = add_days(today, -1)
    years = max(0, found.expiry.year - today.year) + 1
    return next(
        (day for k in range(years, -1, -1) if (day := anniversary(found.expiry, k)) > last), None
    )
