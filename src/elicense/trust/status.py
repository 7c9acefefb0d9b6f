"""Signed licence status lists (证照状态列表), in the shape of the IETF Token Status List.

A list is JSON (``sub``, ``iat``, ``exp``, ``status_list`` with ``bits`` = 4 and
``lst``) inside a CMS SignedData of an authority listed for the service ``status``.
Reading tells the state; whether the signer may speak is judged in ``checks``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from elicense.containers.signature import Protected, read_signature
from elicense.crypto.cms import read_cms
from elicense.errors import InputError, LimitError
from elicense.evidence import Coverage, Signature
from elicense.limits import DEFAULT_LIMITS

BITS = 4  # of each entry
STATES = {
    0: "valid", 1: "withdrawn", 2: "suspended", 0x0B: "superseded", 0x0C: "transferred",
    0x0D: "pending",  # issued, not in force before another authority lets the old one go
}  # fmt: skip
DIGEST_SIZES = {"sm3": 32, "sha256": 32, "sha3_256": 32}  # bytes, of an audit head

_YEAR_3000 = 32_503_680_000
_MAX_MARKS = 2000  # brackets and commas; a list needs a dozen, and base64url has none
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The head of the registry's audit chain when the list was signed: number and digest of
    its last entry. Whoever keeps an older list sees a tail that was cut off."""

    registry: str
    sequence: int
    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class StatusList:
    """One list. ``states`` holds two entries a byte, the even index in the low half."""

    uri: str
    issued: datetime
    expires: datetime | None
    states: bytes = field(repr=False)
    signature: Signature = field(repr=False)
    ttl: int | None = None  # seconds that a copy may be kept before a newer one is asked for
    audit_head: AuditHead | None = None

    @property
    def size(self) -> int:
        """How many entries there are room for."""
        return len(self.states) * 2

    def code(self, index: int) -> int | None:
        """The four bits at ``index``; None out of range."""
        if index < 0 or index >= len(self.states) * 2:
            return None
        return self.states[index // 2] >> (4 if index % 2 else 0) & 0x0F

    def state(self, index: int) -> str | None:
        """Name of the state at ``index``; None out of range; ``code-N`` where undefined."""
        code = self.code(index)
        return None if code is None else state_name(code)


def state_name(code: int) -> str:
    """``valid``, ``withdrawn`` …; ``code-N`` for one that is not defined."""
    return STATES.get(code, f"code-{code}")


@lru_cache(maxsize=16)
def read_status_list(data: bytes) -> StatusList:
    """A signed status list. Raises InputError; the signature is not judged here."""
    content = content_of(data, "status list", DEFAULT_LIMITS.status_list_size)
    return _from_payload(read_object(content), signature_of(data, content, "status list"))


def content_of(data: bytes, what: str, limit: int) -> bytes:
    """What a signed statement encloses. Raises InputError ``status.content``, LimitError."""
    if len(data) > limit:
        raise LimitError("status.limit", f"the {what} is larger than {limit} bytes")
    content = read_cms(data).content
    if content is None:
        raise InputError("status.content", f"the {what} carries no content")
    return content


def signature_of(data: bytes, content: bytes, what: str) -> Signature:
    """The signature over ``content``, which ``data`` encloses; not judged."""
    return read_signature(
        data, Protected(what, (content,)), index=0, place=what, profile=what,
        container="attached", coverage=Coverage(whole=True),
    )[0]  # fmt: skip


def read_object(content: bytes) -> dict[str, Any]:
    """A JSON object of few members. Raises InputError ``status.json``."""
    if sum(content.count(mark) for mark in (b"[", b"{", b",")) > _MAX_MARKS:
        # read all the same it would cost memory many times its size
        raise InputError("status.json", "there is more in it than a status list has")
    try:
        found = json.loads(content, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as exc:
        raise InputError("status.json", f"the status list is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise InputError("status.json", "not a JSON object")
    return found


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _from_payload(payload: dict[str, Any], signature: Signature) -> StatusList:
    body = payload.get("status_list")
    if not isinstance(body, dict):
        raise InputError("status.json", "the status list lacks its parts")
    uri, packed, bits = payload.get("sub"), body.get("lst"), body.get("bits")
    if not isinstance(uri, str) or not isinstance(packed, str) or bits != BITS:
        raise InputError("status.json", "sub, lst or bits (4) is missing or wrong")
    return StatusList(
        uri, moment(payload, "iat"), moment(payload, "exp") if "exp" in payload else None,
        _inflate(packed), signature, seconds(payload), audit_head(payload),
    )  # fmt: skip


def moment(payload: dict[str, Any], key: str) -> datetime:
    """A NumericDate of whole seconds. Raises InputError ``status.json``."""
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _YEAR_3000:
        raise InputError("status.json", f"{key} is not a time")
    return datetime.fromtimestamp(value, UTC)


def seconds(payload: dict[str, Any]) -> int | None:
    """``ttl``, if it is there."""
    value = payload.get("ttl")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _YEAR_3000:
        raise InputError("status.json", "ttl is not a number of seconds")
    return value


def audit_head(payload: dict[str, Any]) -> AuditHead | None:
    """``audit_head``, if it is there."""
    value = payload.get("audit_head")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InputError("status.json", "audit_head is not an object")
    registry, sequence = value.get("registry"), value.get("sequence")
    algorithm, digest = value.get("algorithm"), value.get("digest")
    if not isinstance(algorithm, str) or not isinstance(digest, str):
        raise InputError("status.json", "audit_head: algorithm or digest is missing")
    size = DIGEST_SIZES.get(algorithm, 0)
    if not isinstance(registry, str) or not _NAME.fullmatch(registry):
        raise InputError("status.json", "audit_head names no registry")
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 <= sequence < 2**63:
        raise InputError("status.json", "audit_head: sequence is not a number")
    if not size or not re.fullmatch(rf"[0-9a-f]{{{size * 2}}}", digest):
        raise InputError("status.json", "audit_head: the digest is not one of its algorithm")
    return AuditHead(registry, sequence, algorithm, bytes.fromhex(digest))


def _inflate(packed: str) -> bytes:
    cap = DEFAULT_LIMITS.status_list_inflated
    try:
        data = base64.b64decode(
            packed.encode("ascii") + b"=" * (-len(packed) % 4), altchars=b"-_", validate=True
        )
        machine = zlib.decompressobj()
        states = machine.decompress(data, cap + 1)
    except (binascii.Error, zlib.error, ValueError) as exc:
        raise InputError("status.list", f"the list cannot be unpacked: {exc}") from exc
    if len(states) > cap:
        raise LimitError("status.limit", f"the list unpacks to more than {cap} bytes")
    if not machine.eof or machine.unused_data:
        raise InputError("status.list", "the packed list is cut short or has a tail")
    return states
