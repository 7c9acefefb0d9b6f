"""The 22 matters of handling across provinces 跨省通办, as data: ``matters.toml``.

Each names who leads and who co-operates, since when, and the licence types it needs and
yields; ``docs/matters.md`` explains the table.
"""

from __future__ import annotations

import builtins
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elicense import profiles
from elicense.errors import UsageError

__all__ = ["Matter", "all", "get", "works"]

WORKS = ("issue", "verify", "query", "scan", "mask")


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter 事项. ``by`` is the month by which it is to be in place (``2023-06``),
    ``documents`` ``plan`` or ``inferred``: whether the plan names its documents."""

    number: int
    zh: str
    en: str
    gain_zh: str
    gain_en: str
    lead: str
    cooperating: tuple[str, ...]
    by: str
    needs: tuple[str, ...]
    yields: tuple[str, ...]
    documents: str

    @property
    def types(self) -> tuple[str, ...]:
        """Every licence type of the matter, what it needs first."""
        return (*self.needs, *self.yields)


@cache
def all() -> tuple[Matter, ...]:
    """The matters in the order of the plan."""
    table = tomllib.loads(Path(__file__).with_name("matters.toml").read_text("utf-8"))
    return tuple(
        Matter(
            row["number"], row["zh"], row["en"], row["gain_zh"], row["gain_en"], row["lead"],
            tuple(row["with"]), row["by"], tuple(row["needs"]), tuple(row["yields"]),
            row["documents"],
        )
        for row in table["matter"]
    )  # fmt: skip


def get(number: int) -> Matter:
    """The matter ``number``; UsageError ``matter.unknown`` if there is none."""
    found = next((item for item in all() if item.number == number), None)
    if found is None:
        raise UsageError("matter.unknown", f"{number} is not from 1 to {len(all())}")
    return found


def works(matter: Matter) -> dict[str, bool]:
    """What this installation can do for the matter, by ``WORKS``: worked out from its types.

    ``issue`` and ``verify`` need every type to be known, ``scan`` a QR template for each,
    ``mask`` a field that a copy may hide; ``transfer``, only where the matter moves a
    licence, a field for the licence before.
    """
    known = [profiles.find(name) for name in matter.types]
    types = [profile for profile in known if profile is not None]
    there = len(types) == len(known) and bool(types)
    found = {
        "issue": there,
        "verify": there,
        "query": there,
        "scan": there and builtins.all(bool(item.templates) for item in types),
        "mask": there and builtins.all(any(f.maskable for f in item.fields) for item in types),
    }
    if any(item.has("previous_identifier") for item in types):
        found["transfer"] = there
    return found
