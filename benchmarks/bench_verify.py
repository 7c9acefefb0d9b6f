"""Verifying: a PDF against pyHanko on the same file, an OFD, cold starts, a 200 MB file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from typing import Any

import elicense
from common import ROOT, SAMPLES, TRUST, median, row

AT = datetime.fromisoformat("2026-11-01T09:00+08:00")


def main() -> list[dict[str, Any]]:
    print("Verifying (warm, in process, medians)")
    trust = elicense.TrustStore.load(TRUST)
    rows = [*_pdf(trust), *_ofd(trust)]
    print("Cold (whole process, best of five)")
    return [*rows, *_cold(), *_large()]


def _pdf(trust: elicense.TrustStore) -> list[dict[str, Any]]:
    data = (SAMPLES / "guangdong-smc.pdf").read_bytes()
    core = median(lambda: _core(data, trust))
    bare = median(lambda: elicense.verify(data, trust=trust, at=AT, pages=False))
    whole = median(lambda: elicense.verify(data, trust=trust, at=AT), rounds=20)
    peer = median(_pyhanko(data), rounds=40)
    return [
        row("PDF, RSA, chain of three: pyHanko", f"{peer * 1e3:.2f} ms"),
        row("the same: cryptography, structure, coverage", f"{core * 1e3:.2f} ms", "≤ 1/8 of peer",
            core <= peer / 8),
        row("… ratio", f"1/{peer / core:.1f}"),
        row("the same with licence data, status list and all checks", f"{bare * 1e3:.2f} ms"),
        row("the same with page text and QR read too", f"{whole * 1e3:.2f} ms"),
    ]  # fmt: skip


def _core(data: bytes, trust: elicense.TrustStore) -> bool:
    """What pyHanko does too: read, account for bytes and changes, digests, values, paths,
    timestamps, revocation."""
    from elicense import containers
    from elicense.checks.case import judge_signatures
    from elicense.checks.standing import World

    evidence, _ = containers.read(data)
    judged, _ = judge_signatures(evidence, World(trust, AT, AT, elicense.Limits()))
    good = judged[0].answer.ok and not evidence.faults
    assert good and judged[0].standing is not None and judged[0].standing.path.good
    return good


def _pyhanko(data: bytes) -> Any:
    from asn1crypto import crl
    from pyhanko.keys import load_certs_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots = list(load_certs_from_pemder([str(TRUST / "roots" / "test-root-rsa.pem")]))
    authorities = sorted((TRUST / "ca").glob("*-rsa.pem"))
    others = list(load_certs_from_pemder([str(path) for path in authorities]))
    crls = []
    for path in sorted((TRUST / "crls").glob("*rsa*")):
        raw = path.read_bytes()
        crls.append(crl.CertificateList.load(raw))

    def work() -> None:
        context = ValidationContext(
            trust_roots=roots, other_certs=others, crls=crls, moment=AT,
            best_signature_time=AT, allow_fetching=False, revocation_mode="soft-fail",
        )  # fmt: skip
        reader = PdfFileReader(io.BytesIO(data))
        status = validate_pdf_signature(reader.embedded_signatures[0], context)
        assert status.intact and status.valid

    return work


def _ofd(trust: elicense.TrustStore) -> list[dict[str, Any]]:
    data = (SAMPLES / "expired.ofd").read_bytes()  # the least parts: 13, one page more
    parts = len(zipfile.ZipFile(io.BytesIO(data)).namelist())
    core = median(lambda: _core(data, trust))
    bare = median(lambda: elicense.verify(data, trust=trust, at=AT, pages=False))
    whole = median(lambda: elicense.verify(data, trust=trust, at=AT), rounds=20)
    return [
        row(f"OFD, SM2, {parts} parts: cryptography, structure, coverage", f"{core * 1e3:.2f} ms",
            "≤ 2 ms", core <= 2e-3),
        row("the same with licence data, status list and all checks", f"{bare * 1e3:.2f} ms"),
        row("the same with page text and QR read too", f"{whole * 1e3:.2f} ms"),
    ]  # fmt: skip


def _cold() -> list[dict[str, Any]]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    code = "import time; t = time.perf_counter(); import elicense; print(time.perf_counter() - t)"
    imports = min(
        float(subprocess.run([sys.executable, "-c", code], env=environment, check=True,
                             capture_output=True).stdout) for _ in range(5)
    )  # fmt: skip
    rows = [row("import elicense", f"{imports * 1e3:.0f} ms", "≤ 60 ms", imports <= 0.06)]
    for name, pages, target in (
        ("tianjin-doc.ofd", 2, True), ("shandong-doc-interim.pdf", 1, True),
        ("guangdong-smc.pdf", 2, False),
    ):  # fmt: skip
        best = min(_verify_process(str(SAMPLES / name), environment) for _ in range(6))
        rows.append(row(f"elicense verify {name} ({pages} page(s))", f"{best * 1e3:.0f} ms",
                        "≤ 250 ms" if target else "",
                        best <= 0.25 if target else None))  # fmt: skip
    return rows


def _verify_process(path: str, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "elicense", "verify", "-q", "--trust", str(TRUST),
         "--allow-test-trust", "--at", "2026-11-01", path],
        env=environment, cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return time.perf_counter() - start


def _large() -> list[dict[str, Any]]:
    """Peak memory of verifying a 200 MB PDF whose one stream is that large."""
    size = 200 * 1024 * 1024
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "large_file.py"), str(size)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    peak, seconds, file_size = (float(x) for x in done.stdout.split())
    allowed = file_size + 150 * 1024 * 1024
    return [
        row("200 MB signed PDF: peak memory", f"{peak / 2**20:.0f} MiB",
            f"≤ {allowed / 2**20:.0f} MiB", peak <= allowed),
        row("200 MB signed PDF: time", f"{seconds:.2f} s"),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
