"""A process that judges files, one at a time, started by :mod:`elicense.web.workers`."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from elicense.errors import Error
from elicense.trust.store import TrustStore
from elicense.web.settings import Settings

if TYPE_CHECKING:
    from elicense.policy import Policy


@dataclass(frozen=True, slots=True)
class Terms:
    """How to judge; times are fixed by the service. ``html`` asks for a page too."""

    now: datetime
    at: datetime
    policy: str
    language: str
    compared: bool = False
    html: bool = False


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file or scan."""

    terms: Terms
    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShipJob:
    """DOC, SMC and ship together; either file may be missing."""

    terms: Terms
    doc: tuple[str, bytes] | None = field(repr=False)
    smc: tuple[str, bytes] | None = field(repr=False)
    ship: str


@dataclass(frozen=True, slots=True)
class CodeJob:
    """The text of one QR code."""

    terms: Terms
    text: str


Job = FileJob | ShipJob | CodeJob


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it: the report as one line of JSON, and as HTML if asked for."""

    verdict: str
    json: bytes = field(repr=False)
    html: bytes = field(repr=False, default=b"")


def run(pipe: Connection) -> None:
    """The life of a worker: the settings, then jobs and their answers, until the pipe closes."""
    from elicense.web.trusting import load_trust

    settings: Settings = pipe.recv()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's to handle
    generation, trust = -1, TrustStore.empty()
    pipe.send("ready")
    while True:
        try:
            wanted, job = pipe.recv()
        except (EOFError, OSError):
            return  # the service has ended
        try:
            if wanted != generation:
                trust, generation = load_trust(settings), wanted
            pipe.send(judge(job, trust))
        except Error as exc:
            pipe.send(exc)
        except Exception as exc:  # noqa: BLE001 - a worker tells what broke and goes on
            pipe.send(RuntimeError(f"{type(exc).__name__}: {exc}"))


def judge(job: Job, trust: TrustStore) -> Judged:
    """Judge one job. Raises what :func:`elicense.verify` raises."""
    from elicense.policy import DEFAULT, Policy

    policy = Policy.load(job.terms.policy) if job.terms.policy else DEFAULT
    if isinstance(job, FileJob):
        return _file(job, trust, policy)
    if isinstance(job, ShipJob):
        return _ship(job, trust, policy)
    return _code(job, trust, policy)


def _file(job: FileJob, trust: TrustStore, policy: Policy) -> Judged:
    from elicense.verifying import verify

    terms = job.terms
    report = verify(
        job.data, trust=trust, at=terms.at, now=terms.now, policy=policy, compared=terms.compared
    )
    report = replace(report, file=job.name)
    page = b""
    if terms.html:
        from elicense.render.html import render

        page = render(report, data=job.data, language=terms.language).encode()
    return Judged(str(report.verdict), report.to_json(language=terms.language).encode(), page)


def _ship(job: ShipJob, trust: TrustStore, policy: Policy) -> Judged:
    from elicense.together import verify_together

    terms = job.terms
    doc, smc = (part[1] if part else None for part in (job.doc, job.smc))
    report = verify_together(
        doc=doc, smc=smc, ship=job.ship or None, trust=trust, at=terms.at, now=terms.now,
        policy=policy,
    )  # fmt: skip
    page = b""
    if terms.html:
        from elicense.render.joint_html import render

        page = render(report, doc=doc, smc=smc, language=terms.language).encode()
    return Judged(str(report.verdict), report.to_json(language=terms.language).encode(), page)


def _code(job: CodeJob, trust: TrustStore, policy: Policy) -> Judged:
    import json

    from elicense import scanned
    from elicense.render.code import judged_dict

    terms = job.terms
    scan = scanned.judge(
        job.text, trust=trust, at=terms.at, now=terms.now, compared=terms.compared, policy=policy
    )
    body = json.dumps(judged_dict(scan, terms.language), ensure_ascii=False, default=dict)
    return Judged(str(scan.verdict), body.encode())


def main() -> None:
    """Entry of the process; the socket's number is its one argument."""
    run(Connection(int(sys.argv[1])))
