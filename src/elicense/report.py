"""The answer: verdict, licence, findings, and a form that machines read (elicense-report/1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from elicense import annotation
from elicense.crypto.verify import check_value
from elicense.errors import Rejected
from elicense.evidence import Evidence, QrCode, Seal, Signature
from elicense.findings import Finding, Outcome
from elicense.licence import Licence, tree
from elicense.maritime.pair import Companion
from elicense.policy import Policy
from elicense.trust.store import TrustStore
from elicense.verdict import Verdict, deciding, missing

SCHEMA = "elicense-report/1"


@dataclass(frozen=True, slots=True)
class Report:
    """One judged file. True in a condition only if the verdict is VALID."""

    file: str
    verdict: Verdict
    at: datetime
    now: datetime
    evidence: Evidence = field(repr=False)
    findings: tuple[Finding, ...] = field(repr=False)
    licence: Licence | None = field(repr=False)
    policy: Policy = field(repr=False)
    trust: TrustStore = field(repr=False)
    companions: tuple[Companion, ...] = field(repr=False, default=())
    compared: bool = False  # a person said that the sheet agrees with the signed data
    receiver: str = ""  # who was shown an annotated copy, if that was said

    def __bool__(self) -> bool:
        return self.verdict is Verdict.VALID

    @property
    def missing(self) -> tuple[str, ...]:
        """Required categories that are not proven."""
        return missing(self.findings, sheet=self.evidence.sheet)

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that decided the verdict, the most telling first."""
        return deciding(self.findings, self.policy)

    def require(self) -> None:
        """Raise :class:`elicense.Rejected` unless the verdict is VALID."""
        if self.verdict is not Verdict.VALID:
            first = self.deciding[0] if self.deciding else None
            detail = first.message("en") if first else "not all that VALID needs was proven"
            raise Rejected(
                first.code if first else "verdict", f"{self.verdict}: {detail}", place=self.file
            )

    def to_dict(self, *, language: str = "en") -> dict[str, Any]:
        """The report as plain values, in the shape of the schema."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "verdict": str(self.verdict),
            "at": _time(self.at),
            "now": _time(self.now),
            "sha256": self.evidence.sha256,
            "container": self.evidence.container,
            "licence": tree(self.licence) if self.licence else None,
            "signatures": [signature_dict(s) for s in self.evidence.signatures],
            "qr": [_code(c) for c in self.evidence.qr],
            "findings": [_finding(f, language) for f in self.findings],
            "trust": _trust(self.trust),
            "policy": self.policy.name,
            **_sheet(self),
            **_copy(self),
            **_companions(self.companions),
            "environment": environment(),
        }  # fmt: skip

    def to_json(self, *, language: str = "en") -> str:
        """One line of JSON."""
        return json.dumps(
            self.to_dict(language=language), ensure_ascii=False, separators=(",", ":"),
            default=_plain,
        )  # fmt: skip


def _code(code: QrCode) -> dict[str, Any]:
    found: dict[str, Any] = {"page": code.page, "kind": code.kind, "text": code.text}
    if code.corners:
        found["corners"] = [[round(x, 1), round(y, 1)] for x, y in code.corners]
    return found


def _sheet(report: Report) -> dict[str, Any]:
    """What a scan shows beside its codes; nothing for a file that can hold a seal."""
    evidence = report.evidence
    if not evidence.sheet:
        return {}
    return {
        "sheet": {
            "pages": evidence.pages,
            "compared": report.compared,
            "printed": [
                {"field": p.field, "signed": p.signed, "printed": p.printed, "outcome": p.outcome,
                 "confidence": round(p.confidence, 3), "page": p.page, "box": _box(p.box)}
                for p in evidence.printed
            ],
            "seal_marks": [{"page": m.page, "box": _box(m.box)} for m in evidence.seal_marks],
        }
    }  # fmt: skip


def _copy(report: Report) -> dict[str, Any]:
    """What an annotated copy 加注件 says of itself; nothing for an original."""
    licence = report.licence
    if licence is None or licence.copy is None:
        return {}
    mark, source = licence.copy, licence.source
    attestation = source.attestation if source is not None else None
    found = annotation.members(mark)
    return {
        "copy": {
            "purpose": found.get("purpose"), "receiver": found["receiver"],
            "creator": found.get("creator"), "created": found.get("created"),
            "expires": found.get("expires"), "asked": report.receiver or None,
            "hidden": list(source.hidden) if source is not None else [],
            "attestation": None if attestation is None else {
                "algorithm": attestation.algorithm,
                "certificate_sha256": sha256(attestation.certificate).hexdigest(),
                "timestamp": bool(attestation.timestamp),
            },
        }
    }  # fmt: skip


def _box(box: tuple[float, float, float, float] | None) -> list[float] | None:
    return None if box is None else [round(value, 1) for value in box]


def _companions(found: tuple[Companion, ...]) -> dict[str, Any]:
    """The files shown beside it, as they were judged; nothing where there were none."""
    if not found:
        return {}
    return {
        "companions": [
            {"file": x.file, "sha256": x.sha256, "verdict": str(x.part.verdict)} for x in found
        ]
    }


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _finding(finding: Finding, language: str) -> dict[str, Any]:
    return {
        "code": finding.code,
        "outcome": str(finding.outcome),
        "subject": finding.subject,
        "reason": finding.reason,
        "message": finding.message(language),
        "advice": finding.advice(language),
        "detail": finding.detail,
        "clause": finding.clause,
        "indication": finding.indication,
    }


def signature_dict(signature: Signature) -> dict[str, Any]:
    value = next((v for v in signature.values if v.role == "signer"), None)
    return {
        "index": signature.index,
        "kind": signature.kind,
        "profile": signature.profile,
        "place": signature.place,
        "algorithm": signature.algorithm,
        "signer": _certificate(signature),
        "covers": {
            "whole": signature.coverage.whole,
            "covered": list(signature.coverage.covered),
            "uncovered": list(signature.coverage.uncovered),
            "metadata": list(signature.coverage.uncovered_metadata),
        },
        "intact": (
            value is not None
            and check_value(value).ok
            and all(d.matches for d in signature.digests)
            and not any(f.fatal for f in signature.faults)
        ),
        "claimed_time": _time(signature.claimed_time),
        "timestamps": [
            {"time": _time(t.time), "authority": str(t.signer.subject) if t.signer else None,
             "imprint": t.imprint.matches}
            for t in signature.timestamps
        ],
        "seal": seal_dict(signature.seal) if signature.seal else None,
        "notes": [{"kind": n.kind, "place": n.place, "detail": n.detail} for n in signature.notes],
        "places": [
            {"page": p.page, "x": p.x, "y": p.y, "width": p.width, "height": p.height}
            for p in signature.placements
        ],
    }  # fmt: skip


def _certificate(signature: Signature) -> dict[str, Any] | None:
    signer = signature.signer
    if signer is None:
        return None
    return {
        "subject": str(signer.subject),
        "issuer": str(signer.issuer),
        "serial": format(signer.serial, "x"),
        "not_before": _time(signer.not_before),
        "not_after": _time(signer.not_after),
        "sha256": signer.fingerprint().hex(),
    }


def seal_dict(seal: Seal) -> dict[str, Any]:
    return {
        "version": seal.version,
        "name": seal.name,
        "id": seal.id,
        "vendor": seal.vendor,
        "maker": str(seal.maker.subject) if seal.maker else None,
        "created": _time(seal.created),
        "valid_from": _time(seal.valid_from),
        "valid_until": _time(seal.valid_until),
        "picture": {
            "type": seal.picture.type, "width": seal.picture.width,
            "height": seal.picture.height, "bytes": len(seal.picture.data),
        },
    }  # fmt: skip


def _trust(trust: TrustStore) -> dict[str, Any]:
    return {
        "name": trust.name,
        "digest": trust.digest,
        "test": trust.test,
        "issued": _time(trust.issued),
        "next_update": _time(trust.next_update),
        "services": len(trust.services),
    }


@cache
def environment() -> dict[str, str]:
    """Engine and versions; left out when two reports are compared."""
    from elicense.crypto import sm2

    return {"elicense": own_version(), "sm2": sm2.ENGINE}


def own_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("elicense")
    except PackageNotFoundError:
        return "0+unknown"


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    path = Path(__file__).with_name("report.schema.json")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def proven(report: Report, code: str) -> bool:
    """Has this code a PASS and nothing worse in the report?"""
    own = [f.outcome for f in report.findings if f.code == code]
    return Outcome.PASS in own and not {Outcome.FAIL, Outcome.UNKNOWN} & set(own)
