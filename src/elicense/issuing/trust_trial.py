"""A signed list tried on a device, in memory: the reader's own words on what it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from elicense.errors import FieldFault
from elicense.issuing.credential import Credential


def refusals(
    made: bytes, *, previous: bytes | None, under: bytes | None, signers: Sequence[Credential]
) -> tuple[FieldFault, ...]:
    return ()
