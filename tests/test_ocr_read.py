"""Reading real pages with the real reader: fields, turned pages, no network, no extra."""

from __future__ import annotations

import functools
import importlib.util
import io
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

import judging
from elicense import profiles
from elicense.errors import LimitError, UsageError
from elicense.evidence import PrintedField
from elicense.examine import examine
from elicense.licence import Licence
from elicense.limits import Limits
from elicense.ocr import engine
from elicense.ocr.crop import crop
from elicense.ocr.read import read_printed
from elicense.qr.payload import decode

np = pytest.importorskip("numpy", reason="the extra elicense[ocr] is not installed")
needs_ocr = pytest.mark.skipif(not engine.available().ok, reason=engine.available().reason)


@functools.cache
def signed(name: str) -> Licence:
    """What the QR code of a sample says."""
    return decode(next(code.text for code in examine(judging.sample(name)).qr)).licence


@functools.cache
def page(name: str, number: int = 0, dpi: int = 150) -> Any:
    import pypdfium2

    document = pypdfium2.PdfDocument(judging.sample(name))
    return np.asarray(document[number].render(scale=dpi / 72).to_pil().convert("RGB"))


def read(pixels: Any, licence: Licence, **how: Any) -> dict[str, PrintedField]:
    found = read_printed(pixels, licence, profiles.get(licence.type), page=1, **how)
    return {item.field: item for item in found}


def outcomes(found: dict[str, PrintedField]) -> dict[str, str]:
    return {path: item.outcome for path, item in found.items() if item.outcome != "match"}


def square(left: float, top: float, side: float) -> list[tuple[float, float]]:
    return [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]


@functools.cache
def smc() -> dict[str, PrintedField]:
    return read(page("guangdong-smc.pdf"), signed("guangdong-smc.pdf"),
                qr_corners=square(127, 1338, 170))  # fmt: skip


@needs_ocr
def test_every_deciding_field_of_an_smc_is_read_and_matches() -> None:
    licence = signed("guangdong-smc.pdf")
    wanted = [i.path for i, _ in profiles.get("msa-smc").values(licence) if i.deciding]
    assert list(smc()) == wanted
    assert outcomes(smc()) == {}
    shown = smc()["validity.valid_until"].printed
    assert shown.replace(" ", "") == "2031年02月28日28February2031"
    assert all(0.8 < item.confidence <= 1 for item in smc().values())


@needs_ocr
def test_boxes_are_where_the_page_has_the_values() -> None:
    mm = 150 / 25.4
    x, y, width, height = smc()["fields.ship_name"].box or (0, 0, 0, 0)
    assert x / mm == pytest.approx(77, abs=2)  # the page's values begin at 78 mm
    assert 120 < y / mm < 130 and 20 < width / mm < 26 and 3 < height / mm < 7
    _, y, _, _ = smc()["type"].box or (0, 0, 0, 0)
    assert y / mm < 46


@needs_ocr
@pytest.mark.slow
def test_each_field_signed_otherwise_is_a_difference_and_never_a_match() -> None:
    licence = signed("guangdong-smc.pdf")
    fields = {**licence.fields, "company_number": "9999450", "ship_name": "岭南样例珍珠",
              "ship_type": "gas-carrier", "imo_number": "9990443",
              "completion_date": "2026-03-02"}  # fmt: skip
    validity = replace(
        licence.validity,
        issued=licence.validity.issued.replace(year=2025),  # type: ignore[union-attr]
        valid_until=licence.validity.valid_until.replace(day=27),  # type: ignore[union-attr]
    )
    other = replace(
        licence, number="样例GDSMC202600003", fields=fields, validity=validity,
        holder=replace(licence.holder, name="岭南样例航运有限公司"),
    )  # fmt: skip
    found = read(page("guangdong-smc.pdf"), other, qr_corners=square(127, 1338, 170))
    changed = {item.field for item in found.values() if item.field != "type"}
    assert {path for path, item in found.items() if item.outcome == "differs"} == changed
    assert found["holder.name"].signed == "岭南样例航运有限公司"
    assert found["holder.name"].printed == "岭南样例海运有限公司"


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("told", [True, False])
def test_pages_that_stand_on_their_side_or_head(turns: int, told: bool) -> None:
    upright = page("tianjin-doc.pdf")
    height, width = upright.shape[:2]
    corners = square(127, 1338, 170)
    for _ in range(turns):  # np.rot90 turns anticlockwise
        corners, (height, width) = [(y, width - 1 - x) for x, y in corners], (width, height)
    turned = np.ascontiguousarray(np.rot90(upright, turns))
    assert turned.shape[:2] == (height, width)
    found = read(turned, signed("tianjin-doc.pdf"), qr_corners=corners if told else None)
    assert outcomes(found) == {}
    x, y, across, down = found["holder.name"].box or (0, 0, 0, 0)
    assert (across > down) == (turns == 2)
    assert 0 <= x < x + across <= width and 0 <= y < y + down <= height


