"""Scans for the tests: the committed ones, and pictures made of the samples."""

from __future__ import annotations

import functools
import io
import json

import numpy as np
import pytest
from PIL import Image

import elicense
from elicense.containers.pdf.page import render_colour
from elicense.ocr import engine
from judging import ROOT, judge, sample

SCANS = ROOT / "examples" / "scans"
EXPECTED = json.loads(SCANS.with_suffix(".json").read_text("utf-8"))["scans"]
VALID = sorted(name for name, item in EXPECTED.items() if item["verdict"] == "VALID")

needs_ocr = pytest.mark.skipif(
    not engine.available().ok, reason=f"no OCR: {engine.available().reason}"
)


def scan(name: str, **options) -> elicense.Report:
    """A committed scan, without OCR unless told."""
    return judge(SCANS / name, **{"ocr": False, **options})


@functools.cache
def page(name: str = "tianjin-doc.pdf", number: int = 1, dpi: int = 150) -> Image.Image:
    """A page of a sample PDF as it is printed."""
    found = render_colour(sample(name), number, dpi)
    pixels = np.frombuffer(found.pixels, np.uint8).reshape(found.height, found.width, 3)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, name: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()
