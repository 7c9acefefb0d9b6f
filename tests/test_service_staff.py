"""Log-in of staff through OpenID Connect: a real provider on loopback, and every way to lie."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk
from sqlalchemy import update
from starlette.responses import JSONResponse, RedirectResponse

from elicense.errors import UsageError
from elicense.registry import accesses, database, sessions
from elicense.registry.schema import sessions as table
from elicense.web import oidc
from elicense.web.app import create_app
from elicense.web.settings import Settings, Staff
from identity_provider import CLIENT, SECRET, Provider, b64
from service_world import application, free_port, prepare, served, settings_text

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
IDENTIFIER = "1.2.156.3005.2.none"
COOKIE = "elicense-120000"


def staff_settings(issuer: str, url: str) -> dict[str, str]:
    return {
        "top": f'public_url = "{url}"',
        "more": f"""
[uploads]
per_minute = 100000
workers = 1
[staff]
issuer = "{issuer}"
client_id = "{CLIENT}"
client_secret_env = "STAFF_SECRET"
allow_hosts = ["{urlsplit(issuer).netloc}"]
[staff.roles]
inspector = ["query", "search"]
clerk = ["issue", "state", "query"]
""",
    }


@dataclass
class World:
    url: str
    provider: Provider
    folder: Path
    tokens: dict[str, str]
    app: Any

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)

    def login(self, browser: httpx.Client) -> str:
        """Log in; where the browser ends up."""
        back = self.until_back(browser)
        return browser.get(back).headers["location"]

    def until_back(self, browser: httpx.Client) -> str:
        """As far as the address that the provider sends the browser back to."""
        begun = browser.get("/staff/login")
        assert begun.status_code == 303, begun.text
        sent = httpx.get(begun.headers["location"])
        assert sent.status_code == 302, sent.text
        return sent.headers["location"]

    def log(self) -> list[accesses.Access]:
        registry = database.open_registry(f"sqlite:///{self.folder / 'registry.db'}")
        with registry.look() as connection:
            found = list(accesses.read(connection))
        registry.close()
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, ports = tmp_path_factory.mktemp("staff"), (free_port(), free_port())
    url, issuer = (f"http://127.0.0.1:{port}" for port in ports)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAFF_SECRET", SECRET)
        tokens = prepare(folder, **staff_settings(issuer, url))
        provider = Provider(issuer)
        app = create_app(Settings.load(folder / "service.toml"))
        with served(provider.app(), ports[1]), served(app, ports[0]):
            yield World(url, provider, folder, tokens, app)


@pytest.fixture
def world(site: World) -> Iterator[World]:
    """The same service and provider, an honest one again."""
    fresh = Provider(site.provider.issuer)
    for name in ("person", "algorithm", "claims", "header", "key", "token", "described", "answer",
                 "back", "published"):  # fmt: skip
        setattr(site.provider, name, getattr(fresh, name))
    known = site.app.state.service.extras["staff"]
    known._endpoints = known._keys = None
    site.provider.asked.clear()
    yield site


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    with world.browser() as opened:
        yield opened


def who(browser: httpx.Client) -> Any:
    return browser.get("/api/staff").json()


def ask(browser: httpx.Client) -> int:
    """What a query by identifier is answered; 404 is a licence that nobody knows."""
    return browser.get(f"/api/licences/{IDENTIFIER}", params={"purpose": "登轮"}).status_code


# -- as it should be ------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_person_logs_in_asks_and_is_named_in_the_log(
    world: World, browser: httpx.Client, algorithm: str
) -> None:
    world.provider.algorithm = algorithm
    assert who(browser) == {"login": True, "subject": None} and ask(browser) == 401
    assert world.login(browser) == "/"
    told = who(browser)
    assert (told["subject"], told["name"]) == ("u-7", "王 样例")
    assert told["scopes"] == ["query", "search"]
    assert ask(browser) == 404
    latest = world.log()[0]
    assert (latest.caller, latest.operation, latest.purpose) == ("staff:u-7", "query", "登轮")
    assert any(a.operation == "staff-login" and a.caller == "staff:u-7" for a in world.log())


def test_the_roles_decide_what_the_person_may(world: World, browser: httpx.Client) -> None:
    world.login(browser)
    headers = {"X-CSRF-Token": who(browser)["csrf"]}
    assert browser.post("/api/licences", json={}, headers=headers).status_code == 403
    assert browser.get(f"/api/licences/{IDENTIFIER}/file?purpose=x").status_code == 403
    world.provider.person["roles"] = ["clerk", "unknown", 7]
    world.login(browser)
    assert who(browser)["scopes"] == ["issue", "query", "state"]
    headers = {"X-CSRF-Token": who(browser)["csrf"]}
    made = browser.post("/api/licences", json=application(5), headers=headers)
    assert made.status_code == 201, made.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(
    world: World, browser: httpx.Client
) -> None:
    begun = browser.get("/staff/login").headers["set-cookie"]
    back = httpx.get(browser.get("/staff/login").headers["location"]).headers["location"]
    done = browser.get(back).headers.get_list("set-cookie")
    for line in (begun, *done):
        assert "HttpOnly" in line and "SameSite=lax" in line and "Path=/" in line
        assert "Secure" not in line  # http on loopback
    assert any(line.startswith(f"{COOKIE}=") and "Max-Age=28800" in line for line in done)
    assert any(line.startswith('elicense-login-120000=""') for line in done), "it is taken back"
    raw = b"".join(f.read_bytes() for f in world.folder.glob("registry.db*"))
    assert browser.cookies[COOKIE].encode() not in raw, "only its digest is kept"


def test_with_https_the_cookie_is_for_this_host_alone(tmp_path: Path) -> None:
    from elicense.web.callers import cookie_name

    text = settings_text(tmp_path, top='public_url = "https://zz.tj.example"')
    (tmp_path / "s.toml").write_text(text, "utf-8")
    settings = Settings.load(tmp_path / "s.toml")
    assert cookie_name(settings) == "__Host-elicense-120000"
    assert cookie_name(settings, "login") == "__Host-elicense-login-120000"


def test_description_and_keys_are_fetched_once(world: World) -> None:
    for _ in range(3):
        with world.browser() as browser:
            assert world.login(browser) == "/"
    assert world.provider.asked == ["description", "token", "keys", "token", "token"]


def test_a_new_key_of_the_provider_is_found(world: World, browser: httpx.Client) -> None:
    world.provider.published = ["rsa"]
    world.login(browser)
    world.provider.algorithm, world.provider.published = "ES256", ["rsa", "ec"]
    assert world.login(browser) == "/?login=token", "not sooner than a minute after"
    known = world.app.state.service.extras["staff"]
    known._keys = (known._keys[0] - 61, known._keys[1])
    assert world.login(browser) == "/"


# -- sessions -------------------------------------------------------------------------------


def test_what_changes_something_needs_more_than_the_cookie(
    world: World, browser: httpx.Client
) -> None:
    world.provider.person["roles"] = ["clerk"]
    world.login(browser)
    token = who(browser)["csrf"]
    url, body = f"/api/licences/{IDENTIFIER}/state", {"state": "suspended", "reason": "x"}
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": token[:-1] + "x"}):
        answer = browser.post(url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.csrf")
    assert browser.post(url, json=body, headers={"X-CSRF-Token": token}).status_code == 404
    with world.browser() as other:
        world.login(other)
        theirs = {"X-CSRF-Token": who(other)["csrf"]}
    assert browser.post(url, json=body, headers=theirs).status_code == 403


def test_a_credential_beside_the_cookie_decides(world: World, browser: httpx.Client) -> None:
    world.login(browser)
    headers = {"Authorization": f"Bearer {world.tokens['metrics']}"}
    assert browser.get("/metrics").status_code == 403
    assert browser.get("/metrics", headers=headers).status_code == 200
    wrong = {"Authorization": "Bearer elt_wrong"}
    url = f"/api/licences/{IDENTIFIER}?purpose=x"
    assert browser.get(url, headers=wrong).status_code == 401, "no falling back on the cookie"


def test_logging_out_ends_the_session_and_leads_to_the_provider(
    world: World, browser: httpx.Client
) -> None:
    world.login(browser)
    secret, headers = browser.cookies[COOKIE], {"X-CSRF-Token": who(browser)["csrf"]}
    assert browser.post("/api/staff/logout").status_code == 403, "no other site logs out"
    answer = browser.post("/api/staff/logout", headers=headers)
    next = urlsplit(answer.json()["next"])
    assert next.path == "/leave" and parse_qs(next.query)["client_id"] == [CLIENT]
    assert COOKIE not in browser.cookies and ask(browser) == 401
    browser.cookies.set(COOKIE, secret)
    assert ask(browser) == 401, "the secret itself is worth nothing any more"
    assert any(a.operation == "staff-logout" for a in world.log())


def test_a_session_ends_by_itself(world: World, browser: httpx.Client) -> None:
    world.login(browser)
    running = world.app.state.service
    with running.registry.change() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(table).values(until=past))
    running.sessions.known.clear()
    assert who(browser)["subject"] is None and ask(browser) == 401


def test_a_session_ended_by_another_process_ends_here(
    world: World, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elicense.web import callers

    world.login(browser)
    assert ask(browser) == 404
    registry = database.open_registry(f"sqlite:///{world.folder / 'registry.db'}")
    with registry.change() as connection:
        assert sessions.end(connection, browser.cookies[COOKIE], now=datetime.now(UTC))
    registry.close()
    monkeypatch.setattr(callers, "_FRESH_SECONDS", 0.0)
    assert ask(browser) == 401


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 4000, "%00" * 14 + "A"])
def test_a_made_up_session_is_nobody(world: World, browser: httpx.Client, secret: str) -> None:
    browser.cookies.set(COOKIE, secret)
    assert ask(browser) == 401 and who(browser)["subject"] is None


def test_a_session_of_another_region_is_nobody_here(
    world: World, browser: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guangdong's service on the same host and with the same provider: a browser brings both
    cookies to both, and Guangdong's secret is unknown in Tianjin under either name."""
    monkeypatch.setenv("STAFF_SECRET", SECRET)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    prepare(tmp_path, region="guangdong", **staff_settings(world.provider.issuer, url))
    with served(create_app(Settings.load(tmp_path / "service.toml")), port), \
            httpx.Client(base_url=url) as other:  # fmt: skip
        assert world.login(other) == "/" and ask(other) == 404
        secret = other.cookies["elicense-440000"]
        assert COOKIE not in other.cookies
        for name in (COOKIE, "elicense-440000"):
            browser.cookies.clear()
            browser.cookies.set(name, secret)
            assert ask(browser) == 401


