"""``elicense.issue``: from a licence to a sealed file that has been verified.

validate → page → container → lint → seal → timestamp → revocation data → verify.
Every fault is told at once, and nothing is handed out that does not verify.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from elicense import licence as licences
from elicense import profiles
from elicense.crypto.ses import CHINA, read_seal
from elicense.errors import Error, FieldFault, IssueRefused, UsageError
from elicense.issuing import (
    document,
    fonts,
    licence_page,
    own_check,
    riding,
    validate,
    validate_page,
    validate_seal,
)
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.page import Document, Spot
from elicense.issuing.validate_seal import Plan
from elicense.licence import Attestation, Licence
from elicense.policy import DEFAULT, Policy

if TYPE_CHECKING:
    from elicense.issuing.pdf_seal import Profile
    from elicense.trust.store import TrustStore

Format = Literal["ofd", "pdf"]
Kind = Literal["seal", "sign"]
_REASON = "电子证照签发 Licence issued"


@dataclass(frozen=True, slots=True)
class _Order:
    """One licence to be made, everything settled. ``time`` is China's."""

    licence: Licence
    plan: Plan
    seal: bytes | None = field(repr=False)
    signer: Credential
    qr_signer: Credential | None
    stamp: Stamp | None
    crls: tuple[bytes, ...] = field(repr=False)
    ocsps: tuple[bytes, ...] = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    font: fonts.Font = field(repr=False)
    notice: str


def issue(
    licence: Licence,
    *,
    seal: bytes | None,
    signer: Credential | str,
    format: Format = "ofd",
    trust: TrustStore | None = None,
    timestamp: Stamp | None = None,
    crls: tuple[bytes, ...] = (),
    ocsps: tuple[bytes, ...] = (),
    certificates: tuple[bytes, ...] = (),
    qr_signer: Credential | str | None = None,
    kind: Kind = "seal",
    profile: Profile | None = None,
    riding_seal: bool = False,
    archive: bool = False,
    time: datetime | None = None,
    notice: str = "",
    font: fonts.Font | None = None,
    salts: Mapping[str, bytes] | None = None,
    attestation: Attestation | None = None,
    policy: Policy = DEFAULT,
) -> bytes:
    """The sealed file of ``licence``, as an OFD (GB/T 33190) or a PDF.

    ``seal`` is an SESeal in DER, ``signer`` a :class:`Credential` or a URI for
    :func:`elicense.issuing.signers.load`. ``timestamp`` is called with the bytes to stamp
    and returns an RFC 3161 token. ``crls``, ``ocsps`` and CA ``certificates`` (DER) are
    embedded, so that the file verifies offline when they are gone. ``qr_signer`` signs the
    QR code (SM2 or P-256); without one the page has none. ``kind="sign"`` makes an OFD's
    Type=Sign, without a seal. ``profile`` is a PDF's SubFilter: else ETSI.CAdES.detached
    for RSA and P-256, adbe.pkcs7.detached for SM2. ``riding_seal`` spreads the seal over the
    edges of the pages (骑缝章); ``archive`` adds a document timestamp (PAdES B-LTA).
    ``time`` (aware) is the claimed time of sealing, now unless given. ``salts`` and
    ``attestation`` are those of the same licence made before, in another format.

    With ``trust`` the file must be VALID under it; without, all that a file proves by
    itself must be proven. Raises :class:`IssueRefused` with every fault of the licence,
    the seal and the signer; Error ``issue.self-check`` if the result does not verify, and
    whatever the signer or the timestamp authority raises.
    """
    from elicense.issuing import signers

    if licence.copy is not None:
        raise UsageError("issue.copy", "an annotated copy is made by elicense.make_copy",
                         place="copy")  # fmt: skip
    moment = _moment(time)
    own = signers.load(signer, check=False) if isinstance(signer, str) else signer
    code = signers.load(qr_signer, check=False) if isinstance(qr_signer, str) else qr_signer
    face = font or fonts.load()
    plan = plan_of(
        licence, format, own, moment, timestamped=timestamp is not None,
        options={"kind": kind, "profile": profile, "crls": crls, "ocsps": ocsps,
                 "riding_seal": riding_seal, "archive": archive},
    )  # fmt: skip
    faults = (
        *validate.faults(licence, day=moment.date()),
        *validate_page.faults(licence, font=face, notice=notice),
        *validate_seal.faults(plan, seal=seal, signer=own, qr_signer=code),
    )
    if faults:
        raise IssueRefused(faults, place=licence.number)
    order = _Order(licence, plan, seal, own, code, timestamp, crls, ocsps, certificates, face,
                   notice)  # fmt: skip
    data = _data(order, salts, attestation)
    made = _make(order, _draw(order, data))
    own_check.prove(made, order.licence, data=data, plan=plan, trust=trust, policy=policy,
                    coded=code is not None)  # fmt: skip
    return made


