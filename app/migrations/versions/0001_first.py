"""Owns the change of tables that makes revision 0001: all of them, and what was kept before there was one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.cid import cid_of

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HASH = sa.LargeBinary(32)
KEPT_BEFORE = (
    "outbox",
    "batches",
    "calls",
    "parcels",
    "sheets",
    "claims",
    "documents",
    "shelf",
)
"""The tables of the time before, those that refer to others first."""
TAKE_BACK = {"Revocation", "RevocationOfAll", "Retraction", "MembershipEnd"}


def upgrade() -> None:
    """Make all tables; where there are some from before, take over everything in them."""
    connection = op.get_bind()
    found = set(sa.inspect(connection).get_table_names())
    before = {
        name: [
            dict(row._mapping)
            for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(name)))
        ]
        for name in KEPT_BEFORE
        if name in found
    }
    for name in before:
        op.drop_table(name)
    create_tables()
    if before:
        _take_over(connection, before, int(time.time()))


def _take_over(
    connection: sa.Connection, before: Mapping[str, Sequence[Mapping[str, Any]]], now: int
) -> None:
    """Put rows where they belong now, and into the journal, so that the next waybill tells of them.

    Key sheets are not told of there: they would have to be sealed to the node, whose secret is not at hand.
    They stay in this database alone.
    """
    bound: dict[int, int] = {}
    for row in before["outbox"]:
        if row["batch"] is not None:
            bound[row["batch"]] = bound.get(row["batch"], 0) + 1
    _insert(
        connection,
        "batches",
        # one that is in no block is published again, which changes nothing, and then anchored
        [
            {**row, "size": bound.get(row["id"], 0), "published": row["block"] is not None}
            for row in before["batches"]
        ],
    )
    _insert(connection, "outbox", before["outbox"])
    _insert(connection, "calls", [_call(row, now) for row in before["calls"]])
    for name in ("parcels", "claims", "documents", "shelf"):
        _insert(connection, name, before[name])
    sheets = [{**row, "address": cid_of(row["sheet"])} for row in before["sheets"]]
    _insert(connection, "sheets", sheets)
    journal = [{"entry": json.dumps(entry), "written_at": now} for entry in _entries(before)]
    _insert(connection, "journal", journal)
    if connection.dialect.name == "postgresql":
        for name in ("batches", "outbox", "calls", "parcels"):
            _count_on(connection, name)


def _insert(connection: sa.Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        table = sa.table(name, *(sa.column(column) for column in rows[0]))
        connection.execute(table.insert(), [dict(row) for row in rows])


def _count_on(connection: sa.Connection, name: str) -> None:
    """Have a sequence go on after rows that were inserted with their numbers."""
    table = sa.table(name, sa.column("id"))
    newest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar()
    if newest is not None:
        sequence = sa.func.pg_get_serial_sequence(name, "id")
        connection.execute(sa.select(sa.func.setval(sequence, newest)))


def _call(row: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A call as it is queued now: whose it is, and what goes first."""
    typed = json.loads(row["statement"])["typedData"]
    kind, message = typed["primaryType"], typed["message"]
    person = next(
        (message[name] for name in ("patient", "organization", "person") if name in message), ""
    )
    rank = 0 if kind in TAKE_BACK else 2 if kind == "Rotation" else 1
    return {**row, "person": person, "rank": rank, "accepted_at": now}


