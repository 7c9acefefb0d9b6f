"""CMS and GB/T 35275: one signer, one digest, nothing ambiguous; OpenSSL agrees."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

import trust_builders as b
from elicense.containers.signature import Protected, read_signature
from elicense.crypto import algorithms, der
from elicense.crypto.cms import read_cms
from elicense.crypto.verify import check_value
from elicense.errors import InputError
from elicense.evidence import Coverage, Signature
from elicense.issuing import cms
from elicense.issuing.credential import Credential
from issuing_world import needs_openssl, openssl

from pki import timestamp  # isort: skip
from pki.keys import pem  # isort: skip

x = b.x
CONTENT = b"what is protected"
CA = b.make("CA")
SM2_CA = b.make("SM2 CA", family="sm2")
SIGNERS = {"ecdsa": b.make("S", CA, *b.SIGNING), "sm2": b.make("S2", SM2_CA, *b.SIGNING,
                                                               family="sm2")}  # fmt: skip
OTHER = b.make("Other", CA, *b.SIGNING)
OWN = SIGNERS["ecdsa"].credential()


def attribute(oid: str, *values: bytes) -> bytes:
    return der.seq(der.oid(oid), der.set_(*values))


TYPE, DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
ESS, STAMP = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.14"
SHA256 = algorithms.digest("sha256", CONTENT)
BASIC = (attribute(TYPE, der.oid(cms.DATA)), attribute(DIGEST, der.octets(SHA256)))


def ess(certificate: bytes, digest: bytes = b"") -> bytes:
    value = digest or algorithms.digest("sha256", certificate)
    return attribute(ESS, der.seq(der.seq(der.seq(der.octets(value)))))


def build(
    *attributes: bytes, credential: Credential = OWN, content: bytes | None = None,
    certificates: tuple[bytes, ...] | None = None, signers: int = 1, sid: bytes = b"",
    unsigned: tuple[bytes, ...] = (), signed: bytes | None = None, inner: str = cms.DATA,
    digest_oid: str = "2.16.840.1.101.3.4.2.1",
) -> bytes:  # fmt: skip
    """A SignedData with exactly these signed attributes."""
    encoded = der.set_(*attributes)
    value = credential.sign(signed if signed is not None else encoded if attributes else CONTENT)
    issuer, serial = cms.issuer_and_serial(credential.certificate)
    info = der.seq(
        der.integer(1), sid or der.seq(issuer, serial), der.seq(der.oid(digest_oid)),
        der.implicit(0, encoded) if attributes else b"",
        der.seq(der.oid(credential.algorithm)), der.octets(value),
        der.implicit(1, der.set_(*unsigned)) if unsigned else b"",
    )  # fmt: skip
    held = certificates if certificates is not None else (credential.certificate,)
    body = der.seq(
        der.integer(1), der.set_(der.seq(der.oid(digest_oid))),
        der.seq(der.oid(inner), b"" if content is None else der.explicit(0, der.octets(content))),
        der.implicit(0, der.set_(*held)) if held else b"",
        der.tlv(der.SET, info * signers),
    )  # fmt: skip
    return der.seq(der.oid(cms.SIGNED_DATA), der.explicit(0, body))


def read(data: bytes, content: bytes = CONTENT, **more: Any) -> Signature:
    options = {"container": "pdf", "detached_only": True, **more}
    signature, _ = read_signature(
        data, Protected("ByteRange", (content,)), index=1, place="p", profile="x",
        coverage=Coverage(whole=True), **options,
    )  # fmt: skip
    return signature


def faults(signature: Signature) -> set[str]:
    return {fault.kind for fault in signature.faults}


def holds(signature: Signature) -> bool:
    return (
        not any(f.fatal for f in signature.faults)
        and all(d.matches for d in signature.digests)
        and len(signature.values) == 1
        and check_value(signature.values[0]).ok
    )


@pytest.mark.parametrize("family", ["ecdsa", "sm2"])
@pytest.mark.parametrize("attributes", [cms.Attributes(b.NOW), None])
def test_what_is_issued_holds_and_only_over_its_content(family: str, attributes: Any) -> None:
    data = cms.sign(SIGNERS[family].credential(), content=CONTENT, attributes=attributes)
    assert holds(read(data)) and not holds(read(data, CONTENT + b"x"))


@pytest.mark.parametrize("attributes", [cms.Attributes(b.NOW), None])
def test_the_chinese_profile_signs_the_digest_carried_or_implied(attributes: Any) -> None:
    own = SIGNERS["sm2"].credential()
    digest = algorithms.digest("sm3", CONTENT)
    for attached in (True, False):
        data = cms.sign(own, content=digest, attached=attached, attributes=attributes, gm=True)
        found = read(data, container="ofd", detached_only=False)
        assert found.kind == "gbt-35275"
        if attached or attributes is None:
            assert holds(found), (attached, attributes)
        assert not holds(read(data, b"other", container="ofd", detached_only=False))


def test_the_chinese_profile_may_put_the_digest_of_the_file_into_the_attributes() -> None:
    own = SIGNERS["sm2"].credential()
    data = cms.sign(own, content=CONTENT, attributes=cms.Attributes(b.NOW), gm=True)
    assert holds(read(data, container="ofd", detached_only=False))
    assert not holds(read(data, b"other", container="ofd", detached_only=False))


def test_no_signer_and_two_signers_are_faults() -> None:
    for count in (0, 2, 3):
        found = read(build(*BASIC, signers=count))
        assert faults(found) == {"signer-count"} and not found.values


def test_content_in_a_detached_signature_is_a_fault() -> None:
    assert faults(read(build(*BASIC, content=CONTENT))) == {"econtent-present"}
    assert faults(read(build(*BASIC, content=b""))) == {"econtent-empty"}


def test_a_signed_content_type_of_something_else_is_a_fault() -> None:
    other = attribute(TYPE, der.oid("1.2.840.113549.1.9.16.1.4"))
    assert faults(read(build(other, BASIC[1]))) == {"content-type"}


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ((BASIC[0],), "no-message-digest"),
        ((*BASIC, BASIC[1]), "message-digest"),
        ((BASIC[0], attribute(DIGEST, der.octets(SHA256), der.octets(SHA256))), "message-digest"),
        ((BASIC[0], attribute(DIGEST)), "message-digest"),
        ((BASIC[0], attribute(DIGEST, der.null())), "message-digest"),
    ],
)
def test_the_message_digest_is_there_once(attributes: tuple[bytes, ...], kind: str) -> None:
    found = read(build(*attributes))
    assert kind in faults(found) and not holds(found)


def test_a_digest_of_other_content_does_not_match() -> None:
    other = attribute(DIGEST, der.octets(algorithms.digest("sha256", b"x")))
    assert not holds(read(build(BASIC[0], other)))


def test_the_signed_attribute_names_the_certificate() -> None:
    own = SIGNERS["ecdsa"].der
    assert holds(read(build(*BASIC, ess(own))))
    assert "signing-certificate-differs" in faults(read(build(*BASIC, ess(OTHER.der))))
    assert "signing-certificate-repeated" in faults(read(build(*BASIC, ess(own), ess(own))))


def test_a_look_alike_certificate_with_the_same_name_and_number_does_not_verify() -> None:
    twin = b.make("S", CA, *b.SIGNING, key_name="twin", serial="S/")
    assert twin.certificate.serial == SIGNERS["ecdsa"].certificate.serial
    assert not holds(read(build(*BASIC, certificates=(twin.der,))))


def test_the_signer_may_be_named_by_key_identifier() -> None:
    made = SIGNERS["ecdsa"]
    sid = der.implicit(0, der.octets(made.key.identifier), constructed=False)
    found = read(build(*BASIC, sid=sid, certificates=(OTHER.der, made.der)))
    assert holds(found) and found.signer == made.certificate
    missing = read(build(*BASIC, sid=sid, certificates=(OTHER.der,)))
    assert faults(missing) == {"no-certificate"} and missing.signer is None


def test_without_the_signers_certificate_the_question_is_open() -> None:
    found = read(build(*BASIC, certificates=()))
    assert [f.fatal for f in found.faults] == [False] and not check_value(found.values[0]).checked


def test_signed_attributes_are_hashed_as_they_stand() -> None:
    unsorted = der.tlv(der.SET, BASIC[1] + BASIC[0])
    data = build(*BASIC, signed=unsorted)
    assert not holds(read(data))  # signed in one order, written in another
    swapped = data.replace(b"".join(sorted(BASIC)), b"".join(sorted(BASIC, reverse=True)))
    assert swapped != data and holds(read(swapped)) is (sorted(BASIC) == [BASIC[0], BASIC[1]])


def _stamps(count: int) -> tuple[bytes, ...]:
    tsa = b.desk().world.credential("tsa/tsa-rsa")
    value = der.parse(b"\x30\x00").raw
    one = attribute(STAMP, timestamp.token(tsa, value, time=b.NOW))
    return (one,) * count


def test_several_timestamps_are_all_read_up_to_a_limit() -> None:
    assert len(read(build(*BASIC, unsigned=_stamps(3))).timestamps) == 3
    found = read(build(*BASIC, unsigned=_stamps(40)))
    assert len(found.timestamps) == 16 and "timestamps-many" in faults(found)


def test_malformed_unsigned_data_is_no_fault_of_the_signature() -> None:
    odd = attribute("1.2.840.113549.1.9.16.2.24", der.seq(der.explicit(0, der.null())), der.null())
    junk = attribute(STAMP, der.null())
    found = read(build(*BASIC, unsigned=(odd,)))
    assert holds(found) and found.crls == ()
    found = read(build(*BASIC, unsigned=(junk,)))
    assert holds(found) and faults(found) == {"timestamp-unreadable"}


def test_indefinite_lengths_are_read_and_noted() -> None:
    data = build(*BASIC)
    outer = der.parse(data)
    top = b"\x30\x80" + outer.children()[0].raw + b"\xa0\x80" + outer.children()[1].only().raw
    found = read(top + b"\0\0\0\0")
    assert holds(found) and "ber" in {n.kind for n in found.notes}


def test_other_structures_are_unreadable_and_never_unsigned() -> None:
    envelope = der.seq(der.oid("1.2.840.113549.1.7.3"), der.explicit(0, der.seq()))
    for data in (b"", b"\0\0", b"\x30\x00", b"\x30\x80" * 300, envelope, build(*BASIC)[:-1],
                 build(*BASIC) + b"\0"):  # fmt: skip
        found = read(data)
        assert found.kind == "unreadable" and faults(found) == {"unreadable"}


def test_damage_raises_nothing_but_an_input_error_and_verifies_nowhere_that_matters() -> None:
    data = build(*BASIC, ess(SIGNERS["ecdsa"].der))
    for at in range(0, len(data), 5):
        changed = data[:at] + bytes([data[at] ^ 0x21]) + data[at + 1 :]
        read(changed)
        try:
            read_cms(changed)
        except InputError:
            continue


@pytest.mark.parametrize(
    "body",
    [
        (der.explicit(0, der.seq(der.oid("1.3.14.3.2.26"))),) * 2,
        (der.explicit(1, der.seq(der.oid("2.999"), der.seq(der.oid("1.3.14.3.2.26")))),),
        (der.explicit(1, der.seq(der.oid("1.2.840.113549.1.1.8"))),),
        (der.explicit(0, der.seq()),), (der.explicit(3, der.integer(2)),),
        (der.explicit(2, der.null()),), (der.explicit(4, der.null()),),
    ],
)  # fmt: skip
def test_malformed_pss_parameters_are_refused(body: tuple[bytes, ...]) -> None:
    from elicense.crypto.cms import read_pss

    with pytest.raises(InputError):
        read_pss(der.parse(der.seq(*body)))


@needs_openssl
@pytest.mark.parametrize("what", ["good", "digest", "ess", "twin"])
def test_openssl_agrees(what: str, tmp_path: pathlib.Path) -> None:
    twin = b.make("S", CA, *b.SIGNING, key_name="twin", serial="S/")
    wrong = attribute(DIGEST, der.octets(bytes(32)))
    data = {
        "good": lambda: build(*BASIC, ess(SIGNERS["ecdsa"].der)),
        "digest": lambda: build(BASIC[0], wrong),
        "ess": lambda: build(*BASIC, ess(OTHER.der)),
        "twin": lambda: build(*BASIC, certificates=(twin.der,)),
    }[what]()
    (tmp_path / "cms").write_bytes(data)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "ca.pem").write_text(pem("CERTIFICATE", CA.der))
    done = openssl("cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", tmp_path / "cms",
                   "-content", tmp_path / "content", "-CAfile", tmp_path / "ca.pem", "-purpose",
                   "any", "-attime", int(b.NOW.timestamp()), "-out", tmp_path / "out")  # fmt: skip
    assert (done.returncode == 0) is holds(read(data)), done.stderr
