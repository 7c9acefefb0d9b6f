"""``agreement.printed``: the sheet of paper says what the signed QR code says.

Text read from a picture (OCR) may be misread, so a difference accuses nobody: it names
both readings and leaves the question open. A person who has compared the sheet may say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.checks.signatures import PASS, UNKNOWN, WARN
from elicense.evidence import PrintedField
from elicense.findings import Finding, Outcome
from elicense.licence import Licence
from elicense.profiles import Profile, printed_forms

_CODE = "agreement.printed"
NO_OCR = "no-ocr"  # what Evidence.printed_problem is where nothing here can read pictures


def printed(case: Case) -> Iterator[Finding]:
    """Every deciding field of the signed data is compared with what is printed.

    PASS only if each of them matches, or if ``case.compared``: then a difference that was
    read is still told, as a remark. Files that are no sheet have no finding here.
    """
    if not case.evidence.sheet:
        return
    licence, profile = case.licence, case.profile
    if licence is None or profile is None:
        yield Finding(_CODE, Outcome.SKIPPED, "licence", "no-data")
        return
    found = {item.field: item for item in case.evidence.printed}
    wanted = deciding(licence, profile)
    if case.compared:
        uncoded = not_in_code(licence, profile)
        for path in uncoded:
            item = PrintedField(path, wanted[path], "", "unreadable", 0.0, 0)
            yield Finding(_CODE, UNKNOWN, "licence", "not-in-code", _values(item, profile), path)
        if not uncoded:
            yield Finding(_CODE, PASS, "licence", "compared", {"count": str(len(wanted))})
        yield from _remarks(found, profile)
    elif case.evidence.printed_problem == NO_OCR:
        yield Finding(_CODE, UNKNOWN, "licence", "no-ocr")
    elif not found or not wanted:
        problem = case.evidence.printed_problem
        yield Finding(_CODE, UNKNOWN, "licence", "not-compared", {"detail": problem}, problem)
    else:
        yield from _judged(found, wanted, licence, profile)


def deciding(licence: Licence, profile: Profile) -> dict[str, str]:
    """Path → value as a form prints it, of each field that a sheet must be compared in."""
    return {
        item.path: (printed_forms(item, value) or (str(value),))[0]
        for item, value in profile.values(licence)
        if item.deciding and item.printed
    }


def not_in_code(licence: Licence, profile: Profile) -> tuple[str, ...]:
    """Tables too long for a QR code, which holds the number of their rows alone: nobody can
    compare them, neither a reader nor a person."""
    return tuple(
        item.path for item, value in profile.values(licence)
        if item.kind == "table" and item.deciding and isinstance(value, int)
    )  # fmt: skip


def _judged(
    found: dict[str, PrintedField], wanted: dict[str, str], licence: Licence, profile: Profile
) -> Iterator[Finding]:
    open_ones = False
    uncoded = not_in_code(licence, profile)
    for path in (*wanted, *(p for p in found if p not in wanted)):
        item = found.get(path) or PrintedField(path, wanted[path], "", "unreadable", 0.0, 0)
        if item.outcome == "match":
            continue
        if path in uncoded:
            yield Finding(_CODE, UNKNOWN, "licence", "not-in-code", _values(item, profile), path)
            open_ones = True
            continue
        values = _values(item, profile)
        open_ones = True
        if item.outcome == "differs":
            yield Finding(_CODE, UNKNOWN, "licence", "differs", values, path)
        else:
            yield Finding(_CODE, UNKNOWN, "licence", "unreadable", values, path)
    if not open_ones:
        yield Finding(_CODE, PASS, "licence", values={"count": str(len(found))})
    for index, entry in enumerate(licence.endorsements):
        path = f"endorsements.{index}.date"
        if entry.date is not None and entry.state == "signed" and path not in found:
            values = _values(PrintedField(path, entry.date.isoformat(), "", "", 0.0, 0), profile)
            values["field_zh"], values["field_en"] = _box(profile, entry.kind)
            yield Finding(_CODE, WARN, "licence", "endorsement", values, path)


def _remarks(found: dict[str, PrintedField], profile: Profile) -> Iterator[Finding]:
    for item in found.values():
        if item.outcome == "differs":
            yield Finding(_CODE, WARN, "licence", "differs", _values(item, profile), item.field)


def _values(item: PrintedField, profile: Profile) -> dict[str, str]:
    names = {f.path: (f.zh, f.en) for f in profile.fields}
    zh, en = names.get(item.field, ("签注日期", "date of endorsement"))
    return {
        "field_zh": zh, "field_en": en, "signed": item.signed, "printed": item.printed or "—",
        "confidence": f"{item.confidence:.0%}", "page": str(item.page),
    }  # fmt: skip


def _box(profile: Profile, kind: str) -> tuple[str, str]:
    box = profile.box(kind)
    return (box.zh, box.en) if box else (kind, kind)
