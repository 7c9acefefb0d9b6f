"""What keeps a licence from being issued: every fault at once, each with its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from elicense.errors import Error, IssueRefused
from elicense.issuing import fonts
from elicense.issuing.credential import Credential
from elicense.issuing.issue import check, issue
from elicense.issuing.reading import read_csv, read_json, read_lines
from elicense.licence import Endorsement, Licence, Party, Validity, tree
from issue_world import TYPES, credential, options, seal, stamp
from pki.world import day
from samples import licences as x

DOC, SMC = TYPES["msa-doc"], TYPES["msa-smc"]


def refused(licence: Licence, **more: Any) -> dict[str, str]:
    """path → code of everything that was wrong."""
    with pytest.raises(IssueRefused) as caught:
        issue(licence, **{**options(licence), **more})
    return {fault.path: fault.code for fault in caught.value.faults}


def with_fields(licence: Licence, **changes: Any) -> Licence:
    fields = {k: v for k, v in {**licence.fields, **changes}.items() if v is not None}
    return replace(licence, fields=fields)


def term(licence: Licence, start: str, end: str, *, completed: str = "", **extra: Any) -> Licence:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    made = replace(licence, validity=Validity(first, first, last), extra=extra)
    return with_fields(made, completion_date=completed) if completed else made


def test_everything_at_once() -> None:
    wrong = replace(
        with_fields(
            DOC,
            company_number="9999124",
            ship_types=({"code": "bulk-carrier"}, {"code": "submarine"}),
            place_of_issue=None,
            officer="王\U00020000",
            colour="blue",
        ),
        identifier=DOC.identifier[:-1] + ("0" if DOC.identifier[-1] != "0" else "1"),
        validity=Validity(date(2026, 3, 1), date(2026, 3, 1), date(2032, 3, 1)),
        holder=replace(DOC.holder, code=DOC.holder.code[:-1] + "0", name=""),
        status=None,
        endorsements=(Endorsement("annual-9"),),
    )
    mixed = Credential(
        credential("sealers/tianjin-doc-sm2").certificate,
        credential("sealers/tianjin-smc-sm2").sign,
    )
    given = {**options(wrong), "seal": seal("sealers/guangdong-doc-sm2"), "signer": mixed}
    with pytest.raises(IssueRefused) as caught:
        issue(wrong, **given)
    assert {(fault.path, fault.code) for fault in caught.value.faults} == {
        ("fields.company_number", "field.check-digit"),
        ("fields.ship_types.1.code", "field.unknown-code"),
        ("fields.place_of_issue", "field.missing"),
        ("fields.officer", "font.glyph"),
        ("fields.colour", "field.unknown"),
        ("identifier", "identifier.check"),
        ("validity.valid_until", "dates.term"),
        ("holder.code", "field.check-digit"),
        ("holder.name", "field.missing"),
        ("status", "field.missing"),
        ("endorsements.0.kind", "endorsement.kind"),
        ("signer", "seal.signer"),
        ("signer", "signer.mismatch"),
    }


def test_a_fault_is_a_sentence_with_its_field() -> None:
    with pytest.raises(IssueRefused) as caught:
        issue(with_fields(DOC, company_number="1"), **options(DOC))
    assert "fields.company_number" in str(caught.value)
    assert caught.value.place == DOC.number
    assert issue(DOC, **options(DOC))


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("fields.company_number", {"company_number": None}),
        ("fields.completion_date", {"completion_date": None}),
        ("fields.ship_types", {"ship_types": ()}),
        ("fields.place_of_issue", {"place_of_issue": ""}),
    ],
)
def test_a_missing_required_field(path: str, changes: Mapping[str, Any]) -> None:
    assert refused(with_fields(DOC, **changes)) == {path: "field.missing"}


@pytest.mark.parametrize("name", ["imo_number", "company_number"])
def test_wrong_check_digits(name: str) -> None:
    good = str(SMC.fields[name])
    bad = good[:-1] + str((int(good[-1]) + 1) % 10)
    assert refused(with_fields(SMC, **{name: bad})) == {f"fields.{name}": "field.check-digit"}


def test_unknown_ship_type_and_wrong_kinds() -> None:
    wrong = with_fields(SMC, ship_type="submarine", gross_tonnage="many", mmsi="12")
    assert refused(wrong) == {
        "fields.ship_type": "field.unknown-code",
        "fields.gross_tonnage": "field.kind",
        "fields.mmsi": "field.kind",
    }


def test_dates_in_the_wrong_order() -> None:
    late = replace(DOC.validity, valid_until=date(2026, 2, 1))
    assert refused(replace(DOC, validity=late)) == {
        "validity.issued": "dates.order",
        "validity.valid_from": "dates.order",
        "validity.valid_until": "dates.expired",
    }
    after = with_fields(DOC, completion_date="2026-03-02")
    assert refused(after) == {"fields.completion_date": "dates.order"}
    visit = Endorsement("annual-1", date=date(2027, 3, 1), place="天津", officer="王")
    assert refused(replace(DOC, endorsements=(visit,))) == {"endorsements.0.date": "dates.order"}


@pytest.mark.parametrize(
    ("kind", "end", "too_long"),
    [
        ("msa-doc", "2031-03-01", "2031-03-02"),  # V2: five years
        ("msa-smc", "2031-03-01", "2031-03-02"),  # V8
        ("msa-doc-interim", "2027-03-01", "2027-03-02"),  # V16: twelve months
        ("msa-smc-interim", "2026-09-01", "2026-09-02"),  # V17: six months
    ],
)
def test_terms_longer_than_the_rules_allow(kind: str, end: str, too_long: str) -> None:
    completed = "2026-03-01" if kind in {"msa-doc", "msa-smc"} else ""
    fits = term(TYPES[kind], "2026-03-01", end, completed=completed)
    signer = options(fits)
    assert not check(fits, seal=signer["seal"], signer=signer["signer"], time=signer["time"])
    long = term(TYPES[kind], "2026-03-01", too_long, completed=completed)
    assert refused(long) == {"validity.valid_until": "dates.term"}


@pytest.mark.parametrize(
    ("completed", "old", "last"),
    [
        ("2026-03-01", "2026-04-10", "2031-04-10"),  # V11: within three months before expiry
        ("2026-01-10", "2026-04-10", "2031-04-10"),  # on the very day three months before
        ("2026-01-09", "2026-04-10", "2031-01-09"),  # V12: earlier, so from completion
        ("2026-03-01", "2026-02-01", "2031-02-01"),  # V13: after expiry, an SMC keeps its day
    ],
)
def test_renewal_decides_how_long_an_smc_may_run(completed: str, old: str, last: str) -> None:
    evidence = {"renews": {"valid_until": old}}
    good = term(SMC, "2026-03-01", last, completed=completed, **evidence)
    assert issue(good, **options(good))
    next_day = date.fromordinal(date.fromisoformat(last).toordinal() + 1).isoformat()
    long = term(SMC, "2026-03-01", next_day, completed=completed, **evidence)
    assert refused(long) == {"validity.valid_until": "dates.term"}
    broken = term(SMC, "2026-03-01", "2031-03-01", completed="2026-03-01",
                  renews={"valid_until": "soon"})  # fmt: skip
    assert refused(broken) == {"renews.valid_until": "field.kind"}


def test_identifier_must_agree_with_the_licence() -> None:
    assert refused(replace(DOC, version=2)) == {"identifier": "identifier.version"}
    other = replace(DOC.issuer, code=SMC.issuer.code)
    assert refused(replace(DOC, issuer=other)) == {"identifier": "identifier.issuer"}
    assert refused(replace(DOC, identifier="12345"))["identifier"] == "identifier.shape"
    assert refused(replace(DOC, type="driving-licence")) == {"type": "field.type"}


def test_control_characters_and_characters_the_font_lacks() -> None:
    odd = replace(DOC, holder=replace(DOC.holder, address="路\x001号"))
    assert refused(odd)["holder.address"] in {"field.character", "font.glyph"}
    rare = replace(DOC, holder=replace(DOC.holder, name="\U0002a6a5海航运"))
    with pytest.raises(IssueRefused, match=r"U\+2A6A5"):
        issue(rare, **options(rare))


def test_text_that_does_not_fit_the_page() -> None:
    assert refused(replace(DOC, number="甲" * 200))["page"] == "page.room"
    long = replace(DOC, holder=Party(**{**_members(DOC.holder), "address": "路" * 2500}))
    found = refused(long)
    assert set(found.values()) & {"page.room", "page.overflow"}


def _members(party: Party) -> dict[str, Any]:
    return {name: getattr(party, name) for name in party.__slots__}


# -- seal, signer, plan ---------------------------------------------------------------------


def test_expired_and_early_seals() -> None:
    assert refused(DOC, time=day(2040, 1, 3)) == {
        "seal": "seal.expired",
        "validity.valid_until": "dates.expired",
    }
    early = term(DOC, "2023-12-01", "2028-11-30", completed="2023-12-01")
    found = refused(early, time=day(2023, 12, 1))
    assert found["seal"] == "seal.not-yet-valid"


def test_expired_signer_and_wrong_usage() -> None:
    for name, code in (
        ("bad/expired-sm2", "signer.expired"),
        ("bad/not-yet-valid-sm2", "signer.not-yet-valid"),
        ("bad/wrong-usage-sm2", "signer.key-usage"),
    ):
        assert refused(DOC, **options(DOC, signer_name=name)) == {"signer": code}


def test_key_that_does_not_match_the_certificate() -> None:
    for other in ("sealers/tianjin-smc-sm2", "rogue/tianjin-doc-sm2"):
        mixed = Credential(
            credential("sealers/tianjin-doc-sm2").certificate, credential(other).sign
        )
        assert refused(DOC, signer=mixed) == {"signer": "signer.mismatch"}
    family = Credential(
        credential("sealers/tianjin-doc-sm2").certificate,
        credential("sealers/tianjin-doc-rsa").sign, "rsa",
    )  # fmt: skip
    assert refused(DOC, signer=family) == {"signer": "signer.mismatch"}


def test_signer_not_in_the_seals_list() -> None:
    assert refused(DOC, signer=credential("sealers/tianjin-smc-sm2")) == {"signer": "seal.signer"}


def test_a_seal_whose_maker_did_not_sign_it_or_that_is_none() -> None:
    from issuing_world import desk
    from samples import sealing

    forged = sealing.seal_of(desk(), DOC, forged=True)
    assert refused(DOC, seal=forged) == {"seal": "seal.maker"}
    assert refused(DOC, seal=b"0\x03\x02\x01\x01") == {"seal": "seal.unreadable"}
    assert refused(DOC, seal=None) == {"seal": "field.missing"}


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"seal_version": 1, "stamped": True}, "timestamp", "ses.timestamp"),
        ({"crls": (b"x",)}, "timestamp", "plan.revocation"),
        ({"archive": True, "format": "pdf"}, "timestamp", "plan.archive"),
        ({"kind": "sign"}, "seal", "plan.seal"),
        ({"qr": "sealers/tianjin-doc-rsa"}, "qr_signer", "signer.family"),
        ({"family": "rsa", "format": "pdf", "profile": "GM.sm2seal"}, "signer", "signer.family"),
    ],
)
def test_what_does_not_go_together(changes: dict[str, Any], path: str, code: str) -> None:
    given = options(DOC, changes.pop("family", "sm2"))
    if "seal_version" in changes:
        given["seal"] = seal("sealers/tianjin-doc-sm2", changes.pop("seal_version"))
    if changes.pop("stamped", False):
        given["timestamp"] = stamp(DOC)
    if "qr" in changes:
        given["qr_signer"] = credential(changes.pop("qr"))
    assert refused(DOC, **{**given, **changes}) == {path: code}


def test_riding_seal_needs_two_pages() -> None:
    licence = TYPES["msa-doc-interim"]
    found = refused(licence, riding_seal=True)
    assert found == {"page": "plan.riding"}


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("format", "docx", "issue.format"),
        ("time", datetime(2026, 3, 1), "issue.time"),
        ("profile", "ETSI.CAdES.detached", "issue.profile"),
    ],
)
def test_misuse_is_an_error_of_the_caller(option: str, value: Any, code: str) -> None:
    with pytest.raises(Error) as caught:
        issue(DOC, **{**options(DOC), option: value})
    assert caught.value.code == code


def test_check_makes_nothing_and_signs_nothing_but_its_challenge() -> None:
    given = options(DOC)
    assert check(DOC, seal=given["seal"], signer=given["signer"], time=given["time"]) == ()
    assert fonts.load().advances


# -- reading requests -----------------------------------------------------------------------


def test_json_with_several_unreadable_values_names_each() -> None:
    members = dict(tree(DOC))
    members["validity"] = {"issued": "2026-13-01", "valid_until": "never"}
    members["status"] = {"list": "https://status.tj.example/lists/1", "index": -1}
    members["endorsements"] = ({"kind": "annual-1", "state": "maybe"},)
    from elicense import canonical

    request = read_json(canonical.encode(members), place="x.json")
    assert {fault.path for fault in request.faults} == {
        "validity.issued", "validity.valid_until", "status.index", "endorsements.0.state",
    }  # fmt: skip
    assert request.licence is not None
    assert request.licence.holder == DOC.holder


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b'{"type": 1.5}', b"\xff"])
def test_json_that_is_no_licence_is_a_fault(data: bytes) -> None:
    request = read_json(data)
    assert request.licence is None
    assert request.faults


def test_an_empty_object_lacks_everything_but_is_read() -> None:
    request = read_json(b"{}")
    assert request.licence is not None
    signer = credential("sealers/tianjin-doc-sm2")
    found = {f.path: f.code for f in check(request.licence, seal=None, signer=signer)}
    assert found["type"] == "field.type"
    typed = read_json(b'{"type": "msa-doc"}').licence
    assert typed is not None
    missing = {f.path for f in check(typed, seal=None, signer=signer) if f.code == "field.missing"}
    assert {"identifier", "number", "issuer.name", "holder.name", "validity.issued",
            "fields.ship_types", "status", "seal"} <= missing  # fmt: skip


def test_identifier_is_formed_from_the_serial() -> None:
    members = {**tree(DOC), "serial": "2026000001"}
    members.pop("identifier")
    from elicense import canonical

    request = read_json(canonical.encode(members))
    assert request.licence == DOC


def test_csv_says_the_same_as_json() -> None:
    heading = (
        "type,serial,number,issuer_name,issuer_name_en,issuer_code,issuer_code_type,issuer_region,"
        "holder_name,holder_name_en,holder_code,holder_code_type,holder_address,"
        "holder_address_en,company_number,ship_types,issued,valid_from,valid_until,"
        "completion_date,place_of_issue,officer,state,regime,tracking_number,"
        "status_list,status_index"
    )
    i, h, f = DOC.issuer, DOC.holder, DOC.fields
    row = [
        "msa-doc", "2026000001", DOC.number, i.name, i.name_en, i.code, "001", i.region,
        h.name, f'"{h.name_en}"', h.code, "001", h.address, f'"{h.address_en}"',
        f["company_number"], "散货船; Oil tanker（闪点60℃以上）;other-cargo-ship",
        "2026-03-01", "2026-03-01", "2031-02-28", f["completion_date"], f["place_of_issue"],
        f["officer"], "CN", "ism", f["tracking_number"],
        DOC.status.list if DOC.status else "", str(DOC.status.index if DOC.status else 0),
    ]  # fmt: skip
    text = f"\ufeff{heading}\r\n{','.join(map(str, row))}\r\n"
    (request,) = read_csv(text.encode(), place="x.csv")
    assert request.faults == ()
    assert request.licence == DOC
    assert request.place == "x.csv:2"


def test_csv_with_an_unknown_column_or_a_ragged_row() -> None:
    with pytest.raises(Error) as caught:
        list(read_csv(b"type,colour\r\nmsa-doc,blue\r\n", place="x.csv"))
    assert caught.value.code == "batch.csv"
    with pytest.raises(Error):
        list(read_csv(b"type,number\xff\r\n", place="x.csv"))
    (short,) = read_csv(b"type,number\r\nmsa-doc\r\n", place="x.csv")
    assert short.licence is None
    (other,) = read_csv(b"type,ship_name\r\nmsa-doc,X\r\n", place="x.csv")
    assert {fault.path for fault in other.faults} == {"ship_name"}
    assert other.licence is not None


def test_json_lines_keep_their_numbers() -> None:
    lines = b"{}\n\n{\n"
    places = [(r.place, r.licence is None) for r in read_lines(lines, place="m.jsonl")]
    assert places == [("m.jsonl:1", False), ("m.jsonl:3", True)]


def test_nothing_of_a_sample_is_refused() -> None:
    for licence in (DOC, SMC, x.TIANJIN_ENDORSED, x.SHANDONG_DOC):
        given = options(licence)
        assert check(licence, seal=given["seal"], signer=given["signer"], time=given["time"]) == ()
