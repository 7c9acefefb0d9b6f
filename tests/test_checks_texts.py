"""Every finding a check can make has its sentence, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import trust_builders as b
from elicense import findings
from elicense.findings import Finding, Outcome

SRC = Path(findings.__file__).parent
SAMPLES = sorted(p.name for p in b.SAMPLES.iterdir() if p.suffix in {".ofd", ".pdf"})


def _trees(*folders: str) -> Iterator[ast.Module]:
    for folder in folders:
        for path in sorted((SRC / folder).glob("*.py")):
            yield ast.parse(path.read_text("utf-8"))


def _constants(node: ast.expr) -> list[str]:
    """Every text an expression can yield, where it is written out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    return []


def _calls(name: str, *folders: str) -> Iterator[ast.Call]:
    for tree in _trees(*folders):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield node


def _names(scope: ast.AST) -> dict[str, str]:
    return {
        target.id: str(node.value.value)
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip


def _made() -> set[tuple[str, str, str]]:
    """(code, outcome, reason) of each Finding that is written out in the checks."""
    found: set[tuple[str, str, str]] = set()
    for tree in _trees("checks"):
        shared = {k: v for k, v in _names(tree).items() if k.isupper()}
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef):
                names = {**shared, **_names(scope)}
                for call in ast.walk(scope):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
                        found.update(_told(call, names))
    return found


def _told(call: ast.Call, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    code, outcome = call.args[0], call.args[1]
    codes = [names[code.id]] if isinstance(code, ast.Name) and code.id in names else (
        _constants(code))  # fmt: skip
    outcomes = [outcome.body, outcome.orelse] if isinstance(outcome, ast.IfExp) else [outcome]
    given = call.args[3] if len(call.args) > 3 else None
    reasons = _constants(given) if given is not None else [""]
    for one in outcomes:
        word = one.id if isinstance(one, ast.Name) else getattr(one, "attr", "")
        if word in Outcome.__members__:
            yield from ((c, word, reason) for c in codes for reason in reasons)


MADE = sorted(_made())


def test_the_checks_were_read() -> None:
    assert len(MADE) > 80
    assert ("authority.licence-type", "UNKNOWN", "no-licence-data") in MADE


@pytest.mark.parametrize(("code", "outcome", "reason"), MADE)
def test_each_finding_of_the_checks_has_a_sentence(code: str, outcome: str, reason: str) -> None:
    finding = Finding(code, Outcome(outcome), reason=reason)
    for language in ("zh", "en"):
        assert finding.message(language), (code, outcome, reason)
        if outcome in {"FAIL", "UNKNOWN"} and reason:
            assert _worded(finding, language), (code, outcome, reason)


def _worded(finding: Finding, language: str) -> bool:
    """A text of its own, or a general one that does not need the word for the reason."""
    if findings.known(finding.code, finding.outcome, finding.reason):
        return True
    table = findings.catalogue()
    entry = table.get(finding.code) or table[finding.code.split(".", 1)[0] + ".*"]
    general = entry["text"][str(finding.outcome)][language]
    return "{what}" not in general or bool(findings.kind_text(finding.reason, language))


def _kinds() -> set[str]:
    found: set[str] = set()
    for name, position in (("PathProblem", 0), ("Fault", 1), ("Note", 0), ("Answer", 9)):
        for call in _calls(name, "crypto", "trust", "checks", "containers", "containers/pdf",
                           "containers/ofd"):  # fmt: skip
            words = [k.value for k in call.keywords if k.arg in {"kind", "problem"}]
            if len(call.args) > position:
                words.append(call.args[position])
            found.update(text for word in words for text in _constants(word) if text)
    for call in _calls("Revocation", "trust", "checks"):
        for keyword in call.keywords:
            if keyword.arg == "problem":
                found.update(t for t in _constants(keyword.value) if t)
    return found


@pytest.mark.parametrize("kind", sorted(_kinds()))
def test_each_kind_of_fault_note_and_problem_has_words(kind: str) -> None:
    assert all(findings.kind_text(kind, language) for language in ("zh", "en")), kind


def _returned(*functions: str) -> set[str]:
    """Texts that functions of the checks and of trust return as a problem."""
    found: set[str] = set()
    for tree in _trees("checks", "trust"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name in functions:
                for part in ast.walk(node):
                    if isinstance(part, ast.Return) and part.value is not None:
                        values = part.value.elts[:1] if isinstance(part.value, ast.Tuple) else [
                            part.value]  # fmt: skip
                        found.update(t for v in values for t in _constants(v) if t)
    return found


PROBLEMS = _returned(
    "_token_problem", "_document_problem", "_token_standing_problem", "_list_problem",
    "entry_problem", "_issuer_problem", "entry_state", "_staleness", "_expired",
    "_responder_problem", "_delegate_problem", "speaks_of", "violation",
    "statement_problem", "signer_entries",
)  # fmt: skip


@pytest.mark.parametrize("problem", sorted(PROBLEMS))
def test_each_problem_told_as_a_detail_has_words(problem: str) -> None:
    assert all(findings.kind_text(problem, language) for language in ("zh", "en")), problem


def test_the_problems_were_read() -> None:
    assert {"usage-not-only", "signer-not-entitled", "after-expiry", "entry-ended"} <= PROBLEMS


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_tell_nothing_without_a_sentence(sample: str) -> None:
    for finding in b.verdict(sample).findings:
        for language in ("zh", "en"):
            message = finding.message(language)
            assert message and "{" not in message, finding
            if finding.outcome in {"FAIL", "UNKNOWN"}:
                assert _worded(finding, language), finding
