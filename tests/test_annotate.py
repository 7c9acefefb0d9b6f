"""Pictures with codes, fields and seals boxed, and the same boxes in the HTML report."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from elicense.cli import cli
from elicense.evidence import PrintedField
from elicense.findings import Outcome
from elicense.render import annotate, html, sheet_marks
from judging import SAMPLES, judge
from scanning import SCANS, scan
from test_cli import TRUST

FLATBED = "tianjin-doc-flatbed.png"
BOX = (300.0, 400.0, 240.0, 30.0)  # x, y, width, height in pixels
RED, GREEN, BLUE = (204, 0, 20), (17, 119, 51), (31, 95, 168)


def read(outcome: str, box=BOX) -> PrintedField:
    return PrintedField("number", "样例TJDOC202600001", "样例TJDOC202600007", outcome, 0.97, 1, box)


def report_with(*fields: PrintedField, name: str = FLATBED):
    report = scan(name)
    return replace(report, evidence=replace(report.evidence, printed=fields))


def data(name: str) -> bytes:
    return SCANS.joinpath(name).read_bytes()


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def on(pixels: np.ndarray, colour: tuple[int, int, int], box) -> float:
    """The share of the upper edge of a box that has this colour."""
    x, y, width, _ = (round(value) for value in box)
    band = pixels[max(0, y - 4) : y + 5, x : x + width]
    return float((band == colour).all(axis=2).any(axis=0).mean())


def test_the_code_is_boxed_in_green_and_the_red_mark_in_blue() -> None:
    report = scan(FLATBED)
    (png,) = annotate.draw(report, data(FLATBED)).pictures
    pixels = picture(png)
    before = picture(data(FLATBED))
    assert pixels.shape == before.shape
    (x0, y0), (x1, _), *_ = report.evidence.qr[0].corners
    assert on(pixels, GREEN, (x0, y0, x1 - x0, 0)) > 0.9
    assert on(pixels, BLUE, report.evidence.seal_marks[0].box) > 0.9
    assert on(before, GREEN, (x0, y0, x1 - x0, 0)) == 0


@pytest.mark.parametrize(
    ("outcome", "colour"), [("match", GREEN), ("differs", RED), ("unreadable", (204, 119, 0))]
)
def test_a_field_is_boxed_by_what_was_read(outcome: str, colour) -> None:
    (png,) = annotate.draw(report_with(read(outcome)), data(FLATBED)).pictures
    assert on(picture(png), colour, BOX) > 0.9


def test_a_forged_code_is_boxed_in_red() -> None:
    report = scan("forged-code.png")
    (png,) = annotate.draw(report, data("forged-code.png")).pictures
    (x0, y0), (x1, _), *_ = report.evidence.qr[0].corners
    assert on(picture(png), RED, (x0, y0, x1 - x0, 0)) > 0.9


def test_a_field_that_was_not_found_has_no_box() -> None:
    report = report_with(read("unreadable", None))
    assert [m for m in sheet_marks.marks(report, "en") if m.kind == "field"] == []


def test_boxes_stand_on_the_upright_page_of_a_turned_photograph() -> None:
    name = "tianjin-doc-photo.jpg"
    (png,) = annotate.draw(scan(name), data(name)).pictures
    stored = Image.open(io.BytesIO(data(name)))
    assert picture(png).shape[:2] == (stored.width, stored.height)


def test_a_large_picture_is_reduced_and_its_boxes_with_it() -> None:
    large = Image.open(io.BytesIO(data(FLATBED))).convert("L").resize((2482, 3508))
    out = io.BytesIO()
    large.save(out, "PNG")
    report = judge(out.getvalue(), ocr=False)
    (png,) = annotate.draw(report, out.getvalue()).pictures
    pixels = picture(png)
    assert max(pixels.shape) == 2400
    scale = 2400 / 3508
    (x0, y0), (x1, _), *_ = report.evidence.qr[0].corners
    assert on(pixels, GREEN, (x0 * scale, y0 * scale, (x1 - x0) * scale, 0)) > 0.8


def test_a_sheet_without_anything_is_drawn_as_it_is() -> None:
    name = "no-code.png"
    (png,) = annotate.draw(scan(name), data(name)).pictures
    assert picture(png).shape == picture(data(name)).shape


@pytest.mark.parametrize("name", ["tianjin-doc.pdf", "tianjin-doc.ofd", "tampered-page.pdf"])
def test_a_sealed_file_has_its_seals_boxed(name: str) -> None:
    report = judge(SAMPLES / name)
    drawn = annotate.draw(report, SAMPLES.joinpath(name).read_bytes())
    assert drawn.pictures and drawn.problems == ()
    good = str(report.verdict) == "VALID"
    reds = [(picture(png) == (GREEN if good else RED)).all(axis=2).sum() for png in drawn.pictures]
    assert max(reds) > 200


def test_other_bytes_than_those_judged_are_not_drawn() -> None:
    report = scan(FLATBED)
    for given in (None, data("no-code.png")):
        drawn = annotate.draw(report, given, language="zh")
        assert drawn.pictures == () and drawn.problems


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_same_boxes_stand_in_the_html_report(language: str) -> None:
    report = report_with(read("differs"))
    page = html.render(report, data=data(FLATBED), language=language)
    assert "data:image/jpeg;base64," in page
    kinds = re.findall(r'class="mark-(qr|field|red) (\w+)"', page)
    assert sorted(kinds) == [("field", "FAIL"), ("qr", "PASS"), ("red", "SKIPPED")]
    assert "样例TJDOC202600007" in page and "<script" not in page
    words = {"zh": "签名数据", "en": "Signed data"}
    assert words[language] in page and 'class="compare"' in page


def test_hostile_text_in_a_field_stays_text() -> None:
    evil = '"><script>alert(1)</script>'
    field = replace(read("differs"), printed=evil)
    page = html.render(report_with(field), data=data(FLATBED), language="en")
    assert "<script" not in page and "&lt;script&gt;" in page


def test_marks_say_their_outcome_in_words() -> None:
    marks = sheet_marks.marks(report_with(read("differs")), "zh")
    assert [(m.kind, m.outcome) for m in marks] == [
        ("red", Outcome.SKIPPED), ("field", Outcome.FAIL), ("qr", Outcome.PASS),
    ]  # fmt: skip
    assert "样例TJDOC202600001" in marks[1].detail and marks[1].label == "编号"


# -- the command -----------------------------------------------------------------------


def command(*arguments: str):
    told = ["verify", *TRUST, "--at", "2026-11-01", "--no-ocr", "-q", "--lang", "en", *arguments]
    return CliRunner().invoke(cli, told)


def test_one_picture_goes_to_the_name_given_and_several_to_a_folder(tmp_path: Path) -> None:
    one = tmp_path / "out.png"
    assert command(str(SCANS / FLATBED), "--annotate", str(one)).exit_code == 3
    assert picture(one.read_bytes()).any()
    folder = f"{tmp_path / 'many'}/"
    names = (FLATBED, "no-code.png", "guangdong-smc-scan.pdf")
    command(*(str(SCANS / name) for name in names), "--annotate", folder)
    assert {path.name for path in Path(folder).iterdir()} == {f"{name}.png" for name in names}


def test_a_page_each_where_several_have_something_on_them(tmp_path: Path) -> None:
    two = Image.open(SCANS / FLATBED).convert("L")
    source = tmp_path / "two.tif"
    two.save(source, save_all=True, append_images=[two])
    command(str(source), "--annotate", str(tmp_path / "out.png"))
    assert {p.name for p in tmp_path.glob("*.png")} == {"out.png", "out-2.png"}


def test_what_cannot_be_named_or_read_is_said(tmp_path: Path) -> None:
    assert command(str(SCANS / FLATBED), "--annotate", str(tmp_path / "a.pdf")).exit_code == 2
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0")
    done = command(str(bad), "--annotate", str(tmp_path / "a.png"))
    assert done.exit_code == 4 and "nothing is drawn" in done.stderr
