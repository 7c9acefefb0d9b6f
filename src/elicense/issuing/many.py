"""Many licences: over several processes, resumable, one result a licence in the order given."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from elicense import licence as licences
from elicense.errors import Error, FieldFault, IssueRefused
from elicense.issuing import fonts, own_check, signers
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.files import write_new
from elicense.issuing.issue import Format, check, issue, plan_of
from elicense.issuing.reading import Request, together
from elicense.licence import Licence

if TYPE_CHECKING:
    from elicense.trust.fetch import Caps
    from elicense.trust.store import TrustStore

State = Literal["issued", "present", "refused", "failed"]
_AHEAD = 4  # requests under way for each process
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\s]+')


@dataclass(frozen=True, slots=True)
class Key:
    """Where a signer is found: each process opens it for itself."""

    uri: str
    certificate: str | None = None
    password: bytes | None = field(default=None, repr=False)

    def load(self) -> Credential:
        secret = self.password
        ask = None if secret is None else (lambda _name: secret)
        return signers.load(self.uri, certificate=self.certificate, password=ask, check=False)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is the same for all licences of a batch. ``options`` go to :func:`issue`."""

    folder: Path
    signer: Key
    seal: bytes | None = field(repr=False)
    format: Format = "ofd"
    qr_signer: Key | None = None
    trust: TrustStore | None = None
    tsa: str = ""
    caps: Caps | None = None
    font: Path | None = None
    overwrite: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """``issued``, ``present`` (made by an earlier run, verified again), ``refused`` (faults
    of the request) or ``failed`` (``detail`` says why)."""

    place: str
    number: str
    state: State
    file: str = ""
    faults: tuple[FieldFault, ...] = ()
    detail: str = ""

    @property
    def good(self) -> bool:
        return self.state in {"issued", "present"}


@dataclass(frozen=True, slots=True)
class _Desk:
    """A setup with everything opened, in the process that works with it."""

    setup: Setup
    signer: Credential
    qr_signer: Credential | None
    stamp: Stamp | None
    font: fonts.Font


def open_desk(setup: Setup) -> _Desk:
    """Open keys, font and timestamp authority. KeyMaterialError, UsageError."""
    signer = setup.signer.load()
    stamp: Stamp | None = None
    if setup.tsa:
        from elicense.trust import fetch, tsa

        caps = setup.caps or fetch.DEFAULT_CAPS
        stamp = tsa.authority(setup.tsa, digest=signer.digest, caps=caps)
    return _Desk(
        setup,
        signer,
        setup.qr_signer.load() if setup.qr_signer else None,
        stamp,
        fonts.load(setup.font) if setup.font else fonts.load(),
    )


def file_name(licence: Licence, form: str) -> str:
    """A name that any file system takes: number, version and format."""
    stem = _UNSAFE.sub("_", licence.number).strip("._")[:80] or "licence"
    return f"{stem}-{licence.version:03d}.{form}"


def issue_all(
    requests: Iterable[Request],
    setup: Setup,
    *,
    jobs: int = 1,
    progress: Callable[[Result], None] | None = None,
) -> Iterator[Result]:
    """A result for each request, in their order. Two requests for one file are refused.

    Ending the iteration (Ctrl-C) lets what is under way finish, so that no file is half
    made; another run goes on where this one ended.
    """
    setup.folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, str] = {}
    with _workers(setup, jobs) as submit:
        waiting: deque[Future[Result] | Result] = deque()
        for request in requests:
            waiting.append(_twice(request, setup, taken) or submit(request))
            while len(waiting) > _AHEAD * jobs:
                yield _next(waiting, progress)
        while waiting:
            yield _next(waiting, progress)


def _next(
    waiting: deque[Future[Result] | Result], progress: Callable[[Result], None] | None
) -> Result:
    first = waiting.popleft()
    result = first if isinstance(first, Result) else first.result()
    if progress is not None:
        progress(result)
    return result


def _twice(request: Request, setup: Setup, taken: dict[str, str]) -> Result | None:
    if request.licence is None:
        return None
    name = file_name(request.licence, setup.format).casefold()
    first = taken.setdefault(name, request.place)
    if first == request.place:
        return None
    fault = FieldFault("number", "batch.twice", f"the same number and version as {first}")
    return Result(request.place, request.licence.number, "refused", faults=(fault,))


@contextmanager
def _workers(setup: Setup, jobs: int) -> Iterator[Callable[[Request], Future[Result] | Result]]:
    if jobs <= 1:
        desk = open_desk(setup)
        yield lambda request: issue_one(desk, request)
        return
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(setup,))
    try:
        yield lambda request: pool.submit(_work, request)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_desk: _Desk | None = None


def _begin(setup: Setup) -> None:
    """In each process, once. Ctrl-C is for the parent to answer."""
    global _desk  # noqa: PLW0603 - what a process of a pool has is its globals
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _desk = open_desk(setup)


def _work(request: Request) -> Result:
    assert _desk is not None
    return issue_one(_desk, request)


def issue_one(desk: _Desk, request: Request) -> Result:
    """One licence to its file; whatever is wrong with it is a result."""
    licence = request.licence
    if licence is None:
        return Result(request.place, "", "refused", faults=request.faults)
    setup = desk.setup
    path = setup.folder / file_name(licence, setup.format)
    place, number = request.place, licence.number
    try:
        if request.faults:
            more = check(licence, seal=setup.seal, signer=desk.signer, format=setup.format,
                         kind=setup.options.get("kind", "seal"), font=desk.font)  # fmt: skip
            return Result(place, number, "refused", faults=together(request.faults, more))
        if path.exists() and not setup.overwrite:
            problem = _present(desk, licence, path)
            if problem:
                detail = f"{path.name} is there and is something else ({problem}); -f overwrites it"
                return Result(place, number, "failed", str(path), detail=detail)
            return Result(place, number, "present", str(path))
        made = issue(
            licence, seal=setup.seal, signer=desk.signer, format=setup.format,
            trust=setup.trust, timestamp=desk.stamp, qr_signer=desk.qr_signer, font=desk.font,
            **setup.options,
        )  # fmt: skip
        write_new(path, made, overwrite=setup.overwrite)
    except IssueRefused as error:
        return Result(place, number, "refused", faults=error.faults)
    except Error as error:
        return Result(place, number, "failed", detail=str(error))
    return Result(place, number, "issued", str(path))


def _present(desk: _Desk, licence: Licence, path: Path) -> str:
    """Why the file there is not this licence, sealed and sound; empty if it is."""
    from elicense.examine import examine

    setup = desk.setup
    try:
        data = path.read_bytes()
        claimed = examine(data, pages=False).claims.data
        if claimed is None or licences.load(claimed) != licence:
            return "another content"
        plan = plan_of(
            licence, setup.format, desk.signer, datetime.now(UTC),
            timestamped=desk.stamp is not None, options=setup.options,
        )  # fmt: skip
        own_check.prove(data, licence, data=claimed, plan=plan, trust=setup.trust,
                        more=(), coded=desk.qr_signer is not None)  # fmt: skip
    except (Error, OSError) as error:
        return str(error)
    return ""
