"""May whoever signed a status list or index speak of a licence, now?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from elicense.checks import standing
from elicense.checks.standing import Standing, World
from elicense.crypto.algorithms import WEAK_DIGESTS
from elicense.crypto.certificate import Certificate
from elicense.crypto.verify import check_again
from elicense.evidence import Signature
from elicense.licence import Licence
from elicense.trust.revocation import Sources
from elicense.trust.service import NATIONAL, Service

_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Statement:
    """A signed statement on licences: its signature and its times."""

    signature: Signature
    issued: datetime
    expires: datetime


def statement_problem(statement: Statement, licence: Licence, world: World) -> str:
    """Why the statement cannot speak of this licence now; one stable word, empty if it can."""
    found, entries = signer_entries(statement, world)
    if found:
        return found
    return "" if any(speaks_for(entry, licence) for entry in entries) else "signer-not-entitled"


def speaks_for(entry: Service, licence: Licence) -> bool:
    """A region's entry speaks of what its own authority issued, of the types listed."""
    own = entry.region == NATIONAL or (entry.uscc and entry.uscc == licence.issuer.code)
    return bool(own) and (not entry.licence_types or licence.type in entry.licence_types)


def signer_standing(signer: Certificate, signature: Signature, world: World) -> Standing:
    """Who signed a list or an index, now: that is when it is believed."""
    key = (signer, signature.certificates, signature.crls, signature.ocsps)
    if key not in world.status_signers:  # a list and an index are mostly one signer's
        world.status_signers[key] = standing.judge(
            signer, signature.certificates, Sources(signature.crls, signature.ocsps), world,
            service="status", moment=world.now, proven=False,
        )  # fmt: skip
    return world.status_signers[key]


def signer_entries(statement: Statement, world: World) -> tuple[str, tuple[Service, ...]]:
    """A word for what is wrong (empty if nothing is), and the signer's entries for
    ``status`` in force now."""
    now = world.now
    if statement.issued > now + _CLOCK_SKEW:
        return "from-the-future", ()
    if statement.expires < now:
        return "past-its-validity", ()
    signature = statement.signature
    if signature.faults or not all(d.matches for d in signature.digests):
        return "broken", ()
    digests = {*(d.algorithm for d in signature.digests), *(v.digest for v in signature.values)}
    if digests & WEAK_DIGESTS:
        return "weak-algorithm", ()
    if not signature.values or not check_again(signature.values[0]).ok or signature.signer is None:
        return "signature", ()
    own = signer_standing(signature.signer, signature, world)
    if not own.path.good or own.path.weak:
        word = own.path.problems[0].kind if own.path.problems else "signer-not-trusted"
        return word, ()
    if own.revoked or own.unknown:
        return "signer-revoked" if own.revoked else "signer-revocation-unknown", ()
    entries = tuple(entry for entry in own.services if entry.in_force(now))
    return "" if entries else "signer-not-entitled", entries
