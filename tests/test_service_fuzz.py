"""Schemathesis over the OpenAPI description: whatever it sends, no answer is a 5xx."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
from hypothesis import HealthCheck, settings  # noqa: E402

from elicense.web.app import create_app  # noqa: E402
from elicense.web.peer_answer import MEDIA_TYPE  # noqa: E402
from elicense.web.settings import Settings  # noqa: E402
from service_world import free_port, prepare, served  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
FOLDER = Path(tempfile.mkdtemp(prefix="elicense-fuzz-"))
TOKENS = prepare(FOLDER)
APP = create_app(Settings.load(FOLDER / "service.toml"))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = free_port()
    with served(APP, port):
        yield f"http://127.0.0.1:{port}"


@schemathesis.serializer(MEDIA_TYPE)
def signed_message(_context: Any, value: Any) -> bytes:
    """Whatever it makes up for a signed message goes over the wire as bytes."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


schema = schemathesis.openapi.from_dict(APP.openapi())


@schema.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
def test_no_request_brings_a_server_error(case: Any, url: str) -> None:
    response = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKENS['all']}"})
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"][0] == "application/problem+json"
