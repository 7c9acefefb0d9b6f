"""Connections the service itself opens: to addresses that were looked at first, bounded, and
never onward by a redirect."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from elicense.errors import UsageError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    status: int
    kind: str
    body: bytes = field(repr=False)


def is_public(address: str) -> bool:
    """Is it an address of one host on the public Internet? Not for multicast, and of an IPv6
    address that holds an IPv4 one only where that one is."""
    found: Address = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.teredo is not None:
            return False  # whoever runs the relay decides where it leads
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = inner or found
    return found.is_global and not found.is_multicast


async def address_of(host: str, port: int, *, allowed: bool) -> str:
    """The first address of a host that may be asked; ``allowed`` says that any of its may.
    UsageError ``peer.address`` where there is none, OSError for a name nobody knows."""
    loop = asyncio.get_running_loop()
    for item in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(item[4][0])
        if allowed or is_public(address):
            return address
    raise UsageError("peer.address", "it is a private address that is not allowed")


async def ask(
    http: httpx.AsyncClient, method: str, url: str, *, allow_hosts: Collection[str],
    headers: dict[str, str], most: int, body: bytes = b"",
) -> Answered:  # fmt: skip
    """One exchange. ValueError for an answer of more than ``most`` bytes; what
    :func:`address_of` and httpx raise. The address that was looked at is the one that is
    asked: no second look-up of the name can lead elsewhere."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (80 if parts.scheme == "http" else 443)
    address = await address_of(host, port, allowed=parts.netloc in allow_hosts)
    target = httpx.URL(url).copy_with(host=address)
    async with http.stream(
        method, target, content=body, extensions={"sni_hostname": host},
        headers={"Host": parts.netloc, "Accept-Encoding": "identity", **headers},
    ) as response:  # fmt: skip
        found = bytearray()
        async for piece in response.aiter_raw():
            found += piece
            if len(found) > most:
                raise ValueError("the answer is too large")
        return Answered(response.status_code, response.headers.get("content-type", ""),
                        bytes(found))  # fmt: skip
