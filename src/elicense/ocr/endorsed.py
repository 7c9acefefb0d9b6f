"""Endorsements on a sheet: the date that stands in the box of each signed one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from elicense.licence import Licence
from elicense.ocr import locate
from elicense.ocr.compare import Compared, compare
from elicense.ocr.names import endorsement_labels
from elicense.ocr.reading import folded
from elicense.ocr.sheet_lines import Placed
from elicense.profiles import Box, Field, Profile, date_forms

_BESIDE = ("地点 Place", "签发人 Official", "展期至 Valid until")
_DATE = Field("date", "date", "date", "日期", "Date")


def endorsements(
    licence: Licence, profile: Profile, lines: Sequence[Placed]
) -> Iterator[tuple[str, str, Compared]]:
    """Path, signed date as a form prints it, and what stands in the box, of each signed
    endorsement whose box is on the page. A repeatable box is taken in its order."""
    used: dict[str, int] = {}
    for index, entry in enumerate(licence.endorsements):
        box = profile.box(entry.kind)
        if box is None or entry.state != "signed" or entry.date is None:
            continue
        number = used[entry.kind] = used.get(entry.kind, 0) + 1
        cells = _cells(box, profile, lines)
        if len(cells) < number:
            continue
        found = _dated(cells[number - 1], entry.date.isoformat())
        yield f"endorsements.{index}.date", date_forms(entry.date)[0], found


def _cells(box: Box, profile: Profile, lines: Sequence[Placed]) -> list[list[Placed]]:
    """The lines below each heading of ``box``, down to the next heading in that column."""
    headings = [line for line in lines if _heads(line, profile.boxes)]
    cells = []
    for line in headings:
        if not _heads(line, (box,)):
            continue
        right = min((h.left for h in headings if h.left > line.right
                     and abs(h.middle - line.middle) < 2 * line.height),
                    default=float("inf"))  # fmt: skip
        bottom = min((h.top for h in headings if h.middle > line.bottom
                      and abs(h.left - line.left) < 4 * line.height),
                     default=float("inf"))  # fmt: skip
        cells.append([
            other for other in lines
            if line.bottom - 0.3 * line.height < other.middle < bottom
            and line.left - 3 * line.height < other.left < right - line.height
        ])  # fmt: skip
    return cells


def _heads(line: Placed, boxes: Sequence[Box]) -> bool:
    return any(folded(line.reading.text).startswith(folded(box.zh)) for box in boxes)


def _dated(cell: Sequence[Placed], signed: str) -> Compared:
    names = {"date": endorsement_labels(), "-": _BESIDE}
    found = locate.labels(cell, names)
    places = locate.regions("date", cell, found)
    readings = places[0].readings if places else [line.reading for line in cell]
    return compare(_DATE, signed, readings)