def test_a_session_fixed_by_somebody_else_is_not_taken_over(
    world: World, browser: httpx.Client
) -> None:
    world.provider.person["sub"] = "attacker"
    with world.browser() as other:
        world.login(other)
        planted = other.cookies[COOKIE]
        world.provider.person["sub"] = "u-7"
        browser.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
        assert world.login(browser) == "/"
        assert browser.cookies[COOKIE] != planted and who(browser)["subject"] == "u-7"
        assert who(other)["subject"] is None, "what was planted has ended"


# -- lies on the way back -------------------------------------------------------------------


def changed(url: str, **members: str) -> str:
    parts = urlsplit(url)
    told = {name: values[0] for name, values in parse_qs(parts.query).items()} | members
    return str(httpx.URL(url).copy_with(params={k: v for k, v in told.items() if v}))


@pytest.mark.parametrize(("members", "word"), [
    ({"state": "x" * 43}, "state"), ({"state": ""}, "state"), ({"code": ""}, "state"),
    ({"code": "x" * 3000}, "state"), ({"iss": "https://evil.example"}, "issuer"),
    ({"iss": ""}, "issuer"), ({"code": "another"}, "provider"),
    ({"error": "access_denied", "code": ""}, "denied"), ({"error": "server_error"}, "provider"),
    ({"state": "字"}, "state"),
])  # fmt: skip
def test_an_answer_that_was_changed_logs_nobody_in(
    world: World, browser: httpx.Client, members: dict[str, str], word: str
) -> None:
    back = changed(world.until_back(browser), **members)
    assert browser.get(back).headers["location"] == f"/?login={word}"
    assert who(browser)["subject"] is None


