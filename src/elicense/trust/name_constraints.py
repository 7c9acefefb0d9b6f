"""Name constraints of authorities (RFC 5280 4.2.1.10): directory names; other forms are told.

Only the subject is looked at, which is what trust entries go by. A constraint on another
form of name (DNS, mail, address) does not touch it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from elicense.crypto import der
from elicense.crypto.certificate import Certificate
from elicense.crypto.der import Cursor, Node
from elicense.crypto.names import Name, read_name
from elicense.errors import InputError

_DIRECTORY = 0xA4
Subtrees = tuple[Name, ...]


def violation(authority: Certificate, below: Certificate) -> str:
    """``name-constraint`` if ``below`` has a name that ``authority`` may not give,
    ``name-constraint-unread`` if the extension is malformed; else empty."""
    raw = authority.extensions.name_constraints
    if raw is None:
        return ""
    try:
        permitted, excluded = _subtrees(raw)
    except InputError:
        return "name-constraint-unread"
    subject = below.subject
    if any(_within(subject, base) for base in excluded):
        return "name-constraint"
    if permitted and subject.attributes and not any(_within(subject, b) for b in permitted):
        return "name-constraint"
    return ""


@lru_cache(maxsize=256)
def _subtrees(raw: bytes) -> tuple[Subtrees, Subtrees]:
    cursor = Cursor(der.parse(raw), "NameConstraints")
    permitted, excluded = cursor.optional(0xA0), cursor.optional(0xA1)
    cursor.finish()
    return tuple(_directory(permitted)), tuple(_directory(excluded))


def _directory(node: Node | None) -> Iterator[Name]:
    for subtree in node.children() if node else ():
        base = Cursor(subtree, "GeneralSubtree").next(what="base")
        if base.tag == _DIRECTORY:
            yield read_name(base.only())


def _within(subject: Name, base: Name) -> bool:
    return subject.key[: len(base.key)] == base.key
