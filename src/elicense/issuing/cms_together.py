"""One content, several signers: a CMS SignedData with a SignerInfo of each (RFC 5652 §5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from elicense.crypto import der
from elicense.errors import UsageError
from elicense.issuing import cms
from elicense.issuing.credential import Credential


def sign(signers: Sequence[Credential], *, content: bytes, time: datetime) -> bytes:
    """A DER ContentInfo with ``content`` attached, signed by each of ``signers`` on their own.

    GB/T 35275's object identifiers where every key is SM2, else those of RFC 5652, which
    both kinds can share. UsageError ``cms.signers`` if there is none, or one twice.
    """
    if not signers or len({signer.certificate for signer in signers}) != len(signers):
        raise UsageError("cms.signers", "one or more signers are needed, each once")
    gm = all(signer.family == "sm2" for signer in signers)
    attributes = cms.Attributes(signing_time=time)
    made = [
        _pieces(cms.sign(Credential(signer.certificate, signer.sign, signer.family),
                         content=content, attached=True, attributes=attributes, gm=gm))
        for signer in signers
    ]  # fmt: skip
    body = der.seq(
        made[0].version,
        der.set_(*_once(pieces.digests for pieces in made)),
        made[0].inner,
        der.implicit(0, der.set_(*_once(pieces.certificates for pieces in made))),
        der.set_(*_once(pieces.signers for pieces in made)),
    )
    return der.seq(made[0].kind, der.explicit(0, body))


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The pieces of a SignedData, each as it was written."""

    kind: bytes
    version: bytes
    inner: bytes
    digests: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    signers: tuple[bytes, ...]


def _pieces(message: bytes) -> _Pieces:
    kind, rest = der.parse(message).children()
    cursor = der.Cursor(rest.only(), "SignedData")
    version = cursor.next(der.INTEGER).raw
    digests = cursor.next(der.SET)
    inner = cursor.next(der.SEQUENCE).raw
    return _Pieces(
        kind.raw, version, inner, _members(digests), _members(cursor.next(0xA0)),
        _members(cursor.next(der.SET)),
    )  # fmt: skip


def _members(node: der.Node) -> tuple[bytes, ...]:
    return tuple(child.raw for child in node.children())


def _once(sets: Iterable[tuple[bytes, ...]]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(item for members in sets for item in members))
