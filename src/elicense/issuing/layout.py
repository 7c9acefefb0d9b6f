"""What all pages of a licence share: margins, colours, frame and foot."""

from __future__ import annotations

from elicense.issuing.fonts import Font
from elicense.issuing.page import BLACK, Colour, Mark, Rectangle, Text
from elicense.licence import Licence

WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT = 20.0, 190.0
BLUE: Colour = (24, 74, 122)
GREY: Colour = (85, 85, 85)
RED: Colour = (200, 16, 30)
PALE: Colour = (238, 243, 249)


def centred(
    text: str, y: float, size: float, font: Font, colour: Colour = BLACK
) -> tuple[Mark, ...]:
    return (Text((WIDTH - font.width(text, size)) / 2, y, size, text, colour),)


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
