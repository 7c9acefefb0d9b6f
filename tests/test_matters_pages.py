"""The pages of every document of the 22 matters: short ones, long names, forty rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from elicense import profiles
from elicense.canonical import Value
from elicense.issuing import fonts, licence_page
from elicense.issuing.layout import LEFT, RIGHT
from elicense.issuing.page import Page, Text
from elicense.licence import Licence
from elicense.profiles import Field
from samples import matters

REQUESTS = [path for path in matters.samples() if "-msa-" not in path.name]
IDS = [path.stem for path in REQUESTS]
TABLES = [
    path for path in REQUESTS
    if any(f.kind == "table" for f in profiles.get(path.stem.partition("-")[2]).fields)
]  # fmt: skip
PERSON = "欧阳某某·阿卜杜热合曼·买买提艾力"
COMPANY = "渤海样例（天津）国际海洋水利水电工程建设与地下空间综合开发利用集团股份有限公司滨海分公司"
FONT = fonts.load()


def pages(licence: Licence) -> tuple[Page, ...]:
    profile = profiles.get(licence.type)
    return licence_page.compose(licence, profile, font=FONT, qr_text="EL1:" + "TEST" * 120)


def texts(page: Page) -> Iterator[Text]:
    return (mark for mark in page.marks if isinstance(mark, Text))


def sample(path: Path) -> Licence:
    return matters.licence_of(path, 0)


def longer(item: Field, value: Value) -> Value:
    if item.kind == "text" and item.key not in {"code", "account"}:
        return PERSON if item.key == "name" else f"{value}（样例附加说明文字若干以观换行）"
    if item.kind == "address":
        return f"{value}样例路一百二十八号院十二号楼三单元二十一层二一〇三室"
    if item.kind == "money":
        return "1234567890.12"
    if item.kind == "choices":
        return tuple({"code": code} for code in item.choices)
    return value


def stretched(licence: Licence, *, rows: int = 0, long: bool = True) -> Licence:
    """With long values and tables of that many rows; its rules need not hold."""
    profile = profiles.get(licence.type)
    fields: dict[str, Any] = dict(licence.fields)
    for item in profile.fields:
        if item.key not in fields:
            continue
        if item.kind == "table":
            given = fields[item.key]
            made = [
                {c.key: longer(c, row[c.key]) if long else row[c.key]
                 for c in item.columns if c.key in row}
                for row in given
            ]  # fmt: skip
            fields[item.key] = tuple((made * (rows or 1))[: rows or len(made)])
        elif long:
            fields[item.key] = longer(item, fields[item.key])
    name = PERSON if profile.subject == "person" else COMPANY
    holder = replace(licence.holder, name=name) if long else licence.holder
    return replace(licence, fields=fields, holder=holder)


def inside(page: Page) -> None:
    for mark in texts(page):
        assert mark.x >= LEFT - 0.01, mark
        assert mark.x + FONT.width(mark.text, mark.size) <= RIGHT + 0.01, mark


@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_a_short_document_is_one_page(path: Path) -> None:
    found = pages(sample(path))
    assert len(found) == 1
    inside(found[0])


@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_long_names_and_large_amounts_stay_within_the_margins(path: Path) -> None:
    found = pages(stretched(sample(path)))
    for page in found:
        inside(page)
    shown = "".join(mark.text for page in found for mark in texts(page))
    assert (PERSON in shown) or (COMPANY in shown)


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("path", TABLES, ids=[path.stem for path in TABLES])
def test_forty_rows_run_on_under_their_headings_and_none_is_lost(path: Path, long: bool) -> None:
    licence = stretched(sample(path), rows=40, long=long)
    profile = profiles.get(licence.type)
    table = next(item for item in profile.fields if item.kind == "table")
    found = pages(licence)
    assert len(found) >= 2
    for page in found:
        inside(page)
    for page in found[1:]:
        shown = [mark.text for mark in texts(page)]
        assert any(text.startswith(table.zh) for text in shown)
        assert {column.zh for column in table.columns} <= set(shown) or long
        assert any(licence.number in text for text in shown)
    column = next(c for c in table.columns if c.kind in {"money", "integer"} or c.key == "code")
    rows: Any = licence.fields[table.key]
    forms = {form for row in rows for form in profiles.printed_forms(column, row[column.key])[:1]}
    cells = [mark for page in found for mark in texts(page) if mark.text in forms]
    assert len(cells) >= 40
