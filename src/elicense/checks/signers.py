"""Who signed: chain, authority, revocation, and the proof of when."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case, JudgedSignature, JudgedToken
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.checks.standing import Standing
from elicense.errors import InputError
from elicense.findings import Finding
from elicense.identifiers import parse_identifier
from elicense.licence import Licence
from elicense.trust.service import NATIONAL, Service

_TIME_PROBLEMS = {"expired", "not-yet-valid"}


def chain(case: Case) -> Iterator[Finding]:
    """``chain.path``: a path from the signer's own certificate to the trust store."""
    for judged in case.signatures:
        if judged.standing is None:
            yield Finding("chain.path", UNKNOWN, judged.subject, "no-certificate",
                          indication="NO_SIGNING_CERTIFICATE_FOUND")  # fmt: skip
            continue
        yield from _chain(judged.subject, judged.standing, empty=not case.world.trust.services)


def _chain(subject: str, standing: Standing, *, empty: bool) -> Iterator[Finding]:
    path = standing.path
    values = {
        "signer": standing.certificate.display,
        "anchor": path.chain[-1].display,
        "issuer": str(path.chain[-1].issuer),
    }
    detail = " < ".join(c.display for c in path.chain)
    if not path.anchored:
        reason = "no-trust" if empty else "no-anchor"
        yield Finding("chain.path", UNKNOWN, subject, reason, values, detail,
                      "NO_CERTIFICATE_CHAIN_FOUND")  # fmt: skip
        return
    for problem in path.problems:
        words = {**values, "certificate": problem.certificate.display, "detail": problem.detail}
        if problem.kind in _TIME_PROBLEMS and not standing.proven and problem.kind == "expired":
            yield Finding("chain.path", UNKNOWN, subject, "expired", words, problem.detail,
                          "OUT_OF_BOUNDS_NO_POE")  # fmt: skip
        else:
            indication = {"expired": "EXPIRED", "not-yet-valid": "NOT_YET_VALID"}.get(
                problem.kind, "CHAIN_CONSTRAINTS_FAILURE"
            )
            yield Finding("chain.path", FAIL, subject, problem.kind, words, problem.detail,
                          indication)  # fmt: skip
    if not path.problems:
        yield Finding("chain.path", PASS, subject, "", values, detail)


def authority(case: Case) -> Iterator[Finding]:
    """``authority.licence-type``: the signer may seal this type of licence for this region."""
    for judged in case.signatures:
        standing = judged.standing
        if standing is None or not standing.path.anchored:
            yield Finding("authority.licence-type", UNKNOWN, judged.subject, "signer-unknown")
            continue
        yield _authority(case.licence, judged.subject, standing)


def _authority(licence: Licence | None, subject: str, standing: Standing) -> Finding:
    code = "authority.licence-type"
    values = {"signer": standing.certificate.display}
    if not standing.services:
        return Finding(code, UNKNOWN, subject, "not-listed", values)
    values["authority"] = standing.services[0].authority
    values["types"] = ", ".join(standing.services[0].licence_types)
    if licence is None:
        return Finding(code, UNKNOWN, subject, "no-licence-data", values)
    values |= {"type": licence.type, "issuer": licence.issuer.name}
    problems = [entry_problem(entry, licence, standing) for entry in standing.services]
    if "" in problems:
        chosen = standing.services[problems.index("")]
        return Finding(code, PASS, subject, "", {**values, "authority": chosen.authority})
    return Finding(code, FAIL, subject, problems[0], values, indication="SIG_CONSTRAINTS_FAILURE")


def entry_problem(entry: Service, licence: Licence, standing: Standing) -> str:
    """Why this entry does not entitle its holder to this licence; empty if it does."""
    if licence.type not in entry.licence_types:
        return "type"
    if not entry.in_force(standing.moment):
        return "entry-not-in-force"
    if entry.uscc and licence.issuer.code and entry.uscc != licence.issuer.code:
        return "issuer"
    if not entry.uscc and entry.authority != licence.issuer.name:
        return "issuer"
    region = licence.issuer.region
    if entry.region != NATIONAL and region and region != entry.region:
        return "region"
    if not _identifier_agrees(entry, licence):
        return "identifier"
    return ""


def _identifier_agrees(entry: Service, licence: Licence) -> bool:
    """The issuer part of the identifier is a USCC or an area code (GB/T 36904)."""
    try:
        issuer = parse_identifier(licence.identifier).issuer
    except InputError:
        return True  # licence.identifier says so itself
    if len(issuer) == 6 and issuer.isdigit():
        return entry.region in {NATIONAL, issuer} or issuer.startswith(entry.region.rstrip("0"))
    return not entry.uscc or issuer == entry.uscc


