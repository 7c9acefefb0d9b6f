"""A seal file by itself: made by whom, for whom, in force from when to when."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks import signatures, standing
from elicense.checks.case import Case, judge_seal
from elicense.checks.signatures import PASS, UNKNOWN
from elicense.checks.standing import World
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.errors import InputError
from elicense.evidence import Evidence, Seal
from elicense.findings import Finding
from elicense.policy import DEFAULT
from elicense.trust.revocation import Sources


def judge(seal: Seal, world: World) -> tuple[Finding, ...]:
    """``seal.maker``, ``seal.validity``, ``chain.path`` of each signer in its list, remarks."""
    case = Case(
        Evidence("seal", len(seal.raw), "", seal=seal), world, DEFAULT,
        (judge_seal(seal, world),), (), None, "", None,
    )  # fmt: skip
    return (
        *signatures.seal_maker(case),
        *signatures.seal_validity(case),
        *signatures.encoding(case),
        *_signers(seal, world),
    )


def _signers(seal: Seal, world: World) -> Iterator[Finding]:
    # a seal that lists digests names nobody: who they are shows when it is used
    for number, data in enumerate(seal.signer_certificates, start=1):
        subject = f"signer:{number}"
        try:
            yield _signer(read_certificate(data), subject, world)
        except InputError as error:
            yield Finding("chain.path", UNKNOWN, subject, "no-certificate", detail=str(error))


def _signer(certificate: Certificate, subject: str, world: World) -> Finding:
    own = standing.judge(
        certificate, (), Sources(), world, service="sealer", moment=world.at, proven=False
    )
    values = {"signer": certificate.display, "anchor": own.path.chain[-1].display,
              "issuer": str(own.path.chain[-1].issuer)}  # fmt: skip
    if own.path.anchored and own.services and not own.path.problems and not own.revoked:
        return Finding("chain.path", PASS, subject, "", values)
    if own.path.anchored and not own.services:
        return Finding("authority.licence-type", UNKNOWN, subject, "not-listed", values)
    problems = [item.kind for item in own.path.problems] + ["revoked" for _ in own.revoked]
    reason = problems[0] if own.path.anchored else "no-anchor"
    return Finding("chain.path", UNKNOWN, subject, reason, values, ", ".join(problems))
