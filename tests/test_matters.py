"""The catalogue of the 22 matters, as a command and in the service."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from elicense import matters, profiles
from elicense.cli import cli
from elicense.errors import UsageError


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["matters", *arguments])
    return result.exit_code, result.output


KNOWN = {item.id for item in profiles.all()}


def test_all_22_are_there_in_order_each_with_its_documents() -> None:
    found = matters.all()
    assert [item.number for item in found] == list(range(1, 23))
    used = [name for item in found for name in item.types]
    assert all(item.types for item in found)
    assert len(used) == len(set(used))
    assert set(used) >= KNOWN


def test_what_works_follows_from_the_types_that_are_there() -> None:
    for item in matters.all():
        there = set(item.types) <= KNOWN
        assert set(matters.works(item).values()) == {there}, item.number
    assert all(matters.works(matters.get(number))["mask"] for number in (10, 11, 14))


def test_each_type_has_fields_and_a_rule_of_its_own() -> None:
    seen: dict[frozenset[str], str] = {}
    for profile in profiles.all():
        if profile.id.startswith("msa-"):
            continue
        assert profile.rules, profile.id
        own = frozenset(item.key for item in profile.fields)
        assert own not in seen, (profile.id, seen.get(own))
        seen[own] = profile.id


def test_documents_the_plan_does_not_name_are_marked() -> None:
    named = {item.number for item in matters.all() if item.documents == "plan"}
    assert named == {1, 10, 11, 12, 14, 20}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_is_printed(lang: str) -> None:
    code, out = run("--lang", lang)
    assert code == 0
    assert "税收完税证明" in out or "Tax Payment Certificate" in out
    lacking = sum(1 for item in matters.all() if not set(item.types) <= KNOWN)
    assert out.count({"zh": "\n    可用：", "en": "\n    works:"}[lang]) == 22 - lacking
    assert out.count({"zh": "\n    不可用：", "en": "\n    does not work:"}[lang]) == lacking


def test_one_matter_as_json_and_an_unknown_one() -> None:
    code, out = run("14", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["number"], found["yields"][0]["type"]) == (14, "tax-paid-proof")
    assert found["yields"][0]["confirmed"] is False
    assert isinstance(CliRunner().invoke(cli, ["matters", "23"]).exception, UsageError)
    with pytest.raises(UsageError):
        matters.get(0)
