"""Printed fields read from scans of our own pages: how many match, how many altered ones are
found, and what a page costs.

``python benchmarks/bench_ocr.py [PAGES] [CONDITION…]``. An altered field that matches is the
one thing that must never happen; an honest one that "differs" is a false alarm.
"""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from PIL import Image

from common import ROOT, row
from scans.conditions import CONDITIONS, Condition
from scans.generate import scan

sys.path.insert(0, str(ROOT / "fixtures"))

import ocr_sheets
from elicense import profiles
from elicense.ocr.read import read_printed
from ocr_sheets import SEAL_AT, TEXT_AT, Printed

_BY_NAME = {condition.name: condition for condition in CONDITIONS}
_SEALED = Condition(name="seal-over-text", what="a red seal over the values", dpi=(150, 200, 300))
_SEALED_GREY = Condition(name="grey-seal-over-text", what="the same, scanned in grey", grey=True)
_ALL = (
    *(_BY_NAME[name] for name in ("flatbed-150", "flatbed-200", "flatbed-300")),
    _SEALED, _SEALED_GREY,
    *(_BY_NAME[name] for name in ("photocopy", "phone", "skewed", "turned", "chat-photo", "worn")),
)  # fmt: skip
_TARGETS = {"flatbed-150": 98.0, "flatbed-200": 98.0, "flatbed-300": 98.0, "seal-over-text": 90.0}
_FORGED = ("flatbed-150", "flatbed-200", "flatbed-300", "photocopy", "phone")


@dataclass
class Tally:
    """Outcomes of fields, and seconds of pages: of the clock, and of the processor."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def share(self, outcome: str) -> float:
        return 100 * self.outcomes[outcome] / max(1, self.outcomes.total())


def corners(pixels: Any) -> tuple[tuple[float, float], ...] | None:
    """Where the QR code is, as whoever read it would tell."""
    from elicense.qr.cascade import read

    found = read(pixels, page=1, place="", accept=lambda text: True)
    return found.codes[0].corners or None if found.codes else None


def compared(printed: Printed, how: Condition, number: int) -> Iterator[Any]:
    """The fields of one scan; before them the seconds of the clock and of the processor."""
    rng = np.random.default_rng([number, sum(map(ord, how.name))])
    data = scan(printed.sheet, how, rng)
    with Image.open(io.BytesIO(data)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    licence, place = ocr_sheets.signed(printed), corners(pixels)
    start, used = time.perf_counter(), time.process_time()
    found = read_printed(
        pixels, licence, profiles.get(licence.type), page=1, qr_corners=place
    )
    yield time.perf_counter() - start
    yield time.process_time() - used
    yield from found


def honest(pages: int, conditions: tuple[Condition, ...]) -> list[dict[str, Any]]:
    tallies = {how.name: Tally() for how in conditions}
    for number in range(pages):
        for seal in (SEAL_AT, TEXT_AT):
            chosen = [how for how in conditions if ("over-text" in how.name) == (seal is TEXT_AT)]
            printed = ocr_sheets.honest(number, seal=seal) if chosen else None
            for how in chosen if printed else ():
                assert printed
                _count(tallies[how.name], printed, how, number)
    rows = []
    for how in conditions:
        tally, target = tallies[how.name], _TARGETS.get(how.name)
        match = tally.share("match")
        rows.append(row(
            f"{how.name}: fields that match", f"{match:.1f} %",
            f">= {target:g} %" if target else "", None if target is None else match >= target,
        ))  # fmt: skip
        rows.append(row(f"{how.name}: false alarms", f"{tally.outcomes['differs']}"))
        mean = sum(tally.seconds) / max(1, len(tally.seconds))
        rows.append(row(
            f"{how.name}: seconds a page, mean (most {max(tally.seconds):.1f})", f"{mean:.2f}",
            "<= 2", mean <= 2,
        ))  # fmt: skip
        used = sum(tally.processor) / max(1, len(tally.processor))
        rows.append(row(f"{how.name}: seconds of the processor a page, mean", f"{used:.2f}"))
        for line in tally.told:
            print(f"      {line}")
    return rows


def _count(tally: Tally, printed: Printed, how: Condition, number: int) -> None:
    seconds, used, *fields = compared(printed, how, number)
    tally.seconds.append(seconds)
    tally.processor.append(used)
    for item in fields:
        tally.outcomes[item.outcome] += 1
        if item.outcome != "match":
            tally.told.append(
                f"{number} {item.outcome} {item.field}: {item.signed!r} read {item.printed!r} "
                f"({item.confidence:.2f})"
            )


def forged(pages: int, conditions: tuple[Condition, ...]) -> list[dict[str, Any]]:
    rows = []
    tallies = {how.name: Tally() for how in conditions}
    for number in range(pages):
        for printed in (*ocr_sheets.forged(number), ocr_sheets.pasted(number)):
            how = conditions[number % len(conditions)]
            _, _, *fields = compared(printed, how, number)
            tally = tallies[how.name]
            wanted = printed.altered.split("#")[0]
            if wanted == "*":
                worst = {item.outcome for item in fields}
                tally.outcomes["differs" if "differs" in worst else "match"] += 1
                continue
            item = next(found for found in fields if found.field == wanted)
            tally.outcomes[item.outcome] += 1
            if item.outcome != "differs":
                tally.told.append(
                    f"{number} {item.outcome} {printed.altered}: {item.signed!r} read "
                    f"{item.printed!r} ({item.confidence:.2f})"
                )
    for how in conditions:
        tally = tallies[how.name]
        count = tally.outcomes.total()
        if not count:
            continue
        rows.append(row(
            f"{how.name}: altered fields that match (of {count})", f"{tally.outcomes['match']}",
            "0", tally.outcomes["match"] == 0,
        ))  # fmt: skip
        rows.append(row(
            f"{how.name}: altered fields told as a difference", f"{tally.share('differs'):.1f} %"
        ))
        for line in tally.told:
            print(f"      {line}")
    return rows


def main(pages: int = 10, names: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    print("printed fields")
    chosen = tuple(how for how in _ALL if not names or how.name in names)
    rows = honest(pages, chosen)
    return rows + forged(pages, tuple(how for how in chosen if how.name in _FORGED))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    count = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 10
    main(count, tuple(arguments))
