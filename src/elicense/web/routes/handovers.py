"""Handing applications over between windows: ``/api/handovers`` and what the other side sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from elicense.registry import handover
from elicense.registry.credentials import Caller
from elicense.registry.handover import Handover, Receipt
from elicense.web import callers, context, keys
from elicense.web.context import Service
from elicense.web.peers import Client
from elicense.web.problems import Problem

router = APIRouter(prefix="/api", tags=["handover"])
Running = Annotated[Service, Depends(context.service)]
Who = Annotated[Caller, Depends(context.caller)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Document(BaseModel):
    """One document of an application: its name and SHA-256; it travels by other means."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Begin(BaseModel):
    """An application taken in here 收件 for the office that decides it 办理."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    matter: str = Field(min_length=1, max_length=200, examples=["航运公司符合证明查询、核验"])
    receiver: str = Field(pattern="^[0-9A-Z]{18}$", description="USCC of the deciding office")
    documents: list[Document] = Field(max_length=100)
    note: str = Field(default="", max_length=500)


class Step(BaseModel):
    """The next state: received, accepted, incomplete, supplied, refused, decided, delivered."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    state: str = Field(max_length=16)
    note: str = Field(default="", max_length=500)
    documents: list[Document] | None = Field(default=None, max_length=100)


@router.post("/handovers", status_code=201, summary="Hand an application over 代收转办")
async def begin(wanted: Begin, running: Running, who: Who) -> dict[str, Any]:
    """Sign the first receipt and send it; scope ``handover``. ``delivered_to_peer`` false
    means that it is kept here and must be sent again (``/resend``)."""
    callers.demand(who, "handover")
    now = datetime.now(UTC)
    data = await run_in_threadpool(
        handover.begin, matter=wanted.matter, sender=running.settings.uscc,
        receiver=wanted.receiver, documents=_pairs(wanted.documents), signer=_signer(running),
        now=now, note=wanted.note,
    )  # fmt: skip
    return await _kept(running, who, handover.read(data), now)


@router.post("/handovers/{id}/state", summary="The next receipt")
async def step(id: Id, wanted: Step, running: Running, who: Who) -> dict[str, Any]:
    """Sign the next receipt of a matter and send it; only the side whose turn it is may."""
    callers.demand(who, "handover")
    known = await _known(running, id)
    now, last = datetime.now(UTC), known.receipts[-1]
    turn = handover.STATES.get(wanted.state, ("", ()))[0]
    own = {"from": last.sender, "to": last.receiver}.get(turn)
    if own != running.settings.uscc:
        fault = {"field": "state", "code": "handover.turn", "detail": turn or "no such state"}
        raise Problem(409, "handover.turn", "this state is not ours to enter", faults=[fault])
    data = await run_in_threadpool(
        handover.following, last, wanted.state, signer=_signer(running), now=now,
        note=wanted.note,
        documents=None if wanted.documents is None else _pairs(wanted.documents),
    )  # fmt: skip
    return await _kept(running, who, handover.read(data), now)


@router.post("/handovers/{id}/resend", summary="Send our receipts again")
async def resend(id: Id, running: Running, who: Who) -> dict[str, Any]:
    """For a side that was away: those it has already change nothing. Each sends its own."""
    callers.demand(who, "handover")
    known = await _known(running, id)
    own = [r for r in known.receipts if r.author == running.settings.uscc]
    sent = [await _send(running, receipt) for receipt in own]
    return {**_told(known), "delivered_to_peer": all(sent)}


@router.get("/handovers/{id}", summary="Where a matter stands")
async def one(id: Id, running: Running, who: Who) -> dict[str, Any]:
    callers.demand(who, "handover")
    return _told(await _known(running, id))


@router.get("/handovers", summary="Matters that wait for somebody")
async def waiting(
    running: Running, who: Who, hours: Annotated[int, Query(ge=0, le=10_000)] = 24
) -> dict[str, Any]:
    """Matters without a new receipt for so many hours, the oldest first, and who owes it. A
    receipt lost on the way shows here on both sides."""
    callers.demand(who, "handover")
    now = datetime.now(UTC)

    def look() -> tuple[Handover, ...]:
        with running.registry.look() as connection:
            return handover.unfinished(connection, before=now - timedelta(hours=hours))

    found = await run_in_threadpool(look)
    patience = timedelta(hours=hours)
    return {"waiting": [{**_told(h), "owed_by": h.waiting(now, patience)} for h in found]}


_RECEIPT = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.post("/peer/handover", summary="A receipt from another region",
             openapi_extra={"requestBody": {"required": True, "content": _RECEIPT}})  # fmt: skip
async def received(request: Request, running: Running, who: Who) -> dict[str, Any]:
    """The body is a signed receipt; who made it is proven by the trust list, not by a
    credential. 409 where one before it was lost, or another stands in its place."""
    receipt = handover.read(await request.body())
    own = running.settings.uscc
    if own not in {receipt.sender, receipt.receiver} or receipt.author == own:
        raise Problem(409, "handover.address", "this receipt is not for this office")
    now = datetime.now(UTC)
    wrong = await run_in_threadpool(handover.problem, receipt, trust=running.trust, now=now)
    if wrong:
        raise Problem(403, "handover.signature", f"the receipt is not proven: {wrong}")

    def keep() -> Handover:
        with running.registry.change() as connection:
            return handover.enter(connection, receipt, actor=receipt.author, now=now)

    known = await run_in_threadpool(keep)
    return {"id": known.id, "state": known.state, "receipt": receipt.digest}


def _pairs(items: list[Document]) -> list[tuple[str, str]]:
    return [(item.name, item.sha256) for item in items]


def _signer(running: Service) -> Any:
    signer = running.settings.peers.signer
    if signer is None:
        raise Problem(409, "peer.signer", "This service has no key for other regions")
    return keys.load(running, signer)


async def _known(running: Service, id: str) -> Handover:
    def look() -> Handover | None:
        with running.registry.look() as connection:
            return handover.find(connection, id)

    found = await run_in_threadpool(look)
    if found is None:
        raise Problem(404, "handover.unknown", "No such matter is known here")
    return found


async def _kept(running: Service, who: Caller, receipt: Receipt, now: datetime) -> dict[str, Any]:
    """Keep our own receipt first, then send it: what was sent is never unknown here."""

    def keep() -> Handover:
        with running.registry.change() as connection:
            return handover.enter(connection, receipt, actor=who.access_id, now=now)

    known = await run_in_threadpool(keep)
    return {**_told(known), "delivered_to_peer": await _send(running, receipt)}


async def _send(running: Service, receipt: Receipt) -> bool:
    client: Client = running.extras["peers"]
    own = running.settings.uscc
    other = receipt.receiver if receipt.sender == own else receipt.sender
    return await client.send_receipt(receipt.raw, other, trust=running.trust)


def _told(known: Handover) -> dict[str, Any]:
    return {
        "id": known.id, "matter": known.matter, "from": known.sender, "to": known.receiver,
        "state": known.state, "state_zh": handover.NAMES[known.state],
        "updated": known.updated.isoformat(),
        "receipts": [
            {"sequence": r.sequence, "state": r.state, "time": r.time.isoformat(),
             "by": r.author, "note": r.note, "sha256": r.digest,
             "documents": [{"name": n, "sha256": d} for n, d in r.documents]}
            for r in known.receipts
        ],
    }  # fmt: skip
