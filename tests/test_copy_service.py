"""The service makes annotated copies 加注件: over HTTP and through the sharing interface."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import elicense
from elicense import licence as licences
from elicense.crypto.ses import CHINA
from elicense.registry import accesses, database
from service_world import CERTS, application, service

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
COPYING = f"""
[copying]
days = 30
signer = {{ key = "file:{CERTS}/keys/copy/tianjin-sm2.pem", certificate = "{CERTS}/copy/tianjin-sm2.pem" }}
"""  # noqa: E501
Running = tuple[TestClient, dict[str, str], Path, str]
PURPOSE = "办理船舶抵押贷款"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("copying")
    with service(folder, more=COPYING) as (client, tokens):
        made = client.post("/api/licences", json=application(1))
        assert made.status_code == 201, made.text
        yield client, tokens, folder, made.json()["identifier"]


def asked(**more: Any) -> dict[str, Any]:
    wanted = {"purpose": PURPOSE, "receiver": "渤海银行", "receiver_code": "911200001030732110"}
    return {**wanted, **more}


def log(folder: Path) -> accesses.Access:
    registry = database.open_registry(f"sqlite:///{folder / 'registry.db'}")
    with registry.look() as connection:
        found = list(accesses.read(connection))
    registry.close()
    return found[0]  # the newest


def copied(data: bytes) -> licences.Licence:
    found = elicense.open(data).claims.data
    assert found is not None
    return licences.load(found)


def ask(running: Running, operation: str, data: dict[str, str], who: str = "all") -> Any:
    client, tokens, _, _ = running
    name = "everything" if who == "all" else f"only-{who}"
    body = {"head": {"accessId": name, "accessToken": tokens[who]}, "data": data}
    answer = client.post(f"/api/dialect-a/{operation}", json=body)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("format", ["ofd", "pdf"])
def test_a_copy_is_made_on_request_hides_what_is_asked_and_is_logged(
    running: Running, format: str
) -> None:
    client, _, folder, identifier = running
    answer = client.post(f"/api/licences/{identifier}/copy",
                         json=asked(hide=["officer", "holder.name_en"], format=format))  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"application/{format}"
    licence = copied(answer.content)
    assert licence.copy is not None
    assert (licence.copy.purpose, licence.copy.receiver.name) == (PURPOSE, "渤海银行")
    today = datetime.now(UTC).astimezone(CHINA).date()
    assert licence.copy.expires == today + timedelta(days=30)
    assert licence.source is not None
    assert set(licence.source.hidden) == {"fields.officer", "holder.name_en"}
    entry = log(folder)
    assert (entry.operation, entry.outcome) == ("copy", "found")
    assert PURPOSE in entry.purpose
    assert "渤海银行" in entry.purpose


def test_the_last_day_is_bounded_by_the_service(running: Running) -> None:
    client, _, _, identifier = running
    today = datetime.now(UTC).astimezone(CHINA).date()
    for days, wanted in ((5, 5), (4000, 30)):
        until = f"{today + timedelta(days=days)}"
        answer = client.post(f"/api/licences/{identifier}/copy", json=asked(until=until))
        licence = copied(answer.content)
        assert licence.copy is not None
        assert licence.copy.expires == today + timedelta(days=wanted)


def test_what_cannot_be_made_is_refused_and_logged(running: Running) -> None:
    client, tokens, folder, identifier = running
    path = f"/api/licences/{identifier}/copy"
    wrong = client.post(path, json=asked(hide=["number"]))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "copy.hide")
    assert log(folder).outcome == "copy.hide"
    assert client.post(path, json=asked(until="2001-01-01")).json()["code"] == "copy.until"
    assert client.post(path, json={"purpose": "x"}).status_code == 422
    assert client.post(path, json=asked(receiver="甲" * 100, purpose="乙" * 200)).json()["code"] \
        == "copy.room"
    assert client.post(path.replace("000001.", "999999."), json=asked()).status_code == 404
    other = {"Authorization": f"Bearer {tokens['query']}"}
    assert client.post(path, json=asked(), headers=other).status_code == 403


def test_the_sharing_interface_gives_copies_for_whoever_asks(running: Running) -> None:
    _, _, folder, identifier = running
    until = datetime.now(UTC).astimezone(CHINA) + timedelta(days=3)
    answer = ask(running, "downloadFile", {
        "certificateIdentifier": identifier, "certificateCopyCause": "企业开户", "fileType": "pdf",
        "certificateCopyExpiringTime": until.strftime("%Y-%m-%d %H:%M:%S"),
    })  # fmt: skip
    assert answer["head"]["status"] in {0, "0"}
    data = answer["data"]
    assert data["annotated"] is True
    assert data["certificateCopyExpiringTime"] == until.date().isoformat()
    licence = copied(base64.b64decode(data["content"]))
    assert licence.copy is not None
    assert (licence.copy.purpose, licence.copy.receiver.name) == ("企业开户", "all")
    entry = log(folder)
    assert (entry.operation, entry.purpose) == ("dialect-a-downloadFile", "企业开户")


def test_an_address_for_one_download_gives_a_copy_too(running: Running) -> None:
    client, _, folder, identifier = running
    answer = ask(running, "downloadUrl", {"certIdentifier": identifier, "useCause": "核对"})
    path = "/api/dialect-a" + answer["data"]["url"].split("/api/dialect-a")[1]
    got = client.get(path)
    assert got.status_code == 200, got.text
    licence = copied(got.content)
    assert licence.copy is not None
    assert licence.copy.purpose == "核对"
    assert log(folder).outcome == "copied"
    assert client.get(path).status_code == 404


def test_a_service_that_is_not_set_up_says_so(tmp_path: Path) -> None:
    with service(tmp_path) as (client, tokens):
        made = client.post("/api/licences", json=application(1)).json()
        answer = client.post(f"/api/licences/{made['identifier']}/copy", json=asked())
        assert (answer.status_code, answer.json()["code"]) == (409, "service.copying")
        wanted = {"certificateIdentifier": made["identifier"], "certificateCopyCause": "x"}
        running = (client, tokens, tmp_path, made["identifier"])
        plain = ask(running, "downloadFile", wanted)
        assert plain["data"]["annotated"] is False
        late = {**wanted, "certificateCopyExpiringTime": "2090-01-01 00:00:00"}
        assert int(ask(running, "downloadFile", late)["head"]["status"]) == 2
