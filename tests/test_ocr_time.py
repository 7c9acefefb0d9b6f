"""Reading ends in time, and looks for coloured ink only where there is some."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from elicense import profiles
from elicense.errors import LimitError
from elicense.limits import Limits
from elicense.ocr import engine
from elicense.ocr.edits import beginnings, edits
from elicense.ocr.read import read_printed
from elicense.ocr.upright import left_out
from test_ocr_read import needs_ocr, page, signed, square

np = pytest.importorskip("numpy", reason="the extra elicense[ocr] is not installed")


def _read(**how: Any) -> object:
    licence = signed("guangdong-smc.pdf")
    return read_printed(
        page("guangdong-smc.pdf"), licence, profiles.get(licence.type), page=1,
        qr_corners=square(127, 1338, 170), **how,
    )  # fmt: skip


@needs_ocr
def test_a_deadline_that_is_past_lets_nothing_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine._engine(engine.os.getpid(), 1)
    monkeypatch.setattr(type(made), "detect_and_crop", lambda *_: pytest.fail("it was looked at"))
    with pytest.raises(LimitError, match=r"ocr\.time"):
        _read(deadline=time.monotonic() - 1)


@needs_ocr
def test_a_deadline_within_a_reading_ends_it_between_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, end = engine._engine(engine.os.getpid(), 1), time.monotonic() + 3600
    seen: list[int] = []
    real = type(made).recognize_txt

    def counted(self: Any, pictures: list[Any]) -> Any:
        seen.append(len(pictures))
        if len(seen) == 2:
            monkeypatch.setattr(engine.time, "monotonic", lambda: end + 1)
        return real(self, pictures)

    monkeypatch.setattr(type(made), "recognize_txt", counted)
    with pytest.raises(LimitError, match=r"ocr\.time"):
        _read(deadline=end)
    assert seen == [engine._AT_A_TIME] * 2  # of some fifty lines


@needs_ocr
def test_without_a_deadline_the_limit_of_a_scan_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 2.0)  # each look at it takes two seconds
    monkeypatch.setattr(engine.time, "monotonic", lambda: next(clock))
    with pytest.raises(LimitError, match=r"ocr\.time"):
        _read(limits=Limits(scan_seconds=5))


@needs_ocr
def test_lines_read_a_few_at_a_time_are_those_of_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = page("guangdong-smc.pdf")[200:520]
    whole = engine.lines(part)
    monkeypatch.setattr(engine, "_AT_A_TIME", 2)
    assert engine.lines(part) == whole and len(whole) > 4


@needs_ocr
def test_a_grey_picture_reads_as_the_same_in_colour() -> None:
    part = page("guangdong-smc.pdf")[200:520, :, 0]
    assert engine.lines(part) == engine.lines(np.repeat(part[:, :, None], 3, axis=2))


def _paper(colour: tuple[int, int, int] = (245, 245, 245)) -> Any:
    return np.full((1754, 1240, 3), colour, np.uint8)


def _covers(boxes: list[tuple[int, int, int, int]], x: int, y: int) -> bool:
    return any(a <= x < c and b <= y < d for a, b, c, d in boxes)


def test_paper_and_black_ink_leave_nothing_out() -> None:
    sheet = _paper()
    sheet[300:330, 200:900] = 20
    assert left_out(sheet) == []


@pytest.mark.parametrize(
    "ink", [(214, 40, 48), (255, 120, 0), (250, 230, 60), (255, 0, 200), (250, 150, 160)],
    ids=["red", "orange", "yellow", "magenta", "pale"],
)  # fmt: skip
def test_ink_that_the_red_channel_does_not_show_is_looked_for_where_it_is(
    ink: tuple[int, int, int],
) -> None:
    sheet = _paper()
    sheet[400:403, 300:420] = ink  # a thin stroke
    boxes = left_out(sheet)
    assert len(boxes) == 1 and _covers(boxes, 300, 400) and _covers(boxes, 419, 402)
    left, top, right, bottom = boxes[0]
    assert (right - left) * (bottom - top) < 0.02 * sheet.size / 3
    assert left <= 270 and top <= 370  # whole letters around it


def test_a_lamp_s_tint_is_no_ink() -> None:
    assert left_out(_paper((245, 225, 180))) == []


def test_ink_all_over_is_one_part() -> None:
    sheet = _paper()
    sheet[::60, ::60] = (214, 40, 48)
    sheet[100:1600:50, 100:1100] = (214, 40, 48)
    assert left_out(sheet) == [(0, 0, 1240, 1754)]


@pytest.mark.parametrize(("wanted", "read"), [("公司名称", "公可名称中国"), ("", "ab"), ("ab", "")])
def test_edits_of_every_beginning(wanted: str, read: str) -> None:
    expected = tuple(len(edits(wanted, read[:end])) for end in range(len(read) + 1))
    assert beginnings(wanted, read) == expected
