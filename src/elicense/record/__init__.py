"""Records: an answer with all that it follows from, in one file, to be judged anew later.

``make`` and ``make_joint`` record a report, ``make_unreadable`` that a file cannot be read,
``replay`` judges a record's question again and says whether the answer is the same. A
record proves nothing by itself: it carries its own trust store, whose digest is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from elicense.errors import Error, InputError, UsageError
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.maritime.pair import Companion
from elicense.policy import DEFAULT, Policy
from elicense.record.compare import Difference, differences, without_environment
from elicense.record.content import Options, Question, Shown, dump, load, pack, shown, unpack
from elicense.report import SCHEMA as REPORT_SCHEMA
from elicense.report import Report
from elicense.together import JointReport, together
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict
from elicense.verifying import companion_of, verify_bytes

__all__ = ["Difference", "Replay", "make", "make_joint", "make_unreadable", "replay"]

_SLOWER = 5  # a machine that replays may be so many times slower than the one that judged
Answer = Report | JointReport | Error


def make(
    report: Report,
    data: bytes,
    *,
    companions: Sequence[bytes | None] = (),
    pages: bool = True,
    compared: bool = False,
    ocr: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    language: str = "en",
    include_files: bool = True,
) -> bytes:
    """The record of a report on ``data``, the very bytes that were judged.

    ``companions`` are the bytes of ``report.companions`` in their order, None for one that
    could not be read; ``pages``, ``compared``, ``ocr`` and ``limits`` as ``verify`` got them.
    Without ``include_files`` only digests of files are kept. Before it is returned the
    record is judged once anew: UsageError if that does not give the same report.
    """
    if len(companions) != len(report.companions):
        raise UsageError("record.companions", "the bytes of each companion are needed")
    files = [shown("file", report.file, data)]
    files += [shown("companion", item.file, other)
              for item, other in zip(report.companions, companions, strict=True)]  # fmt: skip
    return _record(
        Question("verify", report.at, report.now, language, tuple(files), report.trust,
                 report.policy, limits, Options(pages, compared, ocr, report.receiver)),
        report.to_dict(language=language), include_files,
    )  # fmt: skip


def make_joint(
    report: JointReport,
    *,
    doc: tuple[str, bytes | None] | None = None,
    smc: tuple[str, bytes | None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    language: str = "en",
    include_files: bool = True,
) -> bytes:
    """The record of a joint report: for each certificate given, its name and bytes (None
    where the file could not be read at all). As :func:`make` otherwise."""
    if any(isinstance(part, Report) and part.trust != report.trust for _, part in report.parts):
        raise UsageError("record.online", "what was fetched for one certificate is not known of "
                         "the other: record each with verify")  # fmt: skip
    files = []
    for (role, part), given in zip(report.parts, (doc, smc), strict=True):
        if (part is None) != (given is None):
            raise UsageError("record.files", "each certificate that was judged is needed")
        if given is not None:
            error = part if isinstance(part, Error) else None
            files.append(shown(role, given[0], given[1], error))
    return _record(
        Question("inspect-ship", report.at, report.now, language, tuple(files), report.trust,
                 report.policy, limits, ship=report.ship),
        report.to_dict(language=language), include_files,
    )  # fmt: skip


def make_unreadable(
    error: Error,
    name: str,
    data: bytes,
    *,
    trust: TrustStore,
    at: datetime,
    now: datetime,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
    language: str = "en",
    include_files: bool = True,
) -> bytes:
    """The record of a file in which nothing can be read: ``error`` is what came of it."""
    question = Question(
        "verify", at.astimezone(UTC), now.astimezone(UTC), language,
        (shown("file", name, data),), trust, policy, limits,
    )  # fmt: skip
    return _record(question, _error_dict(error, name, question), include_files)


def _record(question: Question, report: Mapping[str, Any], include_files: bool) -> bytes:
    """Judged again at once, with more time and then with the same: a record that would not
    replay is none, and where only the time made the difference that is kept."""
    wanted = _plain(report)
    timed = _answer_of(question, slower=True)[1] != wanted
    if timed and _answer_of(question, slower=False)[1] != wanted:
        raise UsageError("record.differs", "these bytes and options do not give this report",
                         place=question.files[0].name)  # fmt: skip
    return pack(replace(question, timed=timed), report, include_files=include_files)


# -- replay ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of judging a record anew. True in a condition only if it gave the same
    report; ``answer`` is the new one, ``report`` its plain values, ``recorded`` the old."""

    sha256: str
    question: Question = field(repr=False)
    answer: Answer = field(repr=False)
    report: Mapping[str, Any] = field(repr=False)
    recorded: Mapping[str, Any] = field(repr=False)
    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return not self.differences

    @property
    def verdict(self) -> Verdict | None:
        """Of the new answer; None where the file cannot be read."""
        return None if isinstance(self.answer, Error) else self.answer.verdict