def revocation(case: Case) -> Iterator[Finding]:
    """``revocation.certificate``: no certificate of the path was revoked."""
    for judged in case.signatures:
        standing = judged.standing
        if standing is None or not standing.path.anchored:
            yield Finding("revocation.certificate", UNKNOWN, judged.subject, "no-path",
                          indication="TRY_LATER")  # fmt: skip
            continue
        yield from _revocation(judged.subject, standing, case)


def _revocation(subject: str, standing: Standing, case: Case) -> Iterator[Finding]:
    code = "revocation.certificate"
    for item in standing.revoked:
        values = {
            "certificate": item.certificate.display,
            "date": f"{item.revoked_at:%Y-%m-%d}" if item.revoked_at else "",
            "reason": item.reason,
        }
        if item in standing.revoked_by_then and standing.proven:
            yield Finding(code, FAIL, subject, "", values, indication="REVOKED")
        elif item in standing.revoked_by_then:
            yield Finding(code, UNKNOWN, subject, "no-proof-of-time", values,
                          indication="REVOKED_NO_POE")  # fmt: skip
        elif standing.proven:
            yield Finding(code, WARN, subject, "revoked-later", values)
        else:
            # revoked after `at` but known now: an earlier `at` must not hide it
            yield Finding(code, UNKNOWN, subject, "no-proof-of-time", values,
                          indication="REVOKED_NO_POE")  # fmt: skip
    for item in standing.unknown:
        values = {"certificate": item.certificate.display, "detail": item.detail}
        reason = item.problem if item.problem in {"nothing-found", "stale"} else "unusable"
        yield Finding(code, UNKNOWN, subject, reason, values, item.detail or item.problem,
                      "TRY_LATER")  # fmt: skip
    blocking = standing.unknown or [
        r for r in standing.revoked if not standing.proven or r in standing.revoked_by_then
    ]
    if not blocking:
        dates = [r.this_update for r in standing.revocations if r.this_update]
        values = {"date": f"{min(dates):%Y-%m-%d}" if dates else ""}
        yield Finding(code, PASS, subject, "" if dates else "anchor", values)


def time(case: Case) -> Iterator[Finding]:
    """``time.proof``: when the seal existed, or that it need not be known."""
    for judged in case.signatures:
        yield from _tokens(judged.tokens)
        yield _proof(judged, case)
    yield from _tokens(case.document_tokens)
    for signature in case.evidence.signatures:
        for fault in signature.faults:
            if fault.code == "time.proof":
                yield Finding("time.proof", FAIL if fault.fatal else WARN,
                              f"signature:{signature.index}", "timestamp-unreadable",
                              {"detail": fault.detail}, fault.detail)  # fmt: skip


def _tokens(tokens: tuple[JudgedToken, ...]) -> Iterator[Finding]:
    for judged in tokens:
        token = judged.token
        values = {
            "time": f"{token.time:%Y-%m-%d %H:%M:%S} UTC",
            "authority": token.signer.display if token.signer else "",
            "detail": judged.problem,
        }
        if not judged.problem:
            yield Finding("time.proof", PASS, judged.subject, "timestamp", values)
        elif judged.fatal:
            reason = "imprint" if judged.problem == "imprint" else "timestamp"
            yield Finding("time.proof", FAIL, judged.subject, reason, values, judged.problem,
                          "SIG_CRYPTO_FAILURE")  # fmt: skip
        else:
            yield Finding("time.proof", WARN, judged.subject, "timestamp", values, judged.problem,
                          "NO_POE")  # fmt: skip


def _proof(judged: JudgedSignature, case: Case) -> Finding:
    code, subject = "time.proof", judged.subject
    if judged.proven_time is not None:
        return Finding(code, PASS, subject, "proven",
                       {"time": f"{judged.proven_time:%Y-%m-%d %H:%M:%S} UTC"})  # fmt: skip
    claimed = judged.signature.claimed_time
    values = {"claimed": f"{claimed:%Y-%m-%d %H:%M:%S} UTC" if claimed else ""}
    standing = judged.standing
    if standing is None or not standing.path.anchored:
        return Finding(code, UNKNOWN, subject, "no-path", values, indication="NO_POE")
    if standing.path.problems or standing.revoked:
        return Finding(code, UNKNOWN, subject, "no-timestamp", values, indication="NO_POE")
    if claimed is not None and claimed > case.world.now:
        return Finding(code, UNKNOWN, subject, "claimed-future", values, indication="NO_POE")
    return Finding(code, PASS, subject, "not-needed", values)
