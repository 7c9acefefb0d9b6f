"""Our seals read by somebody else: ASN.1 written down anew, values judged by OpenSSL.

The types are those of GM/T 0031-2014 (version 1), GB/T 38540-2020 (version 4) and
GM/T 0031-2025 (version 5), in asn1crypto; nothing of elicense reads or verifies here.
"""

# ruff: noqa: RUF012 - asn1crypto wants lists of fields
from __future__ import annotations

import base64
import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core, tsp, x509
from lxml import etree
from PIL import Image

from issuing_world import SAMPLES, needs_openssl, openssl, sm2_verifies

pytestmark = needs_openssl
SEALS = SAMPLES.parent / "seals"
SM3_WITH_SM2 = "1.2.156.10197.1.501"
OFD = "{http://www.ofdspec.org/2016}"


class Header(core.Sequence):
    _fields = [("ID", core.IA5String), ("version", core.Integer), ("Vid", core.IA5String)]


class Certificates(core.SequenceOf):
    _child_spec = core.OctetString


class CertificateDigest(core.Sequence):
    _fields = [("type", core.PrintableString), ("value", core.OctetString)]


class CertificateDigests(core.SequenceOf):
    _child_spec = CertificateDigest


class Property1(core.Sequence):
    _fields = [
        ("type", core.Integer), ("name", core.UTF8String), ("certList", Certificates),
        ("createDate", core.UTCTime), ("validStart", core.UTCTime), ("validEnd", core.UTCTime),
    ]  # fmt: skip


class Property4(core.Sequence):
    _fields = [
        ("type", core.Integer), ("name", core.UTF8String), ("certListType", core.Integer),
        ("certList", core.Any), ("createDate", core.GeneralizedTime),
        ("validStart", core.GeneralizedTime), ("validEnd", core.GeneralizedTime),
    ]  # fmt: skip


class Picture(core.Sequence):
    _fields = [
        ("type", core.IA5String), ("data", core.OctetString), ("width", core.Integer),
        ("height", core.Integer),
    ]  # fmt: skip


class ExtData(core.Sequence):
    _fields = [
        ("id", core.ObjectIdentifier), ("critical", core.Boolean), ("value", core.OctetString),
    ]  # fmt: skip


class ExtDatas(core.SequenceOf):
    _child_spec = ExtData


def _info(own: type[core.Sequence]) -> list[Any]:
    return [
        ("header", Header), ("esID", core.IA5String), ("property", own), ("picture", Picture),
        ("extDatas", ExtDatas, {"optional": True}),
    ]  # fmt: skip


class Info1(core.Sequence):
    _fields = _info(Property1)


class Info4(core.Sequence):
    _fields = _info(Property4)


class SignInfo1(core.Sequence):
    _fields = [
        ("cert", core.OctetString), ("alg", core.ObjectIdentifier), ("value", core.BitString),
    ]  # fmt: skip


class Seal1(core.Sequence):
    _fields = [("info", Info1), ("sign", SignInfo1)]


class Seal4(core.Sequence):
    _fields = [
        ("info", Info4), ("cert", core.OctetString), ("alg", core.ObjectIdentifier),
        ("value", core.BitString),
        ("timeStamp", core.BitString, {"explicit": 0, "optional": True}),
    ]  # fmt: skip


class Tbs4(core.Sequence):
    _fields = [
        ("version", core.Integer), ("seal", Seal4), ("timeInfo", core.GeneralizedTime),
        ("dataHash", core.BitString), ("propertyInfo", core.IA5String),
        ("extDatas", ExtDatas, {"explicit": 0, "optional": True}),
    ]  # fmt: skip


class Signature4(core.Sequence):
    _fields = [
        ("tbs", Tbs4), ("cert", core.OctetString), ("alg", core.ObjectIdentifier),
        ("value", core.BitString),
        ("timeStamp", core.BitString, {"explicit": 0, "optional": True}),
    ]  # fmt: skip


