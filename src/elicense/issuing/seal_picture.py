"""The picture of a round official seal 印章: red ring, star, name on an arc, a line below."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

from elicense.issuing.fonts import Font

RED = (214, 12, 24)
_DPI = 300
_OVERSAMPLING = 4


def draw(name: str, *, font: Font, caption: str = "", diameter: float = 40.0) -> bytes:
    """A PNG with a transparent ground, ``diameter`` mm wide at 300 dpi.

    InputError ``font.glyph`` for a character the font lacks.
    """
    from PIL import Image, ImageDraw, ImageFont

    font.check(name + caption)
    size = round(diameter / 25.4 * _DPI) * _OVERSAMPLING
    mask: Any = Image.new("L", (size, size), 0)
    pen: Any = ImageDraw.Draw(mask)
    ring = round(size * 0.03)
    pen.ellipse((ring // 2, ring // 2, size - ring // 2, size - ring // 2), outline=255, width=ring)
    pen.polygon(_star(size / 2, size / 2, size * 0.15), fill=255)
    letters: Any = ImageFont.truetype(str(font.path), round(size * 0.125))
    _arc(mask, name, letters, size)
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


def _arc(mask: Any, text: str, letters: Any, size: int) -> None:
    """Set ``text`` along the upper arc, at most 260 degrees of it, each letter upright outward."""
    from PIL import Image, ImageChops, ImageDraw

    step = min(30.0, 260.0 / max(1, len(text) - 1))
    cell = round(size * 0.2)
    radius = size * 0.385
    for index, character in enumerate(text):
        angle = (index - (len(text) - 1) / 2) * step
        glyph: Any = Image.new("L", (cell, cell), 0)
        ImageDraw.Draw(glyph).text((cell / 2, cell / 2), character, fill=255, font=letters,
                                   anchor="mm", stroke_width=max(1, size // 500))  # fmt: skip
        turned = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        x = size / 2 + radius * math.sin(math.radians(angle)) - cell / 2
        y = size / 2 - radius * math.cos(math.radians(angle)) - cell / 2
        layer: Any = Image.new("L", mask.size, 0)
        layer.paste(turned, (round(x), round(y)))
        mask.paste(ImageChops.lighter(mask, layer))
