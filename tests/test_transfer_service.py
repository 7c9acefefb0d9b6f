"""Two services on the test PKI, over HTTP: a DOC goes from Tianjin to Shandong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import transfer_world as w
from elicense import verify
from elicense.registry import database, transfer_message
from elicense.trust.store import TrustStore
from elicense.web.app import create_app
from elicense.web.settings import Settings
from service_world import CERTS, application, free_port, prepare, served
from test_peers import Side, tls, with_endpoints
from transfer_world import GUANGDONG, SHANDONG, TIANJIN

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LISTS = {name: f"https://status.{name}.example/1" for name in ("tianjin", "shandong")}


class Pair:
    """Two services; each can be stopped and started anew on its registry."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pair = folder, tls(folder)
        self.ports = {"120000": free_port(), "370000": free_port(), "440000": free_port()}
        self.trust = with_endpoints(folder, self.ports)
        self.running: dict[str, ExitStack] = {}
        self.sides: dict[str, Side] = {}
        for region in ("tianjin", "shandong"):
            self.prepare(region)
            self.start(region)

    def prepare(self, region: str) -> None:
        own = self.folder / region
        own.mkdir()
        (own / "office.esl").write_bytes(w.seal(region))
        hosts = ", ".join(f'"127.0.0.1:{port}"' for port in self.ports.values())
        more = (
            f'[peers]\nseconds = 20\nca_file = "{self.pair[0]}"\nallow_hosts = [{hosts}]\n'
            f'signer = {{ key = "file:{CERTS}/keys/status/{region}-sm2.pem", '
            f'certificate = "{CERTS}/status/{region}-sm2.pem" }}\n[uploads]\nworkers = 1\n'
        )
        tokens = prepare(own, region=region, more=more)
        registry = database.open_registry(f"sqlite:///{own / 'registry.db'}")
        with registry.change() as connection:
            from sqlalchemy import update

            from elicense.registry.schema import status_lists

            connection.execute(update(status_lists).values(uri=LISTS[region]))
        registry.close()
        self.sides[region] = Side("", tokens, None)

    def start(self, region: str) -> None:
        own = self.folder / region
        code = w.OFFICES[region][2]
        found = Settings.load(own / "service.toml")
        assert found.issuing is not None
        found = replace(
            found, trust=str(self.trust),
            issuing=replace(found.issuing, seal=str(own / "office.esl"), formats=("ofd",)),
        )  # fmt: skip
        side = self.sides[region]
        side.url, side.app = f"https://127.0.0.1:{self.ports[code]}", create_app(found)
        stack = ExitStack()
        stack.enter_context(served(side.app, self.ports[code], self.pair))
        self.running[region] = stack

    def stop(self, region: str) -> None:
        self.running.pop(region).close()

    def close(self) -> None:
        for stack in self.running.values():
            stack.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    yield made
    made.close()


def body(region: str, serial: int) -> dict[str, Any]:
    code, name, area = w.OFFICES[region]
    found = application(serial)
    issuer = {"name": name, "code": code, "code_type": "001", "region": area}
    return found | {"issuer": issuer, "number": f"样例{region}{serial:05}"}


def entered(pair: Pair, serial: int) -> str:
    answer = pair.sides["tianjin"].post("/api/licences", body("tianjin", serial))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["identifier"])


def offer(pair: Pair, identifier: str, receiver: str = SHANDONG) -> dict[str, Any]:
    answer = pair.sides["tianjin"].post("/api/transfers", {
        "identifier": identifier, "receiver": receiver, "reason": "公司迁往山东"})  # fmt: skip
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def state(side: Side, identifier: str) -> dict[str, Any]:
    return dict(side.get(f"/api/licences/{identifier}", purpose="test").json())


def test_a_licence_goes_from_one_service_to_the_other(pair: Pair) -> None:
    tianjin, shandong = pair.sides["tianjin"], pair.sides["shandong"]
    old = entered(pair, 1)
    file = tianjin.get(f"/api/licences/{old}/file", purpose="test").content
    told = offer(pair, old)
    assert (told["state"], told["state_zh"], told["authority"]) == (
        "offered", "已申请转出", "山东海事局",
    )  # fmt: skip
    assert told["owed_by"] == SHANDONG and told["messages"][0]["delivered"]
    shown = state(tianjin, old)
    assert (shown["state_zh"], shown["state_code"], shown["standing"]) == (
        "办理转出", "06", "in-force",
    )  # fmt: skip
    url = f"/api/transfers/{told['id']}"
    assert shandong.get(url).json()["state_zh"] == "待转入"
    assert shandong.get(url + "/file", purpose="审查转入").content == file
    made = shandong.post(url + "/licence", body("shandong", 1))
    assert made.status_code == 201, made.text
    new = made.json()["successor"]
    assert made.json()["state"] == "completed" and made.json()["licence"]["state"] == "valid"
    gone, came = state(tianjin, old), state(shandong, new)
    assert (gone["state_zh"], gone["successor"], gone["successor_authority"], gone["standing"]) == (
        "已转出", new, "山东海事局", "transferred",
    )  # fmt: skip
    assert (came["predecessor"], came["predecessor_authority"]) == (old, "天津海事局")
    history = shandong.get(f"/api/licences/{new}/history", purpose="x").json()["history"]
    codes = [h["operation_code"] for h in history]
    assert codes == ["08", "08"]
    asked = shandong.get(f"/api/query/{old}", purpose="登轮检查").json()
    assert asked["state"] == "answered" and asked["licence"]["successor"] == new
    again = tianjin.post("/api/transfers", {"identifier": old, "receiver": GUANGDONG,
                                            "reason": "x"})  # fmt: skip
    assert (again.status_code, again.json()["code"]) == (409, "transfer.state")
    told_to_clerk(pair, old, file, new)


