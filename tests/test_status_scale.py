"""A province's status list: size, loading and look-up hold their promises."""

from __future__ import annotations

import math
import random
import sys
import tracemalloc
from pathlib import Path

import pytest

import trust_builders as b
from elicense.issuing import status_list

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import bench_status as bench  # isort: skip

URI = "https://status.tj.example/lists/1"


@pytest.mark.slow
def test_ten_million_licences_one_in_a_hundred_not_valid() -> None:
    raw = bench.make_list(10_000_000, 0.01)
    assert len(raw) <= 4_000_000
    assert min(bench.each(bench.read_list, [raw]) for _ in range(5)) <= 0.3
    found = bench.read_list(raw)
    chance = random.Random(5)
    assert bench.each(found.state, [chance.randrange(10_000_000) for _ in range(5000)]) <= 50e-6
    states = [found.code(n) for n in range(0, 10_000_000, 997)]
    share = sum(1 for code in states if code) / len(states)
    assert 0.006 < share < 0.014 and {code for code in states if code} == set(bench.CODES)


@pytest.mark.slow
def test_an_index_of_a_hundred_thousand_versions() -> None:
    raw, names = bench.make_index(100_000)
    assert len(raw) < 100_000 * 2 * 20 + 10_000
    found = bench.read_index(raw)
    from elicense.identifiers import parse_identifier

    asked = [parse_identifier(name) for name in names]
    for number, name in enumerate(asked):
        own = [r.index for r in found.of_identifier(name) if r.version == name.version_number]
        assert own == [number * 100]
    assert bench.each(found.of_identifier, asked) <= 50e-6


def test_a_list_comes_near_what_its_entropy_allows() -> None:
    """1 % not valid, four states: 0.1 bit an entry; zlib and base64 may take twice that."""
    size, share = 400_000, 0.01
    bits = -share * math.log2(share) - (1 - share) * math.log2(1 - share) + share * 2
    raw = bench.make_list(size, share)
    assert size * bits / 8 < len(raw) < size * bits / 8 * 2 + 2000


def test_reading_copies_a_list_a_few_times_at_most() -> None:
    chance = random.Random(1)
    codes = {n: chance.randrange(1, 16) for n in range(2_000_000)}  # hardly compresses
    raw = status_list.make(URI, codes, size=2_000_000, issued=b.NOW,
                           signer=b.desk().world.credential("status/tianjin-sm2"))  # fmt: skip
    tracemalloc.start()
    bench.read_list(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(raw)
