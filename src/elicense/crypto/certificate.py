"""X.509 certificates (RFC 5280, GB/T 20518), SM2, RSA and ECDSA alike.

Read here and not by a library since those refuse the SM2 curve and some
certificates seen in real seals; what such a certificate gets wrong is kept as a
note. Bytes to verify are the original ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from elicense.crypto import der
from elicense.crypto.algorithms import SignatureAlgorithm, signature_algorithm
from elicense.crypto.der import Cursor, Node
from elicense.crypto.names import Name, read_name
from elicense.errors import InputError

SM2_CURVE = "1.2.156.10197.1.301"
_CURVES = {
    SM2_CURVE: ("sm2", 256),
    "1.2.840.10045.3.1.7": ("p256", 256),
    "1.3.132.0.34": ("p384", 384),
    "1.3.132.0.35": ("p521", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}
_KEY_USAGE = (
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
    "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
)  # fmt: skip
# Read here, or (alternative names, policies, CRL addresses) without any say in whether a
# path holds: every policy is admitted, and a partial CRL is told by the CRL itself.
_HANDLED = {
    "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.18", "2.5.29.19", "2.5.29.30", "2.5.29.31",
    "2.5.29.32", "2.5.29.35", "2.5.29.37",
}  # fmt: skip
EKU_TIMESTAMPING = "1.3.6.1.5.5.7.3.8"
EKU_OCSP = "1.3.6.1.5.5.7.3.9"
EKU_ANY = "2.5.29.37.0"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """``kind``: sm2 | rsa | ec | ed25519 | ed448 | unknown; ``curve`` for ec; size in bits.
    ``point`` is the uncompressed point octets for sm2, as found; ``pss_only`` an RSA key
    that may sign with RSASSA-PSS alone (RFC 4055 section 1.2)."""

    kind: str
    bits: int
    curve: str = ""
    point: bytes = field(repr=False, default=b"")
    pss_only: bool = False


_OTHER_KEYS = {"1.3.101.112": PublicKey("ed25519", 256), "1.3.101.113": PublicKey("ed448", 456)}


@dataclass(frozen=True, slots=True)
class Extensions:
    """The extensions this library reads; ``None`` where absent."""

    ca: bool | None = None  # basicConstraints present, and its cA
    path_length: int | None = None
    key_usage: frozenset[str] | None = None
    key_usage_critical: bool = False
    extended_key_usage: frozenset[str] | None = None
    extended_key_usage_critical: bool = False
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    unknown_critical: tuple[str, ...] = ()
    name_constraints: bytes | None = None
    crl_addresses: frozenset[bytes] = frozenset()  # GeneralName TLVs of cRLDistributionPoints
    ocsp_no_check: bool = False
    ocsp_addresses: tuple[str, ...] = ()  # of authorityInfoAccess (RFC 5280 4.2.2.1)

    @property
    def crl_urls(self) -> tuple[str, ...]:
        """The URIs of cRLDistributionPoints that are ASCII, in a fixed order."""
        return tuple(
            node.body.decode("ascii") for node in map(der.parse, sorted(self.crl_addresses))
            if node.tag == 0x86 and node.body.isascii()
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """One certificate. ``tbs`` and ``der`` are the original bytes; equal bytes, equal value."""

    der: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    serial: int
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    spki: bytes = field(repr=False)
    key: PublicKey
    algorithm: SignatureAlgorithm
    signature: bytes = field(repr=False)
    extensions: Extensions
    notes: tuple[str, ...] = ()
    algorithm_der: bytes = field(repr=False, default=b"")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    @property
    def self_issued(self) -> bool:
        return self.issuer.key == self.subject.key

    @property
    def display(self) -> str:
        """Who it is, for people: common name, else organisation, else the whole name."""
        return self.subject.get("CN") or self.subject.get("O") or str(self.subject)

    def fingerprint(self, name: str = "sha256") -> bytes:
        from elicense.crypto.algorithms import digest

        return digest(name, self.der)


@lru_cache(maxsize=2048)
def read_certificate(data: bytes) -> Certificate:
    """One DER certificate.

    Tolerated with a note: trailing bytes, non-minimal or negative serial
    numbers, a BIT STRING whose unused-bits octet is not 0, an inner signature
    algorithm that differs in its parameters. Raises InputError for all else.
    """
    notes: list[str] = []
    top = der.parse(data, trailing=True)
    if top.end != len(data):
        notes.append("certificate-trailing-bytes")
        data = top.raw
        top = der.parse(data)
    outer = Cursor(top, "Certificate")
    tbs = outer.next(der.SEQUENCE, "tbsCertificate")
    algorithm_node = outer.next(der.SEQUENCE, "signatureAlgorithm")
    unused, signature = outer.next(der.BIT_STRING, "signature").bits()
    outer.finish()
    if unused:
        notes.append("unused-bits")
    return _read_tbs(data, tbs, algorithm_node, signature, notes)


def _read_tbs(
    data: bytes, tbs: Node, algorithm_node: Node, signature: bytes, notes: list[str]
) -> Certificate:
    cursor = Cursor(tbs, "TBSCertificate")
    version = cursor.optional(0xA0)
    if version is not None and version.only().integer() not in {0, 1, 2}:
        raise version.fail("certificate", "certificate version is not 1, 2 or 3")
    serial_node = cursor.next(der.INTEGER, "serialNumber")
    serial = serial_node.integer(strict=False)
    if serial <= 0 or len(serial_node.body) > 21:
        notes.append("serial-number")
    inner = cursor.next(der.SEQUENCE, "signature")
    algorithm = signature_algorithm(_algorithm_oid(algorithm_node))
    if inner.raw != algorithm_node.raw:
        if _algorithm_oid(inner) != algorithm.oid:
            raise inner.fail("certificate", "inner and outer signature algorithms differ")
        notes.append("algorithm-parameters-differ")
    issuer = read_name(cursor.next(der.SEQUENCE, "issuer"))
    validity = Cursor(cursor.next(der.SEQUENCE, "validity"), "Validity")
    not_before, not_after = validity.next().time(), validity.next().time()
    validity.finish()
    subject = read_name(cursor.next(der.SEQUENCE, "subject"))
    spki = cursor.next(der.SEQUENCE, "subjectPublicKeyInfo")
    extensions = Extensions()
    for tags in ({0x81, 0xA1}, {0x82, 0xA2}):  # the unique identifiers, which nobody uses
        if cursor.peek() in tags:
            cursor.next()
    node = cursor.optional(0xA3)
    if node is not None:
        extensions = _read_extensions(node.only(), notes)
    cursor.finish()
    return Certificate(
        der=data, tbs=tbs.raw, serial=serial, issuer=issuer, subject=subject,
        not_before=not_before, not_after=not_after, spki=spki.raw, key=read_public_key(spki),
        algorithm=algorithm, signature=signature, extensions=extensions, notes=tuple(notes),
        algorithm_der=algorithm_node.raw,
    )  # fmt: skip


def _algorithm_oid(node: Node) -> str:
    return Cursor(node, "AlgorithmIdentifier").next(der.OID, "algorithm").oid()


def read_public_key(spki: Node) -> PublicKey:
    """What kind of key a SubjectPublicKeyInfo holds (RFC 5280, GM/T 0015)."""
    cursor = Cursor(spki, "SubjectPublicKeyInfo")
    algorithm = Cursor(cursor.next(der.SEQUENCE, "algorithm"), "AlgorithmIdentifier")
    oid = algorithm.next(der.OID, "algorithm").oid()
    _unused, value = cursor.next(der.BIT_STRING, "subjectPublicKey").bits()
    cursor.finish()
    if oid == "1.2.840.10045.2.1" and algorithm.peek() == der.OID:
        curve_oid = algorithm.next().oid()
        curve, bits = _CURVES.get(curve_oid, (curve_oid, 0))
        if curve == "sm2":
            return PublicKey("sm2", bits, "sm2", value)
        return PublicKey("ec", bits, curve, value)
    if oid in {SM2_CURVE, "1.2.156.10197.1.301.1"}:
        return PublicKey("sm2", 256, "sm2", value)
    if oid in {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"}:
        modulus = Cursor(der.parse(value), "RSAPublicKey").next(der.INTEGER, "modulus")
        pss_only = oid.endswith(".10")
        return PublicKey("rsa", modulus.integer(strict=False).bit_length(), pss_only=pss_only)
    return _OTHER_KEYS.get(oid, PublicKey("unknown", 0))


def _read_extensions(node: Node, notes: list[str]) -> Extensions:
    seen: dict[str, tuple[bool, bytes]] = {}
    for item in node.expect(der.SEQUENCE, "Extensions").children():
        cursor = Cursor(item, "Extension")
        oid = cursor.next(der.OID, "extnID").oid()
        critical_node = cursor.optional(der.BOOLEAN)
        critical = critical_node.boolean() if critical_node else False
        value = cursor.next(der.OCTET_STRING, "extnValue").octets()
        cursor.finish()
        if oid in seen:
            raise item.fail("certificate", f"extension {oid} appears twice")
        seen[oid] = (critical, value)
    try:
        return _known_extensions(seen)
    except InputError as exc:
        # the certificate can be shown, but no path may be built over it
        notes.append(f"extension-unreadable: {exc.detail}")
        return Extensions(unknown_critical=("unreadable",))


def _known_extensions(seen: dict[str, tuple[bool, bytes]]) -> Extensions:
    ca: bool | None = None
    path_length: int | None = None
    if "2.5.29.19" in seen:
        cursor = Cursor(der.parse(seen["2.5.29.19"][1]), "BasicConstraints")
        flag = cursor.optional(der.BOOLEAN)
        ca = flag.boolean() if flag else False
        limit = cursor.optional(der.INTEGER)
        path_length = limit.integer() if limit else None
        cursor.finish()
    usage_critical, usage = seen.get("2.5.29.15", (False, None))
    eku_critical, eku = seen.get("2.5.29.37", (False, None))
    return Extensions(
        ca=ca,
        path_length=path_length,
        key_usage=_key_usage(usage) if usage is not None else None,
        key_usage_critical=usage_critical,
        extended_key_usage=_purposes(eku) if eku is not None else None,
        extended_key_usage_critical=eku_critical,
        subject_key_id=der.parse(seen["2.5.29.14"][1]).octets() if "2.5.29.14" in seen else None,
        authority_key_id=_authority_key_id(seen["2.5.29.35"][1]) if "2.5.29.35" in seen else None,
        unknown_critical=tuple(
            oid for oid, (critical, _) in seen.items() if critical and oid not in _HANDLED
        ),
        name_constraints=seen["2.5.29.30"][1] if "2.5.29.30" in seen else None,
        crl_addresses=_crl_addresses(seen["2.5.29.31"][1]) if "2.5.29.31" in seen else frozenset(),
        ocsp_no_check="1.3.6.1.5.5.7.48.1.5" in seen,
        ocsp_addresses=_ocsp_addresses(seen.get("1.3.6.1.5.5.7.1.1", (False, b""))[1]),
    )


def _key_usage(value: bytes) -> frozenset[str]:
    _unused, octets = der.parse(value).bits()
    return frozenset(
        name
        for index, name in enumerate(_KEY_USAGE)
        if index // 8 < len(octets) and octets[index // 8] >> (7 - index % 8) & 1
    )


def _authority_key_id(value: bytes) -> bytes | None:
    for node in der.parse(value).children():
        if node.tag == 0x80:
            return node.body
    return None


def _purposes(value: bytes) -> frozenset[str]:
    return frozenset(node.oid() for node in der.parse(value).expect(der.SEQUENCE).children())


def _crl_addresses(value: bytes) -> frozenset[bytes]:
    """The names of all distribution points, each as its exact GeneralName TLV."""
    try:
        points = der.parse(value).children()
        return frozenset(name for point in points for name in full_names(point))
    except InputError:
        return frozenset()  # then a partial CRL fits no address of this certificate


def _ocsp_addresses(value: bytes) -> tuple[str, ...]:
    """Where OCSP responders are; none if it cannot be read: no path depends on it."""
    try:
        found = [node.children() for node in der.parse(value).children()] if value else []
        return tuple(
            place.body.decode("ascii") for method, place in found
            if method.oid() == "1.3.6.1.5.5.7.48.1" and place.tag == 0x86
        )  # fmt: skip
    except (InputError, ValueError):
        return ()


def full_names(point: Node) -> list[bytes]:
    """The fullName of a DistributionPoint or an IssuingDistributionPoint (RFC 5280 5.2.5)."""
    return [
        name.raw
        for member in point.children() if member.tag == 0xA0
        for form in member.children() if form.tag == 0xA0
        for name in form.children()
    ]  # fmt: skip


def read_certificates(items: list[bytes]) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """Many at once: those that can be read, and what was wrong with the others."""
    found: list[Certificate] = []
    problems: list[str] = []
    for item in items:
        try:
            certificate = read_certificate(item)
        except InputError as exc:
            problems.append(str(exc))
            continue
        if certificate not in found:
            found.append(certificate)
    return tuple(found), tuple(problems)
