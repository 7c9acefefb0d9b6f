"""DOC, SMC and ship on one page for an inspector: the verdict, why, each part, a time line."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.crypto.ses import CHINA
from elicense.errors import Error
from elicense.findings import Finding, Outcome
from elicense.licence import Licence
from elicense.maritime.dates import china_day
from elicense.maritime.ship import Ship, ship_types
from elicense.profiles import choice_items, find
from elicense.render.text import Style
from elicense.render.timeline import WORDS as TIME_LINE
from elicense.render.timeline import draw
from elicense.render.width import safe, width, wrap
from elicense.report import Report
from elicense.together import JointReport
from elicense.verdict import Verdict, weigh

_MOST = 4  # findings of one certificate; `elicense verify` shows all
_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.WARN: "!",
          Outcome.SKIPPED: "–"}  # fmt: skip
_COLOURS = {Outcome.PASS: "32", Outcome.FAIL: "31", Outcome.UNKNOWN: "33", Outcome.WARN: "33",
            Outcome.SKIPPED: "2"}  # fmt: skip
_VERDICTS = {Verdict.VALID: "1;32", Verdict.INVALID: "1;31", Verdict.INDETERMINATE: "1;33"}
_WORDS = {
    "zh": {
        Verdict.VALID: "有效 VALID", Verdict.INVALID: "无效 INVALID",
        Verdict.INDETERMINATE: "待定 INDETERMINATE", "unreadable": "无法读取",
        "head": "符合证明、安全管理证书与船舶", "doc": "符合证明 DOC",
        "smc": "安全管理证书 SMC", "together": "合并核验", "ship": "船舶", "todo": "怎么办：",
        "valid": "两证均由其发证机构签发，未被改动，现行有效，属于同一公司，符合证明适用于该船。",
        "open": "并非各项都得到证明。", "number": "编号", "company": "公司",
        "company_number": "公司识别号", "types": "适用船舶种类", "type": "船舶种类",
        "tonnage": "总吨位", "port": "船籍港", "issuer": "发证机关", "term": "有效期",
        "none": "没有给出", "given": "检查员所见", "flag": "船旗", "name": "船名",
        "more": "另有 {n} 项，见 elicense verify。", "at": "核验时间", "trust": "信任名录",
        "claims": "未经证实", "alone": "单独核验",
    },
    "en": {
        Verdict.VALID: "VALID", Verdict.INVALID: "INVALID",
        Verdict.INDETERMINATE: "INDETERMINATE", "unreadable": "UNREADABLE",
        "head": "DOC, SMC and ship", "doc": "DOC", "smc": "SMC", "together": "Together",
        "ship": "Ship", "todo": "What to do: ",
        "valid": "Both certificates are what their issuers made, unchanged and in force, of one "
                 "company, and the DOC covers the ship.",
        "open": "Not all was proven.", "number": "No.", "company": "Company",
        "company_number": "Company no.", "types": "Ship types", "type": "Type",
        "tonnage": "GT", "port": "Port", "issuer": "Issuer", "term": "Term",
        "none": "not given", "given": "As seen by the inspector", "flag": "flag", "name": "name",
        "more": "{n} more: see elicense verify.", "at": "Judged at", "trust": "trust store",
        "claims": "unproven", "alone": "judged by itself",
    },
}  # fmt: skip


def render(report: JointReport, style: Style) -> str:
    """The page as text that ends with a newline, no line wider than the style's columns."""
    return "\n".join(_lines(report, style)) + "\n"


def summary(report: JointReport, style: Style) -> str:
    """One line: the verdict and the reason that decided."""
    words = _WORDS[style.language]
    return safe(f"{words[report.verdict]}  {first(report, style.language)[0]}")


def _lines(report: JointReport, style: Style) -> Iterator[str]:
    words = _WORDS[style.language]
    verdict = _paint(words[report.verdict], _VERDICTS[report.verdict], style)
    yield f"{verdict}  {words['head']}"
    said, todo = first(report, style.language)
    yield from _block(said, style)
    if todo:
        yield from _block(words["todo"] + todo, style)
    told = report.deciding[:1]
    for name, part in report.parts:
        yield ""
        alone = report.verdict is not Verdict.VALID and isinstance(part, Report) and bool(part)
        yield from _part(name, part, [one for n, one in told if n == name], style, alone=alone)
    yield ""
    yield from _together(report, [one for n, one in told if n == "together"], style)
    yield ""
    today = china_day(report.at)
    yield from draw(report.timeline, today=today, language=style.language, columns=style.columns)
    yield from _block(
        f"{words['at']}: {report.at.astimezone(CHINA):%Y-%m-%d %H:%M} (UTC+8)   "
        f"{words['trust']}: {report.trust.name}", style, "",
    )  # fmt: skip


def first(report: JointReport, language: str) -> tuple[str, str]:
    """The sentence on top and what to do."""
    words = _WORDS[language]
    if report.verdict is Verdict.VALID:
        return words["valid"], ""
    if not report.deciding:
        return words["open"], ""
    name, one = report.deciding[0]
    said = one.message(language) or one.code
    colon = "：" if language == "zh" else ": "
    return said if name == "together" else f"{words[name]}{colon}{said}", one.advice(language)


def heading(language: str) -> str:
    """What the whole is about."""
    return _WORDS[language]["head"]


def title(part: str, language: str) -> str:
    """``doc``, ``smc`` or ``together`` in words."""
    return _WORDS[language][part]


def alone(language: str) -> str:
    """That a certificate's own verdict leaves out what holds of both together."""
    return _WORDS[language]["alone"]


def time_line_title(language: str) -> str:
    return TIME_LINE[language]["title"]


def absent(part: Error | None, language: str) -> str:
    """Why there is no report of a certificate."""
    return _WORDS[language]["none" if part is None else "unreadable"]


