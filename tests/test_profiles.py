"""Licence types: what each has, strict reading, printed forms."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import licence as lic
from elicense import profiles
from elicense.errors import UsageError
from licence_samples import sample

TYPES = ["msa-doc", "msa-doc-interim", "msa-smc", "msa-smc-interim"]


def test_the_four_maritime_types_are_there() -> None:
    assert {item.id for item in profiles.all()} >= set(TYPES)
    assert profiles.get("msa-smc").title("zh") == "安全管理证书"
    assert profiles.find("none") is None
    with pytest.raises(UsageError) as caught:
        profiles.get("none")
    assert caught.value.code == "profile.unknown"


def test_no_unconfirmed_type_code_is_presented_as_official() -> None:
    codes = [item.type_code for item in profiles.all()]
    assert len(set(codes)) == len(codes)
    assert not any(item.type_code_confirmed for item in profiles.all())
    assert profiles.by_type_code(codes[0]) is profiles.all()[0]


@pytest.mark.parametrize(
    ("type", "has", "has_not"),
    [
        ("msa-doc", ["ship_types", "completion_date"], ["ship_name", "ship_type"]),
        ("msa-doc-interim", ["ship_types"], ["completion_date", "ship_name"]),
        ("msa-smc", ["ship_name", "imo_number", "completion_date"], ["ship_types"]),
        ("msa-smc-interim", ["ship_name", "gross_tonnage"], ["completion_date", "ship_types"]),
    ],
)
def test_each_type_has_the_fields_of_its_form(
    type: str, has: list[str], has_not: list[str]
) -> None:
    keys = {item.key for item in profiles.get(type).fields}
    assert keys >= {"number", "company_number", "holder_name", "holder_address", "valid_until"}
    assert keys >= set(has)
    assert not keys & set(has_not)


@pytest.mark.parametrize("type", TYPES)
def test_number_holder_subject_dates_and_type_decide(type: str) -> None:
    profile = profiles.get(type)
    deciding = {item.key for item in profile.fields if item.deciding}
    assert deciding >= {"title", "number", "holder_name", "issued", "valid_until"}
    assert deciding & {"ship_types", "imo_number"}
    assert all(item.printed for item in profile.fields if item.deciding)


@pytest.mark.parametrize(
    ("type", "kinds"),
    [
        ("msa-doc", ["annual-1", "annual-2", "annual-3", "annual-4"]),
        ("msa-doc-interim", []),
        ("msa-smc-interim", ["extension-14.3"]),
    ],
)
def test_endorsement_boxes_are_those_of_the_form(type: str, kinds: list[str]) -> None:
    assert [box.kind for box in profiles.get(type).boxes] == kinds


def test_extensions_carry_their_longest_term() -> None:
    smc = profiles.get("msa-smc")
    months = {box.paragraph: box.extension_months for box in smc.boxes if box.extension_months}
    assert months == {"13.13": 5, "13.14": 3}
    assert smc.box("intermediate") is not None and smc.box("none") is None


@pytest.mark.parametrize(
    ("type", "paragraph", "months"),
    [
        ("msa-doc", "13.2", 60),
        ("msa-smc", "13.7", 60),
        ("msa-doc-interim", "14.1", 12),
        ("msa-smc-interim", "14.2", 6),
    ],
)
def test_the_longest_term_belongs_to_a_regime_and_a_date(
    type: str, paragraph: str, months: int
) -> None:
    profile = profiles.get(type)
    limit = profile.limit("ISM", datetime.date(2026, 1, 1))
    assert limit is not None and (limit.paragraph, limit.months) == (paragraph, months)
    assert profile.limit("ISM", datetime.date(1990, 1, 1)) is None
    assert profile.limit("unheard-of", datetime.date(2026, 1, 1)) is None


@pytest.mark.parametrize("type", TYPES)
def test_values_come_in_the_order_of_the_form_and_fit_their_kinds(type: str) -> None:
    profile, licence = profiles.get(type), sample(5, type)
    values = profile.values(licence)
    order = [profile.fields.index(item) for item, _ in values]
    assert order == sorted(order)
    for item, value in values:
        assert profiles.value_problem(item, value) == "", item.key
        assert profiles.printed_forms(item, value), item.key
    assert profile.missing(licence) == ()
    assert profile.unknown_fields(licence) == ()


def test_missing_and_unknown_fields_are_named() -> None:
    profile, licence = profiles.get("msa-doc"), sample(1)
    fields = {key: value for key, value in licence.fields.items() if key != "completion_date"}
    bad = replace(licence, fields=fields | {"hull": "1"}, holder=lic.Party(name=""))
    missing = [item.key for item in profile.missing(bad)]
    assert missing == ["holder_name", "holder_address", "completion_date"]
    assert profile.unknown_fields(bad) == ("fields.hull",)


def test_a_hidden_value_is_not_a_missing_one() -> None:
    licence = sample(1)
    masked = lic.load(
        lic.mask(lic.dump(licence, salts={"holder.address": bytes(16)}), hide=["holder.address"])
    )
    assert profiles.get("msa-doc").missing(masked) == ()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("imo_number", "9375989", ""),
        ("imo_number", "9375988", "check"),
        ("imo_number", "123", "kind"),
        ("imo_number", 9375989, "kind"),
        ("company_number", "0152944", ""),
        ("company_number", "0152945", "check"),
        ("ship_type", "oil-tanker", ""),
        ("ship_type", "submarine", "unknown-code"),
        ("gross_tonnage", 100, ""),
        ("gross_tonnage", True, "kind"),
        ("gross_tonnage", "100", "kind"),
        ("completion_date", "2026-01-31", ""),
        ("completion_date", "2026-02-31", "kind"),
        ("completion_date", "20260131", "kind"),
        ("doc_identifier", "x", "kind"),
        ("title", "msa-smc", ""),
        ("title", "msa-doc", "unknown-code"),
    ],
)
def test_values_of_another_kind_are_named(key: str, value: lic.Value, problem: str) -> None:
    assert profiles.value_problem(profiles.get("msa-smc").field(key), value) == problem


def test_lists_of_ship_types_keep_their_limitation() -> None:
    field = profiles.get("msa-doc").field("ship_types")
    value = ({"code": "oil-tanker"}, {"code": "bulk-carrier", "limitation": "仅限沿海"})
    assert profiles.value_problem(field, value) == ""
    assert profiles.printed_forms(field, value)[0] == "油船、散货船（仅限沿海）"
    assert "Oil tanker, Bulk carrier (仅限沿海)" in profiles.printed_forms(field, value)
    parts = profiles.printed_parts(field, value)
    assert len(parts) == 3
    assert "油轮" in parts[0] and "Bulk carrier" in parts[1] and parts[2] == ("仅限沿海",)
    assert profiles.value_problem(field, ("oil-tanker",)) == "kind"
    assert profiles.value_problem(field, ({"code": "x"},)) == "unknown-code"
    assert profiles.value_problem(field, ({"code": 1},)) == "kind"
    assert profiles.value_problem(field, ({"code": "oil-tanker", "limitation": 1},)) == "kind"
    assert profiles.printed_forms(field, ({"code": "x"},)) == ()


def test_dates_have_chinese_iso_and_english_forms() -> None:
    forms = profiles.date_forms(datetime.date(2031, 2, 28))
    assert forms[0] == "2031年02月28日"
    assert {
        *("2031年2月28日", "2031-02-28", "28 February 2031", "28 Feb 2031", "2031/02/28"),
        *("2031.02.28", "二〇三一年二月二十八日", "February 28, 2031", "28 Feb. 2031"),
    } <= set(forms)
    assert "二〇二六年十月十日" in profiles.date_forms(datetime.date(2026, 10, 10))
    assert "长期" in profiles.date_forms(lic.OPEN_ENDED)
    assert "长期" not in forms


@given(st.dates(), st.dates())
def test_no_two_dates_share_a_printed_form(one: datetime.date, two: datetime.date) -> None:
    shared = set(profiles.date_forms(one)) & set(profiles.date_forms(two))
    assert one == two or not shared


def test_numbers_titles_and_countries_are_printed_as_people_write_them() -> None:
    smc = profiles.get("msa-smc")
    assert profiles.printed_forms(smc.field("gross_tonnage"), 36231) == (
        *("36231", "36,231", "36 231"),
    )
    assert "IMO 9375989" in profiles.printed_forms(smc.field("imo_number"), "9375989")
    assert "安全管理证书" in profiles.printed_forms(smc.field("title"), "msa-smc")
    assert "People's Republic of China" in profiles.printed_forms(smc.field("state"), "CN")
    assert profiles.printed_forms(smc.field("number"), 1.5) == ()  # type: ignore[arg-type]


def test_labels_of_one_form_do_not_clash() -> None:
    """The label of one printed field never is another's, but for name and address."""
    for profile in profiles.all():
        owner: dict[str, str] = {}
        for item in profile.fields:
            for label in item.labels:
                other = owner.setdefault(label.casefold(), item.key)
                assert other == item.key or {other, item.key} == {"holder_name", "holder_address"}


