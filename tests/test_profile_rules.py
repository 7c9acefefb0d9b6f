"""The rules of a licence type: what each kind asks, and which rules are refused at load."""

from __future__ import annotations

import datetime
import random
from pathlib import Path
from typing import Any

import pytest

from elicense import canonical, profiles
from elicense import licence as lic
from elicense.authoring.samples import resident_born
from elicense.errors import UsageError
from elicense.licence import Licence, Party, Validity
from elicense.profiles.rules import KINDS

TYPE = """id = "rules"
zh = "规则"
en = "Rules"
subject = "person"
[type_code]
value = "11100000999900062N999"
confirmed = false
[status]
required = false
states = ["valid"]
[[field]]
key = "title"
required = true
[[field]]
key = "holder_code"
[[field]]
key = "issued"
[[field]]
key = "valid_until"
[[field]]
key = "heads"
kind = "integer"
zh = "人数"
en = "Heads"
[[field]]
key = "total"
kind = "money"
zh = "合计"
en = "Total"
[[field]]
key = "note"
kind = "text"
zh = "说明"
en = "Note"
[[field]]
key = "born"
kind = "date"
zh = "出生日期"
en = "Born"
[[field]]
key = "reasons"
kind = "choices"
table = "reason"
zh = "原因"
en = "Reasons"
[[field]]
key = "people"
kind = "table"
zh = "人员"
en = "People"
columns = [
    {key = "name", kind = "text", zh = "姓名", en = "Name"},
    {key = "code", kind = "resident-id", zh = "号码", en = "Number", required = false},
    {key = "born", kind = "date", zh = "出生", en = "Born", required = false},
    {key = "homes", kind = "integer", zh = "套数", en = "Homes", required = false},
    {key = "amount", kind = "money", zh = "金额", en = "Amount", required = false},
    {key = "reason", kind = "choice", table = "reason", zh = "因", en = "Why", required = false},
    {key = "note", kind = "text", zh = "说明", en = "Note", required = false},
    {key = "month", kind = "month", zh = "月", en = "Month", required = false},
]
[table.reason.late]
number = 1
zh = "迟缴"
en = "Late"
[table.reason.other]
number = 2
zh = "其他"
en = "Other"
"""


def load(tmp_path: Path, rule: str) -> profiles.Profile:
    path = tmp_path / "rules.toml"
    path.write_text(f'{TYPE}\n[[rule]]\nid = "r"\nzh = "一"\nen = "A"\n{rule}\n', "utf-8")
    return profiles.load(path)


def told(tmp_path: Path, rule: str, **fields: Any) -> list[tuple[str, str]]:
    """(path, detail) of what breaks ``rule`` in a licence with these fields."""
    licence = Licence(
        type="rules", identifier="x", number="1", issuer=Party(name="局"), holder=Party(name="某"),
        validity=Validity(datetime.date(2026, 3, 2), None, datetime.date(2026, 4, 1)),
        fields=fields,
    )  # fmt: skip
    found = profiles.breaches(load(tmp_path, rule), licence)
    return [(item.path, item.detail) for item in found]


COUNT = 'kind = "count"\nof = "people"\nequals = "heads"'


def test_a_count_is_the_number_of_rows(tmp_path: Path) -> None:
    rows = ({"name": "甲"}, {"name": "乙"})
    assert told(tmp_path, COUNT, people=rows, heads=2) == []
    assert told(tmp_path, COUNT, people=rows, heads=3) == [("fields.heads", "3 ≠ 2")]
    assert told(tmp_path, COUNT, people=rows) == []
    assert told(tmp_path, COUNT, heads=3) == []


def test_a_count_is_compared_with_a_table_of_which_a_code_has_only_the_length(
    tmp_path: Path,
) -> None:
    assert told(tmp_path, COUNT, people=40, heads=40) == []
    assert told(tmp_path, COUNT, people=40, heads=41) == [("fields.heads", "41 ≠ 40")]


