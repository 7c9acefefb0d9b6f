"""The QR payload: what it carries, its size, its published bytes."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import licence as lic
from elicense import profiles
from elicense.crypto import sm2
from elicense.errors import UsageError
from elicense.qr import dictionary, payload, strict_cbor, values
from licence_samples import sample

TYPES = [item.id for item in profiles.all()]
PRIVATE = hashlib.sha256(b"a key for tests only").digest()
PUBLIC = sm2.public_key(PRIVATE)
DOC = Path(__file__).parent.parent / "docs" / "qr-payload.md"


def sign(message: bytes) -> bytes:
    return sm2.sign_digest(PRIVATE, sm2.message_digest(PUBLIC, message), nonce_seed=bytes(32))


def encoded(licence: lic.Licence, **changes: Any) -> str:
    given: dict[str, Any] = {
        "data_digest": lic.data_digest(lic.dump(licence)),
        "sign": sign,
        "algorithm": "sm2",
        "kid": b"\x01\x02\x03\x04",
    }
    return payload.encode(licence, **(given | changes))


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("endorsed", [0, 1])
def test_what_is_written_comes_back(type: str, endorsed: int) -> None:
    for seed in range(20):
        licence = sample(seed, type, endorsed=endorsed)
        text = encoded(licence)
        back = payload.decode(text)
        template = profiles.get(type).templates[-1]
        expected = {
            item.path: value
            for item, value in profiles.get(type).values(licence)
            if item in template.fields
        }
        assert dict(back.fields) == expected
        assert back.type == back.licence.type == type
        assert back.identifier == licence.identifier
        assert back.number == licence.number
        assert back.version == licence.version
        assert back.status == licence.status
        assert back.data_digest == lic.data_digest(lic.dump(licence))
        assert back.licence.holder.name == licence.holder.name
        assert back.licence.validity == licence.validity
        assert (back.algorithm, back.kid) == ("sm2", b"\x01\x02\x03\x04")
        assert [(e.kind, e.date, e.state) for e in back.endorsements] == [
            (e.kind, e.date, e.state) for e in licence.endorsements
        ]


def test_the_signature_is_over_the_bytes_given_to_the_signer() -> None:
    seen: list[bytes] = []

    def spy(message: bytes) -> bytes:
        seen.append(message)
        return sign(message)

    back = payload.decode(encoded(sample(1), sign=spy))
    assert seen == [back.signed_bytes]
    digest = sm2.message_digest(PUBLIC, back.signed_bytes)
    assert sm2.verify_digest(PUBLIC, digest, back.signature)
    other = sm2.message_digest(PUBLIC, back.signed_bytes + b"\0")
    assert not sm2.verify_digest(PUBLIC, other, back.signature)


@pytest.mark.parametrize(
    ("algorithm", "size"), [("sm2", 64), ("es256", 64), ("rs256", 256), ("ps256", 384)]
)
def test_every_algorithm_is_named_in_the_protected_header(algorithm: str, size: int) -> None:
    text = encoded(sample(1), algorithm=algorithm, sign=lambda _: bytes(size))
    back = payload.decode(text)
    assert (back.algorithm, len(back.signature)) == (algorithm, size)
    with pytest.raises(UsageError):
        encoded(sample(1), algorithm=algorithm, sign=lambda _: bytes(size - 1 if size < 256 else 9))


def test_the_text_is_alphanumeric_so_that_no_reader_guesses_a_charset() -> None:
    assert re.fullmatch(r"EL1:[0-9A-Z $%*+./:-]+", encoded(sample(1)))


@pytest.mark.parametrize(
    ("type", "endorsed", "mean", "most"),
    [
        ("msa-doc", 0, 255, 265),
        ("msa-doc", 4, 285, 295),
        ("msa-doc-interim", 0, 255, 265),
        ("msa-smc", 0, 290, 305),
        ("msa-smc-interim", 0, 290, 305),
    ],
)
def test_payloads_stay_small_enough_to_print(
    type: str, endorsed: int, mean: int, most: int
) -> None:
    """Bytes of the COSE message; QR version 12 at level M holds 276, version 13 holds 319."""
    rng = random.Random(type)
    sizes = []
    for seed in range(200):
        licence = sample(seed, type, endorsed=endorsed)
        text = encoded(licence, sign=lambda _: rng.randbytes(64), kid=rng.randbytes(4))
        sizes.append(payload.decode(text).size)
    assert sum(sizes) / len(sizes) <= mean
    assert max(sizes) <= most


def qr_version(text: str) -> int:
    import qrcode
    from qrcode import util

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(util.QRData(text, mode=util.MODE_ALPHA_NUM))
    return int(code.best_fit(start=1))


def test_a_fresh_doc_fits_version_12_and_a_fresh_smc_version_13() -> None:
    for seed in range(10):
        assert qr_version(encoded(sample(seed, "msa-doc"))) <= 12
        assert qr_version(encoded(sample(seed, "msa-smc"))) <= 13


def test_unusual_values_survive() -> None:
    base = sample(4, "msa-doc")
    types = ({"code": "oil-tanker", "limitation": "仅限沿海"}, {"code": "airship"})
    odd = replace(
        base,
        identifier="1.2.156.3005.2.11100000000013338W011.340100.7.001.A",
        number="津（2026）0012345号",
        issuer=lic.Party(name="", code="X"),
        status=None,
        validity=lic.Validity(valid_until=lic.OPEN_ENDED),
        fields={"company_number": "12", "ship_types": types, "completion_date": "1999-12-31"},
    )
    back = payload.decode(encoded(odd))
    assert back.identifier == odd.identifier
    assert back.number == odd.number
    assert back.status is None
    assert back.licence.issuer == odd.issuer
    assert back.licence.validity == odd.validity
    assert back.licence.fields == odd.fields


@pytest.mark.parametrize("identifier", ["no identifier", "1.2.156.3005.2", "X" * 200])
def test_identifiers_of_any_shape_survive(identifier: str) -> None:
    licence = replace(sample(1), identifier=identifier)
    assert payload.decode(encoded(licence)).identifier == identifier


def test_empty_boxes_are_left_out_and_states_are_kept() -> None:
    rows = (
        lic.Endorsement(kind="annual-1", state="previously_carried_out"),
        lic.Endorsement(kind="annual-2", state="empty"),
    )
    back = payload.decode(encoded(replace(sample(1), endorsements=rows)))
    assert back.endorsements == rows[:1]


def test_texts_are_written_in_nfc_as_licence_json_has_them() -> None:
    licence = replace(sample(1), number="e\u0301")
    assert payload.decode(encoded(licence)).number == lic.load(lic.dump(licence)).number


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "none"},
        {"kid": b"123"},
        {"data_digest": lic.DataDigest("sm3", b"short")},
        {"data_digest": lic.DataDigest("md5", bytes(16))},
    ],
)
def test_what_cannot_be_written_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        encoded(sample(1), **changes)


@pytest.mark.parametrize(
    "licence",
    [
        replace(sample(1), type="unknown"),
        replace(sample(1), fields={"ship_types": ("oil-tanker",)}),
        replace(sample(1), fields={"ship_types": "oil-tanker"}),
        replace(sample(1), fields={"completion_date": "soon"}),
        replace(sample(1), fields={"company_number": 7}),
        replace(sample(1), fields={"completion_date": 1}),
        replace(sample(1), endorsements=(lic.Endorsement(kind="annual-9"),)),
        replace(sample(1), number="\ud800"),
    ],
)
def test_licences_that_do_not_fit_their_template_are_refused(licence: lic.Licence) -> None:
    with pytest.raises(UsageError):
        payload.encode(
            licence,
            data_digest=lic.DataDigest("sm3", bytes(32)),
            sign=sign,
            algorithm="sm2",
            kid=bytes(4),
        )


def test_a_key_id_is_the_start_of_the_certificates_sha256() -> None:
    assert payload.key_id(b"certificate") == hashlib.sha256(b"certificate").digest()[:4]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=45)
    | st.text(alphabet="0123456789ABCXYZ", min_size=1, max_size=45)
)
def test_packing_a_text_is_exact_and_never_longer(text: str) -> None:
    item = values.pack(text)
    assert values.unpack(item, place="x") == text
    assert len(strict_cbor.dumps(item)) <= len(strict_cbor.dumps(text))


def test_the_dictionary_never_changes() -> None:
    assert set(dictionary.SHA256) == {1}
    for number, expected in dictionary.SHA256.items():
        preset = dictionary.dictionary(number)
        assert preset is not None
        assert hashlib.sha256(preset).hexdigest() == expected
    assert dictionary.dictionary(2) is None


def test_published_templates_never_change() -> None:
    """A new order of fields needs a new template number: printed sheets outlive releases."""
    found = {}
    for profile in profiles.all():
        for template in profile.templates:
            boxes = [(box.number, box.kind) for box in profile.boxes]
            fields = [
                (
                    item.path,
                    item.kind,
                    sorted((c.number, c.code) for c in item.choices.values()),
                    *((c.key, c.kind, sorted((x.number, x.code) for x in c.choices.values()))
                      for c in item.columns),
                )
                for item in template.fields
            ]
            text = repr((profile.id, template.dictionary, fields, boxes))
            found[template.template] = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert found == {
        1: "d4478469f48cbf50",
        2: "ddb987315039d5f1",
        3: "82a207eeafae42ef",
        4: "74e41dd39e645286",
        10: "4aa9689f158ce4ce",
        20: "1b92b4c0d6ce4791",
        21: "3bcb4734d62ddf6e",
        30: "bac98c2bca604dd7",
        40: "17a72730478421c2",
        50: "51b3deb7449e891d",
        60: "8d21bf183be572e8",
        70: "d0eaf44bf4b0a3c1",
        80: "51350357451605ee",
        81: "f89263a00d8f95d5",
        90: "5dce3bb6abb51aa8",
        91: "5b97bef80cb2d3c4",
        120: "b124a6a5505eafc4",
        130: "342a10952952b91e",
        140: "3f1ae48a930922b9",
        150: "3ed03dc62f6bb097",
        160: "fdeba891da5ef7a1",
        170: "ca7bd181c81f3a54",
        180: "40c4f9e053d5207b",
        190: "8861c52fcee4af9b",
        200: "2ba816c64c5aa37e",
        210: "225fa301ba3f3d37",
        220: "b707301b873313db",
    }


def vectors() -> list[dict[str, str]]:
    blocks = re.findall(r"```vector\n(.*?)```", DOC.read_text(encoding="utf-8"), re.S)
    return [dict(line.split(": ", 1) for line in block.strip().splitlines()) for block in blocks]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["type"])
def test_the_published_vectors_hold(vector: dict[str, str]) -> None:
    back = payload.decode(vector["text"])
    assert back.type == vector["type"]
    assert back.signed_bytes.hex() == vector["signed"]
    assert back.signature.hex() == vector["signature"]
    data = vector["licence.json"].encode()
    licence = lic.load(data)
    assert back.data_digest == lic.data_digest(data)
    template = profiles.get(back.type).templates[0]
    plain = payload.content(licence, template=template, data_digest=back.data_digest)
    assert plain.hex() == vector["content"]
    public = bytes.fromhex(vector["public key"])
    digest = sm2.message_digest(public, back.signed_bytes)
    assert sm2.verify_digest(public, digest, back.signature)


def test_there_are_vectors_of_a_doc_and_an_smc() -> None:
    assert [vector["type"] for vector in vectors()] == ["msa-doc", "msa-smc"]
