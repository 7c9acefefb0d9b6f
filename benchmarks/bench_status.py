"""Status lists of ten million licences and indexes of a million: size, loading, look-up."""

from __future__ import annotations

import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from common import ROOT, median, row
from elicense.crypto.verify import check_value
from elicense.identifiers import format_identifier, parse_identifier
from elicense.issuing import status_index, status_list
from elicense.issuing.credential import Credential
from elicense.issuing.signers import load
from elicense.issuing.status_index import Entry
from elicense.trust.status import StatusList, read_status_list
from elicense.trust.status_index import StatusIndex, read_status_index

MILLION = 1_000_000
URI = "https://status.example/lists/1"
ISSUED = datetime(2026, 11, 1, tzinfo=UTC)
CODES = (1, 2, 0x0B, 0x0C)


def signer() -> Credential:
    certs = ROOT / "fixtures" / "certs"
    return load(f"file:{certs}/keys/status/tianjin-sm2.pem",
                certificate=certs / "status/tianjin-sm2.pem")  # fmt: skip


def make_list(size: int, share: float, *, seed: int = 1) -> bytes:
    """A signed list of ``size`` with ``share`` of random entries not valid."""
    chance = random.Random(seed)
    codes = {i: chance.choice(CODES) for i in chance.sample(range(size), int(size * share))}
    return status_list.make(URI, codes, size=size, signer=signer(), issued=ISSUED)


def make_index(size: int) -> tuple[bytes, list[str]]:
    """A signed index of ``size`` versions with numbers, and some of its identifiers."""
    names = [
        format_identifier(type="11100000000019713D001", issuer="1112000000000T122L",
                          serial=f"{2026_0000000 + i // 2}", version=1 + i % 2)
        for i in range(size)
    ]  # fmt: skip
    entries = (Entry(name, URI, i, f"津DOC{i // 2:09}") for i, name in enumerate(names))
    return status_index.make(entries, signer=signer(), issued=ISSUED), names[:: size // 1000]


def read_list(raw: bytes) -> StatusList:
    """Read and check the signature, from bytes never seen before."""
    found = read_status_list.__wrapped__(raw)
    check(found.signature)
    return found


def read_index(raw: bytes) -> StatusIndex:
    read_status_index.cache_clear()
    found = read_status_index(raw)
    check(found.signature())
    return found


def check(signature: Any) -> None:
    assert all(d.matches for d in signature.digests) and check_value(signature.values[0]).ok


def each(work: Callable[[Any], Any], given: list[Any]) -> float:
    """Median seconds of one call, each of another value."""
    times = []
    for value in given:
        start = time.perf_counter()
        work(value)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def main() -> list[dict[str, Any]]:
    print("Status lists and indexes (warm, in process, medians)")
    rows = _lists("10 M licences, 1 % not valid", make_list(10 * MILLION, 0.01), targets=True)
    rows += _lists("10 M licences, every third not valid", make_list(10 * MILLION, 1 / 3))
    return rows + _index()


def _lists(what: str, raw: bytes, *, targets: bool = False) -> list[dict[str, Any]]:
    seconds = median(lambda: read_list(raw), rounds=15, warm=2)
    found = read_list(raw)
    chance = random.Random(2)
    look = each(found.state, [chance.randrange(found.size) for _ in range(20_000)])
    held = peak(lambda: read_list(raw))

    def goal(text: str, met: bool) -> tuple[str, bool | None]:
        return (text, met) if targets else ("", None)

    return [
        row(f"{what}: signed file", f"{len(raw) / 1e6:.2f} MB",
            *goal("≤ 4 MB", len(raw) <= 4_000_000)),
        row("… read and signature checked", f"{seconds * 1e3:.1f} ms",
            *goal("≤ 300 ms", seconds <= 0.3)),
        row("… one look-up", f"{look * 1e6:.2f} µs", *goal("≤ 50 µs", look <= 50e-6)),
        row("… peak memory of reading", f"{held / 2**20:.0f} MiB"),
    ]  # fmt: skip


def _index() -> list[dict[str, Any]]:
    start = time.perf_counter()
    raw, names = make_index(MILLION)
    making = time.perf_counter() - start
    seconds = median(lambda: read_index(raw), rounds=7, warm=1)
    found = read_index(raw)
    chance = random.Random(3)
    numbers = [f"津DOC{chance.randrange(MILLION):09}" for _ in range(2000)]  # half are there
    asked = [parse_identifier(name) for name in names]
    assert all(found.of_identifier(name) for name in asked)
    return [
        row("index of 1 M versions with numbers: signed file", f"{len(raw) / 1e6:.1f} MB"),
        row("… made and signed", f"{making:.1f} s"),
        row("… read and signature checked", f"{seconds * 1e3:.0f} ms"),
        row("… an identifier", f"{each(found.of_identifier, asked) * 1e6:.1f} µs", "≤ 50 µs",
            each(found.of_identifier, asked) <= 50e-6),
        row("… a number", f"{each(found.of_number, numbers) * 1e6:.1f} µs"),
        row("… peak memory of reading, the file apart",
            f"{peak(lambda: read_index(raw)) / 2**20:.0f} MiB"),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
    sys.exit(0)
