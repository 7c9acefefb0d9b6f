"""A walk over two neighbouring revisions side by side, object by object.

Everything reachable is compared by value; where a dictionary has a role (page,
form, field, …) its handler in :mod:`changes` decides key by key.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from elicense.containers.pdf.lexer import Dictionary, Ref, Stream, Value, text
from elicense.containers.pdf.objects import View, links
from elicense.containers.pdf.xref import IN_FILE, IN_STREAM
from elicense.errors import InputError, LimitError
from elicense.evidence import Change

MAX_REFUSED = 32
_CONTAINERS = (dict, list, Stream)
_PLAIN = frozenset((int, str, bytes, float, bool, type(None)))
_LOOSE_REFERENCE = re.compile(rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R")
_LOOSE_LENGTH = 65536


class Difference(NamedTuple):
    """A change, and the full name of the field it filled or altered ("" if none)."""

    change: Change
    field: str


class Step(NamedTuple):
    """One key on the way from the trailer; ``field`` names the form field it enters."""

    parent: Step | None
    key: str
    field: str = ""

    def path(self) -> str:
        return "/".join(step.key for step in reversed(list(self.up())))

    def up(self) -> Iterator[Step]:
        """This step and those above it."""
        step: Step | None = self
        while step is not None:
            yield step
            step = step.parent


class Pair(NamedTuple):
    """Two values to compare; ``kind`` is what a difference there is called."""

    old: Value
    new: Value
    role: str
    kind: str
    step: Step


Handler = Callable[[Any, Pair], None]  # the first is the Comparison, or one that knows more


@dataclass(slots=True)
class Comparison:
    """One walk: what is still to be visited and what was found."""

    old: View
    new: View
    handlers: Mapping[str, Handler]
    found: list[Difference] = field(default_factory=list)
    refused: int = 0
    seen: set[tuple[Ref, Ref]] = field(default_factory=set)
    first: deque[Pair] = field(default_factory=deque)  # what has a role of its own
    rest: deque[Pair] = field(default_factory=deque)

    def report(self, pair: Pair, detail: str, *, kind: str = "", allowed: bool = False) -> None:
        """Records one change, with the path and the object that holds it."""
        index = self.new.revision.index
        change = Change(kind or pair.kind, pair.step.path(), detail, allowed, index)
        name = next((step.field for step in pair.step.up() if step.field), "")
        self.add(Difference(change, name))

    def add(self, difference: Difference) -> None:
        self.refused += not difference.change.allowed
        self.found.append(difference)

    def queue(self, pair: Pair) -> None:
        (self.first if pair.role else self.rest).append(pair)

    def run(self) -> None:
        """Visits everything queued, until enough refused changes are known."""
        while (self.first or self.rest) and self.refused < MAX_REFUSED:
            _visit(self, self.first.popleft() if self.first else self.rest.popleft())


def differs(walk: Comparison, old: Value, new: Value) -> bool:
    """Whether two values differ anywhere below."""
    inner = Comparison(walk.old, walk.new, {})
    inner.queue(Pair(old, new, "", "", Step(None, "")))
    inner.run()
    return bool(inner.found)


def keys_of(old: Dictionary, new: Dictionary) -> Iterator[str]:
    """The keys of both, the old ones first."""
    yield from old
    if new.keys() != old.keys():
        yield from (key for key in new if key not in old)


def entries(walk: Comparison, pair: Pair, old: Dictionary, new: Dictionary) -> None:
    """Queues what two dictionaries hold, without any role."""
    for key in keys_of(old, new):
        a, b = old.get(key), new.get(key)
        if not (type(a) in _PLAIN and type(a) is type(b) and a == b):
            walk.rest.append(Pair(a, b, "", pair.kind, Step(pair.step, key)))


def resolved(view: View, value: Value) -> tuple[Value, str]:
    """The value and "", or None and why it cannot be read."""
    try:
        return view.resolve(value), ""
    except LimitError:
        raise
    except InputError as error:
        return None, error.detail


def short(value: Value) -> str:
    """A few words on a value."""
    if type(value) is Stream:
        return f"a stream of {value.end - value.start} bytes"
    if type(value) is dict:
        return "a dictionary with " + " ".join(f"/{key}" for key in list(value)[:8])
    if type(value) is list:
        return f"an array of {len(value)}"
    if type(value) is str:
        return f"/{value}"[:80]
    if type(value) is bytes:
        return repr(text(value))[:80]
    return str(value)[:80]


def difference(walk: Comparison, pair: Pair) -> None:
    """Reports that two values are not the same."""
    if pair.old is None:
        detail = f"added: {short(pair.new)}"
    elif pair.new is None:
        detail = f"removed: {short(pair.old)}"
    else:
        detail = f"{short(pair.old)} became {short(pair.new)}"
    walk.report(pair, detail)


def _visit(walk: Comparison, pair: Pair) -> None:
    if type(pair.old) is Ref or type(pair.new) is Ref:
        opened = _open(walk, pair)
        if opened is None:
            return
        pair = opened
    old, new, role, kind, step = pair
    if old is new and not role and type(old) in _CONTAINERS:  # the same bytes: only what it names
        for path, ref in links(old):
            walk.rest.append(Pair(ref, ref, "", kind, Step(step, path, step.field)))
    elif type(old) is Stream and type(new) is Stream:
        walk.handlers.get(role, _streams)(walk, pair)
    elif type(old) is dict and type(new) is dict:
        walk.handlers.get(role, _dictionaries)(walk, pair)
    elif type(old) is list and type(new) is list:
        walk.handlers.get(role, _lists)(walk, pair)
    elif (type(old) is not type(new) or old != new) and not _same_number(old, new):
        difference(walk, pair)


def _same_number(old: Value, new: Value) -> bool:
    return {type(old), type(new)} <= {int, float} and bool(old == new)


def _open(walk: Comparison, pair: Pair) -> Pair | None:
    """The pair with its references followed; None if it was seen or cannot be read."""
    old, new, role, kind, step = pair
    walk.new.file.step()
    if type(old) is type(new):  # direct values are finite, only two references can loop
        if (old, new) in walk.seen:
            return None
        walk.seen.add((old, new))
    where = f" (object {new.num})" if type(new) is Ref else ""
    step = Step(step.parent, step.key + where, step.field)
    a, failed_old = resolved(walk.old, old)
    b, failed_new = resolved(walk.new, new)
    opened = Pair(a, b, role, kind, step)
    if not failed_new and not failed_old:
        return opened
    if old != new or not _same_bytes(walk, new):
        walk.report(opened, f"cannot be compared: {failed_new or failed_old}")
        return None
    for ref in _loose_references(walk.new, new):
        walk.rest.append(Pair(ref, ref, "", kind, Step(step, "…")))
    return None


def _same_bytes(walk: Comparison, ref: Ref) -> bool:
    """Whether a reference leads to the same bytes of the file in both revisions."""
    a, b = walk.old.entry(ref.num), walk.new.entry(ref.num)
    if a is not None and a == b and a.kind == IN_STREAM:
        return walk.old.entry(a.a) == walk.new.entry(a.a)
    return a == b


def _loose_references(view: View, ref: Ref) -> Iterator[Ref]:
    """Whatever looks like a reference in an object that cannot be read strictly."""
    entry = view.entry(ref.num)
    if entry is not None and entry.kind == IN_FILE:
        data = view.file.data
        end = data.find(b"endobj", entry.a, entry.a + _LOOSE_LENGTH)
        end = end if end >= 0 else entry.a + _LOOSE_LENGTH
        for m in _LOOSE_REFERENCE.finditer(data, entry.a, end):
            yield Ref(int(m[1]), int(m[2]))


def _streams(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if (old.start, old.end) != (new.start, new.end) and walk.old.raw(old) != walk.new.raw(new):
        walk.report(pair, f"{short(old)} became {short(new)}")
        return
    entries(walk, pair, old.info, new.info)


def _dictionaries(walk: Comparison, pair: Pair) -> None:
    entries(walk, pair, pair.old, pair.new)


def _lists(walk: Comparison, pair: Pair) -> None:
    old, new = pair.old, pair.new
    if len(old) != len(new):
        walk.report(pair, f"{len(old)} entries became {len(new)}")
        return
    for i, (a, b) in enumerate(zip(old, new, strict=True)):
        if not (type(a) in _PLAIN and type(a) is type(b) and a == b):
            walk.queue(Pair(a, b, pair.role, pair.kind, Step(pair.step, str(i))))
