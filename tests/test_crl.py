"""CRLs: who is listed, whom a list speaks of, who may sign it."""

from __future__ import annotations

import pytest
from cryptography import x509

import trust_builders as b
from elicense.crypto import der
from elicense.errors import InputError
from elicense.trust.crl import read_crl

x = b.x
CA = b.make("CA")
LEAF = b.make("Leaf", CA, *b.SIGNING)
WHEN = b.day(2026, 3)


def point(*members: bytes) -> bytes:
    return x.extension("2.5.29.28", der.seq(*members), critical=True)


def place(url: str) -> bytes:
    uri = der.implicit(6, der.ia5(url), False)
    return der.explicit(0, der.explicit(0, uri))


def flag(number: int) -> bytes:
    return der.tlv(0x80 | number, b"\xff")


def test_entries_are_what_cryptography_sees() -> None:
    serials = [1, 127, 128, 255, 256, 65535, 1 << 64, LEAF.certificate.serial]
    data = b.crl(CA, *(b.entry(serial, WHEN, 4) for serial in serials))
    ours, theirs = read_crl(data), x509.load_der_x509_crl(data)
    for serial in [*serials, 2, 129, 257, (1 << 64) + 1]:
        seen = theirs.get_revoked_certificate_by_serial_number(serial)
        entry = ours.entry(serial)
        assert (entry is None) == (seen is None)
        if entry is not None and seen is not None:
            assert entry.revoked_at == seen.revocation_date_utc and entry.reason == "superseded"
    assert ours.this_update == theirs.last_update_utc and ours.next_update == theirs.next_update_utc


def test_serial_numbers_of_other_encodings_are_found() -> None:
    padded = der.seq(der.tlv(der.INTEGER, b"\0\0\x05"), x.moment(WHEN))
    negative = der.seq(der.integer(-7), x.moment(WHEN))
    zero = der.seq(der.integer(0), x.moment(WHEN))
    crl = read_crl(b.crl(CA, padded, negative, zero))
    assert all(crl.entry(serial) for serial in (5, -7, 0))
    assert not any(crl.entry(serial) for serial in (-5, 7, 249))


def test_a_serial_number_inside_another_ones_bytes_is_not_listed() -> None:
    assert read_crl(b.crl(CA, b.entry(0x0102030405, WHEN))).entry(0x020304) is None


def test_an_invalidity_date_moves_the_revocation_back() -> None:
    since = x.extension("2.5.29.24", der.gentime(b.day(2026, 1)))
    later = x.extension("2.5.29.24", der.gentime(b.day(2026, 9)))
    entry = read_crl(b.crl(CA, b.entry(9, WHEN, 1, since))).entry(9)
    assert entry is not None and (entry.revoked_at, entry.since) == (WHEN, b.day(2026, 1))
    entry = read_crl(b.crl(CA, b.entry(9, WHEN, 1, later))).entry(9)
    assert entry is not None and entry.since == WHEN


def test_a_list_by_another_key_or_by_an_authority_that_may_not_is_not_believed() -> None:
    forged = b.crl(CA, signer=b.key("thief"))
    assert b.state(LEAF, CA, crls=(forged,)).problem == "not-by-issuer"
    mute = b.make("Mute", None, x.basic_constraints(ca=True), x.key_usage("keyCertSign"))
    under = b.make("Under", mute, *b.SIGNING)
    assert b.state(under, mute, crls=(b.crl(mute),)).problem == "not-by-issuer"


def test_bad_news_by_another_key_is_not_believed_either() -> None:
    forged = b.crl(CA, b.entry(LEAF, WHEN), signer=b.key("thief"))
    assert b.state(LEAF, CA, crls=(forged,)).state == "unknown"


def test_a_list_of_another_issuer_says_nothing() -> None:
    other = b.make("Other")
    found = b.state(LEAF, CA, crls=(b.crl(other, b.entry(LEAF, WHEN)),))
    assert (found.state, found.problem) == ("unknown", "nothing-found")


def test_a_changed_list_is_not_believed() -> None:
    data = b.crl(CA, b.entry(LEAF, WHEN))
    serial = der.integer(LEAF.certificate.serial)
    changed = data.replace(serial, der.integer(LEAF.certificate.serial ^ 1))
    assert changed != data
    assert b.state(LEAF, CA, crls=(changed,)).problem == "not-by-issuer"


