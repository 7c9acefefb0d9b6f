"""kill -9 in the midst of issuing: what was answered for is there, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

import postgres_server
from elicense.registry import audit, changes, database
from elicense.registry.schema import files, licences, state_changes, status_lists
from registry_world import CLERK, NOW, URI

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
WORKER = """
import sys
from registry_world import enter
from elicense.registry import database
registry = database.open_registry(sys.argv[1])
for serial in range(int(sys.argv[2]), int(sys.argv[2]) + 10000):
    print(enter(registry, serial).identifier, flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    why = postgres_server.missing()
    if why:
        pytest.skip(why)
    with postgres_server.running() as found:
        yield found


def killed(url: str, first: int, wanted: int, moment: random.Random) -> list[str]:
    """The identifiers that a worker had answered for when it was killed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(first)], stdout=subprocess.PIPE, text=True,
        env=environment,
    ) as worker:  # fmt: skip
        assert worker.stdout is not None
        told = [worker.stdout.readline().strip() for _ in range(wanted)]
        time.sleep(moment.random() * 0.02)
        worker.send_signal(signal.SIGKILL)
        told += [line.strip() for line in worker.stdout if line.endswith("\n")]
    return [line for line in told if line]


def test_a_thousand_issues_survive_kills(url: str) -> None:
    registry = database.create(url, name="r")
    with registry.change() as connection:
        changes.open_list(connection, URI, size=200_000, actor=CLERK, now=NOW)
    moment, told = random.Random(7), []
    for turn in range(8):
        told += killed(url, turn * 10_000, 125, moment)
    assert len(told) >= 1000
    with registry.look() as connection:
        head = audit.verify(connection)
        there = set(connection.execute(select(licences.c.identifier)).scalars())
        issued = connection.execute(select(func.count()).select_from(licences)).scalar_one()
        for table in (files, state_changes):
            held = select(func.count()).select_from(table)
            assert connection.execute(held).scalar_one() == issued
        taken = connection.execute(select(status_lists.c.taken)).scalar_one()
    assert set(told) <= there, "an answered licence is lost"
    assert issued - len(told) <= 8, "at most the one under way when each worker died"
    assert head.sequence == issued + 1
    assert issued <= taken <= issued + 8
    registry.close()
