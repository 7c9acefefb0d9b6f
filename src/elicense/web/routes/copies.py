"""``POST /api/licences/{identifier}/copy``: an annotated copy 加注件 for one purpose."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from elicense.errors import Error
from elicense.licence import CopyParty
from elicense.registry.credentials import Caller
from elicense.web import callers, context, copying
from elicense.web.context import Service
from elicense.web.problems import Problem
from elicense.web.routes.licences import Identifier

router = APIRouter(prefix="/api/licences", tags=["licences"])
Running = Annotated[Service, Depends(context.service)]
Who = Annotated[Caller, Depends(context.caller)]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}, "application/ofd": {}}}
}
_REFUSED = {"copy.hide", "copy.until", "copy.mark", "copy.room", "font.glyph"}


class Copying(BaseModel):
    """What a copy is for, for whom, until when, and what it does not disclose."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    purpose: str = Field(min_length=1, max_length=200)
    receiver: str = Field(min_length=1, max_length=100)
    receiver_code: str = Field(default="", max_length=32)
    until: datetime.date | None = Field(
        default=None, description="Its last day; the licence's own and the service's bound it"
    )
    hide: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=100)
    format: str = Field(default="", pattern="^(ofd|pdf)?$")


@router.post("/{identifier}/copy", summary="An annotated copy 加注件", response_class=Response,
             responses=_FILES)  # fmt: skip
async def copy(
    identifier: Identifier, wanted: Copying, running: Running, who: Who
) -> Response:
    """The licence for one purpose and receiver, until a last day; what ``hide`` names is not in
    it, and the rest verifies against the issuer's signature. Scope ``file``; logged."""
    callers.demand(who, "file")
    asked = copying.Wanted(
        identifier, wanted.purpose, CopyParty(wanted.receiver, wanted.receiver_code),
        wanted.format, wanted.until, tuple(wanted.hide),
    )  # fmt: skip
    if not copying.offered(running):
        raise Problem(409, "service.copying", "This service is not set up to make copies")
    found: copying.Made | None = None
    problem: Error | None = None
    try:
        found = await run_in_threadpool(
            copying.make, running, asked, now=datetime.datetime.now(datetime.UTC)
        )
    except Error as error:
        problem = error
    outcome = problem.code if problem is not None else "found" if found else "unknown"
    why = f"{wanted.purpose} [{wanted.receiver}]"
    await context.logged(running, who, "copy", identifier, why, outcome)
    if problem is not None:
        raise Problem(422 if problem.code in _REFUSED else 409, problem.code,
                      "No copy can be made", faults=[_fault(problem)])  # fmt: skip
    if found is None:
        raise Problem(404, "registry.no-file", "There is no such file")
    return Response(found.data, media_type=f"application/{found.format}", headers={
        "Content-Disposition": f'attachment; filename="copy.{found.format}"',
        "Content-Security-Policy": "sandbox",
    })  # fmt: skip


def _fault(error: Error) -> dict[str, str]:
    return {"field": error.place, "code": error.code, "detail": error.detail}
