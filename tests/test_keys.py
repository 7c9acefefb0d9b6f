"""Private keys: every form OpenSSL writes, real PKCS#12 files, damage and wrong passwords."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.crypto import der, keys, sm2
from elicense.errors import KeyMaterialError

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl command to make keys with"
)

SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PASSWORD = b"pass-\xe6\xb5\xb7"  # UTF-8, not ASCII alone


def corpus() -> Path:
    """The folder of real files: ELICENSE_CORPUS, or beside the repository."""
    found = Path(
        os.environ.get("ELICENSE_CORPUS") or Path(__file__).parents[1].parent / "shared" / "corpus"
    )
    if not found.is_dir():
        pytest.skip("the corpus of real files is not here (ELICENSE_CORPUS)")
    return found


def openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    run = subprocess.run(
        ["openssl", *map(str, arguments)], input=data, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def passin(password: bytes = PASSWORD) -> str:
    return "pass:" + password.decode()


@pytest.fixture(scope="module")
def sm2_key() -> keys.PrivateKey:
    return keys.from_sm2(SECRET)


@pytest.fixture(scope="module")
def sm2_pem(sm2_key: keys.PrivateKey) -> bytes:
    return keys.save_private_key_pem(sm2_key)


@pytest.fixture(scope="module")
def rsa_native() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def code_of(data: bytes, password: bytes | None = None) -> str:
    with pytest.raises(KeyMaterialError) as caught:
        keys.load_private_key(data, password)
    return caught.value.code


# --- forms --------------------------------------------------------------------------------


def test_key_hides_its_secret(sm2_key: keys.PrivateKey) -> None:
    assert sm2_key.kind == "sm2"
    assert sm2_key.secret == SECRET
    assert sm2_key.public_bytes == sm2.public_key(SECRET)
    text = repr(sm2_key) + str(sm2_key)
    assert SECRET.hex() not in text
    assert repr(SECRET) not in text
    assert openssl("pkey", "-pubin", "-inform", "DER", "-outform", "DER", data=sm2_key.spki) == (
        sm2_key.spki
    )


def test_sm2_from_pem_der_and_sec1(sm2_key: keys.PrivateKey, sm2_pem: bytes) -> None:
    pkcs8 = openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=sm2_pem)
    sec1 = openssl("ec", data=sm2_pem)
    assert b"-----BEGIN SM2 PRIVATE KEY-----" in sec1 or b"-----BEGIN EC PRIVATE KEY-----" in sec1
    sec1_der = openssl("ec", "-outform", "DER", data=sm2_pem)
    parameters = openssl("ecparam", "-name", "SM2")
    no_public = openssl("ec", "-no_public", data=sm2_pem)
    forms = (sm2_pem, pkcs8, sec1, sec1_der, parameters + sec1, no_public, b"text\r\n" + sm2_pem)
    crlf, renamed = sm2_pem.replace(b"\n", b"\r\n"), sec1.replace(b"SM2", b"EC")
    for data in (*forms, crlf, renamed):
        assert keys.load_private_key(data) == sm2_key
        assert keys.load_private_key(data, b"not needed") == sm2_key


def test_rsa_and_ec(rsa_native: rsa.RSAPrivateKey) -> None:
    for native, kind in ((rsa_native, "rsa"), (ec.generate_private_key(ec.SECP256R1()), "ec")):
        key = keys.from_native(native)
        pem = keys.save_private_key_pem(key)
        traditional = native.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        for data in (pem, traditional, keys.save_private_key_pem(key, PASSWORD)):
            loaded = keys.load_private_key(data, PASSWORD)
            assert loaded.kind == kind
            assert loaded.public_bytes == key.public_bytes
            assert loaded.spki == key.spki
            assert loaded.secret is None
        assert openssl("pkey", "-pubout", "-outform", "DER", data=pem) == key.spki


@pytest.mark.parametrize(
    "scheme",
    [
        ("-v2", "aes-128-cbc"),
        ("-v2", "aes-192-cbc"),
        ("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"),
        ("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"),
        ("-v2", "des3"),
        ("-v2", "sm4-cbc"),
        ("-v1", "PBE-SHA1-3DES"),
    ],
    ids=" ".join,
)
def test_encrypted_by_openssl(
    sm2_key: keys.PrivateKey, sm2_pem: bytes, scheme: tuple[str, ...]
) -> None:
    arguments = ("pkcs8", "-topk8", *scheme, "-passout", passin())
    data = openssl(*arguments, data=sm2_pem)
    assert keys.load_private_key(data, PASSWORD) == sm2_key
    assert keys.load_private_key(openssl(*arguments, "-outform", "DER", data=sm2_pem), PASSWORD)
    assert code_of(data, b"wrong") == "key.password"
    assert code_of(data) == "key.password"


def test_encrypted_by_us(sm2_key: keys.PrivateKey) -> None:
    data = keys.save_private_key_pem(sm2_key, PASSWORD)
    assert data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert keys.load_private_key(data, PASSWORD) == sm2_key
    out = openssl("pkey", "-passin", passin(), "-pubout", "-outform", "DER", data=data)
    assert out == sm2_key.spki
    with pytest.raises(KeyMaterialError) as caught:
        keys.load_private_key(data, b"sesame")
    assert caught.value.code == "key.password"
    assert "sesame" not in str(caught.value)


def pbes2(prf: str, cipher: str, key_size: int, iterations: int) -> bytes:
    """An EncryptedPrivateKeyInfo whose ciphertext is noise: only its header matters."""
    kdf = der.seq(
        der.octets(b"saltsalt"),
        der.integer(iterations),
        der.integer(key_size),
        der.seq(der.oid(prf), der.null()),
    )
    scheme = der.seq(der.oid(cipher), der.octets(bytes(16)))
    parameters = der.seq(der.seq(der.oid(keys._PBKDF2), kdf), scheme)
    return der.seq(der.seq(der.oid(keys._PBES2), parameters), der.octets(bytes(32)))


SM3_PRF, SM4_CBC = "1.2.156.10197.1.401.2", "1.2.156.10197.1.104.2"


def test_sm3_and_sm4(sm2_key: keys.PrivateKey) -> None:
    """PBKDF2 with HMAC-SM3 and SM4-CBC, as GmSSL writes it; sealed here by the same library."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import SM4
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    plain = keys._pkcs8_der(sm2_key)
    pad = 16 - len(plain) % 16
    derived = PBKDF2HMAC(hashes.SM3(), 16, b"saltsalt", 1000).derive(PASSWORD)
    encryptor = Cipher(SM4(derived), modes.CBC(bytes(16))).encryptor()
    header = der.parse(pbes2(SM3_PRF, SM4_CBC, 16, 1000)).children()[0].raw
    data = der.seq(header, der.octets(encryptor.update(plain + bytes((pad,)) * pad)))
    assert keys.load_private_key(data, PASSWORD) == sm2_key
    assert code_of(data, b"wrong") == "key.password"


