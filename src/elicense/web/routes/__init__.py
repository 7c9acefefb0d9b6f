"""The routes, one file a subject."""

from __future__ import annotations

from fastapi import APIRouter


def routers() -> tuple[APIRouter, ...]:
    """Every router, in the order of the documentation."""
    from elicense.web.routes import (
        copies,
        dialect_a,
        dialect_b,
        handovers,
        health,
        issuing,
        licences,
        lists,
        matters,
        page,
        peers,
        staff,
        transfers,
        verify,
    )

    return (
        verify.router, licences.router, copies.router, issuing.router, peers.router,
        handovers.router, transfers.router, dialect_a.router, dialect_b.router, lists.router,
        matters.router, health.router, staff.router, page.router,
    )  # fmt: skip
