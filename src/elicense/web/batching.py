"""Many small database calls as few: what arrives while one is under way waits for the next.

One thread does them, so a query by identifier costs one round trip shared by all that wait,
and a logged access one commit shared likewise (group commit): durable before the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_MOST = 500


class Batcher(Generic[Item, Answer]):
    """``work`` gets the items waiting (at most 500) and returns an answer for each, in order.

    It runs in a thread of its own. An exception it raises is everybody's in that batch.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Answer]], name: str) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._running = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def __call__(self, item: Item) -> Answer:
        """The answer for one item. A caller that goes away does not stop the others."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._running:
            self._running = True
            self._begin()
        return await future

    def _begin(self) -> None:
        batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, self._work, [item for item, _ in batch])
        done.add_done_callback(lambda future: self._end(batch, future))

    def _end(
        self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]],
        done: asyncio.Future[Sequence[Answer]],
    ) -> None:  # fmt: skip
        error = done.exception()
        answers: Sequence[Answer] = () if error else done.result()
        for number, (_, future) in enumerate(batch):
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(answers[number])
        if self._waiting:
            self._begin()
        else:
            self._running = False

    def close(self) -> None:
        """Finish what is under way and end the thread."""
        self._thread.shutdown(wait=True)
