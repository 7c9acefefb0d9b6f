"""A key that may make copies proves no licence: what it forges is never VALID."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elicense
from copying import AT, MAKER, UNTIL, copy, data_of, licence_of, original, verify
from elicense import canonical, profiles
from elicense import licence as licences
from elicense.issuing import (
    copy_page,
    copy_source,
    document,
    fonts,
    ofd_page,
    ofd_seal,
    qr_code,
    undisclosed,
)
from elicense.licence import Attestation, salted_digest
from issue_world import TYPES, credential, options, stamp, trust
from samples import licences as samples

SETTINGS = settings(
    max_examples=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


def parsed(data: bytes) -> dict[str, Any]:
    value = canonical.parse(data, max_size=1 << 20, max_depth=16)
    assert isinstance(value, Mapping)
    return _thawed(value)


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def forged(
    members: Mapping[str, Any], *, key: str = MAKER, coded: bool = False, drawn: bytes = b""
) -> bytes:
    """A copy with this data, drawn (from ``drawn``) and signed as a maker of copies would, no
    question asked."""
    data = canonical.encode(_frozen(members))
    licence = licences.load(drawn or data)
    font = fonts.load()
    own = credential(key)
    text = qr_code.text_of(data, signer=own) if coded else ""
    made = document.document(
        undisclosed.with_marks(licence), data=data, created=AT, qr_text=text, font=font
    )
    profile = profiles.get(licence.type)
    if licence.copy is not None:
        pages = copy_page.marked(made.pages, licence, profile, font, sealed=False)
        made = replace(made, pages=pages)
    return ofd_seal.sign_ofd(
        ofd_page.render(made), credential=own, time=AT, attributes=True
    )


@functools.cache
def honest(kind: str = "msa-doc", hide: tuple[str, ...] = ("officer", "tracking_number")) -> bytes:
    return data_of(copy(original(kind), hide=hide))


def test_the_forger_of_these_tests_makes_valid_files_of_honest_data() -> None:
    """Otherwise none of the tests below would say anything."""
    assert verify(forged(parsed(honest()))).verdict == "VALID"
    assert verify(forged(parsed(honest()), coded=True)).verdict == "VALID"


def codes(report: elicense.Report) -> set[tuple[str, str, str, str]]:
    return {(f.code, str(f.outcome), f.subject, f.reason) for f in report.findings}


def test_a_copy_without_attestation_is_not_valid() -> None:
    members = parsed(honest())
    del members["attestation"]
    report = verify(forged(members))
    assert report.verdict == "INDETERMINATE"
    assert ("signature.value", "UNKNOWN", "attestation", "no-attestation") in codes(report)


def test_a_copy_without_the_mark_of_one_is_not_valid() -> None:
    members = parsed(honest())
    del members["copy"]
    report = verify(forged(members))
    assert report.verdict == "INDETERMINATE"
    assert ("authority.licence-type", "UNKNOWN", "signature:1", "not-listed") in codes(report)


def test_the_attestation_of_another_licence_is_not_valid() -> None:
    members = parsed(honest())
    members["attestation"] = parsed(data_of(original("msa-doc-interim")))["attestation"]
    report = verify(forged(members))
    assert report.verdict == "INVALID"
    assert ("signature.value", "FAIL", "attestation", "") in codes(report)


@pytest.mark.parametrize(
    ("signer", "verdict"),
    [
        (MAKER, "INDETERMINATE"),  # the forger's own key
        ("copy/guangdong-sm2", "INDETERMINATE"),
        ("rogue/tianjin-doc-sm2", "INDETERMINATE"),  # a name, and nobody's chain
        ("sealers/guangdong-doc-sm2", "INVALID"),  # a sealer, of another issuer
        ("qr/tianjin-sm2", "INDETERMINATE"),
    ],
)
def test_an_attestation_by_another_key_is_not_valid(signer: str, verdict: str) -> None:
    members = parsed(honest())
    members["number"] = "伪造0001"
    own = credential(signer)
    data = canonical.encode(_frozen(members))
    again = licences.attest(
        data, lambda m: Attestation(own.algorithm, own.certificate, own.sign(m))
    )
    assert verify(forged(parsed(again))).verdict == verdict


def test_the_issuers_certificate_beside_the_forgers_value_is_not_valid() -> None:
    members = parsed(honest())
    members["number"] = "伪造0001"
    own, issuer = credential(MAKER), options(TYPES["msa-doc"])["signer"]
    data = canonical.encode(_frozen(members))
    again = licences.attest(
        data, lambda m: Attestation(own.algorithm, issuer.certificate, own.sign(m))
    )
    assert verify(forged(parsed(again))).verdict == "INVALID"


def test_a_changed_field_is_invalid_whether_it_has_a_digest_or_not() -> None:
    for path, value in (("number", "X1"), ("holder.name", "别家公司"), ("holder.code", "Z"),
                        ("validity.valid_until", "2031-02-27"),
                        ("fields.regime", "nsm")):  # fmt: skip
        members = parsed(honest())
        here, *rest = path.split(".")
        if rest:
            assert members[here][rest[0]] != value
            members[here][rest[0]] = value
        else:
            members[here] = value
        assert verify(forged(members)).verdict == "INVALID", path


def test_a_value_put_where_one_was_hidden_is_invalid() -> None:
    for salted in (False, True):
        members = parsed(honest())
        members["fields"]["officer"] = "冒名者"
        if salted:
            salt = bytes(range(16))
            members["salts"]["fields.officer"] = canonical.b64url(salt)
        report = verify(forged(members))
        assert report.verdict == ("INVALID" if salted else "INDETERMINATE")
    digest = salted_digest("sm3", bytes(range(16)), "fields.officer", "冒名者")
    members["digests"]["values"]["fields.officer"] = canonical.b64url(digest)
    assert verify(forged(members)).verdict == "INVALID"


def test_a_value_added_where_the_issuer_signed_none_is_invalid() -> None:
    for place in ("fields", "holder", "issuer", "validity", ""):
        members = parsed(honest())
        (members[place] if place else members)["remark"] = "加上的"
        assert verify(forged(members)).verdict == "INVALID", place


def test_values_moved_or_swapped_are_invalid() -> None:
    whole = parsed(data_of(copy(original())))
    swapped = parsed(data_of(copy(original())))
    a, b = "holder.name_en", "holder.address_en"
    swapped["holder"]["name_en"], swapped["holder"]["address_en"] = (
        whole["holder"]["address_en"], whole["holder"]["name_en"],
    )  # fmt: skip
    assert verify(forged(swapped)).verdict == "INVALID"
    swapped["salts"][a], swapped["salts"][b] = whole["salts"][b], whole["salts"][a]
    assert verify(forged(swapped)).verdict == "INVALID"
    values = swapped["digests"]["values"]
    values[a], values[b] = values[b], values[a]
    assert verify(forged(swapped)).verdict == "INVALID"


def test_a_field_of_another_licence_of_the_same_issuer_is_invalid() -> None:
    licence = TYPES["msa-doc"]
    other = replace(licence, number="样例TJDOC202699999",
                    fields={**licence.fields, "officer": "另一人"})  # fmt: skip
    signed = elicense.issue(other, timestamp=stamp(licence), **options(licence))
    taken, members = parsed(data_of(signed)), parsed(honest())
    members["fields"]["officer"] = taken["fields"]["officer"]
    members["salts"]["fields.officer"] = taken["salts"]["fields.officer"]
    assert verify(forged(members)).verdict == "INVALID"
    path = "fields.officer"
    members["digests"]["values"][path] = taken["digests"]["values"][path]
    assert verify(forged(members)).verdict == "INVALID"


def test_a_hidden_field_that_the_verdict_rests_on_leaves_the_question_open() -> None:
    """Licences made before this was a rule have digests of such fields."""
    licence = TYPES["msa-doc"]
    more = (*profiles.get("msa-doc").salted_paths(licence), "validity.valid_from", "fields.regime")
    salts = {path: bytes([n]) * 16 for n, path in enumerate(dict.fromkeys(more))}
    old = elicense.issue(licence, salts=salts, timestamp=stamp(licence), **options(licence))
    assert "validity.valid_from" in licence_of(old).source.digests  # type: ignore[union-attr]
    for path in ("validity.valid_from", "fields.regime"):
        with pytest.raises(elicense.UsageError):
            copy(old, hide=[path])
        members = parsed(licences.mask(data_of(copy(old)), hide=[path]))
        report = verify(forged(members))
        assert report.verdict == "INDETERMINATE"
        assert ("licence.fields", "UNKNOWN", "licence", "hidden") in codes(report)


def test_the_maker_must_be_listed_in_force_and_the_one_it_names() -> None:
    members = parsed(honest())
    for key in ("sealers/tianjin-doc-sm2", "qr/tianjin-sm2", "rogue/tianjin-doc-sm2"):
        assert verify(forged(members, key=key)).verdict == "INDETERMINATE", key
    report = verify(forged(members, key="copy/shandong-sm2"))
    assert report.verdict == "INVALID"
    assert ("authority.licence-type", "FAIL", "signature:1", "copy-creator") in codes(report)


def test_a_page_that_does_not_say_it_is_a_copy_is_invalid() -> None:
    members = parsed(honest())
    data = canonical.encode(_frozen(members))
    licence = licences.load(data)
    made = document.document(undisclosed.with_marks(licence), data=data, created=AT)
    own = credential(MAKER)
    file = ofd_seal.sign_ofd(ofd_page.render(made), credential=own, time=AT, attributes=True)
    report = verify(file)
    assert report.verdict == "INVALID"
    assert ("copy.page", "FAIL", "licence", "") in codes(report)


def test_a_mark_that_cannot_be_read_is_never_an_original() -> None:
    for wrong in ("x", 1, [], {}, {"purpose": "p"}, {**parsed(honest())["copy"], "more": 1},
                  {**parsed(honest())["copy"], "expires": "2026-13-01"},
                  {**parsed(honest())["copy"], "created": "2026-11-01"},
                  {**parsed(honest())["copy"], "purpose": "a\u202eb"}):  # fmt: skip
        members = {**parsed(honest()), "copy": wrong}
        with pytest.raises(elicense.InputError):
            licences.load(canonical.encode(_frozen(members)))


def test_a_certificate_revoked_since_needs_the_proof_of_the_attestations_timestamp() -> None:
    licence = samples.TIANJIN_2025
    signed = options(licence, signer_name="bad/revoked-superseded-sm2")
    file = elicense.issue(licence, timestamp=stamp(licence), **signed)
    report = verify(copy(file))
    assert report.verdict == "VALID"
    assert ("revocation.certificate", "WARN", "attestation", "revoked-later") in codes(report)
    plain = elicense.issue(licence, **signed)
    with pytest.raises(elicense.Error, match="does not verify"):
        copy(plain)
    members = {**parsed(data_of(plain)), "copy": parsed(honest())["copy"]}
    report = verify(forged(members))
    assert report.verdict == "INDETERMINATE"
    assert ("revocation.certificate", "UNKNOWN", "attestation", "no-proof-of-time") in codes(report)
    assert ("time.proof", "UNKNOWN", "attestation", "no-timestamp") in codes(report)


def test_a_timestamp_of_another_value_proves_nothing() -> None:
    licence = samples.TIANJIN_2025
    signed = options(licence, signer_name="bad/revoked-superseded-sm2")
    file = elicense.issue(licence, timestamp=stamp(licence), **signed)
    members = {**parsed(data_of(file)), "copy": parsed(honest())["copy"]}
    members["attestation"]["timestamp"] = canonical.b64url(stamp(licence)(b"something else"))
    assert verify(forged(members)).verdict == "INVALID"
    members["attestation"]["timestamp"] = canonical.b64url(b"no token")
    report = verify(forged(members))
    assert report.verdict == "INDETERMINATE"
    assert ("time.proof", "WARN", "attestation", "timestamp-unreadable") in codes(report)


@SETTINGS
@given(data=st.data())
def test_any_choice_of_hidden_fields_verifies(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(TYPES)))
    names = [item.name for item in _source(kind).hideable]
    hide = data.draw(st.sets(st.sampled_from(names)))
    paths = copy_source.paths_of(_source(kind), hide)
    members = parsed(licences.mask(_source(kind).data, hide=paths))
    members["copy"] = parsed(honest())["copy"]
    report = verify(forged(members), pages=True)
    assert {f.code[:4] for f in report.deciding} <= {"ism."}
    assert report.missing in {(), ("rules",)}
    if "doc" in kind:
        assert report.verdict == "VALID"


@functools.cache
def _source(kind: str) -> copy_source.Original:
    return copy_source.read_original(original(kind))


def test_every_maskable_field_alone_verifies() -> None:
    for kind in sorted(TYPES):
        for item in _source(kind).hideable:
            members = parsed(licences.mask(_source(kind).data, hide=[item.path]))
            members["copy"] = parsed(honest())["copy"]
            report = verify(forged(members))
            assert {f.code[:4] for f in report.deciding} <= {"ism."}, (kind, item.path)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _leaves(v, (*path, k))] or [path]
    if isinstance(value, list):
        return [p for k, v in enumerate(value) for p in _leaves(v, (*path, k))] or [path]
    return [path]


@SETTINGS
@given(data=st.data())
def test_any_change_of_what_the_issuer_signed_is_never_valid(data: st.DataObject) -> None:
    members = parsed(honest())
    places = [p for p in _leaves(members) if p[0] not in {"copy"}]
    place = data.draw(st.sampled_from(places))
    parent: Any = members
    for step in place[:-1]:
        parent = parent[step]
    old = parent[place[-1]]
    how = data.draw(st.sampled_from(["leave out", "other", "letter"]))
    if how == "leave out" and isinstance(parent, dict):
        del parent[place[-1]]
    elif how == "letter" and isinstance(old, str) and old:
        at = data.draw(st.integers(0, len(old) - 1))
        new = data.draw(st.sampled_from("0A9z-甲"))
        parent[place[-1]] = old[:at] + (new if old[at] != new else "B") + old[at + 1 :]
    else:
        parent[place[-1]] = old + 1 if isinstance(old, int) else "甲乙"
    try:
        file = forged(members)
    except (elicense.Error, ValueError):  # no page can be drawn of it: another's page
        file = forged(members, drawn=honest())
    assert verify(file).verdict != "VALID", (place, how)


# -- what is hidden cannot be found --------------------------------------------------------


def test_a_hidden_id_number_or_date_is_not_found_by_trying_them_all() -> None:
    """Without its salt a digest fits no plausible value: neither plain, nor under a salt that
    the copy discloses, nor under one made of what is known."""
    birth, serial = "19800515", range(1000)
    person = "111"
    licence = TYPES["msa-doc"]
    identity = _id_number("110101", birth, 123)
    holder = replace(licence.holder, code=identity, code_type=person)
    made = elicense.issue(
        replace(licence, holder=holder), timestamp=stamp(licence), **options(licence)
    )
    secret = licence_of(made).source.salts["holder.code"]  # type: ignore[union-attr]
    hidden = licence_of(copy(made, hide=["holder_code"]))
    source = hidden.source
    assert source is not None
    assert "holder.code" not in source.salts
    digest = source.digests["holder.code"]
    assert digest == salted_digest("sm3", secret, "holder.code", identity)  # the test's own check
    known = [b"", bytes(16), *source.salts.values(), digest[:16],
             *(value[:16] for value in source.digests.values())]  # fmt: skip
    tried = 0
    for number, salt in product(serial, known):
        tried += 1
        guess = _id_number("110101", birth, number)
        assert salted_digest("sm3", salt, "holder.code", guess) != digest
    assert tried >= 1000 * 5
    assert len(secret) >= 16


def _id_number(area: str, birth: str, serial: int) -> str:
    body = f"{area}{birth}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c) * w for c, w in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def test_salts_are_fresh_in_every_issue_and_never_shared_between_fields() -> None:
    licence = TYPES["msa-doc"]
    seen: set[bytes] = set()
    for _ in range(3):
        made = elicense.issue(licence, **options(licence))
        salts = licence_of(made).source.salts.values()  # type: ignore[union-attr]
        assert all(len(salt) >= 16 for salt in salts)
        assert not seen & set(salts)
        assert len(set(salts)) == len(salts)
        seen |= set(salts)


def test_two_copies_of_one_licence_disclose_the_same_digests_and_no_more() -> None:
    """A dates' digest does not change from copy to copy, so copies cannot be compared to
    learn what is hidden; a hidden value's salt stands in none that hides it."""
    one, two = (licence_of(copy(original(), hide=h)) for h in (["officer"], ["tracking_number"]))
    assert one.source is not None
    assert two.source is not None
    assert one.source.digests == two.source.digests
    assert "fields.officer" not in one.source.salts
    assert "fields.officer" in two.source.salts
    assert UNTIL - timedelta(days=30) == AT.date()
    assert trust()


