"""Owns what the outbox asks again and again, put together once: that costs more than the answer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    Exists,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    union_all,
)

from app.adapters.database.index import anchor_names
from app.adapters.database.prepared import Prepared
from app.adapters.database.schema import (
    batches,
    calls,
    digests,
    manifests,
    outbox,
    transactions,
)
from app.core.relaying import ACCEPTED, SENT, Batch, Call

OF_CALL = [calls.c[name] for name in Call.__slots__]


def in_order(where: Any) -> Select[Any]:
    """Calls: what takes back first, then as they came."""
    return select(*OF_CALL).where(where).order_by(calls.c.rank, calls.c.id)


_SOME: BindParameter[bytes] = bindparam("some", expanding=True)
KNOWN = union_all(
    *(select(table.c.digest).where(table.c.digest.in_(_SOME)) for table in (outbox, calls))
)


def is_shown() -> Exists:
    """Whether the index shows an outbox row's digest in a block of the chain, under its own judge."""
    return exists().where(
        digests.c.digest == outbox.c.digest,
        manifests.c.id == digests.c.list,
        manifests.c.judge == outbox.c.judge,
        anchor_names(manifests.c),
    )


_UNDONE = or_(calls.c.state == ACCEPTED, calls.c.state == SENT)
HAS_WORK = Prepared(
    select(
        or_(
            exists().where(outbox.c.batch.is_(None), ~is_shown()),
            exists().where(batches.c.block.is_(None)),
            exists().where(_UNDONE),
            exists().where(transactions.c.state == SENT),
        )
    )
)
UNDER_WAY = Prepared(in_order(_UNDONE))
IS_KNOWN = Prepared(
    select(literal_column("1")).where(
        or_(*(exists().where(table.c.digest == bindparam("of")) for table in (outbox, calls)))
    )
)


def _ready(*columns: Any) -> Prepared:
    """Digests that could go into a batch: what the chain shows already, as after a restore, could not."""
    done = outbox.c.after.is_(None) | outbox.c.after.not_in(select(calls.c.id).where(_UNDONE))
    waits = and_(outbox.c.judge == bindparam("judge"), outbox.c.batch.is_(None), done)
    in_turn = select(*columns).where(waits, ~is_shown()).order_by(outbox.c.id)
    return Prepared(in_turn.limit(bindparam("most", type_=Integer)))


WAITING = _ready(outbox.c.accepted_at)
READY = _ready(outbox.c.id, outbox.c.digest, outbox.c.envelope)


def _of_batch(*where: Any) -> Prepared:
    columns = [batches.c[name] for name in Batch.__slots__]
    return Prepared(select(*columns).where(*where).order_by(batches.c.id))


BATCH = _of_batch(batches.c.id == bindparam("of"))
UNPUBLISHED = _of_batch(batches.c.published.is_(False))
UNSENT = _of_batch(
    batches.c.published.is_(True), batches.c.transaction.is_(None), batches.c.block.is_(None)
)
OPEN = _of_batch(batches.c.block.is_(None))
ANCHORED_BATCH = Prepared(
    select(batches.c.root, batches.c.manifest)
    .join(outbox, outbox.c.batch == batches.c.id)
    .where(outbox.c.digest == bindparam("of"), batches.c.block.is_not(None))
    .limit(literal_column("1"))
)
