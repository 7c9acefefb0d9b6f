"""Signed licence status lists, in the shape of the IETF Token Status List.

A list is JSON (``sub``, ``iat``, ``exp``, ``status_list`` with ``bits`` = 4 and
``lst``) inside a CMS SignedData of an authority listed for the service ``status``.
Reading tells the state; whether the signer may speak is judged in ``checks``.
"""

from __future__ import annotations

import base64
import binascii
import json
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

_YEAR_3000 = 32_503_680_000
STATES = {0: "valid", 1: "withdrawn", 2: "suspended", 0x0B: "superseded", 0x0C: "transferred"}


@dataclass(frozen=True, slots=True)
class StatusList:
    """One list. ``states`` holds two entries a byte, the even index in the low half."""

    uri: str
    issued: datetime
    expires: datetime | None
    states: bytes = field(repr=False)
    signature: Signature = field(repr=False)

    def state(self, index: int) -> str | None:
        """Name of the state at ``index``; None out of range; ``code-N`` where undefined."""
        if index < 0 or index >= len(self.states) * 2:
            return None
        code = self.states[index // 2] >> (4 if index % 2 else 0) & 0x0F
        return STATES.get(code, f"code-{code}")


@lru_cache(maxsize=16)
def read_status_list(data: bytes) -> StatusList:
    """A signed status list. Raises InputError; the signature is not judged here."""
    cms = read_cms(data)
    if cms.content is None:
        raise InputError("status.content", "the status list carries no content")
    signature, _ = read_signature(
        data, Protected("status list", (cms.content,)), index=0, place="status list",
        profile="status list", container="attached", coverage=Coverage(whole=True),
    )  # fmt: skip
    try:
        payload = json.loads(cms.content, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as exc:
        raise InputError("status.json", f"the status list is not JSON: {exc}") from exc
    return _from_payload(payload, signature)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _from_payload(payload: Any, signature: Signature) -> StatusList:
    if not isinstance(payload, dict) or not isinstance(payload.get("status_list"), dict):
        raise InputError("status.json", "the status list lacks its parts")
    body = payload["status_list"]
    uri, packed = payload.get("sub"), body.get("lst")
    if not isinstance(uri, str) or not isinstance(packed, str) or body.get("bits") != 4:
        raise InputError("status.json", "sub, lst or bits (4) is missing or wrong")
    return StatusList(
        uri, _moment(payload, "iat"), _moment(payload, "exp") if "exp" in payload else None,
        _inflate(packed), signature,
    )  # fmt: skip


def _moment(payload: dict[str, Any], key: str) -> datetime:
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _YEAR_3000:
        raise InputError("status.json", f"{key} is not a time")
    return datetime.fromtimestamp(value, UTC)


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
