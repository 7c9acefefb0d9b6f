"""recognition.region: which types of which regions the receiving region accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import trust_builders as b
from elicense import scanned
from elicense.cli import cli
from elicense.errors import UsageError
from elicense.findings import Outcome
from elicense.policy import DEFAULT, Policy, Recognition
from elicense.verdict import Verdict
from elicense.verifying import judge as judge_evidence
from judging import AT, ROOT, SAMPLES, judge, trust

CODE = "recognition.region"
SHANDONG = ROOT / "examples" / "policies" / "shandong.toml"
HEAD = 'schema = "elicense-policy/1"\nname = "here"\n'
RULE = '[[recognition]]\nregions = ["120000"]\nlicence_types = ["msa-doc"]\n'


def policy(*rules: Recognition, region: str = "370000", **more) -> Policy:
    return Policy("here", recognition=rules, region=region, **more)


def rule(*regions: str, types=("msa-doc",), **more) -> Recognition:
    return Recognition(regions, tuple(types), **more)


def said(sample: str, own: Policy, **more):
    report = b.verdict(sample, policy=own, at=AT, **more)
    (finding,) = b.only(report, CODE)
    return report, finding


def test_without_a_policy_the_question_is_not_asked() -> None:
    report, finding = said("tianjin-doc.ofd", DEFAULT)
    assert report.verdict is Verdict.VALID
    assert (finding.outcome, finding.reason) == (Outcome.SKIPPED, "no-policy")


def test_a_line_about_it_is_for_those_who_ask_for_every_check() -> None:
    from elicense.render.text import Style, render

    report, finding = said("tianjin-doc.ofd", DEFAULT)
    assert finding.message("en") not in render(report, Style(columns=1000))
    assert finding.message("en") in render(report, Style(columns=1000, verbose=True))


@pytest.mark.parametrize(
    ("sample", "own", "outcome", "reason", "verdict"),
    [
        ("tianjin-doc.ofd", policy(rule("120000")), "PASS", "", "VALID"),
        ("tianjin-doc.ofd", policy(rule("440000")), "UNKNOWN", "region", "INDETERMINATE"),
        ("tianjin-doc.ofd", policy(rule("120000", types=["msa-smc"])), "UNKNOWN", "type",
         "INDETERMINATE"),
        ("tianjin-doc.ofd", policy(rule("120100")), "UNKNOWN", "region", "INDETERMINATE"),
        ("tianjin-doc.ofd", policy(rule("national")), "UNKNOWN", "region", "INDETERMINATE"),
        ("tianjin-doc.ofd", policy(rule("440000"), rule("120000")), "PASS", "", "VALID"),
        ("shandong-doc-v5.ofd", policy(rule("120000")), "PASS", "own", "VALID"),
        ("shandong-doc-v5.ofd", policy(rule("120000"), region=""), "UNKNOWN", "region",
         "INDETERMINATE"),
        ("shandong-doc-v5.ofd", policy(rule("120000"), region="370200"), "UNKNOWN", "region",
         "INDETERMINATE"),
        ("rogue.ofd", policy(rule("120000")), "SKIPPED", "issuer-open", "INDETERMINATE"),
        ("unsealed.ofd", policy(rule("120000")), "SKIPPED", "issuer-open", "INDETERMINATE"),
        ("wrong-authority.ofd", policy(rule("120000")), "SKIPPED", "issuer-open", "INVALID"),
        ("tampered-page.ofd", policy(rule("440000")), "UNKNOWN", "region", "INVALID"),
        ("endorsed-elsewhere.ofd", policy(rule("120000")), "PASS", "", "INVALID"),
    ],
)  # fmt: skip
def test_what_counts(sample, own, outcome, reason, verdict) -> None:
    report, finding = said(sample, own)
    assert (str(finding.outcome), finding.reason, str(report.verdict)) == (outcome, reason, verdict)
    for language in ("zh", "en"):
        assert finding.message(language)
        assert "{" not in finding.message(language) and "—" not in finding.message(language)


def test_the_region_of_the_trust_entry_counts_not_that_of_the_data() -> None:
    """Tianjin's sealer entered with national scope: the data still say 120000."""
    national = b.with_services(
        trust(),
        lambda e: replace(e, region="national") if e.service == "sealer" else e,
    )
    report, finding = said("tianjin-doc.ofd", policy(rule("120000")), trust=national)
    assert report.licence is not None and report.licence.issuer.region == "120000"
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "region")
    _, finding = said("tianjin-doc.ofd", policy(rule("national")), trust=national)
    assert finding.outcome is Outcome.PASS


