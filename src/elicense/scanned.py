"""A licence's QR code on its own: what it is, and whether its signed data hold.

A code copies perfectly. It proves what the issuer said, never that the sheet it stands
on is the original, so VALID needs a person who has compared the sheet with the data.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from elicense import verifying
from elicense.checks.sheet import first_payload
from elicense.containers import boundary
from elicense.errors import InputError, UsageError
from elicense.evidence import Claims, Evidence, QrCode
from elicense.examine import examine
from elicense.findings import Finding
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.policy import DEFAULT, Policy
from elicense.qr.kinds import QrText, classify
from elicense.qr.payload import Payload
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict
from elicense.verifying import read_input


@dataclass(frozen=True, slots=True)
class Scan:
    """One judged code. ``payload`` is None for a foreign one; ``missing`` are the categories of
    :data:`elicense.verdict.OF_SHEET` without proof: ``sheet`` where nobody has compared it."""

    code: QrText
    payload: Payload | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]


def codes(source: str, *, limits: Limits = DEFAULT_LIMITS) -> tuple[str, ...]:
    """The QR texts of ``source``: a text itself, or the path of a text file, a picture, a
    PDF or an OFD. An empty tuple if there is no code. Nothing is followed or fetched.

    Raises InputError or LimitError for a file that cannot be read.
    """
    if not _is_file(source):
        return (source,)
    _name, data = read_input(source, limits)
    return codes_in(data, limits=limits)


def codes_in(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> tuple[str, ...]:
    """The same from bytes."""
    with boundary("QR codes"):
        text = _as_text(data)
        if text is not None:
            return (text,) if text else ()
        found = examine(data, limits=limits, ocr=False)
        return tuple(dict.fromkeys(code.text for code in found.qr))


def _is_file(source: str) -> bool:
    if source.startswith("EL1:") or len(source) > 1024 or "\0" in source:
        return False
    return os.path.isfile(source)


def _as_text(data: bytes) -> str | None:
    """A short text file with one line end at most taken off; base45 has spaces: no trimming."""
    if len(data) > 8192 or b"\0" in data or data[:5] in {b"%PDF-", b"PK\x03\x04"}:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.removesuffix("\n").removesuffix("\r")


def judge(
    text: str,
    *,
    trust: TrustStore,
    at: datetime,
    now: datetime,
    data: bytes | None = None,
    compared: bool = False,
    policy: Policy = DEFAULT,
    limits: Limits = DEFAULT_LIMITS,
) -> Scan:
    """Judge one QR text against ``trust``; ``at`` and ``now`` are aware times.

    ``data`` is the exact ``licence.json`` it should be of, if at hand. ``compared`` says
    that a person has compared every deciding field of the sheet with the data: without
    that the answer is never VALID. UsageError for a naive time.
    """
    for name, moment in (("at", at), ("now", now)):
        if moment.tzinfo is None:
            raise UsageError("verify.time", f"{name} must carry a time zone")
    code = classify(text)
    raw = text.encode("utf-8", "surrogatepass")
    evidence = Evidence(
        "qr", len(raw), hashlib.sha256(raw).hexdigest(), claims=Claims(data=data),
        qr=(QrCode(1, text, code.kind),), pages=1, sheet=True,
    )  # fmt: skip
    report = verifying.judge(
        evidence, name="(qr)", trust=trust, at=at, now=now, policy=policy, limits=limits,
        compared=compared,
    )  # fmt: skip
    payload = first_payload(evidence.qr, limits)
    return Scan(code, payload, report.verdict, report.findings, report.missing)


def data_of(file: str | Path, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The exact ``licence.json`` of a file: itself, or the one in a PDF or OFD."""
    from elicense import containers

    _name, data = read_input(file, limits)
    if data.lstrip()[:1] == b"{":
        return data
    sealed = containers.read(data, limits)[0].claims.data
    if sealed is None:
        raise InputError("licence.none", "the file holds no licence.json", place=str(file))
    return sealed
