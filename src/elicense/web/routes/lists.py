"""What a region publishes for all: status lists, and the trust bundle for devices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from elicense.web import context, publishing
from elicense.web.context import Service
from elicense.web.problems import Problem

router = APIRouter(tags=["lists"])
_CMS = "application/pkcs7-mime"
_BUNDLE = "application/vnd.elicense.trust-bundle"


@router.get("/api/status/index", summary="The signed status index", response_class=Response,
            responses={200: {"content": {_CMS: {}}}})  # fmt: skip
def status_index(running: Annotated[Service, Depends(context.service)]) -> Response:
    """Of all licences: where the state of each stands, and which one of another authority took
    its place (转出). It holds no names, and no number that is a resident's."""
    found = publishing.index(running)
    return Response(found.data, media_type=_CMS, headers={
        "Cache-Control": f"public, max-age={found.max_age}", "ETag": f'"{found.digest}"',
    })  # fmt: skip


@router.get("/api/status/{number}", summary="A signed status list", response_class=Response,
            responses={200: {"content": {_CMS: {}}}})  # fmt: skip
def status_list(number: int, running: Annotated[Service, Depends(context.service)]) -> Response:
    """The whole list, by its number from 1: nobody learns which licence is asked for."""
    found = publishing.current(running, number)
    return Response(found.data, media_type=_CMS, headers={
        "Cache-Control": f"public, max-age={found.max_age}", "ETag": f'"{found.digest}"',
    })  # fmt: skip


@router.get("/api/trust", summary="The trust bundle for devices", response_class=Response,
            responses={200: {"content": {_BUNDLE: {}}}})  # fmt: skip
def bundle(running: Annotated[Service, Depends(context.service)]) -> Response:
    """The bundle the service itself judges by; worth nothing without a pinned operator."""
    path = Path(running.settings.trust)
    if not path.is_file() or path.suffix != ".elt":
        raise Problem(404, "trust.bundle", "This service judges by a folder, not a bundle")
    return Response(path.read_bytes(), media_type=_BUNDLE)
