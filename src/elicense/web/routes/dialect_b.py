"""The sharing interface, dialect B: ``POST /zzgx/…``, the same operations under other names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from elicense.web.dialect_b import OPERATIONS, WAIVED
from elicense.web.routes.dialect_a import BODY, exchange

router = APIRouter(prefix="/zzgx", tags=["sharing"])


@router.post("/{operation}", summary="Sharing interface, dialect B", response_class=Response,
             openapi_extra=BODY)  # fmt: skip
async def call(operation: Annotated[str, Path(max_length=64)], request: Request) -> Response:
    """``{head, data}`` as in dialect A: see docs/sharing-interface.md."""
    name, names = OPERATIONS.get(operation, ("", {}))
    return await exchange(request, name, "zzgx", names=names, waived=WAIVED, lower=True)
