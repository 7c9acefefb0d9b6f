"""A service of Tianjin on the test PKI: its settings, its registry, a client."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from elicense.registry import changes, credentials, database
from elicense.registry.credentials import SCOPES
from elicense.web.app import create_app
from elicense.web.settings import Settings

ROOT = Path(__file__).parent.parent
CERTS = ROOT / "fixtures" / "certs"
SAMPLES = ROOT / "examples" / "samples"
URI = "https://status.tj.example/registry/1"
REGIONS = {
    "tianjin": ("120000", "天津海事局", "1112000000000T122L"),
    "guangdong": ("440000", "广东海事局", "1144000000000T448N"),
    "shandong": ("370000", "山东海事局", "1137000000000T376K"),
}


def settings_text(folder: Path, *, region: str = "tianjin", more: str = "", top: str = "") -> str:
    code, authority, uscc = REGIONS[region]
    return f"""
schema = "elicense-service/1"
region = "{code}"
authority = "{authority}"
uscc = "{uscc}"
registry = "sqlite:///registry.db"
trust = "{CERTS / 'trust'}"
allow_test_trust = true
{top}
[issuing]
seal = "{ROOT / 'examples/seals/tianjin-doc-v4.esl'}"
signer = {{ key = "file:{CERTS}/keys/sealers/{region}-doc-sm2.pem",
           certificate = "{CERTS}/sealers/{region}-doc-sm2.pem" }}
qr_signer = {{ key = "file:{CERTS}/keys/qr/{region}-sm2.pem",
              certificate = "{CERTS}/qr/{region}-sm2.pem" }}
[publishing]
signer = {{ key = "file:{CERTS}/keys/status/{region}-sm2.pem",
           certificate = "{CERTS}/status/{region}-sm2.pem" }}
{more}
""".replace(",\n", ", ").replace("           certificate", "certificate").replace(
        "              certificate", "certificate"
    )


def prepare(folder: Path, *, scopes: tuple[str, ...] = SCOPES, **other: str) -> dict[str, str]:
    """Settings, a registry with a list, and secrets: ``all`` for every scope, one for each."""
    (folder / "service.toml").write_text(settings_text(folder, **other), encoding="utf-8")
    settings = Settings.load(folder / "service.toml")
    registry = database.create(settings.registry, name="tianjin-msa")
    now, tokens = datetime.now(UTC), {}
    with registry.change() as connection:
        changes.open_list(connection, URI, size=10_000, actor="setup", now=now)
        tokens["all"] = credentials.create(
            connection, "everything", name="all", scopes=scopes, actor="setup", now=now,
            per_minute=1_000_000,
        )  # fmt: skip
        for scope in SCOPES:
            tokens[scope] = credentials.create(
                connection, f"only-{scope}", name=scope, scopes=[scope], actor="setup", now=now,
                per_minute=1_000_000,
            )  # fmt: skip
    registry.close()
    return tokens


@contextmanager
def service(folder: Path, **other: str) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A client with every scope, and the secrets."""
    tokens = prepare(folder, **other)
    app = create_app(Settings.load(folder / "service.toml"))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {tokens['all']}"
        yield client, tokens


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: Any, port: int, pair: tuple[Path, Path] | None = None) -> Iterator[None]:
    """A real server on loopback, with TLS if certificate and key are given."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1,
        ssl_certfile=str(pair[0]) if pair else None, ssl_keyfile=str(pair[1]) if pair else None,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)


def application(serial: int = 42, **changed: Any) -> dict[str, Any]:
    """What an approved application for a DOC says."""
    today = datetime.now(UTC).date()
    found: dict[str, Any] = {
        "type": "msa-doc", "serial": f"{today.year}{serial:06}",
        "number": f"样例TJDOC{today.year}{serial:05}",
        "issuer": {
            "name": "天津海事局", "name_en": "Tianjin Maritime Safety Administration",
            "code": "1112000000000T122L", "code_type": "001", "region": "120000",
        },
        "holder": {
            "name": "渤海样例航运有限公司", "name_en": "Bohai Sample Shipping Co., Ltd.",
            "address": "天津市滨海新区样例路1号",
            "address_en": "No. 1 Yangli Road, Binhai New Area, Tianjin",
        },
        "validity": {
            "issued": f"{today}", "valid_from": f"{today}",
            "valid_until": f"{today.replace(year=today.year + 4)}",
        },
        "fields": {
            "company_number": "9999126", "regime": "ISM", "state": "CN",
            "ship_types": [{"code": "bulk-carrier"}], "completion_date": f"{today}",
            "place_of_issue": "天津", "officer": "王样例",
        },
    }  # fmt: skip
    return found | changed
