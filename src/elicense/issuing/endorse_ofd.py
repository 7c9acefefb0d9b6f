"""An endorsement in an OFD: a drawing in a reserved box, and one more seal that covers it.

Each endorsement writes a new annotation file with the drawings of those before it and
its own, and the list of annotations then leads to that file: readers that take one
file a page show them all (docs/decisions/0004-endorsements.md).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from elicense.containers import boundary
from elicense.endorsement import OID
from elicense.errors import InputError
from elicense.evidence import EndorsementBox
from elicense.issuing import ofd_seal
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.ofd_package import add as add_element
from elicense.issuing.ofd_package import element, pack, parse, serialise, tag
from elicense.issuing.ofd_page import READERS_FONT, SPARE_IDS
from elicense.issuing.page import Spot, Text
from elicense.limits import DEFAULT_LIMITS, Limits

_IDS_EACH = 16


def add(
    data: bytes,
    *,
    box: EndorsementBox,
    statement: bytes,
    lines: Sequence[Text],
    spot: tuple[float, float, float, float],
    seal: bytes,
    credential: Credential,
    time: datetime,
    stamp: Stamp | None,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """``data`` with the drawing in ``box`` and a seal at ``spot`` (millimetres from the
    box's corner: x, y, width, height)."""
    place = box.placement
    with boundary("ofd"):
        entries = ofd_seal.read_entries(data, limits)
        _draw(entries, box, lines, time)
    x, y, width, height = spot
    return ofd_seal.seal_ofd(
        pack(entries),
        seal=seal,
        credential=credential,
        time=time,
        spots=(Spot(place.page, place.x + x, place.y + y, width, height),),
        stamp=stamp,
        signed={OID: statement},
        limits=limits,
    )


def _draw(
    entries: dict[str, bytes], box: EndorsementBox, lines: Sequence[Text], time: datetime
) -> None:
    """A new annotation file for the page of ``box``, and the list that leads to it."""
    list_place = ofd_seal.open_annotations(entries)
    if list_place not in entries:
        raise InputError("ofd.annotations", "the list of annotations is missing")
    listing = parse(entries[list_place], list_place)
    folder = list_place.rpartition("/")[0]
    page_id, last_id = _page(entries, box)
    page = next((p for p in listing.findall(tag("Page")) if p.get("PageID") == page_id), None)
    drawn = element("PageAnnot")
    if page is not None:
        before = f"{folder}/{page.findtext(tag('FileLoc'))}"
        if before not in entries:
            raise InputError("ofd.annotations", "an annotation file is missing", place=before)
        drawn.extend(deepcopy(list(parse(entries[before], before))))
    else:
        page = add_element(listing, "Page", {"PageID": page_id})
        add_element(page, "FileLoc")
    count = len(drawn)
    name = f"Page_{box.placement.page}_{count + 1}.xml"
    if f"{folder}/{name}" in entries:
        raise InputError("ofd.annotations", "the next annotation file is there", place=name)
    first = last_id - SPARE_IDS + 1 + _IDS_EACH * count
    drawn.append(_annotation(box, lines, time, first))
    page.find(tag("FileLoc")).text = name
    entries[f"{folder}/{name}"] = serialise(drawn)
    entries[list_place] = serialise(listing)


def _page(entries: dict[str, bytes], box: EndorsementBox) -> tuple[str, int]:
    """The ID of the box's page, and the document's highest object number."""
    document = ofd_seal.document(entries)
    pages = document.findall(f"{tag('Pages')}/{tag('Page')}")
    highest = document.findtext(f"{tag('CommonData')}/{tag('MaxUnitID')}") or ""
    if not highest.isdigit() or not 1 <= box.placement.page <= len(pages):
        raise InputError("ofd.document", "the document's pages or numbers cannot be read")
    return str(pages[box.placement.page - 1].get("ID", "")), int(highest)


def _annotation(box: EndorsementBox, lines: Sequence[Text], time: datetime, first: int) -> Any:
    """One Annot (clause 15.2) whose appearance fills the box with lines of text."""
    numbers = iter(range(first, first + _IDS_EACH))
    annot = element(
        "Annot",
        {
            "ID": str(next(numbers)), "Type": "Stamp", "Creator": "elicense",
            "LastModDate": time.strftime("%Y-%m-%d"), "Print": "true", "ReadOnly": "true",
        },
    )  # fmt: skip
    place = box.placement
    look = add_element(
        annot, "Appearance", {"Boundary": _numbers(place.x, place.y, place.width, place.height)}
    )
    for line in lines:
        steps = [_advance(character, line.size) for character in line.text]
        ascent, height = 0.88 * line.size, 1.2 * line.size
        item = add_element(
            look,
            "TextObject",
            {
                "ID": str(next(numbers)), "Font": READERS_FONT[0], "Size": _numbers(line.size),
                "Boundary": _numbers(line.x, line.y - ascent, sum(steps), height),
            },
        )  # fmt: skip
        code = {"X": "0", "Y": _numbers(ascent)}
        if len(steps) > 1:
            code["DeltaX"] = _numbers(*steps[:-1])
        add_element(item, "TextCode", code, line.text)
    return annot


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.4f}".rstrip("0").rstrip(".") for value in values)


def _advance(character: str, size: float) -> float:
    """Chinese fonts set wide characters in a square and the others in half of one."""
    wide = unicodedata.east_asian_width(character) in "WFA"
    return size if wide else size / 2


def width(text: str, size: float) -> float:
    """The width of one line in the reader's font, in the unit of ``size``."""
    return sum(_advance(character, size) for character in text)
