"""``elicense.make_copy``: an annotated copy 加注件, which may hide fields and still verifies.

Everything in it is made anew from what it discloses: pages, QR code, metadata. It carries the
issuer's attestation and digests, and is signed by an office that may make copies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from elicense import licence as licences
from elicense.crypto.certificate import read_certificate
from elicense.crypto.ses import CHINA, read_seal
from elicense.errors import InputError, IssueRefused, UsageError
from elicense.issuing import (
    copy_page,
    copy_source,
    document,
    fonts,
    own_check,
    undisclosed,
    validate_seal,
)
from elicense.issuing.copy_source import Original
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.page import Document, Spot
from elicense.issuing.validate_seal import Plan
from elicense.licence import CopyMark, CopyParty, Licence
from elicense.policy import DEFAULT, Policy
from elicense.verifying import Input

if TYPE_CHECKING:
    from elicense.issuing.pdf_seal import Profile
    from elicense.trust.store import TrustStore

Format = Literal["ofd", "pdf"]
_REASON = "加注件 Annotated copy"


@dataclass(frozen=True, slots=True)
class _Order:
    """One copy to be made, everything settled."""

    mark: CopyMark
    plan: Plan
    signer: Credential
    seal: bytes | None = field(repr=False)
    stamp: Stamp | None
    certificates: tuple[bytes, ...] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False)
    ocsps: tuple[bytes, ...] = field(repr=False)
    font: fonts.Font = field(repr=False)


def make_copy(
    file: Input,
    *,
    purpose: str,
    receiver: CopyParty | str,
    until: date | timedelta,
    signer: Credential | str,
    hide: Collection[str] = (),
    creator: CopyParty | None = None,
    seal: bytes | None = None,
    format: Format | None = None,
    trust: TrustStore | None = None,
    timestamp: Stamp | None = None,
    certificates: tuple[bytes, ...] = (),
    crls: tuple[bytes, ...] = (),
    ocsps: tuple[bytes, ...] = (),
    profile: Profile | None = None,
    time: datetime | None = None,
    font: fonts.Font | None = None,
    policy: Policy = DEFAULT,
) -> bytes:
    """A copy of the sealed licence ``file`` (a path or its bytes) for one purpose and receiver.

    ``until`` is its last day, or how long from now. ``hide`` names fields (``holder_code``)
    or paths that it does not show (:attr:`~elicense.issuing.copy_source.Original.hideable`).
    ``signer`` is a credential of the trust list's service ``copy``; ``creator`` its office,
    else taken from ``trust``. ``seal`` is that office's own; without one the copy is signed
    and no seal is seen (an OFD then needs SM2). ``format`` is that of the original unless
    given. The other options are those of :func:`elicense.issue`; what the original carries to
    verify its signatures offline is carried over.

    With ``trust`` original and copy must verify under it, but for rules that rest on other
    documents. Errors of :func:`~elicense.issuing.copy_source.read_original` and of
    :func:`elicense.issue`; UsageError ``copy.hide``, ``copy.until``, ``copy.mark``,
    ``copy.creator``, ``copy.room``; Error ``copy.original`` for one that does not verify.
    """
    from elicense.issuing import signers

    moment = _moment(time)
    own = signers.load(signer, check=False) if isinstance(signer, str) else signer
    original = copy_source.read_original(file)
    paths = copy_source.paths_of(original, hide)
    mark = CopyMark(
        receiver=CopyParty(receiver) if isinstance(receiver, str) else receiver,
        expires=_until(until, moment, original.licence),
        purpose=purpose,
        creator=creator or _office(own, original.licence, trust),
        created=moment,
        original=licences.data_digest(original.data),
    )
    now = max(datetime.now(UTC), moment)
    copy_source.prove(original, trust=trust, at=moment, now=now, policy=policy)
    plan = _plan(original, own, seal, format, profile, moment, timestamped=timestamp is not None)
    faults = [
        *validate_seal.signer_faults("signer", own, moment),
        *(validate_seal.faults(plan, seal=seal, signer=own, qr_signer=None) if seal else ()),
    ]
    if faults:
        raise IssueRefused(tuple(faults), place=original.licence.number)
    more = _carried(original)
    order = _Order(
        mark, plan, own, seal, timestamp, (*certificates, *more["certificates"]),
        (*crls, *more["crls"]), (*ocsps, *more["ocsps"]), font or fonts.load(),
    )  # fmt: skip
    data = licences.annotated(licences.mask(original.data, hide=paths), mark)
    made = _sign(order, _draw(order, data, original))
    own_check.prove(
        made, licences.load(data), data=data, plan=plan, trust=trust, policy=policy,
        coded=_coded(own), more=("copy.validity", "copy.page"),
    )  # fmt: skip
    return made


def _moment(time: datetime | None) -> datetime:
    if time is not None and time.tzinfo is None:
        raise UsageError("copy.time", "time must carry a time zone")
    return (datetime.now(UTC) if time is None else time).astimezone(CHINA).replace(microsecond=0)


def _until(until: date | timedelta, moment: datetime, licence: Licence) -> date:
    try:
        day = moment.date() + until if isinstance(until, timedelta) else until
    except OverflowError as error:
        raise UsageError("copy.until", "a day outside the calendar") from error
    if isinstance(day, datetime):
        day = day.astimezone(CHINA).date() if day.tzinfo else day.date()
    if day < moment.date():
        raise UsageError("copy.until", "its last day is over", place=day.isoformat())
    end = licence.validity.valid_until
    if end is not None and day > end:
        detail = f"the licence itself ends on {end.isoformat()}"
        raise UsageError("copy.until", detail, place=day.isoformat())
    return day


def _office(signer: Credential, licence: Licence, trust: TrustStore | None) -> CopyParty:
    """Whom the trust store lists the signer as."""
    if trust is None:
        raise UsageError("copy.creator", "without a trust store, say which office makes the copy")
    try:
        certificate = read_certificate(signer.certificate)
    except InputError as error:
        raise UsageError("copy.creator", "the signer's certificate cannot be read") from error
    entries = trust.services_for(certificate, "copy")
    for entry in entries:
        if licence.type in entry.licence_types:
            return CopyParty(entry.authority, entry.uscc)
    what = "for copies of this type of licence" if entries else "as a maker of copies"
    raise UsageError("copy.creator", f"the trust store does not list {certificate.display} {what}")


def _plan(
    original: Original, signer: Credential, seal: bytes | None, format: Format | None,
    profile: Profile | None, moment: datetime, *, timestamped: bool,
) -> Plan:  # fmt: skip
    form = format or original.evidence.container
    if form not in {"ofd", "pdf"}:
        raise UsageError("copy.format", f"{form!r} is not ofd or pdf")
    if form == "ofd" and profile is not None:
        raise UsageError("copy.profile", "a SubFilter belongs to a PDF")
    if form == "ofd" and seal is None and signer.family != "sm2":
        detail = "a signed OFD without a seal needs an SM2 key: give a seal, or make a PDF"
        raise UsageError("copy.format", detail)
    if form == "pdf" and profile is None:
        profile = "adbe.pkcs7.detached" if signer.family == "sm2" else "ETSI.CAdES.detached"
    kind = "sign" if form == "ofd" and seal is None else "seal"
    return Plan(
        format=form, kind=kind, profile=profile, time=moment, timestamped=timestamped,
        revocation=False, riding=False, archive=False, pages=1,
    )  # fmt: skip


def _carried(original: Original) -> Mapping[str, tuple[bytes, ...]]:
    """What the original holds to verify its issuer's signature with."""
    found: dict[str, list[bytes]] = {"certificates": [], "crls": [], "ocsps": []}
    for signature in original.evidence.signatures:
        found["certificates"] += [one.der for one in signature.certificates]
        found["crls"] += signature.crls
        found["ocsps"] += signature.ocsps
    return {name: tuple(dict.fromkeys(values)) for name, values in found.items()}


