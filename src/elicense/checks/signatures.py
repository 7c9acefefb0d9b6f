"""Is each seal or signature what its signer made: digests, value, algorithms, the seal itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from elicense.checks.case import Case, JudgedSignature
from elicense.checks.days import day
from elicense.crypto.algorithms import WEAK_DIGESTS, digest, digest_name
from elicense.crypto.certificate import Certificate
from elicense.evidence import Fault, Seal, Signature
from elicense.findings import Finding, Outcome

_DAY = timedelta(days=1)  # makers write local time as UTC
FAIL, PASS, UNKNOWN, WARN = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.WARN


def faults(signature: Signature, code: str, subject: str) -> Iterator[Finding]:
    """The structural faults of one code, as findings."""
    for fault in signature.faults:
        if fault.code == code:
            yield from_fault(fault, subject)


def from_fault(fault: Fault, subject: str) -> Finding:
    """A fault as a finding; its kind is the reason, its place and detail are kept."""
    return Finding(
        fault.code, FAIL if fault.fatal else UNKNOWN, subject, fault.kind,
        {"place": fault.place, "detail": fault.detail}, detail=f"{fault.place}: {fault.detail}",
        indication="FORMAT_FAILURE" if fault.fatal else "",
    )  # fmt: skip


# what the standards name by a key, in words for people
_NAMED = {"ByteRange": ("文件中受签名保护的内容", "The signed content of the file")}


def integrity(case: Case) -> Iterator[Finding]:
    """``integrity.digest``: every protected part is what it was when it was sealed."""
    for judged in case.signatures:
        signature = judged.signature
        found = list(faults(signature, "integrity.digest", judged.subject))
        for item in signature.digests:
            if item.matches:
                continue
            place_zh, place_en = _NAMED.get(item.place, (f"{item.place} ", item.place))
            values = {"place": item.place, "algorithm": item.algorithm, "problem": item.problem,
                      "place_zh": place_zh, "place_en": place_en}  # fmt: skip
            if item.actual is None and digest_name(item.algorithm) is None:
                found.append(Finding("integrity.digest", UNKNOWN, judged.subject,
                                     "algorithm-unknown", values))  # fmt: skip
                continue
            reason = ""
            if item.actual is None:
                reason = "missing" if item.problem == "missing" else "not-comparable"
            found.append(
                Finding("integrity.digest", FAIL, judged.subject, reason, values,
                        detail=f"{item.place}: {item.algorithm} digest differs {item.problem}",
                        indication="HASH_FAILURE")
            )  # fmt: skip
        if not found:
            found.append(_intact(judged))
        yield from found


def _intact(judged: JudgedSignature) -> Finding:
    count = len(judged.signature.digests)
    if not count and not judged.answer.ok:
        return Finding("integrity.digest", UNKNOWN, judged.subject, "not-computed")
    return Finding("integrity.digest", PASS, judged.subject, values={"count": str(count or 1)})


def value(case: Case) -> Iterator[Finding]:
    """``signature.value``: the signer's key made this value over these very bytes."""
    if not case.signatures:
        # traces of a signature that cannot be used are a fault, not an unsigned file
        traces = any(f.code == "coverage.document" for f in case.evidence.faults)
        reason = "no-usable-signature" if traces else "unsigned"
        yield Finding("signature.value", UNKNOWN, "file", reason,
                      indication="NO_SIGNING_CERTIFICATE_FOUND")  # fmt: skip
    for judged in case.judged:
        signature, answer = judged.signature, judged.answer
        found = list(faults(signature, "signature.value", judged.subject))
        yield from found
        who = {"signer": signature.signer.display if signature.signer else "",
               "algorithm": signature.algorithm}  # fmt: skip
        if answer.ok and judged.nonconforming:
            yield Finding("signature.value", UNKNOWN, judged.subject, "nonconforming-scheme", who,
                          indication="SIG_CONSTRAINTS_FAILURE")  # fmt: skip
        elif answer.ok:
            yield Finding("signature.value", PASS, judged.subject, values=who)
        elif answer.checked:
            yield Finding("signature.value", FAIL, judged.subject,
                          answer.problem if answer.problem != "signature-value" else "", who,
                          detail=answer.problem, indication="SIG_CRYPTO_FAILURE")  # fmt: skip
        elif not found:
            yield Finding("signature.value", UNKNOWN, judged.subject, answer.problem, who,
                          detail=answer.problem)  # fmt: skip


