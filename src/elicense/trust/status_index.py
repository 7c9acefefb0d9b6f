"""Signed status indexes (证照状态索引): where a bare number's state is, and what came after.

An index (``elicense-status-index/1``) answers two questions that a status list cannot: at
which (list, index) does the state of this identifier or number stand, and which licence took
this one's place? It is fetched whole, so that nobody learns which licence is asked for.

Inside a CMS SignedData of an authority listed for ``status``: a JSON header, a line feed, the
rows (sorted, so that a look-up is a bisection over bytes), and the successors. Identifiers and
numbers stand in it as salted digests of 96 bits: the first 12 bytes of
``digest(salt ‖ kind ‖ 0 ‖ text)``. docs/status-lists.md says how much that hides.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from elicense.canonical import from_b64url
from elicense.crypto.algorithms import new_hash
from elicense.errors import InputError, LimitError
from elicense.evidence import Signature
from elicense.identifiers import Identifier, parse_identifier
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.status import AuditHead, audit_head, content_of, moment
from elicense.trust.status import read_object as _object
from elicense.trust.status import seconds as _seconds
from elicense.trust.status import signature_of as _signature

SCHEMA = "elicense-status-index/1"
DIGESTS = ("sm3", "sha256")
KEY_SIZE = 12  # bytes of the digest that are kept
SALT_SIZE = 16
ROW = struct.Struct(">12sHHI")  # key, version, number of the list, index in the list
PLACE = struct.Struct(">12sIH")  # key, offset and size of a successor's text
MAX_LISTS = 1000
MAX_ROWS_SHOWN = 1000  # of one key: there are 999 versions
MAX_HEADER = 1 << 20
KINDS = {"S": "superseded", "T": "transferred"}


@dataclass(frozen=True, slots=True)
class Row:
    """Where the state of one version stands: the list's URI and the index in it."""

    version: int
    list: str
    index: int


@dataclass(frozen=True, slots=True)
class Successor:
    """What took a licence's place where that is not the next version of the same serial:
    ``state`` is ``superseded`` or ``transferred``, ``authority`` who issued it (or empty)."""

    state: str
    identifier: str
    authority: str


@dataclass(frozen=True, slots=True)
class StatusIndex:
    """One index. Look-ups copy nothing but the rows they find."""

    issued: datetime
    expires: datetime
    ttl: int | None
    audit_head: AuditHead | None
    digest: str
    salt: bytes = field(repr=False)
    lists: tuple[str, ...]
    count: int  # rows
    successors: int
    raw: bytes = field(repr=False)
    content: bytes = field(repr=False)
    _rows_at: int = field(repr=False)
    _memo: dict[str, Signature] = field(repr=False, default_factory=dict, compare=False)

    def of_identifier(self, identifier: Identifier) -> tuple[Row, ...]:
        """All versions of this serial that the index knows, the oldest first."""
        return self._rows(self.key("series", series(identifier)))

    def of_number(self, number: str) -> tuple[Row, ...]:
        """What the index knows under this number: versions, and licences of other types."""
        return self._rows(self.key("number", normalised(number)))

    def successor(self, identifier: Identifier) -> Successor | None:
        """What took the place of exactly this version, if it has another serial."""
        name = version_name(identifier)
        key = self.key("successor", name)
        start = self._rows_at + self.count * ROW.size
        at = self._first(key, start, self.successors, PLACE.size)
        if at is None:
            return None
        _, offset, size = PLACE.unpack_from(self.content, at)
        begin = start + self.successors * PLACE.size + offset
        if begin + size > len(self.content):
            raise InputError("index.text", "a successor lies outside the index")
        return _successor(self.veil(name, self.content[begin : begin + size]))

    def signature(self) -> Signature:
        """The signature over it, not judged; read once."""
        if "" not in self._memo:
            self._memo[""] = _signature(self.raw, self.content, "status index")
        return self._memo[""]

    def key(self, kind: str, text: str) -> bytes:
        """The 12 bytes under which ``text`` stands."""
        return key(self.digest, self.salt, kind, text)

    def veil(self, name: str, text: bytes) -> bytes:
        """A successor's text, hidden from whoever does not know whose successor it is, or
        shown to whoever does."""
        return veil(self.digest, self.salt, name, text)

    def _rows(self, wanted: bytes) -> tuple[Row, ...]:
        at = self._first(wanted, self._rows_at, self.count, ROW.size)
        return () if at is None else tuple(self._from(at, wanted))

    def _from(self, at: int, wanted: bytes) -> Iterator[Row]:
        end = min(self._rows_at + self.count * ROW.size, at + MAX_ROWS_SHOWN * ROW.size)
        while at < end:
            found, version, number, index = ROW.unpack_from(self.content, at)
            if found != wanted:
                return
            if number >= len(self.lists) or not version:
                raise InputError("index.row", "a row names no list, or no version of the index")
            yield Row(version, self.lists[number], index)
            at += ROW.size

    def _first(self, wanted: bytes, start: int, count: int, size: int) -> int | None:
        """Where the first record with this key begins, by bisection."""
        data, low, high = self.content, 0, count
        while low < high:
            middle = (low + high) // 2
            at = start + middle * size
            if data[at : at + KEY_SIZE] < wanted:
                low = middle + 1
            else:
                high = middle
        at = start + low * size
        return at if low < count and data[at : at + KEY_SIZE] == wanted else None


