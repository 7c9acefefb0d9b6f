"""From sheets to the bytes of scans: nothing is stored, the same seed gives the same bytes."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from scans import effects
from scans.conditions import CONDITIONS, Condition
from scans.sheets import COUNT, DPI, QR_BOX, Sheet, backs, sheets

_FRAME = (3000, 4000)  # of a 12-megapixel phone held upright
_A4 = (210.0, 297.0)


class Page(NamedTuple):
    """One scan: ``truth`` is the QR's text, empty for a page without one."""

    condition: str
    truth: str
    data: bytes


def pages(
    seed: int, *, conditions: Sequence[Condition] = CONDITIONS, count: int = COUNT
) -> Iterator[Page]:
    """``count`` pages a condition, each from another sheet, sheet by sheet."""
    yield from _made(sheets(count), seed, conditions)


def blanks(
    seed: int, *, conditions: Sequence[Condition] = CONDITIONS, count: int = 2
) -> Iterator[Page]:
    """The same of pages without a QR code."""
    yield from _made(backs(count), seed + 1, conditions)


def _made(source: Iterator[Sheet], seed: int, conditions: Sequence[Condition]) -> Iterator[Page]:
    for number, sheet in enumerate(source):
        for condition in conditions:
            rng = np.random.default_rng([seed, number, zlib.crc32(condition.name.encode())])
            yield Page(condition.name, sheet.text, scan(sheet, condition, rng))


def scan(sheet: Sheet, how: Condition, rng: np.random.Generator) -> bytes:
    """The encoded file of one sheet scanned so."""
    dpi = 200 if how.fax[0] else int(rng.choice(how.dpi))
    work = 300 if how.fill[1] else min(DPI, 2 * dpi)
    size = [round(side / effects.MM * work) for side in _A4]
    picture = effects.printed(effects.resized(sheet.picture, size[0], size[1]), rng)
    picture = _handled(picture, sheet, how, work, rng)
    picture, spot = _placed(picture, how, work, rng)
    picture = _seen(picture, how, work, spot, rng)
    if not how.fill[1]:
        across, down = (204, 196) if how.fax[0] else (dpi, dpi)
        picture = effects.resized(
            picture, round(picture.shape[1] * across / work), round(picture.shape[0] * down / work)
        )
    picture = effects.faded(picture, rng.uniform(*how.contrast), rng)
    picture = effects.noisy(picture, rng.uniform(*how.noise), rng)
    if how.fill[1]:
        picture = effects.sharpened(picture)
    if how.longest:
        scale = how.longest / max(picture.shape[:2])
        picture = effects.resized(
            picture, round(picture.shape[1] * scale), round(picture.shape[0] * scale)
        )
    return _encoded(picture, how, dpi, rng)


def _handled(picture: Any, sheet: Sheet, how: Condition, dpi: int, rng: Any) -> Any:
    """What people do to the sheet: seals, folds, copies."""
    if how.seal:
        picture = effects.sealed(picture, sheet.seal, QR_BOX, dpi, rng)
    if how.creases:
        picture = effects.creased(picture, QR_BOX, how.creases, dpi, rng)
    if how.copies or how.grey:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    for _ in range(how.copies):
        picture = effects.photocopied(picture, dpi, rng)
    return picture


def _placed(picture: Any, how: Condition, dpi: int, rng: Any) -> tuple[Any, tuple[float, float]]:
    """The sheet as it lies in the frame, and a point of its code there (for the glare)."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    middle, frame, scale = corners.mean(axis=0), (width, height), 1.0
    if how.fill[1]:
        frame, scale = _FRAME, rng.uniform(*how.fill) * _FRAME[1] / height
    angle = np.radians(rng.uniform(-how.skew, how.skew))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (corners - middle) @ turn.T * scale
    moved += rng.uniform(-how.tilt, how.tilt, (4, 2)) * (width * scale)
    room = max(1.0, *(np.ptp(moved, axis=0) / frame)) if how.fill[1] else 1.0
    if not how.fill[1]:  # the lid is open: a scanner's picture grows with the sheet
        frame = tuple(np.ceil(np.maximum(np.ptp(moved, axis=0), frame)).astype(int).tolist())
    moved = moved / room + np.array(frame) / 2
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    ground = _ground(frame, how, picture.ndim, rng)
    cv2.warpPerspective(
        picture, matrix, frame, dst=ground, flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    at = (np.array(QR_BOX[:2]) + QR_BOX[2] * rng.uniform(0, 1, 2)) / effects.MM * dpi
    spot = cv2.perspectiveTransform(at.reshape(1, 1, 2), matrix).reshape(2)
    return ground, (float(spot[0]), float(spot[1]))


def _ground(frame: tuple[int, int], how: Condition, channels: int, rng: Any) -> Any:
    """A scanner's white lid, or the desk a sheet was photographed on: bands of wood."""
    shape = (frame[1], frame[0], 3)[: 3 if channels == 3 else 2]
    if not how.fill[1]:
        return np.full(shape, 245, np.uint8)
    wood = rng.normal(0, 1, (frame[1] // 8, 12)).astype(np.float32)
    bands = cv2.resize(wood, frame, interpolation=cv2.INTER_CUBIC) * 14
    colour = rng.uniform(40, 190) * np.array([1.0, 0.85, 0.7])
    return np.clip(colour + bands[:, :, None], 0, 255).astype(np.uint8)


def _seen(picture: Any, how: Condition, dpi: int, spot: tuple[float, float], rng: Any) -> Any:
    """Optics, movement, light; then quarter turns."""
    picture = effects.blurred(picture, rng.uniform(*how.optics), dpi)
    picture = effects.smeared(picture, rng.uniform(*how.motion), dpi, rng)
    picture = effects.shaded(picture, rng.uniform(*how.shade), rng)
    if how.glare[1]:
        radius = rng.uniform(*how.glare) / effects.MM * dpi
        picture = effects.burnt_out(picture, spot, radius)
    turns = int(rng.choice(how.turns))
    return np.ascontiguousarray(np.rot90(picture, turns))


def _encoded(picture: Any, how: Condition, dpi: int, rng: Any) -> bytes:
    target = io.BytesIO()
    if how.bits == 1:
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        low, high = np.percentile(grey, [1, 90])
        level = low + (high - low) * rng.uniform(0.4, 0.6)
        lines = np.where(grey > level, 255, 0).astype(np.uint8)
        if how.fax[0]:
            lines = effects.faxed(lines, 196 // how.fax[1], rng)
        bits = Image.fromarray(lines).convert("1")
        resolution = how.fax if how.fax[0] else (dpi, dpi)
        bits.save(target, "TIFF", compression="group4", dpi=resolution)
        return target.getvalue()
    quality = int(rng.integers(how.quality[0], how.quality[1] + 1))
    Image.fromarray(picture).save(target, "JPEG", quality=quality)
    return target.getvalue()
