"""The title of a sheet: which licence type it says it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from elicense import profiles
from elicense.ocr.compare import DIFFERS, MATCH, NOTHING, SURE, UNREADABLE, Compared, compare_text
from elicense.ocr.edits import edits
from elicense.ocr.reading import Reading, chinese, folded
from elicense.ocr.sheet_lines import Placed
from elicense.profiles import Profile

_UPPER = 0.45  # of the height of what is printed: where titles stand


def compare_title(profile: Profile, lines: Sequence[Placed]) -> Compared:
    """The title that stands as a line of its own in the upper part of the page.

    Another licence type's title there is a clear difference, even beside the signed one.
    """
    upper = _upper(lines)
    own, others = set(_forms(profile)), set()
    for other in profiles.all():
        others |= set(_forms(other)) if other.id != profile.id else set()
    right = [line for line in upper if folded(line.reading.text) in own]
    wrong = [line for line in upper if folded(line.reading.text) in others - own]
    if wrong and max(line.reading.confidence for line in wrong) >= SURE:
        return Compared(DIFFERS, wrong[0].reading, (wrong[0].reading,))
    if right and not wrong:
        best = max(right, key=lambda line: line.height)
        return Compared(MATCH, best.reading, (best.reading,))
    near = _nearest(profile, upper)
    if near is None:
        return NOTHING
    if folded(profile.zh) in folded(near.text):  # a heading made with it: of a second page
        return Compared(UNREADABLE, near, (near,))
    return compare_text(profile.zh, [near])


def _upper(lines: Sequence[Placed]) -> list[Placed]:
    if not lines:
        return []
    top, bottom = min(x.top for x in lines), max(x.bottom for x in lines)
    return [line for line in lines if line.middle < top + _UPPER * (bottom - top)]


def _forms(profile: Profile) -> Iterator[str]:
    names = [profile.zh, profile.en, *(x for x in profile.aliases if len(folded(x)) > 3)]
    yield from (folded(name) for name in names)
    yield folded(profile.zh + profile.en)


def _nearest(profile: Profile, upper: Sequence[Placed]) -> Reading | None:
    """The tallest Chinese line that says something like any title: half of it or more."""
    titles = [folded(other.zh) for other in profiles.all()]
    like = [
        line for line in upper
        if chinese(line.reading.text)
        and any(len(edits(t, folded(line.reading.text))) <= len(t) // 2 for t in titles)
    ]  # fmt: skip
    return max(like, key=lambda line: line.height).reading if like else None