def seen(report: JointReport, language: str) -> str:
    """What the inspector said of the ship; empty if nothing."""
    if report.ship is None or report.ship == Ship():
        return ""
    return f"{_WORDS[language]['given']}: {_seen(report.ship, language)}"


def _part(
    name: str, part: Report | Error | None, told: list[Finding], style: Style, *, alone: bool
) -> Iterator[str]:
    """``alone``: VALID by itself, while both together are not."""
    words = _WORDS[style.language]
    if part is None:
        yield f"{_paint(words[name], '1', style)}  {words['none']}"
        return
    if isinstance(part, Error):
        yield f"{_paint(words[name], '1', style)}  {words['unreadable']}"
        yield from _block(str(part), style)
        return
    verdict = _paint(words[part.verdict], _VERDICTS[part.verdict], style)
    room = max(20, style.columns - width(f"{words[name]}  {words[part.verdict]}  "))
    lines = wrap(safe(part.file), room)
    yield f"{_paint(words[name], '1', style)}  {verdict}  {lines[0]}"
    yield from (f"  {line}" for line in lines[1:])
    if alone:
        yield from _block(f"({words['alone']})", style)
    if part.licence is not None:
        yield from _licence(part, part.licence, style)
    yield from _own(part, told, style)


def _licence(part: Report, licence: Licence, style: Style) -> Iterator[str]:
    words = _WORDS[style.language]
    profile = find(licence.type)
    title = profile.title(style.language) if profile else licence.type
    claim = "" if part.verdict is Verdict.VALID else f"  ({words['claims']})"
    yield from _block(f"{title}  {words['number']} {licence.number}{claim}", style)
    number = str(licence.fields.get("company_number") or "—")
    yield from _block(
        f"{words['company']}: {licence.holder.name}   {words['company_number']} {number}", style
    )
    types = _types(licence, style.language)
    if types:
        yield from _block(f"{words['types']}: {types}", style)
    ship = _ship(licence, style.language)
    if ship:
        yield from _block(f"{words['ship']}: {ship}", style)
    validity = licence.validity
    start, end = validity.valid_from or validity.issued or "—", validity.valid_until or "—"
    yield from _block(
        f"{words['issuer']}: {licence.issuer.name}   {words['term']}: {start}..{end}", style
    )


def _types(licence: Licence, language: str) -> str:
    table, found = ship_types(), []
    for code, limitation in choice_items(licence.fields.get("ship_types", ())):
        name = _name_of(code, language) if code in table else code
        found.append(f"{name} ({limitation})" if limitation else name)
    return ("、" if language == "zh" else ", ").join(found)


def _name_of(code: str, language: str) -> str:
    choice = ship_types().get(code)
    return code if choice is None else choice.zh if language == "zh" else choice.en


def _ship(licence: Licence, language: str) -> str:
    words, fields = _WORDS[language], licence.fields
    names = [str(fields[key]) for key in ("ship_name", "ship_name_en") if fields.get(key)]
    if not names:
        return ""
    parts = [" ".join(names)]
    for key, word in (("imo_number", "IMO"), ("gross_tonnage", words["tonnage"]),
                      ("port_of_registry", words["port"])):  # fmt: skip
        if fields.get(key):
            parts.append(f"{word} {fields[key]}")
    if fields.get("ship_type"):
        parts.insert(1, _name_of(str(fields["ship_type"]), language))
    return "   ".join(parts)


def _own(part: Report, told: list[Finding], style: Style) -> Iterator[str]:
    """Faults, open questions and remarks on the rules of one certificate, not told above."""
    shown = [
        (one, outcome)
        for wanted in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN)
        for one in part.findings
        if (outcome := weigh(one, part.policy)) is wanted and one not in told
        and (wanted is not Outcome.WARN or one.code.startswith("ism."))
    ]  # fmt: skip
    for one, outcome in shown[:_MOST]:
        yield from _finding(one, outcome, style)
    if len(shown) > _MOST:
        more = _WORDS[style.language]["more"].format(n=len(shown) - _MOST)
        yield from _block(more, style)


def _together(report: JointReport, told: list[Finding], style: Style) -> Iterator[str]:
    words = _WORDS[style.language]
    yield _paint(words["together"], "1", style)
    given = seen(report, style.language)
    if given:
        yield from _block(given, style)
    for one in report.findings:
        if one.reason == "unreadable":
            continue  # the part itself says so
        yield from _finding(one, weigh(one, report.policy), style, advice=one not in told)


def _seen(ship: Ship, language: str) -> str:
    words = _WORDS[language]
    pairs = (
        ("IMO", ship.imo), (words["name"], ship.name),
        (words["type"], _name_of(ship.type, language) if ship.type else ""),
        (words["flag"], ship.flag),
    )  # fmt: skip
    return ", ".join(f"{word} {value}" for word, value in pairs if value)


def _finding(
    one: Finding, outcome: Outcome, style: Style, *, advice: bool = True
) -> Iterator[str]:
    mark = _paint(_MARKS[outcome], _COLOURS[outcome], style)
    text = one.message(style.language) or one.code
    todo = one.advice(style.language) if advice and outcome is not Outcome.PASS else ""
    space = "" if style.language == "zh" else " "
    lines = wrap(safe(text + (space + todo if todo else "")), style.columns - 4)
    yield f"  {mark} {lines[0]}"
    yield from (f"    {line}" for line in lines[1:])
    if style.verbose:
        yield from _block(f"{one.code} · {one.clause}", style, "      ")


def _block(text: str, style: Style, indent: str = "  ") -> Iterator[str]:
    for line in wrap(safe(text), style.columns - len(indent)):
        yield indent + line


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.colour else text