@needs_ocr
@pytest.mark.slow
def test_a_small_page_in_a_large_dark_picture_askew() -> None:
    import cv2

    picture = np.full((4000, 3000, 3), 60, np.uint8)
    matrix = cv2.getRotationMatrix2D((620, 877), 6, 1.35)
    matrix[:, 2] += (900, 1100)
    cv2.warpAffine(page("tianjin-doc.pdf"), matrix, (3000, 4000), dst=picture,
                   borderMode=cv2.BORDER_TRANSPARENT)  # fmt: skip
    corners = [tuple(matrix @ [x, y, 1]) for x, y in square(127, 1338, 170)]
    assert outcomes(read(picture, signed("tianjin-doc.pdf"), qr_corners=corners)) == {}


@needs_ocr
@pytest.mark.slow
def test_endorsements_of_the_second_page() -> None:
    from elicense.render.page_pictures import draw

    data = judging.sample("tianjin-doc-endorsed.ofd")
    pages = draw(data, examine(data)).pictures
    licence = signed("tianjin-doc-endorsed.ofd")
    from PIL import Image

    seen = [
        read(np.asarray(Image.open(io.BytesIO(item.png)).convert("RGB").resize(
            (item.width * 3 // 2, item.height * 3 // 2))), licence)
        for item in pages
    ]  # fmt: skip
    assert outcomes(seen[0]) == {} and "endorsements.0.date" not in seen[0]
    found = {path: item for path, item in seen[1].items() if path.startswith("endorsements")}
    assert {path: item.printed for path, item in found.items()} == {
        "endorsements.0.date": "2025年06月12日", "endorsements.1.date": "2026年05月20日",
    }  # fmt: skip
    assert outcomes(found) == {}
    assert "differs" not in outcomes(seen[1]).values()


@needs_ocr
def test_nothing_is_fetched_and_nothing_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **how: object) -> NoReturn:
        raise AssertionError("a connection was opened")

    spec = importlib.util.find_spec("rapidocr")
    assert spec and spec.origin
    folder = Path(spec.origin).parent
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if "__pycache__" not in p.parts}
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    engine._engine.cache_clear()
    lines = engine.lines(page("guangdong-smc.pdf")[:420])
    assert "安全管理证书" in {line.text for line in lines}
    after = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if "__pycache__" not in p.parts}
    assert after == before


@needs_ocr
def test_the_same_picture_gives_the_same_lines() -> None:
    part = page("guangdong-smc.pdf")[200:360]
    assert engine.lines(part, threads=1) == engine.lines(part, threads=1)


@needs_ocr
def test_a_line_tells_where_each_character_stands() -> None:
    lines = engine.lines(page("guangdong-smc.pdf")[200:420])
    (line,) = [item for item in lines if "Certificate" in item.text]
    assert len(line.at) == len(line.certainty) == len(line.text)
    assert list(line.at) == sorted(line.at) and 0 <= line.at[0] < line.at[-1] <= 1
    x, y, width, height = line.box
    assert 110 < x < 140 and 400 < width < 460 and 115 < y < 140 and height < 50


@needs_ocr
@pytest.mark.parametrize("shape", [(1, 1, 3), (31, 2000, 3), (300, 300, 3), (64, 64), (3000, 40)])
def test_pictures_without_text_have_no_lines(shape: tuple[int, ...]) -> None:
    assert engine.lines(np.full(shape, 255, np.uint8)) == ()


@needs_ocr
def test_noise_and_hostile_shapes_give_an_answer() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    found = read(noise, signed("tianjin-doc.pdf"))
    assert set(outcomes(found).values()) == {"unreadable"} and len(outcomes(found)) == len(found)
    assert all(item.box is None or item.printed for item in found.values())


@needs_ocr
def test_what_is_no_picture_is_refused() -> None:
    for wrong in (np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9), np.float32), np.zeros(9, "u1")):
        with pytest.raises(UsageError, match=r"ocr\.pixels"):
            engine.find(wrong)
    with pytest.raises(LimitError, match=r"image\.pixels"):
        engine.find(np.zeros((300, 300), np.uint8), limits=Limits(image_pixels=1000))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "rapidocr" else real(name)
    )
    ok, reason = engine.available()
    assert not ok and "elicense[ocr]" in reason and "rapidocr" in reason
    engine._engine.cache_clear()
    with pytest.raises(UsageError, match="elicense\\[ocr\\]"):
        read(np.full((200, 200), 255, np.uint8), signed("tianjin-doc.pdf"))


