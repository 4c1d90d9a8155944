"""Owns a custodian's log on SQLite: openings sealed to patients, and revocations it has heard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from weakref import finalize

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from app.adapters.database.engine import connect, writing
from app.core.statements import TYPES, Revocation, RevocationOfAll
from app.core.typed_data import Statement

metadata = MetaData()

openings = Table(
    "openings",
    metadata,
    Column("access", LargeBinary(32), primary_key=True),
    Column("patient", String(42), nullable=False, index=True),
    Column("at", Integer, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("handed_in", Boolean, nullable=False, default=False),
)
revocations = Table(
    "revocations",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("patient", String(42), nullable=False, index=True),
    Column("type", String(32), nullable=False),
    Column("message", Text, nullable=False),
)


class SqliteAccessLog:
    """Every call is one transaction, synced before it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = connect(f"sqlite:///{path}")
        finalize(self, self._engine.dispose)
        metadata.create_all(self._engine)

    def keep(self, *, access: bytes, patient: str, at: int, entry: bytes) -> bool:
        """Log an opening once; whether it was new."""
        row = {"access": access, "patient": patient, "at": at, "entry": entry, "handed_in": False}
        statement = insert(openings).values(**row).on_conflict_do_nothing()
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount > 0

    def entries(self, patient: str) -> Sequence[bytes]:
        """The sealed entries of one patient, oldest first."""
        query = select(openings.c.entry).where(openings.c.patient == patient)
        with self._engine.connect() as connection:
            return [row.entry for row in connection.execute(query.order_by(openings.c.at))]

    def overdue(self, before: int) -> Sequence[tuple[bytes, str, bytes]]:
        """(access, patient, entry) of openings from before a time that wait to be handed in."""
        query = select(openings.c.access, openings.c.patient, openings.c.entry).where(
            openings.c.handed_in.is_(False), openings.c.at <= before
        )
        with self._engine.connect() as connection:
            return [(row.access, row.patient, row.entry) for row in connection.execute(query)]

    def close(self, access: bytes) -> None:
        """The opening has been handed in to be anchored."""
        with writing(self._engine) as connection:
            connection.execute(
                update(openings).where(openings.c.access == access).values(handed_in=True)
            )

    def hear(self, statement: Statement, digest: bytes) -> None:
        """Remember a revocation of a patient."""
        if not isinstance(statement, Revocation | RevocationOfAll):
            raise TypeError("only revocations are heard")
        row = {
            "digest": digest,
            "patient": statement.patient,
            "type": type(statement).__name__,
            "message": json.dumps(statement.message()),
        }
        with writing(self._engine) as connection:
            connection.execute(insert(revocations).values(**row).on_conflict_do_nothing())

    def heard(self, patient: str) -> Sequence[Revocation | RevocationOfAll]:
        """The revocations of a patient that were heard."""
        query = select(revocations).where(revocations.c.patient == patient)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        statements = [TYPES[row.type].from_message(json.loads(row.message)) for row in rows]
        return [s for s in statements if isinstance(s, Revocation | RevocationOfAll)]
