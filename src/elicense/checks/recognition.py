"""``recognition.region``: does the region where it is shown recognise this licence?

Whether a licence is genuine and in force is its issuer's matter. Whether it counts here is
the receiving region's, said in its policy. The region that counts is the one that the trust
store gives to whoever sealed the licence, never the one that its data claim.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.qr import entitled
from elicense.checks.signatures import PASS, UNKNOWN
from elicense.checks.signers import entry_problem
from elicense.findings import Finding, Outcome
from elicense.identifiers import area_contains
from elicense.licence import Licence
from elicense.policy import NATIONAL, Recognition
from elicense.profiles import find
from elicense.trust.service import Service

_CODE = "recognition.region"
# how near a rule that does not accept it comes: the later, the nearer
_PROBLEMS = ("region", "type", "ended", "not-yet")


def recognition(case: Case) -> Iterator[Finding]:
    """For a sealed file: the entry of the issuer's own seal counts."""
    yield _judge(case, () if case.licence is None else _issuers(case, case.licence))


def of_code(case: Case) -> Iterator[Finding]:
    """For a QR code on its own: the entry of the key that signed it counts."""
    yield _judge(case, entitled(case))


def _issuers(case: Case, licence: Licence) -> tuple[Service, ...]:
    """The entries that entitle whoever sealed the licence as its issuer; none where that is
    not proven."""
    for judged in case.issuing:
        standing = judged.standing
        if standing is None or not standing.path.anchored or not judged.answer.ok:
            continue
        found = [e for e in standing.services if not entry_problem(e, licence, standing)]
        if found:
            return tuple(found)
    return ()


def _judge(case: Case, entries: Sequence[Service]) -> Finding:
    policy, licence = case.policy, case.licence
    if not policy.recognition:
        return Finding(_CODE, Outcome.SKIPPED, "licence", "no-policy", {"policy": policy.name})
    if licence is None or not entries:
        return Finding(_CODE, Outcome.SKIPPED, "licence", "issuer-open")
    words = {"policy": policy.name, **_type(licence.type), **_region("here", policy.region)}
    near: list[tuple[str, Service, int]] = []
    for entry in entries:
        own = {**words, "authority": entry.authority, **_region("region", entry.region)}
        if policy.region and _within(policy.region, entry.region):
            return Finding(_CODE, PASS, "licence", "own", own)
        for number, rule in enumerate(policy.recognition, 1):
            problem = _problem(rule, entry, licence.type, case)
            if not problem:
                return Finding(_CODE, PASS, "licence", "", {**own, **_rule(rule, number)},
                               f"rule {number}")  # fmt: skip
            near.append((problem, entry, number))
    problem, entry, number = max(near, key=lambda item: _PROBLEMS.index(item[0]))
    words |= {"authority": entry.authority, **_region("region", entry.region)}
    if problem in {"ended", "not-yet"}:
        words |= _rule(policy.recognition[number - 1], number)
    return Finding(_CODE, UNKNOWN, "licence", problem, words)


def _problem(rule: Recognition, entry: Service, kind: str, case: Case) -> str:
    if not rule.covers(entry.region):
        return "region"
    if kind not in rule.licence_types:
        return "type"
    return rule.state(case.at)


def _within(outer: str, inner: str) -> bool:
    return outer == inner or area_contains(outer, inner)


def _rule(rule: Recognition, number: int) -> dict[str, str]:
    return {
        "rule": str(number), "from": day(rule.starts), "until": day(rule.ends),
        "note_zh": f"：{rule.note}" if rule.note else "",
        "note_en": f": {rule.note}" if rule.note else "",
    }  # fmt: skip


def _type(kind: str) -> dict[str, str]:
    profile = find(kind)
    zh, en = (profile.zh, profile.en) if profile else (kind, kind)
    return {"type_zh": zh, "type_en": en}


def _region(key: str, code: str) -> dict[str, str]:
    """The name of a region in both languages; with its code below a province."""
    if not code:
        return {f"{key}_zh": "本地区", f"{key}_en": "this region"}
    if code == NATIONAL:
        return {f"{key}_zh": "全国", f"{key}_en": "national scope"}
    zh, en = _areas().get(code[:2], [code, code])
    if code[2:] != "0000" and zh != code:
        zh, en = f"{zh} {code}", f"{en} {code}"
    return {f"{key}_zh": zh, f"{key}_en": en}


@cache
def _areas() -> dict[str, list[str]]:
    return tomllib.loads(Path(__file__).with_name("areas.toml").read_text("utf-8"))
