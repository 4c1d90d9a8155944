"""Owns what a node keeps for people: parcels, claims, sheets, documents, shelves; and the journal of it.

Every change is noted in the journal, from which waybills are written: replayed in order on empty
tables, the entries give the same rows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.engine import Connection

from app.adapters.database.engine import (
    alone,
    insert_many_new,
    insert_new,
    put_row,
    reading,
    scrub,
    writing,
)
from app.adapters.database.prepared import Prepared
from app.adapters.database.schema import (
    claims,
    documents,
    introductions,
    names,
    parcels,
    sheets,
    shelf,
    stored,
    unpublished,
)
from app.adapters.database.tables import Tables, write_down
from app.core.cid import cid_of
from app.core.errors import NotStored

_SHEETS = Prepared(
    select(sheets.c.statement, sheets.c.sheet)
    .where(sheets.c.record == bindparam("of"))
    .order_by(sheets.c.version.desc())
)


class Keeping(Tables):
    """Letters to people, and what they left here."""

    def deliver(self, person: str, digest: bytes, envelope: bytes) -> None:
        """Hand an envelope to a person, without anchoring anything."""
        address = cid_of(envelope)
        # alone: numbers must come into sight in their order, for people ask for those after the last
        with alone(self._engine) as connection:
            insert_new(connection, unpublished, address=address, content=envelope)
            self._keep(connection, [["parcel", person, digest.hex(), address]])

    def parcels_of(self, person: str) -> list[tuple[bytes, str, bytes | None]]:
        """(digest, address, bytes where the store has not got them yet) for a person, oldest first."""
        query = (
            select(parcels.c.digest, parcels.c.address, unpublished.c.content)
            .select_from(parcels.outerjoin(unpublished, parcels.c.address == unpublished.c.address))
            .where(parcels.c.person == person)
            .order_by(parcels.c.id)
        )
        with reading(self._engine) as connection:
            return [(r.digest, r.address, r.content) for r in connection.execute(query)]

    def belongings(self, record: bytes) -> list[str]:
        """The addresses of a record's envelopes, its sheets, and the body that it claimed.

        An envelope belongs to the first digest that came with it, as a body does: its bytes are
        public, and nobody shall have it deleted by sending it again under another digest.
        """
        earlier = parcels.alias()
        taken = exists().where(
            earlier.c.address == parcels.c.address,
            earlier.c.id < parcels.c.id,
            earlier.c.digest != record,
        )
        queries = (
            select(parcels.c.address).where(parcels.c.digest == record, ~taken).distinct(),
            select(sheets.c.address).where(sheets.c.record == record),
            select(claims.c.body).where(claims.c.record == record),
        )
        with reading(self._engine) as connection:
            return [row[0] for query in queries for row in connection.execute(query)]

    def forget(self, record: bytes) -> None:
        """Drop a record's parcels, sheets and claim, once what they lead to is deleted."""
        addresses = self.belongings(record)
        with writing(self._engine) as connection:
            connection.execute(unpublished.delete().where(unpublished.c.address.in_(addresses)))
            self._keep(connection, [["forget", record.hex()]])
        scrub(self._engine)

    def keep_sheet(
        self,
        *,
        record: bytes,
        version: int,
        digest: bytes,
        statement: Any,
        sheet: bytes,
        sealed: bytes,
    ) -> None:
        """Keep one version of a record's key sheet; `sealed` is what the body store gets of it."""
        address = cid_of(sealed)
        row = {
            "record": record,
            "version": version,
            "digest": digest,
            "statement": json.dumps(statement),
            "address": address,
            "sheet": sheet,
        }
        with writing(self._engine) as connection:
            if not insert_new(connection, sheets, **row):
                return
            insert_new(connection, unpublished, address=address, content=sealed)
            entry = ["sheet", record.hex(), version, digest.hex(), statement, address]
            write_down(connection, [entry], int(time.time()))

    def sheets_of(self, record: bytes) -> list[tuple[Any, bytes]]:
        """(statement file, sheet) of a record, highest version first."""
        rows = _SHEETS.ask(self._engine, of=record)
        return [(json.loads(statement), sheet) for statement, sheet in rows]

    def keep_document(self, digest: bytes, content: bytes) -> None:
        """Keep a document under its SHA-256."""
        with writing(self._engine) as connection:
            if insert_new(connection, documents, hash=digest, content=content):
                entry = ["document", digest.hex(), content.hex()]
                write_down(connection, [entry], int(time.time()))

    def document(self, digest: bytes) -> bytes:
        """A document by its SHA-256; raises NotStored."""
        query = select(documents.c.content).where(documents.c.hash == digest)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotStored(address="a keys document with that hash")
        return bytes(row.content)

    def put_on_shelf(self, person: str, kind: str, content: bytes) -> None:
        """Keep the newest of one kind of thing for a person, such as a vault's lock."""
        with writing(self._engine) as connection:
            self._keep(connection, [["shelf", person, kind, content.hex()]])

    def from_shelf(self, person: str, kind: str) -> bytes:
        """What was kept; raises NotStored."""
        query = select(shelf.c.content).where(shelf.c.person == person, shelf.c.kind == kind)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotStored(address=f"a {kind} of that person")
        return bytes(row.content)

    # the journal

    def _keep(self, connection: Connection, entries: Sequence[Sequence[Any]]) -> None:
        replay(connection, entries, {})
        write_down(connection, entries, int(time.time()))

    def restore(self, entries: Sequence[Sequence[Any]], sealed_sheets: dict[str, bytes]) -> None:
        """Replay a journal, oldest entry first; sheets come by address, and may be missing."""
        with writing(self._engine) as connection:
            replay(connection, entries, sealed_sheets)


