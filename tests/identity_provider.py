"""A small OpenID Connect provider for tests: real HTTP, real keys, and lies on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

from fastapi import FastAPI, Request, Response
from joserfc import jwk, jws
from starlette.responses import JSONResponse, RedirectResponse

CLIENT, SECRET = "elicense-tj", "s&cret %/of the client"
PERSON: dict[str, Any] = {"sub": "u-7", "name": "王 样例", "roles": ["inspector"]}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Provider:
    """Whoever comes is logged in as ``person``. What tests change lies in the later fields."""

    issuer: str
    person: dict[str, Any] = field(default_factory=lambda: dict(PERSON))
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)  # over the true ones; None drops one
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None  # signs instead of the published one
    token: str = ""  # given instead of any
    described: dict[str, Any] = field(default_factory=dict)
    answer: Response | None = None  # of the token endpoint
    back: dict[str, str] = field(default_factory=dict)  # over what the browser brings back
    published: list[str] = field(default_factory=lambda: ["rsa", "ec"])
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = {
            "rsa": jwk.RSAKey.generate_key(2048, {"kid": "rsa"}),
            "ec": jwk.ECKey.generate_key("P-256", {"kid": "ec"}),
        }

    def id_token(self, nonce: str) -> str:
        if self.token:
            return self.token
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce,
                  **self.person, **self.claims}  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        name = "ec" if self.algorithm.startswith("ES") else "rsa"
        header = {"alg": self.algorithm, "kid": name, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        key = self.key or self.keys[name]
        # by hand, so that what no library would write is written too
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        signer = jws.JWSRegistry.algorithms[header["alg"]]
        return f"{signed}.{b64(signer.sign(signed.encode(), key))}"

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def description() -> dict[str, Any]:
            self.asked.append("description")
            return {
                "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                "end_session_endpoint": self.issuer + "/leave",
                "authorization_response_iss_parameter_supported": True, **self.described,
            }  # fmt: skip

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            self.asked.append("keys")
            return {"keys": [self.keys[name].as_dict(private=False) for name in self.published]}

        @app.get("/authorize")
        def authorize(request: Request) -> Response:
            told = dict(request.query_params)
            assert (told["client_id"], told["response_type"]) == (CLIENT, "code")
            assert told["code_challenge_method"] == "S256" and "openid" in told["scope"]
            code = f"code-{len(self.codes)}"
            self.codes[code] = told
            back = {"code": code, "state": told["state"], "iss": self.issuer} | self.back
            return RedirectResponse(f"{told['redirect_uri']}?{urlencode(back)}", 302)

        @app.post("/token")
        async def token(request: Request) -> Response:
            self.asked.append("token")
            form = dict(await request.form())
            begun = self.codes.pop(str(form.get("code")), None)
            if begun is None or begun["redirect_uri"] != form.get("redirect_uri"):
                return JSONResponse({"error": "invalid_grant"}, 400)
            verifier = str(form["code_verifier"]).encode()
            if b64(hashlib.sha256(verifier).digest()) != begun["code_challenge"]:
                return JSONResponse({"error": "invalid_grant"}, 400)
            scheme, _, pair = request.headers.get("authorization", "").partition(" ")
            name, _, secret = base64.b64decode(pair).decode().partition(":")
            if (scheme, unquote_plus(name), unquote_plus(secret)) != ("Basic", CLIENT, SECRET):
                return JSONResponse({"error": "invalid_client"}, 401)
            return self.answer or JSONResponse({
                "access_token": "x", "token_type": "Bearer",
                "id_token": self.id_token(begun["nonce"]),
            })  # fmt: skip

        return app