def test_a_city_lies_in_its_province() -> None:
    city = b.with_services(
        trust(),
        lambda e: replace(e, region="120100") if e.service == "sealer" else e,
    )
    evidence = b.evidence("tianjin-doc.ofd")
    data = evidence.claims.data
    assert data is not None
    changed = replace(evidence, claims=replace(
        evidence.claims, data=data.replace(b'"region":"120000"', b'"region":"120100"')
    ))  # fmt: skip
    own = policy(rule("120000"))
    report = judge_evidence(changed, name="x", trust=city, at=AT, now=AT, policy=own)
    (finding,) = b.only(report, CODE)
    assert finding.outcome is Outcome.PASS
    assert "120100" in finding.message("zh") and "天津市" in finding.message("zh")


@pytest.mark.parametrize(
    ("days", "reason"), [(-1, "not-yet"), (0, ""), (9, ""), (10, "ended"), (400, "ended")]
)
def test_from_and_until_are_told(days: int, reason: str) -> None:
    """``from`` is the first moment, ``until`` the first moment after."""
    start = AT - timedelta(days=days)
    own = policy(rule("120000", starts=start, ends=start + timedelta(days=10), note="协议"))
    report, finding = said("tianjin-doc.ofd", own)
    assert finding.reason == reason
    assert report.verdict is (Verdict.INDETERMINATE if reason else Verdict.VALID)
    assert "协议" in finding.message("zh")
    named = start if reason == "not-yet" else start + timedelta(days=10)
    if reason:
        assert f"{named.astimezone(AT.tzinfo):%Y-%m-%d}" in finding.message("en")


def test_not_recognised_is_no_fault_unless_the_policy_says_so() -> None:
    own = policy(rule("440000"), weights={CODE: "FAIL"})
    report, _ = said("tianjin-doc.ofd", own)
    assert report.verdict is Verdict.INVALID and report.deciding[0].code == CODE
    report, _ = said("rogue.ofd", own)  # but who cannot be named is not refused for it
    assert report.verdict is Verdict.INDETERMINATE
    own = policy(rule("440000"), weights={CODE: "WARN"})
    assert said("tianjin-doc.ofd", own)[0].verdict is Verdict.VALID


def test_several_entries_of_one_signer_are_each_asked() -> None:
    two = b.with_services(trust(), lambda e: e)
    more = [replace(e, region="national") for e in two.services if e.service == "sealer"]
    both = replace(two, services=(*two.services, *more))
    for region in ("120000", "national"):
        assert said("tianjin-doc.ofd", policy(rule(region)), trust=both)[1].outcome == "PASS"


