"""Messages of a transfer that are not what they say: each is refused by name, nothing changes."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transfer_world as w
from elicense import licence as licences
from elicense.errors import Error, InputError
from elicense.issuing import cms
from elicense.registry import audit, transfer_message, transfer_post
from elicense.registry.transfers import Office
from elicense.trust.status import content_of
from test_transfer import At, at, base  # noqa: F401 - fixtures
from transfer_world import GUANGDONG, NOW, OLD, OTHER, SHANDONG, TIANJIN, World


def receive(side: Office, raw: bytes, now: Any = NOW) -> transfer_post.Received:
    return transfer_post.receive(side, raw, now=now)


def refused(world: World, side: Office, raw: bytes, code: str, detail: str = "") -> None:
    """Refused by this name, and neither registry has a new entry."""
    before = heads(world)
    with pytest.raises(Error) as caught:
        receive(side, raw)
    assert caught.value.code == code, caught.value
    assert detail in caught.value.detail
    assert heads(world) == before


def heads(world: World) -> list[audit.Head]:
    found = []
    for side in (world.old, world.new):
        with side.registry.look() as connection:
            found.append(audit.verify(connection))
    return found


def issued_body(world: World, **changed: Any) -> dict[str, str]:
    """What "issued" says, of a licence that was changed after it was made."""
    message = transfer_message.read(w.said(world, "issued"))
    members = json.loads(message.data("licence")) | changed
    data = licences.dump(licences.load(json.dumps(members, ensure_ascii=False).encode()))
    return {"licence": base64.b64encode(data).decode(),
            "licence_sha256": hashlib.sha256(data).hexdigest()}  # fmt: skip


# -- who says it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("rogue/tianjin-doc-sm2", "signer-not-trusted"),
        ("sealers/tianjin-doc-sm2", "signer-not-entitled"),  # the right office, the wrong key
        ("status/guangdong-sm2", "not-by-that-office"),
        ("status/shandong-sm2", "not-by-that-office"),  # the receiver offering to itself
        ("bad/revoked-sm2", "signer-revoked"),
    ],
)  # fmt: skip
def test_a_forged_offer(at: At, key: str, problem: str) -> None:  # noqa: F811
    world = at("offered")
    raw = w.forged(w.said(world, "offer"), key_name=key)
    refused(world, world.new, raw, "transfer.signature", problem)


@pytest.mark.parametrize("kind", ["issued", "completed"])
@pytest.mark.parametrize("by", ["guangdong", "rogue", "other"])
def test_a_forged_word(at: At, kind: str, by: str) -> None:  # noqa: F811
    world, done = at("issued"), at("completed")
    message = transfer_message.read(w.said(done, kind))
    other = {TIANJIN: "shandong", SHANDONG: "tianjin"}[message.author]
    keys = {"guangdong": "status/guangdong-sm2", "rogue": "rogue/tianjin-doc-sm2",
            "other": f"status/{other}-sm2"}  # fmt: skip
    side = world.old if kind == "issued" else world.new
    refused(world, side, w.forged(message.raw, key_name=keys[by]), "transfer.signature")


def test_a_third_authority_that_speaks_in_its_own_name(at: At) -> None:  # noqa: F811
    world = at("issued")
    mine = w.forged(w.said(world, "issued"), "guangdong", receiver=GUANGDONG)
    refused(world, world.old, mine, "transfer.not-entitled")
    ours = issued_body(world, issuer={"name": "广东海事局", "code": GUANGDONG, "region": "440000"})
    mine = w.forged(w.said(world, "issued"), "guangdong", receiver=GUANGDONG, **ours)
    refused(world, world.old, mine, "transfer.parties")
    gone = w.forged(w.said(at("completed"), "completed"), "guangdong", sender=GUANGDONG)
    refused(world, world.new, gone, "transfer.parties")


def test_an_offer_of_a_licence_that_another_authority_issued(at: At) -> None:  # noqa: F811
    world = at("offered")
    raw = w.forged(w.said(world, "offer"), "guangdong", sender=GUANGDONG)
    refused(world, world.new, raw, "transfer.not-entitled")


@pytest.mark.parametrize(("kind", "stage"), [("offer", "offered"), ("issued", "issued")])
def test_a_message_for_another_authority(at: At, kind: str, stage: str) -> None:  # noqa: F811
    world = at(stage)
    raw = w.said(world, kind)
    own = world.old if kind == "offer" else world.new  # reflected to whoever said it
    refused(world, own, raw, "transfer.address")
    moved = w.forged(w.said(world, "offer"), receiver=GUANGDONG)
    refused(world, world.new, moved, "transfer.address")


def test_a_message_of_tomorrow(at: At) -> None:  # noqa: F811
    world = at("offered")
    raw = w.said(world, "offer")
    with pytest.raises(Error) as caught:
        receive(world.new, raw, NOW - timedelta(hours=1))
    assert (caught.value.code, caught.value.detail) == ("transfer.signature", "from-the-future")


# -- what it says ---------------------------------------------------------------------------


def test_a_licence_altered_in_the_offer(at: At) -> None:  # noqa: F811
    world = at("offered")
    message = transfer_message.read(w.said(world, "offer"))
    file = bytearray(message.data("file"))
    place = len(file) // 2
    file[place] ^= 0x20
    raw = w.forged(message.raw, file=base64.b64encode(file).decode(),
                   file_sha256=hashlib.sha256(file).hexdigest())  # fmt: skip
    refused(world, world.new, raw, "transfer.licence")


def test_a_file_that_is_no_licence(at: At) -> None:  # noqa: F811
    world = at("offered")
    for file in (b"%PDF-1.7 nothing", b"PK\3\4", b"x"):
        raw = w.forged(w.said(world, "offer"), file=base64.b64encode(file).decode(),
                       file_sha256=hashlib.sha256(file).hexdigest())  # fmt: skip
        refused(world, world.new, raw, "transfer.licence")


def test_another_licence_in_the_offer(at: At) -> None:  # noqa: F811
    world = at("offered")
    offer = w.said(world, "offer")
    refused(world, world.new, w.forged(offer, identifier=OTHER), "transfer.another-licence")
    refused(world, world.new, w.forged(offer, licence_sha256="0" * 64), "transfer.another-licence")


def test_a_licence_withdrawn_by_its_list_is_not_taken_in(at: At) -> None:  # noqa: F811
    from dataclasses import replace

    from elicense.issuing import status_list

    world = at("offered")
    record = w.record(world.old, OLD)
    assert record.status_index is not None
    data = status_list.sign(
        status_list.Content(
            record.status_list, status_list.pack({record.status_index: 1}, 1000),
            NOW - timedelta(hours=2), NOW + timedelta(days=1),
        ),
        signer=w.key("status/tianjin-sm2"),
    )  # fmt: skip
    trust = replace(w.trust(), status_lists={record.status_list: data})
    new = replace(world.new, trust=trust)
    refused(world, new, w.said(world, "offer"), "transfer.licence", "status.licence withdrawn")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"holder": {"name": "别的公司"}}, "holder"),
        ({"transferred_from": OTHER}, "previous_identifier"),
        ({"transferred_from": 7}, "previous_identifier"),
        ({"type": "msa-smc"}, "type"),
    ],
)
def test_a_successor_that_does_not_follow(
    at: At, changed: dict[str, Any], place: str  # noqa: F811
) -> None:
    world = at("issued")
    raw = w.forged(w.said(world, "issued"), **issued_body(world, **changed))
    before = heads(world)
    with pytest.raises(Error) as caught:
        receive(world.old, raw)
    assert (caught.value.code, caught.value.place) == ("transfer.successor", place)
    assert heads(world) == before


def test_a_successor_other_than_the_message_names(at: At) -> None:  # noqa: F811
    world = at("issued")
    raw = w.forged(w.said(world, "issued"), successor=w.licence("shandong", 77).identifier)
    refused(world, world.old, raw, "transfer.successor")
    done = w.forged(w.said(at("completed"), "completed"),
                    successor=w.licence("shandong", 77).identifier)  # fmt: skip
    refused(world, world.new, done, "transfer.another-licence")


def test_what_the_licence_data_cannot_be(at: At) -> None:  # noqa: F811
    world = at("issued")
    for data in (b"{}", b"[" * 1000, b"\xff"):
        raw = w.forged(w.said(world, "issued"), licence=base64.b64encode(data).decode(),
                       licence_sha256=hashlib.sha256(data).hexdigest())  # fmt: skip
        refused(world, world.old, raw, "transfer.successor")


# -- where it comes in ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["offer", "issued", "completed"])
def test_the_same_message_twice_changes_nothing(at: At, kind: str) -> None:  # noqa: F811
    world = at("completed")
    raw, before = w.said(world, kind), heads(world)
    side = world.old if kind == "issued" else world.new
    told = [receive(side, raw) for _ in range(3)]
    assert all(t.before and t.transfer.state == "completed" for t in told)
    assert heads(world) == before
    if kind == "issued":
        assert transfer_message.read(told[0].answer).kind == "completed"


@pytest.mark.parametrize("kind", ["offer", "issued", "completed"])
def test_another_message_in_the_same_place(at: At, kind: str) -> None:  # noqa: F811
    world = at("completed")
    raw = w.forged(w.said(world, kind), note="another")
    refused(world, world.old if kind == "issued" else world.new, raw, "transfer.fork")


def test_a_message_replayed_into_another_transfer(at: At) -> None:  # noqa: F811
    world = at("issued")
    issued = w.said(world, "issued")
    world.cancel(w.transfer_id(world))
    world.settle()
    second = world.request(w.record(world.old, OLD)).id
    world.settle()
    assert receive(world.old, issued).transfer.state == "cancelled"  # it belongs to the first
    assert world.of_old(second).state == "offered"
    raw = w.forged(issued, id=second)  # even said anew it answers another offer
    refused(world, world.old, raw, "transfer.order")
    other = w.forged(issued, id="c" * 32)
    refused(world, world.old, other, "transfer.unknown")


def test_messages_out_of_order(at: At) -> None:  # noqa: F811
    done = at("completed")
    issued, completed = w.said(done, "issued"), w.said(done, "completed")
    early = at("incoming")
    refused(early, early.new, completed, "transfer.order")
    nothing = at("entered")
    refused(nothing, nothing.old, issued, "transfer.unknown")
    refused(nothing, nothing.new, completed, "transfer.unknown")
    offer = transfer_message.read(w.said(done, "offer"))
    for kind, side in (("refused", done.old), ("cancelled", done.new)):
        region = {"refused": "shandong", "cancelled": "tianjin"}[kind]
        late = transfer_message.make(
            kind, id=offer.id, sender=offer.sender, receiver=offer.receiver,
            identifier=offer.identifier, answers=offer.digest, signer=w.key(f"status/{region}-sm2"),
            now=NOW,
        )  # fmt: skip
        refused(done, side, late.raw, "transfer.order")


def test_a_word_on_another_licence_of_the_same_authority(at: At) -> None:  # noqa: F811
    world = at("issued")
    body = issued_body(world, transferred_from=OTHER)
    raw = w.forged(w.said(world, "issued"), identifier=OTHER, **body)
    refused(world, world.old, raw, "transfer.another-licence")


# -- what it is made of ---------------------------------------------------------------------


def test_no_byte_of_what_a_message_says_can_be_changed(at: At) -> None:  # noqa: F811
    """Bits of the wrapping may be: the message then says and is the same."""
    world = at("issued")
    raw, same = w.said(world, "issued"), 0
    said, before = transfer_message.read(raw), heads(world)
    for place in range(0, len(raw), max(1, len(raw) // 300)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        try:
            message = transfer_message.read(changed)
            transfer_message.author_entries(message, trust=w.trust(), now=NOW)
        except Error:
            with pytest.raises(Error):
                receive(world.old, changed)
            continue
        same += 1
        assert (message.digest, message.body) == (said.digest, said.body)
    assert same < 10 and heads(world) == before


def test_a_message_whose_wrapping_was_changed_does_no_harm(at: At) -> None:  # noqa: F811
    """Another signature over the same words: the answer still fits what was said."""
    world = at("issued")
    message = transfer_message.read(w.said(world, "issued"))
    anew = cms.sign(
        w.key("status/shandong-sm2"), content=content_of(message.raw, "x", 10**7), attached=True,
        gm=True, attributes=cms.Attributes(signing_time=NOW + timedelta(seconds=1)),
    )  # fmt: skip
    assert anew != message.raw
    told = receive(world.old, anew)
    assert receive(world.new, told.answer).transfer.state == "completed"


def signed(members: object, content: bytes = b"") -> bytes:
    return cms.sign(
        w.key("status/tianjin-sm2"), content=content or json.dumps(members).encode(),
        attached=True, gm=True, attributes=cms.Attributes(signing_time=NOW),
    )  # fmt: skip


GOOD: dict[str, Any] = {
    "schema": "elicense-transfer/1", "id": "a" * 32, "kind": "cancelled", "from": TIANJIN,
    "to": SHANDONG, "identifier": OLD, "time": "2026-11-01T09:00:00Z", "answers": "b" * 64,
    "note": "",
}  # fmt: skip


def test_a_message_is_read() -> None:
    read = transfer_message.read(signed(GOOD))
    assert (read.author, read.addressee) == (TIANJIN, SHANDONG)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema", "elicense-transfer/2"), ("kind", "offered"), ("kind", 1), ("kind", []),
        ("id", "A" * 32), ("id", "a" * 31), ("id", "a" * 32 + "\n"), ("from", SHANDONG),
        ("from", "x"), ("to", None), ("identifier", "1.2.3"), ("identifier", ""),
        ("time", "2026-11-01"), ("time", ""), ("answers", ""), ("answers", "z" * 64),
        ("note", "n" * 501), ("note", {}), ("successor", OTHER), ("extra", "x"),
    ],
)  # fmt: skip
def test_a_message_is_read_strictly(name: str, value: Any) -> None:
    with pytest.raises(InputError):
        transfer_message.read(signed(GOOD | {name: value}))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_message_lacks_nothing(name: str) -> None:
    with pytest.raises(InputError):
        transfer_message.read(signed({k: v for k, v in GOOD.items() if k != name}))


def test_enclosed_files_are_bounded_and_of_their_digest(at: At) -> None:  # noqa: F811
    offer = w.said(at("offered"), "offer")
    members = dict(transfer_message.read(offer).body)
    good: dict[str, Any] = GOOD | members | {"kind": "offer", "answers": ""}
    assert transfer_message.read(signed(good)).body == members
    too_much = base64.b64encode(bytes(transfer_message.MAX_FILE + 1)).decode()
    for changed in (
        {"file": "!" + members["file"]}, {"file": ""}, {"file_sha256": "0" * 64},
        {"file": too_much}, {"format": "exe"}, {"file": members["file"] + "\n"},
    ):  # fmt: skip
        with pytest.raises(InputError):
            transfer_message.read(signed(good | changed))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    for raw in (data, signed(None, data or b"x")):
        with pytest.raises(Error):
            transfer_message.read(raw)


def test_a_flood_is_refused_before_it_is_read() -> None:
    with pytest.raises(Error) as caught:
        transfer_message.read(bytes(transfer_message.MAX_MESSAGE + 1))
    assert caught.value.code == "status.limit"


