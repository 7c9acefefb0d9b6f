"""Policies: strict to read, and unable to relax what is required."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from elicense import findings
from elicense.errors import UsageError
from elicense.policy import DEFAULT, REQUIRED, Policy

HEAD = 'schema = "elicense-policy/1"\n'


def load(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    return Policy.load(path)


def test_a_policy_is_read(tmp_path: Path) -> None:
    text = HEAD + 'name = "port"\nstatus_age_days = 7\n[findings]\n"qr.signature" = "FAIL"\n'
    policy = load(tmp_path, text)
    assert (policy.name, policy.status_age) == ("port", timedelta(days=7))
    assert policy.weight("qr.signature") == "FAIL" and policy.weight("trust.age") is None


@pytest.mark.parametrize(
    "text",
    [
        "", 'schema = "elicense-policy/2"', HEAD + "nmae = 'x'", HEAD + "name = 7",
        HEAD + "findings = 3", HEAD + "status_age_days = 0", HEAD + "status_age_days = true",
        HEAD + '[findings]\n"qr.signatur" = "FAIL"', HEAD + '[findings]\n"qr.signature" = "fail"',
        HEAD + '[findings]\n"qr.signature" = ["FAIL"]', HEAD + "[findings", "\x00",
    ],
)  # fmt: skip
def test_anything_misspelt_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        load(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Policy.load(tmp_path / "none.toml")


@pytest.mark.parametrize("code", sorted(findings.catalogue()))
@pytest.mark.parametrize("weight", ["WARN", "IGNORE"])
def test_nothing_required_can_be_relaxed(tmp_path: Path, code: str, weight: str) -> None:
    if findings.category(code) in REQUIRED:
        with pytest.raises(UsageError):
            Policy(weights={code: weight})
        with pytest.raises(UsageError):
            load(tmp_path, HEAD + f'[findings]\n"{code}" = "{weight}"')
    else:
        assert Policy(weights={code: weight}).weight(code) == weight


def test_the_default_policy_weighs_nothing() -> None:
    assert not DEFAULT.weights
