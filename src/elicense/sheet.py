"""What a scan, photograph or print of a licence shows: codes, printed fields, red marks.

No seal can stand in a picture. What can be proven is what the signed QR code says, and
whether the sheet says the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from elicense import containers
from elicense.containers import image, red_marks, sheet
from elicense.errors import Error, InputError
from elicense.evidence import Evidence, Note, PrintedField, QrCode, SealMark
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.profiles import find
from elicense.qr import cascade
from elicense.qr.payload import Payload, decode

Accept = Callable[[str], bool]
Corners = tuple[tuple[float, float], ...]
NO_OCR, OCR_OFF, TIME, NO_CODE = "no-ocr", "ocr-off", "time-budget", "no-code"
SEE_THROUGH = "see-through"  # what the picture shows depends on what it is laid on


@dataclass(slots=True)
class _Found:
    """What has been read so far. ``front`` is the page with the first accepted code."""

    good: list[QrCode] = field(default_factory=list)
    bad: list[QrCode] = field(default_factory=list)
    foreign: list[QrCode] = field(default_factory=list)
    unread: list[tuple[int, Corners]] = field(default_factory=list)
    marks: list[SealMark] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    front: tuple[QrCode, Any] | None = None
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)


def look(
    data: bytes,
    evidence: Evidence,
    *,
    accept: Accept | None = None,
    ocr: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Evidence:
    """Evidence of a sheet with its codes, fields and marks; ``data`` are its bytes.

    ``accept`` says of a text that begins with ``EL1:`` whether it is good enough to stop
    looking (the default: it can be decoded); the accepted codes come first. Without ``ocr``
    no field is read. InputError or LimitError where a picture cannot be decoded.
    """
    deadline = time.monotonic() + limits.scan_seconds
    found = _Found()
    numbers = sheet.looked_at(evidence, limits)
    for number in numbers:
        if time.monotonic() > deadline:
            found.notes.append(Note(TIME, _pages(number, evidence.pages), "no time was left"))
            break
        _look_at(data, evidence, number, found, accept or readable, deadline, limits)
    if evidence.pages > len(numbers):
        place = _pages(len(numbers) + 1, evidence.pages)
        found.notes.append(Note("pages-not-read", place, f"{len(numbers)} pages are read at most"))
    for word in cascade.limitations():
        found.notes.append(Note(word, "QR codes", word))
    printed, problem = _printed(data, evidence, found, ocr, deadline, limits)
    codes = _distinct((*found.good, *found.bad, *found.foreign), limits)
    details = {**evidence.details, "sizes": dict(found.sizes), "unread": tuple(found.unread)}
    return replace(
        evidence, qr=codes, seal_marks=tuple(found.marks), printed=printed,
        printed_problem=problem, notes=(*evidence.notes, *dict.fromkeys(found.notes)),
        details=details,
    )  # fmt: skip


def readable(text: str) -> bool:
    """Can this text be decoded as a signed payload?"""
    try:
        decode(text)
    except InputError:
        return False
    return True


def _pages(first: int, last: int) -> str:
    return f"page {first}" if first == last else f"pages {first}-{last}"


def _look_at(
    data: bytes, evidence: Evidence, number: int, found: _Found, accept: Accept,
    deadline: float, limits: Limits,
) -> None:  # fmt: skip
    with containers.boundary(f"page {number}"):
        pixels = sheet.pixels(data, evidence, number, limits)
        found.sizes[number] = (pixels.shape[1], pixels.shape[0])
        found.marks += red_marks.find(pixels, page=number)
        reading = cascade.read(
            pixels, page=number, place=f"page {number}", accept=accept, limits=limits,
            deadline=deadline,
        )  # fmt: skip
    good = reading.codes[: reading.accepted]
    found.good += good
    found.bad += [c for c in reading.codes[reading.accepted :] if c.kind == "el1"]
    found.foreign += [c for c in reading.codes[reading.accepted :] if c.kind != "el1"]
    found.unread += [(number, corners) for corners in reading.unread]
    found.notes += [Note(word, f"page {number}", word) for word in reading.notes]
    if good and found.front is None:
        found.front = (good[0], pixels)


def _distinct(codes: tuple[QrCode, ...], limits: Limits) -> tuple[QrCode, ...]:
    """Each text once a page, in the order given."""
    kept = {(code.page, code.text): code for code in reversed(codes)}
    order = dict.fromkeys((code.page, code.text) for code in codes)
    return tuple(kept[key] for key in order)[: limits.qr_codes]


# -- printed fields ---------------------------------------------------------------------


def _printed(
    data: bytes, evidence: Evidence, found: _Found, ocr: bool, deadline: float, limits: Limits
) -> tuple[tuple[PrintedField, ...], str]:
    """The fields as they are printed, or why they were not read."""
    if not ocr:
        return (), OCR_OFF
    if found.front is None:
        return (), NO_CODE
    from elicense.ocr import engine

    if not engine.available().ok:
        return (), NO_OCR
    if time.monotonic() > deadline:
        return (), TIME
    code, pixels = found.front
    try:
        with containers.boundary(f"text of page {code.page}"):
            if evidence.container == "image" and image.is_see_through(data, code.page, limits):
                return (), SEE_THROUGH
            payload = decode(code.text, limits=limits)
            fields = list(_read(pixels, payload, code.page, code.corners, limits))
            fields += _endorsements(data, evidence, fields, payload, code, deadline, limits)
    except Error as exc:
        return (), str(exc)
    return tuple(fields), ""


def _read(
    pixels: Any, payload: Payload, page: int, corners: Corners, limits: Limits
) -> tuple[PrintedField, ...]:
    from elicense.ocr.read import read_printed

    profile = find(payload.type)
    if profile is None:
        return ()
    return read_printed(
        pixels, payload.licence, profile, page=page, qr_corners=corners or None, limits=limits
    )


def _endorsements(
    data: bytes, evidence: Evidence, front: list[PrintedField], payload: Payload, code: QrCode,
    deadline: float, limits: Limits,
) -> Iterator[PrintedField]:  # fmt: skip
    """Dates of endorsements 签注 that stand on other pages. Nothing else is taken from those:
    what the front says must not be mended by another page."""
    wanted = {
        f"endorsements.{index}.date" for index, item in enumerate(payload.licence.endorsements)
        if item.date is not None and item.state == "signed"
    } - {item.field for item in front if item.outcome != "unreadable"}  # fmt: skip
    for number in sheet.looked_at(evidence, limits):
        if number == code.page:
            continue
        if not wanted or time.monotonic() > deadline:
            return
        pixels = sheet.pixels(data, evidence, number, limits)
        for item in _read(pixels, payload, number, (), limits):
            if item.field in wanted and item.outcome != "unreadable":
                wanted.discard(item.field)
                yield item
