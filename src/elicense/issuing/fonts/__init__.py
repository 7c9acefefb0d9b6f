"""The font that pages are set in: measuring, and cutting to what one document uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from elicense.errors import InputError

BUNDLED = Path(__file__).with_name("ElicenseKai.ttf")
FAMILY = "Elicense Kai"
POSTSCRIPT = "ElicenseKai"


@dataclass(frozen=True, slots=True)
class Font:
    """Measures of a TrueType font, all in thousandths of the type size.

    ``path`` is the file; ``advances`` maps each character it can show to its width.
    """

    path: Path
    family: str
    postscript: str
    ascent: int
    descent: int
    cap_height: int
    box: tuple[int, ...]
    advances: Mapping[str, int] = field(repr=False)

    def check(self, text: str) -> None:
        """InputError ``font.glyph`` naming the first character the font cannot show."""
        for character in text:
            if character not in self.advances:
                raise InputError(
                    "font.glyph",
                    f"the font {self.family} has no glyph for {character!r} "
                    f"(U+{ord(character):04X}); choose a fuller font",
                    place=text,
                )

    def width(self, text: str, size: float) -> float:
        """Width of one line, in the unit of ``size``."""
        self.check(text)
        return sum(self.advances[character] for character in text) * size / 1000


@dataclass(frozen=True, slots=True)
class Subset:
    """A font cut to some characters. ``glyphs`` maps each to its index in ``data``."""

    font: Font
    data: bytes = field(repr=False)
    glyphs: Mapping[str, int] = field(repr=False)


@lru_cache(maxsize=4)
def load(path: Path = BUNDLED) -> Font:
    """A font file's measures; a fuller one may replace the bundled GB 2312 one."""
    from fontTools.ttLib import TTFont

    font: Any = TTFont(path, lazy=True)
    scale = 1000 / font["head"].unitsPerEm
    metrics, head, os2 = font["hmtx"], font["head"], font["OS/2"]
    advances = {chr(c): round(metrics[g][0] * scale) for c, g in font.getBestCmap().items()}
    names = font["name"]
    return Font(
        path,
        names.getDebugName(1) or FAMILY,
        names.getDebugName(6) or POSTSCRIPT,
        round(font["hhea"].ascent * scale),
        round(font["hhea"].descent * scale),
        round((getattr(os2, "sCapHeight", 0) or 700) * scale),
        tuple(round(side * scale) for side in (head.xMin, head.yMin, head.xMax, head.yMax)),
        advances,
    )


def cut(font: Font, characters: Iterable[str]) -> Subset:
    """The font with just these characters; the same input gives the same bytes."""
    from elicense.issuing.fonts import truetype

    wanted = sorted(set(characters))
    font.check("".join(wanted))
    data, glyphs = truetype.cut(truetype.read(font.path), wanted)
    return Subset(font, data, glyphs)
