"""Others accept our PDFs: pyHanko, poppler's pdfsig and qpdf, none of them ours."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from issuing_world import CERTS, SAMPLES, needs_openssl, sm2_verifies

EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
PDFS = sorted(name for name in EXPECTED["samples"] if name.endswith(".pdf"))
RSA, SM2 = "ETSI.CAdES.detached", "adbe.pkcs7.detached"
# sound as files: nothing was changed after sealing
BROKEN = {"tampered-page.pdf"}
APPENDED = {"appended-overlay.pdf", "appended-note.pdf"}
ROGUE = {"rogue.pdf"}
NOT_TRUSTED = {"revoked-sealer.pdf", "path-length.pdf", *ROGUE}


def signatures(name: str) -> list[Any]:
    """The signature dictionaries of a file, the oldest first."""
    with pikepdf.open(SAMPLES / name) as pdf:
        found = [item for item in pdf.objects if _is_signature(item)]
        return [
            {key: (bytes(item[key]) if key == "/Contents" else str(item[key]))
             for key in ("/SubFilter", "/Contents")} for item in found
        ]  # fmt: skip


def _is_signature(item: Any) -> bool:
    return isinstance(item, pikepdf.Dictionary) and "/ByteRange" in item


def with_profile(*profiles: str) -> list[str]:
    return [name for name in PDFS
            if {s["/SubFilter"].strip("/") for s in signatures(name)} & set(profiles)]  # fmt: skip


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        package = {"pdfsig": "poppler-utils"}.get(command[0], command[0])
        pytest.skip(f"{command[0]} is not installed (apt-get install {package})")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", PDFS)
def test_qpdf_finds_nothing_wrong(name: str) -> None:
    done = tool("qpdf", "--check", str(SAMPLES / name))
    assert done.returncode == 0, done.stderr
    assert "No syntax or stream encoding errors found" in done.stdout
    assert "WARNING" not in done.stdout + done.stderr


# -- RSA ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", with_profile(RSA))
def test_pdfsig_finds_every_rsa_signature_valid(name: str) -> None:
    done = tool("pdfsig", "-nocert", str(SAMPLES / name))
    assert done.returncode == 0, done.stderr
    found = re.findall(r"Signature Validation: (.*)", done.stdout)
    kinds = re.findall(r"Signature Type: (.*)", done.stdout)
    wanted = "Digest Mismatch." if name in BROKEN else "Signature is Valid."
    # document timestamps are "unknown" to pdfsig: it says so and does not judge them
    regular = [v for k, v in zip(kinds, found, strict=True) if k == RSA]
    assert regular and set(regular) == {wanted}


@pytest.mark.parametrize("name", sorted(APPENDED))
def test_pdfsig_sees_that_something_was_appended(name: str) -> None:
    done = tool("pdfsig", "-nocert", str(SAMPLES / name))
    assert "Total document signed" not in done.stdout
    assert "Not total document signed" in done.stdout


def hanko(name: str) -> list[Any]:
    """pyHanko's status of each signature, with our RSA root trusted."""
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = load_cert_from_pemder(str(CERTS / "roots/test-root-rsa.pem"))
    crls = [path.read_bytes() for path in sorted((CERTS / "trust" / "crls").iterdir())]
    moment = datetime.datetime.fromisoformat(EXPECTED["at"])
    context = ValidationContext(
        trust_roots=[root], moment=moment, allow_fetching=False, crls=_rsa_crls(crls)
    )
    with (SAMPLES / name).open("rb") as file:
        reader = PdfFileReader(file)
        return [
            validate_pdf_signature(item, context, ts_validation_context=context)
            for item in reader.embedded_regular_signatures
        ]


def _rsa_crls(crls: list[bytes]) -> list[Any]:
    """pyHanko cannot verify SM2: it is given the RSA authorities' lists."""
    from asn1crypto.crl import CertificateList

    from elicense.trust.store import pem_or_der

    found = [CertificateList.load(pem_or_der(data)) for data in crls]
    return [item for item in found
            if item["signature_algorithm"]["algorithm"].native == "sha256_rsa"]  # fmt: skip


@pytest.mark.parametrize("name", with_profile(RSA))
def test_pyhanko_sees_every_rsa_sample_as_it_is(name: str) -> None:
    found = hanko(name)
    assert found
    for status in found:
        assert status.intact is (name not in BROKEN)
        assert status.valid
        if name in BROKEN | APPENDED | NOT_TRUSTED:
            assert not status.bottom_line
        else:
            assert status.bottom_line
            assert status.timestamp_validity.valid and status.timestamp_validity.trusted


# -- SM2 ------------------------------------------------------------------------------


@needs_openssl
@pytest.mark.parametrize("name", with_profile(SM2))
def test_openssl_confirms_the_sm2_value_over_the_signed_attributes(
    name: str, tmp_path: Path
) -> None:
    from asn1crypto import cms

    (entry, *_) = [s for s in signatures(name) if s["/SubFilter"] == f"/{SM2}"]
    signed = cms.ContentInfo.load(entry["/Contents"])["content"]
    (signer,) = signed["signer_infos"]
    certificate = tmp_path / "signer.pem"
    serial = signer["sid"].chosen["serial_number"].native
    (own,) = [c.chosen for c in signed["certificates"] if c.chosen.serial_number == serial]
    certificate.write_bytes(_pem(own.dump()))
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    value = signer["signature"].native
    assert sm2_verifies(certificate, message, value, tmp_path)
    assert not sm2_verifies(certificate, message + b"\0", value, tmp_path)


def _pem(der: bytes) -> bytes:
    import base64

    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
