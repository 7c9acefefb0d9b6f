"""Electronic seals and seal signatures: GM/T 0031-2014 (version 1), GB/T 38540-2020
(version 4) and GM/T 0031-2025 (version 5), in strict DER.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from elicense.crypto import algorithms, der
from elicense.errors import UsageError
from elicense.issuing.credential import Credential, Stamp

Version = Literal[1, 4, 5]
VENDOR = "ELICENSE"


@dataclass(frozen=True, slots=True)
class SealContent:
    """What a seal maker puts into a seal.

    ``id`` is ASCII; ``type`` 1 is a seal of an organisation, 2 of a person;
    ``signers`` are the DER certificates that may use it, listed as SM3 digests
    where ``by_digest`` is set (versions 4 and 5); the picture is a PNG of
    ``width`` by ``height`` millimetres. The times are aware.
    """

    id: str
    name: str
    signers: tuple[bytes, ...] = field(repr=False)
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: bytes = field(repr=False)
    width: int = 40
    height: int = 40
    type: int = 1
    by_digest: bool = False


def make_seal(
    content: SealContent, *, maker: Credential, version: Version = 4, stamp: Stamp | None = None
) -> bytes:
    """SESeal in DER, signed by the seal maker.

    Version 1 signs the SealInfo with the maker's certificate and algorithm, 4 and
    5 the SealInfo alone; ``stamp`` adds version 5's timestamp over the signature.
    UsageError ``ses.seal`` for what the version cannot say.
    """
    if not content.signers:
        raise UsageError("ses.seal", "a seal must list at least one signer's certificate")
    if version == 1 and content.by_digest:
        raise UsageError("ses.seal", "version 1 lists certificates, not digests")
    if stamp is not None and version != 5:
        raise UsageError("ses.seal", "only version 5 seals hold a timestamp")
    info = der.seq(
        der.seq(der.ia5("ES"), der.integer(version), der.ia5(VENDOR)),
        der.ia5(content.id),
        _property(content, version),
        der.seq(
            der.ia5("png"),
            der.octets(content.picture),
            der.integer(content.width),
            der.integer(content.height),
        ),
    )
    certificate, algorithm = der.octets(maker.certificate), der.oid(maker.algorithm)
    if version == 1:
        value = maker.sign(der.seq(info, certificate, algorithm))
        return der.seq(info, der.seq(certificate, algorithm, der.bits(value)))
    value = maker.sign(info)
    timestamp = b"" if stamp is None else der.explicit(0, der.bits(stamp(value)))
    return der.seq(info, certificate, algorithm, der.bits(value), timestamp)


def _property(content: SealContent, version: Version) -> bytes:
    moment = der.utctime if version == 1 else der.gentime
    if content.by_digest:
        digests = (
            der.seq(der.printable("SM3"), der.octets(algorithms.digest("sm3", certificate)))
            for certificate in content.signers
        )
        signers = der.seq(*digests)
    else:
        signers = der.seq(*(der.octets(certificate) for certificate in content.signers))
    list_type = b"" if version == 1 else der.integer(2 if content.by_digest else 1)
    return der.seq(
        der.integer(content.type),
        der.utf8(content.name),
        list_type,
        signers,
        moment(content.created),
        moment(content.valid_from),
        moment(content.valid_until),
    )


def seal_version(seal: bytes) -> Version:
    """The version of an SESeal by its structure, and by its header between 4 and 5."""
    members = der.parse(seal).expect(der.SEQUENCE, "SESeal").children()
    if len(members) == 2:
        return 1
    header = members[0].children()[0].children()
    return 5 if header[1].integer() == 5 else 4


def sign(
    seal: bytes,
    *,
    credential: Credential,
    time: datetime,
    data_hash: bytes,
    property_info: str,
    stamp: Stamp | None = None,
    signed: Mapping[str, bytes] | None = None,
) -> bytes:
    """SES_Signature in DER over ``data_hash`` with ``seal`` in it; same version as the seal.

    ``property_info`` is ASCII: in an OFD the absolute path of Signature.xml.
    ``signed`` is extension data by OID, under the signature (versions 4 and 5 only:
    UsageError ``ses.extension``); readers that do not know it may pass over it.
    ``stamp`` timestamps the signature value (versions 4 and 5 only: UsageError
    ``ses.timestamp``).
    """
    version = seal_version(seal)
    certificate, algorithm = der.octets(credential.certificate), der.oid(credential.algorithm)
    head = der.integer(version) + der.parse(seal).raw
    body = der.bits(data_hash) + der.ia5(property_info)
    if version == 1:
        if signed:
            raise UsageError("ses.extension", "a version 1 signature has no extension data")
        if stamp is not None:
            raise UsageError("ses.timestamp", "a version 1 signature has no place for a timestamp")
        # timeInfo is a BIT STRING here; it holds a UTCTime (GM/T 0031-2014 §8).
        tbs = der.seq(head, der.bits(der.utctime(time)), body, certificate, algorithm)
        return der.seq(tbs, der.bits(credential.sign(tbs)))
    tbs = der.seq(head, der.gentime(time), body, _extensions(signed or {}))
    value = credential.sign(tbs)
    timestamp = b"" if stamp is None else der.explicit(0, der.bits(stamp(value)))
    return der.seq(tbs, certificate, algorithm, der.bits(value), timestamp)


def _extensions(signed: Mapping[str, bytes]) -> bytes:
    """extDatas (GB/T 38540-2020 7.1); ``critical`` is always encoded there."""
    if not signed:
        return b""
    items = (
        der.seq(der.oid(oid), der.boolean(False), der.octets(value))
        for oid, value in signed.items()
    )
    return der.explicit(0, der.seq(*items))
