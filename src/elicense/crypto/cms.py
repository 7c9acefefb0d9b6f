"""CMS SignedData: RFC 5652 and its Chinese twin GB/T 35275 (GM/T 0010).

Reads structure only; what it means for a document is decided by whoever knows
what was to be protected (``containers/signature.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from elicense.crypto import der
from elicense.crypto.algorithms import digest, digest_name, signature_algorithm
from elicense.crypto.certificate import Certificate
from elicense.crypto.der import Cursor, Node
from elicense.crypto.names import Name, read_name
from elicense.errors import InputError

SIGNED_DATA = {"1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.2"}
DATA = {"1.2.840.113549.1.7.1", "1.2.156.10197.6.1.4.2.1"}
GM_PREFIX = "1.2.156.10197.6.1.4.2."
ATTR_CONTENT_TYPE = "1.2.840.113549.1.9.3"
ATTR_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
ATTR_SIGNING_TIME = "1.2.840.113549.1.9.5"
ATTR_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
ATTR_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ATTR_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
ATTR_REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
ATTR_ADBE_REVOCATION = "1.2.840.113583.1.1.8"
_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signer. ``attributes`` are the signed ones, raw value TLVs by OID;
    ``attributes_der`` is what the signature covers (retagged SET OF) or None."""

    issuer: Name | None
    serial: int | None
    key_id: bytes | None
    digest: str  # canonical name or "" if unknown
    digest_oid: str
    algorithm: str
    pss: Mapping[str, Any] | None
    signature: bytes
    attributes_der: bytes | None = field(repr=False)
    attributes: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    unsigned: Mapping[str, tuple[bytes, ...]] = field(repr=False)

    def matches(self, certificate: Certificate) -> bool:
        """Is this the certificate that the SignerInfo names?"""
        if self.key_id is not None:
            return certificate.extensions.subject_key_id == self.key_id
        return (
            self.serial == certificate.serial
            and self.issuer is not None
            and self.issuer.key == certificate.issuer.key
        )

    @property
    def message_digest(self) -> bytes | None:
        value = self._one(ATTR_MESSAGE_DIGEST)
        return der.parse(value, ber=True).octets() if value is not None else None

    @property
    def content_type(self) -> str | None:
        value = self._one(ATTR_CONTENT_TYPE)
        return der.parse(value).oid() if value is not None else None

    @property
    def signing_time(self) -> datetime | None:
        value = self._one(ATTR_SIGNING_TIME)
        return der.parse(value).time() if value is not None else None

    def _one(self, oid: str) -> bytes | None:
        values = self.attributes.get(oid)
        if values is None:
            return None
        if len(values) != 1:
            raise InputError("cms.attribute", f"attribute {oid} does not have one value")
        return values[0]


@dataclass(frozen=True, slots=True)
class Cms:
    """A SignedData. ``content`` is the eContent or None where detached."""

    gm: bool  # GB/T 35275 object identifiers
    content_type: str
    content: bytes | None = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False)
    ocsps: tuple[bytes, ...] = field(repr=False)
    signers: tuple[SignerInfo, ...]
    ber: bool


def read_cms(data: bytes) -> Cms:
    """A ContentInfo holding SignedData, DER or bounded BER. Raises InputError."""
    try:
        return _read(der.parse(data), ber=False)
    except InputError as strict:
        try:
            return _read(der.parse(data, ber=True), ber=True)
        except InputError:
            raise strict from None


