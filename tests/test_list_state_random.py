"""Any sequence of offers, hostile and good: nothing unsigned gets in, nothing goes back, and
in the end the good publishers' newest is what a device holds."""

from __future__ import annotations

import hashlib

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import list_publisher as p
import trust_builders as b
from elicense.trust import list_state as ls
from elicense.trust.list_offer import read_offers

AREAS = ("120000", "370000", "440000")


class Device(RuleBasedStateMachine):
    """One device; honest publishers whose keys change; somebody hostile in between who has
    every file ever published, and keys of his own."""

    @initialize()
    def begin(self) -> None:
        self.operator = p.country(*AREAS)
        self.pin = self.operator.pin
        self.state = ls.start([self.pin])
        self.clock = p.START + 2 * p.DAY
        self.honest = {region.last for region in self.operator.regions}
        self.lols = [self.publish()]
        self.numbers: dict[str, int] = {}
        self.keys = 0

    def publish(self) -> bytes:
        self.clock += p.DAY
        made = self.operator.publish(at=self.clock)
        self.honest.add(made)
        return made

    def publish_region(self, index: int) -> p.Region:
        self.clock += p.DAY
        region = self.operator.regions[index]
        region.publish(at=self.clock)
        self.honest.add(region.last)
        return region

    def new_key(self) -> b.Made:
        self.keys += 1
        return p.maker(f"key {self.keys}")

    # -- the good -------------------------------------------------------------------------
    @rule(index=st.integers(0, 2))
    def a_region_publishes(self, index: int) -> None:
        self.publish_region(index)

    @rule()
    def the_operator_publishes(self) -> None:
        self.lols.append(self.publish())

    @rule(index=st.integers(0, 2), overlap=st.booleans())
    def a_region_changes_its_key(self, index: int, overlap: bool) -> None:
        region, key = self.operator.regions[index], self.new_key()
        if overlap:
            region.keys = [region.keys[-1], key]
            self.publish_region(index)
            self.lols.append(self.publish())
        region.keys = [key]
        self.publish_region(index)
        self.lols.append(self.publish())

    @rule(at_once=st.booleans())
    def the_operator_changes_its_key(self, at_once: bool) -> None:
        old, new = self.operator.keys[-1], self.new_key()
        self.operator.announced = [old, new]
        self.lols.append(self.publish())
        self.operator.keys = [old, new] if at_once else [new]
        self.operator.announced = [new]
        self.lols.append(self.publish())
        self.operator.keys = [new]

    # -- offers ---------------------------------------------------------------------------
    def offer(self, files: list[bytes], days: int = 0) -> ls.Outcome:
        out = ls.step(self.state, files, now=self.clock + days * p.DAY)
        self.state = out.state
        return out

    @rule(data=st.data(), days=st.sampled_from([0, 0, 0, -3, 90]))
    def somebody_replays(self, data: st.DataObject, days: int) -> None:
        files = data.draw(st.lists(st.sampled_from(sorted(self.honest)), max_size=6))
        self.offer(files, days)

    @rule(data=st.data())
    def somebody_forges(self, data: st.DataObject) -> None:
        regions = self.operator.regions
        sequence = data.draw(st.integers(1, 40))
        files = []
        for publisher in data.draw(st.lists(st.sampled_from([self.operator, *regions]))):
            others = [k for r in regions if r is not publisher for k in r.keys]
            if publisher is not self.operator:
                others += self.operator.keys
            key = data.draw(st.sampled_from([p.maker("nobody"), *others]))
            value = publisher.value(sequence=sequence, name="forged")
            files.append(p.signed(value, key, at=self.clock))
        self.offer(files + data.draw(st.lists(st.sampled_from(sorted(self.honest)), max_size=3)))

    @rule(data=st.data())
    def somebody_changes_a_byte(self, data: st.DataObject) -> None:
        file = bytearray(data.draw(st.sampled_from(sorted(self.honest))))
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] ^= 1 << data.draw(st.integers(0, 7))
        self.offer([bytes(file)])

    @rule()
    def an_honest_mirror_is_asked(self) -> None:
        self.offer([*self.lols, *(region.last for region in self.operator.regions)])

    @rule()
    def the_device_restarts(self) -> None:
        out = ls.from_files(ls.to_files(self.state), [self.pin])
        assert not out.refused and out.state == self.state

    # -- always ---------------------------------------------------------------------------
    @invariant()
    def nothing_is_held_that_no_publisher_signed(self) -> None:
        contents = {
            hashlib.sha256(read_offers([raw])[0][0].cms.content or b"").hexdigest()
            for raw in self.honest
        }
        for item in (*self.state.lists_of_lists, *self.state.lists.values()):
            assert item.content in contents

    @invariant()
    def no_number_ever_decreases(self) -> None:
        now = {id: item.sequence for id, item in self.state.lists.items()}
        if self.state.lists_of_lists:
            now[""] = self.state.lists_of_lists[-1].sequence
        for id, number in now.items():
            assert number >= self.numbers.get(id, 0)
            self.numbers[id] = number

    @invariant()
    def every_list_is_under_the_list_of_lists_in_force(self) -> None:
        above = self.state.list_of_lists
        for id, item in self.state.lists.items():
            entry = above.entry(id) if above else None
            assert entry is not None and item.sequence >= entry.sequence

    def teardown(self) -> None:
        self.lols.append(self.publish())
        self.offer([*self.lols, *(region.last for region in self.operator.regions)])
        assert self.state.lists_of_lists[-1].raw == self.operator.last
        assert {id: item.raw for id, item in self.state.lists.items()} == {
            region.id: region.last for region in self.operator.regions
        }


Device.TestCase.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
TestDevice = Device.TestCase
