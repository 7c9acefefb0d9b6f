"""Finding the place of each field among lines of text, without any picture."""

from __future__ import annotations

import math
import random

import pytest

from elicense import profiles
from elicense.ocr import locate, read, titles
from elicense.ocr.compare import DIFFERS, MATCH, UNREADABLE
from elicense.ocr.engine import Line
from elicense.ocr.names import label_names
from elicense.ocr.sheet_lines import Placed, level
from elicense.ocr.upright import Upright, angle_of, upright

SMC, DOC = profiles.get("msa-smc"), profiles.get("msa-doc")
HEIGHT = 30.0


def line(x: float, y: float, text: str, *, turn: float = 0.0, height: float = HEIGHT) -> Line:
    """A line whose top left is at x, y on a level page that is turned by ``turn`` degrees."""
    width = sum(height * (1.0 if ord(c) > 0x2E80 else 0.5) for c in text)
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    box = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    a, b, c, d = ((px * cos - py * sin, px * sin + py * cos) for px, py in box)
    at = tuple((i + 0.5) / len(text) for i in range(len(text)))
    return Line(text, (a, b, c, d), (0.99,) * len(text), at)


def place(lines: list[Line], key: str, profile: profiles.Profile = SMC) -> list[str]:
    """The texts of the best region of ``key``; empty where there is none."""
    placed = level(lines)
    found = locate.regions(key, placed, locate.labels(placed, label_names(profile)))
    return [reading.text for reading in found[0].readings] if found else []


FORM = [  # two languages, a row a field, as our own pages have it
    (120, 100, "公司名称"), (580, 100, "岭南样例海运有限公司"),
    (120, 135, "Name of the Company"), (580, 135, "Lingnan Sample Marine Co., Ltd."),
    (120, 200, "公司地址"), (580, 200, "广东省广州市南沙区样例大道8号"),
    (120, 235, "Address of the Company"), (580, 235, "No. 8 Yangli Avenue, Guangzhou"),
    (120, 300, "公司识别号"), (580, 317, "9999449"),
    (120, 335, "Company identification number"),
    (120, 400, "船名"), (580, 400, "岭南样例明珠"),
    (120, 435, "Name of ship"), (580, 435, "LINGNAN SAMPLE PEARL"),
    (120, 500, "IMO编号"), (580, 517, "9990442"), (120, 535, "IMO number"),
    (120, 600, "有效期至"), (580, 617, "2031年02月28日 28 February 2031"),
    (120, 635, "Valid until"),
]  # fmt: skip
WANTED = {
    "holder_name": ["岭南样例海运有限公司", "Lingnan Sample Marine Co., Ltd."],
    "company_number": ["9999449"],
    "ship_name": ["岭南样例明珠", "LINGNAN SAMPLE PEARL"],
    "imo_number": ["9990442"],
    "valid_until": ["2031年02月28日 28 February 2031"],
}


@pytest.mark.parametrize("key", sorted(WANTED))
@pytest.mark.parametrize("turn", [0.0, 1.5, -4.0, 9.0])
def test_values_stand_right_of_their_labels_on_level_and_turned_pages(
    key: str, turn: float
) -> None:
    lines = [line(x, y, text, turn=turn) for x, y, text in FORM]
    random.Random(7).shuffle(lines)
    assert place(lines, key) == WANTED[key]