@pytest.mark.parametrize(
    ("extensions", "problem"),
    [
        ((x.extension("2.5.29.27", der.integer(1), critical=True),), "delta"),
        ((x.extension("2.999.7", b"?", critical=True),), "crl-extension"),
        ((x.extension("2.999.7", b"?"),), ""),
        ((point(place("http://a.example/1.crl")),), "distribution-point"),
        ((point(flag(1)),), ""),
        ((point(flag(2)),), "distribution-point"),
        ((point(der.tlv(0x83, b"\1\x80")),), "distribution-point"),
        ((point(der.explicit(0, der.explicit(1, der.seq()))),), "distribution-point"),
        ((point(flag(4)),), "indirect"),
        ((point(flag(5)),), "indirect"),
    ],
)
def test_a_list_clears_only_those_it_speaks_of(extensions: tuple[bytes, ...], problem: str) -> None:
    found = b.state(LEAF, CA, crls=(b.crl(CA, extensions=extensions),))
    assert (found.state, found.problem) == ("unknown" if problem else "good", problem)


def test_a_partition_clears_the_certificates_that_name_it() -> None:
    url = "http://a.example/7.crl"
    leaf = b.make("Part", CA, *b.SIGNING, x.crl_distribution_point(url))
    mine, other = (b.crl(CA, extensions=(point(place(u)),)) for u in (url, url + "x"))
    assert b.state(leaf, CA, crls=(mine,)).state == "good"
    assert b.state(leaf, CA, crls=(other,)).problem == "distribution-point"
    assert b.state(leaf, CA, crls=(other, mine)).state == "good"


def test_an_entry_of_a_partition_or_a_delta_is_bad_news_all_the_same() -> None:
    for extension in (point(flag(2)), x.extension("2.5.29.27", der.integer(1), critical=True)):
        data = b.crl(CA, b.entry(LEAF, WHEN), extensions=(extension,))
        assert b.state(LEAF, CA, crls=(data,)).state == "revoked"


def test_an_indirect_list_may_mean_another_issuers_certificate() -> None:
    data = b.crl(CA, b.entry(LEAF, WHEN), extensions=(point(flag(4)),))
    assert b.state(LEAF, CA, crls=(data,)).state == "unknown"
    issuer = x.extension("2.5.29.29", der.seq(der.explicit(4, b.name("Other"))), critical=True)
    data = b.crl(CA, b.entry(LEAF, WHEN, 1, issuer))
    assert b.state(LEAF, CA, crls=(data,)).state == "unknown"


def test_removed_from_the_list_is_not_revoked() -> None:
    delta = x.extension("2.5.29.27", der.integer(1), critical=True)
    data = b.crl(CA, b.entry(LEAF, WHEN, 8), extensions=(delta,))
    assert b.state(LEAF, CA, crls=(data,)).problem == "delta"


@pytest.mark.parametrize(
    "extensions",
    [
        (x.extension("2.5.29.20", der.integer(1)),) * 2,
        (x.extension("2.5.29.28", b"\x05\0", critical=True),),
        (x.extension("2.5.29.60", b"\x05\0"),),
        (b"\x05\0",),
    ],
)
def test_malformed_extensions_are_refused(extensions: tuple[bytes, ...]) -> None:
    with pytest.raises(InputError):
        read_crl(b.crl(CA, extensions=extensions))


def test_inner_and_outer_algorithm_must_agree() -> None:
    data = b.crl(CA)
    tbs, _, value = (node.raw for node in der.parse(data).children())
    other = der.seq(der.oid("1.2.840.10045.4.3.3"))
    with pytest.raises(InputError):
        read_crl(der.seq(tbs, other, value))


def test_hostile_lists_raise_nothing_else_and_the_answer_stays_open() -> None:
    good = b.crl(CA, b.entry(LEAF, WHEN))
    for cut in range(0, len(good), 3):
        assert b.state(LEAF, CA, crls=(good[:cut],)).state == "unknown"
    for at in range(0, len(good), 2):
        data = good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :]
        assert b.state(LEAF, CA, crls=(data,)).state == "unknown"


def test_sm2_and_rsa_lists_of_the_test_pki_are_read() -> None:
    entities = b.desk().world.entities
    for family in ("sm2", "rsa"):
        crl = read_crl((b.CERTS / f"trust/crls/tianjin-{family}.crl").read_bytes())
        issuer = b.read_certificate(entities[f"ca/tianjin-{family}"].certificate)
        rogue = b.read_certificate(entities[f"rogue/tianjin-ca-{family}"].certificate)
        assert crl.signed_by(issuer) and not crl.signed_by(rogue)
        revoked = b.read_certificate(entities[f"bad/revoked-{family}"].certificate)
        entry = crl.entry(revoked.serial)
        assert entry is not None and entry.reason == "keyCompromise"
