"""The state of trust lists against a simulator of publishers, good and hostile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import list_publisher as p
import trust_builders as b
from elicense.issuing import cms
from elicense.issuing.credential import Credential
from elicense.trust import list_state as ls
from elicense.trust.list_state import Outcome, State

NOW = p.START + 10 * p.DAY


def device(operator: p.Operator, *offered: bytes, now: datetime = NOW) -> State:
    """A device that pins the operator and was offered these."""
    out = ls.step(ls.start([operator.pin]), offered, now=now)
    assert not out.refused, out.refused
    return out.state


def up_to_date(operator: p.Operator) -> State:
    operator.publish()
    return device(operator, operator.last, *p.lists_of(operator))


def offer(state: State, *offered: bytes, now: datetime = NOW) -> Outcome:
    return ls.step(state, offered, now=now)


def taken(out: Outcome) -> list[tuple[str, int]]:
    return sorted((item.id, item.sequence) for item in out.accepted)


def held(state: State) -> dict[str, int]:
    return {id: item.sequence for id, item in state.lists.items()}


# -- the good way ---------------------------------------------------------------------------


def test_a_fresh_device_takes_all_that_the_pinned_operator_delegates() -> None:
    operator = p.country()
    operator.publish()
    out = offer(ls.start([operator.pin]), operator.last, *p.lists_of(operator))
    assert taken(out) == [("", 1), ("120000", 1), ("440000", 1)]
    assert not out.refused and not out.dropped and not out.stale
    assert out.state.newest_issued == operator.issued


def test_lists_may_come_in_any_order_and_twice() -> None:
    operator = p.country()
    operator.publish()
    files = [*p.lists_of(operator), operator.last]
    state = device(operator, *files, *reversed(files))
    assert held(state) == {"120000": 1, "440000": 1}
    again = offer(state, *files)
    assert again.state == state and not again.refused and not again.accepted


@pytest.mark.parametrize("family", ["sm2", "p256"])
def test_both_families_of_keys_sign(family: str) -> None:
    operator = p.country("120000")
    operator.keys = [p.maker("operator of a family", family)]
    assert held(up_to_date(operator)) == {"120000": 1}


def test_rsa_signs_too() -> None:
    operator = p.country("120000")
    signer = p.fixture("operator/operator-rsa")
    operator.sequence, operator.announced = 1, []
    value = operator.value(operators=[p.b64(signer.certificate)])
    out = offer(ls.start([signer.certificate]), p.raw_signed(value, signer), *p.lists_of(operator))
    assert not out.refused and held(out.state) == {"120000": 1}


def test_a_region_may_publish_a_newer_list_by_itself() -> None:
    operator = p.country()
    state = up_to_date(operator)
    newer = operator.regions[0].publish()
    out = offer(state, newer)
    assert taken(out) == [("120000", 2)] and not out.refused
    assert held(out.state) == {"120000": 2, "440000": 1}


def test_one_good_signature_of_several_is_enough() -> None:
    operator = p.country("120000")
    operator.keys = [p.maker("nobody"), p.maker("operator A")]
    operator.announced = [p.maker("operator A")]
    operator.publish()
    out = offer(ls.start([p.maker("operator A").der]), operator.last)
    assert taken(out) == [("", 1)]


# -- who signed -----------------------------------------------------------------------------


def test_another_key_of_the_same_name_is_refused() -> None:
    operator = p.country()
    operator.publish()
    rogue = b.make("operator A", p.ROOT, *b.SIGNING, family="sm2", key_name="rogue key")
    forged = p.signed(operator.value(), rogue)
    out = offer(ls.start([operator.pin]), forged)
    assert not out.accepted and p.codes(out.refused) <= {"signer", "signature"}


def test_the_pinned_certificate_over_another_keys_signature_is_refused() -> None:
    """All but the mathematics is right: the name, the serial number, every attribute."""
    operator = p.country("120000")
    state = up_to_date(operator)
    other = p.maker("nobody").key
    operator.sequence += 1
    real = operator.keys[0].credential()
    for sign in (other.sign, lambda message: operator.keys[0].key.sign(message + b"x")):
        signer = Credential(real.certificate, sign, "sm2")
        out = offer(state, p.raw_signed(operator.value(), signer))
        assert p.codes(out.refused) == {"signature"} and out.state == state
    assert taken(offer(state, p.raw_signed(operator.value(), real))) == [("", 2)]
    region = operator.regions[0]
    region.sequence += 1
    certificate = region.keys[0].der
    forged = p.raw_signed(region.value(), Credential(certificate, other.sign, "sm2"))
    assert p.codes(offer(state, forged).refused) == {"signature"}


def test_a_signature_value_of_another_list_is_refused() -> None:
    """The attributes and the value of one list around the content of another."""
    operator = p.country("120000")
    region = operator.regions[0]
    operator.publish()
    state = device(operator, operator.last)
    good = region.last
    name = "名录 120000".encode()
    out = offer(state, good.replace(name, "名錄 120000".encode()))
    assert name in good and p.codes(out.refused) == {"signature"}


def test_a_region_does_not_sign_for_another() -> None:
    operator = p.country()
    state = up_to_date(operator)
    tianjin, guangdong = operator.regions
    tianjin.sequence = 5
    forged = p.signed(tianjin.value(), *guangdong.keys)
    out = offer(state, forged)
    assert p.codes(out.refused) == {"signer"} and out.state == state


def test_the_operator_does_not_sign_for_a_region_nor_a_region_for_the_operator() -> None:
    operator = p.country()
    state = up_to_date(operator)
    operator.sequence, operator.regions[0].sequence = 7, 7
    by_region = p.signed(operator.value(), *operator.regions[0].keys)
    by_operator = p.signed(operator.regions[0].value(), *operator.keys)
    out = offer(state, by_region, by_operator)
    assert p.codes(out.refused) == {"signer"} and out.state == state


def test_a_changed_byte_is_refused() -> None:
    operator = p.country()
    operator.publish()
    changed = operator.last.replace("国家信任名录".encode(), "国家信任名錄".encode())
    assert changed != operator.last
    out = offer(ls.start([operator.pin]), changed)
    assert p.codes(out.refused) == {"signature"}


def test_a_signature_without_attributes_is_refused() -> None:
    operator = p.country()
    operator.sequence = 1
    bare = p.raw_signed(operator.value(), operator.keys[0].credential(), attributes=None)
    out = offer(ls.start([operator.pin]), bare)
    assert p.codes(out.refused) == {"signature"}


def test_a_signature_without_signing_time_is_refused() -> None:
    operator = p.country()
    operator.sequence = 1
    made = p.raw_signed(operator.value(), operator.keys[0].credential(),
                        attributes=cms.Attributes(signing_time=None))  # fmt: skip
    out = offer(ls.start([operator.pin]), made)
    assert p.codes(out.refused) == {"signature"}


def test_a_weak_key_is_refused() -> None:
    weak = p.fixture("bad/weak-rsa1024")
    operator = p.country("120000")
    operator.sequence = 1
    value = operator.value(operators=[p.b64(weak.certificate)])
    out = offer(ls.start([weak.certificate]), p.raw_signed(value, weak))
    assert p.codes(out.refused) == {"weak-algorithm"}


def test_a_signer_outside_its_validity_at_the_date_of_issue_is_refused() -> None:
    expired = p.maker("expired operator", validity=(b.day(2020), b.day(2026)))
    operator = p.country("120000")
    operator.keys = [expired]
    operator.publish()
    out = offer(ls.start([expired.der]), operator.last)
    assert p.codes(out.refused) == {"signer-expired"}
    operator.sequence = 0
    operator.publish(at=datetime.fromisoformat("2025-06-01T00:00:00Z"))
    assert taken(offer(ls.start([expired.der]), operator.last)) == [("", 1)]


def test_a_certificate_that_may_not_sign_is_refused() -> None:
    other = b.make("enciphering", p.ROOT, b.x.basic_constraints(ca=False),
                   b.x.key_usage("keyEncipherment"), family="sm2")  # fmt: skip
    operator = p.country("120000")
    operator.keys = [other]
    operator.publish()
    assert p.codes(offer(ls.start([other.der]), operator.last).refused) == {"signer-usage"}


# -- back in time ---------------------------------------------------------------------------


def test_an_older_list_of_lists_alone_is_a_rollback() -> None:
    operator = p.country()
    first = operator.publish()
    second = operator.publish()
    state = device(operator, second)
    out = offer(state, first)
    assert p.codes(out.refused) == {"rollback"} and out.state == state
    assert not offer(state, first, second).refused  # history beside the one in force


def test_only_what_an_operator_signed_is_called_a_rollback() -> None:
    operator = p.country()
    operator.publish()
    state = device(operator, operator.publish())
    operator.sequence = 1
    out = offer(state, p.signed(operator.value(), p.maker("nobody")))
    assert p.codes(out.refused) == {"signer"}


def test_an_older_regional_list_is_a_rollback() -> None:
    operator = p.country()
    state = up_to_date(operator)
    region = operator.regions[0]
    first = region.last
    second = region.publish()
    state = offer(state, second).state
    out = offer(state, first)
    assert p.codes(out.refused) == {"rollback"} and out.state == state
    assert not offer(state, first, second).refused


def test_below_the_pinned_smallest_is_a_rollback_on_a_fresh_device_too() -> None:
    operator = p.country("120000")
    first = operator.regions[0].last
    operator.regions[0].publish()
    operator.publish()
    out = offer(ls.start([operator.pin]), operator.last, first)
    assert p.codes(out.refused) == {"rollback"} and not out.state.lists


def test_a_new_list_of_lists_drops_what_is_below_its_smallest() -> None:
    operator = p.country("120000")
    state = up_to_date(operator)
    operator.regions[0].publish()
    operator.publish()
    out = offer(state, operator.last)
    assert p.codes(out.dropped) == {"rollback"} and not out.state.lists


def test_a_dropped_list_is_still_remembered() -> None:
    """Gone from the list of lists and back again: its old lists do not come back with it."""
    operator = p.country()
    first = operator.regions[0].last
    operator.publish()
    state = device(operator, operator.last, *p.lists_of(operator))
    state = offer(state, operator.regions[0].publish()).state
    regions, operator.regions = operator.regions, operator.regions[1:]
    out = offer(state, operator.publish())
    assert p.codes(out.dropped) == {"unknown"} and "120000" not in out.state.lists
    operator.regions = regions
    operator.entries["120000"] = {"sequence": 1, "sha256": "0" * 64}
    operator.entries["120000"]["sha256"] = hashlib.sha256(first).hexdigest()
    out = offer(out.state, operator.publish(), first)
    assert p.codes(out.refused) == {"rollback"}


def test_a_dropped_list_does_not_come_back_with_other_contents() -> None:
    operator = p.country()
    state = up_to_date(operator)
    own = operator.regions[0]
    state = offer(state, own.publish()).state
    regions, operator.regions = operator.regions, operator.regions[1:]
    state = offer(state, operator.publish()).state
    operator.regions = regions
    operator.entries["120000"] = {"sequence": 1, "sha256": "0" * 64}
    state = offer(state, operator.publish()).state
    true = own.last
    own.sequence -= 1
    out = offer(state, own.publish(name="another"))
    assert p.codes(out.refused) == {"fork"} and "120000" not in out.state.lists
    assert held(offer(out.state, true).state)["120000"] == 2


def test_two_contents_of_one_sequence_are_a_fork_and_both_are_named() -> None:
    operator = p.country()
    state = up_to_date(operator)
    before = operator.last
    operator.sequence = 0
    operator.publish(name="another")
    out = offer(state, operator.last)
    assert p.codes(out.refused) == {"fork"} and out.state == state
    detail = out.refused[0].detail
    assert all(hashlib.sha256(x).hexdigest() in detail
               for x in (before, operator.last))  # fmt: skip
    region = operator.regions[0]
    state = offer(state, region.publish()).state
    region.sequence -= 1
    out = offer(state, region.publish(name="another"))
    assert p.codes(out.refused) == {"fork"} and out.state == state


def test_the_same_list_with_one_more_signature_is_no_fork() -> None:
    operator = p.country()
    state = up_to_date(operator)
    again = p.signed(operator.value(), *operator.keys, p.maker("operator B"), at=operator.issued)
    assert again != operator.last
    out = offer(state, again)
    assert not out.refused and out.state == state


def test_a_later_number_with_an_earlier_date_is_refused() -> None:
    operator = p.country()
    state = up_to_date(operator)
    out = offer(state, operator.publish(at=operator.issued - p.DAY))
    assert p.codes(out.refused) == {"issued-earlier"}
    region = operator.regions[0]
    out = offer(state, region.publish(at=region.issued - p.DAY))
    assert p.codes(out.refused) == {"issued-earlier"}


def test_a_date_in_the_future_is_refused_but_for_five_minutes() -> None:
    operator = p.country()
    operator.publish(at=NOW + timedelta(minutes=6))
    assert p.codes(offer(ls.start([operator.pin]), operator.last).refused) == {"future"}
    operator.publish(at=NOW + timedelta(minutes=5))
    assert not offer(ls.start([operator.pin]), operator.last).refused
    region = operator.regions[0]
    state = device(operator, operator.last)
    out = offer(state, region.publish(at=NOW + timedelta(minutes=6)))
    assert p.codes(out.refused) == {"future"}


# -- standing still -------------------------------------------------------------------------


def test_past_its_next_update_a_list_is_kept_and_told() -> None:
    operator = p.country()
    state = up_to_date(operator)
    late = NOW + 30 * p.DAY
    out = offer(state, now=late)
    assert p.codes(out.stale) == {"stale"} and {"list 120000", "list 440000"} == {
        item.what for item in out.stale
    }
    assert held(out.state) == {"120000": 1, "440000": 1}
    assert {i.what for i in offer(state, now=NOW + 90 * p.DAY).stale} == {
        "list of lists", "list 120000", "list 440000",
    }  # fmt: skip


def test_a_clock_that_was_set_back_is_told() -> None:
    operator = p.country()
    state = up_to_date(operator)
    out = offer(state, now=p.START - 100 * p.DAY)
    assert p.codes(out.stale) == {"clock"} and out.state == state


# -- keys change ----------------------------------------------------------------------------


A, B, C = (p.maker(f"operator {x}") for x in "ABC")


def rotated() -> tuple[p.Operator, bytes, bytes, bytes]:
    """Three lists of lists: A announces B, A and B sign together, B alone without A."""
    operator = p.country()
    operator.announced = [A, B]
    one = operator.publish()
    operator.keys = [B]
    two = operator.publish()
    operator.announced = [B]
    three = operator.publish()
    return operator, one, two, three


def test_an_announced_operator_signs_the_next_and_the_old_one_no_more() -> None:
    operator, one, two, three = rotated()
    pin = A.der
    out = offer(ls.start([pin]), one, two, three, *p.lists_of(operator))
    assert not out.refused and out.state.lists_of_lists[-1].sequence == 3
    assert out.state.operators == (B.der,)
    operator.keys, operator.announced = [A], [A]
    stolen = operator.publish()
    refused = offer(out.state, stolen)
    assert p.codes(refused.refused) == {"signer"} and refused.state == out.state


def test_an_unannounced_operator_is_refused() -> None:
    operator = p.country()
    state = up_to_date(operator)
    operator.keys = [B]
    assert p.codes(offer(state, operator.publish()).refused) == {"signer"}


def test_a_missed_announcement_is_stepped_through_in_any_order() -> None:
    _, one, two, three = rotated()
    state = device(p.country(), one)
    assert p.codes(offer(state, three).refused) == set()  # B was announced in one
    fresh = ls.start([A.der])
    assert p.codes(offer(fresh, three).refused) == {"signer"}
    assert offer(fresh, three, two, one).state.lists_of_lists[-1].sequence == 3


def test_one_signed_by_both_needs_no_steps() -> None:
    operator, _, _, _ = rotated()
    operator.keys = [A, B]
    out = offer(ls.start([A.der]), operator.publish())
    assert not out.refused and len(out.state.lists_of_lists) == 1


def test_only_the_steps_that_are_needed_are_kept() -> None:
    operator = p.country()
    state = ls.start([A.der])
    for _ in range(3):
        state = offer(state, operator.publish()).state
    assert [item.sequence for item in state.lists_of_lists] == [3]
    operator.announced = [B]
    state = offer(state, operator.publish()).state
    operator.keys, operator.announced = [B], [C]
    state = offer(state, operator.publish()).state
    operator.keys = [C]
    for _ in range(2):
        state = offer(state, operator.publish()).state
    assert [item.sequence for item in state.lists_of_lists] == [4, 5, 7]
    assert ls.from_files(ls.to_files(state), [A.der]).state == state


def test_a_region_changes_its_key_with_overlap() -> None:
    operator = p.country("120000")
    region = operator.regions[0]
    old, new = region.keys[0], p.maker("region 120000 new")
    region.keys = [old, new]
    state = up_to_date(operator)
    region.keys = [new]
    out = offer(state, region.publish())
    assert not out.refused and held(out.state) == {"120000": 2}
    out = offer(out.state, operator.publish())  # which names the new one only
    assert not out.dropped and held(out.state) == {"120000": 2}
    region.keys = [old]
    assert p.codes(offer(out.state, region.publish()).refused) == {"signer"}


def test_a_region_changes_its_key_without_overlap() -> None:
    """The old list goes at once with its key; the new one comes with the new key."""
    operator = p.country("120000")
    region = operator.regions[0]
    state = up_to_date(operator)
    region.keys = [p.maker("region 120000 new")]
    region.publish()
    operator.publish()
    out = offer(state, operator.last)
    assert p.codes(out.dropped) == {"signer"} and not out.state.lists
    assert held(offer(out.state, region.last).state) == {"120000": 2}
    assert held(offer(state, operator.last, region.last).state) == {"120000": 2}


def test_a_stolen_key_cannot_push_the_number_out_of_reach() -> None:
    operator = p.country("120000")
    region = operator.regions[0]
    state = up_to_date(operator)
    honest = region.sequence
    region.sequence = 2**53 - 2
    state = offer(state, region.publish()).state
    assert held(state) == {"120000": 2**53 - 1}
    region.sequence, region.keys = honest, [p.maker("region 120000 new")]
    region.publish()
    out = offer(state, operator.publish(), region.last)
    assert held(out.state) == {"120000": 2} and not out.refused


def test_an_overlap_that_was_missed_forgets_nothing() -> None:
    """A → A, B → B in one step: what A and B both signed is no way back."""
    operator = p.country("120000")
    region = operator.regions[0]
    old, new = region.keys[0], p.maker("region 120000 new")
    operator.publish()
    region.keys = [old, new]
    both = region.publish()
    state = device(operator, operator.last)
    region.keys = [old]
    state = offer(state, region.publish()).state
    region.keys = [old, new]
    operator.entries["120000"] = {"sequence": 1, "sha256": "0" * 64}
    between = operator.publish()
    region.keys = [new]
    last = operator.publish()
    out = offer(state, between, last, both)
    assert p.codes(out.refused) == {"rollback"} and not out.state.lists


# -- mix and match --------------------------------------------------------------------------


def test_a_list_that_the_list_of_lists_does_not_name_is_refused() -> None:
    operator = p.country("120000")
    state = up_to_date(operator)
    stranger = p.Region.of("370000")
    assert p.codes(offer(state, stranger.publish()).refused) == {"unknown"}


def test_without_a_list_of_lists_nothing_is_taken() -> None:
    operator = p.country()
    out = offer(ls.start([operator.pin]), *p.lists_of(operator))
    assert p.codes(out.refused) == {"no-list-of-lists"} and not out.state.lists


def test_one_signer_of_two_lists_cannot_swap_them() -> None:
    operator = p.country()
    tianjin, guangdong = operator.regions
    guangdong.keys = tianjin.keys
    guangdong.publish()
    state = up_to_date(operator)
    guangdong.id = "120000"
    guangdong.sequence = 8
    out = offer(state, guangdong.publish())
    assert "scope-differs" in p.codes(out.refused) and out.state == state


def test_the_pinned_number_must_be_the_pinned_file() -> None:
    operator = p.country("120000")
    region = operator.regions[0]
    operator.publish()
    region.sequence = 0
    other = region.publish(name="another of the same number")
    out = offer(ls.start([operator.pin]), operator.last, other)
    assert p.codes(out.refused) == {"digest-differs"}


def test_test_lists_and_real_lists_never_mix() -> None:
    operator = p.country()
    state = up_to_date(operator)
    region = operator.regions[0]
    region.test = True
    assert p.codes(offer(state, region.publish()).refused) == {"test-differs"}
    operator.test = True
    assert p.codes(offer(state, operator.publish()).refused) == {"test-differs"}


def test_a_list_of_lists_that_points_to_one_is_refused() -> None:
    operator = p.country()
    state = up_to_date(operator)
    digest = hashlib.sha256(operator.last).hexdigest()
    operator.entries["120000"] = {"sha256": digest}
    assert p.codes(offer(state, operator.publish()).refused) == {"cyclic"}


@pytest.mark.parametrize(("one", "two"), [("x", "x"), ("tj-1", "TJ-1")])
def test_a_list_of_lists_that_names_a_list_twice_is_refused(one: str, two: str) -> None:
    operator = p.country()
    operator.entries = {"120000": {"id": one}, "440000": {"id": two}}
    out = offer(ls.start([operator.pin]), operator.publish())
    assert p.codes(out.refused) == {"twice"}


def test_no_list_may_have_the_name_of_a_list_of_lists() -> None:
    operator = p.country()
    operator.entries["120000"] = {"id": "lol-5"}
    assert p.codes(offer(ls.start([operator.pin]), operator.publish()).refused) == {"id"}


def test_a_location_that_stands_twice_is_refused() -> None:
    operator = p.country()
    for id in ("120000", "440000"):
        operator.entries[id] = {"locations": ["https://lists.example/a.p7"]}
    assert p.codes(offer(ls.start([operator.pin]), operator.publish()).refused) == {"twice"}


# -- confinement ----------------------------------------------------------------------------


def confined(**change: object) -> Outcome:
    """A newer list of Tianjin with these authorities (or other members), offered."""
    operator = p.country()
    state = up_to_date(operator)
    out = offer(state, operator.regions[0].publish(**change))
    if out.refused:  # the last good one stays
        assert out.state.lists == state.lists
    return out


def bent(**more: object) -> list[dict[str, object]]:
    return [p.authority("120000", 1, p.service("sealer", p.maker("s"), **more))]


def history(*lines: tuple[int, str]) -> list[dict[str, object]]:
    """An active entry with this history."""
    since = [{"since": f"{year}-01-01T00:00:00Z", "state": state} for year, state in lines]
    return bent(history=since)


@pytest.mark.parametrize(
    ("code", "authorities"),
    [
        ("outside-region", [p.authority("120000"), p.authority("440000", 2)]),
        ("outside-region", [p.authority("national")]),
        ("type-not-delegated", bent(licence_types=["msa-doc", "bank-note"])),
        ("service-not-delegated", [p.authority("120000", 1, p.service("timestamp", p.maker("t")))]),
        ("authority-twice", [p.authority("120000"), p.authority("120000")]),
        ("no-types", bent(licence_types=[])),
        ("state", bent(state="asleep")),
        ("history", bent(state="suspended")),
        ("history", history((2020, "suspended"), (2021, "active"))),
        ("history", history((2020, "active"), (2021, "ended"))),
        ("history", history((2021, "active"), (2020, "active"))),
        ("history", history((2020, "active"), (2020, "active"))),
        ("state", history((2020, "asleep"), (2021, "active"))),
        ("constraint", bent(subject={"organization": "x"})),
        ("constraint", bent(uscc=p.code("440000", 9))),
        ("service", bent(service="emperor", licence_types=[])),
        ("dates", bent(**{"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"})),
        ("uscc", [p.authority("120000", uscc="111200000000000190")]),
    ],
)  # fmt: skip
def test_a_list_that_says_too_much_is_refused_whole(code: str, authorities: object) -> None:
    good = p.authority("120000", 77)
    out = confined(authorities=[good, *authorities])  # type: ignore[misc]
    assert code in p.codes(out.refused) and not out.accepted


def test_a_ca_without_a_constraint_is_refused_and_with_one_taken() -> None:
    entry = p.service("sealer", p.maker("s"))
    del entry["certificate"]
    entry["ca"] = p.b64(p.ca("a ca").der)
    out = confined(authorities=[p.authority("120000", 1, entry)])
    assert p.codes(out.refused) == {"ca-unconstrained"}
    for more in ({"subject": {"organization": "x"}}, {"uscc": p.code("120000", 1)}):
        assert taken(confined(authorities=[p.authority("120000", 1, {**entry, **more})]))


def test_a_county_is_within_its_province() -> None:
    inside = p.authority("120000", 2, region="120104")
    assert taken(confined(authorities=[inside])) == [("120000", 2)]


def test_an_authority_of_another_list_is_refused() -> None:
    """A stolen regional key names another region's authority as its own."""
    operator = p.country()
    state = up_to_date(operator)
    tianjin, guangdong = operator.regions
    victim = guangdong.authorities[0]["uscc"]
    out = offer(state, tianjin.publish(authorities=[p.authority("120000", uscc=victim)]))
    assert p.codes(out.refused) == {"authority-elsewhere"} and out.state.lists == state.lists


