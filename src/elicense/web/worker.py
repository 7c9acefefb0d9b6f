"""A process that judges files, one at a time, started by :mod:`elicense.web.workers`."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from elicense.errors import Error
from elicense.web.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """One file to judge. Times are fixed by the service."""

    data: bytes = field(repr=False)
    name: str
    now: datetime
    at: datetime
    policy: str
    language: str
    compared: bool = False
    html: bool = False


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
    generation, trust = -1, None
    pipe.send("ready")
    while True:
        try:
            wanted, job = pipe.recv()
        except (EOFError, OSError):
            return  # the service has ended
        try:
            if wanted != generation or trust is None:
                trust, generation = load_trust(settings), wanted
            pipe.send(_judge(job, trust))
        except Error as exc:
            pipe.send(exc)
        except Exception as exc:  # noqa: BLE001 - a worker tells what broke and goes on
            pipe.send(RuntimeError(f"{type(exc).__name__}: {exc}"))


def _judge(job: Job, trust: Any) -> Judged:
    import elicense
    from elicense.policy import DEFAULT, Policy

    policy = Policy.load(job.policy) if job.policy else DEFAULT
    report = elicense.verify(
        job.data, trust=trust, at=job.at, now=job.now, policy=policy, compared=job.compared
    )
    report = replace(report, file=job.name)
    html = b""
    if job.html:
        from elicense.render.html import render

        html = render(report, data=job.data, language=job.language).encode()
    return Judged(str(report.verdict), report.to_json(language=job.language).encode(), html)


def main() -> None:
    """Entry of the process; the socket's number is its one argument."""
    run(Connection(int(sys.argv[1])))
