"""A verification against a device's bundle whose CRL holds 5,000 entries, warm.

    PYTHONPATH=src python benchmarks/bench_bundle_verify.py
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "fixtures"), str(ROOT / "benchmarks")]

import elicense  # noqa: E402
from common import SAMPLES, median, row  # noqa: E402
from elicense.trust import bundle  # noqa: E402
from pki import revocation, world  # noqa: E402
from pki.revocation import Revoked  # noqa: E402
from pki.trust_folder import REVOKED_ON  # noqa: E402

CERTS = ROOT / "fixtures" / "certs"
AT = datetime(2026, 11, 1, tzinfo=UTC)
ENTRIES = 5000


def device() -> bytes:
    """The test bundle, the CRL of Tianjin's CA with 5,000 revoked serials in it."""
    made = world.build(CERTS / "keys")
    entity = made.entities["ca/tianjin-sm2"]
    crl = revocation.crl(
        issuer=entity.subject, issuer_key=entity.key, this_update=world.day(2026),
        next_update=world.day(2046), number=20260101,
        revoked=tuple(
            Revoked(10**30 + 7919 * n, REVOKED_ON, "superseded") for n in range(ENTRIES)
        ),
    )  # fmt: skip
    found = bundle.read((CERTS / "device.elt").read_bytes())
    old = (CERTS / "trust" / "crls" / "tianjin-sm2.crl").read_bytes()
    crls = tuple(crl if data == old else data for data in found.crls)
    assert crl in crls
    return bundle.write(replace(found, crls=crls))


def main() -> list[dict[str, Any]]:
    operator = (CERTS / "operator" / "operator-sm2.pem").read_bytes()
    trust = elicense.TrustStore.load_bundle(device(), operators=[operator])
    data = (SAMPLES / "tianjin-doc.ofd").read_bytes()
    report = elicense.verify(data, trust=trust, at=AT, now=AT)
    assert report.verdict == "VALID", report.deciding
    print(f"Verifying against a bundle (warm, a CRL of {ENTRIES} entries)")
    whole = median(lambda: elicense.verify(data, trust=trust, at=AT, now=AT))
    checks = median(lambda: elicense.verify(data, trust=trust, at=AT, now=AT, pages=False))
    return [
        row("OFD: cryptography, licence, status, rules", f"{checks * 1e3:.2f} ms", "≤ 3 ms",
            checks <= 0.003),
        row("the same with page text and QR read too", f"{whole * 1e3:.2f} ms"),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
