"""The issuer's attestation in the licence data: what proves an annotated copy.

The issuer signed all that hiding a field leaves untouched. A copy carries that signature,
and it is judged like a seal: value, path, authority, revocation, time. On an original the
seal proves the data, and the attestation is only what copies will later rest on.
"""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case, JudgedSignature, JudgedToken, judge_one, sources_of
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.checks.standing import World
from elicense.crypto.algorithms import signature_algorithm
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.timestamp import TimestampToken, read_token
from elicense.crypto.verify import check_value
from elicense.errors import InputError
from elicense.evidence import Coverage, Evidence, Fault, Signature, SignedValue
from elicense.findings import Finding
from elicense.licence import Attestation, Licence, attested_bytes
from elicense.limits import Limits
from elicense.verdict import ATTESTATION

_PLACE = "licence.json: attestation"
_WRONG = {"digest-mismatch", "digest-path"}  # the others only prove nothing


def judge_attestation(
    licence: Licence, evidence: Evidence, world: World, signatures: tuple[JudgedSignature, ...],
    documents: tuple[JudgedToken, ...],
) -> JudgedSignature | None:  # fmt: skip
    """The attestation of ``licence``, None where it has none. The timestamps of the file's own
    ``signatures`` and its ``documents`` timestamps prove that it was there by then."""
    signature = signed(licence, evidence, world.limits)
    if signature is None:
        return None
    later = [(1, t) for one in signatures if _holds(one) for t in one.tokens]
    later += [(1, token) for token in documents]
    return judge_one(signature, ATTESTATION, sources_of(evidence), world, later, "sealer")


def _holds(judged: JudgedSignature) -> bool:
    return judged.answer.ok and not judged.nonconforming


def signed(licence: Licence, evidence: Evidence, limits: Limits) -> Signature | None:
    """The attestation as a signature over the exact bytes that it is about."""
    source = licence.source
    if source is None or source.attestation is None:
        return None
    attestation = source.attestation
    signer = _certificate(attestation)
    faults: list[Fault] = []
    tokens = _tokens(attestation, faults)
    others = (c for s in evidence.signatures for c in s.certificates)
    own = () if signer is None else (signer,)
    return Signature(
        index=0, kind="attestation", profile="elicense-licence/1", place=_PLACE,
        algorithm=attestation.algorithm, signer=signer,
        values=_values(attestation, source.data, signer, limits), digests=(),
        coverage=Coverage(whole=False), certificates=tuple(dict.fromkeys((*own, *others))),
        timestamps=tokens, faults=tuple(faults),
    )  # fmt: skip


def _certificate(attestation: Attestation) -> Certificate | None:
    try:
        return read_certificate(attestation.certificate)
    except InputError:
        return None  # signature.value and chain.path say that there is none


def _tokens(attestation: Attestation, faults: list[Fault]) -> tuple[TimestampToken, ...]:
    if not attestation.timestamp:
        return ()
    try:
        return (read_token(attestation.timestamp, attestation.value, place=_PLACE),)
    except InputError as error:
        faults.append(Fault("time.proof", "timestamp-unreadable", _PLACE, str(error), fatal=False))
        return ()


def _values(
    attestation: Attestation, data: bytes, signer: Certificate | None, limits: Limits
) -> tuple[SignedValue, ...]:
    try:
        message = attested_bytes(data, limits=limits)
    except InputError:
        return ()  # licence.data says which digest stands where none may
    digest = signature_algorithm(attestation.algorithm).digest
    return (
        SignedValue(
            "signer", message, attestation.value, attestation.algorithm, digest,
            signer.spki if signer is not None else None,
        ),
    )  # fmt: skip


def attestation(case: Case) -> Iterator[Finding]:
    """``licence.attestation`` of an original: can copies be made that still verify? Of a copy,
    whether there is one at all, and that each value shown is the one it speaks of."""
    licence = case.licence
    if licence is None or licence.source is None:
        return
    if case.copy is None:
        yield from _of_original(case, licence)
        return
    if case.attestation is None:
        yield Finding("signature.value", UNKNOWN, ATTESTATION, "no-attestation",
                      indication="NO_SIGNING_CERTIFICATE_FOUND")  # fmt: skip
        return
    source, answer = licence.source, case.attestation.answer
    wrong = any(problem.kind in _WRONG for problem in source.problems)
    if answer.ok and not source.problems:
        count = str(len(source.digests) - len(source.hidden))
        yield Finding("integrity.digest", PASS, ATTESTATION, "attested", {"count": count})
    elif wrong or (answer.checked and not answer.ok):
        yield Finding("integrity.digest", FAIL, ATTESTATION, "attested",
                      indication="HASH_FAILURE")  # fmt: skip
    else:
        yield Finding("integrity.digest", UNKNOWN, ATTESTATION, "attested")


def _of_original(case: Case, licence: Licence) -> Iterator[Finding]:
    code = "licence.attestation"
    found = signed(licence, case.evidence, case.world.limits)
    if found is None:
        return
    if not found.values or not check_value(found.values[0]).ok:
        yield Finding(code, WARN, "licence", "wrong")
        return
    own = {s.signer.der for s in case.evidence.signatures if s.signer is not None}
    name = found.signer.display if found.signer is not None else ""
    if found.signer is None or found.signer.der not in own:
        yield Finding(code, WARN, "licence", "other-signer", {"signer": name})
    else:
        yield Finding(code, PASS, "licence", "", {"signer": name})
