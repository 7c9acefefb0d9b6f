"""Processes that judge what is handed in: one file each at a time, killed when it takes too long.

A hostile file can then cost a worker, never the service. Each worker reads the trust store
once and again when its generation changes.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from elicense.errors import Error, UsageError
from elicense.web.settings import Settings
from elicense.web.worker import Job, Judged

_START_SECONDS = 60.0
_ENTRY = "from elicense.web.worker import main; main()"


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    ready: bool = False


class Workers:
    """A fixed number of workers; jobs wait for a free one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free: asyncio.Queue[_Worker] = asyncio.Queue()
        self._all: set[_Worker] = set()
        self.generation = 0
        self.killed = 0

    def start(self) -> None:
        for _ in range(self._settings.uploads.workers):
            self._free.put_nowait(self._spawn())

    async def judge(self, job: Job) -> Judged:
        """Judge one file. Error ``service.timeout`` if it takes longer than the settings allow,
        ``service.worker`` if the worker died of it; whatever :func:`elicense.verify` raises."""
        worker = await self._free.get()
        kept = False
        try:
            answer = await asyncio.to_thread(self._ask, worker, job)
            kept = True
        finally:
            if not kept:
                self._end(worker)
                worker = self._spawn()
            self._free.put_nowait(worker)
        if isinstance(answer, Judged):
            return answer
        if isinstance(answer, Error):
            raise answer
        raise Error("service.worker", f"judging failed: {answer}")

    def _ask(self, worker: _Worker, job: Job) -> Any:
        pipe = worker.pipe
        try:
            if not worker.ready:
                if not pipe.poll(_START_SECONDS):
                    raise Error("service.worker", "a worker did not start")
                pipe.recv()
                worker.ready = True
            pipe.send((self.generation, job))
            if not pipe.poll(self._settings.uploads.verify_seconds):
                self.killed += 1
                raise UsageError(
                    "service.timeout",
                    f"not judged within {self._settings.uploads.verify_seconds:g} s",
                )
            return pipe.recv()
        except (EOFError, OSError) as exc:
            raise Error("service.worker", "the worker ended while judging this file") from exc

    def _spawn(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", _ENTRY, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            )  # fmt: skip
        worker = _Worker(process, Connection(ours.detach()))
        worker.pipe.send(self._settings)
        self._all.add(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        worker.pipe.close()
        worker.process.kill()
        worker.process.wait(5)

    def stop(self) -> None:
        for worker in tuple(self._all):
            self._end(worker)
