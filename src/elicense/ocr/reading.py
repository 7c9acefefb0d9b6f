"""A piece of text as it was read, and its folding: what counts when texts are compared."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """Text as read, the reader's confidence in each character, and where it stands.

    ``box`` is x, y, width, height in pixels of the picture that was read.
    """

    text: str
    certainty: tuple[float, ...]
    box: Box = (0.0, 0.0, 0.0, 0.0)

    @property
    def confidence(self) -> float:
        """The mean over the characters that are not blank; 0 for none."""
        pairs = zip(self.text, self.certainty, strict=True)
        given = [value for character, value in pairs if not character.isspace()]
        return sum(given) / len(given) if given else 0.0

    def part(self, start: int, end: int) -> Reading:
        """Characters ``start`` to ``end``, the box cut in proportion."""
        x, y, width, height = self.box
        count = max(1, len(self.text))
        cut = (x + width * start / count, y, width * (end - start) / count, height)
        return Reading(self.text[start:end], self.certainty[start:end], cut)


@dataclass(frozen=True, slots=True)
class Folded:
    """Letters and digits alone, width and case folded; ``origin`` leads back to the text."""

    text: str
    certainty: tuple[float, ...]
    origin: tuple[int, ...]


def fold(text: str, certainty: Iterable[float] = ()) -> Folded:
    """Fold ``text``: NFKC, case, no blanks, no punctuation."""
    given = list(certainty) or [1.0] * len(text)
    letters: list[str] = []
    values: list[float] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        for one in unicodedata.normalize("NFKC", character).casefold():
            if one.isalnum() or one == "〇":
                letters.append(one)
                values.append(given[index])
                origin.append(index)
    return Folded("".join(letters), tuple(values), tuple(origin))


def folded(text: str) -> str:
    """The folded text alone."""
    return fold(text).text


def joined(readings: Iterable[Reading], between: str = " ") -> Reading:
    """Several readings as one, in their order."""
    items = [item for item in readings if item.text]
    text = between.join(item.text for item in items)
    certainty: list[float] = []
    for index, item in enumerate(items):
        certainty += [1.0] * (len(between) if index else 0)
        certainty += item.certainty
    return Reading(text, tuple(certainty), around(item.box for item in items))


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them."""
    items = list(boxes)
    if not items:
        return (0.0, 0.0, 0.0, 0.0)
    left, top = min(b[0] for b in items), min(b[1] for b in items)
    right, bottom = max(b[0] + b[2] for b in items), max(b[1] + b[3] for b in items)
    return left, top, right - left, bottom - top


def chinese(text: str) -> bool:
    """Has it a Chinese character?"""
    return any("㐀" <= character <= "鿿" or character == "〇" for character in text)


def alike(one: str, other: str) -> bool:
    """Do readers of pictures take one for the other? Case and width do not matter."""
    return any(one in group and other in group for group in _groups())


def digits(text: str) -> str:
    """``text`` with what looks like a digit taken for that digit; same length."""
    table = _tables()[1]
    return "".join(table.get(character, character) for character in text)


@cache
def _groups() -> tuple[frozenset[str], ...]:
    return _tables()[0]


@cache
def _tables() -> tuple[tuple[frozenset[str], ...], dict[str, str]]:
    table = tomllib.loads(Path(__file__).with_name("confusables.toml").read_text("utf-8"))
    groups = tuple(frozenset(folded(group)) | frozenset(group) for group in table["groups"])
    return groups, dict(table["digits"])
