"""Many files, in the order given, over as many processes as asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from elicense.errors import Error, InputError, UsageError
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.maritime.pair import Companion
from elicense.policy import DEFAULT, Policy
from elicense.report import Report
from elicense.trust.store import TrustStore
from elicense.verifying import verify

if TYPE_CHECKING:
    from elicense.trust.online import Online

_SUFFIXES = {
    ".pdf", ".ofd", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".heif",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """What is the same for every file of a batch. Times are fixed once."""

    trust: TrustStore
    at: datetime
    now: datetime
    policy: Policy = DEFAULT
    limits: Limits = DEFAULT_LIMITS
    companions: tuple[Companion, ...] = ()
    compared: bool = False
    receiver: str = ""
    ocr: bool = True
    online: Online | None = None  # not for processes: they share nothing


Result = tuple[str, Report | Error]


def expand(names: Sequence[str], *, recursive: bool) -> list[str]:
    """The files meant: those named and, sorted, the PDFs, OFDs and pictures of the
    folders named, with ``recursive`` those of their folders too."""
    found: list[str] = []
    for name in names:
        path = Path(name)
        if name == "-" or not path.is_dir():
            found.append(name)
            continue
        inside = path.rglob("*") if recursive else path.iterdir()
        found += sorted(str(p) for p in inside if p.suffix.lower() in _SUFFIXES and p.is_file())
    return found


def judge_one(task: Task, name: str, data: bytes | None = None) -> Result:
    """One file; an unreadable one is a result like any other."""
    try:
        report = verify(
            data if data is not None else name, trust=task.trust, at=task.at, now=task.now,
            policy=task.policy, limits=task.limits, companions=task.companions,
            compared=task.compared, receiver=task.receiver, ocr=task.ocr, online=task.online,
        )  # fmt: skip
    except UsageError:
        raise
    except Error as exc:
        return name, exc
    return name, report


def judge_all(
    task: Task, names: Sequence[str], *, executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Result]:  # fmt: skip
    """Results in the order of ``names``, each as soon as it and those before it are done."""
    if executor is None:
        for done, name in enumerate(names, 1):
            yield judge_one(task, name)
            if progress:
                progress(done)
        return
    futures = [_submitted(executor, task, name) for name in names]
    try:
        for done, future in enumerate(futures, 1):
            try:
                yield _alone(task, names[done - 1]) if future is None else future.result()
            except BrokenExecutor:  # a process died, and all that it had before it: which one?
                yield _alone(task, names[done - 1])
            if progress:
                progress(done)
    finally:
        for future in futures:
            if future is not None:
                future.cancel()


def _submitted(executor: Executor, task: Task, name: str) -> Future[Result] | None:
    """None where a process has died already and nothing more is taken."""
    try:
        return executor.submit(judge_one, task, name)
    except BrokenExecutor:
        return None


def _alone(task: Task, name: str) -> Result:
    """One file in a process of its own, which may die."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as executor:
        try:
            return executor.submit(judge_one, task, name).result()
        except BrokenExecutor:
            detail = "the process that judged it died; it may need more memory than there is"
            return name, InputError("batch.process", detail, place=name)
