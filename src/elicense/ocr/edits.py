"""The fewest changes that make one short text of another."""

from __future__ import annotations

from typing import NamedTuple

_MOST = 400  # characters; longer texts are cut: no field is as long


class Edit(NamedTuple):
    """``signed`` was read as ``read``; one of them is empty for what is missing or extra.
    ``place`` is where in the text that was read."""

    signed: str
    read: str
    place: int


def edits(signed: str, read: str) -> tuple[Edit, ...]:
    """Substitutions, omissions and insertions, from left to right (Levenshtein)."""
    signed, read = signed[:_MOST], read[:_MOST]
    rows = [list(range(len(read) + 1))]
    for i, a in enumerate(signed, 1):
        above, row = rows[-1], [i]
        for j, b in enumerate(read, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
        rows.append(row)
    return _walk(signed, read, rows)


def beginnings(wanted: str, read: str) -> tuple[int, ...]:
    """How many edits make ``wanted`` of the first 0, 1, 2… characters of ``read``."""
    wanted, read = wanted[:_MOST], read[:_MOST]
    row = list(range(len(read) + 1))
    for i, a in enumerate(wanted, 1):
        above, row = row, [i]
        for j, b in enumerate(read, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return tuple(row)


def _walk(signed: str, read: str, rows: list[list[int]]) -> tuple[Edit, ...]:
    i, j = len(signed), len(read)
    found: list[Edit] = []
    while i or j:
        here = rows[i][j]
        same = i and j and signed[i - 1] == read[j - 1]
        if same and rows[i - 1][j - 1] == here:
            i, j = i - 1, j - 1
        elif i and j and rows[i - 1][j - 1] + 1 == here:
            found.append(Edit(signed[i - 1], read[j - 1], j - 1))
            i, j = i - 1, j - 1
        elif i and rows[i - 1][j] + 1 == here:
            found.append(Edit(signed[i - 1], "", j))
            i -= 1
        else:
            found.append(Edit("", read[j - 1], j - 1))
            j -= 1
    return tuple(reversed(found))
