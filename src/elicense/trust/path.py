"""Certification paths (RFC 5280 section 6, GB/T 20518), SM2, RSA and ECDSA alike.

A path ends in an anchor of the trust store or in a certificate that the store
lists itself for the role in question. Nothing else ends a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from elicense.crypto.certificate import EKU_ANY, Certificate
from elicense.crypto.verify import check
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.trust.store import TrustStore

_WEAK = {"md5": "md5", "sha1": "sha1"}


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
        self.issuers: dict[object, list[Certificate]] = {}
        for certificate in (*store.anchors, *store.authorities, *pool):
            same = self.issuers.setdefault(certificate.subject.key, [])
            if certificate not in same:
                same.append(certificate)
        self.moment = moment
        self.limits = limits
        self.tries = 0
        self.best = Path((leaf,), False)

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
        for issuer in self.issuers.get(last.issuer.key, ()):
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
        path = Path(chain, anchored, tuple(_chain_problems(chain, self.moment)))
        better = (path.anchored, -len(path.problems), len(chain)) > (
            self.best.anchored, -len(self.best.problems), len(self.best.chain),
        )  # fmt: skip
        if better or self.best.chain == (self.leaf,):
            self.best = path
        return path.good


def _key_ids_agree(child: Certificate, issuer: Certificate) -> bool:
    wanted, has = child.extensions.authority_key_id, issuer.extensions.subject_key_id
    return wanted is None or has is None or wanted == has


@lru_cache(maxsize=8192)
def signed_by(child: Certificate, issuer: Certificate) -> bool:
    """Is the child's signature made with the issuer's key?"""
    return check(
        issuer.spki, child.tbs, child.signature,
        algorithm=child.algorithm.oid, digest=child.algorithm.digest,
        pss=_pss(child),
    ).ok  # fmt: skip


def _pss(certificate: Certificate) -> dict[str, object] | None:
    if certificate.algorithm.family != "rsa-pss":
        return None
    from elicense.crypto import der
    from elicense.crypto.cms import read_pss

    members = der.parse(certificate.algorithm_der).children()
    return read_pss(members[1] if len(members) > 1 else None)


def _chain_problems(chain: tuple[Certificate, ...], moment: datetime) -> list[PathProblem]:
    problems: list[PathProblem] = []
    for depth, certificate in enumerate(chain):
        problems += _valid_at(certificate, moment)
        problems += _critical(certificate)
        if depth:
            problems += _authority_problems(certificate, chain[1:depth])
    return problems


def _valid_at(certificate: Certificate, moment: datetime) -> list[PathProblem]:
    if moment < certificate.not_before:
        detail = f"{certificate.display}: not valid before {certificate.not_before:%Y-%m-%d}"
        return [PathProblem("not-yet-valid", certificate, detail)]
    if moment > certificate.not_after:
        detail = f"{certificate.display}: expired {certificate.not_after:%Y-%m-%d}"
        return [PathProblem("expired", certificate, detail)]
    return []


def _critical(certificate: Certificate) -> list[PathProblem]:
    return [
        PathProblem("critical-extension", certificate, f"{certificate.display}: {oid}")
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
    elif leaf.extensions.extended_key_usage_critical:
        have = leaf.extensions.extended_key_usage or frozenset()
        if EKU_ANY not in have and have <= _NOT_FOR_DOCUMENTS:
            problems.append(PathProblem("extended-key-usage", leaf, leaf.display))
    return problems


# critical extended usages that exclude sealing documents: TLS, time stamping, OCSP
_NOT_FOR_DOCUMENTS = frozenset(f"1.3.6.1.5.5.7.3.{n}" for n in (1, 2, 3, 8, 9))


def _weak(chain: tuple[Certificate, ...]) -> list[tuple[str, Certificate]]:
    """Weak algorithms; the anchor's own signature proves nothing and does not count."""
    found: list[tuple[str, Certificate]] = []
    for depth, certificate in enumerate(chain):
        own_signature_counts = depth < len(chain) - 1 or len(chain) == 1
        weak = _WEAK.get(certificate.algorithm.digest)
        if weak and own_signature_counts:
            found.append((weak, certificate))
        if certificate.key.kind == "rsa" and certificate.key.bits < 2048:
            found.append((f"rsa-{certificate.key.bits}", certificate))
    return found
