"""Making signed status lists (证照状态列表): pack, sign, and change what stands in one.

A list holds what is, not what was: setting a state leaves no trace of the one before. The
history is the registry's, whose audit head is signed into each list.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from elicense.crypto.certificate import read_certificate
from elicense.crypto.verify import check_value
from elicense.errors import InputError, UsageError
from elicense.issuing import cms
from elicense.issuing.credential import Credential
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.status import BITS, STATES, AuditHead, StatusList, read_status_list, state_name

TTL = 86400
LIFETIME = timedelta(days=7)
CODES = {name: code for code, name in STATES.items()}
WORDS = {
    **{name: name for name in CODES},
    "有效": "valid", "撤销": "withdrawn", "注销": "withdrawn", "吊销": "withdrawn",
    "暂扣": "suspended", "已被取代": "superseded", "已换发新版本": "superseded",
    "已转出": "transferred", "待生效": "pending",
}  # fmt: skip
"""How a state may be written in a command or a table."""
_MAX_CODE = (1 << BITS) - 1

# What may follow what. A suspension ends (暂扣发还). A withdrawal, a later version and a
# completed transfer are final: the licence whose place was taken must not come back beside
# the one that took it, and what was withdrawn by mistake is issued anew, as the next
# version. A transfer that is cancelled (取消转出) never was "transferred": until the other
# authority has issued, the licence is valid. A suspended one is not renewed or transferred,
# or its suspension would end with its number.
FOLLOWS = {
    "valid": ("withdrawn", "suspended", "superseded", "transferred"),
    "suspended": ("valid", "withdrawn"),
    "withdrawn": (),
    "superseded": (),
    "transferred": (),
    "pending": ("valid", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Content:
    """What a list says; ``states`` packed, two entries a byte, the even index low."""

    uri: str
    states: bytes
    issued: datetime
    expires: datetime
    ttl: int | None = TTL
    audit_head: AuditHead | None = None


def pack(codes: Mapping[int, int], size: int) -> bytes:
    """``size`` entries of 4 bits, 0 (valid) unless ``codes`` says otherwise; an odd size gets
    an entry of 0 more. UsageError ``status.size``, ``status.index``, ``status.code``."""
    if not 0 <= size <= DEFAULT_LIMITS.status_list_inflated * 2:
        raise UsageError("status.size", f"{size} entries: at most "
                         f"{DEFAULT_LIMITS.status_list_inflated * 2}")  # fmt: skip
    body = bytearray((size + 1) // 2)
    for index, code in codes.items():
        if not 0 <= index < size:
            raise UsageError("status.index", f"the list has {size} entries", place=f"{index}")
        put(body, index, code)
    return bytes(body)


def put(body: bytearray, index: int, code: int) -> None:
    """Write one entry. UsageError ``status.code`` for what does not fit in four bits."""
    if not 0 <= code <= _MAX_CODE:
        raise UsageError("status.code", f"{code} is not from 0 to {_MAX_CODE}", place=f"{index}")
    shift = 4 if index % 2 else 0
    body[index // 2] = body[index // 2] & (0xF0 if shift == 0 else 0x0F) | code << shift


def sign(content: Content, *, signer: Credential) -> bytes:
    """The DER of the signed list. UsageError ``status.uri``, ``status.time``."""
    _check(content)
    packed = base64.urlsafe_b64encode(zlib.compress(content.states, 9)).rstrip(b"=")
    payload: dict[str, Any] = {
        "sub": content.uri,
        "iat": int(content.issued.timestamp()),
        "exp": int(content.expires.timestamp()),
    }
    if content.ttl is not None:
        payload["ttl"] = content.ttl
    if content.audit_head is not None:
        payload["audit_head"] = head_members(content.audit_head)
    payload["status_list"] = {"bits": BITS, "lst": packed.decode()}
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    return cms.sign(
        signer, content=body, attached=True, gm=signer.family == "sm2",
        attributes=cms.Attributes(signing_time=content.issued),
    )  # fmt: skip


def head_members(head: AuditHead) -> dict[str, Any]:
    return {
        "registry": head.registry, "sequence": head.sequence, "algorithm": head.algorithm,
        "digest": head.digest.hex(),
    }  # fmt: skip


def _check(content: Content) -> None:
    if not content.uri or any(c.isspace() or not c.isprintable() for c in content.uri):
        raise UsageError("status.uri", "the list needs a URI without spaces")
    check_times(content.issued, content.expires)


def check_times(issued: datetime, expires: datetime) -> None:
    """UsageError ``status.time`` unless both are aware and the end comes after the beginning."""
    if issued.tzinfo is None or expires.tzinfo is None:
        raise UsageError("status.time", "times must carry a zone")
    if expires <= issued:
        raise UsageError("status.time", "the end is not later than the beginning")


def make(
    uri: str,
    codes: Mapping[int, int],
    *,
    size: int,
    signer: Credential,
    issued: datetime | None = None,
    expires: datetime | None = None,
    ttl: int | None = TTL,
    audit_head: AuditHead | None = None,
) -> bytes:
    """A new signed list of ``size`` entries; ``codes`` are those that are not 0, by index.

    ``issued`` is now unless given, ``expires`` seven days later. Errors as of :func:`pack`
    and :func:`sign`.
    """
    start = (issued or datetime.now(UTC)).replace(microsecond=0)
    end = expires or start + LIFETIME
    return sign(Content(uri, pack(codes, size), start, end, ttl, audit_head), signer=signer)


def update(
    old: bytes,
    changes: Mapping[int, int],
    *,
    signer: Credential,
    issued: datetime | None = None,
    expires: datetime | None = None,
    audit_head: AuditHead | None = None,
    force: bool = False,
) -> bytes:
    """The list ``old`` with ``changes`` (code by index), signed anew with new times; it is
    valid for as long as the old one was unless ``expires`` is given.

    UsageError ``status.change`` for a change that the life cycle does not know, and
    ``status.signer`` for another office's list: both only unless ``force``. Never:
    ``status.index`` out of range, ``status.time`` not later than the old one,
    ``status.head`` an audit head before the one that the old list holds. InputError
    ``status.signature`` for an old list whose signature does not hold: it must not be made
    true by signing it again.
    """
    found = read_status_list(old)
    _own(found, signer, force=force)
    start = (issued or datetime.now(UTC)).replace(microsecond=0)
    if start <= found.issued:
        raise UsageError("status.time", f"the list was issued at {found.issued:%Y-%m-%dT%H:%M:%SZ};"
                         " the new one must be later")  # fmt: skip
    span = found.expires - found.issued if found.expires else LIFETIME
    body = bytearray(found.states)
    for index, code in changes.items():
        before = found.code(index)
        if before is None:
            raise UsageError("status.index", f"the list has {found.size} entries", place=f"{index}")
        if not force:
            check_change(state_name(before), state_name(code), index)
        put(body, index, code)
    head = _head(found.audit_head, audit_head)
    content = Content(found.uri, bytes(body), start, expires or start + span, found.ttl, head)
    return sign(content, signer=signer)


def check_change(before: str, after: str, index: int) -> None:
    """UsageError ``status.change`` unless ``after`` may follow ``before`` (or is the same)."""
    if before == after:
        return
    follows = FOLLOWS.get(before, ())
    if after not in follows:
        may = ", ".join(follows) or "nothing: it is final"
        raise UsageError("status.change", f"after {before} may follow {may}; not {after}",
                         place=f"{index}")  # fmt: skip


def _own(found: StatusList, signer: Credential, *, force: bool) -> None:
    signature = found.signature
    good = (
        not signature.faults and bool(signature.values)
        and all(d.matches for d in signature.digests) and check_value(signature.values[0]).ok
    )  # fmt: skip
    if not good or signature.signer is None:
        raise InputError("status.signature", "the signature of the old list does not hold")
    if (
        not force
        and signature.signer.subject.key != read_certificate(signer.certificate).subject.key
    ):
        raise UsageError("status.signer", f"the list is signed by {signature.signer.display}")


def _head(old: AuditHead | None, new: AuditHead | None) -> AuditHead | None:
    """The later head; one of the same registry never goes back."""
    if old is None or new is None:
        return new or old
    if old.registry != new.registry:
        raise UsageError("status.head", f"the list is that of the registry {old.registry!r}")
    if new.sequence < old.sequence:
        raise UsageError("status.head", f"entry {new.sequence} comes before the list's own, "
                         f"{old.sequence}: the audit log has lost its tail")  # fmt: skip
    if new.sequence == old.sequence and new != old:
        raise UsageError("status.head", f"entry {new.sequence} is not the one signed before")
    return new


# -- states as people write them -----------------------------------------------------------


def state_code(word: str, *, place: str = "") -> int:
    """The code of a state in English or Chinese. UsageError ``status.state``."""
    name = WORDS.get(word.strip())
    if name is None:
        raise UsageError("status.state", f"{word[:40]!r} is none of {', '.join(CODES)}",
                         place=place)  # fmt: skip
    return CODES[name]


def read_csv(data: bytes, *, place: str) -> dict[int, int]:
    """Codes by index from a table with the columns ``index`` and ``state``.

    UsageError ``status.csv`` naming the line; an index given twice is one."""
    found: dict[int, int] = {}
    for line, row in table(data, ("index", "state"), place=place):
        where = f"{place}: line {line}"
        if not (row["index"].isascii() and row["index"].isdigit()) or len(row["index"]) > 12:
            raise UsageError("status.csv", f"{row['index'][:40]!r} is no index", place=where)
        index = int(row["index"])
        if index in found:
            raise UsageError("status.csv", f"index {index} is given twice", place=where)
        found[index] = state_code(row["state"], place=where)
    return found


def table(
    data: bytes, needed: tuple[str, ...], *, place: str, optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of a CSV table in UTF-8, trimmed; absent optional ones are empty.
    UsageError ``status.csv``."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True)
        names = reader.fieldnames or []
        unknown = set(names) - {*needed, *optional}
        if set(needed) - set(names) or unknown or len(set(names)) != len(names):
            columns = ", ".join((*needed, *(f"[{name}]" for name in optional)))
            raise UsageError("status.csv", f"the columns must be {columns}", place=place)
        for row in reader:
            if None in row or None in row.values():
                detail = "too many or too few cells"
                raise UsageError("status.csv", detail, place=f"{place}: line {reader.line_num}")
            yield reader.line_num, {name: (row.get(name) or "").strip()
                                    for name in (*needed, *optional)}  # fmt: skip
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError("status.csv", f"not a table: {error}", place=place) from error
