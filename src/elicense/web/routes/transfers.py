"""Transfers of licences between authorities 转出、转入: ``/api/transfers``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from elicense.registry import transfer_in, transfer_message, transfer_out, transfer_post
from elicense.registry import transfers as kept
from elicense.registry.credentials import Caller
from elicense.registry.transfers import Transfer
from elicense.web import answers, callers, context, transfers
from elicense.web.context import Service
from elicense.web.routes.issuing import Members, licence_of, sealing
from elicense.web.routes.licences import Purpose

router = APIRouter(prefix="/api", tags=["transfers"])
Running = Annotated[Service, Depends(context.service)]
Who = Annotated[Caller, Depends(context.caller)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_SCOPE = "transfer"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}, "application/ofd": {}}}
}
_MESSAGE = {transfer_message.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}


class Leave(BaseModel):
    """申请转出: which licence goes to which authority, and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    identifier: str = Field(min_length=1, max_length=200)
    receiver: str = Field(pattern="^[0-9A-Z]{18}$", description="USCC of the new authority")
    reason: str = Field(min_length=1, max_length=400)


class Cancel(BaseModel):
    """取消转出: why, and what becomes of the licence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    reason: str = Field(min_length=1, max_length=400)
    then: Literal["valid", "suspended", "withdrawn", "cancelled"] = "valid"


class Refuse(BaseModel):
    """不予转入: why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    reason: str = Field(min_length=1, max_length=400)


@router.post("/transfers", status_code=201, summary="Offer a licence to another authority 申请转出")
async def leave(wanted: Leave, running: Running, who: Who) -> dict[str, Any]:
    """Scope ``transfer``. The licence stays in force until the other authority has issued its
    own. What could not be delivered yet is sent again by itself: see ``messages``."""
    callers.demand(who, _SCOPE)

    def make() -> Transfer:
        return transfer_out.request(
            transfers.office(running), wanted.identifier, wanted.receiver, reason=wanted.reason,
            actor=who.access_id, now=datetime.now(UTC),
        )  # fmt: skip

    return await _sent(running, await run_in_threadpool(make))


@router.post("/transfers/{id}/cancel", summary="Keep the licence 取消转出")
async def cancel(id: Id, wanted: Cancel, running: Running, who: Who) -> dict[str, Any]:
    """Scope ``transfer``. Until this authority has entered that the other one issued; then 409."""
    callers.demand(who, _SCOPE)

    def make() -> Transfer:
        return transfer_out.cancel(
            transfers.office(running), id, reason=wanted.reason, then=wanted.then,
            actor=who.access_id, now=datetime.now(UTC),
        )  # fmt: skip

    return await _sent(running, await run_in_threadpool(make))


@router.post("/transfers/{id}/refuse", summary="Do not take a licence in 不予转入")
async def refuse(id: Id, wanted: Refuse, running: Running, who: Who) -> dict[str, Any]:
    """Scope ``transfer``. Only before issuing."""
    callers.demand(who, _SCOPE)

    def make() -> Transfer:
        return transfer_in.refuse(
            transfers.office(running), id, reason=wanted.reason, actor=who.access_id,
            now=datetime.now(UTC),
        )  # fmt: skip

    return await _sent(running, await run_in_threadpool(make))


@router.post("/transfers/{id}/licence", status_code=201, summary="Issue the new licence 转入")
async def issue(id: Id, members: Members, running: Running, who: Who) -> dict[str, Any]:
    """The licence as it shall be, as for ``POST /api/licences``; that it names the old one is
    seen to here. Scopes ``transfer`` and ``issue``. It is ``pending``, and its file held back,
    until the old authority has let its own go."""
    callers.demand(who, _SCOPE)
    callers.demand(who, "issue")
    licence = licence_of(members)

    def make() -> Transfer:
        return transfer_in.issue(
            transfers.office(running), id, licence, actor=who.access_id, now=datetime.now(UTC),
            **sealing(running),
        )[2]  # fmt: skip

    told = await _sent(running, await run_in_threadpool(make))
    record = await running.find(told["successor"])
    assert record is not None
    return {**told, "licence": answers.licence(record, full="unmasked" in who.scopes)}