def algorithms(case: Case) -> Iterator[Finding]:
    """``signature.algorithm``: no weak algorithm carries the proof."""
    for judged in case.judged:
        weak = list(_weak(judged))
        for name, where in weak:
            yield Finding("signature.algorithm", UNKNOWN, judged.subject, "",
                          {"algorithm": name, "place": where},
                          indication="CRYPTO_CONSTRAINTS_FAILURE")  # fmt: skip
        if not weak:
            yield Finding("signature.algorithm", PASS, judged.subject)
        if judged.signature.seal is not None and judged.maker_standing is not None:
            yield from _weak_maker(judged, judged.signature.seal)


def _weak(judged: JudgedSignature) -> Iterator[tuple[str, str]]:
    signature = judged.signature
    for item in signature.digests:
        if digest_name(item.algorithm) in WEAK_DIGESTS:
            yield item.algorithm.upper(), item.place
            break
    for signed in signature.values:
        if signed.digest in WEAK_DIGESTS:
            yield signed.digest.upper(), signature.place
    if judged.standing is not None:
        for name, certificate in judged.standing.path.weak:
            yield name.upper(), certificate.display


def _weak_maker(judged: JudgedSignature, seal: Seal) -> Iterator[Finding]:
    assert judged.maker_standing is not None
    names = {name for name, _ in judged.maker_standing.path.weak}
    if seal.maker_value is not None and seal.maker_value.digest in WEAK_DIGESTS:
        names.add(seal.maker_value.digest)
    for name in sorted(names):
        yield Finding("signature.algorithm", WARN, judged.subject, "maker",
                      {"algorithm": name.upper()})  # fmt: skip


def encoding(case: Case) -> Iterator[Finding]:
    """``signature.encoding``: tolerated deviations, each by name."""
    for judged in case.judged:
        signature = judged.signature
        for note in dict.fromkeys(signature.notes):
            yield Finding("signature.encoding", WARN, judged.subject, note.kind,
                          {"place": note.place, "detail": note.detail},
                          detail=f"{note.place}: {note.detail}")  # fmt: skip
        marks = [(mark, "signer") for mark in judged.answer.notes]
        if judged.maker_answer is not None:
            marks += [(mark, "seal maker") for mark in judged.maker_answer.notes]
        for mark, who in marks:
            yield Finding("signature.encoding", WARN, judged.subject, mark,
                          {"detail": who, "place": signature.place})  # fmt: skip
        both = (signature.signer, signature.seal.maker if signature.seal else None)
        for certificate in filter(None, both):
            for text in certificate.notes:
                yield Finding("signature.encoding", WARN, judged.subject, "certificate-form",
                              {"detail": text, "place": certificate.display},
                              detail=text)  # fmt: skip


