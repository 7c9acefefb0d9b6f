"""``status.version``: did another version, or another licence, take this one's place?

Signed indexes (:mod:`elicense.trust.status_index`) say so. Without one only the status list
does, so a list that its issuer forgot to change is not found out. What an index adds counts
only if it may speak: a forged or stale one changes no verdict, it is a remark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from elicense.checks import status_signer
from elicense.checks.case import Case
from elicense.checks.days import day
from elicense.checks.signatures import PASS, WARN
from elicense.errors import InputError
from elicense.findings import Finding, Outcome
from elicense.identifiers import Identifier, format_identifier, parse_identifier
from elicense.licence import Licence
from elicense.trust.status_index import Row, StatusIndex, Successor, read_status_index

CODE = "status.version"


@dataclass(frozen=True, slots=True)
class Succession:
    """What one index says of one licence. ``problem`` is empty if the index may speak."""

    index: StatusIndex
    identifier: Identifier
    rows: tuple[Row, ...]
    successor: Successor | None
    problem: str

    @property
    def state(self) -> str:
        """``superseded``, ``transferred``, or empty if nothing took its place."""
        if self.successor is not None:
            return self.successor.state
        return "superseded" if self._latest > self.identifier.version_number else ""

    @property
    def known(self) -> bool:
        """Does the index know this very version?"""
        return any(row.version == self.identifier.version_number for row in self.rows)

    @property
    def _latest(self) -> int:
        return max((row.version for row in self.rows), default=0)

    def newer(self) -> dict[str, str]:
        """What took its place, for the sentences (``newer_zh``, ``newer_en``)."""
        if self.successor is not None:
            text = self.successor.identifier
            who = self.successor.authority
            return {"newer_zh": f"{who}的 {text}" if who else f" {text} ",
                    "newer_en": f"{who}, {text}" if who else text}  # fmt: skip
        version = self._latest
        text = self._identifier(version)
        return {"newer_zh": f"第 {version:03} 版{text and f'（{text}）'}",
                "newer_en": f"version {version:03}{text and f', {text}'}"}  # fmt: skip

    def _identifier(self, version: int) -> str:
        """The later version's identifier: the same but for version and check character."""
        own = self.identifier
        if not own.check_ok or version > 999:
            return ""  # this issuer has a check character of its own making
        return format_identifier(
            type=own.type, issuer=own.issuer, serial=own.serial, version=version
        )


def look_up(case: Case, licence: Licence) -> tuple[Succession | None, str]:
    """What the latest index that may speak says; else the latest that may not, with its
    problem. And why an index cannot be read, if one cannot."""
    try:
        identifier = parse_identifier(licence.identifier)
    except InputError:
        return None, ""
    found: list[Succession] = []
    unreadable = ""
    for raw in case.world.trust.status_indexes:
        try:
            index = read_status_index(raw)
            rows, successor = index.of_identifier(identifier), index.successor(identifier)
        except InputError as exc:
            unreadable = str(exc)
            continue
        if rows or successor:
            statement = status_signer.Statement(index.signature(), index.issued, index.expires)
            problem = status_signer.statement_problem(statement, licence, case.world)
            found.append(Succession(index, identifier, rows, successor, problem))
    best = max(found, key=lambda item: (not item.problem, item.index.issued), default=None)
    return best, unreadable


def findings(
    case: Case, licence: Licence, found: Succession | None, unreadable: str, told: str
) -> Iterator[Finding]:
    """``status.version``; ``told`` is what ``status.licence`` already says of the state."""
    if unreadable:
        yield Finding(CODE, WARN, "licence", "index-unreadable", detail=unreadable)
    if found is None:
        reason = "not-listed" if case.world.trust.status_indexes else "no-index"
        yield Finding(CODE, Outcome.SKIPPED, "licence", reason)
        return
    values = {"date": day(found.index.issued), **age(found.index.issued, case.world.now)}
    if found.problem:
        values["detail"] = found.problem
        if found.state:
            values |= found.newer()
        reason = "index-unusable-newer" if found.state else "index-unusable"
        yield Finding(CODE, WARN, "licence", reason, values, found.problem)
        return
    if _elsewhere(found, licence):
        yield Finding(CODE, WARN, "licence", "place-differs", values)
    if found.state:
        if told != found.state:
            yield Finding(CODE, WARN, "licence", "newer", {**values, **found.newer()})
    elif found.known:
        yield Finding(CODE, PASS, "licence", "", values)
    else:
        yield Finding(CODE, Outcome.SKIPPED, "licence", "not-listed")


def _elsewhere(found: Succession, licence: Licence) -> bool:
    """Does the index look for this version's state at another place than the licence says?"""
    own = [row for row in found.rows if row.version == found.identifier.version_number]
    status = licence.status
    return bool(own) and status is not None and all(
        (row.list, row.index) != (status.list, status.index) for row in own
    )  # fmt: skip


def age(issued: datetime, now: datetime) -> dict[str, str]:
    """How old a list is at ``now``, for the sentences (``age_zh``, ``age_en``)."""
    days = max((now - issued).days, 0)
    if not days:
        return {"age_zh": "不到一天前", "age_en": "less than a day old"}
    return {"age_zh": f"{days} 天前", "age_en": f"{days} day{'' if days == 1 else 's'} old"}