def test_on_a_fresh_device_an_authority_claimed_by_two_is_given_to_neither() -> None:
    operator = p.country()
    tianjin, guangdong = operator.regions
    victim = guangdong.authorities[0]["uscc"]
    tianjin.publish(authorities=[p.authority("120000", uscc=victim)])
    operator.publish()
    out = offer(ls.start([operator.pin]), operator.last, *p.lists_of(operator))
    assert p.codes(out.refused) == {"authority-elsewhere"} and not out.state.lists


def test_an_authority_that_is_set_apart_cannot_be_claimed_at_all() -> None:
    operator = p.country()
    tianjin, guangdong = operator.regions
    victim = guangdong.authorities[0]["uscc"]
    tianjin.publish(authorities=[p.authority("120000", uscc=victim)])
    operator.entries["440000"] = {"authorities": [victim]}
    operator.publish()
    out = offer(ls.start([operator.pin]), operator.last, *p.lists_of(operator))
    assert p.codes(out.refused) == {"authority-elsewhere"} and held(out.state) == {"440000": 1}


def test_an_authority_may_move_from_one_list_to_another() -> None:
    operator = p.country("120000", "120100")
    one, two = operator.regions
    moving = p.authority("120100", 5)
    one.authorities.append(moving)
    one.publish()
    state = up_to_date(operator)
    one.authorities.remove(moving)
    two.authorities.append(moving)
    moved = two.publish()
    assert p.codes(offer(state, moved).refused) == {"authority-elsewhere"}
    out = offer(state, moved, one.publish())
    assert not out.refused and held(out.state) == {"120000": 3, "120100": 2}


