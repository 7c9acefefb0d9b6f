"""What a file shows, before anybody judges it.

Containers build these values, checks read them. Nothing here says whether a
thing is good: a digest holds both values, a signed value holds the exact bytes
and the key, a fault names a place where the structure itself is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elicense.crypto.certificate import Certificate
    from elicense.crypto.timestamp import TimestampToken


@dataclass(frozen=True, slots=True)
class Fault:
    """Something proven wrong, or proven ambiguous, in the structure of the file.

    ``code`` is a finding code (``container.structure``, ``coverage.document``,
    ``changes.after-signing``, …); ``kind`` is a short stable word for the exact
    fault (``duplicate-entry``), ``place`` an entry, object or offset.
    ``fatal`` faults make a signature or the file INVALID; the others leave the
    question open (INDETERMINATE).
    """

    code: str
    kind: str
    place: str
    detail: str
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """A deviation that is tolerated and always named. ``kind`` is stable."""

    kind: str
    place: str
    detail: str


@dataclass(frozen=True, slots=True)
class Digest:
    """One protected part: the digest the signer recorded and the one computed.

    ``actual`` is None where the part is missing or the algorithm is unknown;
    ``problem`` then says which.
    """

    place: str
    algorithm: str
    expected: bytes
    actual: bytes | None
    problem: str = ""

    @property
    def matches(self) -> bool:
        return self.actual is not None and self.actual == self.expected


@dataclass(frozen=True, slots=True)
class SignedValue:
    """One mathematical signature: exact bytes, exact value, exact key.

    ``message`` are the original bytes that were signed, in one piece or in
    several one after the other. ``algorithm`` is the signature algorithm's OID
    as found, ``digest`` the digest name to use (``sm3``, ``sha256`` …). ``spki``
    is the DER SubjectPublicKeyInfo of the certificate that claims to have
    signed. ``instead`` holds bytes that a nonconforming scheme signs in place
    of ``message``: a match there is named and never fully valid.
    """

    role: str  # signer | seal-maker | timestamp | package
    message: bytes | tuple[bytes | memoryview, ...] = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: str
    digest: str
    spki: bytes | None = field(repr=False)
    pss: Mapping[str, Any] | None = None
    instead: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Picture:
    """A seal's picture: type as written (``png``, ``ofd``…), bytes, size in mm."""

    type: str
    data: bytes = field(repr=False)
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Seal:
    """An electronic seal (SESeal, GM/T 0031, GB/T 38540)."""

    version: int  # by structure: 1, 4 or 5
    header_version: int
    vendor: str
    id: str
    name: str
    type: int
    created: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    signer_certificates: tuple[bytes, ...] = field(repr=False)  # DER certificates in the list
    signer_digests: tuple[tuple[str, bytes], ...] = field(repr=False)  # or (type, digest)
    picture: Picture
    maker: Certificate | None
    maker_value: SignedValue | None = field(repr=False)
    maker_timestamp: bytes | None = field(repr=False, default=None)
    raw: bytes = field(repr=False, default=b"")
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a later revision (PDF) or a later seal (OFD) did.

    ``kind`` is stable: ``dss``, ``document-timestamp``, ``signature-field``,
    ``form-filling``, ``annotation``, ``page-content`` …
    """

    kind: str
    place: str
    detail: str
    allowed: bool
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one signature covers of what a reader shows.

    ``whole`` is True only if everything a reader shows was found and is
    covered. ``uncovered`` and ``uncovered_metadata`` name the rest.
    """

    whole: bool
    covered: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    uncovered_metadata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a seal's picture stands: page (from 1), x, y, width, height.

    OFD: millimetres from the top left. PDF: points from the bottom left.
    """

    page: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class EndorsementBox:
    """A box 签注栏 that the first seal reserved for an endorsement.

    ``lines`` are the texts drawn in it later, from top to bottom: empty where nothing
    is, None where what is drawn cannot be read as text (``problem`` says why).
    ``seals`` are the indexes of the later signatures that stand in it.
    """

    name: str
    placement: Placement
    lines: tuple[str, ...] | None = ()
    problem: str = ""
    seals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """One seal or signature of a file, with all that is needed to judge it.

    ``raw`` is the exact value (the DER of the CMS or the SES signature) and
    ``statement`` the endorsement that it signs (:mod:`elicense.endorsement`), exact
    bytes; ``statement_problem`` says why there is one that cannot be had.
    """

    index: int
    kind: str  # ses-v1 ses-v4 ses-v5 cms gbt-35275 document-timestamp bare package unreadable
    profile: str
    place: str
    algorithm: str
    signer: Certificate | None
    values: tuple[SignedValue, ...] = field(repr=False)
    digests: tuple[Digest, ...] = field(repr=False)
    coverage: Coverage
    seal: Seal | None = None
    certificates: tuple[Certificate, ...] = field(repr=False, default=())
    timestamps: tuple[TimestampToken, ...] = field(repr=False, default=())
    crls: tuple[bytes, ...] = field(repr=False, default=())
    ocsps: tuple[bytes, ...] = field(repr=False, default=())
    claimed_time: datetime | None = None
    changes: tuple[Change, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    placements: tuple[Placement, ...] = ()
    revision: int = 0
    raw: bytes = field(repr=False, default=b"")
    statement: bytes | None = field(repr=False, default=None)
    statement_problem: str = ""

    @property
    def endorses(self) -> bool:
        """Does it sign an endorsement, readable or not?"""
        return self.statement is not None or bool(self.statement_problem)


@dataclass(frozen=True, slots=True)
class QrCode:
    """A two-dimensional code found on a page. ``text`` is exactly what was read and
    ``corners`` where: pixels of the page's picture, from its top left, clockwise."""

    page: int
    text: str
    kind: str  # el1 | identifier | number | token | url | text
    place: str = ""
    corners: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedField:
    """One deciding field as it is printed on a sheet, beside its signed value.

    ``field`` is the path in the licence (``holder.name``). ``outcome`` is ``match``,
    ``differs`` or ``unreadable``; ``confidence`` is the reader's own, 0 to 1. ``box`` is
    x, y, width, height in pixels of the page's picture, None where nothing was found.
    """

    field: str
    signed: str
    printed: str
    outcome: str
    confidence: float
    page: int
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class SealMark:
    """Something round and red on a picture: information only, it proves nothing."""

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a file says of its licence, each part with where it was read.

    ``data`` are the exact bytes of ``licence.json`` and ``data_covered`` says
    whether the seal covers them. ``metadata`` are names and values written
    beside the document (OFD CustomData, PDF XMP or Info). ``text`` is the text
    of each page in reading order, a tuple of lines a page; None where it could
    not be read, ``text_problem`` then says why.
    """

    data: bytes | None = field(repr=False, default=None)
    data_place: str = ""
    data_covered: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    metadata_covered: bool = False
    text: tuple[tuple[str, ...], ...] | None = field(repr=False, default=None)
    text_problem: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything one file shows."""

    container: str  # pdf | ofd | image | seal | signed-value
    size: int
    sha256: str
    signatures: tuple[Signature, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    claims: Claims = Claims()
    qr: tuple[QrCode, ...] = ()
    qr_problem: str = ""
    pages: int = 0
    seal: Seal | None = None  # a bare seal file
    boxes: tuple[EndorsementBox, ...] = ()
    sheet: bool = False  # a picture of a sheet of paper: no seal can stand in it
    printed: tuple[PrintedField, ...] = ()
    printed_problem: str = ""
    seal_marks: tuple[SealMark, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