@pytest.mark.parametrize(
    "wrong",
    [
        {"certificate": "AAAA"}, {"algorithm": "x"}, {"algorithm": "1.2.3.4"},
        {"algorithm": "1.2.840.113549.1.1.11"}, {"algorithm": "1.2.840.113549.1.1.5"},
        {"value": "AAAA"}, {"timestamp": "AAAA"}, {"more": 1},
    ],
)  # fmt: skip
def test_an_attestation_that_makes_no_sense_gives_a_report_and_is_not_valid(wrong: Any) -> None:
    members = parsed(honest())
    members["attestation"] |= wrong
    report = verify(forged(members))
    if wrong in ({"timestamp": "AAAA"}, {"more": 1}):  # beside what is signed: remarked, or unread
        assert report.verdict == "VALID"
    else:
        assert report.verdict != "VALID"
    assert {f.subject for f in report.findings} >= {"attestation"}


def test_a_digest_of_an_item_of_an_array_is_invalid_and_nothing_breaks() -> None:
    members = parsed(honest())
    path = "fields.ship_types.0"
    salt = bytes(16)
    value = _frozen(members["fields"]["ship_types"][0])
    digest = salted_digest("sm3", salt, path, value)
    members["digests"]["values"][path] = canonical.b64url(digest)
    members["salts"][path] = canonical.b64url(salt)
    report = verify(forged(members))
    assert report.verdict == "INVALID"
    assert ("licence.data", "FAIL", "licence", "digest-path") in codes(report)