def check(
    licence: Licence,
    *,
    seal: bytes | None,
    signer: Credential,
    format: Format = "ofd",
    kind: Kind = "seal",
    time: datetime | None = None,
    font: fonts.Font | None = None,
) -> tuple[FieldFault, ...]:
    """What :func:`issue` would refuse, without making anything: for a form being filled in."""
    moment = _moment(time)
    return (
        *validate.faults(licence, day=moment.date()),
        *validate_page.faults(licence, font=font or fonts.load()),
        *validate_seal.faults(
            plan_of(licence, format, signer, moment, options={"kind": kind}), seal=seal,
            signer=signer, qr_signer=None,
        ),
    )  # fmt: skip


def _moment(time: datetime | None) -> datetime:
    if time is None:
        return datetime.now(UTC).astimezone(CHINA).replace(microsecond=0)
    if time.tzinfo is None:
        raise UsageError("issue.time", "time must carry a time zone")
    return time.astimezone(CHINA)


def plan_of(
    licence: Licence,
    format: str,
    signer: Credential,
    time: datetime,
    *,
    timestamped: bool = False,
    options: Mapping[str, Any],
) -> Plan:
    """How :func:`issue` would go about it with these options of its."""
    kind, profile = options.get("kind", "seal"), options.get("profile")
    if format not in {"ofd", "pdf"}:
        raise UsageError("issue.format", f"{format!r} is not ofd or pdf")
    if kind not in {"seal", "sign"} or (kind == "sign" and format != "ofd"):
        raise UsageError("issue.kind", f"{kind!r} is not possible in {format}")
    if format == "ofd" and profile is not None:
        raise UsageError("issue.profile", "a SubFilter belongs to a PDF")
    if format == "pdf" and profile is None:
        profile = "adbe.pkcs7.detached" if signer.family == "sm2" else "ETSI.CAdES.detached"
    known = profiles.find(licence.type)
    return Plan(
        format=format, kind=kind, profile=profile, time=time, timestamped=timestamped,
        revocation=bool(options.get("crls") or options.get("ocsps")),
        riding=bool(options.get("riding_seal")), archive=bool(options.get("archive")),
        pages=_pages(licence, known),
    )  # fmt: skip


def _pages(licence: Licence, profile: profiles.Profile | None) -> int:
    """How many pages it will have: tables may run on; what cannot be drawn is told elsewhere."""
    if profile is None:
        return 1
    if not any(item.kind == "table" for item in profile.fields):
        return 2 if profile.boxes else 1
    try:
        return len(licence_page.compose(licence, profile, font=fonts.load()))
    except (Error, ValueError):  # validate_page names it
        return 1


def _data(
    order: _Order, salts: Mapping[str, bytes] | None, attestation: Attestation | None
) -> bytes:
    """The exact ``licence.json``, with the issuer's attestation, so that copies can be made of
    it: frozen here, everything else refers to it."""
    licence = order.licence
    fresh = profiles.get(licence.type).new_salts(licence) if salts is None else salts
    data = licences.dump(licence, salts=fresh)
    return licences.attest(data, lambda message: attestation or _attested(order, message))


