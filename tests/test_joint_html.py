"""The HTML report of inspect-ship, and the time line in both kinds of report."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

import elicense
from elicense.cli import cli
from elicense.crypto.ses import CHINA
from elicense.findings import Outcome
from elicense.render import html, joint_html
from elicense.render.summary import words
from elicense.verdict import weigh
from judging import AT, ROOT, SAMPLES, judge, sample, trust
from test_html_report import CHROMIUM, QUIET, Page, check_harmless

GOOD = ("guangdong-doc-sign.ofd", "guangdong-smc.pdf")
BAD = ("withdrawn.ofd", "tianjin-smc-interim.ofd")


def joint(doc: str | None, smc: str | None, **options) -> elicense.JointReport:
    told = {"trust": trust(), "at": AT, "now": AT, **options}
    files = {"doc": doc, "smc": smc}
    given = {key: SAMPLES / name if name else None for key, name in files.items()}
    return elicense.verify_together(**given, **told)


def page_of(doc: str | None, smc: str | None, language: str, **options) -> tuple:
    report = joint(doc, smc, **options)
    data = {key: sample(name) for key, name in (("doc", doc), ("smc", smc)) if name}
    source = joint_html.render(report, **data, language=language)
    return report, check_harmless(source), source


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pair", [GOOD, BAD, ("rogue.ofd", None), (None, "guangdong-smc.ofd")])
def test_verdict_parts_and_what_holds_of_both_are_there(pair, language: str) -> None:
    report, page, source = page_of(*pair, language, ship="imo=9990442,name=岭南样例明珠")
    told = words(language)
    assert f'class="verdict {report.verdict}"' in source
    for _, part in report.parts:
        if isinstance(part, elicense.Report):
            assert part.evidence.sha256 in page.text and part.licence.number in page.text
            for one in part.findings:
                if weigh(one, part.policy) in {Outcome.FAIL, Outcome.UNKNOWN}:
                    assert one.message(language) in page.text
    for one in report.findings:
        assert one.message(language) in page.text
    assert told["test"] in page.text and report.trust.digest in page.text
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("h1")) == 1


def test_pages_of_both_are_drawn_with_their_seals() -> None:
    _, page, source = page_of(*GOOD, "en")
    assert len(page.all("figure")) == 4
    without = joint_html.render(joint(*GOOD), language="en")
    assert "<figure" not in without and words("en")["no_data"] in Page(without).text
    assert source == page_of(*GOOD, "en")[2], "same reports and bytes, same page"


def test_the_time_line_has_every_window_of_both() -> None:
    report, page, source = page_of(*GOOD, "en")
    for _, span in report.timeline:
        assert f"{span.start} – {span.end}" in page.text
    assert source.count("<svg xmlns") == 1 and '<div class="timeline">' in source
    assert '<div class="timeline unproven">' in page_of(*BAD, "en")[2], "never green"


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "x.ofd"
    broken.write_bytes(b"<script>")
    report = elicense.verify_together(
        doc=broken, smc=SAMPLES / GOOD[1], trust=trust(), at=AT, now=AT
    )
    source = joint_html.render(report, doc=b"<script>", smc=sample(GOOD[1]), language="en")
    assert "UNREADABLE" in check_harmless(source).text


@pytest.mark.parametrize(
    ("name", "day", "state"),
    [
        ("tianjin-doc-endorsed.ofd", None, "annual 2 done"),
        ("tianjin-doc.ofd", "2027-06-01", "annual 1 overdue"),
        ("guangdong-smc.pdf", None, "intermediate upcoming"),
        ("tianjin-smc-interim.ofd", None, "SMC  in term"),
    ],
)
def test_a_report_on_one_certificate_has_its_windows(name, day, state) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=CHINA) if day else AT
    page = check_harmless(html.render(judge(SAMPLES / name, at=at), language="en"))
    assert state in page.text
    assert "judged for " + (day or "2026-11-01") in page.text


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    told = ["--trust", str(ROOT / "fixtures/certs/trust"), "--allow-test-trust",
            "--at", AT.isoformat(), "--now", AT.isoformat(), "-q", "--lang", "zh",
            "--doc", str(SAMPLES / BAD[0]), "--smc", str(SAMPLES / BAD[1])]  # fmt: skip
    target = tmp_path / "ship.html"
    done = CliRunner().invoke(cli, ["inspect-ship", *told, "--html", str(target)])
    assert done.exit_code == 1
    assert 'class="verdict INVALID"' in target.read_text("utf-8")
    done = CliRunner().invoke(cli, ["inspect-ship", *told, "--html", str(tmp_path / "ship.pdf")])
    assert done.exit_code == 2 and not (tmp_path / "ship.pdf").exists()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_good_pair_prints_on_one_a4(tmp_path: Path, language: str) -> None:
    import pypdfium2

    _, _, source = page_of(*GOOD, language, ship="imo=9990442,type=oil-tanker,flag=CN")
    page, out = tmp_path / "r.html", tmp_path / "r.pdf"
    page.write_text(source, "utf-8")
    command = [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}",
               f"--print-to-pdf={out}", page.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    printed = pypdfium2.PdfDocument(out)
    assert len(printed) == 1
    shown = re.sub(r"\s", "", printed[0].get_textpage().get_text_range())
    assert "2030-08-28–2031-02-28" in shown and "VALID" in shown
