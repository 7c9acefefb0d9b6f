"""What the service and its workers say to each other: JSON and raw bytes, framed by length.

A message is the length of its head (4 bytes, big-endian), the head (a JSON object whose
``sizes`` tells the lengths of what follows) and so many blobs. Nothing in it can name code:
a worker that a hostile file has taken over can lie about that file, and no more.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

_MOST_HEAD = 4 * 1024 * 1024
_MOST_BYTES = 1024 * 1024 * 1024
_MOST_BLOBS = 100_000


class Pipe:
    """One end of a stream socket. Times are seconds for a whole message; None waits."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def send(
        self, head: Mapping[str, Any], *blobs: bytes, seconds: float | None = None
    ) -> None:
        """Send one message. TimeoutError or another OSError where the other side is gone."""
        sizes = [len(blob) for blob in blobs]
        text = json.dumps({**head, "sizes": sizes}, separators=(",", ":")).encode()
        self._socket.settimeout(seconds)
        self._socket.sendall(len(text).to_bytes(4, "big") + text)
        for blob in blobs:
            self._socket.sendall(blob)

    def receive(self, *, seconds: float | None = None) -> tuple[dict[str, Any], list[bytes]]:
        """The next message. EOFError at its end, TimeoutError, another OSError; ValueError for
        what is no message."""
        deadline = None if seconds is None else time.monotonic() + seconds
        length = int.from_bytes(self._exactly(4, deadline), "big")
        if length > _MOST_HEAD:
            raise ValueError("the head of a message is too large")
        try:
            head = json.loads(self._exactly(length, deadline))
        except RecursionError as exc:
            raise ValueError("the head of a message is nested too deeply") from exc
        sizes = head.pop("sizes", None) if isinstance(head, dict) else None
        if not isinstance(sizes, list) or len(sizes) > _MOST_BLOBS:
            raise ValueError("the head of a message tells no sizes")
        if any(type(size) is not int or size < 0 for size in sizes) or sum(sizes) > _MOST_BYTES:
            raise ValueError("a message is too large")
        return head, [self._exactly(size, deadline) for size in sizes]

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        found = bytearray(size)
        rest = memoryview(found)
        while rest:
            self._socket.settimeout(_left(deadline))
            count = self._socket.recv_into(rest)
            if not count:
                raise EOFError("the other side has closed")
            rest = rest[count:]
        return bytes(found)

    def close(self) -> None:
        self._socket.close()


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("not within the time")
    return left
