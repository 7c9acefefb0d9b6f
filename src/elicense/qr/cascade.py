"""Reading codes from bad scans: a cascade of readers, the cheap ones first.

A stage is left only with a code that ``accept`` takes, which decodes and whose signature
verifies; so a stage may try anything, and a wrong guess costs time and never a verdict.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from elicense.evidence import QrCode
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.qr import crops, finders, sampler, views, zbar
from elicense.qr.kinds import PREFIX, classify
from elicense.qr.picture import Picture, from_pixels
from elicense.qr.views import Corners, View

Accept = Callable[[str], bool]
Attempt = tuple[str, Callable[[], "list[Seen]"]]
TIME_BUDGET = "time-budget"

_LARGE = 3_000_000  # pixels: such a page is tried at half its size first
_GROWABLE = 7_000_000  # pixels: a page that may be doubled
_LEAST_SIDE = 20.0  # pixels: a code of 21 modules, one pixel each
_FLATTEST = 3.0  # between its sides: faxes have pixels twice as high as wide
_CROP = 780  # pixels: a code about 600 wide, and room around it
_SEARCHED = 3  # crops in which finders are looked for
_TONES: tuple[tuple[str, Callable[[Any], Any]], ...] = (("", lambda p: p), ("-dark", views.darks))
_SIDES = (800, 1300)  # pixels a crop is scaled to


@dataclass(frozen=True, slots=True)
class Seen:
    """A code a reader saw: ``text`` is None where it could not be read."""

    text: str | None
    corners: Corners


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read on one page.

    ``codes`` are the accepted ones first, then EL1 codes that were not accepted (a sign of
    forgery, or a key that is not known), then foreign ones; ``accepted`` counts the first.
    ``stage`` names the stage that read the first accepted code, empty where none was read.
    ``unread`` are corners of codes that are seen on the page and that no reader could read:
    with no codes at all, "not readable" and not "no code". ``notes`` are stable words for
    what was not done: ``time-budget`` (stages were left out, so nothing found means not
    checked; a replay may do more) and ``zbar-missing``.
    """

    codes: tuple[QrCode, ...]
    accepted: int
    stage: str
    unread: tuple[Corners, ...] = ()
    notes: tuple[str, ...] = ()


def limitations() -> tuple[str, ...]:
    """Stable words for what this installation cannot do: ``zbar-missing``."""
    return () if zbar.available()[0] else (zbar.MISSING,)


def read(
    pixels: Any,
    *,
    page: int,
    place: str,
    accept: Accept,
    limits: Limits = DEFAULT_LIMITS,
    deadline: float | None = None,
) -> Reading:
    """Codes on a page given as a NumPy array, H×W (grey) or H×W×3 (RGB) of 8 bits.

    ``accept`` is asked once about each text that begins with ``EL1:``: does it decode, and
    does its signature verify? ``deadline`` is a moment of ``time.monotonic()``. Corners are
    pixels of ``pixels``. LimitError ``image.pixels`` past ``limits``; UsageError
    ``qr.pixels`` for an array of another shape or type.
    """
    picture = from_pixels(pixels, limits=limits, place=place)
    return run(picture, page=page, place=place, accept=accept, limits=limits, deadline=deadline)


def run(
    picture: Picture,
    *,
    page: int,
    place: str,
    accept: Accept,
    limits: Limits,
    deadline: float | None,
) -> Reading:
    """The cascade over one picture; :func:`read` and ``encoded.read`` open it."""
    found = _Found(accept, limits.qr_codes)
    notes = list(limitations())
    for stage, attempt in _stages(picture, found):
        if deadline is not None and time.monotonic() >= deadline:
            notes.append(TIME_BUDGET)
            break
        for seen in attempt():
            found.add(seen, stage)
        if found.stage and not found.unread():
            break
        if found.stage and stage == "page":
            break  # another code is there and unread: no further stage is spent on it
    return found.reading(page, place, tuple(notes))


@dataclass(slots=True)
class _Found:
    accept: Accept
    most: int
    texts: dict[str, tuple[bool, Corners]] = field(default_factory=dict)
    located: list[Corners] = field(default_factory=list)
    sampled: int = 0
    stage: str = ""

    def add(self, seen: Seen, stage: str) -> None:
        if seen.text is None:
            if len(self.located) < 2 * self.most and _like_a_code(seen.corners):
                self.located.append(seen.corners)
            return
        if seen.text in self.texts or len(self.texts) >= self.most:
            return
        good = seen.text.startswith(PREFIX) and self.accept(seen.text)
        self.texts[seen.text] = good, seen.corners
        if good and not self.stage:
            self.stage = stage

    def waiting(self) -> list[Corners]:
        """Places seen since this was last asked, without those that were read."""
        new, self.sampled = self.located[self.sampled :], len(self.located)
        read = [corners for _good, corners in self.texts.values()]
        return [c for c in new if not any(_inside(c, other) for other in read)][:3]

    def unread(self) -> tuple[Corners, ...]:
        """Places where a code was seen, each once, without those that were read after all."""
        read = [corners for _good, corners in self.texts.values()]
        left: list[Corners] = []
        for corners in self.located:
            if not any(_inside(corners, other) for other in (*read, *left)):
                left.append(corners)
        return tuple(left)

    def reading(self, page: int, place: str, notes: tuple[str, ...]) -> Reading:
        ranked: list[list[QrCode]] = [[], [], []]
        for text, (good, corners) in self.texts.items():
            code = QrCode(page, text, classify(text).kind, place, corners)
            ranked[0 if good else 1 if code.kind == "el1" else 2].append(code)
        codes = tuple(code for rank in ranked for code in rank)
        return Reading(codes, len(ranked[0]), self.stage, self.unread(), notes)


