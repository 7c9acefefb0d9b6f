"""The deciding fields of a licence as a sheet prints them, beside their signed values."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from elicense.canonical import Value
from elicense.evidence import PrintedField
from elicense.licence import Licence
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.ocr import engine, locate, titles
from elicense.ocr.compare import DIFFERS, MATCH, NOTHING, UNREADABLE, Compared, compare, forms
from elicense.ocr.endorsed import endorsements
from elicense.ocr.names import label_names
from elicense.ocr.reading import chinese, folded
from elicense.ocr.sheet_lines import Placed, level
from elicense.ocr.upright import Upright, angle_of, left_out, upright, without_red
from elicense.profiles import Field, Profile

_WIDE, _ACROSS = 18.0, 0.75  # width by height, part of the print's width: running text
_WHOLE = 4  # characters of a Chinese label that is no word of a sentence
_TRIED = 10  # lines that tell which way up a page is
_MARGIN = 0.12  # of what is printed: more than the paper around it
_LEAST_SIDE = 320  # pixels in which lines are looked for, of a small part
_SMALL = 0.8  # of the picture's longer side: lines are looked for again in their own part


def read_printed(
    pixels: Any,
    licence: Licence,
    profile: Profile,
    *,
    page: int,
    qr_corners: Sequence[tuple[float, float]] | None = None,
    threads: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    deadline: float | None = None,
) -> tuple[PrintedField, ...]:
    """Every deciding field that ``licence`` gives a value, as it is printed on one page.

    ``pixels`` is a NumPy array H×W×3 (RGB) or H×W (grey) of 8 bits, ``licence`` what the
    signed QR code says. ``qr_corners`` (pixels, top left first, clockwise) tell how the page
    is turned; without them it is tried out. A field that is printed in several places alike
    must match in all of them. Signed endorsements have an entry only where their box is on
    this page; fields that another page prints are ``unreadable`` on this one.

    ``deadline`` is a moment of ``time.monotonic()``, without it ``limits.scan_seconds`` from
    now. It is looked at before each search for lines and between a few lines that are read;
    past it LimitError ``ocr.time``: of a page that was read in part nothing is said.
    UsageError ``ocr.unavailable`` where :func:`engine.available` says no; LimitError and
    InputError as of :func:`engine.find`.
    """
    if deadline is None:
        deadline = time.monotonic() + limits.scan_seconds
    reader = _Reader(threads, limits, deadline)
    wanted = [(i, v) for i, v in profile.values(licence) if i.deciding and i.printed]
    best: dict[str, PrintedField] = {}
    for view in _views(pixels, qr_corners, profile, reader):
        for item in _fields(view, licence, profile, wanted, page):
            best[item.field] = _better(best.get(item.field), item)
        if all(item.outcome == MATCH for item in best.values()):
            rest = _with_the_rest(view, profile, reader)
            for item in _fields(rest, licence, profile, wanted, page) if rest else ():
                if item.outcome == DIFFERS:  # a second value, in print not looked at before
                    best[item.field] = item
            break
    order = {item.path: number for number, (item, _) in enumerate(wanted)}
    return tuple(sorted(best.values(), key=lambda item: (order.get(item.field, 999), item.field)))


# -- looking at the page ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reader:
    """The engine, and what bounds it."""

    threads: int
    limits: Limits
    deadline: float

    def find(self, pixels: Any, *, side: int = engine.SIDE) -> tuple[engine.Corners, ...]:
        return engine.find(
            pixels, side=side, threads=self.threads, limits=self.limits, deadline=self.deadline
        )

    def read(self, pixels: Any, places: Sequence[engine.Corners]) -> tuple[engine.Line, ...]:
        return engine.read(
            pixels, places, threads=self.threads, limits=self.limits, deadline=self.deadline
        )


@dataclass(frozen=True, slots=True)
class _View:
    """Lines read from one turned picture, more of them the later the view."""

    page: Upright
    lines: tuple[Placed, ...] = field(repr=False)
    labels: tuple[locate.Label, ...] = field(repr=False)
    read: tuple[engine.Line, ...] = field(repr=False, default=())
    places: tuple[engine.Corners, ...] = field(repr=False, default=())  # found, read or not
    wide: tuple[engine.Corners, ...] = field(repr=False, default=())  # those not yet read
    red_left_out: bool = False


def _views(
    pixels: Any, corners: Sequence[tuple[float, float]] | None, profile: Profile, reader: _Reader
) -> Iterator[_View]:
    """Ever closer looks; the caller stops when it has seen enough."""
    angle = angle_of(corners) if corners else None
    if angle is None:
        angle = _turn(pixels, reader)
    page = upright(pixels, angle)
    plain = without_red(page.pixels)
    for ink in [page.pixels] if plain is None else [plain, page.pixels]:
        yield from _looks(page, ink, profile, reader)


def _turn(pixels: Any, reader: _Reader) -> float:
    """The quarter turn in which a few lines are read with most confidence."""
    places = reader.find(pixels)
    standing = sum(engine.shape(place) < 1 for place in places)
    turns = (90.0, 270.0) if 2 * standing > len(places) else (0.0, 180.0)
    return max(turns, key=lambda turn: _confidence(pixels, turn, reader))


def _confidence(pixels: Any, turn: float, reader: _Reader) -> float:
    turned = upright(pixels, turn).pixels
    places = reader.find(turned)
    lying = sorted((p for p in places if 1 < engine.shape(p) < _WIDE), key=engine.shape)
    return sum(line.confidence for line in reader.read(turned, lying[-_TRIED:]))


def _looks(page: Upright, ink: Any, profile: Profile, reader: _Reader) -> Iterator[_View]:
    """First the lines that can hold a field, then running text as well."""
    names = label_names(profile)
    places = _find(ink, reader)
    wide = tuple(_running(places))
    narrow = [place for place in places if place not in wide]
    read = reader.read(ink, narrow)
    lines, no_red = level(read), ink is not page.pixels
    yield _View(page, lines, locate.labels(lines, names), read, places, wide, no_red)
    if wide:
        read += reader.read(ink, wide)
        lines = level(read)
        yield _View(page, lines, locate.labels(lines, names), read, places, (), no_red)


def _with_the_rest(view: _View, profile: Profile, reader: _Reader) -> _View | None:
    """The view with all that it leaves out: running text, and what is printed in red. A sheet
    must not show a value there that nobody compared. None if nothing is left out."""
    more = list(view.wide)
    if view.red_left_out:
        known = [_upright_box(place) for place in view.places]
        found = _find_coloured(view, reader)
        more += [place for place in found if not _covered(_upright_box(place), known)]
    read = reader.read(view.page.pixels, more) if more else ()
    if not read:
        return None
    read = view.read + read
    lines = level(read)
    return replace(view, lines=lines, labels=locate.labels(lines, label_names(profile)), read=read)


def _find_coloured(view: _View, reader: _Reader) -> list[engine.Corners]:
    """Lines where there is ink that the red channel does not show, on the sheet: what is
    printed in black, with a margin wider than sheets have. A desk may be of any colour."""
    x, y, across, down = _extent(view.places, view.page.pixels, _MARGIN)
    sheet = view.page.pixels[y : y + down, x : x + across]
    found: list[engine.Corners] = []
    for left, top, right, bottom in left_out(sheet):
        part = sheet[top:bottom, left:right]
        side = math.ceil(engine.SIDE * max(part.shape[:2]) / max(sheet.shape[:2]))
        found += [_shifted(place, x + left, y + top)
                  for place in reader.find(part, side=max(side, _LEAST_SIDE))]  # fmt: skip
    return found


def _extent(
    places: Sequence[engine.Corners], pixels: Any, margin: float
) -> tuple[int, int, int, int]:
    """Left, top, width and height of what the lines cover, with ``margin`` of it around."""
    height, width = pixels.shape[:2]
    boxes = [_upright_box(place) for place in places] or [(0.0, 0.0, width, height)]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    edge = margin * max(right - left, bottom - top) + 8
    x, y = max(0, int(left - edge)), max(0, int(top - edge))
    return x, y, min(width, int(right + edge)) - x, min(height, int(bottom + edge)) - y


def _upright_box(place: engine.Corners) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in place], [y for _, y in place]
    return min(xs), min(ys), max(xs), max(ys)


def _covered(
    box: tuple[float, float, float, float], known: Sequence[tuple[float, float, float, float]]
) -> bool:
    """Was half of it or more looked at as one line?"""
    left, top, right, bottom = box
    return any(
        max(0.0, min(right, c) - max(left, a)) * max(0.0, min(bottom, d) - max(top, b))
        >= 0.5 * (right - left) * (bottom - top)
        for a, b, c, d in known
    )


def _running(places: Sequence[engine.Corners]) -> list[engine.Corners]:
    """Lines of running text: long, and right across what is printed."""
    xs = [x for place in places for x, _ in place]
    least = _ACROSS * (max(xs) - min(xs)) if xs else 0.0
    return [p for p in places if engine.shape(p) >= _WIDE and p[1][0] - p[0][0] >= least]


def _find(ink: Any, reader: _Reader) -> tuple[engine.Corners, ...]:
    """Lines of the page; of a small page in a large picture, looked for in that part again."""
    places = reader.find(ink)
    left, top, across, down = _extent(places, ink, 0.04)
    if not places or max(across, down) > _SMALL * max(ink.shape[:2]):
        return places
    again = reader.find(ink[top : top + down, left : left + across])
    return tuple(_shifted(place, left, top) for place in again) or places


def _shifted(place: engine.Corners, left: int, top: int) -> engine.Corners:
    (a, b), (c, d), (e, f), (g, h) = place
    return (a + left, b + top), (c + left, d + top), (e + left, f + top), (g + left, h + top)


# -- fields ----------------------------------------------------------------------------


def _fields(
    view: _View, licence: Licence, profile: Profile, wanted: Sequence[tuple[Field, Value]],
    page: int,
) -> Iterator[PrintedField]:  # fmt: skip
    for item, value in wanted:
        found = _one(view, profile, item, value)
        yield _printed(view, item.path, forms(item, value), found, page)
    for path, signed, found in endorsements(licence, profile, view.lines):
        yield _printed(view, path, signed, found, page)


def _one(view: _View, profile: Profile, item: Field, value: Value) -> Compared:
    if item.kind == "title":
        return titles.compare_title(profile, view.lines)
    places = locate.regions(item.key, view.lines, view.labels)
    if not places:
        return NOTHING
    alike = [x for x in places if (x.labels, x.exact) == (places[0].labels, places[0].exact)]
    plain = [x for x in view.labels if item.key not in x.keys or _formal(x, view.lines)]
    weaker = [x for x in locate.regions(item.key, view.lines, plain) if x.exact and not x.shared]
    results = [compare(item, value, x.readings, alone=not x.shared) for x in (*alike, *weaker)]
    return next((found for found in results if found.outcome == DIFFERS), results[0])


def _formal(label: locate.Label, lines: Sequence[Placed]) -> bool:
    """Is it a label as a form has it: at the end of its line, before a colon, or (readers drop
    colons) a whole Chinese one that begins the line? Other words show no second value."""
    text = lines[label.line].reading.text
    name, rest = folded(text[label.start : label.end]), text[label.end :]
    if not folded(rest) or rest.lstrip()[:1] in {":", "："}:
        return True
    return not folded(text[: label.start]) and len(name) >= _WHOLE and all(map(chinese, name))


def _printed(view: _View, path: str, signed: str, found: Compared, page: int) -> PrintedField:
    box = view.page.box(found.reading.box) if found.reading.text else None
    return PrintedField(
        path, signed, found.printed, found.outcome, round(found.confidence, 4), page, box
    )


def _better(known: PrintedField | None, item: PrintedField) -> PrintedField:
    """A later look replaces what could not be read, never a match or a clear difference."""
    if known is None:
        return item
    if known.outcome == UNREADABLE and (item.outcome != UNREADABLE or not known.printed):
        return item
    return known
