"""What is boxed on the picture of a sheet: codes, fields as printed, red marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from elicense.findings import Outcome
from elicense.profiles import find
from elicense.render import summary
from elicense.report import Report

_FIELD = {"match": Outcome.PASS, "differs": Outcome.FAIL, "unreadable": Outcome.UNKNOWN}
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One box: ``points`` are its corners in pixels of the page's own picture. ``kind`` is
    ``qr``, ``field`` or ``red``; ``label`` a few words; ``detail`` what a reader may hear."""

    page: int
    kind: str
    label: str
    outcome: Outcome
    points: tuple[Point, ...]
    detail: str = ""


def marks(report: Report, language: str) -> tuple[Mark, ...]:
    """The marks of a sheet, in the order of its evidence; none for a file with seals."""
    if not report.evidence.sheet:
        return ()
    return (*_red(report, language), *_fields(report, language), *_codes(report, language))


def _codes(report: Report, language: str) -> Iterator[Mark]:
    words = summary.words(language)
    for number, code in enumerate(report.evidence.qr, 1):
        if code.corners:
            own = [f for f in report.findings if f.subject == f"qr:{number}"]
            yield Mark(code.page, "qr", words["qr"].format(n=number),
                       summary.worst(own, report.policy), code.corners)  # fmt: skip
    for page, corners in report.evidence.details.get("unread", ()):
        yield Mark(page, "qr", words["qr_unread"], Outcome.UNKNOWN, corners)


def _fields(report: Report, language: str) -> Iterator[Mark]:
    words = summary.words(language)
    names = labels(report, language)
    for item in report.evidence.printed:
        if item.box is not None:
            detail = words["field_told"].format(signed=item.signed, printed=item.printed or "—")
            yield Mark(item.page, "field", names.get(item.field, words["endorsement_date"]),
                       _FIELD[item.outcome], _corners(item.box), detail)  # fmt: skip


def _red(report: Report, language: str) -> Iterator[Mark]:
    for mark in report.evidence.seal_marks:
        label = summary.words(language)["red_mark"]
        yield Mark(mark.page, "red", label, Outcome.SKIPPED, _corners(mark.box))


def _corners(box: tuple[float, float, float, float]) -> tuple[Point, ...]:
    x, y, width, height = box
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def labels(report: Report, language: str) -> dict[str, str]:
    """Path of a field → its label on the form."""
    profile = find(report.licence.type) if report.licence else None
    return {f.path: f.label(language) for f in profile.fields} if profile else {}


def pages(report: Report) -> list[int]:
    """The pages of a sheet with something boxed on them; the first where there is none."""
    found = {mark.page for mark in marks(report, "en")}
    return sorted(found) or [1]
