"""What happens to a sheet on its way into a file. Lengths in mm, pictures as 8-bit arrays."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

MM = 25.4
Rng = np.random.Generator


def resized(picture: Any, width: int, height: int) -> Any:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def blurred(picture: Any, sigma: float, dpi: float) -> Any:
    pixels = sigma * dpi / MM
    return picture if pixels < 0.3 else cv2.GaussianBlur(picture, (0, 0), pixels)


def printed(picture: Any, rng: Rng) -> Any:
    """Ink is not black and paper not white, and toner is uneven along edges."""
    ink, paper = rng.uniform(15, 45), rng.uniform(238, 252)
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8)
    table = np.clip(ink + (paper - ink) * np.arange(256) / 255, 0, 255).astype(np.uint8)
    return cv2.LUT(soft, table)


def sealed(picture: Any, seal: Any, box: tuple[float, float, float], dpi: float, rng: Rng) -> Any:
    """The seal's ink multiplied over the code: its centre within 12 mm of the code's."""
    left, top, width = box
    side = round(40 / MM * dpi)
    turned = cv2.warpAffine(
        seal, cv2.getRotationMatrix2D((seal.shape[1] / 2,) * 2, rng.uniform(-15, 15), 1),
        (seal.shape[1],) * 2,
    )  # fmt: skip
    stamp = resized(turned, side, side)
    x = round((left + width / 2 + rng.uniform(-12, 12)) / MM * dpi - side / 2)
    y = round((top + width / 2 + rng.uniform(-12, 12)) / MM * dpi - side / 2)
    x, y = max(x, 0), min(y, picture.shape[0] - side)
    ink = np.array([214, 40, 48], np.float32) / 255
    opacity = (stamp[:, :, 3:].astype(np.float32) / 255) * rng.uniform(0.75, 1.0)
    part = picture[y : y + side, x : x + side].astype(np.float32)
    picture = picture.copy()
    picture[y : y + side, x : x + side] = part * (1 - opacity * (1 - ink))
    return picture


def creased(picture: Any, box: tuple[float, float, float], count: int, dpi: float, rng: Rng) -> Any:
    """Folds: toner flakes off along a line, light falls off on one side. One meets the code."""
    height, width = picture.shape[:2]
    down, across = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
    light = np.ones(down.shape, np.float32)
    lost = np.zeros((height, width), np.float32)
    for number in range(count):
        angle = rng.choice([0.0, math.pi / 2]) + rng.uniform(-0.15, 0.15)
        at = rng.uniform(0.15, 0.85, 2) * (width, height)
        if number == 0:
            at = (np.array(box[:2]) + box[2] * rng.uniform(0.2, 0.8, 2)) / MM * dpi
        step = np.array([math.cos(angle), math.sin(angle)])
        distance = (across - at[0]) * step[1] - (down - at[1]) * step[0]
        fade = rng.uniform(3, 8) / MM * dpi
        light *= 1 - rng.uniform(0.1, 0.3) * np.exp(-np.abs(distance) / fade) * (distance > 0)
        reach = math.hypot(height, width)
        ends = [tuple((at + sign * reach * step).round().astype(int).tolist()) for sign in (-1, 1)]
        cv2.line(lost, ends[0], ends[1], 1.0, max(1, round(rng.uniform(0.2, 0.5) / MM * dpi)))
    grain = cv2.resize(rng.random((height // 6, width // 6), np.float32), (width, height))
    lost = cv2.GaussianBlur(lost, (0, 0), 0.05 / MM * dpi + 0.3) * np.clip(grain * 1.8 - 0.3, 0, 1)
    return mixed(lit(picture, light), lost, 245)


def mixed(picture: Any, part: Any, level: float) -> Any:
    """``level`` laid over the picture, ``part`` (0 to 1) of it at each pixel."""
    shape = part if picture.ndim == 2 else part[:, :, None]
    return (picture * (1 - shape) + level * shape).astype(np.uint8)


def lit(picture: Any, light: Any) -> Any:
    """The picture under ``light``, a coarse field of factors."""
    field = cv2.resize(light, picture.shape[1::-1])
    shape = field if picture.ndim == 2 else field[:, :, None]
    return np.clip(picture * shape, 0, 255).astype(np.uint8)


def shaded(picture: Any, depth: float, rng: Rng) -> Any:
    """Light that falls off across the picture, with a darker blot somewhere."""
    down, across = np.mgrid[0:1:64j, 0:1:64j].astype(np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    ramp = (across - 0.5) * math.cos(angle) + (down - 0.5) * math.sin(angle)
    ramp = (ramp - ramp.min()) / (ramp.max() - ramp.min())
    x, y, size = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.1, 0.3)
    blot = np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * size * size))
    return lit(picture, 1 - depth * np.clip(0.75 * ramp + 0.4 * blot, 0, 1))


def photocopied(grey: Any, dpi: float, rng: Rng) -> Any:
    """A copier: optics, a steep curve, holes in the toner, specks on the paper, grown strokes."""
    soft = blurred(grey, rng.uniform(0.05, 0.08), dpi).astype(np.float32)
    threshold, slope = rng.uniform(120, 165), rng.uniform(14, 26)
    dark = 1 / (1 + np.exp((soft - threshold) / slope))
    cell = max(1, round(0.06 / MM * dpi))
    size = dark.shape[1] // cell + 1, dark.shape[0] // cell + 1
    grain = cv2.resize(rng.random(size[::-1], np.float32), dark.shape[1::-1])
    dark = np.where(grain < rng.uniform(0.03, 0.08), dark * 0.55, dark)
    dark = np.where(grain > 1 - rng.uniform(0.0008, 0.003), np.maximum(dark, 0.8), dark)
    ink, paper = rng.uniform(25, 55), rng.uniform(235, 250)
    return blurred((paper + (ink - paper) * dark).astype(np.uint8), 0.025, dpi)


def smeared(picture: Any, length: float, dpi: float, rng: Rng) -> Any:
    """An even smear along one direction."""
    pixels = length * dpi / MM
    if pixels < 0.5:
        return picture
    angle = rng.uniform(0, math.pi)
    fine = 8
    side = math.ceil(pixels) + 2 | 1
    kernel = np.zeros((side * fine, side * fine), np.float32)
    middle, half = side * fine / 2, pixels * fine / 2
    ends = [
        (round(middle + s * half * math.cos(angle)), round(middle + s * half * math.sin(angle)))
        for s in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0, fine)
    small = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.filter2D(picture, -1, small / small.sum())


def burnt_out(picture: Any, at: tuple[float, float], radius: float) -> Any:
    """A reflection: white inside ``radius`` (pixels), fading out at 2.4 times that."""
    height, width = picture.shape[:2]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(across - at[0], down - at[1]) / radius
    return mixed(picture, np.clip(1.7 - 0.7 * distance, 0, 1) ** 1.5, 255)


def noisy(picture: Any, sigma: float, rng: Rng) -> Any:
    """Gaussian noise, the same in every channel; one tile of it, shifted and repeated."""
    tile = rng.standard_normal((768, 768), np.float32) * sigma
    height, width = picture.shape[:2]
    field = np.tile(tile, (height // 768 + 1, width // 768 + 1))[:height, :width]
    shape = field if picture.ndim == 2 else field[:, :, None]
    return np.clip(picture + shape, 0, 255).astype(np.uint8)


def faxed(lines: Any, step: int, rng: Rng) -> Any:
    """Every ``step``-th line of a page of one bit; up to three in a hundred are lost, and the
    line before stands in for them."""
    sent = lines[::step].copy()
    for at in np.flatnonzero(rng.random(len(sent)) < rng.uniform(0, 0.03)).tolist():
        sent[at] = sent[max(at - 1, 0)]
    return sent


def faded(picture: Any, contrast: float, rng: Rng) -> Any:
    """Ink and paper moved together, to ``contrast`` of the range, anywhere in it."""
    low = rng.uniform(0, 1 - contrast) * 255
    table = np.clip(low + contrast * np.arange(256), 0, 255).astype(np.uint8)
    return cv2.LUT(picture, table)


def sharpened(picture: Any) -> Any:
    """What a phone does to its pictures."""
    return cv2.addWeighted(picture, 1.6, cv2.GaussianBlur(picture, (0, 0), 1.2), -0.6, 0)
