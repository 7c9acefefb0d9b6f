"""The signed payload of a licence's QR code: ``EL1:`` and base45 of a COSE_Sign1.

``docs/qr-payload.md`` is its specification, byte by byte. What is signed are the
compressed bytes as they stand: a signature can be checked before anything of
the content is believed.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from elicense import identifiers, profiles
from elicense.annotation import MAX_CODE, MAX_NAME
from elicense.canonical import Value, parse, value_at
from elicense.canonical import encode as canonical
from elicense.errors import InputError, LimitError, UsageError
from elicense.licence import (
    DIGEST_ALGORITHMS,
    ENDORSEMENT_STATES,
    CopyMark,
    CopyParty,
    DataDigest,
    Endorsement,
    Licence,
    Party,
    StatusReference,
    Validity,
    tree,
)
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.profiles import Profile, QrTemplate
from elicense.qr import strict_cbor
from elicense.qr.dictionary import compress, inflate
from elicense.qr.values import date_to_days, days_to_date, from_cbor, pack, to_cbor, unpack

PREFIX = "EL1:"
MAX_TEXT = 4296  # characters: the most one QR code holds in alphanumeric mode
KID_SIZE = 4

# COSE algorithm numbers. SM2 has none registered: -65601 is private use, and
# means SM2 with SM3 and the default identity, signature r‖s of 64 bytes.
ALGORITHMS = {"sm2": -65601, "es256": -7, "ps256": -37, "rs256": -257}
_NAMES = {number: name for name, number in ALGORITHMS.items()}
_SIGNATURE_SIZES = {"sm2": (64, 64), "es256": (64, 64), "ps256": (256, 1024), "rs256": (256, 1024)}

# COSE header labels (RFC 9052 section 3.1); FORMAT is private use:
# [dictionary, template], and of an annotated copy a third item: its mark.
_ALG, _CRIT, _KID, _FORMAT = 1, 2, 4, -65602

_DIGEST_NUMBERS = {"sm3": 1, "sha256": 2}
_DIGEST_NAMES = {number: name for name, number in _DIGEST_NUMBERS.items()}
_COPY_VERSION = 1  # of a copy's mark: [version, last day, receiver, code or null]
_COMMON = 7  # items before the template's own


@dataclass(frozen=True, slots=True)
class Payload:
    """A decoded payload. Nothing in it is believed before the signature is checked.

    ``signed_bytes`` are the exact Sig_structure bytes the signature is over,
    ``signature`` is raw: r‖s, or RSA's octets. ``fields`` maps paths of
    ``licence.json`` (``holder.name``, ``fields.imo_number``) to values;
    ``licence`` holds the same as a Licence, endorsements without place and
    officer. ``data_digest`` is that of the exact ``licence.json``.
    """

    algorithm: str
    kid: bytes
    dictionary: int
    template: int
    signed_bytes: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    fields: Mapping[str, Value]
    endorsements: tuple[Endorsement, ...]
    status: StatusReference | None
    data_digest: DataDigest
    licence: Licence
    size: int  # bytes of the COSE message

    @property
    def type(self) -> str:
        """The licence type: a profile id."""
        return self.licence.type

    @property
    def identifier(self) -> str:
        """The licence identifier, root included."""
        return self.licence.identifier

    @property
    def number(self) -> str:
        """The licence number."""
        return self.licence.number

    @property
    def version(self) -> int:
        """The version of the licence, from 1."""
        return self.licence.version


def key_id(certificate: bytes) -> bytes:
    """The kid of a DER certificate: the first four bytes of its SHA-256. A hint only."""
    import hashlib

    return hashlib.sha256(certificate).digest()[:KID_SIZE]


# -- writing ---------------------------------------------------------------------------


def encode(
    licence: Licence,
    *,
    data_digest: DataDigest,
    sign: Callable[[bytes], bytes],
    algorithm: str,
    kid: bytes,
) -> str:
    """The QR text of ``licence``.

    ``data_digest`` is that of its exact ``licence.json``; ``sign`` is called
    once with the bytes to sign and returns the raw signature (r‖s of 64 bytes
    for ``sm2`` and ``es256``, octets for ``rs256`` and ``ps256``). UsageError
    for what cannot be written.
    """
    if algorithm not in ALGORITHMS:
        raise UsageError("qr.algorithm", f"{algorithm!r} is not one of {', '.join(ALGORITHMS)}")
    if len(kid) != KID_SIZE:
        raise UsageError("qr.kid", f"{len(kid)} bytes; a key id has {KID_SIZE}")
    profile = profiles.get(licence.type)
    if not profile.templates:
        raise UsageError("qr.template", f"{profile.id} has no QR template")
    template = profile.templates[-1]
    mark = None if licence.copy is None else _mark_to_cbor(licence.copy)
    plain = content(licence, template=template, data_digest=data_digest)
    body = compress(plain, number=template.dictionary)
    protected = _protected(algorithm, kid, template, mark)
    signature = sign(_sig_structure(protected, body))
    _check_signature_size(algorithm, signature, error=UsageError)
    message = strict_cbor.dumps([protected, {}, body, signature])
    return PREFIX + _base45(message)


def content(licence: Licence, *, template: QrTemplate, data_digest: DataDigest) -> bytes:
    """The CBOR array of a payload before compression."""
    if len(data_digest.value) != DIGEST_ALGORITHMS.get(data_digest.algorithm):
        raise UsageError("qr.digest", f"not a digest of {data_digest.algorithm}")
    # The same values as in licence.json, texts in NFC included.
    members = parse(canonical(tree(licence)), max_size=1 << 20, max_depth=16)
    status = licence.status
    items: list[Any] = [
        _identifier_to_cbor(licence.identifier, licence.version, licence.issuer.code),
        licence.version,
        status.list if status else None,
        status.index if status else None,
        _DIGEST_NUMBERS[data_digest.algorithm],
        data_digest.value,
        _endorsements_to_cbor(profiles.get(licence.type), licence),
    ]
    for item in template.fields:
        try:
            value = value_at(members, item.path)
        except KeyError:
            value = None
        items.append(to_cbor(item, value))
    return strict_cbor.dumps(items)


def _identifier_to_cbor(text: str, version: int, issuer: str) -> Any:
    """[type, serial] where issuer, version and check follow from the rest; else in full."""
    try:
        parts = identifiers.parse_identifier(text)
    except InputError:
        return text
    follows = parts.check_ok and parts.version_number == version and parts.issuer == issuer
    return [parts.type, pack(parts.serial)] if follows and parts.text == text else text


def _endorsements_to_cbor(profile: Profile, licence: Licence) -> list[Any]:
    written = []
    for item in licence.endorsements:
        box = profile.box(item.kind)
        if box is None:
            raise UsageError("qr.endorsement", f"{profile.id} has no box {item.kind!r}")
        if item.state != "empty":
            state = ENDORSEMENT_STATES.index(item.state)
            days, until = date_to_days(item.date), date_to_days(item.valid_until)
            written.append([box.number, state, days, until])
    return written


def _mark_to_cbor(mark: CopyMark) -> list[Any]:
    """A copy's mark: version, last day, receiver's name and code. Purpose and maker stand in
    its file; the code of a scanned copy proves nothing by itself."""
    if mark.expires is None or not mark.receiver.name:
        raise UsageError("qr.copy", "a copy has a receiver and a last day")
    code = mark.receiver.code or None
    return [_COPY_VERSION, date_to_days(mark.expires), mark.receiver.name, code]


def _protected(
    algorithm: str, kid: bytes, template: QrTemplate, mark: list[Any] | None
) -> bytes:
    form = [template.dictionary, template.template]
    return strict_cbor.dumps(
        {
            _ALG: ALGORITHMS[algorithm],
            _CRIT: [_FORMAT],
            _KID: kid,
            _FORMAT: form if mark is None else [*form, mark],
        }
    )


def _sig_structure(protected: bytes, body: bytes) -> bytes:
    """The bytes to sign (RFC 9052 section 4.4), without external data."""
    return strict_cbor.dumps(["Signature1", protected, b"", body])


def _base45(data: bytes) -> str:
    import base45

    text: bytes = base45.b45encode(data)
    return text.decode("ascii")


# -- reading ---------------------------------------------------------------------------


def decode(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Payload:
    """Take a QR text apart; the signature is not checked here.

    InputError (``qr.prefix``, ``qr.base45``, ``qr.cbor``, ``qr.header``,
    ``qr.algorithm``, ``qr.signature``, ``qr.dictionary``, ``qr.deflate``,
    ``qr.template``, ``qr.field``, ``qr.copy``) or LimitError (``qr.size``, ``qr.inflated``).
    ``qr.algorithm`` and ``qr.dictionary`` mean that a newer release may read it,
    ``qr.template`` that it may be of a licence type whose file is not here.
    """
    message = _message(text)
    protected, body, signature = _cose_sign1(message)
    algorithm, kid, number, template_number, mark = _header(protected)
    _check_signature_size(algorithm, signature, error=InputError)
    plain = inflate(body, number=number, limit=limits.qr_inflated)
    known = profiles.by_template(template_number)
    if known is None:
        raise InputError("qr.template", f"template {template_number} is not known here")
    profile, template = known
    licence, fields, digest = _licence(strict_cbor.loads(plain), profile, template)
    licence = replace(licence, copy=mark)
    return Payload(
        algorithm=algorithm,
        kid=kid,
        dictionary=number,
        template=template_number,
        signed_bytes=_sig_structure(protected, body),
        signature=signature,
        fields=fields,
        endorsements=licence.endorsements,
        status=licence.status,
        data_digest=digest,
        licence=licence,
        size=len(message),
    )


def _message(text: str) -> bytes:
    if not text.startswith(PREFIX):
        raise InputError("qr.prefix", f"the text does not begin with {PREFIX}")
    if len(text) > MAX_TEXT:
        raise LimitError("qr.size", f"{len(text)} characters; no QR code holds that many")
    import base45

    coded = text.removeprefix(PREFIX)
    try:
        message: bytes = base45.b45decode(coded)
    except ValueError as error:
        raise InputError("qr.base45", "not base45") from error
    if _base45(message) != coded:
        raise InputError("qr.base45", "not base45 in its one spelling")
    return message


def _cose_sign1(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature; tag 18 may stand before the array."""
    untagged = message[1:] if message[:1] == b"\xd2" else message
    parts = strict_cbor.loads(untagged)
    if not isinstance(parts, (list, tuple)) or len(parts) != 4:
        raise InputError("qr.cbor", "not an array of four: no COSE_Sign1")
    protected, unprotected, body, signature = parts
    if unprotected != {} or not isinstance(unprotected, Mapping):
        raise InputError("qr.header", "there are headers that no signature covers")
    if not all(isinstance(part, bytes) for part in (protected, body, signature)):
        raise InputError("qr.cbor", "not the byte strings of a COSE_Sign1")
    return protected, body, signature


