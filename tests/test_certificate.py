"""Certificates: what is read, what is noted, what is refused; cryptography agrees."""

from __future__ import annotations

import pytest
from cryptography import x509

import trust_builders as b
from elicense.crypto import der
from elicense.crypto.certificate import EKU_TIMESTAMPING, read_certificate, read_certificates
from elicense.errors import InputError

x = b.x
CA = b.make("CA")
LEAF = b.make("Leaf", CA, *b.SIGNING)


def test_what_is_read_is_what_cryptography_reads() -> None:
    for name in ("sealers/tianjin-doc-rsa", "qr/tianjin-es256", "tsa/tsa-rsa", "ca/national-rsa"):
        data = b.desk().world.entities[name].certificate
        ours, theirs = read_certificate(data), x509.load_der_x509_certificate(data)
        assert ours.serial == theirs.serial_number and ours.tbs == theirs.tbs_certificate_bytes
        assert ours.not_before == theirs.not_valid_before_utc
        assert ours.not_after == theirs.not_valid_after_utc
        assert ours.signature == theirs.signature
        assert ours.subject.der == theirs.subject.public_bytes()
        constraints = theirs.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (ours.extensions.ca, ours.extensions.path_length) == (
            constraints.ca, constraints.path_length,
        )  # fmt: skip
        usage = theirs.extensions.get_extension_for_class(x509.KeyUsage).value
        assert ("keyCertSign" in (ours.extensions.key_usage or ())) == usage.key_cert_sign
        assert ours.notes == ()


def test_extensions_are_read() -> None:
    made = b.make("E", CA, *b.SIGNING, x.extended_key_usage(EKU_TIMESTAMPING, critical=True),
                  x.crl_distribution_point("http://a/1"), x.unknown_critical())  # fmt: skip
    found = made.certificate.extensions
    assert found.extended_key_usage == {EKU_TIMESTAMPING} and found.extended_key_usage_critical
    assert found.subject_key_id == made.key.identifier
    assert found.authority_key_id == CA.key.identifier
    assert found.crl_addresses == {der.implicit(6, der.ia5("http://a/1"), False)}
    assert found.unknown_critical == ("2.999.1.38",) and found.ca is False


def rebuilt(**parts: bytes) -> bytes:
    """LEAF with members of its TBSCertificate replaced, signed anew by CA."""
    outer = der.parse(LEAF.der).children()
    names = ("version", "serial", "algorithm", "issuer", "validity", "subject", "spki", "tail")
    tbs = dict(zip(names, (n.raw for n in outer[0].children()), strict=True))
    outer_algorithm = parts.pop("outer", outer[1].raw)
    tail = parts.pop("after", b"")
    body = der.seq(*({**tbs, **parts}.values()), tail)
    return der.seq(body, outer_algorithm, der.bits(CA.key.sign(body)))


def extensions(*items: bytes) -> bytes:
    return der.explicit(3, der.seq(*items))


BASIC = x.basic_constraints(ca=False)


@pytest.mark.parametrize(
    "data",
    [
        rebuilt(outer=der.seq(der.oid("1.2.840.10045.4.3.3"))),
        rebuilt(tail=extensions(BASIC, BASIC)),
        rebuilt(after=extensions(x.basic_constraints(ca=True))),
        rebuilt(after=der.seq()),
        rebuilt(version=der.explicit(0, der.integer(3))),
        rebuilt(validity=der.seq(der.utctime(b.NOW))),
        rebuilt(spki=der.seq(der.seq(), der.bits(b""))),
        rebuilt(issuer=der.set_()),
    ],
    ids=["algorithms", "twice", "blocks", "extra", "version", "dates", "key", "issuer"],
)
def test_what_is_ambiguous_or_malformed_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_certificate(data)


def test_trailing_bytes_are_noted_and_do_not_belong_to_the_certificate() -> None:
    found = read_certificate(LEAF.der + b"junk")
    assert found == LEAF.certificate and found.notes == ("certificate-trailing-bytes",)


def test_odd_serial_numbers_are_noted() -> None:
    for serial in (der.integer(0), der.integer(-5), der.integer(1 << 200)):
        assert read_certificate(rebuilt(serial=serial)).notes == ("serial-number",)


@pytest.mark.parametrize("oid", ["2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.14", "2.5.29.35"])
def test_an_unreadable_extension_shuts_every_path(oid: str) -> None:
    for value in (b"", b"\xff"):
        found = read_certificate(rebuilt(tail=extensions(x.extension(oid, value))))
        assert found.extensions.unknown_critical == ("unreadable",)
        path = b.path.build(found, [], store=b.store(CA), moment=b.NOW)
        assert path.anchored and not path.good


def test_equal_bytes_are_one_certificate_and_unreadable_ones_are_told() -> None:
    found, problems = read_certificates([LEAF.der, LEAF.der, b"\x30\x00", CA.der])
    assert found == (LEAF.certificate, CA.certificate) and len(problems) == 1


@pytest.mark.parametrize("name", ["sealers/tianjin-doc-sm2", "sealers/tianjin-doc-rsa"])
def test_damaged_certificates_raise_nothing_but_an_input_error(name: str) -> None:
    good = b.desk().world.entities[name].certificate
    for at in range(0, len(good), 3):
        for data in (good[:at], good[:at] + bytes([good[at] ^ 0x81]) + good[at + 1 :]):
            try:
                read_certificate(data)
            except InputError:
                continue
