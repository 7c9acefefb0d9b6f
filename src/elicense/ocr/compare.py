"""One signed value beside what is printed for it: ``match``, ``differs`` or ``unreadable``.

Pure: no picture is touched. A difference is ``differs`` only where the reader was sure of
what it saw and the two are not easily taken for each other. What is missing, blurred or
one easily confused character away is ``unreadable``. Neither is ever a match.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from elicense.canonical import Value
from elicense.ocr.amounts import amounts, words
from elicense.ocr.dates import dates
from elicense.ocr.edits import Edit, edits
from elicense.ocr.reading import Reading, alike, chinese, digits, fold, folded, joined
from elicense.profiles import Choice, Field, choice_items, printed_forms, table_rows
from elicense.profiles.amounts import money, percent
from elicense.profiles.printed import month_forms

MATCH, DIFFERS, UNREADABLE = "match", "differs", "unreadable"
SURE = 0.85  # a character read with less is not held against anybody
READ = 0.70  # a text read with less on the average says nothing
_LONG = 60  # characters: a longer text is looked for as it is, not nearly so
_IMO = re.compile(r"\s*[Il1|]M[O0o]\s*(?:No|编号|号)?[\s.:：]*(?=[^\s]{7})")
_NUMBERS = {"integer", "imo-ship", "imo-company", "mmsi"}
_AMOUNTS = {"money", "percent"}


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome, with the text that was taken for the field's and the reader's confidence
    in it. ``readings`` are those it was taken from."""

    outcome: str
    reading: Reading
    readings: tuple[Reading, ...] = ()

    @property
    def printed(self) -> str:
        return " ".join(self.reading.text.split())

    @property
    def confidence(self) -> float:
        return self.reading.confidence


NOTHING = Compared(UNREADABLE, Reading("", ()))


def compare(
    item: Field, value: Value, region: Sequence[Reading], *, alone: bool = True
) -> Compared:
    """Compare the signed ``value`` of ``item`` with the text lines of its place on the sheet.

    ``region`` is in reading order; ``alone`` says that nothing else belongs there, so that
    text which the value does not explain keeps the question open.
    """
    region = [reading for reading in region if folded(reading.text)]
    if not region:
        return NOTHING
    if item.kind == "date":
        return _date(str(value), region)
    if item.kind in _NUMBERS:
        return _number(str(value), region)
    if item.kind in _AMOUNTS:
        return compare_amount(item, str(value), region)
    if item.kind == "month":
        return compare_month(str(value), region)
    if item.kind == "table":
        return compare_rows(item, value, region)
    if item.kind == "choices":
        return _choices(item, value, region)
    if item.kind in {"choice", "title"}:
        return _choice(item, str(value), region)
    return compare_text(str(value), region, alone=alone)


# -- text ------------------------------------------------------------------------------


def compare_text(signed: str, region: Sequence[Reading], *, alone: bool = True) -> Compared:
    """A name or a number as text. Where the signed text is Chinese, translations beside it
    are left aside."""
    cut = [(place, _without_translation(reading, signed)) for place, reading in enumerate(region)]
    own = [(place, reading) for place, reading in cut if folded(reading.text)]
    if not own:
        return NOTHING
    runs = [tuple(own), *((pair,) for pair in own), *pairwise(own)]
    candidates = [(joined(r for _, r in run), run) for run in runs]
    for reading, run in candidates:
        if _same(signed, reading):
            used = {place for place, _ in run}
            others = [r for place, r in enumerate(region)
                      if place not in used and not _same(signed, r)]  # fmt: skip
            if _explained(signed, others, alone=alone):
                return Compared(MATCH, reading, tuple(r for _, r in run))
            return Compared(UNREADABLE, joined(region), tuple(region))
    best, run = min(candidates, key=lambda pair: _distance(signed, pair[0]))
    return Compared(_difference(signed, best), best, tuple(r for _, r in run))


