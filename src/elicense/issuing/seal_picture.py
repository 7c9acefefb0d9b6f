"""The picture of a round official seal 印章: red ring, star, name on an arc, a line below,
its code 印章编码 along the lower edge; as PNG for the seal and as SVG for print."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

from elicense.issuing.fonts import Font

RED = (214, 12, 24)
_DPI = 300
_OVERSAMPLING = 4


def draw(
    name: str, *, font: Font, caption: str = "", code: str = "", diameter: float = 40.0
) -> bytes:
    """A PNG with a transparent ground, ``diameter`` mm wide at 300 dpi.

    InputError ``font.glyph`` for a character the font lacks.
    """
    from PIL import Image, ImageDraw, ImageFont

    font.check(name + caption + code)
    size = round(diameter / 25.4 * _DPI) * _OVERSAMPLING
    mask: Any = Image.new("L", (size, size), 0)
    pen: Any = ImageDraw.Draw(mask)
    ring = round(size * 0.03)
    pen.ellipse((ring // 2, ring // 2, size - ring // 2, size - ring // 2), outline=255, width=ring)
    pen.polygon(_star(size / 2, size / 2, size * 0.15), fill=255)
    letters: Any = ImageFont.truetype(str(font.path), round(size * 0.125))
    _arc(mask, name, letters, size)
    if code:
        digits: Any = ImageFont.truetype(str(font.path), round(size * 0.055))
        _arc(mask, code, digits, size, below=True)
    if caption:
        small: Any = ImageFont.truetype(str(font.path), round(size * 0.085))
        pen.text((size / 2, size * 0.77), caption, fill=255, font=small, anchor="mm",
                 stroke_width=max(1, size // 600))  # fmt: skip
    alpha = mask.resize((size // _OVERSAMPLING,) * 2, Image.Resampling.LANCZOS)
    # One colour in 16 degrees of opacity: a palette keeps the picture small inside the seal.
    picture: Any = alpha.point([round(level / 17) for level in range(256)])
    picture = Image.frombytes("P", alpha.size, picture.tobytes())
    picture.putpalette(RED * 16)
    target = BytesIO()
    opacity = bytes(degree * 17 for degree in range(16))
    picture.save(target, "PNG", optimize=True, transparency=opacity)
    return target.getvalue()


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for step in range(10):
        reach = radius if step % 2 == 0 else inner
        angle = math.radians(-90 + 36 * step)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return points


def _angles(text: str, *, below: bool = False) -> list[float]:
    """Degrees from the top (``below``: from the bottom) of each letter, the middle one at 0."""
    widest, most = (5.6, 80.0) if below else (30.0, 260.0)
    step = min(widest, most / max(1, len(text) - 1))
    return [(index - (len(text) - 1) / 2) * step for index in range(len(text))]


def _arc(mask: Any, text: str, letters: Any, size: int, *, below: bool = False) -> None:
    """Set ``text`` along the upper arc, at most 260 degrees of it, each letter upright outward;
    ``below`` along the lower one, each letter upright inward."""
    from PIL import Image, ImageChops, ImageDraw

    cell = round(size * 0.2)
    radius = size * (-0.43 if below else 0.385)
    for character, turn in zip(text, _angles(text, below=below), strict=True):
        angle = -turn if below else turn
        glyph: Any = Image.new("L", (cell, cell), 0)
        ImageDraw.Draw(glyph).text((cell / 2, cell / 2), character, fill=255, font=letters,
                                   anchor="mm", stroke_width=max(1, size // 500))  # fmt: skip
        turned = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        x = size / 2 + radius * math.sin(math.radians(angle)) - cell / 2
        y = size / 2 - radius * math.cos(math.radians(angle)) - cell / 2
        layer: Any = Image.new("L", mask.size, 0)
        layer.paste(turned, (round(x), round(y)))
        mask.paste(ImageChops.lighter(mask, layer))


def draw_svg(
    name: str, *, font: Font, caption: str = "", code: str = "", diameter: float = 40.0
) -> str:
    """The same seal as SVG, letters as outlines, so that it looks alike everywhere.

    InputError ``font.glyph`` as in :func:`draw`.
    """
    font.check(name + caption + code)
    letters = _Letters(font, diameter / 250)
    half = diameter / 2
    points = " ".join(f"{x:.3f},{y:.3f}" for x, y in _star(half, half, diameter * 0.15))
    ring = diameter * 0.03
    circle = f'<circle cx="{half:g}" cy="{half:g}" r="{half - ring:.3f}" fill="none"'
    parts = [
        f'{circle} stroke="{_HEX}" stroke-width="{ring:.3f}"/>',
        f'<polygon points="{points}"/>',
    ]
    for text, size, reach, below in (
        (name, diameter * 0.125, diameter * 0.385, False),
        (code, diameter * 0.055, -diameter * 0.43, True),
    ):
        for character, turn in zip(text, _angles(text, below=below), strict=True):
            angle = -turn if below else turn
            x = half + reach * math.sin(math.radians(angle))
            y = half - reach * math.cos(math.radians(angle))
            parts.append(letters.path(character, size, x, y, angle))
    width = font.width(caption, diameter * 0.085)
    x = half - width / 2
    for character in caption:
        advance = font.width(character, diameter * 0.085)
        parts.append(letters.path(character, diameter * 0.085, x + advance / 2, diameter * 0.77, 0))
        x += advance
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{diameter:g}mm" height="{diameter:g}mm" '
        f'viewBox="0 0 {diameter:g} {diameter:g}" fill="{_HEX}">\n{body}\n</svg>\n'
    )


_HEX = "#{:02X}{:02X}{:02X}".format(*RED)


class _Letters:
    """Outlines of a font's characters as SVG paths."""

    def __init__(self, font: Font, stroke: float) -> None:
        from fontTools.ttLib import TTFont

        file: Any = TTFont(font.path, lazy=True)
        self.font, self.glyphs, self.names = font, file.getGlyphSet(), file.getBestCmap()
        self.stroke = stroke
        self.scale = 1 / file["head"].unitsPerEm

    def path(self, character: str, size: float, x: float, y: float, angle: float) -> str:
        """One letter of ``size``, its middle at (x, y), turned by ``angle`` degrees."""
        from fontTools.pens.svgPathPen import SVGPathPen

        pen: Any = SVGPathPen(self.glyphs)
        self.glyphs[self.names[ord(character)]].draw(pen)
        outline = pen.getCommands()
        if not outline:
            return ""
        factor = size * self.scale
        left = -self.font.advances[character] * size / 2000
        lift = self.font.cap_height * size / 2000
        return (
            f'<path transform="translate({x:.3f} {y:.3f}) rotate({angle:.2f}) '
            f'translate({left:.3f} {lift:.3f}) scale({factor:.6f} {-factor:.6f})" '
            f'stroke="{_HEX}" stroke-width="{self.stroke / factor:.1f}" d="{outline}"/>'
        )
