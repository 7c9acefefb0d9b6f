"""Canonical JSON: one text for one value, and a reader for hostile texts.

The canonical form, used by ``licence.json`` and by whatever is hashed beside it:
UTF-8 without byte order mark; no white space; object keys sorted by code point;
no duplicate keys; integers only, below 2**53 in magnitude; strings in Unicode
Normalisation Form C with the shortest escapes (RFC 8259 section 7: ``\\"``,
``\\\\``, ``\\b \\t \\n \\f \\r``, other characters below U+0020 as ``\\u00xx`` in lower
case, everything else as itself).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, NoReturn, TypeAlias

from elicense.errors import InputError, LimitError, UsageError

Value: TypeAlias = "str | int | bool | tuple[Value, ...] | Mapping[str, Value] | None"

MAX_INTEGER = 2**53 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
# a string (an unended one runs to the end of the text), or a bracket
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)


_OBJECT = (dict, Mapping)  # the one that mostly comes first: an abstract class is asked slowly


def encode(value: Value) -> bytes:
    """The canonical bytes of ``value``; strings are brought to NFC.

    Raises :class:`~elicense.errors.UsageError` for what has no canonical form
    (floats, integers of 2**53 and more, keys that collide after NFC).
    """
    return _text(value).encode("utf-8")


def _text(value: object) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise UsageError("json.integer", f"{value} is outside ±(2**53 - 1)")
        return str(int(value))
    if isinstance(value, (tuple, list)):
        return "[" + ",".join(_text(item) for item in value) + "]"
    if isinstance(value, _OBJECT):
        return _object(value)
    raise UsageError("json.type", f"a {type(value).__name__} has no canonical JSON form")


def _string(text: str) -> str:
    if text.isascii():
        return encode_basestring(text)
    if _SURROGATE.search(text):
        raise UsageError("json.surrogate", "a string holds a lone surrogate")
    return encode_basestring(unicodedata.normalize("NFC", text))


def _object(value: Mapping[Any, Any]) -> str:
    members: dict[str, Any] = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise UsageError("json.key", f"the key {key!r} is not a string")
        name = unicodedata.normalize("NFC", key)
        if name in members:
            raise UsageError("json.key", f"the key {name!r} appears twice after NFC")
        members[name] = member
    return "{" + ",".join(f"{_string(k)}:{_text(members[k])}" for k in sorted(members)) + "}"


def parse(data: bytes, *, max_size: int, max_depth: int) -> Value:
    """Read hostile JSON; arrays become tuples, objects plain dicts.

    White space and other spellings are read (see :func:`is_canonical`); floats,
    huge integers, duplicate keys, lone surrogates, a byte order mark and bytes
    that are not UTF-8 are refused. Raises InputError (``json.*``) or LimitError.
    """
    if len(data) > max_size:
        raise LimitError("json.size", f"{len(data)} bytes; at most {max_size} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("json.encoding", "not UTF-8", place=f"byte {error.start}") from error
    _check_depth(text, max_depth)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
        return _frozen(value)
    except json.JSONDecodeError as error:
        place = f"character {error.pos}"
        raise InputError("json.syntax", f"not JSON: {error.msg}", place=place) from error


def is_canonical(data: bytes, value: Value) -> bool:
    """Whether ``data``, from which ``value`` was parsed, is its canonical form."""
    try:
        return encode(value) == data
    except UsageError:
        return False


def _check_depth(text: str, limit: int) -> None:
    """Count brackets outside strings, so that the parser never recurses too deep."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[1]:
            depth += 1
            if depth > limit:
                place = f"character {found.start()}"
                raise LimitError("json.depth", f"nested deeper than {limit}", place=place)
        elif found[2]:
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keys that are one after NFC are duplicates too: the canonical form has no room for both."""
    members: dict[str, Any] = {}
    seen: set[str] = set()
    for key, value in pairs:
        name = unicodedata.normalize("NFC", key)
        if name in seen:
            raise InputError("json.duplicate-key", f"the key {key!r} appears twice")
        seen.add(name)
        members[key] = value
    return members


def _no_float(text: str) -> NoReturn:
    raise InputError("json.number", f"{text[:40]} is not an integer")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER or text == "-0":
        raise InputError("json.number", f"{text[:40]} is not an integer within ±(2**53 - 1)")
    return int(text)


def _frozen(value: Any) -> Value:
    if isinstance(value, str):
        return _no_surrogate(value)
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {_no_surrogate(key): _frozen(member) for key, member in value.items()}
    assert value is None or isinstance(value, (bool, int))
    return value


def _no_surrogate(text: str) -> str:
    if not text.isascii() and _SURROGATE.search(text):
        raise InputError("json.surrogate", "a string holds a lone surrogate")
    return text


def value_at(tree: Value, path: str) -> Value:
    """The value at a dotted path (``holder.name``, ``endorsements.0.officer``).

    Digits index arrays. Raises KeyError where there is nothing at ``path``.
    """
    here = tree
    for step in path.split("."):
        if isinstance(here, _OBJECT) and step in here:
            here = here[step]
        elif isinstance(here, tuple) and _is_index(step) and int(step) < len(here):
            here = here[int(step)]
        else:
            raise KeyError(path)
    return here


def without(tree: Value, path: str) -> Value:
    """``tree`` without the object member at ``path``; KeyError if it is not there.

    The last step must name an object member: leaving out an item of an array
    would move the paths of those that follow.
    """
    return _without(tree, path.split("."), path)


def _without(tree: Value, steps: list[str], path: str) -> Value:
    step, rest = steps[0], steps[1:]
    if isinstance(tree, Mapping) and step in tree:
        if not rest:
            return {key: value for key, value in tree.items() if key != step}
        return {k: _without(v, rest, path) if k == step else v for k, v in tree.items()}
    if rest and isinstance(tree, tuple) and _is_index(step) and int(step) < len(tree):
        index = int(step)
        return (*tree[:index], _without(tree[index], rest, path), *tree[index + 1 :])
    raise KeyError(path)


def _is_index(step: str) -> bool:
    """ASCII digits without leading zeros, so that each place has one path."""
    if len(step) > 6 or not (step.isascii() and step.isdigit()):
        return False
    return step == "0" or step[0] != "0"


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64url(text: str, *, place: str) -> bytes:
    """Strict inverse of :func:`b64url`; InputError ``json.base64url`` otherwise."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise InputError("json.base64url", "not base64url", place=place) from error
    if b64url(data) != text:  # padding, stray characters or spare bits
        raise InputError("json.base64url", "not base64url in its one spelling", place=place)
    return data
