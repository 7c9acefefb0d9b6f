"""Signers by URI: files, passwords, certificates beside them, tokens' addresses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from elicense.crypto import keys, sm2
from elicense.crypto.certificate import read_certificate
from elicense.crypto.verify import check
from elicense.errors import KeyMaterialError
from elicense.issuing import pkcs11, signers
from elicense.issuing.credential import Credential
from issuing_world import CERTS, desk, needs_openssl

DOC = "sealers/tianjin-doc"
SECRET = b"correct horse"


def verifies(signer: Credential) -> bool:
    value = signer.sign(b"message")
    spki = read_certificate(signer.certificate).spki
    return check(
        spki, b"message", value, algorithm=signer.algorithm, digest=signer.digest
    ).ok  # fmt: skip


def code_of(*arguments, **options) -> str:
    with pytest.raises(KeyMaterialError) as caught:
        signers.load(*arguments, **options)
    assert SECRET.decode() not in str(caught.value)
    return caught.value.code


def key_file(family: str) -> Path:
    return CERTS / "keys" / f"{DOC}-{family}.pem"


def certificate_file(family: str) -> Path:
    return CERTS / f"{DOC}-{family}.pem"


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_a_pem_key_with_its_certificate(family: str) -> None:
    signer = signers.load(f"file:{key_file(family)}", certificate=certificate_file(family))
    assert signer.family == family
    assert verifies(signer)


def test_a_p256_key_signs_too() -> None:
    signer = signers.load(
        f"file:{CERTS}/keys/qr/tianjin-es256.pem", certificate=CERTS / "qr/tianjin-es256.pem"
    )
    assert (signer.family, verifies(signer)) == ("ecdsa", True)


@pytest.mark.parametrize("suffix", [".crt", ".cer", ".cert.pem"])
def test_a_certificate_beside_the_key(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "office.pem").write_bytes(key_file("sm2").read_bytes())
    (tmp_path / f"office{suffix}").write_bytes(certificate_file("sm2").read_bytes())
    assert verifies(signers.load(f"file:{tmp_path}/office.pem"))


def test_certificates_in_the_key_file_become_the_chain_without_the_root(tmp_path: Path) -> None:
    parts = (key_file("sm2"), CERTS / "roots/test-root-sm2.pem", CERTS / "ca/tianjin-sm2.pem",
             certificate_file("sm2"))  # fmt: skip
    path = tmp_path / "all.pem"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    signer = signers.load(f"file://{path}")
    world = desk().world.entities
    assert signer.certificate == world[f"{DOC}-sm2"].certificate
    assert signer.chain == (world["ca/tianjin-sm2"].certificate,)


def test_an_encrypted_key_asks_once_and_only_if_needed(tmp_path: Path) -> None:
    plain = keys.load_private_key(key_file("sm2").read_bytes())
    path = tmp_path / "locked.pem"
    path.write_bytes(keys.save_private_key_pem(plain, SECRET))
    asked: list[str] = []

    def ask(name: str) -> bytes:
        asked.append(name)
        return SECRET

    signer = signers.load(f"file:{path}", certificate=certificate_file("sm2"), password=ask)
    assert verifies(signer)
    assert asked == ["locked.pem"]
    signers.load(f"file:{key_file('sm2')}", certificate=certificate_file("sm2"), password=ask)
    assert asked == ["locked.pem"]
    given = {"certificate": certificate_file("sm2")}
    assert code_of(f"file:{path}", **given) == "key.password"
    assert code_of(f"file:{path}", **given, password=lambda _: b"wrong") == "key.password"


@pytest.mark.parametrize("suffix", [".p12", ".pfx"])
def test_pkcs12_brings_its_certificates(tmp_path: Path, suffix: str) -> None:
    key = serialization.load_pem_private_key(key_file("rsa").read_bytes(), None)
    own = x509.load_pem_x509_certificate(certificate_file("rsa").read_bytes())
    above = x509.load_pem_x509_certificate((CERTS / "ca/tianjin-rsa.pem").read_bytes())
    path = tmp_path / f"office{suffix}"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"office", key, own, [above], serialization.BestAvailableEncryption(SECRET)
        )
    )
    signer = signers.load(f"file:{path}", password=lambda _: SECRET)
    assert verifies(signer)
    assert signer.chain == (desk().world.entities["ca/tianjin-rsa"].certificate,)
    assert code_of(f"file:{path}", password=lambda _: b"no") == "key.password"


def test_a_key_of_another_certificate_is_told() -> None:
    uri, other = f"file:{key_file('sm2')}", CERTS / "sealers/tianjin-smc-sm2.pem"
    assert code_of(uri, certificate=other) == "key.mismatch"
    signer = signers.load(uri, certificate=other, check=False)
    assert not verifies(signer)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("key.pem", "key.uri"),
        ("http://host/key.pem", "key.uri"),
        ("file://host/key.pem", "key.uri"),
        ("file:", "key.uri"),
        ("file:key.pem?pin=1", "key.uri"),
        ("file:/no/such/key.pem", "key.file"),
        (f"file:{CERTS}/README.md", "key.format"),
        (f"file:{CERTS}/keys/{DOC}-sm2.pem", "key.certificate"),
    ],
)
def test_what_is_no_signer(uri: str, code: str) -> None:
    assert code_of(uri) == code


def test_the_python_signer_is_refused_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the C extension signing does not take constant time."""
    signer = signers.load(f"file:{key_file('sm2')}", certificate=certificate_file("sm2"))
    monkeypatch.setattr(sm2, "ENGINE", "python")
    monkeypatch.delenv("ELICENSE_ALLOW_PYTHON_SIGNER", raising=False)
    with pytest.raises(KeyMaterialError) as caught:
        signer.sign(b"message")
    assert caught.value.code == "sm2.slow-signer"
    with sm2.allow_python_signer():
        assert verifies(signer)


