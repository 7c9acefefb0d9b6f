"""A TOML file read with every fault kept: its place, its line, what is wrong.

For files that people write by hand: one run tells all that must be mended.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from elicense.crypto.ses import CHINA
from elicense.errors import Error, FieldFault

_MAX_FILE = 1024 * 1024
_MAX_SOURCE = 16 * 1024 * 1024
_MAX_FAULTS = 200
_MAX_TEXT = 1024
_ANY = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\- ]+?)\s*\]\]?\s*(?:#.*)?$")


@dataclass(slots=True)
class Source:
    """One file being read: its folder, its lines, and the faults found so far."""

    path: Path
    lines: tuple[str, ...] = ()
    faults: list[FieldFault] = field(default_factory=list)
    headers: dict[str, int] = field(default_factory=dict)

    def add(self, place: str, code: str, detail: str) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(FieldFault(self.located(place), code, detail))

    def located(self, place: str) -> str:
        """``place`` with the number of the line that it stands in, where that can be told."""
        number = self._line(place)
        return f"line {number}: {place}" if number else place

    def _line(self, place: str) -> int:
        table, _, key = place.rpartition(".")
        if place in self.headers:
            return self.headers[place]
        while table and table not in self.headers:
            table, _, key = table.rpartition(".")
        start = self.headers.get(table, 0)
        wanted = re.compile(rf"\s*\"?{re.escape(key.partition('[')[0])}\"?\s*[=.]")
        for number in range(start, len(self.lines)):
            if _HEADER.match(self.lines[number]):
                break
            if wanted.match(self.lines[number]):
                return number + 1
        return start

    def file(self, name: str, place: str, *, cap: int = _MAX_FILE) -> bytes | None:
        """The bytes of a file named relative to this one; None, and a fault, if there are none."""
        try:
            path = self.path.parent / name
            if path.stat().st_size > cap:
                self.add(place, "list.file", f"{name} is larger than {cap} bytes")
                return None
            return path.read_bytes()
        except OSError as exc:
            self.add(place, "list.file", f"{name} cannot be read: {exc.strerror}")
        except ValueError:
            self.add(place, "list.file", f"{name!r} is not a file name")
        return None


def read(path: Path) -> tuple[Source, Table]:
    """The file at ``path`` and its top table; one that is no TOML has an empty one."""
    source = Source(path)
    data = source.file(path.name, "(file)", cap=_MAX_SOURCE)
    values: dict[str, Any] = {}
    if data is not None:
        try:
            text = data.decode("utf-8")
            source.lines = tuple(text.splitlines())
            source.headers = dict(_headers(source.lines))
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
            source.add("(file)", "list.toml", f"not readable as TOML: {exc}")
    return source, Table(source, values, "")


def _headers(lines: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Each table's place (``authority[1].service[0]``) and the number of its line."""
    counts: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        found = _HEADER.match(line)
        if not found:
            continue
        here, name = "", ""
        parts = [part.strip() for part in found[2].split(".")]
        for index, part in enumerate(parts):
            name = f"{here}.{part}" if here else part
            if index == len(parts) - 1 and found[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
            here = f"{name}[{counts[name]}]" if name in counts else name
        yield here, number


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file; what is missing or of another kind becomes a fault, not an error."""

    source: Source
    values: Mapping[str, Any]
    place: str

    def at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def fault(self, key: str, code: str, detail: str) -> None:
        self.source.add(self.at(key) if key else self.place or "(file)", code, detail)

    def known(self, keys: set[str] | frozenset[str]) -> None:
        """Refuse keys that nobody reads: a misspelt constraint must not be a missing one."""
        for key in self.values:
            if key in keys:
                continue
            near = difflib.get_close_matches(key, keys, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(keys))}"
            self.fault(key, "list.unknown-key", f"unknown key {key!r}; {hint}")

    def text(
        self, key: str, *, needed: bool = True, form: re.Pattern[str] = _ANY, what: str = ""
    ) -> str:
        value = self.values.get(key)
        if isinstance(value, str) and value.strip():
            if len(value) > _MAX_TEXT or not form.fullmatch(value):
                self.fault(key, "list.text", f"{value[:80]!r} is not {what or 'one line'}")
            return value
        if needed or key in self.values:
            self.fault(key, "list.text", f"{key} must be a text")
        return ""

    def texts(
        self, key: str, *, form: re.Pattern[str] = _ANY, what: str = ""
    ) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(v, str) and v for v in value):
            for index, item in enumerate(value):
                if len(item) > _MAX_TEXT or not form.fullmatch(item):
                    self.fault(key, "list.text", f"{item[:80]!r} is not {what or 'one line'}")
                if item in value[:index]:
                    self.fault(key, "list.twice", f"{item} stands there twice")
            return tuple(dict.fromkeys(value))
        self.fault(key, "list.text", f"{key} must be a list of texts")
        return ()

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, "list.flag", f"{key} must be true or false")
        return value is True

    def number(self, key: str, least: int, most: int) -> int | None:
        """A whole number in range; None where there is none, with a fault if it is wrong."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.fault(key, "list.number", f"{key} must be a whole number from {least} to {most}")
        return None

    def moment(self, key: str) -> datetime | None:
        """A date (its first moment in China) or a time; without a zone it is China's."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            if isinstance(value, datetime):
                full = value if value.tzinfo else value.replace(tzinfo=CHINA)
                return full.astimezone(UTC).replace(microsecond=0)
            if isinstance(value, date):
                return datetime.combine(value, time(), CHINA).astimezone(UTC)
        except OverflowError:
            pass
        self.fault(key, "list.date", f"{key} must be a date such as 2026-11-01, without quotes")
        return None

    def table(self, key: str) -> Table:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fault(key, "list.table", f"{key} must be a table: {{ … }}")
            value = {}
        return Table(self.source, value, self.at(key))

    def tables(self, key: str) -> tuple[Table, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            name = re.sub(r"\[\d+\]", "", self.at(key))
            self.fault(key, "list.table", f"{key} must be written as [[{name}]] tables")
            return ()
        return tuple(Table(self.source, v, f"{self.at(key)}[{n}]") for n, v in enumerate(value))

    def certificate(self, key: str) -> bytes | None:
        """The DER of the one certificate in the file that ``key`` names."""
        name = self.text(key)
        return self._der(name, key) if name else None

    def certificates(self, key: str) -> tuple[bytes, ...]:
        found = [self._der(name, f"{key}[{n}]") for n, name in enumerate(self.texts(key))]
        return tuple(der for der in found if der is not None)

    def _der(self, name: str, key: str) -> bytes | None:
        from elicense.crypto.certificate import read_certificate
        from elicense.trust.store import pem_or_der

        data = self.source.file(name, self.at(key))
        if data is None:
            return None
        try:
            return read_certificate(pem_or_der(data)).der
        except Error as exc:
            detail = f"{name} holds no certificate: {exc.detail}"
            self.fault(key, "list.certificate", detail)
            return None
