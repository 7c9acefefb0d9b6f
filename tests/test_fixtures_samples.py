"""The samples: reproducible, judged as they must be, and seen the same way by others."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import elicense
from issuing_world import CERTS, SAMPLES, desk

from samples.catalogue import every  # isort: skip
import make_samples  # isort: skip

EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))


def test_every_sample_is_listed_and_nothing_else_is_there() -> None:
    files = {p.name for p in SAMPLES.iterdir()} - {"README.md", "expected.json"}
    assert files == set(EXPECTED["samples"]) == {sample.file for sample in every()}
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in files if f"`{name}`" not in readme] == []


@pytest.mark.parametrize(
    "name",
    ["tianjin-doc.ofd", "tianjin-smc-interim.ofd", "guangdong-smc.pdf", "shandong-doc-interim.pdf"],
)
def test_making_a_sample_again_gives_the_same_bytes(name: str) -> None:
    if make_samples.tools() != EXPECTED["made_with"]:
        pytest.skip(f"made with {EXPECTED['made_with']}; here {make_samples.tools()}")
    sample = next(sample for sample in every() if sample.file == name)
    assert sample.make(desk()) == (SAMPLES / name).read_bytes()


@pytest.mark.parametrize("name", EXPECTED["samples"])
def test_sample_gets_its_verdict_for_its_reason(name: str) -> None:
    trust = elicense.TrustStore.load(CERTS / "trust")
    at = datetime.datetime.fromisoformat(EXPECTED["at"])
    report = elicense.verify(SAMPLES / name, trust=trust, at=at)
    wanted = EXPECTED["samples"][name]
    told = {f.code for f in report.findings if f.outcome in {"FAIL", "UNKNOWN"}}
    assert str(report.verdict) == wanted["verdict"], sorted(told)
    if wanted["code"]:
        assert wanted["code"] in told


def _hanko(name: str) -> list[Any]:
    """pyHanko's status of each signature, with the RSA root trusted."""
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = load_cert_from_pemder(CERTS / "roots/test-root-rsa.pem")
    moment = datetime.datetime.fromisoformat(EXPECTED["at"])
    context = ValidationContext(trust_roots=[root], moment=moment, allow_fetching=False)
    with (SAMPLES / name).open("rb") as file:
        reader = PdfFileReader(file)
        return [
            validate_pdf_signature(item, context, ts_validation_context=context)
            for item in reader.embedded_regular_signatures
        ]


@pytest.mark.parametrize("name", ["guangdong-smc.pdf", "guangdong-smc-long-term.pdf"])
def test_pyhanko_finds_the_rsa_samples_valid(name: str) -> None:
    (status,) = _hanko(name)
    assert status.bottom_line
    assert status.intact and status.valid and status.trusted
    assert status.timestamp_validity.valid and status.timestamp_validity.trusted


def test_pyhanko_finds_the_tampered_page_broken() -> None:
    (status,) = _hanko("tampered-page.pdf")
    assert not status.intact


@pytest.mark.parametrize("name", ["appended-overlay.pdf", "appended-note.pdf"])
def test_pyhanko_refuses_what_was_appended(name: str) -> None:
    (status,) = _hanko(name)
    assert not status.bottom_line


def test_pyhanko_does_not_trust_the_rogue() -> None:
    (status,) = _hanko("rogue.pdf")
    assert status.intact and not status.trusted


def _text(path: Path) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_text_comes_out_of_the_page_as_it_is_read() -> None:
    text = _text(SAMPLES / "tianjin-doc.pdf")
    for wanted in ("符合证明", "渤海样例航运有限公司", "2031年02月28日", "散货船", "Bulk carrier"):
        assert wanted in text


def test_the_pages_show_nothing_outside_the_frame() -> None:
    """Ink beyond the frame would be text that runs off the page."""
    import pypdfium2

    for name in ("guangdong-smc.pdf", "tianjin-doc.pdf", "shandong-doc-interim.pdf"):
        for page in pypdfium2.PdfDocument(SAMPLES / name):
            image = page.render(scale=1).to_pil().convert("L")
            edge = round(9 / 25.4 * 72)
            width, height = image.size
            for box in ((0, 0, width, edge), (0, height - edge, width, height),
                        (0, 0, edge, height), (width - edge, 0, width, height)):  # fmt: skip
                assert image.crop(box).getextrema() == (255, 255)


def test_the_qr_on_the_page_is_readable_at_150_dpi() -> None:
    import pypdfium2
    import zxingcpp

    page = pypdfium2.PdfDocument(SAMPLES / "guangdong-smc.pdf")[0]
    found = zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())
    assert [code.text[:4] for code in found] == ["EL1:"]
