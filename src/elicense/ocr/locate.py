"""Which text of a sheet belongs to which field: by its labels and where it stands to them.

A label begins a line, or stands in it after a gap. Its value follows in the same line, or
stands right of it in the same row, or else below it. Labels are those of the licence type
(Chinese, English and other names, all data), and may be misread in a letter or two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from elicense.ocr.edits import beginnings
from elicense.ocr.reading import Folded, Reading, chinese, fold, folded
from elicense.ocr.sheet_lines import Placed

Labels = Mapping[str, Sequence[str]]
_MARKS = " :：()（）/／|丨.。,，、-—_*"
_MOST_REGION = 12  # lines of one field's place
_INLINE, _RIGHT, _BELOW = range(3)
_SHORT = 3  # a label this short counts only alone or before a colon


@dataclass(frozen=True, slots=True)
class Label:
    """A label found: the keys it may stand for, and which characters of which line it is."""

    keys: frozenset[str]
    line: int
    start: int
    end: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Region:
    """Where the value of a field stands. ``labels`` counts the labels that lead there (more
    are better); ``shared`` says that they lead to other fields' values too."""

    readings: tuple[Reading, ...]
    labels: int
    exact: bool
    shared: bool


def labels(lines: Sequence[Placed], names: Labels) -> tuple[Label, ...]:
    """All labels on the sheet. ``names``: key → every label it may have."""
    table: dict[str, set[str]] = {}
    for key, texts in names.items():
        for text in texts:
            if folded(text):
                table.setdefault(folded(text), set()).add(key)
    ordered = sorted(table, key=len, reverse=True)
    found: list[Label] = []
    for index, line in enumerate(lines):
        plain = fold(line.reading.text)
        found += _in_line(index, line.reading.text, plain, ordered, table)
    return tuple(_mended(found, lines, table))


def regions(
    key: str, lines: Sequence[Placed], found: Sequence[Label]
) -> tuple[Region, ...]:
    """The places where the value of ``key`` may stand, the best first; none without text.

    Text below a label counts only where no place has more labels, with a value or without.
    """
    blocks = _blocks([label for label in found if key in label.keys], lines)
    most = max((len(block) for block in blocks), default=0)
    made = []
    for block in blocks:
        readings, where = _values(block, lines, found)
        if readings and (where < _BELOW or len(block) == most):
            shared = any(len(label.keys) > 1 for label in block)
            exact = any(label.exact for label in block)
            made.append((Region(readings, len(block), exact, shared), where))
    made.sort(key=lambda pair: (-pair[0].labels, not pair[0].exact, pair[1]))
    return tuple(region for region, _ in made)


# -- labels ----------------------------------------------------------------------------


def _in_line(
    index: int, text: str, plain: Folded, ordered: Sequence[str], table: Mapping[str, set[str]]
) -> list[Label]:
    found: list[Label] = []
    at = 0
    while at < len(plain.text):
        label = _at(index, text, plain, at, ordered, table)
        if label is not None and (at == 0 or _stands_out(label, text, found)):
            found.append(label)
            at = next((i for i, o in enumerate(plain.origin) if o >= label.end), len(plain.text))
            continue
        at = _next_gap(text, plain, at)
    return found


def _mended(
    found: Sequence[Label], lines: Sequence[Placed], table: Mapping[str, set[str]]
) -> list[Label]:
    """Labels that the reader tore in two ("Name of the", "Company") are one: its last word by
    itself is a label of another field, or bounds the place of the value."""
    whole: dict[int, Label] = {}
    for i, line in enumerate(lines):
        after = _next_in_row(line, lines)
        if after is not None and i not in whole:
            text, rest = line.reading.text, lines[after].reading.text
            keys = table.get(folded(text + rest))
            if keys and folded(text) and folded(rest):
                whole[i] = Label(frozenset(keys), i, 0, len(text), exact=True)
                whole[after] = Label(frozenset(keys), after, 0, len(rest), exact=True)
    return [label for label in found if label.line not in whole] + list(whole.values())


def _next_in_row(line: Placed, lines: Sequence[Placed]) -> int | None:
    """The line that follows in the same row after no more than a blank."""
    for i, other in enumerate(lines):
        gap = (other.left - line.right) / line.height
        if other is not line and -0.8 < gap < 0.7 and (
            abs(other.middle - line.middle) < 0.35 * min(line.height, other.height)
        ):  # fmt: skip
            return i
    return None


def _stands_out(label: Label, text: str, found: Sequence[Label]) -> bool:
    """In the middle of a line English words are a label only behind another label or before a
    colon: running text has the same words."""
    after = bool(found) and not folded(text[found[-1].end : label.start])
    before_colon = text[label.end :].lstrip().startswith((":", "："))
    return after or before_colon or chinese(text[label.start : label.end])


