"""``elicense.verify``: one file, one honest answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from elicense import checks
from elicense.checks.case import Case, judge_signatures
from elicense.checks.endorsed import with_endorsements
from elicense.checks.standing import World
from elicense.containers import boundary
from elicense.errors import InputError, LimitError, UsageError
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.licence import Licence, load
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.policy import DEFAULT, Policy
from elicense.profiles import find
from elicense.report import Report
from elicense.trust.store import TrustStore
from elicense.verdict import decide

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
) -> Report:
    """Judge one PDF or OFD (a path or its bytes) against ``trust``.

    ``at`` is the time of judgement and ``now`` the time for the freshness of
    lists, both aware; each is the present moment unless given. ``pages=False``
    leaves page text and codes unread: the verdict is then never VALID for a file
    with licence data. Raises InputError or LimitError if nothing can be read,
    UsageError for a naive time.
    """
    name, data = read_input(file, limits)
    present = datetime.now(UTC)
    moment, fresh = _aware(at, present, "at"), _aware(now, present, "now")
    evidence = examine(data, limits=limits, pages=pages)
    return judge(
        evidence, name=name, trust=trust, at=moment, now=fresh, policy=policy, limits=limits
    )


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
) -> Report:
    """From evidence to a report: pure, no input or output."""
    with boundary("checks"):
        world = World(trust, at, now, limits)
        signatures, tokens = judge_signatures(evidence, world)
        licence, problem = _licence(evidence, limits)
        case = Case(
            evidence, world, policy, signatures, tokens, licence, problem,
            find(licence.type) if licence else None, evidence.claims.data,
        )  # fmt: skip
        findings = checks.run(case)
        return Report(
            file=name, verdict=decide(findings, policy), at=at, now=now, evidence=evidence,
            findings=findings, licence=with_endorsements(case), policy=policy, trust=trust,
        )  # fmt: skip


def _licence(evidence: Evidence, limits: Limits) -> tuple[Licence | None, str]:
    if evidence.claims.data is None:
        return None, ""
    try:
        return load(evidence.claims.data, limits=limits), ""
    except InputError as exc:
        return None, str(exc)