def replay(
    connection: Connection, entries: Iterable[Sequence[Any]], opened_sheets: dict[str, bytes]
) -> None:
    """Do what journal entries tell. The same entry again changes nothing.

    `opened_sheets` are key sheets by their address in the store; one that is missing was erased.
    """
    rows: list[dict[str, Any]] = []
    for entry in entries:
        match entry:
            case ["parcel", person, digest, address]:
                rows.append({"person": person, "digest": bytes.fromhex(digest), "address": address})
                continue
            case _:
                insert_many_new(connection, parcels, rows)
                rows = []
        _replay_one(connection, entry, opened_sheets)
    insert_many_new(connection, parcels, rows)


def _replay_one(
    connection: Connection, entry: Sequence[Any], opened_sheets: dict[str, bytes]
) -> None:
    match entry:
        case ["claim", body, record]:
            insert_new(connection, claims, body=body, record=bytes.fromhex(record))
        case ["sheet", record, version, digest, statement, address]:
            if address in opened_sheets:
                insert_new(
                    connection,
                    sheets,
                    record=bytes.fromhex(record),
                    version=version,
                    digest=bytes.fromhex(digest),
                    statement=json.dumps(statement),
                    address=address,
                    sheet=opened_sheets[address],
                )
        case ["document", digest, content]:
            row = {"hash": bytes.fromhex(digest), "content": bytes.fromhex(content)}
            insert_new(connection, documents, **row)
        case ["shelf", person, kind, content]:
            put_row(connection, shelf, person=person, kind=kind, content=bytes.fromhex(content))
        case ["name", person, name, ticket]:
            connection.execute(names.delete().where(names.c.person == person))
            put_row(connection, names, name=name, person=person, ticket=bytes.fromhex(ticket))
        case ["introduction", person, name, issued_at, statement]:
            text = json.dumps(statement)
            told = {"folded": name, "issued_at": issued_at, "statement": text}
            put_row(connection, introductions, person=person, **told)
        case ["forget", record]:
            digest = bytes.fromhex(record)
            own = select(claims.c.body).where(claims.c.record == digest)
            connection.execute(stored.delete().where(stored.c.address.in_(own)))
            connection.execute(parcels.delete().where(parcels.c.digest == digest))
            connection.execute(sheets.delete().where(sheets.c.record == digest))
            connection.execute(claims.delete().where(claims.c.record == digest))
        case _:
            raise ValueError("an entry of a later version")