def _header(protected: bytes) -> tuple[str, bytes, int, int, CopyMark | None]:
    """Algorithm, kid, dictionary, template and a copy's mark; no other header is allowed."""
    header = strict_cbor.loads(protected)
    labels = {_ALG, _CRIT, _KID, _FORMAT}
    if not isinstance(header, Mapping) or set(header) != labels:
        raise InputError("qr.header", "not exactly alg, crit, kid and format")
    algorithm, kid, form = header[_ALG], header[_KID], header[_FORMAT]
    critical = header[_CRIT]
    if not isinstance(critical, (list, tuple)) or tuple(critical) != (_FORMAT,):
        raise InputError("qr.header", "crit does not list exactly the format")
    if not isinstance(algorithm, int) or algorithm not in _NAMES:
        raise InputError("qr.algorithm", f"algorithm {algorithm!r} is not known to this release")
    if not isinstance(kid, bytes) or len(kid) != KID_SIZE:
        raise InputError("qr.header", f"kid is not of {KID_SIZE} bytes")
    if not isinstance(form, (list, tuple)) or not 2 <= len(form) <= 3:
        raise InputError("qr.header", "format is not [dictionary, template]")
    if not all(map(_is_count, form[:2])):
        raise InputError("qr.header", "format is not [dictionary, template]")
    mark = _mark(form[2]) if len(form) == 3 else None
    return _NAMES[algorithm], kid, form[0], form[1], mark


