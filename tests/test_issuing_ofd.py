"""Sealing OFDs: everything is covered, later seals leave the first intact."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elicense.containers import ofd as reader
from elicense.crypto import der
from elicense.crypto.ses import read_signature
from elicense.crypto.sm3 import sm3
from elicense.errors import Error, InputError, UsageError
from elicense.examine import examine
from elicense.issuing import ofd_package, ofd_seal
from elicense.issuing.page import Spot
from issuing_world import CERTS, SAMPLES, desk, needs_openssl, sm2_verifies

from samples import licences, sealing, spoil  # isort: skip

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SIGNER = "sealers/tianjin-doc-sm2"
PLAIN = (SAMPLES / "unsealed.ofd").read_bytes()
SPOT = Spot(1, 142, 226, 40, 40)


def _seal(data: bytes = PLAIN, spots: tuple[Spot, ...] = (SPOT,)) -> bytes:
    return ofd_seal.seal_ofd(
        data, seal=sealing.seal_of(desk(), licences.TIANJIN_DOC),
        credential=desk().world.credential(SIGNER), time=NOW, spots=spots,
    )  # fmt: skip
# empty until an endorsement adds to it, and judged by what stands in it
OPEN = "Doc_0/Annots/Annotations.xml"


def _signatures(data: bytes) -> tuple[reader.OfdPackage, tuple[object, ...]]:
    read = reader.read(data)
    assert read.faults == () and read.notes == ()
    assert all(item.faults == () and item.notes == () for item in read.signatures)
    return read, read.signatures


def test_the_seal_covers_all_a_reader_shows_and_the_metadata() -> None:
    read, (signature,) = _signatures(_seal())
    assert signature.coverage.uncovered == (OPEN,)
    assert examine(_seal(), pages=False).signatures[0].coverage.whole
    assert signature.coverage.uncovered_metadata == ()
    assert all(digest.matches for digest in signature.digests)
    left_out = set(read.entries) - set(signature.references)
    assert left_out == {
        "Doc_0/Signs/Signatures.xml", "Doc_0/Signs/Sign_0/Signature.xml",
        "Doc_0/Signs/Sign_0/SignedValue.dat", OPEN,
    }  # fmt: skip


@needs_openssl
def test_openssl_verifies_the_seal_signature(tmp_path: Path) -> None:
    _, (signature,) = _signatures(_seal())
    signed = read_signature(signature.signed_value, place="SignedValue.dat")
    assert signed.data_hash == sm3(signature.signature_xml)
    assert signed.property_info == "/Doc_0/Signs/Sign_0/Signature.xml"
    assert sm2_verifies(CERTS / f"{SIGNER}.pem", signed.tbs, signed.signature, tmp_path)
    assert signature.seal == signed.seal.raw


@needs_openssl
@pytest.mark.parametrize("attributes", [False, True])
def test_openssl_verifies_the_plain_signature(attributes: bool, tmp_path: Path) -> None:
    data = ofd_seal.sign_ofd(PLAIN, credential=desk().world.credential(SIGNER), time=NOW,
                             attributes=attributes)  # fmt: skip
    _, (signature,) = _signatures(data)
    assert (signature.type, signature.coverage.uncovered) == ("Sign", (OPEN,))
    signer = der.parse(signature.signed_value).children()[1].only().children()[-1].children()[0]
    parts = signer.children()
    digest = sm3(signature.signature_xml)
    message = b"\x31" + parts[3].raw[1:] if attributes else digest
    assert digest in message
    assert sm2_verifies(CERTS / f"{SIGNER}.pem", message, parts[-1].body, tmp_path)


def test_a_later_seal_leaves_the_first_whole() -> None:
    second = _seal(_seal(), (Spot(2, 100, 100, 30, 30),))
    _, (one, two) = _signatures(second)
    assert one.coverage.uncovered == two.coverage.uncovered == (OPEN,)
    assert all(item.coverage.whole for item in examine(second, pages=False).signatures)
    assert all(d.matches for item in (one, two) for d in item.digests)
    assert "Doc_0/Signs/Sign_0/SignedValue.dat" in two.references
    assert (one.id, two.id) == ("s001", "s002")


def test_a_seal_may_stand_on_several_pages() -> None:
    _, (signature,) = _signatures(_seal(spots=(SPOT, Spot(2, 1, 2, 3, 4))))
    assert [item.page for item in signature.placements] == [1, 2]


def test_a_seal_needs_a_place_that_is_there() -> None:
    for spots in ((), (Spot(3, 0, 0, 1, 1),), (Spot(0, 0, 0, 1, 1),)):
        with pytest.raises(UsageError):
            _seal(spots=spots)


def test_an_unsound_package_is_refused_not_repaired() -> None:
    doubled = BytesIO(PLAIN)
    with zipfile.ZipFile(doubled, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("OFD.xml", b"<a/>")
    entries = spoil.entries(PLAIN)
    without = ofd_package.pack({k: v for k, v in entries.items() if k != "OFD.xml"})
    evil = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    entity = ofd_package.pack({**entries, "OFD.xml": evil})
    for data in (b"", b"PK\x03\x04", doubled.getvalue(), without, entity):
        with pytest.raises(InputError):
            _seal(data)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_packages_give_an_error_of_ours_or_a_seal(at: int, junk: bytes) -> None:
    damaged = PLAIN[:at] + junk + PLAIN[at + len(junk) :]
    try:
        _seal(damaged)
    except Error:
        return
    assert damaged[:at] + junk + damaged[at + len(junk) :] == damaged


def test_metadata_and_data_are_where_readers_look() -> None:
    read = reader.read(PLAIN)
    licence = licences.TIANJIN_DOC
    assert read.metadata["ZZBS"] == licence.identifier
    assert read.metadata["CZZT"] == licence.holder.name
    assert read.metadata["ZZYXQJZRQ"] == "2031-02-28"
    (attachment,) = read.attachments
    assert (attachment.name, attachment.data) == ("licence.json", sealing.data_of(licence))


def test_page_text_reads_back() -> None:
    text = "\n".join(line for page in reader.page_lines(reader.read(PLAIN)) for line in page)
    for wanted in ("符合证明", "渤海样例航运有限公司", "2031年02月28日"):
        assert wanted in text


def test_entries_have_the_names_every_reader_knows() -> None:
    names = list(spoil.entries(_seal()))
    assert names[0] == "OFD.xml"
    usual = {"Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/Pages/Page_0/Content.xml"}
    folder = "Doc_0/Signs"
    usual |= {f"{folder}/Signatures.xml", f"{folder}/Sign_0/Signature.xml"}
    usual |= {f"{folder}/Sign_0/SignedValue.dat", f"{folder}/Sign_0/Seal.esl"}
    assert usual <= set(names)
