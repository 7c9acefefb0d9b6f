"""``POST /api/verify``, ``/api/inspect-ship``, ``/api/qr``: files in, a report out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from elicense.policy import shipped_names
from elicense.registry.credentials import Caller
from elicense.web import callers, context
from elicense.web.context import Service
from elicense.web.jobs import CodeJob, FileJob, Job, ShipJob, Terms
from elicense.web.problems import Problem

router = APIRouter(tags=["verify"])
_FORM = "multipart/form-data"


_REPORTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The report", "content": {
        "application/json": {"schema": {"type": "object"}},
        "text/html": {"schema": {"type": "string"}}}},
}  # fmt: skip
Running = Annotated[Service, Depends(context.service)]
Form = Annotated[Literal["json", "html"], Query(description="Form of the report")]


def _terms(
    running: Running,
    who: Annotated[Caller, Depends(context.caller)],
    lang: Annotated[Literal["zh", "en"], Query(description="Language of the texts")] = "zh",
    at: Annotated[datetime | None, Query(description="Time of judgement, with a zone")] = None,
    policy: Annotated[str, Query(description="One of the shipped policies")] = "",
    compared: Annotated[bool, Query(description="The sheet was compared by a person")] = False,
    receiver: Annotated[str, Query(max_length=200, description=(
        "Who was shown it, by name or code: an annotated copy 加注件 for another is INVALID"
    ))] = "",
) -> Terms:
    """How to judge, from the query; and whether the caller may ask at all."""
    if not running.settings.uploads.anonymous:
        callers.demand(who, "verify")
    if policy and policy not in shipped_names():
        raise Problem(422, "request.policy", f"policy is one of {', '.join(shipped_names())}")
    if at is not None and at.tzinfo is None:
        raise Problem(422, "request.at", "at must carry a time zone")
    now = datetime.now(UTC)
    try:
        moment = at.astimezone(UTC) if at else now
    except OverflowError as exc:
        raise Problem(422, "request.at", "at is outside the calendar") from exc
    return Terms(
        now, moment, policy or running.settings.policy, lang, compared, receiver=receiver.strip()
    )


@router.post(
    "/api/verify", summary="Verify a file or a scan 核验", response_class=Response,
    responses=_REPORTS,
    openapi_extra={"requestBody": {"required": True, "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        _FORM: {"schema": {"type": "object", "required": ["file"], "properties": {
            "file": {"type": "string", "format": "binary"}}}}}}},
)  # fmt: skip
async def verify(
    request: Request, running: Running, terms: Annotated[Terms, Depends(_terms)],
    form: Form = "json",
) -> Response:  # fmt: skip
    """Judge the file in the body (as it is, or as ``file`` of a form). Nothing is stored.

    What cannot be read at all is 422. A report's ``verdict`` is VALID, INVALID or
    INDETERMINATE; each is 200.
    """
    name, data = await _file(request)
    return await _answer(running, FileJob(replace(terms, html=form == "html"), name, data), form)


@router.post(
    "/api/inspect-ship", summary="DOC, SMC and ship together 登轮核验", response_class=Response,
    responses=_REPORTS,
    openapi_extra={"requestBody": {"required": True, "content": {
        _FORM: {"schema": {"type": "object", "properties": {
            "doc": {"type": "string", "format": "binary"},
            "smc": {"type": "string", "format": "binary"}}}}}}},
)  # fmt: skip
async def inspect_ship(
    request: Request, running: Running, terms: Annotated[Terms, Depends(_terms)],
    ship: Annotated[str, Query(max_length=300, description="imo=…,type=…,flag=…,name=…")] = "",
    form: Form = "json",
) -> Response:  # fmt: skip
    """The files ``doc`` and ``smc`` of a form, one or both, and the ship as seen."""
    if not request.headers.get("content-type", "").startswith(_FORM):
        raise Problem(415, "request.form", "A form with the files doc and smc is needed")
    from starlette.datastructures import UploadFile

    found: dict[str, tuple[str, bytes]] = {}
    async with request.form(max_files=2, max_fields=4) as fields:
        for part in ("doc", "smc"):
            item = fields.get(part)
            if isinstance(item, UploadFile) and (data := await item.read()):
                found[part] = (_name(item.filename), data)
    if not found:
        raise _no_file("doc")
    job = ShipJob(replace(terms, html=form == "html"), found.get("doc"), found.get("smc"), ship)
    return await _answer(running, job, form)


class Code(BaseModel):
    """The text of a QR code, exactly as read."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=4296)


@router.post("/api/qr", summary="Verify the text of a QR code", response_class=Response,
             responses=_REPORTS)  # fmt: skip
async def code(
    body: Code, running: Running, terms: Annotated[Terms, Depends(_terms)]
) -> Response:
    """What a camera has read: the signed data are judged, a foreign code is named."""
    return await _answer(running, CodeJob(terms, body.text), "json")


async def _answer(running: Service, job: Job, form: str) -> Response:
    judged = await running.workers.judge(job)
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
                raise _no_file("file")
            data, name = await item.read(), _name(item.filename)
    if not data:
        raise _no_file("file")
    return name, data


def _no_file(field: str) -> Problem:
    fault = {"field": field, "code": "request.file", "detail": "a file is needed"}
    return Problem(422, "request.file", "No file was handed in", faults=[fault])


def _name(given: str | None) -> str:
    """The last part of what the client calls its file, without what could lead astray."""
    name = re.split(r"[/\\]", given or "")[-1]
    return re.sub(r"[^\w .()\[\]（）【】·-]", "_", name)[:120].strip() or "upload"
