"""Problem documents (RFC 9457): what a caller did wrong, by field; never a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from elicense.errors import Error, InputError, IssueRefused, KeyMaterialError, UsageError

LOG = logging.getLogger("elicense.web")
MEDIA_TYPE = "application/problem+json"
_STATUS = {
    "registry.unknown": 404, "registry.duplicate": 409, "registry.state": 409,
    "handover.gap": 409, "handover.fork": 409, "handover.state": 409,
    "registry.database": 503, "registry.in-force": 409, "registry.list-full": 503,
    "registry.transfer": 409, "transfer.unknown": 404, "transfer.under-way": 409,
    "transfer.state": 409, "transfer.order": 409, "transfer.fork": 409, "transfer.done": 409,
    "transfer.parties": 409, "transfer.address": 409, "transfer.another-licence": 409,
    "transfer.not-ours": 409, "transfer.erased": 409, "transfer.signature": 403,
    "transfer.not-entitled": 403,
}  # fmt: skip
# what these say is about our own installation and not for the caller to read
_OWN = (KeyMaterialError,)


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """Raised anywhere in a request; becomes the answer."""

    def __init__(
        self, status: int, code: str, title: str, *, detail: str = "",
        faults: Sequence[dict[str, str]] = (), headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.status, self.code, self.title, self.detail = status, code, title, detail
        self.faults, self.headers = tuple(faults), headers or {}
        super().__init__(code)


def response(problem: Problem) -> Response:
    """The answer for a problem."""
    body: dict[str, Any] = {
        "type": f"urn:elicense:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
    }
    if problem.detail:
        body["detail"] = problem.detail
    if problem.faults:
        body["faults"] = list(problem.faults)
    return JSONResponse(body, problem.status, problem.headers, media_type=MEDIA_TYPE)


def of_error(error: Error) -> Problem:
    """Our own errors: the input's or the caller's fault is told, ours is logged."""
    if isinstance(error, IssueRefused):
        faults = [{"field": f.path, "code": f.code, "detail": f.detail} for f in error.faults]
        return Problem(422, error.code, "Not issued", faults=faults)
    status = _STATUS.get(error.code)
    callers = isinstance(error, (InputError, UsageError))
    if isinstance(error, _OWN) or (status is None and not callers):
        LOG.error("refused by our own installation: %s", error.code)
        return Problem(503, error.code, "The service cannot do this now")
    if status == 503:
        LOG.error("%s", error)
        return Problem(503, error.code, "The service cannot do this now")
    faults = [{"field": error.place, "code": error.code, "detail": error.detail}]
    return Problem(status or 422, error.code, error.detail, faults=faults if error.place else ())


async def on_problem(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Problem)
    return response(exc)


async def on_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Error)
    return response(of_error(exc))


async def on_invalid(_request: Request, exc: Exception) -> Response:
    """A request that FastAPI could not read: each field with what is wrong."""
    from fastapi.exceptions import RequestValidationError

    assert isinstance(exc, RequestValidationError)
    faults = [
        {
            "field": ".".join(str(part) for part in error["loc"]),
            "code": f"request.{error['type']}",
            "detail": str(error["msg"]),
        }
        for error in exc.errors()[:50]
    ]
    return response(Problem(422, "request.invalid", "The request is not right", faults=faults))


async def on_http(_request: Request, exc: Exception) -> Response:
    """What the framework answers itself: no such path, method not allowed."""
    from starlette.exceptions import HTTPException

    assert isinstance(exc, HTTPException)
    problem = Problem(exc.status_code, f"http.{exc.status_code}", str(exc.detail),
                      headers=dict(exc.headers or {}))  # fmt: skip
    return response(problem)


async def on_anything(request: Request, exc: Exception) -> Response:
    """Nobody expected this: told to the log, not to the caller."""
    LOG.error("unexpected in %s", request.url.path, exc_info=exc)
    return response(Problem(500, "internal", "The service failed; it has been logged"))