def told_to_clerk(pair: Pair, old: str, file: bytes, new: str) -> None:
    """What a window reads of the old file: by the list alone, and with the index beside it."""
    tianjin = pair.sides["tianjin"]
    listed = httpx.get(tianjin.url + "/api/status/1", verify=False).content
    trust = replace(TrustStore.load(CERTS / "trust"), status_lists={LISTS["tianjin"]: listed})
    report = verify(file, trust=trust)
    (finding,) = [f for f in report.findings if f.code == "status.licence"]
    assert (str(report.verdict), finding.reason) == ("INVALID", "transferred")
    assert "此证照已转出至其他发证机构" in finding.message("zh")
    index = httpx.get(tianjin.url + "/api/status/index", verify=False).content
    report = verify(file, trust=replace(trust, status_indexes=(index,)))
    (finding,) = [f for f in report.findings if f.code == "status.licence"]
    assert (str(report.verdict), finding.reason) == ("INVALID", "transferred")
    assert f"此证照已转出至山东海事局的 {new}" in finding.message("zh")
    assert f"The licence was transferred to 山东海事局, {new}" in finding.message("en")
    shown = pair.sides["shandong"].get(f"/api/licences/{new}/file", purpose="x").content
    listed = httpx.get(pair.sides["shandong"].url + "/api/status/1", verify=False).content
    trust = replace(trust, status_lists={LISTS["shandong"]: listed})
    report = verify(shown, trust=trust)
    assert str(report.verdict) == "VALID" and report.licence is not None
    assert report.licence.extra["transferred_from"] == old


def test_a_service_that_is_away_gets_it_when_it_is_back(pair: Pair) -> None:
    tianjin, shandong = pair.sides["tianjin"], pair.sides["shandong"]
    old = entered(pair, 2)
    pair.stop("shandong")
    told = offer(pair, old)
    assert told["messages"][0]["delivered"] is None and "away" in told["messages"][0]["error"]
    assert told["owed_by"] == TIANJIN
    url = f"/api/transfers/{told['id']}"
    waits = tianjin.get("/api/transfers", hours="0").json()["waiting"]
    assert [t["id"] for t in waits] == [told["id"]]
    pair.start("shandong")
    sent = tianjin.post("/api/transfers/resume", None).json()["sent"]
    assert [(s["transfer"], s["error"]) for s in sent] == [(told["id"], "")]
    assert shandong.get(url).json()["state"] == "incoming"
    pair.stop("tianjin")
    made = shandong.post(url + "/licence", body("shandong", 2)).json()
    assert (made["state"], made["state_zh"]) == ("issued", "新证照待生效")
    assert made["licence"]["standing"] == "pending"
    new = made["successor"]
    answer = shandong.get(f"/api/licences/{new}/file", purpose="x")
    assert answer.status_code == 404
    pair.start("tianjin")
    assert state(tianjin, old)["state"] == "transferring"
    shandong.post("/api/transfers/resume", None)
    assert state(tianjin, old)["state"] == "transferred"
    assert state(shandong, new)["state"] == "valid"


def test_cancelled_and_refused_over_http(pair: Pair) -> None:
    tianjin, shandong = pair.sides["tianjin"], pair.sides["shandong"]
    old = entered(pair, 3)
    first = offer(pair, old)["id"]
    told = tianjin.post(f"/api/transfers/{first}/cancel", {"reason": "申请人撤回"}).json()
    assert (told["state_zh"], told["owed_by"]) == ("已取消转出", "")
    assert shandong.get(f"/api/transfers/{first}").json()["state"] == "cancelled"
    history = tianjin.get(f"/api/licences/{old}/history", purpose="x").json()["history"]
    assert [h["operation_code"] for h in history] == ["01", "07", "10"]
    second = offer(pair, old)["id"]
    told = shandong.post(f"/api/transfers/{second}/refuse", {"reason": "材料不符"}).json()
    assert told["state"] == "refused"
    assert tianjin.get(f"/api/transfers/{second}").json()["state"] == "refused"
    assert state(tianjin, old)["state"] == "valid"
    late = shandong.post(f"/api/transfers/{second}/licence", body("shandong", 3))
    assert (late.status_code, late.json()["code"]) == (409, "transfer.order")
    late = tianjin.post(f"/api/transfers/{second}/cancel", {"reason": "x"})
    assert (late.status_code, late.json()["code"]) == (409, "transfer.order")


