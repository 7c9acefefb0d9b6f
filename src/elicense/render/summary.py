"""What a report comes down to, in the words of one language: for every kind of output."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from elicense.canonical import Value
from elicense.findings import Finding, Outcome
from elicense.licence import Licence
from elicense.policy import Policy
from elicense.profiles import Field, find, printed_forms
from elicense.report import Report
from elicense.verdict import Verdict, weigh

_WORST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
_COMPANY = {"", "001", "099"}  # code types of a holder that is no person
_PERSONAL = {"holder_name", "holder_name_en", "holder_code"}


@cache
def words(language: str) -> Mapping[str, Any]:
    """The fixed words of the HTML report in ``zh`` or ``en``."""
    text = Path(__file__).with_name("html_words.toml").read_text("utf-8")
    found: Mapping[str, Any] = tomllib.loads(text)[language]
    return found


def reason(report: Report, language: str) -> tuple[str, str]:
    """Why the verdict is what it is, and what to do (may be empty)."""
    if report.verdict is Verdict.VALID:
        return valid(report, language), ""
    if report.deciding:
        first = report.deciding[0]
        return lead(report, language) + said(first, language), first.advice(language)
    names = words(language)["category"]
    absent = [names.get(item, item) for item in report.missing]
    joined = str(words(language)["comma"]).join(absent)
    return str(words(language)["missing"]).format(names=joined), ""


def valid(report: Report, language: str) -> str:
    """What VALID says: of a file all of it, of a sheet what its code and a comparison prove."""
    key = "valid"
    if report.licence is not None and report.licence.copy is not None:
        key = "valid_copy"
    if report.evidence.sheet:
        key = "valid_sheet_compared" if report.compared else "valid_sheet"
    return str(words(language)[key])


def lead(report: Report, language: str) -> str:
    """What goes before the reason: of a sheet that only lacks a comparison, that its signed
    data are authentic."""
    open_codes = {f.code for f in report.deciding}
    only = report.missing == ("sheet",) and open_codes == {"agreement.printed"}
    if not (report.evidence.sheet and only and report.verdict is Verdict.INDETERMINATE):
        return ""
    return str(words(language)["authentic"]) + ("" if language == "zh" else " ")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A field of the signed data beside what is printed. ``printed`` is empty where it need not
    be shown; ``outcome`` is None where nothing was read; ``deciding`` ones must agree."""

    label: str
    signed: str
    printed: str
    outcome: str | None
    deciding: bool


def sheet_rows(report: Report, language: str) -> list[SheetRow]:
    """The signed data of a sheet in the order of its form, for the eye, with what was read of
    each field. Personal values are masked, and not shown as read."""
    licence = report.licence
    profile = find(licence.type) if licence else None
    if licence is None or profile is None:
        return []
    read = {item.field: item for item in report.evidence.printed}
    person = licence.holder.code_type not in _COMPANY
    found = []
    for field, value in profile.values(licence):
        shown = printed(field, value, language)
        if not field.printed or not shown:
            continue
        item = read.get(field.path)
        other = item.printed if item is not None and item.outcome != "match" else ""
        if person and field.key in _PERSONAL:
            shown, other = _masked(shown), ""
        outcome = item.outcome if item is not None else None
        found.append(SheetRow(field.label(language), shown, other, outcome, field.deciding))
    return found


def _masked(text: str) -> str:
    return text[:1] + "*" * max(1, len(text) - 1)


def said(finding: Finding, language: str) -> str:
    """The sentence of a finding, or what there is in its place."""
    return finding.message(language) or finding.detail or finding.code


def grouped(report: Report) -> dict[Outcome, list[Finding]]:
    """The findings by the outcome that counts under the policy, worst first."""
    order = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS, Outcome.SKIPPED)
    groups: dict[Outcome, list[Finding]] = {outcome: [] for outcome in order}
    for finding in report.findings:
        groups[weigh(finding, report.policy)].append(finding)
    return groups


def worst(findings: Iterable[Finding], policy: Policy) -> Outcome:
    """The worst outcome of some findings; UNKNOWN where there is none at all."""
    outcomes = {weigh(finding, policy) for finding in findings}
    return next((outcome for outcome in _WORST if outcome in outcomes), Outcome.UNKNOWN)


def subject(name: str, language: str) -> str:
    """``signature:2`` as words; empty for the file, the licence and the trust store."""
    kind, _, number = name.partition(":")
    if not number and kind != "attestation":
        return ""
    return str(words(language).get(kind, "{n}")).format(n=number)


def title(licence: Licence, language: str) -> str:
    """What the licence is called."""
    profile = find(licence.type)
    return profile.title(language) if profile else licence.type


def rows(licence: Licence, language: str) -> list[tuple[str, str]]:
    """Label and value of every printed field, in the order of the form. A person's name and
    number are masked; those of a company are no personal data."""
    profile = find(licence.type)
    if profile is None:
        return [("type", licence.type), ("number", licence.number),
                ("holder", licence.holder.name), ("issuer", licence.issuer.name)]  # fmt: skip
    person = licence.holder.code_type not in _COMPANY
    found = []
    for field, value in profile.values(licence):
        shown = printed(field, value, language)
        if field.key == "title" or not field.printed or not shown:
            continue
        if person and field.key in _PERSONAL:
            shown = _masked(shown)
        found.append((field.label(language), shown))
    return found


def printed(field: Field, value: Value, language: str) -> str:
    """One value as a form prints it in one language; empty where it has no printed form."""
    forms = printed_forms(field, value)
    if not forms:
        return ""
    if field.kind in {"choices", "choice", "title"} and language == "en" and len(forms) > 1:
        return forms[1]
    return str(value) if field.kind == "date" else forms[0]
