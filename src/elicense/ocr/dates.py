"""Dates in a text that was read from a picture, as values."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from elicense.licence import OPEN_ENDED
from elicense.ocr.reading import Reading, digits

_D = r"[0-9OoIl|丨〇零○DQSBZ]"
_CN = "〇零○一二三四五六七八九十"
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_WORD = r"(?P<name>[A-Za-z0|]{3,9})\.?"
_PATTERNS = (
    # a year is not preceded by a digit of something else
    re.compile(rf"(?P<y>{_D}{{4}})\s*年\s*(?P<m>{_D}{{1,2}})\s*月\s*(?P<d>{_D}{{1,2}})\s*日?"),
    re.compile(rf"(?P<y>[{_CN}]{{4}})\s*年\s*(?P<m>[{_CN}]{{1,3}})\s*月\s*(?P<d>[{_CN}]{{1,4}})\s*日?"),
    re.compile(rf"(?<![0-9])(?P<y>{_D}{{4}})\s*(?P<mark>[-/.])\s*(?P<m>{_D}{{1,2}})\s*(?P=mark)\s*(?P<d>{_D}{{1,2}})(?![0-9])"),
    re.compile(rf"(?P<d>{_D}{{1,2}})(?:st|nd|rd|th)?[\s,.-]*{_WORD}[\s,.-]*(?P<y>{_D}{{4}})(?![0-9])"),
    re.compile(rf"(?<![A-Za-z]){_WORD}\s*(?P<d>{_D}{{1,2}})(?:st|nd|rd|th)?\s*[,.]\s*(?P<y>{_D}{{4}})(?![0-9])"),
    re.compile(rf"(?<![0-9])(?P<a>{_D}{{1,2}})\s*(?P<mark>[-/.])\s*(?P<b>{_D}{{1,2}})\s*(?P=mark)\s*(?P<y>{_D}{{4}})(?![0-9])"),
    re.compile(r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})(?P<m>[01][0-9])(?P<d>[0-3][0-9])(?![0-9])"),
)  # fmt: skip
_OPEN = re.compile(r"长期|永久|(?i:permanent)")


@dataclass(frozen=True, slots=True)
class ReadDate:
    """One date in a text: every value it can mean (two where day and month may be swapped),
    and the least confidence in a character of it."""

    values: frozenset[datetime.date]
    certainty: float
    start: int
    end: int


def dates(reading: Reading) -> tuple[ReadDate, ...]:
    """All dates in it, from left to right; a text is taken by the first pattern that fits."""
    text = "".join(_plain(character) for character in reading.text)
    found: list[ReadDate] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            values = frozenset(_values(match))
            free = all(match.end() <= x.start or match.start() >= x.end for x in found)
            if values and free:
                found.append(_made(reading, values, match))
    if not found:
        found += [
            _made(reading, frozenset({OPEN_ENDED}), match) for match in _OPEN.finditer(text)
        ]
    return tuple(sorted(found, key=lambda item: item.start))


def _made(
    reading: Reading, values: frozenset[datetime.date], match: re.Match[str]
) -> ReadDate:
    characters = range(match.start(), match.end())
    telling = [reading.certainty[i] for i in characters if reading.text[i].isalnum()]
    return ReadDate(values, min(telling, default=0.0), match.start(), match.end())


def _plain(character: str) -> str:
    """Width folded, one character for one, so that places stay what they are."""
    plain = unicodedata.normalize("NFKC", character)
    if plain in "‐‑‒–—―−－ー":
        return "-"
    return plain if len(plain) == 1 else character


def _values(match: re.Match[str]) -> Iterator[datetime.date]:
    parts = match.groupdict()
    year = _number(parts["y"])
    if parts.get("a") is not None:
        first, second = _number(parts["a"]), _number(parts["b"])
        pairs = {(second, first), (first, second)}  # day first, month first
    elif parts.get("name") is not None:
        pairs = {(_month(parts["name"]), _number(parts["d"]))}
    else:
        pairs = {(_number(parts["m"]), _number(parts["d"]))}
    for month, day in pairs:
        try:
            yield datetime.date(year, month, day)
        except ValueError:
            continue


def _number(text: str) -> int:
    """Digits, what looks like them, or Chinese numerals; 0 for what is none."""
    if any(character in "一二三四五六七八九十" for character in text):
        return _chinese(text)
    plain = digits(text)
    return int(plain) if plain.isdecimal() else 0


def _chinese(text: str) -> int:
    """二〇二六 and 二十八."""
    numerals = "〇一二三四五六七八九"
    text = text.replace("零", "〇").replace("○", "〇")
    if "十" not in text:
        return int("".join(str(numerals.index(character)) for character in text))
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return 10 * (numerals.index(tens) if tens else 1) + (numerals.index(ones) if ones else 0)


def _month(name: str) -> int:
    """1 to 12 from a name, its first three letters, or a name with one letter misread."""
    plain = name.lower().replace("0", "o").replace("|", "l")
    for number, month in enumerate(_MONTHS, 1):
        if plain in {month, month[:3]} or (plain == "sept" and number == 9):
            return number
    if len(plain) < 4:
        return 0
    near = [n for n, month in enumerate(_MONTHS, 1) if _one_off(plain, month)]
    return near[0] if len(near) == 1 else 0


def _one_off(read: str, month: str) -> bool:
    if len(read) != len(month) or len(month) < 5:
        return False
    return sum(a != b for a, b in zip(read, month, strict=True)) == 1