def _read(top: Node, *, ber: bool) -> Cms:
    info = Cursor(top, "ContentInfo")
    kind = info.next(der.OID, "contentType").oid()
    if kind not in SIGNED_DATA:
        raise top.fail("cms", f"content type {kind} is not SignedData")
    body = Cursor(info.next(0xA0, "content").only(), "SignedData")
    info.finish()
    body.next(der.INTEGER, "version").integer()
    body.next(der.SET, "digestAlgorithms")
    encapsulated = Cursor(body.next(der.SEQUENCE, "encapContentInfo"), "encapContentInfo")
    content_type = encapsulated.next(der.OID, "eContentType").oid()
    content_node = encapsulated.optional(0xA0)
    content = None
    if content_node is not None:
        inner = content_node.only()
        # PKCS#7 and GB/T 35275 allow any type here, CMS only an OCTET STRING
        content = inner.octets() if inner.tag in {der.OCTET_STRING, 0x24} else inner.raw
    certificates = body.optional(0xA0)
    revocations = body.optional(0xA1)
    signer_nodes = body.next(der.SET, "signerInfos").children()
    body.finish()
    crls, ocsps = _revocations(revocations)
    return Cms(
        gm=kind.startswith(GM_PREFIX) or content_type.startswith(GM_PREFIX),
        content_type=content_type,
        content=content,
        certificates=tuple(
            node.raw for node in (certificates.children() if certificates else ())
            if node.tag == der.SEQUENCE
        ),
        crls=crls,
        ocsps=ocsps,
        signers=tuple(_signer(node) for node in signer_nodes),
        ber=ber,
    )  # fmt: skip


