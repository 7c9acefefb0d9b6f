"""What is wrong with a licence type's file: where, in a sentence, and what to do about it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` names the sentence in ``findings.toml`` beside this module, ``place`` the key
    (``field[3].zh``), ``subject`` what stands there by name (``total``), ``line`` the line of
    the file, 0 where none is meant. A ``warning`` keeps nobody from using the type."""

    code: str
    place: str = ""
    subject: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    @property
    def warning(self) -> bool:
        return catalogue()[self.code].get("severity") == "warning"

    def message(self, lang: str) -> str:
        """The sentence, in ``zh`` or ``en``."""
        return self._words(lang, lang)

    def advice(self, lang: str) -> str:
        """What to do, in ``zh`` or ``en``."""
        return self._words(f"do_{lang}", lang)

    def _words(self, key: str, lang: str) -> str:
        """A value in the language asked for (``detail_zh``) goes before a plain one."""
        values = {"subject": self.subject, "place": self.place, **self.values}
        text: str = catalogue()[self.code][key]
        return re.sub(
            r"\{(\w+)\}",
            lambda found: str(values.get(f"{found[1]}_{lang}", values.get(found[1], ""))), text,
        )  # fmt: skip


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Every finding by code: ``zh``, ``en``, ``do_zh``, ``do_en``."""
    path = Path(__file__).with_name("findings.toml")
    return tomllib.loads(path.read_text("utf-8"))


_STEP = re.compile(r"(\w+)(?:\[([0-9]+)\])?")


def line_of(text: str, place: str) -> int:
    """The line of ``field[3].columns[1].zh`` in a TOML text; of its table's heading where the
    key is not there; 0 where that is not found."""
    lines = text.splitlines()
    at, heading = 0, ""
    for step in place.split("."):
        found = _STEP.fullmatch(step)
        if found is None:
            break
        name = f"{heading}.{found[1]}" if heading else found[1]
        if found[2] is not None:
            wanted = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
            hits = [n for n in range(at, len(lines)) if wanted.match(lines[n])]
            if len(hits) <= int(found[2]):
                break
            at, heading = hits[int(found[2])] + 1, name
            continue
        table = re.compile(rf"\s*\[\s*{re.escape(name)}\s*\]")
        start = next((n for n in range(len(lines)) if table.match(lines[n])), None)
        if start is not None:
            at, heading = start + 1, name
        else:
            heading = name if not at else heading
            if (line := _key(lines, at, found[1])) and (at or heading == found[1]):
                return line
    return at


def _key(lines: list[str], start: int, key: str) -> int:
    """The line (from 1) on which the table begun before ``start`` sets ``key``."""
    for number in range(start, len(lines)):
        if re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", lines[number]):
            return number + 1
        if re.match(r"\s*\[", lines[number]):
            break
    return 0
