"""The service end to end: verify, issue, query, change, publish; and what it refuses."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import elicense
from elicense.errors import Error, UsageError
from elicense.registry import accesses, audit, database, records
from elicense.registry.credentials import SCOPES
from elicense.trust.status import read_status_list
from elicense.web.batching import Batcher
from elicense.web.callers import Rates
from elicense.web.settings import Settings
from service_world import CERTS, SAMPLES, URI, application, prepare, service, settings_text

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict, Path]]:
    folder = tmp_path_factory.mktemp("service")
    with service(folder) as (client, tokens):
        yield client, tokens, folder


@pytest.fixture(scope="module")
def client(running: tuple[TestClient, dict, Path]) -> TestClient:
    return running[0]


@pytest.fixture(scope="module")
def issued(client: TestClient) -> dict[str, Any]:
    answer = client.post("/api/licences", json=application(1))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def only(scope: str, tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[scope]}"}


def log(folder: Path) -> list[accesses.Access]:
    registry = database.open_registry(f"sqlite:///{folder / 'registry.db'}")
    with registry.look() as connection:
        found = list(accesses.read(connection))
    registry.close()
    return found


# -- verify -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tianjin-doc.pdf", "tianjin-doc.ofd", "tampered-page.pdf"])
def test_a_file_handed_in_is_judged_as_the_library_judges_it(
    client: TestClient, name: str
) -> None:
    data = (SAMPLES / name).read_bytes()
    answer = client.post("/api/verify?lang=en", content=data)
    assert answer.status_code == 200
    got = answer.json()
    own = elicense.verify(data, trust=elicense.TrustStore.load(CERTS / "trust"))
    assert got["verdict"] == str(own.verdict)
    wanted = json.loads(own.to_json(language="en"))["findings"]
    assert got["findings"] == wanted


def test_a_form_is_taken_too_and_its_file_name_cannot_lead_astray(client: TestClient) -> None:
    data = (SAMPLES / "tianjin-doc.pdf").read_bytes()
    answer = client.post("/api/verify", files={"file": ("../../etc/天津 doc<x>.pdf", data)})
    assert (answer.status_code, answer.json()["file"]) == (200, "天津 doc_x_.pdf")


def test_the_report_as_a_page_runs_and_loads_nothing(client: TestClient) -> None:
    data = (SAMPLES / "tianjin-doc.pdf").read_bytes()
    answer = client.post("/api/verify?form=html&lang=zh", content=data)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<!DOCTYPE html>") and "<script" not in answer.text


@pytest.mark.parametrize("data", [b"hello", b"%PDF-1.7\n", b"PK\x03\x04" + bytes(50), b"\0" * 4096])
def test_what_cannot_be_read_is_a_problem_that_says_why(client: TestClient, data: bytes) -> None:
    answer = client.post("/api/verify", content=data)
    body = answer.json()
    if answer.status_code == 200:
        assert body["verdict"] != "VALID"
        return
    assert answer.status_code == 422 and body["code"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("url", "field"),
    [("?lang=fr", "lang"), ("?at=yesterday", "at"), ("?form=pdf", "form"), ("?policy=lax", "")],
)
def test_a_wrong_parameter_is_named(client: TestClient, url: str, field: str) -> None:
    answer = client.post("/api/verify" + url, content=b"x")
    assert answer.status_code == 422
    assert field in json.dumps(answer.json().get("faults", ""))


def test_nothing_handed_in_is_told(client: TestClient) -> None:
    assert client.post("/api/verify").json()["code"] == "request.file"
    assert client.post("/api/verify", data={"x": "1"}, files={}).status_code == 422


# -- issue and query ----------------------------------------------------------------------


def test_what_is_issued_verifies_is_found_and_is_in_the_list(
    client: TestClient, issued: dict[str, Any]
) -> None:
    url = f"/api/licences/{issued['identifier']}"
    told = client.get(url, params={"purpose": "test"}).json()
    assert (told["standing"], told["number"]) == ("in-force", issued["number"])
    file = client.get(url + "/file", params={"purpose": "test", "format": "ofd"})
    assert file.headers["content-type"] == "application/ofd"
    published = client.get("/api/status/1").content
    trust = elicense.TrustStore.load(CERTS / "trust")
    report = elicense.verify(file.content, trust=trust, status=published)
    assert str(report.verdict) == "VALID"
    assert read_status_list(published).uri == URI


def test_a_licence_withdrawn_is_refused_at_once(client: TestClient) -> None:
    made = client.post("/api/licences", json=application(2)).json()
    url = f"/api/licences/{made['identifier']}"
    data = client.get(url + "/file?purpose=x&format=pdf").content
    answer = client.post(url + "/state", json={"state": "withdrawn", "reason": "by order 7"})
    assert answer.json()["standing"] == "withdrawn"
    trust = elicense.TrustStore.load(CERTS / "trust")
    report = elicense.verify(data, trust=trust, status=client.get("/api/status/1").content)
    assert str(report.verdict) == "INVALID"
    assert any((f.code, f.reason) == ("status.licence", "withdrawn") for f in report.findings)
    states = client.get(url + "/history?purpose=x").json()["history"]
    assert [item["state"] for item in states] == ["valid", "withdrawn"]


def test_the_next_version_supersedes(client: TestClient) -> None:
    first = client.post("/api/licences", json=application(3)).json()
    url = f"/api/licences/{first['identifier']}"
    second = client.post(url + "/versions", json=application(3, number=first["number"]))
    assert second.status_code == 201, second.text
    assert second.json()["version"] == 2
    old = client.get(url + "?purpose=x").json()
    assert (old["standing"], old["successor"]) == ("superseded", second.json()["identifier"])
    found = client.get("/api/licences", params={"number": first["number"], "purpose": "x"}).json()
    assert [item["version"] for item in found["licences"]] == [2, 1]
    again = client.post(url + "/versions", json=application(3))
    assert again.status_code == 409
    other = client.post(f"{url}/versions", json=application(99))
    assert other.json()["code"] == "reissue.kept"


def test_an_endorsement_is_sealed_into_every_file(client: TestClient) -> None:
    made = client.post("/api/licences", json=application(4)).json()
    url = f"/api/licences/{made['identifier']}"
    today = made["valid_from"]
    wanted = {"kind": "annual-1", "date": today, "place": "天津", "officer": "王样例 审核员"}
    answer = client.post(url + "/endorsements", json=wanted)
    if answer.status_code == 422:  # outside its window: every fault is told with its field
        assert all(item["field"] for item in answer.json()["faults"])
        return
    assert set(answer.json()["files"]) == {"ofd", "pdf"}


def test_every_fault_of_an_application_is_told_with_its_field(client: TestClient) -> None:
    wrong = application(5)
    wrong["holder"] = {"name": ""}
    wrong["validity"]["valid_until"] = "2020-01-01"
    wrong["fields"]["ship_types"] = [{"code": "submarine"}]
    answer = client.post("/api/licences", json=wrong)
    fields = {item["field"].split(".")[0] for item in answer.json()["faults"]}
    assert answer.status_code == 422 and {"holder", "validity"} <= fields


def test_the_same_application_twice_makes_one_licence(client: TestClient) -> None:
    assert client.post("/api/licences", json=application(6)).status_code == 201
    assert client.post("/api/licences", json=application(6)).status_code == 409


def test_states_that_follow_from_issuing_cannot_be_ordered(
    client: TestClient, issued: dict[str, Any]
) -> None:
    url = f"/api/licences/{issued['identifier']}/state"
    for state in ("superseded", "transferred"):
        assert client.post(url, json={"state": state, "reason": "x"}).status_code == 409
    assert client.post(url, json={"state": "gone", "reason": "x"}).status_code == 409
    assert client.post(url, json={"state": "suspended"}).status_code == 422


# -- who may what -------------------------------------------------------------------------

ROUTES = [
    ("GET", "/api/licences/{id}?purpose=x", "query"),
    ("GET", "/api/licences/{id}/history?purpose=x", "query"),
    ("GET", "/api/licences?number=1&purpose=x", "search"),
    ("GET", "/api/licences/{id}/file?purpose=x", "file"),
    ("POST", "/api/licences/{id}/state", "state"),
    ("POST", "/api/licences", "issue"),
    ("POST", "/api/licences/{id}/versions", "issue"),
    ("POST", "/api/licences/{id}/endorsements", "endorse"),
    ("GET", "/api/transfers", "transfer"),
    ("POST", "/api/transfers", "transfer"),
    ("GET", "/metrics", "metrics"),
]
BODIES = {
    "state": {"state": "suspended", "reason": "x"},
    "endorse": {"kind": "annual-1", "date": "2026-11-01", "place": "x", "officer": "y"},
    "issue": {},
    "transfer": {"identifier": "1.2.156.3005.2.none", "receiver": "1" * 18, "reason": "x"},
}


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_each_route_asks_for_its_scope_and_no_other_will_do(
    running: tuple[TestClient, dict, Path], method: str, path: str, scope: str
) -> None:
    client, tokens, _ = running
    url, body = path.format(id="1.2.156.3005.2.none"), BODIES.get(scope)
    for token, wanted in (("", {401}), ("elt_wrong", {401})):
        headers = {"Authorization": f"Bearer {token}"} if token else {"Authorization": ""}
        assert client.request(method, url, json=body, headers=headers).status_code in wanted
    for other in SCOPES:
        got = client.request(method, url, json=body, headers=only(other, tokens)).status_code
        assert (got == 403) == (other != scope), (other, got)


def test_every_query_states_a_purpose_and_is_logged(
    running: tuple[TestClient, dict, Path], issued: dict[str, Any]
) -> None:
    client, _, folder = running
    url = f"/api/licences/{issued['identifier']}"
    assert client.get(url).json()["code"] == "request.purpose"
    assert client.get(url, params={"purpose": "字" * 201}).status_code == 422
    client.get(url, params={"purpose": "登轮检查"})
    client.get("/api/licences", params={"holder_code": "110101199003070011", "purpose": "window"})
    found = log(folder)
    assert any((a.subject, a.purpose, a.outcome) == (issued["identifier"], "登轮检查", "valid")
               for a in found)  # fmt: skip
    assert "110101199003070011" not in repr(found)


def test_a_revoked_credential_ends(tmp_path: Path) -> None:
    from elicense.registry import credentials
    from elicense.web import callers

    tokens = prepare(tmp_path)
    registry = database.open_registry(f"sqlite:///{tmp_path / 'registry.db'}")
    known = callers.Credentials(registry)
    now = records_now()
    assert known.find(tokens["query"], now) is not None
    assert known.find(tokens["query"], now, access_id="only-query") is not None
    assert known.find(tokens["query"], now, access_id="only-issue") is None
    with registry.change() as connection:
        credentials.revoke(connection, "only-query", actor="a", now=now)
    known.refresh()
    assert known.find(tokens["query"], now) is None
    with registry.look() as connection:
        audit.verify(connection)
    raw = (tmp_path / "registry.db").read_bytes()
    assert not any(token.encode() in raw for token in tokens.values())
    registry.close()


def records_now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_who_asks_too_often_waits() -> None:
    rates = Rates()
    assert [rates.take("a", 3) for _ in range(3)] == [0, 0, 0]
    assert 19 < rates.take("a", 3) <= 20
    assert rates.take("b", 3) == 0


def test_the_public_is_held_to_its_rate(tmp_path: Path) -> None:
    with service(tmp_path, more="[uploads]\nper_minute = 2\nworkers = 1") as (client, _):
        client.headers.pop("Authorization")
        codes = [client.post("/api/verify", content=b"x").status_code for _ in range(3)]
        assert codes[2] == 429
        assert int(client.post("/api/verify", content=b"x").headers["retry-after"]) >= 1


# -- hostile use --------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    more = "[uploads]\nmax_bytes = 1000\nworkers = 1\nverify_seconds = 0.001"
    with service(tmp_path, more=more) as (client, _):
        assert client.post("/api/verify", content=bytes(1001)).status_code == 413

        def pieces() -> Iterator[bytes]:
            for _ in range(100):
                yield bytes(100)

        assert client.post("/api/verify", content=pieces()).status_code == 413
        answer = client.post("/api/verify", content=(b"%PDF-1.7\n" * 20))
        assert answer.json()["code"] == "service.timeout"


@pytest.mark.parametrize(
    "identifier", ["'; DROP TABLE licences; --", "%00", "../../etc/passwd", "x" * 201, "\u202e1.2"]
)
def test_a_hostile_identifier_is_just_unknown(client: TestClient, identifier: str) -> None:
    answer = client.get(f"/api/licences/{identifier}", params={"purpose": "x"})
    assert answer.status_code in {404, 422}
    assert client.get("/api/health").json()["status"] == "ok"


def test_headers_keep_a_browser_safe_and_no_trace_leaves(client: TestClient) -> None:
    for path in ("/api/health", "/nothing", "/api/status/77"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
    answer = client.get("/nothing")
    assert answer.json()["code"] == "http.404" and "Traceback" not in answer.text


def test_the_openapi_description_names_every_route(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    wanted = {"/api/verify", "/api/licences", "/api/licences/{identifier}", "/api/status/{number}"}
    assert wanted <= set(paths)


# -- pieces -------------------------------------------------------------------------------


def test_calls_that_wait_share_one_batch() -> None:
    batches: list[int] = []
    gate = threading.Event()

    def work(items: Any) -> list[int]:
        gate.wait(5)
        batches.append(len(items))
        return [item * 2 for item in items]

    async def all_of() -> list[int]:
        batcher: Batcher[int, int] = Batcher(work, "t")
        tasks = [asyncio.create_task(batcher(n)) for n in range(100)]
        await asyncio.sleep(0)
        gate.set()
        try:
            return await asyncio.gather(*tasks)
        finally:
            batcher.close()

    assert asyncio.run(all_of()) == [n * 2 for n in range(100)]
    assert batches == [1, 99]


def test_a_batch_that_fails_fails_for_its_own_callers_only() -> None:
    def work(items: Any) -> list[int]:
        if 1 in items:
            raise Error("x", "broken")
        return list(items)

    async def both() -> None:
        batcher: Batcher[int, int] = Batcher(work, "t")
        with pytest.raises(Error):
            await batcher(1)
        assert await batcher(2) == 2
        batcher.close()

    asyncio.run(both())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ('region = "12"', "region"), ('colour = "red"', "colour"),
        ('public_url = 3', "public_url"), ('proxies = "x"', "proxies"),
        ("[uploads]\nworkers = 0", "uploads.workers"), ("[uploads]\nspeed = 1", "uploads.speed"),
        ("[retention]\naccesses_days = -1", "retention.accesses_days"),
        ("[staff]\nissuer = \"x\"", "staff"), ("[publishing]\nvalid_hours = 1", "publishing"),
    ],
)  # fmt: skip
def test_settings_are_read_strictly(tmp_path: Path, change: str, named: str) -> None:
    text = settings_text(tmp_path)
    if change.startswith("["):
        text = text.split("[publishing]")[0] + change if "publishing" in change else text + change
    else:
        key = change.split(" ", maxsplit=1)[0]
        lines = [line for line in text.splitlines() if not line.startswith(key + " ")]
        text = "\n".join([lines[0], change, *lines[1:]])
    file = tmp_path / "s.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="(?s)" + named.replace(".", r"\.")) as caught:
        Settings.load(file)
    assert caught.value.code == "service.settings"


def test_the_record_in_the_registry_is_what_was_answered(
    running: tuple[TestClient, dict, Path], issued: dict[str, Any]
) -> None:
    registry = database.open_registry(f"sqlite:///{running[2] / 'registry.db'}")
    with registry.look() as connection:
        record = records.needed(connection, issued["identifier"])
        stored = records.file(connection, record, "pdf")
        audit.verify(connection)
    registry.close()
    assert stored is not None and stored.sha256.hex() == issued["files"]["pdf"]


def test_paths_of_a_key_are_relative_to_the_settings_whatever_its_kind(tmp_path: Path) -> None:
    text = settings_text(tmp_path).split("[publishing]", maxsplit=1)[0]
    uri = "pkcs11:token=T;object=o?module-path=/usr/lib/x.so"
    text += f'[publishing]\nsigner = {{ key = "{uri}", certificate = "certs/status.pem" }}\n'
    (tmp_path / "s.toml").write_text(text, "utf-8")
    found = Settings.load(tmp_path / "s.toml").publishing
    assert found is not None
    assert (found.signer.key, found.signer.certificate) == (uri, str(tmp_path / "certs/status.pem"))


def test_where_the_public_may_not_verify_a_scope_is_needed(tmp_path: Path) -> None:
    more = "[uploads]\nanonymous = false\nworkers = 1"
    with service(tmp_path, more=more) as (client, tokens):
        for token, wanted in (("", 401), ("query", 403), ("verify", 200)):
            headers = only(token, tokens) if token else {"Authorization": ""}
            data = (SAMPLES / "tianjin-doc.pdf").read_bytes()
            assert client.post("/api/verify", content=data, headers=headers).status_code == wanted