class Tbs1(core.Sequence):
    _fields = [
        ("version", core.Integer), ("seal", Seal1), ("timeInfo", core.BitString),
        ("dataHash", core.BitString), ("propertyInfo", core.IA5String),
        ("cert", core.OctetString), ("alg", core.ObjectIdentifier),
    ]  # fmt: skip


class Signature1(core.Sequence):
    _fields = [("tbs", Tbs1), ("value", core.BitString)]


def raw(bits: core.BitString) -> bytes:
    """The bytes of a BIT STRING; ours have no unused bits."""
    assert bits.contents is not None and bits.contents[0] == 0
    return bytes(bits.contents[1:])


def sm3(data: bytes, folder: Path) -> bytes:
    (folder / "data").write_bytes(data)
    done = openssl("dgst", "-sm3", "-r", folder / "data")
    return bytes.fromhex(done.stdout.split()[0])


def pem(der: bytes, folder: Path, name: str) -> Path:
    path = folder / f"{name}.pem"
    body = base64.encodebytes(der).decode()
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    return path


def check_maker(seal: Seal1 | Seal4, folder: Path) -> None:
    """Version 1 signs SEQUENCE { info, cert, alg }, later ones the info alone."""
    old = isinstance(seal, Seal1)
    part = seal["sign"] if old else seal
    message = seal["info"].dump()
    if old:
        message = core.Sequence(contents=message + part["cert"].dump() + part["alg"].dump()).dump()
    assert part["alg"].native in {SM3_WITH_SM2, "sm3_sm2", "sm2"} or (
        part["alg"].dotted == SM3_WITH_SM2
    )
    certificate = pem(part["cert"].native, folder, "maker")
    assert sm2_verifies(certificate, message, raw(part["value"]), folder)
    assert not sm2_verifies(certificate, message[:-1] + b"\xff", raw(part["value"]), folder)


@pytest.mark.parametrize("version", [1, 4, 5])
def test_a_bare_seal_parses_strictly_and_its_maker_signed_it(version: int, tmp_path: Path) -> None:
    data = (SEALS / f"tianjin-doc-v{version}.esl").read_bytes()
    seal = (Seal1 if version == 1 else Seal4).load(data, strict=True)
    assert seal.dump(force=True) == data  # DER: written anew it is the same
    info = seal["info"]
    header, own, picture = info["header"], info["property"], info["picture"]
    assert (header["ID"].native, header["version"].native) == ("ES", version)
    assert own["name"].native == "天津海事局符合证明专用章"
    assert own["validStart"].native < own["validEnd"].native
    assert own["createDate"].native == datetime.datetime(2024, 1, 1, 16, tzinfo=datetime.UTC)
    assert (picture["type"].native, picture["width"].native) == ("png", 40)
    assert Image.open(io.BytesIO(picture["data"].native)).format == "PNG"
    maker = seal["sign"]["cert"].native if version == 1 else seal["cert"].native
    assert "制章" in x509.Certificate.load(maker).subject.native["common_name"]
    check_maker(seal, tmp_path)


def test_the_timestamp_of_a_version_5_seal_covers_its_signature(tmp_path: Path) -> None:
    seal = Seal4.load((SEALS / "tianjin-doc-v5.esl").read_bytes(), strict=True)
    check_timestamp(raw(seal["timeStamp"]), raw(seal["value"]), tmp_path)


def check_timestamp(token: bytes, value: bytes, folder: Path) -> None:
    """RFC 3161: SM3 imprint of the value, signed by the authority over its attributes."""
    signed = cms.ContentInfo.load(token, strict=True)["content"]
    info = tsp.TSTInfo.load(signed["encap_content_info"]["content"].contents)
    imprint = info["message_imprint"]["hashed_message"].native
    assert imprint == sm3(value, folder)
    (signer,) = signed["signer_infos"]
    serial = signer["sid"].chosen["serial_number"].native
    (own,) = [c.chosen for c in signed["certificates"] if c.chosen.serial_number == serial]
    authority = pem(own.dump(), folder, "tsa")
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    assert sm2_verifies(authority, message, signer["signature"].native, folder)


