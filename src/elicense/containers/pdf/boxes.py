"""Boxes reserved for endorsements: empty signature fields of the first sealed revision.

A field named ``endorsement:<box>`` reserves its widget's rectangle (dots of the box's name
are written ``_``: a partial field name has none, ISO 32000-1 12.7.3.2). What a later
seal draws there is read back from the widget's appearance, which must keep to a small
form (``docs/endorsements.md``): one picture at most, then lines of black text.
"""

from __future__ import annotations

import re

from elicense.containers.pdf.fields import (
    SignatureField,
    page_refs,
    rectangle,
    signature_fields,
    widget_place,
)
from elicense.containers.pdf.lexer import Dictionary, Stream
from elicense.containers.pdf.objects import View
from elicense.errors import InputError
from elicense.evidence import EndorsementBox, Placement

PREFIX = "endorsement:"
MAX_BOXES = 64
_SHOWN_FLAGS = (4, 4 | 128)  # Print, Print and Locked (12.5.3)
_NUMBER = rb"(-?\d{1,5}(?:\.\d{1,6})?)"
_PICTURE = re.compile(
    rb"q " + _NUMBER + rb" 0 0 " + rb" ".join([_NUMBER] * 3) + rb" cm /Im0 Do Q\n?"
)
_TEXT = re.compile(
    rb"BT /F1 " + _NUMBER + rb" Tf " + _NUMBER + rb" " + _NUMBER
    + rb" Td <((?:[0-9A-F]{4}){1,400})> Tj ET\n?"
)  # fmt: skip
_ENTRY = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<((?:[0-9A-Fa-f]{4}){1,4})>\s")
_SMALLEST, _LARGEST = 3.0, 20.0  # points of type
_LEAST_STEP = 0.95  # of the type size, from line to line
_MOST_CHARACTERS = 4000


def field_name(box: str) -> str:
    """The name of the field that reserves ``box``."""
    return PREFIX + box.replace(".", "_")


def _box_name(field: str) -> str:
    return field.removeprefix(PREFIX).replace("_", ".")


def read_boxes(sealed: View, last: View) -> tuple[EndorsementBox, ...]:
    """The boxes ``sealed`` (the first sealed revision) reserves, with what ``last`` shows."""
    reserved = [f for f in signature_fields(sealed, []) if f.name.startswith(PREFIX)]
    if not reserved:
        return ()
    pages = page_refs(sealed, [])
    now = {f.name: f for f in signature_fields(last, [])}
    found = []
    for field in reserved[:MAX_BOXES]:
        page, rect = widget_place(sealed, field, pages)
        if sealed.resolve(field.value) is not None or page is None or rect is None:
            continue
        placement = Placement(page, rect[0], rect[1], rect[2] - rect[0], rect[3] - rect[1])
        lines, problem = _shown(last, now.get(field.name), placement)
        found.append(EndorsementBox(_box_name(field.name), placement, lines, problem))
    return tuple(found)


def _shown(
    view: View, field: SignatureField | None, place: Placement
) -> tuple[tuple[str, ...] | None, str]:
    """The lines the field's widget shows, or None and why they cannot be read."""
    if field is None:
        return None, "the field is gone"
    if view.resolve(field.value) is None:
        return (), ""
    try:
        if len(field.widgets) != 1:
            return None, "the field is not shown in one place"
        entries = field.widgets[0][1]
        if rectangle(view, entries.get("Rect")) != _corners(place):
            return None, "the field is not where it was reserved"
        if view.resolve(entries.get("F")) not in _SHOWN_FLAGS:
            return None, "the field is hidden on the screen or in print"
        return _appearance(view, entries, place), ""
    except InputError as error:
        return None, error.detail


def _corners(place: Placement) -> tuple[float, float, float, float]:
    return place.x, place.y, place.x + place.width, place.y + place.height


def _odd(detail: str) -> InputError:
    return InputError("pdf.endorsement", detail)


