"""Electronic seals and their signatures as written: strict, and verified by OpenSSL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from elicense.crypto import der
from elicense.crypto.ses import read_seal, read_signature
from elicense.crypto.sm3 import sm3
from elicense.errors import UsageError
from elicense.issuing import ses
from elicense.issuing.ses import SealContent, Version
from issuing_world import CERTS, desk, needs_openssl, sm2_verifies

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SIGNER, MAKER = "sealers/tianjin-doc-sm2", "makers/tianjin-sm2"
VERSIONS: tuple[Version, ...] = (1, 4, 5)


def _content(**changes: object) -> SealContent:
    content = SealContent(
        id="120000DOC", name="天津海事局符合证明专用章",
        signers=(desk().world.entities[SIGNER].certificate,), created=NOW, valid_from=NOW,
        valid_until=NOW.replace(year=2036), picture=b"\x89PNG", width=40, height=42,
    )  # fmt: skip
    return replace(content, **changes)  # type: ignore[arg-type]


def _seal(version: Version = 4, **changes: object) -> bytes:
    return ses.make_seal(_content(**changes), maker=desk().world.credential(MAKER), version=version)


def _signed(version: Version = 4) -> bytes:
    return ses.sign(_seal(version), credential=desk().world.credential(SIGNER), time=NOW,
                    data_hash=sm3(b"Signature.xml"),
                    property_info="/Doc_0/Signs/Sign_0/Signature.xml")  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_a_seal_reads_back_without_a_note(version: Version) -> None:
    seal = read_seal(_seal(version))
    assert (seal.version, seal.header_version, seal.notes) == (version, version, ())
    assert (seal.id, seal.name, seal.type) == ("120000DOC", "天津海事局符合证明专用章", 1)
    assert seal.signer_certificates == (desk().world.entities[SIGNER].certificate,)
    assert (seal.created, seal.valid_until) == (NOW, NOW.replace(year=2036))
    assert (seal.picture.type, seal.picture.width, seal.picture.height) == ("png", 40, 42)
    assert seal.picture.data == b"\x89PNG"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_signature_reads_back_without_a_note(version: Version) -> None:
    signed = read_signature(_signed(version), place="SignedValue.dat")
    assert (signed.version, signed.notes) == (version, ())
    assert signed.time == NOW
    assert signed.data_hash == sm3(b"Signature.xml")
    assert signed.property_info == "/Doc_0/Signs/Sign_0/Signature.xml"
    assert signed.algorithm == "1.2.156.10197.1.501"


@needs_openssl
@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_verifies_maker_and_signer(version: Version, tmp_path: Path) -> None:
    signed = read_signature(_signed(version), place="SignedValue.dat")
    assert sm2_verifies(CERTS / f"{SIGNER}.pem", signed.tbs, signed.signature, tmp_path)
    value = signed.seal.maker_value
    assert value is not None
    parts = der.parse(_seal(version)).children()
    info = parts[0].raw
    if version == 1:
        info = der.seq(info, *(node.raw for node in parts[1].children()[:2]))
    assert sm2_verifies(CERTS / f"{MAKER}.pem", info, value.signature, tmp_path)
    assert not sm2_verifies(CERTS / f"{MAKER}.pem", info + b"\0", value.signature, tmp_path)


def test_signers_may_be_listed_by_digest() -> None:
    seal = read_seal(_seal(4, by_digest=True))
    assert seal.signer_certificates == ()
    certificate = desk().world.entities[SIGNER].certificate
    assert seal.signer_digests == (("SM3", sm3(certificate)),)


@pytest.mark.parametrize("version", [4, 5])
def test_the_timestamp_of_a_signature_is_over_its_value(version: Version) -> None:
    signed = ses.sign(_seal(version), credential=desk().world.credential(SIGNER), time=NOW,
                      data_hash=sm3(b""), property_info="/x", stamp=desk().stamp(NOW))  # fmt: skip
    read = read_signature(signed, place="x")
    assert read.timestamp is not None and sm3(read.signature) in read.timestamp


def test_a_version_5_seal_holds_its_own_timestamp() -> None:
    seal = ses.make_seal(_content(), maker=desk().world.credential(MAKER), version=5,
                         stamp=desk().stamp(NOW))  # fmt: skip
    read = read_seal(seal)
    assert read.maker_timestamp is not None and read.maker_value is not None
    assert sm3(read.maker_value.signature) in read.maker_timestamp


def test_what_a_version_cannot_say_is_refused() -> None:
    maker, signer = desk().world.credential(MAKER), desk().world.credential(SIGNER)
    with pytest.raises(UsageError, match="at least one signer"):
        _seal(4, signers=())
    with pytest.raises(UsageError, match="not digests"):
        _seal(1, by_digest=True)
    with pytest.raises(UsageError, match="only version 5"):
        ses.make_seal(_content(), maker=maker, version=4, stamp=desk().stamp(NOW))
    with pytest.raises(UsageError, match="no place for a timestamp"):
        ses.sign(_seal(1), credential=signer, time=NOW, data_hash=sm3(b""), property_info="/x",
                 stamp=desk().stamp(NOW))  # fmt: skip
