"""The HTML report: one file, no script, nothing loaded, everything from the file escaped.

Same report and same bytes, same HTML. A strict Content-Security-Policy stands in the
page itself: even if a value did become markup, nothing would run or load.
"""

from __future__ import annotations

import base64
import hashlib
import re
import string
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from elicense import findings as catalogue
from elicense.errors import Error
from elicense.findings import Finding, Outcome
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.render import html_evidence as shown
from elicense.render import summary, term_line
from elicense.render.html_evidence import MARKS, rows, when
from elicense.render.markup import Content, Markup, element, join, text, value
from elicense.render.page_pictures import Pages, draw
from elicense.report import Report, own_version
from elicense.report import proven as passed
from elicense.verdict import Verdict, weigh

_SIGNS = {
    "VALID": ("circle", "M28 52 L44 68 L74 34"),
    "INVALID": ("octagon", "M34 34 L66 66 M66 34 L34 66"),
    "INDETERMINATE": ("triangle", "M39 47 C39 33 61 33 61 47 C61 56 50 55 50 66"),
}


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
    drawn = _drawn(report, data, words, limits)
    main = element(
        "div",
        _licence(report, language),
        _findings(report, language),
        shown.seals(report, language, limits),
        shown.pages(report, drawn, language),
        class_="columns",
    )
    name = _base_name(report.file)
    head = join(_verdict(report, language), _test(report, words))
    return _document(language, f"{words[report.verdict]} {name}", head, main, _foot(report, words))


def render_error(
    name: str, error: Error, *, at: datetime, now: datetime, language: str = "zh"
) -> str:
    """The page for a file that cannot be read at all."""
    words = summary.words(language)
    why = words["unreadable"].format(why=str(error))
    head = _banner("UNREADABLE", "INDETERMINATE", why, words["unreadable_todo"], words)
    about: list[tuple[str, Content]] = [
        (words["file"], value(_base_name(name))),
        (words["at"], when(at, words)),
        (words["now"], when(now, words)),
        (words["software"], f"elicense {own_version()}"),
    ]
    main = element(
        "section", element("h2", words["about"], id="findings"), rows(about),
        aria_labelledby="findings",
    )  # fmt: skip
    title = f"{words['UNREADABLE']} {_base_name(name)}"
    return _document(language, title, head, main, Markup(""))


def _document(language: str, title: str, head: Markup, main: Markup, foot: Markup) -> str:
    words = summary.words(language)
    style, style_hash = _style()
    return _template().substitute(
        lang=text(words["lang"]), title=text(title), style=style, style_hash=style_hash,
        skip=text(words["skip"]), head=head, main=main, foot=foot,
    )  # fmt: skip


@cache
def _template() -> string.Template:
    return string.Template(Path(__file__).with_name("report.html").read_text("utf-8"))


@cache
def _style() -> tuple[str, str]:
    """The style sheet and the hash that alone lets it in."""
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return style, f"sha256-{digest}"


def _base_name(name: str) -> str:
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1] or name


def _drawn(report: Report, data: bytes | None, words: Mapping[str, Any], limits: Limits) -> Pages:
    if data is None:
        return Pages(problems=((None, words["no_data"]),))
    if hashlib.sha256(data).hexdigest() != report.evidence.sha256:
        return Pages(problems=((None, words["changed"]),))
    return draw(data, report.evidence, limits=limits)


# -- head -------------------------------------------------------------------------------


def _verdict(report: Report, language: str) -> Markup:
    why, todo = summary.reason(report, language)
    verdict = str(report.verdict)
    return _banner(verdict, verdict, why, todo, summary.words(language))


def _banner(word: str, sign: str, why: str, todo: str, words: Mapping[str, Any]) -> Markup:
    """Word, colour and shape each say the verdict alone."""
    return element(
        "header",
        element("p", words["title"], class_="product"),
        element(
            "div",
            _sign(sign),
            element(
                "div",
                element("h1", words[word]),
                element("p", why, class_="why"),
                element("p", f"{words['todo']}{todo}", class_="todo") if todo else None,
            ),
            class_=f"verdict {word}",
        ),
    )


def _sign(verdict: str) -> Markup:
    """A disc with a tick, an octagon with a cross, a triangle with a question mark."""
    kind, path = _SIGNS[verdict]
    if kind == "circle":
        shape = element("circle", cx=50, cy=50, r=48, class_="shape")
    elif kind == "octagon":
        shape = element(
            "polygon", points="30,2 70,2 98,30 98,70 70,98 30,98 2,70 2,30", class_="shape"
        )
    else:
        shape = element("polygon", points="50,4 99,92 1,92", class_="shape")
    dot = element("circle", cx=50, cy=80, r=5.5, class_="dot") if kind == "triangle" else None
    return element(
        "svg", shape, element("path", d=path, class_="sign"), dot, viewBox="0 0 100 100",
        aria_hidden="true",
    )  # fmt: skip


def _test(report: Report, words: Mapping[str, Any]) -> Markup | None:
    return element("p", words["test"], class_="test", role="note") if report.trust.test else None


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
        term_line.draw(licence, report.at, language, proven=proven),
        aria_labelledby="licence",
        class_="licence",
    )


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
        (words["file"], value(_base_name(report.file))),
        (words["sha256"], element("span", evidence.sha256, class_="mono")),
        (words["size"], f"{words['bytes'].format(n=evidence.size)} · {evidence.container.upper()}"),
        (words["trust"], value(report.trust.name)),
        (words["at"], when(report.at, words)),
        (words["trust_issued"], _age(report, words)),
        (words["now"], when(report.now, words)),
        (words["trust_next"], _next(report, words)),
        (words["policy"], value(report.policy.name)),
        (words["trust_digest"], element("span", report.trust.digest, class_="mono")),
        (words["software"], f"elicense {own_version()}"),
    ]
    if evidence.sheet:
        told = words["compared_yes" if report.compared else "compared_no"]
        pairs.insert(3, (words["compared"], told))
    return element(
        "footer",
        element("h2", words["about"], id="about"),
        rows(pairs, wide=True),
        aria_labelledby="about",
    )


def _age(report: Report, words: Mapping[str, Any]) -> str:
    issued = report.trust.issued
    if issued is None:
        return str(words["undated"])
    days = (report.now - issued).days
    return str(words["trust_age"]).format(date=when(issued, words)[:10], days=days)


def _next(report: Report, words: Mapping[str, Any]) -> str:
    due = report.trust.next_update
    if due is None:
        return str(words["undated"])
    shown_date = when(due, words)[:10]
    return shown_date if report.now <= due else str(words["trust_late"]).format(date=shown_date)
