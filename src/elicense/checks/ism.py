"""``ism.*``: the rules of the ISM Code and the NSM rules, on the day of judgement.

What the rules are stands in ``maritime/rules.toml``, how they are applied in
:mod:`elicense.maritime`; here their answers become findings.
"""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.case import Case
from elicense.checks.endorsed import with_endorsements
from elicense.checks.signatures import UNKNOWN
from elicense.findings import Finding
from elicense.maritime.dates import china_day
from elicense.maritime.engine import Ruling, judge
from elicense.maritime.facts import Certificate, certificate, regime_of
from elicense.maritime.rules import rule, rules
from elicense.profiles import Profile


def ism(case: Case) -> Iterator[Finding]:
    """A finding for every rule that applies to this DOC or SMC."""
    licence, profile = case.licence, case.profile
    if licence is None or profile is None:
        return
    own = found = certificate(licence)
    endorsed = with_endorsements(case)
    if endorsed is not None and endorsed is not licence:
        found = certificate(endorsed)
    if found is None or own is None:
        return  # licence.dates says what is missing
    if not _known(found):
        yield Finding("ism.term", UNKNOWN, "licence", "regime-unknown",
                      {"regime": regime_of(licence)})  # fmt: skip
        return
    today = china_day(case.at)
    # extensions that later seals endorsed are judged with those seals
    rulings = judge(found, today)
    extended = rulings if own is found else judge(own, today)
    for ruling in rulings:
        if not rule(ruling.rule).box or ruling in extended:
            yield finding(ruling, profile)


def _known(found: Certificate) -> bool:
    return any(item.limit(found.regime, found.issued) is not None for item in rules().values())


def finding(ruling: Ruling, profile: Profile) -> Finding:
    """The finding of one ruling, with the names of the box it speaks of."""
    values = dict(ruling.values)
    box = profile.box(ruling.box) if ruling.box else None
    if box is not None:
        values |= {"box_zh": box.zh, "box_en": box.en}
    return Finding(ruling.code, ruling.outcome, "licence", ruling.reason, values)
