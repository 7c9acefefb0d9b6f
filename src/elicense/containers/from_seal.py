"""Evidence from a bare seal (``.esl``) or a bare SES_Signature (``SignedValue.dat``)."""

from __future__ import annotations

from elicense.containers.signature import Protected, read_signature
from elicense.crypto import der, ses
from elicense.errors import InputError
from elicense.evidence import Coverage, Evidence, Fault


def read(data: bytes, sha256: str) -> Evidence:
    """The seal, or the signature with the document it protects missing."""
    shape = ses.shape(der.parse(data))
    if shape == "seal":
        seal = ses.read_seal(data)
        return Evidence("seal", len(data), sha256, seal=seal, notes=seal.notes)
    if shape != "signature":
        raise InputError("container.asn1", "neither an electronic seal nor a signature by one")
    signature, _ = read_signature(
        data, Protected("(document not given)", ()), index=1, place="SignedValue",
        profile="SES", container="ofd", coverage=Coverage(whole=False),
    )  # fmt: skip
    fault = Fault(
        "integrity.digest", "document-absent", "SignedValue",
        "the document that was sealed is not in this file", fatal=False,
    )  # fmt: skip
    from dataclasses import replace

    alone = replace(signature, digests=(), faults=(*signature.faults, fault))
    return Evidence("signed-value", len(data), sha256, signatures=(alone,), seal=signature.seal)
