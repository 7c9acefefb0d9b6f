"""The HTML report of ``inspect-ship``: DOC, SMC and ship on one sheet, with the time line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from elicense import findings as catalogue
from elicense.errors import Error
from elicense.findings import Finding, Outcome
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.render import html_evidence as shown
from elicense.render import joint, summary
from elicense.render.html import drawn, time_line
from elicense.render.html_evidence import MARKS, rows
from elicense.render.html_page import about, banner, base_name, document, rests_on, test_note
from elicense.render.markup import Content, Markup, element, join, value
from elicense.report import Report
from elicense.together import JointReport
from elicense.verdict import Verdict, weigh

_ORDER = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)


def render(
    report: JointReport,
    *,
    doc: bytes | None = None,
    smc: bytes | None = None,
    language: str = "zh",
    limits: Limits = DEFAULT_LIMITS,
) -> str:
    """The joint report as one HTML document, in ``zh`` or ``en``. ``doc`` and ``smc`` are the
    bytes that were judged; without them no pages are drawn."""
    words = summary.words(language)
    why, todo = joint.first(report, language)
    head = join(banner(str(report.verdict), str(report.verdict), why, todo, words),
                test_note(report.trust, words))  # fmt: skip
    data = {"doc": doc, "smc": smc}
    cards = [
        _certificate(name, part, data[name], language, limits) for name, part in report.parts
    ]
    main = join(
        _together(report, language),
        _time_line(report, language),
        element("div", *cards, class_="pair"),
    )
    title = f"{words[report.verdict]} {joint.heading(language)}"
    pairs: list[tuple[str, Content]] = [
        (name.upper(), element("span", value(base_name(part.file)), " ",
                               element("span", part.evidence.sha256, class_="mono")))
        for name, part in report.parts if isinstance(part, Report)
    ]  # fmt: skip
    pairs += rests_on(report.trust, report.at, report.now, report.policy, words)
    return document(language, title, head, main, about(pairs, words))


def _time_line(report: JointReport, language: str) -> Markup | None:
    if not report.timeline:
        return None
    return element(
        "section",
        element("h2", joint.time_line_title(language), id="timeline"),
        time_line(report.timeline, report.at, language, proven=report.verdict is Verdict.VALID),
        aria_labelledby="timeline",
    )


def _together(report: JointReport, language: str) -> Markup:
    seen = joint.seen(report, language)
    return element(
        "section",
        element("h2", joint.title("together", language), id="findings"),
        element("p", value(seen)) if seen else None,
        *_groups([f for f in report.findings if f.reason != "unreadable"], report, language),
        aria_labelledby="findings", class_="findings",
    )  # fmt: skip


def _certificate(
    name: str, part: Report | Error | None, data: bytes | None, language: str, limits: Limits
) -> Markup:
    words = summary.words(language)
    title = joint.title(name, language)
    if not isinstance(part, Report):
        word = joint.absent(part, language)
        badge = element("span", word, class_="badge unproven")
        return element(
            "section", element("h2", title, badge, id=name),
            element("p", value(str(part))) if part is not None else None, aria_labelledby=name,
        )  # fmt: skip
    proven = part.verdict is Verdict.VALID
    badge = element("span", words[part.verdict], class_=f"badge {part.verdict}")
    return element(
        "section",
        element("h2", title, badge, id=name),
        element(
            "p", value(base_name(part.file)), " · ", joint.alone(language),
            None if proven else element("span", words["claims"], class_="badge unproven"),
            class_="note",
        ),
        _licence(part, language, proven=proven),
        *_groups(_telling(part), part, language),
        _in_order(part, language),
        shown.figures(part, drawn(part, data, words, limits), language),
        aria_labelledby=name,
        class_="findings",
    )


def _licence(part: Report, language: str, *, proven: bool) -> Markup:
    words, licence = summary.words(language), part.licence
    if licence is None:
        return element("p", words["no_licence"])
    pairs: list[tuple[str, Content]] = [
        (words["type"], element("strong", value(summary.title(licence, language))))
    ]
    pairs += [(label, value(item)) for label, item in summary.rows(licence, language)]
    return element("div", rows(pairs), class_=None if proven else "claims")


def _telling(part: Report) -> list[Finding]:
    """Faults, open questions, and remarks on the rules: the rest is in the file's own report."""
    return [
        one for one in part.findings
        if weigh(one, part.policy) in {Outcome.FAIL, Outcome.UNKNOWN}
        or (weigh(one, part.policy) is Outcome.WARN and one.code.startswith("ism."))
    ]  # fmt: skip


def _in_order(part: Report, language: str) -> Markup | None:
    words = summary.words(language)
    names = dict.fromkeys(
        catalogue.question(one.code, language) for one in part.findings
        if weigh(one, part.policy) is Outcome.PASS
    )  # fmt: skip
    if not names:
        return None
    said = f"{words['PASS']}{words['colon']}{str(words['comma']).join(names)}"
    return element("p", element("span", "✓ ", class_="mark PASS"), said, class_="note")


def _groups(
    found: list[Finding], of: Report | JointReport, language: str
) -> Iterator[Markup]:
    words = summary.words(language)
    for outcome in _ORDER:
        own = [one for one in found if weigh(one, of.policy) is outcome]
        if own:
            yield element(
                "div",
                element("h3", f"{words[outcome]} ({len(own)})"),
                element("ul", *(_finding(one, outcome, words, language) for one in own)),
                class_=str(outcome),
            )


def _finding(
    one: Finding, outcome: Outcome, words: Mapping[str, Any], language: str
) -> Markup:
    advice = one.advice(language)
    told = [
        element("p", element("strong", catalogue.question(one.code, language)), words["colon"],
                value(summary.said(one, language)), class_="message"),
        element("p", f"{words['todo']}{advice}", class_="todo")
        if advice and outcome is not Outcome.PASS else None,
        element("p", " · ".join(x for x in (one.code, one.clause) if x), class_="note"),
    ]  # fmt: skip
    return element(
        "li", element("span", MARKS[outcome], class_="mark", aria_hidden="true"),
        element("div", *told),
    )  # fmt: skip