def test_a_member_given_twice_is_refused(world: World, browser: httpx.Client) -> None:
    back = world.until_back(browser)
    assert browser.get(back + "&code=other").headers["location"] == "/?login=state"


def test_an_answer_in_another_browser_logs_nobody_in(world: World, browser: httpx.Client) -> None:
    """Log-in forgery: a victim is sent the answer of an attacker's log-in."""
    back = world.until_back(browser)
    with world.browser() as victim:
        assert victim.get(back).headers["location"] == "/?login=state"
        victim.get("/staff/login")  # also where the victim is logging in just now
        assert victim.get(back).headers["location"] == "/?login=state"
        assert who(victim)["subject"] is None


def test_an_answer_works_once(world: World, browser: httpx.Client) -> None:
    back = world.until_back(browser)
    kept = dict(browser.cookies)
    assert browser.get(back).headers["location"] == "/"
    with world.browser() as thief:
        for name, value in kept.items():
            thief.cookies.set(name, value)
        assert thief.get(back).headers["location"] == "/?login=provider", "the code is used up"
        code = parse_qs(urlsplit(back).query)["code"][0]
        login = oidc.Login.of(kept["elicense-login-120000"])
        world.provider.codes[code] = {  # a provider that gives the code out again
            "redirect_uri": world.url + "/staff/callback", "nonce": login.nonce,
            "code_challenge": b64(hashlib.sha256(login.verifier.encode()).digest()),
        }  # fmt: skip
        assert thief.get(back).headers["location"] == "/?login=replay"
        assert who(thief)["subject"] is None


