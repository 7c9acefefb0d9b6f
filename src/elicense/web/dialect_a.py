"""Dialect A of the sharing interface: ``{head, data}`` in, ``{head: {status, message}, data}``
out. What a request may say, read strictly; no connection and no registry here."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from elicense import profiles
from elicense.crypto import sm2_encryption
from elicense.registry.accesses import PURPOSE_MAX
from elicense.web.sharing import Answer, Refused, message, words

# the most characters a value may have
_MOST = {
    "certIdentifier": 160, "certificateIdentifier": 160, "useCause": PURPOSE_MAX,
    "certificateCopyCause": PURPOSE_MAX, "holderCode": 64, "holder": 300, "certNo": 100,
    "qrcode": 4296, "content": 40 * 1024 * 1024,
}  # fmt: skip
_DEFAULT_MOST = 300
# certData's own names of what [metadata] has
CERT_DATA = {"holderCode": "CZZTDM", "holder": "CZZT", "certNo": "ZZBH", "certIdentifier": "ZZBS"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the scopes it takes, what must be said, what may be, and which of it
    names the licence and the purpose for the log."""

    scopes: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    subject: str = ""
    cause: str = "useCause"


_BY_HOLDER = ("holderCode", "holderTypeCode", "certTypeCode", "useCause")
OPERATIONS: Mapping[str, Operation] = {
    "queryCertInfo": Operation(
        ("query",), ("certIdentifier", "useCause"), subject="certIdentifier"),
    "queryCertInfoByHolderCode": Operation(("search",), _BY_HOLDER, ("certNo",), "certNo"),
    "downloadUrlsByHolderCode": Operation(("search", "file"), _BY_HOLDER, ("certNo",), "certNo"),
    "queryCertInfoByQRcode": Operation(("query",), ("qrcode", "useCause")),
    "downloadUrl": Operation(
        ("file",), ("certIdentifier",), ("useCause", "expiryTime"), "certIdentifier"),
    "downloadFile": Operation(
        ("file",), ("certificateIdentifier", "certificateCopyCause"),
        ("fileType", "certificateCopyExpiringTime"), "certificateIdentifier",
        "certificateCopyCause"),
    "verifyCertInfo": Operation(("query",), ("certTypeCode", "useCause")),
    "verifyFile": Operation(("verify",), ("certTypeCode", "content", "contentType", "useCause")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as read; nothing of it is checked but its shape."""

    access_id: str
    token: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)


def read(body: bytes) -> Asked:
    """Raises Refused 99 for what is no JSON of this shape, 11 without a credential."""
    try:
        found = json.loads(body, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as exc:
        raise Refused(99, "the body is not JSON") from exc
    if not isinstance(found, dict) or not isinstance(found.get("head"), dict):
        raise Refused(99, "an object with head and data is needed")
    access_id, token = found["head"].get("accessId"), found["head"].get("accessToken")
    if not isinstance(access_id, str) or not isinstance(token, str) or not access_id or not token:
        raise Refused(11, "head.accessId, head.accessToken")
    data = found.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise Refused(102, "data")
    return Asked(access_id, token, data)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def values(
    operation: Operation, data: Mapping[str, Any], waived: frozenset[str] = frozenset()
) -> dict[str, str]:
    """The texts an operation uses, every one checked. Refused 12, 102, 103 or 13."""
    found = {}
    for name in (*operation.required, *operation.optional):
        text = text_of(data, name)
        if text:
            found[name] = text
        elif name in operation.required and name not in waived:
            raise Refused(12, name)
    holder_type = found.get("holderTypeCode")
    if holder_type is not None and holder_type not in words()["holder_types"]:
        raise Refused(103, "holderTypeCode")
    kind = found.get("certTypeCode")
    if kind is not None and profiles.by_type_code(kind) is None:
        raise Refused(13, "certTypeCode")
    return found


def text_of(data: Mapping[str, Any], name: str) -> str:
    """A text without blanks around it; empty if it is missing."""
    value = data.get(name)
    if value is None:
        return ""
    most = _MOST.get(name, _DEFAULT_MOST)
    if not isinstance(value, str) or len(value) > most:
        raise Refused(102, f"{name}: a text of at most {most} characters")
    # base45 has spaces, at its end too; base64 is long and judged by its decoder
    if name == "content":
        return value
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise Refused(102, f"{name}: characters that no text has")
    return value if name == "qrcode" and value.strip() else value.strip()


def cert_data(data: Mapping[str, Any]) -> dict[str, str] | None:
    """certData by names of the metadata; None if it is empty. Holder, code and number are
    needed; every other member must be one that can be compared, or the answer would say
    "correct" of something nobody looked at."""
    given = data.get("certData")
    if given is None or given in ({}, ""):
        return None
    if not isinstance(given, dict):
        raise Refused(102, "certData")
    found: dict[str, str] = {}
    for name in map(str, given):
        target = CERT_DATA.get(name, name)
        if target not in words()["metadata"]:
            raise Refused(102, f"certData.{name[:40]}: not known")
        if text := text_of(given, name):
            found[target] = text
    for name in ("holderCode", "holder", "certNo"):
        if CERT_DATA[name] not in found:
            raise Refused(12, f"certData.{name}")
    return found


def answer(found: Answer | Refused, public_key: bytes | None) -> dict[str, Any]:
    """The body of the answer; data are encrypted to ``public_key`` (SM2, 65 bytes) if given:
    base64 of the DER ciphertext of the JSON."""
    data = found.data if isinstance(found, Answer) else None
    if data is not None and public_key is not None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=list)
        data = base64.b64encode(sm2_encryption.encrypt(public_key, text.encode())).decode()
    head = {"status": found.status, "message": message(found.status, found.detail)}
    return {"head": head, "data": data}
