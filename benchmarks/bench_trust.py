"""How long a country's trust bundle takes to load: every signature verified, every rule kept.

    python benchmarks/bench_trust.py

A list of lists and 33 lists (31 regions, two national) of 400 authorities with five services
each, SM2 throughout, in one bundle. "load" is ``TrustStore.load_bundle`` from bytes in a warm
process, nothing remembered between rounds; certificates of entries are read when a file asks
for them, so "first look-up" is told beside it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for folder in ("fixtures", "tests", "benchmarks", "src"):
    sys.path.insert(0, str(ROOT / folder))

import list_publisher as p  # noqa: E402
from common import median, row  # noqa: E402
from elicense.crypto import verify  # noqa: E402
from elicense.crypto.certificate import read_certificate  # noqa: E402
from elicense.identifiers import _PROVINCES  # noqa: E402
from elicense.trust import bundle, managed  # noqa: E402
from elicense.trust.bundle import Bundle  # noqa: E402
from elicense.trust.store import TrustStore  # noqa: E402

AUTHORITIES, KINDS = 400, ("sealer", "seal-maker", "qr", "status", "copy")
TARGET = 0.050  # seconds


def country() -> p.Operator:
    """The lists of the whole country; every certificate is another one."""
    areas = [f"{province}0000" for province in _PROVINCES[:31]]
    regions = [p.Region.of(area) for area in areas]
    regions += [p.Region(name, "national", [p.maker(name)]) for name in ("msa", "ccs")]
    for region in regions:
        region.authorities = []
    for number in range(AUTHORITIES):
        region = regions[number % len(regions)]
        services = [
            p.service(kind, p.maker(f"{kind} {number}"), history=[
                {"since": "2024-01-01T00:00:00Z", "state": "active"}])
            for kind in KINDS
        ]  # fmt: skip
        region.authorities.append(p.authority(region.area, number, *services))
    for region in regions:
        region.publish()
    operator = p.Operator([p.maker("operator A")], regions)
    operator.publish()
    return operator


def main() -> None:
    operator = country()
    lists = {region.id: region.last for region in operator.regions}
    packed = bundle.write(Bundle({"lol-1": operator.last, **lists}))
    store = TrustStore.load_bundle(packed, operators=[operator.pin])
    assert len(store.services) == AUTHORITIES * len(KINDS) and not store.refused
    print(f"bundle of {len(lists)} lists, {AUTHORITIES} authorities, {len(store.services)} "
          f"services, {len(packed) / 1e6:.1f} MB", flush=True)  # fmt: skip
    assert count_checks(lambda: TrustStore.load_bundle(packed, operators=[operator.pin])) == 34

    def load() -> Any:
        read_certificate.cache_clear()
        return TrustStore.load_bundle(packed, operators=[operator.pin])

    used = processor(load)
    row("load, 34 signatures verified: processor time", f"{used * 1e3:.1f} ms", "<= 50 ms",
        used <= TARGET)  # fmt: skip
    seconds = median(load, rounds=40, warm=5)
    row("the same by the clock (of a shared machine)", f"{seconds * 1e3:.1f} ms")
    first = p.maker("sealer 7").certificate
    seconds = median(lambda: load().services_for(first, "sealer"), rounds=20, warm=3) - seconds
    row("first look-up of a sealer", f"{seconds * 1e3:.1f} ms")
    update(operator, packed)


def processor(work: Callable[[], Any], *, rounds: int = 40) -> float:
    """Median processor seconds of one call: what neighbours take does not count."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def count_checks(work: Callable[[], Any]) -> int:
    """How many signature values are really verified."""
    calls = 0
    original = verify.check

    def counted(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        return original(*arguments, **more)

    from elicense.trust import list_signature

    list_signature.check = counted  # type: ignore[attr-defined]
    try:
        work()
    finally:
        list_signature.check = original  # type: ignore[attr-defined]
    return calls


def update(operator: p.Operator, packed: bytes) -> None:
    """A managed folder takes the bundle in, and is loaded again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "trust"
        managed.create(folder, [operator.pin], "x")
        start = time.perf_counter()
        managed.update(folder, bundle.read(packed), now=p.START + 9 * p.DAY)
        row("a managed folder's update, durable", f"{(time.perf_counter() - start) * 1e3:.0f} ms")
        seconds = median(lambda: TrustStore.load(folder), rounds=10, warm=2)
        row("load of the managed folder", f"{seconds * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
