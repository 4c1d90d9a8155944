"""Owns the connection to a node's database, its transactions, and the lock that relayers share."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.adapters.database.bulk import insert_fast
from app.adapters.database.driver import driver_of
from app.core.errors import DatabaseUnreachable, StoreFull

PAGE = 8192
"""Bytes of a page in a new SQLite file: an envelope fits into one, and into three of SQLite's own size."""
LOCK = 0x43484B31
"""The number of PostgreSQL's advisory lock: any that nobody else in the database uses."""


def connect(url: str) -> Engine:
    """Connect to a database; SQLite keeps a write-ahead log and syncs each commit."""
    if url.startswith("sqlite"):
        engine = create_engine(url, hide_parameters=True)  # errors name no values

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _: object) -> None:
            connection.execute(f"PRAGMA page_size={PAGE}")  # heeded where the file is new
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA busy_timeout=30000")
            connection.execute("PRAGMA secure_delete=ON")  # what was erased leaves the file

        return engine
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, _: object, args: Sequence[Any], named: dict[str, Any]) -> Any:
        try:
            return dialect.connect(*args, **named)
        except (LookupError, ValueError, struct.error) as cause:
            raise DatabaseUnreachable() from cause  # what answers speaks another language

    return engine


_FAULTS = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    sqlite3.OperationalError,  # of what is put to SQLite itself
    sqlite3.InterfaceError,
    OSError,  # pg8000 lets some of the socket's own pass, as that of a server which is going down
)


@contextmanager
def translated() -> Iterator[None]:
    """The database's own errors as ours: StoreFull, DatabaseUnreachable."""
    try:
        yield
    except _FAULTS as cause:
        told = str(getattr(cause, "orig", cause))
        if "full" in told or "No space left" in told:  # SQLITE_FULL, ENOSPC
            raise StoreFull() from cause
        if "no such table" in told:
            raise
        raise DatabaseUnreachable() from cause
    except DBAPIError as cause:
        told = str(cause.orig)
        if "No space left" in told or "53100" in told:  # disk_full
            raise StoreFull() from cause
        if cause.connection_invalidated or "57P0" in told:  # shut down, or starting up
            raise DatabaseUnreachable() from cause
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to ask with; raises DatabaseUnreachable."""
    with translated(), engine.connect() as connection:
        yield connection


@contextmanager
def bare(engine: Engine) -> Iterator[sqlite3.Connection]:
    """SQLite's own connection, for what each request asks: the rest of the way costs more than it does.

    What is not committed is undone. Raises StoreFull, DatabaseUnreachable.
    """
    with translated():
        kept = engine.raw_connection()
        try:
            yield cast(sqlite3.Connection, kept.driver_connection)
        finally:
            kept.close()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction; raises StoreFull where the disk cannot take it, DatabaseUnreachable."""
    with translated(), engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # taken at once: a reader that turns writer in the middle would have to give up
            driver_of(connection).execute("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """One transaction while no other process or thread has one of these.

    SQLite has one writer in any case; PostgreSQL holds an advisory lock until the end.
    """
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        yield connection


def scrub(engine: Engine) -> None:
    """Have SQLite write what was deleted out of its log as well; other databases look after it."""
    if engine.dialect.name == "sqlite":
        with translated(), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def insert_new(connection: Connection, table: Table, **row: Any) -> bool:
    """Insert unless it is there already; whether it was new."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing().values(**row)
    return connection.execute(statement).rowcount > 0


def insert_many_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those that are not there already; all rows name the same columns."""
    if rows:
        columns = tuple(rows[0])
        insert_fast(connection, table, columns, [[row[c] for c in columns] for row in rows])


def put_row(connection: Connection, table: Table, **row: Any) -> None:
    """Insert, or replace the row with the same primary key; of two at once the later one stays."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**row)
    keys = [column.name for column in table.primary_key]
    newer = {name: statement.excluded[name] for name in row if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=newer))
