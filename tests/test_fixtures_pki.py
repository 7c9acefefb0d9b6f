"""The test PKI: reproducible, and OpenSSL agrees with what each part of it is meant to be."""

from __future__ import annotations

import filecmp
import hashlib
import json
import tomllib
import zlib
from pathlib import Path

import pytest

from elicense import identifiers
from elicense.crypto import der
from issuing_world import AT, CERTS, DISTID, desk, needs_openssl, openssl, sm2_verifies

from pki import invented, states, status_list, timestamp  # isort: skip
from pki.world import day  # isort: skip
import make_certs  # isort: skip


def _tbs(signed: bytes) -> tuple[bytes, bytes]:
    """The signed bytes and the value of a certificate or CRL."""
    parts = der.parse(signed).children()
    return parts[0].raw, parts[2].whole_bits()


def _issued(family: str) -> list[tuple[str, str]]:
    entities = desk().world.entities
    return [
        (name, entity.issuer)
        for name, entity in entities.items()
        if entity.issuer and entities[entity.issuer].key.family == family
    ]


def test_running_the_script_again_gives_the_same_bytes(tmp_path: Path) -> None:
    make_certs.main(tmp_path, key_folder=CERTS / "keys")
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    kept = sorted(p.relative_to(CERTS) for p in CERTS.rglob("*") if p.is_file())
    assert made == kept
    different = [p for p in made if not filecmp.cmp(tmp_path / p, CERTS / p, shallow=False)]
    # A zlib of another make may pack the status lists otherwise.
    if different and all(p.suffix == ".p7" for p in different):
        pytest.skip(f"zlib {zlib.ZLIB_RUNTIME_VERSION} packs otherwise than the one used")
    assert different == []


@needs_openssl
def test_openssl_verifies_every_sm2_certificate_against_its_issuer() -> None:
    refused = {"bad/unknown-critical-sm2", "bad/no-ca-flag-sm2", "bad/path-length-ca-sm2",
               "bad/expired-sm2", "bad/not-yet-valid-sm2", "bad/name-constraint-sm2"}  # fmt: skip
    for name, issuer in _issued("sm2"):
        done = openssl("verify", "-attime", AT, "-vfyopt", DISTID, "-partial_chain",
                       "-CAfile", CERTS / f"{issuer}.pem", CERTS / f"{name}.pem")  # fmt: skip
        if name not in refused:
            assert done.returncode == 0, (name, done.stderr)


@needs_openssl
def test_openssl_verifies_the_tbs_of_sm2_certificates_and_crls(tmp_path: Path) -> None:
    for name in ("sealers/tianjin-doc-sm2", "bad/revoked-sm2", "qr/shandong-sm2"):
        entity = desk().world.entities[name]
        issuer = CERTS / f"{entity.issuer}.pem"
        assert sm2_verifies(issuer, *_tbs(entity.certificate), tmp_path)
    crl = (CERTS / "trust/crls/tianjin-sm2.crl").read_bytes()
    message, value = _tbs(crl)
    assert sm2_verifies(CERTS / "ca/tianjin-sm2.pem", message, value, tmp_path)
    changed = message.replace(b"251231", b"261231")
    assert changed != message
    assert not sm2_verifies(CERTS / "ca/tianjin-sm2.pem", changed, value, tmp_path)


def _verify_rsa(name: str) -> str:
    """OpenSSL's words on an RSA end certificate, every RSA CA at hand."""
    extra = [a for p in (CERTS / "ca").glob("*-rsa.pem") for a in ("-untrusted", p)]
    extra += [a for p in (CERTS / "bad").glob("*-ca-rsa.pem") for a in ("-untrusted", p)]
    done = openssl("verify", "-attime", AT, "-CAfile", CERTS / "roots/test-root-rsa.pem",
                   *extra, CERTS / f"{name}.pem")  # fmt: skip
    return done.stdout + done.stderr


@needs_openssl
@pytest.mark.parametrize(
    "name",
    ["sealers/tianjin-doc-rsa", "sealers/guangdong-smc-rsa", "makers/shandong-rsa",
     "qr/guangdong-es256", "status/tianjin-rsa", "ocsp/guangdong-rsa", "tsa/tsa-rsa"],
)  # fmt: skip
def test_good_rsa_certificates_chain_to_the_root(name: str) -> None:
    assert _verify_rsa(name).endswith(": OK\n")


@needs_openssl
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bad/expired-rsa", "certificate has expired"),
        ("bad/not-yet-valid-rsa", "certificate is not yet valid"),
        ("bad/no-ca-flag-rsa", "invalid CA certificate"),
        ("bad/path-length-rsa", "path length constraint exceeded"),
        ("bad/name-constraint-rsa", "permitted subtree violation"),
        ("bad/unknown-critical-rsa", "unhandled critical extension"),
        ("rogue/tianjin-doc-rsa", "unable to get local issuer certificate"),
    ],
)
def test_bad_rsa_certificates_fail_for_the_reason_meant(name: str, words: str) -> None:
    assert words in _verify_rsa(name)


