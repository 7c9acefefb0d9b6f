"""Work that a service does by itself, again and again, beside its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from elicense.errors import Error
from elicense.web import transfers, trusting
from elicense.web.problems import LOG
from elicense.web.sweeping import sweep

if TYPE_CHECKING:
    from elicense.web.context import Service

FIRST_SWEEP_SECONDS = 5.0


def start(running: Service) -> list[asyncio.Task[None]]:
    """Begin all of it; to be ended by :func:`end`."""
    settings = running.settings
    watching = every(
        settings.trust_check_seconds, lambda: watch_trust(running), "watching the trust store"
    )
    sweeping = every(
        settings.retention.every.total_seconds(), lambda: sweep(running), "retention",
        first=FIRST_SWEEP_SECONDS,
    )  # fmt: skip
    sending = every(transfers.RESUME_SECONDS, lambda: transfers.resume(running), "transfers")
    return [asyncio.create_task(work) for work in (watching, sweeping, sending)]


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Stop it, and wait until what is under way has come to a point where it may."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def every(
    seconds: float, work: Callable[[], Awaitable[None]], name: str, *, first: float | None = None
) -> None:
    """Do ``work`` after ``first`` seconds and then every so many, until cancelled. What it
    raises goes to the log, and the next turn comes all the same."""
    await asyncio.sleep(seconds if first is None else first)
    while True:
        try:
            await work()
        except Exception as exc:  # noqa: BLE001 - one failure must not be the last turn
            LOG.error("%s failed: %s", name, exc, exc_info=exc)
        await asyncio.sleep(seconds)


async def watch_trust(running: Service) -> None:
    """Look whether the trust store on disk has changed; take it if it is no worse than the one
    in use: workers first, then everything at once."""
    settings, known = running.settings, running.watched
    found = await asyncio.to_thread(trusting.stamp, settings)
    if found == known.stamp:
        return
    known.stamp = found  # whatever comes of it, it is looked at once
    try:
        store = await asyncio.to_thread(trusting.offered, settings, running.trust)
        if store is not None:
            await running.workers.replace(store.sources)
    except Error as error:
        known.problem, known.detail = trusting.told(error), str(error)
        if error.code == "service.worker":
            known.problem, known.stamp = "worker", ()  # not the store's fault: tried again
        LOG.error("the trust store on disk is not taken (%s): %s", known.problem, error)
        return
    except Exception:
        known.problem = "unreadable"
        raise  # to the log, with its trace
    known.problem = known.detail = ""
    if store is None:
        return
    running.trust, known.loaded = store, datetime.now(UTC)
    running.extras["peers"].forget()
    running.metrics.trust_loaded.inc()
    LOG.warning("the trust store has changed: %s, good until %s", store.name, store.next_update)
