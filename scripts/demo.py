"""What ``make demo`` shows: sealed sample licences, good and bad, and why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRUST = "fixtures/certs/trust"
AT = "2026-11-01T09:00+08:00"


def main() -> int:
    """Run the command as a user would; any unexpected exit code is an error."""
    command = [sys.executable, "-m", "elicense", "verify", "--allow-test-trust"]
    shared = ["--trust", TRUST, "--at", AT]
    steps = (
        ("One licence, in full", [*shared, "--lang", "en", "examples/samples/tianjin-doc.ofd"], 0),
        ("同一份证照，中文", [*shared, "--lang", "zh", "examples/samples/tianjin-doc.ofd"], 0),
        ("A licence whose page was edited", [*shared, "examples/samples/tampered-page.ofd"], 1),
        ("All samples, a line each", [*shared, "-q", "examples/samples"], 1),
    )
    for title, arguments, expected in steps:
        print(f"\n── {title}\n$ elicense verify {' '.join(arguments)}\n", flush=True)
        code = subprocess.run([*command, *arguments], cwd=ROOT, env=_environment()).returncode
        if code != expected:
            print(f"demo: exit code {code}, {expected} was expected", file=sys.stderr)
            return 1
    return 0


def _environment() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    return {**environment, "PYTHONIOENCODING": "utf-8"}


if __name__ == "__main__":
    sys.exit(main())