def _next_gap(text: str, plain: Folded, at: int) -> int:
    """The next folded character that stands after a gap or a mark, or at a change between
    Chinese and Latin letters."""
    for i in range(at + 1, len(plain.text)):
        before, here = plain.origin[i - 1], plain.origin[i]
        if any(c in _MARKS for c in text[before + 1 : here]):
            return i
        if chinese(plain.text[i - 1]) and plain.text[i].isascii() and plain.text[i].isalpha():
            return i
    return len(plain.text)


def _at(
    index: int, text: str, plain: Folded, at: int, ordered: Sequence[str],
    table: Mapping[str, set[str]],
) -> Label | None:  # fmt: skip
    begun = (name for name in ordered if plain.text.startswith(name, at))
    exact = next(
        (name for name in begun
         if _made(index, text, plain, at, at + len(name), (), exact=True)), "",
    )  # fmt: skip
    if at == 0:  # in the middle of a line only what is exactly a label is one
        for name in ordered:
            if len(name) <= len(exact):
                break
            end = _near(name, plain.text)
            # a short label is not what a longer one misread begins with, if that is all there is
            if end and (not exact or (end == len(plain.text) and name.isascii())):
                return _made(index, text, plain, 0, end, table[name], exact=False)
    if not exact:
        return None
    return _made(index, text, plain, at, at + len(exact), table[exact], exact=True)


def _near(name: str, text: str) -> int:
    """Where ``name`` ends at the beginning of ``text``, misread in a letter or two; 0 if not."""
    most = _misread(name)
    if not most or len(text) < len(name) - most:
        return 0
    text = text[: len(name) + most]
    if (Counter(name) - Counter(text)).total() > most:
        return 0  # each letter that is nowhere costs an edit
    needed = beginnings(name, text)
    best = min(
        (needed[end], abs(end - len(name)), end) for end in range(len(name) - most, len(text) + 1)
    )
    return best[2] if best[0] <= most else 0


@cache
def _misread(name: str) -> int:
    """How many letters of a label may be misread."""
    plain = [chinese(character) for character in name]
    return len(name) // 4 if all(plain) else 0 if any(plain) else len(name) // 6


def _made(
    index: int, text: str, plain: Folded, at: int, end: int, keys: Iterable[str], *, exact: bool
) -> Label | None:
    start, last = plain.origin[at], plain.origin[end - 1] + 1
    name = plain.text[at:end]
    rest = text[last:]
    latin = name[-1].isascii() and name[-1].isalnum()
    if rest.strip()[:1] in "。;；" and rest.strip():
        return None  # the end of a sentence
    if latin and rest[:1].isascii() and rest[:1].isalnum() and name[-1].isalpha():
        return None  # a piece of a longer word
    if len(name) <= (_SHORT if latin else 1) and folded(rest) and rest.strip()[:1] not in ":：":
        return None
    return Label(frozenset(keys), index, start, last, exact)


# -- values ----------------------------------------------------------------------------


def _blocks(own: Sequence[Label], lines: Sequence[Placed]) -> list[list[Label]]:
    """Labels of one field that stand together: in one line, or below each other."""
    blocks: list[list[Label]] = []
    for label in own:
        line = lines[label.line]
        for block in blocks:
            last = lines[block[-1].line]
            same = last is line
            near = -0.6 < (line.top - last.bottom) / last.height < 1.0
            if same or (near and abs(line.left - last.left) < 1.5 * last.height):
                block.append(label)
                break
        else:
            blocks.append([label])
    return blocks


def _values(
    block: Sequence[Label], lines: Sequence[Placed], found: Sequence[Label]
) -> tuple[tuple[Reading, ...], int]:
    inline = tuple(reading for label in _last_in_line(block)
                   if folded((reading := _rest(label, lines, found)).text))  # fmt: skip
    if inline:
        return inline[:_MOST_REGION], _INLINE
    right = _right(block, lines, found)
    if right:
        return right[:_MOST_REGION], _RIGHT
    return _below(block, lines, found)[:_MOST_REGION], _BELOW


def _last_in_line(block: Sequence[Label]) -> list[Label]:
    last = {label.line: label for label in sorted(block, key=lambda label: label.start)}
    return list(last.values())


def _rest(label: Label, lines: Sequence[Placed], found: Sequence[Label]) -> Reading:
    """The text after a label, up to the next label in the line."""
    line = lines[label.line]
    text = line.reading.text
    nexts = [x.start for x in found if x.line == label.line and x.start >= label.end]
    end = min(nexts, default=len(text))
    start = label.end
    while start < end and text[start] in _MARKS:
        start += 1
    return _part(line, start, end)


