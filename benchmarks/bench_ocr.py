"""Printed fields read from scans of our own pages: how many match, how many altered ones are
found, and what a page costs.

    python benchmarks/bench_ocr.py [CONDITION…] [--pages 10] [--dpi 150] [--only honest|forged]
                                   [--record FILE] [--minutes 10]

An altered field that matches is the one thing that must never happen; an honest one that
"differs" is a false alarm. The whole takes an hour of one core: with ``--record`` each page's
outcome is kept in a file as soon as it is there, and the next run with the same code and the
same file goes on where this one stopped. Times are of one thread's processor time where it
says so, since a clock also counts what else runs on the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from PIL import Image

from common import ROOT, row
from scans.conditions import CONDITIONS, Condition
from scans.generate import scan

sys.path.insert(0, str(ROOT / "fixtures"))

import ocr_sheets
from elicense import profiles
from elicense.ocr import engine
from elicense.ocr.read import read_printed
from ocr_sheets import SEAL_AT, TEXT_AT, Printed

_BY_NAME = {condition.name: condition for condition in CONDITIONS}
_FLATBED = Condition(name="flatbed", what="a flatbed scanner")
_SEALED = Condition(name="seal-over-text", what="a red seal over the values")
_SEALED_GREY = Condition(name="grey-seal-over-text", what="the same, scanned in grey", grey=True)
_ALL = (
    _FLATBED, _SEALED, _SEALED_GREY,
    *(_BY_NAME[name] for name in ("photocopy", "skewed", "turned", "worn", "phone", "chat-photo")),
)  # fmt: skip
_TARGETS = {"flatbed": 98.0, "photocopy": 98.0, "seal-over-text": 90.0}
_SECONDS = 2.0
_FORGED = (("flatbed", 150), ("flatbed", 200), ("flatbed", 300), ("photocopy", 200), ("phone", 0))
_WHOLE = "*"  # another licence's sheet


@dataclass(frozen=True)
class Piece:
    """One page to be read. ``dpi`` is 0 where the condition has its own size. ``altered`` is
    the field that it prints otherwise, empty for an honest sheet."""

    condition: str
    dpi: int
    number: int
    altered: str = ""

    @property
    def group(self) -> str:
        return f"{self.condition}-{self.dpi}" if self.dpi else self.condition


@dataclass(frozen=True)
class Result:
    """Seconds of the clock and of the processor; of each field its path, its outcome, the
    signed value, the printed one and the reader's confidence."""

    piece: Piece
    seconds: float
    processor: float
    fields: tuple[tuple[str, str, str, str, float], ...]


@dataclass
class Tally:
    """Outcomes of fields and seconds of pages."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def share(self, outcome: str) -> float:
        return 100 * self.outcomes[outcome] / max(1, self.outcomes.total())


# -- pages -----------------------------------------------------------------------------


def pieces(pages: int, names: tuple[str, ...], dpi: int, only: str) -> Iterator[Piece]:
    """All that is to be read, page by page: a sheet is drawn once for all its scans."""
    chosen = [how for how in _ALL if not names or how.name in names]
    for number in range(pages):
        for how in chosen if only != "forged" else ():
            own = (0,) if how.fill[1] else how.dpi
            yield from (Piece(how.name, d, number) for d in own if dpi in (0, d))
    some = [(n, d) for n, d in _FORGED if n in {how.name for how in chosen} and dpi in (0, d)]
    for number in range(pages if only != "honest" and some else 0):
        name, fine = some[number % len(some)]
        for altered in (*ocr_sheets.alterations(number), _WHOLE):
            yield Piece(name, fine, number, altered)


@cache
def _honest(number: int, over_text: bool) -> Printed:
    return ocr_sheets.honest(number, seal=TEXT_AT if over_text else SEAL_AT)


def sheet(piece: Piece) -> Printed:
    if piece.altered == _WHOLE:
        return ocr_sheets.pasted(piece.number)
    if piece.altered:
        return ocr_sheets.forged(piece.number, piece.altered)
    if _honest.cache_info().currsize > 2:
        _honest.cache_clear()  # each holds a picture of 35 megapixels
    return _honest(piece.number, "over-text" in piece.condition)


def scanned(piece: Piece, printed: Printed) -> Any:
    """The scan of a page as pixels."""
    how = next(how for how in _ALL if how.name == piece.condition)
    if piece.dpi:
        how = replace(how, dpi=(piece.dpi,))
    rng = np.random.default_rng([piece.number, piece.dpi, sum(map(ord, piece.condition))])
    with Image.open(io.BytesIO(scan(printed.sheet, how, rng))) as picture:
        return np.asarray(picture.convert("RGB"))


def corners(pixels: Any) -> tuple[tuple[float, float], ...] | None:
    """Where the QR code is, as whoever read it would tell."""
    from elicense.qr.cascade import read

    found = read(pixels, page=1, place="", accept=lambda text: True)
    return found.codes[0].corners or None if found.codes else None


def measured(piece: Piece) -> Result:
    printed = sheet(piece)
    pixels = scanned(piece, printed)
    licence, place = ocr_sheets.signed(printed), corners(pixels)
    profile = profiles.get(licence.type)
    start, used = time.perf_counter(), time.process_time()
    found = read_printed(
        pixels, licence, profile, page=1, qr_corners=place,
        deadline=math.inf,  # what is measured is not what a busy machine has time for
    )  # fmt: skip
    used, seconds = time.process_time() - used, time.perf_counter() - start
    fields = ((x.field, x.outcome, x.signed, x.printed, x.confidence) for x in found)
    return Result(piece, round(seconds, 3), round(used, 3), tuple(fields))


# -- kept outcomes ---------------------------------------------------------------------


@cache
def _code() -> str:
    """What the outcomes depend on: those of other code are not taken for this one's."""
    total = hashlib.sha256()
    folders = (ROOT / "src" / "elicense" / "ocr", ROOT / "benchmarks" / "scans")
    files = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    for path in sorted((*files, ROOT / "benchmarks" / "ocr_sheets.py", Path(__file__))):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def _kept(record: Path | None) -> dict[Piece, Result]:
    found: dict[Piece, Result] = {}
    if record is not None and record.exists():
        code = _code()
        for line in record.read_text("utf-8").splitlines():
            item = json.loads(line)
            if item.pop("code") == code:
                piece, fields = Piece(**item.pop("piece")), item.pop("fields")
                found[piece] = Result(piece, fields=tuple(map(tuple, fields)), **item)
    return found


