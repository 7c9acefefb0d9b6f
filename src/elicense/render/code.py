"""A QR code as text and as plain values: what it is, what it says, how it was judged."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from elicense.findings import Outcome
from elicense.licence import tree
from elicense.profiles import find, printed_forms
from elicense.qr.kinds import QrText, classify
from elicense.qr.payload import Payload
from elicense.render.text import Style
from elicense.render.width import safe, wrap
from elicense.scanned import Scan

_MARKS = {Outcome.PASS: "+", Outcome.FAIL: "x", Outcome.WARN: "!", Outcome.UNKNOWN: "?",
          Outcome.SKIPPED: "-"}  # fmt: skip
_TEXTS = Path(__file__).with_name("code_words.toml")


@cache
def _words(language: str) -> Mapping[str, str]:
    words: Mapping[str, str] = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))[language]
    return words


def describe(text: str, payload: Payload | None, problem: str, style: Style) -> str:
    """What a QR text is, without judging it. ``problem`` says why an EL1 cannot be read."""
    return "\n".join(_described(classify(text), payload, problem, style)) + "\n"


def _described(
    code: QrText, payload: Payload | None, problem: str, style: Style
) -> Iterator[str]:  # fmt: skip
    words = _words(style.language)
    if code.kind != "el1":
        yield words[code.kind]
        yield from _block(code.text, style)
        yield from _foreign(code, style)
        yield from _block(words["proves"], style)
    elif payload is None:
        yield from _block(f"{words['unreadable']}: {problem}", style, "")
    else:
        yield words["el1"]
        yield from _block(words["unchecked"], style)
        yield from _signed(payload, style)


def _foreign(code: QrText, style: Style) -> Iterator[str]:
    words = _words(style.language)
    if code.url is not None:
        yield from _block(f"{words['host']}: {code.url.display} ({code.url.host})", style)
        if code.url.hints:
            yield from _block(f"{words['hints']}: {', '.join(code.url.hints)}", style)
    if code.identifier is not None:
        found = code.identifier
        check = words["check_ok" if found.check_ok else "check_bad"]
        yield from _block(f"{words['type']}: {found.type}; {words['issuer']}: {found.issuer}; "
                          f"{check}", style)  # fmt: skip
        if code.unit:
            yield from _block(f"{words['unit']}: {code.unit}", style)


def _signed(payload: Payload, style: Style) -> Iterator[str]:
    words = _words(style.language)
    profile = find(payload.type)
    assert profile is not None  # the template belongs to it
    yield from _block(f"{profile.zh} {profile.en}", style)
    for item, value in profile.values(payload.licence):
        forms = printed_forms(item, value)
        if item.kind != "title":
            text = forms[0] if forms else str(value)
            yield from _block(f"{item.label(style.language)}: {text}", style)
    for visit in payload.endorsements:
        box = profile.box(visit.kind)
        name = (box.zh if style.language == "zh" else box.en) if box else visit.kind
        until = f" → {visit.valid_until}" if visit.valid_until else ""
        text = f"{words['endorsement']}: {name} {visit.date or visit.state}{until}"
        yield from _block(text, style)
    status = payload.status
    if status is not None:
        yield from _block(f"{words['status']}: {status.list} #{status.index}", style)
    digest = payload.data_digest
    yield from _block(f"{words['digest']}: {digest.algorithm} {digest.value.hex()}", style)
    yield from _block(
        f"{words['algorithm']}: {payload.algorithm}; {words['key']}: {payload.kid.hex()}; "
        f"{words['template']}: {payload.template}; {payload.size} {words['size']}", style,
    )  # fmt: skip


def render(scan: Scan, style: Style) -> str:
    """A judged code: the answer, its reasons, the signed data to compare the sheet with."""
    return "\n".join(_judged(scan, style)) + "\n"


def _judged(scan: Scan, style: Style) -> Iterator[str]:
    words = _words(style.language)
    yield f"{words[scan.verdict]}  {words[scan.code.kind]}"
    for finding in scan.findings:
        if style.verbose or finding.outcome is not Outcome.SKIPPED:
            text = f"{_MARKS[finding.outcome]} {finding.message(style.language)}"
            yield from _block(text, style)
    proofs = [words[f"missing_{name}"] for name in scan.missing if name != "sheet"]
    if proofs:
        yield from _block(f"{words['missing']}: {words['comma'].join(proofs)}", style)
    elif scan.missing and scan.verdict != "INVALID":
        yield from _block(words["compared"], style)
    if scan.payload is not None:
        yield ""
        yield from _signed(scan.payload, style)
    else:
        yield from _foreign(scan.code, style)


def _block(text: str, style: Style, indent: str = "  ") -> Iterator[str]:
    for line in wrap(safe(text), style.columns - len(indent)):
        yield indent + line


def as_dict(text: str, payload: Payload | None, problem: str = "") -> dict[str, Any]:
    """What a QR text is, as plain values."""
    code = classify(text)
    found: dict[str, Any] = {"kind": code.kind, "text": text}
    if code.url is not None:
        found["url"] = {"scheme": code.url.scheme, "host": code.url.host,
                        "display": code.url.display, "port": code.url.port,
                        "hints": list(code.url.hints)}  # fmt: skip
    if code.identifier is not None:
        found["identifier"] = {"text": code.identifier.text, "check_ok": code.identifier.check_ok,
                               "unit": code.unit}  # fmt: skip
    if problem:
        found["problem"] = problem
    if payload is not None:
        found |= {
            "algorithm": payload.algorithm, "kid": payload.kid.hex(),
            "dictionary": payload.dictionary, "template": payload.template, "size": payload.size,
            "licence": tree(payload.licence),
            "data_digest": {"algorithm": payload.data_digest.algorithm,
                            "value": payload.data_digest.value.hex()},
        }  # fmt: skip
    return found


def judged_dict(scan: Scan, language: str) -> dict[str, Any]:
    """A judged code as plain values."""
    return as_dict(scan.code.text, scan.payload) | {
        "schema": "elicense-qr-report/1",
        "verdict": str(scan.verdict),
        "missing": list(scan.missing),
        "findings": [
            {"code": f.code, "outcome": str(f.outcome), "subject": f.subject, "reason": f.reason,
             "message": f.message(language), "detail": f.detail, "clause": f.clause}
            for f in scan.findings
        ],
    }  # fmt: skip
