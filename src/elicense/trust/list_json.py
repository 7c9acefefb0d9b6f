"""Strict reading of the JSON of a trust list, quick enough for a whole country's.

Every member is asked for by name and type, and what is left over is refused: there is no
generic walk, so depth needs no cap of its own. A duplicate key, a float, NaN, an integer of
2**53 and more, a lone surrogate or bytes that are not UTF-8 are refused too.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias, TypeVar

from elicense.canonical import MAX_INTEGER
from elicense.errors import InputError, LimitError

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
# control characters, lone surrogates, and what turns or hides text on a screen
_BAD_TEXT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_MAX_TEXT = 1024
_TIME_SIZE = 20
T = TypeVar("T")


def fail(place: Place, detail: str) -> InputError:
    return InputError("list.json", detail, place=words(place))


def load(data: bytes) -> Members:
    """The top object. Raises InputError ``list.json``."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_number,
            parse_constant=_number, parse_int=_integer,
        )  # fmt: skip
    except (ValueError, RecursionError) as exc:
        raise InputError("list.json", f"not readable as JSON: {exc}") from exc
    return Members(value, None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError("list.json", "a key appears twice in one object")
    return found


def _number(text: str) -> NoReturn:
    raise InputError("list.json", f"{text[:40]} is not an integer")


def _integer(text: str) -> int:
    if len(text) > 17 or text == "-0" or abs(int(text)) > MAX_INTEGER:
        raise InputError("list.json", f"{text[:40]} is not an integer within ±(2**53 - 1)")
    return int(text)


Place: TypeAlias = "tuple[Place | None, str | int] | None"
"""Where a value stands, the top last; put into words only if something is wrong with it."""


def words(place: Place) -> str:
    """``authorities[3].services[0].state``"""
    if place is None:
        return ""
    above, step = words(place[0]), place[1]
    if isinstance(step, int):
        return f"{above}[{step}]"
    return f"{above}.{step}" if above else step


class Members:
    """The members of one object, taken one by one; ``end`` refuses any that is left. The
    patterns of ``match`` and ``names`` bound the length themselves."""

    __slots__ = ("left", "place")

    def __init__(self, value: object, place: Place) -> None:
        if not isinstance(value, dict):
            raise fail(place or (None, "(top)"), "an object is needed")
        self.left = value
        self.place = place

    def at(self, key: str) -> Place:
        return (self.place, key)

    def take(self, key: str) -> Any:
        try:
            return self.left.pop(key)
        except KeyError:
            raise fail(self.at(key), "it is missing") from None

    def end(self) -> None:
        if self.left:
            name = next(iter(self.left))
            raise fail(self.at(name[:64]), "nothing of this name belongs here")

    def __contains__(self, key: str) -> bool:
        return key in self.left

    # -- kinds of values ---------------------------------------------------
    def text(self, key: str) -> str:
        """A text for people: not empty, one line, nothing that turns or hides it."""
        value = self.take(key)
        if isinstance(value, str) and 0 < len(value) <= _MAX_TEXT and not _BAD_TEXT.search(value):
            return value
        detail = f"a text of one line and at most {_MAX_TEXT} characters is needed"
        raise fail(self.at(key), detail)

    def optional_text(self, key: str) -> str:
        return self.text(key) if key in self.left else ""

    def match(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        value = self.left.pop(key, None)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise fail(self.at(key), f"{what} is needed")

    def flag(self, key: str) -> bool:
        """A flag that is false where it is absent."""
        value = self.left.pop(key, False)
        if not isinstance(value, bool):
            raise fail(self.at(key), "true or false is needed")
        return value

    def count(self, key: str) -> int:
        """An integer from 1."""
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise fail(self.at(key), "an integer from 1 is needed")
        return value

    def moment(self, key: str) -> datetime:
        """RFC 3339 in UTC, whole seconds: ``2026-11-01T00:00:00Z``."""
        found = moment_of(self.take(key))
        if found is None:
            raise fail(self.at(key), "a time like 2026-11-01T00:00:00Z is needed")
        return found

    def optional_moment(self, key: str) -> datetime | None:
        return self.moment(key) if key in self.left else None

    def array(self, key: str, most: int) -> list[Any]:
        value = self.take(key)
        if not isinstance(value, list):
            raise fail(self.at(key), "an array is needed")
        if len(value) > most:
            raise LimitError("list.limit", f"{len(value)} items; at most {most}",
                             place=words(self.at(key)))  # fmt: skip
        return value

    def items(self, key: str, most: int, read: Callable[[Any, Place], T]) -> tuple[T, ...]:
        """An array that must be there; each item is read with its place."""
        value = self.array(key, most)
        if not value:
            return ()
        place = self.at(key)
        return tuple([read(item, (place, index)) for index, item in enumerate(value)])

    def optional_items(self, key: str, most: int, read: Callable[[Any, Place], T]) -> tuple[T, ...]:
        return self.items(key, most, read) if key in self.left else ()

    def names(self, key: str, most: int, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """An array, that must be there, of texts of one form."""
        value = self.array(key, most)
        for index, item in enumerate(value):
            if not isinstance(item, str) or not pattern.fullmatch(item):
                raise fail((self.at(key), index), "a text of another form is needed")
        return tuple(value)

    def optional_names(self, key: str, most: int, pattern: re.Pattern[str]) -> tuple[str, ...]:
        return self.names(key, most, pattern) if key in self.left else ()

    def members(self, key: str) -> Members:
        return Members(self.take(key), self.at(key))

    def certificate(self, key: str) -> bytes:
        return certificate(self.take(key), self.at(key))


def moment_of(value: object) -> datetime | None:
    """A time in UTC, or None for what is none."""
    return _moment(value) if isinstance(value, str) and len(value) == _TIME_SIZE else None


@lru_cache(maxsize=4096)  # the entries of one list share a few dates
def _moment(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def certificate(value: object, place: Place) -> bytes:
    """Base64 of one whole DER value, in its one spelling. Whether it is a certificate that
    can be read is seen when it is needed: one that cannot be read names nobody."""
    if isinstance(value, str):
        try:
            data = binascii.a2b_base64(value, strict_mode=True)
        except ValueError:  # no base64, or not ASCII
            data = b""
        # spare bits of the last character: the text must be the one that encodes the bytes
        one_spelling = value[-1:] != "=" or (
            binascii.b2a_base64(data, newline=False).decode() == value
        )
        if one_spelling and _is_sequence(data):
            return data
    raise fail(place, "a certificate (base64 of DER) is needed")


def _is_sequence(data: bytes) -> bool:
    """One SEQUENCE of 128 to 65535 bytes and nothing after it (X.690 8.1.3, 10.1)."""
    if data[:2] == b"\x30\x82":
        return len(data) > 259 and (data[2] << 8 | data[3]) == len(data) - 4
    return data[:2] == b"\x30\x81" and len(data) > 130 and data[2] == len(data) - 3
