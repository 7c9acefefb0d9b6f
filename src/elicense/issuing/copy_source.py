"""What an annotated copy is made from: a licence that verifies, attested, and what of it may
be hidden."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from elicense import licence as licences
from elicense import profiles
from elicense.checks.copy import names_of
from elicense.errors import Error, InputError, UsageError
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.issuing import own_check
from elicense.licence import Licence
from elicense.limits import DEFAULT_LIMITS
from elicense.policy import Policy
from elicense.profiles import Profile
from elicense.trust.store import TrustStore
from elicense.verifying import Input, judge, read_input

_NEW_ISSUE = "it can be verified, but a copy would prove nothing: have it issued anew (reissue)"
_ENDORSED = (
    "it was endorsed after it was issued, and what those seals sign names the exact data that a "
    "copy changes: have it issued anew with its endorsements (reissue), and copy that"
)


@dataclass(frozen=True, slots=True)
class Hideable:
    """A field that a copy may hide: its name for ``hide``, its path, its labels."""

    name: str
    path: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Original:
    """A licence that copies can be made of. ``data`` is its exact ``licence.json``."""

    evidence: Evidence = field(repr=False)
    data: bytes = field(repr=False)
    licence: Licence
    profile: Profile = field(repr=False)

    @property
    def hideable(self) -> tuple[Hideable, ...]:
        """What a copy may hide, in the order of the form; officers of endorsements last."""
        return tuple(_hideable(self.licence, self.profile))


def _hideable(licence: Licence, profile: Profile) -> Iterator[Hideable]:
    source = licence.source
    assert source is not None
    known = {item.path: item for item in profile.fields}
    salted = [path for path in source.digests if path in source.salts]
    for path, item in known.items():
        if path in salted and item.maskable:
            yield Hideable(item.key, path, item.zh, item.en)
    for path in salted:
        if path not in known and path.startswith(("fields.", "endorsements.")):
            zh, en = names_of(path, profile)
            yield Hideable(path, path, zh, en)


def read_original(file: Input) -> Original:
    """The licence in ``file`` as copies need it; nothing of it is judged yet.

    Error ``copy.original``: no licence data, a licence type that is not known, a copy
    itself; ``copy.attestation``: no attestation; ``copy.endorsed``: a later endorsement.
    """
    name, raw = read_input(file, DEFAULT_LIMITS)
    evidence = examine(raw)
    data = evidence.claims.data
    if data is None:
        raise InputError("copy.original", "the file holds no licence data", place=name)
    licence = licences.load(data)
    profile = profiles.find(licence.type)
    if profile is None:
        raise InputError("copy.original", f"the type {licence.type!r} is not known", place=name)
    if licence.copy is not None:
        detail = "it is a copy itself: copies are made of the original"
        raise InputError("copy.original", detail, place=name)
    source = licence.source
    if source is None or source.attestation is None:
        detail = f"the licence data holds no signature of its issuer's own; {_NEW_ISSUE}"
        raise InputError("copy.attestation", detail, place=name)
    if any(signature.endorses for signature in evidence.signatures):
        raise InputError("copy.endorsed", _ENDORSED, place=name)
    return Original(evidence, data, licence, profile)


def prove(
    original: Original, *, trust: TrustStore | None, at: datetime, now: datetime, policy: Policy
) -> None:
    """Error ``copy.original`` naming the findings, if it is not VALID under ``trust``; without
    a trust store, if it does not hold in all that it proves by itself. What rests on other
    documents (``ism.*``) may stay open: that is told of the copy too."""
    report = judge(
        original.evidence, name=original.licence.number, trust=trust or TrustStore.empty(),
        at=at, now=now, policy=policy,
    )  # fmt: skip
    wanted = (*own_check.PROVEN, "licence.attestation")
    problems = list(own_check.open_problems(report, wanted, trusted=trust is not None))
    if problems:
        detail = "the licence does not verify: " + "; ".join(problems)
        raise Error("copy.original", detail, place=original.licence.number)


def paths_of(original: Original, hide: Collection[str]) -> tuple[str, ...]:
    """The paths that ``hide`` names: keys of fields (``holder_code``) or paths
    (``holder.code``). UsageError ``copy.hide`` for what cannot be hidden."""
    by_name = {item.name: item.path for item in original.hideable}
    by_name |= {item.path: item.path for item in original.hideable}
    found = []
    for name in hide:
        if name not in by_name:
            names = ", ".join(item.name for item in original.hideable) or "nothing"
            raise UsageError("copy.hide", f"it cannot be hidden; of this licence can: {names}",
                             place=name)  # fmt: skip
        found.append(by_name[name])
    return tuple(dict.fromkeys(found))
