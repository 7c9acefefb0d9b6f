"""verify_together and inspect-ship with real files, end to end."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

import elicense
from elicense.findings import Outcome
from elicense.maritime.dates import china_day
from elicense.maritime.timeline import Span
from elicense.render import joint
from elicense.render.text import Style
from elicense.render.timeline import WORDS, draw
from elicense.render.timeline_svg import timeline_svg
from elicense.report import schema
from elicense.together import report_spans, together
from judging import AT, EXPECTED, ROOT, SAMPLES, judge, trust
from test_cli import run

CHINA = timezone(timedelta(hours=8))
PAIRS = [
    (companion, name)
    for name, said in EXPECTED["samples"].items()
    for companion in said.get("companions", ())
]
JOINT_SCHEMA = json.loads((ROOT / "src/elicense/joint.schema.json").read_text("utf-8"))


def both(doc: str | bytes | None, smc: str | bytes | None, **options) -> elicense.JointReport:
    given = {"doc": doc, "smc": smc}
    files = {k: SAMPLES / v if isinstance(v, str) else v for k, v in given.items()}
    return elicense.verify_together(**{"trust": trust(), "at": AT, "now": AT, **files, **options})


def told(report: elicense.JointReport) -> set[tuple[str, str]]:
    return {(f.code, str(f.outcome)) for f in report.findings}


@pytest.mark.parametrize(("doc", "smc"), PAIRS)
def test_the_pairs_of_the_samples_are_valid_together(doc: str, smc: str) -> None:
    report = both(doc, smc)
    assert report.verdict is elicense.Verdict.VALID and report, told(report)
    assert report.deciding == ()
    report.require()


def test_a_pdf_and_an_ofd_of_a_ship_as_the_inspector_sees_her() -> None:
    ship = "imo=9990442,type=油船,flag=CN,name=LINGNAN SAMPLE PEARL"
    report = both("guangdong-doc-sign.ofd", "guangdong-smc.pdf", ship=ship)
    assert report
    assert sum(f.code == "ism.ship" and f.outcome is Outcome.PASS for f in report.findings) == 4


def test_bytes_are_taken_as_well_as_paths() -> None:
    doc = (SAMPLES / "tianjin-doc.ofd").read_bytes()
    report = both(doc, "tianjin-smc-interim.ofd")
    assert report and report.doc.file == "(bytes)"


def test_a_withdrawn_doc_takes_the_smc_with_it() -> None:
    report = both("withdrawn.ofd", "tianjin-smc-interim.ofd")
    assert report.verdict is elicense.Verdict.INVALID
    assert report.smc.verdict is elicense.Verdict.VALID, "the SMC alone shows nothing wrong"
    assert [(part, f.code) for part, f in report.deciding][:1] == [("doc", "status.licence")]
    assert {("ism.13.5.1", "FAIL"), ("ism.14.4", "FAIL"), ("ism.doc-smc", "FAIL")} <= told(report)
    with pytest.raises(elicense.Rejected) as caught:
        report.require()
    assert caught.value.code == "status.licence"


def test_two_good_certificates_of_two_companies_are_not_good_together() -> None:
    report = both("tianjin-doc.ofd", "guangdong-smc.pdf")
    assert report.doc and report.smc and not report
    assert report.verdict is elicense.Verdict.INVALID
    assert [(part, f.code) for part, f in report.deciding] == [("together", "ism.company")]


def test_another_ship_is_refused() -> None:
    report = both("guangdong-doc-sign.ofd", "guangdong-smc.ofd", ship="imo=9990129")
    assert report.verdict is elicense.Verdict.INVALID
    assert [(f.code, f.reason) for _, f in report.deciding] == [("ism.ship", "imo")]


@pytest.mark.parametrize(
    ("doc", "smc", "code"),
    [
        ("guangdong-doc-sign.ofd", None, "ism.applicability"),
        (None, "guangdong-smc.pdf", "ism.doc-smc"),
        ("guangdong-smc.ofd", "guangdong-doc-sign.ofd", "ism.doc-smc"),
        ("rogue.ofd", "tianjin-smc-interim.ofd", "ism.doc-smc"),
    ],
)
def test_what_is_missing_or_open_is_indeterminate(doc, smc, code) -> None:
    report = both(doc, smc)
    assert report.verdict is elicense.Verdict.INDETERMINATE
    assert (code, "UNKNOWN") in told(report)


def test_an_overdue_verification_asks_the_issuer_and_is_not_invalid() -> None:
    at = datetime(2027, 5, 29, tzinfo=CHINA)
    report = both("guangdong-doc-sign.ofd", "guangdong-smc.ofd", at=at)
    assert report.verdict is elicense.Verdict.INDETERMINATE
    part, first = report.deciding[0]
    assert (part, first.code, first.reason) == ("doc", "ism.13.4", "overdue")
    assert ("ism.doc-smc", "UNKNOWN") in told(report)


@pytest.mark.parametrize(
    ("at", "verdict", "reason"),
    [
        ("2027-05-28T23:59+08:00", "VALID", "due-now"),
        ("2027-05-29T00:00+08:00", "INDETERMINATE", "overdue"),
    ],
)
def test_the_window_of_a_sealed_file_closes_at_midnight_in_china(at, verdict, reason) -> None:
    report = judge(SAMPLES / "tianjin-doc.ofd", at=datetime.fromisoformat(at))
    assert str(report.verdict) == verdict
    assert reason in {f.reason for f in report.findings if f.code == "ism.13.4"}


def test_a_policy_can_make_overdue_a_fault() -> None:
    policy = elicense.Policy(weights={"ism.13.4": "FAIL"})
    at = datetime(2027, 5, 29, tzinfo=CHINA)
    report = judge(SAMPLES / "tianjin-doc.ofd", at=at, policy=policy)
    assert report.verdict is elicense.Verdict.INVALID


def test_an_unreadable_file_is_a_part_of_the_answer() -> None:
    report = both("guangdong-doc-sign.ofd", b"nothing")
    assert isinstance(report.smc, elicense.InputError) and report.doc
    assert report.verdict is elicense.Verdict.INDETERMINATE
    assert "unreadable" in {f.reason for f in report.findings}
    assert both("withdrawn.ofd", b"nothing").verdict is elicense.Verdict.INVALID


def test_misuse_is_refused() -> None:
    with pytest.raises(elicense.UsageError, match="give a DOC"):
        both(None, None)
    with pytest.raises(elicense.UsageError, match="time zone"):
        both("tianjin-doc.ofd", None, at=datetime(2026, 11, 1))
    with pytest.raises(elicense.UsageError):
        both("tianjin-doc.ofd", None, ship="imo=1")


def test_the_same_input_gives_the_same_report() -> None:
    first, second = (
        both("guangdong-doc-sign.ofd", "guangdong-smc.pdf", ship="imo=9990442").to_json()
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("doc", "smc", "ship"),
    [
        ("tianjin-doc.ofd", "tianjin-smc-interim.ofd", None),
        ("withdrawn.ofd", "guangdong-smc.pdf", "imo=9990442,name=X"),
        (None, "guangdong-smc.pdf", "flag=PA"), ("unsealed.pdf", None, "type=oil-tanker"),
    ],
)  # fmt: skip
def test_json_keeps_to_its_schema(doc, smc, ship, language) -> None:
    value = json.loads(both(doc, smc, ship=ship).to_json(language=language))
    jsonschema.validate(value, JOINT_SCHEMA)
    for part in (value["doc"], value["smc"]):
        if part is not None:
            jsonschema.validate(part, schema())


def test_json_of_an_unreadable_part_keeps_to_its_schema() -> None:
    value = json.loads(both("tianjin-doc.ofd", b"nothing").to_json())
    jsonschema.validate(value, JOINT_SCHEMA)
    assert value["smc"]["error"]["code"]


def test_reports_at_hand_are_put_together_without_judging_again() -> None:
    doc, smc = (judge(SAMPLES / n) for n in ("tianjin-doc.ofd", "tianjin-smc-interim.ofd"))
    assert together(doc, smc, trust=trust(), at=AT, now=AT)


# -- the page


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("doc", "smc"), [*PAIRS, ("withdrawn.ofd", "guangdong-smc.pdf"), (None, "guangdong-smc.pdf")]
)
def test_the_page_fits_80_columns_and_one_sheet(doc, smc, language) -> None:
    report = both(doc, smc, ship="imo=9990442,type=oil-tanker,flag=CN,name=LINGNAN SAMPLE PEARL")
    lines = joint.render(report, Style(language=language)).splitlines()
    assert max(map(columns, lines)) <= 80
    assert len(lines) <= 66
    assert str(report.verdict) in lines[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_deciding_reason_stands_on_top(language) -> None:
    report = both("withdrawn.ofd", "tianjin-smc-interim.ofd")
    text = joint.render(report, Style(language=language, columns=10_000))
    _, first = report.deciding[0]
    assert first.message(language) in text.splitlines()[1]
    assert first.advice(language) in text.splitlines()[2]
    assert first.message(language) in joint.summary(report, Style(language=language))


def test_a_hostile_name_cannot_steer_the_terminal() -> None:
    report = both("tianjin-doc.ofd", "tianjin-smc-interim.ofd", ship="name=\x1b[31mRED\u202e")
    text = joint.render(report, Style())
    assert "\x1b" not in text and "\u202e" not in text


# -- the time line


SPANS = [
    ("doc", Span("validity", date(2026, 3, 1), date(2031, 2, 28), "in_force")),
    ("doc", Span("annual-1", date(2026, 11, 28), date(2027, 5, 28), "done", date(2027, 1, 5))),
    ("smc", Span("extension", date(2031, 3, 1), date(2031, 7, 28), "upcoming")),
]  # fmt: skip


def test_bars_stand_where_their_days_are() -> None:
    title, term, box, extension, *_ = draw(SPANS, today=date(2026, 3, 1), language="en")
    days = (date(2027, 1, 1) - date(2026, 3, 1)).days, (date(2031, 7, 28) - date(2026, 3, 1)).days
    assert title[25:].index("2027") == 31 * days[0] // days[1]
    bars = [line[25:57] for line in (term, box, extension)]
    assert bars[0][0] == "|" and bars[0].rstrip().count("=") >= 25
    assert "*" in bars[1] and bars[1].index("#") > 0
    assert bars[2].rstrip().endswith("+") and bars[2].index("+") >= bars[0].rindex("=")
    assert term.endswith("2026-03-01..2031-02-28")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("today", [date(1, 1, 1), date(2026, 11, 1), date(9999, 12, 31)])
def test_any_day_can_be_drawn(language, today) -> None:
    every = [*SPANS, ("smc", Span("validity", date(1, 1, 1), date(9999, 12, 31), "expired"))]
    lines = list(draw(every, today=today, language=language))
    assert max(map(columns, lines)) <= 80
    etree.fromstring(timeline_svg(every, today=today, language=language))


def test_a_term_without_end_runs_out_of_the_picture() -> None:
    every = [("doc", Span("validity", date(2026, 3, 1), date(9999, 12, 30), "in_force"))]
    line = list(draw(every, today=date(2026, 11, 1), language="en"))[1]
    assert line[25:57].endswith(">")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_svg_is_plain_and_says_every_state(language) -> None:
    report = both("tianjin-doc-endorsed.ofd", "tianjin-smc-interim.ofd")
    today = china_day(report.at)
    text = timeline_svg(report.timeline, today=today, language=language)
    root = etree.fromstring(text)
    tags = {etree.QName(node).localname for node in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "line", "text", "circle"}
    names = {name for node in root.iter() for name in node.attrib}
    assert not {n for n in names if n.startswith("on") or "href" in n or n == "style"}
    said = " ".join(root.itertext())
    for _, span in report.timeline:
        assert str(span.start) in said and WORDS[language][span.state] in said
    assert text == timeline_svg(report.timeline, today=today, language=language)


def test_every_state_and_kind_has_its_words_in_both_languages() -> None:
    assert set(WORDS["zh"]) == set(WORDS["en"])


def test_nothing_to_draw_is_said() -> None:
    assert timeline_svg([], today=date(2026, 1, 1), language="en") == ""
    assert list(draw([], today=date(2026, 1, 1), language="en")) == ["No dates to show."]


def test_one_certificate_has_a_time_line_too() -> None:
    report = judge(SAMPLES / "tianjin-doc-endorsed.ofd")
    states = {span.kind: span.state for span in report_spans(report)}
    assert states["annual-1"] == states["annual-2"] == "done"
    assert states["annual-3"] == states["renewal"] == "upcoming"


# -- the command


TRUST = ("--trust", str(ROOT / "fixtures/certs/trust"), "--allow-test-trust", "--at", "2026-11-01")


def inspect(*arguments: str, **environment: str) -> tuple[int, str, str]:
    return run("inspect-ship", *TRUST, *arguments, **environment)


def option(name: str, file: str | Path) -> tuple[str, str]:
    return name, str(SAMPLES / file)


@pytest.mark.parametrize(
    ("doc", "smc", "code"),
    [
        ("guangdong-doc-sign.ofd", "guangdong-smc.pdf", 0),
        ("tianjin-doc.ofd", "guangdong-smc.pdf", 1),
        ("rogue.ofd", "tianjin-smc-interim.ofd", 3),
        ("guangdong-doc-sign.ofd", "README.md", 4),
        ("withdrawn.ofd", "README.md", 1),
    ],
)
def test_exit_codes_follow_the_verdict(doc: str, smc: str, code: int) -> None:
    found, out, err = inspect(*option("--doc", doc), *option("--smc", smc), "-q")
    assert found == code, out + err
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [(), ("--ship", "imo=9990129"), ("--doc", "x.ofd", "--ship", "imo=12")]
)
def test_usage_errors_exit_2(arguments) -> None:
    code, out, err = inspect(*arguments)
    assert (code, out) == (2, "") and err


def test_the_command_prints_the_page_or_json() -> None:
    files = (*option("--doc", "guangdong-doc-sign.ofd"), *option("--smc", "guangdong-smc.pdf"))
    code, out, err = inspect(*files, "--lang", "zh", "--ship", "imo=9990442")
    assert code == 0 and out.startswith("有效 VALID") and "年度审核1" in out and err == ""
    code, out, _ = inspect(*files, "--json")
    jsonschema.validate(json.loads(out), JOINT_SCHEMA)
    code, out, _ = inspect(*files, "--lang", "en", "-v")
    assert "ism.13.3 · ISM Code 13.3" in out


def test_the_python_of_the_manual_runs_and_finds_two_companies() -> None:
    text = (ROOT / "docs/ism-rules.md").read_text("utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True,
                          check=False, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().startswith("INVALID")
    assert "ism.company" in done.stdout.decode()
