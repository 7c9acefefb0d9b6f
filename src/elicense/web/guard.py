"""What stands before every request: size, time, headers, and who the client really is."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from elicense.web.problems import Problem, response
from elicense.web.settings import Settings

_HEADERS: Mapping[bytes, bytes] = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        b"connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(self), microphone=(), geolocation=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
_SECURE = b"max-age=31536000; includeSubDomains"


class Guard:
    """ASGI middleware. A body that is too large or comes too slowly is refused on the way in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._limits = settings.uploads
        self._proxies = [ipaddress.ip_network(p, strict=False) for p in settings.proxies]
        self._secure = settings.public_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        scope["client"] = (self._client(scope, headers), 0)
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = self._with_headers(message["headers"])
            await send(message)

        try:
            length = headers.get(b"content-length", b"0")
            if not length.isdigit() or int(length) > self._limits.max_bytes:
                raise self._too_large()
            await self._app(scope, self._bounded(receive), guarded)
        except Problem as problem:
            if started:
                raise
            # the body is not read to its end: say so, or the client goes on sending
            problem.headers.setdefault("Connection", "close")
            await response(problem)(scope, receive, guarded)

    def _bounded(self, receive: Receive) -> Receive:
        size, deadline, done = 0, None, False

        async def bounded() -> Message:
            nonlocal size, deadline, done
            if done:
                return await receive()  # only a disconnect can come: no time limit on that
            loop = asyncio.get_running_loop()
            if deadline is None:
                deadline = loop.time() + self._limits.receive_seconds
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "request.slow", "The request came too slowly") from None
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                done = not message.get("more_body", False)
                if size > self._limits.max_bytes:
                    raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> Problem:
        most = self._limits.max_bytes
        return Problem(413, "request.size", f"At most {most} bytes can be handed in")

    def _client(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """The address that asks; what a listed proxy says of it, and nobody else."""
        address = (scope.get("client") or ("", 0))[0]
        told = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        while told and told[-1].strip() and self._is_proxy(address):
            address = told.pop().strip()
        return str(address)

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies)

    def _with_headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        there = {name.lower() for name, _ in given}
        found = [*given, *((n, v) for n, v in _HEADERS.items() if n not in there)]
        if self._secure:
            found.append((b"strict-transport-security", _SECURE))
        return found
