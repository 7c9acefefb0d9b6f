"""One TOML file read strictly: every fault is kept with its key, none ends the reading."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elicense.errors import UsageError

MAX_FILE = 1 << 20  # bytes; a licence type has a few thousand
MOST_TABLES = 500  # in one list: no form has as many fields
MOST_FAULTS = 100  # told at once
_MOST = 2**31 - 1  # of a number where nothing less is asked for
_SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a file: where (``field[3].kind``), a word for it, and what was found.

    ``detail`` is a sentence in English; ``kind`` and ``given`` let others say it elsewhere.
    """

    file: str
    place: str
    kind: str
    detail: str
    given: Mapping[str, str] = field(default_factory=dict)

    def error(self) -> UsageError:
        """The same as an exception."""
        code = "profile.unreadable" if self.kind == "unreadable" else "profile.invalid"
        where = f"{self.place} " if self.place else ""
        return UsageError(code, f"{self.file}: {where}{self.detail}", place=self.place)


_WORDS = {
    "unreadable": "{found}",
    "toml": "not TOML: {found}",
    "not-table": "must be a table",
    "missing": "is missing",
    "type": "must be of type {wanted}",
    "empty": "is empty",
    "shape": "{found!r} does not have the right shape",
    "negative": "is negative",
    "large": "is more than {most}",
    "date": "must be a date 'YYYY-MM-DD'",
    "texts": "must be a list of texts",
    "number": "{found!r} is not a number",
    "unknown-key": "is not a known key",
    "not-one-of": "{found!r} is not one of {known}",
    "no-table": "{found!r} does not exist",
    "no-columns": "a table has columns",
    "no-field": "{found!r} is not a field of this type",
    "path": "{found!r} leads to nothing in licence.json",
    "twice": "has {found!r} twice",
    "dictionary": "there is no dictionary {found}",
}


class Table:
    """One TOML table being read. A wrong value is noted in ``faults`` and replaced by an empty
    one of its type, so that reading goes on and everything is told at once."""

    def __init__(self, value: object, *, file: str, place: str, faults: list[Fault]) -> None:
        self.file = file
        self.place = place
        self.faults = faults
        self.void = not isinstance(value, dict)  # what is not there lacks no keys
        self.value: dict[str, Any] = value if isinstance(value, dict) else {}
        self.seen: set[str] = set()
        if self.void:
            self.wrong("", "not-table")

    def wrong(self, key: str, kind: str, **given: object) -> None:
        """Note a fault at ``key`` of this table."""
        place = ".".join(part for part in (self.place, key) if part)
        texts = {name: str(value)[:_SHOWN] for name, value in given.items()}
        fault = Fault(self.file, place, kind, _WORDS[kind].format(**texts), texts)
        if len(self.faults) < MOST_FAULTS and fault not in self.faults:
            self.faults.append(fault)

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        self.seen.add(key)
        value = self.value.get(key, default)
        if value is None:
            if not self.void:
                self.wrong(key, "missing")
            return None
        if type(value) is not kind:
            self.wrong(key, "type", wanted=kind.__name__)
            return None
        return value

    def text(
        self, key: str, default: str | None = None, *, shape: re.Pattern[str] | None = None
    ) -> str:
        value: str | None = self.get(key, str, default)
        if value is None:
            return ""
        if shape is not None and not shape.fullmatch(value):
            self.wrong(key, "shape", found=value)
        elif not value.strip() and default is None:
            self.wrong(key, "empty")
        return value

    def integer(self, key: str, default: int | None = None, *, most: int = _MOST) -> int:
        value: int | None = self.get(key, int, default)
        if value is None:
            return 0
        if value < 0 or value > most:
            self.wrong(key, "negative" if value < 0 else "large", most=most)
            return 0
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        return bool(self.get(key, bool, default))

    def date(self, key: str) -> datetime.date:
        text = self.text(key)
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            if text:
                self.wrong(key, "date")
            return datetime.date.max

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[object] = self.get(key, list, []) or []
        if not all(isinstance(item, str) and item for item in values):
            self.wrong(key, "texts")
        return tuple(item for item in values if isinstance(item, str))

    def tables(self, key: str) -> Iterator[Table]:
        head = f"{self.place}." if self.place else ""
        items = self.get(key, list, []) or []
        if len(items) > MOST_TABLES:
            self.wrong(key, "large", most=MOST_TABLES)
        for index, item in enumerate(items[:MOST_TABLES]):
            yield Table(item, file=self.file, place=f"{head}{key}[{index}]", faults=self.faults)

    def table(self, key: str, default: Mapping[str, Any] | None = None) -> Table:
        self.seen.add(key)
        place = ".".join(part for part in (self.place, key) if part)
        value = self.value.get(key, default)
        if value is None:
            if not self.void:
                self.wrong(key, "missing")
            found = Table({}, file=self.file, place=place, faults=[])
            found.void = True
            return found
        return Table(value, file=self.file, place=place, faults=self.faults)

    def members(self) -> Iterator[Table]:
        for key in self.value:
            yield self.table(key)

    def refuse_twice(self, key: str, names: list[str]) -> None:
        """Note each name that stands twice among ``names``; empty ones are told elsewhere."""
        for name, count in Counter(names).items():
            if name and count > 1:
                self.wrong(key, "twice", found=name)

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in sorted(set(self.value) - self.seen):
            self.wrong(key, "unknown-key")


def read(path: Path, faults: list[Fault]) -> Table:
    """The top table of a TOML file; a void one where it cannot be read."""
    name = path.name

    def void(kind: str, found: object) -> Table:
        table = Table({}, file=name, place="", faults=faults)
        table.void = True
        table.wrong("", kind, found=found)
        return table

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            return void("unreadable", f"larger than {MAX_FILE} bytes")
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return void("unreadable", error)
    try:
        value = tomllib.loads(text)
    except RecursionError:
        return void("toml", "nested too deep")
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        return void("toml", error)
    return Table(value, file=name, place="", faults=faults)
