"""``elicense.endorse``: an endorsement 签注 added to a sealed licence by a further seal.

read → validate → state → draw → seal → verify. The file's earlier seals stay as they are;
the office that endorses may be another than the issuer. Every fault is told at once, and
nothing is handed out that does not verify.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from elicense import endorsement as model
from elicense import licence as licences
from elicense import profiles
from elicense.crypto.ses import CHINA, read_seal
from elicense.endorsement import Statement
from elicense.errors import FieldFault, InputError, IssueRefused, UsageError
from elicense.evidence import EndorsementBox, Evidence, Seal
from elicense.examine import examine
from elicense.issuing import endorse_check, endorsement_page, fonts, validate_seal
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.page import Text
from elicense.issuing.validate_seal import Plan
from elicense.licence import DataDigest, Endorsement, Licence
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.policy import DEFAULT, Policy

if TYPE_CHECKING:
    from elicense.issuing.pdf_seal import Profile
    from elicense.trust.store import TrustStore

_POINTS = 72 / 25.4
_LARGEST_SEAL = 32.0  # mm: the box also holds text
_LEAST_TYPE = 1.6  # mm
_UNKNOWN = DataDigest("sm3", bytes(32))


@dataclass(frozen=True, slots=True)
class _File:
    """The licence as it is before: what it shows and says, and its box for this kind."""

    data: bytes = field(repr=False)
    evidence: Evidence = field(repr=False)
    licence: Licence
    box: EndorsementBox | None

    @property
    def millimetres(self) -> tuple[float, float]:
        """Width and height of the box."""
        assert self.box is not None
        unit = _POINTS if self.evidence.container == "pdf" else 1.0
        return self.box.placement.width / unit, self.box.placement.height / unit


def endorse(
    data: bytes,
    endorsement: Endorsement,
    *,
    seal: bytes,
    signer: Credential | str,
    trust: TrustStore | None = None,
    timestamp: Stamp | None = None,
    profile: Profile | None = None,
    time: datetime | None = None,
    font: fonts.Font | None = None,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """``data`` (a sealed PDF or OFD) with ``endorsement`` in the box reserved for its kind.

    ``endorsement`` needs ``kind``, ``date``, ``place`` and ``officer``, an extension also
    ``valid_until``; its ``previous`` is worked out here. ``seal`` is an SESeal in DER
    (version 4 or 5 where it is used itself: OFD, GM.sm2seal), ``signer`` a
    :class:`Credential` or a URI for :func:`elicense.issuing.signers.load`. ``timestamp``
    is called with the bytes to stamp and returns an RFC 3161 token. ``profile`` is the
    PDF's SubFilter: else ETSI.CAdES.detached for RSA and P-256, adbe.pkcs7.detached for
    SM2. ``time`` (aware) is the claimed time of sealing, now unless given.

    With ``trust`` the file must be VALID under it; without, all that a file proves by
    itself must be proven. Raises :class:`IssueRefused` with every fault, InputError for a
    file that cannot be endorsed at all, Error ``issue.self-check`` if the result does not
    verify, and whatever the signer or the timestamp authority raises.
    """
    from elicense.issuing import signers

    own = signers.load(signer, check=False) if isinstance(signer, str) else signer
    moment = _moment(time)
    file = _read(data, endorsement.kind, limits)
    face = font or fonts.load()
    plan = _plan(file, own, profile, moment, stamped=timestamp is not None)
    read, found = _seal(seal)
    faults = [*_faults(file, endorsement, moment), *found]
    faults += validate_seal.faults(plan, seal=seal, signer=own, qr_signer=None)
    faults += _fitting(plan, read)
    lines = _lines(file, endorsement, face, faults)
    if faults or read is None:
        raise IssueRefused(tuple(dict.fromkeys(faults)), place=file.licence.number)
    order = _Order(plan, own, seal, read, timestamp, face, limits)
    made = _write(file, _state(file, endorsement), lines, order)
    endorse_check.prove(made, file.evidence, trust=trust, time=moment, policy=policy, limits=limits)
    return made


def _moment(time: datetime | None) -> datetime:
    if time is None:
        return datetime.now(UTC).astimezone(CHINA).replace(microsecond=0)
    if time.tzinfo is None:
        raise UsageError("issue.time", "time must carry a time zone")
    return time.astimezone(CHINA)


def _read(data: bytes, kind: str, limits: Limits) -> _File:
    evidence = examine(data, limits=limits, pages=False)
    if evidence.container not in {"pdf", "ofd"} or evidence.claims.data is None:
        raise InputError("endorse.licence", "the file holds no licence data to endorse")
    if not any(item.raw for item in evidence.signatures):
        raise InputError("endorse.sealed", "the file is not sealed: there is nothing to endorse")
    licence = licences.load(evidence.claims.data, limits=limits)
    own = [box for box in evidence.boxes if model.box_kind(box.name) == kind]
    free = [box for box in own if box.lines == () and not box.seals]
    return _File(data, evidence, licence, free[0] if free else None)


def _plan(
    file: _File, signer: Credential, profile: Profile | None, time: datetime, *, stamped: bool
) -> Plan:
    form = file.evidence.container
    if form == "pdf" and profile is None:
        profile = "adbe.pkcs7.detached" if signer.family == "sm2" else "ETSI.CAdES.detached"
    if form == "ofd" and profile is not None:
        raise UsageError("issue.profile", "a SubFilter belongs to a PDF")
    return Plan(
        format=form, kind="seal", profile=profile, time=time, timestamped=stamped,
        revocation=False, riding=False, archive=False, pages=file.evidence.pages,
    )  # fmt: skip


def _seal(seal: bytes) -> tuple[Seal | None, list[FieldFault]]:
    try:
        return read_seal(seal), []
    except InputError as error:
        return None, [FieldFault("seal", "seal.unreadable", f"not a seal: {error.detail}")]


def _faults(file: _File, given: Endorsement, time: datetime) -> Iterator[FieldFault]:
    """What is wrong with the endorsement itself, in the order of the form."""
    profile = profiles.find(file.licence.type)
    box = profile.box(given.kind) if profile else None
    if profile is None or box is None:
        detail = f"{file.licence.type} has no endorsement {given.kind!r}"
        yield FieldFault("kind", "endorsement.kind", detail)
    elif file.box is None:
        detail = "no empty box was reserved for it at issue"
        yield FieldFault("kind", "endorsement.box", detail)
    if given.state != "signed":
        yield FieldFault("state", "endorsement.state", f"{given.state!r} is nothing to sign")
    yield from _dates(file, given, box, time)
    for name, value in (("place", given.place), ("officer", given.officer)):
        if not value:
            yield FieldFault(name, "field.missing", "it is needed")
        elif problem := _text_problem(name, value):
            yield FieldFault(name, "endorsement.field", problem)


def _text_problem(name: str, value: str) -> str:
    """Why ``value`` cannot stand in a statement: asked of the format itself."""
    place, officer = (value, "x") if name == "place" else ("x", value)
    day, kind = date(2000, 1, 1), "additional"
    try:
        model.encode(Statement(kind, kind, day, place, officer, _UNKNOWN, _UNKNOWN))
    except UsageError as error:
        return error.detail
    return ""


def _dates(
    file: _File, given: Endorsement, box: profiles.Box | None, time: datetime
) -> Iterator[FieldFault]:
    end = file.licence.validity.valid_until
    if given.date is None:
        yield FieldFault("date", "field.missing", "it is needed")
    elif given.date > time.date():
        detail = f"{given.date} is later than the day of sealing, {time.date()}"
        yield FieldFault("date", "dates.future", detail)
    if box is None:
        return
    if not box.extension_months:
        if given.valid_until is not None:
            yield FieldFault("valid_until", "dates.extension", "this box extends no term")
    elif given.valid_until is None:
        yield FieldFault("valid_until", "field.missing", "an extension needs it")
    elif end is not None and given.valid_until <= end:
        detail = f"{given.valid_until} is not later than {end}"
        yield FieldFault("valid_until", "dates.order", detail)


def _fitting(plan: Plan, seal: Seal | None) -> Iterator[FieldFault]:
    in_seal = plan.format == "ofd" or plan.profile == "GM.sm2seal"
    if in_seal and seal is not None and seal.version == 1:
        detail = "a version 1 seal signature has no room for signed data"
        yield FieldFault("seal", "seal.version", detail)
    if plan.profile == "GM.sm2cms.detached":
        detail = "GM.sm2cms.detached has no signed attributes"
        yield FieldFault("signer", "plan.profile", detail)


def _lines(
    file: _File, given: Endorsement, font: fonts.Font, faults: list[FieldFault]
) -> tuple[Text, ...]:
    """Where the values go; what does not fit or cannot be drawn is added to ``faults``."""
    from elicense.issuing import endorse_ofd

    profile = profiles.find(file.licence.type)
    box = profile.box(given.kind) if profile else None
    incomplete = {"field.missing", "endorsement.state"} & {fault.code for fault in faults}
    if file.box is None or box is None or incomplete:
        return ()
    width, height = file.millimetres
    try:
        lines = endorsement_page.values(box, given, width, height, font)
    except InputError as error:
        faults.append(FieldFault("font", error.code, error.detail))
        return ()
    except UsageError as error:
        faults.append(FieldFault("page", error.code, error.detail))
        return ()
    if file.evidence.container == "pdf":
        return lines
    fitted = []
    for line in lines:
        room, wide = width - 2 - line.x, endorse_ofd.width(line.text, line.size)
        size = line.size * min(1.0, room / wide)
        if size < _LEAST_TYPE:
            faults.append(FieldFault("page", "page.room", f"no room for {line.text!r}"))
        fitted.append(replace(line, size=size))
    return tuple(fitted)


def _state(file: _File, given: Endorsement) -> Statement:
    """The statement, tied to this licence and to its last seal."""
    assert file.box is not None and file.evidence.claims.data is not None
    last = [item for item in file.evidence.signatures if item.kind not in _NO_SEALS][-1]
    if not last.raw:
        raise InputError("endorse.sealed", "the last seal cannot be read", place=last.place)
    return _statement(
        given,
        file.box.name,
        licences.data_digest(file.evidence.claims.data),
        licences.data_digest(last.raw),
    )


_NO_SEALS = {"document-timestamp", "package"}


def _statement(
    given: Endorsement, box: str, licence: DataDigest, previous: DataDigest
) -> Statement:
    assert given.date is not None
    return Statement(
        box=box, kind=given.kind, date=given.date, place=given.place, officer=given.officer,
        licence=licence, previous=previous, valid_until=given.valid_until,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Order:
    """Who seals, with what, how."""

    plan: Plan
    signer: Credential
    seal: bytes = field(repr=False)
    read: Seal
    stamp: Stamp | None
    font: fonts.Font = field(repr=False)
    limits: Limits


def _write(file: _File, statement: Statement, lines: tuple[Text, ...], order: _Order) -> bytes:
    assert file.box is not None
    spot = _spot(order.read, *file.millimetres)
    common: dict[str, Any] = {
        "box": file.box, "statement": model.encode(statement), "credential": order.signer,
        "time": order.plan.time, "stamp": order.stamp,
    }  # fmt: skip
    if order.plan.format == "ofd":
        from elicense.issuing import endorse_ofd

        return endorse_ofd.add(
            file.data, lines=lines, spot=spot, seal=order.seal, limits=order.limits, **common
        )
    from elicense.issuing import endorse_pdf

    assert order.plan.profile is not None
    look = endorse_pdf.Look(lines, order.font, order.read.picture.data, spot)
    return endorse_pdf.add(
        file.data, look=look, profile=order.plan.profile, name=order.read.name,
        seal=order.seal if order.plan.profile == "GM.sm2seal" else None, **common,
    )  # fmt: skip


def _spot(seal: Seal, width: float, height: float) -> tuple[float, float, float, float]:
    """The seal in its own size if that fits the box, on the right: x, y, width, height in mm."""
    wide, tall = float(seal.picture.width or 40), float(seal.picture.height or 40)
    scale = min(1.0, (height - 2) / tall, _LARGEST_SEAL / wide, _LARGEST_SEAL / tall)
    wide, tall = wide * scale, tall * scale
    return width - wide - 2, (height - tall) / 2, wide, tall
