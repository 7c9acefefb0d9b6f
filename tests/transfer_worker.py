"""Steps of a transfer in processes of their own, killed where a test says.

Orders come as JSON lines; each is done by a fresh child (and, where a message is carried, a
grandchild on the other side), which SIGKILLs itself at its point. The answer tells how each
side ended and how many points it passed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event

import transfer_world as w
from elicense.registry import transfer_post, transfers
from elicense.registry.database import Registry
from elicense.registry.transfers import Office
from transfer_world import World


@dataclass
class Points:
    """Counts what it passes; at number ``last`` the process dies. ``every`` counts each SQL
    statement and commit, else only the moment before and the moment after each commit."""

    last: int
    every: bool
    count: int = 0

    def passed(self, *_: Any) -> None:
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self, registry: Registry) -> None:
        if self.every:
            event.listen(registry.engine, "before_cursor_execute", self.passed)
        original = Registry.change

        @contextmanager
        def change(own: Registry) -> Iterator[Any]:
            with original(own) as connection:
                yield connection
                self.passed()
            self.passed()

        Registry.change = change  # type: ignore[method-assign]


ACTIONS = {
    "request": ("old", lambda world: world.request(w.record(world.old, w.OLD))),
    "issue": ("new", lambda world: world.issue(w.transfer_id(world))),
    "cancel": ("old", lambda world: world.cancel(w.transfer_id(world))),
    "refuse": ("new", lambda world: world.refuse(w.transfer_id(world))),
    "old-sends": ("old", lambda world: world.deliver(world.old)),
    "new-sends": ("new", lambda world: world.deliver(world.new)),
}


def child(work: Any) -> tuple[int, bytes]:
    """Run ``work`` in a child: how it ended, and the bytes it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        code = 1
        try:
            made = work()
            with os.fdopen(writing, "wb") as target:
                target.write(made)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        made = source.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), made


def perform(order: dict[str, Any]) -> dict[str, Any]:
    folder, (side, action) = Path(order["folder"]), ACTIONS[order["action"]]

    def points(role: str) -> Points:
        return Points(order["point"] if order["victim"] == role else 0, order["every"])

    def sender() -> bytes:
        own = w.office(folder, {"old": "tianjin", "new": "shandong"}[side])
        other = Office(None, w.SHANDONG if side == "old" else w.TIANJIN, own.trust, own.signer)  # type: ignore[arg-type]
        world = World(*((own, other) if side == "old" else (other, own)))
        mine, theirs = points("sender"), 0

        def send(to: str, data: bytes) -> bytes:
            nonlocal theirs
            assert to == other.uscc
            code, made = child(lambda: receiver(data))
            if code:
                raise ConnectionError(f"the other side ended with {code}")
            theirs = max(theirs, int.from_bytes(made[:4], "big"))
            return made[4:]

        world.send = send  # type: ignore[method-assign]
        mine.install(own.registry)
        if order["action"].endswith("-sends"):
            transfer_post.deliver(own, send, clock=lambda: w.NOW)
        else:
            id = "" if order["action"] == "request" else known(own)
            w.transfer_id = lambda _world: id  # each side looks into its own registry
            action(world)
        return json.dumps({"sender": mine.count, "receiver": theirs}).encode()

    def receiver(data: bytes) -> bytes:
        own = w.office(folder, {"old": "shandong", "new": "tianjin"}[side])
        mine = points("receiver")
        mine.install(own.registry)
        answer = transfer_post.receive(own, data, now=w.NOW).answer
        return mine.count.to_bytes(4, "big") + answer

    code, made = child(sender)
    return {"code": code, **(json.loads(made) if made else {})}


def known(own: Office) -> str:
    with own.registry.look() as connection:
        for name in (transfers.OUT, transfers.IN):
            for found in transfers.of_licence(connection, w.OLD, name):
                return found.id
    return ""


def main() -> None:
    w.trust()
    for region in ("tianjin", "shandong"):
        w.seal(region)
        w.key(f"status/{region}-sm2")
    for line in sys.stdin:
        print(json.dumps(perform(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
