"""Comparing a signed value with what was read: match, differs, unreadable."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import profiles
from elicense.ocr.compare import DIFFERS, MATCH, UNREADABLE, compare
from elicense.ocr.dates import dates
from elicense.ocr.edits import Edit, edits
from elicense.ocr.reading import Reading, alike, folded, joined

SMC, DOC = profiles.get("msa-smc"), profiles.get("msa-doc")


def read(*texts: str, sure: float = 0.98, doubt: dict[str, float] | None = None) -> list[Reading]:
    """Lines as read; ``doubt`` gives some characters another confidence."""
    doubt = doubt or {}
    return [Reading(t, tuple(doubt.get(c, sure) for c in t), (0, 0, 100, 10)) for t in texts]


def outcome(key: str, value: Any, *texts: str, profile: Any = SMC, **how: Any) -> str:
    return compare(profile.field(key), value, read(*texts, **how)).outcome


# (field, signed, lines as read, outcome)
TEXTS = [
    ("holder_name", "岭南样例海运有限公司", ["岭南样例海运有限公司"], MATCH),
    ("holder_name", "岭南样例海运有限公司", ["岭南样例海运", "有限公司"], MATCH),  # wrapped
    ("holder_name", "岭南样例海运有限公司", ["岭南 样例海运有限公司 "], MATCH),
    ("holder_name", "岭南样例海运有限公司",
     ["岭南样例海运有限公司", "Lingnan Sample Marine Co., Ltd."], MATCH),
    ("holder_name", "岭南样例海运有限公司", ["岭南样例海运有限公司 Lingnan Sample Marine"], MATCH),
    ("holder_name", "岭南（样例）海运有限公司", ["岭南(样例)海运有限公司"], MATCH),
    ("holder_name", "岭南样例海运有限公司", ["岭南样例航运有限公司"], DIFFERS),
    ("holder_name", "岭南样例海运有限公司", ["渤海样例航运有限公司"], DIFFERS),
    ("holder_name", "岭南样例海运有限公司", ["岭南样例海运集团有限公司"], DIFFERS),  # extra
    ("holder_name", "岭南样例海运有限公司", ["岭南样例海运有限"], UNREADABLE),  # cut off
    ("holder_name", "岭南样例海运有限公司",
     ["岭南样例海运有限公司", "北方远洋有限公司"], UNREADABLE),
    ("holder_name", "岭南样例海运有限公司", [], UNREADABLE),
    ("holder_name", "岭南样例海运有限公司", ["Lingnan Sample Marine Co., Ltd."], UNREADABLE),
    ("holder_name", "渤海样例航运有限公司", ["勃海样例航运有限公司"], UNREADABLE),  # look alike
    ("holder_name", "渤海样例航运有限公司", ["渤海祥例航运有限公司"], DIFFERS),
    ("ship_name", "渤海样例一号", ["渤海样例一号", "BOHAI SAMPLE 1"], MATCH),
    ("ship_name", "渤海样例一号", ["渤海样例二号", "BOHAI SAMPLE 1"], DIFFERS),
    ("ship_name", "渤海样例一号", ["渤海样例1号"], DIFFERS),
    ("ship_name", "嘉陵江007", ["嘉陵江007"], MATCH),
    ("ship_name", "嘉陵江007", ["嘉陵江OO7"], UNREADABLE),
    ("ship_name", "嘉陵江007", ["嘉陵江001"], DIFFERS),
    ("ship_name", "OCEAN STAR", ["Ocean  Star"], MATCH),
    ("ship_name", "OCEAN STAR", ["OCEAN STARS"], DIFFERS),
    ("ship_name", "OCEAN STAR", ["OCEAN SPAR"], DIFFERS),
    ("number", "样例GDSMC202600002", ["样例GDSMC202600002"], MATCH),
    ("number", "样例GDSMC202600002", ["样例ＧＤＳＭＣ２０２６００００２"], MATCH),  # full width
    ("number", "样例GDSMC202600002", ["样例GDSMC2026O0002"], UNREADABLE),  # O for 0
    ("number", "样例GDSMC202600002", ["样例GDSMC202600003"], DIFFERS),
    ("number", "样例GDSMC202600002", ["样例GDSMC20260002"], UNREADABLE),  # a zero run together
    ("number", "样例GDSMC202600002", ["样例GDDOC202600002"], DIFFERS),
    ("number", "（2026）第00412号", ["(2026)第00412号"], MATCH),
    ("number", "SMC-0412-B7", ["SMC-0412-87"], UNREADABLE),  # 8 for B
    ("number", "SMC-0412-B7", ["SMC-0412-B1"], DIFFERS),
    ("number", "SMC-0412-B7", ["SMC-0412-B7", "SMC-9412-B7"], UNREADABLE),  # two of them
    ("number", "SMC-0412-B7", ["SMC-0412-B7", "SMC-0412-B7"], MATCH),  # once a language
    ("number", "SMC-0412-B7", ["SMC-0412-B7", "CHINA MARITIME SAFETY"], MATCH),
    ("number", "样例GDSMC202600002", ["样例GDSMC202600002", "GDSMC202699999"], UNREADABLE),
]  # fmt: skip


@pytest.mark.parametrize(("key", "signed", "lines", "wanted"), TEXTS)
def test_names_and_numbers_as_text(key: str, signed: str, lines: list[str], wanted: str) -> None:
    assert outcome(key, signed, *lines) == wanted


DATES = [
    ("2026-11-01", ["2026年11月1日"], MATCH),
    ("2026-11-01", ["2026年11月01日  1 November 2026"], MATCH),
    ("2026-11-01", ["2026年11月01日1 November 2026"], MATCH),  # blanks that the reader lost
    ("2026-11-01", ["2026-11-01"], MATCH),
    ("2026-11-01", ["2026/11/1"], MATCH),
    ("2026-11-01", ["2026.11.01"], MATCH),
    ("2026-11-01", ["20261101"], MATCH),
    ("2026-11-01", ["1 November 2026"], MATCH),
    ("2026-11-01", ["1st Nov. 2026"], MATCH),
    ("2026-11-01", ["November 1, 2026"], MATCH),
    ("2026-11-01", ["二〇二六年十一月一日"], MATCH),
    ("2026-11-01", ["二零二六年十一月一日"], MATCH),
    ("2026-11-01", ["２０２６年１１月１日"], MATCH),
    ("2026-11-01", ["2O26年ll月O1日"], MATCH),  # letters where only digits can be
    ("2026-11-01", ["2026年11月1"], MATCH),
    ("2026-11-01", ["1 Novenber 2026"], MATCH),
    ("2026-11-01", ["01/11/2026"], UNREADABLE),  # the first of November or the eleventh of January
    ("2026-11-01", ["11/01/2026"], UNREADABLE),
    ("2026-11-11", ["11/11/2026"], MATCH),
    ("2026-11-21", ["21/11/2026"], MATCH),
    ("2026-11-21", ["11/21/2026"], MATCH),
    ("2026-11-01", ["02/11/2026"], DIFFERS),
    ("2026-11-01", ["2027年11月01日"], DIFFERS),
    ("2026-11-01", ["2026年12月01日"], DIFFERS),
    ("2026-11-01", ["2026年11月07日"], DIFFERS),
    ("2026-11-01", ["2026年11月01日 1 November 2027"], DIFFERS),  # one language altered
    ("2026-11-01", ["2028年11月01日", "1 November 2026"], DIFFERS),
    ("2026-11-01", ["2026年11月"], UNREADABLE),
    ("2026-11-01", ["2026年13月01日"], UNREADABLE),  # no such day
    ("2026-11-01", ["签字盖章"], UNREADABLE),
    ("2026-11-01", [], UNREADABLE),
    ("9999-12-30", ["长期"], MATCH),
    ("9999-12-30", ["长期 Permanent"], MATCH),
    ("2026-11-01", ["长期"], DIFFERS),  # a term made endless
    ("9999-12-30", ["2026年11月01日"], DIFFERS),
]


@pytest.mark.parametrize(("signed", "lines", "wanted"), DATES)
def test_dates_are_compared_as_values(signed: str, lines: list[str], wanted: str) -> None:
    assert outcome("valid_until", signed, *lines) == wanted


NUMBERS = [
    ("imo_number", "9074729", ["9074729"], MATCH),
    ("imo_number", "9074729", ["IMO 9074729"], MATCH),
    ("imo_number", "9074729", ["IMO9074729"], MATCH),
    ("imo_number", "9074729", ["IM09074729"], MATCH),  # a zero where the O was
    ("imo_number", "9074729", ["9O74729"], MATCH),
    ("imo_number", "9074729", ["9074729 "], MATCH),
    ("imo_number", "9074729", ["9074728"], DIFFERS),
    ("imo_number", "9074729", ["9074129"], DIFFERS),
    ("imo_number", "9074729", ["907472"], UNREADABLE),
    ("imo_number", "9074729", ["90747291"], UNREADABLE),  # a stroke of a seal
    ("imo_number", "9074729", ["渤海"], UNREADABLE),
    ("imo_number", "9074729", ["9074729", "9074728"], DIFFERS),
    ("company_number", "1234567", ["1234567"], MATCH),
    ("company_number", "1234567", ["1234567", "CN"], MATCH),
    ("company_number", "1234567", ["l234567"], MATCH),
    ("company_number", "1234567", ["1284567"], DIFFERS),
    ("gross_tonnage", 33511, ["33,511"], MATCH),
    ("gross_tonnage", 33511, ["33 511"], MATCH),
    ("gross_tonnage", 33511, ["33511 GT"], MATCH),
    ("gross_tonnage", 33511, ["33，511"], MATCH),
    ("gross_tonnage", 33511, ["38511"], DIFFERS),
]


@pytest.mark.parametrize(("key", "signed", "lines", "wanted"), NUMBERS)
def test_numbers_are_compared_as_values(
    key: str, signed: Any, lines: list[str], wanted: str
) -> None:
    assert outcome(key, signed, *lines) == wanted


OIL = ({"code": "bulk-carrier"}, {"code": "oil-tanker", "limitation": "闪点60℃以上"})
KINDS = [
    (OIL, ["散货船  Bulk carrier", "油船  Oil tanker（闪点60℃以上）"], MATCH),
    (OIL, ["散货船", "油船(闪点60°C以上)"], MATCH),
    (OIL, ["Bulk carrier, Oil tanker (闪点60℃以上)"], MATCH),
    (OIL, ["散货船 油船（闪点60℃以上） 客船"], DIFFERS),  # one more
    (OIL, ["散货船 Bulk carrier", "油船 Oil tanker（闪点50℃以上）"], DIFFERS),
    (OIL, ["散货船", "油船"], UNREADABLE),  # the limitation is not to be seen
    (OIL, ["油船（闪点60℃以上）"], UNREADABLE),  # one fewer
    (OIL, ["客船 Passenger ship"], UNREADABLE),  # no limitation, and another kind
    (({"code": "oil-tanker"},), ["油船 Oil tanker"], MATCH),
    (({"code": "oil-tanker"},), ["化学品船 Chemical tanker"], DIFFERS),
    (({"code": "passenger-high-speed-craft"},), ["高速客船"], MATCH),
    (({"code": "passenger-ship"},), ["高速客船"], DIFFERS),
]


@pytest.mark.parametrize(("signed", "lines", "wanted"), KINDS)
def test_kinds_of_ships_are_all_there_and_no_other(
    signed: Any, lines: list[str], wanted: str
) -> None:
    assert outcome("ship_types", signed, *lines, profile=DOC) == wanted


KIND = [
    ("oil-tanker", ["油船 Oil tanker"], MATCH),
    ("oil-tanker", ["油轮"], MATCH),
    ("oil-tanker", ["油船 Gas carrier"], DIFFERS),  # one language altered
    ("oil-tanker", ["气体运输船 Gas carrier"], DIFFERS),
    ("passenger-ship", ["高速客船 Passenger high-speed craft"], DIFFERS),
    ("oil-tanker", ["汕船 Oil tanker"], DIFFERS),
    ("oil-tanker", ["Oil"], UNREADABLE),
]


@pytest.mark.parametrize(("signed", "lines", "wanted"), KIND)
def test_the_kind_of_a_ship(signed: str, lines: list[str], wanted: str) -> None:
    assert outcome("ship_type", signed, *lines) == wanted


@pytest.mark.parametrize(
    ("key", "signed", "text", "wrong"),
    [
        ("holder_name", "岭南样例海运有限公司", "岭南样例航运有限公司", "航"),
        ("number", "样例2026", "样例2027", "7"),
        ("valid_until", "2026-11-01", "2026年11月07日", "7"),
        ("imo_number", "9074729", "9074728", "8"),
    ],
)
def test_a_character_the_reader_was_not_sure_of_is_held_against_nobody(
    key: str, signed: str, text: str, wrong: str
) -> None:
    assert outcome(key, signed, text) == DIFFERS
    assert outcome(key, signed, text, doubt={wrong: 0.6}) == UNREADABLE
    assert outcome(key, signed, text, sure=0.5) == UNREADABLE


@pytest.mark.parametrize("sure", [0.2, 0.6, 0.99])
def test_no_confidence_makes_a_match_of_a_difference(sure: float) -> None:
    assert outcome("imo_number", "9074729", "9074728", sure=sure) != MATCH
    assert outcome("holder_name", "岭南海运", "岭南航运", sure=sure) != MATCH


@pytest.mark.parametrize("sure", [0.5, 0.99])
@pytest.mark.parametrize(
    ("signed", "shown"),
    [
        ("未来航运有限公司", "末来航运有限公司"), ("人民航运", "入民航运"),
        ("日月航运", "曰月航运"), ("渤海一号", "渤海—号"), ("渤海一号", "渤海-号"),
        ("渤海一号", "渤海号"), ("渤海二号", "渤海=号"),
        ("海星", "海ㅤ星"), ("明珠", "明珠²"), ("SMC-1", "SMC-I"), ("ABC123", "АВС123"),
    ],
)  # fmt: skip
def test_characters_drawn_alike_are_never_a_match(signed: str, shown: str, sure: float) -> None:
    """Nobody sees 末 for 未, and a stroke 一 or nothing for one; nor does a reader decide it."""
    assert outcome("holder_name", signed, shown, sure=sure) != MATCH


def test_where_labels_are_shared_what_stands_beside_the_value_is_no_doubt() -> None:
    lines = read("岭南样例海运有限公司", "广州市南沙区样例大道8号")
    field = SMC.field("holder_name")
    assert compare(field, "岭南样例海运有限公司", lines, alone=True).outcome == UNREADABLE
    assert compare(field, "岭南样例海运有限公司", lines, alone=False).outcome == MATCH
    other = read("渤海样例航运有限公司", "广州市南沙区样例大道8号")
    assert compare(field, "岭南样例海运有限公司", other, alone=False).outcome == DIFFERS


def test_what_is_shown_is_what_was_read() -> None:
    (line,) = read("  2027年11月01日  1 November 2027")
    found = compare(SMC.field("valid_until"), "2026-11-01", [line])
    assert found.printed == "2027年11月01日 1 November 2027"
    assert 0.97 < found.confidence <= 1


def test_edits_name_what_is_missing_extra_and_other() -> None:
    assert edits("abc", "abc") == ()
    assert edits("abc", "axc") == (Edit("b", "x", 1),)
    assert edits("abc", "ac") == (Edit("b", "", 1),)
    assert edits("abc", "abxc") == (Edit("", "x", 2),)


def test_look_alikes_are_pairs_not_families() -> None:
    assert alike("0", "o") and alike("日", "曰") and alike("8", "b")
    for one, other in ("38", "17", "56", "69", "一二", "八六", "海河"):
        assert not alike(one, other)


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2099, 12, 31)))
def test_every_form_a_date_is_printed_in_is_read_back(day: datetime.date) -> None:
    for form in profiles.date_forms(day):
        (line,) = read(form)
        assert [d.values for d in dates(line)] == [{day}], form


@settings(max_examples=300)
@given(st.text(max_size=60), st.sampled_from(SMC.fields), st.text(max_size=12))
def test_any_text_gives_an_answer(text: str, field: Any, signed: str) -> None:
    value: Any = "2026-11-01" if field.kind == "date" else signed
    found = compare(field, value, read(text, text))
    assert found.outcome in {MATCH, DIFFERS, UNREADABLE}
    if found.outcome == MATCH and field.kind == "text":
        assert folded(signed) in folded(text + text)


@given(st.lists(st.text(max_size=8), max_size=5))
def test_joined_readings_keep_one_confidence_a_character(texts: list[str]) -> None:
    whole = joined(read(*texts))
    assert len(whole.text) == len(whole.certainty)
