"""Timing that compares like with like: both sides warm, in one process, medians."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "examples" / "samples"
TRUST = ROOT / "fixtures" / "certs" / "trust"


def median(work: Callable[[], Any], *, rounds: int = 60, warm: int = 8) -> float:
    """Median seconds of one call."""
    for _ in range(warm):
        work()
    gc.collect()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def row(name: str, value: str, target: str = "", met: bool | None = None) -> dict[str, Any]:
    mark = "" if met is None else ("ok" if met else "MISSED")
    print(f"  {name:<58} {value:>14}  {target:<16} {mark}", flush=True)
    return {"name": name, "value": value, "target": target, "met": met}
