"""The trust folder: strict in every key, and nothing from outside it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import trust_builders as b
from elicense.errors import UsageError
from elicense.trust.store import FolderFiles, MemoryFiles, TrustStore

from pki.keys import pem  # isort: skip

FIXTURES = Path(__file__).parent.parent / "fixtures" / "certs"
CA = b.make("CA")
LEAF = b.make("Leaf", CA, *b.SIGNING)
HEAD = 'schema = "elicense-trust/1"\nname = "t"\n'
ENTRY = (
    '[[service]]\nservice = "sealer"\nregion = "120000"\nauthority = "A"\n'
    'licence_types = ["msa-doc"]\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, made in (("ca", CA), ("leaf", LEAF)):
        (tmp_path / f"{name}.pem").write_text(pem("CERTIFICATE", made.der))
    (tmp_path / "ca.der").write_bytes(CA.der)
    (tmp_path / "list.crl").write_bytes(b.crl(CA))
    return tmp_path


def load(folder: Path, text: str) -> TrustStore:
    (folder / "trust.toml").write_text(text, encoding="utf-8")
    return TrustStore.load(folder)


def test_a_folder_is_read(folder: Path) -> None:
    text = HEAD + (
        "issued = 2026-01-01\nnext_update = 2027-01-01T00:00:00Z\n"
        '[[anchor]]\nfile = "ca.pem"\n[[intermediate]]\nfile = "ca.der"\n'
        '[revocation]\ncrls = ["*.crl"]\n' + ENTRY + 'certificate = "leaf.pem"\n'
    )
    trust = load(folder, text)
    assert trust.anchors == trust.intermediates == (CA.certificate,)
    assert trust.issued == b.day(2026) and len(trust.crls) == 1 and not trust.test
    assert trust.services_for(LEAF.certificate, "sealer") == trust.services
    assert not trust.services_for(CA.certificate, "sealer")
    assert not trust.services_for(LEAF.certificate, "qr")


def test_the_digest_tells_any_change(folder: Path) -> None:
    text = HEAD + '[[anchor]]\nfile = "ca.pem"\n'
    first = load(folder, text).digest
    assert load(folder, text).digest == first
    (folder / "ca.pem").write_text(pem("CERTIFICATE", LEAF.der))
    assert load(folder, text).digest != first
    assert load(folder, text + "# x\n").digest != load(folder, text).digest


BAD = {
    "no schema": 'name = "x"',
    "other schema": 'schema = "elicense-trust/2"\nname = "x"',
    "no name": 'schema = "elicense-trust/1"',
    "unknown key": HEAD + "anchors = []",
    "flag": HEAD + 'test = "yes"',
    "date": HEAD + 'issued = "2026-01-01"',
    "year one": HEAD + "issued = 0001-01-01",
    "anchor key": HEAD + '[[anchor]]\nfile = "ca.pem"\ntrusted = true',
    "anchor table": HEAD + 'anchor = "ca.pem"',
    "absent": HEAD + '[[anchor]]\nfile = "none.pem"',
    "nul": HEAD + '[[anchor]]\nfile = "a\\u0000b"',
    "folder": HEAD + '[[anchor]]\nfile = "."',
    "outside": HEAD + '[[anchor]]\nfile = "../ca.pem"',
    "absolute": HEAD + '[[anchor]]\nfile = "/etc/hostname"',
    "not a certificate": HEAD + '[[anchor]]\nfile = "list.crl"',
    "pattern outside": HEAD + '[revocation]\ncrls = ["../*"]',
    "absolute pattern": HEAD + '[revocation]\ncrls = ["/etc/*"]',
    "pattern of nothing": HEAD + '[revocation]\ncrls = ["*.nothing"]',
    "revocation key": HEAD + "[revocation]\ncrl = []",
    "service": HEAD + ENTRY.replace("sealer", "sealers") + 'certificate = "leaf.pem"',
    "region": HEAD + ENTRY.replace("120000", "12") + 'certificate = "leaf.pem"',
    "no certificate": HEAD + ENTRY,
    "both": HEAD + ENTRY + 'certificate = "leaf.pem"\nca = "ca.pem"\nuscc = "1"',
    "ca alone": HEAD + ENTRY + 'ca = "ca.pem"',
    "empty subject": HEAD + ENTRY + 'ca = "ca.pem"\nsubject = {}',
    "subject key": HEAD + ENTRY + 'ca = "ca.pem"\nsubject = { organisation = "A" }',
    "subject empty": HEAD + ENTRY + 'ca = "ca.pem"\nsubject = { organization = "" }',
    "subject of one": HEAD + ENTRY + 'certificate = "leaf.pem"\nsubject = { organization = "A" }',
    "types": HEAD + ENTRY.replace('["msa-doc"]', "[]") + 'certificate = "leaf.pem"',
    "types text": HEAD + ENTRY.replace('["msa-doc"]', '"msa-doc"') + 'certificate = "leaf.pem"',
    "until": HEAD + ENTRY + 'certificate = "leaf.pem"\nfrom = 2026-01-01\nuntil = 2025-01-01',
    "list twice": HEAD + '[[status_list]]\nuri = "u"\nfile = "ca.pem"\n' * 2,
    "list key": HEAD + '[[status_list]]\nuri = "u"\nfile = "ca.pem"\nage = 3',
    "no toml": "schema = ",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_anything_misspelt_missing_or_outside_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(UsageError):
        load(folder, text)


def test_a_link_that_leads_out_is_refused(folder: Path) -> None:
    outside = folder.parent / f"{folder.name}-outside.pem"
    shutil.copy(folder / "ca.pem", outside)
    (folder / "link.pem").symlink_to(outside)
    with pytest.raises(UsageError):
        load(folder, HEAD + '[[anchor]]\nfile = "link.pem"')


def test_a_pem_file_of_two_certificates_is_refused(folder: Path) -> None:
    text = (folder / "ca.pem").read_text() + (folder / "leaf.pem").read_text()
    (folder / "two.pem").write_text(text)
    with pytest.raises(UsageError):
        load(folder, HEAD + '[[anchor]]\nfile = "two.pem"')


def test_a_file_of_another_name_is_not_taken_for_the_store(folder: Path) -> None:
    load(folder, HEAD)
    assert TrustStore.load(folder / "trust.toml").name == "t"
    (folder / "other.toml").write_text(HEAD)
    with pytest.raises(UsageError):
        TrustStore.load(folder / "other.toml")
    with pytest.raises(UsageError):
        TrustStore.load(folder / "nowhere")


def test_days_are_chinas_and_until_is_the_first_day_after(folder: Path) -> None:
    text = HEAD + ENTRY + 'certificate = "leaf.pem"\nfrom = 2026-01-01\nuntil = 2026-02-01\n'
    (entry,) = load(folder, text).services
    assert entry.starts == b.day(2026) and entry.in_force(b.day(2026))
    assert not entry.in_force(b.day(2026, 2))


# -- whom an entry means --------------------------------------------------------------------


def _sealer(name: str) -> b.Certificate:
    return b.read_certificate(b.desk().world.entities[name].certificate)


TIANJIN = {s.region: s for s in b.sample_trust().services if s.service == "sealer" and s.ca}[
    "120000"
]


def test_an_entry_by_ca_means_only_its_subject() -> None:
    for name, meant in (("sealers/tianjin-doc-rsa", True), ("makers/tianjin-rsa", False),
                        ("sealers/shandong-doc-rsa", False)):  # fmt: skip
        assert TIANJIN.names(_sealer(name)) is meant, name


@pytest.mark.parametrize(
    ("code", "meant"),
    [("X", True), ("NTRCN-X", True), ("VATCN-X", True), ("EVIL-X", False), ("ABC-NTRCN-X", False)],
)
def test_a_uscc_is_compared_whole(code: str, meant: bool) -> None:
    subject = b.x.Name("c", "o", uscc="X").der()
    value = b.der.utf8("NTRCN-X")
    assert value in subject
    subject = subject.replace(b.der.seq(b.der.oid("2.5.4.5"), b.der.printable("X")),
                              b.der.seq(b.der.oid("2.5.4.5"), b.der.printable("Y")))  # fmt: skip
    own = b.key("uscc")
    parsed = b.der.parse(subject).children()
    oid = b.der.oid("2.5.4.97")
    pairs = [
        b.der.set_(b.der.seq(oid, b.der.utf8(code))) if oid in node.raw else node.raw
        for node in parsed
    ]
    made = b.read_certificate(
        b.x.build(label="u", subject=b.der.seq(*pairs), key=own, issuer=CA.subject,
                  issuer_key=CA.key, validity=b.VALID, extensions=b.SIGNING)
    )  # fmt: skip
    entry = b.listed("sealer", CA, uscc="X")
    entry = replace(entry, certificate=None, ca=CA.certificate)
    assert entry.names(made) is meant


def test_an_entry_by_ca_fits_only_what_that_ca_issued_itself() -> None:
    sub = b.make("CA", CA, key_name="sub of the same name")
    leaf = b.make("Leaf", sub, *b.SIGNING, key_name="sub leaf")
    entry = replace(b.listed("sealer", CA), certificate=None, ca=CA.certificate)
    trust = b.store(CA)
    assert entry.fits(b.find(LEAF, trust=trust).chain)
    found = b.find(leaf, sub, trust=trust)
    assert found.good and not entry.fits(found.chain)


def test_another_certificate_of_the_same_ca_and_key_fits() -> None:
    root = b.make("Root")
    cross = b.make("CA", root, key_name="CA", serial="cross")
    entry = replace(b.listed("sealer", CA), certificate=None, ca=CA.certificate)
    found = b.find(LEAF, cross, trust=b.store(root))
    assert found.good and CA.certificate not in found.chain and entry.fits(found.chain)


@pytest.mark.parametrize("name", ["trust", "trust-stale", "trust-no-revocation"])
def test_a_store_read_from_memory_is_the_same_store(name: str) -> None:
    loaded = TrustStore.load(FIXTURES / name)
    assert TrustStore.from_files(loaded.sources) == loaded


def test_patterns_mean_the_same_in_memory(folder: Path) -> None:
    (folder / "sub").mkdir()
    for path in (folder / "a.crl", folder / "sub" / "b.crl"):
        path.write_bytes(b"x")
    files = {p.relative_to(folder).as_posix(): b"" for p in folder.rglob("*") if p.is_file()}
    for pattern in ("*.crl", "sub/*", "*/*.crl"):
        assert MemoryFiles(files).match(pattern) == FolderFiles(folder).match(pattern)
