"""Opening a registry: SQLite as the embedded default, PostgreSQL for a province.

The tables are brought to this version by Alembic's migrations, never by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elicense.errors import Error, UsageError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

_BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Registry:
    """An open registry. ``name`` stands in its audit chain and its status lists."""

    name: str
    engine: Engine = field(repr=False)

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """One transaction that writes: all of it is kept, durably, or nothing."""
        with _told(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A connection for reading; a write in it is refused or rolled back."""
        with _told(), self.engine.connect() as connection:
            connection.info["read_only"] = True
            try:
                yield connection
            finally:
                connection.rollback()
                connection.info.pop("read_only", None)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """A database that is away is our error, without its address or password."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as exc:
        detail = str(exc.orig).splitlines()[0] if exc.orig else type(exc).__name__
        raise Error("registry.database", f"the registry's database refused: {detail}") from exc


def create(url: str, *, name: str) -> Registry:
    """Make the tables of a new registry called ``name`` (``tianjin-msa``) and open it.

    Raises UsageError ``registry.exists`` if there is one already, under any name.
    """
    engine = _engine(url)
    _upgrade(engine)
    from sqlalchemy import insert, select

    from elicense.registry.audit import GENESIS
    from elicense.registry.schema import audit_head

    registry = Registry(name, engine)
    with registry.change() as connection:
        if connection.execute(select(audit_head.c.registry)).scalar() is not None:
            raise UsageError("registry.exists", "this database holds a registry already")
        connection.execute(
            insert(audit_head).values(id=1, registry=name, sequence=0, digest=GENESIS)
        )
    return registry


def open_registry(url: str) -> Registry:
    """Open a registry and bring its tables to this version. UsageError if there is none."""
    engine = _engine(url)
    from sqlalchemy import inspect, select

    from elicense.registry.schema import audit_head

    with _told():
        there = inspect(engine).has_table("audit_head")
    if not there:
        raise UsageError("registry.none", "no registry is here; make one with 'registry create'")
    _upgrade(engine)
    with _told(), engine.connect() as connection:
        name = connection.execute(select(audit_head.c.registry)).scalar()
    if name is None:
        raise UsageError("registry.none", "the registry was never given a name: create it anew")
    return Registry(name, engine)


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine, event, make_url
    from sqlalchemy.exc import ArgumentError

    wanted = "sqlite:///FILE or postgresql://… is needed"
    try:
        address = make_url(_dialect(url))
    except (ArgumentError, ValueError) as exc:
        raise UsageError("registry.url", wanted) from exc
    if address.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise UsageError("registry.url", wanted)
    engine = create_engine(address, pool_pre_ping=True)
    if address.drivername == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _dialect(url: str) -> str:
    """Psycopg 3, whichever of the usual spellings was given."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are ours to begin
    for pragma in (
        "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
        f"busy_timeout = {_BUSY_SECONDS * 1000}",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers take their lock at once: two that read first could never both go on."""
    mode = "DEFERRED" if connection.info.get("read_only") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _upgrade(engine: Engine) -> None:
    from alembic import command

    with _told(), engine.begin() as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _alembic() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config