@pytest.mark.parametrize("dropped", ["zh", "en"])
def test_one_language_of_a_label_is_enough(dropped: str) -> None:
    labels = {y: text for x, y, text in FORM if x == 120}
    first = {y for y in labels if y % 100 == 0}
    kept = [
        line(x, y, text) for x, y, text in FORM
        if x != 120 or ((y in first) == (dropped == "en"))
    ]  # fmt: skip
    assert place(kept, "imo_number") == ["9990442"]
    assert place(kept, "valid_until") == WANTED["valid_until"]
    assert place(kept, "holder_name")[0] == "岭南样例海运有限公司" or dropped == "zh"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("编号 Certificate No.  样例GDSMC202600002", "number", "样例GDSMC202600002"),
        ("签发日期：2026年03月01日", "issued", "2026年03月01日"),
        ("Date of issue: 1 March 2026", "issued", "1 March 2026"),
        ("船名：岭南样例明珠 IMO编号：9990442", "ship_name", "岭南样例明珠 "),
        ("船名：岭南样例明珠 IMO编号：9990442", "imo_number", "9990442"),
        ("编号 样例1 唯一跟踪号 UTN UTN-GD-2026-00002", "number", "样例1 "),
        ("本证书有效期至2031年02月28日", "valid_until", "2031年02月28日"),
        ("This certificate is valid until 28 February 2031", "valid_until", "28 February 2031"),
        ("公司名称岭南样例海运有限公司", "holder_name", "岭南样例海运有限公司"),
        ("公司识别号9999449", "company_number", "9999449"),
    ],
)
def test_a_value_in_the_line_of_its_label(text: str, key: str, value: str) -> None:
    assert place([line(100, 100, text)], key) == [value]


def test_a_value_in_its_label_s_line_is_boxed_alone() -> None:
    placed = level([line(100, 100, "签发日期：2026年03月01日")])
    (region,) = locate.regions("issued", placed, locate.labels(placed, label_names(SMC)))
    x, y, width, height = region.readings[0].box
    assert x == pytest.approx(100 + 360 * 5 / 16)
    assert (y, height) == (pytest.approx(100), pytest.approx(HEIGHT))
    assert x + width == pytest.approx(sum(placed[0].reading.box[0:3:2]))


def test_a_value_below_its_label() -> None:
    lines = [line(100, 100, "Name of ship"), line(100, 140, "OCEAN STAR"),
             line(600, 100, "IMO number"), line(600, 140, "9990442"),
             line(100, 200, "Port of registry"), line(100, 240, "GUANGZHOU")]  # fmt: skip
    assert place(lines, "ship_name") == ["OCEAN STAR"]
    assert place(lines, "imo_number") == ["9990442"]


def test_a_value_whose_box_runs_into_its_label_s() -> None:
    lines = [line(100, 100, "编号 Certificate No."), line(380, 99, "(2026)第07853号")]
    assert lines[0].box[0] + lines[0].box[2] > lines[1].box[0] + 0.5 * HEIGHT
    assert place(lines, "number") == ["(2026)第07853号"]


def test_two_columns_of_fields_keep_their_values_apart() -> None:
    lines = [line(100, 100, "船名"), line(250, 100, "海星"), line(600, 100, "IMO编号"),
             line(800, 100, "9990442")]  # fmt: skip
    assert place(lines, "ship_name") == ["海星"]
    assert place(lines, "imo_number") == ["9990442"]


def test_a_value_of_several_lines_grows_to_its_own_cell_only() -> None:
    lines = [line(120, 150, "船舶种类"), line(120, 185, "Type(s) of ship(s)"),
             *(line(450, 100 + 40 * i, text) for i, text in enumerate(
                 ("散货船 Bulk carrier", "油船 Oil tanker", "客船 Passenger ship", "其他货船"))),
             line(120, 20, "公司识别号"), line(450, 20, "9999449"),
             line(120, 310, "有效期至"), line(450, 310, "2031年02月28日")]  # fmt: skip
    assert place(lines, "ship_types", DOC) == [
        "散货船 Bulk carrier", "油船 Oil tanker", "客船 Passenger ship", "其他货船",
    ]  # fmt: skip
    assert place(lines, "company_number", DOC) == ["9999449"]
    assert place(lines, "valid_until", DOC) == ["2031年02月28日"]


@pytest.mark.parametrize("lost", ["", "Name of the", "公司名称"])
def test_a_label_torn_in_two_bounds_no_value_and_takes_no_other_field_s(lost: str) -> None:
    """A reader makes "Name of the" and "Company" of a label, or sees its last word alone."""
    torn = [(120, 135, "Name of the"), (290, 137, "Company"),
            (120, 235, "Address of the"), (330, 237, "Company")]  # fmt: skip
    whole = [item for item in FORM if not item[2].endswith(" of the Company")]
    lines = [line(x, y, text) for x, y, text in (*whole, *torn) if text != lost]
    chinese, english = WANTED["holder_name"]
    wanted = {"Name of the": [chinese]}.get(lost, [chinese, english])
    assert place(lines, "holder_name") == wanted
    for key in ("company_number", "ship_name"):
        assert place(lines, key) == WANTED[key]


