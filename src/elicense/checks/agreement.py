"""``agreement.data-page``: the page a person reads says what the sealed data says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from elicense.checks.case import Case
from elicense.checks.signatures import FAIL, PASS, UNKNOWN, WARN
from elicense.findings import Finding
from elicense.licence import Licence
from elicense.profiles import Profile, date_forms, printed_parts

_CODE = "agreement.data-page"
_GAP = "\x1f"


def data_page(case: Case) -> Iterator[Finding]:
    """Every printed field of the data is looked for in the text of the sealed page.

    A deciding field whose label is on the page but whose value is not is a
    contradiction; where not even the label can be read, the question is open.
    """
    licence, profile, claims = case.licence, case.profile, case.evidence.claims
    if licence is None or profile is None:
        return
    if claims.text is None:
        yield Finding(_CODE, UNKNOWN, "licence", "no-text", {"detail": claims.text_problem},
                      claims.text_problem)  # fmt: skip
        return
    text = fold(_GAP.join(line for page in claims.text for line in page))
    found = list(_fields(licence, profile, text))
    found += _endorsements(licence, profile, text)
    yield from found
    if not any(f.outcome in {FAIL, UNKNOWN} for f in found):
        yield Finding(_CODE, PASS, "licence", values={"count": str(len(profile.fields))})


def _fields(licence: Licence, profile: Profile, text: str) -> Iterator[Finding]:
    for item, value in profile.values(licence):
        if not item.printed:
            continue
        parts = printed_parts(item, value)
        if all(contains(text, forms) for forms in parts):
            continue
        values = {
            "field_zh": item.zh, "field_en": item.en,
            "value": parts[0][0] if parts else str(value),
        }  # fmt: skip
        if not item.deciding:
            yield Finding(_CODE, WARN, "licence", "detail-not-found", values, item.path)
        elif contains(text, item.labels):
            yield Finding(_CODE, FAIL, "licence", "", values, item.path)
        else:
            yield Finding(_CODE, UNKNOWN, "licence", "not-found", values, item.path)


def _endorsements(licence: Licence, profile: Profile, text: str) -> Iterator[Finding]:
    for entry in licence.endorsements:
        if entry.state != "signed" or entry.date is None:
            continue
        if not contains(text, date_forms(entry.date)):
            box = profile.box(entry.kind)
            name = (box.zh, box.en) if box else (entry.kind, entry.kind)
            values = {"field_zh": name[0], "field_en": name[1], "value": entry.date.isoformat()}
            yield Finding(_CODE, FAIL, "licence", "", values, f"endorsements: {entry.kind}")


def fold(text: str) -> str:
    """Width, case, space and punctuation folded; runs of the latter become one mark."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", _GAP, plain)


def contains(text: str, forms: Iterable[str]) -> bool:
    """Is one of the printed forms in the folded text, not as a piece of a longer word?"""
    return any(pattern.search(text) for pattern in map(_pattern, forms) if pattern is not None)


@lru_cache(maxsize=4096)
def _pattern(form: str) -> re.Pattern[str] | None:
    letters = fold(form).replace(_GAP, "")
    if not letters:
        return None
    body = f"{_GAP}?".join(map(re.escape, letters))
    before = "(?<![0-9a-z])" if letters[0].isascii() else ""
    after = "(?![0-9a-z])" if letters[-1].isascii() else ""
    return re.compile(before + body + after)
