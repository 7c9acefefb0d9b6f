"""Pictures handed in as files: what is opened, what is refused, and what it may cost."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elicense.containers import image
from elicense.containers.sniff import image_format, sniff
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS

SMALL = replace(DEFAULT_LIMITS, image_pixels=10_000, image_total_pixels=15_000, image_pages=3)
TURNS = {1: 0, 6: 90, 3: 180, 8: 270}  # EXIF orientation → degrees clockwise to turn it upright


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Dark on the left, light on the right, a red corner where there is colour."""
    grey = Image.linear_gradient("L").rotate(90).resize(size)
    if mode in {"L", "1", "LA", "P", "CMYK", "RGBA"}:
        return grey.convert("RGB").convert(mode) if mode != "LA" else grey.convert("LA")
    if mode == "RGB":
        found = grey.convert("RGB")
        found.paste((255, 0, 0), (0, 0, 10, 10))
        return found
    return Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)


def encoded(source: Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    source.save(out, name, **options)
    return out.getvalue()


def opened(data: bytes, page: int = 1):
    evidence, scan = image.read(data, "0" * 64)
    assert evidence.container == "image" and evidence.sheet and evidence.pages == len(scan.sizes)
    return image.pixels(scan, page)


def fault(data: bytes, limits=DEFAULT_LIMITS) -> InputError:
    with pytest.raises(InputError) as caught:
        scan = image.open_scan(data, limits)
        image.pixels(scan, 1, limits)
    assert caught.value.place and caught.value.detail
    return caught.value


def png(width: int, height: int, *, body: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG by hand: its header may say anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data)
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(body)) + chunk(
        b"IEND", b""
    )


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_each_format_is_opened_by_its_first_bytes(name: str) -> None:
    data = encoded(picture(), name, **({"lossless": True} if name == "WEBP" else {}))
    assert sniff(data) == "image" and image_format(data) == name
    found = opened(data)
    assert found.shape == (30, 40, 3) and found.dtype == np.uint8
    assert found[2, 2, 0] > 200 and found[2, 2, 1] < 60


def test_heic_is_read_where_the_plug_in_is_and_named_where_not(monkeypatch) -> None:
    heif = pytest.importorskip("pillow_heif", reason="the plug-in for HEIC is not installed")
    out = io.BytesIO()
    heif.from_pillow(picture(size=(64, 48))).save(out, quality=95)
    assert image_format(out.getvalue()) == "HEIC"
    assert opened(out.getvalue()).shape == (48, 64, 3)
    monkeypatch.setattr(image, "heic_readable", lambda: False)
    found = fault(out.getvalue())
    assert found.code == "image.heic" and "pillow-heif" in found.detail


@pytest.mark.parametrize(
    ("mode", "name", "shape"),
    [
        ("1", "TIFF", (30, 40)), ("L", "PNG", (30, 40)), ("LA", "PNG", (30, 40)),
        ("P", "PNG", (30, 40, 3)), ("RGBA", "PNG", (30, 40, 3)), ("CMYK", "JPEG", (30, 40, 3)),
        ("CMYK", "TIFF", (30, 40, 3)), ("I;16", "PNG", (30, 40)), ("I;16", "TIFF", (30, 40)),
    ],
)  # fmt: skip
def test_every_mode_becomes_eight_bits(mode: str, name: str, shape: tuple[int, ...]) -> None:
    found = opened(encoded(picture(mode), name))
    assert found.shape == shape and found.dtype == np.uint8
    assert abs(int(found[15, 1].mean()) - int(found[15, 38].mean())) > 150


def test_fractions_and_nonsense_among_them() -> None:
    values = np.linspace(0, 1, 200, dtype=np.float32).reshape(10, 20)
    values[0, 0] = np.nan
    found = opened(encoded(Image.fromarray(values), "TIFF"))
    assert found.shape == (10, 20) and found[9, 19] == 255 and found[0, 0] == 0


def test_transparency_lies_on_white_paper() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert opened(encoded(clear, "PNG")).min() == 255


@pytest.mark.parametrize(("orientation", "degrees"), TURNS.items())
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_obeyed(name: str, orientation: int, degrees: int) -> None:
    upright = picture(size=(60, 30))
    stored = upright.rotate(degrees, expand=True)  # counter-clockwise: the camera was turned
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = opened(encoded(stored, name, exif=exif.tobytes()))
    assert found.shape[:2] == (30, 60)
    assert found[3, 3, 0] > 180 and found[3, 3, 1] < 90, "the red corner is not at the top left"


