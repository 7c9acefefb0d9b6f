"""Reading codes from bad scans: a cascade of readers, the cheap ones first.

A stage is left only with a code that ``accept`` takes, which decodes and whose signature
verifies; so a stage may try anything, and a wrong guess costs time and never a verdict.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from elicense.evidence import QrCode
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.qr import crops, finders, sampler, views, zbar
from elicense.qr.kinds import PREFIX, classify
from elicense.qr.picture import Picture, from_pixels
from elicense.qr.reader import corners_of
from elicense.qr.views import Corners, View

Accept = Callable[[str], bool]
Attempt = tuple[str, Callable[[], "list[Seen]"]]
TIME_BUDGET = "time-budget"

_GROWABLE = 7_000_000  # pixels: a page that may be doubled
_LEAST_SIDE = 20.0  # pixels: a code of 21 modules, one pixel each
_FLATTEST = 3.0  # between its sides: faxes have pixels twice as high as wide
_FIRST = ("half", "page", "red", "located")
_HINTS = 4  # places the sampler is tried at
_CROP = 780  # pixels: a code about 600 wide, and room around it
_ROOMS = (0.2, 0.6)  # of a crop, added where nothing was found in it
_SEARCHED = 4  # crops in which finders are looked for
_TONES: tuple[Callable[[Any], Any], ...] = (  # as it is; under a grey seal; under a dark copy's
    lambda pixels: pixels,
    partial(views.darks, part=0.4),
    partial(views.darks, part=0.17),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A code a reader saw: ``text`` is None where it could not be read, and ``certain`` where
    there is a code all the same."""

    text: str | None
    corners: Corners
    certain: bool = False


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
    does its signature verify? (One that only decodes lets a misreading of a damaged code
    through: good enough to show, not to judge.) ``deadline`` is a moment of
    ``time.monotonic()``. Corners are pixels of ``pixels``. LimitError ``image.pixels`` past
    ``limits``; UsageError ``qr.pixels`` for an array of another shape or type.
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
        if found.stage and stage not in _FIRST:
            break  # another code is there and unread: only the first stages are spent on it
        if deadline is not None and time.monotonic() >= deadline:
            notes.append(TIME_BUDGET)
            break
        for seen in attempt():
            found.add(seen, stage)
        if found.stage and not found.waiting():
            break
    return found.reading(page, place, tuple(notes))


@dataclass(slots=True)
class _Found:
    accept: Accept
    most: int
    asked: dict[str, bool] = field(default_factory=dict)
    texts: dict[str, tuple[bool, Corners]] = field(default_factory=dict)
    hints: list[Corners] = field(default_factory=list)
    damaged: list[Corners] = field(default_factory=list)
    stage: str = ""

    def add(self, seen: Seen, stage: str) -> None:
        if seen.text is None:
            self._add_place(seen)
        elif seen.text not in self.texts:
            good = self.takes(seen.text)
            if good or len(self.texts) < self.most:  # many foreign codes hide no good one
                self.texts[seen.text] = good, seen.corners
            if good and not self.stage:
                self.stage = stage

    def takes(self, text: str) -> bool:
        """Whether it is accepted; each text is asked about once."""
        if text not in self.asked:
            self.asked[text] = text.startswith(PREFIX) and self.accept(text)
        return self.asked[text]

    def _add_place(self, seen: Seen) -> None:
        places = self.damaged if seen.certain else self.hints
        if len(places) < 2 * self.most and _like_a_code(seen.corners):
            places.append(seen.corners)

    def waiting(self) -> list[Corners]:
        """Places where a code may be that was not read, for the sampler."""
        return self._elsewhere(self.hints)[:_HINTS]

    def _elsewhere(self, places: list[Corners]) -> list[Corners]:
        """Without places of codes that were read."""
        read = [corners for _good, corners in self.texts.values()]
        return [c for c in places if not any(_together(c, other) for other in read)]

    def unread(self) -> tuple[Corners, ...]:
        """Places where a code is and was not read, each once."""
        left: list[Corners] = []
        for corners in self._elsewhere(self.damaged):
            if not any(_together(corners, other) for other in left):
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


def _together(one: Corners, other: Corners) -> bool:
    """Whether the middle of one lies in the box of the other, either way."""
    return _holds(one, other) or _holds(other, one)


def _holds(box: Corners, other: Corners) -> bool:
    x, y = (sum(values) / len(values) for values in zip(*other, strict=True))
    across, down = zip(*box, strict=True)
    return bool(min(across) <= x <= max(across) and min(down) <= y <= max(down))


# -- stages ----------------------------------------------------------------------------