def _appearance(view: View, entries: Dictionary, place: Placement) -> tuple[str, ...]:
    looks = view.dictionary(entries.get("AP"))
    form = view.resolve(looks.get("N"))
    if type(form) is not Stream or set(looks) != {"N"} or "AS" in entries or "MK" in entries:
        raise _odd("the field has not one plain appearance")
    info = form.info
    box = [view.resolve(item) for item in view.array(info.get("BBox"))]
    numbers = [float(n) for n in box if type(n) in (int, float)]
    size = (place.width, place.height)
    exact = len(numbers) == 4 and numbers[:2] == [0, 0]
    if not exact or any(abs(a - b) > 0.02 for a, b in zip(numbers[2:], size, strict=True)):
        raise _odd("the appearance does not have the size of the box")
    if set(info) - {"Type", "Subtype", "BBox", "Resources", "Filter", "Length", "FormType"}:
        raise _odd("the appearance is turned, scaled or layered")
    return _lines(view, view.decoded(form), view.dictionary(info.get("Resources")), size)


def _lines(
    view: View, content: bytes, resources: Dictionary, size: tuple[float, float]
) -> tuple[str, ...]:
    """The texts from top to bottom; the content must keep to the form in every byte."""
    position = 0
    picture = _PICTURE.match(content)
    if picture is not None:
        position = picture.end()
        _check_picture([float(n) for n in picture.groups()], size)
    letters: dict[bytes, str] | None = None
    lines: list[str] = []
    above = size[1]
    while position < len(content):
        found = _TEXT.match(content, position)
        if found is None or len(lines) >= 16:
            raise _odd("the appearance draws more than lines of text")
        position = found.end()
        letters = _letters(view, resources) if letters is None else letters
        type_size, x, y = (float(n) for n in found.groups()[:3])
        if not (_SMALLEST <= type_size <= _LARGEST and 0 <= x < size[0]) or y < 0:
            raise _odd("a line is too small, too large or outside the box")
        if y > above - _LEAST_STEP * type_size:
            raise _odd("lines lie upon each other or are out of order")
        above = y
        lines.append(_decode(found[4], letters))
    return tuple(lines)


def _check_picture(numbers: list[float], size: tuple[float, float]) -> None:
    width, height, x, y = numbers
    inside = x >= 0 and y >= 0 and x + width <= size[0] + 0.02 and y + height <= size[1] + 0.02
    if not inside or min(width, height) <= 0:
        raise _odd("the seal's picture leaves the box")


def _decode(codes: bytes, letters: dict[bytes, str]) -> str:
    pieces = [codes[i : i + 4] for i in range(0, len(codes), 4)]
    try:
        return "".join(letters[piece] for piece in pieces)
    except KeyError:
        raise _odd("a character has no Unicode value") from None


def _letters(view: View, resources: Dictionary) -> dict[bytes, str]:
    """Code to text of the font F1: Type 0, Identity-H, with a ToUnicode map (9.10.3)."""
    font = view.dictionary(view.dictionary(resources.get("Font")).get("F1"))
    unicode_map = view.resolve(font.get("ToUnicode"))
    plain = font.get("Subtype") == "Type0" and font.get("Encoding") == "Identity-H"
    if not plain or type(unicode_map) is not Stream:
        raise _odd("the font's characters cannot be told")
    data = view.decoded(unicode_map)
    if b"beginbfrange" in data or len(data) > 64 * _MOST_CHARACTERS:
        raise _odd("the font's Unicode map is not a plain one")
    body = data.partition(b"endcodespacerange")[2]
    letters: dict[bytes, str] = {}
    for code, text in _ENTRY.findall(body):
        value = bytes.fromhex(text.decode("ascii")).decode("utf-16-be", "replace")
        if letters.setdefault(code.upper(), value) != value:
            raise _odd("a character has two Unicode values")
    return letters


