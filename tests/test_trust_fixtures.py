"""The managed folder and the bundle of the test PKI judge as the hand-written folder does."""

from __future__ import annotations

import datetime
import json

import pytest

import elicense
from elicense.trust.store import TrustStore
from issuing_world import CERTS, SAMPLES

EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
OPERATOR = CERTS / "operator/operator-sm2.pem"
STORES = {
    "managed": TrustStore.load(CERTS / "managed"),
    "bundle": TrustStore.load_bundle(CERTS / "device.elt", operators=[OPERATOR.read_bytes()]),
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", EXPECTED["samples"])
def test_every_sample_gets_the_verdict_of_the_hand_written_folder(name: str, store: str) -> None:
    at = datetime.datetime.fromisoformat(EXPECTED["at"])
    report = elicense.verify(SAMPLES / name, trust=STORES[store], at=at)
    wanted = EXPECTED["samples"][name]
    told = {f.code for f in report.findings if f.outcome in {"FAIL", "UNKNOWN"}}
    assert str(report.verdict) == wanted["verdict"], sorted(told)
    if wanted["code"]:
        assert wanted["code"] in told


@pytest.mark.parametrize("store", STORES)
def test_the_store_is_whole_and_marked_test(store: str) -> None:
    trust = STORES[store]
    assert trust.test and not trust.refused
    assert {item.id for item in trust.lists} == {
        "", "120000", "370000", "440000", "survey", "national",
    }  # fmt: skip
    by_hand = TrustStore.load(CERTS / "trust")
    assert set(trust.anchors) == set(by_hand.anchors)
    assert sorted(trust.crls) == sorted(by_hand.crls)
    assert dict(trust.status_lists) == dict(by_hand.status_lists)
    assert trust.status_indexes == by_hand.status_indexes
    assert {s.uscc for s in trust.services} == {s.uscc for s in by_hand.services}
    assert len(trust.services) == len(by_hand.services)