def test_a_national_list_may_name_only_those_it_was_given() -> None:
    named = [p.authority("national"), p.authority("370000", 3)]
    ministry = p.Region("msa", "national", [p.maker("ministry")], authorities=named)
    ministry.publish()
    operator = p.Operator([A], [ministry])
    state = up_to_date(operator)
    assert held(state) == {"msa": 1}
    operator.entries["msa"] = {"authorities": [ministry.authorities[0]["uscc"]]}
    out = offer(state, operator.publish())
    assert p.codes(out.dropped) == {"authority-not-allowed"}
    operator.entries["msa"] = {"authorities": []}
    assert p.codes(offer(state, operator.publish()).refused) == {"national-unbounded"}


def test_the_next_best_is_taken_where_the_newest_says_too_much() -> None:
    operator = p.country()
    state = up_to_date(operator)
    region = operator.regions[0]
    good = region.publish()
    bad = region.publish(authorities=[p.authority("440000", 8)])
    out = offer(state, bad, good)
    assert p.codes(out.refused) == {"outside-region"} and held(out.state)["120000"] == 2


def test_undelegating_a_service_drops_the_list_that_names_it() -> None:
    operator = p.country("120000")
    state = up_to_date(operator)
    operator.entries["120000"] = {"services": ["qr"]}
    out = offer(state, operator.publish())
    assert p.codes(out.dropped) == {"service-not-delegated"} and not out.state.lists


