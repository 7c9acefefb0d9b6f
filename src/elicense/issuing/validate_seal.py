"""What is wrong with the seal, the signer and how they are to be used: everything at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from elicense.crypto import ses
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.verify import check, check_value
from elicense.errors import Error, FieldFault, InputError
from elicense.evidence import Seal
from elicense.issuing.credential import Credential, Family

if TYPE_CHECKING:
    from elicense.issuing.pdf_seal import Profile

_SIGNING = {"digitalSignature", "nonRepudiation"}
_CHALLENGE = b"elicense: does this key belong to this certificate?"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a licence is to be sealed, before anything is drawn.

    ``format`` is ``ofd`` or ``pdf``; ``kind`` ``seal`` or ``sign`` (OFD without a seal);
    ``profile`` the PDF's SubFilter, empty for OFD.
    """

    format: str
    kind: str
    profile: Profile | None
    time: datetime
    timestamped: bool
    revocation: bool
    riding: bool
    archive: bool
    pages: int


def faults(
    plan: Plan, *, seal: bytes | None, signer: Credential, qr_signer: Credential | None
) -> tuple[FieldFault, ...]:
    """Every fault of seal, signer, QR signer and plan."""
    found = [*signer_faults("signer", signer, plan.time)]
    read = None
    if seal is not None:
        try:
            read = ses.read_seal(seal)
        except InputError as error:
            found.append(FieldFault("seal", "seal.unreadable", f"not a seal: {error.detail}"))
    if read is not None:
        found += _seal(read, plan, signer)
    found += _plan(plan, signer, read, given=seal is not None)
    if qr_signer is not None:
        found += signer_faults("qr_signer", qr_signer, plan.time)
        if qr_signer.family == "rsa":
            detail = "an RSA payload is too large for the page; sign QR codes with SM2 or P-256"
            found.append(FieldFault("qr_signer", "signer.family", detail))
    return tuple(found)


def signer_faults(path: str, signer: Credential, time: datetime) -> Iterator[FieldFault]:
    """What keeps a signer from signing at ``time``; ``path`` says whose place it has."""
    try:
        certificate = read_certificate(signer.certificate)
    except InputError as error:
        yield FieldFault(path, "signer.certificate", f"not a certificate: {error.detail}")
        return
    if time > certificate.not_after:
        detail = f"the certificate of {certificate.display} expired on {certificate.not_after:%F}"
        yield FieldFault(path, "signer.expired", detail)
    elif time < certificate.not_before:
        detail = f"the certificate of {certificate.display} begins on {certificate.not_before:%F}"
        yield FieldFault(path, "signer.not-yet-valid", detail)
    usage = certificate.extensions.key_usage
    if usage is not None and not usage & _SIGNING:
        yield FieldFault(path, "signer.key-usage", "its certificate's key may not sign")
    if certificate.extensions.ca:
        yield FieldFault(path, "signer.ca", "a CA's certificate does not seal licences")
    if _family(certificate) != signer.family:
        detail = f"the certificate holds a key for {certificate.key.kind}, not {signer.family}"
        yield FieldFault(path, "signer.mismatch", detail)
        return
    yield from _proof(path, signer)


def _family(certificate: Certificate) -> Family | None:
    key = certificate.key
    if key.kind == "ec" and key.curve != "p256":
        return None
    families: dict[str, Family] = {"rsa": "rsa", "sm2": "sm2", "ec": "ecdsa"}
    return families.get(key.kind)


def _proof(path: str, signer: Credential) -> Iterator[FieldFault]:
    try:
        belongs = _belongs(signer)
    except Error as error:
        yield FieldFault(path, error.code, error.detail)
        return
    if not belongs:
        detail = "the private key does not belong to the certificate"
        yield FieldFault(path, "signer.mismatch", detail)


@lru_cache(maxsize=64)
def _belongs(signer: Credential) -> bool:
    """One signature, verified: all that can be asked of a key in a token. Once a signer."""
    spki = read_certificate(signer.certificate).spki
    value = signer.sign(_CHALLENGE)
    algorithm, digest = signer.algorithm, signer.digest
    return check(spki, _CHALLENGE, value, algorithm=algorithm, digest=digest).ok


def _seal(seal: Seal, plan: Plan, signer: Credential) -> Iterator[FieldFault]:
    time = plan.time
    if seal.valid_until is not None and time > seal.valid_until:
        detail = f"the seal {seal.name} expired on {seal.valid_until:%F}"
        yield FieldFault("seal", "seal.expired", detail)
    if seal.valid_from is not None and time < seal.valid_from:
        detail = f"the seal {seal.name} may be used from {seal.valid_from:%F} on"
        yield FieldFault("seal", "seal.not-yet-valid", detail)
    if seal.valid_from is None or seal.valid_until is None:
        yield FieldFault("seal", "seal.unreadable", "its term of validity cannot be read")
    if seal.maker_value is None or not check_value(seal.maker_value).ok:
        detail = "the seal maker's signature does not verify"
        yield FieldFault("seal", "seal.maker", detail)
    if not _lists(seal, signer.certificate):
        detail = f"the seal {seal.name} does not list the signer's certificate"
        yield FieldFault("signer", "seal.signer", detail)
    if plan.format == "pdf" and seal.picture.type.lower() != "png":
        detail = f"a picture of type {seal.picture.type[:16]!r} cannot be drawn in a PDF"
        yield FieldFault("seal", "seal.picture", detail)


def _lists(seal: Seal, certificate: bytes) -> bool:
    from elicense.checks.signatures import lists

    try:
        return lists(seal, read_certificate(certificate))
    except InputError:
        return False  # signer_faults says that it is not a certificate


def _plan(
    plan: Plan, signer: Credential, seal: Seal | None, *, given: bool
) -> Iterator[FieldFault]:
    """What does not go together."""
    signs = plan.format == "ofd" and plan.kind == "sign"
    if signs and signer.family != "sm2":
        detail = "Type=Sign is a GB/T 35275 signature: it needs an SM2 key"
        yield FieldFault("signer", "signer.family", detail)
    if signs and given:
        yield FieldFault("seal", "plan.seal", "Type=Sign has no seal")
    if not signs and not given:
        yield FieldFault("seal", "field.missing", "a seal is needed")
    if plan.format == "ofd" and not signs and signer.family == "ecdsa":
        yield FieldFault("signer", "signer.family", "an electronic seal is used with SM2 or RSA")
    if (plan.profile or "").startswith("GM.") and signer.family != "sm2":
        yield FieldFault("signer", "signer.family", f"{plan.profile} needs an SM2 key")
    if plan.riding and (plan.pages < 2 or signs):
        detail = "a riding seal needs a seal and two pages at least"
        yield FieldFault("page", "plan.riding", detail)
    in_seal = not signs and (plan.format == "ofd" or plan.profile == "GM.sm2seal")
    if in_seal and plan.timestamped and seal is not None and seal.version == 1:
        detail = "a version 1 seal signature has no place for a timestamp"
        yield FieldFault("timestamp", "ses.timestamp", detail)
    if plan.format == "ofd" and not signs and plan.revocation and not plan.timestamped:
        detail = "an OFD's revocation data travels in the timestamp: one is needed"
        yield FieldFault("timestamp", "plan.revocation", detail)
    if plan.archive and (plan.format != "pdf" or not plan.timestamped):
        detail = "a document timestamp needs a PDF and a time-stamping authority"
        yield FieldFault("timestamp", "plan.archive", detail)
