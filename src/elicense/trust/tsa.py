"""Asking a time-stamping authority over HTTP (RFC 3161 §3.4; GM/T 0033 for SM3)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from elicense.crypto import algorithms, der
from elicense.crypto.cms import read_cms
from elicense.crypto.timestamp import read_token
from elicense.errors import Error, InputError, UsageError
from elicense.trust import fetch

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
_DIGESTS = {"sm3": "1.2.156.10197.1.401", "sha256": "2.16.840.1.101.3.4.2.1"}
_STATUS = ("granted", "granted with changes", "rejection", "waiting", "revocation warning",
           "revocation")  # fmt: skip


def authority(
    url: str, *, digest: str = "sm3", caps: fetch.Caps = fetch.DEFAULT_CAPS
) -> Callable[[bytes], bytes]:
    """A function that has bytes stamped by the authority at ``url``.

    Only their digest (``sm3`` or ``sha256``) leaves the house. Each call opens one
    connection; Error ``timestamp.*`` or ``fetch.*`` for an answer that is no token over
    these bytes, for this question.
    """
    if digest not in _DIGESTS:
        raise UsageError("timestamp.digest", f"{digest!r} is not one of {', '.join(_DIGESTS)}")

    def stamp(message: bytes) -> bytes:
        nonce = secrets.randbits(63)
        question = request(algorithms.digest(digest, message), digest=digest, nonce=nonce)
        answer = fetch.post(url, question, content_type=QUERY, caps=caps)
        if answer.content_type != REPLY:
            detail = f"the answer is {answer.content_type or 'of no type'}, not {REPLY}"
            raise Error("timestamp.reply", detail, place=url)
        return token_of(answer.body, message, nonce=nonce, place=url)

    return stamp


def request(imprint: bytes, *, digest: str, nonce: int) -> bytes:
    """A DER TimeStampReq that asks for the authority's certificate too (RFC 3161 §2.4.1)."""
    identifier = der.seq(der.oid(_DIGESTS[digest]))
    if digest == "sha256":
        identifier = der.seq(der.oid(_DIGESTS[digest]), der.null())
    return der.seq(
        der.integer(1),
        der.seq(identifier, der.octets(imprint)),
        der.integer(nonce),
        der.boolean(True),
    )


def token_of(reply: bytes, message: bytes, *, nonce: int, place: str) -> bytes:
    """The token in a TimeStampResp, if it answers this question (RFC 3161 §2.4.2).

    Error ``timestamp.refused``, ``timestamp.reply``, ``timestamp.imprint``,
    ``timestamp.nonce``. Whether the authority may stamp is for the verifier.
    """
    try:
        cursor = der.Cursor(der.parse(reply), "TimeStampResp")
        info = der.Cursor(cursor.next(der.SEQUENCE, "status"), "PKIStatusInfo")
        status = info.next(der.INTEGER, "status").integer()
        if status not in {0, 1}:
            words = _STATUS[status] if 0 <= status < len(_STATUS) else str(status)
            raise Error("timestamp.refused", f"the authority answers: {words}", place=place)
        token = cursor.next(der.SEQUENCE, "timeStampToken").raw
        read = read_token(token, message, place=place)
        echoed = _nonce(token)
    except InputError as error:
        raise Error("timestamp.reply", f"not a timestamp: {error.detail}", place=place) from error
    if not read.imprint.matches:
        raise Error("timestamp.imprint", "the token is over other bytes", place=place)
    if echoed != nonce:
        raise Error("timestamp.nonce", "the token answers another question", place=place)
    return token


def _nonce(token: bytes) -> int | None:
    """The nonce of the TSTInfo: the INTEGER after genTime."""
    content = read_cms(token).content or b""
    members = der.parse(content).expect(der.SEQUENCE, "TSTInfo").children()
    found = next((node for node in members[5:] if node.tag == der.INTEGER), None)
    return found.integer() if found is not None else None
