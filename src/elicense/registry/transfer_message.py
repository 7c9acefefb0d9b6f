"""The messages of a transfer (转出、转入): what one authority tells the other, signed.

Each is JSON inside a CMS SignedData of an authority that the trust list names for the service
``status``. It names the transfer, both authorities, the licence and the message it answers, so
that none can be replayed into another transfer, to another authority or in another place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from elicense.checks.standing import World
from elicense.checks.status_signer import Statement, signer_entries
from elicense.errors import InputError, UsageError
from elicense.identifiers import parse_identifier
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.status import content_of, read_object, signature_of

if TYPE_CHECKING:
    from elicense.issuing.credential import Credential
    from elicense.trust.service import Service
    from elicense.trust.store import TrustStore

SCHEMA = "elicense-transfer/1"
MEDIA_TYPE = "application/pkcs7-mime"
MAX_FILE = 8 * 1024 * 1024  # bytes of the sealed file in an offer
MAX_MESSAGE = 12 * 1024 * 1024
# kind → (which side makes it, the kinds it may answer, what it says beside the common members)
KINDS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "offer": ("from", (), ("format", "file", "file_sha256", "licence_sha256")),
    "refused": ("to", ("offer",), ()),
    "issued": ("to", ("offer",), ("successor", "licence", "licence_sha256")),
    "cancelled": ("from", ("offer",), ()),
    "completed": ("from", ("issued",), ("successor",)),
}
NAMES = {
    "offer": "转出申请", "refused": "不予转入", "issued": "转入证照已制作",
    "cancelled": "取消转出", "completed": "转出确认",
}  # fmt: skip
_LARGE = {"file", "licence"}  # base64
_SKEW = timedelta(minutes=5)
_FORMS = {
    "id": re.compile(r"[0-9a-f]{32}"), "from": re.compile(r"[0-9A-Z]{18}"),
    "to": re.compile(r"[0-9A-Z]{18}"), "answers": re.compile(r"[0-9a-f]{64}|"),
    "file_sha256": re.compile(r"[0-9a-f]{64}"), "licence_sha256": re.compile(r"[0-9a-f]{64}"),
    "format": re.compile(r"ofd|pdf"),
}  # fmt: skip
_COMMON = ("schema", "id", "kind", "from", "to", "identifier", "time", "answers", "note")
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One signed message. ``sender`` (转出机关) and ``receiver`` (转入机关) are the USCC of the
    two authorities of the *transfer*, whoever made the message; ``identifier`` is the old
    licence's; ``answers`` the digest of the message answered, empty for an offer; ``raw`` the
    signed bytes. ``digest`` is the SHA-256 (hexadecimal) of what was signed, not of ``raw``:
    a signature's wrapping could be changed on the way without breaking it."""

    id: str
    kind: str
    sender: str
    receiver: str
    identifier: str
    time: datetime
    answers: str
    note: str
    body: Mapping[str, str] = field(repr=False)
    digest: str
    raw: bytes = field(repr=False)

    @property
    def author(self) -> str:
        """USCC of the side that makes messages of this kind."""
        return self.sender if KINDS[self.kind][0] == "from" else self.receiver

    @property
    def addressee(self) -> str:
        """USCC of the other side."""
        return self.receiver if KINDS[self.kind][0] == "from" else self.sender

    def data(self, name: str) -> bytes:
        """``file`` or ``licence`` as bytes; :func:`read` has checked them."""
        return base64.b64decode(self.body[name], validate=True)


def make(
    kind: str, *, id: str, sender: str, receiver: str, identifier: str, signer: Credential,
    now: datetime, answers: str = "", note: str = "", body: Mapping[str, str] | None = None,
) -> Message:  # fmt: skip
    """Sign a message. UsageError ``transfer.message`` for one that could not be read again."""
    from elicense.issuing import cms

    members = {
        "schema": SCHEMA, "id": id, "kind": kind, "from": sender, "to": receiver,
        "identifier": identifier, "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "answers": answers, "note": note, **(body or {}),
    }  # fmt: skip
    content = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    made = cms.sign(
        signer, content=content, attached=True, gm=signer.family == "sm2",
        attributes=cms.Attributes(signing_time=now),
    )  # fmt: skip
    try:
        return read(made)
    except InputError as exc:  # what cannot be read is not sent
        raise UsageError("transfer.message", exc.detail, place=exc.place) from exc


def enclosed(data: bytes) -> str:
    """Bytes as a member of a message."""
    return base64.b64encode(data).decode()


def read(raw: bytes) -> Message:
    """A message, strictly. InputError ``transfer.message``; the signature is not judged here."""
    content = content_of(raw, "transfer message", MAX_MESSAGE)
    members = read_object(content)
    kind = members.get("kind")
    if members.get("schema") != SCHEMA or not isinstance(kind, str) or kind not in KINDS:
        raise InputError("transfer.message", "neither schema nor kind is known", place="kind")
    own = KINDS[kind][2]
    odd = sorted(set(members) ^ {*_COMMON, *own})
    if odd:
        raise InputError("transfer.message", "missing or unknown", place=", ".join(odd)[:200])
    for name, value in members.items():
        _check_text(name, value)
    if members["from"] == members["to"]:
        raise InputError("transfer.message", "one authority alone", place="to")
    if bool(members["answers"]) == (kind == "offer"):
        raise InputError("transfer.message", "an offer answers none, all else one", place="answers")
    for name in ("identifier", *(("successor",) if "successor" in own else ())):
        try:
            parse_identifier(members[name])
        except InputError as exc:
            raise InputError("transfer.message", exc.detail, place=name) from exc
    for name in _LARGE.intersection(own):
        _check_enclosed(name, members[name], members.get(f"{name}_sha256", ""))
    return Message(
        members["id"], kind, members["from"], members["to"], members["identifier"],
        _moment(members["time"]), members["answers"], members["note"],
        {name: members[name] for name in own}, hashlib.sha256(content).hexdigest(), raw,
    )  # fmt: skip


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or (len(value) > _MAX_TEXT and name not in _LARGE):
        raise InputError("transfer.message", "a text is needed", place=name)
    form = _FORMS.get(name)
    if form is not None and not form.fullmatch(value):
        raise InputError("transfer.message", "not of its form", place=name)


def _check_enclosed(name: str, text: str, digest: str) -> None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InputError("transfer.message", "not base64", place=name) from exc
    if not data or len(data) > MAX_FILE:
        raise InputError("transfer.message", f"1 to {MAX_FILE} bytes are needed", place=name)
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError("transfer.message", "its SHA-256 is another", place=name)


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as exc:
        raise InputError("transfer.message", "not a time", place="time") from exc


def author_entries(
    message: Message, *, trust: TrustStore, now: datetime
) -> tuple[Service, ...]:
    """The trust list's entries of the authority that made ``message``, if it did.

    UsageError ``transfer.signature`` with one stable word: broken, not trusted, revoked, past
    its time, or ``not-by-that-office``.
    """
    content = content_of(message.raw, "transfer message", MAX_MESSAGE)
    signature = signature_of(message.raw, content, "transfer message")
    statement = Statement(signature, message.time, now + _SKEW)
    problem, entries = signer_entries(statement, World(trust, now, now, DEFAULT_LIMITS))
    own = tuple(entry for entry in entries if entry.uscc == message.author)
    if problem or not own:
        raise UsageError("transfer.signature", problem or "not-by-that-office", place=message.id)
    return own
