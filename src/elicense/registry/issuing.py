"""Issuing and endorsing through the registry: a place in a list, sealed files, one entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from elicense import licence as licences
from elicense import profiles
from elicense.errors import UsageError
from elicense.examine import examine
from elicense.issuing.endorse import endorse as endorse_file
from elicense.issuing.issue import issue as issue_file
from elicense.licence import Endorsement, Licence
from elicense.registry import changes, records
from elicense.registry.records import Record

if TYPE_CHECKING:
    from elicense.registry.database import Registry


def issue(
    registry: Registry, licence: Licence, *, actor: str, now: datetime,
    formats: Sequence[str] = ("ofd", "pdf"), supersedes: str = "", **options: Any,
) -> tuple[Record, Mapping[str, bytes]]:  # fmt: skip
    """Seal ``licence`` in each format and enter it. ``status`` is the registry's to give: a
    place in its open list. ``options`` are those of :func:`elicense.issue`.

    Killed at any moment it leaves a place unused or a licence entered, nothing between.
    Raises as :func:`elicense.issue` and :func:`elicense.registry.changes.add`.
    """
    ready, made = seal(registry, licence, formats=formats, **options)
    with registry.change() as connection:
        record = changes.add(connection, ready, made, actor=actor, now=now, supersedes=supersedes)
    return record, made


def seal(
    registry: Registry, licence: Licence, *, formats: Sequence[str] = ("ofd", "pdf"),
    **options: Any,
) -> tuple[bytes, Mapping[str, bytes]]:  # fmt: skip
    """The exact ``licence.json``, with a place in the registry's list, and the sealed files;
    nothing is entered but the place. Raises as :func:`elicense.issue`."""
    if licence.status is not None:
        raise UsageError("registry.status", "the registry gives the place in a status list",
                         place="status")  # fmt: skip
    with registry.look() as connection:
        if records.licence(connection, licence.identifier) is not None:
            raise UsageError("registry.duplicate", "this identifier is registered already",
                             place="identifier")  # fmt: skip
    with registry.change() as connection:
        reference = changes.reserve(connection)
    ready = replace(licence, status=reference)
    profile = profiles.find(licence.type)
    if profile is None:
        raise UsageError("registry.type", "no profile of this type is known", place="type")
    salts = options.pop("salts", None) or profile.new_salts(ready)
    made: dict[str, bytes] = {}
    data, attestation = b"", None
    for name in formats:  # one licence.json, whatever the format: attested once
        made[name] = issue_file(
            ready, format=name, salts=salts, attestation=attestation,  # type: ignore[arg-type]
            **options,
        )  # fmt: skip
        found = examine(made[name], pages=False).claims.data
        assert found is not None and data in {b"", found}  # issue() has verified its own result
        data, source = found, licences.load(found).source
        attestation = source.attestation if source is not None else None
    return data, made


def endorse(
    registry: Registry, identifier: str, endorsement: Endorsement, *, actor: str, now: datetime,
    **options: Any,
) -> tuple[Record, Mapping[str, bytes]]:  # fmt: skip
    """Endorse every stored file of a licence and enter them. ``options`` are those of
    :func:`elicense.endorse`."""
    with registry.look() as connection:
        record = records.needed(connection, identifier)
        stored = [records.file(connection, record, name) for name in changes.FORMATS]
    files = {f.format: f.data for f in stored if f is not None and f.data is not None}
    if not files:
        raise UsageError("registry.no-file", "no sealed file is stored", place=identifier)
    made = {name: endorse_file(data, endorsement, **options) for name, data in files.items()}
    with registry.change() as connection:
        record = changes.add_endorsed(
            connection, identifier, made, endorsement, actor=actor, now=now
        )
    return record, made
