"""A sheet of paper, seen through a scanner or a camera: what it is and what was read of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from elicense.checks import coverage
from elicense.checks.case import Case
from elicense.checks.foreign import foreign
from elicense.checks.qr import qr
from elicense.checks.signatures import UNKNOWN, WARN
from elicense.errors import InputError
from elicense.evidence import QrCode
from elicense.findings import Finding, Outcome
from elicense.identifiers import parse_identifier
from elicense.limits import Limits
from elicense.qr.payload import Payload, decode

_REMARKS = ("zbar-missing", "time-budget", "pages-not-read")
_SHOWN = 6


def original(case: Case) -> Iterator[Finding]:
    """``sheet.original``: whether a sheet is the original cannot be seen in its picture."""
    reason = "code" if case.evidence.container == "qr" else ""
    yield Finding("sheet.original", WARN, "file", reason)


def structure(case: Case) -> Iterator[Finding]:
    """``container.structure`` of a PDF: pages that change by themselves, or that can be read
    in two ways, are not the ones that were looked at. A picture has no structure to judge."""
    if case.evidence.container != "pdf":
        return
    for finding in (*coverage.structure(case), *coverage.other_faults(case)):
        if finding.reason not in _REMARKS:  # those are told as sheet.read
            yield finding


def first_payload(codes: Iterable[QrCode], limits: Limits) -> Payload | None:
    """The first of these codes that is a readable signed payload; not yet believed."""
    for text in (code.text for code in codes if code.kind == "el1"):
        try:
            return decode(text, limits=limits)
        except InputError:
            continue  # the finding qr.signature says what is wrong with it
    return None


def codes(case: Case) -> Iterator[Finding]:
    """``qr.signature`` of every code; without a signed one, why nothing can be proven."""
    if not any(code.kind == "el1" for code in case.evidence.qr):
        yield _none(case)
    if case.evidence.qr:
        yield from qr(case)


def _none(case: Case) -> Finding:
    """No signed code: not there, not readable, or not searched for are three answers."""
    evidence = case.evidence
    not_done = [n for n in evidence.notes if n.kind in {"time-budget", "pages-not-read"}]
    remarks = [f for n, c in enumerate(evidence.qr, 1) for f in foreign(case, f"qr:{n}", c)]
    twins = [f for f in remarks if f.reason == "url-look-alike"]
    if evidence.container != "qr" and "sizes" not in evidence.details:
        reason, detail = "not-searched", ""
    elif twins:
        return Finding("qr.signature", UNKNOWN, "file", "sheet-look-alike", twins[0].values)
    elif remarks:
        reason, detail = "sheet-foreign", ""
    elif evidence.details.get("unread"):
        reason, detail = "sheet-unread", ""
    elif not_done:
        reason, detail = "not-searched", f"{not_done[0].kind}: {not_done[0].place}"
    else:
        reason, detail = "sheet-none", ""
    return Finding("qr.signature", UNKNOWN, "file", reason, {"detail": detail}, detail)


def one_licence(case: Case) -> Iterator[Finding]:
    """``sheet.one-licence``: signed codes on one sheet speak of one licence, in one version."""
    seen: list[Payload] = []
    for code in case.evidence.qr:
        payload = first_payload((code,), case.world.limits)
        if payload is not None and not any(_same(payload, other) for other in seen):
            seen.append(payload)
    if len(seen) < 2:
        return
    shown = [f"{p.number} ({p.identifier}, v{p.version})" for p in seen][:_SHOWN]
    same = len({_of_any_version(p.identifier) for p in seen}) == 1
    values = {"licences": "; ".join(shown), "count": str(len(seen))}
    yield Finding("sheet.one-licence", UNKNOWN, "file", "versions" if same else "", values)


def _of_any_version(identifier: str) -> str:
    """The identifier without its last two parts, 版本号 and 校验位: versions differ in them."""
    try:
        return parse_identifier(identifier).text.rsplit(".", 2)[0]
    except InputError:
        return identifier


def _same(one: Payload, other: Payload) -> bool:
    """The same content, not only the same name: a forged code may name the true one's."""
    return (one.licence, one.data_digest) == (other.licence, other.data_digest)


def limitations(case: Case) -> Iterator[Finding]:
    """``sheet.read``: what was not done, where it may matter."""
    fronts = [code.page for code in case.evidence.qr if code.kind == "el1"]
    found = bool(fronts)
    if found and case.evidence.pages > 1:
        yield Finding("sheet.read", WARN, "file", "other-pages",
                      {"page": str(fronts[0]), "pages": str(case.evidence.pages)})  # fmt: skip
    for note in dict.fromkeys(case.evidence.notes):
        if note.kind in _REMARKS and not (found and note.kind == "zbar-missing"):
            yield Finding("sheet.read", WARN, "file", note.kind, {"place": note.place},
                          f"{note.place}: {note.detail}")  # fmt: skip


def marks(case: Case) -> Iterator[Finding]:
    """``sheet.seal-mark``: red marks in the shape of a seal. Information only: never weighed."""
    found = case.evidence.seal_marks
    if case.evidence.container == "qr":
        return
    if not found:
        yield Finding("sheet.seal-mark", Outcome.SKIPPED, "file", "none")
        return
    places = "; ".join(
        f"p. {mark.page}: {mark.box[0]:.0f},{mark.box[1]:.0f} "
        f"{mark.box[2]:.0f}×{mark.box[3]:.0f}" for mark in found[:_SHOWN]
    )  # fmt: skip
    yield Finding("sheet.seal-mark", Outcome.SKIPPED, "file", "seen",
                  {"count": str(len(found)), "places": places}, places)  # fmt: skip
