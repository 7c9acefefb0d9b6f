"""The life cycle of a licence, as data (``states.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elicense.errors import UsageError

VALID = "valid"
PENDING = "pending"
# entered and left in a transfer only, together with the messages to the other authority
OF_TRANSFER = frozenset({"transferring", "transferred", PENDING})


@dataclass(frozen=True, slots=True)
class State:
    """One state. ``code`` is what the status list says of it, ``next`` what may follow."""

    name: str
    zh: str
    en: str
    code: int
    next: tuple[str, ...]


@cache
def states() -> Mapping[str, State]:
    """Every state, by name."""
    table = tomllib.loads(Path(__file__).with_name("states.toml").read_text("utf-8"))
    return {
        name: State(name, row["zh"], row["en"], row["list"], tuple(row["next"]))
        for name, row in table.items()
    }


def check_change(old: str, new: str) -> None:
    """Raises UsageError ``registry.state`` unless ``new`` may follow ``old``."""
    known = states()
    if new not in known:
        raise UsageError("registry.state", f"{new!r} is none of {', '.join(known)}")
    if new not in known[old].next:
        follows = ", ".join(known[old].next) or "nothing: this state is final"
        raise UsageError("registry.state", f"after {old} may follow {follows}; not {new}")
