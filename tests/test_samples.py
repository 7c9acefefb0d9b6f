"""Each sample licence gives the verdict and the deciding finding that expected.json names."""

from __future__ import annotations

import functools
import inspect
import json
from datetime import timedelta

import jsonschema
import pytest

import elicense
from elicense.findings import Outcome
from elicense.render.text import Style, render, summary
from elicense.report import schema
from elicense.verdict import Verdict, missing
from judging import AT, EXPECTED, ROOT, SAMPLES, found, judge, of

NAMES = sorted(EXPECTED["samples"])
VALID = [name for name in NAMES if EXPECTED["samples"][name]["verdict"] == "VALID"]
SIGNED = [name for name in NAMES if not name.startswith("unsealed")]
_COMPANIONS = "companions" in inspect.signature(elicense.verify).parameters


FEW = ("tianjin-doc.ofd", "guangdong-smc-long-term.pdf", "tampered-page.pdf", "unsealed.ofd")


@functools.cache
def usual(name: str) -> elicense.Report:
    """Judged once for all the tests that only look at the report."""
    return report_of(name)


def report_of(name: str, **options) -> elicense.Report:
    companions = EXPECTED["samples"][name].get("companions", ())
    if companions and _COMPANIONS:
        options.setdefault("companions", [SAMPLES / item for item in companions])
    return judge(SAMPLES / name, **options)


def test_every_sample_has_an_expectation():
    files = {path.name for path in SAMPLES.iterdir() if path.suffix in {".ofd", ".pdf"}}
    assert files == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_verdict_and_reason(name):
    report = usual(name)
    expected = EXPECTED["samples"][name]
    assert str(report.verdict) == expected["verdict"]
    assert bool(report) == (expected["verdict"] == "VALID")
    assert [f.code for f in report.deciding[:1]] == ([expected["code"]] if expected["code"] else [])
    if not report:
        with pytest.raises(elicense.Rejected) as caught:
            report.require()
        assert caught.value.code == expected["code"]


@pytest.mark.parametrize("name", VALID)
def test_valid_rests_on_positive_proof(name):
    report = usual(name)
    assert missing(report.findings) == ()
    assert found(report, Outcome.FAIL, Outcome.UNKNOWN) == set()
    assert report.licence is not None and report.evidence.claims.data_covered
    report.require()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_text_names_the_reason(name, language):
    report = usual(name)
    style = Style(language=language, columns=10_000)
    text, line = render(report, style), summary(report, style)
    assert str(report.verdict) in text and str(report.verdict) in line
    for finding in report.deciding[:1]:
        message = finding.message(language)
        assert message and "—" not in message
        assert message in text and message in line
        assert not finding.advice(language) or finding.advice(language) in text


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_speaks_both_languages(name):
    for finding in usual(name).findings:
        chinese, english = finding.message("zh"), finding.message("en")
        assert chinese and english and chinese != english, finding
        assert "{" not in chinese + english
        assert any("\u4e00" <= char <= "\u9fff" for char in chinese), finding


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_json_is_what_the_schema_says(name, language):
    value = json.loads(usual(name).to_json(language=language))
    jsonschema.validate(value, schema(), format_checker=jsonschema.FormatChecker())
    assert value["verdict"] == EXPECTED["samples"][name]["verdict"]
    wanted = 1 if name in SIGNED else 0
    assert len(value["signatures"]) >= wanted


@pytest.mark.parametrize("name", FEW)
def test_the_same_question_has_the_same_answer(name):
    first, second = (report_of(name).to_dict() for _ in range(2))
    first.pop("environment"), second.pop("environment")
    assert first == second


@pytest.mark.parametrize("name", FEW)
def test_bytes_and_path_give_the_same_findings(name):
    data = (SAMPLES / name).read_bytes()
    assert judge(data).findings == judge(SAMPLES / name).findings
    assert judge(memoryview(data)).findings == judge(bytearray(data)).findings


@pytest.mark.parametrize("name", VALID)
def test_nobody_trusted_is_never_valid(name):
    report = report_of(name, trust=elicense.TrustStore.empty())
    assert report.verdict is Verdict.INDETERMINATE
    assert of(report, "signature.value")[0] is Outcome.PASS
    assert ("chain.path", "no-trust") in found(report, Outcome.UNKNOWN)


@pytest.mark.parametrize("name", VALID)
def test_pages_left_unread_are_never_valid(name):
    report = report_of(name, pages=False)
    assert report.verdict is Verdict.INDETERMINATE
    assert Outcome.UNKNOWN in of(report, "agreement.data-page")


@pytest.mark.parametrize("name", VALID)
def test_without_revocation_lists_nothing_is_valid(name):
    store = elicense.TrustStore.load(ROOT / "fixtures/certs/trust-no-revocation")
    report = report_of(name, trust=store)
    assert report.verdict is Verdict.INDETERMINATE
    open_codes = {code for code, _ in found(report, Outcome.UNKNOWN)}
    # a long-term file carries its own revocation data; the licence's state it cannot
    assert "status.licence" in open_codes or "revocation.certificate" in open_codes


@pytest.mark.parametrize("name", VALID)
def test_after_its_last_day_no_licence_is_valid(name):
    late = AT + timedelta(days=365 * 12)
    report = report_of(name, at=late, now=late)
    assert report.verdict is Verdict.INVALID
    assert ("licence.dates", "expired") in found(report, Outcome.FAIL)


def test_a_time_without_zone_is_misuse():
    with pytest.raises(elicense.UsageError):
        judge(SAMPLES / NAMES[0], at=AT.replace(tzinfo=None))
