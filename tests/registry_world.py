"""A registry with licences in it, for the tests: quick ones, whose files are not sealed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from elicense import licence as licences
from elicense.identifiers import format_identifier
from elicense.licence import Licence, Party, Validity
from elicense.registry import changes
from elicense.registry.database import Registry
from elicense.registry.records import Record

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
URI = "https://status.tj.example/registry/1"
CLERK = "clerk-7"


def made(registry: Registry, serial: int, *, version: int = 1, **other: str) -> Licence:
    """A licence with a place of its own in the registry's list."""
    with registry.change() as connection:
        reference = changes.reserve(connection)
    identifier = format_identifier(
        type="11100000000019713D991", issuer="1112000000000T122L", serial=f"2026{serial:06}",
        version=version,
    )  # fmt: skip
    return Licence(
        type="msa-doc", identifier=identifier, number=f"样例DOC{serial:06}", version=version,
        issuer=Party("天津海事局", code="1112000000000T122L", region="120000"),
        holder=Party(
            other.get("name", "渤海样例航运有限公司"), code=other.get("code", f"H{serial:06}"),
            code_type=other.get("code_type", "001"),
        ),
        validity=Validity(date(2026, 1, 1), date(2026, 1, 1), date(2030, 12, 31)),
        status=reference,
    )  # fmt: skip


def enter(
    registry: Registry, serial: int = 1, *, version: int = 1, supersedes: str = "",
    predecessor: str = "", **other: str,
) -> Record:
    """Issue and enter one."""
    data = licences.dump(made(registry, serial, version=version, **other))
    with registry.change() as connection:
        return changes.add(
            connection, data, {"ofd": b"sealed " + data[:20] + bytes([version])}, actor=CLERK,
            now=NOW, supersedes=supersedes, predecessor=predecessor,
        )  # fmt: skip