# -- addresses of tokens --------------------------------------------------------------------


def test_a_pkcs11_address_is_taken_apart() -> None:
    address = pkcs11.parse(
        "pkcs11:token=MSA%20Tianjin;object=sealer;id=%01%ff?module-path=/lib/p11.so"
        "&pin-source=env:PIN&x-sm2-mechanism=0x80000101&x-sm2-input=message"
    )
    assert address.token == {"token": "MSA Tianjin"}
    assert (address.label, address.id) == ("sealer", b"\x01\xff")
    assert (address.module, address.pin_variable) == ("/lib/p11.so", "PIN")
    assert (address.mechanism, address.input) == (0x80000101, "message")


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=x?module-path=/l",
        "pkcs11:object=k",
        "pkcs11:object=k?module-path=/l&pin-value=1234",
        "pkcs11:object=k?module-path=/l&pin-source=file:/pin",
        "pkcs11:object=k;object=k?module-path=/l",
        "pkcs11:object=k;colour=red?module-path=/l",
        "pkcs11:object=k;type=public?module-path=/l",
        "pkcs11:object=k?module-path=/l&x-sm2-mechanism=many",
        "pkcs11:object=k?module-path=/l&x-sm2-input=both",
    ],
)
def test_addresses_that_are_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELICENSE_PKCS11_MODULE", raising=False)
    assert code_of(uri) == "pkcs11.uri"


class _Token:
    """A key of a token that signs SM2 under a number of its maker's."""

    def __init__(self, form: str, mechanism: int, given: str) -> None:
        self.form, self.mechanism, self.given = form, mechanism, given
        self.key = keys.load_private_key(key_file("sm2").read_bytes())

    def sign(self, data: bytes, mechanism: int) -> bytes:
        assert int(mechanism) == self.mechanism
        assert self.key.secret is not None
        if self.given == "digest":
            raw = sm2.sign_digest(self.key.secret, data)
        else:
            raw = sm2.decode_signature(sm2.sign(self.key.secret, data))
        return {"raw": raw, "der": sm2.encode_signature(raw), "bad": b"\0" * 63}[self.form]


@pytest.mark.parametrize("given", ["digest", "message"])
@pytest.mark.parametrize("form", ["raw", "der", "bad"])
def test_an_sm2_value_of_a_token_by_a_number_of_its_maker(form: str, given: str) -> None:
    pytest.importorskip("pkcs11", reason="the extra pkcs11 is not installed")
    address = pkcs11.parse(
        f"pkcs11:object=k?module-path=/l&x-sm2-mechanism=0x80000101&x-sm2-input={given}"
    )
    certificate = desk().world.entities[f"{DOC}-sm2"].certificate
    token = _Token(form, 0x80000101, given)
    if form == "bad":
        with pytest.raises(KeyMaterialError):
            pkcs11.sm2_value(token, b"message", address, certificate)
        return
    value = pkcs11.sm2_value(token, b"message", address, certificate)
    spki = read_certificate(certificate).spki
    assert check(spki, b"message", value, algorithm="1.2.156.10197.1.501", digest="sm3").ok


