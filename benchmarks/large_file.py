"""Makes a large signed PDF in a child process, verifies it in this one, prints
"peak-bytes seconds file-bytes"."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_MAKE = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/fixtures", {root!r} + "/tests",
                {root!r} + "/benchmarks"]
from large_pdf import make
open(sys.argv[1], "wb").write(make(int(sys.argv[2])))
"""


def main() -> None:
    size = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.pdf"
        subprocess.run(
            [sys.executable, "-c", _MAKE.format(root=str(ROOT)), str(path), str(size)], check=True
        )
        import elicense

        trust = elicense.TrustStore.load(ROOT / "fixtures/certs/trust")
        start = time.perf_counter()
        report = elicense.verify(path, trust=trust)
        seconds = time.perf_counter() - start
        codes = {f.code for f in report.findings if str(f.outcome) == "PASS"}
        assert {"integrity.digest", "signature.value"} <= codes, report.deciding
        assert not report.evidence.qr_problem, report.evidence.qr_problem
        status = Path("/proc/self/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024  # this process alone
        print(peak, seconds, path.stat().st_size)


if __name__ == "__main__":
    main()
