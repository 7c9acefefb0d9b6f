"""Issuing: a DOC as PDF and as OFD, and a thousand in a batch over two processes.

Everything is counted: validation, page, signed QR, seal, and the verification of the
result under the trust store with its page text and QR read back.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import ROOT, TRUST, median, row

sys.path.insert(0, str(ROOT / "fixtures"))

import elicense
from elicense import identifiers, profiles
from elicense.issuing.many import Key, Setup, issue_all
from elicense.issuing.reading import as_json, read_lines
from elicense.licence import Licence, StatusReference
from samples import licences, sealing

CERTS = ROOT / "fixtures" / "certs"
COUNT = 1000
DOC = licences.TIANJIN_DOC
SEALERS = {"SM2": "sealers/tianjin-doc-sm2", "RSA": "sealers/tianjin-doc-rsa"}


def main(count: int = COUNT) -> list[dict[str, Any]]:
    print("Issuing a DOC, QR and verification included (warm, in process, medians)")
    trust = elicense.TrustStore.load(TRUST)
    rows = [r for form in ("pdf", "ofd") for r in _one(form, trust)]
    print("A batch over two processes, files written")
    return [*rows, *(_batch(form, trust, count) for form in ("pdf", "ofd"))]


def _key(name: str) -> Key:
    return Key(f"file:{CERTS}/keys/{name}.pem", f"{CERTS}/{name}.pem")


def _seal(name: str) -> bytes:
    from pki import world

    return sealing.seal_of(sealing.Desk(world.build(CERTS / "keys")), DOC, signer=name)


def _one(form: str, trust: elicense.TrustStore) -> list[dict[str, Any]]:
    rows = []
    for family, name in SEALERS.items():
        options: dict[str, Any] = {
            "seal": _seal(name), "signer": _key(name).load(), "format": form, "trust": trust,
            "time": sealing.sealing_time(DOC), "qr_signer": _key("qr/tianjin-sm2").load(),
        }  # fmt: skip
        spent = median(lambda options=options: elicense.issue(DOC, **options), rounds=40)
        size = len(elicense.issue(DOC, **options))
        rows += [
            row(f"DOC as {form.upper()}, {family}", f"{spent * 1e3:.1f} ms", "≤ 80 ms",
                spent <= 0.080),
            row("… size", f"{size / 1e3:.1f} kB", "≤ 150 kB", size <= 150_000),
        ]  # fmt: skip
    return rows


def _requests(count: int) -> list[Licence]:
    code = profiles.get("msa-doc").type_code
    return [
        replace(
            DOC,
            number=f"样例TJDOC{number:06d}",
            identifier=identifiers.format_identifier(
                type=code, issuer=DOC.issuer.code, serial=f"2026{number:06d}", version=1
            ),
            status=StatusReference("https://status.tj.example/lists/1", 200 + number % 3000),
        )
        for number in range(count)
    ]


def _batch(form: str, trust: elicense.TrustStore, count: int) -> dict[str, Any]:
    name = SEALERS["SM2"]
    text = "\n".join(as_json(item) for item in _requests(count)).encode()
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(
            folder=Path(folder), signer=_key(name), seal=_seal(name), format=form,  # type: ignore[arg-type]
            qr_signer=_key("qr/tianjin-sm2"), trust=trust,
            options={"time": sealing.sealing_time(DOC)},
        )  # fmt: skip
        start = time.perf_counter()
        results = list(issue_all(read_lines(text, place="bench"), setup, jobs=2))
        spent = time.perf_counter() - start
        bad = [result for result in results if result.state != "issued"]
        assert not bad, bad[0]
        assert len(os.listdir(folder)) == count
    rate = count / spent
    return row(f"{count} DOCs as {form.upper()}, two processes", f"{rate:.1f}/s", "≥ 25/s",
               rate >= 25)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