def test_an_offer_that_the_other_service_refuses_says_why(pair: Pair) -> None:
    tianjin = pair.sides["tianjin"]
    old = entered(pair, 4)
    pair.stop("shandong")
    first = offer(pair, old)["id"]
    raw = w_text(pair, first)
    pair.start("shandong")
    other = transfer_message.read(w.forged(raw, id="d" * 32))
    answer = httpx.post(pair.sides["shandong"].url + "/api/peer/transfer", content=other.raw,
                        verify=False)  # fmt: skip
    assert answer.status_code == 200  # the clerk's own office said it under another id
    (sent,) = [s for s in tianjin.post("/api/transfers/resume", None).json()["sent"]
               if s["transfer"] == first]  # fmt: skip
    assert sent["error"].startswith("transfer.under-way: refused by the other authority")


def w_text(pair: Pair, id: str) -> bytes:
    from elicense.registry import transfers

    registry = database.open_registry(f"sqlite:///{pair.folder / 'tianjin/registry.db'}")
    with registry.look() as connection:
        found = transfers.needed(connection, id, transfers.OUT)
        raw = transfers.text_of(connection, found, "offer")
    registry.close()
    assert raw is not None
    return raw


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"key_name": "status/guangdong-sm2"}, "transfer.signature", 403),
        ({"receiver": GUANGDONG}, "transfer.address", 409),
        ({"file_sha256": "0" * 64}, "", 0),
    ],
)
def test_a_forged_message_is_refused_over_http(
    pair: Pair, change: dict[str, str], code: str, status: int
) -> None:
    raw = w_text(pair, offer_once(pair))
    if not code:
        with pytest.raises(Exception, match="SHA-256"):
            w.forged(raw, **change)
        return
    url = pair.sides["shandong"].url + "/api/peer/transfer"
    answer = httpx.post(url, content=w.forged(raw, id="e" * 32, **change), verify=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    for rubbish in (b"", b"{}", b"\x30\x80", bytes(70_000)):
        assert httpx.post(url, content=rubbish, verify=False).status_code == 422


_ONCE: dict[Path, str] = {}


def offer_once(pair: Pair) -> str:
    if pair.folder not in _ONCE:
        _ONCE[pair.folder] = offer(pair, entered(pair, 5))["id"]
    return _ONCE[pair.folder]


def test_states_of_a_transfer_cannot_be_ordered(pair: Pair) -> None:
    tianjin = pair.sides["tianjin"]
    old = entered(pair, 6)
    for wanted in ("transferring", "transferred", "pending"):
        answer = tianjin.post(f"/api/licences/{old}/state", {"state": wanted, "reason": "x"})
        assert answer.status_code == 409, wanted
    offer(pair, old)
    answer = tianjin.post(f"/api/licences/{old}/state", {"state": "valid", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "registry.transfer")


def test_what_waits_is_listed_and_sent_from_the_command_line(pair: Pair) -> None:
    from click.testing import CliRunner

    from elicense.cli import cli

    old, folder = entered(pair, 107), pair.folder / "tianjin"
    pair.stop("shandong")
    id = offer(pair, old)["id"]
    text = (folder / "service.toml").read_text("utf-8")
    settings = folder / "command.toml"
    settings.write_text(text.replace(str(CERTS / "trust"), str(pair.trust)), "utf-8")
    run = CliRunner().invoke
    told = run(cli, ["transfers", "list", str(settings)])
    assert told.exit_code == 0 and f"{id}  转出 to 山东海事局  {old}" in told.stdout
    assert "now it is for this authority" in told.stdout and "away: " in told.stdout
    away = run(cli, ["transfers", "resume", str(settings)])
    assert away.exit_code == 3 and "offer to" in away.stdout
    pair.start("shandong")
    pair.sides["tianjin"].post("/api/transfers/resume", None)
    listed = run(cli, ["transfers", "list", str(settings), "--json"])
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(t["state"], t["owed_by"]) for t in found if t["id"] == id] == [("offered", SHANDONG)]
    rest = run(cli, ["transfers", "resume", str(settings), "--json"])
    assert id not in rest.stdout
