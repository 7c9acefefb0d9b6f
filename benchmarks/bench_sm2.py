"""SM2 speed: the two engines and, in the same run, ``openssl speed``.

    python benchmarks/bench_sm2.py [--seconds 2]

A table goes to stderr and one JSON object to stdout. "verify" is the whole of
``sm2.verify``: Z_A, the digest of a 100-byte message, strict DER, the key's
checks, the curve. "uncached" empties the tables before each call; "cached" is a
key seen before. Each figure is the best of several rounds, in operations a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from elicense.crypto import _sm2_py, sm2

MESSAGE = bytes(range(100))
PRIVATE = (0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8).to_bytes(32, "big")
ROUNDS = 5


def rate(call: Callable[[], object], seconds: float, per_call: int = 1) -> float:
    """The best rate of ``ROUNDS`` rounds that take ``seconds`` in all."""
    best = 0.0
    for _ in range(ROUNDS):
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds / ROUNDS:
            call()
            count += per_call
        best = max(best, count / elapsed)
    return best


def measure_engine(seconds: float) -> dict[str, float]:
    """Single calls with the engine now in ``sm2``."""
    key = sm2.public_key(PRIVATE)
    signature = sm2.sign(PRIVATE, MESSAGE)

    def uncached() -> None:
        sm2._tables.clear()
        if not sm2.verify(key, MESSAGE, signature):
            raise AssertionError

    def cached() -> None:
        if not sm2.verify(key, MESSAGE, signature):
            raise AssertionError

    cached()
    return {
        "verify_uncached": rate(uncached, seconds),
        "verify_cached": rate(cached, seconds),
        "sign": rate(lambda: sm2.sign(PRIVATE, MESSAGE, public_key=key), seconds),
    }


def measure_batches(seconds: float) -> dict[str, float]:
    """``verify_batch`` on one and two threads: 4096 items, of one key and of as many keys."""
    count = 4096
    results: dict[str, float] = {}
    for name, keys in (("cached", 1), ("uncached", count)):
        items = []
        for index in range(count):
            private = (index % keys + 2).to_bytes(32, "big")
            key = sm2.public_key(private)
            e = sm2.message_digest(key, MESSAGE)
            items.append((key, e, sm2.sign_digest(private, e)))
        for threads in (1, 2):

            def run(
                items: list[tuple[bytes, bytes, bytes]] = items, threads: int = threads
            ) -> None:
                if not all(sm2.verify_batch(items, threads=threads)):
                    raise AssertionError

            run()
            label = f"batch_{name}_{threads}_thread{'s' * (threads > 1)}"
            results[label] = rate(run, max(seconds, 2.0), count)
        one, two = results[f"batch_{name}_1_thread"], results[f"batch_{name}_2_threads"]
        results[f"batch_{name}_gain"] = two / one
    return results


def measure_openssl(seconds: int) -> dict[str, float]:
    """Sign and verify rates of ``openssl speed sm2``; empty where there is none."""
    if shutil.which("openssl") is None:
        return {}
    for name in ("sm2", "curveSM2"):
        run = subprocess.run(
            ["openssl", "speed", "-seconds", str(seconds), name],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"\(CurveSM2\)\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)", run.stdout)
        if found:
            return {"sign": float(found[1]), "verify": float(found[2])}
    return {}


def use_python_engine() -> None:
    os.environ["ELICENSE_ALLOW_PYTHON_SIGNER"] = "1"
    sm2._engine, sm2.ENGINE = _sm2_py, "python"
    sm2._tables = sm2._KeyTables(_sm2_py.make_table, capacity=128)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [--seconds N]")
    parser.add_argument("--seconds", type=int, default=2, help="for each figure")
    seconds = parser.parse_args().seconds
    result: dict[str, object] = {"machine": platform.machine(), "python": platform.python_version()}
    openssl = measure_openssl(seconds)
    result["openssl"] = openssl
    ratios: dict[str, float] = {}
    if sm2.ENGINE == "c":
        engine = measure_engine(seconds)
        result["c"] = engine | measure_batches(seconds)
        if openssl:
            ratios = {
                name: value / openssl["sign" if name == "sign" else "verify"]
                for name, value in engine.items()
            }
    use_python_engine()
    result["pure_python"] = measure_engine(seconds)
    result["c_to_openssl"] = ratios
    show(result)
    print(json.dumps(result))


def show(result: dict[str, object]) -> None:
    for section, values in result.items():
        if isinstance(values, dict):
            for name, value in values.items():
                unit = "x" if section == "c_to_openssl" or name.endswith("gain") else "/s"
                figure = f"{value:12,.2f} x" if unit == "x" else f"{value:12,.0f} /s"
                print(f"{section:14} {name:26} {figure}", file=sys.stderr)


if __name__ == "__main__":
    main()
