"""The sharing interface, dialect A: ``POST /api/dialect-a/…``. HTTP says 200; the dialect's own
status says what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from elicense.errors import Error
from elicense.registry import downloads, records
from elicense.registry.credentials import Caller
from elicense.web import callers, context, copying, dialect_a
from elicense.web.context import Service
from elicense.web.dialect_a import OPERATIONS, Asked
from elicense.web.problems import LOG, Problem
from elicense.web.sharing import Answer, Refused
from elicense.web.sharing_operations import RUN, Call

router = APIRouter(prefix="/api/dialect-a", tags=["sharing"])
NOT_STATED = "(not stated 未说明)"
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {
    "application/json": {"schema": {"type": "object"}}}}}  # fmt: skip


@router.post("/{operation}", summary="Sharing interface, dialect A", response_class=Response,
             openapi_extra=BODY)  # fmt: skip
async def call(operation: Annotated[str, Path(max_length=64)], request: Request) -> Response:
    """``{head: {accessId, accessToken}, data}``: see docs/sharing-interface.md."""
    return await exchange(request, operation, "dialect-a")


async def exchange(
    request: Request, operation: str, dialect: str, *,
    names: Mapping[str, str] | None = None, waived: frozenset[str] = frozenset(),
    lower: bool = False,
) -> Response:  # fmt: skip
    """One exchange. ``names`` gives dialect A's name for each of this dialect's members,
    ``waived`` what dialect A needs and this one does not."""
    running = context.service(request)
    who: Caller | None = None
    found: Answer | Refused
    try:
        if operation not in OPERATIONS:
            raise Refused(2)
        asked = dialect_a.read(await request.body())
        who = _caller(request, running, asked)
        data = {(names or {}).get(key, key): value for key, value in asked.data.items()}
        found = await _logged(running, who, operation, dialect, data, waived)
    except Refused as refused:
        found = refused
    except Problem as problem:  # too large, too slow
        found = Refused(99, problem.title)
    except Error as error:
        LOG.error("%s %s: %s", dialect, operation, error.code)
        found = Refused(99, "the service cannot do this now")
    key = who.public_key if who else None
    if lower and isinstance(found, Answer):
        found = Answer(found.status, _lower(found.data), found.detail)
    body = await run_in_threadpool(dialect_a.answer, found, key)
    wait = found.retry_after if isinstance(found, Refused) else 0
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=list),
        media_type="application/json", headers={"Retry-After": str(wait)} if wait else None,
    )  # fmt: skip


def _caller(request: Request, running: Service, asked: Asked) -> Caller:
    """Who asks, within its rate: guesses at a credential are counted by address."""
    who = running.credentials.find(asked.token, datetime.now(UTC), access_id=asked.access_id)
    if who is not None:
        name, rate = f"id:{who.access_id}", who.per_minute
    else:
        address = request.client.host if request.client else ""
        name, rate = f"at:{address}", running.settings.uploads.per_minute
    try:
        callers.limit(running.rates, name, rate)
    except Problem as problem:
        raise Refused(99, "too many requests",
                      retry_after=int(problem.headers["Retry-After"])) from None  # fmt: skip
    if who is None:
        raise Refused(11)
    return who


async def _logged(
    running: Service, who: Caller, name: str, dialect: str, data: Mapping[str, Any],
    waived: frozenset[str],
) -> Answer | Refused:
    """Run an operation and enter it in the log before it is answered, refused or not."""
    operation = OPERATIONS[name]
    found: Answer | Refused
    values: dict[str, str] = {}
    try:
        if not who.scopes.issuperset(operation.scopes):
            raise Refused(100, ", ".join(operation.scopes))
        values = dialect_a.values(operation, data, waived)
        found = await RUN[name](Call(running, who, values, data, datetime.now(UTC)))
    except Refused as refused:
        found = refused
    subject, outcome = values.get(operation.subject, ""), str(found.status)
    if isinstance(found, Answer):
        subject, outcome = found.subject or subject, found.outcome or outcome
    why = values.get(operation.cause) or NOT_STATED
    await context.logged(running, who, f"{dialect}-{name}", subject or "(not named)", why, outcome)
    return found


def _lower(data: Any) -> Any:
    if isinstance(data, dict):
        return {key.lower(): _lower(value) for key, value in data.items()}
    return [_lower(item) for item in data] if isinstance(data, (list, tuple)) else data


@router.get("/download/{token}", summary="Download once", response_class=Response,
            responses={200: {"content": {"application/pdf": {}, "application/ofd": {}}}})
async def download(token: Annotated[str, Path(max_length=100)], request: Request) -> Response:
    """The file behind an address from downloadUrl, which is then used up: an annotated copy
    加注件 where the service is set up to make them, else the sealed file."""
    running = context.service(request)
    address = request.client.host if request.client else ""
    callers.limit(running.rates, f"at:{address}", running.settings.uploads.per_minute)
    now = datetime.now(UTC)

    def take() -> tuple[downloads.Download, records.File | None] | None:
        with running.registry.change() as connection:
            found = downloads.take(connection, token, now=now)
            if found is None:
                return None
            record = records.licence(connection, found.identifier)
            return found, records.file(connection, record) if record else None

    found = await run_in_threadpool(take)
    if found is None:
        raise Problem(404, "download.address", "The address is unknown, used up or out of date")
    made, file = found
    there = file is not None and file.data is not None
    who = Caller(made.caller, made.caller, frozenset())
    if there and copying.offered(running):
        return await _copied(running, who, made, now)
    await context.logged(running, who, "dialect-a-download", made.identifier,
                         made.purpose or NOT_STATED, "found" if there else "unknown")  # fmt: skip
    if file is None or file.data is None:
        raise Problem(404, "registry.no-file", "There is no such file")
    return Response(file.data, media_type=f"application/{file.format}", headers={
        "Content-Disposition": f'attachment; filename="licence.{file.format}"',
        "Content-Security-Policy": "sandbox",
    })  # fmt: skip


async def _copied(
    running: Service, who: Caller, asked: downloads.Download, now: datetime
) -> Response:
    """An annotated copy for whoever asked for the address."""
    wanted = copying.Wanted(
        asked.identifier, asked.purpose or NOT_STATED, copying.receiver_of(who)
    )
    found: copying.Made | None = None
    outcome = "unknown"
    try:
        found = await run_in_threadpool(copying.make, running, wanted, now=now)
    except Error as error:
        outcome = error.code
    await context.logged(running, who, "dialect-a-download", asked.identifier, wanted.purpose,
                         "copied" if found else outcome)  # fmt: skip
    if found is None:
        raise Problem(409, outcome, "No annotated copy can be made")
    return Response(found.data, media_type=f"application/{found.format}", headers={
        "Content-Disposition": f'attachment; filename="copy.{found.format}"',
        "Content-Security-Policy": "sandbox",
    })  # fmt: skip
