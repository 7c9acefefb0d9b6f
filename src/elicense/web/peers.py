"""Asking the region that issued a licence: where, how long, how often, and what came of it."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from elicense.errors import UsageError
from elicense.web import outward, peer_answer
from elicense.web.settings import Peers

if TYPE_CHECKING:
    from elicense.trust.store import TrustStore

_MOST_CACHED = 10_000
_FAILURES = 5
_REST_SECONDS = 30.0
_CODE = re.compile(r"[a-z][a-z0-9.-]{2,60}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of asking. ``state`` is ``answered`` (signed and proven), ``unproven`` (an
    answer that proves nothing: ``problem`` says why), ``down`` or ``no-endpoint``."""

    state: str
    region: str = ""
    host: str = ""
    problem: str = ""
    found: bool = False
    licence: Mapping[str, Any] | None = None
    time: datetime | None = None


@dataclass(slots=True)
class Breaker:
    """After five failures in a row a region is left alone for half a minute."""

    failures: int = 0
    until: float = 0.0

    @property
    def open(self) -> bool:
        return self.failures >= _FAILURES and time.monotonic() < self.until

    def tell(self, worked: bool) -> None:
        if worked:
            self.failures = 0
        else:
            self.failures += 1
            self.until = time.monotonic() + _REST_SECONDS


@dataclass(slots=True)
class Client:
    """One for a service; closes with it."""

    settings: Peers
    region: str
    breakers: dict[str, Breaker] = field(default_factory=dict)
    cache: dict[str, tuple[float, Reply]] = field(default_factory=dict)
    _http: httpx.AsyncClient | None = None

    async def query(self, identifier: str, *, purpose: str, trust: TrustStore) -> Reply:
        """Ask whoever issued ``identifier``. Never raises for what the other side does."""
        endpoint, region = endpoint_of(identifier, trust)
        if not endpoint:
            return Reply("no-endpoint", region=region)
        host = urlsplit(endpoint).netloc
        cached = self.cache.get(identifier)
        if cached and time.monotonic() < cached[0]:
            return cached[1]
        breaker = self.breakers.setdefault(host, Breaker())
        if breaker.open:
            return Reply("down", region, host, "left alone after several failures")
        query = peer_answer.ask(
            identifier, purpose=purpose, region=self.region, now=datetime.now(UTC)
        )
        try:
            async with asyncio.timeout(self.settings.seconds):
                kind, body = await self._post(endpoint, query.raw)
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, UsageError) as exc:
            breaker.tell(False)
            return Reply("down", region, host, str(exc) or type(exc).__name__)
        breaker.tell(True)
        reply = await asyncio.to_thread(_judged, kind, body, query, trust, region, host)
        self._keep(identifier, reply)
        return reply

    async def send_receipt(self, receipt: bytes, office: str, *, trust: TrustStore) -> bool:
        """Send a signed receipt to the office with this USCC; False if it was not taken."""
        endpoint = office_endpoint(office, trust)
        if not endpoint.endswith("/api/peer/query"):
            return False
        target = endpoint.removesuffix("query") + "handover"
        try:
            async with asyncio.timeout(self.settings.seconds):
                await self._post(target, receipt, kind=peer_answer.MEDIA_TYPE)
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, UsageError):
            return False
        return True

    async def send_transfer(self, message: bytes, office: str, *, trust: TrustStore) -> bytes:
        """Send a message of a transfer to the office with this USCC; its signed answer, or
        nothing. UsageError with the problem that it told, OSError where nobody answered."""
        endpoint = office_endpoint(office, trust)
        if not endpoint.endswith("/api/peer/query"):
            raise OSError("the trust list names no address of this authority")
        headers = {"Content-Type": peer_answer.MEDIA_TYPE, "Accept": peer_answer.MEDIA_TYPE}
        try:
            async with asyncio.timeout(self.settings.seconds):
                found = await outward.ask(
                    self._client(), "POST", endpoint.removesuffix("query") + "transfer",
                    allow_hosts=self.settings.allow_hosts, headers=headers,
                    most=peer_answer.MAX_ANSWER, body=message,
                )  # fmt: skip
        except (httpx.HTTPError, TimeoutError, ValueError) as exc:
            raise OSError(str(exc) or type(exc).__name__) from exc
        if found.status == 200:
            return found.body if found.kind.startswith(peer_answer.MEDIA_TYPE) else b""
        raise refusal(found)

    async def _post(
        self, url: str, body: bytes, *, kind: str = "application/json"
    ) -> tuple[str, bytes]:
        """One exchange with an address that was checked: no redirect, bounded, no proxy."""
        headers = {"Content-Type": kind, "Accept": peer_answer.MEDIA_TYPE}
        found = await outward.ask(
            self._client(), "POST", url, allow_hosts=self.settings.allow_hosts, headers=headers,
            most=peer_answer.MAX_ANSWER, body=body,
        )  # fmt: skip
        if found.status != 200:
            raise ValueError(f"it answered {found.status}")
        return found.kind, found.body

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            verify: Any = ssl.create_default_context(cafile=self.settings.ca_file or None)
            if self.settings.client_certificate:
                verify.load_cert_chain(
                    self.settings.client_certificate, self.settings.client_key or None
                )
            self._http = httpx.AsyncClient(
                verify=verify, follow_redirects=False, trust_env=False,
                timeout=self.settings.seconds, limits=httpx.Limits(max_connections=50),
            )  # fmt: skip
        return self._http

    def _keep(self, identifier: str, reply: Reply) -> None:
        if reply.state != "answered":
            return
        if len(self.cache) >= _MOST_CACHED:
            self.cache.clear()
        self.cache[identifier] = (time.monotonic() + self.settings.cache_seconds, reply)

    def forget(self) -> None:
        """Forget answers that were proven by a trust store of before."""
        self.cache.clear()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def endpoint_of(identifier: str, trust: TrustStore) -> tuple[str, str]:
    """Address and region of the authority that issued it, from the trust list; empty if the
    list names none."""
    issuer = peer_answer.issuer_of(identifier)
    region = ""
    for entry in trust.services:
        if entry.service == "status" and issuer and entry.uscc == issuer:
            region = region or entry.region
            if entry.endpoint:
                return entry.endpoint, entry.region
    return "", region


