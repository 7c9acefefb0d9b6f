"""The endorsements that later seals added: what each states, and what follows from it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace

from elicense.canonical import Value
from elicense.checks.case import Case, JudgedSignature
from elicense.crypto.ses import CHINA
from elicense.endorsement import Statement, read
from elicense.errors import InputError
from elicense.identifiers import area_contains
from elicense.licence import Licence, data_digest
from elicense.maritime.facts import certificate, effective_expiry
from elicense.trust.service import NATIONAL, Service


@dataclass(frozen=True, slots=True)
class Endorsed:
    """One endorsement of a later seal. ``before`` is the seal of the version it endorses,
    None where there is none. Without a ``statement``, ``problem`` is ``malformed``,
    ``format`` (a later format) and ``detail`` says what is wrong."""

    judged: JudgedSignature
    before: JudgedSignature | None
    statement: Statement | None
    problem: str = ""
    detail: str = ""

    @property
    def subject(self) -> str:
        return self.judged.subject


def endorsed(case: Case) -> tuple[Endorsed, ...]:
    """Every signature that signs an endorsement, in order."""
    return tuple(_endorsed(case))


def _endorsed(case: Case) -> Iterator[Endorsed]:
    before: JudgedSignature | None = None
    for judged in case.signatures:
        signature = judged.signature
        if signature.kind == "package":
            continue
        if signature.statement is not None:
            try:
                yield Endorsed(judged, before, read(signature.statement))
            except InputError as error:
                problem = "format" if error.code == "endorsement.format" else "malformed"
                yield Endorsed(judged, before, None, problem, str(error))
        elif signature.statement_problem:
            yield Endorsed(judged, before, None, "malformed", signature.statement_problem)
        before = judged


def version_problem(item: Endorsed, case: Case) -> str:
    """Why it does not endorse this very version of this licence; empty if it does."""
    statement, before = item.statement, item.before
    if statement is None or case.licence_json is None:
        return "unread"
    if before is None or not before.signature.raw:
        return "first"
    wanted = statement.licence
    if data_digest(case.licence_json, algorithm=wanted.algorithm).value != wanted.value:
        return "other-licence"
    wanted = statement.previous
    if data_digest(before.signature.raw, algorithm=wanted.algorithm).value != wanted.value:
        return "other-version"
    return ""


def authority_problem(item: Endorsed, licence: Licence | None) -> tuple[str, Service | None]:
    """Why its sealer may not endorse this licence (empty if it may), and the entry meant.

    A sealer of this type of licence, in force, for the issuer's region or of national
    scope; it need not be the issuer.
    """
    standing = item.judged.standing
    if standing is None or not standing.path.anchored:
        return "signer-unknown", None
    if not standing.services:
        return "not-listed", None
    if licence is None:
        return "no-licence-data", None
    order = ("type", "region", "entry-not-in-force", "entry-ended", "")
    found = [(_entry_problem(e, licence, standing.entry_state(e)), e) for e in standing.services]
    return max(found, key=lambda pair: order.index(pair[0]))


def _entry_problem(entry: Service, licence: Licence, state: str) -> str:
    if licence.type not in entry.licence_types:
        return "type"
    region = licence.issuer.region
    own = entry.region == NATIONAL or (
        bool(region) and (entry.region == region or area_contains(entry.region, region))
    )
    if not own and not (entry.uscc and entry.uscc == licence.issuer.code):
        return "region"
    return state


def in_order(item: Endorsed, case: Case) -> bool:
    """Does the endorsement count: signed by somebody entitled, of this very version?"""
    return (
        item.judged.answer.ok
        and not version_problem(item, case)
        and not authority_problem(item, case.licence)[0]
    )


def with_endorsements(case: Case) -> Licence | None:
    """The licence with the endorsements added later, each with its sealer."""
    licence = case.licence
    if licence is None:
        return None
    added = []
    for item in endorsed(case):
        if item.statement is None:
            continue
        problem, entry = authority_problem(item, licence)
        signer = item.judged.signature.signer
        sealer: dict[str, Value] = {
            "signature": item.judged.signature.index,
            "subject": str(signer.subject) if signer else "",
            "authority": entry.authority if entry and not problem else "",
        }
        added.append(item.statement.endorsement({"sealer": sealer}))
    return replace(licence, endorsements=(*licence.endorsements, *added)) if added else licence


def effective(case: Case) -> Licence | None:
    """The licence as it stands at the time of judgement: endorsed, its term extended.

    Only endorsements that count, and that were made by then, extend it.
    """
    licence = with_endorsements(case)
    if licence is None or case.profile is None:
        return licence
    ends = list(_own_extensions(case))
    for item in endorsed(case):
        made = item.statement
        if made is None or made.valid_until is None or made.date > china_day(case.at):
            continue
        box = case.profile.box(made.kind)
        if box is not None and box.extension_months and in_order(item, case):
            ends.append(made.valid_until)
    end = licence.validity.valid_until
    if end is None or not ends:
        return licence
    return replace(licence, validity=replace(licence.validity, valid_until=max(end, *ends)))


def _own_extensions(case: Case) -> Iterator[datetime.date]:
    """The end that extensions endorsed when the licence was made anew give, within the rules."""
    found = certificate(case.licence) if case.licence else None
    if found is not None:
        yield effective_expiry(found, china_day(case.at))


def china_day(moment: datetime.datetime) -> datetime.date:
    """The day in China's calendar."""
    return moment.astimezone(CHINA).date()