def test_a_long_label_misread_in_a_letter_is_no_short_one() -> None:
    lines = [line(120, 335, "Company ldentification number"), line(580, 335, "9999449")]
    assert place(lines, "company_number") == ["9999449"]
    assert place(lines, "holder_name") == []


@pytest.mark.parametrize("label", ["有效斯至", "Valid untii", "VALID UNTIL", "有 效 期 至"])
def test_a_label_misread_in_a_letter_still_leads_to_its_value(label: str) -> None:
    lines = [line(120, 100, label), line(500, 100, "2031年02月28日")]
    assert place(lines, "valid_until") == ["2031年02月28日"]


@pytest.mark.parametrize(
    "text",
    [
        "No. 8 Yangli Avenue, Nansha District",  # an address, no number
        "公司名称适用于该船舶",  # not a label's row: taken for one, and its text for a value
        "IMOX",
        "GTX 100",
    ],
)
def test_what_only_begins_like_a_short_label_is_none(text: str) -> None:
    keys = {"number", "imo_number", "gross_tonnage"}
    found = locate.labels(level([line(100, 100, text)]), label_names(SMC))
    assert not any(label.keys & keys for label in found)


def test_running_text_that_ends_in_a_label_yields_to_the_row_with_both_labels() -> None:
    lines = [line(120, 20, "船舶种类 of the ships of the Company"), line(120, 70, "其他内容"),
             line(120, 150, "船舶种类"), line(120, 185, "Type of ship"),
             line(450, 167, "油船 Oil tanker")]  # fmt: skip
    assert place(lines, "ship_type") == ["油船 Oil tanker"]


def test_english_running_text_holds_no_labels() -> None:
    lines = [line(120, 20, "applicable to the types of ships listed below."),
             line(120, 150, "船舶种类"), line(450, 150, "油船 Oil tanker")]  # fmt: skip
    assert place(lines, "ship_types", DOC) == ["油船 Oil tanker"]


def test_the_end_of_a_sentence_is_no_label() -> None:
    lines = [line(120, 20, "船舶种类。"), line(120, 60, "广西北部湾港航有限责任公司")]
    assert place(lines, "ship_type") == []


def test_a_row_with_both_labels_and_no_value_is_not_made_up_for_from_elsewhere() -> None:
    lines = [line(120, 20, "船舶种类"), line(120, 60, "广西北部湾港航有限责任公司"),
             line(120, 250, "船舶种类"), line(120, 285, "Type of ship")]  # fmt: skip
    assert place(lines, "ship_type") == []


def test_the_longest_label_wins() -> None:
    lines = [line(100, 100, "符合证明编号"), line(450, 100, "样例GDDOC202600001"),
             line(100, 160, "编号"), line(450, 160, "样例GDSMC202600002")]  # fmt: skip
    assert place(lines, "number") == ["样例GDSMC202600002"]
    assert place(lines, "doc_number") == ["样例GDDOC202600001"]


def test_a_label_without_a_value_leads_nowhere() -> None:
    assert place([line(120, 100, "船名")], "ship_name") == []
    assert place([], "ship_name") == []


def test_rows_of_a_photograph_that_fan_out_are_brought_level() -> None:
    def fanned(x: float, y: float, text: str) -> Line:
        flat = line(x, y, text)
        a, b, c, d = ((px, py + px * (py - 350) * 1e-4) for px, py in flat.corners)
        return Line(text, (a, b, c, d), flat.certainty, flat.at)

    lines = [fanned(x, y, text) for x, y, text in FORM]
    for key, wanted in WANTED.items():
        assert place(lines, key) == wanted