# -- rubbish --------------------------------------------------------------------------------


def test_what_is_no_list_is_refused_and_hurts_nobody() -> None:
    operator = p.country()
    operator.publish()
    rubbish = [b"", b"\x30\x80", b"{}", operator.last[:-1], p.signed(b"{}", A), bytes(9_000_000)]
    out = offer(ls.start([operator.pin]), *rubbish, operator.last, *p.lists_of(operator))
    assert p.codes(out.refused) == {"unreadable", "size"} and len(out.refused) == len(rubbish)
    assert held(out.state) == {"120000": 1, "440000": 1}


def test_a_hostile_offer_beside_a_good_one_changes_nothing() -> None:
    operator = p.country()
    state = up_to_date(operator)
    region = operator.regions[0]
    number = region.sequence
    region.sequence = 900
    forged = p.signed(region.value(), p.maker("nobody"))
    region.sequence = number
    out = offer(state, forged, region.publish())
    assert p.codes(out.refused) == {"signer"} and held(out.state)["120000"] == 2


# -- kept and read back ---------------------------------------------------------------------


def test_the_state_comes_back_as_it_was() -> None:
    operator, one, two, three = rotated()
    state = offer(ls.start([A.der]), one, two, three, *p.lists_of(operator)).state
    back = ls.from_files(ls.to_files(state), [A.der])
    assert back.state == state and not back.refused


