"""Text lines of a picture, read by RapidOCR with the models that come in its wheel.

The extra ``elicense[ocr]`` brings it. Nothing is fetched: the models' paths are given to
it, and where a file is missing :func:`available` says so instead of letting it download.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from elicense.errors import InputError, LimitError, UsageError
from elicense.limits import DEFAULT_LIMITS, Limits

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]
THREADS = "ELICENSE_OCR_THREADS"
_DETECT, _RECOGNISE = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_VERSIONS = ((3, 10), (4, 0))  # from, below: what this module's calls were tried with
SIDE = 1280  # pixels of the longer side in which lines are looked for: 12 of a 3 mm letter
_LEAST = 32  # pixels: nothing smaller is a page
_MOST_LINES = 300
_WIDEST = 60.0  # width by height of one line
_BATCH, _PADDED = 1, 160  # each line by itself: it reads the same whatever else is read
_AT_A_TIME = 8  # lines that are read before the clock is looked at: some 0.15 s
_HEIGHT = 48  # pixels of a line as the recogniser takes it
_LOCK = threading.Lock()


class Available(NamedTuple):
    """Can text be read here? ``reason`` says why not, and what to install."""

    ok: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. ``corners`` are pixels of the picture given: top left, top right,
    bottom right, bottom left as one reads it. ``certainty`` and ``at`` have one number a
    character: the reader's confidence (0 to 1), and its middle as a part of the line's width.
    """

    text: str
    corners: Corners
    certainty: tuple[float, ...]
    at: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """The mean over the characters, 0 for none."""
        return sum(self.certainty) / len(self.certainty) if self.certainty else 0.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height of the upright rectangle around it."""
        xs, ys = [p[0] for p in self.corners], [p[1] for p in self.corners]
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def available() -> Available:
    """Is the extra installed, in a version known to work, with its models inside?"""
    for module in ("rapidocr", "onnxruntime", "cv2", "numpy"):
        if importlib.util.find_spec(module) is None:
            return Available(False, f"{module} is not installed: pip install 'elicense[ocr]'")
    version = importlib.metadata.version("rapidocr")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not _VERSIONS[0] <= numbers < _VERSIONS[1]:
        return Available(False, f"rapidocr {version} is installed; 3.10 or a later 3 is needed")
    lacking = [name for name in (_DETECT, _RECOGNISE) if not _model(name).is_file()]
    if lacking:
        return Available(False, f"rapidocr {version} came without {', '.join(lacking)}")
    return Available(True, f"rapidocr {version}")


def lines(pixels: Any, *, threads: int = 0, limits: Limits = DEFAULT_LIMITS) -> tuple[Line, ...]:
    """The lines on a picture: :func:`find`, then :func:`read` of all that was found."""
    places = find(pixels, threads=threads, limits=limits)
    return read(pixels, places, threads=threads, limits=limits)


def find(
    pixels: Any, *, side: int = SIDE, threads: int = 0, limits: Limits = DEFAULT_LIMITS,
    deadline: float = math.inf,
) -> tuple[Corners, ...]:  # fmt: skip
    """Where there are lines on a picture, a NumPy array H×W×3 (RGB) or H×W (grey) of 8 bits.

    They must run within some 30° of level: the caller turns the picture upright. A picture
    whose longer side is more than ``side`` pixels is reduced to that. ``threads`` work on one
    reading (0: ``ELICENSE_OCR_THREADS``, else one). ``deadline`` is a moment of
    ``time.monotonic()``, looked at before the picture is and between a few lines. UsageError
    where :func:`available` says no or for another array, LimitError past
    ``limits.image_pixels``, and ``ocr.time`` past the deadline; InputError if the engine
    gives up.
    """
    _check(pixels, limits)
    if min(pixels.shape[:2]) < _LEAST:
        return ()
    with _using(threads) as engine:
        _in_time(deadline)  # another caller may have had the engine until now
        return _quads(engine, pixels, side)[:_MOST_LINES]


def read(
    pixels: Any, places: Sequence[Corners], *, threads: int = 0, limits: Limits = DEFAULT_LIMITS,
    deadline: float = math.inf,
) -> tuple[Line, ...]:  # fmt: skip
    """What the lines at ``places`` say, at full resolution; places without text are left out.

    Errors as of :func:`find`.
    """
    _check(pixels, limits)
    cuts = [(place, _cut(pixels, place)) for place in places[:_MOST_LINES]]
    given = [(place, cut) for place, cut in cuts if cut is not None]
    made: list[Line] = []
    for start in range(0, len(given), _AT_A_TIME):
        some = given[start : start + _AT_A_TIME]
        with _using(threads) as engine:
            _in_time(deadline)
            found = engine.recognize_txt([cut for _, cut in some])
            rows = zip(some, found.txts, found.word_results, strict=True)
            made += [_line(place, text, words) for (place, _), text, words in rows]
    return tuple(line for line in made if line.text.strip())


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise LimitError("ocr.time", "the time for reading the text was used up")


def shape(place: Corners) -> float:
    """Width by height of a line."""
    a, b, _, d = place
    height = math.hypot(d[0] - a[0], d[1] - a[1])
    return math.hypot(b[0] - a[0], b[1] - a[1]) / height if height else math.inf


def _check(pixels: Any, limits: Limits) -> None:
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if str(pixels.dtype) != "uint8" or not shaped:
        raise UsageError("ocr.pixels", "not an array H×W or H×W×3 of 8 bits")
    height, width = pixels.shape[:2]
    if width * height > limits.image_pixels:
        raise LimitError("image.pixels", f"{width} × {height} pixels")


def _threads() -> int:
    text = os.environ.get(THREADS, "")
    if not text:
        return 1  # more of them wait for each other in a loop, and many files take processes
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise UsageError("ocr.threads", f"{THREADS} must be 1 to 256, not {text!r}")
    return int(text)


def _model(name: str) -> Path:
    spec = importlib.util.find_spec("rapidocr")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    return folder / "models" / name


@cache
def _engine(process: int, threads: int) -> Any:
    """One engine a process (a forked one needs its own) and number of threads."""
    found = available()
    if not found.ok:
        raise UsageError("ocr.unavailable", found.reason)
    from rapidocr import RapidOCR

    threads = min(threads, os.cpu_count() or 1)  # rapidocr drops larger numbers
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.return_word_box": True,
            "Global.use_vertical_padding": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",  # its own rule blows narrow strips up without bounds
            "Det.limit_side_len": SIDE,
            "Det.model_path": str(_model(_DETECT)),
            "Rec.model_path": str(_model(_RECOGNISE)),
            "Rec.rec_batch_num": _BATCH,
            "Rec.rec_img_shape": [3, _HEIGHT, _PADDED],
        }
    )


@contextmanager
def _using(threads: int) -> Iterator[Any]:
    """The engine, for one caller at a time."""
    engine = _engine(os.getpid(), threads or _threads())
    with _LOCK:
        try:
            yield engine
        except LimitError:
            raise
        except Exception as error:  # its errors have no base class of their own
            raise InputError("ocr.failed", f"the reader of pictures gave up: {error}") from error


def _for_reader(pixels: Any) -> Any:
    """Three channels, blue first."""
    import cv2

    grey = pixels.ndim == 2
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if grey else cv2.COLOR_RGB2BGR)


def _quads(engine: Any, pixels: Any, side: int) -> tuple[Corners, ...]:
    import cv2
    from rapidocr.main import RapidOCRError  # what it raises where there is no text

    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    small = pixels
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    try:
        _, found = engine.detect_and_crop(_for_reader(small), {})
    except RapidOCRError:
        return ()
    across, down = width / small.shape[1], height / small.shape[0]
    quads = [[(float(x) * across, float(y) * down) for x, y in quad] for quad in found.boxes]
    return tuple((a, b, c, d) for a, b, c, d in quads)


def _cut(pixels: Any, place: Corners) -> Any:
    """The line straightened, at most as high as the recogniser takes it; None for no line."""
    import cv2
    import numpy as np

    quad = np.array(place, np.float32)
    width, height = float(np.hypot(*(quad[1] - quad[0]))), float(np.hypot(*(quad[3] - quad[0])))
    if height < 4 or not 0.2 < width / height < _WIDEST:
        return None
    scale = min(1.0, 1.25 * _HEIGHT / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    target = np.array([[0, 0], [across, 0], [across, down], [0, down]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    flags = cv2.INTER_CUBIC if scale == 1 else cv2.INTER_AREA
    cut = cv2.warpPerspective(
        pixels, matrix, (across, down), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return _for_reader(cut)


def _line(corners: Corners, text: str, words: Any) -> Line:
    certainty = tuple(float(value) for value in words.confs[: len(text)])
    columns = iter([column for word in words.word_cols for column in word])
    total = float(words.line_txt_len) or 1.0
    at: list[float] = []
    for character in text:  # the reader gives blanks no place: they stand after the one before
        last = at[-1] if at else 0.0
        at.append(last if character.isspace() else min(1.0, (next(columns) + 0.5) / total))
    return Line(text, corners, certainty, tuple(at))
