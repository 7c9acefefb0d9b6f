"""Making an electronic seal 电子印章: what it says is checked, then its maker signs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO

from elicense.crypto import ses as reader
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.verify import check_value
from elicense.errors import Error, FieldFault, InputError, IssueRefused
from elicense.issuing import ses
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.ses import SealContent, Version
from elicense.issuing.validate_seal import signer_faults

_SIGNING = {"digitalSignature", "nonRepudiation"}
_LARGEST = 100  # mm
_MAX_PICTURE = 512 * 1024


def make(
    content: SealContent, *, maker: Credential, version: Version = 4, stamp: Stamp | None = None
) -> bytes:
    """An SESeal in DER (GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025).

    IssueRefused with every fault of ``content`` and ``maker``; Error ``issue.self-check``
    if the seal does not read back as it was meant.
    """
    faults = tuple(_faults(content, maker, version, stamped=stamp is not None))
    if faults:
        raise IssueRefused(faults, place=content.name)
    made = ses.make_seal(content, maker=maker, version=version, stamp=stamp)
    _prove(made, content, version)
    return made


def _faults(
    content: SealContent, maker: Credential, version: int, *, stamped: bool
) -> Iterator[FieldFault]:
    if not content.id or not content.id.isascii() or not content.id.isprintable():
        yield FieldFault("id", "seal.id", "printable ASCII is needed")
    if not content.name.strip():
        yield FieldFault("name", "field.missing", "the seal needs a name")
    if content.valid_from >= content.valid_until:
        detail = f"{content.valid_from:%F} is not before {content.valid_until:%F}"
        yield FieldFault("valid_from", "dates.order", detail)
    if content.created > content.valid_until:
        yield FieldFault("created", "dates.order", "it would have expired before it was made")
    for name, value in (("width", content.width), ("height", content.height)):
        if not 1 <= value <= _LARGEST:
            yield FieldFault(name, "seal.size", f"{value} mm is not from 1 to {_LARGEST}")
    yield from _picture(content.picture)
    if not content.signers:
        detail = "at least one certificate that may use it"
        yield FieldFault("signers", "field.missing", detail)
    for index, data in enumerate(content.signers):
        yield from _listed(f"signers.{index}", data, content)
    if version == 1 and content.by_digest:
        yield FieldFault("by_digest", "seal.version", "version 1 lists certificates, not digests")
    if stamped and version != 5:
        yield FieldFault("timestamp", "seal.version", "only version 5 holds a timestamp")
    yield from signer_faults("maker", maker, content.created)


def _picture(data: bytes) -> Iterator[FieldFault]:
    from PIL import Image

    if len(data) > _MAX_PICTURE:
        yield FieldFault("picture", "seal.picture", f"larger than {_MAX_PICTURE} bytes")
        return
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as picture:
            if max(picture.size) > 4096:
                yield FieldFault("picture", "seal.picture", "more than 4096 pixels a side")
            else:
                picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        yield FieldFault("picture", "seal.picture", "not a PNG that can be read")


def _listed(path: str, data: bytes, content: SealContent) -> Iterator[FieldFault]:
    try:
        certificate = read_certificate(data)
    except InputError as error:
        yield FieldFault(path, "signer.certificate", f"not a certificate: {error.detail}")
        return
    yield from _fitting(path, certificate, content.created)


def _fitting(path: str, certificate: Certificate, time: datetime) -> Iterator[FieldFault]:
    if time > certificate.not_after:
        detail = f"{certificate.display} expired on {certificate.not_after:%F}"
        yield FieldFault(path, "signer.expired", detail)
    usage = certificate.extensions.key_usage
    if usage is not None and not usage & _SIGNING:
        yield FieldFault(path, "signer.key-usage", f"the key of {certificate.display} may not sign")
    if certificate.extensions.ca:
        yield FieldFault(path, "signer.ca", "a CA's certificate does not use seals")


def _prove(made: bytes, content: SealContent, version: int) -> None:
    seal = reader.read_seal(made)
    problems = [note.kind for note in seal.notes]
    if seal.maker_value is None or not check_value(seal.maker_value).ok:
        problems.append("the maker's signature does not verify")
    if (seal.version, seal.id, seal.name) != (version, content.id, content.name):
        problems.append("it says something else")
    if problems:
        raise Error("issue.self-check", "; ".join(problems), place=content.name)
