"""A licence type tried from end to end with throw-away keys: issued, verified, scanned, copied.

It goes the way of any licence: :func:`elicense.issuing.issue.issue`, the verifier, a scanner's
picture of the page, a masked copy. Nothing is written unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from elicense.authoring.finding import Finding
from elicense.crypto.ses import CHINA
from elicense.errors import Error, FieldFault, IssueRefused
from elicense.findings import Outcome
from elicense.identifiers import check_area
from elicense.issuing import throwaway
from elicense.issuing.copy import make_copy
from elicense.issuing.issue import issue
from elicense.licence import Licence, StatusReference
from elicense.profiles import Profile, trying
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict
from elicense.verifying import verify

if TYPE_CHECKING:
    from elicense.report import Report

_DPI = 200
_PURPOSE, _RECEIVER = "试签核验 trial", "试签接收单位 trial receiver"
_ELSEWHERE = ("ism.",)  # what rests on other documents


@dataclass(slots=True)
class Trial:
    """What came of it: findings, and the files by name (``sample.ofd``, ``trust/root.pem``);
    ``qr`` is the size of the code's text in characters, 0 where there is none."""

    findings: list[Finding] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    at: datetime | None = None
    qr: int = 0
    tried: tuple[str, ...] = ()


def run(profile: Profile, licence: Licence) -> Trial:
    """Issue ``licence`` as OFD and PDF and look at both, at a scan and at a copy."""
    day = licence.validity.issued or datetime.now(CHINA).date()
    sealed = datetime.combine(day, time(10), CHINA)
    trial = Trial(at=sealed + timedelta(hours=1))
    region = licence.issuer.region if check_area(licence.issuer.region) == "ok" else "national"
    issuer = throwaway.Issuer(licence.issuer.name, licence.issuer.code, region)
    end = max(sealed, datetime.now(UTC)) + timedelta(days=3650)
    office = throwaway.office(issuer, start=sealed - timedelta(days=400), end=end)
    given = replace(licence, status=StatusReference(throwaway.LIST, 0))
    files = office.files((profile.id,))
    trial.files |= {f"trust/{name}": data for name, data in files.items()}
    with trying(profile):
        _both(trial, profile, given, _World(office, TrustStore.from_files(files), sealed))
    return trial


@dataclass(frozen=True, slots=True)
class _World:
    office: throwaway.Office
    trust: TrustStore
    sealed: datetime

    @property
    def at(self) -> datetime:
        return self.sealed + timedelta(hours=1)


def _both(trial: Trial, profile: Profile, licence: Licence, world: _World) -> None:
    known: set[str] = set()
    forms: tuple[Literal["ofd", "pdf"], ...] = ("ofd", "pdf")
    for form in forms:
        try:
            made = _issued(profile, licence, world, form)
        except IssueRefused as error:
            for fault in error.faults:
                if str(fault) not in known:
                    known.add(str(fault))
                    trial.findings.append(refused(fault))
            continue
        except Error as error:
            trial.findings.append(_failed("trial.issue", form, error))
            continue
        trial.files[f"sample.{form}"] = made
        trial.tried += (form,)
        report = verify(made, trust=world.trust, at=world.at, now=world.at)
        trial.findings += _not_valid("trial.verify", form, report)
        _copy(trial, profile, world, form, made)
        if form == "pdf" and profile.templates:
            _scan(trial, world, made)


def refused(fault: FieldFault) -> Finding:
    """A fault that issuing names, as a finding."""
    return Finding("sample.refused", "", fault.path, {"detail": fault.detail, "code": fault.code})


def _issued(
    profile: Profile, licence: Licence, world: _World, form: Literal["ofd", "pdf"]
) -> bytes:
    office = world.office
    return issue(
        licence, seal=office.seal(), signer=office.credential("sealer"), format=form,
        qr_signer=office.credential("qr") if profile.templates else None, trust=world.trust,
        timestamp=office.stamp(world.sealed + timedelta(seconds=2)), time=world.sealed,
    )  # fmt: skip


def _copy(trial: Trial, profile: Profile, world: _World, form: str, made: bytes) -> None:
    """A copy that hides all that may be hidden."""
    report = verify(made, trust=world.trust, at=world.at, now=world.at)
    if report.licence is None:
        return
    hide = [item.key for item, _ in profile.values(report.licence) if item.maskable]
    tomorrow = world.at.date() + timedelta(days=1)
    until = min(tomorrow, report.licence.validity.valid_until or tomorrow)
    try:
        copied = make_copy(
            made, purpose=_PURPOSE, receiver=_RECEIVER, until=until, hide=hide,
            signer=world.office.credential("copy"), trust=world.trust, time=world.at,
            timestamp=world.office.stamp(world.at),
        )  # fmt: skip
    except (Error, IssueRefused) as error:
        trial.findings.append(_failed("trial.copy", form, error))
        return
    trial.files[f"copy.{form}"] = copied
    after = world.at + timedelta(hours=1)
    again = verify(copied, trust=world.trust, at=after, now=after)
    trial.findings += _not_valid("trial.copy-verify", form, again)


def _scan(trial: Trial, world: _World, made: bytes) -> None:
    """The first page as a scanner sees it, its code read and its fields compared by eye."""
    report = verify(picture(made), trust=world.trust, at=world.at, now=world.at, compared=True,
                    ocr=False)  # fmt: skip
    codes = [code.text for code in report.evidence.qr if code.kind == "el1"]
    trial.qr = max(map(len, codes), default=0)
    trial.tried += ("scan",)
    trial.findings += _not_valid("trial.scan", "pdf", report)


def picture(made: bytes) -> bytes:
    """The first page of a PDF as a scanner at 200 dpi sees it, as PNG."""
    import io

    import pypdfium2

    document = pypdfium2.PdfDocument(made)
    try:
        picture = document[0].render(scale=_DPI / 72, may_draw_forms=True).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    picture.convert("RGB").save(out, "PNG", dpi=(_DPI, _DPI))
    return out.getvalue()


def _not_valid(code: str, form: str, report: Report) -> Iterator[Finding]:
    """What keeps a report from VALID; only what rests on other documents may stay open."""
    if report.verdict is Verdict.VALID:
        return
    wrong = [f for f in report.findings
             if f.outcome in {Outcome.FAIL, Outcome.UNKNOWN}
             and not f.code.startswith(_ELSEWHERE)]  # fmt: skip
    for item in wrong:
        yield Finding(code, "", item.code, {
            "form": form.upper(), "detail_zh": item.message("zh"), "detail_en": item.message("en"),
        })  # fmt: skip
    open_only = any(f.outcome is Outcome.UNKNOWN for f in report.findings)
    if not wrong and not open_only:
        yield Finding(code, "", str(report.verdict), {"form": form.upper()})


def _failed(code: str, form: str, error: Error) -> Finding:
    values: Mapping[str, str] = {"form": form.upper(), "detail": error.detail}
    return Finding(code, "", error.code, values)