def test_a_stolen_code_is_worth_nothing_without_its_verifier(
    world: World, browser: httpx.Client
) -> None:
    stolen = parse_qs(urlsplit(world.until_back(browser)).query)["code"][0]
    with world.browser() as thief:
        own = world.until_back(thief)
        assert thief.get(changed(own, code=stolen)).headers["location"] == "/?login=provider"


# -- lies in the token ----------------------------------------------------------------------


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}."


NOW = int(time.time())


@pytest.mark.parametrize("claims", [
    {"nonce": "another"}, {"nonce": None}, {"nonce": 7}, {"nonce": "\ud800"},
    {"iss": "https://evil.example"}, {"iss": None},
    {"aud": "somebody-else"}, {"aud": [CLIENT, "somebody-else"]}, {"aud": []}, {"aud": None},
    {"azp": "somebody-else"},
    {"exp": NOW - 3600}, {"exp": None}, {"exp": "tomorrow"}, {"exp": True}, {"exp": 10**400},
    {"iat": NOW - 3600}, {"iat": NOW + 3600}, {"iat": None}, {"nbf": NOW + 3600},
    {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 181}, {"sub": "a\nb"}, {"sub": " a"},
])  # fmt: skip
def test_a_token_that_says_anything_wrong_logs_nobody_in(
    world: World, browser: httpx.Client, claims: dict[str, Any]
) -> None:
    world.provider.claims = claims
    assert world.login(browser) == "/?login=token"
    assert who(browser)["subject"] is None


@pytest.mark.parametrize("roles", [None, [], "visitor", ["visitor"], {"inspector": 1}, [["x"]]])
def test_a_person_without_a_role_here_is_not_logged_in(
    world: World, browser: httpx.Client, roles: Any
) -> None:
    world.provider.claims = {"roles": roles}
    assert world.login(browser) == "/?login=role"


def test_the_right_token_passes_where_the_wrong_ones_do_not(
    world: World, browser: httpx.Client
) -> None:
    world.provider.claims = {"aud": [CLIENT], "azp": CLIENT, "nbf": NOW - 5, "roles": "inspector"}
    assert world.login(browser) == "/"


