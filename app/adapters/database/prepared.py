"""Owns questions that come with every request: written once, and put to SQLite itself.

SQLAlchemy's way there costs ten times what SQLite needs to answer. PostgreSQL is asked the usual way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Engine

from app.adapters.database.driver import driver_of
from app.adapters.database.engine import bare, reading

Rows = Sequence[tuple[Any, ...]]


class Prepared:
    """A question whose parameters and columns are numbers, texts and bytes, without `IN (…)`."""

    def __init__(self, question: Select[Any]) -> None:
        self._question = question
        compiled = question.compile(dialect=sqlite.dialect())
        self._sql, self._names = str(compiled), compiled.positiontup or ()
        self._fixed = dict(compiled.params)

    def ask(self, engine: Engine, **values: Any) -> Rows:
        """Its rows, on a connection of their own; raises DatabaseUnreachable."""
        if engine.dialect.name != "sqlite":
            with reading(engine) as connection:
                return self._usually(connection, values)
        with bare(engine) as driver:
            return self._directly(driver, values)

    def ask_within(self, connection: Connection, **values: Any) -> Rows:
        """Its rows, within a transaction that `writing` or `alone` has begun."""
        if connection.dialect.name != "sqlite":
            return self._usually(connection, values)
        return self._directly(driver_of(connection), values)

    def _usually(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        return [tuple(row) for row in connection.execute(self._question, values)]

    def _directly(self, driver: Any, values: Mapping[str, Any]) -> Rows:
        known = {**self._fixed, **values}
        rows: Rows = driver.execute(self._sql, [known[name] for name in self._names]).fetchall()
        return rows
