"""OpenID Connect 1.0, the rules of the side that relies on it: plain functions, no connection.

Authorization code flow with PKCE (RFC 7636, S256), state, nonce and the issuer in the answer
(RFC 9207). All secrets of one log-in are drawn from one of 256 bits that only the browser
keeps, in a cookie: nothing is stored here for log-ins that are never finished.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from elicense.errors import UsageError
from elicense.registry.sessions import SUBJECT_MAX
from elicense.web.settings import Staff, is_safe_url

SKEW = 60  # seconds that the provider's clock may differ
LOGIN_SECONDS = 600  # from the beginning of a log-in to its end
_MOST_TOKEN = 16 * 1024
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_LEAST_RSA = 2048


def refused(word: str, detail: str) -> UsageError:
    """Why nobody is logged in: ``word`` is for the page, ``detail`` for the log."""
    return UsageError(f"staff.{word}", detail)


@dataclass(frozen=True, slots=True)
class Login:
    """The secrets of one log-in."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def of(cls, secret: str) -> Login:
        """Those drawn from the secret in the browser's cookie; none tells of another."""
        return cls(*(_drawn(secret, use) for use in ("state", "nonce", "verifier")))

    @property
    def digest(self) -> bytes:
        """What is kept of a log-in that has made a session."""
        return hashlib.sha256(b"login" + self.nonce.encode()).digest()


def _drawn(secret: str, use: str) -> str:
    return _b64(hmac.new(secret.encode(), use.encode(), hashlib.sha256).digest())


