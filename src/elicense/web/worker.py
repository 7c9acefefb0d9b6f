"""A process that judges files, one at a time, started by :mod:`elicense.web.workers`."""

from __future__ import annotations

import signal
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from elicense.trust.store import TrustStore
from elicense.web.jobs import CodeJob, FileJob, Job, Judged, ShipJob, of_answer, to_job
from elicense.web.pipe import Pipe

if TYPE_CHECKING:
    from elicense.policy import Policy


def run(pipe: Pipe) -> None:
    """The life of a worker: the files of the trust store, then jobs and their answers, until
    the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's to handle
    try:
        head, blobs = pipe.receive()
        trust = TrustStore.from_files(dict(zip(head["trust"], blobs, strict=True)))
        pipe.send({"ready": trust.digest})
        while True:
            head, blobs = pipe.receive()
            found, data = of_answer(_tried(to_job(head, blobs), trust))
            pipe.send(found, *data)
    except (EOFError, OSError):
        return  # the service has ended


def _tried(job: Job, trust: TrustStore) -> Judged | Exception:
    try:
        return judge(job, trust)
    except Exception as exc:  # noqa: BLE001 - a worker tells what broke and goes on
        return exc


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
        job.data, trust=trust, at=terms.at, now=terms.now, policy=policy,
        compared=terms.compared, receiver=terms.receiver,
    )  # fmt: skip
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
    run(Pipe(socket.socket(fileno=int(sys.argv[1]))))
