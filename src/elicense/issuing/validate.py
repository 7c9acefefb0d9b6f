"""What is wrong with a licence before it is issued: everything at once, each with its field.

Nothing here raises: a window clerk corrects a form once, not once for every fault.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator, Mapping

from elicense import identifiers
from elicense import licence as licences
from elicense.canonical import Value
from elicense.errors import Error, FieldFault, InputError
from elicense.licence import Endorsement, Licence, Party, tree
from elicense.months import add_months
from elicense.profiles import (
    Field,
    Profile,
    TermLimit,
    breaches,
    choice_items,
    find,
    table_problems,
    value_problem,
)

_KINDS = {
    "kind": ("field.kind", "is not a value of this field's kind ({kind})"),
    "check": ("field.check-digit", "has a wrong check digit"),
    "unknown-code": ("field.unknown-code", "is not one of {codes}"),
    "missing": ("field.missing", "is required"),
    "unknown": ("field.unknown", "stands in no column of this table"),
}
_IN_TIME = 3  # months before expiry in which a renewal keeps the old day (ISM 13.10)


def faults(licence: Licence, *, day: datetime.date) -> tuple[FieldFault, ...]:
    """Every fault of what the licence says; ``day`` is that of sealing (China's calendar)."""
    profile = find(licence.type)
    if profile is None:
        detail = f"{licence.type!r} is not a known licence type"
        return (FieldFault("type", "field.type", detail),)
    found = [
        *_fields(licence, profile),
        *_identifier(licence, profile),
        *_parties(licence),
        *_dates(licence, day),
        *_term(licence, profile),
        *_rules(licence, profile),
        *_endorsements(licence, profile, day),
        *_status(licence, profile),
        *_texts(tree(licence), ""),
    ]
    return tuple(dict.fromkeys(found)) or tuple(_written(licence))


def _fields(licence: Licence, profile: Profile) -> Iterator[FieldFault]:
    for item in profile.missing(licence):
        detail = f"{item.zh} {item.en} is required"
        yield FieldFault(item.path, "field.missing", detail)
    for path in profile.unknown_fields(licence):
        detail = f"{profile.id} has no such field; it would be sealed but never shown"
        yield FieldFault(path, "field.unknown", detail)
    for item, value in profile.values(licence):
        if item.kind == "identifier" and item.path == "identifier":
            continue  # _identifier says more
        yield from _value(item, value)


def _value(item: Field, value: Value) -> Iterator[FieldFault]:
    if item.kind == "table":
        yield from _cells(item, value)
        return
    if item.kind == "choices" and isinstance(value, tuple):
        if item.required and not value:
            return  # missing
        for index, entry in enumerate(value):
            pairs = choice_items((entry,))
            if not pairs:
                yield _wrong(item, "kind", entry, f"{item.path}.{index}")
            elif pairs[0][0] not in item.choices:
                yield _wrong(item, "unknown-code", pairs[0][0], f"{item.path}.{index}.code")
        return
    if value in ("", ()):
        return  # an empty text is no value: missing() speaks of required ones
    if item.kind == "money" and isinstance(value, str) and value.startswith("-"):
        yield FieldFault(item.path, "field.negative", f"{item.en}: {value[:40]} is negative")
    elif problem := value_problem(item, value):
        yield _wrong(item, problem, value, item.path)
    elif item.kind == "integer" and isinstance(value, int) and value < 0:
        yield FieldFault(item.path, "field.kind", f"{value} is negative")


def _cells(item: Field, value: Value) -> Iterator[FieldFault]:
    if value == () and item.required:
        return  # missing
    columns = {column.key: column for column in item.columns}
    for place, problem, cell in table_problems(item, value):
        column = columns.get(place.partition(".")[2], item)
        path = f"{item.path}.{place}" if place else item.path
        if column.kind == "money" and isinstance(cell, str) and cell.startswith("-"):
            yield FieldFault(path, "field.negative", f"{column.en}: {cell[:40]} is negative")
        else:
            yield _wrong(column, problem, cell, path)


def _rules(licence: Licence, profile: Profile) -> Iterator[FieldFault]:
    """The type's own rules; what is only a remark does not keep it from being issued."""
    for breach in breaches(profile, licence):
        if breach.rule.broken != "warn":
            detail = f"{breach.rule.zh} {breach.rule.en}: {breach.detail}"
            yield FieldFault(breach.path, f"rule.{breach.rule.id}", detail)


def _wrong(item: Field, problem: str, value: Value, path: str) -> FieldFault:
    code, words = _KINDS[problem]
    text = words.format(kind=item.kind, codes=", ".join(item.choices))
    return FieldFault(path, code, f"{item.en}: {str(value)[:80]!r} {text}")


def _identifier(licence: Licence, profile: Profile) -> Iterator[FieldFault]:
    if not licence.identifier:
        return
    if not 1 <= licence.version <= 999:
        yield FieldFault("version", "field.kind", f"{licence.version} is not from 1 to 999")
    try:
        parsed = identifiers.parse_identifier(licence.identifier)
    except InputError as error:
        yield FieldFault("identifier", "identifier.shape", f"GB/T 36904: {error.detail}")
        return
    if parsed.text != licence.identifier:
        yield FieldFault("identifier", "identifier.shape", "the root 1.2.156.3005.2 is missing")
    if not parsed.check_ok:
        detail = f"the check character is {parsed.check}, GB/T 36904 gives {parsed.expected_check}"
        yield FieldFault("identifier", "identifier.check", detail)
    if parsed.version_number != licence.version:
        detail = f"it says version {parsed.version}, the licence {licence.version}"
        yield FieldFault("identifier", "identifier.version", detail)
    if len(parsed.issuer) == 18 and licence.issuer.code not in {"", parsed.issuer}:
        detail = f"its issuer {parsed.issuer} is not {licence.issuer.code}"
        yield FieldFault("identifier", "identifier.issuer", detail)
    if profile.type_code_confirmed and parsed.type != profile.type_code:
        detail = f"its type {parsed.type} is not {profile.type_code}"
        yield FieldFault("identifier", "identifier.type", detail)


def _parties(licence: Licence) -> Iterator[FieldFault]:
    yield from _code("issuer.code", licence.issuer)
    yield from _code("holder.code", licence.holder)


def _code(path: str, party: Party) -> Iterator[FieldFault]:
    """CZZTDMLXDM 001 is a unified social credit code, 111 a resident's identity number."""
    if not party.code:
        return
    answer: str = "ok"
    if party.code_type == "001":
        answer = identifiers.check_uscc(party.code)
    elif party.code_type == "111":
        answer = identifiers.check_resident_id(party.code)
    if answer != "ok":
        code = "field.check-digit" if answer == "check" else "field.kind"
        what = "a wrong check digit" if answer == "check" else f"a wrong {answer}"
        yield FieldFault(path, code, f"{party.code[:40]!r} has {what}")


def _dates(licence: Licence, day: datetime.date) -> Iterator[FieldFault]:
    validity = licence.validity
    issued, until = validity.issued, validity.valid_until
    start, completed = validity.valid_from, completion(licence)
    if until is not None:
        for path, before in (("validity.issued", issued), ("validity.valid_from", start)):
            if before is not None and before > until:
                detail = f"{before} is after the last day of validity, {until}"
                yield FieldFault(path, "dates.order", detail)
        if until < day:
            detail = f"{until} is before the day of issue, {day}"
            yield FieldFault("validity.valid_until", "dates.expired", detail)
    if completed is not None and issued is not None and completed > issued:
        detail = f"the verification was completed on {completed}, after the issue on {issued}"
        yield FieldFault("fields.completion_date", "dates.order", detail)


def completion(licence: Licence) -> datetime.date | None:
    """The completion date of the verification; None where there is none that is a date."""
    return _day(licence.fields.get("completion_date"))


def _day(value: Value) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def renews(licence: Licence) -> datetime.date | None:
    """The last valid day of the certificate this one renews: ``renews.valid_until``."""
    evidence = licence.extra.get("renews")
    return _day(evidence.get("valid_until")) if isinstance(evidence, Mapping) else None


def _term(licence: Licence, profile: Profile) -> Iterator[FieldFault]:
    """V2, V8, V16, V17; with the expiry of what is renewed V11 to V13."""
    issued, until = licence.validity.issued, licence.validity.valid_until
    if "renews" in licence.extra and renews(licence) is None:
        yield FieldFault("renews.valid_until", "field.kind", "not a date such as 2026-02-28")
    if issued is None or until is None:
        return
    regime = licence.fields.get("regime") or "ISM"
    limit = profile.limit(str(regime), issued)
    if limit is None:
        if profile.limits and regime in {item.regime for item in profile.limits}:
            yield FieldFault("validity.issued", "dates.regime", f"{regime} had no such licences")
        return
    longest, rule = longest_day(licence, profile, limit, issued)
    if until > longest:
        detail = (
            f"{until} is later than {longest}: {limit.regime} {limit.paragraph} ({rule}), "
            f"{limit.months} months"
        )
        yield FieldFault("validity.valid_until", "dates.term", detail)


def longest_day(
    licence: Licence, profile: Profile, limit: TermLimit, issued: datetime.date
) -> tuple[datetime.date, str]:
    """The last day the rules allow, and which of them says so (ISM 13.2, 13.7, 13.10 to 13.14)."""
    start = completion(licence) or issued
    old = renews(licence)
    rule = limit.rule
    if old is not None and limit.months >= 60:
        if start < add_months(old, -_IN_TIME):
            rule = "V12"
        elif start <= old:
            start, rule = old, "V11"
        elif profile.subject == "ship":
            start, rule = old, "V13"
    added = sum(
        box.extension_months
        for item in licence.endorsements
        if item.state == "signed" and (box := profile.box(item.kind)) is not None
    )
    return add_months(start, limit.months + added), rule


def _endorsements(licence: Licence, profile: Profile, day: datetime.date) -> Iterator[FieldFault]:
    seen: set[str] = set()
    for index, item in enumerate(licence.endorsements):
        path = f"endorsements.{index}"
        box = profile.box(item.kind)
        if box is None:
            detail = f"{profile.id} has no box {item.kind!r}"
            yield FieldFault(f"{path}.kind", "endorsement.kind", detail)
            continue
        if item.kind in seen and not box.repeatable:
            yield FieldFault(f"{path}.kind", "endorsement.twice", f"{item.kind} stands there twice")
        seen.add(item.kind)
        yield from _endorsement(item, path, day, extends=bool(box.extension_months))


def _endorsement(
    item: Endorsement, path: str, day: datetime.date, *, extends: bool
) -> Iterator[FieldFault]:
    if item.state != "signed":
        return
    for name in ("date", "place", "officer"):
        if not getattr(item, name):
            yield FieldFault(f"{path}.{name}", "field.missing", "a signed box needs it")
    if item.date is not None and item.date > day:
        detail = f"{item.date} is after the day of sealing, {day}"
        yield FieldFault(f"{path}.date", "dates.order", detail)
    if extends and item.valid_until is None:
        yield FieldFault(f"{path}.valid_until", "field.missing", "an extension has a last day")
    if item.date is not None and item.valid_until is not None and item.valid_until < item.date:
        detail = f"{item.valid_until} is before {item.date}"
        yield FieldFault(f"{path}.valid_until", "dates.order", detail)


def _status(licence: Licence, profile: Profile) -> Iterator[FieldFault]:
    if licence.status is None and profile.status_required:
        yield FieldFault("status", "field.missing", "the status list and its index are required")


def _texts(value: Value, path: str) -> Iterator[FieldFault]:
    """Control characters stand in no form; XML could not even hold them."""
    if isinstance(value, str):
        bad = next((c for c in value if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"}), "")
        if bad:
            detail = f"U+{ord(bad):04X} is no character of a text"
            yield FieldFault(path, "field.character", detail)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}.{index}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}" if path else key)


def _written(licence: Licence) -> Iterator[FieldFault]:
    """Whatever else the writer of ``licence.json`` would refuse, or could not read again."""
    try:
        licences.load(licences.dump(licence))
    except Error as error:
        path = error.place.removeprefix("$.") or "licence"
        yield FieldFault(path, error.code, error.detail)
