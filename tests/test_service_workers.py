"""Workers and the pipe to them: bounded in time and size, and nothing in it names code."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense.errors import Error, InputError, KeyMaterialError, LimitError, UsageError
from elicense.trust.store import TrustStore
from elicense.web import jobs
from elicense.web.jobs import CodeJob, FileJob, Judged, ShipJob, Terms
from elicense.web.pipe import Pipe
from elicense.web.settings import Issuing, Key, Publishing, Settings, Staff, Uploads
from elicense.web.workers import Workers, environment
from service_world import CERTS, SAMPLES

NOW = datetime(2026, 11, 3, 4, 5, 6, 789, tzinfo=UTC)
TERMS = Terms(NOW, NOW, "strict", "en", compared=True, html=True)
SETTINGS = Settings("120000", "天津", "X", "sqlite://", "trust", uploads=Uploads(workers=1))
SAMPLE = (SAMPLES / "tianjin-doc.pdf").read_bytes()


def pair() -> tuple[Pipe, socket.socket]:
    ours, theirs = socket.socketpair()
    return Pipe(ours), theirs


def wire(message: jobs.Message) -> jobs.Message:
    """A message after a real journey."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sending = threading.Thread(target=Pipe(ours).send, args=(message[0], *message[1]))
        sending.start()
        found = Pipe(theirs).receive(seconds=10)
        sending.join()
    return found


# -- what is said -------------------------------------------------------------------------


@pytest.mark.parametrize("job", [
    FileJob(TERMS, "天津 \U0001f6a2.pdf", bytes(range(256)) * 9000), FileJob(TERMS, "", b"x"),
    ShipJob(TERMS, ("a", b"1"), None, "imo=9999999"), ShipJob(TERMS, None, ("b", b""), ""),
    ShipJob(TERMS, ("a", b"1"), ("b", b"2"), "x"), CodeJob(TERMS, "EL1:\0\ud800字"),
])  # fmt: skip
def test_a_job_arrives_as_it_was_sent(job: Any) -> None:
    assert jobs.to_job(*wire(jobs.of_job(job))) == job


@given(name=st.text(), data=st.binary())
def test_any_name_and_any_bytes_arrive(name: str, data: bytes) -> None:
    job = FileJob(TERMS, name, data)
    assert jobs.to_job(*wire(jobs.of_job(job))) == job


@pytest.mark.parametrize("kind", [Error, InputError, LimitError, UsageError, KeyMaterialError])
def test_an_error_arrives_as_the_kind_it_is(kind: type[Error]) -> None:
    found = jobs.to_answer(*wire(jobs.of_answer(kind("a.b", "详情", place="x"))))
    assert type(found) is kind and found.args == ("a.b", "详情", "x")


def test_a_report_arrives_and_what_broke_is_told() -> None:
    judged = Judged("VALID", b"{}", b"<p>")
    assert jobs.to_answer(*wire(jobs.of_answer(judged))) == judged
    found = jobs.to_answer(*wire(jobs.of_answer(ZeroDivisionError("oh"))))
    assert isinstance(found, Error)
    assert (found.code, found.detail) == ("service.worker", "judging failed: ZeroDivisionError: oh")


