"""Identifiers and codes: published examples, check digits, shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import identifiers as ids
from elicense.errors import Error, InputError, UsageError

ROOT = "1.2.156.3005.2."
GOOD = [
    "11100000000013338W011.11430000006122244L.20230000403.001.U",
    "11100000000013338W011.11430000006122244L.20230000403.002.S",
    "11100000000013338W009.11330105002500287C.2025052201.002.0",
    "11100000000013338W032.11220000013544541J.2430599.001.F",
    "11100000MB03271699022.340100.000000016.001.9",
    "11100000000019713D999.11100000000019713D.TEST20250001.001.Q",
]
DEPLOYED_WITH_WRONG_CHECK = (
    "11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"
)


@pytest.mark.parametrize("text", GOOD)
def test_published_identifiers_pass_and_come_back_unchanged(text: str) -> None:
    found = ids.parse_identifier(ROOT + text)
    assert found.check_ok
    assert found.text == str(found) == ROOT + text
    assert ids.parse_identifier(text) == found
    made = ids.format_identifier(
        type=found.type, issuer=found.issuer, serial=found.serial, version=found.version_number
    )
    assert made == ROOT + text


def test_a_wrong_check_character_is_reported_not_raised() -> None:
    found = ids.parse_identifier(ROOT + DEPLOYED_WITH_WRONG_CHECK)
    assert not found.check_ok
    assert (found.check, found.expected_check) == ("M", "D")


def test_an_identifier_is_taken_apart() -> None:
    found = ids.parse_identifier(ROOT + GOOD[1])
    assert found.definer == "11100000000013338W"
    assert (found.issuer, found.serial) == ("11430000006122244L", "20230000403")
    assert found.version_number == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ""),
        ("1.2.156.3005.2", "type"),
        (ROOT + GOOD[0] + ".1", ""),
        (ROOT + GOOD[0].lower(), "type"),
        (ROOT + GOOD[0].replace(".001.", ".01."), "version"),
        (ROOT + GOOD[0].replace("20230000403", "2023-403"), "serial"),
        (ROOT + GOOD[0].replace("20230000403", "２０２３"), "serial"),
        (ROOT + GOOD[0] + "\n", "check"),
        ("9" * 100_000, ""),
    ],
)
def test_other_texts_are_no_identifier(text: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        ids.parse_identifier(text)
    assert caught.value.code == "identifier.shape"
    assert caught.value.place == place


@given(st.text(alphabet="0123456789ABCXYZ.&é ", max_size=200))
def test_any_text_gives_an_identifier_or_an_input_error(text: str) -> None:
    try:
        assert ids.parse_identifier(text).text.endswith(text.removeprefix(ROOT))
    except InputError as error:
        assert error.code == "identifier.shape"


@given(
    st.from_regex(r"[0-9A-Z]{1,64}", fullmatch=True),
    st.integers(1, 999),
    st.integers(0, 70),
    st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)
def test_one_wrong_character_is_always_noticed(
    serial: str, version: int, at: int, other: str
) -> None:
    made = ids.format_identifier(
        type="11100000000019713D999", issuer="340100", serial=serial, version=version
    )
    body = made.removeprefix(ROOT)
    at %= len(body)
    changed = body[:at] + other + body[at + 1 :]
    if body[at] == "." or changed == body or (at == body.rindex(".") - 1 and not other.isdigit()):
        return
    try:
        assert not ids.parse_identifier(changed).check_ok
    except InputError:
        assert not other.isdigit()  # a letter where only digits may stand


@pytest.mark.parametrize(
    "wrong",
    [{"type": "X"}, {"issuer": "12345"}, {"serial": "a"}, {"version": 0}, {"version": 1000}],
)
def test_formatting_refuses_parts_of_a_wrong_shape(wrong: dict[str, object]) -> None:
    parts = {"type": "1" * 21, "issuer": "340100", "serial": "1", "version": 1} | wrong
    with pytest.raises(UsageError):
        ids.format_identifier(**parts)  # type: ignore[arg-type]


def test_check_characters_exist_only_for_digits_and_capitals() -> None:
    with pytest.raises(UsageError):
        ids.check_character("abc")


@pytest.mark.parametrize(
    ("check", "text", "verdict"),
    [
        (ids.check_uscc, "11100000000013338W", "ok"),
        (ids.check_uscc, "11430000006122244L", "ok"),
        (ids.check_uscc, "11100000MB03271699", "ok"),
        (ids.check_uscc, "11100000MB03271698", "check"),
        (ids.check_uscc, "11100000MB0327169I", "shape"),
        (ids.check_uscc, "1110000", "shape"),
        (ids.check_resident_id, "51343620000320711X", "ok"),
        (ids.check_resident_id, "513436200003207111", "check"),
        (ids.check_resident_id, "51343620000230711X", "date"),
        (ids.check_resident_id, "99343620000320711X", "area"),
        (ids.check_resident_id, "51343620000320711x", "shape"),
        (ids.check_imo_ship, "9375989", "ok"),
        (ids.check_imo_ship, "9346512", "ok"),
        (ids.check_imo_ship, "9255933", "ok"),
        (ids.check_imo_ship, "9255934", "check"),
        (ids.check_imo_ship, "٩٢٥٥٩٣٣", "shape"),
        (ids.check_imo_company, "5808451", "ok"),
        (ids.check_imo_company, "0152944", "ok"),
        (ids.check_imo_company, "0344771", "ok"),
        (ids.check_imo_company, "6342360", "ok"),
        (ids.check_imo_company, "6342361", "check"),
        (ids.check_imo_company, "152944", "shape"),
        (ids.check_ship_identification, "CN20101234561", "ok"),
        (ids.check_ship_identification, "CN18991234561", "date"),
        (ids.check_ship_identification, "CN2010123456", "shape"),
        (ids.check_mmsi, "413123456", "ok"),
        (ids.check_mmsi, "913123456", "shape"),
        (ids.check_area, "120000", "ok"),
        (ids.check_area, "990000", "area"),
        (ids.check_area, "12000", "shape"),
    ],
)
def test_codes_get_a_verdict(check, text: str, verdict: str) -> None:  # type: ignore[no-untyped-def]
    assert check(text) == verdict


@given(st.text(max_size=40))
def test_no_code_check_ever_raises(text: str) -> None:
    try:
        for check in (ids.check_uscc, ids.check_resident_id, ids.check_imo_ship, ids.check_area):
            assert check(text) in ("ok", "shape", "check", "date", "area")
    except Error as error:  # pragma: no cover
        pytest.fail(f"{error!r}")


def test_a_keel_is_not_laid_in_the_future() -> None:
    assert ids.check_ship_identification("CN20301234561", this_year=2026) == "date"


def test_areas_contain_their_counties_and_not_their_neighbours() -> None:
    assert ids.area_contains("120000", "120104")
    assert ids.area_contains("440300", "440305")
    assert ids.area_contains("120104", "120104")
    assert not ids.area_contains("120104", "120000")
    assert not ids.area_contains("120000", "130100")
    assert not ids.area_contains("000000", "120000")
    assert ids.normalise_area("120104000000") == "120104"
    assert ids.normalise_area("120104") == "120104"


def test_chinese_mmsi_are_recognised() -> None:
    assert ids.mmsi_is_chinese("413123456")
    assert not ids.mmsi_is_chinese("477123456")
