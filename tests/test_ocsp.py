"""OCSP answers: about whom, by whom, since when; OpenSSL agrees."""

from __future__ import annotations

import pathlib

import pytest

import trust_builders as b
from elicense.crypto import der, sm2
from elicense.crypto.certificate import EKU_OCSP
from elicense.trust.ocsp import read_ocsp
from issuing_world import needs_openssl, openssl

from pki.keys import pem  # isort: skip

x = b.x
CA = b.make("CA")
LEAF = b.make("Leaf", CA, *b.SIGNING)
NO_CHECK = x.extension("1.3.6.1.5.5.7.48.1.5", b"\x05\0")
ANSWERING = (*b.SIGNING, x.extended_key_usage(EKU_OCSP), NO_CHECK)
RESPONDER = b.make("Responder", CA, *ANSWERING)


def asked(data: bytes, **more: object) -> tuple[str, str]:
    found = b.state(LEAF, CA, ocsps=(data,), **more)  # type: ignore[arg-type]
    return found.state, found.problem


def test_the_issuer_and_its_delegate_may_answer() -> None:
    assert asked(b.ocsp(CA, b.single(LEAF, CA))) == ("good", "")
    assert asked(b.ocsp(RESPONDER, b.single(LEAF, CA))) == ("good", "")


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sm3"])
def test_the_certificate_is_named_under_any_digest(digest: str) -> None:
    assert asked(b.ocsp(CA, b.single(LEAF, CA, digest=digest))) == ("good", "")


def test_an_answer_about_another_certificate_or_issuer_says_nothing() -> None:
    other = b.make("Other", CA, *b.SIGNING)
    twin = b.make("CA", key_name="twin")
    assert asked(b.ocsp(CA, b.single(other, CA))) == ("unknown", "nothing-found")
    assert asked(b.ocsp(CA, b.single(LEAF, twin))) == ("unknown", "nothing-found")
    strange = b.single(LEAF, CA).replace(
        der.oid("2.16.840.1.101.3.4.2.1"), der.oid("2.16.840.1.101.3.4.2.99")
    )
    assert asked(b.ocsp(CA, strange)) == ("unknown", "nothing-found")


def test_revoked_is_kept_and_unknown_is_no_good_news() -> None:
    data = b.ocsp(CA, b.single(LEAF, CA, b.revoked_state(b.day(2026, 3))))
    found = b.state(LEAF, CA, ocsps=(data,))
    assert found.state == "revoked" and found.revoked_at == b.day(2026, 3)
    unknown = b.ocsp(CA, b.single(LEAF, CA, b.UNKNOWN_STATE))
    assert asked(unknown) == ("unknown", "responder-does-not-know")


@pytest.mark.parametrize(
    ("name", "extensions"),
    [
        ("no-eku", b.SIGNING),
        ("other-eku", (*b.SIGNING, x.extended_key_usage("1.3.6.1.5.5.7.3.8"))),
        ("any-eku", (*b.SIGNING, x.extended_key_usage("2.5.29.37.0"))),
        ("usage", (x.key_usage("keyEncipherment"), x.extended_key_usage(EKU_OCSP), NO_CHECK)),
        ("critical", (*ANSWERING, x.unknown_critical())),
    ],
)
def test_a_delegate_needs_its_purpose(name: str, extensions: tuple[bytes, ...]) -> None:
    responder = b.make(f"R {name}", CA, *extensions)
    assert asked(b.ocsp(responder, b.single(LEAF, CA))) == ("unknown", "not-by-issuer")


def test_a_delegate_of_another_authority_may_not_answer() -> None:
    elsewhere = b.make("Responder", b.make("Elsewhere"), *ANSWERING, key_name="else")
    assert asked(b.ocsp(elsewhere, b.single(LEAF, CA))) == ("unknown", "not-by-issuer")


def test_a_responder_listed_by_the_store_must_be_the_issuers_too() -> None:
    elsewhere = b.make("Foreign", b.make("Elsewhere"), *ANSWERING)
    trust = b.store(CA, services=(b.listed("ocsp", elsewhere), b.listed("ocsp", RESPONDER)))
    assert asked(b.ocsp(elsewhere, b.single(LEAF, CA)), trust=trust)[0] == "unknown"
    alone = b.ocsp(RESPONDER, b.single(LEAF, CA), enclosed=())
    assert asked(alone) == ("unknown", "not-by-issuer")
    assert asked(alone, trust=trust) == ("good", "")


def test_an_expired_responder_clears_nobody() -> None:
    old = b.make("Old", CA, *ANSWERING, validity=(b.day(2020), b.day(2025)))
    fresh = b.ocsp(old, b.single(LEAF, CA))
    assert asked(fresh) == ("unknown", "responder-expired")
    backdated = b.ocsp(old, b.single(LEAF, CA), produced=b.day(2024))
    assert asked(backdated) == ("unknown", "responder-expired")
    archived = b.single(LEAF, CA, this=b.day(2024), until=b.day(2024, 2))
    assert asked(b.ocsp(old, archived, produced=b.day(2024)), moment=b.day(2023, 12),
                 proven=True) == ("good", "")  # fmt: skip


