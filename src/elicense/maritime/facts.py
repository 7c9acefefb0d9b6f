"""What the rules look at: the dates of one certificate, as plain days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from elicense import canonical
from elicense.errors import InputError
from elicense.licence import Endorsement, Licence
from elicense.maritime.rules import Limit, rules
from elicense.months import add_months

DOC, DOC_INTERIM, SMC, SMC_INTERIM = "msa-doc", "msa-doc-interim", "msa-smc", "msa-smc-interim"
DOCS, SMCS = (DOC, DOC_INTERIM), (SMC, SMC_INTERIM)
FULL = (DOC, SMC)
SIGNED, PREVIOUSLY = "signed", "previously_carried_out"


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The certificate before this one: when it was to expire, and whether it was withdrawn."""

    expiry: date
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """One DOC or SMC, interim or not.

    ``completed`` is the completion date of the verification, ``start`` the first day of the
    term, ``expiry`` its last, before any extension. ``endorsements`` is None where the list
    is absent or masked; an endorsement without a date is one whose date is not shown.
    """

    type: str
    regime: str
    issued: date
    start: date
    expiry: date
    completed: date | None = None
    endorsements: tuple[Endorsement, ...] | None = ()
    previous: Predecessor | None = None

    @property
    def begins(self) -> date:
        """From when the longest term counts: completion of the verification, else the start."""
        return self.completed or self.start

    def limit(self, id: str) -> Limit | None:
        """What the rule ``id`` says of this certificate; None if it says nothing."""
        found = rules()[id]
        return found.limit(self.regime, self.issued) if self.type in found.types else None

    def boxes(self, kind: str) -> tuple[Endorsement, ...]:
        """The endorsements of one kind that are there, in order."""
        return tuple(e for e in self.endorsements or () if e.kind == kind and e.state != "empty")


def certificate(licence: Licence) -> Certificate | None:
    """The facts of a licence; None if it is no DOC or SMC, or its dates are not shown."""
    validity = licence.validity
    if licence.type not in (*DOCS, *SMCS) or validity.valid_until is None:
        return None
    issued = validity.issued or validity.valid_from
    if issued is None:
        return None
    found = Certificate(
        type=licence.type,
        regime=regime_of(licence),
        issued=issued,
        start=validity.valid_from or issued,
        expiry=validity.valid_until,
        completed=field_date(licence.fields, "completion_date"),
        endorsements=licence.endorsements if _listed(licence) else None,
        previous=_previous(licence),
    )
    return _unextended(found)


def _unextended(found: Certificate) -> Certificate:
    """Data made anew with an extension may state the new end as the end of the term as well.
    The rules count from the end before: at most the longest term that they allow."""
    if all(item.endorsement.valid_until != found.expiry for item in extensions(found)):
        return found
    terms = [x for id in ("V2", "V8", "V16", "V17") if (x := found.limit(id)) is not None]
    ends = [add_months(found.begins, x["months"]) for x in terms]
    return replace(found, expiry=min(found.expiry, *ends)) if ends else found


def regime_of(licence: Licence) -> str:
    """ISM unless the licence names another regime."""
    return str(licence.fields.get("regime") or "ISM")


def field_date(fields: Mapping[str, object], key: str) -> date | None:
    """An ISO date among the fields; None where it is absent or no date."""
    text = fields.get(key)
    if not isinstance(text, str):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None  # licence.fields calls it malformed
    return found if found.isoformat() == text else None


def _previous(licence: Licence) -> Predecessor | None:
    """Sealed evidence of the certificate before: ``renews.valid_until``, and ``renews.state``
    ``withdrawn`` where the issuer had withdrawn it."""
    evidence = licence.extra.get("renews")
    if not isinstance(evidence, Mapping):
        return None
    expiry = field_date(evidence, "valid_until")
    return None if expiry is None else Predecessor(expiry, evidence.get("state") == "withdrawn")


def _listed(licence: Licence) -> bool:
    """Does the data have a list of endorsements at all? An empty one says that none was made."""
    if licence.endorsements or licence.source is None:
        return True
    return _has_list(licence.source.data)


@lru_cache(maxsize=8)  # several rules ask it of the same licence
def _has_list(data: bytes) -> bool:
    try:
        tree = canonical.parse(data, max_size=len(data), max_depth=64)
    except InputError:
        return False
    return isinstance(tree, Mapping) and tree.get("endorsements") is not None


@dataclass(frozen=True, slots=True)
class Extension:
    """One signed extension (V14, V15, V18) and the latest end that its rule allows."""

    limit: Limit
    endorsement: Endorsement
    longest: date


def extensions(found: Certificate) -> tuple[Extension, ...]:
    """The extensions endorsed on the certificate, in the order of the rules."""
    return tuple(
        Extension(limit, item, add_months(found.expiry, limit["months"]))
        for rule in rules().values()
        if rule.box and (limit := found.limit(rule.id)) is not None
        for item in found.boxes(rule.box)
        if item.state == SIGNED
    )


def effective_expiry(found: Certificate, today: date) -> date:
    """The last valid day, signed extensions included, each up to what its rule allows."""
    ends = [found.expiry]
    for item in extensions(found):
        until, made = item.endorsement.valid_until, item.endorsement.date
        if until is not None and (made is None or made <= today):
            ends.append(min(until, item.longest))
    return max(ends)
