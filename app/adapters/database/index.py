"""Owns the index in the database: what the chain and the manifests say.

Several processes may follow the chain into one database: what a range says is written only where
the range goes on from what stands there, and a list is written only while it is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, literal, select, update
from sqlalchemy.engine import Connection

from app.adapters.database.bulk import insert_fast
from app.adapters.database.engine import alone, reading, writing
from app.adapters.database.prepared import Prepared
from app.adapters.database.schema import (
    INDEX,
    KEPT,
    QUEUE,
    anchors,
    blocks,
    digests,
    events,
    manifests,
)
from app.adapters.database.tables import Tables
from app.core.indexing import KEPT_BLOCKS, Anchor, Dated, Event, Followed, Span, Wanted
from app.core.merkle import ManifestEntry

WANTED, READ, FALSE = "wanted", "read", "false"


def anchor_names(list_: Any) -> Any:
    """That an anchor names a list."""
    return (
        (anchors.c.judge == list_.judge)
        & (anchors.c.root == list_.root)
        & (anchors.c.manifest == list_.manifest)
    )


ANCHORS_OVER = Prepared(
    select(*({"list": digests.c.list, **anchors.c}[name] for name in Dated.__slots__))
    .select_from(digests)
    .join(manifests, manifests.c.id == digests.c.list)
    .join(anchors, anchor_names(manifests.c))
    .where(digests.c.digest == bindparam("of"))
    .order_by(anchors.c.block, anchors.c.place)
)


class Index(Tables):
    """Blocks, anchors, manifests, digests and events."""

    # following the chain

    def followed(self) -> list[Followed]:
        """The newest blocks that were followed, the newest first; empty where none was."""
        query = select(blocks.c.number, blocks.c.hash).order_by(blocks.c.number.desc())
        with reading(self._engine) as connection:
            return [Followed(number=r.number, hash=r.hash) for r in connection.execute(query)]

    def append(self, span: Span, after: Followed | None) -> bool:
        """Write down what a range of blocks says, and that it was followed, in one transaction.

        `after` is the newest followed block at the time the range was chosen; False, and nothing
        written, where that is no longer the newest.
        """
        with alone(self._engine) as connection:
            if _newest(connection) != after:
                return False
            _insert_anchors(connection, span.anchors)
            _insert_events(connection, span.events)
            rows = ((block.number, block.hash, block.time) for block in span.blocks)
            insert_fast(connection, blocks, ("number", "hash", "time"), rows)
            old = blocks.c.number <= span.last - KEPT_BLOCKS
            connection.execute(blocks.delete().where(old))
        return True

    def unwind(self, newest: Followed, to: int) -> bool:
        """Forget what blocks above `to` said, in one transaction.

        False, and nothing forgotten, where `newest` is no longer the newest followed block.
        """
        with alone(self._engine) as connection:
            if _newest(connection) != newest:
                return False
            gone = anchors.c.block > to
            listed = select(anchors.c.judge, anchors.c.root, anchors.c.manifest).where(gone)
            named = connection.execute(listed.distinct()).all()
            connection.execute(anchors.delete().where(gone))
            connection.execute(events.delete().where(events.c.block > to))
            connection.execute(blocks.delete().where(blocks.c.number > to))
            for judge, root, manifest in named:
                _drop_unnamed(connection, judge, root, manifest)
        return True

    # lists

    def wanted(self, now: int, most: int) -> list[Wanted]:
        """Lists that were not read and are due, the longest overdue first."""
        query = (
            select(manifests)
            .where(manifests.c.state == WANTED, manifests.c.next_try <= now)
            .order_by(manifests.c.next_try, manifests.c.id)
            .limit(most)
        )
        with reading(self._engine) as connection:
            return [
                Wanted(id=r.id, root=r.root, manifest=r.manifest, tries=r.tries)
                for r in connection.execute(query)
            ]

    def keep_lists(self, many: Sequence[tuple[int, Sequence[ManifestEntry]]]) -> None:
        """Write down the digests of lists, by the list's number, in one transaction."""
        with writing(self._engine) as connection:
            for id_, entries in many:
                if not _settle(connection, id_, READ):
                    continue  # read by another process, or its anchor is gone
                rows = ((entry.digest, id_, entry.envelope) for entry in entries)
                insert_fast(connection, digests, ("digest", "list", "envelope"), rows)

    def mark_false(self, id_: int) -> None:
        """The list is not what its anchor says: it is never looked at again."""
        with writing(self._engine) as connection:
            _settle(connection, id_, FALSE)

    def put_off(self, id_: int, next_try: int) -> None:
        """The list could not be had: try again then."""
        with writing(self._engine) as connection:
            own = (manifests.c.id == id_, manifests.c.state == WANTED)
            later = {"tries": manifests.c.tries + 1, "next_try": next_try}
            connection.execute(update(manifests).where(*own).values(later))

    # questions

    def anchors_of(self, digest: bytes) -> list[Dated]:
        """Every anchor over a list that holds the digest, the earliest first."""
        rows = ANCHORS_OVER.ask(self._engine, of=digest)
        return [Dated(**dict(zip(Dated.__slots__, row, strict=True))) for row in rows]

    def read_lists(self, after: int, most: int) -> list[int]:
        """The numbers of lists that were read, in order, from the one after `after` on."""
        query = select(manifests.c.id).where(manifests.c.state == READ, manifests.c.id > after)
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(manifests.c.id).limit(most))
            return list(found.scalars())

    def entries_of(self, list_: int) -> list[tuple[bytes, bytes]]:
        """(digest, envelope) of what a list names, where it was read."""
        query = select(digests.c.digest, digests.c.envelope).where(digests.c.list == list_)
        with reading(self._engine) as connection:
            return [(row.digest, row.envelope) for row in connection.execute(query)]

    def events_of(self, subject: str, *names: str) -> list[Event]:
        """The events about a subject, of those names where any are given, oldest first."""
        query = select(events).where(events.c.subject == subject)
        if names:
            query = query.where(events.c.name.in_(names))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(events.c.block, events.c.place)).all()
        return [
            Event(**{**dict(row._mapping), "arguments": json.loads(row.arguments)}) for row in rows
        ]

    def is_empty(self) -> bool:
        """Whether nothing was ever written: neither queued, nor kept, nor indexed."""
        with reading(self._engine) as connection:
            return not any(
                connection.execute(select(literal(1)).select_from(table).limit(1)).first()
                for table in (*QUEUE, *KEPT, *INDEX)
            )

    def counts(self) -> dict[str, int]:
        """How far the index has come (`block`), and how many rows of each kind it has."""
        states = select(manifests.c.state, func.count()).group_by(manifests.c.state)
        with reading(self._engine) as connection:
            newest = connection.execute(select(func.max(blocks.c.number))).scalar()
            found = {"block": -1 if newest is None else int(newest)}
            for table in (anchors, events, digests):
                count = connection.execute(select(func.count()).select_from(table)).scalar()
                found[table.name] = int(count or 0)
            lists = {state: int(count) for state, count in connection.execute(states)}
        return found | {f"lists {state}": lists.get(state, 0) for state in (WANTED, READ, FALSE)}