def _stages(picture: Picture, found: _Found) -> Iterator[Attempt]:
    """Each stage by name, in order; what it needs is made when it is reached."""
    size = picture.width, picture.height
    if picture.large:
        yield "half", lambda: quickly(views.half(picture.half, *size))
        for corners in found.waiting():
            yield "page", partial(_near, picture, corners)
    yield "page", lambda: quickly(View(picture.grey))
    if picture.red is not None:
        if picture.large:
            yield "red", lambda: quickly(views.half(picture.half_red, *size))
        yield "red", lambda: quickly(View(picture.red))
    yield from _located(picture, found)
    yield from _crops(picture, found)
    yield "page", lambda: zxing(View(picture.grey))
    if size[0] * size[1] <= _GROWABLE:
        yield "doubled", lambda: zxing(views.grown(picture.grey, 2.0))


def _near(picture: Picture, corners: Corners) -> list[Seen]:
    """At full size, the part of the page where a code was seen at half of it."""
    return quickly(views.around(picture.grey, corners))


def _located(picture: Picture, found: _Found) -> Iterator[Attempt]:
    """Codes that were seen and not read are sampled, once each."""
    for corners in found.waiting():
        plane = picture.grey if picture.red is None else picture.red
        view = views.around(plane, corners)
        for tone in _TONES:
            yield "located", partial(_sampled, view, view.in_view(corners), tone, found)
        yield "located", partial(_together_sampled, view, view.in_view(corners), found)


def _sampled(view: View, corners: Corners, tone: Callable[[Any], Any], found: _Found) -> list[Seen]:
    sample = sampler.read(tone(view.pixels), corners, found.takes)
    return [Seen(sample.text, view.on_page(sample.corners), certain=True)] if sample else []


def _together_sampled(view: View, corners: Corners, found: _Found) -> list[Seen]:
    """All tones at once: under a seal each of them shows some modules and hides others."""
    first, *others = (tone(view.pixels) for tone in _TONES)
    sample = sampler.read(first, corners, found.takes, tones=others)
    return [Seen(sample.text, view.on_page(sample.corners), certain=True)] if sample else []


def _crops(picture: Picture, found: _Found) -> Iterator[Attempt]:
    boxes = crops.propose(picture.grey)
    red = picture.red
    planes = [picture.grey] if red is None else [red, picture.grey]
    for box in boxes[:_SEARCHED]:
        yield "finders", partial(_by_finders, planes[0], box, found)
    cuts = [(plane, box) for box in boxes for plane in planes]
    for plane, box in cuts:
        yield "crop", partial(_in_crop, zxing, plane, box)
    for plane, box in cuts:
        yield "zbar", partial(_in_crop, second, plane, box)
    for part in _ROOMS:
        for box in boxes[:_SEARCHED]:
            wide = crops.widened(box, part, picture.width, picture.height)
            yield "finders-wide", partial(_by_finders, planes[0], wide, found)


def _by_finders(plane: Any, box: views.Box, found: _Found) -> list[Seen]:
    """Codes sampled where finders were made out, until one is accepted."""
    view = views.cut(plane, box, _CROP)
    seen: list[Seen] = []
    for corners in sampler.likeliest(view.pixels, finders.quads(view.pixels), most=2):
        for tone in _TONES:
            seen += _sampled(view, corners, tone, found)
            if seen and seen[-1].text is not None and found.takes(seen[-1].text):
                return seen
        if seen:
            seen += _together_sampled(view, corners, found)
    return seen


def _in_crop(reader: Callable[[View], list[Seen]], plane: Any, box: views.Box) -> list[Seen]:
    """A reader over a part of the page, enlarged and sharpened."""
    view = views.cut(plane, box, _CROP)
    pixels = views.sharp(view.pixels, 1.2, max(1.0, _CROP / min(box[2:]) * 0.8))
    return reader(View(pixels, view.left, view.top, view.across, view.down))


def quickly(view: View) -> list[Seen]:
    """What zxing reads at this one size, dark on light."""
    return zxing(view, thorough=False)


def zxing(view: View, *, thorough: bool = True) -> list[Seen]:
    """What zxing reads, and what it only locates; at smaller sizes, too, and light on dark, if
    it is to be thorough."""
    import zxingcpp

    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    seen = []
    for code in zxingcpp.read_barcodes(
        view.pixels, formats=formats, try_invert=thorough, try_downscale=thorough,
        return_errors=True,
    ):  # fmt: skip
        corners = view.on_page(corners_of(code))
        seen.append(Seen(code.text if code.valid else None, corners))
    return seen


def second(view: View) -> list[Seen]:
    """What zbar reads."""
    return [Seen(text, view.on_page(corners)) for text, corners in zbar.read(view.pixels)]
