"""X.501 names: enough to show them and to chain them (RFC 5280 section 7.1)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from elicense.crypto.der import SEQUENCE, SET, Cursor, Node
from elicense.errors import InputError

_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.97": "organizationIdentifier",
    "1.2.840.113549.1.9.1": "emailAddress",
    "0.9.2342.19200300.100.1.25": "DC",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name: exact DER, and its attributes as (OID, text) in order.

    ``key`` is what two names are compared by: case, width and space do not count.
    """

    der: bytes
    attributes: tuple[tuple[str, str], ...]
    key: tuple[tuple[str, str], ...] = field(repr=False, compare=False, default=())

    def get(self, short: str) -> str:
        """First value of an attribute by short name (``CN``, ``O`` …), or an empty string."""
        for oid, text in self.attributes:
            if _SHORT.get(oid) == short:
                return text
        return ""

    def all(self, short: str) -> tuple[str, ...]:
        """All values of an attribute by short name."""
        return tuple(text for oid, text in self.attributes if _SHORT.get(oid) == short)

    def __str__(self) -> str:
        return ", ".join(f"{_SHORT.get(oid, oid)}={text}" for oid, text in self.attributes)


@lru_cache(maxsize=4096)
def _folded(attributes: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (oid, " ".join(unicodedata.normalize("NFKC", text).casefold().split()))
        for oid, text in attributes
    )


def read_name(node: Node) -> Name:
    """A Name (RDNSequence). Values of unknown string types are shown in hexadecimal."""
    attributes: list[tuple[str, str]] = []
    for rdn in node.expect(SEQUENCE, "Name").children():
        for pair in rdn.expect(SET, "RelativeDistinguishedName").children():
            cursor = Cursor(pair, "AttributeTypeAndValue")
            oid = cursor.next(what="type").oid()
            value = cursor.next(what="value")
            cursor.finish()
            try:
                text = value.text()
            except InputError:
                text = "#" + value.raw.hex()
            attributes.append((oid, text))
    return Name(node.raw, tuple(attributes), _folded(tuple(attributes)))