def results(todo: list[Piece], record: Path | None, minutes: float) -> Iterator[Result]:
    """One for each piece that was read, now or before; those that time did not allow for are
    left out and counted."""
    kept, end = _kept(record), time.monotonic() + 60 * minutes
    left = 0
    for done, piece in enumerate(todo):
        if piece in kept:
            yield kept[piece]
            continue
        if time.monotonic() > end:
            left += 1
            continue
        result = measured(piece)
        if record is not None:
            with record.open("a", encoding="utf-8") as file:
                print(json.dumps({"code": _code(), **asdict(result)}, ensure_ascii=False),
                      file=file)  # fmt: skip
        matched = sum(item[1] == "match" for item in result.fields)
        print(f"    {done + 1}/{len(todo)} {piece.group} {piece.number} {piece.altered or 'honest'}"
              f": {matched}/{len(result.fields)}, {result.processor:.2f} s",
              file=sys.stderr, flush=True)  # fmt: skip
        yield result
    if left:
        print(f"  {left} of {len(todo)} pages are left for the next run")


# -- sums ------------------------------------------------------------------------------


def _counted(found: list[Result]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for result in found:
        tally = tallies.setdefault(result.piece.group, Tally())
        tally.seconds.append(result.seconds)
        tally.processor.append(result.processor)
        for path, outcome, *rest in result.fields:
            tally.outcomes[outcome] += 1
            if outcome != "match":
                tally.told.append(_told(result.piece, outcome, path, *rest))
    return tallies


def _told(piece: Piece, outcome: str, path: str, signed: Any, printed: Any, sure: Any) -> str:
    return f"{piece.group} {piece.number} {outcome} {path}: {signed!r} read {printed!r} ({sure})"


def honest(found: list[Result]) -> list[dict[str, Any]]:
    rows = []
    for group, tally in sorted(_counted(found).items()):
        name = group.rpartition("-")[0] if group[-1].isdigit() else group
        target = _TARGETS.get(name)
        match = tally.share("match")
        used = sum(tally.processor) / len(tally.processor)
        rows += [
            row(f"{group}: fields that match (of {tally.outcomes.total()})", f"{match:.1f} %",
                f">= {target:g} %" if target else "", None if target is None else match >= target),
            row(f"{group}: false alarms", f"{tally.outcomes['differs']}"),
            row(f"{group}: processor, mean (most {max(tally.processor):.1f})", f"{used:.2f} s",
                f"<= {_SECONDS:g} s", used <= _SECONDS),
        ]  # fmt: skip
        for line in tally.told:
            print(f"      {line}")
    return rows


def forged(found: list[Result]) -> list[dict[str, Any]]:
    tallies: dict[str, Tally] = {}
    for result in found:
        tally = tallies.setdefault(result.piece.group, Tally())
        piece, wanted = result.piece, result.piece.altered.split("#")[0]
        if wanted == _WHOLE:
            every = {item[1] for item in result.fields}
            tally.outcomes["differs" if "differs" in every else "match"] += 1
            continue
        path, outcome, *rest = next(item for item in result.fields if item[0] == wanted)
        tally.outcomes[outcome] += 1
        if outcome != "differs":
            tally.told.append(_told(piece, outcome, path, *rest))
    rows = []
    for group, tally in sorted(tallies.items()):
        count, matched = tally.outcomes.total(), tally.outcomes["match"]
        rows += [
            row(f"{group}: altered fields that match (of {count})", f"{matched}", "0", not matched),
            row(f"{group}: altered fields told as a difference", f"{tally.share('differs'):.1f} %"),
        ]
        for line in tally.told:
            print(f"      {line}")
    return rows


def main(
    pages: int = 10, names: tuple[str, ...] = (), *, dpi: int = 0, only: str = "",
    record: Path | None = None, minutes: float = 1e6,
) -> list[dict[str, Any]]:  # fmt: skip
    print("printed fields")
    cv2.setNumThreads(1)
    _code()  # before a page is read: files may change meanwhile
    engine.lines(np.full((64, 64), 255, np.uint8))  # loading the models is not part of a page
    todo = list(pieces(pages, names, dpi, only))
    found = list(results(todo, record, minutes))
    rows = honest([result for result in found if not result.piece.altered])
    return rows + forged([result for result in found if result.piece.altered])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *(how.name for how in _ALL)])
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--dpi", type=int, default=0)
    parser.add_argument("--only", choices=("honest", "forged"), default="")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--minutes", type=float, default=1e6)
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    told = main(given.pages, tuple(given.names), dpi=given.dpi, only=given.only,
                record=given.record, minutes=given.minutes)  # fmt: skip
    sys.exit(any(item["met"] is False for item in told))
