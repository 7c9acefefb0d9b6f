"""Figures for Prometheus: requests, verdicts, times, workers killed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from elicense.web.context import Service

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One collector a service, so that several can run in one process."""

    def __init__(self) -> None:
        self.collector = CollectorRegistry()
        self.requests = Counter("elicense_requests", "Requests answered", ["route", "status"],
                                registry=self.collector)  # fmt: skip
        self.seconds = Histogram("elicense_request_seconds", "Time to answer", ["route"],
                                 registry=self.collector)  # fmt: skip
        self.verdicts = Counter("elicense_verdicts", "Files judged", ["verdict"],
                                registry=self.collector)  # fmt: skip
        self.trust_loaded = Counter("elicense_trust_loaded", "Trust stores taken while running",
                                    registry=self.collector)  # fmt: skip

    def watch(self, running: Service) -> None:
        """Figures that are read when somebody asks for them."""
        self._gauge("elicense_workers_killed", "Workers ended for taking too long",
                    lambda: running.workers.killed)  # fmt: skip
        self._gauge("elicense_trust_refused", "1 while the trust store on disk is not taken",
                    lambda: bool(running.watched.problem))  # fmt: skip
        self._gauge("elicense_trust_next_update", "When the trust store goes out of date; 0: never",
                    lambda: _seconds(running.trust.next_update))  # fmt: skip

        self._gauge("elicense_retention_failed", "1 if the last sweep did not end well",
                    lambda: bool(running.sweeps.problem))  # fmt: skip
        self._gauge("elicense_retention_last", "When a sweep by this process last ended; 0: never",
                    lambda: _seconds(running.sweeps.last))  # fmt: skip

    def _gauge(self, name: str, about: str, value: Callable[[], float]) -> None:
        Gauge(name, about, registry=self.collector).set_function(value)

    def count(self, route: str, status: int, seconds: float) -> None:
        """One request answered."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.collector)


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
