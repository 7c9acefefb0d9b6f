"""The JSON of a trust list, signed or not, as plain values: for those who make lists.

Nothing is judged here. Who relies on a list reads it with :mod:`elicense.trust.lists`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elicense import canonical
from elicense.crypto.cms import Cms, read_cms
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS

_MAX_SIZE = DEFAULT_LIMITS.trust_list_size
_MAX_DEPTH = 16


def parse(data: bytes) -> Mapping[str, Any]:
    """The members of a list's JSON. InputError ``json.*``, ``list.json``; LimitError."""
    value = canonical.parse(data, max_size=_MAX_SIZE, max_depth=_MAX_DEPTH)
    if not isinstance(value, Mapping):
        raise InputError("list.json", "the list is no JSON object")
    return value


def message(data: bytes) -> Cms:
    """The SignedData around a list. InputError ``list.content`` where it carries none."""
    if len(data) > _MAX_SIZE:
        raise LimitError("list.size", f"larger than {_MAX_SIZE} bytes")
    cms = read_cms(data)
    if cms.content is None:
        raise InputError("list.content", "the signature carries no list")
    return cms


def signed(data: bytes) -> Mapping[str, Any]:
    """The members of a signed list; whether its signature holds is not looked at."""
    content = message(data).content
    assert content is not None
    return parse(content)


def either(data: bytes) -> Mapping[str, Any]:
    """The members of a list, signed or not."""
    return parse(data) if data.lstrip()[:1] == b"{" else signed(data)
