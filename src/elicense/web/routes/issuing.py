"""Issuing and endorsing: ``POST /api/licences`` and what follows from it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from elicense.errors import IssueRefused
from elicense.issuing.reading import read_json
from elicense.licence import Endorsement, Licence
from elicense.registry import issuing, records
from elicense.registry.credentials import Caller
from elicense.web import answers, callers, context, keys, publishing
from elicense.web.context import Service
from elicense.web.problems import Problem
from elicense.web.routes.licences import Identifier

router = APIRouter(prefix="/api/licences", tags=["issuing"])
Running = Annotated[Service, Depends(context.service)]
Who = Annotated[Caller, Depends(context.caller)]
Members = Annotated[
    dict[str, Any],
    Body(description="The licence in the shape of licence.json, without status: that is given"),
]


class Endorsing(BaseModel):
    """What an endorsement 签注 says."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    kind: str = Field(max_length=64, examples=["annual-1"])
    date: datetime.date
    place: str = Field(min_length=1, max_length=100)
    officer: str = Field(min_length=1, max_length=100)
    valid_until: datetime.date | None = None


@router.post("", status_code=201, summary="Issue a licence 签发")
async def issue(members: Members, running: Running, who: Who) -> dict[str, Any]:
    """Seal, verify and register a licence; scope ``issue``. Every fault is told at once, each
    with its field, and nothing is registered then."""
    callers.demand(who, "issue")
    licence = licence_of(members)
    return await run_in_threadpool(_issued, running, who, licence, "")


@router.post("/{identifier}/versions", status_code=201, summary="Issue the next version 换发")
async def reissue(
    identifier: Identifier, members: Members, running: Running, who: Who
) -> dict[str, Any]:
    """The whole licence as it shall be; its version and identifier are the next, and the one
    before is superseded in the same step. Scope ``issue``."""
    callers.demand(who, "issue")

    def make() -> dict[str, Any]:
        with running.registry.look() as connection:
            before = records.needed(connection, identifier)
        licence = licence_of({**members, "version": before.version + 1})
        _same(before, licence)
        return _issued(running, who, licence, identifier)

    return await run_in_threadpool(make)


@router.post("/{identifier}/endorsements", status_code=201, summary="Endorse 签注")
async def endorse(
    identifier: Identifier, wanted: Endorsing, running: Running, who: Who
) -> dict[str, Any]:
    """Seal an endorsement into every stored file of the licence; scope ``endorse``."""
    callers.demand(who, "endorse")
    settings = _settings(running)

    def make() -> dict[str, Any]:
        record, made = issuing.endorse(
            running.registry, identifier, Endorsement(**wanted.model_dump()),
            actor=who.access_id, now=datetime.datetime.now(datetime.UTC),
            seal=Path(settings.seal).read_bytes(), signer=keys.load(running, settings.signer),
        )  # fmt: skip
        return _answer(record, made)

    return await run_in_threadpool(make)


def licence_of(members: Mapping[str, Any]) -> Licence:
    """The licence that a request asks for; every fault of it is told at once."""
    request = read_json(json.dumps(members, ensure_ascii=False).encode())
    if request.licence is None or request.faults:
        raise IssueRefused(request.faults)
    if request.licence.status is not None:
        fault = {"field": "status", "code": "registry.status", "detail": "the registry gives it"}
        raise Problem(422, "registry.status", "A place in a status list is given", faults=[fault])
    return request.licence


def _same(before: records.Record, licence: Licence) -> None:
    """The next version is of the same licence."""
    from elicense.registry.changes import family_of

    if family_of(licence.identifier) != family_of(before.identifier):
        fault = {"field": "identifier", "code": "reissue.kept",
                 "detail": "type, issuer and serial stay those of the version before"}  # fmt: skip
        raise Problem(422, "reissue.kept", "This is another licence", faults=[fault])


def _settings(running: Service) -> Any:
    if running.settings.issuing is None:
        raise Problem(409, "service.issuing", "This service is not set up to issue")
    return running.settings.issuing


def _issued(running: Service, who: Caller, licence: Licence, before: str) -> dict[str, Any]:
    record, made = issuing.issue(
        running.registry, licence, actor=who.access_id, now=datetime.datetime.now(datetime.UTC),
        supersedes=before, **sealing(running),
    )  # fmt: skip
    return _answer(record, made)


def sealing(running: Service) -> dict[str, Any]:
    """What a licence is sealed with here, and must be VALID under."""
    settings = _settings(running)
    qr = settings.qr_signer
    return {
        "formats": settings.formats, "seal": Path(settings.seal).read_bytes(),
        "signer": keys.load(running, settings.signer),
        "qr_signer": keys.load(running, qr) if qr else None,
        "trust": publishing.trust_with_lists(running),
    }  # fmt: skip


def _answer(record: records.Record, made: Mapping[str, bytes]) -> dict[str, Any]:
    import hashlib

    files = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    return {**answers.licence(record, full=True), "files": files}