def test_exif_that_cannot_be_read_turns_nothing() -> None:
    data = encoded(picture(size=(60, 30)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert opened(data).shape[:2] == (30, 60)


def test_the_pages_of_a_tiff_are_separate() -> None:
    pages = [picture("L"), picture("RGB", (20, 50)), picture("L", (33, 44))]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    scan = image.open_scan(data)
    assert scan.sizes == ((40, 30), (20, 50), (33, 44))
    assert image.pixels(scan, 2).shape == (50, 20, 3)
    assert image.pixels(scan, 3).shape == (44, 33)


# -- hostile ---------------------------------------------------------------------------


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    found = fault(png(60_000, 60_000))
    assert isinstance(found, LimitError) and found.code == "image.pixels"
    assert "60000" in found.detail
    assert fault(encoded(picture(size=(200, 100)), "PNG"), SMALL).code == "image.pixels"


def test_the_pages_of_a_tiff_are_added_up_and_counted() -> None:
    page = picture("L", (90, 90))
    two = encoded(page, "TIFF", save_all=True, append_images=[page])
    assert fault(two, SMALL).code == "image.pixels"
    tiny = picture("L", (3, 3))
    many = encoded(tiny, "TIFF", save_all=True, append_images=[tiny] * 4)
    assert fault(many, SMALL).code == "image.pages"


def test_a_tiff_whose_pages_run_in_a_circle_ends() -> None:
    page = picture("L", (3, 3))
    data = bytearray(encoded(page, "TIFF", save_all=True, append_images=[page]))
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    second = struct.unpack_from("<I", data, first + 2 + 12 * count)[0]
    last = struct.unpack_from("<H", data, second)[0]
    struct.pack_into("<I", data, second + 2 + 12 * last, first)
    assert len(image.open_scan(bytes(data), SMALL).sizes) <= SMALL.image_pages + 1


def test_huge_tiles_of_a_small_tiff_are_refused() -> None:
    data = bytearray(encoded(picture("L", (16, 16)), "TIFF", compression="tiff_lzw"))
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    for index in range(count):
        place = first + 2 + 12 * index
        tag = struct.unpack_from("<H", data, place)[0]
        if tag == 278:  # rows per strip becomes the width of a tile, and the next its length
            struct.pack_into("<HHII", data, place, 322, 4, 1, 3_000_000)
    assert fault(bytes(data)).code in {"image.pixels", "image.unreadable"}


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_truncated_picture_is_an_error_never_half_a_page(name: str, part: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 200, 3), np.uint8))
    data = encoded(noise, name)
    found = fault(data[: int(len(data) * part)])
    assert found.code in {"image.truncated", "image.unreadable"}


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_a_head_alone_is_an_error(name: str) -> None:
    data = encoded(picture(), name)
    for length in (12, 20, 40):
        fault(data[:length])


def test_one_pixel_is_a_picture() -> None:
    assert opened(encoded(Image.new("L", (1, 1)), "PNG")).shape == (1, 1)


def test_no_pixel_is_none() -> None:
    fault(png(0, 0))


def test_an_animation_is_no_scan() -> None:
    frames = [picture("L"), picture("L").transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert fault(data).code == "image.animated"


def test_a_gif_is_named_and_refused() -> None:
    found = fault(encoded(picture("P"), "GIF"))
    assert found.code == "image.format" and "GIF" in found.detail


def test_one_format_is_not_opened_as_another() -> None:
    fault(b"\xff\xd8\xff" + encoded(picture(), "PNG")[3:])
    fault(b"BM" + b"nothing of the kind" * 4)


def test_compressed_text_in_a_png_is_bounded() -> None:
    bomb = zlib.compress(bytes(64 << 20))
    data = b"k\0\0" + bomb
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(
        ">I", zlib.crc32(b"zTXt" + data)
    )
    found = fault(png(4, 4, body=bytes(20), extra=chunk))
    assert found.code == "image.unreadable"


def test_damage_at_random_gives_an_error_or_a_picture() -> None:
    rng = np.random.default_rng(7)
    sources = [
        encoded(picture(size=(30, 20)), "PNG"), encoded(picture(size=(30, 20)), "JPEG"),
        encoded(picture("L"), "TIFF", save_all=True, append_images=[picture("L")]),
        encoded(picture("1"), "TIFF", compression="group4"), encoded(picture(), "BMP"),
        encoded(picture(), "WEBP"),
    ]  # fmt: skip
    for data in sources:
        for _ in range(150):
            damaged = bytearray(data)
            for _ in range(int(rng.integers(1, 6))):
                damaged[int(rng.integers(0, len(damaged)))] = int(rng.integers(0, 256))
            try:
                scan = image.open_scan(bytes(damaged), SMALL)
                found = image.pixels(scan, len(scan.sizes), SMALL)
            except InputError:
                continue
            assert found.dtype == np.uint8 and found.size <= 3 * SMALL.image_pixels


def test_a_bomb_costs_no_memory(tmp_path: Path) -> None:
    """In a process of its own: 60000 × 60000 refused, 16383 × 16383 of a WebP too."""
    (tmp_path / "a.png").write_bytes(png(60_000, 60_000))
    vp8x = struct.pack("<I", 0) + (16382).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", len(vp8x)) + vp8x
    (tmp_path / "b.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    code = (
        "import resource, sys\nfrom elicense.containers import image\n"
        "from elicense.errors import InputError\nfrom PIL import Image\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        image.open_scan(open(name, 'rb').read())\n"
        "    except InputError as e:\n        continue\n    raise SystemExit(name)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.png"), str(tmp_path / "b.webp")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert int(done.stdout) < 60_000, "kilobytes"
