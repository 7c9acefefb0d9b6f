"""Every document of the 22 matters: issued by its department, verified as OFD, PDF and scan."""

from __future__ import annotations

import functools
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import elicense
from elicense import profiles
from elicense.licence import Licence
from issuing_world import desk
from pki.world import CHINA
from samples import matters

AT = datetime(2026, 3, 20, 9, 0, tzinfo=CHINA)
REQUESTS = matters.samples()
IDS = [path.stem for path in REQUESTS]


@functools.cache
def offices() -> matters.Offices:
    return matters.offices(desk().world)


@functools.cache
def trust() -> elicense.TrustStore:
    return offices().store()


def licence_of(path: Path) -> Licence:
    return matters.licence_of(path, REQUESTS.index(path))


def sealed(licence: Licence, form: str) -> bytes:
    issued = licence.validity.issued
    assert issued is not None
    time = datetime(issued.year, issued.month, issued.day, 10, tzinfo=CHINA)
    made: Any = offices()
    return elicense.issue(
        licence, seal=made.seal(licence), signer=made.credential(licence),
        qr_signer=made.credential(licence, "qr"), format=form, time=time,  # type: ignore[arg-type]
        timestamp=made.stamp(time),
    )  # fmt: skip


def verify(data: bytes, **options: Any) -> elicense.Report:
    return elicense.verify(data, trust=trust(), at=AT, now=AT + timedelta(hours=1), **options)


def told(report: elicense.Report) -> list[str]:
    return [
        f"{f.code} {f.outcome} {f.reason} {f.detail}"
        for f in report.findings if f.outcome.name in {"FAIL", "UNKNOWN"}
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["ofd", "pdf"])
@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_each_document_is_issued_and_verified(path: Path, form: str) -> None:
    licence = licence_of(path)
    report = verify(sealed(licence, form))
    assert report.verdict == "VALID", told(report)
    assert report.licence is not None
    assert report.licence.fields == licence.fields
    assert profiles.get(licence.type).rules


@functools.cache
def scan(path: Path) -> bytes:
    """The page of the PDF as a scanner at 200 dpi sees it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(sealed(licence_of(path), "pdf"))
    picture = document[0].render(scale=200 / 72, may_draw_forms=True).to_pil().convert("RGB")
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


@pytest.mark.parametrize("path", REQUESTS, ids=IDS)
def test_the_code_of_each_printed_document_is_read_from_a_scan(path: Path) -> None:
    licence = licence_of(path)
    report = verify(scan(path), compared=True)
    assert report.licence is not None
    assert report.licence.number == licence.number
    passed = {f.code for f in report.findings if f.outcome.name == "PASS"}
    assert {"qr.signature", "status.licence", "licence.dates"} <= passed
    long = any(isinstance(value, int) and profiles.get(licence.type).field(key).kind == "table"
               for key, value in report.licence.fields.items())  # fmt: skip
    assert report.verdict == ("INDETERMINATE" if long else "VALID"), told(report)
