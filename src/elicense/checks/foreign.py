"""``qr.foreign``: codes that nobody signed, shown for what they are.

An identifier, a number, a token or a web address proves nothing. An address is held against
the hosts of the trust store, and one that only looks like a listed host is called out.
Nothing is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from elicense.checks.case import Case
from elicense.checks.signatures import WARN
from elicense.evidence import QrCode
from elicense.findings import Finding
from elicense.licence import Licence
from elicense.qr.kinds import QrText, Url, classify, drawn

_CODE = "qr.foreign"
_SHOWN = 120
_NEAR = 6  # a host of fewer letters is too short to be told from its neighbours by one letter


def foreign(case: Case, subject: str, code: QrCode) -> Iterator[Finding]:
    """One remark on a code without a signature."""
    found = classify(code.text)
    values = {"kind": found.kind, "text": code.text[:_SHOWN]}
    if found.url is not None:
        yield _url(subject, found.url, case, values)
    elif found.identifier is not None:
        yield _identifier(subject, found, case.licence, values)
    elif found.kind == "number" and case.licence is not None:
        same = found.text.strip() == case.licence.number
        yield Finding(_CODE, WARN, subject, "number-same" if same else "number-other",
                      {**values, "number": case.licence.number})  # fmt: skip
    else:
        yield Finding(_CODE, WARN, subject, found.kind, values)


def _identifier(
    subject: str, found: QrText, licence: Licence | None, values: dict[str, str]
) -> Finding:
    assert found.identifier is not None
    if not found.identifier.check_ok:
        return Finding(_CODE, WARN, subject, "identifier-check", values)
    if licence is None:
        return Finding(_CODE, WARN, subject, "identifier", values)
    same = found.identifier.text == licence.identifier
    return Finding(_CODE, WARN, subject, "identifier-same" if same else "identifier-other",
                   {**values, "identifier": licence.identifier})  # fmt: skip


def _url(subject: str, url: Url, case: Case, values: dict[str, str]) -> Finding:
    hosts = {h.lower(): e.authority for e in case.world.trust.services for h in e.hosts}
    values |= {"host": url.display or "?", "hints": ", ".join(url.hints)}
    detail = f"{url.host}; {values['hints']}" if url.hints else url.host
    if url.host in hosts and not set(url.hints) - {"punycode"}:
        values["authority"] = hosts[url.host]
        return Finding(_CODE, WARN, subject, "url-listed", values, detail)
    twin = look_alike(url, hosts)
    if twin or "look-alike" in url.hints:
        values["twin"] = twin or "gov.cn"
        return Finding(_CODE, WARN, subject, "url-look-alike", values, detail)
    return Finding(_CODE, WARN, subject, "url-odd" if url.hints else "url", values, detail)


def look_alike(url: Url, hosts: Iterable[str]) -> str:
    """The listed host that this one may be taken for, without being it; else empty.

    Drawn alike (``1`` for ``l``, Cyrillic ``о`` for ``o``), one letter more, less, other or
    swapped, or the listed name in front of or inside another one
    (``zz.tj.example.pay.cn``, ``zz-tj-example.cn``).
    """
    own = drawn(url.display)
    for host in sorted(hosts):
        listed = drawn(host)
        if url.host == host or not own:
            continue
        if own == listed or _one_off(own, listed) or _inside(own, listed):
            return host
    return ""


def _inside(own: str, listed: str) -> bool:
    """The listed name in full inside a longer one. (Below it, it is the owner's own.)"""
    if own.endswith("." + listed):
        return False
    words = own.replace(".", "-").split("-")
    wanted = listed.replace(".", "-").split("-")
    spans = (words[start : start + len(wanted)] for start in range(len(words)))
    return len(wanted) > 1 and wanted in spans


def _one_off(own: str, listed: str) -> bool:
    """Is one edit between them: a letter other, more, less, or two neighbours swapped?"""
    if len(listed) < _NEAR or abs(len(own) - len(listed)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(own, listed, strict=False)) if a != b), None)
    if start is None:
        return len(own) != len(listed)
    a, b = own[start:], listed[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
