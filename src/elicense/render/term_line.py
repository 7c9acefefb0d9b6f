"""The term of a licence as a line: from when, until when, and the time of judgement in it."""

from __future__ import annotations

from datetime import date, datetime

from elicense.crypto.ses import CHINA
from elicense.licence import OPEN_ENDED, Licence
from elicense.render.markup import Markup, element, join

_WIDTH, _HEIGHT, _SIDE = 600, 62, 14
_Y = 34
_WORDS = {
    "zh": {
        "from": "生效", "until": "到期", "open": "长期", "at": "核验时间", "in": "在有效期内",
        "before": "尚未生效", "after": "已过期", "line": "有效期", "endorsed": "签注",
        "none": "未载明",
    },
    "en": {
        "from": "from", "until": "until", "open": "no end", "at": "judged", "in": "within the term",
        "before": "not yet in force", "after": "expired", "line": "Term", "endorsed": "endorsement",
        "none": "not stated",
    },
}  # fmt: skip


def position(licence: Licence, at: datetime) -> str:
    """``in``, ``before`` or ``after``; empty where the licence names no dates."""
    start, end = _term(licence)
    day = at.astimezone(CHINA).date()
    if start is None and end is None:
        return ""
    if start is not None and day < start:
        return "before"
    return "after" if end is not None and end < day else "in"


def _term(licence: Licence) -> tuple[date | None, date | None]:
    validity = licence.validity
    return validity.valid_from or validity.issued, validity.valid_until


def draw(licence: Licence, at: datetime, language: str, *, proven: bool = True) -> Markup | None:
    """An inline SVG with its own text for those who do not see it; None without dates.

    A term that is not ``proven`` is a claim and never green.
    """
    start, end = _term(licence)
    where = position(licence, at)
    if not where or start is None or (end is not None and end < start):
        return None
    words = _WORDS[language]
    day = at.astimezone(CHINA).date()
    open_end = end is None or end >= OPEN_ENDED
    last = max(day, start) if end is None or open_end else max(day, end)
    first = min(day, start)
    span = max(1, (last - first).days)
    room = _WIDTH - 2 * _SIDE - (60 if open_end else 0)

    def x(moment: date) -> float:
        return round(_SIDE + room * (moment - first).days / span, 1)

    right = _WIDTH - _SIDE if end is None or open_end else x(end)
    until = (words["none"] if end is None else words["open"]) if open_end else f"{end}"
    spoken = f"{words['line']} {start} – {until}; {words['at']} {day}: {words[where]}"
    return element(
        "svg",
        element("title", spoken),
        _bar(x(start), right, where if proven else "claimed", open_end=open_end),
        *(_tick(x(item.date), f"{words['endorsed']} {item.date}") for item in licence.endorsements
          if item.date is not None and first <= item.date <= last),
        _label(x(start), _Y + 22, f"{words['from']} {start}", right=x(start) > _WIDTH * 0.6),
        None if right - x(start) < 230 else _label(
            right, _Y + 22, until if open_end else f"{words['until']} {until}", right=True
        ),
        _now(x(day), f"{words['at']} {day} · {words[where]}", where),
        class_="term", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=spoken,
    )  # fmt: skip


def _bar(left: float, right: float, where: str, *, open_end: bool) -> Markup:
    bar = element(
        "rect", x=left, y=_Y - 4, width=max(2.0, round(right - left, 1)), height=8, rx=2,
        class_=f"bar {where}",
    )  # fmt: skip
    if not open_end:
        return bar
    tip = f"{right - 8},{_Y - 9} {right + 8},{_Y} {right - 8},{_Y + 9}"
    return join(bar, element("polygon", points=tip, class_=f"bar {where}"))


def _tick(x: float, title: str) -> Markup:
    return element(
        "g", element("title", title),
        element("rect", x=x - 1.5, y=_Y - 8, width=3, height=16, class_="tick"),
    )  # fmt: skip


def _label(x: float, y: float, words: str, *, right: bool) -> Markup:
    return element("text", words, x=x, y=y, text_anchor="end" if right else "start")


def _now(x: float, words: str, where: str) -> Markup:
    anchor = "start" if x < _WIDTH * 0.3 else "end" if x > _WIDTH * 0.7 else "middle"
    return join(
        element("line", x1=x, x2=x, y1=_Y - 14, y2=_Y + 8, class_=f"now {where}"),
        element("text", words, x=x, y=_Y - 18, text_anchor=anchor, class_="now-label"),
    )