def _same(told: str, own: str) -> bool:
    return hmac.compare_digest(told.encode("utf-8", "surrogatepass"), own.encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What discovery told, held against the settings."""

    authorization: str
    token: str
    keys: str
    end_session: str = ""
    basic: bool = True  # how the client's secret is told
    names_issuer: bool = False


def endpoints(document: Any, staff: Staff) -> Endpoints:
    """The provider's description. ``staff.provider`` for another issuer, and for an address
    that is neither on its host nor allowed."""
    told = document if isinstance(document, dict) else {}
    if told.get("issuer") != staff.issuer:
        raise refused("provider", "the description is another issuer's")
    urls = {
        name: told.get(key, "") for name, key in (
            ("authorization", "authorization_endpoint"), ("token", "token_endpoint"),
            ("keys", "jwks_uri"), ("end_session", "end_session_endpoint"),
        )
    }  # fmt: skip
    own = {urlsplit(staff.issuer).netloc, *staff.allow_hosts}
    for name, url in urls.items():
        if name == "end_session" and not url:
            continue
        if not isinstance(url, str) or not is_safe_url(url) or urlsplit(url).netloc not in own:
            raise refused("provider", f"the address for {name} is not one that is allowed")
    methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Endpoints(
        **urls, basic=isinstance(methods, list) and "client_secret_basic" in methods,
        names_issuer=told.get("authorization_response_iss_parameter_supported") is True,
    )  # fmt: skip


def authorization_url(found: Endpoints, staff: Staff, login: Login, redirect: str) -> str:
    """Where the browser is sent to log in."""
    challenge = _b64(hashlib.sha256(login.verifier.encode()).digest())
    query = urlencode({
        "response_type": "code", "client_id": staff.client_id, "redirect_uri": redirect,
        "scope": " ".join(staff.ask_for), "state": login.state, "nonce": login.nonce,
        "code_challenge": challenge, "code_challenge_method": "S256",
    })  # fmt: skip
    return f"{found.authorization}{'&' if '?' in found.authorization else '?'}{query}"


def code_of(
    query: Sequence[tuple[str, str]], login: Login, staff: Staff, found: Endpoints
) -> str:
    """The code in what the browser brings back. ``staff.state`` where it is not an answer to
    this browser's log-in, ``staff.issuer`` for another provider's, ``staff.denied``."""
    told: dict[str, str] = {}
    for name, value in query:
        if name in told:
            raise refused("state", f"{name[:40]!r} is given twice")
        told[name] = value
    if not _same(told.get("state", ""), login.state):
        raise refused("state", "the state is not that of this browser's log-in")
    issuer = told.get("iss")
    if (issuer is None and found.names_issuer) or issuer not in {None, staff.issuer}:
        raise refused("issuer", "the answer is not this issuer's")
    if "error" in told:
        word = "denied" if told["error"] == "access_denied" else "provider"
        raise refused(word, f"the provider answered {told['error'][:80]!r}")
    code = told.get("code", "")
    if not 0 < len(code) <= 2048:
        raise refused("state", "there is no code")
    return code


@dataclass(frozen=True, slots=True)
class Person:
    """Who has logged in, and what that person's roles allow here."""

    subject: str
    name: str
    scopes: frozenset[str]


def key_id(token: str) -> str | None:
    """The key that a token names; ``staff.token`` for what is no token."""
    found = _header(token).get("kid")
    if found is not None and not isinstance(found, str):
        raise refused("token", "kid is no text")
    return found


def person(
    token: str, *, keys: Sequence[Mapping[str, Any]], staff: Staff, nonce: str, now: datetime
) -> Person:
    """Who an ID token names (OpenID Connect Core 3.1.3.7). ``staff.token`` and why, where its
    signature, issuer, audience, times or nonce are not right; ``staff.role`` for a person
    without a role here."""
    claims = _proven(token, keys, staff)
    if claims.get("iss") != staff.issuer:
        raise refused("token", "it is another issuer's")
    if claims.get("aud") not in (staff.client_id, [staff.client_id]):
        raise refused("token", "it is for somebody else")
    if claims.get("azp", staff.client_id) != staff.client_id:
        raise refused("token", "it was given to somebody else")
    seconds = now.timestamp()
    if _time(claims, "exp") <= seconds - SKEW:
        raise refused("token", "it has expired")
    if not seconds - LOGIN_SECONDS - SKEW <= _time(claims, "iat") <= seconds + SKEW:
        raise refused("token", "it was not made just now")
    if "nbf" in claims and _time(claims, "nbf") > seconds + SKEW:
        raise refused("token", "it is not valid yet")
    told = claims.get("nonce")
    if not isinstance(told, str) or not _same(told, nonce):
        raise refused("token", "its nonce is not that of this log-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable() or subject != subject.strip() \
            or not 0 < len(subject) <= SUBJECT_MAX:  # fmt: skip
        raise refused("token", "it names nobody that can be logged")
    scopes = _scopes(claims, staff)
    if not scopes:
        raise refused("role", f"{subject} has no role here")
    return Person(subject, _name(claims) or subject, scopes)


def _header(token: str) -> dict[str, Any]:
    from joserfc import jws
    from joserfc.errors import JoseError

    if len(token) > _MOST_TOKEN:
        raise refused("token", "it is too large")
    try:
        return dict(jws.extract_compact(token.encode()).headers())
    except (JoseError, ValueError, TypeError, RecursionError) as exc:
        raise refused("token", "it is not a signed token") from exc


def _proven(token: str, keys: Sequence[Mapping[str, Any]], staff: Staff) -> dict[str, Any]:
    """The claims of a token whose signature is that of one of the provider's keys."""
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    header = _header(token)
    algorithm = header.get("alg")
    if algorithm not in staff.algorithms:
        raise refused("token", "its algorithm is not allowed")
    if "crit" in header or "b64" in header or str(header.get("typ", "JWT")).upper() != "JWT":
        raise refused("token", "its header asks for what is not known here")
    kid = key_id(token)
    fitting = [item for item in keys if _fits(item, str(algorithm), kid)]
    if len(fitting) != 1:
        raise refused("token", "its key is not one of the provider's")
    try:
        key = jwk.import_key(dict(fitting[0]))
        if isinstance(key, jwk.RSAKey) and key.public_key.key_size < _LEAST_RSA:
            raise refused("token", "its key is too short")
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[str(algorithm)]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as exc:
        raise refused("token", f"its signature does not hold: {type(exc).__name__}") from exc
    return claims


def _fits(item: Mapping[str, Any], algorithm: str, kid: str | None) -> bool:
    """May this key of the provider's have made a signature by this algorithm? A token that
    names no key fits where the provider has only one."""
    kind = "EC" if algorithm in _CURVES else "RSA"
    return (
        item.get("kty") == kind
        and item.get("crv") == _CURVES.get(algorithm)
        and item.get("use", "sig") == "sig"
        and item.get("alg", algorithm) == algorithm
        and (kid is None or item.get("kid") == kid)
        and "d" not in item  # a private key that was published is nobody's any more
    )


def _time(claims: Mapping[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not abs(found) < 1e12:
        raise refused("token", f"{name} is no time")
    return float(found)


def _name(claims: Mapping[str, Any]) -> str:
    for key in ("name", "preferred_username"):
        found = claims.get(key)
        if isinstance(found, str) and (text := "".join(filter(str.isprintable, found)).strip()):
            return text[:200]
    return ""


def _scopes(claims: Mapping[str, Any], staff: Staff) -> frozenset[str]:
    found: Any = claims.get(staff.claim)
    if found is None:  # no claim of this very name: its dots lead into objects
        found = claims
        for part in staff.claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    told = found if isinstance(found, list) else [found]
    roles = [role for role in told if isinstance(role, str)]
    return frozenset(scope for role in roles for scope in staff.roles.get(role, ()))
