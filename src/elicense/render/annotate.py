"""Pictures of the pages with codes, fields and seals boxed; differences in red."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elicense import containers
from elicense.errors import Error
from elicense.findings import Outcome
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.render import page_pictures, sheet_marks, summary
from elicense.render.html_evidence import MARKS, own_findings
from elicense.render.ofd_draw import OWN_FONT
from elicense.render.sheet_marks import Mark
from elicense.report import Report

_MOST = 2400  # pixels of the longer side
_COLOURS = {
    Outcome.PASS: (17, 119, 51), Outcome.FAIL: (204, 0, 20), Outcome.UNKNOWN: (204, 119, 0),
    Outcome.WARN: (204, 119, 0), Outcome.SKIPPED: (31, 95, 168),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """PNG files, one a page with something on it, and why others are not there."""

    pictures: tuple[bytes, ...] = field(repr=False, default=())
    problems: tuple[str, ...] = ()


def draw(
    report: Report, data: bytes | None, *, language: str = "en", limits: Limits = DEFAULT_LIMITS
) -> Drawn:
    """The pages of a judged file with its marks. ``data`` are the bytes that were judged;
    without them, or if they are others, nothing is drawn and that is said."""
    words = summary.words(language)
    if data is None:
        return Drawn(problems=(str(words["no_data"]),))
    if hashlib.sha256(data).hexdigest() != report.evidence.sha256:
        return Drawn(problems=(str(words["changed"]),))
    if report.evidence.sheet:
        return _sheet(report, data, language, limits)
    return _sealed(report, data, limits)


def _sheet(report: Report, data: bytes, language: str, limits: Limits) -> Drawn:
    pictures, problems = [], []
    marks = sheet_marks.marks(report, language)
    for page in sheet_marks.pages(report):
        try:
            with containers.boundary(f"page {page}"):
                if report.evidence.container == "pdf":
                    page_pictures.check_drawable(data, limits)
                image, reduced = page_pictures.sheet_image(
                    data, report.evidence, page, limits, most=_MOST
                )
                pictures.append(_boxed(image, [m for m in marks if m.page == page], reduced))
        except Error as error:
            problems.append(str(error))
    return Drawn(tuple(pictures), tuple(problems))


def _sealed(report: Report, data: bytes, limits: Limits) -> Drawn:
    """A sealed file: its pages with the boxes of its seals."""
    from PIL import Image

    drawn = page_pictures.draw(data, report.evidence, limits=limits)
    outcomes = {
        s.index: summary.worst(own_findings(report, s.index), report.policy)
        for s in report.evidence.signatures
    }
    pictures = []
    for page in drawn.pictures:
        marks = [
            Mark(page.page, "seal", str(box.signature), outcomes[box.signature],
                 ((box.left, box.top), (box.right, box.top), (box.right, box.bottom),
                  (box.left, box.bottom)))
            for box in page.boxes
        ]  # fmt: skip
        pictures.append(_boxed(Image.open(io.BytesIO(page.png)), marks, 1.0))
    return Drawn(tuple(pictures), tuple(why for _, why in drawn.problems))


def _boxed(image: Any, marks: Iterable[Mark], reduced: float) -> bytes:
    from PIL import ImageDraw

    canvas = image.convert("RGB")
    pen = ImageDraw.Draw(canvas)
    unit = max(canvas.size)
    width = max(1, unit // 500)
    taken: list[tuple[float, float, float, float]] = []
    for mark in sorted(marks, key=lambda m: _ORDER.index(m.outcome)):
        points = [(x * reduced, y * reduced) for x, y in mark.points]
        wide = 2 * width if mark.outcome is Outcome.FAIL else width
        pen.line([*points, points[0]], fill=_COLOURS[mark.outcome], width=wide, joint="curve")
        _label(pen, mark, points, max(9, unit // 90), canvas.size, taken)
    out = io.BytesIO()
    canvas.save(out, "PNG", optimize=True)
    return out.getvalue()


# what matters most is drawn last, over the rest
_ORDER = (Outcome.SKIPPED, Outcome.PASS, Outcome.WARN, Outcome.UNKNOWN, Outcome.FAIL)


def _label(
    pen: Any, mark: Mark, points: Sequence[tuple[float, float]], size: int,
    canvas: tuple[int, int], taken: list[tuple[float, float, float, float]],
) -> None:  # fmt: skip
    """A few words above the box, on white; fields that agree have their tick alone."""
    from PIL import ImageFont

    font = ImageFont.truetype(str(OWN_FONT), size)
    sign = {"✓": "√", "✗": "×"}.get(MARKS[mark.outcome], MARKS[mark.outcome])
    plain = mark.kind == "field" and mark.outcome is Outcome.PASS
    text = sign if plain else f"{mark.label} {sign}"
    across = pen.textlength(text, font=font)
    left = min(max(0.0, min(x for x, _ in points)), max(0.0, canvas[0] - across - 4))
    top = max(0.0, min(y for _, y in points) - size * 1.25)
    if plain:
        left, top = max(x for x, _ in points) + 2, min(y for _, y in points)
    box = (left, top, left + across + 4, top + size * 1.2)
    if any(_overlap(box, other) for other in taken):
        below = max(y for _, y in points) + 2
        box = (left, below, left + across + 4, below + size * 1.2)
    taken.append(box)
    pen.rectangle(box, fill=(255, 255, 255))
    pen.text((box[0] + 2, box[1]), text, fill=_COLOURS[mark.outcome], font=font)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
