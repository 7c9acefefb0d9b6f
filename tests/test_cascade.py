"""Codes on bad scans: what each stage of the cascade is for, and what it says when none helps."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp

from elicense.errors import LimitError, UsageError
from elicense.limits import DEFAULT_LIMITS
from elicense.qr import cascade, encoded, sampler, zbar
from elicense.qr.cascade import Reading
from elicense.qr.kinds import PREFIX
from scan_pages import accept, code, disc, forged, page, smeared, text

TEXT = text()
OTHER = text("smc-sm2")
SHORT = PREFIX + "A7" * 30  # a code of version 3: too small for the sampler
HAS_ZBAR = zbar.available()[0]


def read(pixels: Any, accept: Callable[[str], bool] = accept, **options: Any) -> Reading:
    return cascade.read(pixels, page=1, place="page 1", accept=accept, **options)


def plainly(pixels: Any) -> list[str]:
    """What zxing reads by itself."""
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [found.text for found in zxingcpp.read_barcodes(pixels, formats=formats)]


def rgb(pixels: Any) -> Any:
    return np.ascontiguousarray(pixels[:, :, None].repeat(3, axis=2))


def sheet(said: str = TEXT, module: float = 4.0) -> Any:
    return page((code(said, module), 60, 300))


# -- each stage --------------------------------------------------------------------------


def test_a_clean_page_is_read_at_once() -> None:
    found = read(sheet())
    assert [item.text for item in found.codes] == [TEXT]
    assert (found.accepted, found.stage, found.unread) == (1, "page", ())


def test_a_large_page_is_read_at_half_its_size() -> None:
    large = np.full((2400, 1800), 245, np.uint8)
    large[500:1300, 500:1100] = sheet()
    found = read(large)
    assert found.stage == "half"
    (x, y), *_ = found.codes[0].corners
    assert (x, y) == pytest.approx((500 + 60 + 16, 500 + 300 + 16), abs=8)


def test_a_red_seal_over_the_code_needs_the_red_channel() -> None:
    pixels = disc(rgb(sheet()), 200, 450, 120, (214, 20, 30), 1.0)
    assert plainly(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)) == []
    assert read(pixels).stage == "red"


def test_a_grey_seal_over_the_code_is_sampled() -> None:
    grey = disc(rgb(sheet()), 200, 450, 120, (60, 60, 60), 1.0)[:, :, 0].copy()
    assert plainly(grey) == []
    assert read(grey).stage == "located"


def test_a_blurred_code_is_found_by_its_finders() -> None:
    blurred = cv2.GaussianBlur(sheet(), (0, 0), 3.0)
    assert plainly(blurred) == []
    assert read(blurred).stage == "finders"


def test_a_code_that_lost_a_corner_is_read_from_the_rest() -> None:
    burnt = sheet()
    cv2.circle(burnt, (90, 330), 80, 255, -1)
    assert plainly(burnt) == []
    found = read(burnt)
    assert (found.stage, found.accepted) == ("finders", 1)


def test_a_noisy_code_is_found_by_its_finders() -> None:
    noise = np.random.default_rng(1).normal(0, 60, (800, 600))
    noisy = np.clip(sheet() + noise, 0, 255).astype(np.uint8)
    assert plainly(noisy) == []
    assert read(noisy).stage == "finders"


def test_a_small_blurred_code_is_enlarged_and_sharpened() -> None:
    blurred = cv2.GaussianBlur(sheet(SHORT, 2.96), (0, 0), 1.64)
    assert plainly(blurred) == []
    assert read(blurred, accept=lambda found: found == SHORT).stage == "crop"


@pytest.mark.skipif(not HAS_ZBAR, reason="libzbar0 is not installed")
def test_a_small_code_under_a_grey_seal_is_read_by_zbar() -> None:
    sealed = disc(rgb(sheet(SHORT, 2.2)), 120, 360, 100, (55, 55, 55), 0.8)[:, :, 0].copy()
    assert plainly(sealed) == []
    assert read(sealed, accept=lambda found: found == SHORT).stage == "zbar"


def test_a_small_code_in_noise_is_read_on_the_doubled_page() -> None:
    noise = np.random.default_rng(8).normal(0, 62, (800, 600))
    noisy = np.clip(sheet(SHORT, 3.6) + noise, 0, 255).astype(np.uint8)
    assert plainly(noisy) == []
    assert read(noisy, accept=lambda found: found == SHORT).stage == "doubled"


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_and_smeared_page_is_read(turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(smeared(sheet(), 5), turns))
    assert read(turned).accepted == 1


@pytest.mark.parametrize("angle", [-30, 7, 17, 44])
def test_a_skewed_and_blurred_page_is_read(angle: int) -> None:
    matrix = cv2.getRotationMatrix2D((210, 450), angle, 0.9)
    skewed = cv2.warpAffine(sheet(), matrix, (600, 800), borderValue=245)
    assert read(cv2.GaussianBlur(skewed, (0, 0), 2.4)).accepted == 1


def test_a_code_light_on_dark_is_read() -> None:
    assert read(255 - sheet()).accepted == 1


def test_flat_pixels_of_a_fax_are_read() -> None:
    fax = cv2.resize(sheet(), (600, 400), interpolation=cv2.INTER_AREA)
    assert read(np.where(fax > 130, 255, 0).astype(np.uint8)).accepted == 1


# -- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize("blur", [0.0, 3.0], ids=["zxing", "sampler"])
def test_corners_are_pixels_of_the_page_clockwise_from_its_own_top_left(blur: float) -> None:
    drawn = sheet()
    side = code(TEXT, 4.0).shape[0] - 2 * 16  # without the quiet zone
    found = read(cv2.GaussianBlur(drawn, (0, 0), blur) if blur else drawn)
    left, top = 60 + 16, 300 + 16
    wanted = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    assert np.abs(np.array(found.codes[0].corners) - wanted).max() < 4  # a module


def test_two_codes_on_a_page_are_both_read() -> None:
    both = page((code(TEXT, 4), 20, 180), (code(OTHER, 3), 330, 500), width=620)
    found = read(both)
    assert {item.text for item in found.codes} == {TEXT, OTHER}
    assert found.accepted == 2


def test_a_second_code_that_is_hard_to_read_is_looked_for_too() -> None:
    both = page((code(TEXT, 4), 10, 150), (code(OTHER, 4), 320, 470), width=660)
    both = disc(rgb(both), 480, 620, 120, (60, 60, 60), 1.0)[:, :, 0].copy()
    assert plainly(both) == [TEXT]
    found = read(both)
    assert {item.text for item in found.codes} == {TEXT, OTHER}
    assert found.accepted == 2


def test_a_forged_payload_is_kept_and_not_accepted() -> None:
    found = read(page((code(forged(), 4), 60, 300)))
    assert [item.kind for item in found.codes] == ["el1"]
    assert (found.accepted, found.stage) == (0, "")


def test_a_forged_code_beside_a_good_one_is_reported_after_it() -> None:
    found = read(page((code(TEXT, 4), 10, 150), (code(forged(), 4), 320, 470), width=660))
    assert [item.text for item in found.codes] == [TEXT, forged()]
    assert found.accepted == 1


def test_a_forged_code_on_a_bad_scan_is_a_forgery_and_not_no_code() -> None:
    blurred = cv2.GaussianBlur(page((code(forged(), 4), 60, 300)), (0, 0), 2.6)
    assert plainly(blurred) == []
    assert [item.text for item in read(blurred).codes] == [forged()]


@pytest.mark.parametrize("radius", [80, 100])
def test_a_misreading_does_not_pass_for_a_forgery(radius: int) -> None:
    """Of a code burnt out so far that mending guesses, nothing but the truth is told."""
    for x, y in ((210, 450), (150, 380), (260, 500)):
        burnt = cv2.GaussianBlur(sheet(), (0, 0), 1.5)
        cv2.circle(burnt, (x, y), radius, 255, -1)
        assert {item.text for item in read(burnt, accept=lambda _: False).codes} <= {TEXT}


def test_foreign_codes_are_kept_and_never_asked_about() -> None:
    asked: list[str] = []
    url = "https://msa.gov.cn/1"
    found = read(page((code(url, 4), 60, 300)), accept=lambda said: bool(asked.append(said)))
    assert [(item.text, item.kind) for item in found.codes] == [(url, "url")]
    assert (found.accepted, asked) == (0, [])


def test_many_foreign_codes_hide_no_good_one() -> None:
    foreign = [(code(f"{n:04}", 2), 10 + 70 * (n % 8), 190 + 70 * (n // 8)) for n in range(24)]
    found = read(page((code(TEXT, 4), 60, 460), *foreign))
    assert found.codes[0].text == TEXT
    assert len(found.codes) >= DEFAULT_LIMITS.qr_codes


def test_each_text_is_asked_about_once() -> None:
    asked: list[str] = []

    def never(said: str) -> bool:
        asked.append(said)
        return False

    read(sheet(), accept=never)
    assert asked == [TEXT]


def test_a_code_too_damaged_to_read_is_not_no_code() -> None:
    burnt = sheet()
    cv2.circle(burnt, (210, 450), 100, 255, -1)
    found = read(burnt)
    assert (found.codes, len(found.unread)) == ((), 1)
    across = [x for x, _y in found.unread[0]]
    assert min(across) == pytest.approx(76, abs=12)


def test_a_page_without_a_code_has_none() -> None:
    assert read(page()) == Reading((), 0, "", (), cascade.limitations())


# -- limits ---------------------------------------------------------------------------------


def test_a_used_up_budget_is_said_and_is_not_no_code() -> None:
    found = read(sheet(), deadline=time.monotonic() - 1)
    assert found.codes == ()
    assert cascade.TIME_BUDGET in found.notes


def test_a_budget_that_ends_midway_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 2.0])
    monkeypatch.setattr(cascade.time, "monotonic", lambda: next(clock))
    found = read(page((code("https://msa.gov.cn/1", 4), 60, 300)), deadline=1.0)
    assert len(found.codes) == 1
    assert found.notes[-1] == cascade.TIME_BUDGET


def test_enough_time_leaves_no_note() -> None:
    found = read(sheet(), deadline=time.monotonic() + 60)
    assert found.notes == cascade.limitations()


@pytest.fixture
def without_zbar(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    real = builtins.__import__

    def broken(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyzbar"):
            raise ImportError("Unable to find zbar shared library")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", broken)
    zbar._library.cache_clear()
    yield
    monkeypatch.undo()
    zbar._library.cache_clear()


def test_without_libzbar_the_rest_works_and_the_limitation_has_a_name(without_zbar: None) -> None:
    assert zbar.available() == (False, "Unable to find zbar shared library")
    assert cascade.limitations() == ("zbar-missing",)
    found = read(sheet())
    assert (found.accepted, found.notes) == (1, ("zbar-missing",))
    assert read(page()).notes == ("zbar-missing",)


def test_more_pixels_than_allowed_are_refused() -> None:
    limits = replace(DEFAULT_LIMITS, image_pixels=1000)
    with pytest.raises(LimitError) as caught:
        read(sheet(), limits=limits)
    assert caught.value.code == "image.pixels"


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 3), (1, 1, 3), (7, 900, 3)])
def test_odd_pictures_have_no_code(shape: tuple[int, ...]) -> None:
    for level in (0, 255):
        assert read(np.full(shape, level, np.uint8)).codes == ()


@pytest.mark.parametrize("seed", range(3))
def test_noise_has_no_code(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (300, 400, 3), np.uint8)
    assert read(noise).codes == ()


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint16), np.zeros((4, 4), float), np.zeros((4, 4, 4), np.uint8),
     np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8), [[0]]],
    ids=["16-bit", "float", "four-channels", "flat", "empty", "list"],
)  # fmt: skip
def test_arrays_of_another_kind_are_misuse(pixels: Any) -> None:
    with pytest.raises(UsageError) as caught:
        read(pixels)
    assert caught.value.code == "qr.pixels"


def test_parts_of_arrays_are_read_as_they_are() -> None:
    wide = np.full((800, 1200), 245, np.uint8)
    wide[:, ::2] = sheet()
    assert read(wide[:, ::2]).accepted == 1


@pytest.mark.parametrize("corners", [((0.0, 0.0),) * 4, ((1e9, 1e9), (-1e9, 0), (0, 1e9), (1, 1)),
                                     ((float("nan"), 0),) * 4, ((1, 1), (2, 2))])  # fmt: skip
def test_senseless_places_hold_nothing(corners: Any) -> None:
    assert sampler.read(sheet(), corners, accept) is None


# -- the generator of scans ----------------------------------------------------------------------


@pytest.mark.slow
def test_scans_of_our_own_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages of each of the 37 conditions; the whole is benchmarks/bench_scan.py."""
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    import scans
    from scans.sheets import accept as signed

    good: dict[str, list[bool]] = {}
    for condition, truth, data in scans.pages(seed=5, count=2):
        found = encoded.read(data, page=1, place="scan", accept=signed)
        accepted = [item.text for item in found.codes[: found.accepted]]
        assert accepted in ([truth], [])
        good.setdefault(condition, []).append(bool(accepted))
    hard = {"glare-large", "motion-0.7"}
    assert {name for name, read in good.items() if not all(read)} <= hard
    assert sum(map(sum, good.values())) >= 0.97 * sum(map(len, good.values()))


@pytest.mark.slow
def test_the_same_seed_makes_the_same_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    import scans

    some = scans.CONDITIONS[:3]
    one, other = (list(scans.pages(seed=9, conditions=some, count=1)) for _ in range(2))
    assert one == other
    assert one != list(scans.pages(seed=10, conditions=some, count=1))
