"""Calendar months and anniversaries, month-ends clamped; nothing here ever raises.

Where the calendar ends (year 1, year 9999) a date stops at its first or last day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from elicense.months import add_months

CHINA = timezone(timedelta(hours=8))


def add_days(day: date, days: int) -> date:
    """``days`` later or earlier, at most to the ends of the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def last_reaching(day: date, months: int) -> date:
    """The latest date whose day ``months`` earlier is not after ``day``.

    Mostly ``add_months(day, months)``; later at month-ends: the three months before
    31 May begin on 28 February, so from 28 February one reaches 31 May.
    """
    found = add_months(day, months)
    while found < date.max and add_months(add_days(found, 1), -months) <= day:
        found = add_days(found, 1)
    return found


def anniversary(expiry: date, years_before: int) -> date:
    """The anniversary ``years_before`` years before expiry (ISM 1.1.11): its day and month,
    28 February for 29 February in a common year."""
    return add_months(expiry, -12 * years_before)


def anniversaries(start: date, expiry: date, *, most: int) -> Iterator[date]:
    """Those strictly between ``start`` and ``expiry``, the earliest first: the last ``most``."""
    count = 0
    while count < most and anniversary(expiry, count + 1) > max(start, date.min):
        count += 1
    for years in range(count, 0, -1):
        yield anniversary(expiry, years)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of days, both ends included; ``anchor`` is the anniversary it belongs to."""

    start: date
    end: date
    anchor: date | None = None

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day <= self.end


def window(anchor: date, *, before: int, after: int) -> Window:
    """``anchor`` − ``before`` … + ``after`` calendar months.

    >>> w = window(date(2024, 8, 31), before=3, after=3)
    >>> str(w.start), str(w.end)
    ('2024-05-31', '2024-11-30')
    """
    return Window(add_months(anchor, -before), add_months(anchor, after), anchor)


def china_day(moment: datetime) -> date:
    """The calendar day in China (UTC+8) of an aware time."""
    try:
        return moment.astimezone(CHINA).date()
    except OverflowError:
        return date.max if moment.year > 5000 else date.min
