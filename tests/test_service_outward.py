"""Which addresses the service itself may ask, and how much it takes in."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from elicense.errors import UsageError
from elicense.web import outward

PRIVATE = [
    "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "255.255.255.255", "240.0.0.1", "224.0.0.1", "239.255.255.250",
    "::", "::1", "fe80::1", "fc00::1", "ff02::1", "ff0e::1",
    "::ffff:10.0.0.1", "::ffff:224.0.0.1",  # IPv4-mapped
    "2002:a00:1::1", "2002:7f00:1::", "2002:e000:1::",  # 6to4 of 10.0.0.1, 127.0.0.1, 224.0.0.1
    "64:ff9b::a00:1", "64:ff9b::e000:1",  # NAT64 of 10.0.0.1, 224.0.0.1
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
]  # fmt: skip
PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_no_public_host_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not outward.is_public(address)
    with pytest.raises(UsageError) as caught:
        asyncio.run(resolved(address, monkeypatch))
    assert caught.value.code == "peer.address"
    assert asyncio.run(resolved(address, monkeypatch, allowed=True)) == address


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_a_public_host_may_be_asked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(resolved(address, monkeypatch)) == address
    assert asyncio.run(resolved("10.0.0.1", monkeypatch, address)) == address


async def resolved(
    *addresses: Any, allowed: bool = False
) -> str:
    """The address taken of a name that the resolver leads to these."""
    found = [item for item in addresses if isinstance(item, str)]
    (patch,) = [item for item in addresses if not isinstance(item, str)]

    async def names(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (item, 443)) for item in found]

    with patch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
        return await outward.address_of("x.example", 443, allowed=allowed)


def test_an_answer_without_end_is_cut_off_and_a_redirect_not_followed() -> None:
    asked: list[str] = []

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        asked.append(line)
        if "/redirect" in line:
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
                         b"Content-Length: 0\r\n\r\n")  # fmt: skip
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(1000):
                writer.write(bytes(1000))
        writer.close()

    async def both() -> None:
        listening = await asyncio.start_server(server, "127.0.0.1", 0)
        netloc = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with listening, httpx.AsyncClient(trust_env=False) as http:
            options: dict[str, Any] = {"headers": {}, "most": 5000}
            with pytest.raises(UsageError):
                await outward.ask(http, "GET", f"http://{netloc}/", allow_hosts=(), **options)
            assert asked == [], "nothing was sent"
            options["allow_hosts"] = (netloc,)
            with pytest.raises(ValueError, match="too large"):
                await outward.ask(http, "GET", f"http://{netloc}/", **options)
            found = await outward.ask(http, "GET", f"http://{netloc}/redirect", **options)
            assert found.status == 302

    asyncio.run(both())
    assert [line.split()[1] for line in asked] == ["/", "/redirect"]
