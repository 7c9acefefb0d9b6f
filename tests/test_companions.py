"""companions=: an SMC judged with its company's DOC beside it (ISM 13.3, 13.5.1, 14.4)."""

from __future__ import annotations

import json
from datetime import timedelta

import jsonschema
import pytest
from click.testing import CliRunner

import elicense
import trust_builders as b
from elicense.cli import cli
from elicense.findings import Outcome
from elicense.render.text import Style, render
from elicense.report import schema
from elicense.verifying import companion_of
from judging import AT, ROOT, SAMPLES, found, judge, sample, trust

SMC, INTERIM = "guangdong-smc.pdf", "tianjin-smc-interim.ofd"
OTHER_COMPANY = "tianjin-doc.ofd"
DOC = "guangdong-doc-sign.ofd"


def with_(name: str, *others: str, **more) -> elicense.Report:
    return judge(SAMPLES / name, companions=[SAMPLES / other for other in others], **more)


@pytest.mark.parametrize(
    ("smc", "others", "verdict", "told"),
    [
        (SMC, [DOC], "VALID", ("ism.doc-smc", "PASS", "in-force")),
        (SMC, [DOC], "VALID", ("ism.13.3", "PASS", "type")),
        (SMC, [DOC], "VALID", ("ism.company", "PASS", "number")),
        (SMC, [OTHER_COMPANY, DOC], "VALID", ("ism.doc-smc", "PASS", "in-force")),
        (SMC, [DOC, "unsealed.pdf"], "VALID", ("ism.doc-smc", "PASS", "in-force")),
        (SMC, [OTHER_COMPANY], "INDETERMINATE", ("ism.doc-smc", "UNKNOWN", "other-company")),
        (SMC, [SMC], "INDETERMINATE", ("ism.doc-smc", "UNKNOWN", "no-doc-beside")),
        (SMC, ["../requests/doc.json"], "INDETERMINATE",
         ("ism.doc-smc", "UNKNOWN", "no-doc-beside")),
        (INTERIM, ["tianjin-doc.ofd"], "VALID", ("ism.14.4", "PASS", "relevant")),
        (INTERIM, ["withdrawn.ofd"], "INVALID", ("ism.13.5.1", "FAIL", "doc-withdrawn")),
        (INTERIM, ["withdrawn.ofd"], "INVALID", ("ism.14.4", "FAIL", "relevant")),
        (INTERIM, ["expired.ofd"], "INVALID", ("ism.doc-smc", "FAIL", "not-in-force")),
        (INTERIM, ["withdrawn.ofd", "tianjin-doc.ofd"], "VALID",
         ("ism.doc-smc", "PASS", "in-force")),
        # a newer version is said to exist: the DOC may well be in force
        (INTERIM, ["superseded.ofd"], "INDETERMINATE", ("ism.doc-smc", "UNKNOWN", "open")),
        # a forgery proves nothing of the DOC that it pretends to be
        (INTERIM, ["tampered-page.ofd"], "INDETERMINATE", ("ism.doc-smc", "UNKNOWN", "open")),
        (INTERIM, ["rogue.ofd"], "INDETERMINATE", ("ism.doc-smc", "UNKNOWN", "open")),
        (INTERIM, ["unknown-status-list.ofd"], "INDETERMINATE", ("ism.doc-smc", "UNKNOWN", "open")),
    ],
)  # fmt: skip
def test_the_doc_beside_the_smc_decides(smc, others, verdict, told) -> None:
    report = with_(smc, *others)
    assert str(report.verdict) == verdict
    assert told in {(f.code, str(f.outcome), f.reason) for f in report.findings}
    jsonschema.validate(json.loads(report.to_json()), schema())
    for one in report.findings:
        assert one.message("zh") and one.message("en")


def test_without_a_doc_the_answer_is_about_the_smc_alone_and_says_so() -> None:
    report = judge(SAMPLES / SMC)
    assert report and ("ism.doc-smc", "doc-not-given") in found(report, Outcome.SKIPPED)
    for language, word in (("zh", "没有同时出示公司的符合证明"), ("en", "DOC was not given")):
        assert word in render(report, Style(language, 1000))
    assert "companions" not in report.to_dict()


def test_a_doc_asks_for_nothing_beside_it() -> None:
    for others in ([], [SMC]):
        report = with_(DOC, *others)
        assert report and not {"doc-not-given", "no-doc-beside"} & {
            f.reason for f in report.findings
        }


def test_what_was_shown_beside_is_named_by_its_digest() -> None:
    report = with_(SMC, DOC)
    shown = report.to_dict()["companions"]
    assert [(x["verdict"], x["sha256"]) for x in shown] == [
        ("VALID", b.evidence(DOC).sha256)
    ]
    assert b.evidence(DOC).sha256 in next(
        f.detail for f in report.findings if f.code == "ism.doc-smc"
    )


def test_bytes_and_reports_are_taken_too() -> None:
    doc = judge(SAMPLES / DOC)
    for other in (sample(DOC), doc, companion_of("x", doc)):
        assert judge(SAMPLES / SMC, companions=[other])


def test_a_report_of_another_day_or_trust_is_refused() -> None:
    later = judge(SAMPLES / DOC, at=AT + timedelta(days=1))
    elsewhere = judge(SAMPLES / DOC, trust=elicense.TrustStore.empty())
    for other in (later, elsewhere):
        with pytest.raises(elicense.UsageError):
            judge(SAMPLES / SMC, companions=[other])


def test_a_joint_verdict_does_not_ask_twice() -> None:
    joint = elicense.verify_together(
        doc=SAMPLES / DOC, smc=SAMPLES / SMC, trust=trust(), at=AT, now=AT
    )
    assert joint and isinstance(joint.smc, elicense.Report)
    assert "ism.doc-smc" not in {f.code for f in joint.smc.findings}


def test_a_policy_may_not_relax_it() -> None:
    with pytest.raises(elicense.UsageError):
        elicense.Policy(weights={"ism.doc-smc": "WARN"})


def test_the_command_line() -> None:
    told = ["--trust", str(ROOT / "fixtures/certs/trust"), "--allow-test-trust",
            "--at", AT.isoformat(), "--now", AT.isoformat(), "--lang", "en"]  # fmt: skip
    run = CliRunner().invoke
    interim = str(SAMPLES / INTERIM)
    shown = run(cli, ["verify", interim, *told, "-q"])
    assert shown.exit_code == 0
    shown = run(cli, ["verify", interim, *told, "--companion", str(SAMPLES / "withdrawn.ofd")])
    assert shown.exit_code == 1 and "13.5.1" in run(
        cli, ["verify", interim, *told, "-v", "--companion", str(SAMPLES / "withdrawn.ofd")]
    ).output
    shown = run(cli, ["verify", interim, *told, "-q", "-j", "2", interim,
                      "--companion", str(SAMPLES / "tianjin-doc.ofd"),
                      "--companion", str(SAMPLES / "no-such-file.ofd")])  # fmt: skip
    assert shown.exit_code == 0, shown.output