def _coded(signer: Credential) -> bool:
    """An RSA signature makes a code too large to print: such a copy has none."""
    return signer.family in {"sm2", "ecdsa"}


def _draw(order: _Order, data: bytes, original: Original) -> Document:
    from elicense.issuing import qr_code

    licence = licences.load(data)
    text = qr_code.text_of(data, signer=order.signer) if _coded(order.signer) else ""
    made = document.document(
        undisclosed.with_marks(licence), data=data, created=order.plan.time, qr_text=text,
        font=order.font,
    )  # fmt: skip
    pages = copy_page.marked(
        made.pages, licence, original.profile, order.font, sealed=order.seal is not None
    )
    return replace(
        made, pages=pages, title=f"{made.title} 加注件", author=order.mark.creator.name,
        metadata={**made.metadata, **_metadata(order.mark)},
    )  # fmt: skip


def _metadata(mark: CopyMark) -> dict[str, str]:
    """The metadata standard's names for a copy: made when and by whom, for what, until when."""
    assert mark.created is not None and mark.expires is not None
    return {
        "JZJZZSJ": mark.created.strftime("%Y-%m-%d %H:%M:%S"),
        "JZJZZZ": mark.creator.name,
        "JZJZZSY": f"{mark.purpose}（{mark.receiver.name}）",
        "JZJYXQJZSJ": mark.expires.isoformat(),
    }


