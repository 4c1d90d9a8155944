"""Owns the way past SQLAlchemy to SQLite's own connection, within a transaction of SQLAlchemy's."""

from __future__ import annotations

import sqlite3
from typing import cast

from sqlalchemy.engine import Connection


def driver_of(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection: what goes there costs a tenth, and is part of the same transaction."""
    return cast(sqlite3.Connection, connection.connection.driver_connection)
