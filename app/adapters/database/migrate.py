"""Owns how a database's tables come to be those of this version."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from app.adapters.database.schema import metadata


def bring_up_to_date(engine: Engine) -> None:
    """Make what is missing."""
    metadata.create_all(engine)
