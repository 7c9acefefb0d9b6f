"""CMS SignedData as written: OpenSSL and our own strict reader both accept it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from elicense.crypto import der, keys
from elicense.crypto.cms import read_cms
from elicense.crypto.sm3 import sm3
from elicense.errors import KeyMaterialError, UsageError
from elicense.issuing import cms
from elicense.issuing.credential import from_private_key, issuer_and_serial
from issuing_world import AT, CERTS, desk, needs_openssl, openssl, sm2_verifies

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SM2, RSA = "sealers/tianjin-doc-sm2", "sealers/guangdong-smc-rsa"


def _value(message: bytes) -> tuple[bytes, bytes]:
    """The signed attributes as they are signed, and the signature value."""
    body = der.parse(message).children()[1].only().children()
    signer = body[-1].children()[0].children()
    attributes = next((n for n in signer if n.tag == 0xA0), None)
    value = next(n for n in signer if n.tag == der.OCTET_STRING)
    return (b"\x31" + attributes.raw[1:] if attributes else b""), value.body


@needs_openssl
@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("name", [RSA, "qr/guangdong-es256"])
def test_openssl_verifies_rsa_and_ecdsa(name: str, attached: bool, tmp_path: Path) -> None:
    content = "符合证明".encode()
    signed = cms.sign(desk().world.credential(name), content=content, attached=attached,
                      attributes=cms.Attributes(signing_time=NOW))  # fmt: skip
    (tmp_path / "p7").write_bytes(signed)
    for text, accepted in ((content, True), (b"other", False)):
        (tmp_path / "content").write_bytes(text)
        extra = [] if attached else ["-content", tmp_path / "content"]
        done = openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "p7",
                       "-CAfile", CERTS / "roots/test-root-rsa.pem", "-purpose", "any",
                       "-cades", "-attime", AT, "-out", tmp_path / "out", *extra)  # fmt: skip
        assert (done.returncode == 0) is (accepted or attached), done.stderr
    if attached:
        assert (tmp_path / "out").read_bytes() == content


@needs_openssl
def test_openssl_verifies_sm2_over_the_attributes(tmp_path: Path) -> None:
    signed = cms.sign(
        desk().world.credential(SM2), digest=sm3(b"content"),
        attributes=cms.Attributes(signing_time=NOW),
    )  # fmt: skip
    attributes, value = _value(signed)
    assert sm2_verifies(CERTS / f"{SM2}.pem", attributes, value, tmp_path)
    read = read_cms(signed)
    assert sm3(b"content") in attributes
    assert desk().world.entities[SM2].certificate in read.certificates


@needs_openssl
def test_without_attributes_the_digest_itself_is_signed(tmp_path: Path) -> None:
    digest = sm3(b"Signature.xml")
    signed = cms.sign(desk().world.credential(SM2), content=digest, attached=True, gm=True)
    attributes, value = _value(signed)
    assert attributes == b""
    assert sm2_verifies(CERTS / f"{SM2}.pem", digest, value, tmp_path)
    assert der.oid(cms.GM_SIGNED_DATA) in signed and der.oid(cms.GM_DATA) in signed
    assert der.oid(cms.GM_SM2_SIGN) in signed
    assert der.oid(cms.SIGNED_DATA) not in signed


def test_signing_certificate_names_the_signer() -> None:
    for name, digest in ((SM2, sm3), (RSA, lambda data: hashlib.sha256(data).digest())):
        credential = desk().world.credential(name)
        signed = cms.sign(credential, content=b"x", attributes=cms.Attributes())
        attributes, _ = _value(signed)
        issuer, serial = issuer_and_serial(credential.certificate)
        assert digest(credential.certificate) in attributes
        assert issuer in attributes and serial in attributes


def test_the_timestamp_is_over_the_signature_value() -> None:
    seen = []

    def stamp(message: bytes) -> bytes:
        seen.append(message)
        return desk().stamp(NOW)(message)

    signed = cms.sign(
        desk().world.credential(SM2), content=b"x", attributes=cms.Attributes(), stamp=stamp
    )
    _, value = _value(signed)
    assert seen == [value]
    assert sm3(value) in signed


def test_attributes_are_a_sorted_set_in_strict_der() -> None:
    signed = cms.sign(desk().world.credential(RSA), content=b"x",
                      attributes=cms.Attributes(signing_time=NOW))  # fmt: skip
    attributes, _ = _value(signed)
    members = [node.raw for node in der.parse(attributes).children()]
    assert len(members) == 4
    assert members == sorted(members)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"gm": True, "content": b"x"}, "cms.algorithm"),
        ({"digest": b"x" * 32}, "cms.content"),
        ({"digest": b"x" * 31, "attributes": cms.Attributes()}, "cms.content"),
        ({"attributes": cms.Attributes()}, "cms.content"),
        ({"content": b"x", "digest": b"x" * 32, "attributes": cms.Attributes()}, "cms.content"),
        ({"digest": b"x" * 32, "attributes": cms.Attributes(), "attached": True}, "cms.content"),
    ],
)
def test_what_cannot_be_signed_is_refused(options: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        cms.sign(desk().world.credential(RSA), **options)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize("name", [SM2, RSA, "qr/guangdong-es256"])
def test_a_key_file_and_its_certificate_sign(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELICENSE_ALLOW_PYTHON_SIGNER", "1")
    key = keys.load_private_key((CERTS / "keys" / f"{name}.pem").read_bytes())
    certificate = desk().world.entities[name].certificate
    credential = from_private_key(key, certificate)
    assert credential.family == desk().world.entities[name].key.family
    value = credential.sign(b"message")
    if credential.family == "sm2":
        assert sm2_verifies(CERTS / f"{name}.pem", b"message", value, tmp_path)
    elif credential.family == "rsa":
        assert value == desk().world.credential(name).sign(b"message")
    other = desk().world.entities["tsa/tsa-sm2"].certificate
    with pytest.raises(KeyMaterialError):
        from_private_key(key, other)
