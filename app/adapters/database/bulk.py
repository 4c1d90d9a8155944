"""Owns writing many rows at once: one statement for all of them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from app.adapters.database.driver import driver_of


def insert_fast(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows, given as tuples of (at least two of) its columns, that are not there already.

    A driver's `executemany` costs PostgreSQL a round trip for each row: one array for each column
    does not. SQLite takes the tuples as they are, past everything that works on them one by one.
    """
    many = list(rows)
    if not many:
        return
    if connection.dialect.name == "postgresql":
        arrays = (bindparam(name, type_=ARRAY(table.c[name].type)) for name in columns)
        taken = func.unnest(*arrays).table_valued(*columns).render_derived()
        into = postgresql.insert(table).from_select(columns, select(taken))
        values = dict(zip(columns, map(list, zip(*many, strict=True)), strict=True))
        connection.execute(into.on_conflict_do_nothing(), values)
    else:
        sql, order = _sqlite(table, tuple(columns))
        driver_of(connection).executemany(sql, map(itemgetter(*order), many))


@lru_cache(maxsize=256)  # it costs more to write the statement than to execute it
def _sqlite(table: Table, columns: tuple[str, ...]) -> tuple[str, list[int]]:
    """The statement for SQLite, and in which order it takes the columns."""
    into = sqlite.insert(table).on_conflict_do_nothing()
    compiled = into.compile(dialect=sqlite.dialect(), column_keys=columns)
    return str(compiled), [columns.index(name) for name in compiled.positiontup or ()]
