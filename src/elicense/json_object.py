"""A JSON object of hostile origin, read member by member."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from elicense.canonical import Value
from elicense.errors import InputError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Object:
    """A JSON object being read: typed members by name, the rest is ``extra``."""

    def __init__(self, value: Value, path: str) -> None:
        if not isinstance(value, Mapping):
            raise InputError("licence.shape", "not an object", place=path)
        self.value = value
        self.path = path
        self.seen: set[str] = set()

    def get(self, name: str) -> Value:
        self.seen.add(name)
        return self.value.get(name)

    def child(self, name: str) -> Object | None:
        value = self.get(name)
        return None if value is None else Object(value, f"{self.path}.{name}")

    def wrong(self, name: str, what: str) -> InputError:
        return InputError("licence.shape", what, place=f"{self.path}.{name}")

    def text(self, name: str, *, optional: bool = False) -> str:
        value = self.get(name)
        if value is None and optional:
            return ""
        if not isinstance(value, str) or not (value or optional):
            raise self.wrong(name, "not a text" if value is not None else "it is missing")
        return value

    def integer(self, name: str, *, least: int) -> int:
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(name, f"not an integer of {least} or more")
        return value

    def date(self, name: str) -> datetime.date | None:
        text = self.text(name, optional=True)
        if not text:
            return None
        try:
            if not _DATE.fullmatch(text):
                raise ValueError
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise self.wrong(name, "not a date YYYY-MM-DD") from None

    def extra(self) -> dict[str, Value]:
        return {key: value for key, value in self.value.items() if key not in self.seen}
