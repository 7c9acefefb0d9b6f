"""The parts of the HTML report that show evidence: page pictures, seals, certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from elicense.crypto.certificate import Certificate
from elicense.crypto.ses import CHINA
from elicense.evidence import Seal, Signature
from elicense.findings import Finding, Outcome
from elicense.limits import Limits
from elicense.render import sheet_marks, summary
from elicense.render.markup import (
    Content,
    Markup,
    data_uri,
    element,
    join,
    png_uri,
    value,
    void,
)
from elicense.render.page_pictures import PagePicture, Pages, SealBox, seal_png
from elicense.render.sheet_marks import Mark
from elicense.report import Report
from elicense.verdict import Verdict

MARKS = {
    Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.WARN: "!",
    Outcome.SKIPPED: "–",
}  # fmt: skip
_SHOWN_PARTS = 6


def when(moment: datetime | None, words: Mapping[str, Any]) -> str:
    """A time in China (UTC+8), which is said."""
    if moment is None:
        return str(words["undated"])
    try:
        local = moment.astimezone(CHINA)
    except OverflowError:  # the last hours of year 9999
        local = moment
    return f"{local:%Y-%m-%d %H:%M:%S}{words['zone'] if local.tzinfo is CHINA else ' (UTC)'}"


def _day(moment: datetime | None, words: Mapping[str, Any]) -> str:
    return when(moment, words)[:10] if moment is not None else str(words["undated"])


def rows(pairs: list[tuple[str, Content]], *, wide: bool = False) -> Markup:
    """Labels and values as a description list; ``wide`` ones two abreast where there is room."""
    return element(
        "dl",
        *(element("div", element("dt", label), element("dd", shown)) for label, shown in pairs),
        class_="rows wide" if wide else "rows",
    )  # fmt: skip


def own_findings(report: Report, index: int) -> list[Finding]:
    """The findings on one signature and its timestamps."""
    stamps = f"timestamp:{index}."
    return [
        f for f in report.findings
        if f.subject == f"signature:{index}" or f.subject.startswith(stamps)
    ]  # fmt: skip


def seal_name(signature: Signature, words: Mapping[str, Any]) -> str:
    """What to call a signature: its seal's name, else its signer's."""
    if signature.seal is not None and signature.seal.name:
        return signature.seal.name
    return signature.signer.display if signature.signer else str(words["undated"])


# -- pages ------------------------------------------------------------------------------


def pages(report: Report, drawn: Pages, language: str) -> Markup:
    """The page pictures with the seals boxed, and why others are not there."""
    words = summary.words(language)
    return element(
        "aside", element("h2", words["pages"], id="pages"), figures(report, drawn, language),
        aria_labelledby="pages",
    )  # fmt: skip


def figures(report: Report, drawn: Pages, language: str) -> Markup:
    """The same without a title."""
    words = summary.words(language)
    outcomes = {
        s.index: summary.worst(own_findings(report, s.index), report.policy)
        for s in report.evidence.signatures
    }
    boxed = sheet_marks.marks(report, language)
    pictures = [
        _figure(report, item, outcomes, [m for m in boxed if m.page == item.page], words)
        for item in drawn.pictures
    ]
    problems = [
        element("p", (words["not_drawn"] if page is None else words["page_not_drawn"]).format(
            n=page, why=why), class_="note")
        for page, why in drawn.problems
    ]  # fmt: skip
    if drawn.left_out > 0:
        problems.append(element("p", words["left_out"].format(n=drawn.left_out), class_="note"))
    many = " many" if len(pictures) > 1 else ""
    return join(element("div", *pictures, class_=f"figures{many}"), *problems)


def _figure(
    report: Report, item: PagePicture, outcomes: Mapping[int, Outcome], marks: list[Mark],
    words: Mapping[str, Any],
) -> Markup:  # fmt: skip
    by_index = {s.index: s for s in report.evidence.signatures}
    seals = "".join(
        words["page_seal"].format(n=box.signature, name=seal_name(by_index[box.signature], words))
        for box in item.boxes
    )
    seals += "".join(f"{m.label}{words['colon']}{words[m.outcome]}. " for m in marks)
    caption = [words["page"].format(n=item.page)]
    if item.state:
        caption.append(words[item.state])
    if report.evidence.sheet:
        caption.append(words["sheet_claims"])
    elif report.verdict is not Verdict.VALID:
        caption.append(words["page_claims"])
    picture = element(
        "svg",
        element("image", href=data_uri(item.png, item.media), width=item.width,
                height=item.height),
        *(_box(box, outcomes[box.signature]) for box in item.boxes),
        *(_mark(mark, item.reduced) for mark in marks),
        viewBox=f"0 0 {item.width} {item.height}", role="img",
        aria_label=words["page_alt"].format(n=item.page, seals=seals),
    )  # fmt: skip
    note = words["fonts"].format(names=words["comma"].join(item.fonts)) if item.fonts else None
    return element(
        "figure", picture,
        element("figcaption", " · ".join(caption), None if note is None else f" · {note}"),
    )  # fmt: skip


def _box(box: SealBox, outcome: Outcome) -> Markup:
    return join(
        element("rect", x=_n(box.left), y=_n(box.top), width=_n(box.right - box.left),
                height=_n(box.bottom - box.top), class_=f"box {outcome}"),
        element("text", f"{box.signature} {MARKS[outcome]}", x=_n(box.left + 6),
                y=_n(max(30.0, box.top - 8)), class_=f"box-label {outcome}"),
    )  # fmt: skip


def _mark(mark: Mark, reduced: float) -> Markup:
    """A polygon around a code or a field; hovering or a reader's voice tells the readings."""
    points = [(x * reduced, y * reduced) for x, y in mark.points]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    title = f"{mark.label} {MARKS[mark.outcome]} {mark.detail}".strip()
    shape = element(
        "polygon", element("title", title),
        points=" ".join(f"{_n(x)},{_n(y)}" for x, y in points),
        class_=f"mark-{mark.kind} {mark.outcome}",
    )  # fmt: skip
    if mark.kind == "field" and mark.outcome is Outcome.PASS:
        return shape  # the boxes that agree need no words
    label = f"{mark.label} {MARKS[mark.outcome]}"
    return join(shape, element("text", label, x=_n(left), y=_n(max(24.0, top - 6)),
                               class_=f"mark-label {mark.outcome}"))  # fmt: skip


