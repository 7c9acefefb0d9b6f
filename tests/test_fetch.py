"""The one door to the network: what it refuses, and the timestamps it fetches."""

from __future__ import annotations

import ast
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "fixtures"))

from elicense.crypto.timestamp import read_token  # noqa: E402
from elicense.errors import Error, UsageError  # noqa: E402
from elicense.trust import fetch, tsa  # noqa: E402
from serve_tsa import serving  # noqa: E402

LOCAL = fetch.Caps(seconds=3, size=1000, allow_loopback=True)


@contextmanager
def server(handle) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            handle(self)

        def log_message(self, *_: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()


def say(handler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def code_of(call) -> str:
    with pytest.raises(Error) as caught:
        call()
    return caught.value.code


def test_loopback_is_refused_unless_allowed() -> None:
    with server(lambda h: say(h, 200, b"hello", Content_Type="text/plain")) as url:
        assert code_of(lambda: fetch.get(url)) == "fetch.address"
        assert fetch.get(url, caps=LOCAL) == fetch.Answer("text/plain", b"hello")


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]",
        "[2002:a00:1::]", "224.0.0.1",
    ],
)  # fmt: skip
def test_private_and_special_addresses_are_refused(address: str) -> None:
    assert code_of(lambda: fetch.get(f"http://{address}/", caps=LOCAL)) == "fetch.address"


def test_a_name_that_resolves_to_a_private_address_is_refused(monkeypatch) -> None:
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry])
    assert code_of(lambda: fetch.get("http://harmless.example/")) == "fetch.address"


