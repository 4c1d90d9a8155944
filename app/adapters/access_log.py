"""Owns a custodian's log on SQLite: openings sealed to patients, and revocations it has heard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from weakref import finalize

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from app.adapters.database.engine import bare, connect, reading, writing
from app.adapters.group_commit import GroupCommit
from app.core.errors import TooManyRequests
from app.core.opening import LoggedOpening
from app.core.statements import TYPES, Revocation, RevocationOfAll
from app.core.typed_data import Statement

OPEN = ""
MOST_HEARD = 1000
"""Revocations of one patient that wait for the chain: nobody fills the disk with them."""
MOST_OVERDUE = 1000

metadata = MetaData()

openings = Table(
    "accesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("access", LargeBinary(32), nullable=False, unique=True),
    Column("patient", String(42), nullable=False, index=True),
    Column("at", Integer, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("closed_as", String(16), nullable=False, index=True),
    sqlite_autoincrement=True,
)
revocations = Table(
    "revocations",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("patient", String(42), nullable=False, index=True),
    Column("type", String(32), nullable=False),
    Column("message", Text, nullable=False),
)
trials = Table(
    "trials", metadata, Column("id", Integer, primary_key=True), Column("number", Integer)
)

_KEEP = (
    "INSERT INTO accesses (access, patient, at, entry, closed_as) VALUES (?, ?, ?, ?, '') "
    "ON CONFLICT DO NOTHING"
)
_TRY = "INSERT INTO trials VALUES (1, 1) ON CONFLICT DO UPDATE SET number = number + 1"
_BRING_OVER = (
    "INSERT INTO accesses (access, patient, at, entry, closed_as) "
    "SELECT access, patient, at, entry, CASE handed_in WHEN 1 THEN 'handed in' ELSE '' END "
    "FROM openings ORDER BY at",
    "DROP TABLE openings",
)
"""A log of the first version, which knew no pages."""
_HEARD = "SELECT type, message FROM revocations WHERE patient = ?"


class SqliteAccessLog:
    """Every call is durable when it returns; openings of many threads share one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = connect(f"sqlite:///{path}")
        finalize(self, self._engine.dispose)
        metadata.create_all(self._engine)
        if inspect(self._engine).has_table("openings"):
            with writing(self._engine) as connection:
                for statement in _BRING_OVER:
                    connection.exec_driver_sql(statement)
        self._group: GroupCommit[Sequence[LoggedOpening], list[bool]] = GroupCommit(self._keep_all)

    def keep(self, openings: Sequence[LoggedOpening]) -> list[bool]:
        """Log each opening once; which were new. Raises StoreFull, DatabaseUnreachable."""
        return self._group(openings)

    def _keep_all(self, groups: Sequence[Sequence[LoggedOpening]]) -> list[list[bool]]:
        with bare(self._engine) as connection:
            connection.execute("BEGIN IMMEDIATE")
            new = [[_keep(connection, opening) for opening in group] for group in groups]
            connection.commit()
        return new

    def entries(
        self, patient: str, *, after: int = 0, most: int = 100
    ) -> Sequence[tuple[int, bytes]]:
        """The sealed entries of one patient with their numbers, in the order of logging."""
        query = select(openings.c.id, openings.c.entry).where(
            openings.c.patient == patient, openings.c.id > after
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(openings.c.id).limit(most))
            return [(row.id, row.entry) for row in rows]

    def overdue(self, before: int) -> Sequence[tuple[bytes, str, bytes]]:
        """(access, patient, entry) of openings from before a time that nobody saw anchored yet."""
        query = select(openings.c.access, openings.c.patient, openings.c.entry).where(
            openings.c.closed_as == OPEN, openings.c.at <= before
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(openings.c.id).limit(MOST_OVERDUE))
            return [(row.access, row.patient, row.entry) for row in rows]

    def close(self, access: bytes, how: str) -> None:
        """The opening was found `anchored`, or has been `handed in` to be anchored."""
        with writing(self._engine) as connection:
            connection.execute(
                update(openings).where(openings.c.access == access).values(closed_as=how)
            )

    def counts(self) -> Mapping[str, int]:
        """How many openings there are: `open`, `anchored`, `handed in`."""
        query = select(openings.c.closed_as, func.count()).group_by(openings.c.closed_as)
        with reading(self._engine) as connection:
            return {how or "open": count for how, count in connection.execute(query)}

    def require_writable(self) -> None:
        """Write something, as an opening would; raises StoreFull, DatabaseUnreachable."""
        with writing(self._engine) as connection:
            connection.exec_driver_sql(_TRY)

    def hear(self, statement: Statement, digest: bytes) -> None:
        """Remember a revocation of a patient; raises TooManyRequests."""
        if not isinstance(statement, Revocation | RevocationOfAll):
            raise TypeError("only revocations are heard")
        row = {
            "digest": digest,
            "patient": statement.patient,
            "type": type(statement).__name__,
            "message": json.dumps(statement.message()),
        }
        waiting = select(func.count()).where(revocations.c.patient == statement.patient)
        with writing(self._engine) as connection:
            if connection.execute(waiting).scalar_one() >= MOST_HEARD:
                raise TooManyRequests()
            connection.execute(insert(revocations).values(**row).on_conflict_do_nothing())

    def heard(self, patient: str) -> Sequence[Revocation | RevocationOfAll]:
        """The revocations of a patient that were heard, and that the chain may not show yet."""
        with bare(self._engine) as connection:
            rows = connection.execute(_HEARD, (patient,)).fetchall()
        return [_revocation(*row) for row in rows]

    def all_heard(self) -> Sequence[tuple[bytes, Revocation | RevocationOfAll]]:
        """Every one that is remembered, with its digest."""
        columns = (revocations.c.digest, revocations.c.type, revocations.c.message)
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns)).all()
        return [(digest, _revocation(kind, message)) for digest, kind, message in rows]

    def forget(self, digests: Sequence[bytes]) -> None:
        """Remember these no longer: the chain shows them for good."""
        with writing(self._engine) as connection:
            for digest in digests:
                connection.execute(delete(revocations).where(revocations.c.digest == digest))


def _keep(connection: Connection, opening: LoggedOpening) -> bool:
    row = (opening.access, opening.patient, opening.at, opening.entry)
    return connection.execute(_KEEP, row).rowcount > 0


def _revocation(kind: str, message: str) -> Revocation | RevocationOfAll:
    statement = TYPES[kind].from_message(json.loads(message))
    if not isinstance(statement, Revocation | RevocationOfAll):
        raise TypeError("only revocations are kept")
    return statement
