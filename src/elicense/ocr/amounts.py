"""Amounts of money and percentages in text as read: by value, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from elicense.ocr.reading import Reading, digits

_FIGURE = r"[0-9OoQDIil|SBZ]"
_RUN = re.compile(rf"(?P<mark>[¥Y]\s?)?(?P<run>[0-9]{_FIGURE}*(?:[,.' ]{_FIGURE}+)*)")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.' ]{1,2}[0-9]{3})+")
_WORDS = re.compile("[零〇壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正]{2,}")


@dataclass(frozen=True, slots=True)
class Amount:
    """One number in figures: ``value`` is None where its separators make no sense; ``start`` to
    ``end`` is its place in the text, ``certainty`` that of its least certain character.
    ``cents`` says that it has two decimals, as an amount of money has."""

    value: Decimal | None
    start: int
    end: int
    certainty: float
    cents: bool


def amounts(reading: Reading) -> Iterator[Amount]:
    """Every number in figures, from left to right: ``1,234.50``, ``¥1234.5``, ``１２３４``."""
    text = "".join(_narrow(character) for character in reading.text)
    for found in _RUN.finditer(text):
        run, start = found["run"], found.start("run")
        kept = [v for c, v in zip(run, reading.certainty[start:], strict=False) if c.isalnum()]
        whole, cents = _parted(digits(run))
        value = None if whole is None else Decimal(f"{whole}.{cents or '0'}")
        yield Amount(value, found.start(), found.end(), min(kept), len(cents) == 2)


def words(reading: Reading) -> str:
    """What stands there in words 大写, spelt one way (圆 is 元, 正 is 整); empty if nothing."""
    runs = _WORDS.findall(reading.text)
    longest = max(runs, key=len, default="")
    return str(longest).replace("圆", "元").replace("正", "整").replace("〇", "零")


def _narrow(character: str) -> str:
    """The character in its one-column form, where that is one character."""
    if character in "，、":
        return ","
    if character in "。·":
        return "."
    if character == "’":
        return "'"
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _parted(run: str) -> tuple[str | None, str]:
    """Whole and decimal figures of a number whose thousands may be set apart."""
    head, cents = run, ""
    last = re.search(r"\s?\.\s?([0-9]{1,2})$", run)
    if last:
        head, cents = run[: last.start()], last[1]
    if head.isdecimal() and head.isascii():
        return head, cents
    return (re.sub(r"[^0-9]", "", head), cents) if _GROUPED.fullmatch(head) else (None, "")