def _page(*texts: tuple[float, str, float]) -> tuple[Placed, ...]:
    rows = [line(300, y, text, height=height) for y, text, height in texts]
    return level([line(300, 20, "中华人民共和国"), *rows, line(100, 900, "以验证结果为准")])


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([(100, "符合证明", 60), (170, "DOCUMENT OF COMPLIANCE", 25)], MATCH),
        ([(170, "Document of Compliance", 25)], MATCH),
        ([(100, "临时符合证明", 60)], DIFFERS),
        ([(100, "符合证明", 60), (170, "INTERIM DOCUMENT OF COMPLIANCE", 25)], DIFFERS),
        ([(100, "安全管理证书", 60)], DIFFERS),
        ([(100, "符合证书", 60)], DIFFERS),
        ([(100, "符合证明签注", 60)], UNREADABLE),  # the second page's heading
        ([(700, "符合证明", 30)], UNREADABLE),  # in the text below, no title
        ([(100, "公司名称", 60)], UNREADABLE),
        ([], UNREADABLE),
    ],
)
def test_titles(lines: list[tuple[float, str, float]], wanted: str) -> None:
    assert titles.compare_title(DOC, _page(*lines)).outcome == wanted


@pytest.mark.parametrize("angle", [0.0, 1.0, 90.0, 180.0, 270.0, 17.0, -33.0, 45.0])
@pytest.mark.parametrize("size", [(300, 200), (9000, 6000)])
def test_places_in_a_turned_picture_lead_back_to_the_one_given(
    angle: float, size: tuple[int, int]
) -> None:
    np = pytest.importorskip("numpy")
    height, width = size
    picture = np.full((height, width), 255, np.uint8)
    x, y, side = width // 2, height // 4, width // 20
    picture[y : y + side, x : x + side] = 0
    turned = upright(picture, angle)
    assert turned.pixels.size <= 2.1 * max(height * width, 1) and turned.pixels.size < 50_000_000
    rows, columns = np.nonzero(turned.pixels < 128)
    box = (columns.min(), rows.min(), np.ptp(columns), np.ptp(rows))
    left, top, across, down = turned.box(tuple(float(v) for v in box))
    assert left + across / 2 == pytest.approx(x + side / 2, abs=0.3 * side)
    assert top + down / 2 == pytest.approx(y + side / 2, abs=0.3 * side)
    if angle % 90 in {0.0, 1.0}:
        assert (across, down) == pytest.approx((side, side), abs=0.2 * side)


@pytest.mark.parametrize("turn", [0, 3, -20, 90, 135, 180, 270])
def test_the_corners_of_a_code_tell_how_the_page_is_turned(turn: float) -> None:
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    square = [(-50, -50), (50, -50), (50, 50), (-50, 50)]
    corners = [(500 + x * cos - y * sin, 700 + x * sin + y * cos) for x, y in square]
    angle = angle_of(corners)
    assert angle is not None
    assert (angle - turn + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "corners", [[], [(0, 0)] * 4, [(0, 0), (0, 100), (100, 100), (100, 0)], [(math.nan, 0)] * 4]
)
def test_corners_that_no_code_has_tell_nothing(corners: list[tuple[float, float]]) -> None:
    assert angle_of(corners) is None


@pytest.mark.parametrize(
    ("dates", "wanted"),
    [
        (("2031年02月28日", "2031年02月28日"), MATCH),
        (("2036年02月28日", "2031年02月28日"), DIFFERS),  # the forged one above
        (("2031年02月28日", "2036年02月28日"), DIFFERS),  # and below
        (("签字盖章", "2031年02月28日"), UNREADABLE),  # smudged, and written once more elsewhere
    ],
)
def test_a_field_printed_twice_must_match_in_both_places(
    dates: tuple[str, str], wanted: str
) -> None:
    placed = level([line(x, y + 300 * n, text) for n, date in enumerate(dates)
                    for x, y, text in ((120, 100, "有效期至"), (120, 140, "Valid until"),
                                       (580, 120, date))])  # fmt: skip
    view = read._View(Upright(None, None), placed, locate.labels(placed, label_names(SMC)))
    found = read._one(view, SMC, SMC.field("valid_until"), "2031-02-28")
    assert found.outcome == wanted
