"""Asking an OCSP responder (RFC 6960 4.1): the question, and whether an answer is to it."""

from __future__ import annotations

from elicense.crypto import der
from elicense.crypto.algorithms import digest
from elicense.crypto.certificate import Certificate
from elicense.errors import Error
from elicense.trust.ocsp import key_octets, read_ocsp

REQUEST = "application/ocsp-request"
NONCE_SIZE = 32  # RFC 9654 2.1
_SHA1 = "1.3.14.3.2.26"
_NONCE = "1.3.6.1.5.5.7.48.1.2"


def request(certificate: Certificate, issuer: Certificate, *, nonce: bytes) -> bytes:
    """A DER OCSPRequest for one certificate, marked with ``nonce``.

    The certificate is named by SHA-1 digests, the one form that every responder knows (RFC
    5019 2.1.1, RFC 9654); they name it only, nothing rests on them.
    """
    identifier = der.seq(
        der.seq(der.oid(_SHA1), der.null()),
        der.octets(digest("sha1", certificate.issuer.der)),
        der.octets(digest("sha1", key_octets(issuer.spki))),
        der.integer(certificate.serial),
    )
    extension = der.seq(der.oid(_NONCE), der.octets(der.octets(nonce)))
    return der.seq(
        der.seq(der.seq(der.seq(identifier)), der.explicit(2, der.seq(extension))),
    )  # fmt: skip


def check_nonce(answer: bytes, nonce: bytes) -> None:
    """Error ``ocsp.nonce`` for an answer to another question. One without a nonce passes:
    responders that answer from a store leave it out (RFC 5019 2.2.1), and its dates count.
    InputError for what is no OCSP response."""
    echoed = read_ocsp(answer).nonce
    if echoed is not None and echoed != nonce:
        raise Error("ocsp.nonce", "the answer is to another question")
