"""The ship as an inspector sees her, and how names are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from elicense import profiles
from elicense.errors import UsageError
from elicense.identifiers import check_imo_ship
from elicense.profiles import Choice

KEYS = ("imo", "type", "flag", "name")
_SPLIT = re.compile(rf"[,，](?=\s*(?:{'|'.join(KEYS)})\s*=)")
_PREFIX = re.compile(r"^(?:MV|MT|M/V|M/T|M\.V\.|M\.T\.)\s+", re.IGNORECASE)
_MOST = 200  # characters of one value


@dataclass(frozen=True, slots=True)
class Ship:
    """What the inspector states; empty where nothing is stated.

    ``imo`` seven digits, ``type`` a code of the table of ship types, ``flag`` a code of the
    table of States where it is there, else as given.
    """

    imo: str = ""
    type: str = ""
    flag: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if self.imo and check_imo_ship(self.imo) == "shape":
            raise UsageError("ship.imo", f"{self.imo!r} is not an IMO number of seven digits")
        if self.type and self.type not in ship_types():
            raise _unknown_type(self.type)

    @property
    def imo_check_ok(self) -> bool:
        """Is the check digit of the number right?"""
        return check_imo_ship(self.imo) == "ok"


def parse(text: str) -> Ship:
    """``imo=9999012,type=bulk-carrier,flag=CN,name=…`` in any order; types and flags by code
    or by any of their names. UsageError ``ship.*`` for what cannot be understood."""
    found: dict[str, str] = {}
    for part in _SPLIT.split(text):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in KEYS or key in found or not 0 < len(value) <= _MOST:
            raise UsageError("ship.text", f"{part!r} is not one of {', '.join(KEYS)}=…, given once")
        found[key] = value
    return Ship(
        imo=_imo(found.get("imo", "")), type=_type(found.get("type", "")),
        flag=_code(found.get("flag", ""), states()) or found.get("flag", ""),
        name=found.get("name", ""),
    )  # fmt: skip


def _imo(text: str) -> str:
    return re.sub(r"[\s:：.]", "", unicodedata.normalize("NFKC", text).upper()).removeprefix("IMO")


def _type(text: str) -> str:
    found = _code(text, ship_types())
    if text and not found:
        raise _unknown_type(text)
    return found


def _unknown_type(text: str) -> UsageError:
    return UsageError("ship.type", f"{text!r} is not one of {', '.join(ship_types())}")


def _code(text: str, table: Mapping[str, Choice]) -> str:
    wanted = plain(text)
    for code, choice in table.items():
        if wanted and wanted in {plain(name) for name in (code, *choice.names)}:
            return code
    return ""


def ship_types() -> Mapping[str, Choice]:
    """The table of ship types (SOLAS IX/1), by code."""
    return profiles.get("msa-smc").field("ship_type").choices


def states() -> Mapping[str, Choice]:
    """The table of States and registries, by code."""
    return profiles.get("msa-smc").field("state").choices


def plain(text: str) -> str:
    """A name without width, case, spaces and punctuation, for comparison."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def plain_ship(text: str) -> str:
    """A ship's name for comparison: also without MV, MT before it."""
    return plain(_PREFIX.sub("", unicodedata.normalize("NFKC", text).strip()))
