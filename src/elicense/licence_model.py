"""What a licence says, as plain values; :mod:`elicense.licence` reads and writes them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from elicense.canonical import Value

OPEN_ENDED = datetime.date(9999, 12, 30)  # 长期: how the metadata standard writes "no end"
ENDORSEMENT_STATES = ("empty", "signed", "previously_carried_out")


@dataclass(frozen=True, slots=True)
class Party:
    """An issuer 颁发机构 or a holder 持证主体.

    ``code_type`` is CZZTDMLXDM (``001`` USCC, ``111`` resident ID, …); ``region``
    a GB/T 2260 code of six digits, empty where the party is a national one.
    """

    name: str
    code: str = ""
    code_type: str = ""
    name_en: str = ""
    address: str = ""
    address_en: str = ""
    region: str = ""
    extra: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validity:
    """Dates of issue 颁发日期 and of the term 有效期; ``valid_until`` is the last valid day."""

    issued: datetime.date | None = None
    valid_from: datetime.date | None = None
    valid_until: datetime.date | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataDigest:
    """The digest of one exact ``licence.json``. ``algorithm`` is ``sm3`` or ``sha256``."""

    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Endorsement:
    """One box of the form (年度审核, 中间审核, 附加审核, 展期…).

    ``kind`` names the box in the profile (``annual-1``, ``intermediate``,
    ``extension-13.13`` …); ``state`` is one of ``ENDORSEMENT_STATES``;
    ``officer`` is name and title; ``valid_until`` is set by an extension;
    ``previous`` is the digest of the version this one replaces.
    """

    kind: str
    state: str = "signed"
    date: datetime.date | None = None
    place: str = ""
    officer: str = ""
    valid_until: datetime.date | None = None
    previous: DataDigest | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Where the state of this licence is published: a status list's URI and an index."""

    list: str
    index: int
    extra: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attestation:
    """The issuer's signature over :func:`attested_bytes`, which outlives masking.

    ``algorithm`` is the signature algorithm's OID, ``certificate`` DER. ``timestamp`` is
    an RFC 3161 token over ``value``, empty where there is none.
    """

    algorithm: str
    certificate: bytes
    value: bytes
    timestamp: bytes = b""


@dataclass(frozen=True, slots=True)
class CopyParty:
    """Who a copy is for, or who made it: a name and, where it has one, a code (USCC)."""

    name: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class CopyMark:
    """What an annotated copy 加注件 says of itself; its maker signs it, not the issuer.

    ``expires`` is its last day, China's; ``created`` an aware time; ``original`` the digest
    of the exact ``licence.json`` it was made from. A QR code has receiver and end only.
    """

    receiver: CopyParty
    expires: datetime.date | None = None
    purpose: str = ""
    creator: CopyParty = CopyParty("")
    created: datetime.datetime | None = None
    original: DataDigest | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a ``licence.json`` that does not hold; a finding is made of it.

    ``kind``: ``digest-mismatch``, ``digest-algorithm``, ``salt-missing``,
    ``salt-unused``, ``salt-short``.
    """

    kind: str
    path: str
    detail: str


@dataclass(frozen=True, slots=True)
class Source:
    """The document a licence was read from, and what reading it showed.

    ``hidden`` are the paths whose digest is there but whose value and salt are
    not: a masked copy hides them.
    """

    data: bytes = field(repr=False)
    canonical: bool
    digest_algorithm: str
    digests: Mapping[str, bytes] = field(repr=False)
    salts: Mapping[str, bytes] = field(repr=False)
    hidden: tuple[str, ...]
    problems: tuple[Problem, ...]
    attestation: Attestation | None = None


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence says. ``type`` is a profile id (``msa-doc`` …).

    ``fields`` holds the profile's own fields: texts, integers, ISO dates
    (``"2031-02-28"``), tuples and mappings. ``copy`` is there in an annotated copy
    only. ``source`` is set by :func:`load`
    and takes no part in comparison.
    """

    type: str
    identifier: str
    number: str
    issuer: Party
    holder: Party
    version: int = 1
    validity: Validity = Validity()
    fields: Mapping[str, Value] = field(default_factory=dict)
    endorsements: tuple[Endorsement, ...] = ()
    status: StatusReference | None = None
    copy: CopyMark | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False, repr=False)