def _n(number: float) -> str:
    return f"{max(-9999.0, min(99999.0, number)):.1f}"


_OUTCOMES = {"match": Outcome.PASS, "differs": Outcome.FAIL, "unreadable": Outcome.UNKNOWN}


def comparison(report: Report, language: str) -> Markup:
    """The signed data in the order of the form, beside what was read on the sheet."""
    words = summary.words(language)
    body = [_compared(row, words) for row in summary.sheet_rows(report, language)]
    head = element(
        "tr", element("th", words["must_agree"]), element("th", words["signed_field"], scope="col"),
        element("th", words["on_sheet"], scope="col"),
    )  # fmt: skip
    return element("table", element("tbody", head, *body), class_="compare")


def _compared(row: summary.SheetRow, words: Mapping[str, Any]) -> Markup:
    label = f"{row.label} ●" if row.deciding else row.label
    if row.outcome is None:
        last = element("td", words["compare_by_eye"] if row.deciding else "", class_="UNKNOWN")
    else:
        outcome = _OUTCOMES[row.outcome]
        key = {"unreadable": "unreadable_field"}.get(row.outcome, row.outcome)
        said = join(f"{MARKS[outcome]} {words[key]} ", value(row.printed) if row.printed else "")
        last = element("td", said, class_=str(outcome))
    return element("tr", element("th", label, scope="row"), element("td", value(row.signed)), last)


# -- seals ------------------------------------------------------------------------------


def seals(report: Report, language: str, limits: Limits) -> Markup:
    """Every signature with its seal, certificates and timestamps."""
    words = summary.words(language)
    if report.evidence.sheet:
        return element(
            "section", element("h2", words["seals"], id="seals"),
            element("p", words["sheet_seals"]), aria_labelledby="seals", class_="seals",
        )  # fmt: skip
    cards = [_card(report, s, words, limits) for s in report.evidence.signatures]
    return element(
        "section", element("h2", words["seals"], id="seals"),
        *(cards or [element("p", words["none"])]), aria_labelledby="seals", class_="seals",
    )  # fmt: skip


