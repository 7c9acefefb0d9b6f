"""What all pages of a licence share: margins, colours, frame and foot."""

from __future__ import annotations

from elicense.errors import UsageError
from elicense.issuing.fonts import Font
from elicense.issuing.page import BLACK, Colour, Mark, Rectangle, Text, wrap
from elicense.licence import Licence

WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT = 20.0, 190.0
BLUE: Colour = (24, 74, 122)
GREY: Colour = (85, 85, 85)
RED: Colour = (200, 16, 30)
PALE: Colour = (238, 243, 249)
_ONE_LINE = (1.0, 0.92, 0.85, 0.78, 0.72)  # how far type may shrink before it is broken
_TWO_LINES = (0.8, 0.72, 0.65)


def centred(
    text: str, y: float, size: float, font: Font, colour: Colour = BLACK
) -> tuple[Mark, ...]:
    """One line in the middle of the page, smaller where it would leave the margins."""
    size, (line,) = fitted(text, RIGHT - LEFT, size, font, most=1)
    return (Text((WIDTH - font.width(line, size)) / 2, y, size, line, colour),)


def fitted(
    text: str, width: float, size: float, font: Font, *, most: int = 2
) -> tuple[float, list[str]]:
    """Type size and lines, at most ``most`` (1 or 2), that keep ``text`` within ``width`` mm.

    One line as long as it is legible, then two. UsageError ``page.room`` if neither fits.
    """
    for scale in _ONE_LINE:
        if font.width(text, size * scale) <= width:
            return size * scale, [text]
    for scale in _TWO_LINES if most > 1 else ():
        lines = wrap(text, width, size * scale, font)
        if len(lines) <= most:
            return size * scale, lines
    raise UsageError("page.room", f"there is no room for {text!r} in {width:.0f} mm")


def frame() -> tuple[Mark, ...]:
    """A double frame with a square in each corner."""
    marks: list[Mark] = [
        Rectangle(10.0, 10.0, 190.0, 277.0, 1.1, BLUE),
        Rectangle(12.5, 12.5, 185.0, 272.0, 0.3, BLUE),
    ]
    marks += [
        Rectangle(x, y, 5.0, 5.0, 0.3, BLUE)
        for x in (12.5, WIDTH - 17.5)
        for y in (12.5, HEIGHT - 17.5)
    ]
    return tuple(marks)


def footer(licence: Licence, page: int, count: int, font: Font) -> tuple[Mark, ...]:
    """How to rely on it, its identifier, the page number."""
    note = "以电子印章的验证结果为准 This electronic certificate stands by its verified seal."
    last = f"电子证照标识 {licence.identifier}    {page} / {count}"
    return (*centred(note, 275.6, 2.6, font, GREY), *centred(last, 280.2, 2.6, font, GREY))
