"""Owns figures about the database: how much waits in it, what became of a statement, what is new.

Operators and other processes ask; nothing is counted while working, so that any process of any
service answers rightly, also after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select

from app.adapters.database.engine import reading
from app.adapters.database.index import anchor_names
from app.adapters.database.prepared import Prepared
from app.adapters.database.schema import (
    anchors,
    batches,
    blocks,
    calls,
    digests,
    events,
    journal,
    manifests,
    outbox,
    parcels,
    transactions,
    unpublished,
)
from app.adapters.database.tables import Tables
from app.adapters.database.transactions import FINAL
from app.core.relaying import ACCEPTED, DONE, SENT, TAKES_BACK
from app.core.tidings import Fate, News

ANCHORED = "anchored"
LATEST = 256
"""Batches, anchors and blocks that `news` looks at: more do not come to the chain between two looks."""
TAKEN_BACK = ("Revoked", "AllRevoked", "Retracted", "MembershipEnded")
"""Events after which somebody may open less than before."""

CALLED = Prepared(
    select(calls.c.state, transactions.c.block, transactions.c.state.label("paid"))
    .select_from(calls.outerjoin(transactions, calls.c.transaction == transactions.c.id))
    .where(calls.c.digest == bindparam("of"))
)
QUEUED = Prepared(
    select(batches.c.block, transactions.c.state)
    .select_from(
        outbox.outerjoin(batches, outbox.c.batch == batches.c.id).outerjoin(
            transactions, batches.c.transaction == transactions.c.id
        )
    )
    .where(outbox.c.digest == bindparam("of"))
)
SHOWN = Prepared(
    select(func.min(anchors.c.block))
    .select_from(digests.join(manifests, digests.c.list == manifests.c.id))
    .join(anchors, anchor_names(manifests.c))
    .where(digests.c.digest == bindparam("of"))
)


class Figures(Tables):
    """Questions to a database that no service needs for its own work; nothing is written."""

    def __init__(self, tables: Tables) -> None:
        self._engine = tables.engine

    def require_answer(self) -> None:
        """Raise DatabaseUnreachable unless the database answers."""
        self._number(select(func.count()).select_from(select(outbox.c.id).limit(1).subquery()))

    def _number(self, query: Select[Any]) -> int:
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def gauges(self, now: int) -> Mapping[str, int]:
        """What waits, in numbers, bytes and seconds."""
        waiting = outbox.c.batch.is_(None) & ~exists().where(digests.c.digest == outbox.c.digest)
        asked = calls.c.state == ACCEPTED
        size = func.sum(func.length(unpublished.c.content))
        counts: Mapping[str, Select[Any]] = {
            "waiting_digests": select(func.count()).select_from(outbox).where(waiting),
            "waiting_calls": select(func.count()).select_from(calls).where(asked),
            "open_batches": select(func.count())
            .select_from(batches)
            .where(batches.c.block.is_(None)),
            "transactions_under_way": select(func.count())
            .select_from(transactions)
            .where(transactions.c.state == SENT),
            "unpublished_bytes": select(size),
            "journal_entries": select(func.count()).select_from(journal),
            "index_block": select(func.max(blocks.c.number)),
            "manifests_wanted": select(func.count())
            .select_from(manifests)
            .where(manifests.c.state == "wanted"),
        }
        oldest = (
            select(func.min(outbox.c.accepted_at)).where(waiting),
            select(func.min(calls.c.accepted_at)).where(asked),
        )
        since = [at for at in map(self._number, oldest) if at]
        age = {"oldest_waiting_seconds": max(now - min(since), 0) if since else 0}
        return {name: self._number(query) for name, query in counts.items()} | age

    def payer(self) -> str:
        """The account that paid last; empty while nothing was sent."""
        query = select(transactions.c.payer).order_by(transactions.c.id.desc()).limit(1)
        with reading(self._engine) as connection:
            return str(connection.execute(query).scalar() or "")

    def fate(self, digest: bytes) -> Fate:
        """What became of a statement that this node accepted, or that its index knows."""
        for state, block, paid in CALLED.ask(self._engine, of=digest):
            found = block if state == DONE else None
            return Fate(state=state, block=found, is_final=paid == FINAL)
        queued = QUEUED.ask(self._engine, of=digest)
        for block, paid in queued:
            if block is not None:
                return Fate(state=ANCHORED, block=block, is_final=paid == FINAL)
        [(shown,)] = SHOWN.ask(self._engine, of=digest)
        if shown is not None:
            return Fate(state=ANCHORED, block=int(shown), is_final=False)
        return Fate(state=ACCEPTED if queued else "", block=None, is_final=False)

    def news(self) -> News:
        """The newest block that the index has followed, and this node's newest anchors."""
        head = select(blocks.c.number, blocks.c.time).order_by(blocks.c.number.desc()).limit(1)
        own = (
            select(batches.c.judge, batches.c.root, batches.c.block)
            .where(batches.c.block.is_not(None))
            .order_by(batches.c.id.desc())
            .limit(LATEST)
        )
        seen = (
            select(anchors.c.judge, anchors.c.root, anchors.c.block)
            .order_by(anchors.c.block.desc(), anchors.c.place.desc())
            .limit(LATEST)
        )
        taken = select(calls.c.id).where(calls.c.rank == TAKES_BACK).order_by(calls.c.id.desc())
        shown = (
            select(events.c.block, events.c.place)
            .where(events.c.name.in_(TAKEN_BACK))
            .order_by(events.c.block.desc(), events.c.place.desc())
        )
        with reading(self._engine) as connection:
            newest = connection.execute(head).first()
            rows = [*connection.execute(own), *connection.execute(seen)]
            letter = connection.execute(select(func.max(parcels.c.id))).scalar()
            accepted = connection.execute(taken.limit(1)).scalar()
            last = newest.number if newest else 0
            recent = shown.where(events.c.block > last - LATEST).limit(1)
            mined = connection.execute(recent).first() or ()
        return News(
            letter=int(letter or 0),
            taken_back=(int(accepted or 0), *mined),
            block=newest.number if newest else None,
            time=newest.time if newest else None,
            anchors=frozenset((row.judge, bytes(row.root), int(row.block)) for row in rows),
        )
