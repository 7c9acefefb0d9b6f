"""``elicense.verify_together``: DOC, SMC and ship judged as one (ISM 13.3, 13.5.1, 14.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from elicense.errors import Error, Rejected, UsageError
from elicense.findings import Finding, Outcome
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.maritime.dates import china_day
from elicense.maritime.facts import certificate
from elicense.maritime.pair import Joint, Part, compare
from elicense.maritime.ship import Ship, parse
from elicense.maritime.timeline import Span, spans
from elicense.policy import DEFAULT, Policy
from elicense.report import Report, environment
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict, weigh
from elicense.verifying import Input, part_of, verify

if TYPE_CHECKING:
    from elicense.trust.online import Online

SCHEMA = "elicense-joint/1"
NEEDED = ("ism.doc-smc", "ism.13.3", "ism.company")
"""VALID needs a PASS in each of these, and both certificates VALID on their own."""


@dataclass(frozen=True, slots=True)
class JointReport:
    """DOC, SMC and ship together. True in a condition only if the verdict is VALID.

    ``doc`` and ``smc`` are the reports of each file on its own, the error where a file
    cannot be read, None where none was given. ``findings`` are those about them together.
    """

    verdict: Verdict
    at: datetime
    now: datetime
    doc: Report | Error | None = field(repr=False)
    smc: Report | Error | None = field(repr=False)
    ship: Ship | None
    findings: tuple[Finding, ...] = field(repr=False)
    policy: Policy = field(repr=False)
    trust: TrustStore = field(repr=False)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.VALID

    @property
    def parts(self) -> tuple[tuple[str, Report | Error | None], ...]:
        """The certificates by their part: ``doc`` and ``smc``."""
        return ("doc", self.doc), ("smc", self.smc)

    @property
    def deciding(self) -> tuple[tuple[str, Finding], ...]:
        """What decided, the most telling first: (``doc``, ``smc`` or ``together``, finding)."""
        for wanted in (Outcome.FAIL, Outcome.UNKNOWN):
            found = tuple(self._weighing(wanted))
            if found:
                return found
        return ()

    def _weighing(self, wanted: Outcome) -> Iterator[tuple[str, Finding]]:
        for name, part in self.parts:
            if isinstance(part, Report):
                for one in part.findings:
                    if weigh(one, part.policy) is wanted:
                        yield name, one
        for one in self.findings:
            if weigh(one, self.policy) is wanted:
                yield "together", one

    @property
    def timeline(self) -> tuple[tuple[str, Span], ...]:
        """Terms and verification windows of both certificates: (``doc`` or ``smc``, span)."""
        found: list[tuple[str, Span]] = []
        for name, part in self.parts:
            if isinstance(part, Report):
                found += [(name, span) for span in report_spans(part)]
        return tuple(found)

    def require(self) -> None:
        """Raise :class:`elicense.Rejected` unless the verdict is VALID."""
        if self.verdict is not Verdict.VALID:
            part, first = self.deciding[0] if self.deciding else ("together", None)
            raise Rejected(
                first.code if first else "verdict",
                f"{self.verdict}: {first.message('en') if first else 'not all was proven'}",
                place=part,
            )

    def to_dict(self, *, language: str = "en") -> dict[str, Any]:
        """The joint report as plain values; each certificate's own report is inside."""
        return {
            "schema": SCHEMA,
            "verdict": str(self.verdict),
            "at": _time(self.at),
            "now": _time(self.now),
            "doc": _part(self.doc, language),
            "smc": _part(self.smc, language),
            "ship": _ship(self.ship),
            "findings": [_finding(one, language) for one in self.findings],
            "deciding": [{"part": part, "code": one.code} for part, one in self.deciding],
            "timeline": [{"part": part, **_span(span)} for part, span in self.timeline],
            "policy": self.policy.name,
            "environment": environment(),
        }

    def to_json(self, *, language: str = "en") -> str:
        """One line of JSON."""
        return json.dumps(
            self.to_dict(language=language), ensure_ascii=False, separators=(",", ":"), default=dict
        )


