"""Handing an application over: both sides see where it stands, and a lost receipt shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from elicense.errors import InputError, UsageError
from elicense.issuing import signers
from elicense.registry import audit, database, handover
from elicense.registry.database import Registry
from elicense.trust.store import TrustStore
from service_world import CERTS
from test_peers import Side, regions  # noqa: F401 - a fixture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TIANJIN, SHANDONG = "1112000000000T122L", "1137000000000T376K"
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
DOCUMENTS = [("申请表.pdf", "ab" * 32)]


def signer(region: str) -> Any:
    name = f"status/{region}-sm2"
    return signers.load(f"file:{CERTS}/keys/{name}.pem", certificate=f"{CERTS}/{name}.pem",
                        check=False)  # fmt: skip


def first(region: str = "shandong", **other: Any) -> handover.Receipt:
    options = {"matter": "核验", "sender": SHANDONG, "receiver": TIANJIN, "now": NOW} | other
    return handover.read(
        handover.begin(documents=DOCUMENTS, signer=signer(region), **options)
    )


def after(last: handover.Receipt, state: str, region: str, **other: Any) -> handover.Receipt:
    now = last.time + timedelta(minutes=1)
    return handover.read(
        handover.following(last, state, signer=signer(region), now=now, **other)
    )


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = database.create(f"sqlite:///{tmp_path / 'r.db'}", name="r")
    yield made
    made.close()


def enter(registry: Registry, receipt: handover.Receipt) -> handover.Handover:
    with registry.change() as connection:
        return handover.enter(connection, receipt, actor="t", now=receipt.time)


@pytest.fixture(scope="module")
def trust() -> TrustStore:
    return TrustStore.load(CERTS / "trust")


def test_a_matter_goes_its_way_and_every_receipt_is_kept(
    registry: Registry, trust: TrustStore
) -> None:
    receipts = [first()]
    for state, region in (("received", "tianjin"), ("incomplete", "tianjin"),
                          ("supplied", "shandong"), ("received", "tianjin"),
                          ("accepted", "tianjin"), ("decided", "tianjin"),
                          ("delivered", "shandong")):  # fmt: skip
        receipts.append(after(receipts[-1], state, region))
    for receipt in receipts:
        assert handover.problem(receipt, trust=trust, now=receipt.time) == ""
        told = enter(registry, receipt)
    assert (told.state, len(told.receipts)) == ("delivered", 8)
    assert told.receipts == tuple(receipts)
    with registry.look() as connection:
        assert audit.verify(connection).sequence == 8


def test_the_same_receipt_twice_changes_nothing(registry: Registry) -> None:
    receipt = first()
    assert enter(registry, receipt) == enter(registry, receipt)


def test_a_lost_receipt_is_noticed_and_sent_again(registry: Registry) -> None:
    one = first()
    two = after(one, "received", "tianjin")
    three = after(two, "accepted", "tianjin")
    enter(registry, one)
    with pytest.raises(UsageError) as caught:
        enter(registry, three)
    assert caught.value.code == "handover.gap" and "receipt 2" in caught.value.detail
    for receipt in (two, three):
        enter(registry, receipt)
    with pytest.raises(UsageError):
        enter(registry, replace(two, id="0" * 32))


def test_two_receipts_in_one_place_are_refused(registry: Registry) -> None:
    one = first()
    enter(registry, one)
    enter(registry, after(one, "received", "tianjin"))
    with pytest.raises(UsageError) as caught:
        enter(registry, after(one, "refused", "tianjin"))
    assert caught.value.code == "handover.fork"


@pytest.mark.parametrize(
    ("region", "problem"), [("tianjin", "not-by-that-office"), ("guangdong", "not-by-that-office")]
)
def test_only_the_office_itself_speaks_for_itself(
    trust: TrustStore, region: str, problem: str
) -> None:
    assert handover.problem(first(region), trust=trust, now=NOW) == problem


def test_who_owes_the_next_receipt_is_told(registry: Registry) -> None:
    told = enter(registry, first())
    day = timedelta(days=1)
    assert told.waiting(NOW + timedelta(hours=1), day) == ""
    assert told.waiting(NOW + 2 * day, day) == "to"
    with registry.look() as connection:
        assert handover.unfinished(connection, before=NOW + day) == (told,)
        assert handover.unfinished(connection, before=NOW) == ()


@pytest.mark.parametrize("state", ["sent", "accepted", "decided", "delivered", "nonsense"])
def test_a_state_that_does_not_follow_is_refused(state: str) -> None:
    with pytest.raises(UsageError):
        handover.following(first(), state, signer=signer("tianjin"), now=NOW)


@pytest.mark.parametrize(
    "wrong", [{"receiver": "12"}, {"receiver": SHANDONG}, {"matter": ""}, {"sender": "x" * 18}]
)
def test_a_receipt_is_read_strictly(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError):
        first(**wrong)


def test_two_services_hand_a_matter_over(regions: tuple[Side, Side]) -> None:  # noqa: F811
    tianjin, shandong = regions
    body = {"matter": "符合证明核验", "receiver": TIANJIN,
            "documents": [{"name": n, "sha256": d} for n, d in DOCUMENTS]}  # fmt: skip
    begun = shandong.post("/api/handovers", body)
    assert begun.status_code == 201, begun.text
    told = begun.json()
    assert (told["state_zh"], told["delivered_to_peer"]) == ("已寄出", True)
    url = f"/api/handovers/{told['id']}"
    assert tianjin.get(url).json()["receipts"] == told["receipts"]
    assert shandong.post(url + "/state", {"state": "received"}).json()["code"] == "handover.turn"
    for state in ("received", "accepted", "decided"):
        assert tianjin.post(url + "/state", {"state": state}).json()["delivered_to_peer"]
    assert shandong.get(url).json()["state"] == "decided"
    assert shandong.post(url + "/state", {"state": "delivered"}).json()["state"] == "delivered"
    assert tianjin.get(url).json()["state_zh"] == "已送达"
    assert shandong.post(url + "/resend", None).json()["delivered_to_peer"]
    assert tianjin.get("/api/handovers", hours="0").json()["waiting"] == []


def test_an_office_without_an_endpoint_gets_it_later(
    regions: tuple[Side, Side],  # noqa: F811
) -> None:
    shandong = regions[1]
    body = {"matter": "x", "receiver": "1111000000000T111X", "documents": []}
    told = shandong.post("/api/handovers", body).json()
    assert told["delivered_to_peer"] is False
    waiting = shandong.get("/api/handovers", hours="0").json()["waiting"]
    assert [(item["id"], item["owed_by"]) for item in waiting] == [(told["id"], "to")]


def test_a_forged_receipt_is_refused(regions: tuple[Side, Side]) -> None:  # noqa: F811
    import httpx

    tianjin = regions[0]
    forged = first("guangdong", now=datetime.now(UTC))
    answer = httpx.post(tianjin.url + "/api/peer/handover", content=forged.raw, verify=False)
    assert answer.json()["code"] == "handover.signature"
    other = first(receiver="1144000000000T448N", now=datetime.now(UTC))
    answer = httpx.post(tianjin.url + "/api/peer/handover", content=other.raw, verify=False)
    assert answer.json()["code"] == "handover.address"
