"""Policies: those of the package, those of a user, and what none of them may do."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import findings
from elicense.errors import UsageError
from elicense.findings import Finding, Outcome
from elicense.policy import DEFAULT, REQUIRED, WEIGHTS, Policy, shipped_names
from elicense.verdict import Verdict, decide
from elicense.verifying import judge as judge_evidence
from judging import EXPECTED, SAMPLES, found, judge

OWN = ("archive", "inspector-offline", "strict", "window")
REQUIRED_CODES = sorted(c for c in findings.catalogue() if findings.category(c) in REQUIRED)


def written(tmp_path, text: str):
    path = tmp_path / "own.toml"
    path.write_text('schema = "elicense-policy/1"\n' + text, "utf-8")
    return path


def test_the_package_ships_four_policies_by_name() -> None:
    assert shipped_names() == OWN
    for name in OWN:
        assert Policy.load(name).name == name


@pytest.mark.parametrize("name", OWN)
def test_own_policies_are_explained_where_they_weigh(name: str) -> None:
    policy = Policy.load(name)
    text = SAMPLES.parent.parent.joinpath(f"src/elicense/policies/{name}.toml").read_text("utf-8")
    manual = SAMPLES.parent.parent.joinpath("docs/policies.md").read_text("utf-8")
    row = next(line for line in manual.splitlines() if line.startswith(f"| `{name}`"))
    assert f"{policy.status_age.days} days" in row
    assert text.count("#") >= 3


@pytest.mark.parametrize("name", OWN)
def test_own_policies_make_no_fault_of_an_open_question(name: str) -> None:
    for code, weight in Policy.load(name).weights.items():
        if weight == "FAIL":
            texts = findings.catalogue()[code]["text"]
            assert not any(key.startswith("UNKNOWN") for key in texts), code


@pytest.mark.parametrize("code", REQUIRED_CODES)
@pytest.mark.parametrize("weight", ["WARN", "IGNORE"])
def test_no_policy_relaxes_a_required_category(tmp_path, code: str, weight: str) -> None:
    path = written(tmp_path, f'[findings]\n"{code}" = "{weight}"\n')
    with pytest.raises(UsageError) as caught:
        Policy.load(path)
    assert caught.value.code == "policy.required"
    assert code in str(caught.value)
    with pytest.raises(UsageError):
        Policy(weights={code: weight})


@pytest.mark.parametrize("sample", sorted(EXPECTED["samples"]))
def test_no_own_policy_makes_a_file_better(sample: str) -> None:
    plain = judge(SAMPLES / sample)
    for name in OWN:
        under = judge_evidence(
            plain.evidence, name=plain.file, trust=plain.trust, at=plain.at, now=plain.now,
            policy=Policy.load(name),
        )  # fmt: skip
        if plain.verdict is Verdict.INVALID:
            assert under.verdict is Verdict.INVALID, name
        if plain.verdict is not Verdict.VALID:
            assert under.verdict is not Verdict.VALID, name


def test_strict_refuses_what_the_default_remarks() -> None:
    named = {
        sample: found(judge(SAMPLES / sample), Outcome.WARN)
        for sample, expected in EXPECTED["samples"].items()
        if expected["verdict"] == "VALID"
    }
    strict = Policy.load("strict")
    for sample, remarks in named.items():
        decided = {code for code, _ in remarks if strict.weight(code) == "FAIL"}
        verdict = judge(SAMPLES / sample, policy=strict).verdict
        assert verdict is (Verdict.INVALID if decided else Verdict.VALID), sample


def test_a_remark_weighs_as_the_policy_says() -> None:
    """Metadata beside the seal: a remark, a fault, or nothing, by policy alone."""
    report = judge(SAMPLES / "tianjin-doc.ofd")
    remark = Finding("coverage.metadata", Outcome.WARN, "signature:1")
    with_remark = (*report.findings, remark)
    verdicts = {
        weight: decide(with_remark, replace(DEFAULT, weights={"coverage.metadata": weight}))
        for weight in WEIGHTS
    }
    assert verdicts == {
        "FAIL": Verdict.INVALID, "WARN": Verdict.VALID, "IGNORE": Verdict.VALID,
    }  # fmt: skip


def test_a_bare_name_is_ours_and_a_path_is_a_file(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = 'schema = "elicense-policy/1"\nname = "theirs"\nstatus_age_days = 3000\n'
    for place in ("strict", "strict.toml", "window"):
        (tmp_path / place).write_text(other, "utf-8")
    assert Policy.load("strict").name == "strict"
    assert Policy.load("window").status_age == timedelta(days=2)
    assert Policy.load(f".{os.sep}strict").name == "theirs"
    assert Policy.load(tmp_path / "strict").name == "theirs"
    assert Policy.load("strict.toml").name == "theirs"


@pytest.mark.parametrize("name", ["", ".", "..", "Strict", "strict/", "../policies/strict", "no\0"])
def test_other_names_are_no_policy(name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        Policy.load(name)
    assert caught.value.code == "policy.file"
    assert "inspector-offline" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("colour = 1\n", "policy.key"),
        ("status_age_days = 0\n", "policy.key"),
        ("status_age_days = true\n", "policy.key"),
        ("status_age_days = 1.5\n", "policy.key"),
        ("name = 3\n", "policy.key"),
        ("findings = []\n", "policy.key"),
        ('[findings]\n"no.such" = "FAIL"\n', "policy.code"),
        ('[findings]\n"coverage.metadata" = "PASS"\n', "policy.weight"),
        ('[findings]\n"coverage.metadata" = 1\n', "policy.weight"),
        ('[required]\nstatus = false\n', "policy.key"),
        ("= broken", "policy.file"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(tmp_path, text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.load(written(tmp_path, text))
    assert caught.value.code == code


def test_another_schema_is_refused(tmp_path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('schema = "elicense-policy/2"\n', "utf-8")
    with pytest.raises(UsageError) as caught:
        Policy.load(path)
    assert caught.value.code == "policy.schema"
