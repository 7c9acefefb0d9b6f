"""A report as a person reads it on a terminal: the verdict, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from elicense import findings as catalogue
from elicense.crypto.ses import CHINA
from elicense.findings import Finding, Outcome
from elicense.profiles import find
from elicense.render import summary as _said
from elicense.render.width import safe, wrap
from elicense.report import Report, proven
from elicense.verdict import Verdict, weigh

_MARKS = {
    Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.WARN: "!",
    Outcome.SKIPPED: "–",
}  # fmt: skip
_COLOURS = {
    Outcome.PASS: "32", Outcome.FAIL: "31", Outcome.UNKNOWN: "33", Outcome.WARN: "33",
    Outcome.SKIPPED: "2",
}  # fmt: skip
_VERDICT_COLOURS = {Verdict.VALID: "1;32", Verdict.INVALID: "1;31", Verdict.INDETERMINATE: "1;33"}
_WORDS = {
    "zh": {
        Verdict.VALID: "有效 VALID",
        Verdict.INVALID: "无效 INVALID",
        Verdict.INDETERMINATE: "待定 INDETERMINATE",
        "missing": "以下各项没有得到证明：{names}。",
        "why": "依据", "open": "未能确认", "faults": "问题", "remarks": "提示",
        "passed": "已核对无误", "holder": "持证主体", "issuer": "颁发机构", "until": "有效期至",
        "number": "编号", "at": "核验时间", "file": "文件", "licence": "证照", "trust": "信任名录",
        "claims": "文件自称（未经证实）：",
        "signed": "签名数据（已证实），请与纸面逐栏对照（□ 须由人核对，✓ 识读一致，✗ 不一致）：",
        "on_sheet": "纸面读作：",
        "signature": "第{n}枚印章", "document-timestamp": "文档时间戳{n}", "timestamp": "时间戳{n}",
        "qr": "二维码{n}", "ship": "船舶", "more": "（-v 显示全部核对项目）", "todo": "怎么办：",
        "seals": "印章", "attestation": "颁证机构对数据的签名",
    },
    "en": {
        Verdict.VALID: "VALID",
        Verdict.INVALID: "INVALID",
        Verdict.INDETERMINATE: "INDETERMINATE",
        "missing": "Not proven: {names}.",
        "why": "Checked", "open": "Open questions", "faults": "Faults", "remarks": "Remarks",
        "passed": "In order", "holder": "Holder", "issuer": "Issuer", "until": "Valid until",
        "number": "No.", "at": "Judged at", "file": "file", "licence": "licence",
        "trust": "trust store", "claims": "The file says (unproven):",
        "signed": "Signed data (proven), to compare with the sheet (□ by eye, ✓ read and agrees, "
        "✗ differs):", "on_sheet": "read on the sheet: ",
        "signature": "seal {n}", "document-timestamp": "timestamp {n}",
        "timestamp": "timestamp {n}", "qr": "QR {n}", "ship": "Ship",
        "more": "(-v shows every check)", "todo": "What to do: ", "seals": "Seals",
        "attestation": "the issuer's signature in the data",
    },
}  # fmt: skip
_CATEGORIES = {
    "zh": {
        "integrity": "内容完整", "coverage": "覆盖范围", "signature": "签名", "chain": "证书链",
        "authority": "签发权限", "time": "时间", "revocation": "吊销", "status": "证照状态",
        "dates": "有效期", "rules": "规则", "qr": "二维码签名", "sheet": "纸面与签名数据一致",
    },
    "en": {"qr": "signature of the QR", "sheet": "sheet agrees with the signed data"},
}  # fmt: skip


_ROW_OUTCOMES = {"match": Outcome.PASS, "differs": Outcome.FAIL, "unreadable": Outcome.UNKNOWN}
_ROWS = {word: _MARKS[outcome] for word, outcome in _ROW_OUTCOMES.items()}


@dataclass(frozen=True, slots=True)
class Style:
    """How to print: language, columns, colour, and how much."""

    language: str = "en"
    columns: int = 80
    colour: bool = False
    verbose: bool = False


def summary(report: Report, style: Style) -> str:
    """One line: verdict, file, and the reason that decided."""
    words = _WORDS[style.language]
    line = f"{words[report.verdict]}  {safe(report.file)}"
    if report.deciding:
        lead = _said.lead(report, style.language)
        line += f"  {safe(lead + report.deciding[0].message(style.language))}"
    return line


def render(report: Report, style: Style) -> str:
    """The whole report as text that ends with a newline."""
    return "\n".join(_lines(report, style)) + "\n"


def _lines(report: Report, style: Style) -> Iterator[str]:
    words = _WORDS[style.language]
    head = _paint(words[report.verdict], _VERDICT_COLOURS[report.verdict], style)
    name = wrap(safe(report.file), max(20, style.columns - len(words[report.verdict]) - 8))
    yield f"{head}  {name[0]}"
    yield from (f"  {rest}" for rest in name[1:])
    yield from _reason(report, style)
    yield from _licence(report, style)
    yield from _sections(report, style)


def _reason(report: Report, style: Style) -> Iterator[str]:
    words = _WORDS[style.language]
    if report.verdict is Verdict.VALID:
        yield from _block(_said.valid(report, style.language), style, "  ")
        return
    if report.deciding:
        first = report.deciding[0]
        lead = _said.lead(report, style.language)
        yield from _block(lead + first.message(style.language), style, "  ")
        advice = first.advice(style.language)
        if advice:
            yield from _block(words["todo"] + advice, style, "  ")
        return
    names = _CATEGORIES[style.language]
    absent = [names.get(category, category) for category in report.missing]
    comma = "、" if style.language == "zh" else ", "
    yield from _block(words["missing"].format(names=comma.join(absent)), style, "  ")


def _licence(report: Report, style: Style) -> Iterator[str]:
    licence = report.licence
    if licence is None:
        return
    if report.evidence.sheet:
        yield from _sheet(report, style)
        return
    words = _WORDS[style.language]
    profile = find(licence.type)
    title = profile.title(style.language) if profile else licence.type
    yield ""
    if report.verdict is not Verdict.VALID:
        yield from _block(words["claims"], style, "  ")
    yield from _block(f"{title}  {words['number']} {licence.number}", style, "  ")
    yield from _block(f"{words['holder']}: {_holder(report)}", style, "  ")
    ship = licence.fields.get("ship_name")
    if ship:
        yield from _block(f"{words['ship']}: {ship}", style, "  ")
    until = licence.validity.valid_until
    text = f"{words['issuer']}: {licence.issuer.name}"
    if until:
        text += f"   {words['until']}: {until.isoformat()}"
    yield from _block(text, style, "  ")


def _sheet(report: Report, style: Style) -> Iterator[str]:
    """The signed data in the order of the page, to compare the sheet with by eye."""
    words = _WORDS[style.language]
    authentic = proven(report, "qr.signature")
    yield ""
    yield from _block(words["signed" if authentic else "claims"], style, "  ")
    for row in _said.sheet_rows(report, style.language):
        mark = _ROWS[row.outcome] if row.outcome else ("□" if row.deciding else " ")
        colour = _COLOURS[_ROW_OUTCOMES[row.outcome]] if row.outcome else "0"
        colon = "：" if style.language == "zh" else ": "
        lines = wrap(safe(f"{row.label}{colon}{row.signed}"), style.columns - 4)
        yield f"  {_paint(mark, colour, style)} {lines[0]}"
        yield from (f"    {line}" for line in lines[1:])
        if row.printed:
            yield from _block(words["on_sheet"] + row.printed, style, "      ")


def _holder(report: Report) -> str:
    """The holder; a person's name is masked (a company's is not personal data)."""
    assert report.licence is not None
    holder = report.licence.holder
    if holder.code_type in {"", "001", "099"}:
        return holder.name
    return holder.name[:1] + "*" * max(1, len(holder.name) - 1)


def _sections(report: Report, style: Style) -> Iterator[str]:
    words = _WORDS[style.language]
    by_outcome: dict[Outcome, list[Finding]] = {outcome: [] for outcome in Outcome}
    # what the head of the report said is not said twice
    told = report.deciding[:1] if not style.verbose else ()
    for finding in report.findings:
        if finding not in told:
            by_outcome[weigh(finding, report.policy)].append(finding)
    many = len(report.evidence.signatures) > 1
    for key, outcome in (
        ("faults", Outcome.FAIL), ("open", Outcome.UNKNOWN), ("remarks", Outcome.WARN),
    ):  # fmt: skip
        if outcome is Outcome.WARN and not style.verbose:
            # what was not looked at is told where something can be done about it
            skipped = [f for f in by_outcome[Outcome.SKIPPED] if f.outcome is Outcome.SKIPPED]
            by_outcome[outcome] += [f for f in skipped if f.advice(style.language)]
        if by_outcome[outcome]:
            yield ""
            yield _paint(words[key], "1", style)
            for finding in by_outcome[outcome]:
                shown = outcome if finding.outcome is not Outcome.SKIPPED else Outcome.SKIPPED
                yield from _finding(finding, shown, style, many)
    if style.verbose:
        yield ""
        yield _paint(words["why"], "1", style)
        for outcome in (Outcome.PASS, Outcome.SKIPPED):
            for finding in by_outcome[outcome]:
                yield from _finding(finding, outcome, style, many)
    elif by_outcome[Outcome.PASS]:
        yield ""
        comma = "、" if style.language == "zh" else ", "
        names = comma.join(_titles(by_outcome[Outcome.PASS], style.language))
        yield from _block(f"{words['passed']}: {names} {words['more']}", style, "")
    yield from _block(
        f"{words['at']}: {report.at.astimezone(CHINA):%Y-%m-%d %H:%M} (UTC+8)   "
        f"{words['trust']}: {report.trust.name}",
        style, "",
    )  # fmt: skip


def _titles(findings: Iterable[Finding], language: str) -> list[str]:
    return list(dict.fromkeys(catalogue.question(f.code, language) for f in findings))


def _finding(finding: Finding, outcome: Outcome, style: Style, many: bool) -> Iterator[str]:
    mark = _paint(_MARKS[outcome], _COLOURS[outcome], style)
    text = finding.message(style.language) or finding.detail or finding.code
    subject = _subject(finding.subject, style.language)
    if subject and (many or not finding.subject.startswith("signature:")):
        colon = "：" if style.language == "zh" else ": "
        text = f"{subject}{colon}{text}" if finding.subject not in {"file", "licence"} else text
    lines = wrap(safe(text), style.columns - 4)
    yield f"  {mark} {lines[0]}"
    yield from (f"    {line}" for line in lines[1:])
    if style.verbose:
        notes = [finding.code, finding.clause, finding.indication, finding.detail]
        yield from _block(" · ".join(n for n in notes if n), style, "      ", dim=True)


def _subject(subject: str, language: str) -> str:
    kind, _, number = subject.partition(":")
    return _WORDS[language].get(kind, kind).format(n=number)


def _block(text: str, style: Style, indent: str, *, dim: bool = False) -> Iterator[str]:
    for line in wrap(safe(text), style.columns - len(indent)):
        yield indent + (_paint(line, "2", style) if dim else line)


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.colour else text