def test_older_files_put_back_are_refused() -> None:
    operator = p.country("120000")
    state = up_to_date(operator)
    old = ls.to_files(state)
    state = offer(state, operator.regions[0].publish(), operator.publish()).state
    new = ls.to_files(state)
    out = ls.from_files({**old, "state.json": new["state.json"]}, [operator.pin])
    assert p.codes(out.refused) == {"rollback", "no-list-of-lists"} and not out.state.lists
    assert out.state.seen == state.seen  # and nothing is forgotten
    mixed = {**new, "120000": old["120000"]}
    out = ls.from_files(mixed, [operator.pin])
    assert p.codes(out.refused) == {"rollback"} and not out.state.lists


def test_exchanged_and_foreign_files_smuggle_nothing_in() -> None:
    operator = p.country("120000")
    files = ls.to_files(up_to_date(operator))
    region = operator.regions[0]
    region.sequence = 4
    forged = p.signed(region.value(), p.maker("nobody"))
    out = ls.from_files({**files, "120000": forged}, [operator.pin])
    assert p.codes(out.refused) == {"signer"} and not out.state.lists
    stranger = p.country("120000")
    stranger.keys = [p.maker("stranger")]
    stranger.publish()
    out = ls.from_files({**files, "lol-1": stranger.last}, [operator.pin])
    assert "signer" in p.codes(out.refused) and not out.state.lists_of_lists


