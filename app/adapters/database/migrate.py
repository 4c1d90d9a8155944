"""Owns how a database's tables come to be those of this version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, inspect, select
from sqlalchemy.engine import Connection, Engine

from app.adapters.database.engine import alone, reading
from app.adapters.database.schema import metadata
from app.core.errors import Misconfigured

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest revision in app/migrations; its tables are those of the schema."""
FOLDER = Path(__file__).resolve().parents[2] / "migrations"
BEFORE_REVISIONS = frozenset(
    {"batches", "outbox", "calls", "parcels", "sheets", "claims", "documents", "shelf"}
)
"""The tables of a database that was made before there were migrations."""

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables, or bring older ones to this version, losing nothing.

    Processes that start at once wait for the one that does it; all of it happens, or nothing. Raises
    Misconfigured where a later version has changed the database, or where it is somebody else's.
    """
    with reading(engine) as connection:
        if revision_of(connection) == HEAD:
            return
    with alone(engine) as connection:
        revision, found = revision_of(connection), set(inspect(connection).get_table_names())
        if revision == HEAD:
            return
        if not found:
            metadata.create_all(connection, checkfirst=False)
            _version.create(connection)
            connection.execute(_version.insert().values(version_num=HEAD))
        elif revision is not None or found == BEFORE_REVISIONS:
            _upgrade(connection, revision)
        else:
            raise Misconfigured(name="DATABASE_URL", reason="that database holds other tables")


def revision_of(connection: Connection) -> str | None:
    """The revision that a database is at; None where it has none."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def _upgrade(connection: Connection, revision: str | None) -> None:
    # imported here: opening a database that is up to date, or empty, need not load it
    from alembic.command import upgrade
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = config_for(connection)
    try:
        if revision is not None:
            ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError:
        later = "a later version of Chartkey has changed that database"
        raise Misconfigured(name="DATABASE_URL", reason=later) from None
    upgrade(config, HEAD)


def config_for(connection: Connection) -> Config:
    """Alembic's configuration: the migrations of this package, on an open connection."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
