"""A licence and its frozen form ``licence.json``: read, write, mask.

``licence.json`` (format ``elicense-licence/1``) is canonical JSON
(:mod:`elicense.canonical`); ``docs/licence-json.md`` is its specification. The
bytes as issued are what the seal and the QR refer to, so :func:`load` keeps them
and nothing here writes them anew before hashing.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from elicense import annotation, canonical
from elicense.canonical import Value
from elicense.errors import InputError, LimitError, UsageError
from elicense.json_object import Object
from elicense.licence_model import (
    ENDORSEMENT_STATES,
    OPEN_ENDED,
    Attestation,
    CopyMark,
    CopyParty,
    DataDigest,
    Endorsement,
    Licence,
    Party,
    Problem,
    Source,
    StatusReference,
    Validity,
)
from elicense.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "DIGEST_ALGORITHMS",
    "ENDORSEMENT_STATES",
    "FORMAT",
    "OPEN_ENDED",
    "Attestation",
    "CopyMark",
    "CopyParty",
    "DataDigest",
    "Endorsement",
    "Licence",
    "Party",
    "Problem",
    "Source",
    "StatusReference",
    "Validity",
    "annotated",
    "attest",
    "attested_bytes",
    "data_digest",
    "dump",
    "load",
    "mask",
    "salted_digest",
    "tree",
]

FORMAT = "elicense-licence/1"
SALT_SIZE = 16  # bytes; the least that is accepted
MAX_DIGESTS = 1000
MAX_PATH_STEPS = 8
DIGEST_ALGORITHMS = {"sm3": 32, "sha256": 32}  # name → size in bytes

_MASKABLE = ("issuer", "holder", "validity", "fields")  # objects whose members may be hidden
_KIND = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


# -- writing ---------------------------------------------------------------------------


def tree(licence: Licence) -> dict[str, Value]:
    """The JSON object of a licence, without digests, salts and attestation.

    Empty optional members are left out; every path of a profile leads into it.
    """
    members: dict[str, Value] = dict(licence.extra)
    members |= {
        "format": FORMAT,
        "type": licence.type,
        "identifier": licence.identifier,
        "number": licence.number,
        "version": licence.version,
        "issuer": _members(licence.issuer),
        "holder": _members(licence.holder),
        "validity": _members(licence.validity),
        "fields": dict(licence.fields),
        "endorsements": tuple(_members(item) for item in licence.endorsements),
    }
    if licence.status is not None:
        members["status"] = _members(licence.status)
    if licence.copy is not None:
        members["copy"] = annotation.members(licence.copy)
    return members


def _members(part: Party | Validity | Endorsement | StatusReference) -> dict[str, Value]:
    members: dict[str, Value] = dict(part.extra)
    for name in part.__slots__:
        value = getattr(part, name)
        if name == "extra" or value is None or value == "":
            continue
        if isinstance(value, datetime.date):
            value = value.isoformat()
        elif isinstance(value, DataDigest):
            value = {"algorithm": value.algorithm, "value": canonical.b64url(value.value)}
        members[name] = value
    return members


def dump(
    licence: Licence,
    *,
    salts: Mapping[str, bytes] | None = None,
    algorithm: str = "sm3",
    attestation: Attestation | None = None,
) -> bytes:
    """The canonical ``licence.json`` of ``licence``.

    ``salts`` maps each path that a masked copy may later hide to a fresh random
    salt of 16 bytes or more (``profile.new_salts(licence)``); a path without a
    value is a :class:`~elicense.errors.UsageError`.
    """
    members = tree(licence)
    salts = salts or {}
    values: dict[str, Value] = {}
    for path, salt in salts.items():
        if len(salt) < SALT_SIZE:
            raise UsageError("licence.salt", f"{len(salt)} bytes; {SALT_SIZE} at least", place=path)
        if not _maskable(path, salts):
            raise UsageError("licence.salt", "this path cannot have a digest", place=path)
        try:
            value = canonical.value_at(members, path)
        except KeyError as error:
            raise UsageError("licence.salt", "there is no value to digest", place=path) from error
        values[path] = canonical.b64url(salted_digest(algorithm, salt, path, value))
    if values:
        members["digests"] = {"algorithm": algorithm, "values": values}
        members["salts"] = {path: canonical.b64url(salt) for path, salt in salts.items()}
    if attestation is not None:
        members["attestation"] = _attestation_members(attestation)
    return canonical.encode(members)


def _attestation_members(attestation: Attestation) -> dict[str, Value]:
    members: dict[str, Value] = {
        "algorithm": attestation.algorithm,
        "certificate": canonical.b64url(attestation.certificate),
        "value": canonical.b64url(attestation.value),
    }
    if attestation.timestamp:
        members["timestamp"] = canonical.b64url(attestation.timestamp)
    return members


def attest(
    data: bytes, sign: Callable[[bytes], Attestation], *, limits: Limits = DEFAULT_LIMITS
) -> bytes:
    """A ``licence.json`` with the issuer's attestation; ``sign`` gets :func:`attested_bytes`."""
    members, _ = _parsed(data, limits)
    assert isinstance(members, Mapping)
    made = _attestation_members(sign(attested_bytes(data, limits=limits)))
    return canonical.encode({**members, "attestation": made})