def _card(report: Report, signature: Signature, words: Mapping[str, Any], limits: Limits) -> Markup:
    found = own_findings(report, signature.index)
    outcome = summary.worst(found, report.policy)
    kind = "signature" if signature.seal or signature.placements else "plain-signature"
    if signature.kind == "document-timestamp":
        kind = "document-timestamp"
    head = element(
        "h3",
        element("span", MARKS[outcome], class_="mark", aria_hidden="true"),
        f" {words[kind].format(n=signature.index)}{words['colon']}",
        value(seal_name(signature, words)),
        element("span", words[outcome], class_=f"badge {_badge(outcome)}"),
    )
    body = rows([*_signature_rows(report, signature, words)])
    return element(
        "article", head, body, _picture(signature.seal, words, limits), class_=f"card {outcome}"
    )


def _badge(outcome: Outcome) -> str:
    return "proven" if outcome is Outcome.PASS else "unproven"


def _picture(seal: Seal | None, words: Mapping[str, Any], limits: Limits) -> Markup | None:
    if seal is None:
        return None
    png = seal_png(seal.picture.data, limits)
    if png is None:
        return element("p", words["no_picture"], class_="seal")
    alt = words["seal_picture"].format(name=seal.name)
    return void("img", class_="seal", src=png_uri(png), alt=alt)


def _signature_rows(
    report: Report, signature: Signature, words: Mapping[str, Any]
) -> Iterator[tuple[str, Content]]:
    if signature.seal is not None:
        yield from _seal_rows(signature.seal, words)
    if signature.signer is not None:
        yield from _certificate_rows(words["signer"], signature.signer, words)
    if signature.algorithm:
        yield words["algorithm"], value(f"{signature.algorithm} · {signature.profile}")
    for number, token in enumerate(signature.timestamps, 1):
        names = {f"timestamp:{signature.index}.{number}"}
        if signature.kind == "document-timestamp":
            names.add(f"signature:{signature.index}")
        judged = [f for f in report.findings if f.code == "time.proof" and f.subject in names]
        good = summary.worst(judged, report.policy) is Outcome.PASS
        by = token.signer.display if token.signer else words["undated"]
        state = words["stamp_good" if good else "stamp_bad"]
        yield words["stamp"], join(when(token.time, words), " · ", value(by), f" · {state}")
    if signature.claimed_time is not None:
        yield words["claimed"], f"{when(signature.claimed_time, words)} {words['claim']}"
    yield words["covers"], value(_covers(signature, words))


def _covers(signature: Signature, words: Mapping[str, Any]) -> str:
    coverage = signature.coverage
    if coverage.whole:
        return str(words["covers_all"])
    if not coverage.uncovered:
        return str(words["covers_unknown"])
    parts = [part[:100] for part in coverage.uncovered[:_SHOWN_PARTS]]
    more = len(coverage.uncovered) - len(parts)
    listed = words["comma"].join(parts) + (f" … (+{more})" if more else "")
    return str(words["covers_part"]).format(parts=listed)


def _seal_rows(seal: Seal, words: Mapping[str, Any]) -> Iterator[tuple[str, Content]]:
    yield words["seal"], value(f"{seal.name} · {seal.id} · V{seal.version}")
    term = f"{_day(seal.valid_from, words)} – {_day(seal.valid_until, words)}"
    yield words["seal_term"], term
    if seal.maker is not None:
        yield words["maker"], value(seal.maker.subject)


def _certificate_rows(
    label: str, certificate: Certificate, words: Mapping[str, Any]
) -> Iterator[tuple[str, Content]]:
    yield label, value(certificate.subject)
    yield words["issuer"], value(certificate.issuer)
    term = f"{_day(certificate.not_before, words)} – {_day(certificate.not_after, words)}"
    yield words["term"], term
    yield words["serial"], element("span", format(certificate.serial, "x"), class_="mono")
    yield words["fingerprint"], element("span", certificate.fingerprint().hex(), class_="mono")