def _explained(signed: str, others: Sequence[Reading], *, alone: bool) -> bool:
    """Is what else stands there no second value? Chinese text beside a Chinese value would be,
    and so would whatever half resembles the value."""
    near = max(2, len(folded(signed)) // 2)
    if any(_distance(signed, other) <= near for other in others):
        return False
    return not (alone and chinese(signed) and any(chinese(other.text) for other in others))


def _same(signed: str, reading: Reading) -> bool:
    return folded(signed) == folded(reading.text)


def _distance(signed: str, reading: Reading) -> int:
    return len(edits(folded(signed), folded(reading.text)))


def _without_translation(reading: Reading, signed: str) -> Reading:
    """Chinese text without the Latin text before or after it, if the signed one has none."""
    if not chinese(signed):
        return reading
    if not chinese(reading.text):
        return Reading("", (), reading.box)
    if any(character.isascii() and character.isalpha() for character in signed):
        return reading
    last = max(i for i, character in enumerate(reading.text) if chinese(character))
    end = last + 1
    while end < len(reading.text) and not (
        reading.text[end].isascii() and reading.text[end].isalpha()
    ):
        end += 1
    return reading.part(0, end)


def _difference(signed: str, reading: Reading) -> str:
    """``differs`` if one of the differences is beyond doubt, else ``unreadable``."""
    read = fold(reading.text, reading.certainty)
    found = edits(folded(signed), read.text)
    if not read.text or sum(read.certainty) / len(read.certainty) < READ:
        return UNREADABLE
    return DIFFERS if any(_clear(edit, read.certainty) for edit in found) else UNREADABLE


def _clear(edit: Edit, certainty: Sequence[float]) -> bool:
    if not edit.read:  # a character that was not seen: perhaps faint, perhaps run together
        return False
    if certainty[edit.place] < SURE:
        return False
    return not (edit.signed and alike(edit.signed, edit.read))


# -- values ----------------------------------------------------------------------------


def _date(signed: str, region: Sequence[Reading]) -> Compared:
    """Every date that is printed there must be the signed one."""
    wanted = datetime.date.fromisoformat(signed)
    found = [(reading, date) for reading in region for date in dates(reading)]
    pieces = [reading.part(date.start, date.end) for reading, date in found]
    if not found:
        return Compared(UNREADABLE, joined(region), tuple(region))
    shown = joined(pieces)
    others = [date for _, date in found if wanted not in date.values]
    if any(date.certainty >= SURE for date in others):
        wrong = [p for p, (_, d) in zip(pieces, found, strict=True) if wanted not in d.values]
        return Compared(DIFFERS, shown, tuple(wrong))
    plain = any(date.values == {wanted} for _, date in found)
    return Compared(MATCH if plain and not others else UNREADABLE, shown, tuple(pieces))


def compare_amount(item: Field, signed: str, region: Sequence[Reading]) -> Compared:
    """By value: 1,234.50 is 1234.50 and ¥1234.5. What stands there in words too must agree."""
    wanted = money(signed) if item.kind == "money" else percent(signed)
    if wanted is None:  # licence.fields speaks of that
        return Compared(UNREADABLE, joined(region), tuple(region))
    found = [(reading, amount) for reading in region for amount in amounts(reading)]
    spoken = [text for reading in region if (text := words(reading))]
    whole = joined(region)
    right = [pair for pair in found if pair[1].value == wanted]
    wrong = [(r, a) for r, a in found if a.value != wanted]
    if not right:
        sure = [r for r, a in wrong if a.value is not None and a.certainty >= SURE]
        plain = re.sub(r"[^0-9]", "", signed)
        same = any(_digits_of(r.part(a.start, a.end)) == plain for r, a in wrong)  # a point moved
        outcome = DIFFERS if sure and len(sure) == len(found) and not same else UNREADABLE
        return Compared(outcome, whole, tuple(region))
    reading, amount = right[0]
    agree = all(text in {folded(form) for form in printed_forms(item, signed)} for text in spoken)
    outcome = MATCH if agree and not wrong else UNREADABLE
    shown = reading.part(amount.start, amount.end)
    return Compared(outcome, shown if outcome == MATCH else whole, tuple(region))


_MONTH = re.compile(r"([0-9]{4})\s?[年/.-]\s?(1[0-2]|0?[1-9])(?![0-9])")


def compare_month(signed: str, region: Sequence[Reading]) -> Compared:
    """2026年3月, 2026-03, March 2026: the month must be there, and no other one."""
    whole = joined(region)
    found = [(m, f"{m[1]}-{int(m[2]):02}") for m in _MONTH.finditer(whole.text)]
    others = [m for m, month in found if month != signed]
    sure = any(min(whole.certainty[m.start() : m.end()]) >= SURE for m in others)
    if others:
        return Compared(DIFFERS if sure else UNREADABLE, whole, tuple(region))
    english = {folded(form) for form in month_forms(signed) if form[:1].isalpha()}
    there = bool(found) or folded(whole.text) in english
    return Compared(MATCH if there else UNREADABLE, whole, tuple(region))


def compare_rows(item: Field, value: Value, region: Sequence[Reading]) -> Compared:
    """The rows of a table, cell by cell in their order: amounts by value, the rest as text.

    Readers lose lines of long tables: what is not all there, in its order, stays open, and
    only amounts that are as many as there should be, and sure, are told to differ.
    """
    whole = joined(region)
    rows = table_rows(value)
    wanted = [money(row.get(column.key)) for row in rows for column in item.columns
              if column.kind == "money"]  # fmt: skip
    seen = [a for reading in region for a in amounts(reading) if a.cents]
    values = [amount.value for amount in seen]
    if rows and None not in wanted and values == wanted and _nothing_else(item, rows, whole):
        return Compared(MATCH, whole, tuple(region))
    off = [a for a, right in zip(seen, wanted, strict=False) if a.value != right]
    sure = any(a.value is not None and a.certainty >= SURE for a in off)
    moved = Counter(values) == Counter(wanted)  # the same amounts, read in another order
    clear = len(values) == len(wanted) and None not in wanted and sure and not moved
    return Compared(DIFFERS if clear else UNREADABLE, whole, tuple(region))


def _nothing_else(item: Field, rows: Sequence[Mapping[str, Value]], whole: Reading) -> bool:
    """Is the text these cells one after another, under its headings or without them? A row
    more, or a figure more in a cell, is not the table that was signed."""
    text = folded(whole.text)
    at = {0}
    for column in item.columns:  # each heading may be there, in one language or both
        at = at | _ends(text, at, [folded(column.zh)])
        at = at | _ends(text, at, [folded(column.en)])
    for row in rows:
        for column in item.columns:
            cell = row.get(column.key)
            if cell is not None:
                at = _ends(text, at, [folded(form) for form in printed_forms(column, cell)])
    return len(text) in at


def _ends(text: str, at: Collection[int], forms: Sequence[str]) -> set[int]:
    """Where one of ``forms`` ends that begins at one of the places ``at``."""
    return {place + len(form) for place in at for form in forms
            if form and text.startswith(form, place)}  # fmt: skip


def _number(signed: str, region: Sequence[Reading]) -> Compared:
    """A number with its separators, its prefix and its unit taken off."""
    pieces = [piece for reading in region if (piece := _number_in(reading)) is not None]
    if not pieces:
        return Compared(UNREADABLE, joined(region), tuple(region))
    results = [
        Compared(
            MATCH if _digits_of(piece) == signed else _number_difference(signed, piece),
            piece, (piece,),
        )
        for piece in pieces
    ]  # fmt: skip
    for outcome in (DIFFERS, MATCH, UNREADABLE):
        for result in results:
            if result.outcome == outcome and _near(signed, result, results):
                return result
    return results[0]


def _near(signed: str, result: Compared, results: Sequence[Compared]) -> bool:
    """Of several numbers, one of another length beside the right one is something else."""
    matched = any(other.outcome == MATCH for other in results)
    return not matched or len(_digits_of(result.reading)) == len(signed)


def _number_in(reading: Reading) -> Reading | None:
    """The longest run of digits, their look-alikes and separators that holds a digit."""
    prefix = _IMO.match(reading.text)
    if prefix:
        reading = reading.part(prefix.end(), len(reading.text))
    best: tuple[int, int] | None = None
    start: int | None = None
    text = reading.text + "\n"
    for index, character in enumerate(text):
        fits = digits(character).isdecimal() or (character in ",，.'’ " and start is not None)
        if fits and start is None:
            start = index
        elif not fits and start is not None:
            run = text[start:index].rstrip(" ,，.'’")
            counted = sum(c.isdecimal() for c in run)
            if counted and (best is None or len(run) > best[1] - best[0]):
                best = (start, start + len(run))
            start = None
    if best is None:
        return None
    first, last = best
    while first < last and not text[first].isdecimal() and _word_before(text, first):
        first += 1  # the O of IMO is no digit
    return reading.part(first, last)


def _word_before(text: str, at: int) -> bool:
    return text[at].isalpha() and at > 0 and text[at - 1].isalpha()


def _digits_of(reading: Reading) -> str:
    plain = digits(fold(reading.text).text.upper().replace("L", "1"))
    return "".join(character for character in plain if character.isdecimal())


def _number_difference(signed: str, reading: Reading) -> str:
    kept = [(c, v) for c, v in zip(digits(reading.text), reading.certainty, strict=True)
            if c.isdecimal()]  # fmt: skip
    plain = Reading("".join(c for c, _ in kept), tuple(v for _, v in kept))
    if not any(edit.signed and edit.read for edit in edits(signed, plain.text)):
        return UNREADABLE  # more digits or fewer: a stroke beside it, or one run together
    return _difference(signed, plain)


# -- coded values ----------------------------------------------------------------------


def _choice(item: Field, code: str, region: Sequence[Reading]) -> Compared:
    whole = joined(region)
    if code not in item.choices:
        return Compared(UNREADABLE, whole, tuple(region))
    found, rest = _named(whole, item.choices.values())
    if found - {code}:
        return Compared(DIFFERS, whole, tuple(region))
    if found == {code} and not chinese(rest):
        return Compared(MATCH, whole, tuple(region))
    own = item.choices[code]
    chosen = compare_text(own.zh, region) if chinese(whole.text) else compare_text(own.en, region)
    return chosen if chosen.outcome != MATCH else Compared(MATCH, whole, tuple(region))


def _choices(item: Field, value: Value, region: Sequence[Reading]) -> Compared:
    """Each kind that is signed must be there, and none that is not."""
    whole = joined(region)
    pairs = choice_items(value)
    signed = {code for code, _ in pairs}
    found, rest = _named(whole, item.choices.values())
    for _, limitation in pairs:
        plain = folded(limitation)
        if plain and plain not in rest:
            return Compared(_lacking(limitation, region), whole, tuple(region))
        rest = rest.replace(plain, "", 1)
    if whole.confidence >= READ and found - signed:
        return Compared(DIFFERS, whole, tuple(region))
    if found == signed and not chinese(rest):
        return Compared(MATCH, whole, tuple(region))
    return Compared(_unexplained(rest, whole), whole, tuple(region))


def _lacking(limitation: str, region: Sequence[Reading]) -> str:
    """A limitation that is not there as signed: is it there otherwise?"""
    whole = joined(region)
    size = len(folded(limitation))
    if size > _LONG:
        return UNREADABLE
    read = fold(whole.text, whole.certainty)
    windows = [
        Reading(read.text[at : at + size], read.certainty[at : at + size])
        for at in range(max(1, len(read.text) - size + 1))
    ]
    best = min(windows, key=lambda window: _distance(limitation, window))
    near = _distance(limitation, best) <= size / 2
    return _difference(limitation, best) if near else UNREADABLE


def _unexplained(rest: str, whole: Reading) -> str:
    """Chinese text that belongs to no kind, beside kinds that are all there or not."""
    read = fold(whole.text, whole.certainty)
    at = read.text.find(rest) if rest else -1
    sure = at >= 0 and min(read.certainty[at : at + len(rest)]) >= SURE
    return DIFFERS if sure and len(rest) >= 4 and chinese(rest) else UNREADABLE


def _named(whole: Reading, choices: Iterable[Choice]) -> tuple[set[str], str]:
    """Codes of the kinds that are named, longest names first, and the text left over."""
    names = [(folded(name), choice.code) for choice in choices for name in choice.names]
    rest, found = folded(whole.text), set()
    for name, code in sorted(names, key=lambda pair: -len(pair[0])):
        if name and name in rest:
            found.add(code)
            rest = rest.replace(name, " ")
    return found, rest.strip()


def forms(item: Field, value: Value) -> str:
    """The value as a form prints it: what a report shows beside the reading."""
    return (printed_forms(item, value) or (str(value),))[0]
