"""The HTML report: one file, no script, nothing loaded, everything from the file escaped.

Same report and same bytes, same HTML. A strict Content-Security-Policy stands in the
page itself: even if a value did become markup, nothing would run or load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from elicense import findings as catalogue
from elicense.errors import Error
from elicense.findings import Finding, Outcome
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.maritime.dates import china_day
from elicense.maritime.facts import DOCS
from elicense.maritime.timeline import Span
from elicense.render import html_evidence as shown
from elicense.render import summary, term_line
from elicense.render.html_evidence import MARKS, rows, when
from elicense.render.html_page import about, banner, base_name, document, rests_on, test_note
from elicense.render.markup import Content, Markup, element, join, value
from elicense.render.page_pictures import Pages, draw
from elicense.render.timeline_svg import timeline_svg
from elicense.report import Report, own_version
from elicense.report import proven as passed
from elicense.together import report_spans
from elicense.verdict import Verdict, weigh


def render(
    report: Report,
    *,
    data: bytes | None = None,
    language: str = "zh",
    limits: Limits = DEFAULT_LIMITS,
) -> str:
    """The report as one HTML document, in ``zh`` or ``en``.

    ``data`` are the bytes that were judged: the pages are drawn from them. Without them, or
    if they are others, the report says that the pages are not drawn.
    """
    words = summary.words(language)
    pictures = drawn(report, data, words, limits)
    main = element(
        "div",
        _licence(report, language),
        _windows(report, language),
        _findings(report, language),
        shown.seals(report, language, limits),
        shown.pages(report, pictures, language),
        class_="columns",
    )
    name = base_name(report.file)
    head = join(_verdict(report, language), test_note(report.trust, words))
    return document(language, f"{words[report.verdict]} {name}", head, main, _foot(report, words))


def render_error(
    name: str, error: Error, *, at: datetime, now: datetime, language: str = "zh"
) -> str:
    """The page for a file that cannot be read at all."""
    words = summary.words(language)
    why = words["unreadable"].format(why=str(error))
    head = banner("UNREADABLE", "INDETERMINATE", why, words["unreadable_todo"], words)
    told: list[tuple[str, Content]] = [
        (words["file"], value(base_name(name))),
        (words["at"], when(at, words)),
        (words["now"], when(now, words)),
        (words["software"], f"elicense {own_version()}"),
    ]
    main = element(
        "section", element("h2", words["about"], id="findings"), rows(told),
        aria_labelledby="findings",
    )  # fmt: skip
    title = f"{words['UNREADABLE']} {base_name(name)}"
    return document(language, title, head, main, Markup(""))


def drawn(report: Report, data: bytes | None, words: Mapping[str, Any], limits: Limits) -> Pages:
    """The pages, drawn from the very bytes that were judged and from no others."""
    if data is None:
        return Pages(problems=((None, words["no_data"]),))
    if hashlib.sha256(data).hexdigest() != report.evidence.sha256:
        return Pages(problems=((None, words["changed"]),))
    return draw(data, report.evidence, limits=limits)


# -- head -------------------------------------------------------------------------------


def _verdict(report: Report, language: str) -> Markup:
    why, todo = summary.reason(report, language)
    verdict = str(report.verdict)
    return banner(verdict, verdict, why, todo, summary.words(language))


# -- licence ----------------------------------------------------------------------------


def _licence(report: Report, language: str) -> Markup:
    words, licence = summary.words(language), report.licence
    sheet = report.evidence.sheet
    proven = passed(report, "qr.signature") if sheet else report.verdict is Verdict.VALID
    known = "signed_data" if sheet else "proven"
    badge = element(
        "span", words[known if proven else "claims"],
        class_=f"badge {'proven' if proven else 'unproven'}",
    )  # fmt: skip
    if licence is None:
        return element(
            "section", element("h2", words["licence"], id="licence"),
            element("p", words["no_licence"]), aria_labelledby="licence", class_="licence",
        )  # fmt: skip
    pairs: list[tuple[str, Content]] = [
        (words["type"], element("strong", value(summary.title(licence, language))))
    ]
    if sheet:
        body = shown.comparison(report, language)
    else:
        pairs += [(label, value(item)) for label, item in summary.rows(licence, language)]
        body = rows(pairs, wide=True)
    return element(
        "section",
        element("h2", words["licence"], badge, id="licence"),
        element("div", body, class_=None if proven else "claims"),
        None if report_spans(report) else term_line.draw(
            licence, report.at, language, proven=proven
        ),
        aria_labelledby="licence",
        class_="licence",
    )


def _windows(report: Report, language: str) -> Markup | None:
    """The term of a DOC or SMC with its verification windows, as a line each."""
    licence, spans = report.licence, report_spans(report)
    if licence is None or not spans:
        return None
    part = "doc" if licence.type in DOCS else "smc"
    drawing = time_line([(part, span) for span in spans], report.at, language,
                        proven=report.verdict is Verdict.VALID)  # fmt: skip
    return element("div", drawing, class_=f"windows {part}")


def time_line(
    spans: Sequence[tuple[str, Span]], at: datetime, language: str, *, proven: bool
) -> Markup:
    """Terms and verification windows with the day of judgement; grey unless ``proven``."""
    drawing = Markup(timeline_svg(spans, today=china_day(at), language=language))
    return element("div", drawing, class_="timeline" if proven else "timeline unproven")


# -- findings ---------------------------------------------------------------------------


def _findings(report: Report, language: str) -> Markup:
    words = summary.words(language)
    groups = [
        _group(outcome, found, report, language)
        for outcome, found in summary.grouped(report).items()
        if found
    ]
    return element(
        "section", element("h2", words["findings"], id="findings"), *groups,
        aria_labelledby="findings", class_="findings",
    )  # fmt: skip


def _group(outcome: Outcome, found: list[Finding], report: Report, language: str) -> Markup:
    words = summary.words(language)
    return element(
        "div",
        element("h3", f"{words[outcome]} ({len(found)})"),
        element("ul", *(_finding(item, outcome, report, language) for item in found)),
        class_=str(outcome),
    )


def _finding(item: Finding, outcome: Outcome, report: Report, language: str) -> Markup:
    words = summary.words(language)
    return element(
        "li",
        element("span", MARKS[outcome], class_="mark", aria_hidden="true"),
        element("div", *_sentences(item, outcome, report, words, language)),
    )


def _sentences(
    item: Finding, outcome: Outcome, report: Report, words: Mapping[str, Any], language: str
) -> Iterator[Markup]:
    head = catalogue.question(item.code, language)
    many = len(report.evidence.signatures) > 1
    if many or not item.subject.startswith("signature:"):
        where = summary.subject(item.subject, language)
        head += words["in"].format(where=where) if where else ""
    yield element(
        "p", element("strong", head), words["colon"], value(summary.said(item, language)),
        class_="message",
    )  # fmt: skip
    advice = item.advice(language)
    if advice and outcome not in {Outcome.PASS, Outcome.SKIPPED}:
        yield element("p", f"{words['todo']}{advice}", class_="todo")
    notes = [item.code, item.clause, item.indication]
    if weigh(item, report.policy) is not item.outcome:
        notes.append(f"{item.outcome} → {outcome} ({report.policy.name})")
    if outcome is not Outcome.PASS:
        notes.append(item.detail)
    yield element("p", " · ".join(note for note in notes if note), class_="note")


# -- foot -------------------------------------------------------------------------------


def _foot(report: Report, words: Mapping[str, Any]) -> Markup:
    evidence = report.evidence
    pairs: list[tuple[str, Content]] = [
        (words["file"], value(base_name(report.file))),
        (words["sha256"], element("span", evidence.sha256, class_="mono")),
        (words["size"], f"{words['bytes'].format(n=evidence.size)} · {evidence.container.upper()}"),
        *rests_on(report.trust, report.at, report.now, report.policy, words),
    ]
    if evidence.sheet:
        told = words["compared_yes" if report.compared else "compared_no"]
        pairs.insert(3, (words["compared"], told))
    return about(pairs, words)