def _part(line: Placed, start: int, end: int) -> Reading:
    """Characters of a line, boxed by where the reader saw them."""
    reading = line.reading
    cut = reading.part(start, end)
    if not cut.text or (start == 0 and end == len(reading.text)):
        return cut
    x, y, width, height = reading.box
    first = line.at[start]
    before = line.at[start - 1] if start else 0.0
    left = (before + first) / 2 if start else 0.0
    right = 1.0 if end == len(reading.text) else (line.at[end - 1] + line.at[end]) / 2
    return Reading(cut.text, cut.certainty, (x + width * left, y, width * (right - left), height))


def _right(
    block: Sequence[Label], lines: Sequence[Placed], found: Sequence[Label]
) -> tuple[Reading, ...]:
    own = [lines[label.line] for label in block]
    top, bottom = min(x.top for x in own), max(x.bottom for x in own)
    right, height = max(x.right for x in own), max(x.height for x in own)
    starts = {label.line: label for label in found if _begins(label, lines)}
    slack = 0.3 * height
    in_row = [
        (i, line) for i, line in enumerate(lines)
        if line.left > right - height and line.right > right + slack  # boxes overlap a little
        and top - slack < line.middle < bottom + slack
    ]  # fmt: skip
    values = min((line.left for i, line in in_row if i not in starts), default=0.0)
    keys = frozenset[str]().union(*(label.keys for label in block))
    edge = min(
        (line.left for i, line in in_row if i in starts
         and (line.left > values or not starts[i].keys & keys)),  # not a piece of this label
        default=float("inf"),
    )  # fmt: skip
    core = [(i, line) for i, line in in_row if i not in starts and line.left < edge]
    if not core:
        return ()
    column = min(line.left for _, line in core)
    others = [lines[i] for i in starts if lines[i] not in own and lines[i].right < column]
    core += _grown(core, lines, starts, others, (top, bottom), column, edge)
    core.sort(key=lambda pair: (pair[1].middle, pair[1].left))
    return tuple(_part(line, 0, len(line.reading.text)) for _, line in _rows(core))


def _begins(label: Label, lines: Sequence[Placed]) -> bool:
    return not folded(lines[label.line].reading.text[: label.start])


def _grown(
    core: Sequence[tuple[int, Placed]], lines: Sequence[Placed], starts: Mapping[int, Label],
    others: Sequence[Placed], block: tuple[float, float], column: float, edge: float,
) -> list[tuple[int, Placed]]:  # fmt: skip
    """Lines above and below that belong to the same cell: close by, in the same column, and
    nearer to this label than to any other one beside the column."""
    middle = sum(block) / 2
    found: list[tuple[int, Placed]] = []
    for step in (1, -1):
        last = max(core, key=lambda pair: step * pair[1].middle)[1]
        ordered = sorted(enumerate(lines), key=lambda pair: step * pair[1].middle)
        for i, line in ordered:
            if step * (line.middle - last.middle) <= 0.3 * last.height or i in starts:
                continue
            if abs(line.left - column) > 1.5 * line.height or line.left >= edge:
                continue
            gap = line.top - last.bottom if step > 0 else last.top - line.bottom
            nearer = any(
                abs(other.middle - line.middle) <= abs(middle - line.middle)
                or step * (other.middle - middle) > 0 >= step * (other.middle - line.middle)
                for other in others
            )
            if gap > 0.55 * min(line.height, last.height) or nearer:
                break
            found.append((i, line))
            last = line
    return found


def _rows(core: Sequence[tuple[int, Placed]]) -> list[tuple[int, Placed]]:
    """Reading order: lines whose middles are close are one row, from left to right."""
    rows: list[list[tuple[int, Placed]]] = []
    for pair in core:
        if rows and abs(pair[1].middle - rows[-1][0][1].middle) < 0.5 * pair[1].height:
            rows[-1].append(pair)
        else:
            rows.append([pair])
    return [pair for row in rows for pair in sorted(row, key=lambda item: item[1].left)]


def _below(
    block: Sequence[Label], lines: Sequence[Placed], found: Sequence[Label]
) -> tuple[Reading, ...]:
    """The lines under a label, as far as they follow closely and no label comes."""
    own = [lines[label.line] for label in block]
    left, right = min(x.left for x in own), max(x.right for x in own)
    height = max(x.height for x in own)
    starts = {label.line for label in found if _begins(label, lines)}
    bottom, readings = max(x.bottom for x in own), []
    for i, line in enumerate(lines):
        if line.middle <= bottom or line.left > right or line.right < left:
            continue
        if i in starts or line.top - bottom > 1.2 * height:
            break
        readings.append(_part(line, 0, len(line.reading.text)))
        bottom, height = line.bottom, line.height
    return tuple(readings)
