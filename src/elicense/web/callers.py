"""Who is asking: a credential in the request, what it may do, and how often."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request

from elicense.registry import credentials, sessions
from elicense.registry.credentials import ANONYMOUS, Caller, Credential
from elicense.registry.database import Registry
from elicense.registry.sessions import Session
from elicense.web.problems import Problem
from elicense.web.settings import Settings

_FRESH_SECONDS = 5.0
_MOST_BUCKETS = 100_000
_MOST_SESSIONS = 10_000
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Credentials:
    """The registry's credentials, kept in memory for five seconds: a revoked one ends then."""

    registry: Registry
    known: Mapping[bytes, Credential] = field(default_factory=dict)
    read_at: float = -1e9

    def find(self, token: str, now: datetime, *, access_id: str = "") -> Caller | None:
        """The caller with this secret, if it is in force (and of this access id, if given)."""
        if time.monotonic() - self.read_at > _FRESH_SECONDS:
            self.refresh()
        found = self.known.get(credentials.digest_of(token))
        if found is None or not found.in_force(now):
            return None
        if access_id and not hmac.compare_digest(
            access_id.encode("utf-8", "replace"), found.caller.access_id.encode()
        ):
            return None
        return found.caller

    def refresh(self) -> None:
        with self.registry.look() as connection:
            self.known = {item.digest: item for item in credentials.all_of(connection)}
        self.read_at = time.monotonic()


@dataclass(slots=True)
class Sessions:
    """Sessions of staff, each kept in memory for five seconds: one that another process ended
    ends here then."""

    registry: Registry
    known: dict[bytes, tuple[float, Session]] = field(default_factory=dict)

    def find(self, secret: str, now: datetime) -> Session | None:
        """The session with this secret, if it has not ended."""
        if not _SECRET.fullmatch(secret):
            return None
        digest = credentials.digest_of(secret)
        seen, found = self.known.get(digest, (-1e9, None))
        if found is None or time.monotonic() - seen > _FRESH_SECONDS:
            self.known.pop(digest, None)
            with self.registry.look() as connection:
                found = sessions.find(connection, secret, now=now)
            if found is None:
                return None
            if len(self.known) >= _MOST_SESSIONS:
                self.known.clear()
            self.known[digest] = (time.monotonic(), found)
        return found if now < found.until else None

    def end(self, secret: str, now: datetime) -> None:
        """End it, here at once."""
        with self.registry.change() as connection:
            sessions.end(connection, secret, now=now)
        self.known.pop(credentials.digest_of(secret), None)


@dataclass(slots=True)
class Rates:
    """Token buckets, one for each caller or address; a full one is forgotten."""

    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, who: str, per_minute: int) -> float:
        """0 if it may go on, else after how many seconds it may."""
        now = time.monotonic()
        left, seen = self.buckets.get(who, (float(per_minute), now))
        left = min(float(per_minute), left + (now - seen) * per_minute / 60)
        if left < 1:
            self.buckets[who] = (left, now)
            return (1 - left) * 60 / per_minute
        if len(self.buckets) >= _MOST_BUCKETS and who not in self.buckets:
            self._forget(now)
        self.buckets[who] = (left - 1, now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Those not seen for a minute have filled up again; else the oldest half goes."""
        kept = {who: item for who, item in self.buckets.items() if now - item[1] < 60}
        if len(kept) >= _MOST_BUCKETS:
            by_age = sorted(kept.items(), key=lambda pair: pair[1][1])
            kept = dict(by_age[len(by_age) // 2 :])
        self.buckets = kept


def bearer(request: Request) -> str:
    """The secret of an Authorization header, empty if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def identify(request: Request, known: Credentials) -> Caller:
    """The caller; ``ANONYMOUS`` without a credential, 401 for a wrong one."""
    token = bearer(request)
    if not token:
        return ANONYMOUS
    found = known.find(token, datetime.now(UTC))
    if found is None:
        raise unauthorised()
    return found


def cookie_name(settings: Settings, use: str = "") -> str:
    """The name of a cookie. It holds the region, since services on one host share a browser's
    cookies whatever their port; ``__Host-`` keeps every other host from setting it."""
    secure = settings.public_url.startswith("https://")
    return f"{'__Host-' if secure else ''}elicense{use and '-'}{use}-{settings.region}"


def staff(request: Request, settings: Settings, known: Sessions) -> Caller:
    """Who is logged in, ``ANONYMOUS`` for nobody. 403 for a request that would change something
    and does not show what only our own page can read."""
    secret = request.cookies.get(cookie_name(settings), "")
    found = known.find(secret, datetime.now(UTC)) if secret else None
    if found is None or settings.staff is None:
        return ANONYMOUS
    if request.method not in _SAFE:
        told = request.headers.get("x-csrf-token", "").encode("utf-8", "replace")
        if not hmac.compare_digest(told, sessions.csrf_of(secret).encode()):
            raise Problem(403, "access.csrf", "This request does not come from our own page")
    return found.caller(settings.staff.per_minute)


def unauthorised() -> Problem:
    return Problem(401, "access.credential", "The credential is unknown, ended or revoked",
                   headers={"WWW-Authenticate": 'Bearer realm="elicense"'})  # fmt: skip


def demand(caller: Caller, scope: str) -> None:
    """403 (401 without a credential) unless the caller has the scope."""
    if scope in caller.scopes:
        return
    if not caller.known:
        raise unauthorised()
    raise Problem(403, "access.scope", f"this credential lacks the scope {scope!r}")


def limit(rates: Rates, who: str, per_minute: int) -> None:
    """429 with Retry-After where somebody asks too often."""
    wait = rates.take(who, per_minute)
    if wait:
        raise Problem(429, "access.rate", "Too many requests",
                      headers={"Retry-After": str(int(wait) + 1)})  # fmt: skip