def _attested(order: _Order, message: bytes) -> Attestation:
    value = order.signer.sign(message)
    stamp = order.stamp(value) if order.stamp is not None else b""
    return Attestation(order.signer.algorithm, order.signer.certificate, value, stamp)


def _draw(order: _Order, data: bytes) -> Document:
    text = _qr_text(order, data) if order.qr_signer is not None else ""
    made = document.document(
        order.licence, data=data, created=order.plan.time, qr_text=text, notice=order.notice,
        font=order.font,
    )  # fmt: skip
    if order.plan.riding and order.plan.format == "pdf" and order.seal is not None:
        return replace(made, pages=riding.on_pages(made.pages, read_seal(order.seal).picture))
    return made


def _qr_text(order: _Order, data: bytes) -> str:
    from elicense.issuing import qr_code

    assert order.qr_signer is not None
    return qr_code.text_of(data, signer=order.qr_signer)


def _make(order: _Order, drawn: Document) -> bytes:
    return _ofd(order, drawn) if order.plan.format == "ofd" else _pdf(order, drawn)


def spot(seal: bytes) -> Spot:
    """The seal in its own size, in the middle of its place on the form."""
    place, picture = licence_page.SEAL, read_seal(seal).picture
    width, height = picture.width or place.width, picture.height or place.height
    left = place.x + (place.width - width) / 2
    return Spot(place.page, left, place.y + (place.height - height) / 2, width, height)


def _ofd(order: _Order, drawn: Document) -> bytes:
    from elicense.issuing import ofd_page, ofd_seal

    unsealed = ofd_page.render(drawn)
    if order.seal is None:
        return ofd_seal.sign_ofd(
            unsealed, credential=order.signer, time=order.plan.time, stamp=order.stamp,
            attributes=True, crls=order.crls, ocsps=order.ocsps,
        )  # fmt: skip
    spots: tuple[Spot, ...] = (spot(order.seal),)
    if order.plan.riding:
        spots += riding.spots(drawn.pages, read_seal(order.seal).picture)
    return ofd_seal.seal_ofd(
        unsealed, seal=order.seal, credential=order.signer, time=order.plan.time,
        spots=spots, stamp=_laden(order),
    )  # fmt: skip


def _laden(order: _Order) -> Stamp | None:
    """The timestamp with certificates and revocation data in it: a seal's signature has no
    other place for them, and they are under no signature but their own."""
    from elicense.issuing import cms

    ask = order.stamp
    if ask is None or not (order.crls or order.ocsps or order.certificates):
        return ask
    return lambda message: cms.with_validation_data(
        ask(message),
        certificates=(*order.signer.chain, *order.certificates),
        crls=order.crls,
        ocsps=order.ocsps,
    )


def _pdf(order: _Order, drawn: Document) -> bytes:
    from elicense.issuing import pdf_page, pdf_seal

    assert order.seal is not None and order.plan.profile is not None
    unsealed = pdf_page.render(drawn)
    own_check.lint_pdf(unsealed)
    picture = read_seal(order.seal).picture
    sealed = pdf_seal.seal_pdf(
        unsealed,
        credential=order.signer,
        time=order.plan.time,
        profile=order.plan.profile,
        seal=order.seal if order.plan.profile == "GM.sm2seal" else None,
        appearance=pdf_seal.Appearance(picture.data, spot(order.seal)),
        stamp=order.stamp,
        name=order.licence.issuer.name,
        reason=_REASON,
        location=str(order.licence.fields.get("place_of_issue") or ""),
    )
    if order.crls or order.ocsps or order.certificates:
        sealed = pdf_seal.add_validation_data(
            sealed, certificates=(*order.signer.chain, *order.certificates), crls=order.crls,
            ocsps=order.ocsps,
        )  # fmt: skip
    if order.plan.archive and order.stamp is not None:
        sealed = pdf_seal.timestamp_pdf(sealed, stamp=order.stamp)
    return sealed
