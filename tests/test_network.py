"""Verifying opens no connection."""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path

import pytest

import elicense

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
