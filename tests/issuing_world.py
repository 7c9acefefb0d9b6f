"""The test PKI, the samples and OpenSSL, for the tests of fixtures and issuing."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CERTS = ROOT / "fixtures" / "certs"
SAMPLES = ROOT / "examples" / "samples"
AT = "1793462400"  # 2026-11-01T00:00:00+08:00
sys.path.insert(0, str(ROOT / "fixtures"))

from pki import world  # noqa: E402
from samples.sealing import Desk  # noqa: E402

DISTID = "distid:1234567812345678"
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command is not installed"
)


@functools.cache
def desk() -> Desk:
    return Desk(world.build(CERTS / "keys"))


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *(str(item) for item in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def public_key(certificate: Path, target: Path) -> Path:
    """The public key of a PEM certificate, as a file for ``openssl dgst``."""
    target.write_text(openssl("x509", "-in", certificate, "-noout", "-pubkey").stdout)
    return target


def sm2_verifies(certificate: Path, message: bytes, value: bytes, folder: Path) -> bool:
    """OpenSSL's judgement on an SM2 signature with the usual identity."""
    key = public_key(certificate, folder / "key.pem")
    (folder / "message").write_bytes(message)
    (folder / "value").write_bytes(value)
    done = openssl(
        "dgst", "-sm3", "-verify", key, "-sigopt", DISTID, "-signature", folder / "value",
        folder / "message",
    )  # fmt: skip
    return done.returncode == 0 and "Verified OK" in done.stdout
