"""The licence's own state: which list may speak of it, and what it may say."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

import trust_builders as b
from elicense.issuing import cms
from elicense.policy import Policy
from elicense.trust.service import Service

from pki import status_list  # isort: skip

DOC = "tianjin-doc.ofd"
SIGNER = "status/tianjin-sm2"


def reference() -> tuple[str, int]:
    status = b.verdict(DOC).licence.status  # type: ignore[union-attr]
    assert status is not None
    return status.list, status.index


def made(
    code: int = 0, *, signer: str = SIGNER, uri: str = "", size: int = 4096,
    issued: datetime = b.NOW, expires: datetime = b.SOON,
) -> bytes:  # fmt: skip
    own, index = reference()
    states = {index: code} if index < size else {}
    return status_list.status_list(
        b.desk().world.credential(signer), uri=uri or own, states=states, size=size,
        issued=issued, expires=expires,
    )  # fmt: skip


def payload(**changes: Any) -> bytes:
    """A signed list whose JSON is changed; None leaves a member out."""
    packed = urlsafe_b64encode(zlib.compress(bytes(2048))).rstrip(b"=").decode()
    members: dict[str, Any] = {
        "sub": reference()[0], "iat": int(b.NOW.timestamp()), "exp": int(b.SOON.timestamp()),
        "status_list": {"bits": 4, "lst": packed}, **changes,
    }  # fmt: skip
    return sealed(json.dumps({k: v for k, v in members.items() if v is not None}).encode())


def sealed(content: bytes) -> bytes:
    return cms.sign(b.desk().world.credential(SIGNER), content=content, attached=True,
                    attributes=cms.Attributes(signing_time=b.NOW))  # fmt: skip


def asked(raw: bytes | None, **more: Any) -> tuple[str, str, str]:
    trust = more.pop("trust", b.sample_trust())
    lists = dict(trust.status_lists)
    lists.pop(reference()[0], None)
    if raw is not None:
        lists[reference()[0]] = raw
    report = b.verdict(DOC, trust=replace(trust, status_lists=lists), **more)
    (finding,) = b.only(report, "status.licence")
    assert (str(report.verdict) == "VALID") is (finding.outcome == "PASS")
    return str(finding.outcome), finding.reason, finding.values.get("detail", "")


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        (0, "PASS", ""), (1, "FAIL", "withdrawn"), (2, "FAIL", "suspended"),
        (0x0B, "FAIL", "superseded"), (0x0C, "FAIL", "transferred"),
        (3, "UNKNOWN", "state-unknown"), (15, "UNKNOWN", "state-unknown"),
    ],
)  # fmt: skip
def test_states(code: int, outcome: str, reason: str) -> None:
    assert asked(made(code))[:2] == (outcome, reason)


def test_a_neighbours_state_is_not_ours() -> None:
    own, index = reference()
    states = {index ^ 1: 1, index + 2: 2}
    raw = status_list.status_list(
        b.desk().world.credential(SIGNER), uri=own, states=states, size=4096, issued=b.NOW,
        expires=b.SOON,
    )  # fmt: skip
    assert asked(raw)[0] == "PASS"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (lambda: made(uri="https://status.tj.example/lists/2"), "another-list"),
        (lambda: made(issued=b.day(2026, 1), expires=b.day(2026, 10)), "past-its-validity"),
        (lambda: made(issued=b.day(2026, 12)), "from-the-future"),
        (lambda: made(signer="status/shandong-sm2"), "signer-not-entitled"),
        (lambda: made(signer="sealers/tianjin-doc-sm2"), "signer-not-entitled"),
        (lambda: made(signer="rogue/tianjin-doc-sm2"), "signer-not-trusted"),
        (lambda: payload(exp=None, iat=int(b.day(2026, 9).timestamp())), "past-its-validity"),
    ],
)
def test_a_list_that_may_not_speak_is_no_news(raw: Any, problem: str) -> None:
    assert asked(raw()) == ("UNKNOWN", "list-unusable", problem)


def test_a_bad_state_in_a_list_that_may_not_speak_is_no_proof() -> None:
    assert asked(made(1, signer="status/shandong-sm2"))[0] == "UNKNOWN"


def test_a_list_without_an_end_is_good_for_as_long_as_the_policy_says() -> None:
    raw = payload(exp=None, iat=int(b.day(2026, 10, 1).timestamp()))
    assert asked(raw)[0] == "UNKNOWN"
    from datetime import timedelta

    assert asked(raw, policy=Policy(status_age=timedelta(days=40)))[0] == "PASS"


def test_out_of_range_and_absent_are_open_questions() -> None:
    assert asked(made(size=0))[:2] == ("UNKNOWN", "out-of-range")
    assert asked(None)[:2] == ("UNKNOWN", "list-absent")


def test_a_changed_list_is_not_believed() -> None:
    raw = made()
    packed = json.loads(raw[raw.index(b'{"sub"') : raw.index(b"}}") + 2])["status_list"]["lst"]
    at = raw.index(packed.encode()) - 30
    for step in range(0, 60, 7):
        changed = raw[: at + step] + bytes([raw[at + step] ^ 1]) + raw[at + step + 1 :]
        assert asked(changed)[0] == "UNKNOWN"


def test_a_revoked_signer_is_not_believed() -> None:
    entities = b.desk().world.entities
    ca = entities["ca/national-sm2"]
    serial = b.read_certificate(entities[SIGNER].certificate).serial
    crl = b.crl(b.Made(ca.subject, ca.key, ca.certificate), b.entry(serial, b.day(2026, 5)))
    trust = replace(b.sample_trust(), crls=(*b.sample_trust().crls, crl))
    assert asked(made(), trust=trust)[2] == "signer-revoked"


def test_an_entry_without_a_code_does_not_speak_for_issuers_without_one() -> None:
    def drop(entry: Service) -> Service:
        return replace(entry, uscc="") if entry.service == "status" else entry

    trust = b.with_services(b.sample_trust(), drop)
    assert asked(made(), trust=trust)[2] == "signer-not-entitled"


def test_a_signer_whose_entry_has_ended_is_not_believed() -> None:
    def end(entry: Service) -> Service:
        return replace(entry, ends=b.day(2026, 6)) if entry.service == "status" else entry

    trust = b.with_services(b.sample_trust(), end)
    assert asked(made(), trust=trust)[2] == "signer-not-entitled"


def _bomb() -> bytes:
    machine = zlib.compressobj(1)
    block = bytes(1 << 20)
    packed = b"".join(machine.compress(block) for _ in range(80)) + machine.flush()
    return payload(status_list={"bits": 4, "lst": urlsafe_b64encode(packed).decode()})


GOOD_PACK = urlsafe_b64encode(zlib.compress(bytes(64))).decode()


@pytest.mark.parametrize(
    "raw",
    [
        lambda: b"", lambda: b"\x30\x00", lambda: b"{}", lambda: sealed(b"[]"),
        lambda: sealed(b"\xff"), lambda: sealed(b"[" * 100_000), lambda: sealed(b"1" * 5000),
        lambda: sealed(b'{"sub": "a", "sub": "b"}'), lambda: payload(sub=3),
        lambda: payload(iat="x"), lambda: payload(iat=-1), lambda: payload(iat=1 << 39),
        lambda: payload(exp=1 << 39), lambda: payload(exp=True), lambda: payload(status_list=[]),
        lambda: payload(status_list={"bits": 8, "lst": GOOD_PACK}),
        lambda: payload(status_list={"bits": 4, "lst": "!!"}),
        lambda: payload(status_list={"bits": 4, "lst": "é"}),
        lambda: payload(status_list={"bits": 4, "lst": GOOD_PACK[:8]}),
        _bomb,
    ],
)  # fmt: skip
def test_hostile_lists_are_unreadable_and_nothing_else_is_raised(raw: Any) -> None:
    assert asked(raw())[:2] == ("UNKNOWN", "list-unreadable")