def test_integers_add_up_as_amounts_do(tmp_path: Path) -> None:
    rows = ({"name": "甲", "homes": 1}, {"name": "乙", "homes": 2})
    rule = 'kind = "sum"\nof = "people.homes"\nequals = "heads"'
    assert told(tmp_path, rule, people=rows, heads=3) == []
    assert told(tmp_path, rule, people=rows, heads=0) == [("fields.heads", "3 ≠ 0")]
    rows = ({"name": "甲", "amount": "0.10"}, {"name": "乙", "amount": "0.20"})
    rule = 'kind = "sum"\nof = "people.amount"\nequals = "total"'
    assert told(tmp_path, rule, people=rows, total="0.30") == []
    assert told(tmp_path, rule, people=rows, total="0.31") == [("fields.total", "0.30 ≠ 0.31")]


REQUIRES = 'kind = "requires"\ntable = "people"\nwhen = "reason"\nis = ["other"]\nneeds = ["note"]'


def test_what_a_row_requires_stands_in_that_row(tmp_path: Path) -> None:
    good = {"name": "甲", "reason": "other", "note": "法院判决"}
    bare = {"name": "乙", "reason": "other"}
    late = {"name": "丙", "reason": "late"}
    assert told(tmp_path, REQUIRES, people=(good, late)) == []
    broken = [("fields.people.1.reason", "note")]
    assert told(tmp_path, REQUIRES, people=(good, bare, late)) == broken
    assert told(tmp_path, REQUIRES, people=(good, bare), note="法院判决") == broken


def test_a_list_of_codes_requires_what_any_of_them_does(tmp_path: Path) -> None:
    rule = 'kind = "requires"\nwhen = "reasons"\nis = ["other"]\nneeds = ["note"]'
    both = ({"code": "late"}, {"code": "other"})
    assert told(tmp_path, rule, reasons=both) == [("fields.reasons", "note")]
    assert told(tmp_path, rule, reasons=both, note="x") == []
    assert told(tmp_path, rule, reasons=both[:1]) == []


def test_what_a_copy_hides_or_a_code_leaves_out_may_be_there(tmp_path: Path) -> None:
    rule = 'kind = "requires"\nwhen = "reasons"\nis = ["other"]\nneeds = ["note"]'
    profile = load(tmp_path, rule)
    read = lic.load(canonical.encode(masked({"reasons": ({"code": "other"},)}, "fields.note")))
    assert profiles.breaches(profile, read) == ()
    shown = lic.load(canonical.encode(masked({"reasons": ({"code": "other"},)})))
    assert [item.detail for item in profiles.breaches(profile, shown)] == ["note"]
    assert profiles.breaches(profile, shown, whole=False) == ()


def masked(fields: dict[str, Any], *hidden: str) -> dict[str, Any]:
    """``licence.json`` of a copy that hides some paths."""
    values = dict.fromkeys(hidden, "A" * 43)
    return {
        "format": lic.FORMAT, "type": "rules", "identifier": "x", "number": "1", "version": 1,
        "issuer": {"name": "局"}, "holder": {"name": "某"}, "fields": fields, "endorsements": (),
        "validity": {"issued": "2026-03-02"}, "digests": {"algorithm": "sm3", "values": values},
    }  # fmt: skip


def test_a_person_in_a_row_is_judged_by_that_row_alone(tmp_path: Path) -> None:
    rule = 'kind = "person"\ntable = "people"\ncode = "code"\nbirth = "born"'
    code = resident_born(random.Random(1), datetime.date(1990, 1, 2))
    wrong = {"name": "甲", "code": code, "born": "1990-01-03"}
    broken = [("fields.people.0.born", "1990-01-03 ≠ 1990-01-02")]
    assert told(tmp_path, rule, people=(wrong,), born="1990-01-02") == broken
    bare = {"name": "乙", "code": code}
    assert told(tmp_path, rule, people=(bare,), born="1970-01-01") == []


