"""Alembic's entry: the connection is handed in by elicense.registry.database."""

from __future__ import annotations

from alembic import context

from elicense.registry.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata,
    render_as_batch=True,
)  # fmt: skip
with context.begin_transaction():
    context.run_migrations()
