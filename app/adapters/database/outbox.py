"""Owns the outbox in the database: what was accepted, and the batches in which it is anchored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection

from app.adapters.database.engine import alone, insert_many_new, reading, writing
from app.adapters.database.prepared import Rows
from app.adapters.database.questions import (
    ANCHORED_BATCH,
    BATCH,
    HAS_WORK,
    IS_KNOWN,
    KNOWN,
    OF_CALL,
    OPEN,
    READY,
    UNDER_WAY,
    UNPUBLISHED,
    UNSENT,
    WAITING,
    in_order,
    is_shown,
)
from app.adapters.database.schema import (
    batches,
    calls,
    claims,
    journal,
    outbox,
    parcels,
    quotas,
    unpublished,
)
from app.adapters.database.tables import Tables, write_down
from app.adapters.group_commit import GroupCommit
from app.core.cid import cid_of
from app.core.encoding import ZERO32
from app.core.relaying import ACCEPTED, Accepted, Batch, Call, Maker, Waiting
from app.core.waybills import Entry

DAY = 24 * 3600
AT_ONCE = 500
"""Values in one IN (…): databases limit them."""
MOST_LISTS = 32
"""Lists of statements in one transaction."""
MOST_LISTED = 4000
"""Digests and journal entries in a batch: even with a waybill for each, its manifest is one block."""


class Outbox(Tables):
    """Accepting, batching and publishing."""

    def __init__(self) -> None:
        self._together: GroupCommit[Sequence[Accepted], list[bool]] = GroupCommit(
            self._accept_lists, MOST_LISTS
        )
        self.quota = 0
        """What each person may spend in a day; 0 for no limit."""

    def accept(self, one: Accepted) -> bool:
        """Take a statement durably; False where the person's quota is spent."""
        return self.accept_all([one])[0]

    def accept_all(self, many: Sequence[Accepted]) -> list[bool]:
        """Take statements durably, in one transaction; False where the person's quota is spent.

        A digest that is known already changes nothing and costs nothing. The first record that
        names a body claims it. Threads that come at once share a transaction.
        """
        return self._together(many)

    def _accept_lists(self, lists: Sequence[Sequence[Accepted]]) -> list[list[bool]]:
        taken = iter(self._accept([one for many in lists for one in many]))
        return [list(islice(taken, len(many))) for many in lists]

    def _accept(self, many: Sequence[Accepted]) -> list[bool]:
        now = int(time.time())
        # alone: two processes would else lock persons' quotas in different orders, or overspend one
        with alone(self._engine) as connection:
            new = self._unknown(connection, many)
            refused = self._spend(connection, new, now // DAY) if self.quota else set()
            taken = [one for one in new if one.digest not in refused]
            self._queue(connection, taken, now)
            self._hand_out(connection, taken, now)
        return [one.digest not in refused for one in many]

    def _unknown(self, connection: Connection, many: Sequence[Accepted]) -> list[Accepted]:
        """Those that are not queued yet, each once."""
        wanted = list({one.digest: one for one in many}.values())
        if len(wanted) == 1:
            return [] if IS_KNOWN.ask_within(connection, of=wanted[0].digest) else wanted
        known: set[bytes] = set()
        for at in range(0, len(wanted), AT_ONCE):
            part = [one.digest for one in wanted[at : at + AT_ONCE]]
            known.update(connection.execute(KNOWN, {"some": part}).scalars())
        return [one for one in wanted if one.digest not in known]

    def _spend(self, connection: Connection, many: Sequence[Accepted], day: int) -> set[bytes]:
        """Write down what each person spends; the digests of those who have nothing left."""
        persons = {one.account for one in many if one.account and one.cost}
        query = select(quotas.c.person, quotas.c.spent).where(
            quotas.c.day == day, quotas.c.person.in_(persons)
        )
        spent = {row.person: row.spent for row in connection.execute(query)} if persons else {}
        grown: Counter[str] = Counter()
        refused = set()
        for one in many:
            if not one.account or not one.cost:
                continue
            if spent.get(one.account, 0) + grown[one.account] + one.cost > self.quota:
                refused.add(one.digest)
            else:
                grown[one.account] += one.cost
        rows = [{"person": person, "day": day, "spent": 0} for person in grown]
        insert_many_new(connection, quotas, rows)
        for person, more in grown.items():
            where = (quotas.c.person == person, quotas.c.day == day)
            connection.execute(update(quotas).where(*where).values(spent=quotas.c.spent + more))
        return refused

    def _queue(self, connection: Connection, many: Sequence[Accepted], now: int) -> None:
        insert_many_new(
            connection,
            calls,
            [
                {
                    "digest": one.digest,
                    "statement": one.statement,
                    "person": one.person,
                    "rank": one.rank,
                    "state": ACCEPTED,
                    "accepted_at": now,
                }
                for one in many
                if one.statement
            ],
        )
        insert_many_new(
            connection,
            outbox,
            [
                {
                    "digest": one.digest,
                    "judge": one.judge,
                    "envelope": sha256(one.envelope).digest() if one.envelope else ZERO32,
                    "accepted_at": now,
                    "after": one.after,
                }
                for one in many
                if not one.statement
            ],
        )

    def _hand_out(self, connection: Connection, many: Sequence[Accepted], now: int) -> None:
        """Keep the envelopes until they are published, and note to whom they go."""
        letters: list[dict[str, Any]] = []
        addressed: list[dict[str, Any]] = []
        claimed: list[dict[str, Any]] = []
        for one in many:
            if one.envelope:
                address = cid_of(one.envelope)
                letters.append({"address": address, "content": one.envelope})
                addressed += [
                    {"person": person, "digest": one.digest, "address": address}
                    for person in dict.fromkeys(one.parties)
                ]
            if one.body:
                claimed.append({"body": one.body, "record": one.digest})
        insert_many_new(connection, unpublished, letters)
        insert_many_new(connection, parcels, addressed)
        insert_many_new(connection, claims, claimed)
        entries = [["parcel", p["person"], p["digest"].hex(), p["address"]] for p in addressed]
        entries += [["claim", c["body"], c["record"].hex()] for c in claimed]
        write_down(connection, entries, now)

    # calls

    def waiting_calls(self) -> list[Call]:
        """Calls that no transaction carries yet: what takes back first, then in order."""
        return self._calls(calls.c.state == ACCEPTED)

    def calls_under_way(self) -> list[Call]:
        """Calls that are not done: waiting, or in a transaction that is in no block yet."""
        return [_call(row) for row in UNDER_WAY.ask(self._engine)]

    def calls_of(self, transaction: int) -> list[Call]:
        """The calls that a transaction carries."""
        return self._calls(calls.c.transaction == transaction)

    def _calls(self, where: Any) -> list[Call]:
        with reading(self._engine) as connection:
            return [_call(row) for row in connection.execute(in_order(where))]

    def close_calls(self, ids: Iterable[int], state: str, seen_in: int | None = None) -> None:
        """Mark calls `done` or `refused`; `seen_in` is the block when somebody else had done them."""
        with writing(self._engine) as connection:
            own = update(calls).where(calls.c.id.in_(list(ids)))
            connection.execute(own.values(state=state, seen_in=seen_in))

    def calls_seen(self) -> list[tuple[Call, int]]:
        """Calls that somebody else had done, and in which block that was seen."""
        query = select(*OF_CALL, calls.c.seen_in).where(calls.c.seen_in.is_not(None))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(calls.c.id))
            return [(_call(row[:-1]), int(row.seen_in)) for row in rows]

    def send_again(self, ids: Iterable[int]) -> None:
        """Calls that their transaction did not bring about wait for another one."""
        with writing(self._engine) as connection:
            own = update(calls).where(calls.c.id.in_(list(ids)))
            connection.execute(own.values(state=ACCEPTED, transaction=None, seen_in=None))

    # batches

    def has_work(self) -> bool:
        """Whether anything that was accepted is not yet seen in a block."""
        return bool(HAS_WORK.ask(self._engine)[0][0])

    def is_waiting_from_before(self, time: int) -> bool:
        """Whether a digest accepted up to that time, that waits for no call, is in no block yet."""
        query = (
            select(outbox.c.id)
            .outerjoin(batches, outbox.c.batch == batches.c.id)
            .where(
                outbox.c.accepted_at <= time,
                outbox.c.after.is_(None),
                batches.c.block.is_(None),
                ~is_shown(),
            )
        )
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def waiting(self, judge: str, most: int) -> tuple[int, int]:
        """How many digests could go into a batch, counted up to `most`, and since when (0: none)."""
        times = WAITING.ask(self._engine, judge=judge, most=most)
        return len(times), int(times[0][0]) if times else 0

    def oldest_written(self) -> int:
        """When the oldest entry was written that no waybill tells of (0: none)."""
        query = select(func.min(journal.c.written_at)).where(journal.c.batch.is_(None))
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def form_batch(self, judge: str, most: int, make: Maker) -> int | None:
        """Bind the oldest waiting digests and the journal to a new batch; its number.

        Nobody else forms one meanwhile. None where `make` found nothing worth a batch.
        """
        written = select(journal).where(journal.c.batch.is_(None)).order_by(journal.c.id)
        with alone(self._engine) as connection:
            rows = READY.ask_within(connection, judge=judge, most=most)
            noted = connection.execute(written.limit(max(MOST_LISTED - len(rows), 0))).all()
            made = make(
                [Waiting(digest=digest, envelope=envelope) for _, digest, envelope in rows],
                [Entry(at=r.written_at, number=r.id, text=r.entry) for r in noted],
            )
            if made is None:
                return None
            result = connection.execute(
                batches.insert().values(
                    judge=judge,
                    root=made.root,
                    manifest=made.manifest,
                    size=len(rows),
                    published=False,
                )
            )
            batch = int((result.inserted_primary_key or (0,))[0])
            for at in range(0, len(rows), AT_ONCE):
                bound = [row[0] for row in rows[at : at + AT_ONCE]]
                connection.execute(update(outbox).where(outbox.c.id.in_(bound)).values(batch=batch))
            beside = [*made.waybills, *made.decoys]
            letters = [{"address": cid_of(letter), "content": letter} for letter in beside]
            insert_many_new(connection, unpublished, letters)
            # by number, for others may have committed lower ones in the meantime
            for at in range(0, len(noted), AT_ONCE):
                told = [row.id for row in noted[at : at + AT_ONCE]]
                connection.execute(
                    update(journal).where(journal.c.id.in_(told)).values(batch=batch)
                )
            own = unpublished.c.batch.is_(None)
            connection.execute(update(unpublished).where(own).values(batch=batch))
        return batch

    def unpublished_batches(self) -> list[Batch]:
        """Batches whose manifest is not in the body store yet, oldest first."""
        return _batches(UNPUBLISHED.ask(self._engine))

    def unsent_batches(self) -> list[Batch]:
        """Published batches that no transaction carries yet, oldest first."""
        return _batches(UNSENT.ask(self._engine))

    def open_batches(self) -> list[Batch]:
        """Batches whose anchor has not been seen in a block, oldest first."""
        return _batches(OPEN.ask(self._engine))

    def batch(self, id_: int) -> Batch:
        """A batch by its number."""
        return _batches(BATCH.ask(self._engine, of=id_))[0]

    def contents_of(self, batch: int) -> list[bytes]:
        """The envelopes, sheets and waybills that must be in the store before a batch is anchored."""
        query = select(unpublished.c.content).where(unpublished.c.batch == batch)
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(unpublished.c.id)).scalars())

    def mark_published(self, batch: int) -> None:
        """Everything of a batch is in the body store: what was kept here for it may go."""
        with writing(self._engine) as connection:
            connection.execute(update(batches).where(batches.c.id == batch).values(published=True))
            connection.execute(unpublished.delete().where(unpublished.c.batch == batch))
            connection.execute(journal.delete().where(journal.c.batch == batch))

    def anchored_batch(self, digest: bytes) -> tuple[bytes, bytes] | None:
        """(root, manifest) of the batch in a block that holds a digest."""
        rows = ANCHORED_BATCH.ask(self._engine, of=digest)
        return (bytes(rows[0][0]), bytes(rows[0][1])) if rows else None

    def state_of(self, digest: bytes) -> str:
        """What became of a statement here: accepted, anchored, sent, done, refused; else empty."""
        call = select(calls.c.state).where(calls.c.digest == digest)
        queued = (
            select(batches.c.block)
            .select_from(outbox.outerjoin(batches, outbox.c.batch == batches.c.id))
            .where(outbox.c.digest == digest)
        )
        with reading(self._engine) as connection:
            state = connection.execute(call).scalar()
            if state is None and (row := connection.execute(queued).first()):
                state = ACCEPTED if row.block is None else "anchored"
        return str(state or "")


def _batches(rows: Rows) -> list[Batch]:
    return [Batch(**dict(zip(Batch.__slots__, row, strict=True))) for row in rows]


def _call(row: Sequence[Any]) -> Call:
    return Call(**dict(zip(Call.__slots__, row, strict=True)))
