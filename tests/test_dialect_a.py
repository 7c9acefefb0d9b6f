"""The sharing interface, dialect A: every status and every result of a verification."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from elicense import licence as licences
from elicense.crypto import sm2, sm2_encryption
from elicense.identifiers import format_identifier
from elicense.licence import Licence, Party, Validity
from elicense.registry import accesses, changes, credentials, database
from elicense.registry.credentials import SCOPES
from service_world import SAMPLES, application, service

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TYPE = "11100000000019713D991"
SECRET = bytes(31) + b"\x07"
NOW = datetime.now(UTC)
TODAY = NOW.date()
YEAR = timedelta(days=365)
TERMS = {
    "good": (TODAY - YEAR, TODAY + YEAR, ""), "later": (TODAY + YEAR, TODAY + 2 * YEAR, ""),
    "over": (TODAY - 2 * YEAR, TODAY - YEAR, ""),
    "suspended": (TODAY - YEAR, TODAY + YEAR, "suspended"),
    "cancelled": (TODAY - YEAR, TODAY + YEAR, "cancelled"),
}  # fmt: skip
SERIAL = {name: number for number, name in enumerate(TERMS, 1)}


def identifier(name: str) -> str:
    serial = f"2026{SERIAL[name] + 900:06}"  # none of a sample's
    return format_identifier(type=TYPE, issuer="1112000000000T122L", serial=serial, version=1)


def enter(connection: Any, name: str, start: date, end: date, state: str) -> None:
    licence = Licence(
        type="msa-doc", identifier=identifier(name), number=f"N-{name}", version=1,
        issuer=Party("天津海事局", code="1112000000000T122L", region="120000"),
        holder=Party("渤海样例航运有限公司", code=f"H-{name}", code_type="001"),
        validity=Validity(start, start, end),
    )
    changes.add(connection, licences.dump(licence), {"ofd": b"sealed " + name.encode()},
                actor="clerk", now=NOW)  # fmt: skip
    if state:
        changes.change_state(connection, identifier(name), state, reason="ordered",
                             actor="clerk", now=NOW)  # fmt: skip


class World:
    def __init__(self, client: TestClient, tokens: dict[str, str], folder: Path) -> None:
        self.client, self.tokens, self.folder = client, tokens, folder

    def post(self, path: str, data: Any, who: str = "everything", token: str = "") -> Any:
        secret = token or self.tokens["all" if who == "everything" else who.removeprefix("only-")]
        head = {"accessId": who, "accessToken": secret}
        answer = self.client.post(path, json={"head": head, "data": data})
        assert answer.status_code == 200
        return answer.json()

    def ask(self, operation: str, data: Any, **who: str) -> tuple[int, Any]:
        got = self.post(f"/api/dialect-a/{operation}", data, **who)
        assert set(got) == {"head", "data"} and got["head"]["message"]
        return got["head"]["status"], got["data"]

    def query(self, name: str) -> tuple[int, Any]:
        return self.ask("queryCertInfo", {"certIdentifier": identifier(name), "useCause": "办理"})

    def log(self) -> list[accesses.Access]:
        registry = database.open_registry(f"sqlite:///{self.folder / 'registry.db'}")
        with registry.look() as connection:
            found = list(accesses.read(connection))
        registry.close()
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("dialects")
    with service(folder) as (client, tokens):
        registry = database.open_registry(f"sqlite:///{folder / 'registry.db'}")
        with registry.change() as connection:
            for name, (start, end, state) in TERMS.items():
                enter(connection, name, start, end, state)
            tokens["sealed"] = credentials.create(
                connection, "sealed", name="s", scopes=SCOPES, actor="setup", now=NOW,
                per_minute=1000, public_key=sm2.public_key(SECRET),
            )  # fmt: skip
            tokens["slow"] = credentials.create(
                connection, "slow", name="s", scopes=SCOPES, actor="setup", now=NOW, per_minute=1
            )
        registry.close()
        client.app.state.service.credentials.refresh()  # type: ignore[attr-defined]
        yield World(client, tokens, folder)


def test_metadata_under_their_short_names(world: World) -> None:
    status, data = world.query("good")
    assert status == 0
    assert (data["ZZBS"], data["ZZLXDM"], data["CZZTDM"]) == (identifier("good"), TYPE, "H-good")
    assert (data["ZZMC"], data["ZZBFJG"], data["KZ_ZZZT"]) == ("符合证明", "天津海事局", "有效")
    entry = world.log()[0]
    assert (entry.operation, entry.subject, entry.purpose, entry.outcome) == (
        "dialect-a-queryCertInfo", identifier("good"), "办理", "0")  # fmt: skip


@pytest.mark.parametrize(("name", "status"), [("cancelled", 21), ("over", 22), ("suspended", 23),
                                              ("later", 23)])  # fmt: skip
def test_what_is_not_in_force_has_a_status_of_its_own(
    world: World, name: str, status: int
) -> None:
    assert world.query(name)[0] == status
    got = world.ask("downloadUrl", {"certIdentifier": identifier(name)})
    assert got == (status, None)


GOOD = {"holderCode": "H-good", "holderTypeCode": "001", "certTypeCode": TYPE, "useCause": "x"}


@pytest.mark.parametrize(("operation", "data", "status"), [
    ("noSuchThing", {}, 2),
    ("queryCertInfo", {"certIdentifier": "1.2.3", "useCause": "x"}, 10),
    ("queryCertInfo", {"certIdentifier": identifier("good")}, 12),
    ("queryCertInfo", {"certIdentifier": identifier("good"), "useCause": " "}, 12),
    ("queryCertInfo", {"certIdentifier": identifier("good"), "useCause": "用" * 201}, 102),
    ("queryCertInfo", {"certIdentifier": 7, "useCause": "x"}, 102),
    ("queryCertInfo", {"certIdentifier": "a\0b", "useCause": "x"}, 102),
    ("queryCertInfo", [1], 102),
    ("queryCertInfoByHolderCode", GOOD | {"certTypeCode": "1" * 21}, 13),
    ("queryCertInfoByHolderCode", GOOD | {"holderTypeCode": "042"}, 103),
    ("queryCertInfoByHolderCode", GOOD | {"holderCode": "nobody"}, 10),
    ("queryCertInfoByHolderCode", GOOD, 0),
    ("queryCertInfoByQRcode", {"qrcode": "https://x.example/1", "useCause": "x"}, 102),
    ("queryCertInfoByQRcode", {"qrcode": "EL1:AAAA", "useCause": "x"}, 102),
    ("queryCertInfoByQRcode", {"qrcode": identifier("good") + "&7", "useCause": "x"}, 0),
    ("downloadUrl", {"certIdentifier": identifier("good"), "expiryTime": "2001-01-01 00:00:00"},
     102),
    ("downloadFile", {"certificateIdentifier": identifier("good"), "certificateCopyCause": "x",
                      "fileType": "exe"}, 102),
    ("verifyFile", {"certTypeCode": TYPE, "content": "%%", "contentType": "base64",
                    "useCause": "x"}, 102),
])  # fmt: skip
def test_each_status(world: World, operation: str, data: Any, status: int) -> None:
    assert world.ask(operation, data)[0] == status


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"head":1}', b'{"a":1,"a":2}',
                                  b"\xff\xfe", b"null"])  # fmt: skip
def test_what_is_no_request_is_status_99(world: World, body: bytes) -> None:
    answer = world.client.post("/api/dialect-a/queryCertInfo", content=body)
    assert (answer.status_code, answer.json()["head"]["status"]) == (200, 99)


def test_authentication_and_permission(world: World) -> None:
    data = {"certIdentifier": identifier("good"), "useCause": "x"}
    token = world.tokens["all"]
    for who, secret in (("everything", "elt_wrong"), ("only-query", token), ("", token)):
        assert world.ask("queryCertInfo", data, who=who, token=secret) == (11, None)
    assert world.ask("queryCertInfo", data, who="only-verify") == (100, None)
    assert world.log()[0].outcome == "100"


def test_too_many_requests_are_told_in_the_dialect(world: World) -> None:
    data = {"certIdentifier": identifier("good"), "useCause": "x"}
    assert world.ask("queryCertInfo", data, who="slow")[0] == 0
    assert world.ask("queryCertInfo", data, who="slow") == (99, None)


def test_data_are_encrypted_to_a_caller_with_a_key(world: World) -> None:
    data = {"certIdentifier": identifier("good"), "useCause": "x"}
    status, sealed = world.ask("queryCertInfo", data, who="sealed")
    assert status == 0 and isinstance(sealed, str)
    with sm2.allow_python_signer():
        plain = sm2_encryption.decrypt(SECRET, base64.b64decode(sealed))
    assert json.loads(plain) == world.query("good")[1]


def test_an_address_is_good_for_one_download(world: World) -> None:
    status, data = world.ask("downloadUrl", {"certIdentifier": identifier("good"),
                                             "useCause": "核对"})  # fmt: skip
    path = data["url"].removeprefix("http://127.0.0.1:8000")
    first = world.client.get(path)
    assert (status, first.content) == (0, b"sealed good")
    entry = world.log()[0]
    assert (entry.operation, entry.caller, entry.purpose) == (
        "dialect-a-download", "everything", "核对")  # fmt: skip
    assert world.client.get(path).status_code == 404
    stored = (world.folder / "registry.db").read_bytes()
    assert path.rsplit("/", 1)[1].encode() not in stored


def test_addresses_by_holder_and_the_file_itself(world: World) -> None:
    status, data = world.ask("downloadUrlsByHolderCode", GOOD)
    assert status == 0 and [item["certIdentifier"] for item in data] == [identifier("good")]
    asked = {"certificateIdentifier": identifier("good"), "certificateCopyCause": "x"}
    status, data = world.ask("downloadFile", asked)
    assert (status, base64.b64decode(data["content"])) == (0, b"sealed good")
    assert data["annotated"] is False
    assert world.ask("downloadFile", asked, who="only-query") == (100, None)


def data_of(name: str, **other: str) -> dict[str, Any]:
    given = {"holderCode": f"H-{name}", "holder": "渤海样例航运有限公司", "certNo": f"N-{name}"}
    return {"certTypeCode": TYPE, "useCause": "x", "certData": given | other}


@pytest.mark.parametrize(("data", "result"), [
    (data_of("good"), 0), (data_of("later"), 1), (data_of("suspended"), 2), (data_of("over"), 3),
    (data_of("cancelled"), 3), (data_of("good", certNo="N-none"), 5),
    (data_of("good", holder="别的公司"), 7), (data_of("good", ZZBFRQ="1999-01-01"), 7),
    ({"certTypeCode": TYPE, "useCause": "x", "certData": {}}, 6),
])  # fmt: skip
def test_each_result_of_verifying_data(world: World, data: Any, result: int) -> None:
    status, told = world.ask("verifyCertInfo", data)
    assert (status, told["verifyResult"]) == (0, result)


def test_members_that_cannot_be_compared_are_refused(world: World) -> None:
    assert world.ask("verifyCertInfo", data_of("good", colour="red"))[0] == 102
    assert world.ask("verifyCertInfo", data_of("good", holder=""))[0] == 12


def file_of(data: bytes, kind: str = TYPE) -> dict[str, str]:
    return {"certTypeCode": kind, "content": base64.b64encode(data).decode(),
            "contentType": "base64", "useCause": "x"}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "result"), [
    ("shandong-doc-v5.ofd", "1", 0), ("suspended.pdf", "3", 2), ("expired.ofd", "2", 3),
    ("withdrawn.ofd", "1", 3), ("unsealed.ofd", "1", 5), ("tampered-page.pdf", "1", 7),
    ("suspended.pdf", "1", 7),  # of another type than asked for
    ("tianjin-doc.pdf", "1", 5),  # good, but its issuer's registry does not know it
])  # fmt: skip
def test_each_result_of_verifying_a_file(
    world: World, name: str, kind: str, result: int
) -> None:
    given = file_of((SAMPLES / name).read_bytes(), TYPE[:-1] + kind)
    status, told = world.ask("verifyFile", given)
    assert (status, told["verifyResult"]) == (0, result)


def test_what_is_no_file_cannot_be_verified(world: World) -> None:
    assert world.ask("verifyFile", file_of(b"nothing"))[1]["verifyResult"] == 4


def test_what_was_issued_here_is_verified_by_file_and_by_code(world: World) -> None:
    made = world.client.post("/api/licences", json=application(77))
    assert made.status_code == 201, made.text
    name = made.json()["identifier"]
    asked = {"certificateIdentifier": name, "certificateCopyCause": "x", "fileType": "pdf"}
    data = base64.b64decode(world.ask("downloadFile", asked)[1]["content"])
    assert world.ask("verifyFile", file_of(data))[1]["verifyResult"] == 0
    report = world.client.post("/api/verify", content=data).json()
    code = {"qrcode": report["qr"][0]["text"], "useCause": "x"}
    status, told = world.ask("queryCertInfoByQRcode", code)
    assert (status, told["ZZBS"]) == (0, name)