def office_endpoint(office: str, trust: TrustStore) -> str:
    """Where the authority with this USCC answers; empty if the list names nothing."""
    return next(
        (e.endpoint for e in trust.services
         if e.service == "status" and e.uscc == office and e.endpoint), "",
    )  # fmt: skip


def refusal(found: outward.Answered) -> Exception:
    """What an office that did not take a message said of it."""
    if not 400 <= found.status < 500 or found.status in {404, 408, 429}:
        return OSError(f"it answered {found.status}")
    try:
        told = json.loads(found.body)
    except (ValueError, RecursionError):
        told = None
    code = told.get("code") if isinstance(told, dict) else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return UsageError("transfer.refused", f"it answered {found.status}")
    return UsageError(code, f"refused by the other authority: {str(told.get('title'))[:200]}")


def _judged(
    kind: str, body: bytes, query: peer_answer.Query, trust: TrustStore, region: str, host: str
) -> Reply:
    if not kind.startswith(peer_answer.MEDIA_TYPE):
        return _unsigned(body, region, host)
    found = peer_answer.judge(body, query=query, trust=trust, now=datetime.now(UTC))
    return Reply(
        "answered" if found.proven else "unproven", region, host, found.problem, found.found,
        found.licence, found.time,
    )  # fmt: skip


def _unsigned(body: bytes, region: str, host: str) -> Reply:
    """An answer in the deployed dialect, or anything else: shown, never believed."""
    try:
        shown = json.loads(body)
    except (ValueError, RecursionError):
        shown = None
    data = shown if isinstance(shown, dict) else None
    return Reply("unproven", region, host, "unsigned", data is not None, data)
