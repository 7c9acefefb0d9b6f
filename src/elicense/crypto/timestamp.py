"""Timestamp tokens (RFC 3161, RFC 5816; GB/T 20520): read, not judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from elicense.crypto import der
from elicense.crypto.algorithms import digest, digest_name
from elicense.crypto.certificate import Certificate, read_certificates
from elicense.crypto.cms import (
    Cms,
    SignerInfo,
    archived_revocation,
    named_certificate_problem,
    read_cms,
    signer_digest,
)  # fmt: skip
from elicense.crypto.der import Cursor, Node
from elicense.errors import InputError
from elicense.evidence import Digest, Fault, SignedValue

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_MAX_ACCURACY = 10**6


@dataclass(frozen=True, slots=True)
class TimestampToken:
    """One token. ``imprint`` compares what the token covers with what it must cover,
    ``content`` the signed messageDigest with the TSTInfo. ``time`` is the authority's
    statement, true only if all the rest holds."""

    place: str
    time: datetime
    accuracy: timedelta
    policy: str
    serial: int
    imprint: Digest
    content: Digest | None
    value: SignedValue = field(repr=False)
    signer: Certificate | None
    certificates: tuple[Certificate, ...] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False, default=())
    ocsps: tuple[bytes, ...] = field(repr=False, default=())
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Info:
    policy: str
    algorithm: str
    hashed: bytes
    serial: int
    time: datetime
    accuracy: timedelta


def read_token(
    data: bytes, covered: bytes | tuple[bytes | memoryview, ...], *, place: str
) -> TimestampToken:
    """A token that claims to cover ``covered``. Raises InputError if it cannot be read."""
    cms = read_cms(data)
    if cms.content is None or cms.content_type != _TST_INFO:
        raise InputError("timestamp.content", "the token holds no TSTInfo", place=place)
    if len(cms.signers) != 1:
        raise InputError("timestamp.signers", "the token does not have one signer", place=place)
    info = _read_info(cms.content)
    signer = cms.signers[0]
    certificates, _unreadable = read_certificates(list(cms.certificates))
    own = next((c for c in certificates if signer.matches(c)), None)
    name = digest_name(info.algorithm)
    chunks = covered if isinstance(covered, tuple) else (covered,)
    imprint = Digest(
        place, name or info.algorithm, info.hashed,
        digest(name, *chunks) if name else None, "" if name else "digest-unknown",
    )  # fmt: skip
    content, message, faults = _content(cms, signer, place)
    if own is not None and (problem := named_certificate_problem(signer, own)):
        faults.append(Fault("time.proof", problem, place, "the token names another certificate"))
    crls, ocsps = archived_revocation(signer)
    return TimestampToken(
        place=place, time=info.time, accuracy=info.accuracy, policy=info.policy,
        serial=info.serial, imprint=imprint, content=content,
        value=SignedValue(
            "timestamp", message, signer.signature, signer.algorithm, signer_digest(signer),
            own.spki if own else None, signer.pss,
        ),
        signer=own, certificates=certificates,
        crls=cms.crls + crls, ocsps=cms.ocsps + ocsps, faults=tuple(faults),
    )  # fmt: skip


def _content(
    cms: Cms, signer: SignerInfo, place: str
) -> tuple[Digest | None, bytes, list[Fault]]:
    assert cms.content is not None
    faults: list[Fault] = []
    if signer.attributes_der is None:
        return None, cms.content, [
            Fault("time.proof", "no-attributes", place, "a token must have signed attributes")
        ]
    if signer.content_type != _TST_INFO:
        faults.append(Fault("time.proof", "content-type", place, "content type is not TSTInfo"))
    expected = signer.message_digest
    if expected is None:
        faults.append(Fault("time.proof", "no-message-digest", place, "no message digest"))
        return None, signer.attributes_der, faults
    actual = digest(signer.digest, cms.content) if signer.digest else None
    return Digest(place, signer.digest, expected, actual), signer.attributes_der, faults


def _read_info(data: bytes) -> _Info:
    cursor = Cursor(der.parse(data), "TSTInfo")
    if cursor.next(der.INTEGER, "version").integer() != 1:
        raise cursor.node.fail("timestamp", "TSTInfo version is not 1")
    policy = cursor.next(der.OID, "policy").oid()
    imprint = Cursor(cursor.next(der.SEQUENCE, "messageImprint"), "MessageImprint")
    algorithm = Cursor(imprint.next(der.SEQUENCE), "hashAlgorithm").next(der.OID).oid()
    hashed = imprint.next(der.OCTET_STRING).octets()
    serial = cursor.next(der.INTEGER, "serialNumber").integer(strict=False)
    time = cursor.next(der.GENERALIZED_TIME, "genTime").time()
    node = cursor.optional(der.SEQUENCE)
    accuracy = _accuracy(node) if node is not None else timedelta()
    cursor.optional(der.BOOLEAN)  # ordering
    cursor.optional(der.INTEGER)  # nonce
    cursor.optional(0xA0)  # the authority's name: its certificate says who it is
    extensions = cursor.optional(0xA1)
    cursor.finish()
    if extensions is not None and any(_critical(item) for item in extensions.children()):
        raise cursor.node.fail("timestamp", "a critical extension is not known here")
    return _Info(policy, algorithm, hashed, serial, time, accuracy)


def _accuracy(node: Node) -> timedelta:
    """Seconds, milliseconds and microseconds, each at most once and in this order."""
    cursor = Cursor(node, "Accuracy")
    total = timedelta()
    units = ((der.INTEGER, "seconds"), (0x80, "milliseconds"), (0x81, "microseconds"))
    for tag, unit in units:
        part = cursor.optional(tag)
        number = int.from_bytes(part.body, "big") if part is not None else 0
        if number > _MAX_ACCURACY:
            raise node.fail("timestamp", "the accuracy is not readable")
        total += timedelta(**{unit: number})
    cursor.finish()
    return total


def _critical(extension: Node) -> bool:
    cursor = Cursor(extension, "Extension")
    cursor.next(der.OID, "extnID")
    flag = cursor.optional(der.BOOLEAN)
    return flag is not None and flag.boolean()
