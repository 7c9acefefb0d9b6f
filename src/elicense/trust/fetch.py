"""The one file that opens a connection, and only when it was asked to.

Addresses are resolved once and the connection goes to what was resolved; private,
link-local and other special addresses are refused (loopback only where it is allowed),
so that a URL in a configuration or a file cannot reach into a network. Answers are
capped in size and in time, looking up the name and slow drips included; a redirect may
not leave the host. Compressed answers are refused: nothing here is inflated.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from elicense.errors import Error, UsageError

_PORTS = {"http": 80, "https": 443}
# of an intranet; never 0.0.0.0, link-local (169.254.169.254 gives away cloud keys) or multicast
_PRIVATE = tuple(
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
_PIECE = 65536
_AGENT = "elicense"
# NAT64, 6to4, Teredo, IPv4-compatible
_CARRIERS = tuple(
    ipaddress.IPv6Network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0:0/96")
)


@dataclass(frozen=True, slots=True)
class Caps:
    """Seconds for one exchange as a whole, bytes of an answer, redirects on one host.
    ``hosts`` (``host:port``) may have private or loopback addresses, ``allow_loopback`` lets
    every host have the latter."""

    seconds: float = 15.0
    size: int = 4 * 1024 * 1024
    redirects: int = 3
    allow_loopback: bool = False
    hosts: frozenset[str] = frozenset()


DEFAULT_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with status 200."""

    content_type: str
    body: bytes = field(repr=False)


def get(url: str, *, caps: Caps = DEFAULT_CAPS) -> Answer:
    """The resource at ``url`` (http or https). Error ``fetch.*``, UsageError ``fetch.url``."""
    return _exchange("GET", url, None, {}, caps)


def post(url: str, body: bytes, *, content_type: str, caps: Caps = DEFAULT_CAPS) -> Answer:
    """The answer to ``body``; a redirect is an error here. Errors as in :func:`get`."""
    return _exchange("POST", url, body, {"Content-Type": content_type}, caps)


def _exchange(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], caps: Caps
) -> Answer:
    deadline = time.monotonic() + caps.seconds
    host = ""
    for _ in range(caps.redirects + 1):
        parts = _parts(url)
        if host and parts.netloc != host:
            raise Error("fetch.redirect", "it leads to another host", place=url)
        host = parts.netloc
        try:
            found = _once(method, parts, body, headers, caps, deadline)
        except ssl.SSLError as error:
            raise Error("fetch.tls", error.reason or str(error), place=url) from error
        except TimeoutError as error:
            raise Error("fetch.timeout", f"no answer in {caps.seconds:g} s", place=url) from error
        except (OSError, http.client.HTTPException) as error:
            detail = str(error) or type(error).__name__
            raise Error("fetch.connection", f"no answer: {detail}", place=url) from error
        if isinstance(found, Answer):
            return found
        if method != "GET":
            raise Error("fetch.redirect", "only a GET may be redirected", place=url)
        url = urljoin(url, found)
    raise Error("fetch.redirect", f"more than {caps.redirects} redirects", place=url)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:  # UnicodeError too: a label that is empty or too long
        raise UsageError("fetch.url", "not an address", place=url[:200]) from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise UsageError("fetch.url", "an http or https address is needed", place=url[:200])
    if parts.username is not None or parts.password is not None:
        raise UsageError("fetch.url", "no name or password may stand in it", place=parts.hostname)
    if not url.isascii() or any(c <= " " for c in url):
        raise UsageError("fetch.url", "it holds characters that must be escaped", place=url[:200])
    return parts


def host_of(url: str) -> str:
    """``host:port`` of an address, in small letters. UsageError ``fetch.url``."""
    parts = _parts(url)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{name}:{parts.port or _PORTS[parts.scheme]}"


def _once(
    method: str, parts: SplitResult, body: bytes | None, headers: Mapping[str, str], caps: Caps,
    deadline: float,
) -> Answer | str:  # fmt: skip
    """One request; the address of a redirect, or the answer."""
    assert parts.hostname
    port = parts.port or _PORTS[parts.scheme]
    stream = _connect(parts.hostname, port, caps, deadline)
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            stream.settimeout(_left(deadline))
            stream = context.wrap_socket(stream, server_hostname=parts.hostname)
        connection = http.client.HTTPConnection(parts.hostname, port)
        connection.sock = _Timed(stream, deadline)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        usual = {"Host": parts.netloc, "User-Agent": _AGENT, "Connection": "close",
                 "Accept-Encoding": "identity"}  # fmt: skip
        connection.request(method, path, body, {**usual, **headers})
        response = connection.getresponse()
        if response.status in {301, 302, 303, 307, 308}:
            return response.headers.get("Location", "")
        if response.status != 200:
            raise Error("fetch.status", f"the answer is {response.status}", place=parts.netloc)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise Error("fetch.encoding", "the answer is compressed", place=parts.netloc)
        content_type = (response.headers.get_content_type() or "").lower()
        return Answer(content_type, _read(response, caps))
    finally:
        stream.close()


class _Timed:
    """A socket for http.client, whose every single read ends at the deadline: a server that
    sends one byte now and then does not get around it, not even within the headers."""

    def __init__(self, stream: socket.socket, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        self.stream.settimeout(_left(self.deadline))
        self.stream.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReads(self.stream, self.deadline))

    def close(self) -> None:
        """http.client lets go of it before the answer is read; whoever opened it closes it."""


class _TimedReads(io.RawIOBase):
    def __init__(self, stream: socket.socket, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.stream.settimeout(_left(self.deadline))
        return self.stream.recv_into(buffer)


def _read(response: http.client.HTTPResponse, caps: Caps) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = response.read1(_PIECE)
        if not piece:
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            return b"".join(pieces)
        size += len(piece)
        if size > caps.size:
            raise Error("fetch.size", f"the answer is larger than {caps.size} bytes")
        pieces.append(piece)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(host: str, port: int, caps: Caps, deadline: float) -> socket.socket:
    """A connection to the first allowed address of ``host``: what was checked is what is used."""
    named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    private = named.lower() in caps.hosts
    allowed = [
        item for item in _addresses(host, port, deadline)
        if _allowed(str(item[4][0]), caps, private=private)
    ]  # fmt: skip
    if not allowed:
        raise Error("fetch.address", "it is a private or special address", place=host)
    failure: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        stream = socket.socket(family, kind, protocol)
        stream.settimeout(_left(deadline))
        try:
            stream.connect(address)
        except OSError as error:
            stream.close()
            failure = error
            continue
        return stream
    assert failure is not None
    raise failure


_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


def _addresses(host: str, port: int, deadline: float) -> list[_Address]:
    """What the name resolves to. The system's look-up knows no deadline, so it is waited
    for from outside; one that goes on after that ends by itself and is not heeded."""
    found: list[_Address] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if thread.is_alive():
        raise TimeoutError
    if failed:
        raise failed[0]
    return found


def _allowed(text: str, caps: Caps, *, private: bool) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return _allowed(str(address.ipv4_mapped), caps, private=private)
    if isinstance(address, ipaddress.IPv6Address) and any(address in net for net in _CARRIERS):
        return False  # an IPv4 address, whichever, wrapped in an IPv6 one
    if address.is_loopback:
        return private or caps.allow_loopback
    if private and any(address in net for net in _PRIVATE if net.version == address.version):
        return True
    return address.is_global and not address.is_multicast
