"""An annotated copy 加注件: who made it, for whom, until when, and what it hides.

The copy is signed by an office that the trust store lists for copies. That alone proves
nothing of the licence: see :mod:`elicense.checks.attestation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks.agreement import contains, fold
from elicense.checks.case import Case
from elicense.checks.endorsed import china_day
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.checks.signers import copy_problem, same_name
from elicense.checks.standing import Standing
from elicense.findings import Finding
from elicense.licence import CopyMark, Licence
from elicense.profiles import Profile, date_forms
from elicense.trust.service import Service

_ORDER = ("type", "creator", "entry-not-in-force", "entry-ended", "")
_OPEN = {"entry-ended"}


def maker(case: Case) -> Iterator[Finding]:
    """``authority.licence-type`` of a copy's seal: its signer may make copies of this type, and
    is the office that the copy names as its maker."""
    mark, licence = case.copy, case.licence
    if mark is None or licence is None:
        return
    for judged in case.signatures:
        standing = judged.standing
        if standing is None or not standing.path.anchored:
            yield Finding("authority.licence-type", UNKNOWN, judged.subject, "signer-unknown")
        else:
            yield _maker(judged.subject, standing, licence, mark)


def _maker(subject: str, standing: Standing, licence: Licence, mark: CopyMark) -> Finding:
    code = "authority.licence-type"
    values = {"signer": standing.certificate.display, "creator": mark.creator.name,
              "type": licence.type}  # fmt: skip
    if not standing.services:
        return Finding(code, UNKNOWN, subject, "copy-not-listed", values)
    problem, entry = nearest(standing, licence, mark)
    values["authority"] = entry.authority
    if not problem:
        return Finding(code, PASS, subject, "copy", values)
    outcome = UNKNOWN if problem in _OPEN else FAIL
    return Finding(code, outcome, subject, f"copy-{problem}", values, problem,
                   "SIG_CONSTRAINTS_FAILURE")  # fmt: skip


def nearest(standing: Standing, licence: Licence, mark: CopyMark) -> tuple[str, Service]:
    """The entry that comes nearest to entitling the maker, and what is wrong with it."""
    found = [(copy_problem(e, licence, standing, mark), e) for e in standing.services]
    return max(found, key=lambda pair: _ORDER.index(pair[0]))


def purpose(case: Case) -> Iterator[Finding]:
    """``copy.purpose``: for whom and for what it was made, and whether that is who asks."""
    mark = case.copy
    if mark is None:
        return
    values = _values(mark)
    if not case.receiver:
        yield Finding("copy.purpose", WARN, "licence", "", values)
        return
    values["asked"] = case.receiver
    same = case.receiver.strip() == mark.receiver.code or same_name(
        case.receiver, mark.receiver.name
    )
    yield Finding("copy.purpose", PASS if same else FAIL, "licence",
                  "" if same else "other-receiver", values)  # fmt: skip


def validity(case: Case) -> Iterator[Finding]:
    """``copy.validity``: made by now, and not past its last day (China's calendar)."""
    mark = case.copy
    if mark is None:
        return
    values = _values(mark)
    if mark.expires is None:
        yield Finding("copy.validity", UNKNOWN, "licence", "", values)
    elif china_day(case.at) > mark.expires:
        yield Finding("copy.validity", FAIL, "licence", "expired", values, indication="EXPIRED")
    elif mark.created is not None and case.at < mark.created:
        yield Finding("copy.validity", FAIL, "licence", "not-yet", values,
                      indication="NOT_YET_VALID")  # fmt: skip
    else:
        yield Finding("copy.validity", PASS, "licence", "", values)


def hidden(case: Case) -> Iterator[Finding]:
    """``copy.hidden``: which fields are not shown."""
    licence = case.licence
    if licence is None or licence.source is None:
        return
    paths = licence.source.hidden
    if not paths:
        if case.copy is not None:
            yield Finding("copy.hidden", PASS, "licence", "nothing")
        return
    names = [names_of(path, case.profile) for path in paths]
    values = {"fields_zh": "、".join(n[0] for n in names), "count": str(len(paths)),
              "fields_en": ", ".join(n[1] for n in names)}  # fmt: skip
    yield Finding("copy.hidden", WARN, "licence", "", values, ", ".join(paths))


def names_of(path: str, profile: Profile | None) -> tuple[str, str]:
    """What a hidden field is called in Chinese and English; its path where it has no name."""
    for item in profile.fields if profile is not None else ():
        if item.path == path:
            return item.zh, item.en
    if path.startswith("endorsements.") and path.endswith(".officer"):
        number = path.split(".")[1]
        shown = str(int(number) + 1) if number.isdigit() else number
        return f"第{shown}项签注的签注人", f"officer of endorsement {shown}"
    return path, path


def page(case: Case) -> Iterator[Finding]:
    """``copy.page``: every page says that it is a copy, for whom, for what and until when."""
    mark, claims = case.copy, case.evidence.claims
    if mark is None:
        return
    values = _values(mark)
    if claims.text is None:
        yield Finding("copy.page", UNKNOWN, "licence", "no-text", values, claims.text_problem)
        return
    found = list(_pages(mark, claims.text, values))
    until = mark.expires.isoformat() if mark.expires else ""
    for name, said in claims.metadata.items():
        if name.endswith("JZJYXQJZSJ") and said[:10] != until:
            words = {**values, "said": said[:40]}
            found.append(Finding("copy.page", FAIL, "licence", "metadata", words, name))
    yield from found or [Finding("copy.page", PASS, "licence", "", values)]


def _pages(
    mark: CopyMark, text: tuple[tuple[str, ...], ...], values: dict[str, str]
) -> Iterator[Finding]:
    wanted: list[tuple[str, ...]] = [(mark.purpose,), (mark.receiver.name,)]
    wanted += [tuple(date_forms(mark.expires))] if mark.expires else []
    for number, lines in enumerate(text, 1):
        folded = fold("\x1f".join(lines))
        if not all(contains(folded, forms) for forms in wanted):
            yield Finding("copy.page", FAIL, "licence", "", {**values, "page": str(number)})


def _values(mark: CopyMark) -> dict[str, str]:
    code = f"（{mark.receiver.code}）" if mark.receiver.code else ""
    return {
        "receiver_zh": f"{mark.receiver.name}{code}", "purpose": mark.purpose,
        "receiver_en": mark.receiver.name + (f" ({mark.receiver.code})" if code else ""),
        "until": mark.expires.isoformat() if mark.expires else "",
        "created": mark.created.date().isoformat() if mark.created else "",
        "creator": mark.creator.name,
    }  # fmt: skip