def _entries(before: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[list[Any]]:
    """What the journal says of rows that were there before it."""
    for row in before["parcels"]:
        yield ["parcel", row["person"], row["digest"].hex(), row["address"]]
    for row in before["claims"]:
        yield ["claim", row["body"], row["record"].hex()]
    for row in before["documents"]:
        yield ["document", row["hash"].hex(), row["content"].hex()]
    for row in before["shelf"]:
        yield ["shelf", row["person"], row["kind"], row["content"].hex()]


def create_tables() -> None:
    """The tables as they were at this revision."""
    op.create_table(
        "anchors",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("judge", sa.String(32), nullable=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("manifest", HASH, nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("transaction", HASH, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "place", name="pk_anchors"),
    )
    op.create_index("ix_anchors_judge_root", "anchors", ["judge", "root"])
    op.create_index("ix_anchors_manifest", "anchors", ["manifest"])
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", HASH, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_blocks"),
    )
    op.create_table(
        "claims",
        sa.Column("body", sa.String(80), nullable=False),
        sa.Column("record", HASH, nullable=False),
        sa.PrimaryKeyConstraint("body", name="pk_claims"),
    )
    op.create_index("ix_claims_record", "claims", ["record"])
    op.create_table(
        "documents",
        sa.Column("hash", HASH, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_documents"),
    )
    op.create_table(
        "events",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contract", sa.String(32), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(66), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "place", name="pk_events"),
    )
    op.create_index("ix_events_subject", "events", ["subject"])
    op.create_table(
        "manifests",
        sa.Column("id", ROW, nullable=False),
        sa.Column("judge", sa.String(32), nullable=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("manifest", HASH, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_manifests"),
        sa.UniqueConstraint("judge", "root", "manifest", name="uq_manifests_judge_root_manifest"),
    )
    op.create_index("ix_manifests_state_next_try", "manifests", ["state", "next_try"])
    op.create_table(
        "parcels",
        sa.Column("id", ROW, nullable=False),
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("address", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parcels"),
        sa.UniqueConstraint("person", "address", name="uq_parcels_person_address"),
    )
    op.create_index("ix_parcels_address", "parcels", ["address"])
    op.create_index("ix_parcels_digest", "parcels", ["digest"])
    op.create_index("ix_parcels_person", "parcels", ["person"])
    op.create_table(
        "quotas",
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person", "day", name="pk_quotas"),
    )
    op.create_table(
        "sheets",
        sa.Column("record", HASH, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("address", sa.String(80), nullable=False),
        sa.Column("sheet", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record", "version", "digest", name="pk_sheets"),
    )
    op.create_table(
        "shelf",
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", "kind", name="pk_shelf"),
    )
    op.create_table(
        "transactions",
        sa.Column("id", ROW, nullable=False),
        sa.Column("payer", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("to", sa.String(42), nullable=False),
        sa.Column("calldata", sa.LargeBinary(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("block", sa.BigInteger()),
        sa.Column("block_hash", HASH),
        sa.PrimaryKeyConstraint("id", name="pk_transactions"),
        sa.UniqueConstraint("payer", "nonce", name="uq_transactions_payer_nonce"),
    )
    op.create_index("ix_transactions_state", "transactions", ["state"])
    op.create_table(
        "attempts",
        sa.Column("hash", HASH, nullable=False),
        sa.Column("transaction", ROW, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee", sa.Text(), nullable=False),
        sa.Column("tip", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction"], ["transactions.id"], name="fk_attempts_transaction"
        ),
        sa.PrimaryKeyConstraint("hash", name="pk_attempts"),
    )
    op.create_index("ix_attempts_transaction", "attempts", ["transaction"])
    op.create_table(
        "batches",
        sa.Column("id", ROW, nullable=False),
        sa.Column("judge", sa.String(32), nullable=False),
        sa.Column("root", HASH, nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("transaction", ROW),
        sa.Column("block", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["transaction"], ["transactions.id"], name="fk_batches_transaction"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_transaction", "batches", ["transaction"])
    op.create_table(
        "calls",
        sa.Column("id", ROW, nullable=False),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("transaction", ROW),
        sa.Column("seen_in", sa.BigInteger()),
        sa.ForeignKeyConstraint(["transaction"], ["transactions.id"], name="fk_calls_transaction"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("digest", name="uq_calls_digest"),
    )
    op.create_index("ix_calls_seen_in", "calls", ["seen_in"])
    op.create_index("ix_calls_state_rank", "calls", ["state", "rank"])
    op.create_index("ix_calls_transaction", "calls", ["transaction"])
    op.create_table(
        "digests",
        sa.Column("digest", HASH, nullable=False),
        sa.Column("list", ROW, nullable=False),
        sa.Column("envelope", HASH, nullable=False),
        sa.ForeignKeyConstraint(["list"], ["manifests.id"], name="fk_digests_list"),
        sa.PrimaryKeyConstraint("digest", "list", name="pk_digests"),
    )
    op.create_index("ix_digests_list", "digests", ["list"])
    op.create_table(
        "journal",
        sa.Column("id", ROW, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("batch", ROW),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_journal_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_batch", "journal", ["batch"])
    op.create_table(
        "outbox",
        sa.Column("id", ROW, nullable=False),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("judge", sa.String(32), nullable=False),
        sa.Column("envelope", HASH, nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("after", ROW),
        sa.Column("batch", ROW),
        sa.ForeignKeyConstraint(["after"], ["calls.id"], name="fk_outbox_after"),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_outbox_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("digest", "judge", name="uq_outbox_digest_judge"),
    )
    op.create_index("ix_outbox_batch", "outbox", ["batch"])
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["judge", "id"],
        sqlite_where=sa.text("batch IS NULL"),
        postgresql_where=sa.text("batch IS NULL"),
    )
    op.create_table(
        "unpublished",
        sa.Column("id", ROW, nullable=False),
        sa.Column("address", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("batch", ROW),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_unpublished_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_unpublished"),
        sa.UniqueConstraint("address", name="uq_unpublished_address"),
    )
    op.create_index("ix_unpublished_batch", "unpublished", ["batch"])
