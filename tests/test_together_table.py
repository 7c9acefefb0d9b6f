"""DOC, SMC and ship: the decision table of what is said of them together."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest

from elicense.errors import UsageError
from elicense.findings import Finding, Outcome
from elicense.identifiers import format_identifier
from elicense.licence import Licence, Party, Validity
from elicense.maritime.pair import Joint, Part, compare
from elicense.maritime.ship import Ship, parse, plain
from elicense.verdict import Verdict

ROWS = tomllib.loads(Path(__file__).with_name("together_table.toml").read_text("utf-8"))["row"]
ISSUER = Party("天津海事局", code="12100000401359234A")
TERM = Validity(datetime.date(2026, 3, 1), datetime.date(2026, 3, 1), datetime.date(2031, 2, 28))


def identifier(serial: str, version: int) -> str:
    return format_identifier(
        type="11100000000019713D991", issuer="12100000401359234A", serial=serial, version=version
    )


IDENTIFIERS = {
    "own version 1": identifier("1", 1), "version 3": identifier("1", 3),
    "other": identifier("2", 1),
}  # fmt: skip


def types(listed: list[str]) -> tuple[dict[str, str], ...]:
    pairs = [text.partition(": ") for text in listed]
    return tuple(
        {"code": code, "limitation": text} if text else {"code": code} for code, _, text in pairs
    )


def part(said: Any, default: str) -> Part | None:
    if said is False:
        return None
    if said == "unreadable":
        return Part(Verdict.INDETERMINATE, None, "无法读取", "unreadable")
    type = said.get("type", default)
    company = type.startswith("msa-doc")
    fields: dict[str, Any] = {"regime": said.get("regime", "ISM")}
    given = {"company_number": said.get("company", "9999126")}
    if company:
        given["ship_types"] = types(said.get("types", ["bulk-carrier"]))
    else:
        given |= {
            "ship_type": said.get("ship", "bulk-carrier"), "imo_number": said.get("imo", "9990129"),
            "ship_name": said.get("ship_name", "渤海样例一号"),
            "ship_name_en": said.get("ship_name_en", "BOHAI SAMPLE 1"),
            "state": said.get("state", "CN"), "doc_number": said.get("names", ""),
            "doc_identifier": IDENTIFIERS.get(said.get("names_id", ""), ""),
        }  # fmt: skip
    fields |= {key: value for key, value in given.items() if value}
    number = said.get("number", "DOC-1" if company else "SMC-1")
    licence = Licence(
        type=type, identifier=IDENTIFIERS.get(said.get("names_id", "own version 1"), "x"),
        number=number, issuer=ISSUER,
        holder=Party(said.get("name", "渤海样例航运有限公司"), name_en=said.get("name_en", ""),
                     address=said.get("address", "天津市样例路1号")),
        validity=TERM, fields=fields,
    )  # fmt: skip
    return Part(Verdict(said.get("verdict", "VALID")), licence, "原因", "the reason",
                said.get("withdrawn", False))  # fmt: skip


def answers(row: dict[str, Any]) -> tuple[Joint, ...]:
    ship = parse(row["ship"]) if "ship" in row else None
    return compare(part(row.get("doc", {}), "msa-doc"), part(row.get("smc", {}), "msa-smc"), ship)


def _name(row: dict[str, Any]) -> str:
    return f"{row['par']}: {row.get('doc', '')} {row.get('smc', '')} {row.get('ship', '')}"


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_row(row: dict[str, Any]) -> None:
    told = {(j.code, str(j.outcome), j.reason) for j in answers(row)}
    for want in row["want"]:
        words = want.split()
        if words[0] == "no":
            assert all(code != words[1] for code, _, _ in told), told
        elif words[0] == "not":
            assert tuple(words[1:]) not in told
        else:
            assert tuple(words) in told, (want, told)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_every_answer_is_a_whole_sentence(row: dict[str, Any]) -> None:
    for joint in answers(row):
        made = Finding(joint.code, joint.outcome, joint.subject, joint.reason, joint.values)
        assert made.clause and made.category == "rules"
        for language in ("zh", "en"):
            said = made.message(language)
            assert said and "{" not in said and "—" not in said, (said, joint)
            family = Finding("ism.none", joint.outcome).message(language)
            assert said != family, "a sentence of its own"


def test_the_table_has_both_sides_of_each_rule() -> None:
    said = {tuple(w.split()[:2]) for row in ROWS for w in row["want"] if len(w.split()) == 3}
    for code in ("ism.13.3", "ism.14.4", "ism.doc-smc", "ism.company", "ism.ship"):
        assert {(code, "PASS"), (code, "FAIL"), (code, "UNKNOWN")} <= said
    assert ("ism.13.5.1", "FAIL") in said
    assert len(ROWS) >= 60


def test_a_domestic_ship_without_an_smc_is_no_fault() -> None:
    row = {"smc": False, "ship": "flag=中国,type=散货船"}
    assert Outcome.FAIL not in {joint.outcome for joint in answers(row)}


# -- what the inspector types


def test_particulars_in_any_order_and_width() -> None:
    wanted = Ship(imo="9375989", type="oil-tanker", flag="CN", name="JIN, YANG 8")
    assert parse("imo=9375989,type=oil-tanker,flag=CN,name=JIN, YANG 8") == wanted
    assert parse("name=JIN, YANG 8, flag=中国，type=油船, imo=ＩＭＯ ９３７５９８９") == wanted


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ship.text"), ("imo", "ship.text"), ("imo=", "ship.text"), ("hull=1", "ship.text"),
        ("imo=9375989,imo=9375989", "ship.text"), ("imo=937598", "ship.imo"),
        ("imo=93759891", "ship.imo"), ("imo=MMSI413", "ship.imo"), ("type=boat", "ship.type"),
        ("name=" + "A" * 201, "ship.text"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.code == code


def test_a_ship_made_by_hand_is_checked_too() -> None:
    with pytest.raises(UsageError):
        Ship(imo="12")
    with pytest.raises(UsageError):
        Ship(type="boat")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("渤海样例航运有限公司", "渤海样例航运 有限公司"),
        ("岭南（广州）海运", "岭南(广州)海运"),
        ("Bohai Shipping Co., Ltd.", "ＢＯＨＡＩ SHIPPING CO LTD"),
    ],
)
def test_names_are_compared_without_width_space_and_marks(first: str, second: str) -> None:
    assert plain(first) == plain(second)


def test_names_that_differ_stay_apart() -> None:
    assert plain("渤海样例航运有限公司") != plain("渤海样例航运公司")
