"""Queries across regions: two real services side by side, and every way to be lied to."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from elicense.errors import InputError
from elicense.identifiers import format_identifier
from elicense.issuing import signers
from elicense.trust.store import TrustStore
from elicense.web import peer_answer, peers
from elicense.web.app import create_app
from elicense.web.settings import Peers, Settings
from service_world import CERTS, application, free_port, prepare, served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
TIANJIN = "1.2.156.3005.2.11100000000019713D991.1112000000000T122L.2026000042.001.8"
LICENCE = {"identifier": TIANJIN, "type": "msa-doc", "state": "valid"}


def signer(name: str) -> Any:
    return signers.load(f"file:{CERTS}/keys/{name}.pem", certificate=f"{CERTS}/{name}.pem",
                        check=False)  # fmt: skip


@pytest.fixture(scope="module")
def trust() -> TrustStore:
    return TrustStore.load(CERTS / "trust")


def asked(now: datetime = NOW) -> peer_answer.Query:
    return peer_answer.ask(TIANJIN, purpose="登轮检查", region="370000", now=now)


def answered(query: peer_answer.Query, key: str = "status/tianjin-sm2", **other: Any) -> bytes:
    options = {"licence": LICENCE, "region": "120000", "now": NOW} | other
    return peer_answer.answer(
        query, options["licence"], region=options["region"], signer=signer(key),
        now=options["now"],
    )  # fmt: skip


# -- one answer -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["status/tianjin-sm2", "status/tianjin-rsa"])
def test_a_true_answer_is_proven(trust: TrustStore, key: str) -> None:
    query = asked()
    told = peer_answer.judge(answered(query, key), query=query, trust=trust, now=NOW)
    assert (told.problem, told.found, told.licence) == ("", True, LICENCE)


def test_that_a_region_knows_none_is_proven_too(trust: TrustStore) -> None:
    query = asked()
    told = peer_answer.judge(answered(query, licence=None), query=query, trust=trust, now=NOW)
    assert (told.proven, told.found, told.licence) == (True, False, None)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("status/guangdong-sm2", "not-entitled"),  # one region speaking for another
        ("sealers/tianjin-doc-sm2", "signer-not-entitled"),  # the right office, the wrong key
        ("rogue/tianjin-doc-sm2", "signer-not-trusted"),
    ],
)
def test_an_answer_by_anybody_else_proves_nothing(
    trust: TrustStore, key: str, problem: str
) -> None:
    query = asked()
    told = peer_answer.judge(answered(query, key), query=query, trust=trust, now=NOW)
    assert (told.problem, told.proven) == (problem, False)


def test_an_answer_to_another_query_proves_nothing(trust: TrustStore) -> None:
    first, second = asked(), asked()
    old = answered(first)
    told = peer_answer.judge(old, query=second, trust=trust, now=NOW)
    assert told.problem == "another-query"
    swapped = replace(second, raw=first.raw)  # the same bytes, another nonce
    assert peer_answer.judge(old, query=swapped, trust=trust, now=NOW).problem == "another-query"


def test_a_licence_swapped_inside_proves_nothing(trust: TrustStore) -> None:
    query = asked()
    other = LICENCE | {"identifier": TIANJIN.replace("42.001.8", "43.001.Z")}
    told = peer_answer.judge(answered(query, licence=other), query=query, trust=trust, now=NOW)
    assert told.problem == "another-licence"


@pytest.mark.parametrize("shift", [timedelta(hours=1), timedelta(hours=-1)])
def test_an_answer_of_another_time_proves_nothing(trust: TrustStore, shift: timedelta) -> None:
    query = asked()
    told = peer_answer.judge(answered(query, now=NOW + shift), query=query, trust=trust, now=NOW)
    assert told.problem == "wrong-time"


def test_no_byte_of_an_answer_can_be_changed(trust: TrustStore) -> None:
    query = asked()
    data = answered(query)
    content = data.index(b"elicense-answer")
    for place in range(content, content + 400, 7):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        told = peer_answer.judge(changed, query=query, trust=trust, now=NOW)
        assert not told.proven, place


@pytest.mark.parametrize("data", [b"", b"{}", b"0\x80", bytes(70_000), b"<html>"])
def test_what_cannot_be_read_proves_nothing(trust: TrustStore, data: bytes) -> None:
    assert peer_answer.judge(data, query=asked(), trust=trust, now=NOW).problem == "unreadable"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"nonce": "short"}, "nonce"), ({"region": "12"}, "region"), ({"purpose": " "}, "purpose"),
        ({"time": "2026-10-01T00:00:00Z"}, "time"), ({"time": "now"}, "time"), ({"x": "y"}, "x"),
        ({"identifier": 7}, "identifier"), ({"schema": "elicense-query/2"}, "schema"),
    ],
)  # fmt: skip
def test_a_query_is_read_strictly(change: dict[str, Any], place: str) -> None:
    members = json.loads(asked().raw) | change
    with pytest.raises(InputError) as caught:
        peer_answer.read_query(json.dumps(members).encode(), now=NOW)
    assert (caught.value.code, caught.value.place) == ("peer.query", place)


# -- two services -----------------------------------------------------------------------------


@dataclass
class Side:
    url: str
    tokens: dict[str, str]
    app: Any

    def get(self, path: str, scope: str = "all", **parameters: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[scope]}"}
        return httpx.get(self.url + path, params=parameters, headers=headers, timeout=30,
                         verify=False)  # fmt: skip

    def post(self, path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens['all']}"}
        return httpx.post(self.url + path, json=body, headers=headers, timeout=30, verify=False)


def tls(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own CA."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "tls.pem", folder / "tls.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
    )  # fmt: skip
    return certificate, private


def with_endpoints(folder: Path, ports: dict[str, int]) -> Path:
    """The test trust store, its status entries with the endpoints of the services."""
    target = folder / "trust"
    shutil.copytree(CERTS / "trust", target)
    text = (target / "trust.toml").read_text("utf-8")
    for region, port in ports.items():
        head = f'service = "status"\nregion = "{region}"\n'
        url = f'endpoint = "https://127.0.0.1:{port}/api/peer/query"\n'
        text = text.replace(head, head + url)
    (target / "trust.toml").write_text(text, encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    folder = tmp_path_factory.mktemp("regions")
    pair = tls(folder)
    ports = {"120000": free_port(), "370000": free_port(), "440000": free_port()}
    trust = with_endpoints(folder, ports)
    sides: list[Side] = []
    for region in ("tianjin", "shandong"):
        own = folder / region
        own.mkdir()
        code = {"tianjin": "120000", "shandong": "370000"}[region]
        hosts = ", ".join(f'"127.0.0.1:{port}"' for port in ports.values())
        more = (
            f'[peers]\nseconds = 3\nca_file = "{pair[0]}"\nallow_hosts = [{hosts}]\n'
            f'signer = {{ key = "file:{CERTS}/keys/status/{region}-sm2.pem", '
            f'certificate = "{CERTS}/status/{region}-sm2.pem" }}\n[uploads]\nworkers = 1\n'
        )
        tokens = prepare(own, region=region, more=more)
        settings = replace(Settings.load(own / "service.toml"), trust=str(trust))
        sides.append(Side(f"https://127.0.0.1:{ports[code]}", tokens, create_app(settings)))
    with served(sides[0].app, ports["120000"], pair), served(sides[1].app, ports["370000"], pair):
        yield sides[0], sides[1]


@pytest.fixture(scope="module")
def identifier(regions: tuple[Side, Side]) -> str:
    made = regions[0].post("/api/licences", application(1))
    assert made.status_code == 201, made.text
    return str(made.json()["identifier"])


def test_a_licence_of_tianjin_is_queried_in_shandong(
    regions: tuple[Side, Side], identifier: str
) -> None:
    told = regions[1].get(f"/api/query/{identifier}", purpose="登轮检查").json()
    assert (told["state"], told["proven"], told["found"]) == ("answered", True, True)
    assert (told["region"], told["licence"]["standing"]) == ("120000", "in-force")


def test_that_tianjin_does_not_know_it_is_an_answer_too(regions: tuple[Side, Side]) -> None:
    told = regions[1].get(f"/api/query/{TIANJIN}", purpose="x").json()
    assert (told["state"], told["found"], told["licence"]) == ("answered", False, None)
    own = regions[0].get(f"/api/query/{TIANJIN}", purpose="x").json()
    assert (own["state"], own["found"]) == ("own", False)


def test_a_withdrawn_licence_reads_so_elsewhere(regions: tuple[Side, Side]) -> None:
    made = regions[0].post("/api/licences", application(2)).json()
    url = f"/api/licences/{made['identifier']}/state"
    regions[0].post(url, {"state": "withdrawn", "reason": "by order"})
    told = regions[1].get(f"/api/query/{made['identifier']}", purpose="x").json()
    assert (told["proven"], told["licence"]["standing"]) == (True, "withdrawn")


def test_a_region_that_is_down_is_no_error_and_is_left_alone_after_a_while(
    regions: tuple[Side, Side],
) -> None:
    wanted = format_identifier(
        type="11100000000019713D991", issuer="1144000000000T448N", serial="2026000001", version=1
    )
    for _ in range(6):
        told = regions[1].get(f"/api/query/{wanted}", purpose="x").json()
        assert (told["state"], told["proven"], told["licence"]) == ("down", False, None)
    assert "left alone" in told["problem"]


def test_an_issuer_that_the_list_does_not_name_has_no_endpoint(
    regions: tuple[Side, Side],
) -> None:
    told = regions[1].get("/api/query/1.2.156.3005.2.x", purpose="x").json()
    assert (told["state"], told["host"]) == ("no-endpoint", "")


def test_a_query_costs_a_purpose_and_a_scope(regions: tuple[Side, Side], identifier: str) -> None:
    assert regions[1].get(f"/api/query/{identifier}").status_code == 422
    assert regions[1].get(f"/api/query/{identifier}", scope="state", purpose="x").status_code == 403


def test_a_malformed_query_is_a_problem_that_names_the_member(
    regions: tuple[Side, Side],
) -> None:
    answer = regions[0].post("/api/peer/query", {"schema": "x"})
    assert answer.status_code == 422 and answer.json()["code"] == "peer.query"


# -- a client among liars -----------------------------------------------------------------------


async def _asking(reply: bytes | str, trust: TrustStore, **headers: str) -> peers.Reply:
    """What a client makes of a server that answers ``reply`` to anything."""
    body = reply if isinstance(reply, bytes) else reply.encode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        kind = headers.get("kind", peer_answer.MEDIA_TYPE).encode()
        told = [(b"content-type", kind), (b"location", b"http://169.254.1.1/")]
        status = int(headers.get("status", 200))
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    client = peers.Client(Peers(allow_hosts=("127.0.0.1",)), "370000")
    client._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), follow_redirects=False)

    services = tuple(
        replace(s, endpoint="https://127.0.0.1/q") if s.service == "status" else s
        for s in trust.services
    )
    try:
        return await client.query(TIANJIN, purpose="x", trust=replace(trust, services=services))
    finally:
        await client.close()


def test_an_unsigned_answer_is_shown_and_never_proven(trust: TrustStore) -> None:
    body = json.dumps({"head": {"status": "0"}, "data": {"ZZBH": "1"}})
    told = asyncio.run(_asking(body, trust, kind="application/json"))
    assert (told.state, told.problem) == ("unproven", "unsigned")
    assert told.licence == json.loads(body)


@pytest.mark.parametrize(
    ("reply", "headers", "state"),
    [
        (b"nonsense", {}, "unproven"),
        (bytes(100_000), {}, "down"),
        (b"", {"status": "302"}, "down"),
        (b"", {"status": "500"}, "down"),
        (b"<html>", {"kind": "text/html"}, "unproven"),
    ],
)
def test_a_lying_server_proves_nothing(
    trust: TrustStore, reply: bytes, headers: dict[str, str], state: str
) -> None:
    assert asyncio.run(_asking(reply, trust, **headers)).state == state


def test_an_endpoint_at_a_private_address_is_not_asked(trust: TrustStore) -> None:
    client = peers.Client(Peers(), "370000")
    services = tuple(
        replace(s, endpoint="https://127.0.0.1:9/q") if s.service == "status" else s
        for s in trust.services
    )
    told = asyncio.run(client.query(TIANJIN, purpose="x", trust=replace(trust, services=services)))
    assert told.state == "down" and "private" in told.problem
