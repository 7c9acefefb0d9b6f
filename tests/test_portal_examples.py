"""The example back ends are run and handed real files: what they answer, whatever the framework."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "examples" / "samples"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class FastApi:
    def __init__(self) -> None:
        from fastapi.testclient import TestClient

        self.client = TestClient(load("portal_fastapi").app)

    def hand_in(self, name: str, data: bytes) -> tuple[int, dict[str, Any]]:
        answer = self.client.post("/applications", files={"file": (name, data)})
        return answer.status_code, answer.json()


class Django:
    def __init__(self) -> None:
        pytest.importorskip("django", reason="django is not installed (pip install django)")
        if "portal_django" not in sys.modules:
            load("portal_django")  # settings can be made once in a process
        from django.test import Client

        self.client = Client(SERVER_NAME="localhost")

    def hand_in(self, name: str, data: bytes) -> tuple[int, dict[str, Any]]:
        from django.core.files.uploadedfile import SimpleUploadedFile

        answer = self.client.post("/applications", {"file": SimpleUploadedFile(name, data)})
        return answer.status_code, answer.json()


@pytest.fixture(scope="module", params=[FastApi, Django], ids=["fastapi", "django"])
def portal(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.mark.parametrize(
    ("name", "verdict", "following"),
    [
        ("tianjin-doc.pdf", "VALID", "accepted"),
        ("withdrawn.ofd", "INVALID", "refused"),
        ("tampered-page.pdf", "INVALID", "refused"),
        ("unsealed.pdf", "INDETERMINATE", "officer"),
    ],
)
def test_what_is_handed_in_is_judged(
    portal: Any, name: str, verdict: str, following: str
) -> None:
    status, told = portal.hand_in(name, (SAMPLES / name).read_bytes())
    assert (status, told["verdict"], told["next"]) == (200, verdict, following)
    if verdict == "VALID":
        assert told["number"].startswith("样例TJDOC") and told["holder"]
    else:
        assert told["number"] is None and told["reasons"], "what is not proven is not used"


def test_what_is_no_licence_is_refused_and_not_judged(portal: Any) -> None:
    status, told = portal.hand_in("note.txt", b"neither an OFD nor a PDF")
    assert status == 422 and "verdict" not in told
