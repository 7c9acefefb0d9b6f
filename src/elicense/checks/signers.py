"""Who signed: chain, authority, revocation, and the proof of when."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from elicense.checks.case import Case, JudgedSignature, JudgedToken
from elicense.checks.days import day
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.checks.standing import Standing
from elicense.errors import InputError
from elicense.findings import Finding
from elicense.identifiers import area_contains, check_uscc, parse_identifier
from elicense.licence import CopyMark, Licence, Party
from elicense.trust.service import NATIONAL, Service

# why an entry does not fit, the nearer to fitting the later; those left open, and those
# that do not matter for a further seal beside the issuer's
_PROBLEMS = (
    "type", "entry-not-in-force", "issuer", "issuer-unnamed", "region", "identifier",
    "entry-ended", "",
)  # fmt: skip
OPEN_PROBLEMS = frozenset({"entry-ended", "issuer-unnamed"})
_OWN_TEXT = frozenset({"nothing-found", "stale", "too-old"})
_ISSUER_ONLY = frozenset({"issuer", "issuer-unnamed", "region", "identifier"})


def chain(case: Case) -> Iterator[Finding]:
    """``chain.path``: a path from the signer's own certificate to the trust store."""
    for judged in case.judged:
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
        if problem.kind == "expired" and not standing.proven:
            yield Finding("chain.path", UNKNOWN, subject, "expired", words, problem.detail,
                          "OUT_OF_BOUNDS_NO_POE")  # fmt: skip
        elif not problem.fatal:
            reason = "anchor-expired" if problem.kind == "expired" else problem.kind
            yield Finding("chain.path", UNKNOWN, subject, reason, words, problem.detail,
                          "CHAIN_CONSTRAINTS_FAILURE")  # fmt: skip
        else:
            indication = {"expired": "EXPIRED", "not-yet-valid": "NOT_YET_VALID"}.get(
                problem.kind, "CHAIN_CONSTRAINTS_FAILURE"
            )
            yield Finding("chain.path", FAIL, subject, problem.kind, words, problem.detail,
                          indication)  # fmt: skip
    if not path.problems:
        yield Finding("chain.path", PASS, subject, "", values, detail)


def authority(case: Case) -> Iterator[Finding]:
    """``authority.licence-type``: the signer may seal this type of licence for this region.

    One seal must be the issuer's. A later one (an endorsement) may be of any authority
    that the trust store entitles to this type.
    """
    issued = False
    for judged in case.issuing:
        standing = judged.standing
        if standing is None or not standing.path.anchored:
            yield Finding("authority.licence-type", UNKNOWN, judged.subject, "signer-unknown")
            continue
        found = list(_authority(case.licence, judged.subject, standing, later=issued))
        yield from found
        issued = issued or all(f.outcome in {PASS, WARN} for f in found)


def _authority(
    licence: Licence | None, subject: str, standing: Standing, *, later: bool
) -> Iterator[Finding]:
    code = "authority.licence-type"
    values = {"signer": standing.certificate.display}
    if not standing.services:
        yield Finding(code, UNKNOWN, subject, "not-listed", values)
        return
    values["authority"] = standing.services[0].authority
    values["types"] = ", ".join(standing.services[0].licence_types)
    if licence is None:
        yield Finding(code, UNKNOWN, subject, "no-licence-data", values)
        return
    problem, entry = _nearest(standing, licence)
    values |= {"type": licence.type, "issuer": licence.issuer.name, "authority": entry.authority}
    if later and problem in _ISSUER_ONLY:
        yield Finding(code, PASS, subject, "endorser", values)
    elif problem:
        outcome = UNKNOWN if problem in OPEN_PROBLEMS else FAIL
        yield Finding(code, outcome, subject, problem, values,
                      indication="SIG_CONSTRAINTS_FAILURE")  # fmt: skip
    else:
        yield Finding(code, PASS, subject, "", values)
        if licence.issuer.name and not same_name(licence.issuer.name, entry.authority):
            yield Finding(code, WARN, subject, "issuer-name", values)


def _nearest(standing: Standing, licence: Licence) -> tuple[str, Service]:
    judged = [(entry_problem(entry, licence, standing), entry) for entry in standing.services]
    return max(judged, key=lambda pair: _PROBLEMS.index(pair[0]))


