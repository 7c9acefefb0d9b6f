"""Electronic seals and their signatures: GM/T 0031-2014 (v1), GB/T 38540-2020 (v4),
GM/T 0031-2025 (v5). The version is told by the structure, never by a number.

What real files get wrong is tolerated and noted (``Note.kind``):
``unused-bits``, ``header-version``, ``certificate-list-text``, ``time-form``,
``property-info-junk``, ``integer-form``, ``seal-extension`` (one marked critical: makers
put data of their own there). One leaves the question open: ``mixed-versions``, a seal of
one structure in a signature of the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from elicense.crypto import der
from elicense.crypto.algorithms import signature_algorithm
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.der import Cursor, Node
from elicense.errors import InputError
from elicense.evidence import Note, Picture, Seal, SignedValue

CHINA = timezone(timedelta(hours=8))
OPEN_QUESTIONS = frozenset({"mixed-versions"})


@dataclass(frozen=True, slots=True)
class SesSignature:
    """SES_Signature. ``tbs`` are the exact bytes the signer signs."""

    version: int
    tbs: bytes = field(repr=False)
    seal: Seal
    time: datetime | None
    time_text: str
    data_hash: bytes
    property_info: str
    signer: Certificate | None
    signer_problem: str
    algorithm: str
    signature: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)
    notes: tuple[Note, ...] = ()


def shape(top: Node) -> str:
    """``signature`` for an SES_Signature, ``seal`` for an SESeal, else an empty string."""
    if top.tag != der.SEQUENCE:
        return ""
    tags = [node.tag for node in top.children()]
    if tags == [der.SEQUENCE, der.BIT_STRING]:
        return "signature"
    if tags[:4] == [der.SEQUENCE, der.OCTET_STRING, der.OID, der.BIT_STRING]:
        first = top.children()[0].children()
        return "signature" if first and first[0].tag == der.INTEGER else "seal"
    if tags == [der.SEQUENCE, der.SEQUENCE]:
        return "seal"
    return ""


def read_seal(data: bytes, *, place: str = "Seal.esl") -> Seal:
    """An SESeal by itself (a ``.esl`` file). Raises InputError."""
    return _cached_seal(data, place)


def read_signature(data: bytes, *, place: str) -> SesSignature:
    """An SES_Signature (``SignedValue.dat``, PDF /Contents). Raises InputError."""
    top = der.parse(data)
    kind = [node.tag for node in top.children()]
    if kind == [der.SEQUENCE, der.BIT_STRING]:
        return _signature_v1(top, place)
    return _signature_v4(top, place)


def _signature_v1(top: Node, place: str) -> SesSignature:
    notes: list[Note] = []
    outer = Cursor(top, "SES_Signature")
    tbs = outer.next(der.SEQUENCE, "toSign")
    signature = _bits(outer.next(der.BIT_STRING, "signature"), place, notes)
    cursor = Cursor(tbs, "TBS_Sign")
    cursor.next(der.INTEGER, "version").integer(strict=False)
    seal = _cached_seal(cursor.next(der.SEQUENCE, "eseal").raw, place)
    if seal.version != 1:
        notes.append(Note("mixed-versions", place, f"a v{seal.version} seal in a v1 signature"))
    time, text = _v1_time(cursor.next(what="timeInfo"), place, notes)
    data_hash = _bits(cursor.next(der.BIT_STRING, "dataHash"), place, notes)
    info = _property_info(cursor.next(what="propertyInfo"), place, notes)
    signer, problem = _certificate(cursor.next(der.OCTET_STRING, "cert").octets())
    algorithm = cursor.next(der.OID, "signatureAlgorithm").oid()
    cursor.finish()
    return SesSignature(
        1, tbs.raw, seal, time, text, data_hash, info, signer, problem, algorithm,
        signature, None, (*seal.notes, *notes),
    )  # fmt: skip


def _signature_v4(top: Node, place: str) -> SesSignature:
    notes: list[Note] = []
    outer = Cursor(top, "SES_Signature")
    tbs = outer.next(der.SEQUENCE, "toSign")
    signer, problem = _certificate(outer.next(der.OCTET_STRING, "cert").octets())
    algorithm = outer.next(der.OID, "signatureAlgID").oid()
    signature = _bits(outer.next(der.BIT_STRING, "signature"), place, notes)
    stamp = outer.optional(0xA0)
    outer.finish()
    cursor = Cursor(tbs, "TBS_Sign")
    cursor.next(der.INTEGER, "version").integer(strict=False)
    seal = _cached_seal(cursor.next(der.SEQUENCE, "eseal").raw, place)
    if seal.version == 1:
        notes.append(Note("mixed-versions", place, "a v1 seal in a signature of v4 or v5"))
    time_node = cursor.next(what="timeInfo")
    if time_node.tag == der.GENERALIZED_TIME:
        time: datetime | None = time_node.time()
        text = time_node.body.decode("ascii", "replace")
    else:
        time, text = _v1_time(time_node, place, notes)
    data_hash = _bits(cursor.next(der.BIT_STRING, "dataHash"), place, notes)
    info = _property_info(cursor.next(what="propertyInfo"), place, notes)
    extensions = cursor.optional(0xA0)
    cursor.finish()
    if extensions is not None:
        _extensions(extensions.only(), place, notes)
    return SesSignature(
        seal.version, tbs.raw, seal, time, text, data_hash, info, signer, problem, algorithm,
        signature, _stamp(stamp, place, notes), (*seal.notes, *notes),
    )  # fmt: skip


def _stamp(node: Node | None, place: str, notes: list[Note]) -> bytes | None:
    if node is None:
        return None
    inner = node.only()
    return _bits(inner, place, notes) if inner.tag == der.BIT_STRING else inner.octets()


def _bits(node: Node, place: str, notes: list[Note]) -> bytes:
    unused, value = node.bits()
    if unused:
        notes.append(Note("unused-bits", place, f"unused-bits octet is {unused}, 0 is right"))
    return value


@lru_cache(maxsize=256)
def _cached_seal(data: bytes, place: str) -> Seal:
    """An office puts one and the same seal on all its licences: it is read once."""
    return _seal(der.parse(data), place)


def _seal(node: Node, place: str) -> Seal:
    notes: list[Note] = []
    outer = Cursor(node, "SESeal")
    info = outer.next(der.SEQUENCE, "eSealInfo")
    stamp: Node | None = None
    if outer.peek() == der.SEQUENCE:
        sign = Cursor(outer.next(), "SES_SignInfo")
        certificate_node = sign.next(der.OCTET_STRING, "cert")
        algorithm_node = sign.next(der.OID, "signatureAlgorithm")
        signature = _bits(sign.next(der.BIT_STRING, "signData"), place, notes)
        sign.finish()
        # GM/T 0031-2014: the maker signs SealInfo, certificate and algorithm together
        message = der.seq(info.raw, certificate_node.raw, algorithm_node.raw)
        old = True
    else:
        certificate_node = outer.next(der.OCTET_STRING, "cert")
        algorithm_node = outer.next(der.OID, "signAlgID")
        signature = _bits(outer.next(der.BIT_STRING, "signedValue"), place, notes)
        stamp = outer.optional(0xA0)
        message = info.raw
        old = False
    outer.finish()
    maker, problem = _certificate(certificate_node.octets())
    if problem:
        notes.append(Note("maker-certificate", place, problem))
    algorithm = algorithm_node.oid()
    value = SignedValue(
        "seal-maker", message, signature, algorithm, signature_algorithm(algorithm).digest,
        maker.spki if maker else None,
    )  # fmt: skip
    return _seal_info(
        info, node, maker, value, _stamp(stamp, place, notes), place, notes, old=old
    )


def _seal_info(
    info: Node, whole: Node, maker: Certificate | None, value: SignedValue,
    stamp: bytes | None, place: str, notes: list[Note], *, old: bool,
) -> Seal:  # fmt: skip
    cursor = Cursor(info, "SES_SealInfo")
    header = Cursor(cursor.next(der.SEQUENCE, "header"), "SES_Header")
    header_id = header.next(what="ID").text()
    header_version = header.next(der.INTEGER, "version").integer(strict=False)
    vendor = _lenient_text(header.next(what="Vid"))
    header.finish()
    if header_id != "ES":
        raise info.fail("ses", f"the seal header says {header_id[:16]!r}, not ES")
    seal_id = _lenient_text(cursor.next(what="esID"))
    prop = cursor.next(der.SEQUENCE, "property")
    picture = _picture(cursor.next(der.SEQUENCE, "picture"))
    if cursor.left:
        _extensions(cursor.next(what="extDatas"), place, notes)
    cursor.finish()
    version = 1 if old else (5 if header_version == 5 else 4)
    if header_version != version:
        notes.append(
            Note("header-version", place, f"structure v{version}, header says {header_version}")
        )
    kind, name, certificates, digests, times = _property(prop, place, notes, old=old)
    return Seal(
        version=version, header_version=header_version, vendor=vendor, id=seal_id, name=name,
        type=kind, created=times[0], valid_from=times[1], valid_until=times[2],
        signer_certificates=certificates, signer_digests=digests, picture=picture,
        maker=maker, maker_value=value, maker_timestamp=stamp, raw=whole.raw, notes=tuple(notes),
    )  # fmt: skip


def _extensions(node: Node, place: str, notes: list[Note]) -> None:
    """ExtensionDatas (GB/T 38540 6.1.6): none is known here, a critical one is noted."""
    for item in Cursor(node, "ExtensionDatas").rest():
        cursor = Cursor(item, "ExtData")
        oid = cursor.next(der.OID, "extnID").oid()
        flag = cursor.optional(der.BOOLEAN)
        cursor.next(der.OCTET_STRING, "extnValue")
        cursor.finish()
        if flag is not None and flag.body != b"\0":
            notes.append(Note("seal-extension", place, f"critical extension {oid}"))


_Property = tuple[
    int, str, tuple[bytes, ...], tuple[tuple[str, bytes], ...], list["datetime | None"]
]


def _property(node: Node, place: str, notes: list[Note], *, old: bool) -> _Property:
    cursor = Cursor(node, "SES_ESPropertyInfo")
    kind = cursor.next(der.INTEGER, "type").integer(strict=False)
    name = _lenient_text(cursor.next(what="name"))
    list_type = 1
    if cursor.peek() == der.INTEGER:
        list_type = cursor.next().integer(strict=False)
    listing = cursor.next(what="certList")
    certificates: list[bytes] = []
    digests: list[tuple[str, bytes]] = []
    for item in listing.children():
        if item.tag == der.OCTET_STRING and list_type == 1:
            certificates.append(item.octets())
        elif item.tag == der.SEQUENCE and list_type == 2:
            pair = Cursor(item, "CertDigestObj")
            digests.append((pair.next(what="type").text(), pair.next(der.OCTET_STRING).octets()))
        elif item.tag in {der.IA5, der.PRINTABLE, der.UTF8}:
            notes.append(
                Note("certificate-list-text", place, "the seal's certificate list holds a text")
            )
        else:
            raise item.fail("ses", "the seal's certificate list holds an unexpected value")
    times = [_seal_time(cursor.next(what="time"), place, notes, old=old) for _ in range(3)]
    cursor.finish()
    return kind, name, tuple(certificates), tuple(digests), times


def _seal_time(node: Node, place: str, notes: list[Note], *, old: bool) -> datetime | None:
    try:
        return node.time()
    except InputError:
        time = parse_loose_time(_lenient_text(node))
        notes.append(Note("time-form", place, "a time of the seal is not in the standard's form"))
        return time


def _picture(node: Node) -> Picture:
    cursor = Cursor(node, "SES_ESPictureInfo")
    kind = _lenient_text(cursor.next(what="type"))
    data = cursor.next(der.OCTET_STRING, "data").octets()
    width = cursor.next(der.INTEGER, "width").integer(strict=False)
    height = cursor.next(der.INTEGER, "height").integer(strict=False)
    return Picture(kind, data, width, height)


def _certificate(data: bytes) -> tuple[Certificate | None, str]:
    try:
        return read_certificate(data), ""
    except InputError as exc:
        return None, f"the certificate cannot be read: {exc}"


def _lenient_text(node: Node) -> str:
    return node.body[:4096].decode("utf-8", "replace")


def _property_info(node: Node, place: str, notes: list[Note]) -> str:
    text = _lenient_text(node)
    clean = re.split(r"[\x00-\x1f\ufffd]", text, maxsplit=1)[0]
    if clean != text:
        notes.append(Note("property-info-junk", place, "bytes follow the path in propertyInfo"))
    return clean


def _v1_time(node: Node, place: str, notes: list[Note]) -> tuple[datetime | None, str]:
    """timeInfo of v1: a BIT STRING holding anything (UTCTime TLV, text, a timestamp)."""
    if node.tag == der.BIT_STRING:
        unused, value = node.bits()
        if unused:
            notes.append(Note("unused-bits", place, "timeInfo has an unused-bits octet"))
    else:
        value = node.raw
    try:
        inner = der.parse(value)
        if inner.tag in {der.UTC_TIME, der.GENERALIZED_TIME}:
            return inner.time(), inner.body.decode("ascii")
        if inner.tag == der.SEQUENCE:
            return None, "timestamp"
    except InputError:
        pass  # not a TLV: the text forms below
    text = value.decode("latin-1").strip("\0 ")
    time = parse_loose_time(text)
    if time is None:
        text = value.hex()[:64]
    notes.append(Note("time-form", place, "timeInfo is not in the standard's form"))
    return time, text


_LOOSE = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)(?:[.,]\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def parse_loose_time(text: str) -> datetime | None:
    """Times as real files write them: ISO-like, compact, UTCTime text, unix (milli)seconds.
    Without a zone, China's time (UTC+8) is meant. None if it is none of these."""
    text = text.strip()
    try:
        found = _LOOSE.fullmatch(text)
        if found:
            zone = _zone(found[7])
            year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
            return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
        if re.fullmatch(r"[0-9]{12}Z", text):
            return der.parse_time(text, generalized=False)
        if re.fullmatch(r"[0-9]{9,10}", text):
            return datetime.fromtimestamp(int(text), UTC)
        if re.fullmatch(r"[0-9]{13}", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError):
        return None
    return None


def _zone(text: str | None) -> timezone:
    if text is None:
        return CHINA
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
