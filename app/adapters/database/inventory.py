"""Owns what an auditor, and other nodes, ask of a node's database: its rows as they are, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, Table, and_, exists, or_, select
from sqlalchemy.engine import Row

from app.adapters.database.engine import reading, scrub
from app.adapters.database.keeping import Keeping
from app.adapters.database.schema import (
    anchors,
    batches,
    blocks,
    claims,
    digests,
    documents,
    events,
    manifests,
    outbox,
    parcels,
    sheets,
    shelf,
    unpublished,
)
from app.adapters.database.tables import Tables
from app.core.auditing import KeptSheet, Listed
from app.core.erasure import KIND
from app.core.indexing import Anchor, Event, Followed

PAGE = 2000
"""Rows that are held in memory at a time."""
FEW = 50
"""Rows of those tables whose rows are large."""


class Inventory(Tables):
    """Reads what a node's other parts have written; changes nothing."""

    def __init__(self, database: Keeping) -> None:
        self._engine = database._engine
        self.belongings = database.belongings

    # the index

    def blocks(self) -> list[Followed]:
        """The blocks that the index remembers, the newest first."""
        query = select(blocks.c.number, blocks.c.hash).order_by(blocks.c.number.desc())
        with reading(self._engine) as connection:
            return [Followed(number=r.number, hash=r.hash) for r in connection.execute(query)]

    def anchors_after(self, block: int, place: int, most: int) -> list[Anchor]:
        """The next anchors after a place, in order."""
        later = or_(
            anchors.c.block > block, and_(anchors.c.block == block, anchors.c.place > place)
        )
        query = select(anchors).where(later).order_by(anchors.c.block, anchors.c.place)
        with reading(self._engine) as connection:
            return [_anchor(row) for row in connection.execute(query.limit(most))]

    def anchors_between(self, first: int, last: int) -> list[Anchor]:
        """The anchors of a range of blocks."""
        query = select(anchors).where(anchors.c.block.between(first, last))
        with reading(self._engine) as connection:
            return [_anchor(row) for row in connection.execute(query)]

    def events_between(self, first: int, last: int) -> list[Event]:
        """The other events of a range of blocks."""
        query = select(events).where(events.c.block.between(first, last))
        with reading(self._engine) as connection:
            return [
                Event(**{**dict(row._mapping), "arguments": _json(row.arguments)})
                for row in connection.execute(query)
            ]

    def lists(self) -> Iterator[Listed]:
        """Every list that the index knows, and whether an anchor names it."""
        named = exists().where(
            anchors.c.judge == manifests.c.judge,
            anchors.c.root == manifests.c.root,
            anchors.c.manifest == manifests.c.manifest,
        )
        for row in self._pages(select(manifests, named.label("named")), manifests, "id", PAGE):
            yield Listed(
                id=row.id,
                judge=row.judge,
                root=row.root,
                manifest=row.manifest,
                state=row.state,
                named=row.named,
            )

    def entries_of(self, list_: int) -> list[tuple[bytes, bytes]]:
        """(digest, envelope) of what a list names."""
        query = select(digests.c.digest, digests.c.envelope).where(digests.c.list == list_)
        with reading(self._engine) as connection:
            return [(row.digest, row.envelope) for row in connection.execute(query)]

    # what is kept

    def own_lists(self) -> Iterator[bytes]:
        """The manifests of this node's batches that were published."""
        query = select(batches).where(batches.c.published.is_(True))
        return (row.manifest for row in self._pages(query, batches, "id", FEW))

    def parcels(self) -> Iterator[tuple[str, bytes, str]]:
        """(person, digest, address) of every parcel."""
        rows = self._pages(select(parcels), parcels, "id", PAGE)
        return ((row.person, row.digest, row.address) for row in rows)

    def claims(self) -> Iterator[tuple[str, bytes]]:
        """(body, record) of every claim."""
        return ((row.body, row.record) for row in self._pages(select(claims), claims, "body", PAGE))

    def is_known(self, digest: bytes) -> bool:
        """Whether a digest is queued here, or stands in a list."""
        queued = select(outbox.c.id).where(outbox.c.digest == digest)
        listed = select(digests.c.list).where(digests.c.digest == digest)
        with reading(self._engine) as connection:
            return any(connection.execute(one.limit(1)).first() for one in (queued, listed))

    def sheets(self) -> Iterator[KeptSheet]:
        """Every key sheet, as it is kept."""
        after: bytes | None = None
        while True:
            query = select(sheets).order_by(sheets.c.record)
            if after is not None:
                query = query.where(sheets.c.record > after)
            with reading(self._engine) as connection:
                rows = connection.execute(query.limit(FEW)).all()
                if not rows:
                    return
                after = rows[-1].record  # its last record may have more sheets than fit the page
                whole = select(sheets).where(sheets.c.record == after)
                rows = [r for r in rows if r.record != after] + list(connection.execute(whole))
            yield from (
                KeptSheet(
                    record=row.record,
                    address=row.address,
                    statement=_json(row.statement),
                    sheet=row.sheet,
                )
                for row in rows
            )

    def documents(self) -> Iterator[tuple[bytes, bytes]]:
        """(hash, content) of every keys document."""
        rows = self._pages(select(documents), documents, "hash", FEW)
        return ((row.hash, row.content) for row in rows)

    def unpublished(self) -> Iterator[tuple[str, bytes]]:
        """(address, bytes) of what the store does not have to hold yet."""
        rows = self._pages(select(unpublished), unpublished, "id", FEW)
        return ((row.address, row.content) for row in rows)

    def receipts(self) -> list[tuple[str, bytes]]:
        """(patient, receipt) of every erasure."""
        query = select(shelf.c.person, shelf.c.content).where(shelf.c.kind.like(KIND + "%"))
        with reading(self._engine) as connection:
            return [(row.person, row.content) for row in connection.execute(query)]

    def _pages(self, query: Select[Any], table: Table, key: str, size: int) -> Iterator[Row[Any]]:
        """All rows in the order of a key; no transaction stays open between pages."""
        column = table.c[key]
        page = query.order_by(column).limit(size)
        while True:
            with reading(self._engine) as connection:
                rows: Sequence[Row[Any]] = connection.execute(page).all()
            last = None
            for last in rows:
                yield last
            if last is None:
                return
            page = query.where(column > last._mapping[key]).order_by(column).limit(size)

    def scrub(self) -> None:
        """Have what was deleted leave the database's log as well."""
        scrub(self._engine)


def _anchor(row: Row[Any]) -> Anchor:
    return Anchor(**{name: row._mapping[name] for name in Anchor.__slots__})


def _json(text: str) -> Any:
    """What a column says; nothing where it was made unreadable, which then differs from the truth."""
    try:
        return json.loads(text)
    except ValueError:
        return None
