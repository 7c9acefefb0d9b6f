"""Text on a terminal: display width, wrapping, and nothing that could steer the terminal."""

from __future__ import annotations

import re
import unicodedata

# control characters, bidirectional overrides, zero-width characters: shown as U+FFFD
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_NO_BREAK_BEFORE = "，。；：、！？）》”’,.;:!?)]…"


def safe(text: str) -> str:
    """Text from a file, made harmless for a terminal."""
    return _UNSAFE.sub("\ufffd", text)


def char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def width(text: str) -> int:
    """Columns that ``text`` takes."""
    return sum(map(char_width, text))


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns``, broken at spaces or between CJK characters."""
    lines: list[str] = []
    line = ""
    for word in _pieces(text):
        if line and width(line + word.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
            word = word.lstrip()  # noqa: PLW2901 - a space at a line's start is dropped
        while width(word) > columns:
            cut = _cut(word, columns)
            lines.append(word[:cut])
            word = word[cut:]  # noqa: PLW2901 - what is left of a long word
        line += word
    if line.strip():
        lines.append(line.rstrip())
    return lines or [""]


def _pieces(text: str) -> list[str]:
    """Words with the space behind them; each wide character is a piece of its own."""
    pieces: list[str] = []
    word = ""
    for char in text:
        if char_width(char) == 2:
            pieces += [word, char] if word else [char]
            word = ""
        elif char == " ":
            pieces.append(word + char)
            word = ""
        else:
            word += char
    joined: list[str] = []
    for piece in filter(None, [*pieces, word]):
        # no line begins with closing punctuation: it stays with what stands before it
        if joined and piece[0] in _NO_BREAK_BEFORE and not joined[-1].endswith(" "):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _cut(word: str, columns: int) -> int:
    used = 0
    for index, char in enumerate(word):
        used += char_width(char)
        if used > columns:
            return max(index, 1)
    return len(word)
