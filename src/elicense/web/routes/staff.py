"""Log-in and log-out of staff: ``/staff/login``, ``/staff/callback``, ``/api/staff``."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from elicense.errors import UsageError
from elicense.registry import sessions
from elicense.registry.credentials import Caller
from elicense.web import callers, context
from elicense.web import staff as staffs
from elicense.web.context import Service
from elicense.web.oidc import LOGIN_SECONDS, refused
from elicense.web.problems import LOG, Problem
from elicense.web.staff import Provider

router = APIRouter(tags=["staff"])
Running = Annotated[Service, Depends(context.service)]
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def _provider(running: Service, request: Request) -> Provider:
    """The provider, within the rate of an address."""
    found: Provider | None = running.extras.get("staff")
    if found is None:
        raise Problem(404, "staff.none", "This service has no log-in of staff")
    address = request.client.host if request.client else ""
    callers.limit(running.rates, f"at:{address}", running.settings.uploads.per_minute)
    return found


@router.get("/staff/login", include_in_schema=False)
async def login(request: Request, running: Running) -> Response:
    """Send the browser to the provider, with the secret of this log-in in a cookie."""
    provider = _provider(running, request)
    secret = secrets.token_urlsafe(32)
    try:
        url = await provider.begin(secret)
    except UsageError as error:
        return _failed(running, error)
    answer = RedirectResponse(url, 303)
    _set(answer, running, "login", secret, LOGIN_SECONDS)
    return answer


@router.get("/staff/callback", include_in_schema=False)
async def callback(request: Request, running: Running) -> Response:
    """Where the provider sends the browser back to. Whoever was logged in in it is logged out;
    the session is always a new one."""
    provider = _provider(running, request)
    secret = request.cookies.get(callers.cookie_name(running.settings, "login"), "")
    before = request.cookies.get(callers.cookie_name(running.settings), "")
    try:
        if not _SECRET.fullmatch(secret):
            raise refused("state", "this browser began no log-in")
        query = request.query_params.multi_items()
        found = await provider.finish(query, secret, datetime.now(UTC))
        made = await run_in_threadpool(
            staffs.enter, running.registry, running.settings, secret, found
        )
    except UsageError as error:
        return _failed(running, error)
    if before:
        await run_in_threadpool(running.sessions.end, before, datetime.now(UTC))
    who = Caller(f"staff:{found.subject}", found.name, found.scopes)
    await context.logged(running, who, "staff-login", "(session)", "登录 log-in",
                         f"{len(found.scopes)} scopes")  # fmt: skip
    answer = RedirectResponse("/", 303)
    assert running.settings.staff is not None
    length = int(running.settings.staff.session.total_seconds())
    _set(answer, running, "", made, length)
    _set(answer, running, "login", "", 0)
    return answer


def _failed(running: Service, error: UsageError) -> Response:
    """Back to the page, which says so in the person's language; the log says why."""
    LOG.warning("log-in refused: %s", error)
    answer = RedirectResponse(f"/?login={error.code.removeprefix('staff.')}", 303)
    _set(answer, running, "login", "", 0)
    return answer


def _set(answer: Response, running: Service, use: str, value: str, seconds: int) -> None:
    """``Lax``: the provider's redirect must bring the cookie, other sites' requests must not."""
    answer.set_cookie(
        callers.cookie_name(running.settings, use), value, max_age=seconds, path="/",
        httponly=True, samesite="lax",
        secure=running.settings.public_url.startswith("https://"),
    )  # fmt: skip


@router.get("/api/staff", summary="Who is logged in?")
def who(request: Request, running: Running) -> dict[str, Any]:
    """``login`` tells whether staff can log in here. ``csrf`` is what the header
    ``X-CSRF-Token`` of every request with the session that changes something must hold."""
    if running.settings.staff is None:
        return {"login": False, "subject": None}
    secret = request.cookies.get(callers.cookie_name(running.settings), "")
    found = running.sessions.find(secret, datetime.now(UTC))
    if found is None:
        return {"login": True, "subject": None}
    return {
        "login": True, "subject": found.subject, "name": found.name,
        "scopes": sorted(found.scopes), "until": found.until.isoformat(),
        "csrf": sessions.csrf_of(secret),
    }  # fmt: skip


@router.post("/api/staff/logout", summary="Log out")
async def logout(request: Request, running: Running, response: Response) -> dict[str, str]:
    """End the session, here and in the registry. ``next`` is where the provider logs out."""
    provider = _provider(running, request)
    person = callers.staff(request, running.settings, running.sessions)
    secret = request.cookies.get(callers.cookie_name(running.settings), "")
    if person.known:
        await run_in_threadpool(running.sessions.end, secret, datetime.now(UTC))
        await context.logged(running, person, "staff-logout", "(session)", "退出 log-out", "ended")
    _set(response, running, "", "", 0)
    return {"next": provider.leaving()}
