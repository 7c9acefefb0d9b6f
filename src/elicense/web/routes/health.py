"""Is the service well, and what has it done: ``/api/health`` and ``/metrics``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from elicense.registry import audit
from elicense.registry.credentials import Caller
from elicense.report import own_version
from elicense.web import callers, context, metrics
from elicense.web.context import Service

router = APIRouter(tags=["service"])


@router.get("/api/health", summary="Is the service well?")
def health(running: Annotated[Service, Depends(context.service)]) -> dict[str, object]:
    """Asks the registry; 503 if it is away. Says how old the trust store is;
    ``degraded`` tells that something needs a person, and requests are answered all the same."""
    with running.registry.look() as connection:
        head = audit.head(connection)
    trust, watched, sweeps = running.trust, running.watched, running.sweeps
    return {
        "status": "degraded" if watched.problem or sweeps.problem else "ok",
        "version": own_version(),
        "region": running.settings.region,
        "authority": running.settings.authority,
        "registry": head.registry,
        "audit": head.sequence,
        "trust": {
            "name": trust.name, "test": trust.test,
            "next_update": trust.next_update.isoformat() if trust.next_update else None,
            "loaded": watched.loaded.isoformat(), "problem": watched.problem or None,
        },
        "retention": {
            "last": sweeps.last.isoformat() if sweeps.last else None,
            "problem": sweeps.problem or None,
        },
    }  # fmt: skip


@router.get("/api/empty", include_in_schema=False)
async def empty() -> Response:
    """Nothing: what the load generator measures against."""
    return Response(b"{}", media_type="application/json")


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def figures(
    running: Annotated[Service, Depends(context.service)],
    who: Annotated[Caller, Depends(context.caller)],
) -> Response:
    """With a credential of scope ``metrics``."""
    callers.demand(who, "metrics")
    return Response(running.metrics.text(), media_type=metrics.MEDIA_TYPE)