def _newest(connection: Connection) -> Followed | None:
    query = select(blocks.c.number, blocks.c.hash).order_by(blocks.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return Followed(number=row.number, hash=row.hash) if row else None


def _insert_anchors(connection: Connection, many: Iterable[Anchor]) -> None:
    columns = Anchor.__slots__
    known: dict[tuple[str, bytes, bytes], None] = {}
    rows = []
    for anchor in many:
        rows.append([getattr(anchor, name) for name in columns])
        known[anchor.judge, anchor.root, anchor.manifest] = None
    insert_fast(connection, anchors, columns, rows)
    lists = [(*named, WANTED, 0, 0) for named in known]
    listed = ("judge", "root", "manifest", "state", "tries", "next_try")
    insert_fast(connection, manifests, listed, lists)


def _insert_events(connection: Connection, many: Iterable[Event]) -> None:
    columns = Event.__slots__
    rows = [
        [json.dumps(value) if name == "arguments" else value for name, value in _pairs(event)]
        for event in many
    ]
    insert_fast(connection, events, columns, rows)


def _pairs(event: Event) -> Iterable[tuple[str, Any]]:
    return ((name, getattr(event, name)) for name in Event.__slots__)


def _settle(connection: Connection, id_: int, state: str) -> bool:
    """Say what became of a list that is wanted; its row stays locked. False where it is not."""
    own = (manifests.c.id == id_, manifests.c.state == WANTED)
    return connection.execute(update(manifests).where(*own).values(state=state)).rowcount > 0


def _drop_unnamed(connection: Connection, judge: str, root: bytes, manifest: bytes) -> None:
    """Forget a list and its digests where no anchor names it any more."""
    named = (anchors.c.judge == judge, anchors.c.root == root, anchors.c.manifest == manifest)
    if connection.execute(select(anchors.c.block).where(*named).limit(1)).first():
        return
    own = select(manifests.c.id).where(
        manifests.c.judge == judge, manifests.c.root == root, manifests.c.manifest == manifest
    )
    # locked first: who is writing its digests comes to an end before they are deleted
    for id_ in connection.execute(own.with_for_update()).scalars().all():
        connection.execute(digests.delete().where(digests.c.list == id_))
        connection.execute(manifests.delete().where(manifests.c.id == id_))