def test_a_token_by_a_key_that_is_not_the_providers_logs_nobody_in(
    world: World, browser: httpx.Client
) -> None:
    world.provider.key = jwk.RSAKey.generate_key(2048)
    for kid in ("rsa", "stranger", None):
        world.provider.header = {"kid": kid}
        assert world.login(browser) == "/?login=token"
    stranger = jwk.RSAKey.generate_key(2048, {"kid": "own"})
    world.provider.key = stranger
    world.provider.header = {"kid": "own", "jwk": stranger.as_dict(private=False)}
    assert world.login(browser) == "/?login=token", "a key that comes with the token"


def test_an_unsigned_token_and_one_by_a_public_secret_log_nobody_in(
    world: World, browser: httpx.Client
) -> None:
    rsa = world.provider.keys["rsa"]
    claims = {"iss": world.provider.issuer, "aud": CLIENT, "exp": NOW + 300, "iat": NOW,
              "nonce": "x", "sub": "u-7", "roles": ["inspector"]}  # fmt: skip
    for header in ({"alg": "none"}, {"alg": "None", "kid": "rsa"}, {"alg": ""}, {"kid": "rsa"},
                   {"alg": ["RS256"]}, {"alg": "RS256", "kid": 7}):  # fmt: skip
        world.provider.token = unsigned(header, claims)
        assert world.login(browser) == "/?login=token", header
    public = rsa.as_pem(private=False)
    for secret in (public, public.strip(), json.dumps(rsa.as_dict()).encode(), SECRET.encode()):
        signed = unsigned({"alg": "HS256", "kid": "rsa"}, claims)[:-1]
        made = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        world.provider.token = f"{signed}.{b64(made)}"
        assert world.login(browser) == "/?login=token"


@pytest.mark.parametrize("header", [
    {"crit": ["exp"], "exp": 1}, {"b64": False, "crit": ["b64"]}, {"typ": "at+jwt"},
    {"alg": "PS256"},  # the provider's key, but not one of the settings' algorithms
])  # fmt: skip
def test_a_header_that_asks_for_more_is_refused(
    world: World, browser: httpx.Client, header: dict[str, Any]
) -> None:
    world.provider.header = header
    assert world.login(browser) == "/?login=token"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 2, "é.é.é", "e30.e30.", "x" * 20_000,
                                   "W10.e30.AA", "{}", "eyJhbGciOiJSUzI1NiJ9." * 2])  # fmt: skip
def test_what_is_no_token_logs_nobody_in(world: World, browser: httpx.Client, token: str) -> None:
    world.provider.answer = JSONResponse({"id_token": token})
    assert world.login(browser) == "/?login=token"


@pytest.mark.parametrize("kind", ["use", "short", "private", "twice"])
def test_a_key_that_must_not_sign_is_not_believed(
    world: World, kind: str
) -> None:
    size = 1024 if kind == "short" else 2048
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = jwk.RSAKey.generate_key(size, {"kid": "odd"})
    listed = [made.as_dict(private=kind == "private") | ({"use": "enc"} if kind == "use" else {})]
    listed *= 2 if kind == "twice" else 1
    staff = Staff(world.provider.issuer, CLIENT, {"inspector": ("query",)})
    world.provider.key, world.provider.header = made, {"kid": "odd"}
    token = world.provider.id_token("n")
    with pytest.raises(UsageError) as caught:
        oidc.person(token, keys=listed, staff=staff, nonce="n", now=datetime.now(UTC))
    assert caught.value.code == "staff.token"
    if kind in {"use", "twice"}:  # and it is for that reason alone
        good = [{k: v for k, v in listed[0].items() if k != "use"}]
        assert oidc.person(token, keys=good, staff=staff, nonce="n", now=datetime.now(UTC))


# -- lies of the provider itself ------------------------------------------------------------


@pytest.mark.parametrize("described", [
    {"issuer": "https://evil.example"}, {"issuer": None}, {"jwks_uri": "http://evil.example/keys"},
    {"token_endpoint": "https://evil.example/token"}, {"token_endpoint": 7},
    {"authorization_endpoint": "javascript:alert(1)"}, {"jwks_uri": "file:///etc/passwd"},
    {"token_endpoint": "https://user@127.0.0.1/"}, {"end_session_endpoint": "https://evil.example"},
])  # fmt: skip
def test_a_description_that_leads_elsewhere_is_refused(
    world: World, browser: httpx.Client, described: dict[str, Any]
) -> None:
    world.provider.described = described
    assert browser.get("/staff/login").headers["location"] == "/?login=provider"
    assert world.provider.asked == ["description"]


