"""One case to judge: evidence, world, and what was worked out once for all checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from elicense.checks import standing
from elicense.checks.standing import Standing, World
from elicense.crypto.algorithms import WEAK_DIGESTS
from elicense.crypto.certificate import EKU_TIMESTAMPING
from elicense.crypto.timestamp import TimestampToken, read_token
from elicense.crypto.verify import Answer, check, check_again, check_value
from elicense.errors import InputError
from elicense.evidence import Coverage, Evidence, Seal, Signature, SignedValue
from elicense.findings import Outcome
from elicense.licence import CopyMark, Licence
from elicense.maritime.pair import Companion
from elicense.policy import Policy
from elicense.profiles import Profile
from elicense.trust.revocation import Sources

_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class JudgedToken:
    """One timestamp: ``problem`` is empty if its time is proven, else one stable word.
    ``outcome`` is FAIL for one that is proven wrong, WARN for one that merely proves nothing."""

    subject: str
    token: TimestampToken
    problem: str
    outcome: Outcome
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
    maker_answer: Answer | None = None
    maker_standing: Standing | None = None
    maker_token: JudgedToken | None = None
    maker_token_problem: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the checks may look at. ``licence`` is None where the file holds no
    readable ``licence.json``; ``licence_problem`` then says why. ``companions`` are the files
    shown beside it, None where they are judged with it elsewhere."""

    evidence: Evidence
    world: World
    policy: Policy
    signatures: tuple[JudgedSignature, ...]
    document_tokens: tuple[JudgedToken, ...]
    licence: Licence | None
    licence_problem: str
    profile: Profile | None
    licence_json: bytes | None = field(repr=False, default=None)
    attestation: JudgedSignature | None = None  # the issuer's, in the licence data
    receiver: str = ""  # who was shown an annotated copy: a name or a code
    companions: tuple[Companion, ...] | None = None
    compared: bool = False  # a person says that the sheet agrees with the signed data

    @property
    def at(self) -> datetime:
        return self.world.at

    @property
    def copy(self) -> CopyMark | None:
        """What an annotated copy 加注件 says of itself; None for an original."""
        return self.licence.copy if self.licence is not None else None

    @property
    def judged(self) -> tuple[JudgedSignature, ...]:
        """Every signature that the answer rests on: those of the file and, in a copy, which
        the issuer did not seal, the issuer's attestation."""
        return (*self.signatures, *self.issuing) if self.copy is not None else self.signatures

    @property
    def issuing(self) -> tuple[JudgedSignature, ...]:
        """Those that may be the issuer's: of a copy its attestation alone, whoever sealed it."""
        if self.copy is None:
            return self.signatures
        return () if self.attestation is None else (self.attestation,)


def judge_signatures(
    evidence: Evidence, world: World, *, service: str = "sealer"
) -> tuple[tuple[JudgedSignature, ...], tuple[JudgedToken, ...]]:
    """Do the mathematics, the paths and the times of every signature, in order. ``service``
    is what its signer must be listed as: of an annotated copy, ``copy``."""
    shared = sources_of(evidence)
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
    done = tuple(
        judge_one(s, f"signature:{s.index}", shared, world, documents, service) for s in plain
    )
    return done, tuple(token for _, token in reversed(documents))


def sources_of(evidence: Evidence) -> Sources:
    """The revocation data that the file itself carries."""
    return Sources(
        tuple(dict.fromkeys(crl for s in evidence.signatures for crl in s.crls)),
        tuple(dict.fromkeys(o for s in evidence.signatures for o in s.ocsps)),
    )


def _earliest(tokens: list[JudgedToken]) -> datetime | None:
    times = [t.token.time + t.token.accuracy for t in tokens if not t.problem]
    return min(times) if times else None


def judge_one(
    signature: Signature, subject: str, shared: Sources, world: World,
    documents: Sequence[tuple[int, JudgedToken]], service: str,
) -> JudgedSignature:  # fmt: skip
    """One signature. ``documents``: tokens that prove what was there by then, by revision."""
    name = subject.replace("signature", "timestamp")
    later = [t for revision, t in documents if revision > signature.revision]
    proven_by_document = _earliest(later)
    tokens = tuple(
        judge_token(token, f"{name}.{number}", signature, shared, world, proven_by_document)
        for number, token in enumerate(signature.timestamps, 1)
    )  # fmt: skip
    answer, nonconforming = _answer(signature)
    proven = _earliest([*tokens, *later]) if answer.ok and not nonconforming else None
    own = None
    if signature.signer is not None:
        own = standing.judge(
            signature.signer, signature.certificates, shared, world,
            service=service, moment=proven or world.at, proven=proven is not None,
        )  # fmt: skip
    judged = JudgedSignature(subject, signature, answer, nonconforming, tokens, proven, own)
    seal = signature.seal
    return judged if seal is None else _with_maker(judged, seal, shared, world)


