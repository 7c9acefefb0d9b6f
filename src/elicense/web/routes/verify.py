"""``POST /api/verify``: a file or a scan in, a report out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from elicense.policy import shipped_names
from elicense.registry.credentials import Caller
from elicense.web import callers, context
from elicense.web.context import Service
from elicense.web.problems import Problem
from elicense.web.worker import Job

router = APIRouter(tags=["verify"])
_FORM = "multipart/form-data"


@router.post(
    "/api/verify", summary="Verify a file or a scan 核验", response_class=Response,
    responses={200: {"description": "The report", "content": {
        "application/json": {"schema": {"type": "object"}},
        "text/html": {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        _FORM: {"schema": {"type": "object", "required": ["file"], "properties": {
            "file": {"type": "string", "format": "binary"}}}}}}},
)  # fmt: skip
async def verify(
    request: Request,
    running: Annotated[Service, Depends(context.service)],
    who: Annotated[Caller, Depends(context.caller)],
    lang: Annotated[Literal["zh", "en"], Query(description="Language of the texts")] = "zh",
    form: Annotated[Literal["json", "html"], Query(description="Form of the report")] = "json",
    at: Annotated[datetime | None, Query(description="Time of judgement, with a zone")] = None,
    policy: Annotated[str, Query(description="One of the shipped policies")] = "",
    compared: Annotated[bool, Query(description="The sheet was compared by a person")] = False,
) -> Response:
    """Judge the file in the body (as it is, or as ``file`` of a form). Nothing is stored.

    What cannot be read at all is 422. A report's ``verdict`` is VALID, INVALID or
    INDETERMINATE; each is 200.
    """
    if not who.known and not running.settings.uploads.anonymous:
        callers.demand(who, "verify")
    if policy and policy not in shipped_names():
        raise Problem(422, "request.policy", f"policy is one of {', '.join(shipped_names())}")
    name, data = await _file(request)
    now = datetime.now(UTC)
    if at is not None and at.tzinfo is None:
        raise Problem(422, "request.at", "at must carry a time zone")
    judged = await running.workers.judge(
        Job(data, name, now, at.astimezone(UTC) if at else now,
            policy or running.settings.policy, lang, compared, form == "html")
    )  # fmt: skip
    running.metrics.verdicts.labels(judged.verdict).inc()
    if form == "html":
        return Response(judged.html, media_type="text/html; charset=utf-8",
                        headers={"Content-Security-Policy": _REPORT_CSP})  # fmt: skip
    return Response(judged.json, media_type="application/json")


# a report carries its own style and pictures, runs nothing and loads nothing
_REPORT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
)


async def _file(request: Request) -> tuple[str, bytes]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith(_FORM):
        data = await request.body()
        name = "upload"
    else:
        from starlette.datastructures import UploadFile

        async with request.form(max_files=1, max_fields=4) as form:
            item = form.get("file")
            if not isinstance(item, UploadFile):
                raise Problem(422, "request.file", "The form holds no file",
                              faults=[{"field": "file", "code": "request.file",
                                       "detail": "a file is needed"}])  # fmt: skip
            data, name = await item.read(), _name(item.filename)
    if not data:
        fault = {"field": "file", "code": "request.file", "detail": "empty"}
        raise Problem(422, "request.file", "The file is empty", faults=[fault])
    return name, data


def _name(given: str | None) -> str:
    """The last part of what the client calls its file, without what could lead astray."""
    name = re.split(r"[/\\]", given or "")[-1]
    return re.sub(r"[^\w .()\[\]（）【】·-]", "_", name)[:120].strip() or "upload"
