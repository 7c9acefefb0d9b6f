"""Annotated copies 加注件 of registered licences: made on request, for whoever asks, and logged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from elicense.crypto.ses import CHINA
from elicense.errors import Error
from elicense.licence import CopyParty
from elicense.registry import records
from elicense.registry.credentials import Caller
from elicense.web import keys, publishing
from elicense.web.context import Service

_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """A copy to be made. Without ``until`` it is good for as long as the settings say."""

    identifier: str
    purpose: str
    receiver: CopyParty
    format: str = ""
    until: date | None = None
    hide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A copy: its bytes and their format, and its last day."""

    data: bytes = field(repr=False)
    format: str
    until: date


def offered(running: Service) -> bool:
    """Is this service set up to make copies?"""
    return running.settings.copying is not None


def receiver_of(who: Caller) -> CopyParty:
    """Whoever asks, by the name of its credential."""
    return CopyParty(" ".join((who.name or who.access_id).split())[:_NAME_MAX])


def make(running: Service, wanted: Wanted, *, now: datetime) -> Made | None:
    """The copy, VALID under the service's own trust; None where there is no sealed file.

    Raises as :func:`elicense.make_copy`; Error ``service.copying`` where the service is not
    set up to make copies.
    """
    from elicense.issuing.copy import make_copy

    settings = running.settings.copying
    if settings is None:
        raise Error("service.copying", "this service is not set up to make copies")
    with running.registry.look() as connection:
        record = records.licence(connection, wanted.identifier)
        file = records.file(connection, record, wanted.format) if record is not None else None
    if record is None or file is None or file.data is None:
        return None
    until = _until(wanted.until, now, settings.days)
    last = _last_day(file.data)
    if last is not None:
        until = min(until, last)
    data = make_copy(
        file.data, purpose=wanted.purpose, receiver=wanted.receiver, until=until,
        hide=_fields(wanted.hide), signer=keys.load(running, settings.signer),
        seal=Path(settings.seal).read_bytes() if settings.seal else None,
        trust=publishing.trust_with_lists(running) or running.trust, time=now,
    )  # fmt: skip
    return Made(data, file.format, until)


def _until(asked: date | None, now: datetime, days: int) -> date:
    """The day asked for, at most as many days ahead as the settings allow."""
    latest = now.astimezone(CHINA).date() + timedelta(days=days)
    return latest if asked is None else min(asked, latest)


def _last_day(data: bytes) -> date | None:
    """The licence's own: no copy is good for longer."""
    from elicense import licence as licences
    from elicense.examine import examine

    found = examine(data, pages=False).claims.data
    return licences.load(found).validity.valid_until if found is not None else None


def _fields(names: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