# -- the policy file ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('region = "37"\n', "policy.region"), ('region = "990000"\n', "policy.region"),
        ("region = 370000\n", "policy.region"), ('region = ""\n', "policy.region"),
        ('region = "national"\n', "policy.region"),
        ("recognition = []\n", "policy.key"), ("recognition = 1\n", "policy.key"),
        ("[recognition]\nregions = ['120000']\n", "policy.key"),
        ("[[recognition]]\n", "policy.key"),
        ('[[recognition]]\nregions = ["120000"]\n', "policy.key"),
        ('[[recognition]]\nregions = []\nlicence_types = ["msa-doc"]\n', "policy.key"),
        ('[[recognition]]\nregions = ["120000"]\nlicence_types = []\n', "policy.key"),
        (RULE.replace("120000", "12"), "policy.region"),
        (RULE.replace("120000", "998877"), "policy.region"),
        (RULE.replace("120000", "National"), "policy.region"),
        (RULE.replace("msa-doc", "msa-dok"), "policy.type"),
        (RULE.replace("regions", "region"), "policy.key"),
        (RULE + 'untill = 2027-01-01\n', "policy.key"),
        (RULE + 'until = "2027-01-01"\n', "policy.key"),
        (RULE + "until = 09:00:00\n", "policy.key"),
        (RULE + "from = 0001-01-01\n", "policy.key"),
        (RULE + "from = 2027-01-01\nuntil = 2027-01-01\n", "policy.key"),
        (RULE + "note = 3\n", "policy.key"), (RULE + f'note = "{"x" * 201}"\n', "policy.key"),
        (RULE.replace('"msa-doc"', "1"), "policy.key"),
    ],
)  # fmt: skip
def test_a_misspelt_rule_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(HEAD + text, "utf-8")
    with pytest.raises(UsageError) as caught:
        Policy.load(path)
    assert caught.value.code == code and "own.toml" in str(caught.value)


def test_dates_are_chinas_and_a_rule_made_by_hand_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(HEAD + RULE + "from = 2026-01-01\nuntil = 2027-01-01T12:00:00Z\n", "utf-8")
    (found,) = Policy.load(path).recognition
    assert found.starts == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert found.ends == datetime(2027, 1, 1, 12, tzinfo=UTC)
    for bad in ({"regions": ("1",)}, {"types": ("no",)}, {"starts": datetime(2026, 1, 1)}):
        with pytest.raises(UsageError):
            rule(*bad.pop("regions", ("120000",)), **bad)
    with pytest.raises(UsageError):
        policy(rule("120000"), region="37000")


@pytest.mark.parametrize("name", ["strict", "window", "archive", "inspector-offline", SHANDONG])
def test_a_policy_written_out_reads_back_the_same(name) -> None:
    loaded = Policy.load(name)
    again = Policy.from_toml(loaded.to_toml())
    assert again == loaded and again.to_toml() == loaded.to_toml()


def test_every_member_of_a_policy_is_written_out() -> None:
    full = Policy(
        'q"uo\\te\x7f\u202e\n', {"qr.signature": "FAIL", "ism.*": "FAIL"}, timedelta(days=3),
        "370000",
        (rule("120000", "national", starts=AT, ends=AT + timedelta(days=1), note="『』"),),
        timedelta(days=4), timedelta(days=5), timedelta(days=6),
    )  # fmt: skip
    for member in Policy.__dataclass_fields__:
        assert getattr(full, member) != getattr(DEFAULT, member), f"{member} is not tested"
    assert Policy.from_toml(full.to_toml()) == full
    with pytest.raises(UsageError):
        replace(full, status_age=timedelta(hours=3)).to_toml()


# -- QR, ship, command line -----------------------------------------------------------------


def code_of(sample: str) -> str:
    return b.evidence(sample).qr[0].text


@pytest.mark.parametrize(
    ("own", "outcome", "verdict"),
    [
        (DEFAULT, "SKIPPED", "VALID"),
        (policy(rule("120000")), "PASS", "VALID"),
        (policy(rule("440000")), "UNKNOWN", "INDETERMINATE"),
        (policy(rule("440000"), region="120000"), "PASS", "VALID"),
    ],
)
def test_a_code_on_its_own(own, outcome, verdict) -> None:
    scan = scanned.judge(
        code_of("tianjin-doc.ofd"), trust=trust(), at=AT, now=AT, compared=True, policy=own
    )
    (finding,) = [f for f in scan.findings if f.code == CODE]
    assert (str(finding.outcome), str(scan.verdict)) == (outcome, verdict)


