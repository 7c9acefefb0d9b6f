"""Verifying opens no connection unless it is asked to, and then only to those it may."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import elicense
import online_world
import trust_builders as b
from elicense.cli import cli, common

ROOT = Path(__file__).parent.parent


def test_verify_touches_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    trust = elicense.TrustStore.load(ROOT / "fixtures/certs/trust")
    at = datetime.fromisoformat("2026-11-01T09:00+08:00")
    for name in ("tianjin-doc.ofd", "guangdong-smc.pdf", "unknown-status-list.ofd"):
        elicense.verify(ROOT / "examples/samples" / name, trust=trust, at=at)


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where connections were opened to, and which names were looked up."""
    found: list[tuple[str, int]] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def noted_connect(self, address):
        found.append(address[:2])
        return connect(self, address)

    def noted_look_up(host, port, *rest, **more):
        found.append((host, port))
        return look_up(host, port, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", noted_connect)
    monkeypatch.setattr(socket, "getaddrinfo", noted_look_up)
    return found


@pytest.fixture(scope="module")
def net() -> Iterator[online_world.Network]:
    made = online_world.network()
    yield made
    made.server.close()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["verify", *map(str, arguments)])


@pytest.fixture
def asked(net: online_world.Network, tmp_path: Path) -> tuple[Path, Path]:
    """A file and a trust folder; the store is handed to the command as it stands."""
    file = tmp_path / "licence.pdf"
    file.write_bytes(net.pdf("both"))
    return file, tmp_path


@pytest.fixture(autouse=True)
def _given(net: online_world.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    net.serve()
    monkeypatch.setattr(common, "load_trust", lambda *_, **__: net.trust)


MOMENT = ("--at", b.NOW.isoformat(), "--now", b.NOW.isoformat())


def test_without_the_option_the_command_opens_nothing(net, asked, touched) -> None:
    found = run(asked[0], *MOMENT)
    assert found.exit_code == 3 and not touched and not net.server.asked
    assert "network.fetch" not in found.output


def test_with_it_only_the_hosts_that_may_be_asked(net, asked, touched) -> None:
    host, port = net.host.split(":")
    found = run(asked[0], *MOMENT, "--online", "--allow-host", net.host, "-v")
    assert found.exit_code == 0, found.output
    assert set(touched) == {(host, int(port))}
    assert f"elicense: asking crl: {net.server.url}/ca.crl" in found.stderr
    assert "network.fetch" in found.stdout


def test_notices_are_for_those_who_want_them(net, asked) -> None:
    found = run(asked[0], *MOMENT, "--online", "--allow-host", net.host)
    assert found.exit_code == 0 and "asking" not in found.stderr


def test_with_it_a_private_host_is_still_refused(net, asked, touched) -> None:
    found = run(asked[0], *MOMENT, "--online")
    assert found.exit_code == 3 and not net.server.asked
    assert all(isinstance(host, str) for host, _ in touched)


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_batch_asks_each_address_once(net, asked, jobs: int) -> None:
    folder = asked[1]
    for number in range(6):
        (folder / f"{number}.pdf").write_bytes(asked[0].read_bytes())
    found = run(folder, *MOMENT, "--online", "--allow-host", net.host, "-q", "-j", jobs)
    assert found.exit_code == 0, found.output
    assert dict(net.server.asked) == {"/ca.crl": 1, "/root.crl": 1, "/status/1": 1}


def test_allow_host_alone_is_misuse(asked) -> None:
    found = run(asked[0], *MOMENT, "--allow-host", "10.0.0.1")
    assert found.exit_code == 2 and "--online" in found.stderr


def test_an_inspection_of_a_ship_may_ask_too(net, asked) -> None:
    found = CliRunner().invoke(cli, ["inspect-ship", "--doc", str(asked[0]), *MOMENT, "--online",
                                     "--allow-host", net.host, "--json"])  # fmt: skip
    assert json.loads(found.stdout)["doc"]["verdict"] == "VALID"
    assert net.server.asked["/ca.crl"] == 1
