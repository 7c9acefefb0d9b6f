"""The time line of DOC and SMC as text: terms and verification windows, drawn with plain marks.

Only ASCII stands in the drawing: other line-drawing characters are two columns wide on
some Chinese terminals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from elicense.maritime.timeline import Span
from elicense.months import add_months
from elicense.render.width import width, wrap

Timeline = Sequence[tuple[str, Span]]
_LABEL, _DATES, _MOST_YEARS = 24, 22, 10
_MARKS = {"validity": "=", "extension": "+", "renewal": "-"}
WORDS = {
    "zh": {
        "title": "时间线", "doc": "DOC", "smc": "SMC", "validity": "", "extension": "展期",
        "renewal": "换证审核", "intermediate": "中间审核", "annual": "年度审核{n}",
        "upcoming": "未到", "due_now": "应做", "done": "已做", "early": "过早", "late": "补做",
        "overdue": "逾期", "not_visible": "未显示", "in_force": "在有效期内", "expired": "已过期",
        "not_yet": "未生效", "open": "可进行", "past": "已过", "made": "签注 {day}",
        "legend": "= 有效期  # 审核期限  * 签注  + 展期  - 换证审核  | 核验日 {day}",
        "today": "核验日 {day}", "none": "没有可以显示的日期。",
    },
    "en": {
        "title": "Time line", "doc": "DOC", "smc": "SMC", "validity": "", "extension": "extension",
        "renewal": "renewal", "intermediate": "intermediate", "annual": "annual {n}",
        "upcoming": "upcoming", "due_now": "due now", "done": "done", "early": "early",
        "late": "late", "overdue": "overdue", "not_visible": "not shown", "in_force": "in term",
        "expired": "expired", "not_yet": "not yet", "open": "open", "past": "past",
        "made": "endorsed {day}",
        "legend": "= term  # verification window  * endorsed  + extension  - renewal  | {day}",
        "today": "judged for {day}", "none": "No dates to show.",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """Which days the drawing spans, at most ten years either side of ``today``."""

    first: date
    last: date

    def at(self, day: date, size: int) -> int:
        """The place of a day on a line of ``size``, from 0 to ``size`` − 1."""
        length = max(1, (self.last - self.first).days)
        inside = min(max(day, self.first), self.last)
        return (inside - self.first).days * (size - 1) // length


def scale(timeline: Timeline, today: date) -> Scale:
    """The span of days to draw: all there is, within reason."""
    first = min([today, *(span.start for _, span in timeline)])
    last = max([today, *(span.end for _, span in timeline)])
    return Scale(
        max(first, add_months(today, -12 * _MOST_YEARS)),
        min(last, add_months(today, 12 * _MOST_YEARS)),
    )


def label(part: str, span: Span, language: str) -> str:
    """What a row is: ``DOC in term``, ``annual 1 overdue``."""
    words = WORDS[language]
    if span.kind == "validity":
        return f"{words[part]}  {words[span.state]}"
    kind, _, number = span.kind.partition("-")
    name = words.get(kind, span.kind).format(n=number)
    return f"  {name} {words[span.state]}"


def draw(timeline: Timeline, *, today: date, language: str, columns: int = 80) -> Iterator[str]:
    """The lines of the drawing, none wider than ``columns`` (80 at least)."""
    words = WORDS[language]
    if not timeline:
        yield words["none"]
        return
    size = max(columns, 80) - _LABEL - _DATES - 2
    axis = scale(timeline, today)
    yield f"{_padded(words['title'])} {_years(axis, size)}".rstrip()
    for part, span in timeline:
        bar = _bar(span, axis, size, today)
        yield f"{_padded(label(part, span, language))} {bar} {span.start}..{span.end}"
    yield from wrap(words["legend"].format(day=today), columns)


def _padded(text: str) -> str:
    while width(text) > _LABEL:
        text = text[:-1]
    return text + " " * (_LABEL - width(text))


def _bar(span: Span, axis: Scale, size: int, today: date) -> str:
    cells = [" "] * size
    if span.end >= axis.first and span.start <= axis.last:
        for place in range(axis.at(span.start, size), axis.at(span.end, size) + 1):
            cells[place] = _MARKS.get(span.kind, "#")
        if span.end > axis.last:
            cells[-1] = ">"
        if span.start < axis.first:
            cells[0] = "<"
    if span.made is not None and axis.first <= span.made <= axis.last:
        cells[axis.at(span.made, size)] = "*"
    cells[axis.at(today, size)] = "|"
    return "".join(cells)


def year_marks(axis: Scale) -> list[tuple[int, date]]:
    """The years in the picture, each with the first of its days that is in it."""
    years = range(axis.first.year, axis.last.year + 1)
    return [(year, max(date(year, 1, 1), axis.first)) for year in years]


def _years(axis: Scale, size: int) -> str:
    """The number of each year that has room for it; the first one gives way to the second."""
    cells = [" "] * size
    marks = [(axis.at(day, size), year) for year, day in year_marks(axis)]
    if len(marks) > 1 and marks[1][0] < 5:
        del marks[0]
    free = 0
    for place, year in marks:
        if place >= free and place + 4 <= size:
            cells[place : place + 4] = f"{year:04}"
            free = place + 5
    return "".join(cells)
