"""The QR on the page: who signed it, and does it speak of this licence?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from elicense.checks import standing
from elicense.checks.case import Case
from elicense.checks.foreign import foreign
from elicense.checks.signatures import FAIL, PASS, UNKNOWN
from elicense.checks.signers import OPEN_PROBLEMS, copy_problem, entry_problem
from elicense.checks.standing import Standing
from elicense.crypto.certificate import Certificate
from elicense.crypto.verify import check
from elicense.errors import InputError
from elicense.findings import Finding, Outcome
from elicense.licence import data_digest
from elicense.limits import Limits
from elicense.qr.payload import Payload, decode, key_id
from elicense.trust.revocation import Sources
from elicense.trust.service import Service
from elicense.trust.store import TrustStore

_OIDS = {
    "sm2": ("1.2.156.10197.1.501", "sm3"),
    "es256": ("1.2.840.10045.4.3.2", "sha256"),
    "rs256": ("1.2.840.113549.1.1.11", "sha256"),
    "ps256": ("1.2.840.113549.1.1.10", "sha256"),
}


def qr(case: Case) -> Iterator[Finding]:
    """``qr.signature`` and ``agreement.qr-data`` for every code on the pages."""
    codes = case.evidence.qr
    if not codes:
        reason = "unreadable" if case.evidence.qr_problem else "none"
        yield Finding("qr.signature", Outcome.SKIPPED, "file", reason,
                      detail=case.evidence.qr_problem)  # fmt: skip
        return
    for number, code in enumerate(codes, 1):
        subject = f"qr:{number}"
        if code.kind != "el1":
            yield from foreign(case, subject, code)
            continue
        try:
            payload = decode(code.text, limits=case.world.limits)
        except InputError as exc:
            yield _undecoded(subject, exc)
            continue
        yield from _signature(case, subject, payload)
        if not case.evidence.sheet or case.licence_json is not None:
            yield from _agreement(case, subject, payload)


def _undecoded(subject: str, error: InputError) -> Finding:
    """What is malformed is wrong; what only others know (a licence type of their own, a newer
    form of the code) was not checked."""
    values = {"detail": error.detail}
    if error.code == "qr.template":
        return Finding("qr.signature", UNKNOWN, subject, "type-unknown", values, str(error))
    if error.code in {"qr.dictionary", "qr.algorithm"}:
        return Finding("qr.signature", UNKNOWN, subject, "form-unknown", values, str(error))
    return Finding("qr.signature", FAIL, subject, "unreadable", values, str(error))


def _signature(case: Case, subject: str, payload: Payload) -> Iterator[Finding]:
    code = "qr.signature"
    issuer = payload.licence.issuer.name
    candidates = _candidates(case, payload)
    values = {"issuer": issuer, "kid": payload.kid.hex()}
    if not candidates:
        yield Finding(code, UNKNOWN, subject, "key-not-listed", values)
        return
    right = [e for e in candidates if e.certificate and verifies(payload, e.certificate)]
    if not right:
        yield Finding(code, FAIL, subject, "", values, indication="SIG_CRYPTO_FAILURE")
        return
    certificate = right[0].certificate
    assert certificate is not None
    own = _standing(certificate, case, payload)
    values["signer"] = certificate.display
    problems = [_problem(entry, payload, own) for entry in right]
    if "" not in problems and not OPEN_PROBLEMS & set(problems):
        yield Finding(code, FAIL, subject, "not-entitled", {**values, "detail": problems[0]},
                      problems[0])  # fmt: skip
    elif "" not in problems or not own.path.good or own.path.weak or own.revoked or own.unknown:
        detail = next(
            word for word in (
                *(p.kind for p in own.path.problems), *("weak-algorithm" for _ in own.path.weak),
                *("revoked" for _ in own.revoked), *(r.problem for r in own.unknown), *problems,
                "authority-not-listed",
            ) if word
        )  # fmt: skip
        yield Finding(code, UNKNOWN, subject, "key-not-in-force", {**values, "detail": detail},
                      detail)  # fmt: skip
    elif payload.licence.copy is not None and case.evidence.sheet:
        # its maker's key alone: what the issuer signed is in the copy's file only
        yield Finding(code, UNKNOWN, subject, "copy", {**values, **_copy_words(payload)})
    else:
        yield Finding(code, PASS, subject, "", values)


def _copy_words(payload: Payload) -> dict[str, str]:
    mark = payload.licence.copy
    if mark is None:
        return {}
    until = mark.expires.isoformat() if mark.expires else ""
    return {"receiver": mark.receiver.name, "until": until}


def _problem(entry: Service, payload: Payload, own: Standing) -> str:
    """Why the entry does not entitle its holder to sign this code; empty if it does."""
    mark = payload.licence.copy
    if mark is None:
        return entry_problem(entry, payload.licence, own)
    return copy_problem(entry, payload.licence, own, mark)


def _service(payload: Payload) -> str:
    """Who may sign it: codes of originals and of annotated copies have keys of their own."""
    return "qr" if payload.licence.copy is None else "copy"


def accepts(trust: TrustStore, limits: Limits) -> Callable[[str], bool]:
    """Whether a text is worth no further search: it decodes, and no key of ``trust`` that it
    could mean says that it is not signed. (Whether it is good enough, the checks say.)"""

    def accept(text: str) -> bool:
        try:
            payload = decode(text, limits=limits)
        except InputError:
            return False
        found = [e.certificate for e in _listed(trust, payload) if e.certificate]
        return not found or any(verifies(payload, certificate) for certificate in found)

    return accept


def _candidates(case: Case, payload: Payload) -> list[Service]:
    return _listed(case.world.trust, payload)


def _listed(trust: TrustStore, payload: Payload) -> list[Service]:
    """The entries that the hint ``kid`` could mean."""
    return [
        entry for entry in trust.services
        if entry.service == _service(payload) and (der := entry.certificate_der) is not None
        and key_id(der) == payload.kid
    ]  # fmt: skip


def _standing(certificate: Certificate, case: Case, payload: Payload) -> Standing:
    return standing.judge(
        certificate, (), Sources(), case.world, service=_service(payload), moment=case.at,
        proven=False,
    )  # fmt: skip


def standings(case: Case) -> Iterator[Standing]:
    """Whose keys signed the codes on the pages, as far as they are listed."""
    for code in case.evidence.qr:
        try:
            payload = decode(code.text, limits=case.world.limits)
        except InputError:
            continue
        for entry in _candidates(case, payload):
            if entry.certificate is not None and verifies(payload, entry.certificate):
                yield _standing(entry.certificate, case, payload)


def entitled(case: Case) -> tuple[Service, ...]:
    """The entries whose key signed the first readable payload, which is the one whose licence
    is judged, and that entitle it; none where that is not proven, and none of a copy's. (Whether
    the key is in force, and whether other codes agree, ``qr.signature`` and others say.)"""
    payload = next(_payloads(case), None)
    if payload is None or payload.licence.copy is not None:
        return ()
    found = []
    for entry in _candidates(case, payload):
        if entry.certificate is None or not verifies(payload, entry.certificate):
            continue
        own = _standing(entry.certificate, case, payload)
        if own.path.good and not entry_problem(entry, payload.licence, own):
            found.append(entry)
    return tuple(found)


def _payloads(case: Case) -> Iterator[Payload]:
    for code in case.evidence.qr:
        if code.kind == "el1":
            try:
                yield decode(code.text, limits=case.world.limits)
            except InputError:
                continue  # qr.signature says what is wrong with it


def verifies(payload: Payload, certificate: Certificate) -> bool:
    """Is the payload signed by this certificate's key? The key fixes the algorithm."""
    oid, digest = _OIDS[payload.algorithm]
    signature = payload.signature
    if payload.algorithm == "es256":
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        half = len(signature) // 2
        signature = encode_dss_signature(
            int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        )
    pss = None
    if payload.algorithm == "ps256":
        pss = {"digest": digest, "mgf_digest": digest, "salt": 32}
    return check(
        certificate.spki, payload.signed_bytes, signature, algorithm=oid, digest=digest, pss=pss
    ).ok


def _agreement(case: Case, subject: str, payload: Payload) -> Iterator[Finding]:
    code = "agreement.qr-data"
    data = case.licence_json
    values = {"number": payload.licence.number, "identifier": payload.licence.identifier}
    if data is None or case.licence is None:
        yield Finding(code, UNKNOWN, subject, "no-data", values)
        return
    wanted = payload.data_digest
    if data_digest(data, algorithm=wanted.algorithm).value == wanted.value:
        yield Finding(code, PASS, subject, "", values)
        return
    if case.copy is not None and case.copy.original == wanted:
        reason = "original"
    elif payload.licence.identifier == case.licence.identifier:
        reason = "other-version"
    else:
        reason = "other-licence"
    yield Finding(code, FAIL, subject, reason, values)
