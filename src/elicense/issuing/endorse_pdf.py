"""An endorsement in a PDF: one appended revision that fills a reserved signature field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from elicense.containers.pdf.boxes import field_name
from elicense.endorsement import OID
from elicense.errors import InputError
from elicense.evidence import EndorsementBox
from elicense.issuing import fonts, pdf_page, pdf_seal
from elicense.issuing.credential import Credential, Stamp
from elicense.issuing.page import Text
from elicense.issuing.pdf_increment import Increment, members
from elicense.issuing.pdf_objects import Name, Ref, Stream, Value, deflated, number
from elicense.issuing.pdf_page import POINTS


@dataclass(frozen=True, slots=True)
class Look:
    """What the box will show: lines of text in millimetres from its top left corner, and
    the seal's picture (PNG) with its place there (x, y, width, height)."""

    lines: tuple[Text, ...]
    font: fonts.Font = field(repr=False)
    picture: bytes = field(repr=False)
    spot: tuple[float, float, float, float]


def add(
    data: bytes,
    *,
    box: EndorsementBox,
    statement: bytes,
    look: Look,
    credential: Credential,
    time: datetime,
    profile: pdf_seal.Profile,
    seal: bytes | None,
    stamp: Stamp | None,
    name: str,
) -> bytes:
    """``data`` with the field of ``box`` filled; ``seal`` for GM.sm2seal alone."""

    def attach(work: Increment, value: Ref) -> None:
        _fill(work, box, value, look)

    return pdf_seal.seal_pdf(
        data,
        credential=credential,
        time=time,
        profile=profile,
        seal=seal,
        stamp=stamp,
        name=name,
        reason="签注 Endorsement",
        signed={OID: statement},
        attach=attach,
    )


def _fill(work: Increment, box: EndorsementBox, value: Ref, look: Look) -> None:
    form = work.pdf.Root.get("/AcroForm")
    wanted = field_name(box.name)
    found: list[Any] = [
        item
        for item in (form.get("/Fields") if form is not None else ()) or ()
        if str(item.get("/T", "")) == wanted
    ]
    if len(found) != 1:
        raise InputError("pdf.field", f"the file has not one field {wanted!r}")
    reference, entries = work.read(found[0])
    entries["V"] = value
    entries["AP"] = {"N": _appearance(work, box, look)}
    work.put(reference, entries)
    if int(form.get("/SigFlags", 0)) != 3:
        flagged = {**members(form), "SigFlags": 3}
        if form.is_indirect:
            work.put(work.read(form)[0], flagged)
        else:
            root, catalog = work.catalog()
            work.put(root, {**catalog, "AcroForm": flagged})


def _appearance(work: Increment, box: EndorsementBox, look: Look) -> Ref:
    """The picture first, the text over it: the form that a verifier reads back."""
    width, height = box.placement.width, box.placement.height
    image, mask = pdf_page.picture_objects(look.picture)
    if mask is not None:
        image = Stream({**image.entries, "SMask": work.add(mask)}, image.data)
    subset = fonts.cut(look.font, "".join(line.text for line in look.lines))
    content = [_picture(look.spot, height), *_lines(look.lines, height, subset)]
    resources: dict[str, Value] = {
        "XObject": {"Im0": work.add(image)},
        "Font": {"F1": work.add(pdf_page.font_entries(subset, work.add))},
    }
    entries: dict[str, Value] = {
        "Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, width, height],
        "Resources": resources,
    }  # fmt: skip
    return work.add(deflated(entries, "\n".join(content).encode("ascii")))


def _picture(spot: tuple[float, float, float, float], height: float) -> str:
    x, y, width, tall = (value * POINTS for value in spot)
    place = f"{number(x)} {number(height - y - tall)}"
    return f"q {number(width)} 0 0 {number(tall)} {place} cm /Im0 Do Q"


def _lines(lines: Sequence[Text], height: float, subset: fonts.Subset) -> list[str]:
    found = []
    for line in lines:
        codes = "".join(f"{subset.glyphs[character]:04X}" for character in line.text)
        place = f"{number(line.x * POINTS)} {number(height - line.y * POINTS)} Td"
        found.append(f"BT /F1 {number(line.size * POINTS)} Tf {place} <{codes}> Tj ET")
    return found