def test_another_pin_starts_afresh() -> None:
    operator = p.country("120000")
    files = ls.to_files(up_to_date(operator))
    out = ls.from_files(files, [B.der])
    assert p.codes(out.refused) == {"signer", "no-list-of-lists"}
    assert not out.state.seen and out.state.newest_issued is None


@pytest.mark.parametrize(
    "damage",
    [b"", b"[]", b"{", b'{"schema": "x"}', b'{"schema": "elicense-trust-state/1"}'],
)
def test_a_damaged_memory_is_an_error_not_a_fresh_start(damage: bytes) -> None:
    from elicense.errors import InputError

    operator = p.country("120000")
    files = ls.to_files(up_to_date(operator))
    with pytest.raises(InputError):
        ls.from_files({**files, "state.json": damage}, [operator.pin])


def test_a_memory_of_higher_numbers_refuses_but_does_not_admit() -> None:
    operator = p.country("120000")
    files = ls.to_files(up_to_date(operator))
    memory = json.loads(files["state.json"])
    memory["seen"]["120000"]["sequence"] = 9
    out = ls.from_files({**files, "state.json": json.dumps(memory).encode()}, [operator.pin])
    assert p.codes(out.refused) == {"rollback"} and not out.state.lists


def test_step_changes_nothing_it_was_given() -> None:
    operator = p.country()
    state = up_to_date(operator)
    before = replace(state, lists=dict(state.lists), seen=dict(state.seen))
    offer(state, operator.publish(), operator.regions[0].publish())
    assert state == before