def listed(own: Property4, certificate: bytes, folder: Path) -> bool:
    """Is the signer in the seal's list, whole (1) or by digest (2)?"""
    entries = own["certList"].parse(
        Certificates if own["certListType"].native == 1 else CertificateDigests
    )
    if own["certListType"].native == 1:
        return certificate in [entry.native for entry in entries]
    return sm3(certificate, folder) in [entry["value"].native for entry in entries]


PATH = "Doc_0/Signs/Sign_0/Signature.xml"


def package_of(name: str, folder: Path) -> dict[str, bytes]:
    """The entries of an OFD, once every reference of its first signature was computed anew."""
    with zipfile.ZipFile(SAMPLES / name) as package:
        read = {entry: package.read(entry) for entry in package.namelist()}
    references = list(etree.fromstring(read[PATH]).iter(f"{OFD}Reference"))
    assert references
    for reference in references:
        entry = reference.get("FileRef", "").lstrip("/")
        wanted = base64.b64decode(reference.findtext(f"{OFD}CheckValue", ""))
        assert sm3(read[entry], folder) == wanted, entry
    return read


@pytest.mark.parametrize("name", ["tianjin-doc.ofd", "tianjin-doc-endorsed.ofd",
                                  "guangdong-smc.ofd", "shandong-doc-v5.ofd"])  # fmt: skip
def test_a_sealed_ofd_holds_from_the_reference_to_the_maker(name: str, tmp_path: Path) -> None:
    read = package_of(name, tmp_path)
    signed = Signature4.load(read["Doc_0/Signs/Sign_0/SignedValue.dat"], strict=True)
    tbs, certificate = signed["tbs"], signed["cert"].native
    assert tbs["propertyInfo"].native == f"/{PATH}"
    assert raw(tbs["dataHash"]) == sm3(read[PATH], tmp_path)
    assert tbs["seal"].dump() == read["Doc_0/Signs/Sign_0/Seal.esl"]
    check_signer(tbs, certificate, raw(signed["value"]), tmp_path)
    assert listed(tbs["seal"]["info"]["property"], certificate, tmp_path)
    check_maker(tbs["seal"], tmp_path)
    check_timestamp(raw(signed["timeStamp"]), raw(signed["value"]), tmp_path)


def test_a_version_1_ofd_holds_from_the_reference_to_the_maker(tmp_path: Path) -> None:
    read = package_of("tianjin-smc-interim.ofd", tmp_path)
    signed = Signature1.load(read["Doc_0/Signs/Sign_0/SignedValue.dat"], strict=True)
    tbs = signed["tbs"]
    assert (tbs["version"].native, tbs["propertyInfo"].native) == (1, f"/{PATH}")
    assert raw(tbs["dataHash"]) == sm3(read[PATH], tmp_path)
    assert tbs["seal"].dump() == read["Doc_0/Signs/Sign_0/Seal.esl"]
    certificate = tbs["cert"].native
    check_signer(tbs, certificate, raw(signed["value"]), tmp_path)
    assert certificate in [c.native for c in tbs["seal"]["info"]["property"]["certList"]]
    check_maker(tbs["seal"], tmp_path)


def check_signer(tbs: Tbs1 | Tbs4, certificate: bytes, value: bytes, folder: Path) -> None:
    signer = pem(certificate, folder, "signer")
    assert sm2_verifies(signer, tbs.dump(), value, folder)
    assert not sm2_verifies(signer, tbs.dump() + b"\0", value, folder)


def test_the_forged_seal_does_not_pass(tmp_path: Path) -> None:
    with zipfile.ZipFile(SAMPLES / "forged-seal.ofd") as package:
        data = package.read("Doc_0/Signs/Sign_0/Seal.esl")
    with pytest.raises(AssertionError):
        check_maker(Seal4.load(data, strict=True), tmp_path)