def _with_maker(
    judged: JudgedSignature, seal: Seal, shared: Sources, world: World
) -> JudgedSignature:
    """GM/T 0031-2025: a maker's certificate must have been in force when it made the seal."""
    value, signature = seal.maker_value, judged.signature
    if value is None:
        return judged
    answer, problem = check_again(value), ""
    token: JudgedToken | None = None
    if seal.maker_timestamp is not None:
        name = judged.subject.replace("signature", "timestamp") + ".seal"
        try:
            read = read_token(seal.maker_timestamp, value.signature, place=signature.place)
            token = judge_token(read, name, signature, shared, world, judged.proven_time)
        except InputError as exc:
            problem = str(exc)
    stamped = token.token.time if token is not None and not token.problem and answer.ok else None
    own = None
    if seal.maker is not None:
        own = standing.judge(
            seal.maker, signature.certificates, shared, world, service="seal-maker",
            moment=stamped or seal.created or world.at, proven=stamped is not None,
            after_expiry=True,
        )  # fmt: skip
        if own.unknown and stamped is None and judged.proven_time is not None:
            # the timestamp over the signature proves that the seal, too, was there by then
            known = standing.judge(
                seal.maker, signature.certificates, shared, world, service="seal-maker",
                moment=judged.proven_time, proven=True, after_expiry=True,
            )  # fmt: skip
            own = replace(own, revocations=known.revocations)
    return replace(
        judged, maker_answer=answer, maker_standing=own, maker_token=token,
        maker_token_problem=problem,
    )  # fmt: skip


def judge_seal(seal: Seal, world: World) -> JudgedSignature:
    """A seal by itself, before anything is sealed with it: its maker, its term, its form."""
    signature = Signature(
        index=1, kind="seal", profile="SES", place="Seal.esl", algorithm="", signer=None,
        values=(), digests=(), coverage=Coverage(whole=False), seal=seal, notes=seal.notes,
    )  # fmt: skip
    unused = Answer(False, checked=False)
    judged = JudgedSignature("signature:1", signature, unused, False, (), None, None)
    return _with_maker(judged, seal, Sources(), world)


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
    problem, outcome = _token_problem(token, world)
    problem, outcome = _document_problem(signature) or (problem, outcome)
    if problem or token.signer is None:
        return JudgedToken(subject, token, problem or "no-certificate", outcome, None)
    found = standing.judge(
        token.signer, (*token.certificates, *signature.certificates),
        Sources(shared.crls + token.crls, shared.ocsps + token.ocsps), world,
        service="timestamp", moment=moment, proven=later is not None,
        extended=EKU_TIMESTAMPING, archived=later is not None,
    )  # fmt: skip
    problem = _token_standing_problem(found, token)
    return JudgedToken(subject, token, problem, Outcome.WARN if problem else Outcome.PASS, found)


def _token_problem(token: TimestampToken, world: World) -> tuple[str, Outcome]:
    """What is wrong with the token itself, whoever signed it."""
    content = token.content
    if token.faults:
        return token.faults[0].kind, Outcome.FAIL
    if token.imprint.actual is None or (content is not None and content.actual is None):
        return "digest-unknown", Outcome.WARN
    if not token.imprint.matches:
        return "imprint", Outcome.FAIL
    if content is not None and not content.matches:
        return "content-digest", Outcome.FAIL
    value = check_value(token.value)
    if not value.ok:
        problem = value.problem or "signature-value"
        return problem, Outcome.FAIL if value.checked else Outcome.WARN
    digests = {token.imprint.algorithm, token.value.digest, content.algorithm if content else ""}
    if digests & WEAK_DIGESTS:
        return "weak-algorithm", Outcome.WARN
    if token.time > world.now + _CLOCK_SKEW:
        # the authority's clock is wrong, or the one here: nobody can tell which
        return "from-the-future", Outcome.UNKNOWN
    return "", Outcome.WARN


def _document_problem(signature: Signature) -> tuple[str, Outcome] | None:
    """A document timestamp proves the existence of what it covers: that must be a whole
    revision, or it says nothing of the seals in it. (Its faults are told on their own.)"""
    if signature.kind != "document-timestamp":
        return None
    fatal = next((fault for fault in signature.faults if fault.fatal), None)
    if fatal is not None:
        return fatal.kind, Outcome.WARN
    return None if signature.coverage.whole else ("range-not-whole-revision", Outcome.WARN)


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
    if signer.extensions.extended_key_usage != frozenset({EKU_TIMESTAMPING}):
        return "usage-not-only"
    if found.path.weak:
        return "weak-algorithm"
    if found.revoked_by_then if found.proven else found.revoked:
        return "revoked"
    if found.unknown:
        return "revocation-unknown"
    return ""
