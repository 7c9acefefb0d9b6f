"""Pictures of sheets of paper: opened strictly, decoded a page at a time.

What a picture is its first bytes say, and only the decoder for that is let near it. Sizes
and the number of pictures are read from the headers and held against the limits before
anything is decoded. Colour profiles are ignored: reading needs contrast, not colour.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from elicense.containers.sniff import image_format
from elicense.errors import Error, InputError, LimitError
from elicense.evidence import Evidence
from elicense.limits import DEFAULT_LIMITS, Limits

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "HEIC")
_BAND = 1 << 22  # pixels converted at once where a mode needs more than a byte a sample
_TIFF_TILE, _TIFF_STRIP = (322, 323), 278
_GREY = {"1", "L", "LA", "La"}
_DEEP = {"I;16", "I;16B", "I;16L", "I;16N", "I", "F"}
_SEE_THROUGH = {"LA", "RGBA", "PA"}


@dataclass(frozen=True, slots=True)
class Scan:
    """An opened picture file. ``sizes`` are width and height of each picture in it, in
    pixels as stored; several only in a TIFF."""

    data: bytes = field(repr=False)
    format: str  # one of FORMATS
    sizes: tuple[tuple[int, int], ...]


def read(data: bytes, sha256: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Evidence, Scan]:
    """What the headers say. Raises InputError ``image.*`` for what is no picture of a format
    read here, LimitError for one of too many pixels or pages."""
    scan = open_scan(data, limits)
    evidence = Evidence(
        container="image", size=len(data), sha256=sha256, pages=len(scan.sizes), sheet=True,
        details={"format": scan.format},
    )  # fmt: skip
    return evidence, scan


def open_scan(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Scan:
    """The same without evidence."""
    name = image_format(data)
    if name not in FORMATS:
        raise InputError(
            "image.format", f"{name or 'this'} is not read; {', '.join(FORMATS)} are",
            place="offset 0",
        )  # fmt: skip
    with _opened(data, name) as image:
        sizes = tuple(_sizes(image, name, limits))
    return Scan(data, name, sizes)


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Any]:
    """Pillow's image; whatever its decoders raise comes out as InputError."""
    import warnings

    from PIL import Image

    if name == "HEIC":
        _plug_in()
    formats = {"HEIC": "HEIF"}.get(name, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tags that Pillow mends: nothing here relies on them
            # a size past Pillow's own bound is raised before ours can be
            with Image.open(io.BytesIO(data), formats=[formats]) as image:
                yield image
    except Error:
        raise
    except Image.DecompressionBombError as exc:
        raise LimitError("image.pixels", str(exc).split(",")[0], place=name) from exc
    except MemoryError as exc:
        raise LimitError("image.pixels", "decoding needs too much memory", place=name) from exc
    except Exception as exc:
        raise _unreadable(exc, name) from exc


def _unreadable(exc: Exception, name: str) -> InputError:
    detail = str(exc) or type(exc).__name__
    if "truncated" in detail or isinstance(exc, EOFError):
        return InputError("image.truncated", f"the {name} ends too early: {detail}", place=name)
    return InputError("image.unreadable", f"not a readable {name}: {detail[:200]}", place=name)


def heic_readable() -> bool:
    """Is the plug-in for HEIC installed?"""
    from importlib.util import find_spec

    return find_spec("pillow_heif") is not None


def _plug_in() -> None:
    if not heic_readable():
        raise InputError(
            "image.heic", "HEIC needs a plug-in: pip install pillow-heif, or save it as JPEG",
            place="HEIC",
        )  # fmt: skip
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def _sizes(image: Any, name: str, limits: Limits) -> Iterator[tuple[int, int]]:
    """Sizes from the headers, each and their sum held against the limits."""
    total = number = 0
    while True:
        width, height = image.size
        if width < 1 or height < 1:
            raise InputError("image.size", f"{width} × {height} pixels", place=name)
        if width * height > limits.image_pixels:
            raise LimitError(
                "image.pixels", f"{width} × {height} pixels; {limits.image_pixels} are allowed",
                place=_page(number + 1),
            )  # fmt: skip
        if name == "TIFF":
            _check_tile(image, number + 1, limits)
        total, number = total + width * height, number + 1
        if total > limits.image_total_pixels:
            raise LimitError(
                "image.pixels", f"more than {limits.image_total_pixels} pixels in all its pages",
                place=_page(number),
            )  # fmt: skip
        yield width, height
        if name != "TIFF":
            _check_single(image, name)
            return
        if number > limits.image_pages:
            raise LimitError(
                "image.pages", f"more than {limits.image_pages} pages", place=_page(number)
            )
        try:
            image.seek(number)
        except EOFError:
            return


def _page(number: int) -> str:
    return f"page {number}"


def _check_single(image: Any, name: str) -> None:
    """A picture that moves has no one look. (A JPEG's further pictures are previews.)"""
    if name in {"PNG", "WEBP"} and getattr(image, "is_animated", False):
        raise InputError("image.animated", f"the {name} is an animation, not a scan", place=name)


def _check_tile(image: Any, number: int, limits: Limits) -> None:
    """libtiff makes room for a whole tile or strip, whatever the picture's own size."""
    width, length = (image.tag_v2.get(tag, 0) for tag in _TIFF_TILE)
    rows = min(image.tag_v2.get(_TIFF_STRIP, 0) or image.size[1], image.size[1])
    if not all(isinstance(value, int) for value in (width, length, rows)):
        raise InputError("image.unreadable", "a tile without a size", place=_page(number))
    if max(width * length, rows * image.size[0]) > limits.image_pixels:
        raise LimitError(
            "image.pixels", f"tiles of {width} × {length} pixels", place=_page(number)
        )


def pixels(scan: Scan, page: int, limits: Limits = DEFAULT_LIMITS) -> Any:
    """One page (from 1), upright as its EXIF orientation says, as a NumPy array of 8 bits:
    H×W for a grey one, H×W×3 (RGB) for one in colour, transparency laid on white.

    Raises InputError ``image.truncated`` or ``image.unreadable``, LimitError ``image.pixels``.
    """
    with _opened(scan.data, scan.format) as image:
        if page > 1:
            image.seek(page - 1)
        if image.size != scan.sizes[page - 1]:
            raise InputError("image.size", "its size is told in two ways", place=_page(page))
        image.load()
        if image.width * image.height > limits.image_pixels:
            raise LimitError("image.pixels", "more pixels than its header says", place=_page(page))
        return _array(_upright(image))


def is_see_through(data: bytes, page: int, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Is any of a page (from 1) not wholly opaque? What it shows then depends on what it is
    laid on. Errors as of :func:`pixels`."""
    scan = open_scan(data, limits)
    with _opened(scan.data, scan.format) as image:
        if page > 1:
            image.seek(page - 1)
        if image.mode not in {*_SEE_THROUGH, "La", "RGBa"} and "transparency" not in image.info:
            return False
        image.load()
        least, _most = image.convert("RGBA").getchannel("A").getextrema()
        return bool(least < 255)


def _upright(image: Any) -> Any:
    """As EXIF orientation 274 says. EXIF that cannot be read says nothing."""
    from PIL import Image, ImageOps

    try:
        turned: Any = ImageOps.exif_transpose(image)
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception:  # noqa: BLE001 - hostile metadata breaks in many ways; it is only a hint
        return image
    return turned


def _array(image: Any) -> Any:
    import numpy as np

    if image.mode in _DEEP:
        return _shallow(image)
    if image.mode in _SEE_THROUGH or "transparency" in image.info:
        image = _on_white(image)
    wanted = "L" if image.mode in _GREY else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    return np.array(image, dtype=np.uint8)


def _on_white(image: Any) -> Any:
    from PIL import Image

    seen = image.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper.convert("L") if image.mode in _GREY else paper


def _shallow(image: Any) -> Any:
    """16 and 32 bits a sample to 8, in bands: integers by their 16-bit range (32-bit ones by
    8 where all fit), fractions by 0 to 1 or, where they go beyond, by 0 to 255."""
    import numpy as np

    width, height = image.size
    out = np.empty((height, width), np.uint8)
    rows = max(1, _BAND // width)
    bands = [(top, min(height, top + rows)) for top in range(0, height, rows)]
    most = max((_most(image.crop((0, a, width, b))) for a, b in bands), default=0.0)
    scale = _scale(image.mode, most)
    for top, end in bands:
        band = np.asarray(image.crop((0, top, width, end)), dtype=np.float32)
        clean = np.nan_to_num(band * scale, nan=0.0, posinf=255.0, neginf=0.0)
        out[top:end] = np.clip(clean, 0, 255)
    return out


def _most(band: Any) -> float:
    """The largest sample that is a number."""
    import numpy as np

    values = np.asarray(band, dtype=np.float32)
    return float(values.max(initial=0.0, where=np.isfinite(values)))


def _scale(mode: str, most: float) -> float:
    if mode == "F":
        return 255.0 if most <= 1 else 1.0
    if mode == "I" and most <= 255:
        return 1.0
    return 255.0 / 65535.0