@pytest.mark.parametrize("answer", [
    JSONResponse({"error": "x"}, 400), JSONResponse({}), JSONResponse([1]),
    JSONResponse({"id_token": 7}),
    RedirectResponse("https://evil.example/", 302), JSONResponse({"x": "y" * 300_000}),
])  # fmt: skip
def test_a_token_endpoint_that_answers_anything_else_logs_nobody_in(
    world: World, browser: httpx.Client, answer: Any
) -> None:
    world.provider.answer = answer
    assert world.login(browser) == "/?login=provider"


def test_a_provider_that_is_away_is_told(world: World, browser: httpx.Client) -> None:
    known = world.app.state.service.extras["staff"]
    kept = known.staff
    try:
        known.staff = Staff("http://127.0.0.1:9", CLIENT, kept.roles, allow_hosts=("127.0.0.1:9",))
        assert browser.get("/staff/login").headers["location"] == "/?login=provider"
        known.staff = Staff("https://127.0.0.1:9", CLIENT, kept.roles)
        assert browser.get("/staff/login").headers["location"] == "/?login=provider"
    finally:
        known.staff = kept
    assert browser.get("/api/health").json()["status"] == "ok"


# -- settings -------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new", "named"), [
    ("issuer = ", 'colour = "red"\nissuer = ', "staff.colour"),
    ("[staff.roles]", "[staff.roles]\nodd = [\"everything\"]", "staff.roles.odd"),
    ("[staff.roles]", "[staff.roles]\nodd = []", "staff.roles.odd"),
    ("client_id", 'algorithms = ["HS256"]\nclient_id', "staff.algorithms"),
    ("client_id", 'algorithms = ["none"]\nclient_id', "staff.algorithms"),
    ("client_id", 'algorithms = []\nclient_id', "staff.algorithms"),
    ("client_id", 'ask_for = ["profile"]\nclient_id', "staff.ask_for"),
    ("client_id", "session_hours = 0\nclient_id", "staff.session_hours"),
    ("client_id", "session = 3\nclient_id", "staff.session"),
    ("STAFF_SECRET", "NOT_SET", "staff.client_secret_env"),
    ("http://127.0.0.1:1", "http://login.example", "staff.issuer"),
    ("http://127.0.0.1:1", "https://login.example/?x=y", "staff.issuer"),
    ("http://127.0.0.1:2", "http://zz.tj.example", "public_url"),
])  # fmt: skip
def test_settings_of_staff_are_read_strictly(
    tmp_path: Path, old: str, new: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAFF_SECRET", SECRET)
    text = settings_text(tmp_path, **staff_settings("http://127.0.0.1:1", "http://127.0.0.1:2"))
    file = tmp_path / "s.toml"
    file.write_text(text, "utf-8")
    assert Settings.load(file).staff is not None
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(UsageError, match=named.replace(".", r"\.")):
        Settings.load(file)


def test_without_the_section_there_is_no_log_in(tmp_path: Path) -> None:
    from service_world import service

    with service(tmp_path) as (client, _):
        assert client.get("/api/staff").json() == {"login": False, "subject": None}
        assert client.get("/staff/login").json()["code"] == "staff.none"
        assert client.post("/api/staff/logout").status_code == 404


def test_the_check_before_the_start_tells_of_staff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elicense.web.context import check

    monkeypatch.setenv("STAFF_SECRET", SECRET)
    prepare(tmp_path, **staff_settings("https://login.example", "https://zz.tj.example"))
    settings = Settings.load(tmp_path / "service.toml")
    assert "staff: https://login.example, 2 roles" in list(check(settings))
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(UsageError) as caught:
        list(check(settings))
    assert caught.value.code == "service.extra"
