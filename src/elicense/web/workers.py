"""Processes that judge what is handed in: one file each at a time, killed when it takes too long.

A hostile file can then cost a worker, never the service. Each worker is given the files of the
trust store as the service itself accepted them, and never reads the disk for them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from elicense.errors import Error, UsageError
from elicense.web.jobs import Job, Judged, of_job, to_answer
from elicense.web.pipe import Pipe
from elicense.web.settings import Settings

_START_SECONDS = 60.0
_ENTRY = "from elicense.web.worker import main; main()"


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Pipe
    generation: int
    ready: Future[None]  # it has read the trust store, or the error that it has not


class Workers:
    """A fixed number of workers; jobs wait for a free one. ``trust`` is the files of the trust
    store by name, ``generation`` grows with each new one."""

    def __init__(self, settings: Settings, trust: Mapping[str, bytes]) -> None:
        self._settings = settings
        self._trust = trust
        self._free: asyncio.Queue[_Worker] = asyncio.Queue()
        self._all: set[_Worker] = set()
        # one each for a job, and while they are replaced one each to start and to wait
        self._threads = ThreadPoolExecutor(3 * settings.uploads.workers, "worker")
        self.generation = 0
        self.killed = 0

    def start(self) -> None:
        for _ in range(self._settings.uploads.workers):
            self._free.put_nowait(self._spawn(self._trust, self.generation))

    async def judge(self, job: Job) -> Judged:
        """Judge one file. Error ``service.timeout`` if it takes longer than the settings allow,
        ``service.worker`` if the worker died of it; whatever :func:`elicense.verify` raises."""
        worker = await self._free.get()
        asking = asyncio.get_running_loop().run_in_executor(
            self._threads, self._ask, worker, job
        )
        try:
            answer = await asyncio.shield(asking)
        except BaseException:
            # the thread is told by the end of the process, and only then is its pipe closed
            worker.process.kill()
            asking.add_done_callback(lambda done: self._ended(worker, done))
            self._free.put_nowait(self._spawn(self._trust, self.generation))
            raise
        if worker.generation == self.generation:
            self._free.put_nowait(worker)
        else:
            self._end(worker)
        if isinstance(answer, Error):
            raise answer
        return answer

    async def replace(self, trust: Mapping[str, bytes]) -> None:
        """Start as many workers anew with another trust store; once all of them have read it,
        they take over and the old ones end, those at work when they are done.

        Error ``service.worker`` where one does not start: the old ones then go on.
        """
        count = self._settings.uploads.workers
        new = [self._spawn(trust, self.generation + 1) for _ in range(count)]
        try:
            await asyncio.gather(*(asyncio.wrap_future(worker.ready) for worker in new))
        except BaseException:
            for worker in new:
                self._end(worker)
            raise
        self._trust, self.generation = trust, self.generation + 1
        while not self._free.empty():
            self._end(self._free.get_nowait())
        for worker in new:
            self._free.put_nowait(worker)

    def _ask(self, worker: _Worker, job: Job) -> Judged | Error:
        worker.ready.result()
        limit = self._settings.uploads.verify_seconds
        end = time.monotonic() + limit
        head, blobs = of_job(job)
        try:
            worker.pipe.send(head, *blobs, seconds=limit)
            return to_answer(*worker.pipe.receive(seconds=max(end - time.monotonic(), 0.0)))
        except TimeoutError as exc:
            self.killed += 1
            raise UsageError("service.timeout", f"not judged within {limit:g} s") from exc
        except (EOFError, OSError, ValueError) as exc:
            raise Error("service.worker", "the worker ended while judging this file") from exc

    def _spawn(self, trust: Mapping[str, bytes], generation: int) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", _ENTRY, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                env=environment(self._settings),
            )  # fmt: skip
        pipe = Pipe(ours)
        worker = _Worker(process, pipe, generation, self._threads.submit(_hand, pipe, trust))
        self._all.add(worker)
        return worker

    def _ended(self, worker: _Worker, asking: asyncio.Future[Judged | Error]) -> None:
        asking.exception()  # seen: told to whoever waited, if anybody did
        self._end(worker)

    def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        worker.process.kill()
        worker.process.wait(5)
        worker.pipe.close()

    def stop(self) -> None:
        for worker in tuple(self._all):
            worker.process.kill()
        self._threads.shutdown(wait=True)
        for worker in tuple(self._all):
            self._end(worker)


def environment(settings: Settings) -> dict[str, str]:
    """The service's own variables without the secrets among them: no worker needs one."""
    issuing, publishing, staff = settings.issuing, settings.publishing, settings.staff
    keys = (
        issuing and issuing.signer, issuing and issuing.qr_signer,
        publishing and publishing.signer, settings.peers.signer,
    )  # fmt: skip
    names = {key.password_env for key in keys if key}
    names |= {staff.client_secret_env} if staff else set()
    return {
        name: value for name, value in os.environ.items()
        if name not in names and value != settings.registry
    }  # fmt: skip


def _hand(pipe: Pipe, trust: Mapping[str, bytes]) -> None:
    """Give a new worker its trust store, and wait until it has read it."""
    try:
        pipe.send({"trust": list(trust)}, *trust.values(), seconds=_START_SECONDS)
        head, _ = pipe.receive(seconds=_START_SECONDS)
    except (EOFError, OSError, ValueError) as exc:
        raise Error("service.worker", "a worker did not start") from exc
    if "ready" not in head:
        raise Error("service.worker", "a worker did not start")
