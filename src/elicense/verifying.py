"""``elicense.verify``: one file, one honest answer."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from elicense import checks
from elicense.checks.attestation import judge_attestation
from elicense.checks.case import Case, judge_signatures
from elicense.checks.endorsed import with_endorsements
from elicense.checks.needs import needs
from elicense.checks.qr import accepts
from elicense.checks.sheet import first_payload
from elicense.checks.standing import World, ages_of
from elicense.containers import boundary
from elicense.errors import Error, InputError, LimitError, UsageError
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.licence import Licence, load
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.maritime.pair import Companion, Part
from elicense.policy import DEFAULT, Policy
from elicense.profiles import find
from elicense.report import Report
from elicense.trust.status_added import Given, with_status
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict, decide

if TYPE_CHECKING:
    from elicense.trust.online import Online

Input = str | os.PathLike[str] | bytes | bytearray | memoryview


def read_input(file: Input, limits: Limits) -> tuple[str, bytes]:
    """Name and bytes of what was given. Raises InputError where it cannot be read."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return "(bytes)", bytes(file)
    path = Path(file)
    try:
        if path.stat().st_size > limits.file_size:
            raise LimitError(
                "container.size", f"the file is larger than {limits.file_size} bytes",
                place=str(path),
            )  # fmt: skip
        return str(path), path.read_bytes()
    except OSError as exc:
        raise InputError("file.unreadable", exc.strerror or str(exc), place=str(path)) from exc


def verify(
    file: Input,
    *,
    trust: TrustStore,
    at: datetime | None = None,
    now: datetime | None = None,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
    pages: bool = True,
    companions: Iterable[Input | Report | Companion] | None = (),
    status: Given = (),
    compared: bool = False,
    receiver: str = "",
    ocr: bool = True,
    online: Online | None = None,
) -> Report:
    """Judge one PDF or OFD, or a scan (a path or its bytes), against ``trust``.

    ``at`` is the time of judgement and ``now`` the time for the freshness of
    lists, both aware; each is the present moment unless given. ``pages=False``
    leaves page text and codes unread: the verdict is then never VALID for a file
    with licence data. ``companions`` are other files shown beside it (paths, bytes, or
    reports made for the same times and trust): an SMC rests on its company's DOC. None
    says that they are judged with it elsewhere. ``status`` are more status lists or
    indexes (bytes, or several), such as one just fetched; the report's trust digest names
    them. ``compared`` is a person's word, recorded in the report, that a scanned sheet says
    what its signed QR code says in every deciding field; without it, and without ``ocr``
    reading them, a scan is never VALID. ``receiver`` is who was shown an annotated copy (加注件),
    by name or code: a copy made for another is INVALID. ``online`` is the leave to open
    connections for what is missing (:class:`elicense.trust.online.Online`); without it none
    is opened, and what the network does never raises. Raises InputError or LimitError if
    nothing can be read, UsageError for a naive time.
    """
    trust = with_status(trust, status)
    name, data = read_input(file, limits)
    present = datetime.now(UTC)
    moment, fresh = _aware(at, present, "at"), _aware(now, present, "now")
    others = None if companions is None else tuple(
        companion(x, trust=trust, at=moment, now=fresh, policy=policy, limits=limits, pages=pages,
                  online=online)
        for x in companions
    )  # fmt: skip
    return verify_bytes(
        data, name=name, trust=trust, at=moment, now=fresh, policy=policy, limits=limits,
        pages=pages, companions=others, compared=compared, receiver=receiver, ocr=ocr,
        online=online,
    )  # fmt: skip


def verify_bytes(
    data: bytes, *, name: str, trust: TrustStore, at: datetime, now: datetime, policy: Policy,
    limits: Limits, pages: bool = True, companions: tuple[Companion, ...] | None = (),
    compared: bool = False, receiver: str = "", ocr: bool = True, online: Online | None = None,
) -> Report:  # fmt: skip
    """From a file's bytes and all that the answer follows from to a report: what ``verify``
    does, and what judging a record anew does again."""
    evidence = examine(
        data, limits=limits, pages=pages, accept=accepts(trust, limits), ocr=ocr
    )  # fmt: skip
    if online is not None:
        with boundary("checks"):
            trust = gather(
                evidence, World(trust, at, now, limits, ages_of(policy)), policy=policy,
                companions=companions, online=online,
            )  # fmt: skip
    return judge(
        evidence, name=name, trust=trust, at=at, now=now, policy=policy, limits=limits,
        companions=companions, compared=compared, receiver=receiver,
    )  # fmt: skip


def gather(
    evidence: Evidence, world: World, *, policy: Policy, online: Online,
    companions: tuple[Companion, ...] | None = (),
) -> TrustStore:  # fmt: skip
    """The trust store, with what the network has of all that a judgement lacks. Nothing is
    asked about a file that is INVALID already, or VALID without it."""
    budget = online.begin()
    while True:
        case = _case(evidence, world, policy, companions, compared=False)
        if decide(checks.run(case), policy, sheet=evidence.sheet) is not Verdict.INDETERMINATE:
            return world.trust
        more = online.collect(needs(case), world.trust, budget)
        if more is None:
            return world.trust
        world = replace(world, trust=more)


