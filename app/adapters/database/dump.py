"""Owns the dump: every table of a database as lines of JSON, the same from SQLite and PostgreSQL.

A dump is taken in one read transaction, so that it shows one moment, and loaded in one write
transaction, so that it is there as a whole or not at all.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from sqlalchemy import LargeBinary, Table, func, select, text, update
from sqlalchemy.engine import Connection

from app.adapters.database.engine import alone, reading, translated
from app.adapters.database.schema import (
    PASSING,
    anchors,
    batches,
    journal,
    metadata,
    transactions,
)
from app.adapters.database.tables import Tables
from app.adapters.database.transactions import LOST
from app.core.errors import BackupUnfit
from app.core.relaying import SENT

TABLES: Sequence[Table] = [table for table in metadata.sorted_tables if table not in PASSING]
"""Those that others refer to come first. What passes is left out: nobody is signed in by a restore."""
AT_ONCE = 500
Lines = Callable[[Table], Iterator[bytes]]


class Dump(Tables):
    """The whole of a database, out and in."""

    def __init__(self, tables: Tables) -> None:
        self._engine = tables.engine

    @contextmanager
    def moment(self) -> Iterator[Lines]:
        """A way to read the lines of each table, all as they were at one moment."""
        with reading(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                )
            else:
                connection.exec_driver_sql("BEGIN")
            yield lambda table: _lines(connection, table)

    @contextmanager
    def loading(self) -> Iterator[Callable[[Table, Iterable[bytes]], int]]:
        """A way to load the lines of each table; nothing is kept unless the block ends well.

        Raises BackupUnfit for lines that are not rows of this version's tables.
        """
        with translated(), alone(self._engine) as connection:
            yield lambda table, lines: _load(connection, table, lines)

    # after a restore

    def take_untold(self, told: set[str]) -> list[Sequence[Any]]:
        """The journal's entries that waybills have not told, oldest first; the others are dropped."""
        query = select(journal.c.id, journal.c.entry).order_by(journal.c.id)
        with alone(self._engine) as connection:
            rows = [(row.id, json.loads(row.entry)) for row in connection.execute(query)]
            known = [id_ for id_, entry in rows if json.dumps(entry) in told]
            for at in range(0, len(known), AT_ONCE):
                some = journal.c.id.in_(known[at : at + AT_ONCE])
                connection.execute(journal.delete().where(some))
        return [entry for _, entry in rows if json.dumps(entry) not in told]

    def close_shown(self) -> int:
        """Close batches that the index shows as anchored, so that nobody sends them again; how many.

        After the backup was taken, their node may have gone on.
        """
        open_ = select(batches).where(batches.c.block.is_(None))
        closed = 0
        with alone(self._engine) as connection:
            for batch in connection.execute(open_).all():
                shown = select(func.min(anchors.c.block)).where(
                    anchors.c.judge == batch.judge,
                    anchors.c.root == batch.root,
                    anchors.c.manifest == sha256(batch.manifest).digest(),
                )
                block = connection.execute(shown).scalar()
                if block is None:
                    continue
                own = update(batches).where(batches.c.id == batch.id)
                connection.execute(own.values(block=block, transaction=None))
                given_up = (transactions.c.id == batch.transaction, transactions.c.state == SENT)
                connection.execute(update(transactions).where(*given_up).values(state=LOST))
                closed += 1
        return closed


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """The names of the columns, then each row."""
    yield _line([column.name for column in table.columns])
    keys = list(table.primary_key.columns)
    query = select(table).order_by(*keys).execution_options(yield_per=AT_ONCE)
    for row in connection.execute(query):
        yield _line([_told(value) for value in row])


def _line(values: Sequence[Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _told(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    return value


def _load(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    columns = list(table.columns)
    binary = [isinstance(column.type, LargeBinary) for column in columns]
    names = [column.name for column in columns]
    count, rows = 0, []
    rest = iter(lines)
    try:
        if json.loads(next(rest, b"null")) != names:
            raise BackupUnfit(f"its table {table.name} has other columns than this version's")
        for line in rest:
            values = [
                b64decode(value, validate=True) if is_binary and value is not None else value
                for value, is_binary in zip(json.loads(line), binary, strict=True)
            ]
            rows.append(dict(zip(names, values, strict=True)))
            count += 1
            if len(rows) == AT_ONCE:
                connection.execute(table.insert(), rows)
                rows = []
    except (ValueError, TypeError) as cause:
        raise BackupUnfit(f"its table {table.name} cannot be read") from cause
    if rows:
        connection.execute(table.insert(), rows)
    _go_on_numbering(connection, table)
    return count


def _go_on_numbering(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers new rows by itself, and must be told where rows came with numbers."""
    if connection.dialect.name != "postgresql" or table.autoincrement_column is None:
        return
    column = table.autoincrement_column
    newest = connection.execute(select(func.max(column))).scalar()
    if newest is not None:
        sequence = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
        connection.execute(select(func.setval(sequence, newest)))
