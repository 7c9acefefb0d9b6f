"""What the sealed data says: readable, well formed, in force."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.checks.endorsed import effective
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.crypto.ses import CHINA
from elicense.errors import InputError
from elicense.findings import Finding, Outcome
from elicense.identifiers import parse_identifier
from elicense.licence import Licence
from elicense.profiles import Profile, breaches, value_problem


def data(case: Case) -> Iterator[Finding]:
    """``licence.data``: machine-readable data of the licence is there, sealed and readable."""
    claims = case.evidence.claims
    licence = case.licence
    if claims.data is None:
        yield Finding("licence.data", UNKNOWN, "licence", "absent")
        return
    if licence is None:
        yield Finding("licence.data", UNKNOWN, "licence", "unreadable",
                      {"detail": case.licence_problem}, case.licence_problem)  # fmt: skip
        return
    if not claims.data_covered:
        yield Finding("licence.data", UNKNOWN, "licence", "not-covered",
                      {"place": claims.data_place})  # fmt: skip
    source = licence.source
    problems = source.problems if source else ()
    for problem in problems:
        outcome = FAIL if problem.kind in {"digest-mismatch", "digest-path"} else UNKNOWN
        yield Finding("licence.data", outcome, "licence", problem.kind,
                      {"place": problem.path, "detail": problem.detail},
                      f"{problem.path}: {problem.detail}")  # fmt: skip
    if source is not None and not source.canonical:
        yield Finding("licence.data", WARN, "licence", "not-canonical")
    if claims.data_covered and not problems:
        yield Finding("licence.data", PASS, "licence", values={"place": claims.data_place})


def fields(case: Case) -> Iterator[Finding]:
    """``licence.fields``: the type is known, required fields are there and well formed."""
    licence, profile = case.licence, case.profile
    if licence is None:
        return
    if profile is None:
        yield Finding("licence.fields", UNKNOWN, "licence", "type-unknown",
                      {"type": licence.type})  # fmt: skip
        return
    found = list(_hidden(licence, profile))
    found += [
        Finding("licence.fields", FAIL, "licence", "missing",
                {"field_zh": item.zh, "field_en": item.en}, item.path)
        for item in profile.missing(licence)
    ]  # fmt: skip
    for item, value in profile.values(licence):
        problem = value_problem(item, value)
        if not problem:
            continue
        outcome = WARN if problem == "check" else FAIL
        words = {"field_zh": item.zh, "field_en": item.en, "value": str(value)}
        reason = "check-digit" if problem == "check" else "malformed"
        if item.kind != "identifier":  # licence.identifier speaks of that one
            found.append(Finding("licence.fields", outcome, "licence", reason, words, item.path))
    yield from found
    if not any(f.outcome in {FAIL, UNKNOWN} for f in found):
        yield Finding("licence.fields", PASS, "licence",
                      values={"type_zh": profile.zh, "type_en": profile.en})  # fmt: skip


def _hidden(licence: Licence, profile: Profile) -> Iterator[Finding]:
    """Fields that a copy may not hide, because the verdict rests on them: licences made before
    this was a rule have digests of them too."""
    known = {item.path: item for item in profile.fields}
    for path in licence.source.hidden if licence.source is not None else ():
        item = known.get(path)
        free = path.startswith(("fields.", "endorsements.")) if item is None else item.maskable
        if not free:
            names = (item.zh, item.en) if item is not None else (path, path)
            yield Finding("licence.fields", UNKNOWN, "licence", "hidden",
                          {"field_zh": names[0], "field_en": names[1]}, path)  # fmt: skip


def rules(case: Case) -> Iterator[Finding]:
    """``licence.rules``: what holds in every licence of this type (totals, months, ages).

    Nothing is said of a rule whose values are not there, in a copy that hides them or at all.
    """
    licence, profile = case.licence, case.profile
    if licence is None or profile is None or not profile.rules:
        return
    found = breaches(profile, licence, whole=licence.source is not None)
    for breach in found:
        rule = breach.rule
        words = {"rule_zh": rule.zh, "rule_en": rule.en, "detail": breach.detail}
        yield Finding("licence.rules", _BROKEN[rule.broken], "licence", "", words, breach.path)
    if not any(breach.rule.broken != "warn" for breach in found):
        yield Finding("licence.rules", PASS, "licence", values={"count": str(len(profile.rules))})


_BROKEN = {"fail": FAIL, "unknown": UNKNOWN, "warn": WARN}


def identifier(case: Case) -> Iterator[Finding]:
    """``licence.identifier``: GB/T 36904 shape, check character, version."""
    text = case.licence.identifier if case.licence else _metadata_identifier(case)
    if not text:
        yield Finding("licence.identifier", Outcome.SKIPPED, "licence", "absent")
        return
    values = {"identifier": text}
    try:
        parsed = parse_identifier(text)
    except InputError as exc:
        yield Finding("licence.identifier", WARN, "licence", "shape", values, str(exc))
        return
    if not parsed.check_ok:
        yield Finding("licence.identifier", WARN, "licence", "check", values)
    elif case.licence is not None and int(parsed.version) != case.licence.version:
        yield Finding("licence.identifier", FAIL, "licence", "version", values)
    else:
        yield Finding("licence.identifier", PASS, "licence", values=values)


def _metadata_identifier(case: Case) -> str:
    return case.evidence.claims.metadata.get("ZZBS", "")


def dates(case: Case) -> Iterator[Finding]:
    """``licence.dates``: in force on the day of judgement (China's calendar)."""
    licence = effective(case)
    if licence is None:
        yield Finding("licence.dates", UNKNOWN, "licence", "no-data")
        return
    validity = licence.validity
    today = case.at.astimezone(CHINA).date()
    start, end = validity.valid_from or validity.issued, validity.valid_until
    if start is None or end is None:
        yield Finding("licence.dates", UNKNOWN, "licence", "incomplete")
        return
    values = {"from": start.isoformat(), "until": end.isoformat(), "day": today.isoformat()}
    if end < start or (validity.issued is not None and end < validity.issued):
        yield Finding("licence.dates", FAIL, "licence", "order", values)
    elif today > end:
        yield Finding("licence.dates", FAIL, "licence", "expired", values, indication="EXPIRED")
    elif today < max(start, validity.issued or start):
        yield Finding("licence.dates", FAIL, "licence", "not-yet", values,
                      indication="NOT_YET_VALID")  # fmt: skip
    else:
        yield Finding("licence.dates", PASS, "licence", values=values)
