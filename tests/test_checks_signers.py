"""Chain, authority, revocation and time of real sealed files, one thing changed at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import trust_builders as b
from elicense import canonical
from elicense.crypto.timestamp import read_token
from elicense.evidence import Coverage, Evidence, Fault
from elicense.licence import load
from elicense.trust.service import Service
from elicense.trust.store import TrustStore

from pki import timestamp  # isort: skip

DOC, PDF, V5 = "tianjin-doc.ofd", "guangdong-smc-long-term.pdf", "shandong-doc-v5.ofd"
BARE = "tianjin-doc.pdf"  # SM2 CMS without a timestamp
IN_APRIL = b.day(2026, 4)
AUTHORITY = "authority.licence-type"


def entity(name: str) -> Any:
    return b.desk().world.entities[name]


def changed(trust: TrustStore, service: str, **values: Any) -> TrustStore:
    def change(entry: Service) -> Service | None:
        return replace(entry, **values) if entry.service == service else entry

    return b.with_services(trust, change)


def without(trust: TrustStore, drop: Callable[[Service], bool]) -> TrustStore:
    return b.with_services(trust, lambda entry: None if drop(entry) else entry)


@pytest.mark.parametrize("name", [DOC, PDF, V5])
def test_the_files_used_here_are_valid_before_anything_is_changed(name: str) -> None:
    assert str(b.verdict(name).verdict) == "VALID"
    assert str(b.verdict(BARE, at=IN_APRIL).verdict) == "VALID"


# -- chain ----------------------------------------------------------------------------------


def test_without_anchors_a_ca_entry_trusts_nobody() -> None:
    report = b.verdict(DOC, trust=replace(b.sample_trust(), anchors=()))
    assert ("chain.path", "UNKNOWN", "no-anchor") in b.told(report)
    assert ("authority.licence-type", "UNKNOWN", "signer-unknown") in b.told(report)
    assert str(report.verdict) == "INDETERMINATE"


def test_with_no_store_at_all_nobody_is_known() -> None:
    report = b.verdict(DOC, trust=TrustStore.empty())
    assert ("chain.path", "UNKNOWN", "no-trust") in b.told(report)
    assert str(report.verdict) == "INDETERMINATE"


def test_a_root_that_has_expired_is_an_open_question_not_a_fault() -> None:
    root = b.make("Old root", validity=(b.day(2020), b.day(2025)), family="sm2")
    signer = b.make("Signer", root, *b.SIGNING, family="sm2")
    shown = b.evidence(BARE)
    other = b.with_signature(shown, signer=signer.certificate, certificates=())
    report = b.verdict(other, trust=b.store(root, services=(b.listed("sealer", signer),)))
    assert ("chain.path", "UNKNOWN", "expired") in b.told(report)
    other = b.with_signature(
        b.evidence(DOC), signer=signer.certificate, certificates=(),
    )  # fmt: skip
    trust = b.sample_trust()
    trust = replace(trust, anchors=(*trust.anchors, root.certificate),
                    services=(*trust.services, b.listed("sealer", signer)))  # fmt: skip
    report = b.verdict(other, trust=trust)
    assert ("chain.path", "UNKNOWN", "anchor-expired") in b.told(report)


# -- authority ------------------------------------------------------------------------------


def test_a_signer_whom_no_entry_names_is_an_open_question() -> None:
    trust = without(b.sample_trust(), lambda s: s.service == "sealer")
    assert b.told(b.verdict(DOC, trust=trust)) == {(AUTHORITY, "UNKNOWN", "not-listed")}


def test_an_entry_for_another_service_entitles_to_no_seal() -> None:
    trust = without(b.sample_trust(), lambda s: s.service == "sealer")
    other = tuple(
        b.listed(service, b.read_certificate(entity("sealers/tianjin-doc-sm2").certificate),
                 authority="天津海事局", licence_types=("msa-doc",))
        for service in ("qr", "status", "copy", "timestamp", "seal-maker")
    )  # fmt: skip
    report = b.verdict(DOC, trust=replace(trust, services=trust.services + other))
    assert (AUTHORITY, "UNKNOWN", "not-listed") in b.told(report)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"licence_types": ("msa-smc",)}, "type"),
        ({"licence_types": ()}, "type"),
        ({"ends": b.day(2026)}, "entry-not-in-force"),
        ({"starts": b.day(2026, 6)}, "entry-not-in-force"),
        ({"uscc": "11370000000000T37X"}, "issuer"),
        ({"uscc": "", "authority": "山东海事局"}, "issuer"),
        ({"region": "370000"}, "region"),
    ],
)
def test_an_entry_that_does_not_entitle_is_a_fault(values: dict[str, Any], reason: str) -> None:
    trust = b.sample_trust()
    pinned = entity("sealers/tianjin-doc-sm2").certificate
    base = next(s for s in trust.services if s.service == "sealer" and s.region == "120000")
    entry = replace(base, ca=None, subject={}, certificate=b.read_certificate(pinned), **values)
    rest = without(trust, lambda s: s.service == "sealer").services
    report = b.verdict(DOC, trust=replace(trust, services=(*rest, entry)))
    told = {t for t in b.told(report) if t[0] == AUTHORITY}
    assert told == {(AUTHORITY, "FAIL", reason)}
    assert str(report.verdict) == "INVALID"


def _licence(of: Evidence, change: Callable[[dict[str, Any]], None]) -> Evidence:
    """The same seal over other data: what a listed but wrong authority could have sealed."""
    assert of.claims.data is not None
    members = json.loads(of.claims.data)
    change(members)
    members.pop("digests", None)
    members.pop("salts", None)
    data = canonical.encode(members)
    load(data)
    return replace(of, claims=replace(of.claims, data=data))


def _issuer(**values: Any) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        for key, value in values.items():
            if value is None:
                members["issuer"].pop(key, None)
            else:
                members["issuer"][key] = value

    return change


def _both(*changes: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        for one in changes:
            one(members)

    return change


def _identifier(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda members: members.update(identifier=text)


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        # another issuer by name, its code left out and the identifier beyond reading
        (_both(_issuer(name="广东海事局", code=None, region=None), _identifier("no identifier")),
         "FAIL", "issuer"),
        (_both(_issuer(name="广东海事局", code="MSA-44", region=None), _identifier("none")),
         "FAIL", "issuer"),
        (_issuer(name=None, code=None), "UNKNOWN", "issuer-unnamed"),
        (_issuer(region="440000"), "FAIL", "region"),
        (_identifier("1.2.156.3005.2.110000000000000010001.440000.1.001.0"), "FAIL", "identifier"),
        (_identifier("1.2.156.3005.2.110000000000000010001.113700000000000T37.1.001.0"),
         "FAIL", "identifier"),
    ],
)  # fmt: skip
def test_issuer_and_identifier_must_be_the_entrys_authority(
    change: Callable[[dict[str, Any]], None], outcome: str, reason: str
) -> None:
    report = b.verdict(_licence(b.evidence(DOC), change))
    assert (AUTHORITY, outcome, reason) in b.told(report)
    assert str(report.verdict) != "VALID"


@pytest.mark.parametrize(
    "change",
    [
        _issuer(code=None),  # the name suffices
        _issuer(region="120104"),  # a district of the region
        _identifier("1.2.156.3005.2.110000000000000010001.120104.1.001.0"),
        _identifier("unknown form"),
    ],
)
def test_what_agrees_in_another_way_is_no_fault(change: Callable[[dict[str, Any]], None]) -> None:
    report = b.verdict(_licence(b.evidence(DOC), change))
    assert [str(f.outcome) for f in b.only(report, AUTHORITY)] == ["PASS"]


def test_another_name_under_the_same_code_is_a_remark() -> None:
    report = b.verdict(_licence(b.evidence(DOC), _issuer(name="中华人民共和国天津海事局")))
    assert [(str(f.outcome), f.reason) for f in b.only(report, AUTHORITY)] == [
        ("PASS", ""), ("WARN", "issuer-name"),
    ]  # fmt: skip


def test_a_region_whose_code_ends_in_zeros_does_not_reach_into_its_neighbours() -> None:
    from elicense.checks.signers import _in_region

    entry = replace(b.sample_trust().services[0], region="500000")
    assert _in_region(entry, "500112") and not _in_region(entry, "510100")
    weihai = replace(entry, region="371000")
    assert _in_region(weihai, "371002") and not _in_region(weihai, "371102")


def test_an_entry_that_ended_leaves_an_undated_seal_open() -> None:
    trust = changed(b.sample_trust(), "sealer", ends=b.day(2026, 6))
    report = b.verdict(BARE, trust=trust, at=b.day(2026, 5), now=b.NOW)
    assert (AUTHORITY, "UNKNOWN", "entry-ended") in b.told(report)
    # a timestamp proves that this one is older
    assert str(b.verdict(DOC, trust=trust).verdict) == "VALID"


def test_a_second_seal_may_be_another_authoritys_but_the_first_may_not() -> None:
    both = b.evidence("tianjin-doc-two-seals.ofd")
    guangdong = b.read_certificate(entity("sealers/tianjin-smc-sm2").certificate)
    trust = b.sample_trust()
    other = b.listed("sealer", guangdong, region="440000", authority="广东海事局",
                     uscc="11440000000000T44X", licence_types=("msa-doc",))  # fmt: skip
    own = b.read_certificate(entity("sealers/tianjin-doc-sm2").certificate)
    first = b.listed("sealer", own, region="120000", authority="天津海事局",
                     licence_types=("msa-doc",))  # fmt: skip
    rest = without(trust, lambda s: s.service == "sealer").services
    report = b.verdict(both, trust=replace(trust, services=(*rest, first, other)))
    assert [f.reason for f in b.only(report, AUTHORITY)] == ["", "endorser"]
    assert str(report.verdict) == "VALID"
    swapped = (replace(other, certificate=own), replace(first, certificate=guangdong))
    report = b.verdict(both, trust=replace(trust, services=(*rest, *swapped)))
    assert (AUTHORITY, "FAIL", "issuer") in b.told(report)


# -- revocation -----------------------------------------------------------------------------


def _crl(issuer: str, *entries: bytes, **more: Any) -> bytes:
    made = b.Made(entity(issuer).subject, entity(issuer).key, entity(issuer).certificate)
    return b.crl(made, *entries, **more)


def _entry(name: str, date: datetime) -> bytes:
    serial = b.read_certificate(entity(name).certificate).serial
    return b.entry(serial, date)


def revoking(name: str, issuer: str, date: datetime) -> TrustStore:
    trust = b.sample_trust()
    return replace(trust, crls=(*trust.crls, _crl(issuer, _entry(name, date))))


@pytest.mark.parametrize(
    ("date", "verdict", "outcome"),
    [(b.day(2026, 2), "INVALID", "FAIL"), (b.day(2026, 6), "VALID", "WARN")],
)
def test_revocation_before_and_after_the_proven_time(
    date: datetime, verdict: str, outcome: str
) -> None:
    trust = revoking("sealers/tianjin-doc-sm2", "ca/tianjin-sm2", date)
    report = b.verdict(DOC, trust=trust)
    assert str(report.verdict) == verdict
    assert outcome in {str(f.outcome) for f in b.only(report, "revocation.certificate")}


@pytest.mark.parametrize("at", [b.day(2026, 3, 2), IN_APRIL])
@pytest.mark.parametrize("date", [b.day(2026, 3, 15), b.day(2026, 6)])
def test_an_earlier_at_never_hides_a_revocation_that_is_known(at: datetime, date: datetime) -> None:
    trust = revoking("sealers/tianjin-doc-sm2", "ca/tianjin-sm2", date)
    report = b.verdict(BARE, trust=trust, at=at, now=b.NOW)
    assert ("revocation.certificate", "UNKNOWN", "no-proof-of-time") in b.told(report)
    assert str(report.verdict) == "INDETERMINATE"


def test_an_earlier_at_does_not_make_old_lists_good() -> None:
    stale = b.sample_trust("trust-stale")
    report = b.verdict(BARE, trust=stale, at=b.day(2026, 1, 15), now=b.NOW)
    assert ("revocation.certificate", "UNKNOWN", "stale") in b.told(report)


def test_a_revoked_authority_counts_like_a_revoked_sealer() -> None:
    trust = revoking("ca/tianjin-sm2", "roots/test-root-sm2", b.day(2026, 2))
    assert ("revocation.certificate", "FAIL", "") in b.told(b.verdict(DOC, trust=trust))


def test_without_revocation_data_it_is_never_valid() -> None:
    told = b.told(b.verdict(DOC, trust=b.sample_trust("trust-no-revocation")))
    assert ("revocation.certificate", "UNKNOWN", "nothing-found") in told


# -- time -----------------------------------------------------------------------------------


def stamped(
    of: Evidence, tsa: str, when: datetime, *, over: bytes | None = None
) -> Evidence:
    """The evidence with one timestamp by ``tsa`` in place of its own."""
    signature = of.signatures[0]
    value = signature.values[0].signature
    raw = timestamp.token(b.desk().world.credential(tsa), over or value, time=when)
    token = read_token(raw, value, place="x")
    return b.with_signature(of, timestamps=(token,))


def time_of(report: Any) -> set[tuple[str, str]]:
    return {(str(f.outcome), f.reason) for f in b.only(report, "time.proof")}


@pytest.mark.parametrize("tsa", ["tsa/tsa-sm2", "tsa/tsa-rsa"])
def test_a_listed_authoritys_token_proves_the_time_whatever_its_key(tsa: str) -> None:
    report = b.verdict(stamped(b.evidence(BARE), tsa, b.day(2026, 3, 1)), at=IN_APRIL)
    assert time_of(report) == {("PASS", "timestamp"), ("PASS", "proven")}


def test_a_token_over_other_bytes_is_a_proven_fault() -> None:
    report = b.verdict(stamped(b.evidence(DOC), "tsa/tsa-sm2", b.day(2026, 3), over=b"other"))
    assert ("time.proof", "FAIL", "imprint") in b.told(report)
    assert str(report.verdict) == "INVALID"


@pytest.mark.parametrize(
    ("tsa", "when", "problem"),
    [
        ("bad/no-timestamp-usage-sm2", b.day(2026, 3), "authority-not-listed"),
        ("sealers/tianjin-doc-sm2", b.day(2026, 3), "authority-not-listed"),
        ("tsa/tsa-sm2", b.day(2023), "authority-not-in-force"),
    ],
)
def test_a_token_that_proves_nothing_is_a_remark(tsa: str, when: datetime, problem: str) -> None:
    report = b.verdict(stamped(b.evidence(BARE), tsa, when), at=IN_APRIL)
    (finding,) = [f for f in b.only(report, "time.proof") if f.outcome == "WARN"]
    assert finding.detail == problem
    assert ("PASS", "not-needed") in time_of(report)


@pytest.mark.parametrize(
    ("extensions", "problem"),
    [
        (b.SIGNING, "extended-key-usage"),
        ((*b.SIGNING, b.x.extended_key_usage(b.x.EKU_TIMESTAMPING)), "usage-not-critical"),
        ((*b.SIGNING, b.x.extended_key_usage(b.x.EKU_TIMESTAMPING, "1.3.6.1.5.5.7.3.4",
                                             critical=True)), "usage-not-only"),
        ((*b.SIGNING, b.x.extended_key_usage("1.3.6.1.5.5.7.3.9", critical=True)),
         "extended-key-usage"),
    ],
)  # fmt: skip
def test_a_timestamp_certificate_needs_its_purpose_and_no_other(
    extensions: tuple[bytes, ...], problem: str
) -> None:
    root = entity("roots/test-root-sm2")
    made = b.make("TSA", b.Made(root.subject, root.key, root.certificate), *extensions,
                  family="sm2")  # fmt: skip
    trust = b.sample_trust()
    trust = replace(trust, services=(*trust.services, b.listed("timestamp", made)))
    signature = b.evidence(BARE).signatures[0]
    value = signature.values[0].signature
    raw = timestamp.token(made.credential(), value, time=b.day(2026, 3))
    shown = b.with_signature(b.evidence(BARE), timestamps=(read_token(raw, value, place="x"),))
    report = b.verdict(shown, trust=trust, at=IN_APRIL)
    (finding,) = [f for f in b.only(report, "time.proof") if f.outcome == "WARN"]
    assert finding.detail == problem


def test_a_token_of_a_revoked_authority_proves_nothing() -> None:
    trust = revoking("tsa/tsa-sm2", "ca/national-sm2", b.day(2026, 10))
    report = b.verdict(DOC, trust=trust)
    assert ("WARN", "timestamp") in time_of(report)
    assert ("PASS", "not-needed") in time_of(report)


def test_a_token_from_the_future_is_an_open_question() -> None:
    shown = stamped(b.evidence(DOC), "tsa/tsa-sm2", b.NOW + timedelta(hours=1))
    report = b.verdict(shown)
    assert ("time.proof", "UNKNOWN", "timestamp") in b.told(report)
    assert str(report.verdict) == "INDETERMINATE"
    slow_clock = stamped(b.evidence(DOC), "tsa/tsa-sm2", b.NOW + timedelta(seconds=30))
    assert str(b.verdict(slow_clock).verdict) == "VALID"


def test_the_earliest_proof_counts() -> None:
    shown = b.evidence(DOC)
    value = shown.signatures[0].values[0].signature
    tokens = tuple(
        read_token(timestamp.token(b.desk().world.credential("tsa/tsa-sm2"), value, time=when),
                   value, place="x")
        for when in (b.day(2026, 9), b.day(2026, 5), b.day(2026, 7))
    )  # fmt: skip
    trust = revoking("sealers/tianjin-doc-sm2", "ca/tianjin-sm2", b.day(2026, 6))
    report = b.verdict(b.with_signature(shown, timestamps=tokens), trust=trust)
    assert str(report.verdict) == "VALID"
    late = b.verdict(b.with_signature(shown, timestamps=tokens[::2]), trust=trust)
    assert ("revocation.certificate", "FAIL", "") in b.told(late)


# -- document timestamps --------------------------------------------------------------------


def test_a_document_timestamp_proves_the_seals_of_earlier_revisions() -> None:
    shown = b.with_signature(b.evidence(PDF), timestamps=())
    report = b.verdict(shown)
    assert ("PASS", "proven") in time_of(report)
    (proof,) = [f for f in b.only(report, "time.proof") if f.reason == "proven"]
    assert proof.values["time"].startswith("2026-03-04 16:00")


def test_a_document_timestamp_of_an_earlier_revision_proves_nothing() -> None:
    shown = b.with_signature(b.evidence(PDF), timestamps=(), revision=9)
    assert ("PASS", "not-needed") in time_of(b.verdict(shown))


def test_a_document_timestamp_over_a_part_of_the_file_proves_nothing() -> None:
    shown = b.with_signature(b.evidence(PDF), timestamps=())
    part = b.with_signature(shown, 1, coverage=Coverage(whole=False))
    report = b.verdict(part)
    assert ("PASS", "proven") not in time_of(report)
    assert ("WARN", "timestamp") in time_of(report)


def test_a_fault_of_a_document_timestamp_is_told() -> None:
    fault = Fault("coverage.document", "range-not-whole-revision", "DocTS", "part")
    report = b.verdict(b.with_signature(b.evidence(PDF), 1, faults=(fault,)))
    assert ("coverage.document", "FAIL", "range-not-whole-revision") in b.told(report)


def test_a_file_with_a_document_timestamp_alone_is_unsigned() -> None:
    shown = b.evidence(PDF)
    alone = replace(shown, signatures=shown.signatures[1:])
    report = b.verdict(alone)
    assert ("signature.value", "UNKNOWN", "unsigned") in b.told(report)
    assert str(report.verdict) == "INDETERMINATE"


# -- the seal's own timestamp ---------------------------------------------------------------


def _seal_stamp(raw: bytes) -> Evidence:
    shown = b.evidence(V5)
    seal = shown.signatures[0].seal
    assert seal is not None
    return b.with_signature(shown, seal=replace(seal, maker_timestamp=raw))


def test_the_seals_own_timestamp_is_judged() -> None:
    report = b.verdict(V5)
    subjects = {f.subject for f in b.only(report, "time.proof", "PASS")}
    assert "timestamp:1.seal" in subjects


def test_a_seals_timestamp_moved_from_elsewhere_is_a_proven_fault() -> None:
    raw = timestamp.token(b.desk().world.credential("tsa/tsa-sm2"), b"x", time=b.day(2024, 1, 2))
    report = b.verdict(_seal_stamp(raw))
    assert ("time.proof", "FAIL", "imprint") in b.told(report)


def test_an_unreadable_seal_timestamp_is_a_remark() -> None:
    report = b.verdict(_seal_stamp(b"\x30\x00"))
    assert ("WARN", "timestamp-unreadable") in time_of(report)
    assert str(report.verdict) == "VALID"


def test_a_seals_timestamp_proves_when_the_maker_was_good() -> None:
    trust = revoking("makers/shandong-sm2", "ca/shandong-sm2", b.day(2024, 2))
    assert str(b.verdict(V5, trust=trust).verdict) == "VALID"
    undated = _seal_stamp(b"\x30\x00")
    assert ("seal.maker", "UNKNOWN", "revoked-later") in b.told(b.verdict(undated, trust=trust))
    early = revoking("makers/shandong-sm2", "ca/shandong-sm2", b.day(2024, 1, 1))
    assert ("seal.maker", "FAIL", "revoked") in b.told(b.verdict(V5, trust=early))