def entry_problem(entry: Service, licence: Licence, standing: Standing) -> str:
    """Why this entry does not entitle its holder to this licence; empty if it does. Those of
    ``OPEN_PROBLEMS`` are open questions, the others faults."""
    if licence.type not in entry.licence_types:
        return "type"
    state = standing.entry_state(entry)
    if state == "entry-not-in-force":
        return state
    problem = _issuer_problem(entry, licence.issuer)
    if problem:
        return problem
    region = licence.issuer.region
    if region and not _in_region(entry, region):
        return "region"
    if not _identifier_agrees(entry, licence):
        return "identifier"
    return state


def copy_problem(entry: Service, licence: Licence, standing: Standing, mark: CopyMark) -> str:
    """Why an entry for copies does not entitle its holder to this copy; empty if it does.

    The licence's region does not matter: what the licence says, its issuer attests, and a
    copy is asked for where its holder is. Its maker must be who it says.
    """
    if licence.type not in entry.licence_types:
        return "type"
    maker = mark.creator
    by_code = bool(entry.uscc and maker.code)
    same = entry.uscc == maker.code if by_code else same_name(entry.authority, maker.name)
    if maker.name and not same:  # a QR code has no room for it
        return "creator"
    return standing.entry_state(entry)


def _issuer_problem(entry: Service, issuer: Party) -> str:
    """The issuer in the data must be the entry's authority: by its USCC, else by its name."""
    if entry.uscc and check_uscc(issuer.code) != "shape":
        return "" if entry.uscc == issuer.code else "issuer"
    if not issuer.name:
        return "issuer-unnamed"
    return "" if same_name(entry.authority, issuer.name) else "issuer"


def same_name(first: str, second: str) -> bool:
    """One name, whatever its case, width and spaces."""
    return _folded(first) == _folded(second)


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _in_region(entry: Service, area: str) -> bool:
    return entry.region in {NATIONAL, area} or area_contains(entry.region, area)


def _identifier_agrees(entry: Service, licence: Licence) -> bool:
    """The issuer part of the identifier is a USCC or an area code (GB/T 36904)."""
    try:
        issuer = parse_identifier(licence.identifier).issuer
    except InputError:
        return True  # licence.identifier says so itself
    if len(issuer) == 6 and issuer.isdigit():
        return _in_region(entry, issuer)
    own = entry.uscc or (licence.issuer.code if len(licence.issuer.code) == len(issuer) else "")
    return not own or issuer == own


def revocation(case: Case) -> Iterator[Finding]:
    """``revocation.certificate``: no certificate of the path was revoked."""
    for judged in case.judged:
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
            "date": day(item.revoked_at),
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
        values = {"certificate": item.certificate.display, "detail": item.problem,
                  "date": day(item.this_update)}  # fmt: skip
        reason = item.problem if item.problem in _OWN_TEXT else "unusable"
        yield Finding(code, UNKNOWN, subject, reason, values, item.detail or item.problem,
                      "TRY_LATER")  # fmt: skip
    blocking = standing.unknown or [
        r for r in standing.revoked if not standing.proven or r in standing.revoked_by_then
    ]
    if not blocking:
        dates = [r.this_update for r in standing.revocations if r.this_update]
        values = {"date": day(min(dates, default=None))}
        yield Finding(code, PASS, subject, "" if dates else "anchor", values)


def time(case: Case) -> Iterator[Finding]:
    """``time.proof``: when the seal existed, or that it need not be known."""
    for judged in case.judged:
        yield from _tokens(judged.tokens)
        yield from _maker_token(judged)
        yield _proof(judged, case)
    yield from _tokens(case.document_tokens)
    named = [(f"signature:{s.index}", s) for s in case.evidence.signatures]
    if case.copy is not None:
        named += [(judged.subject, judged.signature) for judged in case.issuing]
    for subject, signature in named:
        for fault in signature.faults:
            if fault.code == "time.proof":
                yield Finding("time.proof", FAIL if fault.fatal else WARN, subject,
                              "timestamp-unreadable", {"detail": fault.detail},
                              fault.detail)  # fmt: skip


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
        else:
            reason = "imprint" if judged.problem == "imprint" else "timestamp"
            indication = "SIG_CRYPTO_FAILURE" if judged.outcome is FAIL else "NO_POE"
            yield Finding("time.proof", judged.outcome, judged.subject, reason, values,
                          judged.problem, indication)  # fmt: skip


def _maker_token(judged: JudgedSignature) -> Iterator[Finding]:
    """The timestamp of the seal itself (GM/T 0031-2025): when its maker made it."""
    if judged.maker_token is not None:
        yield from _tokens((judged.maker_token,))
    if judged.maker_token_problem:
        yield Finding("time.proof", WARN, judged.subject, "timestamp-unreadable",
                      {"detail": judged.maker_token_problem},
                      judged.maker_token_problem)  # fmt: skip


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