def _like_a_code(corners: Corners) -> bool:
    """A convex figure with sides of like lengths: readers locate codes in texts, too."""
    sides, turns = [], []
    for at in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(at + step) % 4] for step in range(3))
        sides.append(math.hypot(bx - ax, by - ay))
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    convex = all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)
    return convex and min(sides) >= _LEAST_SIDE and max(sides) <= _FLATTEST * min(sides)


def _inside(one: Corners, other: Corners) -> bool:
    """Whether the middle of one lies in the box of the other, either way."""
    return _holds(one, other) or _holds(other, one)


def _holds(box: Corners, other: Corners) -> bool:
    x, y = (sum(values) / len(values) for values in zip(*other, strict=True))
    across, down = zip(*box, strict=True)
    return min(across) <= x <= max(across) and min(down) <= y <= max(down)


# -- stages ----------------------------------------------------------------------------


def _stages(picture: Picture, found: _Found) -> Iterator[Attempt]:
    """Each stage by name, in order; what it needs is made when it is reached."""
    grey = picture.grey
    large = grey.size > _LARGE
    if large:
        yield "half", lambda: zxing(views.shrunk(grey, 0.5))
    else:
        yield "page", lambda: zxing(View(grey))
    if (red := picture.red()) is not None:
        yield "red", lambda: zxing(views.shrunk(red, 0.5) if large else View(red))
    plane = grey if red is None else red
    yield from _located(plane, found)
    yield from _crops(picture)
    if large:
        yield "page", lambda: zxing(View(grey))
    if grey.size <= _GROWABLE:
        yield "doubled", lambda: zxing(views.grown(grey, 2.0))
    yield "page-binary", lambda: zxing(View(views.binary(grey, max(grey.shape) // 60)))


def _located(plane: Any, found: _Found) -> Iterator[Attempt]:
    """Codes that were seen and not read are sampled, once each."""
    for corners in found.waiting():
        view = views.around(plane, corners)
        for name, tone in _TONES:
            yield f"located{name}", lambda v=view, c=corners, t=tone: _sampled(v, v.in_view(c), t)


def _sampled(view: View, corners: Corners, tone: Callable[[Any], Any]) -> list[Seen]:
    read = sampler.read(tone(view.pixels), corners)
    return [Seen(read[0], view.on_page(read[1]))] if read else []


def _crops(picture: Picture) -> Iterator[Attempt]:
    boxes = crops.propose(picture.grey)
    red = picture.red()
    planes = [picture.grey] if red is None else [red, picture.grey]
    for box in boxes[:_SEARCHED]:
        view = views.cut(planes[0], box, _CROP)
        for corners in sampler.likeliest(view.pixels, finders.quads(view.pixels), most=2):
            for name, tone in _TONES:
                yield f"finders{name}", lambda v=view, c=corners, t=tone: _sampled(v, c, t)
    cuts = [(plane, box) for box in boxes for plane in planes]
    for side in _SIDES:
        for plane, box in cuts:
            yield f"crop-{side}", lambda p=plane, b=box, s=side: zxing(_sharpened(p, b, s))
    for plane, box in cuts:
        yield "crop-zbar", lambda p=plane, b=box: second(_sharpened(p, b, 800))
    for plane, box in cuts:
        yield "crop-binary", lambda p=plane, b=box: zxing(_thresholded(p, b))


def _sharpened(plane: Any, box: views.Box, side: int) -> View:
    view = views.cut(plane, box, side)
    radius = max(1.0, side / min(box[2:]) * 0.8)
    return View(views.sharp(view.pixels, 1.2, radius), view.left, view.top, view.across, view.down)


def _thresholded(plane: Any, box: views.Box) -> View:
    view = views.cut(plane, box, 1000)
    pixels = views.binary(views.sharp(view.pixels, 2.5, 6.0), 61)
    return View(pixels, view.left, view.top, view.across, view.down)


def zxing(view: View) -> list[Seen]:
    """What zxing reads, and what it only locates."""
    import zxingcpp

    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    seen = []
    for code in zxingcpp.read_barcodes(view.pixels, formats=formats, return_errors=True):
        spot = code.position
        ends = (spot.top_left, spot.top_right, spot.bottom_right, spot.bottom_left)
        corners = view.on_page(tuple((float(p.x), float(p.y)) for p in ends))
        seen.append(Seen(code.text if code.valid else None, corners))
    return seen


def second(view: View) -> list[Seen]:
    """What zbar reads."""
    return [Seen(text, view.on_page(corners)) for text, corners in zbar.read(view.pixels)]
