"""What ``make demo`` shows: licences of two provinces, verified in a third without a network;
then one of them is withdrawn, and both are refused with the reason. A record of it is
judged anew. Before that, sealed samples good and bad; the licences of the story are issued
and endorsed on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRUST = "fixtures/certs/trust"
AT = "2026-11-01T09:00+08:00"
CERTS = "fixtures/certs"
SHANDONG = "examples/policies/shandong.toml"
SHIP = "imo=9990129,type=bulk-carrier,flag=CN,name=渤海样例一号"
Step = tuple[str, list[str], int]


def main() -> int:
    """Run the command as a user would; any unexpected exit code is an error."""
    language = _language()
    with tempfile.TemporaryDirectory(prefix="elicense-demo-") as folder:
        shutil.copytree(ROOT / TRUST, Path(folder, "bundle"))
        for step in (*_samples(language), *_issuing(folder), *_story(folder, language)):
            if not _run(*step):
                return 1
    return 0


def _language() -> str:
    """The reader's: ELICENSE_LANG, else that of the environment."""
    names = ("ELICENSE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    found = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "zh" if found.lower().startswith("zh") else "en"


def _judged(trust: str, language: str) -> list[str]:
    return ["--trust", trust, "--allow-test-trust", "--at", AT, "--now", AT, "--lang", language]


def _samples(language: str) -> list[Step]:
    verify = ["verify", *_judged(TRUST, language)]
    return [
        ("One licence, in full", [*verify, "examples/samples/tianjin-doc.ofd"], 0),
        ("A licence whose page was edited", [*verify, "examples/samples/tampered-page.ofd"], 1),
        ("All samples, a line each", [*verify, "-q", "examples/samples"], 1),
    ]


def _issuing(folder: str) -> list[Step]:
    """Tianjin issues and endorses a company's DOC as PDF, Guangdong its ship's SMC as OFD."""
    doc = _office(folder, "tianjin", "天津海事局", "sealers/tianjin-doc-sm2", "doc", "pdf")
    smc = _office(
        folder, "guangdong", "广东海事局", "sealers/guangdong-smc-sm2", "guangdong-smc", "ofd"
    )
    endorse = [
        "endorse", f"{folder}/doc.pdf", "--kind", "annual-1", "--date", "2026-10-20",
        "--place", "天津", "--officer", "张样例 审核员", "--seal", f"{folder}/tianjin.esl",
        *_key("sealers/tianjin-doc-sm2"), "--time", "2026-10-20T10:00",
        "--trust", TRUST, "--allow-test-trust", "-o", f"{folder}/doc-endorsed.pdf",
    ]  # fmt: skip
    return [*doc, ("The annual verification, endorsed by a later seal", endorse, 0), *smc]


def _office(
    folder: str, slug: str, name: str, sealer: str, request: str, form: str
) -> list[Step]:
    """The office's seal, and a licence issued under it."""
    seal = f"{folder}/{slug}.esl"
    make = [
        "seal", "make", "-o", seal, "--name", name, "--id", f"{slug}-DEMO", "--caption", "测试章",
        "--valid-from", "2025-01-01", "--created", "2025-01-01", "--valid-until", "2035-01-01",
        *_key(f"makers/{slug}-sm2"), "--signer", f"{CERTS}/{sealer}.pem",
    ]  # fmt: skip
    code = [arg.replace("--", "--qr-", 1) if arg.startswith("--") else arg
            for arg in _key(f"qr/{slug}-sm2")]  # fmt: skip
    out = f"{folder}/{request}.{form}"
    issue = ["issue", f"examples/requests/{request}.json", "--seal", seal, *_key(sealer), *code,
             "--format", form, "--time", "2025-11-01T10:00", "--trust", TRUST,
             "--allow-test-trust", "-o", out]  # fmt: skip
    return [
        (f"A seal of {name}, drawn and signed by its maker", make, 0),
        (f"{name} issues {Path(out).name}", issue, 0),
    ]


def _story(folder: str, language: str) -> list[Step]:
    """The ship in Shandong, offline; the DOC withdrawn; the ship there again."""
    doc, smc = f"{folder}/doc-endorsed.pdf", f"{folder}/guangdong-smc.ofd"
    bundle = f"{folder}/bundle"
    aboard = ["--policy", SHANDONG, *_judged(bundle, language)]
    ship = ["inspect-ship", "--doc", doc, "--smc", smc, "--ship", SHIP, *aboard]
    withdraw = ["status", "set", f"{bundle}/status/tj-1.p7", "--set", "60=withdrawn",
                *_key("status/tianjin-sm2"), "--time", "2026-10-30", "--valid-until",
                "2026-11-30"]  # fmt: skip
    again = ["replay", f"{folder}/ship.elrec", "-q", "--trust", bundle, "--allow-test-trust",
             "--lang", language]  # fmt: skip
    return [
        ("In Shandong, offline: may this ship sail?", ship, 0),
        ("Tianjin withdraws the DOC and signs its status list anew", withdraw, 0),
        ("In Shandong again, with the new list, on the record",
         [*ship, "--record", f"{folder}/ship.elrec", "--html", f"{folder}/ship.html"], 1),
        ("The DOC by itself", ["verify", doc, "-q", *aboard], 1),
        ("The SMC, its company's DOC beside it", ["verify", smc, "--companion", doc, *aboard], 1),
        ("The record, judged anew", again, 1),
    ]  # fmt: skip


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
