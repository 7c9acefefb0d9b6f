"""What a signature forbids later: certification levels and field locks (12.8.2).

A sealed licence allows less than any of them (see :mod:`changes`); here the
document's own rules are held against the same changes, so that the report can
name the broken promise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from elicense.containers.pdf.comparison import Difference
from elicense.containers.pdf.faults import fault
from elicense.containers.pdf.model import PdfSignature
from elicense.evidence import Change, Fault

_ALWAYS = frozenset(
    ("dss", "document-timestamp", "update-dates", "version", "form-defaults", "tab-order")
)
_SIGNING = _ALWAYS | {"signature-field", "form-filling"}
_ANNOTATING = _SIGNING | {"annotation"}
_BY_LEVEL = {1: _ALWAYS, 2: _SIGNING, 3: _ANNOTATING}


def judge_changes(
    signatures: Iterable[PdfSignature], differences: tuple[Difference, ...]
) -> tuple[PdfSignature, ...]:
    """Each signature with the changes made after it and the promises they break."""
    result = []
    for signature in signatures:
        after = [d for d in differences if d.change.revision > signature.revision]
        later = tuple(d.change for d in after)
        level = _level(signature)
        judged = tuple(_by_level(change, level) for change in later)
        broken = [*_certification(signature, later, level), *_special(signature, later)]
        broken += _locked(signature, after)
        result.append(replace(signature, changes=judged, faults=(*signature.faults, *broken)))
    return tuple(result)


def _level(signature: PdfSignature) -> int | None:
    """The strictest certification level the signature brings; None if it brings none."""
    locks = (lock.permission for lock in (signature.fieldmdp, signature.lock) if lock)
    levels = [level for level in (signature.docmdp, *locks) if level is not None]
    return min(levels, default=None)


def _by_level(change: Change, level: int | None) -> Change:
    if level is None or not change.allowed or change.kind in _BY_LEVEL[level]:
        return change
    return replace(change, allowed=False, detail=f"{change.detail} (certified at level {level})")


def _certification(
    signature: PdfSignature, later: tuple[Change, ...], level: int | None
) -> list[Fault]:
    if level is None:
        return []
    exceeding = [change for change in later if change.kind not in _BY_LEVEL[level]]
    if not exceeding:
        return []
    first = exceeding[0]
    detail = f"level {level} forbids: {first.kind} at {first.place}: {first.detail}"
    return [fault("docmdp-violated", f"field {signature.field!r}", detail)]


def _special(signature: PdfSignature, later: tuple[Change, ...]) -> list[Fault]:
    found = []
    place = f"field {signature.field!r}"
    for change in later:
        detail = f"{change.place}: {change.detail}"
        if change.kind == "permissions":
            found.append(fault("perms-changed", place, detail))
        elif change.kind == "signature-dictionary":
            found.append(fault("signature-dictionary-changed", place, detail))
    return found


def _locked(signature: PdfSignature, after: list[Difference]) -> list[Fault]:
    """Fields this signature locks and a later revision filled or changed."""
    locks = [lock for lock in (signature.fieldmdp, signature.lock) if lock is not None]
    return [
        fault("fieldmdp-violated", f"field {name!r}", change.detail)
        for change, name in after
        if name and any(lock.locks(name) for lock in locks)
    ]
