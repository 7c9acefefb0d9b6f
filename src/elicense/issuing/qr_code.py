"""The signed QR text of an exact ``licence.json``."""

from __future__ import annotations

from elicense import licence as licences
from elicense.errors import UsageError
from elicense.issuing.credential import Credential
from elicense.qr import payload

_RSA = "an RSA payload needs 34 mm and more in print: sign codes with SM2 or P-256"


def text_of(data: bytes, *, signer: Credential) -> str:
    """The QR text of ``data``, signed by ``signer`` (SM2, or P-256 as ES256).

    InputError if ``data`` is no ``licence.json``; UsageError ``qr.algorithm`` for an RSA
    signer, and for what a payload cannot hold.
    """
    if signer.family not in {"sm2", "ecdsa"}:
        raise UsageError("qr.algorithm", _RSA)
    return payload.encode(
        licences.load(data),
        data_digest=licences.data_digest(data),
        sign=lambda message: raw_value(signer, message),
        algorithm="sm2" if signer.family == "sm2" else "es256",
        kid=payload.key_id(signer.certificate),
    )


def raw_value(signer: Credential, message: bytes) -> bytes:
    """r‖s (64 bytes) of an SM2 or P-256 signature, as COSE wants it (RFC 9053 §2.1)."""
    value = signer.sign(message)
    if signer.family == "sm2":
        from elicense.crypto import sm2

        return sm2.decode_signature(value)
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(value)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