def test_refuses_odd_encryption() -> None:
    assert code_of(pbes2(SM3_PRF, SM4_CBC, 16, 10_000_001), b"x") == "key.unsupported"
    assert code_of(pbes2(SM3_PRF, SM4_CBC, 16, 0), b"x") == "key.unsupported"
    assert code_of(pbes2(SM3_PRF, SM4_CBC, 17, 1), b"x") == "key.format"
    assert code_of(pbes2("1.2.3", SM4_CBC, 16, 1), b"x") == "key.unsupported"
    assert code_of(pbes2(SM3_PRF, "1.2.3", 16, 1), b"x") == "key.unsupported"


def test_refuses_other_keys(sm2_pem: bytes) -> None:
    edwards = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert code_of(edwards) == "key.unsupported"
    old = openssl("ec", "-aes128", "-passout", "pass:secret", data=sm2_pem)
    assert code_of(old, b"secret") == "key.unsupported"
    assert code_of(openssl("pkey", "-pubout", data=sm2_pem)) == "key.format"
    for data in (b"", b"x", b"0", b"-----BEGIN PRIVATE KEY-----", b"\x30\x00", b"\x30\x80\x00\x00"):
        assert code_of(data) == "key.format"
    assert code_of(b"-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----") == "key.format"
    assert code_of(bytes(1024 * 1024 + 1)) == "key.format"


def sec1(secret: bytes, public: bytes | None) -> bytes:
    parts = [der.integer(1), der.octets(secret), der.explicit(0, der.oid(keys._SM2_CURVE))]
    if public is not None:
        parts.append(der.explicit(1, der.bits(public)))
    return der.seq(*parts)


def test_public_key_beside_it_must_be_its_own(sm2_key: keys.PrivateKey) -> None:
    assert keys.load_private_key(sec1(SECRET, sm2_key.public_bytes)) == sm2_key
    other = sm2.public_key((9).to_bytes(32, "big"))
    assert code_of(sec1(SECRET, other)) == "key.mismatch"
    assert code_of(sec1(SECRET, other[:-1] + b"\x00")) == "sm2.public-key"


def test_secret_must_be_in_range() -> None:
    n = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
    for secret in (bytes(32), n.to_bytes(32, "big"), (n - 1).to_bytes(32, "big"), b"\x01" * 33):
        assert code_of(sec1(secret, None)) == "sm2.private-key"
    short = keys.load_private_key(sec1(b"\x09", None))
    assert short.secret == (9).to_bytes(32, "big")


# --- PKCS#12 ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(sm2_pem: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("p12") / "key.pem"
    path.write_bytes(sm2_pem)
    return openssl(
        "req", "-new", "-x509", "-sm3", "-key", path, "-subj", "/CN=Test/C=CN", "-days", "3650",
        "-sigopt", "distid:1234567812345678",
    )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-macalg", "sha1"),
        ("-macalg", "sha512", "-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC"),
        ("-macalg", "sm3"),
        ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"),
        ("-keypbe", "NONE", "-certpbe", "NONE"),
        ("-legacy",),
        ("-legacy", "-certpbe", "PBE-SHA1-RC2-128"),
    ],
    ids=lambda options: " ".join(options) or "default",
)
@pytest.mark.parametrize("password", [PASSWORD, b""], ids=["password", "empty"])
def test_pkcs12_by_openssl(
    sm2_key: keys.PrivateKey,
    sm2_pem: bytes,
    certificate: bytes,
    options: tuple[str, ...],
    password: bytes,
) -> None:
    out = ("-passout", passin(password))
    data = openssl("pkcs12", "-export", *options, *out, data=sm2_pem + certificate)
    key, certificates = keys.load_pkcs12(data, password)
    assert key == sm2_key
    assert certificates == [openssl("x509", "-outform", "DER", data=certificate)]
    for wrong in (b"wrong", PASSWORD[:-3]):
        with pytest.raises(KeyMaterialError) as caught:
            keys.load_pkcs12(data, wrong)
        assert caught.value.code == "key.password"


