"""One case to judge: evidence, world, and what was worked out once for all checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from elicense.checks import standing
from elicense.checks.standing import Standing, World
from elicense.crypto.certificate import EKU_TIMESTAMPING
from elicense.crypto.timestamp import TimestampToken
from elicense.crypto.verify import Answer, check, check_value
from elicense.evidence import Evidence, Signature, SignedValue
from elicense.licence import Licence
from elicense.policy import Policy
from elicense.profiles import Profile
from elicense.trust.revocation import Sources


@dataclass(frozen=True, slots=True)
class JudgedToken:
    """One timestamp: ``problem`` is empty if its time is proven, else one stable word."""

    subject: str
    token: TimestampToken
    problem: str
    fatal: bool
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class JudgedSignature:
    """A signature with the answers that several checks need."""

    subject: str
    signature: Signature
    answer: Answer
    nonconforming: bool
    tokens: tuple[JudgedToken, ...]
    proven_time: datetime | None
    standing: Standing | None
    maker_answer: Answer | None
    maker_standing: Standing | None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the checks may look at. ``licence`` is None where the file holds no
    readable ``licence.json``; ``licence_problem`` then says why."""

    evidence: Evidence
    world: World
    policy: Policy
    signatures: tuple[JudgedSignature, ...]
    document_tokens: tuple[JudgedToken, ...]
    licence: Licence | None
    licence_problem: str
    profile: Profile | None
    licence_json: bytes | None = field(repr=False, default=None)

    @property
    def at(self) -> datetime:
        return self.world.at


def judge_signatures(
    evidence: Evidence, world: World
) -> tuple[tuple[JudgedSignature, ...], tuple[JudgedToken, ...]]:
    """Do the mathematics, the paths and the times of every signature, in order."""
    shared = Sources(
        tuple(dict.fromkeys(crl for s in evidence.signatures for crl in s.crls)),
        tuple(dict.fromkeys(o for s in evidence.signatures for o in s.ocsps)),
    )
    documents: list[tuple[int, JudgedToken]] = []
    plain = [s for s in evidence.signatures if s.kind != "document-timestamp"]
    for signature in reversed(evidence.signatures):
        if signature.kind != "document-timestamp":
            continue
        later = _earliest([t for r, t in documents if r > signature.revision])
        for token in signature.timestamps:
            judged = judge_token(
                token, f"signature:{signature.index}", signature, shared, world, later
            )
            documents.append((signature.revision, judged))
    done = tuple(_judge(s, shared, world, documents) for s in plain)
    return done, tuple(token for _, token in reversed(documents))


def _earliest(tokens: list[JudgedToken]) -> datetime | None:
    times = [t.token.time + t.token.accuracy for t in tokens if not t.problem]
    return min(times) if times else None


def _judge(
    signature: Signature, shared: Sources, world: World,
    documents: list[tuple[int, JudgedToken]],
) -> JudgedSignature:  # fmt: skip
    subject = f"signature:{signature.index}"
    later = [t for revision, t in documents if revision > signature.revision]
    proven_by_document = _earliest(later)
    tokens = tuple(
        judge_token(token, f"timestamp:{signature.index}.{number}", signature, shared, world,
                    proven_by_document)
        for number, token in enumerate(signature.timestamps, 1)
    )  # fmt: skip
    answer, nonconforming = _answer(signature)
    proven = _earliest([*tokens, *later]) if answer.ok and not nonconforming else None
    own = None
    if signature.signer is not None:
        own = standing.judge(
            signature.signer, signature.certificates, shared, world,
            service="sealer", moment=proven or world.at, proven=proven is not None,
        )  # fmt: skip
    seal = signature.seal
    maker_answer = maker_standing = None
    if seal is not None and seal.maker_value is not None:
        maker_answer = check_value(seal.maker_value)
        if seal.maker is not None:
            # GM/T 0031-2025: a maker's certificate must have been in force when it made the seal
            maker_standing = standing.judge(
                seal.maker, signature.certificates, shared, world,
                service="seal-maker", moment=seal.created or world.at, proven=False,
            )  # fmt: skip
    return JudgedSignature(
        subject, signature, answer, nonconforming, tokens, proven, own,
        maker_answer, maker_standing,
    )  # fmt: skip


def _answer(signature: Signature) -> tuple[Answer, bool]:
    """The answer for the signer's value, and whether only a nonconforming scheme explains it."""
    value = next((v for v in signature.values if v.role == "signer"), None)
    if value is None:
        return Answer(False, checked=False, problem="unreadable"), False
    answer = check_value(value)
    if answer.ok or value.instead is None or not answer.checked:
        return answer, False
    second = _check_instead(value)
    return (second, True) if second.ok else (answer, False)


def _check_instead(value: SignedValue) -> Answer:
    if value.spki is None or value.instead is None:
        return Answer(False, checked=False)
    return check(
        value.spki, value.instead, value.signature, algorithm=value.algorithm,
        digest=value.digest, pss=value.pss,
    )  # fmt: skip


def judge_token(
    token: TimestampToken, subject: str, signature: Signature, shared: Sources, world: World,
    later: datetime | None,
) -> JudgedToken:  # fmt: skip
    """Is the time of this token proven? Later proof of its existence may stand in for ``at``."""
    moment = later or world.at

    def answer(problem: str, fatal: bool, found: Standing | None = None) -> JudgedToken:
        return JudgedToken(subject, token, problem, fatal, found)

    if token.faults:
        return answer(token.faults[0].kind, True)
    if not token.imprint.matches:
        return answer("imprint" if token.imprint.actual else "digest-unknown",
                      token.imprint.actual is not None)  # fmt: skip
    if token.content is not None and not token.content.matches:
        return answer("content-digest", True)
    value = check_value(token.value)
    if not value.ok:
        return answer(value.problem or "signature-value", value.checked)
    if token.signer is None:
        return answer("no-certificate", False)
    if token.time > world.now:
        return answer("from-the-future", True)
    found = standing.judge(
        token.signer, (*token.certificates, *signature.certificates),
        Sources(shared.crls + token.crls, shared.ocsps + token.ocsps), world,
        service="timestamp", moment=moment, proven=later is not None,
        extended=EKU_TIMESTAMPING,
    )  # fmt: skip
    return answer(_token_standing_problem(found, token), False, found)


def _token_standing_problem(found: Standing, token: TimestampToken) -> str:
    signer = found.certificate
    if not found.path.anchored or not found.services:
        return "authority-not-listed"
    if not any(entry.in_force(token.time) for entry in found.services):
        return "authority-not-in-force"
    if found.path.problems:
        return found.path.problems[0].kind
    if not signer.not_before <= token.time <= signer.not_after:
        return "outside-validity"
    if not signer.extensions.extended_key_usage_critical:
        return "usage-not-critical"
    if found.path.weak:
        return "weak-algorithm"
    if found.revoked:
        return "revoked"
    if found.unknown:
        return "revocation-unknown"
    return ""
