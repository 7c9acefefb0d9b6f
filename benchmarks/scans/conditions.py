"""The conditions: every number a scan is made with, as data (the table of docs/scans.md)."""

from __future__ import annotations

from dataclasses import dataclass, fields

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """How one kind of scan is made. Ranges are drawn from evenly, lengths are of the sheet.

    ``skew`` is the most degrees either way, ``turns`` quarter turns, ``tilt`` how far a
    corner may move as a part of the side, ``optics`` the sigma (mm) of the scanner's blur,
    ``motion`` a smear (mm), ``noise`` a sigma in grey levels, ``contrast`` the part of the
    range between ink and paper, ``shade`` the part of light lost in the darkest corner,
    ``creases`` folds a sheet (one runs through the code), ``seal`` the colour of a seal over
    the code, ``copies`` how often it was photocopied before, ``glare`` the radius (mm) of a
    burnt-out spot whose centre lies over the code, ``fill`` the part of a 12-megapixel
    picture's height that a photographed sheet takes, ``longest`` pixels of the longer side
    after a chat programme, ``fax`` pixels an inch across and down (a coarse fax leaves out
    every other line of a fine one; some lines repeat the one before), ``quality`` of the JPEG.
    """

    name: str
    what: str
    dpi: tuple[int, ...] = (150, 200, 300)
    skew: float = 1.5
    turns: tuple[int, ...] = (0,)
    tilt: float = 0.0
    optics: Range = (0.04, 0.07)
    motion: Range = (0.0, 0.0)
    noise: Range = (2.0, 4.0)
    contrast: Range = (0.80, 0.92)
    shade: Range = (0.0, 0.05)
    creases: int = 0
    seal: str = ""
    copies: int = 0
    glare: Range = (0.0, 0.0)
    fill: Range = (0.0, 0.0)
    longest: int = 0
    fax: tuple[int, int] = (0, 0)
    bits: int = 8
    grey: bool = False
    quality: tuple[int, int] = (75, 90)


_FLATBED = "a flatbed scanner at {} dpi"
CONDITIONS = (
    *(
        Condition(name=f"flatbed-{dpi}", what=_FLATBED.format(dpi), dpi=(dpi,))
        for dpi in (300, 200, 150, 100)
    ),
    Condition(name="turned", what="put in sideways or upside down", turns=(1, 2, 3), skew=3),
    Condition(name="skewed", what="put in askew", skew=20),
    Condition(name="perspective", what="a sheet that does not lie flat", tilt=0.08, skew=5),
    Condition(name="blur-0.10", what="out of focus", optics=(0.10, 0.10)),
    Condition(name="blur-0.15", what="out of focus", optics=(0.15, 0.15)),
    Condition(name="blur-0.20", what="badly out of focus", optics=(0.20, 0.20)),
    Condition(name="motion-0.3", what="moved while scanned", motion=(0.3, 0.3)),
    Condition(name="motion-0.5", what="moved while scanned", motion=(0.5, 0.5)),
    Condition(name="motion-0.7", what="moved a module and a half", motion=(0.7, 0.7)),
    Condition(name="jpeg-30", what="compressed", quality=(25, 35)),
    Condition(name="jpeg-10", what="compressed to blocks", quality=(8, 14)),
    Condition(name="noise", what="a noisy sensor", noise=(20, 35)),
    Condition(name="low-contrast", what="pale print or a dark scan", contrast=(0.18, 0.35)),
    Condition(name="shaded", what="uneven light", shade=(0.45, 0.70), skew=4),
    Condition(name="creased", what="folded before", creases=3, shade=(0.0, 0.15)),
    Condition(name="red-seal", what="a red seal over the code", seal="red"),
    Condition(name="grey-seal", what="the same, scanned in grey", seal="red", grey=True),
    Condition(name="copied-seal", what="the same, photocopied", seal="red", copies=1, grey=True),
    Condition(name="photocopy", what="a photocopy", copies=1, grey=True),
    Condition(name="copy-of-copy", what="a copy of a copy", copies=2, grey=True),
    Condition(
        name="black-and-white", what="an office scanner's text mode, 1 bit", dpi=(200, 300), bits=1,
    ),
    Condition(
        name="fax-fine", what="a fax, fine", fax=(204, 196), bits=1, skew=1, optics=(0.05, 0.08),
    ),
    Condition(
        name="fax-standard", what="a fax, standard", fax=(204, 98), bits=1, skew=1,
        optics=(0.05, 0.08),
    ),
    Condition(
        name="phone", what="a phone, 12 megapixels", fill=(0.80, 0.95), tilt=0.04, skew=5,
        shade=(0.1, 0.4), noise=(3, 7), quality=(85, 93),
    ),
    Condition(
        name="phone-far", what="a phone from afar, aslant", fill=(0.50, 0.65), tilt=0.12, skew=15,
        shade=(0.2, 0.5), noise=(4, 9), quality=(85, 93),
    ),
    Condition(
        name="phone-turned", what="a phone held anyhow", fill=(0.75, 0.9), tilt=0.06, skew=10,
        turns=(1, 2, 3), shade=(0.1, 0.4), noise=(3, 7), quality=(85, 93),
    ),
    Condition(
        name="phone-shaken", what="a phone that moved", fill=(0.80, 0.95), tilt=0.04, skew=5,
        motion=(0.2, 0.45), shade=(0.1, 0.4), noise=(4, 9), quality=(85, 93),
    ),
    Condition(
        name="chat-scan", what="a scan sent by chat", dpi=(200, 300), longest=1280,
        quality=(60, 70),
    ),
    Condition(
        name="chat-photo", what="a photograph sent by chat", fill=(0.75, 0.95), tilt=0.03, skew=3,
        optics=(0.05, 0.10), motion=(0.0, 0.2), shade=(0.1, 0.35), noise=(3, 6),
        longest=1280, quality=(60, 70),
    ),
    Condition(
        name="glare-small", what="a lamp's reflection over part of the code", fill=(0.80, 0.95),
        tilt=0.04, skew=5, shade=(0.1, 0.3), noise=(3, 7), glare=(2, 5), quality=(85, 93),
    ),
    Condition(
        name="glare-large", what="a lamp's reflection over much of the code", fill=(0.80, 0.95),
        tilt=0.04, skew=5, shade=(0.1, 0.3), noise=(3, 7), glare=(5, 10), quality=(85, 93),
    ),
    Condition(
        name="office", what="everyday: askew, sealed, compressed", dpi=(150, 200), skew=4,
        optics=(0.05, 0.09), seal="red", quality=(40, 60), shade=(0.0, 0.2),
    ),
    Condition(
        name="worn", what="old: folded, pale, copied, askew", dpi=(200, 300), skew=4, creases=2,
        contrast=(0.45, 0.7), copies=1, grey=True, shade=(0.0, 0.2), quality=(50, 75),
    ),
)  # fmt: skip


def parameters(condition: Condition) -> str:
    """What sets a condition apart from a plain scan, for the table of the manual."""
    plain = Condition(name="", what="")
    said = []
    for item in fields(condition):
        value = getattr(condition, item.name)
        if item.name in {"name", "what"} or value == getattr(plain, item.name):
            continue
        if isinstance(value, tuple):
            value = "/".join(map(str, value)) if item.name in _LISTS else _span(value)
        said.append(item.name if value is True else f"{item.name} {value}")
    return ", ".join(said)


_LISTS = ("dpi", "turns", "fax")


def _span(value: Range) -> str:
    low, high = value
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"