def test_pkcs12_puts_the_keys_certificate_first(
    sm2_key: keys.PrivateKey, sm2_pem: bytes, certificate: bytes, tmp_path: Path
) -> None:
    other_key = keys.from_sm2((9).to_bytes(32, "big"))
    (tmp_path / "other.pem").write_bytes(keys.save_private_key_pem(other_key))
    other = openssl(
        "req", "-new", "-x509", "-sm3", "-key", tmp_path / "other.pem", "-subj", "/CN=Other"
    )
    (tmp_path / "more.pem").write_bytes(other)
    (tmp_path / "key.pem").write_bytes(sm2_pem)
    data = openssl(
        "pkcs12", "-export", "-inkey", tmp_path / "key.pem", "-passout", passin(),
        "-certfile", tmp_path / "more.pem", data=certificate,
    )  # fmt: skip
    key, certificates = keys.load_pkcs12(data, PASSWORD)
    assert key == sm2_key
    assert len(certificates) == 2
    assert sm2_key.public_bytes in certificates[0]


def test_pkcs12_needs_a_mac_and_one_key(sm2_pem: bytes, certificate: bytes) -> None:
    export = ("pkcs12", "-export", "-passout", passin())
    no_mac = openssl(*export, "-nomac", data=sm2_pem + certificate)
    no_key = openssl(*export, "-nokeys", data=certificate)
    for data, code in ((no_mac, "key.unsupported"), (no_key, "key.format"), (b"", "key.format")):
        with pytest.raises(KeyMaterialError) as caught:
            keys.load_pkcs12(data, PASSWORD)
        assert caught.value.code == code


@pytest.mark.parametrize("name", ["ofdrw_USER.p12", "ofdrw_SealBuilder.p12"])
def test_real_pkcs12(name: str) -> None:
    """Written by BouncyCastle: BER with indefinite lengths, 3DES, RC2-40, an SM2 key."""
    data = (corpus() / "ofd" / name).read_bytes()
    key, certificates = keys.load_pkcs12(data, b"777777")
    assert key.kind == "sm2"
    assert key.public_bytes in certificates[0]
    assert b"CN = Test Certificate" in openssl(
        "x509", "-inform", "DER", "-noout", "-subject", data=certificates[0]
    )
    for wrong in (b"777778", b"", None):
        with pytest.raises(KeyMaterialError) as caught:
            keys.load_pkcs12(data, wrong)
        assert caught.value.code == "key.password"


# --- any bytes ----------------------------------------------------------------------------


def load_anything(data: bytes) -> None:
    """A key or a KeyMaterialError, and nothing else."""
    for load in (keys.load_private_key, keys.load_pkcs12):
        with contextlib.suppress(KeyMaterialError):
            load(data, b"pw")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    load_anything(data)
    load_anything(der.seq(data))
    load_anything(der.seq(der.integer(3), data))


@pytest.fixture(scope="module")
def samples(sm2_pem: bytes, certificate: bytes) -> list[bytes]:
    fast = ("-iter", "1", "-passout", "pass:pw")
    pkcs8 = ("pkcs8", "-topk8", "-outform", "DER")
    return [
        openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=sm2_pem),
        openssl("ec", "-outform", "DER", data=sm2_pem),
        openssl(*pkcs8, "-v2", "aes-128-cbc", *fast, data=sm2_pem),
        openssl(*pkcs8, "-v1", "PBE-SHA1-3DES", *fast, data=sm2_pem),
        openssl("pkcs12", "-export", "-nomaciter", *fast, data=sm2_pem + certificate),
        openssl("pkcs12", "-export", "-nomaciter", "-legacy", *fast, data=sm2_pem + certificate),
    ]


def test_damaged_files(samples: list[bytes]) -> None:
    for data in samples:
        load_anything(data)
        for at in range(min(len(data), 300)):
            # lengths, tags and OIDs; not the top bits of an iteration count
            changed = bytearray(data)
            changed[at] ^= 1 << (at % 3)
            load_anything(bytes(changed))
            load_anything(data[:at])


def test_deep_nesting() -> None:
    data = b""
    for _ in range(3000):
        data = der.tlv(0x24, data)
    outer = der.seq(der.seq(der.oid(keys._PBES2), der.seq()), data)
    load_anything(outer)
    content = der.seq(der.oid("1.2.840.113549.1.7.1"), der.explicit(0, data))
    load_anything(der.seq(der.integer(3), content, der.seq()))