def test_a_code_of_a_stranger_is_of_no_region() -> None:
    for text in (code_of("rogue-qr.pdf"), "https://zz.tj.example/x"):
        scan = scanned.judge(text, trust=trust(), at=AT, now=AT, policy=policy(rule("120000")))
        (finding,) = [f for f in scan.findings if f.code == CODE]
        assert (finding.outcome, finding.reason) == (Outcome.SKIPPED, "issuer-open")


def test_a_scanned_sheet_is_recognised_by_the_code_that_is_judged() -> None:
    """Another code may stand before the signed one: it must not hide the question."""
    from elicense.evidence import QrCode
    from scanning import encoded, page

    usual = judge(encoded(page()), compared=True)
    assert usual.verdict is Verdict.VALID and usual.evidence.sheet
    foreign = QrCode(1, "https://zz.tj.example/x", "url")
    both = replace(usual.evidence, qr=(foreign, *usual.evidence.qr))
    for shown in (usual.evidence, both):
        for region, outcome in (("120000", "PASS"), ("440000", "UNKNOWN")):
            report = judge_evidence(shown, name="x", trust=trust(), at=AT, now=AT, compared=True,
                                    policy=policy(rule(region)))  # fmt: skip
            assert [f.outcome for f in b.only(report, CODE)] == [outcome]


def test_the_example_policy_decides_as_it_says() -> None:
    own = Policy.load(SHANDONG)
    expected = {
        "tianjin-doc.ofd": "VALID", "guangdong-smc.pdf": "VALID", "shandong-doc-v5.ofd": "VALID",
        "shandong-doc-interim.pdf": "VALID", "tianjin-smc-interim.ofd": "VALID",
    }  # fmt: skip
    assert {name: str(judge(SAMPLES / name, policy=own).verdict) for name in expected} == expected
    later = datetime(2026, 12, 31, 16, tzinfo=UTC)  # midnight in China: the trial is over
    report = judge(SAMPLES / "tianjin-smc-interim.ofd", policy=own, at=later, now=later)
    (finding,) = b.only(report, CODE)
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "ended")


def run(*arguments: str):
    told = ["--trust", str(ROOT / "fixtures/certs/trust"), "--allow-test-trust",
            "--at", AT.isoformat(), "--now", AT.isoformat()]  # fmt: skip
    return CliRunner().invoke(cli, [*arguments, *told])


def test_the_command_line(tmp_path: Path) -> None:
    here = ["--policy", str(SHANDONG)]
    shown = run("verify", str(SAMPLES / "tianjin-doc.ofd"), *here, "-v", "--lang", "zh")
    assert shown.exit_code == 0
    assert "山东省认可天津市“天津海事局”签发的符合证明" in shown.output.replace("\n    ", "")
    other = tmp_path / "other.toml"
    other.write_text(HEAD + 'region = "370000"\n' + RULE.replace("120000", "440000"), "utf-8")
    shown = run("verify", str(SAMPLES / "tianjin-doc.ofd"), "--policy", str(other), "--lang", "en")
    assert shown.exit_code == 3 and "This is no fault of the licence" in shown.output
    shown = run("qr", "verify", code_of("tianjin-doc.ofd"), "--compared", "--policy", str(other))
    assert shown.exit_code == 3
    shown = run("qr", "verify", code_of("tianjin-doc.ofd"), "--compared", *here)
    assert shown.exit_code == 0


def test_ship_and_company_are_judged_under_the_same_policy(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(HEAD + 'region = "370000"\n' + RULE, "utf-8")
    pair = ["--doc", str(SAMPLES / "guangdong-doc-sign.ofd"), "--smc",
            str(SAMPLES / "guangdong-smc.pdf"), "-q", "--lang", "en"]  # fmt: skip
    assert run("inspect-ship", *pair, "--policy", str(SHANDONG)).exit_code == 0
    shown = run("inspect-ship", *pair, "--policy", str(other))
    assert shown.exit_code == 3 and "Guangdong" in shown.output
