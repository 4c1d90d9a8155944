"""Owns how Alembic runs here: on the connection that is given to it, and in its transaction."""

from __future__ import annotations

from alembic import context

from app.adapters.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
