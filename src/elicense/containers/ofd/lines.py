"""Runs of text with positions put into lines in reading order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """Text on one baseline; millimetres from the page's top left, ``size`` of the type."""

    text: str
    x: float
    y: float
    end: float
    size: float


def to_lines(runs: Iterable[Run]) -> tuple[str, ...]:
    """Lines from the top down, each from the left to the right.

    Runs belong to one line when their baselines are closer than a third of
    the type size. A gap of half a character becomes one blank, between Latin
    words a smaller one. Text drawn twice at one place (imitated bold type)
    counts once.
    """
    unique = {(run.text, round(run.x, 1), round(run.y, 1)): run for run in runs if run.text}
    ordered = sorted(unique.values(), key=lambda run: (run.y, run.x))
    lines: list[list[Run]] = []
    for run in ordered:
        if lines and abs(run.y - lines[-1][0].y) <= max(run.size, lines[-1][0].size) / 3:
            lines[-1].append(run)
        else:
            lines.append([run])
    joined = (_join(sorted(line, key=lambda run: run.x)) for line in lines)
    return tuple(text for text in joined if text)


def _join(line: list[Run]) -> str:
    pieces: list[str] = []
    previous: Run | None = None
    for run in line:
        if previous is not None and run.x - previous.end > _blank(previous, run):
            pieces.append(" ")
        pieces.append(run.text)
        previous = run
    return "".join(pieces).strip()


def _blank(before: Run, after: Run) -> float:
    """The gap from which on two runs are two words."""
    latin = before.text[-1].isascii() and after.text[0].isascii()
    return before.size / (6 if latin else 2)


def advance(char: str, size: float) -> float:
    """A character's width where the file gives none: full for Chinese, half for the rest."""
    return size if ord(char) >= 0x2E80 else size / 2