def test_a_revoked_responder_clears_nobody() -> None:
    crl = b.crl(CA, b.entry(RESPONDER, b.day(2026, 3)))
    data = b.ocsp(RESPONDER, b.single(LEAF, CA))
    other = b.make("Leaf2", CA, *b.SIGNING)
    found = b.state(other, CA, ocsps=(b.ocsp(RESPONDER, b.single(other, CA)),), crls=())
    assert found.state == "good"
    refused = b.revocation._responder_problem(
        read_ocsp(data), CA.certificate, (crl,), b.store(CA),
        b.Question(b.NOW, b.NOW, proven=False),
    )  # fmt: skip
    assert refused == "responder-revoked"


def test_a_responder_without_no_check_must_be_cleared_itself() -> None:
    checked = b.make("Checked", CA, *b.SIGNING, x.extended_key_usage(EKU_OCSP))
    data = b.ocsp(checked, b.single(LEAF, CA))
    assert asked(data) == ("unknown", "responder-revocation-unknown")
    crl = b.crl(CA, until=b.day(2026, 12))
    refused = b.revocation._responder_problem(
        read_ocsp(data), CA.certificate, (crl,), b.store(CA),
        b.Question(b.NOW, b.NOW, proven=False),
    )  # fmt: skip
    assert refused == ""


def test_a_forged_answer_is_not_believed() -> None:
    assert asked(b.ocsp(CA, b.single(LEAF, CA), signer=b.key("thief"))) == (
        "unknown", "not-by-issuer",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("this", "until", "problem"),
    [
        (b.day(2026, 9), b.day(2026, 10), "stale"),
        (b.day(2026, 9), None, "stale"),
        (b.day(2026, 12), b.day(2027), "from-the-future"),
        (b.day(2026, 9), b.day(2026, 12), ""),
    ],
)
def test_an_answer_must_be_current(this: object, until: object, problem: str) -> None:
    single = b.single(LEAF, CA, this=this, until=until)  # type: ignore[arg-type]
    assert asked(b.ocsp(CA, single))[1] == problem


def test_critical_extensions_are_not_passed_over() -> None:
    critical = der.explicit(1, der.seq(x.extension("2.999.1", b"?", critical=True)))
    assert asked(b.ocsp(CA, b.single(LEAF, CA, extensions=critical))) == ("unknown", "unreadable")


def test_no_more_than_a_few_enclosed_certificates_are_tried() -> None:
    crowd = tuple(b.make("Responder", key_name=f"c{n}") for n in range(20))
    data = b.ocsp(RESPONDER, b.single(LEAF, CA), enclosed=(*crowd, RESPONDER))
    assert len(read_ocsp(data).certificates) == 8
    assert asked(data) == ("unknown", "not-by-issuer")


def test_an_error_or_cut_answer_is_unreadable_and_nothing_else_is_raised() -> None:
    assert asked(der.seq(der.enumerated(6))) == ("unknown", "unreadable")
    good = b.ocsp(RESPONDER, b.single(LEAF, CA, b.revoked_state(b.day(2026))))
    empty = good.replace(b.revoked_state(b.day(2026)), der.tlv(0xA1, b""))
    assert asked(empty)[0] == "unknown"
    for at in range(0, len(good), 2):
        data = good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :]
        assert asked(data)[0] in {"unknown", "revoked"}
        assert asked(good[:at])[0] == "unknown"


def test_an_sm2_answer_under_an_empty_identity_is_not_believed() -> None:
    ca = b.make("SM2 CA", family="sm2")
    leaf = b.make("SM2 Leaf", ca, *b.SIGNING, family="sm2")
    data = b.ocsp(ca, b.single(leaf, ca, digest="sm3"))
    assert b.state(leaf, ca, ocsps=(data,)).state == "good"
    answer = read_ocsp(data)
    private = der.parse(der.parse(ca.key.pkcs8).children()[2].octets()).children()[1].octets()
    public = sm2.load_public_key(ca.certificate.key.point)
    digest = sm2.message_digest(public, answer.tbs, id=b"")
    with sm2.allow_python_signer():
        raw = sm2.sign_digest(private, digest, nonce_seed=b"x")
    forged = data.replace(der.bits(answer.signature), der.bits(sm2.encode_signature(raw)))
    assert b.state(leaf, ca, ocsps=(forged,)).state == "unknown"


@needs_openssl
@pytest.mark.parametrize("by", ["issuer", "delegate", "no-eku", "thief"])
def test_openssl_agrees(by: str, tmp_path: pathlib.Path) -> None:
    plain = b.make("R no-eku", CA, *b.SIGNING)
    responder = {"issuer": CA, "delegate": RESPONDER, "no-eku": plain, "thief": CA}[by]
    signer = b.key("thief") if by == "thief" else None
    data = b.ocsp(responder, b.single(LEAF, CA), signer=signer)
    (tmp_path / "answer").write_bytes(data)
    for name, made in (("ca", CA), ("leaf", LEAF)):
        (tmp_path / f"{name}.pem").write_text(pem("CERTIFICATE", made.der))
    done = openssl("ocsp", "-respin", tmp_path / "answer", "-issuer", tmp_path / "ca.pem",
                   "-sha256", "-cert", tmp_path / "leaf.pem", "-CAfile", tmp_path / "ca.pem",
                   "-attime", int(b.NOW.timestamp()))  # fmt: skip
    verified = "Response verify OK" in done.stdout + done.stderr
    assert verified is (asked(data)[0] == "good"), done.stderr
