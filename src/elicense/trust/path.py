"""Certification paths (RFC 5280 section 6, GB/T 20518), SM2, RSA and ECDSA alike.

A path ends in an anchor of the trust store or in a certificate that the store
lists itself for the role in question. Nothing else ends a path.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from elicense.crypto.algorithms import WEAK_DIGESTS
from elicense.crypto.certificate import EKU_ANY, Certificate, Extensions
from elicense.crypto.cms import pss_parameters
from elicense.crypto.verify import check
from elicense.errors import InputError
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.trust.name_constraints import violation
from elicense.trust.store import TrustStore


@dataclass(frozen=True, slots=True)
class PathProblem:
    """``kind`` is one stable word; ``fatal`` where the fault is proven."""

    kind: str
    certificate: Certificate
    detail: str
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Path:
    """``chain`` from the certificate to the anchor (both included); ``anchored`` says
    whether it ends in trust. ``problems`` may be non-empty either way."""

    chain: tuple[Certificate, ...]
    anchored: bool
    problems: tuple[PathProblem, ...] = ()
    weak: tuple[tuple[str, Certificate], ...] = ()

    @property
    def good(self) -> bool:
        return self.anchored and not self.problems


def build(
    leaf: Certificate,
    pool: Sequence[Certificate],
    *,
    store: TrustStore,
    moment: datetime,
    usage: frozenset[str] = frozenset(),
    extended: str = "",
    listed: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Path:
    """The best path for ``leaf`` at ``moment``.

    ``usage``: any one of these key usages must be allowed, if the leaf restricts
    its use; ``extended``: an extended usage it must have. ``listed``: the store
    names this very certificate, so it needs no anchor above it.
    """
    search = _Search(leaf, pool, store, moment, limits)
    found = search.run()
    if not found.anchored and listed:
        found = Path((leaf,), True, (*_valid_at(leaf, moment), *_critical(leaf)))
    problems = (*found.problems, *_leaf_problems(leaf, usage, extended))
    return Path(found.chain, found.anchored, problems, tuple(_weak(found.chain)))


class _Search:
    """Depth-first over candidate issuers, bounded in depth and in signatures tried."""

    def __init__(
        self, leaf: Certificate, pool: Sequence[Certificate], store: TrustStore,
        moment: datetime, limits: Limits,
    ) -> None:  # fmt: skip
        self.leaf = leaf
        self.anchors = store.anchors
        self.listed = _by_subject(store.anchors, store.authorities)
        self.pool = pool
        self.moment = moment
        self.limits = limits
        self.tries = 0
        self.best = Path((leaf,), False)

    def _issuers(self, child: Certificate) -> Iterator[Certificate]:
        """Those of the store first: what a file brings along cannot use up the tries."""
        yield from self.listed.get(child.issuer.key, ())
        for certificate in self.pool:
            if certificate.subject.key == child.issuer.key:
                yield certificate

    def run(self) -> Path:
        self._extend((self.leaf,))
        return self.best

    def _extend(self, chain: tuple[Certificate, ...]) -> bool:
        last = chain[-1]
        if last in self.anchors:
            return self._offer(chain, True)
        if len(chain) >= self.limits.path_length:
            return False
        extended = False
        for issuer in dict.fromkeys(self._issuers(last)):
            if issuer in chain or not _key_ids_agree(last, issuer):
                continue
            self.tries += 1
            if self.tries > self.limits.path_candidates:
                break
            if not signed_by(last, issuer):
                continue
            extended = True
            if self._extend((*chain, issuer)):
                return True
        if not extended:
            self._offer(chain, False)
        return False

    def _offer(self, chain: tuple[Certificate, ...], anchored: bool) -> bool:
        """Keep the best path; True if it is faultless, so that the search may end."""
        path = Path(chain, anchored, tuple(_chain_problems(chain, self.moment, anchored)))
        if _rank(path) > _rank(self.best) or self.best.chain == (self.leaf,):
            self.best = path
        return path.good


def _rank(path: Path) -> tuple[bool, int, int, int]:
    fatal = sum(1 for problem in path.problems if problem.fatal)
    return path.anchored, -fatal, -len(path.problems), len(path.chain)


@lru_cache(maxsize=16)
def _by_subject(*groups: tuple[Certificate, ...]) -> Mapping[object, tuple[Certificate, ...]]:
    found: dict[object, dict[Certificate, None]] = {}
    for certificate in itertools.chain(*groups):
        found.setdefault(certificate.subject.key, {})[certificate] = None
    return {key: tuple(same) for key, same in found.items()}


def _key_ids_agree(child: Certificate, issuer: Certificate) -> bool:
    wanted, has = child.extensions.authority_key_id, issuer.extensions.subject_key_id
    return wanted is None or has is None or wanted == has


@lru_cache(maxsize=8192)
def signed_by(child: Certificate, issuer: Certificate) -> bool:
    """Is the child's signature made with the issuer's key?"""
    try:
        pss = pss_parameters(child.algorithm_der)
    except InputError:
        return False
    return check(
        issuer.spki, child.tbs, child.signature,
        algorithm=child.algorithm.oid, digest=child.algorithm.digest, pss=pss,
    ).ok  # fmt: skip


def _chain_problems(
    chain: tuple[Certificate, ...], moment: datetime, anchored: bool
) -> list[PathProblem]:
    problems: list[PathProblem] = []
    for depth, certificate in enumerate(chain):
        anchor = anchored and depth == len(chain) - 1
        own = [*_valid_at(certificate, moment), *_critical(certificate)]
        if depth and not (anchor and _before_version_3(certificate)):
            own += _authority_problems(certificate, chain[1:depth])
        if depth:
            own += _name_problems(certificate, chain[:depth])
        if anchor and depth:
            # the user trusts the anchor, not what its certificate says of its own term
            own = [replace(p, fatal=p.fatal and p.kind != "expired") for p in own]
        problems += own
    return problems


def _before_version_3(certificate: Certificate) -> bool:
    """An old root without extensions: being an anchor is what makes it an authority."""
    return certificate.self_issued and certificate.extensions == Extensions()


def _name_problems(
    authority: Certificate, below: tuple[Certificate, ...]
) -> Iterator[PathProblem]:
    for depth, certificate in enumerate(below):
        if certificate.self_issued and depth:
            continue  # RFC 5280 6.1.3: a CA's own new key is not held to its old constraints
        kind = violation(authority, certificate)
        if kind:
            yield PathProblem(kind, authority, certificate.display, kind == "name-constraint")


def _valid_at(certificate: Certificate, moment: datetime) -> list[PathProblem]:
    if moment < certificate.not_before:
        kind, limit = "not-yet-valid", certificate.not_before
        word = "not valid before"
    elif moment > certificate.not_after:
        kind, limit = "expired", certificate.not_after
        word = "expired"
    else:
        return []
    detail = f"{certificate.display}: {word} {limit:%Y-%m-%d %H:%M} UTC"
    return [PathProblem(kind, certificate, detail)]


def _critical(certificate: Certificate) -> list[PathProblem]:
    """Not known is not wrong: the path may not be relied on, nor is a fault proven."""
    return [
        PathProblem("critical-extension", certificate, f"{certificate.display}: {oid}", fatal=False)
        for oid in certificate.extensions.unknown_critical
    ]


def _authority_problems(
    certificate: Certificate, below: tuple[Certificate, ...]
) -> list[PathProblem]:
    extensions = certificate.extensions
    problems: list[PathProblem] = []
    if extensions.ca is not True:
        problems.append(PathProblem("not-a-ca", certificate, certificate.display))
    if extensions.key_usage is not None and "keyCertSign" not in extensions.key_usage:
        problems.append(PathProblem("ca-key-usage", certificate, certificate.display))
    longer = sum(1 for c in below if not c.self_issued)
    if extensions.path_length is not None and longer > extensions.path_length:
        problems.append(PathProblem("path-length", certificate, certificate.display))
    return problems


def _leaf_problems(leaf: Certificate, usage: frozenset[str], extended: str) -> list[PathProblem]:
    problems: list[PathProblem] = []
    own = leaf.extensions.key_usage
    if usage and own is not None and not own & usage:
        detail = f"{leaf.display}: {', '.join(sorted(own)) or '-'}"
        problems.append(PathProblem("key-usage", leaf, detail))
    if extended:
        have = leaf.extensions.extended_key_usage
        if have is None or extended not in have:
            problems.append(PathProblem("extended-key-usage", leaf, leaf.display))
    elif _excluded(leaf):
        problems.append(PathProblem("extended-key-usage", leaf, leaf.display))
    return problems


# extended usages other than sealing documents: TLS, code, time stamping, OCSP. Sealers'
# certificates with nothing but TLS client use exist; a machine's never seals.
_NOT_FOR_DOCUMENTS = frozenset(f"1.3.6.1.5.5.7.3.{n}" for n in (1, 2, 3, 8, 9))
_FOR_MACHINES = frozenset(f"1.3.6.1.5.5.7.3.{n}" for n in (1, 8, 9))


def _excluded(leaf: Certificate) -> bool:
    have = leaf.extensions.extended_key_usage
    if have is None or EKU_ANY in have or not have <= _NOT_FOR_DOCUMENTS:
        return False
    return leaf.extensions.extended_key_usage_critical or bool(have & _FOR_MACHINES)


def _weak(chain: tuple[Certificate, ...]) -> list[tuple[str, Certificate]]:
    """Weak algorithms; the anchor's own signature proves nothing and does not count."""
    found: list[tuple[str, Certificate]] = []
    for depth, certificate in enumerate(chain):
        own_signature_counts = depth < len(chain) - 1 or len(chain) == 1
        weak = weak_digest(certificate)
        if weak and own_signature_counts:
            found.append((weak, certificate))
        if weak_key(certificate):
            found.append((weak_key(certificate), certificate))
    return found


def weakness(certificate: Certificate) -> str:
    """What is weak about a certificate: its signature's digest, or its key."""
    return weak_digest(certificate) or weak_key(certificate)


def weak_key(certificate: Certificate) -> str:
    key = certificate.key
    return f"rsa-{key.bits}" if key.kind == "rsa" and key.bits < 2048 else ""


def weak_digest(certificate: Certificate) -> str:
    name = certificate.algorithm.digest
    if certificate.algorithm.family == "rsa-pss":
        try:
            parameters = pss_parameters(certificate.algorithm_der) or {}
        except InputError:
            return "rsassa-pss"
        name = str(parameters.get("digest", ""))
    return name if name in WEAK_DIGESTS else ""
