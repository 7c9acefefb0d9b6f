"""A licence goes from one authority to another: both registries tell one story."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import transfer_world as w
from elicense.errors import UsageError
from elicense.registry import (
    audit,
    changes,
    records,
    state_codes,
    transfer_message,
    transfer_post,
    transfers,
)
from elicense.registry.states import states as life_cycle
from transfer_world import GUANGDONG, NEW, NOW, OLD, OTHER, SHANDONG, TIANJIN, World, refused

At = Callable[[str], World]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transfers")


@pytest.fixture
def at(base: Path, tmp_path: Path, request: pytest.FixtureRequest) -> At:
    def make(stage: str) -> World:
        world = w.at(stage, base, tmp_path)
        request.addfinalizer(world.close)
        return world

    return functools.cache(make)


def states(world: World) -> tuple[str, str]:
    """Of the old licence, and of the new one if there is one."""
    with world.new.registry.look() as connection:
        new = records.licence(connection, NEW)
    return w.record(world.old, OLD).state, new.state if new else ""


# -- the way of a licence -------------------------------------------------------------------


def test_at_every_stage_at_most_one_licence_is_in_force(at: At) -> None:
    told = {stage: (states(at(stage)), w.in_force(at(stage))) for stage in w.STAGES}
    assert told == {
        "entered": (("valid", ""), [OTHER, OLD]),
        "offered": (("transferring", ""), [OTHER, OLD]),
        "incoming": (("transferring", ""), [OTHER, OLD]),
        "issued": (("transferring", "pending"), [OTHER, OLD]),
        "let-go": (("transferred", "pending"), [OTHER]),
        "completed": (("transferred", "valid"), [OTHER, NEW]),
    }


def test_each_registry_names_the_other_licence_and_its_authority(at: At) -> None:
    world = at("completed")
    old, new = w.record(world.old, OLD), w.record(world.new, NEW)
    assert (old.successor, old.successor_authority) == (NEW, "山东海事局")
    assert (new.predecessor, new.predecessor_authority) == (OLD, "天津海事局")
    id = w.transfer_id(world)
    assert (world.of_old(id).state, world.of_new(id).state) == ("completed", "completed")
    assert (world.of_old(id).successor, world.of_new(id).successor) == (NEW, NEW)


def test_the_sealed_data_of_the_new_licence_name_the_old_one(at: At) -> None:
    from elicense import licence as licences

    data = w.record(at("completed").new, NEW).data
    assert data is not None and licences.load(data).extra["transferred_from"] == OLD


def test_every_step_stands_in_both_audit_chains(at: At) -> None:
    world, told = at("completed"), []
    for side in (world.old, world.new):
        with side.registry.look() as connection:
            audit.verify(connection)
            entries = [e for e in audit.entries(connection, OLD) if e.action == "transfer"]
            told.append([(e.detail["message"], e.detail["by"]) for e in entries])
    assert told[0] == told[1] == [
        ("offer", TIANJIN), ("issued", SHANDONG), ("completed", TIANJIN)
    ]  # fmt: skip


def test_a_new_licence_is_handed_to_nobody_before_the_old_one_is_gone(at: At) -> None:
    for stage, there in (("issued", False), ("completed", True)):
        side = at(stage).new
        with side.registry.look() as connection:
            file = records.file(connection, records.needed(connection, NEW))
        assert (file is not None) is there


def test_a_licence_that_waits_cannot_be_put_in_force_by_hand(at: At) -> None:
    world = at("issued")
    for side, identifier, state in (
        (world.new, NEW, "valid"), (world.new, NEW, "cancelled"), (world.old, OLD, "valid"),
        (world.old, OLD, "transferred"), (world.old, OLD, "withdrawn"),
    ):  # fmt: skip
        def change(side: object = side, identifier: str = identifier, state: str = state) -> None:
            with side.registry.change() as connection:  # type: ignore[attr-defined]
                changes.change_state(connection, identifier, state, reason="x", actor="x",
                                     now=NOW)  # fmt: skip

        refused("registry.transfer", change)


# -- cancelling, refusing -------------------------------------------------------------------


def test_cancelled_before_the_offer_arrives(at: At) -> None:
    world = at("offered")
    id, offer = w.transfer_id(world), w.said(world, "offer")
    world.cancel(id)
    world.settle()
    assert states(world) == ("valid", "") and world.of_new(id).state == "cancelled"
    told = transfer_post.receive(world.new, offer, now=NOW)  # it comes late
    assert told.transfer.state == "cancelled"
    refused("transfer.order", lambda: world.issue(id))


def test_cancelled_while_the_new_authority_decides(at: At) -> None:
    world = at("incoming")
    id = w.transfer_id(world)
    assert world.cancel(id).owed_by == TIANJIN
    world.settle()
    assert states(world) == ("valid", "")
    assert (world.of_old(id).state, world.of_new(id).state) == ("cancelled", "cancelled")
    assert world.of_old(id).owed_by == ""
    refused("transfer.order", lambda: world.issue(id))
    with world.new.registry.look() as connection:  # another's licence is not kept
        assert transfers.text_of(connection, world.of_new(id), "offer") is None


def test_cancelled_while_the_word_of_issuing_travels(at: At) -> None:
    """The race: what the old authority enters first counts."""
    world = at("issued")
    id = w.transfer_id(world)
    world.cancel(id)
    assert w.in_force(world) == [OTHER, OLD]
    assert [s.error for s in world.deliver(world.new)] == [""]  # "issued"; the answer: cancelled
    world.settle()
    assert states(world) == ("valid", "cancelled")
    assert (world.of_old(id).state, world.of_new(id).state) == ("cancelled", "cancelled")
    assert w.in_force(world) == [OTHER, OLD]


def test_the_word_of_cancelling_may_overtake_that_of_issuing(at: At) -> None:
    world = at("issued")
    id, issued = w.transfer_id(world), w.said(world, "issued")
    world.cancel(id)
    world.deliver(world.old)
    assert states(world) == ("valid", "cancelled")
    told = transfer_post.receive(world.old, issued, now=NOW)
    assert transfer_message.read(told.answer).kind == "cancelled"
    world.settle()
    assert states(world) == ("valid", "cancelled")


def test_what_is_let_go_cannot_be_cancelled(at: At) -> None:
    world = at("issued")
    world.lost.add("back")
    world.deliver(world.new)  # let go; the new authority does not know yet
    assert (states(world), w.in_force(world)) == (("transferred", "pending"), [OTHER])
    refused("transfer.order", lambda: world.cancel(w.transfer_id(world)))
    world.lost.clear()
    world.settle()
    assert states(world) == ("transferred", "valid")


@pytest.mark.parametrize("then", ["suspended", "withdrawn", "cancelled"])
def test_an_authority_that_must_act_ends_the_transfer_with_it(at: At, then: str) -> None:
    world = at("incoming")
    world.cancel(w.transfer_id(world), then)
    world.settle()
    assert states(world) == (then, "") and w.in_force(world) == [OTHER]


def test_refused_by_the_new_authority(at: At) -> None:
    world = at("incoming")
    id = w.transfer_id(world)
    world.refuse(id)
    assert states(world)[0] == "transferring"
    world.settle()
    assert states(world) == ("valid", "")
    assert (world.of_old(id).state, world.of_new(id).state) == ("refused", "refused")
    assert "材料不符" in world_reason(world)
    refused("transfer.order", lambda: world.issue(id))


def world_reason(world: World) -> str:
    with world.old.registry.look() as connection:
        record = records.needed(connection, OLD)
        return records.history(connection, record)[-1].reason


def test_refused_and_cancelled_at_once(at: At) -> None:
    world = at("incoming")
    id = w.transfer_id(world)
    world.refuse(id)
    world.cancel(id)
    world.settle()
    assert states(world) == ("valid", "")
    assert (world.of_old(id).open, world.of_new(id).open) == (False, False)


def test_after_issuing_the_new_authority_cannot_refuse(at: At) -> None:
    world = at("issued")
    refused("transfer.order", lambda: world.refuse(w.transfer_id(world)))


# -- a second transfer ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "code"),
    [("offered", "transfer.under-way"), ("incoming", "transfer.under-way"),
     ("issued", "transfer.under-way"), ("completed", "transfer.state")],
)  # fmt: skip
@pytest.mark.parametrize("receiver", [SHANDONG, GUANGDONG])
def test_a_second_transfer_is_refused(at: At, stage: str, code: str, receiver: str) -> None:
    world = at(stage)
    refused(code, lambda: world.request(w.record(world.old, OLD), receiver))


def test_the_database_itself_holds_one_open_transfer_of_a_licence(at: At) -> None:
    from elicense.errors import Error

    world = at("offered")
    offer = transfer_message.read(w.forged(w.said(world, "offer"), id="b" * 32))
    with pytest.raises(Exception) as caught, world.old.registry.change() as connection:
        transfers.begin(connection, offer, "out", "offered", authority="", reason="", now=NOW)
    assert isinstance(caught.value, Error) and caught.value.code == "registry.database"


def test_the_new_authority_refuses_a_second_offer_of_the_same_licence(at: At) -> None:
    for stage, code in (
        ("incoming", "transfer.under-way"), ("issued", "transfer.under-way"),
        ("completed", "transfer.done"),
    ):  # fmt: skip
        world = at(stage)
        again = w.forged(w.said(world, "offer"), id="a" * 32)
        refused(code, lambda world=world, again=again: transfer_post.receive(  # type: ignore[misc]
            world.new, again, now=NOW))  # fmt: skip


def test_after_a_cancellation_it_can_be_transferred_again(at: At) -> None:
    world = at("issued")
    world.cancel(w.transfer_id(world))
    second = world.request(w.record(world.old, OLD)).id
    world.settle()
    assert world.of_new(second).state == "incoming"
    issued = world.issue(second, serial=7)
    world.settle()
    assert w.in_force(world) == [OTHER, issued.successor]
    assert states(world) == ("transferred", "cancelled")


def test_a_licence_goes_on_to_a_third_authority_and_back(at: At, tmp_path: Path) -> None:
    first = at("completed")
    back = World(first.new, first.old)
    id = back.request(w.record(back.old, NEW), TIANJIN).id
    back.deliver(back.old)
    made = w.licence("tianjin", 9, holder=w.HOLDER)
    from elicense.registry import transfer_in

    transfer_in.issue(back.new, id, made, actor="x", now=NOW, **w.sealed_with("tianjin"))
    back.settle()
    assert w.record(back.new, made.identifier).predecessor == NEW
    assert w.in_force(back) == [OTHER, made.identifier] or w.in_force(back) == [
        made.identifier, OTHER
    ]  # fmt: skip


# -- who may ----------------------------------------------------------------------------------


def test_only_a_licence_in_force_is_transferred(at: At) -> None:
    world = at("entered")
    with world.old.registry.change() as connection:
        changes.change_state(connection, OLD, "suspended", reason="x", actor="x", now=NOW)
    refused("transfer.state", lambda: world.request(w.record(world.old, OLD)))
    world.now = NOW + timedelta(days=2000)  # expired
    refused("transfer.state", lambda: world.request(w.record(world.old, OTHER)))


def test_a_receiver_that_the_trust_list_does_not_name_is_refused(at: At) -> None:
    world = at("entered")
    record = w.record(world.old, OLD)
    for receiver in ("1111000000000T111X", TIANJIN, "x"):
        refused("transfer.receiver", lambda receiver=receiver: world.request(record, receiver))  # type: ignore[misc]
    smc = replace(world.old, uscc=GUANGDONG)
    refused("transfer.not-ours", lambda: replace(world, old=smc).request(record))


def test_without_a_reason_nothing_is_transferred(at: At) -> None:
    from elicense.registry import transfer_out

    world = at("entered")
    refused("registry.reason", lambda: transfer_out.request(
        world.old, OLD, SHANDONG, reason=" ", actor="x", now=NOW))  # fmt: skip
    assert w.record(world.old, OLD).state == "valid"


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"holder": replace(w.HOLDER, name="别的公司")}, "holder"),
        ({"type": "msa-smc"}, "type"),
        ({"extra": {"transferred_from": OTHER}}, "previous_identifier"),
        ({"issuer": w.licence("tianjin").issuer}, "issuer.code"),
        ({"identifier": OLD}, "identifier"),
    ],
)
def test_a_new_licence_that_does_not_follow_the_old_one_is_not_issued(
    at: At, changed: dict[str, object], place: str
) -> None:
    world = at("incoming")
    with pytest.raises(UsageError) as caught:
        world.issue(w.transfer_id(world), **changed)
    assert (caught.value.code, caught.value.place) == ("transfer.successor", place)
    assert world.of_new(w.transfer_id(world)).state == "incoming"


# -- what waits -------------------------------------------------------------------------------


def test_what_waits_for_whom_is_told_on_both_sides(at: At) -> None:
    day = timedelta(days=1)
    wanted = {"offered": (TIANJIN, ""), "incoming": (SHANDONG, SHANDONG),
              "issued": (SHANDONG, SHANDONG), "completed": ("", "")}  # fmt: skip
    for stage, owed in wanted.items():
        world, told = at(stage), []
        for side in (world.old, world.new):
            with side.registry.look() as connection:
                assert transfers.unfinished(connection, before=NOW - day) == ()
                found = transfers.unfinished(connection, before=NOW + day)
            told.append(found[0].owed_by if found else "")
        assert tuple(told) == owed, stage


def test_an_authority_that_is_away_gets_it_later(at: At) -> None:
    world = at("offered")
    world.lost.add("to")
    for attempt in (1, 2):
        assert world.deliver(world.old)[0].error.startswith("away")
        kept = world.of_old(w.transfer_id(world)).message("offer")
        assert kept is not None and (kept.attempts, kept.delivered) == (attempt, None)
    world.lost.clear()
    world.settle()
    assert world.of_new(w.transfer_id(world)).state == "incoming"


def test_an_answer_that_is_lost_is_got_again(at: At) -> None:
    world = at("issued")
    world.lost.add("back")
    assert world.deliver(world.new)[0].error.startswith("away")
    world.lost.clear()
    world.deliver(world.new)
    assert states(world) == ("transferred", "valid")


def test_a_word_that_was_only_said_to_be_taken_is_said_again(at: At) -> None:
    world = at("issued")
    transfer_post.deliver(world.new, lambda to, data: b"", clock=lambda: NOW)  # a liar took it
    assert states(world) == ("transferring", "pending")
    world.settle()
    assert states(world) == ("transferred", "valid")


def test_erasing_a_licence_erases_what_the_messages_say(at: At) -> None:
    world = at("completed")
    id = w.transfer_id(world)
    with world.old.registry.change() as connection:
        changes.erase(connection, OLD, reason="over", actor="x", now=NOW)
    with world.old.registry.look() as connection:
        found = world.of_old(id)
        assert [transfers.text_of(connection, found, m.kind) for m in found.messages] == [None] * 3
        assert all(len(m.digest) == 64 for m in found.messages)
    assert world.deliver(world.old) == ()


# -- what the manual says ---------------------------------------------------------------------


def test_the_manual_names_the_messages_and_errors_that_are() -> None:
    root = Path(__file__).parent.parent
    page = (root / "docs" / "transfers.md").read_text("utf-8")
    code = "".join(
        file.read_text("utf-8") for file in (root / "src/elicense/registry").glob("transfer*.py")
    )
    named = set(re.findall(r"`(transfer\.[a-z-]+)[`:]", page))
    assert len(named) >= 12 and all(f'"{name}"' in code for name in named)
    for kind, (_, _, members) in transfer_message.KINDS.items():
        assert f"`{kind}`" in page
        assert all(f"`{name}`" in page for name in members)


def test_every_state_has_a_code_that_has_a_name() -> None:
    for name in (*life_cycle(), "expired"):
        assert state_codes.state(name) in state_codes.names("state")
    for before, after in itertools.product(("", *life_cycle()), life_cycle()):
        assert state_codes.operation(before, after) in state_codes.names("operation")
    told = [state_codes.operation(*pair) for pair in (
        ("", "valid"), ("valid", "suspended"), ("suspended", "valid"), ("", "pending"),
        ("transferring", "valid"), ("valid", "cancelled"), ("valid", "transferring"),
    )]  # fmt: skip
    assert told == ["01", "03", "06", "08", "10", "05", "07"]


def test_one_authority_that_is_away_does_not_keep_the_others_waiting(at: At) -> None:
    world = at("entered")
    away = world.request(w.record(world.old, OLD), GUANGDONG).id
    there = world.request(w.record(world.old, OTHER)).id
    with world.old.registry.look() as connection:
        assert [d.transfer for d in transfers.due(connection, TIANJIN)] == [away, there]
    told = {s.transfer: s.error for s in world.deliver(world.old)}
    assert told[away].startswith("away: ") and told[there] == ""
    assert world.of_new(there).state == "incoming"


def test_an_index_holds_no_resident_s_number_and_no_licence_twice(at: At) -> None:
    from elicense.registry import publish

    world = at("completed")
    person = w.licence("tianjin", 31, number="110101199003070011")
    from elicense.registry import issuing

    issuing.issue(world.old.registry, person, actor="x", now=NOW, **w.sealed_with("tianjin"))
    with world.old.registry.look() as connection:
        entries = list(publish.index_entries(connection))
    assert [e.identifier for e in entries] == [OLD, OTHER]
    assert entries[0].successor is not None and entries[0].successor.authority == "山东海事局"
    assert entries[1].successor is None
