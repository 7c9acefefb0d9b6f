"""A licence goes from one authority to another: both registries tell one story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import transfer_world as w
from transfer_world import NOW, SHANDONG, World, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(w.office(tmp_path, "tianjin"), w.office(tmp_path, "shandong"))
    yield made
    made.close()


def test_a_licence_is_transferred(world: World) -> None:
    old = w.enter(world.old)
    id = world.request(old).id
    assert w.record(world.old, old.identifier).state == "transferring"
    world.deliver(world.old)
    assert world.of_new(id).state == "incoming"
    assert w.in_force(world) == [old.identifier]
    issued = world.issue(id)
    assert w.record(world.new, issued.successor).state == "pending"
    assert w.in_force(world) == [old.identifier]
    world.deliver(world.new)
    gone, came = w.record(world.old, old.identifier), w.record(world.new, issued.successor)
    assert (gone.state, gone.successor, gone.successor_authority) == (
        "transferred", came.identifier, "山东海事局",
    )  # fmt: skip
    assert (came.state, came.predecessor, came.predecessor_authority) == (
        "valid", old.identifier, "天津海事局",
    )  # fmt: skip
    assert w.in_force(world) == [came.identifier]
    world.settle()
    assert (world.of_old(id).state, world.of_new(id).state) == ("completed", "completed")
