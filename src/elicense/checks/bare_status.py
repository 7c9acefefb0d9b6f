"""A status list or index by itself, and the state of a bare identifier or number.

Without a sealed licence nothing ties a number to the sheet it stands on: what is said here
is said of the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from elicense.checks.standing import World
from elicense.checks.status_signer import Statement, signer_entries
from elicense.errors import InputError
from elicense.identifiers import Identifier, parse_identifier
from elicense.policy import DEFAULT
from elicense.trust.service import NATIONAL, Service
from elicense.trust.status import StatusList
from elicense.trust.status_added import lists_for
from elicense.trust.status_index import Row, StatusIndex, Successor


@dataclass(frozen=True, slots=True)
class Voice:
    """May it speak? ``problem`` is empty if so; ``entries`` say for whom."""

    problem: str
    entries: tuple[Service, ...] = ()

    @property
    def authorities(self) -> tuple[str, ...]:
        """The authorities it may speak for, each once."""
        return tuple(dict.fromkeys(entry.authority for entry in self.entries))


@dataclass(frozen=True, slots=True)
class Answer:
    """The state of one version. ``row.list`` is empty where the index has only a later one;
    ``state`` is empty where it is not proven, and ``problem``
    then says why; ``source`` is the list it comes from."""

    row: Row
    state: str
    problem: str = ""
    source: StatusList | None = field(repr=False, default=None)
    latest: int = 0  # the last version that the index knows of this identifier; 0 for a number
    successor: Successor | None = None


def voice_of_list(
    found: StatusList, world: World, *, status_age: timedelta = DEFAULT.status_age
) -> Voice:
    """A list without an end is good for ``status_age``."""
    expires = found.expires or found.issued + status_age
    return Voice(*signer_entries(Statement(found.signature, found.issued, expires), world))


def voice_of_index(found: StatusIndex, world: World) -> Voice:
    statement = Statement(found.signature(), found.issued, found.expires)
    return Voice(*signer_entries(statement, world))


def look_up(text: str, index: StatusIndex, world: World) -> tuple[Voice, tuple[Answer, ...]]:
    """What one index and the lists at hand say of an identifier or a number.

    An identifier asks for its own version, a number for all that stands under it. No answer
    at all means that the index does not know it. InputError for an index with bad rows.
    """
    voice = voice_of_index(index, world)
    identifier = _identifier(text)
    if identifier is None:
        rows = index.of_number(text)
        return voice, tuple(_answer(row, voice.problem, voice.entries, world) for row in rows)
    rows = index.of_identifier(identifier)
    entries = tuple(e for e in voice.entries if e.region == NATIONAL or e.uscc == identifier.issuer)
    problem = voice.problem or ("" if entries else "signer-not-entitled")
    latest = max((row.version for row in rows), default=0)
    successor = index.successor(identifier)
    version = identifier.version_number
    own = [row for row in rows if row.version == version]
    if not own and (latest > version or successor is not None):
        nowhere = Answer(Row(version, "", 0), "", problem or "not-listed")
        return voice, (_followed(nowhere, latest, successor, problem),)
    return voice, tuple(
        _followed(_answer(row, problem, entries, world), latest, successor, problem) for row in own
    )


def _identifier(text: str) -> Identifier | None:
    try:
        return parse_identifier(text)
    except InputError:
        return None


def _followed(
    answer: Answer, latest: int, successor: Successor | None, problem: str
) -> Answer:
    """The answer with what the index says took its place; an index that may not speak
    changes no state."""
    state, why = answer.state, answer.problem
    if not problem and state in {"", "valid"}:
        if successor is not None:
            state, why = successor.state, ""
        elif latest > answer.row.version:
            state, why = "superseded", ""
    return Answer(answer.row, state, why, answer.source, latest, successor)


def _answer(row: Row, problem: str, entries: Sequence[Service], world: World) -> Answer:
    """The state in the latest list that may speak for the index's own authorities."""
    if problem:
        return Answer(row, "", problem)
    lists, unreadable = lists_for(world.trust, row.list)
    word = "list-unreadable" if unreadable else "list-absent"
    for found in lists:
        if found.uri != row.list:
            word = "another-list"
            continue
        voice = voice_of_list(found, world)
        if not voice.problem and not _shared(voice.entries, entries):
            voice = Voice("signer-not-entitled")
        if voice.problem:
            word = voice.problem
            continue
        state = found.state(row.index)
        if state is None or state.startswith("code-"):
            return Answer(row, "", "out-of-range" if state is None else state, found)
        return Answer(row, state, "", found)
    return Answer(row, "", word)


def _shared(one: Sequence[Service], other: Sequence[Service]) -> bool:
    """Do both speak for the same authority?"""
    if any(entry.region == NATIONAL for entry in (*one, *other)):
        return True
    return bool({e.uscc for e in one if e.uscc} & {e.uscc for e in other if e.uscc})