def series(identifier: Identifier) -> str:
    """What the versions of one licence share. Neither root nor check character counts."""
    return f"{identifier.type}.{identifier.issuer}.{identifier.serial}"


def version_name(identifier: Identifier) -> str:
    """One version of one licence, the check character left out: some issuers get it wrong."""
    return f"{series(identifier)}.{identifier.version}"


def normalised(number: str) -> str:
    """A number as it is looked up: width, case, spaces and hyphens do not count."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", number).upper())
    kept = "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Pd")
    # marks that a space or hyphen kept apart may change places now
    return unicodedata.normalize("NFKC", kept)


def key(algorithm: str, salt: bytes, kind: str, text: str) -> bytes:
    """The first 12 bytes of digest(salt ‖ kind ‖ 0 ‖ text)."""
    state = new_hash(algorithm)
    state.update(salt + kind.encode() + b"\0" + text.encode("utf-8", "surrogatepass"))
    return state.digest()[:KEY_SIZE]


def veil(algorithm: str, salt: bytes, name: str, text: bytes) -> bytes:
    """``text`` combined with a stream that follows from salt and ``name``; its own inverse."""
    stream = b""
    for block in range(-(-len(text) // 32)):
        state = new_hash(algorithm)
        state.update(salt + b"veil\0" + block.to_bytes(4, "big") + name.encode())
        stream += state.digest()
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))


def _successor(text: bytes) -> Successor:
    """``S`` or ``T``, the identifier, and after a line feed the authority."""
    try:
        kind, (identifier, _, authority) = text[:1].decode(), text[1:].decode().partition("\n")
        parse_identifier(identifier)
    except ValueError as exc:
        raise InputError("index.text", "a successor is not UTF-8") from exc
    if kind not in KINDS or not all(c.isprintable() for c in authority):
        raise InputError("index.text", "a successor is of no known kind")
    return Successor(KINDS[kind], identifier, authority)


@lru_cache(maxsize=8)
def read_status_index(data: bytes) -> StatusIndex:
    """A signed status index. Raises InputError; the signature is not judged here, and its
    digest not even computed before somebody asks for it."""
    content = content_of(data, "status index", DEFAULT_LIMITS.status_index_size)
    end = content.find(b"\n", 0, MAX_HEADER)
    if end < 0:
        raise InputError("index.header", "the index has no header")
    header = _object(content[:end])
    if header.get("schema") != SCHEMA:
        raise InputError("index.header", f"schema must be {SCHEMA!r}")
    digest, lists = header.get("digest"), header.get("lists")
    if digest not in DIGESTS:
        raise InputError("index.header", "the digest is none of sm3, sha256")
    if not isinstance(lists, list) or not all(isinstance(uri, str) for uri in lists):
        raise InputError("index.header", "lists is not a list of URIs")
    if len(lists) > MAX_LISTS:
        raise LimitError("index.limit", f"more than {MAX_LISTS} lists")
    count, successors, texts = (_count(header, name) for name in ("rows", "successors", "texts"))
    size = end + 1 + count * ROW.size + successors * PLACE.size + texts
    if size != len(content):
        raise InputError("index.size", f"{len(content)} bytes, but the header says {size}")
    return StatusIndex(
        issued=moment(header, "iat"), expires=moment(header, "exp"), ttl=_seconds(header),
        audit_head=audit_head(header), digest=digest, salt=_salt(header), lists=tuple(lists),
        count=count, successors=successors, raw=data, content=content, _rows_at=end + 1,
    )  # fmt: skip


def _count(header: dict[str, Any], name: str) -> int:
    value = header.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise InputError("index.header", f"{name} is not a number")
    return value


def _salt(header: dict[str, Any]) -> bytes:
    value = header.get("salt")
    salt = from_b64url(value, place="salt") if isinstance(value, str) else b""
    if len(salt) != SALT_SIZE:
        raise InputError("index.header", f"the salt does not have {SALT_SIZE} bytes")
    return salt