@pytest.mark.parametrize(
    "url",
    ["ftp://host/", "file:///etc/passwd", "http://", "http://u:p@host/", "http://host:0/",
     "http://host:99999/", "http://host/ a", "http://hóst/", "tsa", ""],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        fetch.get(url)
    assert caught.value.code == "fetch.url"


def test_redirects_stay_on_the_host() -> None:
    def handle(h) -> None:
        if h.path == "/old":
            say(h, 302, Location="/new")
        elif h.path == "/away":
            say(h, 302, Location="http://127.0.0.1:1/x")
        elif h.path == "/loop":
            say(h, 302, Location="/loop")
        else:
            say(h, 200, b"new")

    with server(handle) as url:
        assert fetch.get(f"{url}/old", caps=LOCAL).body == b"new"
        assert code_of(lambda: fetch.get(f"{url}/away", caps=LOCAL)) == "fetch.redirect"
        assert code_of(lambda: fetch.get(f"{url}/loop", caps=LOCAL)) == "fetch.redirect"
        post = lambda: fetch.post(f"{url}/old", b"x", content_type="a/b", caps=LOCAL)  # noqa: E731
        assert code_of(post) == "fetch.redirect"


def test_an_answer_too_large_or_not_200_is_refused() -> None:
    with server(lambda h: say(h, 200, b"x" * 1001)) as url:
        assert code_of(lambda: fetch.get(url, caps=LOCAL)) == "fetch.size"
    with server(lambda h: say(h, 404)) as url:
        assert code_of(lambda: fetch.get(url, caps=LOCAL)) == "fetch.status"


def test_an_answer_that_trickles_ends_at_the_deadline() -> None:
    def handle(h) -> None:
        h.send_response(200)
        h.send_header("Content-Length", "500")
        h.end_headers()
        for _ in range(30):
            try:
                h.wfile.write(b"x")
                h.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    caps = fetch.Caps(seconds=0.6, allow_loopback=True)
    with server(handle) as url:
        start = time.monotonic()
        assert code_of(lambda: fetch.get(url, caps=caps)) == "fetch.timeout"
        assert time.monotonic() - start < 2


def test_nobody_there_is_an_error_not_an_exception_of_another_kind() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert code_of(lambda: fetch.get(f"http://127.0.0.1:{port}/", caps=LOCAL)) == (
        "fetch.connection"
    )


@pytest.mark.parametrize(("family", "digest"), [("sm2", "sm3"), ("rsa", "sha256")])
def test_a_token_from_the_test_authority(family: str, digest: str) -> None:
    caps = fetch.Caps(seconds=5, allow_loopback=True)
    when = datetime(2026, 3, 1, 2, tzinfo=UTC)
    with serving(family, time=when) as url:
        token = tsa.authority(url, digest=digest, caps=caps)(b"value")
    read = read_token(token, b"value", place="test")
    assert read.imprint.matches
    assert (read.time, read.imprint.algorithm) == (when, digest)


def test_an_answer_to_another_question_is_refused() -> None:
    kept: list[bytes] = []
    caps = fetch.Caps(seconds=5, allow_loopback=True)
    with serving() as url:
        ask = tsa.authority(url, caps=caps)
        original = tsa.token_of
        try:
            tsa.token_of = lambda reply, *a, **k: kept.append(reply) or original(reply, *a, **k)
            ask(b"first")
        finally:
            tsa.token_of = original
    assert code_of(lambda: tsa.token_of(kept[0], b"other", nonce=1, place="x")) == (
        "timestamp.imprint"
    )
    assert code_of(lambda: tsa.token_of(kept[0], b"first", nonce=1, place="x")) == (
        "timestamp.nonce"
    )
    assert code_of(lambda: tsa.token_of(b"0\3\2\1\0", b"first", nonce=1, place="x")) == (
        "timestamp.reply"
    )
    refused = bytes.fromhex("30053003020102")
    assert code_of(lambda: tsa.token_of(refused, b"", nonce=1, place="x")) == "timestamp.refused"


def test_no_other_file_opens_a_connection() -> None:
    doors = {"socket", "http.client", "urllib.request", "ssl", "httpx", "requests", "asyncio"}
    source = ROOT / "src" / "elicense"
    found = set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            if any(name in doors or name.split(".")[0] in {"socket", "ssl"} for name in names):
                found.add(str(path.relative_to(source)))
    # the service, which is a server, and asks other regions' endpoints of the trust list
    service = {name for name in found if name.startswith("web/")}
    assert found - service == {"trust/fetch.py"}
    assert "web/peers.py" in service


def test_only_the_service_uses_a_client() -> None:
    """Peers of the trust list and the sign-in of the staff, both through ``web/outward.py``."""
    source = ROOT / "src" / "elicense"
    found = {
        str(path.relative_to(source))
        for path in source.rglob("*.py") if "import httpx" in path.read_text("utf-8")
    }  # fmt: skip
    assert found == {"web/outward.py", "web/peers.py", "web/staff.py"}


# -- deadlines, encodings, private hosts ----------------------------------------------------


def test_headers_that_trickle_end_at_the_deadline() -> None:
    def handle(h) -> None:
        h.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(30):
            try:
                h.wfile.write(b"X: y\r\n")
                h.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    caps = fetch.Caps(seconds=0.6, allow_loopback=True)
    with server(handle) as url:
        start = time.monotonic()
        assert code_of(lambda: fetch.get(url, caps=caps)) == "fetch.timeout"
        assert time.monotonic() - start < 1.5


def test_a_name_that_is_looked_up_for_ever_ends_at_the_deadline(monkeypatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    start = time.monotonic()
    code = code_of(lambda: fetch.get("http://slow.example/", caps=fetch.Caps(seconds=0.3)))
    assert code == "fetch.timeout" and time.monotonic() - start < 1


@pytest.mark.parametrize("url", ["http://a..b/", f"http://{'a' * 64}.example/", "http://[::1/"])
def test_names_that_cannot_be_looked_up_are_no_addresses(url: str) -> None:
    assert code_of(lambda: fetch.get(url)) == "fetch.url"


def test_a_compressed_answer_is_not_inflated() -> None:
    with server(lambda h: say(h, 200, b"x", Content_Encoding="gzip")) as url:
        assert code_of(lambda: fetch.get(url, caps=LOCAL)) == "fetch.encoding"


def test_an_answer_cut_short_is_none() -> None:
    def handle(h) -> None:
        h.send_response(200)
        h.send_header("Content-Length", "500")
        h.end_headers()
        h.wfile.write(b"half")

    with server(handle) as url:
        assert code_of(lambda: fetch.get(url, caps=LOCAL)) == "fetch.connection"


def test_a_private_host_is_asked_only_by_its_own_name_and_port() -> None:
    with server(lambda h: say(h, 200, b"hello")) as url:
        host = url.removeprefix("http://")
        allowed = fetch.Caps(seconds=2, hosts=frozenset({host}))
        assert fetch.get(url, caps=allowed).body == b"hello"
        other = fetch.Caps(seconds=2, hosts=frozenset({"127.0.0.1:1", "localhost:80"}))
        assert code_of(lambda: fetch.get(url, caps=other)) == "fetch.address"


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]"])
def test_some_addresses_are_refused_even_by_name(address: str) -> None:
    caps = fetch.Caps(seconds=1, hosts=frozenset({f"{address}:80"}))
    assert code_of(lambda: fetch.get(f"http://{address}/", caps=caps)) == "fetch.address"


@pytest.mark.parametrize(
    ("address", "private"),
    [("10.1.2.3", True), ("192.168.0.9", True), ("100.64.1.1", True), ("fd00::1", True),
     ("127.0.0.1", True), ("198.18.0.1", False), ("::ffff:10.0.0.1", True),
     ("64:ff9b::a00:1", False)],
)  # fmt: skip
def test_what_a_listed_host_may_resolve_to(address: str, private: bool) -> None:
    assert not fetch._allowed(address, fetch.DEFAULT_CAPS, private=False)
    assert fetch._allowed(address, fetch.DEFAULT_CAPS, private=True) is private
