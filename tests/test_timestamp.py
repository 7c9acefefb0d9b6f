"""Timestamp tokens: what they cover, what they claim, what they may not hold."""

from __future__ import annotations

import pathlib
from datetime import timedelta
from typing import Any

import pytest

import trust_builders as b
from elicense.crypto import algorithms, der
from elicense.crypto.timestamp import read_token
from elicense.crypto.verify import check_value
from elicense.errors import InputError
from elicense.issuing import cms
from elicense.issuing.credential import Credential
from issuing_world import needs_openssl, openssl

from pki import timestamp  # isort: skip

COVERED = b"signature value"
TSA = {name: b.desk().world.credential(f"tsa/tsa-{name}") for name in ("sm2", "rsa")}
SHA256 = der.seq(der.oid("2.16.840.1.101.3.4.2.1"), der.null())


def info(
    *more: bytes, version: int = 1, imprint: bytes = b"", time: bytes = der.gentime(b.NOW)
) -> bytes:
    hashed = imprint or der.seq(SHA256, der.octets(algorithms.digest("sha256", COVERED)))
    return der.seq(der.integer(version), der.oid("2.999.1"), hashed, der.integer(7), time, *more)


def token(content: bytes, credential: Credential | None = None, **more: Any) -> bytes:
    options = {"content_type": cms.TST_INFO, "attributes": cms.Attributes(b.NOW), **more}
    return cms.sign(credential or TSA["rsa"], content=content, attached=True, **options)


def read(data: bytes, covered: Any = COVERED) -> Any:
    return read_token(data, covered, place="p")


def good(found: Any) -> bool:
    return bool(
        found.imprint.matches and found.content.matches and check_value(found.value).ok
        and not found.faults
    )  # fmt: skip


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_a_token_covers_its_bytes_and_no_others(family: str) -> None:
    data = timestamp.token(TSA[family], COVERED, time=b.NOW)
    assert good(read(data)) and good(read(data, (COVERED[:4], COVERED[4:])))
    assert read(data).time == b.NOW and read(data).accuracy == timedelta(seconds=1)
    assert not read(data, COVERED + b"x").imprint.matches


def test_accuracy_order_nonce_name_and_extensions_are_read() -> None:
    accuracy = der.seq(der.integer(2), der.tlv(0x80, b"\x01\xf4"), der.tlv(0x81, b"\x09"))
    rest = (der.boolean(True), der.integer(99), der.explicit(0, der.explicit(4, b.name("T"))))
    found = read(token(info(accuracy, *rest)))
    assert good(found) and found.accuracy == timedelta(seconds=2, milliseconds=500, microseconds=9)


@pytest.mark.parametrize(
    "content",
    [
        info(version=2), info(der.null()), info(der.integer(1), der.boolean(True)),
        info(der.seq(der.integer(10**7))), info(der.seq(*[der.integer(9)] * 2)),
        info(der.seq(der.octets(b"x"))), info(time=der.utctime(b.NOW)), info(imprint=der.seq()),
        info(der.tlv(0xA1, b.x.extension("2.999.2", b"x", critical=True))),
        der.null(), b"",
    ],
)  # fmt: skip
def test_malformed_statements_are_refused(content: bytes) -> None:
    with pytest.raises(InputError):
        read(token(content))


def test_content_of_another_type_is_no_timestamp() -> None:
    for kind in (cms.DATA, "1.2.840.113549.1.9.16.1.5"):
        with pytest.raises(InputError):
            read(token(info(), content_type=kind))


def test_a_token_needs_signed_attributes() -> None:
    found = read(token(info(), attributes=None))
    assert [f.kind for f in found.faults] == ["no-attributes"]


def test_a_changed_statement_no_longer_matches_its_digest() -> None:
    data = token(info())
    changed = data.replace(der.gentime(b.NOW), der.gentime(b.day(2025, 11)))
    assert changed != data
    found = read(changed)
    assert found.time == b.day(2025, 11) and not found.content.matches


def test_an_unknown_imprint_algorithm_is_not_checked() -> None:
    strange = der.seq(der.seq(der.oid("2.999.4")), der.octets(bytes(32)))
    found = read(token(info(imprint=strange)))
    assert found.imprint.actual is None and found.imprint.problem == "digest-unknown"


@pytest.mark.parametrize("name", ["sha1", "md5"])
def test_an_imprint_by_a_broken_digest_proves_nothing(name: str) -> None:
    oid = {"sha1": "1.3.14.3.2.26", "md5": "1.2.840.113549.2.5"}[name]
    shown = b.evidence("tianjin-doc.ofd")
    value = shown.signatures[0].values[0].signature
    weak = der.seq(der.seq(der.oid(oid)), der.octets(algorithms.digest(name, value)))
    found = read(token(info(imprint=weak, time=der.gentime(b.day(2026, 3)))), value)
    assert good(found)
    report = b.verdict(b.with_signature(shown, timestamps=(found,)))
    (remark,) = b.only(report, "time.proof", "WARN")
    assert remark.detail == "weak-algorithm"


def test_damage_raises_nothing_but_an_input_error() -> None:
    data = timestamp.token(TSA["sm2"], COVERED, time=b.NOW)
    for at in range(0, len(data), 5):
        for changed in (data[:at], data[:at] + bytes([data[at] ^ 9]) + data[at + 1 :]):
            try:
                read(changed)
            except InputError:
                continue


@needs_openssl
@pytest.mark.parametrize("what", ["good", "moved", "sealer"])
def test_openssl_agrees(what: str, tmp_path: pathlib.Path) -> None:
    signer = "sealers/tianjin-doc-rsa" if what == "sealer" else "tsa/tsa-rsa"
    data = token(info(), b.desk().world.credential(signer))
    covered = b"other" if what == "moved" else COVERED
    (tmp_path / "token").write_bytes(data)
    (tmp_path / "covered").write_bytes(covered)
    done = openssl("ts", "-verify", "-token_in", "-in", tmp_path / "token", "-data",
                   tmp_path / "covered", "-CAfile", b.CERTS / "roots/test-root-rsa.pem",
                   "-untrusted", b.CERTS / "ca/national-rsa.pem",
                   "-attime", int(b.NOW.timestamp()))  # fmt: skip
    found = read(data, covered)
    shown = b.with_signature(b.evidence("tianjin-doc.ofd"), timestamps=(found,))
    report = b.verdict(shown)
    ours = any(f.reason == "timestamp" for f in b.only(report, "time.proof", "PASS"))
    assert (done.returncode == 0) is ours, done.stderr
