"""Queries across regions: answering another's, and asking the one that issued a licence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from elicense.registry.credentials import ANONYMOUS, Caller
from elicense.web import answers, callers, context, keys, peer_answer
from elicense.web.context import Service
from elicense.web.peers import Client, Reply
from elicense.web.problems import Problem
from elicense.web.routes.licences import Identifier, Purpose

router = APIRouter(prefix="/api", tags=["regions"])
Running = Annotated[Service, Depends(context.service)]
Who = Annotated[Caller, Depends(context.caller)]
_NOTES = {
    "answered": ("answer signed by the issuing authority", "答复由颁发机构签名"),
    "unproven": ("an answer came that proves nothing", "收到答复，但不能作为证明"),
    "down": ("the issuing region does not answer now", "颁发地区目前没有应答"),
    "no-endpoint": ("the trust list names no address of it", "信任名录未列出该机构的接口"),
}  # fmt: skip


@router.post("/peer/query", summary="Answer another region's query", response_class=Response,
             responses={200: {"content": {peer_answer.MEDIA_TYPE: {}}}},
             openapi_extra={"requestBody": {"required": True, "content": {
                 "application/json": {"schema": {"type": "object"}}}}})  # fmt: skip
async def answer(request: Request, running: Running, who: Who) -> Response:
    """The body is an ``elicense-query/1``; the answer is signed over its digest, nonce,
    identifier, region and time. State and dates need no credential; the holder of a natural
    person's licence is masked unless the credential has the scope ``unmasked``."""
    if who.known:
        callers.demand(who, "peer")
    signer = running.settings.peers.signer
    if signer is None:
        raise Problem(404, "peer.signer", "This service answers no other region")
    now = datetime.now(UTC)
    query = peer_answer.read_query(await request.body(), now=now)
    record = await running.find(query.identifier)
    outcome = record.state if record else "unknown"
    asker = who if who.known else ANONYMOUS
    await context.logged(running, asker, f"peer-{query.region}", query.identifier, query.purpose,
                         outcome)  # fmt: skip
    told = answers.licence(record, full="unmasked" in who.scopes, now=now) if record else None

    def sign() -> bytes:
        return peer_answer.answer(
            query, told, region=running.settings.region, signer=keys.load(running, signer),
            now=now,
        )  # fmt: skip

    return Response(await run_in_threadpool(sign), media_type=peer_answer.MEDIA_TYPE)


@router.get("/query/{identifier}", summary="A licence of any region 跨省查询")
async def anywhere(
    identifier: Identifier, running: Running, who: Who, purpose: Purpose = None
) -> dict[str, Any]:
    """Our own registry first, else the region that issued it; scope ``query``.

    ``state`` tells what the answer is worth: ``own``, ``answered`` (signed and proven);
    ``unproven``, ``down``, ``no-endpoint`` prove nothing, and the licence is then to be judged
    by its file or QR code and the status lists at hand.
    """
    callers.demand(who, "query")
    why = context.purpose(purpose)
    record = await running.find(identifier)
    if record is not None:
        await context.logged(running, who, "query", identifier, why, record.state)
        told = answers.licence(record, full="unmasked" in who.scopes)
        return {"identifier": identifier, "state": "own", "proven": True, "found": True,
                "region": running.settings.region, "licence": told}  # fmt: skip
    if peer_answer.issuer_of(identifier) == running.settings.uscc:
        await context.logged(running, who, "query", identifier, why, "unknown")
        return {"identifier": identifier, "state": "own", "proven": True, "found": False,
                "region": running.settings.region, "licence": None}  # fmt: skip
    client: Client = running.extras["peers"]
    reply = await client.query(identifier, purpose=why, trust=running.trust)
    await context.logged(running, who, "query-elsewhere", identifier, why, reply.state)
    return _told(identifier, reply)


def _told(identifier: str, reply: Reply) -> dict[str, Any]:
    english, chinese = _NOTES[reply.state]
    return {
        "identifier": identifier,
        "state": reply.state,
        "proven": reply.state == "answered",
        "found": reply.found,
        "region": reply.region,
        "host": reply.host,
        "licence": dict(reply.licence) if reply.licence is not None else None,
        "time": reply.time.isoformat() if reply.time else None,
        "problem": reply.problem,
        "note": {"en": english, "zh": chinese},
    }