def _maskable(path: str, paths: Mapping[str, bytes]) -> bool:
    """Whether ``path`` may have a digest: a detail, and not inside another one.

    What identifies the licence and what an endorsement is can never be hidden.
    """
    steps = path.split(".")
    if len(steps) > MAX_PATH_STEPS:
        return False
    if steps[0] == "endorsements":
        detail = len(steps) > 2 and steps[2] not in ("kind", "state", "previous")
    else:
        detail = len(steps) > 1 and steps[0] in _MASKABLE
    return detail and not any(".".join(steps[:end]) in paths for end in range(1, len(steps)))


def mask(data: bytes, *, hide: Collection[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """A copy of a ``licence.json`` without the values and salts at ``hide``.

    Their digests stay, so that the attestation still verifies. A path that has
    no digest and salt cannot be hidden: :class:`~elicense.errors.UsageError`.
    """
    members, source = _parsed(data, limits)
    salts = {path: salt for path, salt in source.salts.items() if path not in hide}
    for path in sorted(hide):
        if path not in source.salts or path not in source.digests:
            raise UsageError("licence.mask", "it has no salted digest", place=path)
        members = canonical.without(members, path)
    assert isinstance(members, Mapping)
    left = {path: canonical.b64url(salt) for path, salt in salts.items()}
    return canonical.encode({**members, "salts": left})


def annotated(data: bytes, mark: CopyMark, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """A ``licence.json`` as an annotated copy 加注件 has it: with the member ``copy``.

    UsageError ``copy.mark`` for a mark that no reader would take.
    """
    members, _ = _parsed(data, limits)
    assert isinstance(members, Mapping)
    return canonical.encode({**members, "copy": annotation.members(annotation.checked(mark))})


def attested_bytes(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """What an attestation signs: all that masking and annotating leave untouched.

    The canonical form of the object without ``attestation``, ``copy``, ``salts`` and
    every value that has a digest; hiding a value does not change it. InputError
    ``licence.digest-path`` where a digest stands for an item of an array.
    """
    members, source = _parsed(data, limits)
    for path in ("attestation", "copy", "salts", *source.digests):
        if not _has(members, path):
            continue
        try:
            members = canonical.without(members, path)
        except KeyError as error:
            detail = "a digest of an item of an array"
            raise InputError("licence.digest-path", detail, place=path) from error
    return canonical.encode(members)


def salted_digest(algorithm: str, salt: bytes, path: str, value: Value) -> bytes:
    """The digest of the canonical JSON array [salt in base64url, path, value]."""
    return _hash(algorithm, canonical.encode((canonical.b64url(salt), path, value)))


def data_digest(data: bytes, *, algorithm: str = "sm3") -> DataDigest:
    """The digest of the exact bytes of a ``licence.json``, as the QR carries it."""
    return DataDigest(algorithm, _hash(algorithm, data))


def _hash(algorithm: str, data: bytes) -> bytes:
    if algorithm == "sm3":
        from elicense.crypto.sm3 import sm3

        return sm3(data)
    if algorithm == "sha256":
        return hashlib.sha256(data).digest()
    names = ", ".join(DIGEST_ALGORITHMS)
    raise UsageError("licence.digest", f"{algorithm!r} is not one of {names}")


# -- reading ---------------------------------------------------------------------------


def load(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Licence:
    """Read a hostile ``licence.json``.

    Raises InputError (``json.*``, ``licence.*``) for what cannot be read, with
    the JSON path as its place. Unknown members are kept in ``extra``. Digests
    that do not match, and bytes that are not canonical, are recorded in
    ``source``, not raised.
    """
    members, source = _parsed(data, limits)
    return replace(_licence(members), source=source)


def _parsed(data: bytes, limits: Limits) -> tuple[Value, Source]:
    value = canonical.parse(data, max_size=limits.licence_size, max_depth=limits.licence_depth)
    top = Object(value, "$")
    if top.text("format") != FORMAT:
        raise InputError("licence.format", f"not {FORMAT}", place="$.format")
    algorithm, digests = _digests(top.child("digests"))
    salts = _bytes_by_path(top.child("salts"))
    source = Source(
        data=data,
        canonical=canonical.is_canonical(data, value),
        digest_algorithm=algorithm,
        digests=digests,
        salts=salts,
        hidden=tuple(p for p in digests if p not in salts and not _has(value, p)),
        problems=tuple(_problems(value, algorithm, digests, salts)),
        attestation=_attestation(top.child("attestation")),
    )
    return value, source


def _has(members: Value, path: str) -> bool:
    try:
        canonical.value_at(members, path)
    except KeyError:
        return False
    return True


def _is_item(members: Value, path: str) -> bool:
    """Is it an item of an array? Leaving one out would move those that follow."""
    parent = path.rpartition(".")[0]
    return _has(members, parent) and isinstance(canonical.value_at(members, parent), tuple)


def _problems(
    members: Value, algorithm: str, digests: Mapping[str, bytes], salts: Mapping[str, bytes]
) -> Iterator[Problem]:
    known = algorithm in DIGEST_ALGORITHMS
    if digests and not known:
        yield Problem("digest-algorithm", "digests", f"{algorithm!r} cannot be computed")
    for path, digest in digests.items():
        there, salt = _has(members, path), salts.get(path)
        if not _maskable(path, digests) or _is_item(members, path):
            yield Problem("digest-path", path, "this path cannot have a digest")
        if there and salt is None:
            yield Problem("salt-missing", path, "the value is shown but its salt is not")
        elif not there and salt is not None:
            yield Problem("salt-unused", path, "the salt is shown but the value is not")
        elif there and salt is not None and known:
            value = canonical.value_at(members, path)
            if salted_digest(algorithm, salt, path, value) != digest:
                yield Problem("digest-mismatch", path, "the value is not the one digested")
    for path, salt in salts.items():
        if path not in digests:
            yield Problem("salt-unused", path, "there is no digest for this salt")
        if len(salt) < SALT_SIZE:
            yield Problem("salt-short", path, f"{len(salt)} bytes; {SALT_SIZE} at least")


def _licence(value: Value) -> Licence:
    top = Object(value, "$")
    for name in ("format", "digests", "salts", "attestation"):
        top.get(name)
    mark = top.get("copy")
    fields = top.child("fields")
    status = top.child("status")
    validity = top.child("validity")
    return Licence(
        type=top.text("type"),
        identifier=top.text("identifier"),
        number=top.text("number"),
        version=top.integer("version", least=1),
        issuer=_party(Object(top.get("issuer"), "$.issuer")),
        holder=_party(Object(top.get("holder"), "$.holder")),
        validity=Validity() if validity is None else _validity(validity),
        fields={} if fields is None else dict(fields.value),
        endorsements=_endorsements(top.get("endorsements")),
        status=None if status is None else _status(status),
        copy=None if mark is None else annotation.read(mark, "$.copy"),
        extra=top.extra(),
    )


def _party(part: Object) -> Party:
    names = ("code", "code_type", "name_en", "address", "address_en", "region")
    texts = {name: part.text(name, optional=True) for name in names}
    return Party(name=part.text("name", optional=True), **texts, extra=part.extra())


def _validity(part: Object) -> Validity:
    return Validity(
        issued=part.date("issued"),
        valid_from=part.date("valid_from"),
        valid_until=part.date("valid_until"),
        extra=part.extra(),
    )


def _status(part: Object) -> StatusReference:
    index = part.integer("index", least=0)
    return StatusReference(list=part.text("list"), index=index, extra=part.extra())


def _endorsements(value: Value) -> tuple[Endorsement, ...]:
    if value is None:
        return ()
    if not isinstance(value, tuple):
        raise InputError("licence.shape", "not an array", place="$.endorsements")
    return tuple(
        _endorsement(Object(item, f"$.endorsements[{index}]")) for index, item in enumerate(value)
    )


def _endorsement(part: Object) -> Endorsement:
    kind, state = part.text("kind"), part.text("state")
    if not _KIND.fullmatch(kind):
        raise part.wrong("kind", "not the name of an endorsement")
    if state not in ENDORSEMENT_STATES:
        raise part.wrong("state", f"not one of {', '.join(ENDORSEMENT_STATES)}")
    previous = part.child("previous")
    return Endorsement(
        kind=kind,
        state=state,
        date=part.date("date"),
        place=part.text("place", optional=True),
        officer=part.text("officer", optional=True),
        valid_until=part.date("valid_until"),
        previous=None if previous is None else _data_digest(previous),
        extra=part.extra(),
    )


def _data_digest(part: Object) -> DataDigest:
    value = canonical.from_b64url(part.text("value"), place=f"{part.path}.value")
    return DataDigest(algorithm=part.text("algorithm"), value=value)


def _digests(part: Object | None) -> tuple[str, dict[str, bytes]]:
    if part is None:
        return "", {}
    return part.text("algorithm"), _bytes_by_path(part.child("values"))


def _bytes_by_path(part: Object | None) -> dict[str, bytes]:
    if part is None:
        return {}
    if len(part.value) > MAX_DIGESTS:
        raise LimitError("licence.digests", f"more than {MAX_DIGESTS}", place=part.path)
    return {
        path: canonical.from_b64url(part.text(path), place=f"{part.path}[{path!r}]")
        for path in part.value
    }


def _attestation(part: Object | None) -> Attestation | None:
    if part is None:
        return None
    certificate, value = (
        canonical.from_b64url(part.text(name), place=f"{part.path}.{name}")
        for name in ("certificate", "value")
    )
    stamp = part.text("timestamp", optional=True)
    return Attestation(
        algorithm=part.text("algorithm"),
        certificate=certificate,
        value=value,
        timestamp=canonical.from_b64url(stamp, place=f"{part.path}.timestamp"),
    )