def verify_together(
    *,
    doc: Input | None = None,
    smc: Input | None = None,
    ship: Ship | str | None = None,
    trust: TrustStore,
    at: datetime | None = None,
    now: datetime | None = None,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
    online: Online | None = None,
) -> JointReport:
    """Judge a DOC and an SMC (interim ones too), each on its own and both as one.

    ``ship`` is what the inspector sees, ``imo=9999012,type=bulk-carrier,flag=CN,name=…``. A
    file that cannot be read makes its part an :class:`~elicense.Error` and the verdict at
    best INDETERMINATE. Raises UsageError for a naive time, a ship that cannot be understood,
    or if neither certificate is given. ``online`` as in :func:`elicense.verify`.
    """
    if doc is None and smc is None:
        raise UsageError("together.files", "give a DOC, an SMC, or both")
    present = datetime.now(UTC)
    moment, fresh = at or present, now or present
    if moment.tzinfo is None or fresh.tzinfo is None:
        raise UsageError("verify.time", "at and now must carry a time zone")
    seen = parse(ship) if isinstance(ship, str) else ship
    judged = [
        None if file is None else _judge(
            file, trust=trust, at=moment, now=fresh, policy=policy, limits=limits, online=online
        )
        for file in (doc, smc)
    ]  # fmt: skip
    return together(judged[0], judged[1], ship=seen, trust=trust, at=moment, now=fresh,
                    policy=policy)  # fmt: skip


def _judge(
    file: Input, *, trust: TrustStore, at: datetime, now: datetime, policy: Policy, limits: Limits,
    online: Online | None,
) -> Report | Error:  # fmt: skip
    try:
        return verify(file, trust=trust, at=at, now=now, policy=policy, limits=limits,
                      companions=None, online=online)  # fmt: skip
    except UsageError:
        raise
    except Error as exc:
        return exc


def together(
    doc: Report | Error | None,
    smc: Report | Error | None,
    *,
    ship: Ship | None = None,
    trust: TrustStore,
    at: datetime,
    now: datetime,
    policy: Policy = DEFAULT,
) -> JointReport:
    """The joint answer from reports at hand, made for the same ``at``, ``now`` and trust."""
    findings = (
        *_unreadable(doc, smc),
        *(_of(joint) for joint in compare(_facts(doc), _facts(smc), ship)),
    )
    verdict = _decide([part for part in (doc, smc) if part is not None], findings, policy)
    if verdict is Verdict.VALID and (doc is None or smc is None):
        verdict = Verdict.INDETERMINATE
    return JointReport(verdict, at.astimezone(UTC), now.astimezone(UTC), doc, smc, ship, findings,
                       policy, trust)  # fmt: skip


def _decide(
    parts: list[Report | Error], findings: tuple[Finding, ...], policy: Policy
) -> Verdict:
    verdicts = {
        part.verdict if isinstance(part, Report) else Verdict.INDETERMINATE for part in parts
    }
    outcomes = {weigh(one, policy) for one in findings}
    if Verdict.INVALID in verdicts or Outcome.FAIL in outcomes:
        return Verdict.INVALID
    passed = {one.code for one in findings if one.outcome is Outcome.PASS}
    if verdicts != {Verdict.VALID} or Outcome.UNKNOWN in outcomes or not passed.issuperset(NEEDED):
        return Verdict.INDETERMINATE
    return Verdict.VALID


def _unreadable(doc: Report | Error | None, smc: Report | Error | None) -> Iterator[Finding]:
    for name, part in (("doc", doc), ("smc", smc)):
        if isinstance(part, Error):
            yield Finding("ism.applicability", Outcome.UNKNOWN, name, "unreadable",
                          {"part": name.upper(), "detail": str(part)}, str(part))  # fmt: skip


def _facts(part: Report | Error | None) -> Part | None:
    return None if part is None else part_of(part)


def _of(joint: Joint) -> Finding:
    return Finding(joint.code, joint.outcome, joint.subject, joint.reason, joint.values)


def report_spans(report: Report) -> tuple[Span, ...]:
    """The time line of one judged certificate; empty where it has no dates or is no DOC or SMC."""
    found = certificate(report.licence) if report.licence is not None else None
    return spans(found, china_day(report.at)) if found is not None else ()


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _part(part: Report | Error | None, language: str) -> dict[str, Any] | None:
    if isinstance(part, Report):
        return part.to_dict(language=language)
    if isinstance(part, Error):
        return {"error": {"code": part.code, "detail": part.detail, "place": part.place}}
    return None


def _ship(ship: Ship | None) -> dict[str, str] | None:
    if ship is None:
        return None
    return {"imo": ship.imo, "type": ship.type, "flag": ship.flag, "name": ship.name}


def _finding(one: Finding, language: str) -> dict[str, str]:
    return {
        "code": one.code, "outcome": str(one.outcome), "subject": one.subject,
        "reason": one.reason, "message": one.message(language), "advice": one.advice(language),
        "detail": one.detail, "clause": one.clause, "indication": one.indication,
    }  # fmt: skip


def _span(span: Span) -> dict[str, Any]:
    return {
        "kind": span.kind, "start": span.start.isoformat(), "end": span.end.isoformat(),
        "state": span.state, "made": span.made.isoformat() if span.made else None,
        "paragraph": span.paragraph,
    }  # fmt: skip
