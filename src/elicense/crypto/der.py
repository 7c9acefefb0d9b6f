"""Strict DER (ITU-T X.690): a reader over the original bytes, and an encoder.

A :class:`Node` is a window on the bytes it was read from: nothing is copied
before it is asked for and nothing is ever re-encoded, so what is hashed is what
was written. ``ber=True`` also admits indefinite lengths, non-minimal lengths and
constructed strings (seen in real CMS), all bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from elicense.errors import InputError, LimitError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 1, 2, 3, 4, 5, 6
ENUMERATED, UTF8, SEQUENCE, SET = 10, 12, 0x30, 0x31
PRINTABLE, T61, IA5, UTC_TIME, GENERALIZED_TIME = 0x13, 0x14, 0x16, 0x17, 0x18
VISIBLE, BMP = 0x1A, 0x1E

_MAX_DEPTH = 32
_MAX_CHILDREN = 100_000


class Node:
    """One TLV: ``tag``, header at ``start``, body from ``body_at`` to ``stop``, end at ``end``."""

    __slots__ = ("ber", "body_at", "data", "end", "start", "stop", "tag")

    def __init__(
        self, data: bytes, tag: int, start: int, body_at: int, stop: int, end: int, ber: bool
    ) -> None:
        self.data = data
        self.tag = tag
        self.start = start
        self.body_at = body_at
        self.stop = stop
        self.end = end
        self.ber = ber

    @property
    def raw(self) -> bytes:
        """The whole TLV as it stands in the input."""
        return self.data[self.start : self.end]

    @property
    def body(self) -> bytes:
        """The content octets as they stand in the input."""
        return self.data[self.body_at : self.stop]

    def fail(self, code: str, detail: str) -> InputError:
        return InputError(f"der.{code}", detail, place=f"DER offset {self.start}")

    def children(self) -> list[Node]:
        """The TLVs inside a constructed value."""
        if not self.tag & 0x20:
            raise self.fail("constructed", "a constructed value is needed here")
        found: list[Node] = []
        pos = self.body_at
        while pos < self.stop:
            child = read(self.data, pos, self.stop, ber=self.ber)
            found.append(child)
            pos = child.end
            if len(found) > _MAX_CHILDREN:
                raise LimitError("der.limit", "too many values", place=f"DER offset {self.start}")
        return found

    def only(self) -> Node:
        """The single TLV inside an explicit tag."""
        inner = self.children()
        if len(inner) != 1:
            raise self.fail("explicit", f"one value is needed here, {len(inner)} found")
        return inner[0]

    def expect(self, tag: int, what: str = "") -> Node:
        if self.tag != tag:
            raise self.fail(
                "tag", f"{what or 'value'}: tag 0x{tag:02x} is needed, 0x{self.tag:02x} found"
            )
        return self

    # -- primitive values -------------------------------------------------
    def integer(self, *, strict: bool = True) -> int:
        self.expect(INTEGER, "INTEGER")
        return self._integer(strict)

    def enumerated(self) -> int:
        self.expect(ENUMERATED, "ENUMERATED")
        return self._integer(True)

    def _integer(self, strict: bool) -> int:
        body = self.body
        if not body or len(body) > 1024:
            raise self.fail("integer", "an INTEGER is empty or far too long")
        if strict and len(body) > 1 and (
            (body[0] == 0 and body[1] < 0x80) or (body[0] == 0xFF and body[1] >= 0x80)
        ):
            raise self.fail("integer", "an INTEGER is not minimally encoded")
        return int.from_bytes(body, "big", signed=True)

    def boolean(self) -> bool:
        body = self.expect(BOOLEAN, "BOOLEAN").body
        if len(body) != 1 or (body[0] not in {0, 0xFF} and not self.ber):
            raise self.fail("boolean", "a BOOLEAN is neither 00 nor FF")
        return body[0] != 0

    def oid(self) -> str:
        return _oid_text(self.expect(OID, "OBJECT IDENTIFIER").body)

    def octets(self) -> bytes:
        """An OCTET STRING (in BER also a constructed one, its pieces joined)."""
        return b"".join(self._octets(0)) if self.tag != OCTET_STRING else self.body

    def _octets(self, depth: int) -> Iterator[bytes]:
        if self.tag == OCTET_STRING:
            yield self.body
        elif not self.ber or self.tag != OCTET_STRING | 0x20:
            raise self.fail("tag", f"an OCTET STRING is needed, 0x{self.tag:02x} found")
        elif depth >= _MAX_DEPTH:
            raise LimitError("der.limit", "a string in too many layers of pieces",
                             place=f"DER offset {self.start}")  # fmt: skip
        else:
            for piece in self.children():
                yield from piece._octets(depth + 1)

    def bits(self) -> tuple[int, bytes]:
        """A BIT STRING: (value of the unused-bits octet as found, the bytes)."""
        body = self.expect(BIT_STRING, "BIT STRING").body
        if not body:
            raise self.fail("bits", "a BIT STRING has no unused-bits octet")
        return body[0], body[1:]

    def whole_bits(self) -> bytes:
        """A BIT STRING of whole octets."""
        unused, value = self.bits()
        if unused:
            raise self.fail("bits", f"a BIT STRING has {unused} unused bits; 0 is needed")
        return value

    def text(self) -> str:
        """Any character string."""
        body = self.body
        try:
            if self.tag == BMP:
                return body.decode("utf-16-be")
            if self.tag in {PRINTABLE, IA5, VISIBLE, 0x12}:
                return body.decode("ascii")
            if self.tag == UTF8:
                return body.decode("utf-8")
            if self.tag == T61:
                return body.decode("latin-1")
        except UnicodeDecodeError as exc:
            raise self.fail("text", "a character string holds bytes it may not hold") from exc
        raise self.fail("tag", f"a character string is needed, 0x{self.tag:02x} found")

    def time(self) -> datetime:
        """UTCTime or GeneralizedTime, as an aware UTC time."""
        if self.tag not in {UTC_TIME, GENERALIZED_TIME}:
            raise self.fail("tag", f"a time is needed, 0x{self.tag:02x} found")
        try:
            return parse_time(self.body.decode("ascii"), generalized=self.tag == GENERALIZED_TIME)
        except ValueError as exc:
            raise self.fail("time", "a time is not in the form X.680 gives") from exc


def parse(data: bytes, *, ber: bool = False, trailing: bool = False) -> Node:
    """The one TLV that ``data`` holds; trailing bytes are an error unless allowed."""
    data = bytes(data)
    node = read(data, 0, len(data), ber=ber)
    if node.end != len(data) and not trailing:
        raise InputError(
            "der.trailing", f"{len(data) - node.end} bytes follow the value",
            place=f"DER offset {node.end}",
        )
    return node


def read(data: bytes, pos: int, limit: int, *, ber: bool = False, depth: int = 0) -> Node:
    """The TLV that begins at ``pos`` and ends at or before ``limit``."""
    try:
        tag = data[pos]
        first = data[pos + 1]
    except IndexError:
        raise _cut(pos) from None
    if pos + 2 > limit:
        raise _cut(pos)
    if tag & 0x1F == 0x1F:
        raise InputError("der.tag", "high tag numbers are not used here", place=f"DER offset {pos}")
    if first < 0x80:
        body, length = pos + 2, first
    elif first == 0x80:
        return _read_indefinite(data, pos, limit, ber, depth)
    else:
        body, length = _long_length(data, pos, first & 0x7F, ber)
    end = body + length
    if end > limit:
        raise _cut(pos)
    return Node(data, tag, pos, body, end, end, ber)


def _long_length(data: bytes, pos: int, count: int, ber: bool) -> tuple[int, int]:
    octets = data[pos + 2 : pos + 2 + count]
    if count > 6 or len(octets) != count:
        raise _cut(pos)
    length = int.from_bytes(octets, "big")
    if not ber and (octets[0] == 0 or length < 0x80):
        raise InputError("der.length", "a length is not minimal", place=f"DER offset {pos}")
    return pos + 2 + count, length


def _read_indefinite(data: bytes, pos: int, limit: int, ber: bool, depth: int) -> Node:
    if not ber:
        raise InputError("der.length", "an indefinite length is not DER", place=f"DER offset {pos}")
    if not data[pos] & 0x20:
        raise InputError(
            "der.length", "only a constructed value has an indefinite length",
            place=f"DER offset {pos}",
        )  # fmt: skip
    if depth >= _MAX_DEPTH:
        raise LimitError("der.limit", "values nested too deeply", place=f"DER offset {pos}")
    at = pos + 2
    count = 0
    while data[at : at + 2] != b"\0\0":
        at = read(data, at, limit, ber=True, depth=depth + 1).end
        count += 1
        if count > _MAX_CHILDREN:
            raise LimitError("der.limit", "too many values", place=f"DER offset {pos}")
    if at + 2 > limit:
        raise _cut(pos)
    return Node(data, data[pos], pos, pos + 2, at, at + 2, True)


def _cut(pos: int) -> InputError:
    return InputError("der.truncated", "a value runs past the end", place=f"DER offset {pos}")


@lru_cache(maxsize=1024)
def _oid_text(body: bytes) -> str:
    if not body or body[-1] & 0x80 or len(body) > 64:
        raise InputError("der.oid", "an OBJECT IDENTIFIER is cut short or too long")
    arcs: list[int] = []
    value = 0
    fresh = True
    for octet in body:
        if fresh and octet == 0x80:
            raise InputError("der.oid", "an OBJECT IDENTIFIER is not minimally encoded")
        fresh = False
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value, fresh = 0, True
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, [top, arcs[0] - 40 * top, *arcs[1:]]))


def parse_time(text: str, *, generalized: bool) -> datetime:
    """X.680 times as used in PKIX: seconds given; ``Z`` or a numeric offset; UTC returned.

    Raises ValueError for any other form and for what no calendar has.
    """
    zone = UTC
    if text.endswith("Z"):
        text = text[:-1]
    elif len(text) > 5 and text[-5] in "+-" and text[-4:].isascii() and text[-4:].isdigit():
        minutes = int(text[-4:-2]) * 60 + int(text[-2:])
        zone = timezone(timedelta(minutes=minutes if text[-5] == "+" else -minutes))
        text = text[:-5]
    else:
        raise ValueError("no zone")
    fraction = 0.0
    if generalized and "." in text:
        text, _, digits = text.partition(".")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
            raise ValueError("fraction")
        fraction = int(digits) / 10 ** len(digits)
    want = 14 if generalized else 12
    if len(text) != want or not text.isascii() or not text.isdigit():
        raise ValueError("shape")
    if not generalized:
        text = ("19" if text[:2] >= "50" else "20") + text
    moment = datetime(
        int(text[:4]), int(text[4:6]), int(text[6:8]),
        int(text[8:10]), int(text[10:12]), int(text[12:14]), tzinfo=zone,
    )
    try:
        return (moment + timedelta(seconds=fraction)).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the calendar") from None


class Cursor:
    """Steps through the members of a constructed value, in order."""

    __slots__ = ("_at", "_nodes", "node", "what")

    def __init__(self, node: Node, what: str, tag: int = SEQUENCE) -> None:
        self.node = node.expect(tag, what)
        self.what = what
        self._nodes = node.children()
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._nodes) - self._at

    def peek(self) -> int:
        """Tag of the next member, or -1 at the end."""
        return self._nodes[self._at].tag if self._at < len(self._nodes) else -1

    def next(self, tag: int | None = None, what: str = "") -> Node:
        if self._at >= len(self._nodes):
            raise self.node.fail("missing", f"{self.what}: {what or 'a member'} is missing")
        node = self._nodes[self._at]
        if tag is not None:
            node.expect(tag, f"{self.what}: {what}" if what else self.what)
        self._at += 1
        return node

    def optional(self, tag: int) -> Node | None:
        if self.peek() != tag:
            return None
        return self.next()

    def rest(self) -> list[Node]:
        nodes = self._nodes[self._at :]
        self._at = len(self._nodes)
        return nodes

    def finish(self) -> None:
        if self.left:
            raise self._nodes[self._at].fail("extra", f"{self.what}: unexpected further members")


# -- encoder ---------------------------------------------------------------
def tlv(tag: int, body: bytes) -> bytes:
    """One TLV with a minimal definite length."""
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def seq(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(parts))


def set_(*parts: bytes) -> bytes:
    """SET OF: the members sorted, as DER wants."""
    return tlv(SET, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(INTEGER, value.to_bytes(size, "big", signed=True))


def enumerated(value: int) -> bytes:
    return tlv(ENUMERATED, integer(value)[2:])


def boolean(value: bool) -> bytes:
    return tlv(BOOLEAN, b"\xff" if value else b"\0")


def null() -> bytes:
    return b"\x05\0"


@lru_cache(maxsize=256)
def oid(text: str) -> bytes:
    arcs = [int(part) for part in text.split(".")]
    out = bytearray()
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        chunk = [arc & 0x7F]
        while arc := arc >> 7:
            chunk.append(arc & 0x7F | 0x80)
        out += bytes(reversed(chunk))
    return tlv(OID, bytes(out))


def octets(value: bytes) -> bytes:
    return tlv(OCTET_STRING, value)


def bits(value: bytes, unused: int = 0) -> bytes:
    return tlv(BIT_STRING, bytes((unused,)) + value)


def utf8(text: str) -> bytes:
    return tlv(UTF8, text.encode())


def ia5(text: str) -> bytes:
    return tlv(IA5, text.encode("ascii"))


def printable(text: str) -> bytes:
    return tlv(PRINTABLE, text.encode("ascii"))


def utctime(moment: datetime) -> bytes:
    return tlv(UTC_TIME, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def gentime(moment: datetime) -> bytes:
    return tlv(GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def explicit(number: int, inner: bytes) -> bytes:
    return tlv(0xA0 | number, inner)


def implicit(number: int, inner: bytes, constructed: bool = True) -> bytes:
    """``inner`` is a whole TLV; its tag is replaced."""
    node = parse(inner)
    return tlv((0xA0 if constructed else 0x80) | number, node.body)


def join(parts: Iterable[bytes]) -> bytes:
    return b"".join(parts)
