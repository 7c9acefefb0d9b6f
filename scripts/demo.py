"""What ``make demo`` shows: sealed sample licences, good and bad, and why; a DOC and an SMC
issued, endorsed and verified."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRUST = "fixtures/certs/trust"
AT = "2026-11-01T09:00+08:00"
CERTS = "fixtures/certs"
SEALERS = {"doc": "sealers/tianjin-doc-sm2", "smc": "sealers/tianjin-smc-sm2"}
Step = tuple[str, list[str], int]


def main() -> int:
    """Run the command as a user would; any unexpected exit code is an error."""
    judged = ["--trust", TRUST, "--at", AT, "--allow-test-trust"]
    verify = ["verify", *judged]
    steps: list[Step] = [
        ("One licence, in full", [*verify, "--lang", "en", "examples/samples/tianjin-doc.ofd"], 0),
        ("同一份证照，中文", [*verify, "--lang", "zh", "examples/samples/tianjin-doc.ofd"], 0),
        ("A licence whose page was edited", [*verify, "examples/samples/tampered-page.ofd"], 1),
        ("All samples, a line each", [*verify, "-q", "examples/samples"], 1),
    ]
    with tempfile.TemporaryDirectory(prefix="elicense-demo-") as folder:
        for step in (*steps, *_issuing(folder, verify)):
            if not _run(*step):
                return 1
    return 0


def _issuing(folder: str, verify: list[str]) -> list[Step]:
    """A seal, a DOC and an SMC sealed with it, each endorsed by a later seal, all verified."""
    seal = ["--seal", f"{folder}/office.esl"]
    make = ["seal", "make", "-o", f"{folder}/office.esl", "--name", "天津海事局", "--id", "TJ-DEMO",
            "--caption", "测试章", "--valid-from", "2025-01-01", "--created", "2025-01-01",
            "--valid-until", "2035-01-01", *_key("makers/tianjin-sm2")]  # fmt: skip
    for signer in SEALERS.values():
        make += ["--signer", f"{CERTS}/{signer}.pem"]
    steps: list[Step] = [("An office's seal, drawn and signed by a seal maker", make, 0)]
    trust = ["--trust", TRUST, "--allow-test-trust"]
    for name, form, box in (("doc", "pdf", "annual-1"), ("smc", "ofd", "additional")):
        key, out = _key(SEALERS[name]), f"{folder}/{name}.{form}"
        qr = [arg.replace("--", "--qr-", 1) if arg.startswith("--") else arg
              for arg in _key("qr/tianjin-sm2")]  # fmt: skip
        issue = ["issue", f"examples/requests/{name}.json", *seal, *key, *qr, "--format", form,
                 "--time", "2025-11-01T10:00", *trust, "-o", out]  # fmt: skip
        later = f"{folder}/{name}-endorsed.{form}"
        endorse = ["endorse", out, "--kind", box, "--date", "2026-10-20", "--place", "天津",
                   "--officer", "张样例 审核员", *seal, *key, "--time", "2026-10-20T10:00", *trust,
                   "-o", later]  # fmt: skip
        steps += [
            (f"{name.upper()} issued as {form.upper()}", issue, 0),
            (f"{name.upper()} endorsed by a later seal", endorse, 0),
            ("… and verified", [*verify, "-q", later], 0),
        ]
    return steps


def _key(name: str) -> list[str]:
    return ["--key", f"file:{CERTS}/keys/{name}.pem", "--cert", f"{CERTS}/{name}.pem"]


def _run(title: str, arguments: list[str], expected: int) -> bool:
    print(f"\n── {title}\n$ elicense {' '.join(arguments)}\n", flush=True)
    command = [sys.executable, "-m", "elicense", *arguments]
    code = subprocess.run(command, cwd=ROOT, env=_environment(), check=False).returncode
    if code != expected:
        print(f"demo: exit code {code}, {expected} was expected", file=sys.stderr)
    return code == expected


def _environment() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    return {**environment, "PYTHONIOENCODING": "utf-8"}


if __name__ == "__main__":
    sys.exit(main())
