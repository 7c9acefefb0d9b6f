"""The time line of DOC and SMC as an SVG for HTML: no script, no style sheet, nothing loaded.

Every state is written beside its bar: colour alone never says anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from html import escape

from elicense.maritime.timeline import Span
from elicense.render.timeline import WORDS, Scale, Timeline, label, scale, year_marks

_WIDTH, _LABEL, _DATES, _ROW, _TOP = 760, 190, 170, 22, 34
_LEFT, _RIGHT = _LABEL + 10, _WIDTH - _DATES - 10
_GREY, _INK = "#777777", "#222222"
_COLOURS = {
    "in_force": "#2e7d32", "expired": "#b71c1c", "not_yet": "#777777", "upcoming": "#b0bec5",
    "due_now": "#f9a825", "done": "#66a96a", "early": "#ef6c00", "late": "#ef6c00",
    "overdue": "#c62828", "not_visible": "#9e9e9e", "open": "#90a4ae", "past": "#cfd8dc",
}  # fmt: skip


def timeline_svg(timeline: Timeline, *, today: date, language: str) -> str:
    """One ``<svg>`` element in ``zh`` or ``en``; empty where there is nothing to draw.

    ``timeline`` as :attr:`elicense.JointReport.timeline` gives it, or
    ``[("doc", span), …]`` of :func:`elicense.together.report_spans`.
    """
    if not timeline:
        return ""
    words, axis = WORDS[language], scale(timeline, today)
    height = _TOP + _ROW * len(timeline) + 12
    spoken = "; ".join(
        f"{label(part, span, language).strip()} {span.start}..{span.end}" for part, span in timeline
    )
    rows = "".join(
        _row(part, span, axis, _TOP + _ROW * index, language)
        for index, (part, span) in enumerate(timeline)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(words["title"])}" font-family="sans-serif" font-size="11" '
        f'class="timeline">'
        f"<title>{escape(words['title'])}</title><desc>{escape(spoken)}</desc>"
        f"{''.join(_years(axis, height))}{rows}{_today(axis, today, height, words)}</svg>"
    )


def _x(axis: Scale, day: date) -> float:
    return round(_LEFT + axis.at(day, 10_001) * (_RIGHT - _LEFT) / 10_000, 1)


def _row(part: str, span: Span, axis: Scale, y: int, language: str) -> str:
    name = label(part, span, language)
    indent = 14 if name.startswith(" ") else 0
    weight = ' font-weight="bold"' if not indent else ""
    text = (
        f'<text x="{indent}" y="{y + 14}" fill="{_INK}"{weight}>{escape(name.strip())}</text>'
        f'<text x="{_RIGHT + 10}" y="{y + 14}" fill="{_GREY}">{span.start} – {span.end}</text>'
    )
    return text + _bar(span, axis, y, language)


def _bar(span: Span, axis: Scale, y: int, language: str) -> str:
    if span.end < axis.first or span.start > axis.last:
        return ""
    left, right = _x(axis, span.start), _x(axis, span.end)
    thick = 12 if span.kind == "validity" else 8
    bar = (
        f'<rect x="{left}" y="{y + 10 - thick // 2}" width="{max(2.0, round(right - left, 1))}" '
        f'height="{thick}" rx="2" fill="{_COLOURS[span.state]}"/>'
    )
    if span.made is None or not axis.first <= span.made <= axis.last:
        return bar
    title = escape(WORDS[language]["made"].format(day=span.made))
    return bar + (
        f'<circle cx="{_x(axis, span.made)}" cy="{y + 10}" r="4" fill="#ffffff" '
        f'stroke="{_INK}" stroke-width="1.5"><title>{title}</title></circle>'
    )


def _years(axis: Scale, height: int) -> Iterator[str]:
    marks = [(_x(axis, day), year, day) for year, day in year_marks(axis)]
    narrow = len(marks) > 1 and marks[1][0] - marks[0][0] < 32  # then the first gives way
    free = marks[1][0] if narrow else 0.0
    for x, year, day in marks:
        if (day.month, day.day) == (1, 1):
            yield (
                f'<line x1="{x}" x2="{x}" y1="{_TOP - 4}" y2="{height - 8}" '
                f'stroke="#dddddd" stroke-width="1"/>'
            )
        if x >= free and x + 26 <= _RIGHT:
            yield f'<text x="{x + 2}" y="{_TOP - 8}" fill="{_GREY}">{year:04}</text>'
            free = x + 32


def _today(axis: Scale, today: date, height: int, words: dict[str, str]) -> str:
    x = _x(axis, today)
    anchor = "start" if x < (_LEFT + _RIGHT) / 2 else "end"
    said = escape(words["today"].format(day=today))
    return (
        f'<line x1="{x}" x2="{x}" y1="14" y2="{height - 8}" stroke="#1565c0" stroke-width="1.5"/>'
        f'<text x="{x}" y="10" fill="#1565c0" text-anchor="{anchor}">{said}</text>'
    )