@needs_ocr
def test_a_wheel_without_its_models_is_named_and_never_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(engine, "_model", lambda name: tmp_path / name)
    ok, reason = engine.available()
    assert not ok and "PP-OCRv6" in reason


@pytest.mark.parametrize("text", ["0", "x", "-1", "257", "1.5"])
def test_the_number_of_threads_is_checked(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(engine.THREADS, text)
    with pytest.raises(UsageError, match=engine.THREADS):
        engine._threads()


def test_a_crop_is_a_small_png_with_paper_around_it() -> None:
    from PIL import Image

    picture = Image.open(io.BytesIO(crop(page("guangdong-smc.pdf"), (455, 738, 147, 33))))
    assert picture.format == "PNG"
    assert picture.size == (147 + 2 * 17 - 1, 33 + 2 * 17 - 1) or picture.size[0] > 147
    large = Image.open(io.BytesIO(crop(page("guangdong-smc.pdf"), (0, 0, 1240, 1754))))
    assert large.size[0] <= 900 and large.size[1] <= 300


@pytest.mark.parametrize(
    "box", [(-50, 0, 10, 10), (5000, 0, 9, 9), (float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)]
)
def test_a_crop_outside_the_picture_is_refused(box: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"ocr\.box"):
        crop(np.zeros((100, 100), np.uint8), box)  # type: ignore[arg-type]


# -- a second value where nobody might look ----------------------------------------------


def with_another_holder(*, red: bool = False, wide: bool = False) -> Any:
    """Another company in the holder's place, with the Chinese label alone; the signed one, in
    small but with both its labels, below all else."""
    from PIL import Image

    own, other = (Image.fromarray(page(f"{x}.pdf")) for x in ("tianjin-doc", "shandong-doc-sm2cms"))
    row = (90, 512, 1150, 598)
    sheet = Image.new("RGB", (own.width, own.height + 150), "white")
    sheet.paste(own, (0, 0))
    sheet.paste(own.crop(row).resize((800, 65)), (110, own.height + 40))
    sheet.paste("white", row)
    name, company, address = (130, 532, 216, 561), (456, 528, 690, 562), (456, 648, 975, 676)
    at = 120
    for box in (name, company, address) if wide else (name, company):
        part = other.crop(box).convert("L").point(lambda v: 255 if v > 200 else v)
        part = part.resize((round(1.3 * part.width), 40))
        sheet.paste(part, (at, 530))
        at += part.width + 12
    pixels = np.array(sheet)
    if red:
        pixels[525:575, 100:1160, 0] = 255
    return pixels


@needs_ocr
@pytest.mark.parametrize("how", [{}, {"red": True}, {"wide": True}], ids=["black", "red", "wide"])
def test_a_company_that_is_not_the_signed_one_is_seen_however_it_is_printed(
    how: dict[str, bool],
) -> None:
    """The signed one elsewhere on the sheet, even better labelled, does not make it match."""
    found = read(with_another_holder(**how), signed("tianjin-doc.pdf"),
                 qr_corners=square(0, 0, 100))  # fmt: skip
    assert found["holder.name"].outcome == "differs"
    assert "齐鲁样例船务有限公司" in found["holder.name"].printed


@needs_ocr
def test_all_of_a_sheet_is_looked_at_and_it_still_matches() -> None:
    """What is read besides, running text and the seal's, shows no second value."""
    found = read(page("tianjin-doc.pdf"), signed("tianjin-doc.pdf"),
                 qr_corners=square(0, 0, 100))  # fmt: skip
    assert outcomes(found) == {}
