"""``[retention]`` as the service applies it by itself, and what came of it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from elicense.errors import Error
from elicense.registry import retention
from elicense.registry.retention import Swept
from elicense.web.problems import LOG

if TYPE_CHECKING:
    from elicense.registry.database import Registry
    from elicense.web import settings
    from elicense.web.context import Service


@dataclass(slots=True)
class Sweeps:
    """What the last runs did. ``problem`` is the code of what kept the last one from ending;
    ``last`` is when one ended well."""

    last: datetime | None = None
    problem: str = ""
    accesses: int = 0
    licences: int = 0
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)


async def sweep(running: Service) -> None:
    """Delete and erase what is due. Of several processes on one registry, one does it. When
    cancelled it ends after the licence under way."""
    known, now = running.sweeps, datetime.now(UTC)
    job = asyncio.ensure_future(
        asyncio.to_thread(_sweep, running.registry, running.settings.retention, known, now)
    )
    try:
        found = await asyncio.shield(job)
    except asyncio.CancelledError:
        known.stopping.set()
        await asyncio.wait([job])
        raise
    except Error as error:
        known.problem = error.code
        LOG.error("retention: %s", error)
        return
    except Exception:
        known.problem = "internal"
        raise  # to the log, with its trace
    known.problem = ""
    if found is None:
        return  # another process is at it
    known.last = now
    known.accesses += found.accesses
    known.licences += found.licences
    if found.accesses or found.licences:
        LOG.warning("retention: %s queries deleted, %s licences erased", found.accesses,
                    found.licences)  # fmt: skip


def _sweep(
    registry: Registry, wanted: settings.Retention, known: Sweeps, now: datetime
) -> Swept | None:
    with retention.alone(registry) as ours:
        if not ours:
            return None
        return retention.sweep(
            registry, now=now, keep_accesses=wanted.accesses, keep_personal=wanted.personal,
            stop=known.stopping.is_set,
        )  # fmt: skip