def _mark(item: Any) -> CopyMark:
    """The mark of an annotated copy, in its one encoding."""
    if not isinstance(item, (list, tuple)) or len(item) != 4:
        raise InputError("qr.copy", "not the mark of a copy")
    version, days, name, code = item
    if version != _COPY_VERSION or isinstance(version, bool):
        raise InputError("qr.copy", f"mark {version!r} is not known to this release")
    for text, most in ((name, MAX_NAME), ("-" if code is None else code, MAX_CODE)):
        plain = isinstance(text, str) and text == " ".join(text.split()) and text.isprintable()
        if not plain or not 0 < len(text) <= most or unicodedata.normalize("NFC", text) != text:
            raise InputError("qr.copy", "the receiver is not one plain line")
    if days is None:
        raise InputError("qr.copy", "a copy without a last day")
    return CopyMark(CopyParty(name, code or ""), days_to_date(days, place="copy"))


def _is_count(item: object) -> bool:
    return isinstance(item, int) and not isinstance(item, bool) and item >= 0


def _check_signature_size(
    algorithm: str, signature: bytes, *, error: type[InputError | UsageError]
) -> None:
    least, most = _SIGNATURE_SIZES[algorithm]
    if not least <= len(signature) <= most:
        raise error("qr.signature", f"{len(signature)} bytes are no {algorithm} signature")


