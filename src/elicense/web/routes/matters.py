"""The catalogue of matters: ``/api/matters``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from elicense import matters
from elicense.render.matters import as_dict
from elicense.web.problems import Problem

router = APIRouter(prefix="/api/matters", tags=["matters"])


@router.get("", summary="The 22 matters of handling across provinces")
def every() -> list[dict[str, Any]]:
    """Who leads, what each needs and yields, and what works here. Public: it names nobody."""
    return [as_dict(item) for item in matters.all()]


@router.get("/{number}", summary="One matter")
def one(number: int) -> dict[str, Any]:
    """404 for a number that is none of them."""
    found = next((item for item in matters.all() if item.number == number), None)
    if found is None:
        raise Problem(404, "matter.unknown", "there is no such matter", detail="number: 1 to 22")
    return as_dict(found)
