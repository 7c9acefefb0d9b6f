"""licence.json: round trips, salted digests, masking, hostile input."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import licence as lic
from elicense import profiles
from elicense.crypto.sm3 import sm3
from elicense.errors import InputError, LimitError, UsageError
from licence_samples import sample

TYPES = [profile.id for profile in profiles.all()]


def dumped(seed: int = 1, type: str = "msa-doc", endorsed: int = 2) -> bytes:
    licence = sample(seed, type, endorsed=endorsed)
    return lic.dump(licence, salts=profiles.get(type).new_salts(licence))


def changed(data: bytes, change: Any) -> bytes:
    members = json.loads(data)
    change(members)
    return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def source(data: bytes) -> lic.Source:
    found = lic.load(data).source
    assert found is not None
    return found


@pytest.mark.parametrize("type", TYPES)
def test_a_licence_of_every_type_comes_back_equal_and_canonical(type: str) -> None:
    for seed in range(5):
        licence = sample(seed, type, endorsed=1)
        data = lic.dump(licence, salts=profiles.get(type).new_salts(licence))
        back = lic.load(data)
        assert back == licence
        assert back.source is not None
        assert back.source.canonical
        assert back.source.problems == () and back.source.hidden == ()
        assert lic.dump(back, salts=back.source.salts) == data


def test_every_optional_value_has_a_digest_and_a_fresh_salt() -> None:
    licence = sample(3)
    one, two = (source(dumped(3)) for _ in range(2))
    expected = set(profiles.get("msa-doc").salted_paths(sample(3, endorsed=2)))
    assert set(one.digests) == set(one.salts) == expected
    assert "holder.name_en" in expected and "endorsements.0.officer" in expected
    assert "holder.name" not in expected and "number" not in expected
    assert all(one.salts[path] != two.salts[path] for path in expected)
    assert min(map(len, one.salts.values())) >= 16
    assert lic.dump(licence) == lic.dump(licence)


def test_a_digest_is_sm3_over_the_canonical_array_of_salt_path_and_value() -> None:
    salt = bytes(range(16))
    text = '["AAECAwQFBgcICQoLDA0ODw","holder.name_en","A \\"B\\""]'
    assert lic.salted_digest("sm3", salt, "holder.name_en", 'A "B"') == sm3(text.encode())
    assert (
        lic.salted_digest("sha256", salt, "holder.name_en", 'A "B"')
        == hashlib.sha256(text.encode()).digest()
    )


def test_the_data_digest_is_over_the_exact_bytes() -> None:
    data = dumped() + b"\n"
    assert lic.data_digest(data) == lic.DataDigest("sm3", sm3(data))
    assert lic.data_digest(data, algorithm="sha256").value == hashlib.sha256(data).digest()
    assert not source(data).canonical


def test_unknown_members_are_kept_everywhere() -> None:
    def add(members: dict[str, Any]) -> None:
        members["future"] = {"a": [1, None, True]}
        members["holder"]["phone"] = "022"
        members["status"]["mirror"] = "u"
        members["endorsements"][0]["note"] = "n"
        members["validity"]["grace"] = 3

    back = lic.load(changed(dumped(), add))
    assert back.extra == {"future": {"a": (1, None, True)}}
    assert back.holder.extra == {"phone": "022"}
    assert back.endorsements[0].extra == {"note": "n"}
    assert back.validity.extra == {"grace": 3}
    assert back.status is not None and back.status.extra == {"mirror": "u"}
    assert lic.load(lic.dump(back)) == back


def test_a_changed_value_no_longer_matches_its_digest() -> None:
    data = changed(dumped(), lambda m: m["holder"].update(name_en="SOMEBODY ELSE"))
    assert [(p.kind, p.path) for p in source(data).problems] == [
        ("digest-mismatch", "holder.name_en")
    ]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda m: m["salts"].pop("holder.name_en"), "salt-missing"),
        (lambda m: m["holder"].pop("name_en"), "salt-unused"),
        (lambda m: m["digests"]["values"].pop("holder.name_en"), "salt-unused"),
        (lambda m: m["salts"].update({"holder.name_en": "AAAA"}), "salt-short"),
        (lambda m: m["digests"].update(algorithm="md5"), "digest-algorithm"),
        (lambda m: m["digests"]["values"].update(number="AAAA"), "digest-path"),
        (lambda m: m["digests"]["values"].update({"holder": "AAAA"}), "digest-path"),
    ],
)
def test_salts_and_digests_that_do_not_fit_are_recorded(change: Any, kind: str) -> None:
    assert kind in [p.kind for p in source(changed(dumped(), change)).problems]


def test_a_masked_copy_hides_values_and_keeps_what_is_attested() -> None:
    data = dumped(endorsed=2)
    masked = lic.mask(data, hide=["holder.name_en", "endorsements.1.officer"])
    found = source(masked)
    assert found.hidden == ("endorsements.1.officer", "holder.name_en")
    assert found.problems == () and found.canonical
    assert lic.load(masked).holder.name_en == ""
    assert lic.load(masked).endorsements[1].officer == ""
    assert b"SHIPPING" not in masked
    assert lic.attested_bytes(masked) == lic.attested_bytes(data)
    again = lic.mask(masked, hide=["fields.tracking_number"])
    assert lic.attested_bytes(again) == lic.attested_bytes(data)


def test_what_is_attested_changes_with_anything_that_is_not_masked() -> None:
    data = dumped()
    for change in (
        lambda m: m["holder"].update(name="乙"),
        lambda m: m["digests"]["values"].update({"holder.name_en": "A" * 43}),
        lambda m: m["validity"].update(valid_until="2099-01-01"),
        lambda m: m["endorsements"].pop(),
        lambda m: m.update(extra=1),
    ):
        assert lic.attested_bytes(changed(data, change)) != lic.attested_bytes(data)


def test_an_attestation_is_kept_and_not_part_of_what_it_signs() -> None:
    licence = sample(1)
    attestation = lic.Attestation("1.2.156.10197.1.501", b"certificate", b"value")
    data = lic.dump(licence, attestation=attestation)
    assert source(data).attestation == attestation
    assert lic.attested_bytes(data) == lic.attested_bytes(lic.dump(licence))
    assert lic.load(data) == licence


def test_what_identifies_the_licence_cannot_be_hidden() -> None:
    licence = sample(1, endorsed=1)
    for path in ("number", "type", "holder", "status.list", "endorsements.0.kind", "fields.none"):
        with pytest.raises(UsageError):
            lic.dump(licence, salts={path: bytes(16)})
    with pytest.raises(UsageError):
        lic.dump(licence, salts={"holder.name_en": bytes(15)})
    with pytest.raises(UsageError):
        lic.mask(lic.dump(licence), hide=["holder.name_en"])


def test_the_version_before_is_named_by_its_digest() -> None:
    before = lic.load(dumped(endorsed=0))
    assert before.source is not None
    row = lic.Endorsement(kind="annual-1", previous=lic.data_digest(before.source.data))
    after = lic.load(lic.dump(replace(before, version=2, endorsements=(row,))))
    assert after.endorsements[0].previous == lic.DataDigest("sm3", sm3(before.source.data))


def test_texts_are_written_in_nfc() -> None:
    licence = replace(sample(1), number="e\u0301")
    assert lic.load(lic.dump(licence)).number == "é"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda m: m.pop("format"), "$.format"),
        (lambda m: m.update(format="elicense-licence/2"), "$.format"),
        (lambda m: m.update(type=1), "$.type"),
        (lambda m: m.update(number=""), "$.number"),
        (lambda m: m.update(version=True), "$.version"),
        (lambda m: m.update(version=0), "$.version"),
        (lambda m: m.pop("holder"), "$.holder"),
        (lambda m: m.update(issuer=[]), "$.issuer"),
        (lambda m: m["holder"].update(code=5), "$.holder.code"),
        (lambda m: m["validity"].update(issued="20260101"), "$.validity.issued"),
        (lambda m: m["validity"].update(issued="2026-02-30"), "$.validity.issued"),
        (lambda m: m["validity"].update(issued="２０２６-01-01"), "$.validity.issued"),
        (lambda m: m.update(fields=3), "$.fields"),
        (lambda m: m.update(endorsements={}), "$.endorsements"),
        (lambda m: m["endorsements"].append(1), "$.endorsements[2]"),
        (lambda m: m["endorsements"][1].update(state="x"), "$.endorsements[1].state"),
        (lambda m: m["endorsements"][1].update(kind="A b"), "$.endorsements[1].kind"),
        (lambda m: m["endorsements"][0].update(previous=1), "$.endorsements[0].previous"),
        (lambda m: m["status"].update(index=-1), "$.status.index"),
        (lambda m: m["status"].pop("list"), "$.status.list"),
        (lambda m: m.update(digests=[]), "$.digests"),
        (lambda m: m["salts"].update({"holder.name_en": "=="}), "$.salts['holder.name_en']"),
        (lambda m: m.update(attestation={}), "$.attestation.certificate"),
    ],
)
def test_wrong_types_are_refused_with_their_json_path(change: Any, place: str) -> None:
    with pytest.raises(InputError) as caught:
        lic.load(changed(dumped(), change))
    assert caught.value.place == place


def test_a_flood_of_digests_or_steps_is_stopped_early() -> None:
    flood = {f"fields.x{index}": "AAAA" for index in range(20_000)}
    with pytest.raises(LimitError) as caught:
        lic.load(changed(dumped(), lambda m: m["digests"].update(values=flood)))
    assert caught.value.code == "licence.digests"
    deep = {".".join(["fields"] * 100_000): "AAAA"}
    found = source(changed(dumped(), lambda m: m["digests"].update(values=deep)))
    assert "digest-path" in [problem.kind for problem in found.problems]


def test_the_example_of_the_manual_holds() -> None:
    manual = Path(__file__).parent.parent / "docs" / "licence-json.md"
    (block,) = re.findall(r"```json\n(.*?)\n```", manual.read_text(encoding="utf-8"), re.S)
    found = source(block.encode())
    assert found.canonical and found.problems == ()
    assert found.salts == {"holder.name_en": bytes(range(16))}
    assert lic.dump(lic.load(block.encode()), salts=found.salts) == block.encode()


BASE = dumped(7, "msa-smc", 1)


@settings(max_examples=300)
@given(st.integers(0, len(BASE) - 1), st.integers(0, 255), st.sampled_from(["set", "cut", "add"]))
def test_damaged_bytes_give_a_licence_or_an_input_error(at: int, byte: int, how: str) -> None:
    middle = {"set": bytes([byte]), "cut": b"", "add": bytes([byte, BASE[at]])}[how]
    data = BASE[:at] + middle + BASE[at + 1 :]
    try:
        back = lic.load(data)
    except InputError:
        return
    assert back.source is not None
    if data != BASE:
        assert back != lic.load(BASE) or back.source.data != BASE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(json.loads(BASE))), st.sampled_from(["", "name", "values"]), JSON)
def test_any_json_in_any_member_gives_a_licence_or_an_input_error(
    member: str, inner: str, value: Any
) -> None:
    members = json.loads(BASE)
    if inner and isinstance(members[member], dict):
        members[member][inner] = value
    else:
        members[member] = value
    try:
        lic.load(json.dumps(members).encode())
    except InputError as error:
        assert error.code.startswith(("licence.", "json."))
