"""CMS SignedData, as RFC 5652 and as GB/T 35275 (GM/T 0010) write it.

One signer each time. With attributes the signature covers the attributes and
they hold the digest of the content; without, it covers the content itself
(GB/T 35275 seals sign a 32-byte SM3 digest that way, and hash it once more).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from elicense.crypto import algorithms, der
from elicense.errors import UsageError
from elicense.issuing.credential import (
    DIGEST_OIDS,
    Credential,
    Stamp,
    algorithm_identifier,
    issuer_and_serial,
)

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
GM_DATA = "1.2.156.10197.6.1.4.2.1"
GM_SIGNED_DATA = "1.2.156.10197.6.1.4.2.2"
GM_SM2_SIGN = "1.2.156.10197.1.301.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"


@dataclass(frozen=True, slots=True)
class Attributes:
    """Which signed attributes to write beside contentType and messageDigest.

    ``signing_time`` is an aware time or None (PAdES leaves it to /M);
    ``signing_certificate`` adds ESS signing-certificate-v2 (RFC 5035). ``more`` are
    further attributes by OID, each with one OCTET STRING.
    """

    signing_time: datetime | None = None
    signing_certificate: bool = True
    more: Mapping[str, bytes] = field(default_factory=dict)


def sign(
    credential: Credential,
    *,
    content: bytes | None = None,
    digest: bytes | None = None,
    attached: bool = False,
    content_type: str = "",
    attributes: Attributes | None = None,
    gm: bool = False,
    stamp: Stamp | None = None,
    crls: tuple[bytes, ...] = (),
    ocsps: tuple[bytes, ...] = (),
) -> bytes:
    """DER ContentInfo with one SignedData.

    Give ``content``, or for a detached signature only its ``digest`` (by the
    credential's digest algorithm). ``attributes=None`` signs the content itself.
    ``gm`` writes the object identifiers of GB/T 35275 and needs an SM2 key.
    ``stamp`` adds a timestamp over the signature value (RFC 3161, RFC 5126 §6.1.1);
    ``crls`` and ``ocsps`` (RFC 5940) travel along, unsigned: each has its own signature.

    UsageError ``cms.content`` if what is needed is missing, ``cms.algorithm`` for
    a GB/T 35275 structure by another key.
    """
    if gm and credential.family != "sm2":
        raise UsageError("cms.algorithm", "a GB/T 35275 signature needs an SM2 key")
    inner_type = content_type or (GM_DATA if gm else DATA)
    if attributes is None:
        if content is None:
            raise UsageError("cms.content", "without attributes the content itself is signed")
        signed_attributes, value = b"", credential.sign(content)
    else:
        encoded = _signed_attributes(
            credential, inner_type, _content_digest(credential, content, digest), attributes
        )
        signed_attributes, value = der.implicit(0, encoded), credential.sign(encoded)
    if attached and content is None:
        raise UsageError("cms.content", "an attached signature needs the content")
    inner = der.seq(
        der.oid(inner_type),
        der.explicit(0, der.octets(content)) if attached and content is not None else b"",
    )
    version = 3 if inner_type not in {DATA, GM_DATA} else 1
    body = der.seq(
        der.integer(version),
        der.set_(algorithm_identifier(DIGEST_OIDS[credential.digest])),
        inner,
        _implicit_set(0, (credential.certificate, *credential.chain)),
        _implicit_set(1, _revocation_choices(crls, ocsps)),
        der.set_(_signer_info(credential, signed_attributes, value, gm=gm, stamp=stamp)),
    )
    return der.seq(der.oid(GM_SIGNED_DATA if gm else SIGNED_DATA), der.explicit(0, body))


def _revocation_choices(crls: tuple[bytes, ...], ocsps: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """CRLs as they are, OCSP responses as OtherRevocationInfoFormat (RFC 5940 §2.1)."""
    others = (der.implicit(1, der.seq(der.oid(_OCSP_RESPONSE), item)) for item in ocsps)
    return (*crls, *others)


def with_validation_data(
    message: bytes,
    *,
    certificates: tuple[bytes, ...] = (),
    crls: tuple[bytes, ...] = (),
    ocsps: tuple[bytes, ...] = (),
) -> bytes:
    """A DER ContentInfo with more certificates and revocation data in its SignedData.

    None of these is under the signature (RFC 5652 §5.1), so it stays as good as it was.
    What is there already is kept and not written twice.
    """
    outer = der.parse(message).expect(der.SEQUENCE, "ContentInfo").children()
    signed = outer[1].only()
    cursor = der.Cursor(signed, "SignedData")
    head = b"".join(cursor.next().raw for _ in range(3))
    present = {0: cursor.optional(0xA0), 1: cursor.optional(0xA1)}
    tail = cursor.next(der.SET, "signerInfos").raw
    cursor.finish()
    added = {0: certificates, 1: _revocation_choices(crls, ocsps)}
    sets = b""
    for number, node in present.items():
        old = tuple(item.raw for item in node.children()) if node is not None else ()
        sets += _implicit_set(number, tuple(dict.fromkeys((*old, *added[number]))))
    return der.seq(outer[0].raw, der.explicit(0, der.seq(head, sets, tail)))


def _content_digest(credential: Credential, content: bytes | None, digest: bytes | None) -> bytes:
    if (content is None) == (digest is None):
        raise UsageError("cms.content", "give the content or its digest, one of the two")
    if content is not None:
        return algorithms.digest(credential.digest, content)
    assert digest is not None
    if len(digest) != 32:
        raise UsageError("cms.content", "the digest must have 32 bytes")
    return digest


def _attribute(oid: str, value: bytes) -> bytes:
    return der.seq(der.oid(oid), der.set_(value))


def _signed_attributes(
    credential: Credential, content_type: str, digest: bytes, wanted: Attributes
) -> bytes:
    """SET OF Attribute, the exact bytes that are signed (RFC 5652 §5.4)."""
    parts = [
        _attribute(_CONTENT_TYPE, der.oid(content_type)),
        _attribute(_MESSAGE_DIGEST, der.octets(digest)),
    ]
    if wanted.signing_time is not None:
        parts.append(_attribute(_SIGNING_TIME, der.utctime(wanted.signing_time)))
    if wanted.signing_certificate:
        parts.append(_attribute(_SIGNING_CERTIFICATE_V2, _signing_certificate(credential)))
    parts += [_attribute(oid, der.octets(value)) for oid, value in wanted.more.items()]
    return der.set_(*parts)


def _signing_certificate(credential: Credential) -> bytes:
    """SigningCertificateV2 with one ESSCertIDv2 (RFC 5035 §4); sha256 is the DEFAULT."""
    issuer, serial = issuer_and_serial(credential.certificate)
    name = credential.digest
    algorithm = b"" if name == "sha256" else algorithm_identifier(DIGEST_OIDS[name])
    identifier = der.seq(
        algorithm,
        der.octets(algorithms.digest(name, credential.certificate)),
        der.seq(der.seq(der.explicit(4, issuer)), serial),
    )
    return der.seq(der.seq(identifier))


def _signer_info(
    credential: Credential, signed_attributes: bytes, value: bytes, *, gm: bool, stamp: Stamp | None
) -> bytes:
    issuer, serial = issuer_and_serial(credential.certificate)
    unsigned = b""
    if stamp is not None:
        attribute = _attribute(_SIGNATURE_TIMESTAMP, stamp(value))
        unsigned = der.implicit(1, der.set_(attribute))
    return der.seq(
        der.integer(1),
        der.seq(issuer, serial),
        algorithm_identifier(DIGEST_OIDS[credential.digest]),
        signed_attributes,
        algorithm_identifier(GM_SM2_SIGN if gm else credential.algorithm),
        der.octets(value),
        unsigned,
    )


def _implicit_set(number: int, members: tuple[bytes, ...]) -> bytes:
    return der.implicit(number, der.set_(*members)) if members else b""
