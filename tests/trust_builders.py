"""Small certificates, CRLs, answers and stores for the tests of trust, made on the spot."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass, replace
from typing import Any

from elicense.checks.standing import Standing, World
from elicense.crypto import algorithms, der
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.findings import Finding
from elicense.issuing.credential import DIGEST_OIDS, Credential, algorithm_identifier
from elicense.limits import DEFAULT_LIMITS
from elicense.report import Report
from elicense.trust import path, revocation
from elicense.trust.revocation import NO_AGES, Ages, Question, Revocation, Sources
from elicense.trust.service import Service
from elicense.trust.store import TrustStore
from elicense.verifying import judge
from issuing_world import CERTS, SAMPLES, desk  # puts the builders of the test PKI on the path

from pki import certificate as x  # isort: skip
from pki import keys  # isort: skip
from pki.keys import Key  # isort: skip
from pki.world import day  # isort: skip

NOW, SOON = day(2026, 11), day(2027)
CA = (x.basic_constraints(ca=True), x.key_usage("keyCertSign", "cRLSign"))
SIGNING = (x.basic_constraints(ca=False), x.key_usage("digitalSignature"))
VALID = (day(2020), day(2040))
Pair = tuple[datetime.datetime, datetime.datetime]


@functools.cache
def key(name: str, family: str = "p256") -> Key:
    return keys.sm2_key(name) if family == "sm2" else keys.p256_key(name)


def name(common: str) -> bytes:
    pairs = (("2.5.4.6", der.printable("CN")), ("2.5.4.3", der.utf8(common)))
    return der.seq(*(der.set_(der.seq(der.oid(oid), value)) for oid, value in pairs))


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    subject: bytes
    key: Key
    der: bytes

    @property
    def certificate(self) -> Certificate:
        return read_certificate(self.der)

    def credential(self, *chain: Made) -> Credential:
        return self.key.credential(self.der, *(c.der for c in chain))


def make(
    common: str, issuer: Made | None = None, *extensions: bytes, family: str = "p256",
    validity: Pair = VALID, key_name: str = "", serial: str = "", ski: bool = True,
    aki: Key | None = None,
) -> Made:  # fmt: skip
    """A certificate named ``common`` by ``issuer`` (itself where None). A CA unless extensions
    are given; ``key_name`` and ``serial`` make two of one name differ."""
    own = key(key_name or common, family)
    above = issuer.key if issuer else own
    parts = list(extensions or CA)
    if ski:
        parts.append(x.subject_key_identifier(own))
    if aki or (issuer and ski):
        parts.append(x.authority_key_identifier(aki or above))
    encoded = x.build(
        label=serial or f"{common}/{key_name}", subject=name(common), key=own,
        issuer=issuer.subject if issuer else name(common), issuer_key=above,
        validity=validity, extensions=tuple(parts),
    )  # fmt: skip
    return Made(name(common), own, encoded)


def store(*anchors: Made, **more: Any) -> TrustStore:
    return TrustStore(name="test", anchors=tuple(a.certificate for a in anchors), **more)


def listed(service: str, made: Made | Certificate, **more: Any) -> Service:
    certificate = made.certificate if isinstance(made, Made) else made
    values: dict[str, Any] = {"region": "national", "authority": "a", "uscc": "", "ca": None}
    return Service(service=service, certificate=certificate, **{**values, **more})


def find(leaf: Made, *pool: Made, trust: TrustStore, **more: Any) -> path.Path:
    options = {"moment": NOW, **more}
    return path.build(leaf.certificate, [p.certificate for p in pool], store=trust, **options)


def kinds(found: path.Path) -> set[str]:
    return {problem.kind for problem in found.problems}


# -- revocation -----------------------------------------------------------------------------


def crl(
    issuer: Made, *revoked: bytes, this: datetime.datetime = NOW,
    until: datetime.datetime | None = SOON, extensions: tuple[bytes, ...] = (),
    signer: Key | None = None,
) -> bytes:  # fmt: skip
    by = signer or issuer.key
    algorithm = x.signature_algorithm(by)
    tbs = der.seq(
        der.integer(1), algorithm, issuer.subject, x.moment(this),
        x.moment(until) if until else b"",
        der.seq(*revoked) if revoked else b"",
        der.explicit(0, der.seq(*extensions)) if extensions else b"",
    )  # fmt: skip
    return der.seq(tbs, algorithm, der.bits(by.sign(tbs)))


def entry(
    made: Made | int, date: datetime.datetime, reason: int = 1, *more: bytes
) -> bytes:
    serial = made if isinstance(made, int) else made.certificate.serial
    extensions = (x.extension("2.5.29.21", der.enumerated(reason)), *more)
    return der.seq(der.integer(serial), x.moment(date), der.seq(*extensions))


GOOD = der.implicit(0, der.null(), False)
UNKNOWN_STATE = der.implicit(2, der.null(), False)


def revoked_state(date: datetime.datetime) -> bytes:
    return der.implicit(1, der.seq(der.gentime(date)))


def single(
    about: Made, issuer: Made, state: bytes = GOOD, *, digest: str = "sha256",
    this: datetime.datetime = NOW, until: datetime.datetime | None = SOON,
    extensions: bytes = b"",
) -> bytes:  # fmt: skip
    bits = der.parse(issuer.key.spki).children()[1].bits()[1]
    oids = {**DIGEST_OIDS, "sha1": "1.3.14.3.2.26"}
    identifier = der.seq(
        algorithm_identifier(oids[digest]),
        der.octets(algorithms.digest(digest, issuer.subject)),
        der.octets(algorithms.digest(digest, bits)),
        der.integer(about.certificate.serial),
    )
    return der.seq(
        identifier, state, der.gentime(this),
        der.explicit(0, der.gentime(until)) if until else b"", extensions,
    )  # fmt: skip


def ocsp(
    responder: Made, *singles: bytes, produced: datetime.datetime = NOW,
    enclosed: tuple[Made, ...] | None = None, signer: Key | None = None,
) -> bytes:  # fmt: skip
    by = signer or responder.key
    tbs = der.seq(
        der.explicit(1, responder.subject), der.gentime(produced), der.seq(*singles)
    )  # fmt: skip
    certificates = der.seq(*(m.der for m in (enclosed if enclosed is not None else (responder,))))
    basic = der.seq(
        tbs, x.signature_algorithm(by), der.bits(by.sign(tbs)), der.explicit(0, certificates)
    )
    body = der.seq(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
    return der.seq(der.enumerated(0), der.explicit(0, body))


def state(
    leaf: Made, issuer: Made, *, crls: tuple[bytes, ...] = (), ocsps: tuple[bytes, ...] = (),
    moment: datetime.datetime = NOW, now: datetime.datetime = NOW, proven: bool = False,
    trust: TrustStore | None = None, after_expiry: bool = False, ages: Ages = NO_AGES,
) -> Revocation:  # fmt: skip
    return revocation.judge(
        leaf.certificate, issuer.certificate, sources=Sources(crls, ocsps),
        store=trust or store(issuer), question=Question(moment, now, proven, after_expiry, ages),
    )  # fmt: skip


# -- whole files ----------------------------------------------------------------------------


@functools.cache
def sample_trust(folder: str = "trust") -> TrustStore:
    return TrustStore.load(CERTS / folder)


@functools.cache
def evidence(sample: str, pages: bool = True) -> Evidence:
    return examine((SAMPLES / sample).read_bytes(), pages=pages)


def verdict(
    of: Evidence | str, *, trust: TrustStore | None = None, at: datetime.datetime = NOW,
    now: datetime.datetime | None = None, **more: Any,
) -> Report:  # fmt: skip
    """Judge evidence, or a sample by name."""
    shown = evidence(of) if isinstance(of, str) else of
    return judge(shown, name="x", trust=trust or sample_trust(), at=at, now=now or at, **more)


def only(report: Report, code: str, outcome: str = "") -> list[Finding]:
    return [f for f in report.findings if f.code == code and outcome in {"", str(f.outcome)}]


def told(report: Report) -> set[tuple[str, str, str]]:
    """(code, outcome, reason) of everything that keeps a report from VALID."""
    return {
        (f.code, str(f.outcome), f.reason) for f in report.findings
        if f.outcome in {"FAIL", "UNKNOWN"}
    }  # fmt: skip


def with_signature(of: Evidence, index: int = 0, **changes: Any) -> Evidence:
    """The evidence with one signature changed."""
    signatures = list(of.signatures)
    signatures[index] = replace(signatures[index], **changes)
    return replace(of, signatures=tuple(signatures))


def with_services(trust: TrustStore, change: Any) -> TrustStore:
    """The store with ``change`` applied to each service entry; None drops it."""
    changed = (change(entry) for entry in trust.services)
    return replace(trust, services=tuple(s for s in changed if s is not None))


def world(trust: TrustStore, at: datetime.datetime = NOW, now: datetime.datetime = NOW) -> World:
    return World(trust, at, now, DEFAULT_LIMITS)


def standing_of(certificate: Certificate, **more: Any) -> Standing:
    values: dict[str, Any] = {
        "moment": NOW, "now": NOW, "proven": False, "revocations": (),
        "path": path.Path((certificate,), True),
    }  # fmt: skip
    return Standing(certificate, **{**values, **more})


__all__ = ["CERTS", "SAMPLES", "desk"]