# -- a real token ---------------------------------------------------------------------------

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
           "/usr/local/lib/softhsm/libsofthsm2.so")  # fmt: skip


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory):
    """A SoftHSM2 token with the RSA key and certificate of Tianjin's sealer, and a P-256 key.

    The module reads its configuration once a process, so all of it is set up first.
    """
    import os
    import shutil

    pytest.importorskip("pkcs11", reason="the extra pkcs11 is not installed")
    module = next((name for name in MODULES if Path(name).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed (Debian: softhsm2)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)

    def run(*arguments: object) -> None:
        command = ["softhsm2-util", *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    run("--init-token", "--free", "--label", "MSA test", "--pin", "1234", "--so-pin", "5678")
    for number, (path, label) in enumerate(
        ((key_file("rsa"), "sealer"), (CERTS / "keys/qr/tianjin-es256.pem", "qr")), start=1
    ):
        run("--import", path, "--token", "MSA test", "--label", label, "--id", f"0{number}",
            "--pin", "1234")  # fmt: skip
    return module


@pytest.mark.slow
def test_rsa_and_p256_keys_in_softhsm(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_PIN", "1234")
    monkeypatch.setenv("WRONG_PIN", "9999")
    base = f"pkcs11:token=MSA%20test;object={{}}?module-path={token}&pin-source=env:{{}}"
    # the wrong one first: a login is the process's and lasts
    assert (
        code_of(base.format("sealer", "WRONG_PIN"), certificate=certificate_file("rsa"))
        == "key.password"
    )
    sealer = signers.load(base.format("sealer", "TOKEN_PIN"), certificate=certificate_file("rsa"))
    assert (sealer.family, verifies(sealer)) == ("rsa", True)
    code = signers.load(base.format("qr", "TOKEN_PIN"), certificate=CERTS / "qr/tianjin-es256.pem")
    assert (code.family, verifies(code)) == ("ecdsa", True)
    prompted = base.format("sealer", "X").removesuffix("&pin-source=env:X")
    asked = signers.load(
        prompted, certificate=certificate_file("rsa"), password=lambda _name: b"1234"
    )
    assert verifies(asked)
    assert (
        code_of(base.format("absent", "TOKEN_PIN"), certificate=certificate_file("rsa"))
        == "pkcs11.key"
    )
    assert (
        code_of(
            base.format("sealer", "TOKEN_PIN"), certificate=CERTS / "sealers/guangdong-doc-rsa.pem"
        )
        == "key.mismatch"
    )
    assert code_of(base.format("sealer", "TOKEN_PIN")) == "key.certificate"
    elsewhere = f"pkcs11:token=other;object=sealer?module-path={token}&pin-source=env:TOKEN_PIN"
    assert code_of(elsewhere, certificate=certificate_file("rsa")) == "pkcs11.token"


@pytest.mark.slow
def test_a_licence_sealed_with_a_key_in_a_token(token: str, monkeypatch) -> None:
    from elicense.issuing.issue import issue
    from issue_world import TYPES, options, trust

    monkeypatch.setenv("TOKEN_PIN", "1234")
    signer = signers.load(
        f"pkcs11:token=MSA%20test;object=sealer?module-path={token}&pin-source=env:TOKEN_PIN",
        certificate=certificate_file("rsa"),
    )
    licence = TYPES["msa-doc"]
    given = {**options(licence, "rsa"), "signer": signer}
    for form in ("pdf", "ofd"):
        assert issue(licence, **given, format=form, trust=trust())


@needs_openssl
def test_openssl_accepts_the_value_of_a_file_key(tmp_path: Path) -> None:
    from issuing_world import sm2_verifies

    signer = signers.load(f"file:{key_file('sm2')}", certificate=certificate_file("sm2"))
    assert sm2_verifies(certificate_file("sm2"), b"message", signer.sign(b"message"), tmp_path)