NEW_TYPE = """
id = "safety-officer"
zh = "安全生产考核合格证书"
en = "Safety Assessment Certificate"
subject = "person"
[type_code]
value = "11100000000013338W011"
confirmed = true
[status]
required = true
states = ["valid", "suspended", "withdrawn"]
[[field]]
key = "number"
required = true
deciding = true
[[field]]
key = "category"
kind = "choice"
table = "category"
zh = "类别"
en = "Category"
required = true
[table.category.A]
number = 1
zh = "企业主要负责人"
en = "Person in charge"
[[qr]]
template = 4711
dictionary = 1
fields = ["number", "category"]
"""


def load(tmp_path: Path, text: str) -> profiles.Profile:
    path = tmp_path / "type.toml"
    path.write_text(text, encoding="utf-8")
    return profiles.load(path)


def test_a_new_type_needs_no_code(tmp_path: Path) -> None:
    profile = load(tmp_path, NEW_TYPE)
    field = profile.field("category")
    licence = lic.Licence("safety-officer", "x", "1", lic.Party("a"), lic.Party("b"))
    assert profile.missing(licence) == (field,)
    good = replace(licence, fields={"category": "A"})
    assert profile.values(good)[1] == (field, "A")
    assert profiles.printed_forms(field, "A")[0] == "企业主要负责人"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('subject = "person"', 'subjekt = "person"', "subject"),
        ('subject = "person"', 'subject = "person"\ncolour = "red"', "colour"),
        ('subject = "person"', "subject = 1", "subject"),
        ('subject = "person"', 'subject = "dog"', "subject"),
        ("confirmed = true", 'confirmed = "yes"', "type_code.confirmed"),
        ('value = "11100000000013338W011"', 'value = "1"', "type_code.value"),
        ('key = "category"\nkind = "choice"\ntable = "category"', 'key = "number"', "field"),
        ("deciding = true", "decide = true", "field[0].decide"),
        ('kind = "choice"', 'kind = "choise"', "field[1].kind"),
        ('table = "category"', 'table = "none"', "field[1].table"),
        ('zh = "类别"', "", "field[1].zh"),
        ('fields = ["number", "category"]', 'fields = ["none"]', "qr[0].fields"),
        ('fields = ["number", "category"]', 'fields = ["number", "number"]', "qr[0].fields"),
        ("number = 1\n", "number = -1\n", "table.category.A.number"),
        ("[[qr]]", "[[limit]]\nrule = 'V2'\n[[qr]]", "limit[0].regime"),
    ],
)
def test_a_wrong_key_is_refused_by_file_and_name(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    assert old in NEW_TYPE
    with pytest.raises(UsageError) as caught:
        load(tmp_path, NEW_TYPE.replace(old, new, 1))
    assert caught.value.code == "profile.invalid"
    assert caught.value.place == key
    assert "type.toml" in caught.value.detail


def test_a_file_that_is_no_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load(tmp_path, "id = ")
    with pytest.raises(UsageError) as caught:
        profiles.load(tmp_path / "none.toml")
    assert caught.value.code == "profile.unreadable"
