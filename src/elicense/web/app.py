"""The ASGI application: routes, guards, errors. ``create_app(settings)`` makes one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from elicense.errors import Error
from elicense.report import own_version
from elicense.web import background, context, problems
from elicense.web.guard import Guard
from elicense.web.measured import Measured
from elicense.web.peers import Client
from elicense.web.routes import routers
from elicense.web.settings import Settings
from elicense.web.staff import Provider

_TITLE = "elicense"
_ABOUT = (
    "Query and verify electronic licences (电子证照查询、核验), of this region and others. "
    "Errors are problem documents (RFC 9457) that name the field."
)


def create_app(settings: Settings) -> FastAPI:
    """The application of one region's service; nothing is opened before it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running = context.start(settings)
        running.extras["peers"] = peers = Client(settings.peers, settings.region)
        if settings.staff is not None:
            running.extras["staff"] = Provider(settings.staff, settings.public_url)
        app.state.service = running
        tasks = background.start(running)
        try:
            yield
        finally:
            await background.end(tasks)
            await peers.close()
            if "staff" in running.extras:
                await running.extras["staff"].close()
            running.close()

    app = FastAPI(
        title=_TITLE, description=_ABOUT, version=own_version(), lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
    )  # fmt: skip
    app.add_exception_handler(problems.Problem, problems.on_problem)
    app.add_exception_handler(Error, problems.on_error)
    app.add_exception_handler(RequestValidationError, problems.on_invalid)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(Exception, problems.on_anything)
    for router in routers():
        app.include_router(router)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Measured)
    return app
