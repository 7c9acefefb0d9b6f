"""``make bench``: every benchmark, with its target; exits 1 if one is missed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    import bench_issue
    import bench_ocr
    import bench_scan
    import bench_sm2
    import bench_status
    import bench_trust
    import bench_verify

    bench_sm2.main()
    bench_trust.main()
    rows = [*bench_verify.main(), *bench_issue.main(), *bench_status.main()]
    rows += [*bench_scan.main(), *bench_ocr.main()]
    missed = [r["name"] for r in rows if r["met"] is False]
    for name in missed:
        print(f"missed: {name}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
