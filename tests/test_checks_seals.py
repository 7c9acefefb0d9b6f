"""Digests, values, seals, makers, licence data and QR codes: one thing changed at a time."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

import trust_builders as b
from elicense.evidence import Change, Coverage, Digest, Evidence, Fault, SignedValue
from elicense.trust.service import Service
from elicense.trust.store import TrustStore

DOC, PDF = "tianjin-doc.ofd", "guangdong-smc-long-term.pdf"


def signature(of: str = DOC) -> Any:
    return b.evidence(of).signatures[0]


def changed(**values: Any) -> set[tuple[str, str, str]]:
    report = b.verdict(b.with_signature(b.evidence(DOC), **values))
    assert str(report.verdict) != "VALID"
    return b.told(report)


def seal_with(**values: Any) -> set[tuple[str, str, str]]:
    return changed(seal=replace(signature().seal, **values))


# -- integrity and value --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "outcome", "reason"),
    [
        (Digest("p", "sm3", b"a", b"b"), "FAIL", ""),
        (Digest("p", "sm3", b"a", None, "missing"), "FAIL", "missing"),
        (Digest("p", "sm3", b"", None, "the CheckValue is empty"), "FAIL", "not-comparable"),
        (Digest("p", "GOST", b"a", None, "unknown algorithm 'GOST'"), "UNKNOWN",
         "algorithm-unknown"),
        (Digest("p", "2.999", b"a", None, "digest-unknown"), "UNKNOWN", "algorithm-unknown"),
    ],
)  # fmt: skip
def test_a_part_that_does_not_match(item: Digest, outcome: str, reason: str) -> None:
    told = changed(digests=(*signature().digests, item))
    assert told == {("integrity.digest", outcome, reason)}


@pytest.mark.parametrize("name", ["SHA1", "sha-1", "md5", "1.3.14.3.2.26"])
def test_a_broken_digest_proves_nothing_however_it_is_spelt(name: str) -> None:
    told = changed(digests=(*signature().digests, Digest("p", name, b"a", b"a")))
    assert told == {("signature.algorithm", "UNKNOWN", "")}


def test_a_value_over_other_bytes_is_a_fault() -> None:
    value = replace(signature().values[0], message=b"other", instead=None)
    assert ("signature.value", "FAIL", "") in changed(values=(value,))


def test_a_value_without_a_key_or_none_at_all_is_an_open_question() -> None:
    value = replace(signature().values[0], spki=None)
    assert ("signature.value", "UNKNOWN", "no-certificate") in changed(values=(value,))
    assert ("signature.value", "UNKNOWN", "unreadable") in changed(values=())


def test_the_value_of_somebody_else_in_another_role_does_not_count() -> None:
    maker = signature().seal.maker_value
    assert ("signature.value", "UNKNOWN", "unreadable") in changed(values=(maker,))


def test_a_signer_certificate_that_did_not_sign_is_a_fault() -> None:
    other = b.read_certificate(b.desk().world.entities["sealers/tianjin-smc-sm2"].certificate)
    value = replace(signature().values[0], spki=other.spki)
    assert ("signature.value", "FAIL", "") in changed(signer=other, values=(value,))


# -- coverage and changes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"coverage": Coverage(whole=False)}, ("coverage.document", "UNKNOWN", "not-whole")),
        ({"coverage": Coverage(whole=True, uncovered=("x",))},
         ("coverage.document", "UNKNOWN", "uncovered")),
        ({"faults": (Fault("coverage.document", "uncovered-page", "p", "d"),)},
         ("coverage.document", "FAIL", "uncovered-page")),
        ({"faults": (Fault("container.structure", "crc", "p", "d"),)},
         ("container.structure", "FAIL", "crc")),
        ({"faults": (Fault("seal.file", "differs", "p", "d"),)}, ("seal.file", "FAIL", "differs")),
        ({"changes": (Change("annotation", "p", "d", allowed=False),)},
         ("changes.after-signing", "FAIL", "annotation")),
    ],
)  # fmt: skip
def test_what_is_not_covered_or_changed(values: dict[str, Any], told: tuple[str, str, str]) -> None:
    assert told in changed(**values)


@pytest.mark.parametrize(
    "code", ["container.structure", "coverage.document", "changes.after-signing", "seal.file",
             "integrity.digest", "signature.value", "time.proof", "licence.data"],
)  # fmt: skip
@pytest.mark.parametrize("fatal", [True, False])
def test_no_fault_of_a_file_or_a_signature_is_lost(code: str, fatal: bool) -> None:
    fault = Fault(code, "unreadable", "p", "d", fatal=fatal)
    shown = b.evidence(DOC)
    of_file = b.verdict(replace(shown, faults=(fault,)))
    assert (code, "FAIL" if fatal else "UNKNOWN", "unreadable") in b.told(of_file)
    if code != "time.proof" or fatal:
        report = b.verdict(b.with_signature(shown, faults=(fault,)))
        assert code in {t[0] for t in b.told(report)}


# -- the seal -------------------------------------------------------------------------------


def test_a_seal_by_another_key_than_its_makers_is_a_fault() -> None:
    value = replace(signature().seal.maker_value, message=b"other")
    assert seal_with(maker_value=value) == {("seal.maker", "FAIL", "")}


def test_a_seal_whose_maker_cannot_be_read_is_an_open_question() -> None:
    value = replace(signature().seal.maker_value, spki=None)
    assert seal_with(maker=None, maker_value=value) == {("seal.maker", "UNKNOWN", "no-certificate")}


def _makers(change: Any) -> TrustStore:
    def one(entry: Service) -> Service | None:
        return change(entry) if entry.service == "seal-maker" else entry

    return b.with_services(b.sample_trust(), one)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda entry: None, "not-listed"),
        (lambda entry: replace(entry, ends=b.day(2024)), "entry-not-in-force"),
        (lambda entry: replace(entry, starts=b.day(2025)), "entry-not-in-force"),
        (lambda entry: replace(entry, service="sealer"), "not-listed"),
    ],
)
def test_a_maker_must_be_listed_and_entitled_when_it_made_the_seal(
    change: Any, reason: str
) -> None:
    report = b.verdict(DOC, trust=_makers(change))
    assert ("seal.maker", "UNKNOWN", reason) in b.told(report)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"valid_from": None}, ("UNKNOWN", "unreadable")),
        ({"valid_until": None}, ("UNKNOWN", "unreadable")),
        ({"valid_from": b.day(2026, 6)}, ("FAIL", "not-yet")),
        ({"valid_until": b.day(2026, 2)}, ("FAIL", "expired")),
        ({"created": b.day(2030)}, ("UNKNOWN", "from-the-future")),
    ],
)
def test_a_seal_is_used_within_its_term(values: dict[str, Any], told: tuple[str, str]) -> None:
    assert ("seal.validity", *told) in seal_with(**values)


def test_an_expired_seal_without_a_timestamp_is_an_open_question() -> None:
    seal = replace(signature().seal, valid_until=b.day(2026, 6))
    assert ("seal.validity", "UNKNOWN", "expired") in changed(seal=seal, timestamps=())


def test_the_signer_must_be_on_the_seals_list() -> None:
    other = b.desk().world.entities["sealers/tianjin-smc-sm2"].certificate
    assert ("seal.signer", "FAIL", "") in seal_with(signer_certificates=(other,))
    assert ("seal.signer", "FAIL", "") in seal_with(signer_certificates=())
    digests = (("SM3", bytes(32)), ("unknown", bytes(32)))
    assert ("seal.signer", "FAIL", "") in seal_with(signer_certificates=(), signer_digests=digests)


def test_dates_without_end_can_be_shown() -> None:
    import datetime

    end = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    seal = replace(signature().seal, valid_until=end)
    report = b.verdict(b.with_signature(b.evidence(DOC), seal=seal))
    assert str(report.verdict) == "VALID"
    assert "9999-12-31" in b.only(report, "seal.validity")[0].message("zh")


# -- the licence's data ---------------------------------------------------------------------


def test_data_that_the_seal_does_not_cover_is_not_relied_on() -> None:
    shown = b.evidence(DOC)
    loose = replace(shown, claims=replace(shown.claims, data_covered=False))
    assert ("licence.data", "UNKNOWN", "not-covered") in b.told(b.verdict(loose))


def test_without_data_nothing_about_the_licence_is_proven() -> None:
    shown = b.evidence(DOC)
    report = b.verdict(replace(shown, claims=replace(shown.claims, data=None)))
    codes = {code for code, _, _ in b.told(report)}
    assert {"licence.data", "licence.dates", "status.licence", "authority.licence-type"} <= codes


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"[" * 50_000, b'{"a":1,"a":2}'])
def test_hostile_data_is_an_open_question_and_raises_nothing(data: bytes) -> None:
    shown = b.evidence(DOC)
    report = b.verdict(replace(shown, claims=replace(shown.claims, data=data)))
    assert ("licence.data", "UNKNOWN", "unreadable") in b.told(report)


def test_before_its_day_of_issue_a_licence_is_not_in_force() -> None:
    report = b.verdict(DOC, at=b.day(2026, 2, 20))
    assert ("licence.dates", "FAIL", "not-yet") in b.told(report)


def test_page_text_that_was_not_read_is_no_agreement() -> None:
    report = b.verdict(b.evidence(DOC, pages=False))
    assert ("agreement.data-page", "UNKNOWN", "no-text") in b.told(report)
    assert str(report.verdict) == "INDETERMINATE"


# -- the QR ---------------------------------------------------------------------------------


def test_a_qr_whose_key_may_not_sign_for_this_issuer_is_a_fault() -> None:
    def one(entry: Service) -> Service:
        wrong = {"uscc": "11370000000000T37X", "authority": "山东海事局", "region": "370000"}
        return replace(entry, **wrong) if entry.service == "qr" else entry

    report = b.verdict(DOC, trust=b.with_services(b.sample_trust(), one))
    assert ("qr.signature", "FAIL", "not-entitled") in b.told(report)


def test_a_qr_whose_entry_has_ended_or_whose_key_is_not_listed_is_an_open_question() -> None:
    def ended(entry: Service) -> Service:
        return replace(entry, ends=b.day(2026, 6)) if entry.service == "qr" else entry

    def gone(entry: Service) -> Service | None:
        return None if entry.service == "qr" else entry

    for change, reason in ((ended, "key-not-in-force"), (gone, "key-not-listed")):
        report = b.verdict(DOC, trust=b.with_services(b.sample_trust(), change))
        assert ("qr.signature", "UNKNOWN", reason) in b.told(report)


def test_a_code_that_begins_like_a_signed_one_but_is_not_is_a_fault() -> None:
    shown = b.evidence(DOC)
    odd = replace(shown, qr=(replace(shown.qr[0], text="EL1:%%%", kind="el1"),))
    assert ("qr.signature", "FAIL", "unreadable") in b.told(b.verdict(odd))


# -- nothing else is raised -----------------------------------------------------------------


def _hostile(rng: random.Random, of: Evidence) -> Evidence:
    """The evidence with bytes of its values, lists and answers changed at random."""

    def spoil(data: bytes) -> bytes:
        if not data:
            return b"\x30"
        at = rng.randrange(len(data))
        return data[:at] + bytes([rng.randrange(256)]) + data[at + rng.randrange(3) :]

    found = of.signatures[0]
    value: SignedValue = found.values[0]
    spoilt = replace(value, signature=spoil(value.signature), spki=spoil(value.spki or b""))
    return b.with_signature(
        of, values=(spoilt,),
        crls=tuple(spoil(crl) for crl in (*found.crls, b.crl(b.make("CA")))),
        ocsps=tuple(spoil(o) for o in (*found.ocsps, *b.sample_trust().ocsps)),
    )  # fmt: skip


def test_hostile_evidence_is_judged_and_never_valid_by_it() -> None:
    rng = random.Random(7)
    trust = replace(b.sample_trust(), crls=(), ocsps=())
    for _ in range(60):
        report = b.verdict(_hostile(rng, b.evidence(rng.choice((DOC, PDF)))), trust=trust)
        assert str(report.verdict) != "VALID"