def seal_maker(case: Case) -> Iterator[Finding]:
    """``seal.maker``: the seal was made by a listed maker, in force when it was made."""
    for judged in case.signatures:
        seal = judged.signature.seal
        if seal is None:
            continue
        name = seal.maker.display if seal.maker else ""
        values = {"maker": name, "seal": seal.name}
        answer, standing = judged.maker_answer, judged.maker_standing
        if answer is None or standing is None or not answer.checked:
            reason = answer.problem if answer and answer.problem else "no-certificate"
            yield Finding("seal.maker", UNKNOWN, judged.subject, reason, values)
        elif not answer.ok:
            yield Finding("seal.maker", FAIL, judged.subject, "", values,
                          detail=answer.problem, indication="SIG_CRYPTO_FAILURE")  # fmt: skip
        elif standing.revoked_by_then:
            yield Finding("seal.maker", FAIL, judged.subject, "revoked", values,
                          indication="REVOKED")  # fmt: skip
        elif not standing.path.anchored or not standing.services:
            yield Finding("seal.maker", UNKNOWN, judged.subject, "not-listed", values,
                          indication="NO_CERTIFICATE_CHAIN_FOUND")  # fmt: skip
        elif not any(entry.in_force(standing.moment) for entry in standing.services):
            yield Finding("seal.maker", UNKNOWN, judged.subject, "entry-not-in-force", values)
        elif standing.path.problems:
            problem = standing.path.problems[0]
            yield Finding("seal.maker", UNKNOWN, judged.subject, "path",
                          {**values, "detail": problem.kind}, detail=problem.detail)  # fmt: skip
        elif standing.unknown or (standing.revoked and not standing.proven):
            reason = "revocation-unknown" if standing.unknown else "revoked-later"
            yield Finding("seal.maker", UNKNOWN, judged.subject, reason, values)
        else:
            yield Finding("seal.maker", PASS, judged.subject, values=values)
            if seal.maker is not None and case.at > seal.maker.not_after:
                yield Finding("seal.maker", WARN, judged.subject, "expired-since", values)


def seal_signer(case: Case) -> Iterator[Finding]:
    """``seal.signer``: the signer's very certificate is in the seal's list (GB/T 38540 7.2)."""
    for judged in case.signatures:
        signature = judged.signature
        if signature.seal is None or signature.signer is None:
            continue
        values = {"signer": signature.signer.display, "seal": signature.seal.name}
        listed = lists(signature.seal, signature.signer)
        if not listed and any(n.kind == "certificate-list-text" for n in signature.seal.notes):
            yield Finding("seal.signer", UNKNOWN, judged.subject, "", values)
            continue
        yield Finding("seal.signer", PASS if listed else FAIL, judged.subject, values=values,
                      indication="" if listed else "SIG_CONSTRAINTS_FAILURE")  # fmt: skip


def lists(seal: Seal, signer: Certificate) -> bool:
    """Whether the seal's list names this very certificate, as such or by its digest."""
    if signer.der in seal.signer_certificates:
        return True
    for kind, expected in seal.signer_digests:
        names = [digest_name(kind)] if digest_name(kind) else ["sm3", "sha256"]
        if any(name and digest(name, signer.der) == expected for name in names):
            return True
    return False


def seal_validity(case: Case) -> Iterator[Finding]:
    """``seal.validity``: the seal was in force when it was used."""
    for judged in case.signatures:
        seal = judged.signature.seal
        if seal is None:
            continue
        moment = judged.proven_time or case.at
        values = {"from": day(seal.valid_from), "until": day(seal.valid_until), "seal": seal.name}
        if seal.created is not None and seal.created > case.world.now + _DAY:
            yield Finding("seal.validity", UNKNOWN, judged.subject, "from-the-future", values)
        if seal.valid_from is None or seal.valid_until is None:
            yield Finding("seal.validity", UNKNOWN, judged.subject, "unreadable", values)
        elif moment < seal.valid_from:
            yield Finding("seal.validity", FAIL, judged.subject, "not-yet", values,
                          indication="NOT_YET_VALID")  # fmt: skip
        elif moment <= seal.valid_until:
            yield Finding("seal.validity", PASS, judged.subject, values=values)
        elif judged.proven_time is not None:
            yield Finding("seal.validity", FAIL, judged.subject, "expired", values,
                          indication="EXPIRED")  # fmt: skip
        else:
            yield Finding("seal.validity", UNKNOWN, judged.subject, "expired", values,
                          indication="OUT_OF_BOUNDS_NO_POE")  # fmt: skip


def seal_file(case: Case) -> Iterator[Finding]:
    """``seal.file``: Seal.esl beside the signature is the seal inside it."""
    for judged in case.signatures:
        yield from faults(judged.signature, "seal.file", judged.subject)