@router.get("/transfers/{id}/file", summary="The sealed file that was offered",
            response_class=Response, responses=_FILES)  # fmt: skip
async def file(id: Id, running: Running, who: Who, purpose: Purpose = None) -> Response:
    """For whoever decides on taking it in. Scopes ``transfer`` and ``file``."""
    callers.demand(who, _SCOPE)
    callers.demand(who, "file")
    why = context.purpose(purpose)
    form, data = await run_in_threadpool(transfer_in.offered_file, transfers.office(running), id)
    await context.logged(running, who, "transfer-file", id, why, "found")
    return Response(data, media_type=f"application/{form}", headers={
        "Content-Disposition": f'attachment; filename="offered.{form}"',
        "Content-Security-Policy": "sandbox",
    })  # fmt: skip


@router.get("/transfers/{id}", summary="Where a transfer stands")
async def one(id: Id, running: Running, who: Who) -> dict[str, Any]:
    callers.demand(who, _SCOPE)
    return transfers.told(await run_in_threadpool(transfers.own_side, running, id))


@router.get("/transfers", summary="Transfers that wait for somebody")
async def waiting(
    running: Running, who: Who, hours: Annotated[int, Query(ge=0, le=10_000)] = 24
) -> dict[str, Any]:
    """Those in which nothing happened for so many hours, the oldest first; ``owed_by`` is the
    authority whose turn it is, ``messages`` tell what could not be delivered and why."""
    callers.demand(who, _SCOPE)
    before = datetime.now(UTC) - timedelta(hours=hours)

    def look() -> tuple[Transfer, ...]:
        with running.registry.look() as connection:
            return kept.unfinished(connection, before=before)

    found = await run_in_threadpool(look)
    own = running.settings.uscc
    return {"waiting": [transfers.told(item) for item in found if item.own == own]}


@router.post("/transfers/resume", summary="Send what is due now")
async def resume(running: Running, who: Who) -> dict[str, Any]:
    """The service does so by itself every minute."""
    callers.demand(who, _SCOPE)
    sent = await transfers.deliver(running)
    return {"sent": [
        {"transfer": s.transfer, "kind": s.kind, "to": s.office, "error": s.error} for s in sent
    ]}  # fmt: skip


@router.post("/peer/transfer", summary="A transfer's message from another authority",
             response_class=Response,
             responses={200: {"content": {"application/json": {}, **_MESSAGE}}},
             openapi_extra={"requestBody": {"required": True, "content": _MESSAGE}})  # fmt: skip
async def received(request: Request, running: Running, who: Who) -> Response:
    """The body is a signed message; the trust list proves whose it is, not a credential. The
    answer is our signed word where there is one, else the state. The same message again
    changes nothing."""
    raw = await request.body()
    own = await run_in_threadpool(transfers.office, running)
    told = await run_in_threadpool(transfer_post.receive, own, raw, now=datetime.now(UTC))
    # our own word may be due to others too, or this answer be lost: send it in any case
    after = BackgroundTask(transfers.deliver, running, told.transfer.id)
    if told.answer:
        return Response(told.answer, media_type=transfer_message.MEDIA_TYPE, background=after)
    return JSONResponse({"id": told.transfer.id, "state": told.transfer.state}, background=after)


async def _sent(running: Service, made: Transfer) -> dict[str, Any]:
    """The step is kept; now tell the other side. Whatever comes of that, it stands."""
    await transfers.deliver(running, made.id)

    def look() -> Transfer:
        with running.registry.look() as connection:
            return kept.needed(connection, made.id, made.side)

    return transfers.told(await asyncio.to_thread(look))
