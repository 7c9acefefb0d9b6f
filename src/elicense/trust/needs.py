"""What a judgement lacks and the network could give."""

from __future__ import annotations

from dataclasses import dataclass

from elicense.crypto.certificate import Certificate
from elicense.trust.revocation import Question


@dataclass(frozen=True, slots=True)
class Need:
    """A certificate of a path to the store whose revocation is an open question."""

    certificate: Certificate
    issuer: Certificate
    question: Question


@dataclass(frozen=True, slots=True)
class Needs:
    """``status_lists`` are URIs that sealed licences name."""

    certificates: tuple[Need, ...] = ()
    status_lists: tuple[str, ...] = ()
