"""Tables of a form (amounts by month, people), over as many pages as they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from elicense.canonical import Value
from elicense.errors import UsageError
from elicense.issuing.fonts import Font
from elicense.issuing.layout import BLUE, GREY, LEFT, PALE, RIGHT
from elicense.issuing.page import Line, Mark, Rectangle, Text, wrap
from elicense.profiles import Field, printed_forms, table_rows

_SIZE, _SMALL = 3.1, 2.2  # mm of type: cells, English headings
_LEADING = 1.3
_PADDING = 1.5  # beside and between cells
_TITLE = 6.0
_NUMBERS = frozenset({"money", "percent", "integer"})
_LEAST = 12.0  # mm, the narrowest column
_ROUNDING = 0.01  # mm: room kept for a table of just that height is room enough


@dataclass(frozen=True, slots=True)
class Grid:
    """A table ready to be drawn: widths of its columns, heading, and lines of each cell."""

    item: Field
    widths: tuple[float, ...]
    heading: tuple[tuple[list[str], list[str]], ...]
    rows: tuple[tuple[list[str], ...], ...]

    @property
    def heading_height(self) -> float:
        tall = max(len(zh) * _SIZE + len(en) * _SMALL * 1.1 for zh, en in self.heading)
        return tall * _LEADING + _PADDING

    def row_height(self, index: int) -> float:
        """Millimetres of one row."""
        return max(len(lines) for lines in self.rows[index]) * _SIZE * _LEADING + _PADDING

    def rows_within(self, first: int, height: float) -> int:
        """How many rows from ``first`` on fit under a title and a heading."""
        left = height - _TITLE - self.heading_height
        count = 0
        while first + count < len(self.rows):
            left -= self.row_height(first + count)
            if left < -_ROUNDING:
                break
            count += 1
        return count

    @property
    def height(self) -> float:
        """The whole table's, title and heading included."""
        rows = sum(self.row_height(index) for index in range(len(self.rows)))
        return _TITLE + self.heading_height + rows


def grid(item: Field, value: Value, font: Font) -> Grid:
    """Measure a table. UsageError ``page.room`` if its columns cannot stand side by side."""
    rows = table_rows(value)
    texts = [[_cell(column, row) for column in item.columns] for row in rows]
    widths = _widths(item, texts, font)
    heading = tuple(
        (wrap(column.zh, width - _PADDING, _SIZE, font),
         wrap(column.en, width - _PADDING, _SMALL, font))
        for column, width in zip(item.columns, widths, strict=True)
    )  # fmt: skip
    cells = tuple(
        tuple(
            wrap(text, width - _PADDING, _SIZE, font)
            for text, width in zip(line, widths, strict=True)
        )
        for line in texts
    )
    return Grid(item, widths, heading, cells)


def _cell(column: Field, row: Mapping[str, Value]) -> str:
    value = row.get(column.key)
    forms = () if value is None else printed_forms(column, value)
    return forms[0] if forms else ""


def _widths(item: Field, texts: Sequence[Sequence[str]], font: Font) -> tuple[float, ...]:
    """Each column as wide as its widest text where that fits; where not, the widest columns of
    text are narrower, and wrap."""
    room = RIGHT - LEFT
    wanted = []
    for index, column in enumerate(item.columns):
        cells = max((font.width(line[index], _SIZE) for line in texts), default=0.0)
        label = max(font.width(column.zh, _SIZE), font.width(_longest_word(column.en), _SMALL))
        wanted.append(max(cells, label, _LEAST) + 2 * _PADDING)
    spare = room - sum(wanted)
    if spare >= 0:
        return tuple(width + spare / len(wanted) for width in wanted)
    soft = [i for i, column in enumerate(item.columns) if column.kind not in _NUMBERS]
    left = room - sum(width for i, width in enumerate(wanted) if i not in soft)
    found = list(wanted)
    for place, index in enumerate(sorted(soft, key=lambda i: wanted[i])):
        found[index] = min(wanted[index], left / (len(soft) - place))  # the widest give way
        left -= found[index]
    if not soft or min(found[i] for i in soft) < _LEAST:
        raise UsageError("page.room", f"the columns of {item.zh} do not fit the page")
    return tuple(found)


def _longest_word(text: str) -> str:
    return max(text.split(), key=len, default="")


def draw(
    made: Grid, first: int, count: int, top: float, font: Font, *, continued: bool
) -> tuple[list[Mark], float]:
    """Rows ``first`` to ``first + count`` under title and heading; marks, and where they end."""
    marks: list[Mark] = []
    title = f"{made.item.zh} {made.item.en}" + ("（续）continued" if continued else "")
    marks.append(Text(LEFT + 1, top + 4.0, 3.3, title, BLUE))
    y = top + _TITLE
    begin = y
    marks.append(Rectangle(LEFT, y, RIGHT - LEFT, made.heading_height, 0.0, None, PALE))
    marks += _heading(made, y)
    y += made.heading_height
    marks.append(Line(LEFT, y, RIGHT, y, 0.25, BLUE))
    for index in range(first, first + count):
        marks += _row(made, index, y, font)
        y += made.row_height(index)
        marks.append(Line(LEFT, y, RIGHT, y, 0.12, GREY))
    x = LEFT
    for width in made.widths[:-1]:
        x += width
        marks.append(Line(x, begin, x, y, 0.12, GREY))
    marks.append(Rectangle(LEFT, begin, RIGHT - LEFT, y - begin, 0.3, BLUE))
    return marks, y


def _heading(made: Grid, top: float) -> Iterator[Mark]:
    x = LEFT
    for (zh, en), width in zip(made.heading, made.widths, strict=True):
        y = top + _PADDING / 2
        for size, lines, colour in ((_SIZE, zh, BLUE), (_SMALL, en, GREY)):
            for line in lines:
                y += size * _LEADING * (1.0 if size == _SIZE else 1.1)
                yield Text(x + _PADDING, y - size * 0.25, size, line, colour)
        x += width


def _row(made: Grid, index: int, top: float, font: Font) -> Iterator[Mark]:
    x = LEFT
    for column, lines, width in zip(made.item.columns, made.rows[index], made.widths, strict=True):
        y = top + _PADDING / 2
        for line in lines:
            y += _SIZE * _LEADING
            right = column.kind in _NUMBERS
            shift = width - _PADDING - font.width(line, _SIZE) if right else _PADDING
            if line:
                yield Text(x + shift, y - _SIZE * 0.25, _SIZE, line)
        x += width
