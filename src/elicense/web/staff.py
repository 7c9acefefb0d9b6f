"""Logging staff in: asking the identity provider, and the sessions that come of it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx

from elicense.errors import UsageError
from elicense.registry import sessions
from elicense.registry.database import Registry
from elicense.web import oidc, outward
from elicense.web.oidc import Endpoints, Login, Person, refused
from elicense.web.settings import Settings, Staff

_MOST = 256 * 1024
_FRESH_SECONDS = 3600.0  # description and keys of the provider
_AGAIN_SECONDS = 60.0  # soonest for a key that was not there
_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Provider:
    """The identity provider of a service; closes with it."""

    staff: Staff
    public_url: str
    _http: httpx.AsyncClient | None = None
    _endpoints: tuple[float, Endpoints] | None = None
    _keys: tuple[float, list[Mapping[str, Any]]] | None = None

    @property
    def redirect(self) -> str:
        """Where it sends the browser back to."""
        return self.public_url.rstrip("/") + "/staff/callback"

    async def begin(self, secret: str) -> str:
        """The address at which the browser with this secret logs in."""
        found = await self.endpoints()
        return oidc.authorization_url(found, self.staff, Login.of(secret), self.redirect)

    async def finish(
        self, query: Sequence[tuple[str, str]], secret: str, now: datetime
    ) -> Person:
        """Who has logged in, from what the browser brings back. UsageError ``staff.…``."""
        login = Login.of(secret)
        found = await self.endpoints()
        code = oidc.code_of(query, login, self.staff, found)
        token = await self._token(found, code, login)
        kid = oidc.key_id(token)
        keys = await self.keys(found, kid)
        return oidc.person(token, keys=keys, staff=self.staff, nonce=login.nonce, now=now)

    async def endpoints(self) -> Endpoints:
        """What the provider's description says, looked up once an hour."""
        if self._endpoints is None or time.monotonic() - self._endpoints[0] > _FRESH_SECONDS:
            url = self.staff.issuer.rstrip("/") + "/.well-known/openid-configuration"
            told = oidc.endpoints(await self._json("GET", url), self.staff)
            self._endpoints = (time.monotonic(), told)
        return self._endpoints[1]

    async def keys(self, found: Endpoints, kid: str | None) -> list[Mapping[str, Any]]:
        """The provider's keys, looked up once an hour and when one is missing, but then not
        more than once a minute."""
        age = time.monotonic() - self._keys[0] if self._keys else _FRESH_SECONDS + 1
        there = self._keys is not None and (
            kid is None or any(item.get("kid") == kid for item in self._keys[1])
        )
        if age > _FRESH_SECONDS or (not there and age > _AGAIN_SECONDS):
            told = await self._json("GET", found.keys)
            listed = told.get("keys") if isinstance(told, dict) else None
            if not isinstance(listed, list):
                raise refused("provider", "its keys are not a set of keys")
            self._keys = (time.monotonic(), [k for k in listed if isinstance(k, dict)])
        assert self._keys is not None
        return self._keys[1]

    async def _token(self, found: Endpoints, code: str, login: Login) -> str:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect,
            "client_id": self.staff.client_id, "code_verifier": login.verifier,
        }  # fmt: skip
        headers = {"Content-Type": _FORM}
        name = self.staff.client_secret_env
        if name and found.basic:
            pair = f"{quote_plus(self.staff.client_id)}:{quote_plus(os.environ.get(name, ''))}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif name:
            form["client_secret"] = os.environ.get(name, "")
        told = await self._json("POST", found.token, urlencode(form).encode(), headers)
        token = told.get("id_token") if isinstance(told, dict) else None
        if not isinstance(token, str):
            raise refused("provider", "it gave no ID token")
        return token

    async def _json(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Any:
        """One exchange with the provider: bounded in time and size, and never elsewhere."""
        try:
            async with asyncio.timeout(self.staff.seconds):
                found = await outward.ask(
                    self._client(), method, url, allow_hosts=self.staff.allow_hosts, most=_MOST,
                    headers={"Accept": "application/json", **(headers or {})}, body=body,
                )  # fmt: skip
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, UsageError) as exc:
            raise refused("provider", f"it cannot be asked: {exc or type(exc).__name__}") from exc
        if found.status != 200:
            raise refused("provider", f"it answered {found.status}")
        try:
            return json.loads(found.body)
        except (ValueError, RecursionError) as exc:
            raise refused("provider", "its answer is not JSON") from exc

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(
                verify=ssl.create_default_context(cafile=self.staff.ca_file or None),
                follow_redirects=False, trust_env=False, timeout=self.staff.seconds,
            )  # fmt: skip
        return self._http

    def leaving(self) -> str:
        """Where the browser logs out of the provider too, if that has a place for it."""
        found = self._endpoints[1].end_session if self._endpoints else ""
        if not found:
            return ""
        back = self.public_url.rstrip("/") + "/"
        query = urlencode({"client_id": self.staff.client_id, "post_logout_redirect_uri": back})
        return f"{found}{'&' if '?' in found else '?'}{query}"

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def enter(registry: Registry, settings: Settings, secret: str, found: Person) -> str:
    """Begin the session of somebody who has logged in; its secret, always a new one."""
    assert settings.staff is not None
    now = datetime.now(UTC)
    with registry.change() as connection:
        return sessions.create(
            connection, login=Login.of(secret).digest, subject=found.subject, name=found.name,
            scopes=found.scopes, now=now, until=now + settings.staff.session,
        )  # fmt: skip