def _revocations(node: Node | None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for item in node.children() if node else ():
        if item.tag == der.SEQUENCE:
            crls.append(item.raw)
        elif item.tag == 0xA1:  # OtherRevocationInfoFormat (RFC 5940: OCSP)
            other = Cursor(item, "OtherRevocationInfoFormat", 0xA1)
            if other.next(der.OID).oid() == "1.3.6.1.5.5.7.16.2":
                ocsps.append(other.next().raw)
    return tuple(crls), tuple(ocsps)


def _signer(node: Node) -> SignerInfo:
    cursor = Cursor(node, "SignerInfo")
    cursor.next(der.INTEGER, "version").integer()
    issuer: Name | None = None
    serial: int | None = None
    key_id: bytes | None = None
    sid = cursor.next(what="sid")
    if sid.tag == der.SEQUENCE:
        pair = Cursor(sid, "IssuerAndSerialNumber")
        issuer = read_name(pair.next(der.SEQUENCE, "issuer"))
        serial = pair.next(der.INTEGER, "serialNumber").integer(strict=False)
    elif sid.tag in {0x80, 0xA0}:
        key_id = sid.body if sid.tag == 0x80 else sid.only().octets()
    else:
        raise sid.fail("cms", "SignerInfo names no certificate")
    digest_node = cursor.next(der.SEQUENCE, "digestAlgorithm")
    digest_oid = Cursor(digest_node, "digestAlgorithm").next().oid()
    signed = cursor.optional(0xA0)
    algorithm_node = cursor.next(der.SEQUENCE, "signatureAlgorithm")
    algorithm_cursor = Cursor(algorithm_node, "signatureAlgorithm")
    algorithm = algorithm_cursor.next(der.OID).oid()
    signature = cursor.next(what="signature").octets()
    unsigned = cursor.optional(0xA1)
    cursor.finish()
    pss = None
    if algorithm == _PSS:
        pss = read_pss(algorithm_cursor.optional(der.SEQUENCE))
    return SignerInfo(
        issuer=issuer, serial=serial, key_id=key_id,
        # some writers name the signature algorithm where its digest belongs
        digest=digest_name(digest_oid) or signature_algorithm(digest_oid).digest,
        digest_oid=digest_oid,
        algorithm=algorithm, pss=pss, signature=signature,
        attributes_der=b"\x31" + signed.raw[1:] if signed else None,
        attributes=_attributes(signed), unsigned=_attributes(unsigned),
    )  # fmt: skip


def _attributes(node: Node | None) -> dict[str, tuple[bytes, ...]]:
    found: dict[str, tuple[bytes, ...]] = {}
    for item in node.children() if node else ():
        cursor = Cursor(item, "Attribute")
        oid = cursor.next(der.OID, "type").oid()
        values = tuple(value.raw for value in cursor.next(der.SET, "values").children())
        # an attribute given twice has, taken together, more than one value
        found[oid] = found.get(oid, ()) + values
    return found


def read_pss(node: Node | None) -> dict[str, Any]:
    """RSASSA-PSS-params (RFC 4055): digest, mgf_digest, salt; defaults are SHA-1 and 20."""
    values: dict[str, Any] = {"digest": "sha1", "mgf_digest": "sha1", "salt": 20}
    if node is None:
        return values
    cursor = Cursor(node, "RSASSA-PSS-params")
    if (item := cursor.optional(0xA0)) is not None:
        values["digest"] = digest_name(_algorithm(item.only()).next(der.OID).oid()) or ""
    if (item := cursor.optional(0xA1)) is not None:
        mask = _algorithm(item.only())
        if mask.next(der.OID).oid() != _MGF1:
            raise item.fail("pss", "the mask generation function is not MGF1")
        values["mgf_digest"] = digest_name(_algorithm(mask.next()).next(der.OID).oid()) or ""
    if (item := cursor.optional(0xA2)) is not None:
        values["salt"] = item.only().integer()
    if (item := cursor.optional(0xA3)) is not None and item.only().integer() != 1:
        raise item.fail("pss", "the trailer field is not 1")
    cursor.finish()
    return values


def _algorithm(node: Node) -> Cursor:
    return Cursor(node, "AlgorithmIdentifier")


def pss_parameters(algorithm: bytes) -> dict[str, Any] | None:
    """The parameters in an AlgorithmIdentifier (DER) of RSASSA-PSS; None for any other."""
    cursor = _algorithm(der.parse(algorithm))
    if cursor.next(der.OID, "algorithm").oid() != _PSS:
        return None
    return read_pss(cursor.optional(der.SEQUENCE))


def named_certificate_problem(signer: SignerInfo, certificate: Certificate) -> str:
    """Does signing-certificate (v1, v2; RFC 5035) name this certificate? Empty if it does,
    or if the attribute is absent; else a word."""
    for oid, default in (
        (ATTR_SIGNING_CERTIFICATE_V2, "sha256"),
        (ATTR_SIGNING_CERTIFICATE, "sha1"),
    ):
        values = signer.attributes.get(oid)
        if values is None:
            continue
        if len(values) != 1:
            return "signing-certificate-repeated"
        first = Cursor(
            Cursor(Cursor(der.parse(values[0]), "SigningCertificate").next(), "certs").next(),
            "ESSCertID",
        )
        name: str | None = default
        if oid == ATTR_SIGNING_CERTIFICATE_V2 and first.peek() == der.SEQUENCE:
            name = digest_name(Cursor(first.next(), "hashAlgorithm").next().oid())
        if not name or digest(name, certificate.der) != first.next(der.OCTET_STRING).octets():
            return "signing-certificate-differs"
    return ""


def signer_digest(signer: SignerInfo) -> str:
    """The digest that goes with the signature: fixed by its OID, by PSS, or by the signer."""
    if signer.pss is not None:
        return str(signer.pss["digest"])
    if signature_algorithm(signer.algorithm).family == "eddsa" and signer.attributes_der:
        return signer.digest
    return signature_algorithm(signer.algorithm).digest or signer.digest


def archived_revocation(signer: SignerInfo) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """CRLs and OCSP responses carried by the signer (Adobe's attribute, RFC 5126).

    Where these are malformed there are none: they stand outside the signature, and
    what they would have proven stays unproven.
    """
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    sources = signer.attributes.get(ATTR_ADBE_REVOCATION, ()) + signer.unsigned.get(
        ATTR_REVOCATION_VALUES, ()
    )
    try:
        for value in sources:
            for item in der.parse(value, ber=True).children():
                target = {0xA0: crls, 0xA1: ocsps}.get(item.tag)
                if target is not None:
                    target.extend(node.raw for node in item.only().children())
    except InputError:
        return (), ()
    return tuple(crls), tuple(ocsps)
