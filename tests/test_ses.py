"""Seals and their signatures: every deviation that is tolerated by name, and nothing more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import trust_builders as b
from elicense.containers.signature import Protected, read_signature, za_of
from elicense.crypto import der, sm2
from elicense.crypto.algorithms import digest
from elicense.crypto.ses import parse_loose_time, read_seal, shape
from elicense.crypto.ses import read_signature as read_ses
from elicense.crypto.verify import check_value
from elicense.errors import InputError
from elicense.evidence import Coverage, Signature
from elicense.issuing import ses

from pki import timestamp  # isort: skip

XML = b"<Signature/>"
CA = b.make("SES CA", family="sm2")
MAKER = b.make("Maker", CA, *b.SIGNING, family="sm2").credential()
SIGNER = b.make("Signer", CA, *b.SIGNING, family="sm2")
OWN = SIGNER.credential()
CONTENT = ses.SealContent(
    id="44000001", name="测试章", signers=(SIGNER.der,), created=b.day(2024),
    valid_from=b.day(2024), valid_until=b.day(2040), picture=b"\x89PNG",
)  # fmt: skip
VERSIONS = (1, 4, 5)


def sealed(version: Any = 4, *, seal: bytes | None = None, **more: Any) -> bytes:
    options = {"time": b.NOW, "data_hash": digest("sm3", XML),
               "property_info": "/Doc_0/Signs/Sign_0/Signature.xml", **more}  # fmt: skip
    made = seal or ses.make_seal(CONTENT, maker=MAKER, version=version)
    return ses.sign(made, credential=OWN, **options)


def read(data: bytes, content: bytes = XML) -> Signature:
    found, _ = read_signature(
        data, Protected("Signature.xml", (content,)), index=1, place="p", profile="x",
        container="ofd", coverage=Coverage(whole=True),
    )  # fmt: skip
    return found


def holds(found: Signature) -> bool:
    return (
        not any(f.fatal for f in found.faults) and len(found.values) == 1
        and all(d.matches for d in found.digests) and check_value(found.values[0]).ok
    )  # fmt: skip


def made_well(found: Signature) -> bool:
    assert found.seal is not None and found.seal.maker_value is not None
    return check_value(found.seal.maker_value).ok


def notes(found: Signature) -> set[str]:
    return {note.kind for note in found.notes}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_seal_of_each_version_holds_over_its_content_alone(version: int) -> None:
    found = read(sealed(version))
    assert found.kind == f"ses-v{version}" and holds(found) and made_well(found)
    assert not found.notes and not found.faults
    assert found.seal is not None and found.seal.valid_until == b.day(2040)
    assert not holds(read(sealed(version), b"<Other/>"))


@pytest.mark.parametrize("version", VERSIONS)
def test_any_changed_byte_breaks_the_signature_the_maker_or_the_reading(version: int) -> None:
    data = sealed(version)
    for at in range(0, len(data), 4):
        found = read(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        same_signer = found.signer is not None and found.signer.spki == SIGNER.certificate.spki
        if found.kind != "unreadable" and holds(found) and same_signer:
            # what is left are the certificates and algorithm names outside the signed part
            assert found.signer != SIGNER.certificate or found.values[0].algorithm != (
                OWN.algorithm
            ) or not made_well(found) or "unused-bits" in notes(found), at


def test_seals_and_signatures_are_not_taken_for_each_other() -> None:
    for version in VERSIONS:
        seal = ses.make_seal(CONTENT, maker=MAKER, version=version)  # type: ignore[arg-type]
        assert shape(der.parse(seal)) == "seal"
        assert shape(der.parse(sealed(version))) == "signature"
        with pytest.raises(InputError):
            read_ses(seal, place="p")
        with pytest.raises(InputError):
            read_seal(sealed(version))
        assert read(seal).kind == "unreadable"


def test_a_seal_of_another_structure_than_its_signature_is_an_open_question() -> None:
    old = der.parse(ses.make_seal(CONTENT, maker=MAKER, version=1)).raw
    new = der.parse(ses.make_seal(CONTENT, maker=MAKER, version=4)).raw
    data = sealed(4)
    tbs = der.parse(data).children()[0]
    body = tbs.body.replace(new, old)
    assert body != tbs.body
    mixed = der.seq(der.seq(body), *(n.raw for n in der.parse(data).children()[1:]))
    found = read(mixed)
    assert [(f.code, f.kind, f.fatal) for f in found.faults] == [
        ("seal.file", "mixed-versions", False)
    ]


def test_the_list_of_signers_may_hold_digests() -> None:
    content = replace(CONTENT, by_digest=True)
    seal = read_seal(ses.make_seal(content, maker=MAKER, version=4))
    assert seal.signer_digests == (("SM3", digest("sm3", SIGNER.der)),)
    assert seal.signer_certificates == ()


# -- deviations of real files ---------------------------------------------------------------


def v4(tbs: bytes, value: bytes | None = None, unused: int = 0, *more: bytes) -> bytes:
    bits = der.bits(value if value is not None else OWN.sign(tbs), unused)
    return der.seq(tbs, der.octets(SIGNER.der), der.oid(OWN.algorithm), bits, *more)


def tbs_of(version: Any = 4) -> list[bytes]:
    return [node.raw for node in der.parse(sealed(version)).children()[0].children()]


def test_raw_signature_values_and_unused_bits_are_read_and_noted() -> None:
    tbs = der.seq(*tbs_of())
    raw = sm2.decode_signature(OWN.sign(tbs))
    found = read(v4(tbs, raw))
    assert holds(found) and check_value(found.values[0]).notes == ("raw-signature",)
    for unused in (1, 2, 64):
        found = read(v4(tbs, raw, unused))
        assert holds(found) and notes(found) == {"unused-bits"}


def test_junk_after_the_path_is_noted() -> None:
    parts = tbs_of()
    parts[4] = der.tlv(der.IA5, b"/Doc_0/Signs/Sign_0/Signature.xml\0\xffY(!")
    found = read(v4(der.seq(*parts)))
    assert holds(found) and notes(found) == {"property-info-junk"}


def test_a_list_that_holds_a_text_is_noted_and_cannot_be_judged() -> None:
    seal = ses.make_seal(CONTENT, maker=MAKER, version=4)
    info = der.parse(seal).children()[0]
    listing = der.seq(der.octets(SIGNER.der))
    body = info.body.replace(listing, der.seq(der.ia5("certificate")))
    prop = info.children()[2]
    inner = prop.body.replace(listing, der.seq(der.ia5("certificate")))
    body = info.body.replace(prop.raw, der.seq(inner))
    changed = der.seq(body)
    odd = der.seq(changed, der.octets(MAKER.certificate), der.oid(MAKER.algorithm),
                  der.bits(MAKER.sign(changed)))  # fmt: skip
    found = read(sealed(4, seal=odd))
    assert holds(found) and made_well(found) and notes(found) == {"certificate-list-text"}
    shown = b.with_signature(b.evidence("tianjin-doc.ofd"), seal=found.seal)
    assert ("seal.signer", "UNKNOWN", "") in b.told(b.verdict(shown))


@pytest.mark.parametrize(
    "time", [b"2026-03-01 10:00:00", b"1772330400", b"1772330400000", b"20260301020000Z",
             b"2026-03-01T10:00:00+08:00", b"260301020000Z", b"\x17\x0d260301020000Z"],
)  # fmt: skip
def test_times_of_version_1_in_any_form(time: bytes) -> None:
    parts = tbs_of(1)
    parts[2] = der.bits(time)
    tbs = der.seq(*parts)
    found = read(der.seq(tbs, der.bits(OWN.sign(tbs))))
    assert holds(found) and found.claimed_time == datetime(2026, 3, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-13-01 00:00:00", "0001-01-01 00:00:00", "0000-00-00 00:00:00", "99999999999999",
     "9999-12-31 23:59:59-08:00", "2026-03-01 10:00:00+99:99", "9" * 400, "٢٠٢٦-٠٣-٠١ 10:00:00"],
)  # fmt: skip
def test_times_that_are_none_give_nothing_and_raise_nothing(text: str) -> None:
    assert parse_loose_time(text) is None


def test_za_before_the_content_is_recognised_and_noted() -> None:
    za = za_of(SIGNER.certificate)
    assert za is not None
    found = read(sealed(4, data_hash=digest("sm3", za + XML)))
    assert holds(found) and notes(found) == {"za-data-hash"}
    other = sm2.za(OTHER_POINT)
    assert not holds(read(sealed(4, data_hash=digest("sm3", other + XML))))


OTHER_POINT = b.make("Elsewhere", family="sm2").certificate.key.point


def test_a_signature_over_the_file_itself_is_never_fully_valid() -> None:
    found = read(v4(der.seq(*tbs_of()), OWN.sign(XML)))
    assert not check_value(found.values[0]).ok and found.values[0].instead == XML
    shown = b.with_signature(b.evidence("tianjin-doc.ofd"), values=found.values,
                             signer=found.signer)  # fmt: skip
    told = b.told(b.verdict(shown))
    assert ("signature.value", "UNKNOWN", "nonconforming-scheme") in told


@pytest.mark.parametrize("critical", [True, False])
def test_extensions_of_the_maker_are_noted_where_critical(critical: bool) -> None:
    extension = der.seq(der.oid("2.999.3"), der.boolean(critical), der.octets(b"x"))
    parts = [*tbs_of(), der.explicit(0, der.seq(extension))]
    found = read(v4(der.seq(*parts)))
    assert holds(found) and notes(found) == ({"seal-extension"} if critical else set())


@pytest.mark.parametrize("header", [1, 3, 7])
def test_a_header_of_another_version_is_noted_and_the_structure_counts(header: int) -> None:
    seal = ses.make_seal(CONTENT, maker=MAKER, version=4)
    info = der.parse(seal).children()[0]
    old = der.seq(der.ia5("ES"), der.integer(4), der.ia5(ses.VENDOR))
    new = der.seq(der.ia5("ES"), der.integer(header), der.ia5(ses.VENDOR))
    changed = der.seq(info.body.replace(old, new))
    odd = der.seq(changed, der.octets(MAKER.certificate), der.oid(MAKER.algorithm),
                  der.bits(MAKER.sign(changed)))  # fmt: skip
    found = read(sealed(4, seal=odd))
    assert found.kind == "ses-v4" and holds(found) and notes(found) == {"header-version"}


def _broken() -> list[bytes]:
    parts = tbs_of()
    tbs = der.seq(*parts)
    return [
        v4(der.seq(*parts[:-1])), v4(der.seq(*parts, der.null())), v4(tbs, None, 0, der.null()),
        v4(der.seq(parts[0], *parts[2:])), v4(tbs) + b"\0", v4(tbs)[:-1],
        v4(tbs).replace(der.ia5("ES"), der.ia5("EX")),
        v4(der.seq(*parts, der.explicit(0, der.seq(der.null())))),
        v4(der.seq(*parts, der.explicit(0, der.null()))),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(_broken())))
def test_no_other_deviation_is_tolerated(number: int) -> None:
    found = read(_broken()[number])
    assert found.kind == "unreadable" and not holds(found)


def test_a_non_minimal_length_or_ber_is_not_tolerated() -> None:
    data = sealed(4)
    node = der.parse(data)
    longer = b"\x30\x84" + len(node.body).to_bytes(4, "big") + node.body
    assert read(longer).kind == "unreadable"
    assert read(b"\x30\x80" + node.body + b"\0\0").kind == "unreadable"


# -- timestamps -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
def test_a_timestamp_covers_the_signature_value(version: int) -> None:
    tsa = b.desk().world.credential("tsa/tsa-sm2")
    stamp = timestamp.stamp(tsa, b.NOW)
    (token,) = read(sealed(version, stamp=stamp)).timestamps
    assert token.imprint.matches
    (moved,) = read(sealed(version, stamp=lambda _: stamp(b"other"))).timestamps
    assert not moved.imprint.matches


def test_a_stamped_seal_carries_its_own_token() -> None:
    tsa = b.desk().world.credential("tsa/tsa-sm2")
    made = ses.make_seal(CONTENT, maker=MAKER, version=5, stamp=timestamp.stamp(tsa, b.NOW))
    seal = read_seal(made)
    assert seal.version == 5 and seal.maker_timestamp is not None
    assert not seal.notes