def replay(
    record: bytes,
    *,
    files: Iterable[bytes] = (),
    trust: TrustStore | None = None,
    allow_test: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Replay:
    """Judge the question of a record again and compare the answers.

    ``files`` are those that the record holds only digests of. ``trust``, if given, must be
    the very store of the record, else that is a difference. A store of test anchors needs
    ``allow_test``. Raises InputError for what is no sound record, UsageError for files that
    are missing or others than those recorded.
    """
    question, recorded = unpack(record, ceiling=limits)
    if question.trust.test and not allow_test:
        raise UsageError("trust.test", "the record's trust store holds test anchors whose keys "
                         "are public", place=question.trust.name)  # fmt: skip
    question = replace(question, files=_completed(question.files, files))
    old = load(recorded, "report.json")
    answer, new = _answer_of(question, slower=True)
    if question.timed and without_environment(old) != new:
        answer, new = _answer_of(question, slower=False)
    found = differences(without_environment(old), new)
    if trust is not None and trust.digest != question.trust.digest:
        found = (Difference("trust", question.trust.digest, trust.digest), *found)
    return Replay(hashlib.sha256(record).hexdigest(), question, answer, new, old, found)


def _completed(held: Sequence[Shown], given: Iterable[bytes]) -> tuple[Shown, ...]:
    """Each file with its bytes: from the record, else the one given that has its digest."""
    by_digest = {hashlib.sha256(data).hexdigest(): data for data in given}
    for digest in by_digest:
        if digest not in {item.sha256 for item in held}:
            raise UsageError("record.file", "the file given is not the one that was judged",
                             place=f"SHA-256 {digest}")  # fmt: skip
    found = []
    for item in held:
        data = item.data if item.data is not None else by_digest.get(item.sha256)
        if data is None and item.sha256:
            raise UsageError("record.file", "the record holds only the digest of this file: "
                             "give the file", place=item.name)  # fmt: skip
        found.append(replace(item, data=data))
    return tuple(found)


# -- judging --------------------------------------------------------------------------------


def _answer_of(question: Question, *, slower: bool) -> tuple[Answer, Mapping[str, Any]]:
    """The answer, and its plain values without the environment."""
    limits = _patient(question.limits) if slower else question.limits
    asked = replace(question, limits=limits)
    if question.kind == "inspect-ship":
        joint = _joint(asked)
        return joint, _plain(joint.to_dict(language=question.language))
    (item,) = question.of("file")
    beside = tuple(_companion(other, asked) for other in question.of("companion"))
    judged = _judge(item, asked, beside)
    if isinstance(judged, Error):
        return judged, _plain(_error_dict(judged, item.name, question))
    return judged, _plain(judged.to_dict(language=question.language))


def _plain(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """As it reads back from a record."""
    return without_environment(load(dump(report), "report.json"))


def _patient(limits: Limits) -> Limits:
    """The same caps but those of time, which depend on the machine."""
    names = [item.name for item in fields(Limits) if item.name.endswith("_seconds")]
    return replace(limits, **{name: getattr(limits, name) * _SLOWER for name in names})


def _judge(
    item: Shown, asked: Question, beside: tuple[Companion, ...] | None
) -> Report | Error:
    if item.data is None:
        return item.error or InputError("file.unreadable", "not read", place=item.name)
    options = asked.options if item.role == "file" else Options(asked.options.pages)
    try:
        return verify_bytes(
            item.data, name=item.name, trust=asked.trust, at=asked.at, now=asked.now,
            policy=asked.policy, limits=asked.limits, pages=options.pages, companions=beside,
            compared=options.compared, ocr=options.ocr, receiver=options.receiver,
        )  # fmt: skip
    except UsageError:
        raise
    except Error as exc:
        return exc


def _companion(item: Shown, asked: Question) -> Companion:
    return companion_of(item.name, _judge(item, asked, None))


def _joint(asked: Question) -> JointReport:
    parts = []
    for role in ("doc", "smc"):
        found = asked.of(role)
        parts.append(_judge(found[0], asked, None) if found else None)
    return together(parts[0], parts[1], ship=asked.ship, trust=asked.trust, at=asked.at,
                    now=asked.now, policy=asked.policy)  # fmt: skip


def _error_dict(error: Error, name: str, question: Question) -> dict[str, Any]:
    """As ``elicense verify --json`` tells it."""
    return {
        "schema": REPORT_SCHEMA, "file": name, "verdict": None,
        "at": f"{question.at:%Y-%m-%dT%H:%M:%SZ}", "now": f"{question.now:%Y-%m-%dT%H:%M:%SZ}",
        "error": {"code": error.code, "detail": error.detail, "place": error.place},
    }  # fmt: skip