def _sign(order: _Order, drawn: Document) -> bytes:
    return _ofd(order, drawn) if order.plan.format == "ofd" else _pdf(order, drawn)


def _ofd(order: _Order, drawn: Document) -> bytes:
    from elicense.issuing import cms, ofd_page, ofd_seal

    unsealed = ofd_page.render(drawn)
    if order.seal is None:
        chain = (*order.signer.chain, *order.certificates)
        return ofd_seal.sign_ofd(
            unsealed, credential=replace(order.signer, chain=tuple(dict.fromkeys(chain))),
            time=order.plan.time, stamp=order.stamp, attributes=True, crls=order.crls,
            ocsps=order.ocsps,
        )  # fmt: skip
    ask = order.stamp

    def laden(message: bytes) -> bytes:
        assert ask is not None
        return cms.with_validation_data(
            ask(message), certificates=(*order.signer.chain, *order.certificates),
            crls=order.crls, ocsps=order.ocsps,
        )  # fmt: skip

    return ofd_seal.seal_ofd(
        unsealed, seal=order.seal, credential=order.signer, time=order.plan.time,
        spots=(_spot(order.seal),), stamp=laden if ask is not None else None,
    )  # fmt: skip


def _pdf(order: _Order, drawn: Document) -> bytes:
    from elicense.issuing import pdf_page, pdf_seal

    assert order.plan.profile is not None
    unsealed = pdf_page.render(drawn)
    own_check.lint_pdf(unsealed)
    appearance = None
    if order.seal is not None:
        appearance = pdf_seal.Appearance(read_seal(order.seal).picture.data, _spot(order.seal))
    made = pdf_seal.seal_pdf(
        unsealed, credential=order.signer, time=order.plan.time, profile=order.plan.profile,
        seal=order.seal if order.plan.profile == "GM.sm2seal" else None, appearance=appearance,
        stamp=order.stamp, field="Copy1", name=order.mark.creator.name, reason=_REASON,
    )  # fmt: skip
    if order.crls or order.ocsps or order.certificates:
        made = pdf_seal.add_validation_data(
            made, certificates=tuple(dict.fromkeys((*order.signer.chain, *order.certificates))),
            crls=order.crls, ocsps=order.ocsps,
        )  # fmt: skip
    return made


def _spot(seal: bytes) -> Spot:
    """The maker's own seal, where an original has the issuer's: the page says whose it is."""
    from elicense.issuing.issue import spot

    return spot(seal)
