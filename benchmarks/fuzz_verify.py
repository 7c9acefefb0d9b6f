"""Damage samples at random for as long as wanted and look at every answer.

    python benchmarks/fuzz_verify.py [seconds] [first seed]

Prints each answer that must not be (tests/mutating.py says which), with the seed that makes
the file again, and exits 1 if there was one. Two processes.
"""

from __future__ import annotations

import itertools
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
for folder in ("fixtures", "src", "tests"):
    sys.path.insert(0, str(ROOT / folder))

from judging import EXPECTED  # noqa: E402
from mutating import worst  # noqa: E402

BATCH = 500
WORKERS = 2


def main(seconds: float = 60, first: int = 1000) -> int:
    """Rounds over all samples until the time is up; the number of bad answers."""
    names = sorted(EXPECTED["samples"])
    end = time.monotonic() + seconds
    done = bad = 0
    with ProcessPoolExecutor(WORKERS) as pool:
        for seed in itertools.count(first):
            jobs = [(name, "random", BATCH, seed) for name in names]
            for start in range(0, len(jobs), WORKERS):
                for lines in pool.map(worst, jobs[start : start + WORKERS]):
                    done += BATCH
                    bad += len(lines)
                    print("\n".join(lines), end="\n" if lines else "")
                if time.monotonic() > end:
                    print(f"{done} damaged files, {bad} bad answers, seeds {first} to {seed}")
                    return bad
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(*(int(value) for value in sys.argv[1:3])) else 0)
