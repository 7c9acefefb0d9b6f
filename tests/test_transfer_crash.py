"""kill -9 before and after each durable step, on either side: both registries end as one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import transfer_world as w
from elicense.registry import records, transfers
from elicense.registry.schema import files, licences, state_changes
from transfer_world import NEW, OLD, OTHER, World

HERE = Path(__file__).parent
# stage, what is done, how it must end: transfer on both sides, old licence, new licence
DONE = ("completed", "completed", "transferred", "valid")
BACK = ("cancelled", "cancelled", "valid")
STEPS = (
    ("entered", "request", (*DONE,)),
    ("offered", "old-sends", (*DONE,)),
    ("incoming", "issue", (*DONE,)),
    ("issued", "new-sends", (*DONE,)),
    ("let-go", "old-sends", (*DONE,)),
    ("let-go", "new-sends", (*DONE,)),
    ("offered", "cancel", (*BACK, "")),
    ("incoming", "cancel", (*BACK, "")),
    ("issued", "cancel", (*BACK, "cancelled")),
    ("incoming", "refuse", ("refused", "refused", "valid", "")),
    ("incoming-cancelled", "old-sends", (*BACK, "")),
    ("issued-cancelled", "old-sends", (*BACK, "cancelled")),
    ("issued-cancelled", "new-sends", (*BACK, "cancelled")),
    ("incoming-refused", "new-sends", ("refused", "refused", "valid", "")),
)


@dataclass
class Server:
    """Does orders in processes that may die."""

    process: subprocess.Popen[str]

    def __call__(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    with subprocess.Popen(
        [sys.executable, str(HERE / "transfer_worker.py")], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        yield Server(process)
        assert process.stdin
        process.stdin.close()


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A fresh copy of both registries at a stage."""
    base, work = tmp_path_factory.mktemp("stages"), tmp_path_factory.mktemp("runs")
    kept = dict(w.stages(base))
    for name, act in (
        ("incoming-cancelled", World.cancel), ("issued-cancelled", World.cancel),
        ("incoming-refused", World.refuse),
    ):  # fmt: skip
        world = w.at(name.split("-")[0], base, base / name)
        act(world, w.transfer_id(world))
        world.close()
        kept[name] = base / name / name.split("-")[0]
    count = 0

    def make(stage: str) -> Path:
        nonlocal count
        count += 1
        return Path(shutil.copytree(kept[stage], work / f"{count}"))

    return make


def opened(folder: Path) -> World:
    return World(w.office(folder, "tianjin"), w.office(folder, "shandong"))


def never_twice(world: World) -> None:
    """Of the two licences at most one is in force, and nothing is half there."""
    found = w.in_force(world)
    assert OTHER in found and len(found) <= 2, found
    for side in (world.old, world.new):
        with side.registry.look() as connection:
            issued = connection.execute(select(func.count()).select_from(licences)).scalar_one()
            sealed = connection.execute(select(func.count()).select_from(files)).scalar_one()
            stated = select(func.count(func.distinct(state_changes.c.licence)))
            assert sealed == issued == connection.execute(stated).scalar_one()


def carry_on(world: World, action: str) -> None:
    """What people and their services do after a crash: send what is due, and do again what
    they do not find done."""
    never_twice(world)
    with world.old.registry.look() as connection:
        known = transfers.of_licence(connection, OLD, transfers.OUT)
    id = known[0].id if known else world.request(w.record(world.old, OLD)).id
    if action == "cancel" and world.of_old(id).state == "offered":
        never_twice(world)
        world.cancel(id)
    world.deliver(world.old)
    never_twice(world)
    world.deliver(world.new)
    never_twice(world)
    if action == "refuse" and world.of_new(id).state == "incoming":
        world.refuse(id)
    elif world.of_new(id).state == "incoming":
        world.issue(id)
    never_twice(world)
    world.settle()
    never_twice(world)


def outcome(world: World) -> tuple[str, str, str, str]:
    id = w.transfer_id(world)
    with world.new.registry.look() as connection:
        new = records.licence(connection, NEW)
    old = w.record(world.old, OLD)
    if old.state == "transferred":
        assert new is not None and (old.successor, new.predecessor) == (NEW, OLD)
    else:
        assert old.successor == ""
    return (world.of_old(id).state, world.of_new(id).state, old.state, new.state if new else "")


def crash(
    server: Server, begin: Callable[[str], Path], step: tuple[str, str, tuple[str, ...]],
    *, every: bool,
) -> int:  # fmt: skip
    """Kill either side at each of its points in turn; how many runs that were."""
    stage, action, wanted = step
    whole = server(folder=str(begin(stage)), action=action, victim="", point=0, every=every)
    assert whole["code"] == 0, whole
    runs = 0
    for victim in ("sender", "receiver"):
        for point in range(1, whole[victim] + 1):
            folder = begin(stage)
            told = server(folder=str(folder), action=action, victim=victim, point=point,
                          every=every)  # fmt: skip
            assert told["code"] == (-signal.SIGKILL if victim == "sender" else 0), told
            world = opened(folder)
            carry_on(world, action)
            assert outcome(world) == wanted, (victim, point)
            world.close()
            shutil.rmtree(folder)
            runs += 1
    assert runs or victim == "receiver"
    return runs


NAMES = [f"{stage}:{action}" for stage, action, _ in STEPS]
QUICK = {"offered:old-sends", "incoming:issue", "issued:new-sends", "issued:cancel"}


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, id=name, marks=() if name in QUICK else pytest.mark.slow)
     for step, name in zip(STEPS, NAMES, strict=True)],
)  # fmt: skip
def test_killed_before_and_after_each_commit(
    server: Server, begin: Callable[[str], Path], step: tuple[str, str, tuple[str, ...]]
) -> None:
    assert crash(server, begin, step, every=False) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_killed_at_every_statement(
    server: Server, begin: Callable[[str], Path], step: tuple[str, str, tuple[str, ...]]
) -> None:
    assert crash(server, begin, step, every=True) >= 10
