"""The riding seal 骑缝章: one seal over the right edges of all pages, a strip on each.

In an OFD each strip is a StampAnnot with a Clip. A PDF signature field has one
appearance, so there the strips are drawn on the pages before they are sealed.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from typing import Any

from elicense.evidence import Picture
from elicense.issuing.page import Image, Page, Spot


def spots(pages: tuple[Page, ...], picture: Picture) -> tuple[Spot, ...]:
    """One clipped spot a page; all strips together are the whole seal."""
    strip = picture.width / len(pages)
    return tuple(
        Spot(
            number + 1,
            page.width - strip * (number + 1),
            (page.height - picture.height) / 2,
            picture.width,
            picture.height,
            (strip * number, 0.0, strip, float(picture.height)),
        )
        for number, page in enumerate(pages)
    )


def on_pages(pages: tuple[Page, ...], picture: Picture) -> tuple[Page, ...]:
    """The pages with a strip of the picture at the right edge of each."""
    strip = picture.width / len(pages)
    found = []
    for page, png in zip(pages, _strips(picture.data, len(pages)), strict=True):
        top = (page.height - picture.height) / 2
        mark = Image(page.width - strip, top, strip, float(picture.height), png)
        found.append(replace(page, marks=(*page.marks, mark)))
    return tuple(found)


@lru_cache(maxsize=16)
def _strips(png: bytes, count: int) -> tuple[bytes, ...]:
    from PIL import Image as Pillow

    picture: Any = Pillow.open(BytesIO(png)).convert("RGBA")
    width, height = picture.size
    edges = [round(width * number / count) for number in range(count + 1)]
    strips = []
    for left, right in itertools.pairwise(edges):
        target = BytesIO()
        picture.crop((left, 0, right, height)).save(target, "PNG", optimize=True)
        strips.append(target.getvalue())
    return tuple(strips)
