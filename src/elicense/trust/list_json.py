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
from typing import Any, NoReturn, TypeVar

from elicense.canonical import MAX_INTEGER
from elicense.errors import InputError, LimitError

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
# control characters, lone surrogates, and what turns or hides text on a screen
_BAD_TEXT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_MAX_TEXT = 1024
T = TypeVar("T")


def fail(place: str, detail: str) -> InputError:
    return InputError("list.json", detail, place=place)


def load(data: bytes) -> Members:
    """The top object. Raises InputError ``list.json``."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_number,
            parse_constant=_number, parse_int=_integer,
        )  # fmt: skip
    except (ValueError, RecursionError) as exc:
        raise InputError("list.json", f"not readable as JSON: {exc}") from exc
    return Members(value, "")


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


class Members:
    """The members of one object, taken one by one; ``end`` refuses any that is left."""

    __slots__ = ("left", "place")

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise fail(place or "(top)", "an object is needed")
        self.left = value
        self.place = place

    def at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def take(self, key: str) -> Any:
        if key not in self.left:
            raise fail(self.at(key), "it is missing")
        return self.left.pop(key)

    def end(self) -> None:
        if self.left:
            name = next(iter(self.left))
            raise fail(self.at(name[:64]), "nothing of this name belongs here")

    def __contains__(self, key: str) -> bool:
        return key in self.left

    # -- kinds of values ---------------------------------------------------
    def text(self, key: str) -> str:
        return text(self.take(key), self, key)

    def optional_text(self, key: str) -> str:
        return text(self.left.pop(key), self, key) if key in self.left else ""

    def match(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        return match(self.take(key), self, key, pattern, what)

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
        value = self.take(key)
        if isinstance(value, str) and _TIME.fullmatch(value):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        raise fail(self.at(key), "a time like 2026-11-01T00:00:00Z is needed")

    def optional_moment(self, key: str) -> datetime | None:
        return self.moment(key) if key in self.left else None

    def items(self, key: str, most: int, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        """An array that must be there; each item is read with its place."""
        value = self.take(key)
        if not isinstance(value, list):
            raise fail(self.at(key), "an array is needed")
        if len(value) > most:
            raise LimitError("list.limit", f"{len(value)} items; at most {most}",
                             place=self.at(key))  # fmt: skip
        if not value:
            return ()
        place = self.at(key)
        return tuple(read(item, f"{place}[{index}]") for index, item in enumerate(value))

    def optional_items(self, key: str, most: int, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        return self.items(key, most, read) if key in self.left else ()

    def members(self, key: str) -> Members:
        return Members(self.take(key), self.at(key))

    def certificate(self, key: str) -> bytes:
        return certificate(self.take(key), self.at(key))


def text(value: object, of: Members, key: str) -> str:
    """A text for people: not empty, one line, no control characters."""
    if isinstance(value, str) and 0 < len(value) <= _MAX_TEXT and (
        (value.isascii() and value.isprintable()) or not _BAD_TEXT.search(value)
    ):  # fmt: skip
        return value
    raise fail(of.at(key), f"a text of one line and at most {_MAX_TEXT} characters is needed")


def match(value: object, of: Members, key: str, pattern: re.Pattern[str], what: str) -> str:
    if isinstance(value, str) and len(value) <= _MAX_TEXT and pattern.fullmatch(value):
        return value
    raise fail(of.at(key), f"{what} is needed")


def certificate(value: object, place: str) -> bytes:
    """Base64 of one whole DER value, in its one spelling. Whether it is a certificate that
    can be read is seen when it is needed: one that cannot be read names nobody."""
    if isinstance(value, str) and value.isascii():
        try:
            data = binascii.a2b_base64(value, strict_mode=True)
        except binascii.Error:
            data = b""
        # spare bits of the last character: the text must be the one that encodes the bytes
        if _is_sequence(data) and (
            not value.endswith("=") or binascii.b2a_base64(data, newline=False).decode() == value
        ):
            return data
    raise fail(place, "a certificate (base64 of DER) is needed")


def _is_sequence(data: bytes) -> bool:
    """One SEQUENCE of 128 to 65535 bytes and nothing after it (X.690 8.1.3, 10.1)."""
    if len(data) < 4 or data[0] != 0x30:
        return False
    if data[1] == 0x82:
        return data[2] != 0 and int.from_bytes(data[2:4], "big") == len(data) - 4
    return data[1] == 0x81 and data[2] >= 0x80 and data[2] == len(data) - 3

