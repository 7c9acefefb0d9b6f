"""The verdict: VALID only when everything required is proven of the issuer's own seal."""

from __future__ import annotations

import pytest

from elicense.findings import Finding, Outcome
from elicense.policy import REQUIRED, Policy
from elicense.verdict import OF_LICENCE, OF_SEAL, Verdict, decide, deciding, missing

SEAL = "signature:1"


def full(subject: str = SEAL) -> list[Finding]:
    of_seal = [Finding(c, Outcome.PASS, subject) for codes in OF_SEAL.values() for c in codes]
    rest = [Finding(c, Outcome.PASS, "licence") for codes in OF_LICENCE.values() for c in codes]
    return of_seal + rest


def test_everything_proven_is_valid() -> None:
    assert decide(full(), Policy()) is Verdict.VALID and missing(full()) == ()


def test_every_required_category_is_asked_of_the_seal_or_of_the_licence() -> None:
    assert set(OF_SEAL) | set(OF_LICENCE) == set(REQUIRED)


def test_nothing_found_is_never_valid() -> None:
    assert decide([], Policy()) is Verdict.INDETERMINATE
    assert missing([]) == REQUIRED


@pytest.mark.parametrize("position", range(len(full())))
def test_without_any_one_proof_it_is_indeterminate(position: int) -> None:
    findings = full()
    lost = findings.pop(position)
    assert decide(findings, Policy()) is Verdict.INDETERMINATE
    assert lost.category in missing(findings) or lost.code == "authority.licence-type"


@pytest.mark.parametrize("position", range(len(full())))
@pytest.mark.parametrize("outcome", [Outcome.WARN, Outcome.SKIPPED])
def test_a_remark_or_a_check_without_object_is_no_proof(position: int, outcome: Outcome) -> None:
    findings = full()
    lost = findings[position]
    findings[position] = Finding(lost.code, outcome, lost.subject)
    assert decide(findings, Policy()) is Verdict.INDETERMINATE


def test_what_other_seals_prove_does_not_stand_in_for_the_issuers() -> None:
    findings = [f for f in full() if f.code != "signature.value"]
    findings.append(Finding("signature.value", Outcome.PASS, "signature:2"))
    assert decide(findings, Policy()) is Verdict.INDETERMINATE
    assert missing(findings) == ("signature",)


def test_an_endorsers_seal_is_not_the_issuers() -> None:
    findings = [f for f in full() if f.code != "authority.licence-type"]
    findings.append(Finding("authority.licence-type", Outcome.PASS, SEAL, "endorser"))
    assert decide(findings, Policy()) is Verdict.INDETERMINATE


@pytest.mark.parametrize(
    "code", ["trust.age", "container.structure", "signature.algorithm", "seal.maker"]
)
def test_a_pass_beside_the_point_proves_nothing(code: str) -> None:
    lone = [f for f in full() if f.category != Finding(code, Outcome.PASS).category]
    lone.append(Finding(code, Outcome.PASS, SEAL))
    assert decide(lone, Policy()) is Verdict.INDETERMINATE


def test_a_fault_beats_everything_and_a_question_beats_proofs() -> None:
    fault = Finding("integrity.digest", Outcome.FAIL, "signature:7")
    question = Finding("revocation.certificate", Outcome.UNKNOWN, "signature:7")
    assert decide([*full(), question], Policy()) is Verdict.INDETERMINATE
    assert decide([*full(), question, fault], Policy()) is Verdict.INVALID
    assert deciding([*full(), question, fault], Policy()) == (fault,)
    assert deciding([*full(), question], Policy()) == (question,)


def test_a_remark_alone_changes_nothing() -> None:
    remark = Finding("signature.encoding", Outcome.WARN, SEAL, "ber")
    assert decide([*full(), remark], Policy()) is Verdict.VALID
    strict = Policy(weights={"signature.encoding": "FAIL"})
    assert decide([*full(), remark], strict) is Verdict.INVALID


def test_no_policy_forgives_a_proven_fault() -> None:
    policy = Policy(weights={"agreement.data-page": "IGNORE", "qr.signature": "WARN"})
    for code in policy.weights:
        assert decide([*full(), Finding(code, Outcome.FAIL)], policy) is Verdict.INVALID


def test_a_policy_may_set_aside_an_open_question_that_is_not_required() -> None:
    question = Finding("agreement.data-page", Outcome.UNKNOWN, "licence", "no-text")
    assert decide([*full(), question], Policy()) is Verdict.INDETERMINATE
    policy = Policy(weights={"agreement.data-page": "WARN"})
    assert decide([*full(), question], policy) is Verdict.VALID


def test_a_policy_for_a_family_of_codes_reaches_each_of_them() -> None:
    policy = Policy(weights={"ism.*": "FAIL"})
    question = Finding("ism.13.4", Outcome.UNKNOWN, "licence", "renewal")
    assert decide([*full(), question], Policy()) is Verdict.INDETERMINATE
    assert decide([*full(), question], policy) is Verdict.INVALID
