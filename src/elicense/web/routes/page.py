"""The inspector's page: static files of the package, and the ship types it offers."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from elicense.maritime.ship import ship_types
from elicense.web.problems import Problem

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parent.parent / "page"
_TYPES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
}
_KEPT = {"Cache-Control": "no-cache"}


@cache
def _file(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@router.get("/")
def index() -> Response:
    return Response(_file("index.html"), media_type="text/html; charset=utf-8", headers=_KEPT)


@router.get("/worker.js")
def worker() -> Response:
    """From the root: that is as far as a service worker may reach."""
    return Response(_file("worker.js"), media_type=_TYPES["page.js"], headers=_KEPT)


@router.get("/page/words.json")
def words() -> Response:
    """The texts of the page, with the ship types in both languages."""
    found = json.loads(_file("words.json"))
    found["types"] = [{"code": t.code, "zh": t.zh, "en": t.en} for t in ship_types().values()]
    body = json.dumps(found, ensure_ascii=False)
    return Response(body, media_type="application/json", headers=_KEPT)


@router.get("/page/{name}")
def part(name: str) -> Response:
    if name not in _TYPES:
        raise Problem(404, "http.404", "Not Found")
    return Response(_file(name), media_type=_TYPES[name], headers=_KEPT)