@pytest.mark.parametrize("head", [
    {}, {"verdict": "PERFECT"}, {"verdict": "VALID"}, {"verdict": ["VALID"]},
    {"error": "SystemExit", "code": "a", "detail": "b", "place": ""},
    {"error": "InputError", "code": 1, "detail": "b", "place": ""}, {"error": "Error"},
])  # fmt: skip
def test_an_answer_that_is_none_is_refused(head: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        jobs.to_answer(head, [])


# -- a pipe whose other end lies ----------------------------------------------------------


def framed(head: Any) -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return len(text).to_bytes(4, "big") + text


@pytest.mark.parametrize("data", [
    b"\xff\xff\xff\xff", framed(b"not json"), framed([1]), framed({}), framed({"sizes": 3}),
    framed({"sizes": [-1]}), framed({"sizes": [True]}), framed({"sizes": [2**40]}),
    framed({"sizes": ["1"]}), framed(b"[" * 100_000), framed(pickle.dumps({"sizes": []})),
    framed({"sizes": [0] * 200_000}), framed(b"\xff"),
])  # fmt: skip
def test_what_is_no_message_is_refused(data: bytes) -> None:
    pipe, other = pair()
    with other:
        threading.Thread(target=other.sendall, args=(data,), daemon=True).start()
        with pytest.raises(ValueError):
            pipe.receive(seconds=5)
    pipe.close()


@pytest.mark.parametrize("data", [b"", b"\0\0", framed({"sizes": [10]}) + b"abc"])
def test_a_message_that_is_cut_off_ends_and_one_that_stops_times_out(data: bytes) -> None:
    pipe, other = pair()
    other.sendall(data)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        pipe.receive(seconds=0.2)
    assert time.monotonic() - began < 2
    other.close()
    pipe.close()
    pipe, other = pair()
    other.sendall(data)
    other.close()
    with pytest.raises(EOFError):
        pipe.receive(seconds=5)
    pipe.close()


def test_a_drop_now_and_then_does_not_put_the_end_off() -> None:
    pipe, other = pair()
    stop = threading.Event()

    def drip() -> None:
        other.sendall(framed({"sizes": [1000]}))
        while not stop.wait(0.05):
            other.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        pipe.receive(seconds=0.5)
    assert time.monotonic() - began < 2
    stop.set()
    dripping.join()
    other.close()
    pipe.close()


# -- workers ------------------------------------------------------------------------------


def judged(*tasks: Any) -> list[Any]:
    """What becomes of each task, given the workers of one service."""

    async def all_of() -> list[Any]:
        workers = Workers(SETTINGS, TrustStore.load(CERTS / "trust").sources)
        workers.start()
        try:
            return [await task(workers) for task in tasks]
        finally:
            workers.stop()

    return asyncio.run(all_of())


def job(data: bytes = SAMPLE) -> FileJob:
    now = datetime.now(UTC)
    return FileJob(Terms(now, now, "", "en"), "x", data)


async def ask(workers: Workers) -> str:
    return (await workers.judge(job())).verdict


def test_a_worker_killed_at_work_is_replaced() -> None:
    async def kill(workers: Workers) -> str:
        (worker,) = workers._all
        await asyncio.wrap_future(worker.ready)
        worker.process.kill()
        with pytest.raises(Error) as caught:
            await workers.judge(job())
        return caught.value.code

    assert judged(ask, kill, ask) == ["VALID", "service.worker", "VALID"]


def test_a_caller_that_goes_away_leaves_a_working_service() -> None:
    async def leave(workers: Workers) -> int:
        task = asyncio.create_task(workers.judge(job(SAMPLE)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return workers._free.qsize()

    assert judged(ask, leave, ask, leave, ask) == ["VALID", 1, "VALID", 1, "VALID"]


def test_workers_take_another_store_together_or_not_at_all(tmp_path: Path) -> None:
    empty = b'schema = "elicense-trust/1"\nname = "empty"\n'

    async def broken(workers: Workers) -> tuple[str, int]:
        with pytest.raises(Error) as caught:
            await workers.replace({"trust.toml": b"broken ["})
        return caught.value.code, workers.generation

    async def another(workers: Workers) -> int:
        await workers.replace({"trust.toml": empty})
        return workers.generation

    found = judged(ask, broken, ask, another, ask)
    assert found == ["VALID", ("service.worker", 0), "VALID", 1, "INDETERMINATE"]


def test_one_at_work_ends_its_job_with_the_store_it_began_with() -> None:
    async def meanwhile(workers: Workers) -> tuple[str, str, int]:
        task = asyncio.create_task(workers.judge(job()))
        await asyncio.sleep(0)
        await workers.replace({"trust.toml": b'schema = "elicense-trust/1"\nname = "empty"\n'})
        return (await task).verdict, await ask(workers), len(workers._all)

    assert judged(ask, meanwhile)[1] == ("VALID", "INDETERMINATE", 1)


def test_a_worker_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "postgresql://elicense:hunter2@db.example/elicense"
    for name in ("PIN", "STAFF", "LIST"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("ELICENSE_REGISTRY", address)
    settings = replace(
        SETTINGS, registry=address, issuing=Issuing("x.esl", Key("pkcs11:x", password_env="PIN")),
        publishing=Publishing(Key("file:x", password_env="LIST")),
        staff=Staff("https://x.example", "c", {}, client_secret_env="STAFF"),
    )
    given = environment(settings)
    assert "hunter2" not in repr(given) and given["PATH"]
