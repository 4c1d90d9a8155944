"""Owns a node's database: its tables and their queries, on SQLite (WAL) or whatever URL is given.

Everything in it is a cache or a queue: what matters stands on the chain and in envelopes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import finalize

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.core.errors import NotStored, StoreFull

metadata = MetaData()

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("judge", String(32), nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("block", Integer),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("judge", String(32), nullable=False),
    Column("envelope", LargeBinary(32), nullable=False),
    Column("accepted_at", Integer, nullable=False),
    Column("batch", Integer, ForeignKey("batches.id"), index=True),
)
calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("statement", Text, nullable=False),
    Column("state", String(16), nullable=False, default="accepted", index=True),
)
parcels = Table(
    "parcels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", String(42), nullable=False, index=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("address", String(80), nullable=False),
    UniqueConstraint("person", "address"),
)
sheets = Table(
    "sheets",
    metadata,
    Column("record", LargeBinary(32), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("statement", Text, nullable=False),
    Column("sheet", LargeBinary, nullable=False),
)
claims = Table(
    "claims",
    metadata,
    Column("body", String(80), primary_key=True),
    Column("record", LargeBinary(32), nullable=False, index=True),
)
documents = Table(
    "documents",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
shelf = Table(
    "shelf",
    metadata,
    Column("person", String(42), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


def connect(url: str) -> Engine:
    """Connect to a database; SQLite keeps a write-ahead log and syncs each commit."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA busy_timeout=10000")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction; raises StoreFull where the disk cannot take it."""
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as cause:
        if "full" in str(cause.orig):  # SQLITE_FULL: "database or disk is full"
            raise StoreFull() from cause
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Digests that are anchored together, and the manifest that lists them."""

    id: int
    judge: str
    root: bytes
    manifest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An accepted digest that no batch has taken yet."""

    digest: bytes
    envelope: bytes


class Database:
    """A node's tables; each method is one transaction."""

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        finalize(self, self._engine.dispose)  # its connections close with it
        metadata.create_all(self._engine)

    def _insert(self, connection: Connection, table: Table, **row: Any) -> bool:
        """Insert unless it is there already; whether it was new."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(**row).on_conflict_do_nothing()
        return connection.execute(statement).rowcount > 0

    def accept(
        self,
        *,
        digest: bytes,
        judge: str,
        envelope: bytes,
        parcels_to: Iterable[tuple[str, str]],
        body: str = "",
    ) -> bool:
        """Queue a digest for its contract's book and hand its envelope to its parties.

        The first record that names a body claims it. A digest that is known already changes
        nothing: whether it was new.
        """
        with writing(self._engine) as connection:
            new = self._insert(
                connection,
                outbox,
                digest=digest,
                judge=judge,
                envelope=envelope,
                accepted_at=int(time.time()),
            )
            for person, address in parcels_to if new else ():
                self._insert(connection, parcels, person=person, digest=digest, address=address)
            if body and new:
                self._insert(connection, claims, body=body, record=digest)
        return new

    def accept_call(
        self, *, digest: bytes, statement: str, parcels_to: Iterable[tuple[str, str]]
    ) -> bool:
        """Queue a statement that a contract acts on."""
        with writing(self._engine) as connection:
            new = self._insert(
                connection, calls, digest=digest, statement=statement, state="accepted"
            )
            for person, address in parcels_to:
                self._insert(connection, parcels, person=person, digest=digest, address=address)
        return new

    def waiting_calls(self) -> list[tuple[int, str]]:
        """(row, statement file) of calls not sent yet, in the order of acceptance."""
        query = select(calls.c.id, calls.c.statement).where(calls.c.state == "accepted")
        with self._engine.connect() as connection:
            return [(row.id, row.statement) for row in connection.execute(query.order_by("id"))]

    def close_call(self, row: int, state: str) -> None:
        """Mark a call `done` or `refused`."""
        with writing(self._engine) as connection:
            connection.execute(update(calls).where(calls.c.id == row).values(state=state))

    def waiting(self, judge: str, most: int) -> list[Waiting]:
        """The oldest digests that no batch has taken."""
        query = (
            select(outbox.c.digest, outbox.c.envelope)
            .where(outbox.c.judge == judge, outbox.c.batch.is_(None))
            .order_by(outbox.c.id)
            .limit(most)
        )
        with self._engine.connect() as connection:
            return [
                Waiting(digest=row.digest, envelope=row.envelope)
                for row in connection.execute(query)
            ]

    def form_batch(
        self, judge: str, root: bytes, manifest: bytes, digests: Sequence[bytes]
    ) -> None:
        """Bind digests to a batch before anything of it leaves this node."""
        with writing(self._engine) as connection:
            result = connection.execute(
                batches.insert().values(judge=judge, root=root, manifest=manifest)
            )
            (batch,) = result.inserted_primary_key or (None,)
            connection.execute(
                update(outbox).where(outbox.c.digest.in_(digests)).values(batch=batch)
            )

    def open_batches(self) -> list[Batch]:
        """Batches whose anchor has not been seen in a block."""
        query = select(batches).where(batches.c.block.is_(None)).order_by(batches.c.id)
        with self._engine.connect() as connection:
            return [
                Batch(id=row.id, judge=row.judge, root=row.root, manifest=row.manifest)
                for row in connection.execute(query)
            ]

    def close_batch(self, batch: int, block: int) -> None:
        """The batch's anchor stands in that block."""
        with writing(self._engine) as connection:
            connection.execute(update(batches).where(batches.c.id == batch).values(block=block))

    def anchored_batch(self, digest: bytes) -> tuple[bytes, bytes] | None:
        """(root, manifest) of the anchored batch that holds a digest."""
        query = (
            select(batches.c.root, batches.c.manifest)
            .join(outbox, outbox.c.batch == batches.c.id)
            .where(outbox.c.digest == digest, batches.c.block.is_not(None))
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return (row.root, row.manifest) if row else None

    def deliver(self, person: str, digest: bytes, address: str) -> None:
        """Hand an envelope to a person."""
        with writing(self._engine) as connection:
            self._insert(connection, parcels, person=person, digest=digest, address=address)

    def parcels_of(self, person: str) -> list[tuple[bytes, str]]:
        """(digest, envelope address) of what was addressed to a person, oldest first."""
        query = select(parcels.c.digest, parcels.c.address).where(parcels.c.person == person)
        with self._engine.connect() as connection:
            return [(r.digest, r.address) for r in connection.execute(query.order_by("id"))]

    def belongings(self, record: bytes) -> list[str]:
        """The addresses of a record's envelopes and of the body that it claimed."""
        envelopes = select(parcels.c.address).where(parcels.c.digest == record).distinct()
        bodies = select(claims.c.body).where(claims.c.record == record)
        with self._engine.connect() as connection:
            return [row[0] for query in (envelopes, bodies) for row in connection.execute(query)]

    def forget(self, record: bytes) -> None:
        """Drop a record's parcels, sheets and claim, once what they lead to is deleted."""
        with writing(self._engine) as connection:
            connection.execute(parcels.delete().where(parcels.c.digest == record))
            connection.execute(sheets.delete().where(sheets.c.record == record))
            connection.execute(claims.delete().where(claims.c.record == record))

    def keep_sheet(
        self, *, record: bytes, version: int, digest: bytes, statement: Any, sheet: bytes
    ) -> None:
        """Keep one version of a record's key sheet, under the digest of its statement."""
        with writing(self._engine) as connection:
            self._insert(
                connection,
                sheets,
                record=record,
                version=version,
                digest=digest,
                statement=json.dumps(statement),
                sheet=sheet,
            )

    def sheets_of(self, record: bytes) -> list[tuple[Any, bytes]]:
        """(statement file, sheet) of a record, highest version first."""
        query = select(sheets).where(sheets.c.record == record).order_by(sheets.c.version.desc())
        with self._engine.connect() as connection:
            return [(json.loads(r.statement), r.sheet) for r in connection.execute(query)]

    def keep_document(self, digest: bytes, content: bytes) -> None:
        """Keep a document under its SHA-256."""
        with writing(self._engine) as connection:
            self._insert(connection, documents, hash=digest, content=content)

    def document(self, digest: bytes) -> bytes:
        """A document by its SHA-256; raises NotStored."""
        query = select(documents.c.content).where(documents.c.hash == digest)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotStored(address="a keys document with that hash")
        return bytes(row.content)

    def put_on_shelf(self, person: str, kind: str, content: bytes) -> None:
        """Keep the newest of one kind of thing for a person, such as a vault's lock."""
        with writing(self._engine) as connection:
            where = (shelf.c.person == person, shelf.c.kind == kind)
            connection.execute(shelf.delete().where(*where))
            self._insert(connection, shelf, person=person, kind=kind, content=content)

    def from_shelf(self, person: str, kind: str) -> bytes:
        """What was kept; raises NotStored."""
        query = select(shelf.c.content).where(shelf.c.person == person, shelf.c.kind == kind)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotStored(address=f"a {kind} of that person")
        return bytes(row.content)
