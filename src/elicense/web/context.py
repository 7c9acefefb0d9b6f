"""What every request may use, made once at start: registry, workers, batches, rates, keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from elicense import profiles
from elicense.crypto.certificate import read_certificate
from elicense.errors import UsageError
from elicense.registry import accesses, database, records
from elicense.registry.accesses import PURPOSE_MAX, Access
from elicense.registry.credentials import Caller
from elicense.registry.database import Registry
from elicense.registry.records import Record
from elicense.web import callers
from elicense.web.batching import Batcher
from elicense.web.callers import Credentials, Rates, Sessions
from elicense.web.problems import Problem
from elicense.web.settings import Settings
from elicense.web.sweeping import Sweeps
from elicense.web.trusting import Watched, load_trust, watched
from elicense.web.workers import Workers

if TYPE_CHECKING:
    from elicense.trust.store import TrustStore


@dataclass(slots=True)
class Service:
    """The state of a running service. ``trust`` changes while it runs: see ``watched``."""

    settings: Settings
    registry: Registry
    credentials: Credentials
    rates: Rates
    workers: Workers
    trust: TrustStore = field(repr=False)
    watched: Watched = field(repr=False)
    sweeps: Sweeps = field(repr=False)
    sessions: Sessions = field(repr=False)
    find: Batcher[str, Record | None] = field(repr=False)
    log: Batcher[Access, None] = field(repr=False)
    metrics: Any = field(repr=False)
    extras: dict[str, Any] = field(default_factory=dict, repr=False)

    def close(self) -> None:
        self.workers.stop()
        self.find.close()
        self.log.close()
        self.registry.close()


def start(settings: Settings) -> Service:
    """Open everything. Raises what is wrong with settings, registry or trust store."""
    from elicense.web.metrics import Metrics

    if settings.profiles:
        profiles.use(settings.profiles)
    seen = watched(settings)
    trust = load_trust(settings)
    registry = database.open_registry(settings.registry)
    workers = Workers(settings, trust.sources)
    workers.start()

    def find(wanted: Sequence[str]) -> Sequence[Record | None]:
        with registry.look() as connection:
            found = records.by_identifiers(connection, wanted)
        return [found.get(identifier) for identifier in wanted]

    def log(items: Sequence[Access]) -> Sequence[None]:
        with registry.change() as connection:
            accesses.write(connection, items)
        return [None] * len(items)

    running = Service(
        settings, registry, Credentials(registry), Rates(), workers, trust, seen, Sweeps(),
        Sessions(registry), Batcher(find, "find"), Batcher(log, "log"), Metrics(),
    )  # fmt: skip
    running.metrics.watch(running)
    return running


def check(settings: Settings) -> Iterator[str]:
    """Open registry, trust store and every key; what there is, a line each. Raises what is
    wrong, so that a service does not start only to fail at its first request."""
    from elicense.web import keys

    if settings.profiles:
        profiles.use(settings.profiles)
        yield f"profiles: {len(profiles.all())} licence types, own ones of {settings.profiles}"
    trust = load_trust(settings)
    test = ", TEST ANCHORS" if trust.test else ""
    yield f"trust: {trust.name}, {len(trust.services)} entries{test}"
    registry = database.open_registry(settings.registry)
    yield f"registry: {registry.name}"
    registry.close()
    issuing, publishing, copying = settings.issuing, settings.publishing, settings.copying
    if copying is not None and copying.seal and not Path(copying.seal).is_file():
        raise UsageError("service.settings", "the seal is not there", place=copying.seal)
    if issuing is not None and not Path(issuing.seal).is_file():
        raise UsageError("service.settings", "the seal is not there", place=issuing.seal)
    if settings.staff is not None:
        try:
            import_module("joserfc")  # missing is told now, not at the first log-in
        except ImportError as exc:
            raise UsageError(
                "service.extra", "[staff] needs the extra: pip install 'elicense[server]'"
            ) from exc
        yield f"staff: {settings.staff.issuer}, {len(settings.staff.roles)} roles"
    for what, key in (
        ("issuing.signer", issuing.signer if issuing else None),
        ("issuing.qr_signer", issuing.qr_signer if issuing else None),
        ("copying.signer", copying.signer if copying else None),
        ("publishing.signer", publishing.signer if publishing else None),
        ("peers.signer", settings.peers.signer),
    ):
        if key is not None:
            yield f"{what}: {read_certificate(keys.open_key(key).certificate).display}"


def service(request: Request) -> Service:
    """The running service (a FastAPI dependency)."""
    found: Service = request.app.state.service
    return found


def caller(request: Request) -> Caller:
    """Who asks (a FastAPI dependency), within its rate."""
    running = service(request)
    found = callers.identify(request, running.credentials)
    if not found.known and running.settings.staff is not None:
        found = callers.staff(request, running.settings, running.sessions)
    if found.known:
        callers.limit(running.rates, f"id:{found.access_id}", found.per_minute)
    else:
        address = request.client.host if request.client else ""
        callers.limit(running.rates, f"at:{address}", running.settings.uploads.per_minute)
    return found


def purpose(text: str | None) -> str:
    """The purpose 用途 that every query must state."""
    found = (text or "").strip()
    if not found:
        fault = {"field": "purpose", "code": "request.purpose", "detail": "it is missing"}
        raise Problem(422, "request.purpose", "Every query states its purpose", faults=[fault])
    if len(found) > PURPOSE_MAX:
        fault = {"field": "purpose", "code": "request.purpose",
                 "detail": f"at most {PURPOSE_MAX} characters"}  # fmt: skip
        raise Problem(422, "request.purpose", "The purpose is too long", faults=[fault])
    return found


async def logged(
    running: Service, who: Caller, operation: str, subject: str, why: str, outcome: str
) -> None:
    """Enter a query in the log, durably, before it is answered."""
    item = Access(datetime.now(UTC), who.access_id or who.name, operation, subject, why, outcome)
    await running.log(item)