def test_a_column_a_row_lacks_is_never_the_value_of_the_licence(tmp_path: Path) -> None:
    rule = 'kind = "order"\ntable = "people"\nfirst = "born"\nthen = "issued"'
    late = {"name": "甲", "born": "2030-01-01"}
    assert told(tmp_path, rule, people=({"name": "甲"},), born="2030-01-01") == []
    assert told(tmp_path, rule, people=(late,)) == [
        ("validity.issued", "2026-03-02 < 2030-01-01")
    ]


def test_a_term_is_of_months_or_of_days(tmp_path: Path) -> None:
    term = 'kind = "term"\nfirst = "issued"\nthen = "valid_until"\n'
    assert told(tmp_path, term + "days = 30") == []
    broken = [("validity.valid_until", "2026-04-01 > 2026-03-31")]
    assert told(tmp_path, term + "days = 29") == broken
    assert told(tmp_path, term + "months = 1") == []


@pytest.mark.parametrize(
    ("rule", "place", "word"),
    [
        ('kind = "sum"\nof = "people.month"\nequals = "total"', "of", "people.month (month)"),
        ('kind = "sum"\nof = "people.reason"\nequals = "heads"', "of", "people.reason (choice)"),
        ('kind = "sum"\nof = "people.homes"\nequals = "total"', "equals", "total (money)"),
        ('kind = "sum"\nof = "people.amount"\nequals = "heads"', "equals", "heads (integer)"),
        ('kind = "sum"\nof = "people"\nequals = "total"', "of", "people.…"),
        ('kind = "sum"\nof = "total"\nequals = "total"', "of", "total.…"),
        ('kind = "sum"\nof = "people.gone"\nequals = "total"', "of", "people.gone"),
        ('kind = "count"\nof = "heads"\nequals = "heads"', "of", "heads (integer)"),
        ('kind = "count"\nof = "people"\nequals = "total"', "equals", "total (money)"),
        ('kind = "count"\nof = "people.name"\nequals = "heads"', "of", "people.name"),
        ('kind = "order"\nfirst = "people.month"\nthen = "issued"', "first", "people.month"),
        ('kind = "order"\nfirst = "month"\nthen = "issued"', "first", "month"),
        ('kind = "order"\ntable = "people"\nfirst = "gone"\nthen = "issued"', "first", "gone"),
        ('kind = "order"\ntable = "people"\nfirst = "note"\nthen = "issued"', "first", "note"),
        ('kind = "order"\ntable = "note"\nfirst = "issued"\nthen = "issued"', "table", "note"),
        ('kind = "total"\nplus = ["total", "note"]\nequals = "total"', "plus", "note (text)"),
        ('kind = "range"\nof = "note"\nmost = "3"', "of", "note (text)"),
        ('kind = "distinct"\nof = "people.name"\ntogether = ["gone"]', "together", "people.gone"),
        ('kind = "distinct"\nof = "people"', "of", "people.…"),
        ('kind = "consecutive"\nof = "people.name"', "of", "people.name (text)"),
        ('kind = "person"\ncode = "heads"', "code", "heads (integer)"),
        (REQUIRES.replace('"other"', '"outher"'), "is", "outher"),
        ('kind = "term"\nfirst = "issued"\nthen = "valid_until"', "months", "missing"),
    ],
    ids=lambda value: str(value).replace("\n", " ")[:40],
)  # fmt: skip
def test_a_rule_that_could_never_be_judged_is_refused(
    tmp_path: Path, rule: str, place: str, word: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, rule)
    assert caught.value.place == f"rule[0].{place}"
    assert word in caught.value.detail


def test_every_kind_is_explained_where_kinds_are_defined() -> None:
    from elicense.profiles import rules

    assert rules.__doc__ is not None
    assert not [kind for kind in KINDS if f"``{kind}``" not in rules.__doc__]
