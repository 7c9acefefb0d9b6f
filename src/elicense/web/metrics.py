"""Figures for Prometheus: requests, verdicts, times, workers killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from elicense.web.workers import Workers

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One collector a service, so that several can run in one process."""

    def __init__(self, workers: Workers) -> None:
        self.collector = CollectorRegistry()
        self.requests = Counter("elicense_requests", "Requests answered", ["route", "status"],
                                registry=self.collector)  # fmt: skip
        self.seconds = Histogram("elicense_request_seconds", "Time to answer", ["route"],
                                 registry=self.collector)  # fmt: skip
        self.verdicts = Counter("elicense_verdicts", "Files judged", ["verdict"],
                                registry=self.collector)  # fmt: skip
        killed = Gauge("elicense_workers_killed", "Workers ended for taking too long",
                       registry=self.collector)  # fmt: skip
        killed.set_function(lambda: workers.killed)

    def count(self, route: str, status: int, seconds: float) -> None:
        """One request answered."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.collector)