def _licence(
    items: Any, profile: Profile, template: QrTemplate
) -> tuple[Licence, dict[str, Value], DataDigest]:
    if not isinstance(items, (list, tuple)) or len(items) != _COMMON + len(template.fields):
        raise InputError("qr.field", "not as many values as the template has")
    fields: dict[str, Value] = {}
    for item, value in zip(template.fields, items[_COMMON:], strict=True):
        read = from_cbor(item, value)
        if read is not None:
            fields[item.path] = read
    if "number" not in fields:
        raise InputError("qr.field", "there is no licence number", place="number")
    version = items[1]
    if not _is_count(version) or version == 0:
        raise InputError("qr.field", "not a version", place="version")
    issuer = _party(fields, "issuer")
    licence = Licence(
        type=profile.id,
        identifier=_identifier(items[0], version, issuer.code),
        number=str(fields["number"]),
        version=version,
        issuer=issuer,
        holder=_party(fields, "holder"),
        validity=_validity(fields),
        fields={p.removeprefix("fields."): v for p, v in fields.items() if p[:7] == "fields."},
        endorsements=_endorsements(items[6], profile),
        status=_status(items[2], items[3]),
    )
    return licence, fields, _digest(items[4], items[5])


def _identifier(item: Any, version: int, issuer: str) -> str:
    text = item
    if isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str):
        serial = unpack(item[1], place="identifier")
        try:
            text = identifiers.format_identifier(
                type=item[0], issuer=issuer, serial=serial, version=version
            )
        except UsageError as error:
            raise InputError("qr.field", error.detail, place="identifier") from error
    if not isinstance(text, str) or not text:
        raise InputError("qr.field", "not an identifier", place="identifier")
    if _identifier_to_cbor(text, version, issuer) != item:
        raise InputError("qr.field", "an identifier not in its one encoding", place="identifier")
    return text


def _party(fields: Mapping[str, Value], prefix: str) -> Party:
    def text(name: str) -> str:
        return str(fields.get(f"{prefix}.{name}", ""))

    return Party(
        name=text("name"),
        code=text("code"),
        code_type=text("code_type"),
        name_en=text("name_en"),
        address=text("address"),
        address_en=text("address_en"),
        region=text("region"),
    )


def _validity(fields: Mapping[str, Value]) -> Validity:
    def date(name: str) -> datetime.date | None:
        value = fields.get(f"validity.{name}")
        return None if value is None else datetime.date.fromisoformat(str(value))

    return Validity(
        issued=date("issued"), valid_from=date("valid_from"), valid_until=date("valid_until")
    )


def _status(uri: Any, index: Any) -> StatusReference | None:
    if uri is None and index is None:
        return None
    if not isinstance(uri, str) or not uri or not _is_count(index):
        raise InputError("qr.field", "not a status list and an index", place="status")
    return StatusReference(list=uri, index=index)


def _digest(number: Any, value: Any) -> DataDigest:
    name = _DIGEST_NAMES.get(number) if _is_count(number) else None
    if name is None or not isinstance(value, bytes) or len(value) != DIGEST_ALGORITHMS[name]:
        raise InputError("qr.field", "not a digest of the data", place="data_digest")
    return DataDigest(name, value)


def _endorsements(items: Any, profile: Profile) -> tuple[Endorsement, ...]:
    if not isinstance(items, (list, tuple)):
        raise InputError("qr.field", "not a list", place="endorsements")
    kinds = {box.number: box.kind for box in profile.boxes}
    found = []
    for index, item in enumerate(items):
        place = f"endorsements.{index}"
        if not isinstance(item, (list, tuple)) or len(item) != 4:
            raise InputError("qr.field", "not an endorsement", place=place)
        number, state, days, until = item
        if not _is_count(number) or number not in kinds:
            raise InputError("qr.field", "an endorsement of no known box", place=place)
        if not _is_count(state) or not 1 <= state < len(ENDORSEMENT_STATES):
            raise InputError("qr.field", "an endorsement of no known state", place=place)
        found.append(
            Endorsement(
                kind=kinds[number],
                state=ENDORSEMENT_STATES[state],
                date=days_to_date(days, place=place),
                valid_until=days_to_date(until, place=place),
            )
        )
    return tuple(found)