def companion(
    file: Input | Report | Companion, *, trust: TrustStore, at: datetime, now: datetime,
    policy: Policy = DEFAULT, limits: Limits = DEFAULT_LIMITS, pages: bool = True,
    online: Online | None = None,
) -> Companion:  # fmt: skip
    """A file shown beside others, judged on its own once for all of them. UsageError for a
    report made at another time or with other trust."""
    if isinstance(file, Companion):
        return file
    if isinstance(file, Report):
        if (file.at, file.now, file.trust.before or file.trust) != (at, now, trust):
            raise UsageError("verify.companion", "it was judged at another time or with another "
                             "trust store", place=file.file)  # fmt: skip
        return companion_of(file.file, file)
    name = "(bytes)" if isinstance(file, (bytes, bytearray, memoryview)) else str(Path(file))
    try:
        found = verify(file, trust=trust, at=at, now=now, policy=policy, limits=limits,
                       pages=pages, companions=None, online=online)  # fmt: skip
    except UsageError:
        raise
    except Error as exc:
        return companion_of(name, exc)
    return companion_of(name, found)


def companion_of(name: str, judged: Report | Error) -> Companion:
    """What a judged file says to those beside it. A file that is not what its issuer made
    proves nothing of the certificate that it pretends to be: then the question is open."""
    found = part_of(judged)
    if not isinstance(judged, Report):
        return Companion(name, "", found)
    faults = {(f.code, f.reason) for f in judged.deciding}
    if found.verdict is Verdict.INVALID and not faults <= _NOT_IN_FORCE:
        found = replace(found, verdict=Verdict.INDETERMINATE)
    return Companion(name, judged.evidence.sha256, found)


_NOT_IN_FORCE = {
    ("status.licence", "withdrawn"), ("status.licence", "suspended"), ("licence.dates", "expired"),
}  # fmt: skip


def part_of(judged: Report | Error) -> Part:
    """A judged certificate as the rules about several see it."""
    if isinstance(judged, Error):
        return Part(Verdict.INDETERMINATE, None, "文件无法读取", "the file cannot be read")
    first = judged.deciding[0] if judged.deciding else None
    return Part(
        judged.verdict, judged.licence,
        first.message("zh").rstrip("。") if first else "",
        first.message("en").rstrip(".") if first else "",
        any(f.code == "status.licence" and f.reason == "withdrawn" for f in judged.findings),
    )  # fmt: skip


def _aware(moment: datetime | None, present: datetime, name: str) -> datetime:
    if moment is None:
        return present
    if moment.tzinfo is None:
        raise UsageError("verify.time", f"{name} must carry a time zone")
    return moment.astimezone(UTC)


def judge(
    evidence: Evidence,
    *,
    name: str,
    trust: TrustStore,
    at: datetime,
    now: datetime,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
    companions: tuple[Companion, ...] | None = (),
    compared: bool = False,
    receiver: str = "",
) -> Report:
    """From evidence to a report: pure, no input or output."""
    with boundary("checks"):
        world = World(trust, at, now, limits, ages_of(policy))
        case = _case(evidence, world, policy, companions, compared=compared, receiver=receiver)
        findings = checks.run(case)
        return Report(
            file=name, verdict=decide(findings, policy, sheet=evidence.sheet), at=at, now=now,
            evidence=evidence, findings=findings, licence=with_endorsements(case),
            policy=policy, trust=trust, companions=companions or (), compared=case.compared,
            receiver=receiver,
        )  # fmt: skip


def _case(
    evidence: Evidence, world: World, policy: Policy, companions: tuple[Companion, ...] | None,
    *, compared: bool, receiver: str = "",
) -> Case:  # fmt: skip
    licence, problem = _licence(evidence, world.limits)
    copied = None if evidence.sheet or licence is None or licence.copy is None else licence
    signatures, tokens = judge_signatures(
        evidence, world, service="copy" if copied else "sealer"
    )
    own = judge_attestation(copied, evidence, world, signatures, tokens) if copied else None
    return Case(
        evidence, world, policy, signatures, tokens, licence, problem,
        find(licence.type) if licence else None, evidence.claims.data, own, receiver, companions,
        compared and evidence.sheet,
    )  # fmt: skip


def _licence(evidence: Evidence, limits: Limits) -> tuple[Licence | None, str]:
    if evidence.sheet:  # what its code says; the findings tell whether to believe it
        payload = first_payload(evidence.qr, limits)
        return (payload.licence if payload else None), ""
    if evidence.claims.data is None:
        return None, ""
    try:
        return load(evidence.claims.data, limits=limits), ""
    except InputError as exc:
        return None, str(exc)
