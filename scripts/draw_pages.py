"""Draw docs/images: the sample pages as PDF and as OFD, and pages under strain.

Run ``PYTHONPATH=src python scripts/draw_pages.py``. PDFs are drawn by PDFium, OFDs by
the report's own renderer; both are drawn with their seals.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "fixtures"))

import pypdfium2  # noqa: E402
from PIL import Image  # noqa: E402

from elicense.examine import examine  # noqa: E402
from elicense.issuing import document, ofd_page, ofd_seal, pdf_page, pdf_seal  # noqa: E402
from elicense.issuing import licence_page as page  # noqa: E402
from elicense.licence import Licence  # noqa: E402
from elicense.render import page_pictures  # noqa: E402
from pki import world  # noqa: E402
from samples import hard, licences, sealing  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WIDTH = 620  # pixels a page
COLOURS = 48
SHOWN = {
    "doc": licences.TIANJIN_DOC,
    "doc-interim": licences.SHANDONG_INTERIM,
    "smc": licences.GUANGDONG_SMC,
    "smc-interim": licences.TIANJIN_SMC_INTERIM,
}


def sealed(desk: sealing.Desk, licence: Licence, form: str) -> bytes:
    """The page with its region's seal and code, however the licence spells the issuer."""
    data, time = licences.data_of(licence), sealing.sealing_time(licence)
    region = next(x for x in (*SHOWN.values(), licences.GUANGDONG_DOC)
                  if x.type == licence.type and x.issuer.code == licence.issuer.code)  # fmt: skip
    slug = sealing.slug_of(region)
    signer = desk.world.credential(f"sealers/{slug}-{sealing.purpose_of(region)}-sm2")
    drawn = document.document(
        licence, data=data, created=time, notice=licences.NOTICE, font=desk.font,
        qr_text=sealing.qr_text(desk, licence, data=data, key=f"qr/{slug}-sm2"),
    )  # fmt: skip
    if form == "ofd":
        seal = sealing.seal_of(desk, region)
        return ofd_seal.seal_ofd(
            ofd_page.render(drawn), seal=seal, credential=signer, time=time, spots=(page.SEAL,)
        )
    return pdf_seal.seal_pdf(
        pdf_page.render(drawn), credential=signer, time=time, profile="adbe.pkcs7.detached",
        appearance=pdf_seal.Appearance(sealing.picture_of(region), page.SEAL),
    )  # fmt: skip


def pdf_pages(data: bytes) -> list[Any]:
    pdf = pypdfium2.PdfDocument(data)
    pdf.init_forms()  # else the seals, which are form fields, are not drawn
    return [item.render(scale=150 / 72).to_pil().convert("RGB") for item in pdf]


def ofd_pages(data: bytes) -> list[Any]:
    found = page_pictures.draw(data, examine(data))
    if found.problems:
        raise SystemExit(f"the OFD is not drawn: {found.problems}")
    return [Image.open(io.BytesIO(item.png)).convert("RGB") for item in found.pictures]


def side_by_side(pictures: list[Any], target: Path) -> None:
    """Pages next to each other, few colours, small enough for a manual."""
    scaled = [
        picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)),
                       Image.Resampling.LANCZOS)
        for picture in pictures
    ]  # fmt: skip
    sheet = Image.new("RGB", (WIDTH * len(scaled), max(p.height for p in scaled)), "white")
    for index, picture in enumerate(scaled):
        sheet.paste(picture, (index * WIDTH, 0))
    sheet.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(target, "PNG", optimize=True)
    print(target.relative_to(ROOT), target.stat().st_size)


def main(target: Path = IMAGES) -> None:
    target.mkdir(parents=True, exist_ok=True)
    desk = sealing.Desk(world.build(ROOT / "fixtures" / "certs" / "keys"))
    for name, licence in SHOWN.items():
        pdf, ofd = (sealed(desk, licence, form) for form in ("pdf", "ofd"))
        side_by_side([pdf_pages(pdf)[0], ofd_pages(ofd)[0]], target / f"{name}-pdf-ofd.png")
    endorsed = sealed(desk, licences.TIANJIN_ENDORSED, "pdf")
    side_by_side(pdf_pages(endorsed), target / "doc-endorsed.png")
    for name, licence in hard.CASES.items():
        side_by_side(pdf_pages(sealed(desk, licence, "pdf")), target / f"hard-{name}.png")
    ofd = sealed(desk, hard.SMC, "ofd")
    side_by_side(ofd_pages(ofd), target / "hard-smc-ofd.png")


if __name__ == "__main__":
    main()
