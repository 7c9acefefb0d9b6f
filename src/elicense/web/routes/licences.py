"""Queries 查询 and changes of state, under ``/api/licences``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from elicense.registry import changes, records
from elicense.registry.credentials import Caller
from elicense.web import answers, callers, context
from elicense.web.context import Service
from elicense.web.problems import Problem

router = APIRouter(prefix="/api/licences", tags=["licences"])
Running = Annotated[Service, Depends(context.service)]
Who = Annotated[Caller, Depends(context.caller)]
Identifier = Annotated[str, Path(max_length=200, description="电子证照标识 (GB/T 36904)")]
Purpose = Annotated[str | None, Query(description="用途: why it is asked", max_length=400)]
_JSON = "application/json"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}, "application/ofd": {}}}
}


def _unknown() -> Problem:
    return Problem(404, "registry.unknown", "No licence with this identifier is registered here")


@router.get("/{identifier}", summary="A licence by its identifier", response_class=Response,
            responses={200: {"content": {_JSON: {"schema": {"type": "object"}}}}})  # fmt: skip
async def one(
    identifier: Identifier, request: Request, purpose: Purpose = None
) -> Response:
    """State, dates and holder of one licence; scope ``query``. Every query states its purpose
    and is logged before it is answered."""
    # plain calls, not dependencies: this is the route that a province asks most
    running = context.service(request)
    who = context.caller(request)
    callers.demand(who, "query")
    why = context.purpose(purpose)
    record = await running.find(identifier)
    outcome = record.state if record else "unknown"
    await context.logged(running, who, "query", identifier, why, outcome)
    if record is None:
        raise _unknown()
    body = answers.licence(record, full="unmasked" in who.scopes)
    return Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")), media_type=_JSON)


@router.get("/{identifier}/history", summary="The states it went through")
async def history(
    identifier: Identifier, running: Running, who: Who, purpose: Purpose = None
) -> dict[str, Any]:
    """Scope ``query``."""
    callers.demand(who, "query")
    why = context.purpose(purpose)

    def look() -> list[dict[str, Any]] | None:
        with running.registry.look() as connection:
            record = records.licence(connection, identifier)
            if record is None:
                return None
            return answers.history(records.history(connection, record))

    found = await run_in_threadpool(look)
    await context.logged(running, who, "history", identifier, why,
                         "unknown" if found is None else "found")  # fmt: skip
    if found is None:
        raise _unknown()
    return {"identifier": identifier, "history": found}


@router.get("", summary="Licences by number or holder")
async def search(
    running: Running, who: Who,
    number: Annotated[str, Query(max_length=100)] = "",
    holder_code: Annotated[str, Query(max_length=64)] = "",
    type: Annotated[str, Query(max_length=64)] = "",
    purpose: Purpose = None,
) -> dict[str, Any]:  # fmt: skip
    """By ``number``, or by ``holder_code`` (and ``type``); scope ``search``. At most 200."""
    callers.demand(who, "search")
    why = context.purpose(purpose)
    if bool(number) == bool(holder_code):
        faults = [{"field": "number", "code": "request.search",
                   "detail": "give either number or holder_code"}]  # fmt: skip
        raise Problem(422, "request.search", "Nothing to search by, or both", faults=faults)

    def look() -> list[dict[str, Any]]:
        with running.registry.look() as connection:
            if number:
                found = records.by_number(connection, number)
            else:
                found = records.by_holder(connection, holder_code, type=type)
        return [answers.licence(record, full="unmasked" in who.scopes) for record in found]

    found = await run_in_threadpool(look)
    # a holder's code is personal: the log says that one was asked for, not which
    await context.logged(running, who, "search", number or "(holder)", why, str(len(found)))
    return {"licences": found, "more": len(found) == records.MOST_FOUND}


@router.get("/{identifier}/file", summary="The sealed file", response_class=Response,
            responses=_FILES)
async def file(
    identifier: Identifier, running: Running, who: Who,
    format: Annotated[str, Query(pattern="^(ofd|pdf)?$")] = "", purpose: Purpose = None,
) -> Response:  # fmt: skip
    """The latest sealed file as OFD or PDF; scope ``file``."""
    callers.demand(who, "file")
    why = context.purpose(purpose)

    def look() -> records.File | None:
        with running.registry.look() as connection:
            record = records.licence(connection, identifier)
            return records.file(connection, record, format) if record else None

    found = await run_in_threadpool(look)
    there = found is not None and found.data is not None
    await context.logged(running, who, "file", identifier, why, "found" if there else "unknown")
    if found is None or found.data is None:
        raise Problem(404, "registry.no-file", "There is no such file")
    return Response(found.data, media_type=f"application/{found.format}", headers={
        "Content-Disposition": f'attachment; filename="licence.{found.format}"',
        "Content-Security-Policy": "sandbox",
    })  # fmt: skip


class StateChange(BaseModel):
    """A change of state: to what, and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    state: str = Field(max_length=16, examples=["suspended"])
    reason: str = Field(min_length=1, max_length=500)


@router.post("/{identifier}/state", summary="Suspend, lift, withdraw, cancel")
async def change_state(
    identifier: Identifier, wanted: StateChange, running: Running, who: Who
) -> dict[str, Any]:
    """Scope ``state``. The life cycle decides what may follow; the status list says it at once."""
    callers.demand(who, "state")
    if wanted.state in {"superseded", "transferred"}:
        raise Problem(409, "registry.state", "this state follows from issuing, not from an order")

    def change() -> records.Record:
        with running.registry.change() as connection:
            return changes.change_state(
                connection, identifier, wanted.state, reason=wanted.reason,
                actor=who.access_id, now=datetime.now(UTC),
            )  # fmt: skip

    return answers.licence(await run_in_threadpool(change), full="unmasked" in who.scopes)
