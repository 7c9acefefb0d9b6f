"""Codes as printed: their size over many licences, and read back by two readers."""

from __future__ import annotations

import io
import random
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from elicense import licence as lic
from elicense import profiles
from elicense.errors import UsageError
from elicense.issuing import qr_picture
from elicense.qr import payload
from licence_samples import sample

DOC = Path(__file__).parent.parent / "docs" / "qr-payload.md"
MANY = 200
ROWS = [("msa-doc", 0), ("msa-doc", 4), ("msa-doc-interim", 0), ("msa-smc", 0), ("msa-smc", 1),
        ("msa-smc-interim", 0)]  # fmt: skip


def texts(type: str, endorsed: int) -> list[str]:
    """Payloads with random signatures: their bytes are as hard to pack as real ones."""
    rng = random.Random(type)
    found = []
    for seed in range(MANY):
        licence = sample(seed, type, endorsed=endorsed)
        found.append(
            payload.encode(
                licence, data_digest=lic.data_digest(lic.dump(licence)), algorithm="sm2",
                sign=lambda _: rng.randbytes(64), kid=rng.randbytes(4),
            )
        )
    return found


def version(text: str) -> int:
    """The smallest version at M, from the standard's capacities in alphanumeric mode."""
    capacities = {10: 311, 11: 366, 12: 419, 13: 483, 14: 528, 15: 600}
    return next(number for number, most in capacities.items() if len(text) <= most)


def published() -> dict[tuple[str, int], list[str]]:
    """The rows of the table of sizes, by licence type and number of endorsements."""
    names = {item.acronym: item.id for item in profiles.all()}
    rows = re.findall(r"^\| ([A-Za-z ]+) \| (\d) \| (.*) \|$", DOC.read_text("utf-8"), re.M)
    return {
        (names[name], int(count)): rest.split(" | ") for name, count, rest in rows if name in names
    }


@pytest.mark.parametrize(("type", "endorsed"), ROWS)
def test_sizes_and_versions_are_what_the_manual_says(type: str, endorsed: int) -> None:
    found = texts(type, endorsed)
    sizes = sorted(payload.decode(text).size for text in found)
    mean, p95, largest, versions = published()[type, endorsed]
    assert sum(sizes) / MANY == pytest.approx(int(mean), abs=1)
    assert sizes[MANY * 95 // 100 - 1] == pytest.approx(int(p95), abs=1)
    assert sizes[-1] == pytest.approx(int(largest), abs=1)
    told = {int(number) for number in re.findall(r"\b1\d\b(?! of)", versions)}
    assert {version(text) for text in found} <= told


def test_a_typical_doc_stays_within_280_bytes_and_version_12() -> None:
    found = texts("msa-doc", 0)
    assert max(payload.decode(text).size for text in found) <= 280
    assert max(map(version, found)) <= 12


@pytest.mark.parametrize(("type", "endorsed"), [("msa-doc", 0), ("msa-doc", 4), ("msa-smc", 1)])
def test_the_version_drawn_is_the_version_computed(type: str, endorsed: int) -> None:
    for text in texts(type, endorsed)[::20]:
        assert qr_picture.version(qr_picture.matrix(text)) == version(text)


def pictures(type: str) -> list[tuple[str, Image.Image]]:
    return [
        (text, Image.open(io.BytesIO(qr_picture.draw(text))).convert("L"))
        for text in texts(type, 1)[::5]
    ]


@pytest.mark.parametrize("type", ["msa-doc", "msa-smc"])
def test_zxing_reads_every_code_back(type: str) -> None:
    for text, picture in pictures(type):
        # of all symbologies it sees a bar code in one of 400 QR codes, whoever drew them
        (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        assert found.text == text
        assert found.ec_level == "M"


@pytest.mark.parametrize("type", ["msa-doc", "msa-smc"])
def test_zbar_reads_every_code_back(type: str) -> None:
    try:
        from pyzbar import pyzbar
    except ImportError as error:
        pytest.skip(f"zbar is not installed (apt-get install libzbar0): {error}")
    for text, picture in pictures(type):
        (found,) = pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])
        assert found.data.decode("ascii") == text


def test_a_code_reads_back_at_its_smallest_size_and_200_dpi() -> None:
    """Version 12 is then 25 mm wide without its quiet zone: 0.38 mm a module, 3 pixels."""
    for text in texts("msa-doc", 0)[:10]:
        modules = qr_picture.matrix(text)
        sharp = Image.open(io.BytesIO(qr_picture.png(modules))).convert("L")
        width = round(qr_picture.smallest(modules) / 25.4 * 200)
        picture = sharp.resize((width, width), Image.Resampling.BOX)
        (found,) = zxingcpp.read_barcodes(picture)
        assert found.text == text


def test_svg_and_png_show_the_same_modules() -> None:
    modules = qr_picture.matrix("EL1:" + "ABC123" * 40)
    drawn = [[False] * len(modules) for _ in modules]
    svg = qr_picture.svg(modules, width=32).decode("ascii")
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
        for step in range(int(run)):
            drawn[int(y)][int(x) + step] = True
    assert drawn == modules
    picture = Image.open(io.BytesIO(qr_picture.png(modules)))
    pixels = picture.width // len(modules)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            assert (picture.getpixel((x * pixels + 2, y * pixels + 2)) == 0) == dark


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_the_level_asked_for_is_the_level_drawn(level: str) -> None:
    picture = Image.open(io.BytesIO(qr_picture.png(qr_picture.matrix("EL1:ABC", level=level))))
    (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert found.ec_level == level


def test_a_version_past_the_limit_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        qr_picture.matrix("EL1:" + "A" * 400, most=10)
    assert caught.value.code == "qr.size"
    assert "version 12" in caught.value.detail


@pytest.mark.parametrize("level", qr_picture.LEVELS)
def test_both_drawers_say_the_same(level: str) -> None:
    text = "EL1:" + "ABC $%*+-./:0123456789" * 8
    drawn = [qr_picture._with_zxing(text, level), qr_picture._with_qrcode(text, level)]
    for modules in drawn:
        pixels = bytes(0 if dark else 255 for row in modules for dark in row)
        small = Image.frombytes("L", (len(modules), len(modules)), pixels)
        picture = small.resize((len(modules) * 4, len(modules) * 4), Image.Resampling.NEAREST)
        (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        assert found.text == text
        assert found.ec_level == level
    assert len({qr_picture.version(modules) for modules in drawn}) == 1
