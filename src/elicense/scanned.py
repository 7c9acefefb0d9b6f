"""A licence's QR code on its own: what it is, and whether its signed data hold.

A code copies perfectly. It proves what the issuer said, never that the sheet it stands
on is the original, so VALID needs a person who has compared the sheet with the data.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from elicense.checks import licence as licence_checks
from elicense.checks import recognition, status, trust
from elicense.checks.case import Case
from elicense.checks.qr import qr
from elicense.checks.standing import World, ages_of
from elicense.containers import boundary
from elicense.errors import InputError, UsageError
from elicense.evidence import Claims, Evidence, QrCode
from elicense.examine import examine
from elicense.findings import Finding, Outcome
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.policy import DEFAULT, Policy
from elicense.profiles import find
from elicense.qr.kinds import QrText, classify
from elicense.qr.payload import Payload, decode
from elicense.qr.reader import read_encoded
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict, weigh
from elicense.verifying import read_input

_CHECKS = (qr, licence_checks.identifier, licence_checks.dates, status.status,
           recognition.of_code, trust.store)  # fmt: skip
_NEEDED = ("qr.signature", "licence.dates", "status.licence")


@dataclass(frozen=True, slots=True)
class Scan:
    """One judged code. ``payload`` is None for a foreign one; ``missing`` are the codes of
    findings without a PASS, and ``compared`` where nobody has compared the sheet."""

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
        if _is_picture(data):
            found = read_encoded(data, limits, page=1, place="picture")
            return tuple(dict.fromkeys(code.text for code in found))
        text = _as_text(data)
        if text is not None:
            return (text,) if text else ()
        return tuple(dict.fromkeys(code.text for code in examine(data, limits=limits).qr))


def _is_file(source: str) -> bool:
    if source.startswith("EL1:") or len(source) > 1024 or "\0" in source:
        return False
    return os.path.isfile(source)


def _is_picture(data: bytes) -> bool:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)):
            return True
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


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
    with boundary("QR"):
        payload = _payload(text, limits) if code.kind == "el1" else None
        licence = payload.licence if payload else None
        raw = text.encode("utf-8", "surrogatepass")
        evidence = Evidence(
            "qr", len(raw), hashlib.sha256(raw).hexdigest(),
            claims=Claims(data=data), qr=(QrCode(1, text, code.kind),),
        )  # fmt: skip
        case = Case(
            evidence, World(trust, at, now, limits, ages_of(policy)), policy, (), (), licence, "",
            find(licence.type) if licence else None, data,
        )  # fmt: skip
        found = tuple(f for check in _CHECKS for f in check(case) if _speaks(f, data))
    return Scan(code, payload, *_answer(found, policy, compared=compared))


def _payload(text: str, limits: Limits) -> Payload | None:
    try:
        return decode(text, limits=limits)
    except InputError:
        return None  # the finding qr.signature says what is wrong


def _speaks(finding: Finding, data: bytes | None) -> bool:
    """Without the licence's data at hand nobody asked whether the code agrees with it."""
    return finding.code != "agreement.qr-data" or data is not None


def _answer(
    found: tuple[Finding, ...], policy: Policy, *, compared: bool
) -> tuple[Verdict, tuple[Finding, ...], tuple[str, ...]]:
    passed = {f.code for f in found if f.outcome is Outcome.PASS}
    missing = tuple(code for code in _NEEDED if code not in passed)
    missing += () if compared else ("compared",)
    outcomes = {weigh(f, policy) for f in found}
    if Outcome.FAIL in outcomes:
        return Verdict.INVALID, found, missing
    if Outcome.UNKNOWN in outcomes or missing:
        return Verdict.INDETERMINATE, found, missing
    return Verdict.VALID, found, missing


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
