"""Owns writing many rows at once: one statement for all of them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


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
        into_sqlite = sqlite.insert(table).on_conflict_do_nothing()
        compiled = into_sqlite.compile(connection, column_keys=columns)
        order = [columns.index(name) for name in compiled.positiontup or ()]
        connection.exec_driver_sql(str(compiled), list(map(itemgetter(*order), many)))
