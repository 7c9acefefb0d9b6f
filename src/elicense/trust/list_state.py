"""The state of signed trust lists: what was accepted, and what may follow it.

Pure: no files, no network, no clock. ``step`` takes what anybody offers, hostile or
not, and gives back a new state with what was taken and why the rest was not. The rules are
those of docs/decisions/0006-signed-trust-lists.md:

1. A list of lists is taken if a pinned operator signed it (the first), or an operator that
   the one before announced. Offered in order, missed ones are stepped through.
2. A list is taken if the list of lists in force names it, one of the signers named there
   signed it, and it says nothing beyond what is delegated to it.
3. Nothing goes back: neither sequence nor date of issue, nor below what is pinned; two
   contents of one sequence are a fork and the later comer is refused.
4. What is refused leaves the last good one in place. What a new list of lists no longer
   supports is dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from elicense.crypto.algorithms import digest
from elicense.errors import InputError
from elicense.trust import list_json
from elicense.trust.list_choice import judge_again, take_lists
from elicense.trust.list_model import ListOfLists, Refusal, RegionalList
from elicense.trust.list_offer import Accepted, Outcome, Seen, State, read_offers
from elicense.trust.list_walk import walk

__all__ = [
    "Accepted", "Outcome", "Seen", "State", "from_files", "start", "step", "to_files",
]  # fmt: skip
_SCHEMA = "elicense-trust-state/1"
_STATE = "state.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LIST_ID = re.compile(r"|[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # empty: the list of lists


def start(operators: Sequence[bytes]) -> State:
    """The state of a device that knows nothing but its operators (DER certificates)."""
    return State(tuple(operators))


def step(state: State, offered: Sequence[bytes], *, now: datetime | None) -> Outcome:
    """What becomes of ``state`` when these signed files are offered at ``now``, in any order.

    Never raises for what the files say. ``now`` None: no file is refused for being from the
    future (for a state that is read back).
    """
    offers, refused = read_offers(offered)
    above = [offer for offer in offers if isinstance(offer.value, ListOfLists)]
    below = [offer for offer in offers if isinstance(offer.value, RegionalList)]
    state, accepted, wrong = walk(state, above, now)
    refused += wrong
    if not state.lists_of_lists:
        detail = "there is no list of lists to judge it by"
        refused += [Refusal("no-list-of-lists", offer.name, detail) for offer in below]
        return Outcome(state, refused=tuple(refused))
    dropped: list[Refusal] = []
    if accepted:
        state, dropped = judge_again(state)
    state, more, wrong = take_lists(state, below, now)
    refused += wrong
    state = replace(state, newest_issued=_newest(state, (*accepted, *more)))
    stale = state.stale(now) if now is not None else ()
    return Outcome(state, (*accepted, *more), tuple(refused), tuple(dropped), stale)


def _newest(state: State, taken: Sequence[Accepted]) -> datetime | None:
    times = [item.issued for item in taken]
    if state.newest_issued is not None:
        times.append(state.newest_issued)
    return max(times, default=None)


# -- keeping it ----------------------------------------------------------------
def to_files(state: State) -> dict[str, bytes]:
    """The state as files: ``lol-<n>``, ``<id>`` (signed lists) and ``state.json`` (what was
    seen, and when the newest was issued)."""
    files = {f"lol-{item.sequence}": item.raw for item in state.lists_of_lists}
    files.update({id: item.raw for id, item in state.lists.items()})
    newest = state.newest_issued
    memory = {
        "schema": _SCHEMA,
        "operators": [digest("sha256", item).hex() for item in state.operators_pinned],
        "newest_issued": f"{newest:%Y-%m-%dT%H:%M:%SZ}" if newest is not None else None,
        "seen": {
            id: {"sequence": seen.sequence, "content": seen.content}
            for id, seen in sorted(state.seen.items())
        },
    }
    files[_STATE] = json.dumps(memory, indent=1).encode() + b"\n"
    return files


def from_files(files: Mapping[str, bytes], operators: Sequence[bytes]) -> Outcome:
    """The state that ``to_files`` wrote, with every signature and rule judged anew from the
    pinned ``operators`` on: files that were exchanged are refused, and what was seen cannot
    be undone by older ones. Where none of the operators is one of then, the user starts
    afresh. Raises InputError where ``state.json`` is not readable.
    """
    first = start(operators)
    if _STATE in files:
        first = _remembered(first, files[_STATE])
    lists = [data for name, data in sorted(files.items()) if name != _STATE]
    return step(first, lists, now=None)


def _remembered(state: State, data: bytes) -> State:
    top = list_json.load(data)
    if top.take("schema") != _SCHEMA:
        raise InputError("list.state", f"the schema must be {_SCHEMA!r}", place=_STATE)
    then = top.names("operators", 64, _SHA256)
    newest = None if top.left.get("newest_issued") is None else top.moment("newest_issued")
    top.left.pop("newest_issued", None)
    table = top.members("seen")
    seen = {id: _seen(table, id) for id in tuple(table.left)}
    top.end()
    if not {digest("sha256", item).hex() for item in state.operators_pinned} & set(then):
        return state
    return replace(state, seen=seen, newest_issued=newest)


def _seen(table: list_json.Members, id: str) -> Seen:
    if not _LIST_ID.fullmatch(id):
        raise list_json.fail(table.at(id[:64]), "the id of a list is needed")
    own = table.members(id)
    found = Seen(own.count("sequence"), own.match("content", _SHA256, "a SHA-256"))
    own.end()
    return found