@needs_openssl
def test_crls_list_just_the_revoked_sealers(tmp_path: Path) -> None:
    good, revoked = CERTS / "sealers/tianjin-doc-rsa.pem", CERTS / "bad/revoked-rsa.pem"
    crls = tmp_path / "crls.pem"
    for name in ("tianjin-rsa", "test-root-rsa"):
        done = openssl("crl", "-inform", "DER", "-in", CERTS / f"trust/crls/{name}.crl")
        crls.write_text((crls.read_text() if crls.exists() else "") + done.stdout)
    for certificate, words in ((good, ": OK"), (revoked, "certificate revoked")):
        done = openssl("verify", "-attime", AT, "-crl_check_all", "-CRLfile", crls,
                       "-CAfile", CERTS / "roots/test-root-rsa.pem",
                       "-untrusted", CERTS / "ca/tianjin-rsa.pem", certificate)  # fmt: skip
        assert words in done.stdout + done.stderr


@needs_openssl
@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        ("trust/ocsp/guangdong-smc-rsa.ors", "sealers/guangdong-smc-rsa", ": good"),
        ("extra/revoked-rsa.ors", "bad/revoked-rsa", ": revoked"),
    ],
)
def test_openssl_accepts_the_ocsp_answers(file: str, name: str, words: str) -> None:
    issuer = CERTS / f"{desk().world.entities[name].issuer}.pem"
    done = openssl("ocsp", "-respin", CERTS / file, "-issuer", issuer, "-sha256",
                   "-cert", CERTS / f"{name}.pem", "-CAfile", CERTS / "roots/test-root-rsa.pem",
                   "-verify_other", issuer)  # fmt: skip
    assert "Response verify OK" in done.stderr
    assert words in done.stdout


@needs_openssl
def test_openssl_accepts_the_rsa_timestamp_and_no_other_message(tmp_path: Path) -> None:
    token = timestamp.token(desk().world.credential("tsa/tsa-rsa"), b"a value", time=day(2026, 3))
    (tmp_path / "token").write_bytes(token)
    for message, accepted in ((b"a value", True), (b"another value", False)):
        (tmp_path / "data").write_bytes(message)
        done = openssl("ts", "-verify", "-data", tmp_path / "data", "-in", tmp_path / "token",
                       "-token_in", "-attime", AT, "-CAfile", CERTS / "roots/test-root-rsa.pem",
                       "-untrusted", CERTS / "ca/national-rsa.pem")  # fmt: skip
        assert ("Verification: OK" in done.stdout) is accepted, done.stderr


@needs_openssl
def test_openssl_refuses_a_timestamp_without_the_critical_usage(tmp_path: Path) -> None:
    authority = desk().world.credential("bad/no-timestamp-usage-rsa")
    (tmp_path / "token").write_bytes(timestamp.token(authority, b"x", time=day(2026, 3)))
    (tmp_path / "data").write_bytes(b"x")
    done = openssl("ts", "-verify", "-data", tmp_path / "data", "-in", tmp_path / "token",
                   "-token_in", "-attime", AT, "-CAfile", CERTS / "roots/test-root-rsa.pem",
                   "-untrusted", CERTS / "ca/national-rsa.pem")  # fmt: skip
    assert done.returncode != 0


@needs_openssl
def test_openssl_reads_the_rsa_status_list(tmp_path: Path) -> None:
    done = openssl("cms", "-verify", "-inform", "DER", "-in", CERTS / "trust/status/gd-1.p7",
                   "-CAfile", CERTS / "roots/test-root-rsa.pem", "-attime", AT,
                   "-purpose", "any", "-out", tmp_path / "json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    payload = json.loads((tmp_path / "json").read_text())
    assert payload["sub"] == "https://status.gd.example/lists/1"
    assert payload["status_list"]["bits"] == 4


def test_status_entries_are_packed_least_significant_first() -> None:
    packed = status_list.pack({0: 1, 1: 0x0B, 5: 2}, 8)
    assert packed == bytes((0xB1, 0x00, 0x20, 0x00))
    assert states.STATES[states.SUPERSEDED_AT] == 0x0B


def test_invented_numbers_pass_their_checks() -> None:
    for authority in invented.EVERYBODY:
        assert identifiers.check_uscc(authority.uscc) == "ok"
        assert identifiers.check_uscc(authority.body_code("M")) == "ok"
    assert identifiers.check_imo_ship(invented.imo_ship("999012")) == "ok"
    assert identifiers.check_imo_company(invented.imo_company("999912")) == "ok"


def test_trust_folders_name_files_that_are_there_and_say_they_are_test() -> None:
    for folder in ("trust", "trust-stale", "trust-no-revocation"):
        trust = tomllib.loads((CERTS / folder / "trust.toml").read_text())
        assert trust["test"] is True
        services = [s.get("certificate") or s["ca"] for s in trust["service"]]
        named = services + [a["file"] for a in trust["anchor"] + trust["intermediate"]]
        named += trust.get("revocation", {}).get("crls", [])
        named += [item["file"] for item in trust.get("status_list", [])]
        assert [name for name in named if not (CERTS / folder / name).is_file()] == []
        for service in trust["service"]:
            assert "certificate" in service or "subject" in service or "uscc" in service


def test_no_rogue_or_bad_certificate_is_in_a_trust_folder() -> None:
    listed = {hashlib.sha256(p.read_bytes()).digest() for p in CERTS.glob("trust*/**/*.pem")}
    for folder in ("bad", "rogue"):
        for path in (CERTS / folder).glob("*.pem"):
            assert hashlib.sha256(path.read_bytes()).digest() not in listed
