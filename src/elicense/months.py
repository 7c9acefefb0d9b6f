"""Calendar months, month ends clamped; nothing here ever raises."""

from __future__ import annotations

import calendar
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=1024)
def add_months(day: date, months: int) -> date:
    """The same day ``months`` later (or earlier), the month's last day where there is none.

    >>> add_months(date(2024, 8, 31), 3)
    datetime.date(2024, 11, 30)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > 9999:
        return date.max
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
