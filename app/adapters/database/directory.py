"""Owns who is who, in the database: introductions, credentials as the index shows them, and letters by number."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, or_, select

from app.adapters.database.engine import alone, reading
from app.adapters.database.keeping import replay
from app.adapters.database.schema import (
    anchors,
    digests,
    events,
    introductions,
    manifests,
    outbox,
    parcels,
    unpublished,
)
from app.adapters.database.tables import Tables, write_down
from app.core.indexing import Event

Letter = tuple[int, bytes, str, bytes | None]
"""Its number, the digest it belongs to, its address, and its bytes where the store has not got them."""


class Directory(Tables):
    """Questions of pages about people, and what was sent to them."""

    # introductions

    def keep_introduction(self, person: str, name: str, issued_at: int, statement: Any) -> bool:
        """Keep a person's newest introduction (`name` folded); False where a newer one is kept."""
        newest = select(introductions.c.issued_at).where(introductions.c.person == person)
        entry = ["introduction", person, name, issued_at, statement]
        with alone(self._engine) as connection:
            if (connection.execute(newest).scalar() or 0) > issued_at:
                return False
            replay(connection, [entry], {})
            write_down(connection, [entry], int(time.time()))
        return True

    def introduction(self, person: str) -> Any:
        """The statement file that introduces a person; None where there is none."""
        query = select(introductions.c.statement).where(introductions.c.person == person)
        with reading(self._engine) as connection:
            found = connection.execute(query).scalar()
        return None if found is None else json.loads(found)

    def introduced(self, text: str, most: int) -> list[tuple[str, Any]]:
        """(person, statement file) of those whose folded name contains a text, by name."""
        query = (
            select(introductions.c.person, introductions.c.statement)
            .where(introductions.c.folded.contains(text, autoescape=True))
            .order_by(introductions.c.folded, introductions.c.person)
            .limit(most)
        )
        with reading(self._engine) as connection:
            return [(r.person, json.loads(r.statement)) for r in connection.execute(query)]

    # the index, about people

    def events_named(self, *names: str, subject: str = "") -> list[Event]:
        """Events of those names (about one subject where it is given), oldest first."""
        query = select(events).where(events.c.name.in_(names))
        if subject:
            query = query.where(events.c.subject == subject)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(events.c.block, events.c.place)).all()
        return [Event(**{**row._mapping, "arguments": json.loads(row.arguments)}) for row in rows]

    def count_of(self, name: str) -> int:
        """How many subjects had an event of that name."""
        query = select(func.count(events.c.subject.distinct())).where(events.c.name == name)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def anchored_block(self, judge: str, root: bytes) -> int | None:
        """The first block in which the index shows a root anchored."""
        query = select(func.min(anchors.c.block)).where(
            anchors.c.judge == judge, anchors.c.root == root
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    # letters

    def letters_of(
        self, person: str, after: int, most: int, judge: str | None = None
    ) -> Sequence[Letter]:
        """What was sent to a person after a number, oldest first; with `judge`, only what belongs
        to statements that this node queued for that book, or that its index shows there."""
        query = (
            select(parcels.c.id, parcels.c.digest, parcels.c.address, unpublished.c.content)
            .select_from(parcels.outerjoin(unpublished, parcels.c.address == unpublished.c.address))
            .where(parcels.c.person == person, parcels.c.id > after)
        )
        if judge is not None:
            queued = exists().where(outbox.c.digest == parcels.c.digest, outbox.c.judge == judge)
            listed = exists().where(
                digests.c.digest == parcels.c.digest,
                digests.c.list == manifests.c.id,
                manifests.c.judge == judge,
            )
            query = query.where(or_(queued, listed))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(parcels.c.id).limit(most)).all()
        return [(r.id, bytes(r.digest), r.address, r.content) for r in rows]

    def newest_letter(self) -> int:
        """The number of the letter that came last, whoever got it."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(parcels.c.id))).scalar() or 0)

    def sent_since(self, number: int) -> set[str]:
        """To whom letters came after that number."""
        query = select(parcels.c.person).where(parcels.c.id > number).distinct()
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())
