"""Is what a reader shows covered by the seals, and what came after them?"""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case, JudgedSignature
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN, faults, from_fault
from elicense.findings import Finding


def structure(case: Case) -> Iterator[Finding]:
    """``container.structure``: the file can be read in one way only."""
    found = [
        from_fault(fault, "file")
        for fault in case.evidence.faults
        if fault.code == "container.structure"
    ]
    yield from found
    if not found:
        yield Finding("container.structure", PASS, "file",
                      values={"container": case.evidence.container.upper()})  # fmt: skip
    for note in dict.fromkeys(case.evidence.notes):
        yield Finding("container.deviation", WARN, "file", note.kind,
                      {"place": note.place, "detail": note.detail},
                      detail=f"{note.place}: {note.detail}")  # fmt: skip


def document(case: Case) -> Iterator[Finding]:
    """``coverage.document``: nothing that a reader shows is outside the seal."""
    for fault in case.evidence.faults:
        if fault.code == "coverage.document":
            yield from_fault(fault, "file")
    for judged in case.signatures:
        signature = judged.signature
        found = list(faults(signature, "coverage.document", judged.subject))
        yield from found
        coverage = signature.coverage
        if coverage.uncovered:
            values = {
                "parts": _some(coverage.uncovered), "count": str(len(coverage.uncovered)),
            }  # fmt: skip
            yield Finding("coverage.document", UNKNOWN, judged.subject, "uncovered", values,
                          detail=", ".join(coverage.uncovered[:50]),
                          indication="SIG_CONSTRAINTS_FAILURE")  # fmt: skip
        elif not coverage.whole and not found:
            yield Finding("coverage.document", UNKNOWN, judged.subject, "not-whole")
        elif not found:
            yield Finding("coverage.document", PASS, judged.subject,
                          values={"count": str(len(coverage.covered))})  # fmt: skip
        if coverage.uncovered_metadata:
            yield Finding("coverage.metadata", WARN, judged.subject, "",
                          {"parts": _some(coverage.uncovered_metadata)},
                          detail=", ".join(coverage.uncovered_metadata[:50]))  # fmt: skip


def _some(parts: tuple[str, ...]) -> str:
    shown = ", ".join(parts[:4])
    return shown if len(parts) <= 4 else f"{shown}, … ({len(parts)})"


def changes(case: Case) -> Iterator[Finding]:
    """``changes.after-signing``: only what a licence allows was added after a seal."""
    for fault in case.evidence.faults:
        if fault.code == "changes.after-signing":
            yield from_fault(fault, "file")
    for judged in case.signatures:
        signature = judged.signature
        found = list(faults(signature, "changes.after-signing", judged.subject))
        found += _untrusted_seals(case, judged)
        refused = [c for c in signature.changes if not c.allowed]
        seen: set[tuple[str, str]] = set()
        for change in refused:
            if (change.kind, change.place) in seen:
                continue
            seen.add((change.kind, change.place))
            found.append(
                Finding("changes.after-signing", FAIL, judged.subject, change.kind,
                        {"place": change.place, "detail": change.detail},
                        detail=f"revision {change.revision}: {change.place}: {change.detail}",
                        indication="FORMAT_FAILURE")
            )  # fmt: skip
        if found:
            yield from found
        else:
            allowed = [c for c in signature.changes if c.allowed]
            reason = "allowed" if allowed else ""
            yield Finding("changes.after-signing", PASS, judged.subject, reason,
                          {"kinds": ", ".join(sorted({c.kind for c in allowed}))})  # fmt: skip


def _untrusted_seals(case: Case, judged: JudgedSignature) -> Iterator[Finding]:
    """A seal of somebody the trust store does not know, put on a file that a known sealer
    had sealed before: nobody but listed sealers may add to a licence."""
    standing = judged.standing
    if standing is None or not standing.path.anchored or not standing.services:
        return
    for later in case.signatures:
        after = later.signature.index > judged.signature.index
        unknown = later.standing is None or not later.standing.path.anchored
        if after and unknown:
            name = later.signature.signer.display if later.signature.signer else ""
            yield Finding("changes.after-signing", FAIL, later.subject, "untrusted-seal",
                          {"signer": name}, later.signature.place,
                          "FORMAT_FAILURE")  # fmt: skip


def other_faults(case: Case) -> Iterator[Finding]:
    """Faults of the file or of a signature with any other code."""
    of_file = {"container.structure", "coverage.document", "changes.after-signing"}
    handled = {
        "coverage.document", "changes.after-signing", "integrity.digest", "signature.value",
        "seal.file", "time.proof",
    }  # fmt: skip
    for fault in case.evidence.faults:
        if fault.code not in of_file:
            yield from_fault(fault, "file")
    for judged in case.signatures:
        for fault in judged.signature.faults:
            if fault.code not in handled:
                yield from_fault(fault, judged.subject)
    for signature in case.evidence.signatures:
        if signature.kind == "document-timestamp":
            for fault in signature.faults:
                if fault.code != "time.proof":
                    yield from_fault(fault, f"signature:{signature.index}")
