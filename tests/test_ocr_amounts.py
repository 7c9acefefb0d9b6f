"""Amounts, months and rows of tables on a sheet are compared as values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from elicense import profiles
from elicense.ocr.amounts import amounts
from elicense.ocr.compare import DIFFERS, MATCH, UNREADABLE, compare
from elicense.ocr.reading import Reading

PROOF = profiles.get("tax-paid-proof")


def read(*texts: str, sure: float = 0.98) -> list[Reading]:
    return [Reading(text, (sure,) * len(text), (0, 0, 100, 10)) for text in texts]


@pytest.mark.parametrize(
    "text",
    ["1,234.50", "1234.50", "¥1234.5", "￥1,234.50", "１，２３４．５０", "1 234.50 元", "1，234.50",
     "人民币1234.50元", "¥1,234.50  壹仟贰佰叁拾肆元伍角整", "1,234.50 壹仟贰佰叁拾肆圆伍角正"],
)  # fmt: skip
def test_one_amount_however_it_is_written(text: str) -> None:
    assert compare(PROOF.field("total"), "1234.50", read(text)).outcome == MATCH


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("1,234.60", DIFFERS),
        ("¥11,234.50", DIFFERS),
        ("¥1,234.50  玖仟贰佰叁拾肆元伍角整", UNREADABLE),  # the words say another amount
        ("12,345.0", UNREADABLE),  # a point that moved, or was lost
        ("123450", UNREADABLE),
        ("1234.50 9999.99", UNREADABLE),  # which of them?
        ("12,34.50", UNREADABLE),
        ("壹仟贰佰叁拾肆元伍角整", UNREADABLE),
        ("", UNREADABLE),
    ],
)
def test_no_other_amount_is_taken_for_it(text: str, outcome: str) -> None:
    assert compare(PROOF.field("total"), "1234.50", read(text)).outcome == outcome


def test_an_unsure_figure_is_not_held_against_anybody() -> None:
    found = compare(PROOF.field("total"), "1234.50", read("1,234.60", sure=0.6))
    assert found.outcome == UNREADABLE


def test_figures_and_their_look_alikes_have_values() -> None:
    (found,) = amounts(read("¥1O,234.5O")[0])
    assert (found.value, found.cents) == (Decimal("10234.50"), True)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [("2026年3月", MATCH), ("2026年03月", MATCH), ("2026-03", MATCH), ("2026/3", MATCH),
     ("March 2026", MATCH), ("2026年4月", DIFFERS), ("2025-03", DIFFERS), ("2026年", UNREADABLE),
     ("2026年3月 2026年4月", DIFFERS)],
)  # fmt: skip
def test_months(text: str, outcome: str) -> None:
    assert compare(PROOF.field("period_first"), "2026-03", read(text)).outcome == outcome


ROWS: tuple[dict[str, Any], ...] = (
    {"tax": "individual-income", "month": "2025-12", "paid": "2026-01-05", "amount": "1234.50"},
    {"tax": "deed", "month": "2026-01", "paid": "2026-02-03", "amount": "800.00"},
)
PRINTED = ["个人所得税 2025年12月 2026年01月05日 1,234.50", "契税 2026年1月 2026年02月03日 800.00"]


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (PRINTED, MATCH),
        ([PRINTED[0].replace("1,234.50", "1234.50"), PRINTED[1]], MATCH),
        (["个人所得税", "2025年12月", "2026年01月05日", "¥1,234.50", PRINTED[1]], MATCH),
        ([PRINTED[0].replace("1,234.50", "1,934.50"), PRINTED[1]], DIFFERS),
        ([PRINTED[0].replace("1,234.50", "800.00"), PRINTED[1].replace("800.00", "1,234.50")],
         UNREADABLE),  # two rows have changed amounts
        ([PRINTED[1], PRINTED[0]], UNREADABLE),
        ([PRINTED[0]], UNREADABLE),
        ([*PRINTED, "印花税 2026年1月 2026年02月03日 5.00"], UNREADABLE),
        ([PRINTED[0].replace("个人所得税", "增值税"), PRINTED[1]], UNREADABLE),
    ],
)
def test_rows_of_a_table(lines: list[str], outcome: str) -> None:
    assert compare(PROOF.field("payments"), ROWS, read(*lines)).outcome == outcome


def test_rows_that_a_code_only_counts_are_never_a_match() -> None:
    assert compare(PROOF.field("payments"), 40, read(*PRINTED)).outcome == UNREADABLE


def test_percentages_are_values_too() -> None:
    rate = profiles.get("si-declaration-flexible").field("pension_rate")
    assert compare(rate, "0.5", read("0.5%")).outcome == MATCH
    assert compare(rate, "8", read("8.00%")).outcome == MATCH
    assert compare(rate, "8", read("9%")).outcome == DIFFERS


@pytest.mark.parametrize("signed", ["abc", "-5.00", "1.2.3", "1234"])
def test_a_signed_value_that_is_no_amount_is_compared_with_nothing(signed: str) -> None:
    assert compare(PROOF.field("total"), signed, read("1,234.50")).outcome == UNREADABLE
    rows = ({**ROWS[0], "amount": signed}, ROWS[1])
    assert compare(PROOF.field("payments"), rows, read(*PRINTED)).outcome == UNREADABLE


HOMES = profiles.get("no-home-proof").field("persons")
NOBODY: tuple[dict[str, Any], ...] = (
    {"name": "赫连某某", "relation": "self", "code": "120105199304171067", "homes": 0},
    {"name": "澹台某", "relation": "spouse", "code": "120105199408202032", "homes": 0},
)
LINES = ["赫连某某 本人 120105199304171067 0", "澹台某 配偶 120105199408202032 0"]


def test_rows_without_amounts_match_only_whole() -> None:
    assert compare(HOMES, NOBODY, read(*LINES)).outcome == MATCH
    more = [*LINES, "赫连某 子女 120105201804171066 0"]
    for doctored in (more, [LINES[0][:-1] + "2", LINES[1]], [LINES[0], LINES[1][:-1] + "10"],
                     [LINES[0], LINES[1][:-1]]):  # fmt: skip
        assert compare(HOMES, NOBODY, read(*doctored)).outcome == UNREADABLE, doctored


def test_a_second_figure_beside_the_amount_is_no_match() -> None:
    assert compare(PROOF.field("total"), "1234.50", read("¥1,234.50 90,000")).outcome == UNREADABLE
