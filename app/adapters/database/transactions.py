"""Owns transactions in the database: nonces, what was sent under them, and in which block it stands.

A nonce is given out under the database's one lock, together with the signed transaction that uses
it: whoever dies after that, every relayer knows what to send, and sends the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection, Row

from app.adapters.database.engine import alone, insert_new, reading, writing
from app.adapters.database.schema import attempts, batches, calls, transactions
from app.adapters.database.tables import Tables
from app.core.relaying import ACCEPTED, DONE, SENT, Attempt, Cargo, Transaction

MINED, FINAL, LOST = "mined", "final", "lost"


class Transactions(Tables):
    """What this node pays for."""

    def allocate(
        self, payer: str, least: int, cargo: Cargo, sign: Callable[[int], Attempt]
    ) -> int | None:
        """Give the cargo the payer's next nonce, from `least` on, and keep it signed.

        None where another relayer has taken the batch, or one of the calls, in the meantime.
        """
        with alone(self._engine) as connection:
            if not _is_free(connection, cargo):
                return None
            newest = select(func.max(transactions.c.nonce)).where(transactions.c.payer == payer)
            known = connection.execute(newest).scalar()
            nonce = least if known is None else max(least, int(known) + 1)
            result = connection.execute(
                transactions.insert().values(
                    payer=payer,
                    nonce=nonce,
                    to=cargo.to,
                    calldata=cargo.calldata,
                    gas=cargo.gas,
                    urgent=cargo.urgent,
                    state=SENT,
                )
            )
            id_ = int((result.inserted_primary_key or (0,))[0])
            _insert_attempt(connection, id_, sign(nonce))
            if cargo.batch is not None:
                where = batches.c.id == cargo.batch
                connection.execute(update(batches).where(where).values(transaction=id_))
            carried = calls.c.id.in_(cargo.calls)
            connection.execute(update(calls).where(carried).values(transaction=id_, state=SENT))
        return id_

    def replace_attempt(self, transaction: Transaction, attempt: Attempt) -> bool:
        """Keep a replacement before it is sent; False where another relayer was quicker."""
        count = select(func.count()).where(attempts.c.transaction == transaction.id)
        with alone(self._engine) as connection:
            if connection.execute(count).scalar() != len(transaction.attempts):
                return False
            _insert_attempt(connection, transaction.id, attempt)
        return True

    def standing(self) -> list[tuple[int, int, bytes]]:
        """(transaction, block, block hash) of those that a reorganization could still undo."""
        query = select(transactions).where(transactions.c.state == MINED)
        with reading(self._engine) as connection:
            return [(row.id, row.block, row.block_hash) for row in connection.execute(query)]

    def under_way(self, payer: str) -> list[Transaction]:
        """The payer's transactions that are in no block, by nonce."""
        query = (
            select(transactions)
            .where(transactions.c.payer == payer, transactions.c.state == SENT)
            .order_by(transactions.c.nonce)
        )
        with reading(self._engine) as connection:
            return [
                Transaction(
                    id=row.id,
                    nonce=row.nonce,
                    cargo=_cargo_of(connection, row),
                    attempts=_attempts_of(connection, row.id),
                )
                for row in connection.execute(query).all()
            ]

    def note_mined(self, transaction: int, block: int, block_hash: bytes) -> None:
        """It stands in that block, and did what it was sent for."""
        with writing(self._engine) as connection:
            _set(connection, transaction, MINED, block, block_hash)
            own = batches.c.transaction == transaction
            connection.execute(update(batches).where(own).values(block=block))
            carried = (calls.c.transaction == transaction, calls.c.state == SENT)
            connection.execute(update(calls).where(*carried).values(state=DONE))

    def note_reopened(self, transaction: int) -> None:
        """The block that held it is no longer part of the chain."""
        with writing(self._engine) as connection:
            _set(connection, transaction, SENT, None, None)
            own = batches.c.transaction == transaction
            connection.execute(update(batches).where(own).values(block=None))
            carried = (calls.c.transaction == transaction, calls.c.state == DONE)
            connection.execute(update(calls).where(*carried).values(state=SENT))

    def note_failed(self, transaction: int, block: int, block_hash: bytes) -> None:
        """It stands in a block and came to nothing: what it carried waits again."""
        with writing(self._engine) as connection:
            self._release(connection, transaction)
            _set(connection, transaction, MINED, block, block_hash)

    def note_lost(self, transaction: int) -> None:
        """Another transaction took its nonce: what it carried waits for a new one."""
        with writing(self._engine) as connection:
            self._release(connection, transaction)
            _set(connection, transaction, LOST, None, None)

    @staticmethod
    def _release(connection: Connection, transaction: int) -> None:
        own = batches.c.transaction == transaction
        connection.execute(update(batches).where(own).values(transaction=None, block=None))
        carried = calls.c.transaction == transaction
        connection.execute(update(calls).where(carried).values(transaction=None, state=ACCEPTED))

    def note_final(self, up_to: int) -> int:
        """What stands in a block up to that number will not be looked at again; how many."""
        old = (transactions.c.state == MINED, transactions.c.block <= up_to)
        with writing(self._engine) as connection:
            ids = list(connection.execute(select(transactions.c.id).where(*old)).scalars())
            if ids:
                connection.execute(attempts.delete().where(attempts.c.transaction.in_(ids)))
                final = update(transactions).where(transactions.c.id.in_(ids))
                connection.execute(final.values(state=FINAL))
        return len(ids)


def _is_free(connection: Connection, cargo: Cargo) -> bool:
    if cargo.batch is not None:
        taken = select(batches.c.transaction).where(batches.c.id == cargo.batch)
        return connection.execute(taken).scalar() is None
    waiting = select(func.count()).where(calls.c.id.in_(cargo.calls), calls.c.state == ACCEPTED)
    return connection.execute(waiting).scalar() == len(cargo.calls)


def _insert_attempt(connection: Connection, transaction: int, attempt: Attempt) -> None:
    insert_new(
        connection,
        attempts,
        hash=attempt.hash,
        transaction=transaction,
        raw=attempt.raw,
        max_fee=str(attempt.max_fee),
        tip=str(attempt.tip),
        sent_at=attempt.sent_at,
    )


def _cargo_of(connection: Connection, row: Row[Any]) -> Cargo:
    batch = select(batches.c.id).where(batches.c.transaction == row.id)
    carried = select(calls.c.id).where(calls.c.transaction == row.id)
    return Cargo(
        to=row.to,
        calldata=row.calldata,
        gas=row.gas,
        batch=connection.execute(batch).scalar(),
        calls=list(connection.execute(carried).scalars()),
        urgent=row.urgent,
    )


def _attempts_of(connection: Connection, transaction: int) -> list[Attempt]:
    query = select(attempts).where(attempts.c.transaction == transaction)
    return [
        Attempt(
            hash=row.hash,
            raw=row.raw,
            max_fee=int(row.max_fee),
            tip=int(row.tip),
            sent_at=row.sent_at,
        )
        for row in sorted(connection.execute(query), key=lambda row: int(row.max_fee))
    ]


def _set(
    connection: Connection, transaction: int, state: str, block: int | None, hash_: bytes | None
) -> None:
    connection.execute(
        update(transactions)
        .where(transactions.c.id == transaction)
        .values(state=state, block=block, block_hash=hash_)
    )
